#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dev_server/durable_worker.hpp"
#include "dev_server/operated_case.hpp"

namespace rondo::test {
namespace pausing_test {

using server::hour;
using server::second;
using pause_response = service::PauseWorkflowExecutionResponse;
using query_response = service::QueryWorkflowResponse;

constexpr auto paused = enums::WORKFLOW_EXECUTION_STATUS_PAUSED;
constexpr auto running = enums::WORKFLOW_EXECUTION_STATUS_RUNNING;

struct paused_workflow : operated_case {
  pending<query_response> begin_query() {
    service::QueryWorkflowRequest request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id("w");
    request.mutable_query()->set_query_type("state");
    return at.begin<query_response>(request);
  }
  std::string listed(const std::string& query) {
    service::ListWorkflowExecutionsRequest request;
    request.set_namespace_("default");
    request.set_query(query);
    const auto answer = at.ask<service::ListWorkflowExecutionsResponse>(request);
    std::string names;
    for (const auto& each : answer.executions()) {
      names += each.execution().workflow_id() + " ";
    }
    return names;
  }
};

TEST_F(paused_workflow, gets_no_task_until_it_goes_on) {
  at.start("w");
  pause_run();
  EXPECT_EQ(at.event_types("w"),
            "WorkflowExecutionStarted WorkflowTaskScheduled WorkflowTaskFailed WorkflowExecutionPaused");
  const auto failed = at.events("w").at(2).workflow_task_failed_event_attributes();
  EXPECT_EQ(failed.cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_PAUSE_REQUESTED_BEFORE_TASK_STARTED);
  EXPECT_EQ(failed.scheduled_event_id(), 2);
  EXPECT_EQ(failed.identity(), "history-service");
  const auto event = at.last_event("w").workflow_execution_paused_event_attributes();
  EXPECT_EQ(event.identity(), "operator");
  EXPECT_EQ(event.reason(), "audit");
  EXPECT_EQ(event.request_id(), "first");
  const auto shown = at.describe("w");
  EXPECT_EQ(shown.workflow_execution_info().status(), paused);
  EXPECT_FALSE(shown.workflow_execution_info().has_close_time());
  EXPECT_FALSE(shown.has_pending_workflow_task());
  EXPECT_EQ(shown.workflow_extended_info().pause_info().identity(), "operator");
  EXPECT_EQ(shown.workflow_extended_info().pause_info().reason(), "audit");
  EXPECT_EQ(server::from_proto(shown.workflow_extended_info().pause_info().paused_time()), at.state->now());
  EXPECT_EQ(shown_pauses(), "[\"Workflow:w\",\"Reason:audit\"]");
  EXPECT_TRUE(at.idle());
  EXPECT_FALSE(holds_clock());
  at.signal("w");
  at.signal("w");
  EXPECT_TRUE(at.idle());

  unpause_run();
  EXPECT_EQ(at.types_from("w", 5),
            "WorkflowExecutionSignaled WorkflowExecutionSignaled WorkflowExecutionUnpaused WorkflowTaskScheduled");
  const auto unpaused = at.events("w").at(6).workflow_execution_unpaused_event_attributes();
  EXPECT_EQ(unpaused.identity(), "operator");
  EXPECT_EQ(unpaused.reason(), "done");
  EXPECT_EQ(unpaused.request_id(), "second");
  EXPECT_EQ(status(), running);
  EXPECT_FALSE(at.describe("w").workflow_extended_info().has_pause_info());
  EXPECT_EQ(shown_pauses(), "");
  const auto task = at.poll();
  EXPECT_EQ(task.attempt(), 1);
  at.complete(task, {complete_command()});
  EXPECT_EQ(at.last_event("w").event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED);
}

TEST_F(paused_workflow, lets_the_worker_finish_the_task_that_it_has) {
  at.start("w");
  const auto task = at.poll();
  pause_run();
  EXPECT_EQ(status(), paused);
  EXPECT_EQ(at.types_from("w", 4), "") << "the event waits for the task's";
  const auto answer =
      at.complete(task, {timer_command("t", 10)}, [](auto& request) { request.set_return_new_workflow_task(true); });
  EXPECT_FALSE(answer.has_workflow_task());
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskCompleted TimerStarted WorkflowExecutionPaused");
  EXPECT_EQ(status(), paused);
  at.pass(10 * second);
  EXPECT_EQ(at.types_from("w", 7), "TimerFired") << "timers go on";
  EXPECT_TRUE(at.idle());
  unpause_run();
  EXPECT_EQ(at.types_from("w", 8), "WorkflowExecutionUnpaused WorkflowTaskScheduled");
  EXPECT_EQ(at.poll().attempt(), 1);
}

TEST_F(paused_workflow, gets_no_further_attempt_of_a_task_that_fails) {
  at.start("w");
  const auto task = at.poll();
  pause_run();
  at.fail(task);
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskFailed WorkflowExecutionPaused");
  EXPECT_FALSE(at.describe("w").has_pending_workflow_task());
  unpause_run();
  EXPECT_EQ(at.types_from("w", 6), "WorkflowExecutionUnpaused WorkflowTaskScheduled");
  EXPECT_EQ(at.poll().attempt(), 1);
}

TEST_F(paused_workflow, gets_no_further_attempt_of_a_task_that_times_out) {
  at.start("w");
  at.poll();
  pause_run();
  at.pass(10 * second);
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskTimedOut WorkflowExecutionPaused");
  EXPECT_FALSE(at.describe("w").has_pending_workflow_task());
  unpause_run();
  EXPECT_EQ(at.poll().attempt(), 1);
}

TEST_F(paused_workflow, forgets_the_attempts_of_a_task_that_no_worker_has) {
  at.start("w");
  at.fail(at.poll());
  at.fail(at.poll());
  pause_run();
  EXPECT_EQ(at.types_from("w", 5), "WorkflowExecutionPaused");
  unpause_run();
  EXPECT_EQ(at.types_from("w", 6), "WorkflowExecutionUnpaused WorkflowTaskScheduled");
  EXPECT_EQ(at.poll().attempt(), 1);
}

TEST_F(paused_workflow, may_go_on_before_its_worker_has_answered) {
  at.start("w");
  const auto task = at.poll();
  pause_run();
  unpause_run();
  EXPECT_EQ(status(), running);
  at.complete(task);
  EXPECT_EQ(at.types_from("w", 4),
            "WorkflowTaskCompleted WorkflowExecutionPaused WorkflowExecutionUnpaused WorkflowTaskScheduled");
}

TEST_F(paused_workflow, is_not_closed_by_the_task_that_a_worker_has) {
  at.start("w");
  const auto task = at.poll();
  pause_run();
  EXPECT_EQ(at.refuse(task, {complete_command()}).message, "UnhandledCommand");
  EXPECT_EQ(status(), paused);
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskFailed WorkflowExecutionPaused");
  EXPECT_TRUE(at.idle());
}

TEST_F(paused_workflow, gets_no_task_because_its_worker_asks) {
  at.start("w");
  const auto task = at.poll();
  pause_run();
  const auto refused = at.refuse(task, {}, [](auto& request) { request.set_force_create_new_workflow_task(true); });
  EXPECT_EQ(refused.code, rpc_code::failed_precondition);
  EXPECT_EQ(refused.message, "Workflow is paused and force create new workflow task is not allowed.");
  at.complete(task);
}

TEST_F(paused_workflow, answers_no_query) {
  at.start("w");
  const auto waiting = begin_query();
  EXPECT_FALSE(waiting.done());
  pause_run();
  EXPECT_EQ(waiting.get().query_rejected().status(), paused);
  EXPECT_EQ(begin_query().get().query_rejected().status(), paused);
  unpause_run();
  EXPECT_FALSE(begin_query().done());
}

TEST_F(paused_workflow, takes_no_update_and_keeps_those_that_wait) {
  at.start("w");
  at.complete(at.poll());
  const auto waiting = at.begin_update("w", "u");
  pause_run();
  EXPECT_EQ(at.types_from("w", 5), "WorkflowExecutionPaused") << "the task was for the update alone";
  EXPECT_FALSE(waiting.done());
  const auto refused = at.begin_update("w", "v");
  ASSERT_TRUE(refused.done());
  EXPECT_EQ(refused.status().code, rpc_code::failed_precondition);
  EXPECT_EQ(refused.status().message, "Workflow is paused. Cannot update the workflow.");
  EXPECT_TRUE(at.idle());
  unpause_run();
  const auto task = at.poll();
  ASSERT_EQ(task.messages_size(), 1);
  EXPECT_EQ(task.messages(0).protocol_instance_id(), "u");
}

TEST_F(paused_workflow, hears_of_its_cancellation_when_it_goes_on) {
  at.start("w");
  at.complete(at.poll());
  pause_run();
  service::RequestCancelWorkflowExecutionRequest cancel;
  cancel.set_namespace_("default");
  cancel.mutable_workflow_execution()->set_workflow_id("w");
  at.ask<service::RequestCancelWorkflowExecutionResponse>(cancel);
  EXPECT_EQ(at.types_from("w", 5), "WorkflowExecutionPaused WorkflowExecutionCancelRequested");
  EXPECT_TRUE(at.idle());
  unpause_run();
  at.poll();
}

TEST_F(paused_workflow, ends_when_it_is_terminated_or_out_of_time) {
  at.start("w");
  pause_run();
  at.terminate("w");
  EXPECT_EQ(status(), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
  at.start("w", [](auto& request) {
    request.set_request_id("again");
    request.mutable_workflow_run_timeout()->set_seconds(30);
  });
  pause_run();
  at.pass(30 * second);
  EXPECT_EQ(status(), enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT);
}

TEST_F(paused_workflow, waits_for_its_first_task_as_before) {
  at.start("w", [](auto& request) { request.mutable_workflow_start_delay()->set_seconds(60); });
  const auto waiting = begin_query();
  pause_run();
  EXPECT_EQ(waiting.get().query_rejected().status(), paused);
  EXPECT_EQ(at.event_types("w"), "WorkflowExecutionStarted WorkflowExecutionPaused");
  unpause_run();
  EXPECT_TRUE(at.idle());
  pause_run();
  at.pass(60 * second);
  EXPECT_TRUE(at.idle());
  unpause_run();
  EXPECT_EQ(at.poll().attempt(), 1);
}

TEST_F(paused_workflow, starts_no_activity) {
  at.start("w");
  at.complete(at.poll(), {activity_command("waiting"), activity_command("failed", be_patient)});
  EXPECT_EQ(poll().activity_id(), "waiting");
  const auto task = poll();
  at.signal("w");
  const auto workflow_task = at.poll();
  fail(task);
  pause_run();
  const auto answer = at.complete(workflow_task, {activity_command("eager", [](auto& attributes) {
                                    attributes.mutable_task_queue()->set_name("queue");
                                    attributes.set_request_eager_execution(true);
                                  })});
  EXPECT_EQ(answer.activity_tasks_size(), 0);
  at.pass(2 * hour);
  EXPECT_TRUE(idle());
  EXPECT_FALSE(begin_poll("queue").done());
  unpause_run();
  EXPECT_EQ(poll().attempt(), 2);
}

TEST_F(paused_workflow, puts_its_activities_off_in_whatever_state_they_are) {
  schedule();
  pause_run();
  EXPECT_TRUE(idle());
  EXPECT_FALSE(describe().paused()) << "it is the workflow that is paused";
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_SCHEDULED);
  EXPECT_FALSE(holds_clock());
  unpause_run();
  const auto task = poll();
  pause_run();
  EXPECT_FALSE(heartbeat(task, "beat").activity_paused());
  fail(task);
  at.pass(hour);
  EXPECT_EQ(describe().attempt(), 2);
  EXPECT_TRUE(idle());
  unpause_run();
  complete(poll());
}

TEST_F(paused_workflow, lets_an_activity_go_on_that_is_told_to) {
  schedule();
  pause();
  pause_run();
  EXPECT_EQ(shown_pauses(), "[\"Workflow:w\",\"Reason:audit\",\"property:activityType=act\"]");
  unpause();
  EXPECT_EQ(shown_pauses(), "[\"Workflow:w\",\"Reason:audit\"]");
  complete(poll());
  EXPECT_EQ(at.types_from("w", 6), "WorkflowExecutionPaused ActivityTaskStarted ActivityTaskCompleted");
  EXPECT_TRUE(at.idle());
  unpause_run();
  at.poll();
}

TEST_F(paused_workflow, leaves_its_activities_paused_when_it_goes_on) {
  schedule();
  pause();
  pause_run();
  unpause_run();
  EXPECT_TRUE(describe().paused());
  EXPECT_TRUE(idle());
  unpause();
  complete(poll());
}

TEST_F(paused_workflow, lets_its_activities_run_out_of_time) {
  schedule([](activity_attributes& attributes) { attributes.mutable_schedule_to_close_timeout()->set_seconds(60); });
  pause_run();
  at.pass(60 * second);
  EXPECT_EQ(at.types_from("w", 6), "WorkflowExecutionPaused ActivityTaskTimedOut");
}

TEST_F(paused_workflow, is_among_the_open_ones) {
  at.start("w");
  at.pass(second);
  at.start("other");
  pause_run();
  EXPECT_EQ(listed("ExecutionStatus = 'Paused'"), "w ");
  EXPECT_EQ(listed("ExecutionStatus = 'Running'"), "other ");
  EXPECT_EQ(listed("TemporalPauseInfo = 'Workflow:w'"), "w ");
  EXPECT_EQ(listed("CloseTime IS NULL"), "other w ");
  const auto again = at.refused<service::StartWorkflowExecutionResponse>([&] {
    auto request = scripted_worker::starting("w");
    request.set_request_id("again");
    return request;
  }());
  EXPECT_EQ(again.code, rpc_code::already_exists);
  unpause_run();
  EXPECT_EQ(listed("ExecutionStatus = 'Paused'"), "");
  EXPECT_EQ(listed("TemporalPauseInfo IS NOT NULL"), "");
}

TEST_F(paused_workflow, is_reset_into_a_run_that_is_not) {
  at.start("w");
  at.complete(at.poll());
  pause_run();
  at.signal("w");
  service::ResetWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_workflow_task_finish_event_id(4);
  request.set_request_id("reset");
  at.ask<service::ResetWorkflowExecutionResponse>(request);
  EXPECT_EQ(status(), running);
  EXPECT_FALSE(at.describe("w").workflow_extended_info().has_pause_info());
  EXPECT_EQ(shown_pauses(), "");
  EXPECT_EQ(at.poll().attempt(), 1);
}

TEST_F(paused_workflow, is_reset_to_what_came_after_the_pause) {
  at.start("w");
  pause_run();
  unpause_run();
  at.complete(at.poll());
  service::ResetWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_workflow_task_finish_event_id(8);
  request.set_request_id("reset");
  at.ask<service::ResetWorkflowExecutionResponse>(request);
  EXPECT_EQ(at.types_from("w", 3),
            "WorkflowTaskFailed WorkflowExecutionPaused WorkflowExecutionUnpaused WorkflowTaskScheduled "
            "WorkflowTaskStarted WorkflowTaskFailed WorkflowTaskScheduled");
  EXPECT_EQ(status(), running);
}

TEST_F(paused_workflow, is_paused_once) {
  at.start("w");
  pause_run();
  const auto count = at.events("w").size();
  pause_run();
  EXPECT_EQ(at.events("w").size(), count) << "the same request";
  for (const auto* id : {"other", ""}) {
    const auto again = at.refused<pause_response>(pausing_run(id));
    EXPECT_EQ(again.code, rpc_code::failed_precondition);
    EXPECT_EQ(again.message, "workflow is already paused.");
  }
  unpause_run();
  const auto back = at.refused<service::UnpauseWorkflowExecutionResponse>(unpausing_run());
  EXPECT_EQ(back.code, rpc_code::failed_precondition);
  EXPECT_EQ(back.message, "workflow is not paused.");
}

TEST_F(paused_workflow, is_asked_for_in_clear_words) {
  at.start("w");
  using change = std::function<void(service::PauseWorkflowExecutionRequest&)>;
  const std::vector<std::pair<change, std::string>> table = {
      {[](auto& r) { r.clear_workflow_id(); }, "WorkflowId is not set on request."},
      {[](auto& r) { r.set_run_id("x"); }, "Invalid RunId."},
      {[](auto& r) { r.set_workflow_id("missing"); }, "workflow not found for ID: missing"},
      {[](auto& r) { r.set_namespace_("missing"); }, "Namespace missing is not found."},
      {[](auto& r) { r.set_reason(std::string(1001, 'x')); }, "reason is too long."},
      {[](auto& r) { r.set_request_id(std::string(1001, 'x')); }, "request id is too long."},
      {[](auto& r) { r.set_identity(std::string(1001, 'x')); }, "identity is too long."},
  };
  for (const auto& [apply, text] : table) {
    auto request = pausing_run();
    apply(request);
    EXPECT_EQ(at.refused<pause_response>(request).message, text);
  }
  at.terminate("w");
  EXPECT_EQ(at.refused<pause_response>(pausing_run()).message, "workflow execution already completed");
}

TEST_F(paused_workflow, lets_the_clock_skip_past_it) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a"), timer_command("t", 3600)});
  const auto before = at.state->now();
  pause_run();
  skip_until(before + hour);
  EXPECT_EQ(at.state->now(), before + hour);
  EXPECT_EQ(at.types_from("w", 7), "WorkflowExecutionPaused TimerFired");
}

TEST(durable_pauses, survive_the_server) {
  const scratch dir;
  const auto settings = durable_options(dir);
  const auto poll_activity = [](durable_worker& of) {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("activities");
    return of.begin<activity_task>(request);
  };
  {
    durable_worker before(settings);
    before.start_durably("w");
    before.complete_durably(before.poll_durably(), {activity_command("a"), activity_command("held")});
    before.wait_for<service::PauseActivityResponse>(operated_case::pausing());
    before.signal_durably("w");
    before.wait_for<pause_response>(operated_case::pausing_run());
  }
  durable_worker after(settings);
  EXPECT_FALSE(after.begin_poll().done());
  const auto first = poll_activity(after);
  EXPECT_FALSE(first.done());
  service::DescribeWorkflowExecutionRequest describe;
  describe.set_namespace_("default");
  describe.mutable_execution()->set_workflow_id("w");
  const auto shown = after.wait_for<service::DescribeWorkflowExecutionResponse>(describe);
  EXPECT_FALSE(first.done()) << "the disk had time to let the answer go";
  EXPECT_EQ(shown.workflow_execution_info().status(), paused);
  EXPECT_EQ(shown.workflow_extended_info().pause_info().reason(), "audit");
  EXPECT_TRUE(shown.pending_activities(0).paused());
  EXPECT_EQ(shown.pending_activities(0).pause_info().manual().reason(), "night");
  after.wait_for<service::UnpauseWorkflowExecutionResponse>(operated_case::unpausing_run());
  after.loop.run_until([&first] { return first.done(); });
  EXPECT_EQ(first.get().activity_id(), "held");
  const auto second_poll = poll_activity(after);
  EXPECT_FALSE(second_poll.done());
  after.wait_for<service::UnpauseActivityResponse>(operated_case::about<service::UnpauseActivityRequest>("a"));
  after.loop.run_until([&second_poll] { return second_poll.done(); });
  EXPECT_EQ(second_poll.get().activity_id(), "a");
}

}  // namespace pausing_test
}  // namespace rondo::test
