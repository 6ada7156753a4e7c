// A whole worker over an in-memory transport: from the answer of a poll to the request that completes the task.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>

#include "rondo/client.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/memory_transport.hpp"
#include "rondo/worker.hpp"
#include "workload.hpp"

namespace {

namespace engine = rondo::detail::engine;
namespace io = rondo::detail::io;
using call = io::memory_transport::call;

/// Answers polls with tasks as fast as they come, and counts completions.
class endless_server {
 public:
  explicit endless_server(bool activities) {
    auto transport = std::make_unique<io::memory_transport>(loop);
    transport_ = transport.get();
    rondo::client_options options;
    options.lazy = true;
    connection = std::make_shared<io::connection>(options, std::move(transport));
    on<engine::service::GetSystemInfoResponse>("GetSystemInfo");
    on<engine::service::DescribeNamespaceResponse>("DescribeNamespace");
    on<engine::service::ShutdownWorkerResponse>("ShutdownWorker");
    on_path("PollWorkflowTaskQueue",
            [this, activities](call poll) { activities ? hold(poll) : give(poll, workflow_task()); });
    on_path("PollActivityTaskQueue",
            [this, activities](call poll) { activities ? give(poll, activity_task()) : hold(poll); });
    on_path("RespondWorkflowTaskCompleted", [this](call answer) { completed(answer); });
    on_path("RespondActivityTaskCompleted", [this](call answer) { completed(answer); });
  }

  io::event_loop loop;
  std::shared_ptr<io::connection> connection;
  std::int64_t done = 0;

  /// From now on polls get nothing; the ones that wait are answered empty.
  void stop() {
    stopped_ = true;
    for (auto& each : std::exchange(held_, {})) each.reply(std::string());
  }

 private:
  template <class Function>
  void on_path(const char* method, Function function) {
    transport_->on(io::rpc_path(method), std::move(function));
  }
  template <class Response>
  void on(const char* method) {
    on_path(method, [](call each) { each.reply(Response().SerializeAsString()); });
  }
  void hold(call poll) {
    if (stopped_) return poll.reply(std::string());
    held_.push_back(std::move(poll));
  }
  void give(call poll, std::string task) {
    if (stopped_) return poll.reply(std::string());
    poll.reply(std::move(task));
  }
  void completed(call answer) {
    ++done;
    answer.reply(std::string());
  }

  std::string workflow_task() {
    engine::service::PollWorkflowTaskQueueResponse task;
    const auto number = std::to_string(++tasks_);
    task.set_task_token("token-" + number);
    task.mutable_workflow_execution()->set_workflow_id("workflow-" + number);
    task.mutable_workflow_execution()->set_run_id("run-" + number);
    task.mutable_workflow_type()->set_name("sequential_activities");
    task.set_started_event_id(3);
    task.set_attempt(1);
    auto& started = *task.mutable_history()->add_events();
    started.set_event_id(1);
    started.set_event_type(engine::enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
    auto& attributes = *started.mutable_workflow_execution_started_event_attributes();
    attributes.mutable_workflow_type()->set_name("sequential_activities");
    attributes.mutable_task_queue()->set_name("bench");
    attributes.set_original_execution_run_id("run-" + number);
    auto& argument = *attributes.mutable_input()->add_payloads();
    (*argument.mutable_metadata())["encoding"] = "json/plain";
    argument.set_data("3");
    auto& scheduled = *task.mutable_history()->add_events();
    scheduled.set_event_id(2);
    scheduled.set_event_type(engine::enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
    scheduled.mutable_workflow_task_scheduled_event_attributes();
    auto& begun = *task.mutable_history()->add_events();
    begun.set_event_id(3);
    begun.set_event_type(engine::enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
    begun.mutable_workflow_task_started_event_attributes()->set_scheduled_event_id(2);
    return task.SerializeAsString();
  }
  std::string activity_task() {
    engine::service::PollActivityTaskQueueResponse task;
    const auto number = std::to_string(++tasks_);
    task.set_task_token("token-" + number);
    task.mutable_workflow_execution()->set_workflow_id("workflow-" + number);
    task.mutable_activity_type()->set_name("async_same");
    task.set_activity_id("1");
    task.set_attempt(1);
    auto& argument = *task.mutable_input()->add_payloads();
    (*argument.mutable_metadata())["encoding"] = "json/plain";
    argument.set_data("3");
    return task.SerializeAsString();
  }

  io::memory_transport* transport_ = nullptr;
  std::deque<call> held_;
  std::int64_t tasks_ = 0;
  bool stopped_ = false;
};

asio::awaitable<int> async_same(int value) { co_return value; }

void dispatch(benchmark::State& state, bool activities) {
  endless_server server(activities);
  auto client = rondo::client::over(server.connection);
  rondo::worker_options options;
  options.task_queue = "bench";
  options.max_cached_workflows = 100;
  options.logger = rondo::logger::silent();
  rondo::worker worker(client, bench::workload().activity<async_same>(), options);
  bool ended = false;
  asio::co_spawn(server.loop.executor(), worker.async_run(), [&ended](const std::exception_ptr&) { ended = true; });
  for (auto _ : state) {
    const auto target = server.done + 100;
    server.loop.run_until([&] { return server.done >= target; });
  }
  state.SetItemsProcessed(state.iterations() * 100);
  worker.stop();
  server.loop.run_until([&] {
    server.stop();
    return ended;
  });
}

/// The first task of a new workflow: history read, workflow started, an activity scheduled, completion sent.
void workflow_tasks(benchmark::State& state) { dispatch(state, false); }
BENCHMARK(workflow_tasks)->Unit(benchmark::kMicrosecond);

/// An activity that is a coroutine: arguments read, code run, result sent.
void activity_tasks(benchmark::State& state) { dispatch(state, true); }
BENCHMARK(activity_tasks)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
