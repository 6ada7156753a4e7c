#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dev_server/operated_case.hpp"

namespace rondo::test {
namespace activity_pause_test {

using server::hour;
using server::second;

struct paused_activity : operated_case {};

TEST_F(paused_activity, waits_in_no_queue_until_it_goes_on) {
  schedule();
  at.pass(second);
  pause();
  EXPECT_TRUE(idle());
  const auto shown = describe();
  EXPECT_EQ(shown.state(), enums::PENDING_ACTIVITY_STATE_PAUSED);
  EXPECT_TRUE(shown.paused());
  EXPECT_EQ(shown.pause_info().manual().identity(), "operator");
  EXPECT_EQ(shown.pause_info().manual().reason(), "night");
  EXPECT_EQ(server::from_proto(shown.pause_info().pause_time()), at.state->now());
  EXPECT_EQ(shown_pauses(), "[\"property:activityType=act\"]");
  EXPECT_FALSE(holds_clock());
  EXPECT_EQ(ending(), "") << "a pause leaves no event";

  unpause();
  EXPECT_TRUE(holds_clock());
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_SCHEDULED);
  EXPECT_FALSE(describe().paused());
  EXPECT_FALSE(describe().has_pause_info());
  EXPECT_EQ(shown_pauses(), "");
  const auto task = poll();
  EXPECT_EQ(task.attempt(), 1);
  complete(task);
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskCompleted WorkflowTaskScheduled");
}

TEST_F(paused_activity, is_given_to_a_poll_that_waits_when_it_goes_on) {
  schedule();
  pause();
  const auto waiting = begin_poll();
  EXPECT_FALSE(waiting.done());
  unpause();
  EXPECT_EQ(waiting.get().activity_id(), "a");
}

TEST_F(paused_activity, tells_the_worker_and_waits_when_the_attempt_fails) {
  schedule();
  const auto task = poll();
  EXPECT_FALSE(heartbeat(task, "before").activity_paused());
  pause();
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_PAUSE_REQUESTED);
  EXPECT_TRUE(holds_clock()) << "a worker has it";
  EXPECT_TRUE(heartbeat(task, "beat").activity_paused());
  service::RecordActivityTaskHeartbeatByIdRequest by_id;
  by_id.set_namespace_("default");
  by_id.set_workflow_id("w");
  by_id.set_activity_id("a");
  by_id.mutable_details()->add_payloads()->set_data("beat");
  EXPECT_TRUE(at.ask<service::RecordActivityTaskHeartbeatByIdResponse>(by_id).activity_paused());

  fail(task);
  EXPECT_FALSE(holds_clock());
  const auto shown = describe();
  EXPECT_EQ(shown.state(), enums::PENDING_ACTIVITY_STATE_PAUSED);
  EXPECT_EQ(shown.attempt(), 2);
  EXPECT_EQ(shown.last_failure().message(), "failed");
  EXPECT_FALSE(shown.has_next_attempt_schedule_time());
  at.pass(hour);
  EXPECT_TRUE(idle());
  unpause();
  const auto again = poll();
  EXPECT_EQ(again.attempt(), 2);
  EXPECT_EQ(again.heartbeat_details().payloads(0).data(), "beat");
  EXPECT_FALSE(heartbeat(again, "more").activity_paused());
}

TEST_F(paused_activity, may_be_completed_by_the_worker_that_has_it) {
  schedule();
  const auto task = poll();
  pause();
  complete(task);
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskCompleted WorkflowTaskScheduled");
  EXPECT_EQ(shown_pauses(), "");
}

TEST_F(paused_activity, fails_when_its_failure_allows_no_attempt) {
  schedule();
  const auto task = poll();
  pause();
  auto failure = failure_of_type();
  failure.mutable_application_failure_info()->set_non_retryable(true);
  fail(task, failure);
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskFailed WorkflowTaskScheduled");
  EXPECT_EQ(shown_pauses(), "");
}

