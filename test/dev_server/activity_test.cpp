#include <gtest/gtest.h>

#include <string>

#include "dev_server/activity_case.hpp"

namespace rondo::test {
namespace activity_test {

using server::hour;
using server::second;

struct activity : activity_case {};

TEST_F(activity, goes_to_a_worker_with_all_that_it_needs) {
  const auto run_id = at.start("w", [](service::StartWorkflowExecutionRequest& request) {
    request.mutable_priority()->set_priority_key(2);
    request.mutable_priority()->set_fairness_key("f");
  });
  auto command = activity_command("a", [](activity_attributes& attributes) {
    attributes.mutable_input()->add_payloads()->set_data("in");
    (*attributes.mutable_header()->mutable_fields())["h"].set_data("head");
    attributes.mutable_schedule_to_close_timeout()->set_seconds(90);
    attributes.mutable_heartbeat_timeout()->set_seconds(70);
    attributes.mutable_priority()->set_priority_key(1);
  });
  command.mutable_user_metadata()->mutable_summary()->set_data("summary");
  at.complete(at.poll(), {command});
  const auto event = at.last_event("w");
  EXPECT_EQ(event.user_metadata().summary().data(), "summary");
  const auto& scheduled = event.activity_task_scheduled_event_attributes();
  EXPECT_EQ(scheduled.activity_id(), "a");
  EXPECT_EQ(scheduled.workflow_task_completed_event_id(), 4);
  EXPECT_EQ(scheduled.task_queue().kind(), enums::TASK_QUEUE_KIND_NORMAL);
  EXPECT_EQ(scheduled.schedule_to_close_timeout().seconds(), 90);
  EXPECT_EQ(scheduled.schedule_to_start_timeout().seconds(), 90);
  EXPECT_EQ(scheduled.start_to_close_timeout().seconds(), 60);
  EXPECT_EQ(scheduled.heartbeat_timeout().seconds(), 60);
  EXPECT_EQ(scheduled.retry_policy().maximum_interval().seconds(), 100);

  at.pass(second);
  const auto task = poll();
  EXPECT_EQ(task.workflow_namespace(), "default");
  EXPECT_EQ(task.workflow_type().name(), "type");
  EXPECT_EQ(task.workflow_execution().workflow_id(), "w");
  EXPECT_EQ(task.workflow_execution().run_id(), run_id);
  EXPECT_EQ(task.activity_type().name(), "act");
  EXPECT_EQ(task.activity_id(), "a");
  EXPECT_EQ(task.input().payloads(0).data(), "in");
  EXPECT_EQ(task.header().fields().at("h").data(), "head");
  EXPECT_EQ(task.attempt(), 1);
  EXPECT_EQ(task.schedule_to_close_timeout().seconds(), 90);
  EXPECT_EQ(task.start_to_close_timeout().seconds(), 60);
  EXPECT_EQ(task.heartbeat_timeout().seconds(), 60);
  EXPECT_EQ(task.retry_policy().initial_interval().seconds(), 1);
  EXPECT_EQ(task.priority().priority_key(), 1);
  EXPECT_EQ(task.priority().fairness_key(), "f");
  EXPECT_EQ(server::from_proto(task.scheduled_time()), at.state->now() - second);
  EXPECT_EQ(server::from_proto(task.current_attempt_scheduled_time()), at.state->now() - second);
  EXPECT_EQ(server::from_proto(task.started_time()), at.state->now());
  EXPECT_EQ(ending(), "");
  EXPECT_TRUE(idle());
}

TEST_F(activity, goes_to_a_poll_that_waits) {
  const auto poll = begin_poll();
  schedule();
  EXPECT_EQ(poll.get().activity_id(), "a");
}

TEST_F(activity, writes_its_start_with_its_end) {
  schedule();
  at.pass(second);
  const auto task = poll();
  const auto started_time = at.state->now();
  at.pass(second);
  complete(task);
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskCompleted WorkflowTaskScheduled");
  const auto events = at.events("w");
  EXPECT_EQ(server::from_proto(events[5].event_time()), started_time);
  const auto& started = events[5].activity_task_started_event_attributes();
  EXPECT_EQ(started.scheduled_event_id(), 5);
  EXPECT_EQ(started.attempt(), 1);
  EXPECT_EQ(started.identity(), "activity worker");
  EXPECT_FALSE(started.request_id().empty());
  EXPECT_FALSE(started.has_last_failure());
  const auto& completed = events[6].activity_task_completed_event_attributes();
  EXPECT_EQ(completed.scheduled_event_id(), 5);
  EXPECT_EQ(completed.started_event_id(), 6);
  EXPECT_EQ(completed.identity(), "activity worker");
  EXPECT_EQ(completed.result().payloads(0).data(), "result");
  EXPECT_EQ(at.describe("w").pending_activities_size(), 0);
  const auto status = refuse(task);
  EXPECT_EQ(status.code, rpc_code::not_found);
  EXPECT_EQ(status.message, "invalid activityID or activity already timed out or invoking workflow is completed");
}

TEST_F(activity, ends_while_a_worker_has_the_workflow_task) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a"), activity_command("b")});
  at.signal("w");
  const auto workflow_task = at.poll();
  complete(poll());
  at.signal("w", "later");
  fail(poll(), [] {
    auto failure = failure_of_type();
    failure.mutable_application_failure_info()->set_non_retryable(true);
    return failure;
  }());
  EXPECT_EQ(at.types_from("w", 7), "WorkflowExecutionSignaled WorkflowTaskScheduled WorkflowTaskStarted");
  at.complete(workflow_task);
  EXPECT_EQ(at.types_from("w", 10),
            "WorkflowTaskCompleted ActivityTaskStarted WorkflowExecutionSignaled ActivityTaskStarted "
            "ActivityTaskCompleted ActivityTaskFailed WorkflowTaskScheduled");
  const auto events = at.events("w");
  EXPECT_EQ(events[13].activity_task_completed_event_attributes().started_event_id(), 11);
  EXPECT_EQ(events[14].activity_task_failed_event_attributes().started_event_id(), 13);
}

TEST_F(activity, is_retried_without_events) {
  schedule([](activity_attributes& attributes) { attributes.mutable_retry_policy()->set_maximum_attempts(3); });
  fail(poll());
  EXPECT_TRUE(idle());
  auto info = describe();
  EXPECT_EQ(info.state(), enums::PENDING_ACTIVITY_STATE_SCHEDULED);
  EXPECT_EQ(info.attempt(), 2);
  EXPECT_EQ(info.maximum_attempts(), 3);
  EXPECT_EQ(info.last_failure().message(), "failed");
  EXPECT_EQ(info.last_worker_identity(), "activity worker");
  EXPECT_EQ(info.current_retry_interval().seconds(), 1);
  EXPECT_EQ(server::from_proto(info.next_attempt_schedule_time()), at.state->now() + second);
  EXPECT_EQ(server::from_proto(info.last_attempt_complete_time()), at.state->now());
  at.pass(second - 1);
  EXPECT_TRUE(idle());
  at.pass(1);
  const auto second_try = poll();
  EXPECT_EQ(second_try.attempt(), 2);
  EXPECT_EQ(server::from_proto(second_try.current_attempt_scheduled_time()), at.state->now());
  EXPECT_EQ(server::from_proto(second_try.scheduled_time()), at.state->now() - second);
  info = describe();
  EXPECT_EQ(info.state(), enums::PENDING_ACTIVITY_STATE_STARTED);
  EXPECT_FALSE(info.has_next_attempt_schedule_time());
  fail(second_try, failure_of_type("second"));
  at.pass(2 * second);
  const auto third_try = poll();
  EXPECT_EQ(third_try.attempt(), 3);
  EXPECT_EQ(ending(), "");
  EXPECT_EQ(refuse(second_try).code, rpc_code::not_found);
  fail(third_try, failure_of_type("third"));
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskFailed WorkflowTaskScheduled");
  const auto events = at.events("w");
  const auto& started = events[5].activity_task_started_event_attributes();
  EXPECT_EQ(started.attempt(), 3);
  EXPECT_EQ(started.last_failure().application_failure_info().type(), "second");
  const auto& failed = events[6].activity_task_failed_event_attributes();
  EXPECT_EQ(failed.started_event_id(), 6);
  EXPECT_EQ(failed.failure().application_failure_info().type(), "third");
  EXPECT_EQ(failed.retry_state(), enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
  EXPECT_EQ(failed.identity(), "activity worker");
}

TEST_F(activity, is_not_retried_when_the_failure_or_the_time_forbids_it) {
  const auto end = [&](const temporal::api::failure::v1::Failure& failure) {
    fail(poll(), failure);
    const auto state = at.events("w").at(6).activity_task_failed_event_attributes().retry_state();
    at.terminate("w");
    return state;
  };
  const auto policy = [](activity_attributes& attributes) {
    attributes.mutable_retry_policy()->add_non_retryable_error_types("fatal");
    attributes.mutable_schedule_to_close_timeout()->set_seconds(10);
  };
  schedule(policy);
  EXPECT_EQ(end(failure_of_type("fatal")), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  at.start("w", [](auto& request) { request.set_request_id("second"); });
  at.complete(at.poll(), {activity_command("a", policy)});
  auto non_retryable = failure_of_type();
  non_retryable.mutable_application_failure_info()->set_non_retryable(true);
  EXPECT_EQ(end(non_retryable), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  at.start("w", [](auto& request) { request.set_request_id("third"); });
  at.complete(at.poll(), {activity_command("a", policy)});
  auto later = failure_of_type();
  later.mutable_application_failure_info()->mutable_next_retry_delay()->set_seconds(11);
  EXPECT_EQ(end(later), enums::RETRY_STATE_TIMEOUT);
}

TEST_F(activity, waits_as_long_as_its_failure_wishes) {
  schedule();
  auto failure = failure_of_type();
  failure.mutable_application_failure_info()->mutable_next_retry_delay()->set_seconds(600);
  fail(poll(), failure);
  at.pass(600 * second - 1);
  EXPECT_TRUE(idle());
  at.pass(1);
  const auto again = poll();
  EXPECT_EQ(again.attempt(), 2);
  failure.mutable_application_failure_info()->mutable_next_retry_delay()->set_seconds(0);
  fail(again, failure);
  EXPECT_EQ(poll().attempt(), 3);
}

TEST_F(activity, times_out_in_its_queue_for_good) {
  schedule([](activity_attributes& attributes) { attributes.mutable_schedule_to_start_timeout()->set_seconds(5); });
  at.pass(5 * second - 1);
  EXPECT_EQ(ending(), "");
  at.pass(1);
  EXPECT_EQ(ending(), "ActivityTaskTimedOut WorkflowTaskScheduled");
  EXPECT_EQ(timeout_type(), enums::TIMEOUT_TYPE_SCHEDULE_TO_START);
  EXPECT_EQ(timed_out().retry_state(), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  EXPECT_EQ(timed_out().started_event_id(), 0);
  EXPECT_EQ(timed_out().failure().message(), "activity ScheduleToStart timeout");
  EXPECT_EQ(timed_out().failure().source(), "Server");
  EXPECT_TRUE(idle());
}

TEST_F(activity, is_retried_when_an_attempt_times_out) {
  schedule([](activity_attributes& attributes) { attributes.mutable_retry_policy()->set_maximum_attempts(2); });
  const auto first = poll();
  at.pass(60 * second);
  EXPECT_EQ(ending(), "");
  EXPECT_EQ(describe().last_failure().timeout_failure_info().timeout_type(), enums::TIMEOUT_TYPE_START_TO_CLOSE);
  EXPECT_EQ(refuse(first).code, rpc_code::not_found);
  at.pass(second);
  EXPECT_EQ(poll().attempt(), 2);
  at.pass(60 * second);
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskTimedOut WorkflowTaskScheduled");
  EXPECT_EQ(timeout_type(), enums::TIMEOUT_TYPE_START_TO_CLOSE);
  EXPECT_EQ(timed_out().retry_state(), enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
  EXPECT_EQ(timed_out().started_event_id(), 6);
  EXPECT_EQ(timed_out().failure().cause().timeout_failure_info().timeout_type(), enums::TIMEOUT_TYPE_START_TO_CLOSE);
}

TEST_F(activity, times_out_as_a_whole) {
  schedule([](activity_attributes& attributes) {
    attributes.mutable_schedule_to_close_timeout()->set_seconds(100);
    attributes.mutable_retry_policy()->mutable_initial_interval()->set_seconds(50);
  });
  fail(poll());
  at.pass(50 * second);
  poll();
  at.pass(50 * second);
  EXPECT_EQ(timeout_type(), enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
  EXPECT_EQ(timed_out().failure().cause().message(), "failed");
  EXPECT_EQ(timed_out().retry_state(), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
}

TEST_F(activity, times_out_as_a_whole_when_no_time_is_left_for_another_attempt) {
  schedule([](activity_attributes& attributes) {
    attributes.mutable_schedule_to_close_timeout()->set_seconds(61);
    attributes.mutable_retry_policy()->mutable_initial_interval()->set_seconds(2);
  });
  poll();
  at.pass(60 * second);
  EXPECT_EQ(timeout_type(), enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
  EXPECT_EQ(timed_out().retry_state(), enums::RETRY_STATE_TIMEOUT);
}

TEST_F(activity, times_out_as_a_whole_rather_than_in_part_at_the_same_time) {
  schedule([](activity_attributes& attributes) {
    attributes.clear_start_to_close_timeout();
    attributes.mutable_schedule_to_close_timeout()->set_seconds(5);
  });
  poll();
  at.pass(5 * second);
  EXPECT_EQ(timeout_type(), enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
  EXPECT_EQ(timed_out().retry_state(), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
}

TEST_F(activity, lives_as_long_as_it_heartbeats) {
  schedule([](activity_attributes& attributes) {
    attributes.mutable_heartbeat_timeout()->set_seconds(10);
    attributes.mutable_retry_policy()->set_maximum_attempts(2);
  });
  const auto first = poll();
  at.pass(9 * second);
  EXPECT_FALSE(heartbeat(first, "one").cancel_requested());
  at.pass(9 * second);
  heartbeat(first, "two");
  EXPECT_EQ(describe().heartbeat_details().payloads(0).data(), "two");
  EXPECT_EQ(server::from_proto(describe().last_heartbeat_time()), at.state->now());
  at.pass(10 * second);
  EXPECT_EQ(describe().last_failure().timeout_failure_info().timeout_type(), enums::TIMEOUT_TYPE_HEARTBEAT);
  at.pass(second);
  const auto again = poll();
  EXPECT_EQ(again.heartbeat_details().payloads(0).data(), "two");
  at.pass(10 * second);
  EXPECT_EQ(timeout_type(), enums::TIMEOUT_TYPE_HEARTBEAT);
  EXPECT_EQ(timed_out().failure().timeout_failure_info().last_heartbeat_details().payloads(0).data(), "two");
  auto late = answering<service::RecordActivityTaskHeartbeatRequest>(again);
  EXPECT_EQ(at.refused<service::RecordActivityTaskHeartbeatResponse>(late).code, rpc_code::not_found);
}

TEST_F(activity, keeps_the_last_heartbeat_that_comes_with_a_failure) {
  schedule();
  auto request = answering<service::RespondActivityTaskFailedRequest>(poll());
  *request.mutable_failure() = failure_of_type();
  request.mutable_last_heartbeat_details()->add_payloads()->set_data("last");
  at.ask<service::RespondActivityTaskFailedResponse>(request);
  at.pass(second);
  EXPECT_EQ(poll().heartbeat_details().payloads(0).data(), "last");
}

TEST_F(activity, is_cancelled_by_its_worker) {
  schedule();
  const auto task = poll();
  auto request = answering<service::RespondActivityTaskCanceledRequest>(task);
  request.mutable_details()->add_payloads()->set_data("details");
  const auto status = at.refused<service::RespondActivityTaskCanceledResponse>(request);
  EXPECT_EQ(status.code, rpc_code::invalid_argument);
  EXPECT_EQ(status.message, "unable to mark activity as canceled without activity being request canceled first");
  at.signal("w");
  at.complete(at.poll(), {cancel_activity_command(5)});
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_CANCEL_REQUESTED);
  EXPECT_TRUE(heartbeat(task, "beat").cancel_requested());
  at.ask<service::RespondActivityTaskCanceledResponse>(request);
  EXPECT_EQ(at.types_from("w", 10),
            "ActivityTaskCancelRequested ActivityTaskStarted ActivityTaskCanceled WorkflowTaskScheduled");
  const auto event = at.events("w").at(11).activity_task_canceled_event_attributes();
  EXPECT_EQ(event.scheduled_event_id(), 5);
  EXPECT_EQ(event.started_event_id(), 11);
  EXPECT_EQ(event.latest_cancel_requested_event_id(), 10);
  EXPECT_EQ(event.details().payloads(0).data(), "details");
}

TEST_F(activity, fails_without_a_retry_after_a_request_to_cancel) {
  schedule();
  const auto task = poll();
  at.signal("w");
  at.complete(at.poll(), {cancel_activity_command(5)});
  fail(task);
  const auto event = at.events("w").at(11).activity_task_failed_event_attributes();
  EXPECT_EQ(event.retry_state(), enums::RETRY_STATE_CANCEL_REQUESTED);
}

TEST_F(activity, is_cancelled_at_once_in_its_queue_and_between_attempts) {
  schedule();
  at.signal("w");
  at.complete(at.poll(), {cancel_activity_command(5), marker_command("m")});
  EXPECT_EQ(at.types_from("w", 10),
            "ActivityTaskCancelRequested MarkerRecorded ActivityTaskCanceled WorkflowTaskScheduled");
  const auto event = at.events("w").at(11).activity_task_canceled_event_attributes();
  EXPECT_EQ(event.started_event_id(), 0);
  EXPECT_EQ(event.latest_cancel_requested_event_id(), 10);
  EXPECT_EQ(event.details().payloads(0).data(), "\"ACTIVITY_ID_NOT_STARTED\"");
  EXPECT_TRUE(idle());

  at.complete(at.poll(), {activity_command("b")});
  fail(poll());
  at.signal("w");
  const auto scheduled = at.events("w").at(15);
  ASSERT_TRUE(scheduled.has_activity_task_scheduled_event_attributes());
  at.complete(at.poll(), {cancel_activity_command(16)});
  EXPECT_EQ(at.types_from("w", 21), "ActivityTaskCancelRequested ActivityTaskCanceled WorkflowTaskScheduled");
  at.pass(hour);
  EXPECT_TRUE(idle());
}

TEST_F(activity, may_be_cancelled_after_an_end_that_the_workflow_does_not_know) {
  schedule();
  at.signal("w");
  const auto task = at.poll();
  complete(poll());
  at.complete(task, {cancel_activity_command(5)});
  EXPECT_EQ(at.types_from("w", 10),
            "ActivityTaskCancelRequested ActivityTaskStarted ActivityTaskCompleted WorkflowTaskScheduled");
}

}  // namespace activity_test
}  // namespace rondo::test
