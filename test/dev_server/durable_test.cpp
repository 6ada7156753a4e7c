#include <gtest/gtest.h>

#include <string>

#include "dev_server/activity_case.hpp"
#include "dev_server/durable_worker.hpp"

namespace rondo::test {
namespace durable_test {

using server::second;

/// With workers of activities.
struct durable_server : durable_worker {
  using durable_worker::durable_worker;

  void step(const commands& with, const std::string& queue = "queue") { complete_durably(poll_durably(queue), with); }
  static service::PollActivityTaskQueueRequest activity_poll() {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("activities");
    request.set_identity("activity worker");
    return request;
  }
  temporal::api::workflow::v1::PendingActivityInfo pending_activity(const std::string& id) {
    service::DescribeWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id(id);
    return wait_for<service::DescribeWorkflowExecutionResponse>(request).pending_activities(0);
  }
  activity_task poll_activity() { return wait_for<activity_task>(activity_poll()); }
};

struct durable : ::testing::Test {
  scratch dir;
  server::options settings = durable_options(dir);
};

TEST_F(durable, activities_go_on_with_another_server) {
  activity_task held;
  {
    durable_server before(settings);
    for (const std::string id : {"held", "failed", "waiting"}) {
      before.start_durably(id);
      before.step({activity_command(
          id, [](activity_attributes& attributes) { attributes.mutable_heartbeat_timeout()->set_seconds(20); })});
      if (id == "held") {
        held = before.poll_activity();
        auto beat = activity_case::answering<service::RecordActivityTaskHeartbeatRequest>(held);
        beat.mutable_details()->add_payloads()->set_data("beat");
        before.wait_for<service::RecordActivityTaskHeartbeatResponse>(beat);
      } else if (id == "failed") {
        auto failed = activity_case::answering<service::RespondActivityTaskFailedRequest>(before.poll_activity());
        *failed.mutable_failure() = failure_of_type();
        before.wait_for<service::RespondActivityTaskFailedResponse>(failed);
      }
    }
  }
  durable_server after(settings);
  EXPECT_EQ(after.poll_activity().activity_id(), "waiting");
  const auto poll = after.begin<activity_task>(durable_server::activity_poll());
  EXPECT_FALSE(poll.done());
  after.pass(second);
  after.loop.run_until([&poll] { return poll.done(); });
  EXPECT_EQ(poll.get().activity_id(), "failed");
  EXPECT_EQ(poll.get().attempt(), 2);
  EXPECT_EQ(after.pending_activity("held").heartbeat_details().payloads(0).data(), "beat");
  // Its worker may answer the other server; nobody hears of the heartbeats that did not come.
  after.wait_for<service::RespondActivityTaskCompletedResponse>(activity_case::completing(held));
  EXPECT_EQ(after.types_from("held", 6), "ActivityTaskStarted ActivityTaskCompleted WorkflowTaskScheduled");
  after.pass(20 * second);
  EXPECT_EQ(after.pending_activity("waiting").attempt(), 2);
}

TEST_F(durable, children_answer_another_server) {
  auto command = make_command(enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_start_child_workflow_execution_command_attributes();
  attributes.set_workflow_id("c");
  attributes.mutable_workflow_type()->set_name("child");
  attributes.mutable_task_queue()->set_name("children");
  {
    durable_server before(settings);
    before.start_durably("p");
    before.step({command});
    before.step({});
  }
  durable_server after(settings);
  after.step({complete_command("result")}, "children");
  EXPECT_EQ(after.types_from("p", 10), "ChildWorkflowExecutionCompleted WorkflowTaskScheduled");
  const auto end = after.events("p").at(9).child_workflow_execution_completed_event_attributes();
  EXPECT_EQ(end.started_event_id(), 6);
  EXPECT_EQ(end.result().payloads(0).data(), "result");
}

}  // namespace durable_test
}  // namespace rondo::test
