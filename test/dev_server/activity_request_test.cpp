#include <gtest/gtest.h>

#include <string>

#include "dev_server/activity_case.hpp"

namespace rondo::test {
namespace activity_request_test {

using server::second;

struct activity_request : activity_case {};

TEST_F(activity_request, refuses_commands_that_make_no_sense) {
  const auto fault = [&](const commands& with) {
    at.start("w", [](auto& request) { request.clear_request_id(); });
    const auto status = at.refuse(at.poll(), with);
    EXPECT_EQ(status.code, rpc_code::invalid_argument);
    at.terminate("w");
    return status.message;
  };
  const auto bad = [&](const std::function<void(activity_attributes&)>& change) {
    return fault({activity_command("a", change)});
  };
  const std::string prefix = "BadScheduleActivityAttributes: ";
  EXPECT_EQ(
      bad([](activity_attributes& a) { a.clear_start_to_close_timeout(); }),
      prefix +
          "A valid StartToClose or ScheduleToCloseTimeout is not set on ScheduleActivityTaskCommand. ActivityId=a "
          "ActivityType=act");
  EXPECT_EQ(bad([](activity_attributes& a) { a.clear_activity_id(); }),
            prefix + "ActivityId is not set on ScheduleActivityTaskCommand. ActivityType=act");
  EXPECT_EQ(bad([](activity_attributes& a) { a.clear_activity_type(); }),
            prefix + "ActivityType is not set on ScheduleActivityTaskCommand. ActivityID=a");
  EXPECT_EQ(bad([](activity_attributes& a) { a.mutable_task_queue()->clear_name(); }),
            prefix +
                "invalid TaskQueue on ScheduleActivityTaskCommand: missing task queue name. ActivityId=a "
                "ActivityType=act");
  EXPECT_EQ(bad([](activity_attributes& a) { a.mutable_heartbeat_timeout()->set_seconds(-1); }),
            prefix +
                "Invalid HeartbeatTimeout for ScheduleActivityTaskCommand: negative duration. ActivityId=a "
                "ActivityType=act");
  EXPECT_EQ(bad([](activity_attributes& a) { a.mutable_retry_policy()->set_maximum_attempts(-1); }),
            prefix +
                "invalid ActivityRetryPolicy on SechduleActivityTaskCommand: MaximumAttempts cannot be negative on "
                "retry policy.. ActivityId=a ActivityType=act");
  EXPECT_EQ(
      bad([](activity_attributes& a) { a.set_activity_id(std::string(1001, 'x')); }).substr(0, prefix.size() + 36),
      prefix + "ActivityId on ScheduleActivityTaskCo");
  EXPECT_NE(fault({activity_command("a"), activity_command("a")}).find("ActivityID: a"), std::string::npos);
  EXPECT_NE(fault({cancel_activity_command(99)}).find("ScheduledEventID: 99"), std::string::npos);
  EXPECT_NE(fault({cancel_activity_command(0)}).find("ScheduledEventId is not set"), std::string::npos);
  at.state->limit().pending_activities = 1;
  EXPECT_EQ(
      fault({activity_command("a"), activity_command("b")}),
      "PendingActivitiesLimitExceeded: the number of pending activities, 1, has reached the per-workflow limit of "
      "1");
}

TEST_F(activity_request, is_never_longer_than_its_run) {
  at.start("w", [](auto& request) { request.mutable_workflow_run_timeout()->set_seconds(30); });
  at.complete(at.poll(), {activity_command("a")});
  const auto scheduled = at.last_event("w").activity_task_scheduled_event_attributes();
  EXPECT_EQ(scheduled.schedule_to_close_timeout().seconds(), 30);
  EXPECT_EQ(scheduled.schedule_to_start_timeout().seconds(), 30);
  EXPECT_EQ(scheduled.start_to_close_timeout().seconds(), 30);
}

TEST_F(activity_request, comes_back_with_the_completion_when_it_is_eager) {
  at.start("w");
  const auto answer = at.complete(at.poll(), {activity_command("a", [](activity_attributes& attributes) {
                                    attributes.mutable_task_queue()->set_name("queue");
                                    attributes.set_request_eager_execution(true);
                                    attributes.mutable_input()->add_payloads()->set_data("in");
                                  })});
  ASSERT_EQ(answer.activity_tasks_size(), 1);
  const auto& task = answer.activity_tasks(0);
  EXPECT_EQ(task.activity_id(), "a");
  EXPECT_EQ(task.input().payloads(0).data(), "in");
  fail(task);
  at.pass(second);
  complete(begin_poll("queue").get());
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskCompleted WorkflowTaskScheduled");
}

TEST_F(activity_request, is_answered_by_its_id) {
  schedule();
  service::RespondActivityTaskCompletedByIdRequest request;
  request.set_namespace_("default");
  request.set_workflow_id("w");
  request.set_identity("somebody");
  const auto text = [&] { return at.refused<service::RespondActivityTaskCompletedByIdResponse>(request).message; };
  EXPECT_EQ(text(), "ActivityId is not set on request.");
  request.set_activity_id("b");
  EXPECT_EQ(text(),
            "cannot find pending activity with ActivityID b, check workflow execution history for more details");
  request.set_activity_id("a");
  request.set_workflow_id("nobody");
  EXPECT_EQ(text(), "workflow not found for ID: nobody");
  request.set_workflow_id("w");

  service::RecordActivityTaskHeartbeatByIdRequest beat;
  beat.set_namespace_("default");
  beat.set_workflow_id("w");
  beat.set_activity_id("a");
  EXPECT_EQ(at.refused<service::RecordActivityTaskHeartbeatByIdResponse>(beat).code, rpc_code::not_found);

  // Nobody had it yet: its start is made up.
  at.ask<service::RespondActivityTaskCompletedByIdResponse>(request);
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskCompleted WorkflowTaskScheduled");
  EXPECT_EQ(at.events("w").at(5).activity_task_started_event_attributes().identity(), "somebody");
  EXPECT_TRUE(idle());

  at.complete(at.poll(), {activity_command("b")});
  poll();
  beat.set_activity_id("b");
  EXPECT_FALSE(at.ask<service::RecordActivityTaskHeartbeatByIdResponse>(beat).cancel_requested());
  service::RespondActivityTaskFailedByIdRequest fail_request;
  fail_request.set_namespace_("default");
  fail_request.set_workflow_id("w");
  fail_request.set_activity_id("b");
  *fail_request.mutable_failure() = failure_of_type();
  at.ask<service::RespondActivityTaskFailedByIdResponse>(fail_request);
  EXPECT_EQ(describe().attempt(), 2);
  service::RespondActivityTaskCanceledByIdRequest cancel;
  cancel.set_namespace_("default");
  cancel.set_workflow_id("w");
  cancel.set_activity_id("b");
  EXPECT_EQ(at.refused<service::RespondActivityTaskCanceledByIdResponse>(cancel).code, rpc_code::not_found);
  at.pass(second);
  poll();
  EXPECT_EQ(at.refused<service::RespondActivityTaskCanceledByIdResponse>(cancel).code, rpc_code::invalid_argument);
}

TEST_F(activity_request, refuses_tokens_that_say_nothing) {
  service::RespondActivityTaskCompletedRequest request;
  EXPECT_EQ(at.refused<service::RespondActivityTaskCompletedResponse>(request).message,
            "Task token not set on request.");
  request.set_task_token("no token");
  EXPECT_EQ(at.refused<service::RespondActivityTaskCompletedResponse>(request).message,
            "Error deserializing task token.");
  schedule();
  auto failed = answering<service::RespondActivityTaskFailedRequest>(poll());
  failed.mutable_failure()->mutable_timeout_failure_info();
  EXPECT_EQ(at.refused<service::RespondActivityTaskFailedResponse>(failed).message,
            "Failure must have ApplicationFailureInfo.");
}

TEST_F(activity_request, fails_when_its_answer_is_too_large) {
  schedule();
  const auto task = poll();
  auto request = completing(task);
  request.mutable_result()->mutable_payloads(0)->set_data(std::string(3U << 20U, 'x'));
  at.ask<service::RespondActivityTaskCompletedResponse>(request);
  const auto failed = at.events("w").at(6).activity_task_failed_event_attributes();
  EXPECT_EQ(failed.failure().message(), "Complete result exceeds size limit.");
  EXPECT_TRUE(failed.failure().server_failure_info().non_retryable());
}

TEST_F(activity_request, leaves_its_queue_when_the_run_closes) {
  schedule();
  at.terminate("w");
  EXPECT_TRUE(idle());
}

TEST_F(activity_request, cannot_be_answered_when_the_run_has_closed) {
  schedule();
  const auto task = poll();
  at.terminate("w");
  const auto status = refuse(task);
  EXPECT_EQ(status.code, rpc_code::not_found);
  EXPECT_EQ(status.message, "workflow execution already completed");
}

}  // namespace activity_request_test
}  // namespace rondo::test
