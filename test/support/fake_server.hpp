#pragma once
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/memory_transport.hpp"
#include "support/history_builder.hpp"

namespace rondo::test {

namespace io = rondo::detail::io;
namespace service = engine::service;

/// The queues of a worker: one that all workers share, its own for runs that it has in memory, one for activities, one
/// for those of its sessions, one for sessions that are wanted, one for requests of Nexus callers, one for what the
/// server asks of it.
enum class queue { normal, sticky, activity, session, new_session, nexus, commands };

/// A Temporal server made of functions, as workers see it: hands out tasks to polls, records every request, and goes
/// wrong as it is told to. Requests that nobody prepared an answer for get an empty response.
class fake_server {
 public:
  /// `options`: of the connection; their namespace and identity are set here.
  explicit fake_server(io::event_loop& loop, client_options options = {}) {
    auto transport = std::make_unique<io::memory_transport>(loop);
    auto& on = *transport;
    options.namespace_ = "shop";
    options.identity = "tester";
    connection = std::make_shared<io::connection>(std::move(options), std::move(transport));
    make_retries_quick(connection->retries().numbers);
    for (const auto* each : methods_known) {
      const std::string name = each;
      on.on(io::rpc_path(name), [this, name](const io::memory_transport::call& call) { serve(name, call); });
    }
    answer<service::GetSystemInfoRequest, service::GetSystemInfoResponse>([](const auto&, auto& response) {
      response.mutable_capabilities()->set_sdk_metadata(true);
      return rpc_status();
    });
    answer<service::DescribeNamespaceRequest, service::DescribeNamespaceResponse>([this](const auto&, auto& response) {
      response = about_namespace;
      return rpc_status();
    });
  }

  std::shared_ptr<io::connection> connection;
  service::DescribeNamespaceResponse about_namespace;