TEST_F(paused_activity, counts_its_attempts_when_it_goes_on) {
  schedule([](activity_attributes& attributes) { attributes.mutable_retry_policy()->set_maximum_attempts(1); });
  const auto task = poll();
  pause();
  fail(task);
  EXPECT_EQ(describe().attempt(), 2);
  unpause();
  fail(poll());
  EXPECT_EQ(at.events("w").at(6).activity_task_failed_event_attributes().retry_state(),
            enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
}

TEST_F(paused_activity, does_not_time_out_before_it_goes_on) {
  schedule([](activity_attributes& attributes) {
    attributes.mutable_schedule_to_close_timeout()->set_seconds(100);
    attributes.mutable_schedule_to_start_timeout()->set_seconds(20);
  });
  pause();
  at.pass(99 * second);
  EXPECT_EQ(describe().attempt(), 1);
  unpause();
  EXPECT_EQ(poll().attempt(), 1) << "it waits for a worker anew";
  pause();
  at.pass(hour);
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_PAUSE_REQUESTED);
  unpause();
  at.pass(second);
  EXPECT_EQ(timeout_type(), enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
}

TEST_F(paused_activity, of_a_silent_worker_times_out_when_it_goes_on) {
  schedule([](activity_attributes& attributes) { attributes.mutable_heartbeat_timeout()->set_seconds(10); });
  poll();
  pause();
  at.pass(hour);
  EXPECT_EQ(describe().attempt(), 1);
  unpause();
  at.pass(server::millisecond);
  EXPECT_EQ(describe().attempt(), 2);
}

TEST_F(paused_activity, does_not_wait_for_the_rest_of_its_back_off) {
  schedule(be_patient);
  fail(poll());
  pause();
  EXPECT_FALSE(describe().has_next_attempt_schedule_time());
  at.pass(2 * hour);
  EXPECT_TRUE(idle());
  unpause();
  EXPECT_EQ(poll().attempt(), 2);
}

TEST_F(paused_activity, goes_on_within_the_jitter) {
  schedule();
  pause();
  unpause([](auto& request) { request.mutable_jitter()->set_seconds(10); });
  const auto next = server::from_proto(describe().next_attempt_schedule_time());
  EXPECT_GT(next, at.state->now());
  EXPECT_LE(next, at.state->now() + 10 * second);
  EXPECT_TRUE(idle());
  at.pass(10 * second);
  EXPECT_EQ(poll().attempt(), 1);
}

TEST_F(paused_activity, begins_anew_when_it_is_told_so) {
  schedule();
  const auto task = poll();
  heartbeat(task, "beat");
  pause();
  fail(task);
  unpause([](auto& request) {
    request.set_reset_attempts(true);
    request.set_reset_heartbeat(true);
  });
  EXPECT_FALSE(describe().has_heartbeat_details());
  const auto again = poll();
  EXPECT_EQ(again.attempt(), 1);
  EXPECT_FALSE(again.has_heartbeat_details());
}

TEST_F(paused_activity, may_be_cancelled) {
  schedule();
  pause();
  at.signal("w");
  at.complete(at.poll(), {cancel_activity_command(5)});
  EXPECT_EQ(at.types_from("w", 9),
            "WorkflowTaskCompleted ActivityTaskCancelRequested ActivityTaskCanceled WorkflowTaskScheduled");
  EXPECT_EQ(shown_pauses(), "");
}

TEST_F(paused_activity, is_paused_once) {
  schedule();
  pause();
  at.pass(second);
  pause();
  EXPECT_LT(server::from_proto(describe().pause_info().pause_time()), at.state->now()) << "the same request";
  const auto again = at.refused<service::PauseActivityResponse>(pausing("a", "second"));
  EXPECT_EQ(again.code, rpc_code::failed_precondition);
  EXPECT_EQ(again.message, "activity is already paused");
}

TEST_F(paused_activity, is_meant_by_its_type_or_with_all_others) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a"), activity_command("b"), activity_command("c", [](auto& attributes) {
                            attributes.mutable_activity_type()->set_name("other");
                          })});
  auto by_type = pausing("");
  by_type.set_type("act");
  at.ask<service::PauseActivityResponse>(by_type);
  EXPECT_EQ(poll().activity_id(), "c");
  EXPECT_TRUE(idle());
  at.ask<service::PauseActivityResponse>(pausing("c"));
  EXPECT_EQ(shown_pauses(), "[\"property:activityType=act\",\"property:activityType=other\"]");

  auto conflicting = pausing("", "second");
  conflicting.set_type("act");
  EXPECT_EQ(at.refused<service::PauseActivityResponse>(conflicting).code, rpc_code::failed_precondition);
  auto one = about<service::UnpauseActivityRequest>("b");
  at.ask<service::UnpauseActivityResponse>(one);
  EXPECT_EQ(at.refused<service::PauseActivityResponse>(conflicting).code, rpc_code::failed_precondition);
  EXPECT_EQ(poll().activity_id(), "b") << "a request that is refused changes nothing";

  auto all = about<service::UnpauseActivityRequest>("");
  all.set_unpause_all(true);
  at.ask<service::UnpauseActivityResponse>(all);
  EXPECT_EQ(poll().activity_id(), "a");
  EXPECT_EQ(shown_pauses(), "");
  at.ask<service::UnpauseActivityResponse>(all);
}

TEST_F(paused_activity, is_asked_for_in_clear_words) {
  schedule();
  using change = std::function<void(service::PauseActivityRequest&)>;
  const std::vector<std::pair<change, std::string>> table = {
      {[](auto& r) { r.mutable_execution()->clear_workflow_id(); }, "WorkflowId is not set on request."},
      {[](auto& r) { r.mutable_execution()->set_run_id("x"); }, "Invalid RunId."},
      {[](auto& r) { r.clear_activity(); }, "Either Activity.Id or Activity.Type should be set on request."},
      {[](auto& r) { r.mutable_execution()->set_workflow_id("missing"); }, "workflow not found for ID: missing"},
      {[](auto& r) { r.set_id("b"); },
       "Can't find pending activity with such ID. Invalid activityID or activity already completed"},
      {[](auto& r) { r.set_type("b"); },
       "Can't find pending activity with such ID. Invalid activityID or activity already completed"},
      {[](auto& r) { r.set_reason(std::string(1001, 'x')); }, "reason is too long."},
      {[](auto& r) { r.set_namespace_("missing"); }, "Namespace missing is not found."},
  };
  for (const auto& [apply, text] : table) {
    auto request = pausing();
    apply(request);
    EXPECT_EQ(at.refused<service::PauseActivityResponse>(request).message, text);
  }
  auto back = about<service::UnpauseActivityRequest>("a");
  back.mutable_jitter()->set_seconds(-1);
  EXPECT_EQ(at.refused<service::UnpauseActivityResponse>(back).message, "Invalid Jitter: negative duration");
  at.terminate("w");
  const auto closed = at.refused<service::PauseActivityResponse>(pausing());
  EXPECT_EQ(closed.code, rpc_code::not_found);
  EXPECT_EQ(closed.message, "workflow execution already completed");
}

TEST_F(paused_activity, lets_the_clock_skip_past_it) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a"), timer_command("t", 3600)});
  const auto before = at.state->now();
  pause();
  skip_until(before + hour);
  EXPECT_EQ(at.state->now(), before + hour);
  EXPECT_EQ(at.types_from("w", 7), "TimerFired WorkflowTaskScheduled");
}

}  // namespace activity_pause_test
}  // namespace rondo::test
