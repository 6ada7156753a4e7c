#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/client/activity_client.hpp"
#include "rondo/resource_slots.hpp"
#include "rondo/workflow.hpp"
#include "server/fixture.hpp"

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

}  // namespace rondo::test::workers_test