  // Tasks
  /// For the next poll of the queue.
  void give(queue to, const google::protobuf::Message& task) {
    queues_[to].tasks.push_back(task.SerializeAsString());
    deliver(queues_[to]);
  }
  /// Polls that wait now are answered without a task.
  void end_polls() {
    for (auto& [name, each] : queues_) {
      for (const auto& poll : std::exchange(each.waiting, {})) poll.reply({});
    }
  }
  /// Polls of the queue that wait for a task.
  std::size_t waiting(queue at) const {
    const auto found = queues_.find(at);
    if (found == queues_.end()) return 0;
    const auto& all = found->second.waiting;
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& poll) { return !poll.abandoned(); }));
  }
  /// Those for tasks.
  std::size_t waiting() const {
    return waiting(queue::normal) + waiting(queue::sticky) + waiting(queue::activity) + waiting(queue::session) +
           waiting(queue::new_session) + waiting(queue::nexus);
  }
  /// Tasks that no poll has taken.
  std::size_t left(queue at) { return queues_[at].tasks.size(); }

  // Answers
  /// The function fills the response in, and says how the call ends.
  template <class Request, class Response>
  void answer(std::function<rpc_status(const Request&, Response&)> function) {
    method_of<Request>().answer = [function = std::move(function)](const std::string& bytes, std::string& into) {
      Request request;
      EXPECT_TRUE(request.ParseFromString(bytes));
      Response response;
      auto status = function(request, response);
      into = response.SerializeAsString();
      return status;
    };
  }
  /// The next `times` requests fail.
  template <class Request>
  void fail(rpc_code code, std::string text = "as told", int times = 1) {
    for (int i = 0; i < times; ++i) method_of<Request>().failures.emplace_back(code, text);
  }
  /// The next request takes effect, but its answer never arrives.
  template <class Request>
  void lose_answer() {
    ++method_of<Request>().losses;
  }
  /// Requests are recorded but wait until release().
  template <class Request>
  void hang() {
    method_of<Request>().hangs = true;
  }
  template <class Request>
  void release() {
    auto& of = method_of<Request>();
    of.hangs = false;
    for (const auto& call : std::exchange(of.held, {})) finish(of, call);
  }

  // Records
  /// Names of all methods that were called, in order.
  const std::vector<std::string>& calls() const noexcept { return calls_; }
  template <class Request>
  std::vector<Request> seen() const {
    std::vector<Request> all;
    const auto found = methods_.find(name_of<Request>());
    if (found == methods_.end()) return all;
    for (const auto& bytes : found->second.requests) EXPECT_TRUE(all.emplace_back().ParseFromString(bytes));
    return all;
  }
  template <class Request>
  std::size_t count() const {
    const auto found = methods_.find(name_of<Request>());
    return found == methods_.end() ? 0 : found->second.requests.size();
  }

 private:
  using incoming = io::memory_transport::call;
  struct task_queue {
    std::deque<std::string> tasks;
    std::deque<incoming> waiting;
  };
  struct method {
    std::vector<std::string> requests;
    std::deque<rpc_status> failures;
    int losses = 0;
    bool hangs = false;
    std::vector<incoming> held;
    std::function<rpc_status(const std::string& request, std::string& response)> answer;
  };

  static constexpr const char* methods_known[] = {"GetSystemInfo",
                                                  "DescribeNamespace",
                                                  "PollWorkflowTaskQueue",
                                                  "PollActivityTaskQueue",
                                                  "PollNexusTaskQueue",
                                                  "StartWorkflowExecution",
                                                  "RespondWorkflowTaskCompleted",
                                                  "RespondWorkflowTaskFailed",
                                                  "RespondQueryTaskCompleted",
                                                  "GetWorkflowExecutionHistory",
                                                  "RecordActivityTaskHeartbeat",
                                                  "RespondActivityTaskCompleted",
                                                  "RespondActivityTaskFailed",
                                                  "RespondActivityTaskCanceled",
                                                  "RespondNexusTaskCompleted",
                                                  "RespondNexusTaskFailed",
                                                  "StartWorkflowExecution",
                                                  "RequestCancelWorkflowExecution",
                                                  "UpdateWorkflowExecution",
                                                  "StartActivityExecution",
                                                  "RequestCancelActivityExecution",
                                                  "ShutdownWorker",
                                                  "ResetStickyTaskQueue",
                                                  "CountWorkflowExecutions",
                                                  "RecordWorkerHeartbeat",
                                                  "SignalWorkflowExecution",
                                                  "SignalWithStartWorkflowExecution",
                                                  "QueryWorkflow"};

  static void make_retries_quick(io::retry_numbers& numbers) {
    for (auto* each : {&numbers.unary, &numbers.task_poll, &numbers.throttled}) {
      each->initial = each->maximum = std::chrono::milliseconds(1);
    }
  }
  template <class Request>
  static std::string name_of() {
    const std::string& name = Request::descriptor()->name();
    return name.substr(0, name.size() - std::string_view("Request").size());
  }
  template <class Request>
  method& method_of() {
    return methods_[name_of<Request>()];
  }

  void serve(const std::string& name, const incoming& which) {
    auto& of = methods_[name];
    of.requests.push_back(which.request());
    calls_.push_back(name);
    if (!of.failures.empty()) {
      const auto status = std::move(of.failures.front());
      of.failures.pop_front();
      return which.fail(status);
    }
    if (name == "PollWorkflowTaskQueue") {
      service::PollWorkflowTaskQueueRequest request;
      EXPECT_TRUE(request.ParseFromString(which.request()));
      const bool own = request.task_queue().kind() == enums::TASK_QUEUE_KIND_STICKY;
      return wait_for_task(own ? queue::sticky : queue::normal, which);
    }
    if (name == "PollActivityTaskQueue") {
      service::PollActivityTaskQueueRequest request;
      EXPECT_TRUE(request.ParseFromString(which.request()));
      // The worker's own queue is named like the one that all workers share.
      const auto& at = request.task_queue().name();
      if (at.ends_with("__rondo_session_creation")) return wait_for_task(queue::new_session, which);
      return wait_for_task(at.starts_with("queue-") ? queue::session : queue::activity, which);
    }
    if (name == "PollNexusTaskQueue") {
      service::PollNexusTaskQueueRequest request;
      EXPECT_TRUE(request.ParseFromString(which.request()));
      const bool commands = request.task_queue().kind() == enums::TASK_QUEUE_KIND_WORKER_COMMANDS;
      return wait_for_task(commands ? queue::commands : queue::nexus, which);
    }
    if (of.hangs) return of.held.push_back(which);
    finish(of, which);
  }
  static void finish(method& of, const incoming& which) {
    std::string bytes;
    const auto status = of.answer ? of.answer(which.request(), bytes) : rpc_status();
    if (!status.ok()) return which.fail(status);
    if (of.losses > 0) {
      --of.losses;
      return which.fail(rpc_status(rpc_code::unavailable, "the connection broke", true));
    }
    which.reply(std::move(bytes));
  }
  void wait_for_task(queue at, const incoming& which) {
    queues_[at].waiting.push_back(which);
    deliver(queues_[at]);
  }
  static void deliver(task_queue& at) {
    while (!at.tasks.empty() && !at.waiting.empty()) {
      const auto poll = at.waiting.front();
      at.waiting.pop_front();
      if (poll.abandoned()) continue;
      poll.reply(std::move(at.tasks.front()));
      at.tasks.pop_front();
    }
  }

  std::map<std::string, method> methods_;
  std::map<queue, task_queue> queues_;
  std::vector<std::string> calls_;
};

