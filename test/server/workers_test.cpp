#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/client/activity_client.hpp"
#include "rondo/client/workers.hpp"
#include "rondo/client/workflow_commands.hpp"
#include "rondo/plugin.hpp"
#include "rondo/resource_slots.hpp"
#include "rondo/workflow.hpp"
#include "server/fixture.hpp"
#include "support/program.hpp"

namespace rondo::test::workers_test {

using namespace std::chrono_literals;
namespace activity = rondo::activity;

/// Knows of its own workflow by the client of its worker.
std::string own_workflow_type() {
  return activity::client().get_workflow_handle(activity::info().workflow_id).describe().get().type;
}
std::string any(std::string type, payload_list arguments) { return type + " " + arguments.at(0).data; }

struct asking_workflow {
  task<std::string> run() {
    const auto type = co_await workflow::execute_activity<own_workflow_type>({.start_to_close_timeout = 10s});
    const auto other =
        co_await workflow::execute_activity<std::string>("nobody_has_this", {.start_to_close_timeout = 10s}, 7);
    co_return type + ", " + other;
  }
};

worker_options options(const std::string& queue) {
  worker_options made;
  made.task_queue = queue;
  const auto controller = std::make_shared<resource_controller>(resource_targets{.memory = 1, .cpu = 1});
  made.workflow_slots = std::make_shared<resource_slots>(controller, resource_slot_options{.maximum = 20});
  made.activity_slots = std::make_shared<resource_slots>(controller, resource_slot_options{.maximum = 20});
  made.workflow_poller_scaling = made.activity_poller_scaling = {{.minimum = 1, .initial = 2, .maximum = 10}};
  made.activity_slot_pools = {{.name = "asking", .activity_types = {"own_workflow_type"}, .max_concurrent = 2}};
  made.max_cached_bytes = 1'000'000;
  return made;
}

TEST(workers, with_slots_by_load_pools_and_polls_that_scale_do_their_work) {
  const std::string queue = "workers-" + detail::random_uuid();
  registry app;
  app.workflow<asking_workflow>().activity<own_workflow_type>().dynamic_activity<any>();
  const running_worker working(app, options(queue));
  const auto client = connect_to(server_address());
  std::vector<workflow_handle<asking_workflow>> handles;
  for (int index = 0; index < 10; ++index) {
    const std::string id = queue + "-" + std::to_string(index);
    handles.push_back(client.start_workflow<asking_workflow>({.id = id, .task_queue = queue}).get());
  }
  for (const auto& each : handles) EXPECT_EQ(each.result().get(), "asking_workflow, nobody_has_this 7");
}

// Pause, unpause

/// Goes on until it is told to stop; the attempt after that ends at once.
class patient {
 public:
  int counts() {
    const auto reached = activity::heartbeat_details<int>();
    if (reached) return *reached;
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    const auto stopped = activity::stop_token();
    while (!stopped.stop_requested()) {
      activity::heartbeat(7);
      begun = true;
      changed.wait_for(lock, stopped, 100ms, [] { return false; });
    }
    seen = activity::cancellation_details();
    activity::throw_if_cancelled();
    return 0;
  }
  std::atomic<bool> begun = false;
  std::optional<cancellation_details> seen;
};

struct patient_workflow {
  task<int> run() {
    constexpr activity_options how{.start_to_close_timeout = 60s, .heartbeat_timeout = 1s, .activity_id = "it"};
    co_return co_await workflow::execute_activity<int>("counts", how);
  }
};

class paused_activity : public server_test {};

TEST_F(paused_activity, learns_of_it_and_goes_on_where_it_was_after_the_unpause) {
  patient tools;
  registry app;
  app.workflow<patient_workflow>().activity<&patient::counts>(tools);
  running_worker working(app, options());
  const auto handle = client.start_workflow<patient_workflow>({.id = queue, .task_queue = queue}).get();
  ASSERT_TRUE(eventually([&] { return tools.begun.load(); }));
  const workflow_commands operate(client, handle);
  operate.pause_activity(activity_selector::by_id("it")).get();
  ASSERT_TRUE(eventually([&] { return working.log().contains("the activity was paused"); }));
  operate.unpause_activity(activity_selector::by_id("it")).get();
  EXPECT_EQ(handle.result().get(), 7);
  working.stop();
  EXPECT_EQ(tools.seen, cancellation_details{.paused = true});
}

// The server's list of workers

class listed_worker : public newer_server_test {};

TEST_F(listed_worker, is_in_the_list_while_it_lives) {
  registry app;
  app.workflow<asking_workflow>();
  auto how = options();
  how.identity = "listed " + queue;
  const worker_client workers(client);
  const std::string query = "TaskQueue = '" + queue + "' AND WorkerStatus = 'Running'";
  const auto list = [&] { return workers.list(query).next_page().get(); };
  running_worker working(app, how);
  ASSERT_TRUE(eventually([&] { return !list().empty(); }));
  EXPECT_EQ(list().front().identity, how.identity);
  EXPECT_EQ(workers.count(query).get(), 1);
  working.stop();
  EXPECT_TRUE(eventually([&] { return list().empty(); }));
}

TEST_F(listed_worker, is_described_with_all_that_it_uses) {
  registry app;
  app.workflow<asking_workflow>().activity<own_workflow_type>();
  auto how = options();
  how.max_concurrent_local_activities = 7;
  how.plugins = {std::make_shared<simple_plugin>("tracing", nullptr)};
  const running_worker working(app, how);
  const worker_client workers(client);
  std::vector<worker_summary> found;
  const std::string query = "TaskQueue = '" + queue + "'";
  ASSERT_TRUE(eventually([&] {
    found = workers.list(query).next_page().get();
    return !found.empty();
  }));
  const auto all = workers.describe(found.front().instance_key).get();
  EXPECT_EQ(all.local_activity_slots.available, 7);
  ASSERT_EQ(all.plugins.size(), 1U);
  EXPECT_EQ(all.plugins.front().name, "tracing");
  ASSERT_EQ(all.environment.runtimes.size(), 1U);
  EXPECT_EQ(all.environment.runtimes.front().name, "native");
  EXPECT_FALSE(all.environment.platform.name.empty());
}

}  // namespace rondo::test::workers_test
