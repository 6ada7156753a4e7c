#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "tools/event_text.hpp"
#include "tools/failure_text.hpp"
#include "tools/printer.hpp"
#include "tools/task_queue_text.hpp"
#include "tools/workflow_history.hpp"
#include "tools/workflow_views.hpp"

namespace rondo::tools {
namespace view_test {

time_writer iso() { return time_writer(time_format::iso); }

printer printing(std::ostringstream& out, output_format form) {
  return printer(out, form, payload_style::shorthand, iso());
}

Failure card_declined() {
  Failure failure;
  failure.set_message("activity failed");
  auto& of_activity = *failure.mutable_activity_failure_info();
  of_activity.mutable_activity_type()->set_name("charge");
  of_activity.set_activity_id("7");
  auto& cause = *failure.mutable_cause();
  cause.set_message("card declined");
  cause.mutable_application_failure_info()->set_type("Payment");
  cause.mutable_application_failure_info()->set_non_retryable(true);
  *cause.mutable_application_failure_info()->mutable_details()->add_payloads() = json_payload("42");
  return failure;
}

TEST(failure_text, tells_the_chain_of_causes) {
  EXPECT_EQ(failure_lines(card_declined()),
            (std::vector<std::string>{"activity failed (activity charge, id 7)",
                                      "caused by: card declined (type Payment, not retryable, details 42)"}));
  EXPECT_EQ(
      failure_chain(card_declined()),
      "activity failed (activity charge, id 7); caused by: card declined (type Payment, not retryable, details 42)");
  EXPECT_EQ(failure_line(Failure()), "failure without a message");
}

TEST(failure_text, names_every_kind) {
  Failure failure;
  failure.mutable_timeout_failure_info()->set_timeout_type(temporal::api::enums::v1::TIMEOUT_TYPE_START_TO_CLOSE);
  EXPECT_EQ(failure_line(failure), "timeout StartToClose");
  failure.mutable_canceled_failure_info();
  EXPECT_EQ(failure_line(failure), "cancelled");
  failure.mutable_terminated_failure_info();
  EXPECT_EQ(failure_line(failure), "terminated");
  failure.mutable_server_failure_info();
  EXPECT_EQ(failure_line(failure), "server failure");
  auto& child = *failure.mutable_child_workflow_execution_failure_info();
  child.mutable_workflow_type()->set_name("Ship");
  child.mutable_workflow_execution()->set_workflow_id("ship-1");
  EXPECT_EQ(failure_line(failure), "child workflow Ship, id ship-1");
  failure.mutable_nexus_operation_execution_failure_info()->set_service("s");
  failure.mutable_nexus_operation_execution_failure_info()->set_operation("o");
  EXPECT_EQ(failure_line(failure), "Nexus operation s.o");
  failure.mutable_nexus_handler_failure_info()->set_type("INTERNAL");
  EXPECT_EQ(failure_line(failure), "Nexus handler, INTERNAL");
}

TEST(event_text, shows_what_the_type_leaves_open) {
  HistoryEvent event;
  event.set_event_type(temporal::api::enums::v1::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
  EXPECT_EQ(event_type_text(event), "ActivityTaskScheduled");
  EXPECT_EQ(event_details(event), "");
  auto& activity = *event.mutable_activity_task_scheduled_event_attributes();
  activity.set_activity_id("5");
  activity.mutable_activity_type()->set_name("charge");
  *activity.mutable_input()->add_payloads() = json_payload(R"({"cents":1200})");
  EXPECT_EQ(event_details(event), R"(charge, id 5, input {"cents":1200})");

  auto& timer = *event.mutable_timer_started_event_attributes();
  timer.set_timer_id("1");
  timer.mutable_start_to_fire_timeout()->set_seconds(90);
  EXPECT_EQ(event_details(event), "id 1, after 1m30s");

  *event.mutable_activity_task_failed_event_attributes()->mutable_failure() = card_declined();
  EXPECT_EQ(event_details(event).rfind("failure activity failed", 0), 0U);

  auto& task = *event.mutable_workflow_task_failed_event_attributes();
  task.set_cause(temporal::api::enums::v1::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  EXPECT_EQ(event_details(event), "cause NonDeterministicError");

  event.mutable_activity_task_started_event_attributes()->set_attempt(1);
  EXPECT_EQ(event_details(event), "");
  event.mutable_activity_task_started_event_attributes()->set_attempt(3);
  EXPECT_EQ(event_details(event), "attempt 3");

  event.mutable_workflow_execution_update_accepted_event_attributes()
      ->mutable_accepted_request()
      ->mutable_input()
      ->set_name("add_item");
  EXPECT_EQ(event_details(event), "update add_item");
  auto& outcome = *event.mutable_workflow_execution_update_completed_event_attributes()->mutable_outcome();
  *outcome.mutable_success()->add_payloads() = json_payload("3");
  EXPECT_EQ(event_details(event), "result 3");
}

TEST(history_text, rows_keep_their_columns_from_page_to_page) {
  std::ostringstream out;
  const auto to = printing(out, output_format::text);
  event_table rows(to);
  temporal::api::history::v1::History page;
  rows.print(page);
  EXPECT_EQ(out.str(), "");
  for (int id = 1; id <= 2; ++id) {
    page.Clear();
    auto& event = *page.add_events();
    event.set_event_id(id);
    event.mutable_event_time()->set_seconds(1795284281);
    event.set_event_type(temporal::api::enums::v1::EVENT_TYPE_TIMER_FIRED);
    event.mutable_timer_fired_event_attributes()->set_timer_id("a\nb");
    rows.print(page);
  }
  EXPECT_EQ(out.str(),
            "Progress:\n"
            "   ID  Time                  Type                            Details\n"
            "    1  2026-11-21T18:04:41Z  TimerFired                      id a b\n"
            "    2  2026-11-21T18:04:41Z  TimerFired                      id a b\n");
}

TEST(ending, is_told_for_every_last_event) {
  HistoryEvent event;
  EXPECT_EQ(ending_of(event).status, "");
  *event.mutable_workflow_execution_completed_event_attributes()->mutable_result()->add_payloads() =
      json_payload("[1]");
  EXPECT_EQ(ending_of(event).problem, "");
  EXPECT_EQ(ending_text(event), "Results:\n  Status  COMPLETED\n  Result  [1]\n");
  const std::string json = ending_json(event, {"w", {}}, "r", payload_style::shorthand);
  EXPECT_EQ(json.rfind(R"({"workflowId":"w","runId":"r","status":"COMPLETED","closeEvent":{)", 0), 0U) << json;
  EXPECT_TRUE(json.ends_with(R"("result":[1]})")) << json;

  *event.mutable_workflow_execution_failed_event_attributes()->mutable_failure() = card_declined();
  EXPECT_EQ(ending_of(event).problem.rfind("failed: activity failed", 0), 0U);
  EXPECT_EQ(ending_text(event),
            "Results:\n  Status   FAILED\n  Failure  activity failed (activity charge, id 7)\n"
            "           caused by: card declined (type Payment, not retryable, details 42)\n");

  event.mutable_workflow_execution_timed_out_event_attributes();
  EXPECT_EQ(ending_of(event).problem, "timed out");
  event.mutable_workflow_execution_canceled_event_attributes();
  EXPECT_EQ(ending_of(event).status, "CANCELED");
  event.mutable_workflow_execution_terminated_event_attributes()->set_reason("enough");
  EXPECT_EQ(ending_of(event).problem, "was terminated: enough");
  event.mutable_workflow_execution_terminated_event_attributes()->clear_reason();
  EXPECT_EQ(ending_of(event).problem, "was terminated");
  event.mutable_workflow_execution_continued_as_new_event_attributes()->set_new_execution_run_id("next");
  EXPECT_EQ(ending_text(event), "Results:\n  Status    CONTINUED_AS_NEW\n  NewRunId  next\n");
}

TEST(description, has_a_part_for_each_pending_thing) {
  service::DescribeWorkflowExecutionResponse response;
  auto& info = *response.mutable_workflow_execution_info();
  info.mutable_execution()->set_workflow_id("order-1");
  info.mutable_type()->set_name("Order");
  info.set_status(temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_RUNNING);
  (*info.mutable_memo()->mutable_fields())["k"] = json_payload("1");
  response.mutable_execution_config()->mutable_workflow_run_timeout()->set_seconds(60);
  auto& activity = *response.add_pending_activities();
  activity.set_activity_id("5");
  activity.mutable_activity_type()->set_name("charge");
  activity.set_state(temporal::api::enums::v1::PENDING_ACTIVITY_STATE_SCHEDULED);
  activity.set_attempt(2);
  activity.set_maximum_attempts(3);
  *activity.mutable_last_failure() = card_declined();
  response.add_pending_children()->set_workflow_id("child-1");
  response.mutable_pending_workflow_task()->set_attempt(1);
  EXPECT_EQ(description_text(response, "default", iso()),
            "Execution Info:\n"
            "  WorkflowId  order-1\n"
            "  Type        Order\n"
            "  Namespace   default\n"
            "  Status      Running\n"
            "  RunTimeout  1m0s\n"
            "  Memo        {\"k\": 1}\n"
            "Pending Workflow Task:\n"
            "  State    Unspecified\n"
            "  Attempt  1\n"
            "\n"
            "Pending Activities: 1\n"
            "  ActivityId   5\n"
            "  Type         charge\n"
            "  State        Scheduled\n"
            "  Attempt      2 of 3\n"
            "  LastFailure  activity failed (activity charge, id 7)\n"
            "               caused by: card declined (type Payment, not retryable, details 42)\n"
            "\n"
            "Pending Child Workflows: 1\n"
            "  WorkflowId         child-1\n"
            "  ParentClosePolicy  Unspecified\n"
            "\n"
            "Pending Nexus Operations: 0\n");
}

described_queue busy_queue() {
  described_queue queue{"workflow", {}};
  auto& poller = *queue.response.add_pollers();
  poller.set_identity("1@host");
  poller.mutable_last_access_time()->set_seconds(1795284281);
  poller.set_rate_per_second(100000);
  poller.mutable_deployment_options()->set_deployment_name("orders");
  poller.mutable_deployment_options()->set_build_id("v1");
  auto& stats = *queue.response.mutable_stats();
  stats.set_approximate_backlog_count(12);
  stats.mutable_approximate_backlog_age()->set_seconds(3);
  stats.set_tasks_add_rate(2.5F);
  stats.set_tasks_dispatch_rate(0.5F);
  return queue;
}

TEST(task_queue_text, shows_statistics_and_pollers) {
  const std::vector<described_queue> queues{busy_queue(), {"activity", {}}};
  EXPECT_EQ(statistics_table(queues),
            "  TaskQueueType  ApproximateBacklogCount  ApproximateBacklogAge  BacklogIncreaseRate  TasksAddRate  "
            "TasksDispatchRate\n"
            "  workflow                            12                     3s                    2           2.5  "
            "              0.5\n");
  EXPECT_EQ(poller_table(queues, iso()),
            "  TaskQueueType  Identity  Version    LastAccessTime        RatePerSecond\n"
            "  workflow       1@host    orders:v1  2026-11-21T18:04:41Z         100000\n");
  EXPECT_EQ(versioning_text(queues), "");
  EXPECT_EQ(task_queue_json(queues),
            R"({"pollers":[{"taskQueueType":"workflow","identity":"1@host","version":"orders:v1",)"
            R"("lastAccessTime":"2026-11-21T18:04:41Z","ratePerSecond":1e+05}],)"
            R"("stats":[{"taskQueueType":"workflow","approximateBacklogCount":12,"approximateBacklogAge":"3s",)"
            R"("backlogIncreaseRate":2,"tasksAddRate":2.5,"tasksDispatchRate":0.5}]})");
}

TEST(printer, prints_lists_in_either_form) {
  const auto list = [](output_format form, int elements) {
    std::ostringstream out;
    const auto to = printing(out, form);
    json_list made(to);
    for (int i = 0; i < elements; ++i) made.add("{\"a\":1}");
    made.finish();
    to.text("text\n");
    return out.str();
  };
  EXPECT_EQ(list(output_format::json, 0), "[]\n");
  EXPECT_EQ(list(output_format::json, 2), "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 1\n  }\n]\n");
  EXPECT_EQ(list(output_format::json_lines, 2), "{\"a\":1}\n{\"a\":1}\n");
  EXPECT_EQ(list(output_format::text, 2), "text\n");
  EXPECT_EQ(list(output_format::none, 2), "");
}

}  // namespace view_test
}  // namespace rondo::tools