/// One run of a workflow as the server keeps it: its history, and the workflow task that is open.
class fake_run {
 public:
  fake_run(fake_server& at, std::string id, history_builder begin)
      : server_(&at), id_(std::move(id)), history(std::move(begin)) {}

  /// Opens a workflow task and hands it out with the whole history.
  void offer() { server_->give(queue::normal, open(1)); }
  /// Opens a workflow task and hands it out to the worker that has the run in memory, with what is new.
  void offer_sticky() { server_->give(queue::sticky, open(previous_started_ + 1)); }
  /// A task that is handed out already once more, after its time has run out here.
  void time_out() {
    history.add(enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
        .mutable_workflow_task_timed_out_event_attributes()
        ->set_started_event_id(started_);
    started_ = 0;
  }
  /// Opens a workflow task and returns it.
  service::PollWorkflowTaskQueueResponse open(std::int64_t from) {
    started_ = history.open_task();
    return task(from);
  }
  /// The open workflow task with the events from `from` on.
  service::PollWorkflowTaskQueueResponse task(std::int64_t from) {
    auto made = envelope(from);
    made.set_task_token(id_ + "/" + std::to_string(started_));
    made.set_started_event_id(started_);
    return made;
  }
  /// A query outside of a workflow task.
  service::PollWorkflowTaskQueueResponse query(const std::string& type, std::int64_t from) {
    auto made = envelope(from);
    made.set_task_token(id_ + "/query");
    made.mutable_query()->set_query_type(type);
    return made;
  }
  service::GetWorkflowExecutionHistoryResponse fetch(const service::GetWorkflowExecutionHistoryRequest& request) {
    service::GetWorkflowExecutionHistoryResponse response;
    const auto& token = request.next_page_token();
    response.set_next_page_token(page(token.empty() ? 1 : std::stoll(token), *response.mutable_history()));
    return response;
  }
  /// Takes a completion into the history. False: it is not for the open task.
  bool take(const service::RespondWorkflowTaskCompletedRequest& completion) {
    if (!is_open(completion.task_token())) return false;
    previous_started_ = started_;
    started_ = 0;
    history.record(completion);
    return true;
  }
  bool take(const service::RespondWorkflowTaskFailedRequest& failed) {
    if (!is_open(failed.task_token())) return false;
    history.add(enums::EVENT_TYPE_WORKFLOW_TASK_FAILED)
        .mutable_workflow_task_failed_event_attributes()
        ->set_started_event_id(started_);
    started_ = 0;
    return true;
  }
  const std::string& id() const noexcept { return id_; }
  std::int64_t previous_started() const noexcept { return previous_started_; }

 private:
  fake_server* server_;
  std::string id_;
  std::int64_t previous_started_ = 0, started_ = 0;

 public:
  history_builder history;
  std::int32_t attempt = 1;
  /// Ids of the last events of pages.
  std::vector<std::int64_t> cuts;

 private:
  bool is_open(const std::string& token) const {
    return started_ != 0 && token == id_ + "/" + std::to_string(started_);
  }
  service::PollWorkflowTaskQueueResponse envelope(std::int64_t from) {
    service::PollWorkflowTaskQueueResponse made;
    made.mutable_workflow_execution()->set_workflow_id("workflow-" + id_);
    made.mutable_workflow_execution()->set_run_id(id_);
    const auto& first = history.history().events(0).workflow_execution_started_event_attributes();
    *made.mutable_workflow_type() = first.workflow_type();
    made.set_attempt(attempt);
    made.set_previous_started_event_id(previous_started_);
    if (from != 0) made.set_next_page_token(page(from, *made.mutable_history()));
    return made;
  }
  /// The events from `from` to the next cut; returns the token of the page that follows.
  std::string page(std::int64_t from, History& to) {
    auto end = history.last_id();
    for (const auto cut : cuts) {
      if (cut >= from && cut < end) end = cut;
    }
    for (auto id = from; id <= end; ++id) *to.add_events() = history.at(id);
    return end == history.last_id() ? std::string() : std::to_string(end + 1);
  }
};

}  // namespace rondo::test
