#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dev_server/operated_case.hpp"

namespace rondo::test {
namespace activity_options_test {

using server::second;
using update_request = service::UpdateActivityOptionsRequest;
using update_response = service::UpdateActivityOptionsResponse;

struct changed_options : operated_case {
  temporal::api::activity::v1::ActivityOptions update(const update_request& request) {
    return at.ask<update_response>(request).activity_options();
  }
};

TEST_F(changed_options, of_a_back_off_count_from_the_last_attempt) {
  schedule([](activity_attributes& attributes) {
    be_patient(attributes);
    attributes.mutable_retry_policy()->add_non_retryable_error_types("bad");
  });
  fail(poll());
  at.pass(2 * second);
  auto request = updating({"retry_policy.initial_interval", "retry_policy.maximum_attempts"});
  request.mutable_activity_options()->mutable_retry_policy()->mutable_initial_interval()->set_seconds(5);
  request.mutable_activity_options()->mutable_retry_policy()->set_maximum_attempts(2);
  const auto now = update(request);
  EXPECT_EQ(now.retry_policy().initial_interval().seconds(), 5);
  EXPECT_EQ(now.retry_policy().maximum_interval().seconds(), 360'000);
  EXPECT_EQ(now.retry_policy().maximum_attempts(), 2);
  EXPECT_EQ(now.retry_policy().non_retryable_error_types(0), "bad");
  EXPECT_EQ(server::from_proto(describe().next_attempt_schedule_time()), at.state->now() + 3 * second);
  EXPECT_TRUE(idle());
  at.pass(3 * second);
  const auto task = poll();
  EXPECT_EQ(task.attempt(), 2);
  fail(task);
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskFailed WorkflowTaskScheduled");
}

TEST_F(changed_options, that_shorten_a_back_off_end_it) {
  schedule(be_patient);
  fail(poll());
  at.pass(10 * second);
  auto request = updating({"retryPolicy.initialInterval"});
  request.mutable_activity_options()->mutable_retry_policy()->mutable_initial_interval()->set_seconds(5);
  update(request);
  EXPECT_EQ(poll().attempt(), 2);
}

TEST_F(changed_options, move_it_to_another_queue) {
  schedule();
  auto request = updating({"TaskQueue.Name"});
  request.mutable_activity_options()->mutable_task_queue()->set_name("elsewhere");
  EXPECT_EQ(update(request).task_queue().name(), "elsewhere");
  EXPECT_TRUE(idle());
  EXPECT_EQ(begin_poll("elsewhere").get().activity_id(), "a");
}

TEST_F(changed_options, count_for_the_attempt_that_a_worker_has) {
  schedule();
  const auto task = poll();
  auto request = updating({"start_to_close_timeout", "heartbeat_timeout"});
  request.mutable_activity_options()->mutable_start_to_close_timeout()->set_seconds(5);
  request.mutable_activity_options()->mutable_heartbeat_timeout()->set_seconds(9);
  const auto now = update(request);
  EXPECT_EQ(now.start_to_close_timeout().seconds(), 5);
  EXPECT_EQ(now.heartbeat_timeout().seconds(), 5) << "no longer than the attempt";
  EXPECT_FALSE(heartbeat(task, "beat").activity_reset());
  at.pass(5 * second);
  EXPECT_EQ(describe().attempt(), 2);
}

TEST_F(changed_options, of_the_whole_activity_let_it_time_out) {
  schedule(be_patient);
  fail(poll());
  auto request = updating({"schedule_to_close_timeout"});
  request.mutable_activity_options()->mutable_schedule_to_close_timeout()->set_seconds(8);
  const auto now = update(request);
  EXPECT_EQ(now.schedule_to_start_timeout().seconds(), 8);
  EXPECT_EQ(now.start_to_close_timeout().seconds(), 8);
  at.pass(8 * second);
  EXPECT_EQ(timeout_type(), enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
}

TEST_F(changed_options, give_it_another_place_among_those_that_wait) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a"), activity_command("b")});
  auto request = updating({"priority"}, "b");
  request.mutable_activity_options()->mutable_priority()->set_priority_key(1);
  request.mutable_activity_options()->mutable_priority()->set_fairness_key("tenant");
  EXPECT_EQ(update(request).priority().fairness_key(), "tenant");
  auto part = updating({"priority.fairness_weight", "priority.fairness_key"}, "b");
  part.mutable_activity_options()->mutable_priority()->set_fairness_weight(2);
  const auto now = update(part).priority();
  EXPECT_EQ(now.priority_key(), 1);
  EXPECT_EQ(now.fairness_key(), "");
  EXPECT_EQ(now.fairness_weight(), 2);
  EXPECT_EQ(poll().activity_id(), "b");
  EXPECT_EQ(poll().activity_id(), "a");
  EXPECT_FALSE(update(updating({"priority"}, "b")).has_priority());
}

TEST_F(changed_options, take_a_whole_retry_policy) {
  schedule();
  auto request = updating({"retry_policy"});
  request.mutable_activity_options()->mutable_retry_policy()->mutable_initial_interval()->set_seconds(3);
  const auto now = update(request).retry_policy();
  EXPECT_EQ(now.initial_interval().seconds(), 3);
  EXPECT_EQ(now.maximum_interval().seconds(), 300);
  EXPECT_EQ(now.backoff_coefficient(), 2);
}

TEST_F(changed_options, of_a_paused_activity_wait_with_it) {
  schedule();
  pause();
  auto request = updating({"task_queue.name"});
  request.mutable_activity_options()->mutable_task_queue()->set_name("elsewhere");
  update(request);
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_PAUSED);
  const auto waiting = begin_poll("elsewhere");
  EXPECT_FALSE(waiting.done());
  unpause();
  EXPECT_EQ(waiting.get().activity_id(), "a");
}

TEST_F(changed_options, are_taken_back) {
  schedule([](activity_attributes& attributes) {
    attributes.mutable_retry_policy()->set_maximum_attempts(4);
    attributes.mutable_priority()->set_priority_key(2);
  });
  auto request = updating({"start_to_close_timeout", "priority", "retry_policy.maximum_attempts"});
  request.mutable_activity_options()->mutable_start_to_close_timeout()->set_seconds(5);
  request.mutable_activity_options()->mutable_retry_policy()->set_maximum_attempts(9);
  update(request);
  EXPECT_EQ(describe().activity_options().retry_policy().maximum_attempts(), 9);
  auto back = about<update_request>("");
  back.set_match_all(true);
  back.set_restore_original(true);
  const auto now = update(back);
  EXPECT_EQ(now.start_to_close_timeout().seconds(), 60);
  EXPECT_EQ(now.retry_policy().maximum_attempts(), 4);
  EXPECT_EQ(now.priority().priority_key(), 2);
  EXPECT_EQ(describe().activity_options().start_to_close_timeout().seconds(), 60);
}

TEST_F(changed_options, that_make_no_sense_are_refused) {
  schedule();
  using change = std::function<void(update_request&)>;
  const auto with = [](const std::string& path, const change& also = {}) {
    return [path, also](update_request& request) {
      request.mutable_update_mask()->clear_paths();
      request.mutable_update_mask()->add_paths(path);
      if (also) also(request);
    };
  };
  const std::vector<std::pair<change, std::string>> table = {
      {[](auto& r) { r.mutable_execution()->clear_workflow_id(); }, "WorkflowId is not set on request."},
      {[](auto& r) { r.clear_activity(); }, "Either Activity.Id or Activity.Type should be set on request."},
      {[](auto& r) { r.clear_activity_options(); }, "ActivityOptions are not provided"},
      {[](auto& r) { r.clear_update_mask(); }, "UpdateMask is not provided"},
      {[](auto& r) { r.set_restore_original(true); }, "Both UpdateMask and RestoreOriginal are provided"},
      {[](auto& r) { r.set_id("b"); },
       "Can't find pending activity with such ID. Invalid activityID or activity already completed"},
      {with("nothing"),
       "error parsing UpdateMask: invalid path \"nothing\" for message \"temporal.api.activity.v1.ActivityOptions\""},
      {with("task_queue.name"), "TaskQueue is not provided"},
      {with("priority.priority_key"), "Priority is not provided"},
      {with("retry_policy.maximum_attempts"), "RetryPolicy is not provided"},
      {with("start_to_close_timeout"),
       "A valid StartToClose or ScheduleToCloseTimeout is not set on ScheduleActivityTaskCommand. ActivityId=a "
       "ActivityType=act"},
      {with("heartbeat_timeout",
            [](auto& r) { r.mutable_activity_options()->mutable_heartbeat_timeout()->set_seconds(-1); }),
       "Invalid HeartbeatTimeout for ScheduleActivityTaskCommand: negative duration. ActivityId=a ActivityType=act"},
      {with("retry_policy.backoff_coefficient", [](auto& r) { r.mutable_activity_options()->mutable_retry_policy(); }),
       "BackoffCoefficient cannot be less than 1 on retry policy."},
      {[](auto& r) { r.mutable_activity_options()->mutable_priority()->set_priority_key(-1); },
       "PriorityKey can't be negative"},
  };
  const auto before = describe().activity_options().SerializeAsString();
  for (const auto& [apply, text] : table) {
    auto request = updating({"start_to_close_timeout"});
    request.mutable_activity_options()->clear_start_to_close_timeout();
    apply(request);
    EXPECT_EQ(at.refused<update_response>(request).message, text);
  }
  EXPECT_EQ(describe().activity_options().SerializeAsString(), before);
}

TEST_F(changed_options, fit_all_activities_or_none) {
  at.start("w");
  at.complete(
      at.poll(),
      {activity_command("a", [](auto& attributes) { attributes.mutable_schedule_to_close_timeout()->set_seconds(90); }),
       activity_command("b")});
  auto request = updating({"start_to_close_timeout"}, "");
  request.set_match_all(true);
  EXPECT_EQ(at.refused<update_response>(request).code, rpc_code::invalid_argument);
  EXPECT_EQ(at.describe("w").pending_activities(0).activity_options().start_to_close_timeout().seconds(), 60);
}

}  // namespace activity_options_test
}  // namespace rondo::test
