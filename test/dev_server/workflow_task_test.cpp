#include <gtest/gtest.h>
#include <temporal/api/update/v1/message.pb.h>

#include <string>

#include "dev_server/durable_worker.hpp"
#include "dev_server/scripted_worker.hpp"

namespace rondo::test {
namespace workflow_task_test {

using server::minute;
using server::second;

struct workflow_task : ::testing::Test {
  scripted_worker at;

  /// A workflow whose first task was completed; the worker keeps it in memory when `sticky`.
  void settle(const std::string& id, bool sticky = false) {
    at.start(id);
    at.complete(at.poll(), {}, [sticky](complete_request& request) {
      if (sticky) scripted_worker::be_sticky(request);
    });
  }
};

TEST_F(workflow_task, goes_to_a_poll_with_all_that_a_worker_needs) {
  const auto run_id = at.start("w");
  const auto task = at.poll();
  EXPECT_EQ(task.workflow_execution().run_id(), run_id);
  EXPECT_EQ(task.workflow_type().name(), "type");
  EXPECT_EQ(task.started_event_id(), 3);
  EXPECT_EQ(task.previous_started_event_id(), 0);
  EXPECT_EQ(task.attempt(), 1);
  EXPECT_EQ(task.history().events_size(), 3);
  EXPECT_EQ(task.workflow_execution_task_queue().name(), "queue");
  EXPECT_TRUE(task.next_page_token().empty());
  at.complete(task, {}, [](complete_request& request) {
    request.mutable_sdk_metadata()->add_core_used_flags(7);
    request.mutable_metering_metadata()->set_nonfirst_local_activity_execution_attempts(2);
  });
  EXPECT_EQ(at.event_types("w"),
            "WorkflowExecutionStarted WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskCompleted");
  const auto events = at.events("w");
  const auto& scheduled = events[1].workflow_task_scheduled_event_attributes();
  EXPECT_EQ(scheduled.attempt(), 1);
  EXPECT_EQ(scheduled.start_to_close_timeout().seconds(), 10);
  EXPECT_EQ(scheduled.task_queue().name(), "queue");
  const auto& started = events[2].workflow_task_started_event_attributes();
  EXPECT_EQ(started.scheduled_event_id(), 2);
  EXPECT_EQ(started.identity(), "worker");
  EXPECT_FALSE(started.request_id().empty());
  EXPECT_GT(started.history_size_bytes(), 0);
  const auto& completed = events[3].workflow_task_completed_event_attributes();
  EXPECT_EQ(completed.scheduled_event_id(), 2);
  EXPECT_EQ(completed.started_event_id(), 3);
  EXPECT_EQ(completed.identity(), "worker");
  EXPECT_EQ(completed.sdk_metadata().core_used_flags(0), 7U);
  EXPECT_EQ(completed.metering_metadata().nonfirst_local_activity_execution_attempts(), 2U);
}

TEST_F(workflow_task, goes_to_a_poll_that_waits) {
  const auto poll = at.begin_poll();
  EXPECT_FALSE(poll.done());
  at.start("w");
  EXPECT_EQ(poll.get().workflow_execution().workflow_id(), "w");
}

TEST_F(workflow_task, is_retried_without_events_after_a_failure) {
  at.start("w");
  at.fail(at.poll());
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskFailed");
  const auto failed = at.last_event("w").workflow_task_failed_event_attributes();
  EXPECT_EQ(failed.cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  EXPECT_EQ(failed.failure().message(), "bad replay");
  EXPECT_EQ(failed.identity(), "worker");
  EXPECT_EQ(failed.started_event_id(), 3);
  const auto second_try = at.poll();
  EXPECT_EQ(second_try.attempt(), 2);
  EXPECT_EQ(second_try.started_event_id(), 6);
  ASSERT_EQ(second_try.history().events_size(), 6);
  EXPECT_EQ(second_try.history().events(4).event_id(), 5);
  EXPECT_EQ(second_try.history().events(4).workflow_task_scheduled_event_attributes().attempt(), 2);
  EXPECT_EQ(second_try.history().events(5).workflow_task_started_event_attributes().scheduled_event_id(), 5);
  EXPECT_EQ(at.events("w").size(), 4U);
  at.fail(second_try);
  EXPECT_EQ(at.events("w").size(), 4U);
  const auto third_try = at.poll();
  EXPECT_EQ(third_try.attempt(), 3);
  at.complete(third_try, {marker_command("m")});
  EXPECT_EQ(at.types_from("w", 5), "WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskCompleted MarkerRecorded");
  EXPECT_EQ(at.events("w")[4].workflow_task_scheduled_event_attributes().attempt(), 3);
  at.signal("w");
  EXPECT_EQ(at.poll().attempt(), 1);
}

TEST_F(workflow_task, waits_longer_and_longer_from_the_fourth_attempt_on) {
  at.start("w");
  for (int attempt = 1; attempt <= 3; ++attempt) at.fail(at.poll());
  EXPECT_TRUE(at.idle());
  at.pass(5 * second - 1);
  EXPECT_TRUE(at.idle());
  at.pass(1);
  const auto fourth = at.poll();
  EXPECT_EQ(fourth.attempt(), 4);
  at.fail(fourth);
  at.pass(10 * second - 1);
  EXPECT_TRUE(at.idle());
  at.pass(1);
  for (int attempt = 5; attempt < 15; ++attempt) {
    at.fail(at.poll());
    at.pass(10 * minute);
  }
  EXPECT_EQ(at.poll().attempt(), 15);
}

TEST_F(workflow_task, begins_anew_when_something_happened_between_attempts) {
  at.start("w");
  at.fail(at.poll());
  at.signal("w");
  const auto task = at.poll();
  EXPECT_EQ(task.attempt(), 1);
  EXPECT_EQ(task.started_event_id(), 7);
  EXPECT_EQ(at.types_from("w", 5), "WorkflowExecutionSignaled WorkflowTaskScheduled WorkflowTaskStarted");
}

TEST_F(workflow_task, times_out_when_the_worker_does_not_answer) {
  at.start("w");
  const auto lost = at.poll();
  at.pass(10 * second - 1);
  EXPECT_TRUE(at.idle());
  at.pass(1);
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskTimedOut");
  const auto event = at.last_event("w").workflow_task_timed_out_event_attributes();
  EXPECT_EQ(event.timeout_type(), enums::TIMEOUT_TYPE_START_TO_CLOSE);
  EXPECT_EQ(event.scheduled_event_id(), 2);
  EXPECT_EQ(event.started_event_id(), 3);
  EXPECT_EQ(at.refuse(lost, {complete_command()}).message, "Workflow task not found.");
  EXPECT_EQ(at.poll().attempt(), 2);
  at.pass(10 * second);
  EXPECT_EQ(at.events("w").size(), 4U);
  EXPECT_EQ(at.poll().attempt(), 3);
}

TEST_F(workflow_task, refuses_tokens_that_are_no_good) {
  at.start("w");
  auto task = at.poll();
  const auto refused = [&](const std::string& token) {
    task.set_task_token(token);
    return at.refuse(task, {});
  };
  const std::string good = task.task_token();
  EXPECT_EQ(refused("").message, "Task token not set on request.");
  EXPECT_EQ(refused("\xff\xff").message, "Error deserializing task token.");
  EXPECT_EQ(refused("\xff\xff").code, rpc_code::invalid_argument);
  task.set_task_token(good);
  const auto other = at.refuse(task, {}, [](complete_request& request) { request.set_namespace_("other"); });
  EXPECT_EQ(other.code, rpc_code::not_found);
  EXPECT_EQ(other.message, "Namespace other is not found.");
  at.complete(task);
  EXPECT_EQ(at.refuse(task, {}).code, rpc_code::not_found);
  EXPECT_EQ(at.refused<service::RespondWorkflowTaskFailedResponse>(scripted_worker::failing(task)).message,
            "Workflow task not found.");
  at.terminate("w");
  EXPECT_EQ(at.refuse(task, {}).message, "Workflow task not found.");
  EXPECT_EQ(at.refused<service::RespondWorkflowTaskFailedResponse>(scripted_worker::failing(task)).message,
            "workflow execution already completed");
}

TEST_F(workflow_task, keeps_events_back_until_the_worker_has_answered) {
  at.start("w");
  const auto task = at.poll();
  at.signal("w", "one");
  at.signal("w", "two");
  EXPECT_EQ(at.events("w").size(), 3U);
  at.complete(task, {marker_command("m")});
  EXPECT_EQ(at.types_from("w", 4),
            "WorkflowTaskCompleted MarkerRecorded WorkflowExecutionSignaled WorkflowExecutionSignaled "
            "WorkflowTaskScheduled");
  const auto next = at.poll();
  EXPECT_EQ(next.previous_started_event_id(), 3);
  EXPECT_EQ(next.history().events_size(), 9);
}

TEST_F(workflow_task, does_not_end_a_workflow_that_has_not_seen_everything) {
  at.start("w");
  const auto task = at.poll();
  at.signal("w");
  const auto status = at.refuse(task, {complete_command()});
  EXPECT_EQ(status.code, rpc_code::invalid_argument);
  EXPECT_EQ(status.message, "UnhandledCommand");
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskFailed WorkflowExecutionSignaled WorkflowTaskScheduled");
  EXPECT_EQ(at.events("w")[3].workflow_task_failed_event_attributes().cause(),
            enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND);
  at.complete(at.poll(), {complete_command()});
  EXPECT_EQ(at.describe("w").workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
}

TEST_F(workflow_task, goes_to_the_worker_that_has_the_workflow_in_memory) {
  settle("w", true);
  const auto sticky = at.begin_poll("sticky", true);
  at.signal("w");
  const auto task = sticky.get();
  EXPECT_EQ(task.previous_started_event_id(), 3);
  ASSERT_EQ(task.history().events_size(), 4);
  EXPECT_EQ(task.history().events(0).event_id(), 4);
  const auto& queue = task.history().events(2).workflow_task_scheduled_event_attributes().task_queue();
  EXPECT_EQ(queue.name(), "sticky");
  EXPECT_EQ(queue.kind(), enums::TASK_QUEUE_KIND_STICKY);
  EXPECT_EQ(queue.normal_name(), "queue");
}

TEST_F(workflow_task, leaves_a_sticky_queue_that_nobody_polls_any_more) {
  settle("w", true);
  EXPECT_TRUE(at.idle("sticky", true));
  at.signal("w");
  EXPECT_TRUE(at.idle());
  at.pass(5 * second);
  EXPECT_EQ(at.types_from("w", 5),
            "WorkflowExecutionSignaled WorkflowTaskScheduled WorkflowTaskTimedOut WorkflowTaskScheduled");
  const auto events = at.events("w");
  const auto& timed_out = events[6].workflow_task_timed_out_event_attributes();
  EXPECT_EQ(timed_out.timeout_type(), enums::TIMEOUT_TYPE_SCHEDULE_TO_START);
  EXPECT_EQ(timed_out.scheduled_event_id(), 6);
  EXPECT_EQ(timed_out.started_event_id(), 0);
  EXPECT_EQ(events[7].workflow_task_scheduled_event_attributes().task_queue().name(), "queue");
  const auto task = at.poll();
  EXPECT_EQ(task.attempt(), 1);
  EXPECT_EQ(task.history().events_size(), 9);
}

TEST_F(workflow_task, passes_over_a_sticky_queue_that_had_no_poll) {
  settle("w", true);
  at.signal("w");
  const auto task = at.poll();
  EXPECT_EQ(task.history().events_size(), 7);
  at.complete(task);
  // Without sticky attributes it stays with the queue that all workers share.
  at.signal("w");
  EXPECT_EQ(at.last_event("w").workflow_task_scheduled_event_attributes().task_queue().name(), "queue");
}

TEST_F(workflow_task, forgets_the_sticky_worker_on_demand_and_on_failures) {
  settle("w", true);
  EXPECT_TRUE(at.idle("sticky", true));
  service::ResetStickyTaskQueueRequest request;
  request.set_namespace_("default");
  request.mutable_execution()->set_workflow_id("w");
  at.ask<service::ResetStickyTaskQueueResponse>(request);
  at.signal("w");
  auto task = at.poll();
  EXPECT_EQ(task.history().events_size(), 7);
  at.complete(task, {}, scripted_worker::be_sticky);
  const auto sticky = at.begin_poll("sticky", true);
  at.signal("w");
  at.fail(sticky.get());
  // It may be the sticky worker's fault alone: the next task counts as a first attempt.
  task = at.poll();
  EXPECT_EQ(task.attempt(), 1);
  EXPECT_EQ(task.history().events(0).event_id(), 1);
  at.terminate("w");
  EXPECT_EQ(at.refused<service::ResetStickyTaskQueueResponse>(request).message, "workflow execution already completed");
}

TEST_F(workflow_task, comes_back_with_the_answer_to_the_one_before) {
  settle("w");
  at.signal("w");
  const auto task = at.poll();
  at.signal("w");
  const auto answer = at.complete(task, {}, [](complete_request& request) {
    scripted_worker::be_sticky(request);
    request.set_return_new_workflow_task(true);
  });
  const auto& next = answer.workflow_task();
  EXPECT_EQ(next.previous_started_event_id(), 7);
  ASSERT_EQ(next.history().events_size(), 4);
  EXPECT_EQ(next.history().events(0).event_id(), 8);
  EXPECT_EQ(next.history().events(3).workflow_task_started_event_attributes().request_id(),
            "request-from-RespondWorkflowTaskCompleted");
  EXPECT_TRUE(at.idle());
  const auto last =
      at.complete(next, {}, [](complete_request& request) { request.set_return_new_workflow_task(true); });
  EXPECT_FALSE(last.has_workflow_task());
}

TEST_F(workflow_task, lets_a_worker_go_on_for_half_an_hour) {
  at.start("w");
  auto task = at.poll();
  const auto beat = [](complete_request& request) {
    scripted_worker::be_sticky(request);
    request.set_force_create_new_workflow_task(true);
    request.set_return_new_workflow_task(true);
  };
  for (int beats = 0; beats < 225; ++beats) {
    at.pass(8 * second);
    task = at.complete(task, {}, beat).workflow_task();
  }
  at.pass(1 * second);
  const auto status = at.refuse(task, {}, beat);
  EXPECT_EQ(status.code, rpc_code::not_found);
  EXPECT_EQ(status.message, "workflow task heartbeat timeout");
  const auto events = at.events("w");
  EXPECT_EQ(events[events.size() - 2].event_type(), enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
  EXPECT_EQ(events.back().workflow_task_scheduled_event_attributes().task_queue().name(), "queue");
  // Progress begins a new row of heartbeats.
  task = at.complete(at.poll(), {marker_command("m")}, beat).workflow_task();
  EXPECT_EQ(task.attempt(), 1);
}

TEST_F(workflow_task, brings_long_histories_in_pages) {
  at.state->limit().history_page = 4;
  settle("w");
  for (int each = 0; each < 6; ++each) at.signal("w");
  const auto task = at.poll();
  EXPECT_EQ(task.history().events_size(), 4);
  ASSERT_FALSE(task.next_page_token().empty());
  service::GetWorkflowExecutionHistoryRequest request;
  request.set_namespace_("default");
  request.mutable_execution()->set_workflow_id("w");
  request.set_next_page_token(task.next_page_token());
  std::int64_t last = 4;
  while (!request.next_page_token().empty()) {
    const auto page = at.ask<service::GetWorkflowExecutionHistoryResponse>(request);
    ASSERT_LE(page.history().events_size(), 4);
    for (const auto& event : page.history().events()) EXPECT_EQ(event.event_id(), ++last);
    request.set_next_page_token(page.next_page_token());
    if (page.history().events_size() == 0) break;
  }
  EXPECT_EQ(last, task.started_event_id());
}

TEST_F(workflow_task, suggests_to_continue_as_new) {
  at.state->limit().suggest_events = 7;
  settle("w");
  at.signal("w");
  at.complete(at.poll());
  const auto started = at.events("w")[6].workflow_task_started_event_attributes();
  EXPECT_TRUE(started.suggest_continue_as_new());
  ASSERT_EQ(started.suggest_continue_as_new_reasons_size(), 1);
  EXPECT_EQ(started.suggest_continue_as_new_reasons(0), enums::SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_HISTORY_EVENTS);
  EXPECT_FALSE(at.events("w")[2].workflow_task_started_event_attributes().suggest_continue_as_new());
}

TEST_F(workflow_task, ends_a_workflow_with_too_long_a_history) {
  at.state->limit().history_events = 8;
  settle("w");
  for (int each = 0; each < 3; ++each) at.signal("w");
  EXPECT_EQ(at.last_event("w").workflow_execution_terminated_event_attributes().reason(),
            "Workflow history count exceeds limit.");
  EXPECT_EQ(at.describe("w").workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
}

TEST_F(workflow_task, gives_up_on_a_worker_that_lets_too_much_wait) {
  at.state->limit().buffered_events = 3;
  at.start("w");
  const auto task = at.poll();
  for (int each = 0; each < 4; ++each) at.signal("w");
  EXPECT_EQ(at.types_from("w", 4),
            "WorkflowTaskFailed WorkflowExecutionSignaled WorkflowExecutionSignaled WorkflowExecutionSignaled "
            "WorkflowExecutionSignaled WorkflowTaskScheduled");
  EXPECT_EQ(at.refuse(task, {}).code, rpc_code::not_found);
}

TEST_F(workflow_task, knows_the_rules_of_versioned_workers) {
  at.start("w");
  const auto task = at.poll();
  const auto status = at.refuse(
      task, {}, [](complete_request& request) { request.set_versioning_behavior(enums::VERSIONING_BEHAVIOR_PINNED); });
  EXPECT_EQ(status.message,
            "versioning behavior cannot be specified without deployment options being set with versioned mode");
  const auto paged = at.refuse(task, {}, [](complete_request& request) { request.set_intermediate_page(true); });
  EXPECT_EQ(paged.code, rpc_code::failed_precondition);
  at.complete(task);
}

TEST(durable_workflow_task, survives_the_server) {
  const scratch dir;
  const auto settings = durable_options(dir);
  poll_response held;
  poll_response retried;
  {
    durable_worker before(settings);
    before.start_durably("held");
    held = before.poll_durably();
    before.signal_durably("held");
    before.start_durably("retried");
    const auto failing = scripted_worker::failing(before.poll_durably());
    before.wait_for<service::RespondWorkflowTaskFailedResponse>(failing);
    retried = before.poll_durably();
    before.start_durably("timer");
    before.complete_durably(before.poll_durably(), {timer_command("t", 5)});
    before.start_durably("waiting");
  }
  durable_worker after(settings);
  // Workers may answer what they had; who waits for a task gets what waited.
  after.complete_durably(held, {marker_command("m")});
  EXPECT_EQ(after.types_from("held", 4),
            "WorkflowTaskCompleted MarkerRecorded WorkflowExecutionSignaled WorkflowTaskScheduled");
  after.complete_durably(retried, {marker_command("m")});
  EXPECT_EQ(after.types_from("retried", 5),
            "WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskCompleted MarkerRecorded");
  EXPECT_EQ(after.poll_durably().workflow_execution().workflow_id(), "waiting");
  EXPECT_EQ(after.poll_durably().workflow_execution().workflow_id(), "held");
  const auto last = after.begin_poll();
  EXPECT_FALSE(last.done());
  after.pass(5 * second);
  after.loop.run_until([&last] { return last.done(); });
  EXPECT_EQ(last.get().workflow_execution().workflow_id(), "timer");
  EXPECT_EQ(after.types_from("timer", 5), "TimerStarted TimerFired WorkflowTaskScheduled WorkflowTaskStarted");
}

// Tasks that exist for updates alone.

temporal::api::protocol::v1::Message answer_to(const poll_response& task, const google::protobuf::Message& body,
                                               const std::string& kind) {
  temporal::api::protocol::v1::Message message;
  message.set_id(task.messages(0).id() + "/" + kind);
  message.set_protocol_instance_id(task.messages(0).protocol_instance_id());
  message.mutable_body()->PackFrom(body);
  return message;
}

void reject_update(const poll_response& task, complete_request& request) {
  temporal::api::update::v1::Rejection body;
  body.set_rejected_request_message_id(task.messages(0).id());
  body.set_rejected_request_sequencing_event_id(task.messages(0).event_id());
  body.mutable_failure()->set_message("no");
  body.mutable_failure()->mutable_application_failure_info();
  *request.add_messages() = answer_to(task, body, "reject");
}

void accept_update(const poll_response& task, complete_request& request) {
  temporal::api::update::v1::Acceptance accepted;
  accepted.set_accepted_request_message_id(task.messages(0).id());
  accepted.set_accepted_request_sequencing_event_id(task.messages(0).event_id());
  temporal::api::update::v1::Response done;
  done.mutable_meta()->set_update_id(task.messages(0).protocol_instance_id());
  done.mutable_outcome()->mutable_success()->add_payloads()->set_data("yes");
  *request.add_messages() = answer_to(task, accepted, "accept");
  *request.add_messages() = answer_to(task, done, "complete");
  for (const auto& message : request.messages()) {
    auto command = make_command(enums::COMMAND_TYPE_PROTOCOL_MESSAGE);
    command.mutable_protocol_message_command_attributes()->set_message_id(message.id());
    *request.add_commands() = command;
  }
}

TEST_F(workflow_task, leaves_no_trace_of_a_refused_update) {
  settle("w");
  const auto update = at.begin_update("w", "u");
  const auto task = at.poll();
  EXPECT_EQ(at.events("w").size(), 4U);
  EXPECT_EQ(task.started_event_id(), 6);
  EXPECT_EQ(task.history().events_size(), 6);
  ASSERT_EQ(task.messages_size(), 1);
  EXPECT_EQ(task.messages(0).event_id(), 5);
  const auto answer = at.complete(task, {}, [&](complete_request& request) { reject_update(task, request); });
  EXPECT_EQ(answer.reset_history_event_id(), 3);
  EXPECT_EQ(at.events("w").size(), 4U);
  EXPECT_EQ(update.get().outcome().failure().message(), "no");
  EXPECT_TRUE(at.idle());
}

TEST_F(workflow_task, enters_the_history_with_an_accepted_update) {
  settle("w");
  const auto update = at.begin_update("w", "u");
  const auto task = at.poll();
  at.complete(task, {}, [&](complete_request& request) { accept_update(task, request); });
  EXPECT_EQ(at.types_from("w", 5),
            "WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskCompleted WorkflowExecutionUpdateAccepted "
            "WorkflowExecutionUpdateCompleted");
  EXPECT_EQ(update.get().outcome().success().payloads(0).data(), "yes");
}

TEST_F(workflow_task, enters_the_history_as_soon_as_something_else_happens) {
  settle("w");
  const auto waiting = at.begin_update("w", "u");
  at.signal("w");
  EXPECT_EQ(at.types_from("w", 5), "WorkflowTaskScheduled WorkflowExecutionSignaled");
  auto task = at.poll();
  ASSERT_EQ(task.messages_size(), 1);
  at.complete(task, {}, [&](complete_request& request) { reject_update(task, request); });
  EXPECT_EQ(at.types_from("w", 7), "WorkflowTaskStarted WorkflowTaskCompleted");

  const auto started = at.begin_update("w", "v");
  task = at.poll();
  at.signal("w");
  EXPECT_EQ(at.types_from("w", 9), "WorkflowTaskScheduled WorkflowTaskStarted");
  const auto answer = at.complete(task, {}, [&](complete_request& request) { reject_update(task, request); });
  EXPECT_EQ(answer.reset_history_event_id(), 0);
  EXPECT_EQ(at.types_from("w", 11), "WorkflowTaskCompleted WorkflowExecutionSignaled WorkflowTaskScheduled");
}

TEST_F(workflow_task, is_recorded_when_a_speculative_one_fails_or_times_out) {
  settle("w");
  const auto update = at.begin_update("w", "u");
  at.fail(at.poll());
  EXPECT_EQ(at.types_from("w", 5), "WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskFailed");
  auto task = at.poll();
  ASSERT_EQ(task.messages_size(), 1);
  EXPECT_EQ(task.attempt(), 2);
  at.complete(task, {}, [&](complete_request& request) { accept_update(task, request); });
  EXPECT_TRUE(update.done());
  const auto other = at.begin_update("w", "v");
  const auto lost = at.poll();
  at.pass(10 * second);
  EXPECT_EQ(at.last_event("w").event_type(), enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
  task = at.poll();
  EXPECT_EQ(task.messages_size(), 1);
}

}  // namespace workflow_task_test
}  // namespace rondo::test
