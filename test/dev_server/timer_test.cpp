#include <gtest/gtest.h>

#include <string>

#include "dev_server/scripted_worker.hpp"

namespace rondo::test {
namespace timer_test {

using server::second;

struct timers : ::testing::Test {
  scripted_worker at;
};

TEST_F(timers, fire_in_the_order_of_their_times) {
  at.start("w");
  at.complete(at.poll(), {timer_command("late", 4), timer_command("b", 2), timer_command("a", 2)});
  const auto events = at.events("w");
  const auto& started = events[4].timer_started_event_attributes();
  EXPECT_EQ(started.timer_id(), "late");
  EXPECT_EQ(started.start_to_fire_timeout().seconds(), 4);
  EXPECT_EQ(started.workflow_task_completed_event_id(), 4);
  at.pass(2 * second - 1);
  EXPECT_TRUE(at.idle());
  at.pass(2 * second + 1);
  EXPECT_EQ(at.types_from("w", 8), "TimerFired TimerFired WorkflowTaskScheduled TimerFired");
  const auto fired = at.events("w");
  EXPECT_EQ(fired[7].timer_fired_event_attributes().timer_id(), "b");
  EXPECT_EQ(fired[7].timer_fired_event_attributes().started_event_id(), 6);
  EXPECT_EQ(fired[8].timer_fired_event_attributes().timer_id(), "a");
  EXPECT_EQ(fired[10].timer_fired_event_attributes().timer_id(), "late");
}

TEST_F(timers, may_have_no_time_to_wait) {
  at.start("w");
  at.complete(at.poll(), {timer_command("t", 0)});
  at.pass(0);
  EXPECT_EQ(at.types_from("w", 5), "TimerStarted TimerFired WorkflowTaskScheduled");
}

TEST_F(timers, are_cancelled) {
  at.start("w");
  auto task = at.poll();
  at.signal("w");
  at.complete(task, {timer_command("t", 1)});
  at.complete(at.poll(), {cancel_timer_command("t")});
  const auto cancelled = at.last_event("w").timer_canceled_event_attributes();
  EXPECT_EQ(cancelled.timer_id(), "t");
  EXPECT_EQ(cancelled.started_event_id(), 5);
  EXPECT_EQ(cancelled.identity(), "worker");
  EXPECT_EQ(cancelled.workflow_task_completed_event_id(), 9);
  at.pass(2 * second);
  EXPECT_TRUE(at.idle());
}

TEST_F(timers, are_cancelled_after_they_fired_while_the_worker_did_not_know) {
  at.start("w");
  auto task = at.poll();
  at.signal("w");
  at.complete(task, {timer_command("t", 1)});
  task = at.poll();
  at.pass(1 * second);
  EXPECT_EQ(at.last_event("w").event_type(), enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  // The event that was kept back is gone, so that the workflow may end.
  at.complete(task, {cancel_timer_command("t"), complete_command()});
  EXPECT_EQ(at.types_from("w", 9), "WorkflowTaskCompleted TimerCanceled WorkflowExecutionCompleted");
  EXPECT_EQ(at.events("w")[9].timer_canceled_event_attributes().started_event_id(), 5);
}

TEST_F(timers, are_kept_back_while_the_worker_is_busy) {
  at.start("w");
  auto task = at.poll();
  at.signal("w");
  at.complete(task, {timer_command("t", 1)});
  task = at.poll();
  at.pass(1 * second);
  at.complete(task);
  EXPECT_EQ(at.types_from("w", 9), "WorkflowTaskCompleted TimerFired WorkflowTaskScheduled");
}

TEST_F(timers, are_refused_with_the_fault) {
  struct refused_case {
    commands with;
    enums::WorkflowTaskFailedCause cause;
    std::string text;
  };
  auto negative = timer_command("t", 1);
  negative.mutable_start_timer_command_attributes()->mutable_start_to_fire_timeout()->set_seconds(-1);
  const auto bad_start = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES;
  const auto bad_cancel = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_TIMER_ATTRIBUTES;
  const std::vector<refused_case> cases{
      {{make_command(enums::COMMAND_TYPE_START_TIMER)},
       bad_start,
       "BadStartTimerAttributes: StartTimerCommandAttributes is not set on StartTimerCommand."},
      {{timer_command("", 1)}, bad_start, "BadStartTimerAttributes: TimerId is not set on StartTimerCommand."},
      {{negative},
       bad_start,
       "BadStartTimerAttributes: An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. "
       "TimerId=t"},
      {{timer_command("t", 1), timer_command("t", 1)},
       enums::WORKFLOW_TASK_FAILED_CAUSE_START_TIMER_DUPLICATE_ID,
       "StartTimerDuplicateId: invalid history builder state for action: add-timer-started-event, TimerID: t"},
      {{make_command(enums::COMMAND_TYPE_CANCEL_TIMER)},
       bad_cancel,
       "BadCancelTimerAttributes: CancelTimerCommandAttributes is not set on CancelTimerCommand."},
      {{cancel_timer_command("t")},
       bad_cancel,
       "BadCancelTimerAttributes: invalid history builder state for action: add-timer-canceled-event, TimerID: t"},
      {{timer_command("t", 1), cancel_timer_command("t"), cancel_timer_command("t")},
       bad_cancel,
       "BadCancelTimerAttributes: invalid history builder state for action: add-timer-canceled-event, TimerID: t"},
  };
  int number = 0;
  for (const auto& each : cases) {
    const std::string id = "w" + std::to_string(number++);
    at.start(id);
    const auto status = at.refuse(at.poll(), each.with);
    EXPECT_EQ(status.code, rpc_code::invalid_argument);
    EXPECT_EQ(status.message, each.text);
    EXPECT_EQ(at.last_event(id).workflow_task_failed_event_attributes().cause(), each.cause) << each.text;
    at.terminate(id);
  }
  // An id is free again once its timer is gone.
  at.start("w");
  at.complete(at.poll(), {timer_command("t", 1), cancel_timer_command("t"), timer_command("t", 1)});
  EXPECT_EQ(at.types_from("w", 5), "TimerStarted TimerCanceled TimerStarted");
}

}  // namespace timer_test
}  // namespace rondo::test
