#pragma once
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/log.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker.hpp"
#include "rondo/workflow.hpp"
#include "support/drive.hpp"
#include "support/fake_server.hpp"
#include "support/log_text.hpp"

namespace rondo::test {

/// A worker of a server made of functions, on a loop that the test drives. After every test all slots must be free.
class worker_test : public ::testing::Test {
 protected:
  using completion = service::RespondWorkflowTaskCompletedRequest;
  using completion_answer = service::RespondWorkflowTaskCompletedResponse;

  /// `options`: of the connection, see fake_server.
  explicit worker_test(client_options options = {})
      : loop(std::make_unique<io::event_loop>()), server(*loop, std::move(options)) {
    keep_ = server.connection;
    server.answer<completion, completion_answer>([this](const completion& request, completion_answer& response) {
      fake_run* run = find(request.task_token());
      if (run == nullptr || !run->take(request)) return rpc_status(rpc_code::not_found, "no such workflow task");
      if (const auto change = amend) change(request, response);
      return rpc_status();
    });
    using failed = service::RespondWorkflowTaskFailedRequest;
    server.answer<failed, service::RespondWorkflowTaskFailedResponse>([this](const failed& request, auto&) {
      fake_run* run = find(request.task_token());
      if (run == nullptr || !run->take(request)) return rpc_status(rpc_code::not_found, "no such workflow task");
      return rpc_status();
    });
    using fetch = service::GetWorkflowExecutionHistoryRequest;
    server.answer<fetch, service::GetWorkflowExecutionHistoryResponse>([this](const fetch& request, auto& response) {
      response = runs_.at(request.execution().run_id())->fetch(request);
      return rpc_status();
    });
  }
  void TearDown() override {
    if (worker && !ended) {
      EXPECT_TRUE(until([this] { return idle(); })) << "tasks in work or slots that were not given back";
      stop();
    }
    worker.reset();
    if (HasFailure()) std::fputs(log->text().c_str(), stderr);
  }

  /// Few slots and as many polls: a slot that is not given back is a poll that is missing.
  static worker_options options() {
    worker_options made;
    made.task_queue = "queue";
    made.max_concurrent_workflow_tasks = made.max_workflow_pollers = 2;
    made.max_concurrent_activities = made.max_activity_pollers = 2;
    made.max_concurrent_nexus_tasks = made.max_nexus_pollers = 2;
    made.poll_drain_timeout = std::chrono::milliseconds(10);
    made.abandon_timeout = std::chrono::milliseconds(50);
    return made;
  }
  /// Begins to work, and waits until all polls wait at the server.
  void start(const registry& app, worker_options how = options()) {
    begin(app, std::move(how));
    ASSERT_TRUE(until([this] { return ended || idle(); }));
    if (error) std::rethrow_exception(error);
  }
  void begin(const registry& app, worker_options how = options()) {
    how.logger = logger(log, log_level::debug);
    const bool workflows = !how.activity_only && app.has_workflows();
    const bool activities = !how.workflow_only && app.has_activities();
    const bool nexus = !how.workflow_only && !how.activity_only && !app.nexus_service_names().empty();
    polls_ = (workflows ? how.max_workflow_pollers : 0) + (activities ? how.max_activity_pollers : 0) +
             (nexus ? how.max_nexus_pollers : 0) + (how.max_concurrent_sessions > 0 ? polls_of_sessions : 0);
    worker = std::make_unique<rondo::worker>(client::over(server.connection), app, std::move(how));
    ended = false;
    error = nullptr;
    asio::co_spawn(loop->executor(), worker->async_run(), [this](std::exception_ptr thrown) {
      error = std::move(thrown);
      ended = true;
    });
  }
  void stop() {
    worker->stop();
    EXPECT_TRUE(until([this] { return ended; })) << "the worker did not end";
  }

  fake_run& add_run(const std::string& id, history_builder begin) {
    auto& place = runs_[id];
    place = std::make_unique<fake_run>(server, id, std::move(begin));
    return *place;
  }
  /// Drives the loop until it holds; false when it takes far too long.
  bool until(const std::function<bool()>& holds) { return drive_until(*loop, holds); }
  /// Lets everything happen that needs no waiting.
  void settle() {
    for (int turn = 0; turn < 100; ++turn) loop->poll();
  }
  template <class Request>
  bool until_seen(std::size_t times = 1) {
    return until([this, times] { return server.count<Request>() >= times; });
  }
  /// Nothing is in work, and every poll waits.
  bool idle() const {
    const auto now = worker->session().in_flight();
    return now.workflow_tasks == 0 && now.activities == 0 && now.nexus_tasks == 0 && server.waiting() == polls_;
  }
  std::size_t completions() const { return server.count<completion>(); }
  completion last_completion() const { return server.seen<completion>().back(); }
  std::size_t fetches() const { return server.count<service::GetWorkflowExecutionHistoryRequest>(); }
  service::RespondWorkflowTaskFailedRequest last_failed() const {
    return server.seen<service::RespondWorkflowTaskFailedRequest>().back();
  }
  std::size_t failed_tasks() const { return server.count<service::RespondWorkflowTaskFailedRequest>(); }

  // The connection outlives the loop, whose calls it carries.
  std::shared_ptr<io::connection> keep_;
  std::unique_ptr<io::event_loop> loop;
  fake_server server;
  std::shared_ptr<log_text> log = std::make_shared<log_text>();
  std::unique_ptr<rondo::worker> worker;
  bool ended = true;
  std::exception_ptr error;
  /// Adds to the answer of a completion that was taken.
  std::function<void(const completion&, completion_answer&)> amend;

 private:
  fake_run* find(const std::string& token) {
    const auto found = runs_.find(token.substr(0, token.find('/')));
    return found == runs_.end() ? nullptr : found->second.get();
  }

  /// One for those that are wanted, two for what is to be done in them.
  static constexpr std::size_t polls_of_sessions = 3;

  std::map<std::string, std::unique_ptr<fake_run>> runs_;
  std::size_t polls_ = 0;
};

}  // namespace rondo::test
