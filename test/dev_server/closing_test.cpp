#include <gtest/gtest.h>

#include <string>

#include "dev_server/scripted_worker.hpp"

namespace rondo::test {
namespace closing_test {

using server::minute;
using server::second;
using start_request = service::StartWorkflowExecutionRequest;

struct closing : ::testing::Test {
  scripted_worker at;

  enums::WorkflowExecutionStatus status(const std::string& id, const std::string& run_id = {}) {
    return at.describe(id, run_id).workflow_execution_info().status();
  }
  static void retry_twice(start_request& request) {
    auto& policy = *request.mutable_retry_policy();
    policy.mutable_initial_interval()->set_seconds(2);
    policy.set_backoff_coefficient(2);
    policy.set_maximum_attempts(3);
  }
  history::WorkflowExecutionStartedEventAttributes started(const std::string& id, const std::string& run_id = {}) {
    return at.events(id, run_id).at(0).workflow_execution_started_event_attributes();
  }
};

TEST_F(closing, by_completion) {
  const auto run_id = at.start("w");
  at.complete(at.poll(), {complete_command("result")});
  const auto event = at.last_event("w").workflow_execution_completed_event_attributes();
  EXPECT_EQ(event.result().payloads(0).data(), "result");
  EXPECT_EQ(event.workflow_task_completed_event_id(), 4);
  EXPECT_EQ(event.new_execution_run_id(), "");
  const auto info = at.describe("w").workflow_execution_info();
  EXPECT_EQ(info.status(), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
  EXPECT_EQ(info.execution().run_id(), run_id);
  EXPECT_EQ(info.history_length(), 5);
  EXPECT_TRUE(info.has_close_time());
}

TEST_F(closing, by_failure_without_a_policy) {
  at.start("w");
  at.complete(at.poll(), {fail_command("bad")});
  const auto event = at.last_event("w").workflow_execution_failed_event_attributes();
  EXPECT_EQ(event.failure().message(), "bad");
  EXPECT_EQ(event.retry_state(), enums::RETRY_STATE_RETRY_POLICY_NOT_SET);
  EXPECT_EQ(status("w"), enums::WORKFLOW_EXECUTION_STATUS_FAILED);
}

TEST_F(closing, by_cancellation) {
  at.start("w");
  auto command = make_command(enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION);
  command.mutable_cancel_workflow_execution_command_attributes()->mutable_details()->add_payloads()->set_data("d");
  at.complete(at.poll(), {command});
  EXPECT_EQ(at.last_event("w").workflow_execution_canceled_event_attributes().details().payloads(0).data(), "d");
  EXPECT_EQ(status("w"), enums::WORKFLOW_EXECUTION_STATUS_CANCELED);
}

TEST_F(closing, lets_no_signals_in_while_it_is_tried_again) {
  service::SignalWorkflowExecutionRequest signal;
  signal.set_namespace_("default");
  signal.mutable_workflow_execution()->set_workflow_id("w");
  signal.set_signal_name("signal");
  signal.set_request_id("known");
  at.start("w");
  auto task = at.poll();
  at.ask<service::SignalWorkflowExecutionResponse>(signal);
  at.refuse(task, {complete_command()});
  at.signal("w");  // no worker has the next task yet
  task = at.poll();
  at.ask<service::SignalWorkflowExecutionResponse>(signal);
  signal.set_request_id("new");
  const auto status = at.refused<service::SignalWorkflowExecutionResponse>(signal);
  EXPECT_EQ(status.code, rpc_code::resource_exhausted);
  EXPECT_EQ(status.message, "workflow operation can not be applied because workflow is closing");
  service::SignalWithStartWorkflowExecutionRequest with_start;
  with_start.set_namespace_("default");
  with_start.set_workflow_id("w");
  with_start.mutable_workflow_type()->set_name("type");
  with_start.mutable_task_queue()->set_name("queue");
  with_start.set_signal_name("signal");
  EXPECT_EQ(at.refused<service::SignalWithStartWorkflowExecutionResponse>(with_start).message, status.message);
  at.complete(task, {complete_command()});
  EXPECT_EQ(this->status("w"), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
}

TEST_F(closing, lets_signals_in_again_when_it_is_not_tried_again) {
  for (const bool times_out : {true, false}) {
    const std::string id = times_out ? "times out" : "goes on";
    at.start(id);
    auto task = at.poll();
    at.signal(id);
    at.refuse(task, {complete_command()});
    task = at.poll();
    if (times_out) {
      at.pass(10 * second);
    } else {
      at.complete(task, {timer_command("t", 1)});
      at.signal(id);
    }
    task = at.poll();
    at.signal(id);
    EXPECT_EQ(at.refuse(task, {complete_command()}).message, "UnhandledCommand");
    at.terminate(id);
  }
}

TEST_F(closing, is_followed_by_retries_as_the_policy_says) {
  const auto first = at.start("w", retry_twice);
  at.complete(at.poll(), {fail_command("one")});
  const auto failed = at.last_event("w", first).workflow_execution_failed_event_attributes();
  EXPECT_EQ(failed.retry_state(), enums::RETRY_STATE_IN_PROGRESS);
  const auto second_run = failed.new_execution_run_id();
  ASSERT_FALSE(second_run.empty());
  const auto begun = started("w");
  EXPECT_EQ(begun.attempt(), 2);
  EXPECT_EQ(begun.continued_execution_run_id(), first);
  EXPECT_EQ(begun.first_execution_run_id(), first);
  EXPECT_EQ(begun.original_execution_run_id(), second_run);
  EXPECT_EQ(begun.initiator(), enums::CONTINUE_AS_NEW_INITIATOR_RETRY);
  EXPECT_EQ(begun.continued_failure().message(), "one");
  EXPECT_EQ(begun.first_workflow_task_backoff().seconds(), 2);
  EXPECT_EQ(begun.retry_policy().maximum_attempts(), 3);
  EXPECT_TRUE(at.idle());
  at.signal("w");
  EXPECT_TRUE(at.idle());
  at.pass(2 * second);
  EXPECT_EQ(at.event_types("w"), "WorkflowExecutionStarted WorkflowExecutionSignaled WorkflowTaskScheduled");
  at.complete(at.poll(), {fail_command("two")});
  at.pass(4 * second);
  at.complete(at.poll(), {fail_command("three")});
  const auto last = at.last_event("w").workflow_execution_failed_event_attributes();
  EXPECT_EQ(last.retry_state(), enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
  EXPECT_EQ(last.new_execution_run_id(), "");
  at.pass(minute);
  EXPECT_TRUE(at.idle());
}

TEST_F(closing, is_not_followed_by_a_retry_of_what_must_not_be_repeated) {
  at.start("w", retry_twice);
  at.complete(at.poll(), {fail_command("never again", false)});
  EXPECT_EQ(at.last_event("w").workflow_execution_failed_event_attributes().retry_state(),
            enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  at.start("v", [](start_request& request) {
    retry_twice(request);
    request.mutable_workflow_execution_timeout()->set_seconds(1);
  });
  at.complete(at.poll(), {fail_command("too late")});
  EXPECT_EQ(at.last_event("v").workflow_execution_failed_event_attributes().retry_state(), enums::RETRY_STATE_TIMEOUT);
}

TEST_F(closing, continues_as_new_with_what_the_command_leaves_open) {
  const auto first = at.start("w", [](start_request& request) {
    request.mutable_workflow_run_timeout()->set_seconds(600);
    request.mutable_workflow_task_timeout()->set_seconds(7);
    request.mutable_priority()->set_priority_key(2);
  });
  auto command = make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
  auto& wanted = *command.mutable_continue_as_new_workflow_execution_command_attributes();
  wanted.mutable_input()->add_payloads()->set_data("next");
  at.complete(at.poll(), {command});
  const auto event = at.last_event("w", first).workflow_execution_continued_as_new_event_attributes();
  EXPECT_EQ(event.workflow_type().name(), "type");
  EXPECT_EQ(event.task_queue().name(), "queue");
  EXPECT_EQ(event.workflow_run_timeout().seconds(), 600);
  EXPECT_EQ(event.workflow_task_timeout().seconds(), 7);
  EXPECT_EQ(event.initiator(), enums::CONTINUE_AS_NEW_INITIATOR_UNSPECIFIED);
  EXPECT_EQ(event.workflow_task_completed_event_id(), 4);
  EXPECT_EQ(status("w", first), enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW);
  const auto begun = started("w", event.new_execution_run_id());
  EXPECT_EQ(begun.continued_execution_run_id(), first);
  EXPECT_EQ(begun.first_execution_run_id(), first);
  EXPECT_EQ(begun.initiator(), enums::CONTINUE_AS_NEW_INITIATOR_WORKFLOW);
  EXPECT_EQ(begun.attempt(), 1);
  EXPECT_EQ(begun.input().payloads(0).data(), "next");
  EXPECT_EQ(begun.priority().priority_key(), 2);
  const auto task = at.poll();
  EXPECT_EQ(task.workflow_execution().run_id(), event.new_execution_run_id());
  EXPECT_EQ(task.started_event_id(), 3);
}

TEST_F(closing, continues_as_new_as_the_command_says) {
  const auto first = at.start("w");
  auto command = make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
  auto& wanted = *command.mutable_continue_as_new_workflow_execution_command_attributes();
  wanted.mutable_workflow_type()->set_name("other");
  wanted.mutable_task_queue()->set_name("elsewhere");
  wanted.mutable_backoff_start_interval()->set_seconds(3);
  wanted.mutable_last_completion_result()->add_payloads()->set_data("so far");
  (*wanted.mutable_memo()->mutable_fields())["m"].set_data("1");
  (*wanted.mutable_header()->mutable_fields())["h"].set_data("1");
  at.complete(at.poll(), {command});
  const auto begun = started("w");
  EXPECT_EQ(begun.workflow_type().name(), "other");
  EXPECT_EQ(begun.task_queue().name(), "elsewhere");
  EXPECT_EQ(begun.first_workflow_task_backoff().seconds(), 3);
  EXPECT_EQ(begun.last_completion_result().payloads(0).data(), "so far");
  EXPECT_EQ(begun.memo().fields().at("m").data(), "1");
  EXPECT_EQ(begun.header().fields().at("h").data(), "1");
  EXPECT_TRUE(at.idle("elsewhere"));
  at.pass(3 * second);
  EXPECT_EQ(at.poll("elsewhere").workflow_type().name(), "other");
}

TEST_F(closing, refuses_to_continue_as_new_with_bad_attributes) {
  at.start("w");
  auto command = make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
  auto& wanted = *command.mutable_continue_as_new_workflow_execution_command_attributes();
  wanted.mutable_workflow_run_timeout()->set_seconds(-1);
  EXPECT_EQ(at.refuse(at.poll(), {command}).message,
            "BadContinueAsNewAttributes: Invalid WorkflowRunTimeout on ContinueAsNewWorkflowExecutionCommand: negative "
            "duration. WorkflowType=type TaskQueue=queue");
}

TEST_F(closing, is_followed_by_the_next_run_of_a_cron_schedule) {
  const auto first = at.start("w", [](start_request& request) { request.set_cron_schedule("0 * * * *"); });
  EXPECT_TRUE(at.idle());
  at.pass(60 * minute);
  at.complete(at.poll(), {complete_command("one")});
  const auto event = at.last_event("w", first).workflow_execution_completed_event_attributes();
  ASSERT_FALSE(event.new_execution_run_id().empty());
  const auto begun = started("w");
  EXPECT_EQ(begun.initiator(), enums::CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE);
  EXPECT_EQ(begun.last_completion_result().payloads(0).data(), "one");
  EXPECT_EQ(begun.cron_schedule(), "0 * * * *");
  EXPECT_EQ(begun.first_workflow_task_backoff().seconds(), 3600);
  EXPECT_EQ(begun.attempt(), 1);
  at.pass(60 * minute);
  at.complete(at.poll(), {fail_command("two")});
  // What succeeded last is still known to the run after a failed one.
  EXPECT_EQ(started("w").last_completion_result().payloads(0).data(), "one");
  EXPECT_EQ(started("w").continued_failure().message(), "two");
}

TEST_F(closing, by_the_timeout_of_a_run) {
  const auto first = at.start("w", [](start_request& request) {
    retry_twice(request);
    request.mutable_workflow_run_timeout()->set_seconds(20);
    request.mutable_workflow_execution_timeout()->set_seconds(30);
  });
  at.pass(20 * second);
  auto event = at.last_event("w", first).workflow_execution_timed_out_event_attributes();
  EXPECT_EQ(event.retry_state(), enums::RETRY_STATE_IN_PROGRESS);
  EXPECT_EQ(status("w", first), enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT);
  const auto begun = started("w");
  EXPECT_EQ(begun.attempt(), 2);
  EXPECT_EQ(begun.continued_failure().timeout_failure_info().timeout_type(), enums::TIMEOUT_TYPE_START_TO_CLOSE);
  // The deadline of the whole chain stays where it was.
  at.pass(10 * second);
  event = at.last_event("w").workflow_execution_timed_out_event_attributes();
  EXPECT_EQ(event.retry_state(), enums::RETRY_STATE_TIMEOUT);
  EXPECT_EQ(event.new_execution_run_id(), "");
}

TEST_F(closing, by_timeout_or_termination_takes_the_task_from_its_worker) {
  at.start("w");
  const auto task = at.poll();
  at.signal("w");
  at.terminate("w");
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskFailed WorkflowExecutionSignaled WorkflowExecutionTerminated");
  const auto failed = at.events("w")[3].workflow_task_failed_event_attributes();
  EXPECT_EQ(failed.cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND);
  EXPECT_EQ(failed.identity(), "history-service");
  const auto event = at.last_event("w").workflow_execution_terminated_event_attributes();
  EXPECT_EQ(event.reason(), "enough");
  EXPECT_EQ(event.identity(), "client");
  EXPECT_EQ(at.refuse(task, {}).code, rpc_code::not_found);
  at.start("v");
  at.terminate("v");
  EXPECT_EQ(at.event_types("v"), "WorkflowExecutionStarted WorkflowTaskScheduled WorkflowExecutionTerminated");
  EXPECT_TRUE(at.idle());
}

TEST_F(closing, answers_the_queries_of_its_last_task_first) {
  at.start("w");
  at.complete(at.poll());
  at.signal("w");
  service::QueryWorkflowRequest query;
  query.set_namespace_("default");
  query.mutable_execution()->set_workflow_id("w");
  query.mutable_query()->set_query_type("q");
  const auto asked = at.begin<service::QueryWorkflowResponse>(query);
  const auto task = at.poll();
  ASSERT_EQ(task.queries_size(), 1);
  at.complete(task, {complete_command()}, [&task](complete_request& request) {
    auto& result = (*request.mutable_query_results())[task.queries().begin()->first];
    result.set_result_type(enums::QUERY_RESULT_TYPE_ANSWERED);
    result.mutable_answer()->add_payloads()->set_data("answer");
  });
  EXPECT_EQ(asked.get().query_result().payloads(0).data(), "answer");
}

TEST_F(closing, stops_the_timers_of_the_run) {
  at.start("w");
  const auto task = at.poll();
  at.complete(task, {timer_command("t", 1)});
  at.terminate("w");
  at.pass(10 * second);
  EXPECT_EQ(at.last_event("w").event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED);
}

TEST_F(closing, does_not_wait_for_a_first_task_that_is_put_off) {
  at.start("w", [](start_request& request) { request.mutable_workflow_start_delay()->set_seconds(60); });
  EXPECT_TRUE(at.idle());
  at.terminate("w");
  at.pass(2 * minute);
  EXPECT_EQ(at.event_types("w"), "WorkflowExecutionStarted WorkflowExecutionTerminated");
}

}  // namespace closing_test
}  // namespace rondo::test
