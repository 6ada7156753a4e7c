#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dev_server/update_worker.hpp"

namespace rondo::test {
namespace reset_test {

using server::second;
using reset_request = service::ResetWorkflowExecutionRequest;
using reset_response = service::ResetWorkflowExecutionResponse;

reset_request make_request(const std::string& id, std::int64_t event, const std::string& run_id = {}) {
  reset_request request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id(id);
  request.mutable_workflow_execution()->set_run_id(run_id);
  request.set_reason("why");
  request.set_request_id("reset");
  request.set_workflow_task_finish_event_id(event);
  return request;
}

struct reset : ::testing::Test {
  update_worker at;

  std::string to(const std::string& id, std::int64_t event, const scripted_worker::change<reset_request>& with = {}) {
    auto request = make_request(id, event);
    if (with) with(request);
    return at.ask<reset_response>(request).run_id();
  }
  service::PollActivityTaskQueueResponse poll_activity() {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("queue");
    request.set_identity("worker");
    return at.ask<service::PollActivityTaskQueueResponse>(request);
  }
};

TEST_F(reset, knows_the_events_of_the_requests_before_the_point) {
  at.start("w");
  service::SignalWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_signal_name("signal");
  request.set_request_id("once");
  at.ask<service::SignalWorkflowExecutionResponse>(request);
  at.complete(at.poll(), {});
  to("w", 5);
  const auto known = at.describe("w").workflow_extended_info().request_id_infos().at("once");
  EXPECT_EQ(known.event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
  EXPECT_EQ(known.event_id(), 3);
  const auto length = at.events("w").size();
  at.ask<service::SignalWorkflowExecutionResponse>(request);
  EXPECT_EQ(at.events("w").size(), length) << "it is there already";
}

TEST_F(reset, begins_a_run_with_the_events_up_to_the_task) {
  const auto first = at.settle("w");
  const auto run_id = to("w", 4);
  EXPECT_NE(run_id, first);
  EXPECT_EQ(at.event_types("w"),
            "WorkflowExecutionStarted WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskFailed "
            "WorkflowTaskScheduled");
  const auto events = at.events("w");
  EXPECT_EQ(events[2].workflow_task_started_event_attributes().identity(), "worker");
  const auto& failed = events[3].workflow_task_failed_event_attributes();
  EXPECT_EQ(failed.cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW);
  EXPECT_EQ(failed.scheduled_event_id(), 2);
  EXPECT_EQ(failed.started_event_id(), 3);
  EXPECT_EQ(failed.failure().message(), "why");
  EXPECT_TRUE(failed.failure().has_reset_workflow_failure_info());
  EXPECT_EQ(failed.identity(), "history-service");
  EXPECT_EQ(failed.base_run_id(), first);
  EXPECT_EQ(failed.new_run_id(), run_id);
  const auto described = at.describe("w");
  const auto& info = described.workflow_execution_info();
  EXPECT_EQ(info.execution().run_id(), run_id);
  EXPECT_EQ(info.first_run_id(), first);
  EXPECT_EQ(info.type().name(), "type");
  EXPECT_EQ(at.last_event("w", first).workflow_execution_terminated_event_attributes().reason(), "why");
  EXPECT_EQ(at.last_event("w", first).workflow_execution_terminated_event_attributes().identity(), "history-resetter");
  const auto task = at.poll();
  EXPECT_EQ(task.attempt(), 1);
  EXPECT_EQ(task.history().events_size(), 6);
  EXPECT_EQ(task.previous_started_event_id(), 0);
  at.complete(task, {complete_command()});
  EXPECT_EQ(at.describe("w").workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
}

TEST_F(reset, starts_the_task_that_no_worker_had) {
  at.settle("w");
  to("w", 3);
  const auto started = at.events("w")[2].workflow_task_started_event_attributes();
  EXPECT_EQ(started.scheduled_event_id(), 2);
  EXPECT_EQ(started.identity(), "history-service");
  EXPECT_EQ(started.request_id(), "emptyUuid");
  EXPECT_GT(started.history_size_bytes(), 0);
  EXPECT_EQ(at.types_from("w", 4), "WorkflowTaskFailed WorkflowTaskScheduled");
}

TEST_F(reset, writes_down_a_task_that_was_retried_silently) {
  at.start("w");
  at.fail(at.poll());
  at.fail(at.poll());
  at.terminate("w");
  to("w", 5);
  EXPECT_EQ(at.event_types("w"),
            "WorkflowExecutionStarted WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskFailed "
            "WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskFailed WorkflowTaskScheduled");
}

TEST_F(reset, takes_a_closed_run_up_again) {
  const auto first = at.start("w");
  at.complete(at.poll(), {complete_command()});
  to("w", 4);
  EXPECT_EQ(at.describe("w").workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(at.describe("w", first).workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
}

TEST_F(reset, is_the_same_when_it_is_sent_again) {
  at.settle("w");
  const auto run_id = to("w", 4);
  EXPECT_EQ(to("w", 4), run_id);
  EXPECT_NE(to("w", 4, [](reset_request& request) { request.set_request_id("other"); }), run_id);
}

TEST_F(reset, renews_what_waited_at_the_reset_point) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a", on_queue("queue")), activity_command("done", on_queue("queue")),
                          timer_command("t", 60), timer_command("gone", 1)});
  const auto first = poll_activity();
  const auto second_activity = poll_activity();
  const auto& done = first.activity_id() == "done" ? first : second_activity;
  service::RespondActivityTaskCompletedRequest completed;
  completed.set_namespace_("default");
  completed.set_task_token(done.task_token());
  at.ask<service::RespondActivityTaskCompletedResponse>(completed);
  at.pass(2 * second);
  const auto task = at.poll();
  at.complete(task);
  to("w", task.started_event_id() + 1);
  const auto renewed = poll_activity();
  EXPECT_EQ(renewed.activity_id(), "a");
  EXPECT_EQ(renewed.attempt(), 1);
  EXPECT_EQ(at.describe("w").pending_activities_size(), 1);
  at.complete(at.poll());
  at.pass(60 * second);
  EXPECT_EQ(at.events("w").end()[-2].timer_fired_event_attributes().timer_id(), "t");
}

TEST_F(reset, keeps_what_the_run_is) {
  at.start("w", [](auto& request) {
    (*request.mutable_memo()->mutable_fields())["kept"].set_data("1");
    (*request.mutable_memo()->mutable_fields())["changed"].set_data("1");
    request.mutable_workflow_run_timeout()->set_seconds(100);
    request.mutable_workflow_task_timeout()->set_seconds(7);
  });
  auto change = make_command(enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES);
  auto& fields =
      *change.mutable_modify_workflow_properties_command_attributes()->mutable_upserted_memo()->mutable_fields();
  fields["changed"].set_data("2");
  at.complete(at.poll(), {change}, [](complete_request& request) { request.set_binary_checksum("build"); });
  at.signal("w");
  at.complete(at.poll());
  at.pass(60 * second);
  const auto run_id = to("w", 9);
  const auto described = at.describe("w");
  ASSERT_EQ(described.workflow_execution_info().auto_reset_points().points_size(), 1);
  const auto& point = described.workflow_execution_info().auto_reset_points().points(0);
  EXPECT_EQ(point.binary_checksum(), "build");
  EXPECT_EQ(point.run_id(), run_id);
  EXPECT_EQ(point.first_workflow_task_completed_id(), 4);
  EXPECT_EQ(described.workflow_execution_info().memo().fields().at("kept").data(), "1");
  EXPECT_EQ(described.workflow_execution_info().memo().fields().at("changed").data(), "2");
  EXPECT_EQ(described.execution_config().workflow_run_timeout().seconds(), 100);
  EXPECT_EQ(described.execution_config().default_workflow_task_timeout().seconds(), 7);
  at.pass(99 * second);
  EXPECT_EQ(at.describe("w").workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  at.pass(2 * second);
  EXPECT_EQ(at.describe("w").workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT);
}

struct reapplying : reset {
  /// A run with a signal and an update behind its first task.
  void prepare() {
    at.settle("w");
    at.signal("w", "later");
    at.complete(at.poll());
    at.update("w", "u");
    const auto task = at.poll();
    at.say(task, {acceptance("u", task.started_event_id() - 1), response("u")});
  }
};

TEST_F(reapplying, carries_signals_and_updates_over) {
  prepare();
  to("w", 4);
  EXPECT_EQ(at.types_from("w", 4),
            "WorkflowTaskFailed WorkflowExecutionSignaled WorkflowExecutionUpdateAdmitted WorkflowTaskScheduled");
  const auto events = at.events("w");
  EXPECT_EQ(events[4].workflow_execution_signaled_event_attributes().signal_name(), "later");
  const auto& admitted = events[5].workflow_execution_update_admitted_event_attributes();
  EXPECT_EQ(admitted.origin(), enums::UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY);
  EXPECT_EQ(admitted.request().meta().update_id(), "u");
  const auto asked = at.update("w", "u");
  const auto task = at.poll();
  EXPECT_EQ(task.messages_size(), 0) << "the request is in the history";
  at.say(task, {acceptance("u", 6), response("u", "again")});
  EXPECT_EQ(asked.get().outcome().success().payloads(0).data(), "again");
  const auto accepted = at.events("w").end()[-2].workflow_execution_update_accepted_event_attributes();
  EXPECT_EQ(accepted.protocol_instance_id(), "u");
  EXPECT_FALSE(accepted.has_accepted_request());
}

TEST_F(reapplying, forgets_an_update_that_the_worker_ignores) {
  prepare();
  to("w", 4);
  const auto asked = at.update("w", "u");
  at.complete(at.poll());
  EXPECT_EQ(asked.get().outcome().failure().application_failure_info().type(), "UnprocessedUpdate");
  EXPECT_FALSE(at.knows("w", "u"));
}

TEST_F(reapplying, leaves_out_what_is_not_wanted) {
  struct row {
    std::string types;
    scripted_worker::change<reset_request> with;
  };
  const std::string end = "WorkflowTaskScheduled";
  const std::vector<row> rows{
      {"WorkflowExecutionUpdateAdmitted " + end,
       [](auto& request) { request.add_reset_reapply_exclude_types(enums::RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL); }},
      {"WorkflowExecutionSignaled " + end,
       [](auto& request) { request.add_reset_reapply_exclude_types(enums::RESET_REAPPLY_EXCLUDE_TYPE_UPDATE); }},
      {"WorkflowExecutionSignaled " + end,
       [](auto& request) { request.set_reset_reapply_type(enums::RESET_REAPPLY_TYPE_SIGNAL); }},
      {end, [](auto& request) { request.set_reset_reapply_type(enums::RESET_REAPPLY_TYPE_NONE); }},
  };
  int number = 0;
  prepare();
  const auto base = at.describe("w").workflow_execution_info().execution().run_id();
  for (const auto& [types, with] : rows) {
    auto request = make_request("w", 4, base);
    request.set_request_id(std::to_string(++number));
    with(request);
    const auto run_id = at.ask<reset_response>(request).run_id();
    EXPECT_EQ(at.types_from("w", 5, run_id), types) << number;
  }
}

TEST_F(reapplying, follows_the_runs_that_came_after) {
  const auto first = at.settle("w");
  at.signal("w", "one");
  auto next = make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
  next.mutable_continue_as_new_workflow_execution_command_attributes()->mutable_workflow_type()->set_name("type");
  at.complete(at.poll(), {next});
  const auto busy = at.poll();
  at.signal("w", "two");
  const auto second_run = busy.workflow_execution().run_id();
  auto request = make_request("w", 4, first);
  at.ask<reset_response>(request);
  EXPECT_EQ(at.describe("w", second_run).workflow_execution_info().status(),
            enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
  const auto events = at.events("w");
  ASSERT_GE(events.size(), 6U);
  EXPECT_EQ(events[4].workflow_execution_signaled_event_attributes().signal_name(), "one");
  EXPECT_EQ(events[5].workflow_execution_signaled_event_attributes().signal_name(), "two");
}

TEST_F(reapplying, keeps_children_that_were_started_before) {
  const auto first = at.start("w");
  at.complete(at.poll(), {child_command("c")});
  at.complete(at.poll());
  const auto run_id = to("w", 8);
  EXPECT_EQ(at.describe("c").workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(at.describe("w").pending_children_size(), 1);
  at.complete(at.poll("children"), {complete_command("result")});
  const auto end = at.events("w").back().child_workflow_execution_completed_event_attributes();
  EXPECT_EQ(end.initiated_event_id(), 5);
  EXPECT_EQ(end.started_event_id(), 6);
  EXPECT_EQ(end.result().payloads(0).data(), "result");
  EXPECT_EQ(at.describe("w").pending_children_size(), 0);
  EXPECT_NE(run_id, first);
}

TEST_F(reapplying, takes_over_the_end_of_a_child) {
  at.start("w");
  at.complete(at.poll(), {child_command("c")});
  at.complete(at.poll());
  at.complete(at.poll("children"), {complete_command("result")});
  to("w", 9);
  EXPECT_EQ(at.types_from("w", 9), "WorkflowTaskFailed ChildWorkflowExecutionCompleted WorkflowTaskScheduled");
  EXPECT_EQ(at.events("w")[9].child_workflow_execution_completed_event_attributes().started_event_id(), 6);
}

TEST_F(reset, does_not_tell_the_parent_that_the_child_ended) {
  at.start("w");
  at.complete(at.poll(), {child_command("c")});
  at.complete(at.poll());
  at.complete(at.poll("children"));
  to("c", 4);
  EXPECT_EQ(at.event_types("w").find("ChildWorkflowExecutionTerminated"), std::string::npos);
  at.complete(at.poll("children"), {complete_command("result")});
  EXPECT_EQ(at.describe("w").pending_children_size(), 0);
}

TEST_F(reset, ends_the_updates_of_the_run_that_it_leaves) {
  at.settle("w");
  const auto asked = at.update("w", "u");
  to("w", 4);
  ASSERT_TRUE(asked.done());
  EXPECT_EQ(asked.status().message, "workflow update was aborted by closing workflow");
}

TEST_F(reset, does_more_when_it_is_asked_to) {
  at.settle("w");
  to("w", 4, [](reset_request& request) {
    request.add_post_reset_operations()->mutable_signal_workflow()->set_signal_name("extra");
    auto& options = *request.add_post_reset_operations()->mutable_update_workflow_options();
    options.mutable_workflow_execution_options()->mutable_versioning_override()->set_auto_upgrade(true);
    options.mutable_workflow_execution_options()->mutable_priority()->set_priority_key(2);
    options.mutable_update_mask()->add_paths("versioning_override");
    options.mutable_update_mask()->add_paths("priority");
  });
  EXPECT_EQ(at.types_from("w", 5), "WorkflowExecutionSignaled WorkflowExecutionOptionsUpdated WorkflowTaskScheduled");
  EXPECT_EQ(at.describe("w").workflow_execution_info().priority().priority_key(), 2);
  EXPECT_TRUE(at.describe("w").workflow_execution_info().versioning_info().versioning_override().auto_upgrade());
}

TEST_F(reset, refuses_what_is_no_reset_point) {
  at.settle("w");
  struct row {
    std::int64_t event;
    std::string text;
  };
  for (const auto& [event, text] :
       {row{1, "Workflow task finish ID must be > 1 && <= workflow last event ID."},
        row{5, "Workflow task finish ID must be > 1 && <= workflow last event ID."},
        row{2,
            "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: 2"}}) {
    const auto status = at.refused<reset_response>(make_request("w", event));
    EXPECT_EQ(status.code, rpc_code::invalid_argument);
    EXPECT_EQ(status.message, text);
  }
  EXPECT_EQ(at.events("w").size(), 4U);
}

TEST_F(reset, refuses_malformed_requests) {
  at.settle("w");
  struct row {
    std::string text;
    scripted_worker::change<reset_request> with;
  };
  const std::vector<row> rows{
      {"Namespace is empty.", [](auto& request) { request.clear_namespace_(); }},
      {"RequestId is not set on request.", [](auto& request) { request.clear_request_id(); }},
      {"RequestId length exceeds limit.", [](auto& request) { request.set_request_id(std::string(1001, 'x')); }},
      {"Execution is not set on request.", [](auto& request) { request.clear_workflow_execution(); }},
      {"workflow not found for ID: other",
       [](auto& request) { request.mutable_workflow_execution()->set_workflow_id("other"); }},
      {"PriorityKey can't be negative",
       [](auto& request) {
         auto& options = *request.add_post_reset_operations()->mutable_update_workflow_options();
         options.mutable_workflow_execution_options()->mutable_priority()->set_priority_key(-1);
       }},
      {"unsupported post reset operation: <nil>", [](auto& request) { request.add_post_reset_operations(); }},
  };
  for (const auto& [text, with] : rows) {
    auto request = make_request("w", 4);
    with(request);
    EXPECT_EQ(at.refused<reset_response>(request).message, text);
  }
}

}  // namespace reset_test
}  // namespace rondo::test
