#include <gtest/gtest.h>

#include <string>

#include "dev_server/durable_worker.hpp"
#include "dev_server/update_worker.hpp"
#include "rondo/server/namespaces.hpp"

namespace rondo::test {
namespace transition_test {

using server::second;

/// How often a run changes, counted as the compared server does.
struct transitions : ::testing::Test {
  update_worker at;

  std::int64_t of(const std::string& id, const std::string& run_id = {}) {
    return at.describe(id, run_id).workflow_execution_info().state_transition_count();
  }
  static command_v1::Command signal_to(const std::string& id) {
    auto command = make_command(enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION);
    auto& attributes = *command.mutable_signal_external_workflow_execution_command_attributes();
    attributes.mutable_execution()->set_workflow_id(id);
    attributes.set_signal_name("signal");
    return command;
  }
  pending<service::PollActivityTaskQueueResponse> begin_activity_poll() {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("activities");
    return at.begin<service::PollActivityTaskQueueResponse>(request);
  }
  std::string poll_activity() { return begin_activity_poll().get().task_token(); }
  template <class Request, class Response>
  void answer(const std::string& token) {
    Request request;
    request.set_namespace_("default");
    request.set_task_token(token);
    at.ask<Response>(request);
  }
  void fail_activity(const std::string& token) {
    service::RespondActivityTaskFailedRequest request;
    request.set_namespace_("default");
    request.set_task_token(token);
    request.mutable_failure()->mutable_application_failure_info();
    at.ask<service::RespondActivityTaskFailedResponse>(request);
  }
  void complete_activity(const std::string& token) {
    answer<service::RespondActivityTaskCompletedRequest, service::RespondActivityTaskCompletedResponse>(token);
  }
};

TEST_F(transitions, are_one_for_each_step_of_a_workflow) {
  at.start("w");
  EXPECT_EQ(of("w"), 1);
  const auto task = at.poll();
  EXPECT_EQ(of("w"), 2);
  at.complete(task, {marker_command("a"), marker_command("b"), complete_command()});
  EXPECT_EQ(of("w"), 3);
  service::ListWorkflowExecutionsRequest list;
  list.set_namespace_("default");
  list.set_query("StateTransitionCount = 3");
  const auto found = at.ask<service::ListWorkflowExecutionsResponse>(list);
  ASSERT_EQ(found.executions_size(), 1);
  EXPECT_EQ(found.executions(0).state_transition_count(), 3);
}

TEST_F(transitions, count_what_is_kept_back) {
  at.start("w");
  at.signal("w");
  EXPECT_EQ(of("w"), 2);
  const auto task = at.poll();
  at.signal("w");
  at.signal("w");
  EXPECT_EQ(of("w"), 5);
  at.complete(task, {timer_command("t", 1)});
  EXPECT_EQ(of("w"), 6);
}

TEST_F(transitions, count_tasks_that_fail_without_events) {
  at.start("w");
  at.fail(at.poll());
  EXPECT_EQ(of("w"), 3);
  at.pass(second);
  const auto again = at.poll();
  EXPECT_EQ(of("w"), 4);
  at.fail(again);
  EXPECT_EQ(of("w"), 5);
  at.pass(60 * second);
  EXPECT_EQ(of("w"), 5);
}

TEST_F(transitions, count_timers_that_fire_together_once) {
  at.start("w");
  at.complete(at.poll(), {timer_command("a", 1), timer_command("b", 1)});
  EXPECT_EQ(of("w"), 3);
  at.pass(second);
  EXPECT_EQ(of("w"), 4);
}

TEST_F(transitions, count_what_activities_go_through) {
  at.start("w");
  at.complete(at.poll(), {activity_command("1"), activity_command("2")});
  EXPECT_EQ(of("w"), 3);
  const auto first = poll_activity();
  EXPECT_EQ(of("w"), 4);
  answer<service::RecordActivityTaskHeartbeatRequest, service::RecordActivityTaskHeartbeatResponse>(first);
  EXPECT_EQ(of("w"), 5);
  fail_activity(first);
  EXPECT_EQ(of("w"), 6);
  at.pass(second);
  EXPECT_EQ(of("w"), 6);
  complete_activity(poll_activity());
  EXPECT_EQ(of("w"), 8);
}

TEST_F(transitions, count_each_task_that_waiting_workers_get) {
  at.start("w");
  const auto task = at.poll();
  const auto first = begin_activity_poll();
  const auto second_poll = begin_activity_poll();
  at.complete(task, {activity_command("1"), activity_command("2")});
  EXPECT_TRUE(first.done() && second_poll.done());
  EXPECT_EQ(of("w"), 5);
}

TEST_F(transitions, of_parents_and_children) {
  at.start("w");
  at.complete(at.poll(), {child_command("c")});
  EXPECT_EQ(of("w"), 4);
  EXPECT_EQ(of("c"), 2);
  at.complete(at.poll("children"), {complete_command()});
  EXPECT_EQ(of("c"), 4);
  EXPECT_EQ(of("w"), 5);
}

TEST_F(transitions, of_senders_and_receivers_of_signals) {
  at.settle("other");
  at.start("w");
  at.complete(at.poll(), {signal_to("other"), signal_to("other")});
  EXPECT_EQ(of("w"), 5);
  EXPECT_EQ(of("other"), 7);
  // Their ids are known to the sender alone.
  EXPECT_EQ(at.state->namespaces().get("default").current.at("other")->state.signal_request_ids_size(), 0);
}

TEST_F(transitions, leave_out_updates_that_are_rejected) {
  at.settle("w");
  auto asked = at.update("w", "u");
  auto task = at.poll();
  EXPECT_EQ(of("w"), 3);
  at.say(task, {rejection("u")});
  EXPECT_TRUE(asked.done());
  EXPECT_EQ(of("w"), 3);
  asked = at.update("w", "v");
  task = at.poll();
  at.say(task, {acceptance("v"), response("v")});
  EXPECT_TRUE(asked.done());
  EXPECT_EQ(of("w"), 4);
}

TEST_F(transitions, leave_out_what_only_asks) {
  at.settle("w");
  at.describe("w");
  at.events("w");
  at.idle();
  EXPECT_EQ(of("w"), 3);
}

TEST(transitions_of_a_run, are_no_more_with_another_server) {
  const scratch dir;
  const auto count = [](scripted_worker& at) {
    service::DescribeWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id("w");
    const auto answer = at.wait_for<service::DescribeWorkflowExecutionResponse>(request);
    return answer.workflow_execution_info().state_transition_count();
  };
  {
    durable_worker before(durable_options(dir));
    before.start_durably("w");
    before.complete_durably(before.poll_durably(), {activity_command("1")});
    before.signal_durably("w");
    EXPECT_EQ(count(before), 4);
  }
  durable_worker after(durable_options(dir));
  EXPECT_EQ(count(after), 4);
  after.complete_durably(after.poll_durably(), {});
  EXPECT_EQ(count(after), 6);
}

TEST_F(transitions, of_a_reset) {
  at.start("w");
  at.complete(at.poll(), {timer_command("t", 60)});
  at.signal("w");
  at.complete(at.poll());
  service::ResetWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_workflow_task_finish_event_id(4);
  request.set_request_id("reset");
  at.ask<service::ResetWorkflowExecutionResponse>(request);
  EXPECT_EQ(of("w"), 2);
}

}  // namespace transition_test
}  // namespace rondo::test
