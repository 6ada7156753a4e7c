// Measures the memory of workflows that wait for a signal in the cache of a worker.
//   idle_workflows engine [COUNT]             runs in a cache, without a worker and a server
//   idle_workflows worker ADDRESS [COUNT]     a worker beside a server, as bench/peers/go_idle
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <google/protobuf/arena.h>

#include "rondo/client.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/workflow_run.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker.hpp"
#include "rondo/workflow.hpp"

namespace {

namespace engine = rondo::detail::engine;
namespace enums = engine::enums;

class idle_workflow {
 public:
  rondo::task<int> run() {
    co_await rondo::workflow::wait_condition([this] { return finished_; });
    co_return 1;
  }
  void finish() { finished_ = true; }

  static constexpr auto handlers = rondo::handlers(rondo::signal<&idle_workflow::finish>);

 private:
  bool finished_ = false;
};

struct memory {
  std::size_t allocated = 0, resident = 0;
};

memory used() {
  const auto heap = ::mallinfo2();
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return {heap.uordblks + heap.hblkhd, pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))};
}

void report(const memory& before, const memory& after, std::size_t counted, std::size_t count) {
  std::cout << "allocated_bytes_per_workflow=" << (after.allocated - before.allocated) / count << '\n'
            << "resident_bytes_per_workflow=" << (after.resident - before.resident) / count << '\n'
            << "counted_bytes_per_workflow=" << counted / count << std::endl;
}

/// The first task of a workflow, with what a server says of one that a client has started.
engine::service::PollWorkflowTaskQueueResponse first_task(const std::string& run_id) {
  engine::service::PollWorkflowTaskQueueResponse task;
  task.set_task_token("token");
  const std::string id = "idle-" + run_id;
  task.mutable_workflow_execution()->set_workflow_id(id);
  task.mutable_workflow_execution()->set_run_id(run_id);
  task.mutable_workflow_type()->set_name("idle_workflow");
  task.set_started_event_id(3);
  task.set_attempt(1);
  const auto add = [&task](enums::EventType type) -> engine::HistoryEvent& {
    auto& event = *task.mutable_history()->add_events();
    event.set_event_id(task.history().events_size());
    event.set_event_type(type);
    event.mutable_event_time()->set_seconds(1'000'000);
    return event;
  };
  auto& started =
      *add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED).mutable_workflow_execution_started_event_attributes();
  started.mutable_workflow_type()->set_name("idle_workflow");
  started.mutable_task_queue()->set_name("idle-workflows");
  started.mutable_workflow_task_timeout()->set_seconds(10);
  started.set_workflow_id(id);
  started.set_original_execution_run_id(run_id);
  started.set_first_execution_run_id(run_id);
  started.mutable_root_workflow_execution()->set_workflow_id(id);
  started.mutable_root_workflow_execution()->set_run_id(run_id);
  started.set_identity("12345@host");
  started.set_attempt(1);
  add(enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED).mutable_workflow_task_scheduled_event_attributes();
  add(enums::EVENT_TYPE_WORKFLOW_TASK_STARTED)
      .mutable_workflow_task_started_event_attributes()
      ->set_scheduled_event_id(2);
  return task;
}

void measure_engine(std::size_t count) {
  rondo::detail::worker::run_store runs(rondo::registry().workflow<idle_workflow>(), rondo::logger::silent(), count + 1,
                                        "idle-workflows");
  const auto& definition = *runs.definitions.find_workflow("idle_workflow");
  const auto options =
      std::make_shared<const engine::run_options>(engine::run_options{.logger = &runs.log, .blocks = &runs.blocks});
  const auto begin_one = [&] {
    const auto run_id = rondo::detail::random_uuid();
    auto held = std::make_unique<rondo::detail::worker::held_workflow>(definition, options);
    const auto task = first_task(run_id);
    google::protobuf::Arena arena;
    if (held->run.accept(task, arena).kind != engine::step_kind::completed) throw std::runtime_error("a task failed");
    held->run.accepted();
    runs.keep(std::move(held));
  };
  begin_one();
  const auto before = used();
  const auto counted = runs.cache.bytes();
  for (std::size_t i = 0; i < count; ++i) begin_one();
  report(before, used(), runs.cache.bytes() - counted, count);
}

void measure_worker(const std::string& address, std::size_t count) {
  const std::size_t warm_up = 50;
  const std::string prefix = rondo::detail::random_uuid();
  const auto client = rondo::client::connect({.target = address});
  rondo::worker_options options;
  options.task_queue = "idle-workflows-" + prefix;
  options.max_cached_workflows = count + warm_up;
  options.logger = rondo::logger::silent();
  rondo::worker worker(client, rondo::registry().workflow<idle_workflow>(), options);
  std::thread running([&worker] { worker.run(); });
  std::size_t started = 0;
  const auto start = [&](std::size_t more) {
    for (std::size_t i = 0; i < more; ++i) {
      const std::string id = prefix + "-" + std::to_string(++started);
      const rondo::start_workflow_options how{.id = id, .task_queue = options.task_queue};
      client.start_workflow<idle_workflow>(how).get();
    }
    while (worker.cached_workflows() < started) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  start(warm_up);
  const auto before = used();
  const auto counted = worker.cached_bytes();
  start(count);
  report(before, used(), worker.cached_bytes() - counted, count);
  worker.stop();
  running.join();
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string_view what = argc < 2 ? "" : argv[1];
  const auto number = [&](int at, unsigned long fallback) {
    return std::size_t{at < argc ? std::stoul(argv[at]) : fallback};
  };
  if (what == "engine") {
    measure_engine(number(2, 20'000));
  } else if (what == "worker" && argc > 2) {
    measure_worker(argv[2], number(3, 2'000));
  } else {
    std::cerr << "usage: idle_workflows engine [COUNT] | idle_workflows worker ADDRESS [COUNT]" << std::endl;
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
} catch (const std::exception& failed) {
  std::cerr << "error: " << failed.what() << std::endl;
  return EXIT_FAILURE;
}
