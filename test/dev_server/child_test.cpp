#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "dev_server/scripted_worker.hpp"
#include "rondo/server/namespaces.hpp"

namespace rondo::test {
namespace child_test {

using server::second;

command_v1::Command signal_command(const std::string& id, bool child_only = false) {
  auto command = make_command(enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_signal_external_workflow_execution_command_attributes();
  attributes.mutable_execution()->set_workflow_id(id);
  attributes.set_signal_name("hello");
  attributes.mutable_input()->add_payloads()->set_data("in");
  attributes.set_child_workflow_only(child_only);
  attributes.set_control("control");
  return command;
}

command_v1::Command cancel_command(const std::string& id, bool child_only = false) {
  auto command = make_command(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_request_cancel_external_workflow_execution_command_attributes();
  attributes.set_workflow_id(id);
  attributes.set_child_workflow_only(child_only);
  attributes.set_reason("reason");
  return command;
}

command_v1::Command close_as_cancelled() {
  auto command = make_command(enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION);
  command.mutable_cancel_workflow_execution_command_attributes()->mutable_details()->add_payloads()->set_data("why");
  return command;
}

command_v1::Command continue_as_new() {
  auto command = make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
  command.mutable_continue_as_new_workflow_execution_command_attributes()->mutable_workflow_type()->set_name("child");
  return command;
}

struct child : ::testing::Test {
  scripted_worker at;

  /// A parent "p" that waits, with a child "c" whose initiated event is its event 5; returns the parent's run id.
  std::string begin(const std::function<void(child_attributes&)>& change = {}) {
    const auto run_id = at.start("p");
    at.complete(at.poll(), {child_command("c", change)});
    return run_id;
  }
  /// The parent has seen the start of its child and waits.
  std::string begin_and_see(const std::function<void(child_attributes&)>& change = {}) {
    const auto run_id = begin(change);
    at.complete(at.poll());
    return run_id;
  }
  std::string run_of(const std::string& id) { return at.describe(id).workflow_execution_info().execution().run_id(); }
  enums::WorkflowExecutionStatus status(const std::string& id, const std::string& run_id = {}) {
    return at.describe(id, run_id).workflow_execution_info().status();
  }
  std::string refuse(const commands& with) {
    at.start("p", [](auto& request) { request.clear_request_id(); });
    const auto status = at.refuse(at.poll(), with);
    at.terminate("p");
    return status.message;
  }
};

TEST_F(child, is_started_and_its_parent_is_told) {
  auto command = child_command("c", [](child_attributes& attributes) {
    attributes.mutable_input()->add_payloads()->set_data("in");
    (*attributes.mutable_header()->mutable_fields())["h"].set_data("head");
    (*attributes.mutable_memo()->mutable_fields())["m"].set_data("memo");
    attributes.mutable_workflow_run_timeout()->set_seconds(50);
    attributes.mutable_retry_policy()->set_maximum_attempts(3);
    attributes.mutable_priority()->set_fairness_key("f");
  });
  command.mutable_user_metadata()->mutable_summary()->set_data("summary");
  const auto parent_run = at.start("p", [](auto& request) { request.mutable_priority()->set_priority_key(2); });
  at.complete(at.poll(), {command});
  EXPECT_EQ(at.types_from("p", 5),
            "StartChildWorkflowExecutionInitiated ChildWorkflowExecutionStarted WorkflowTaskScheduled");
  const auto parent = at.events("p");
  EXPECT_EQ(parent[4].user_metadata().summary().data(), "summary");
  const auto& initiated = parent[4].start_child_workflow_execution_initiated_event_attributes();
  EXPECT_EQ(initiated.namespace_(), "default");
  EXPECT_FALSE(initiated.namespace_id().empty());
  EXPECT_EQ(initiated.workflow_id(), "c");
  EXPECT_EQ(initiated.task_queue().name(), "children");
  EXPECT_EQ(initiated.parent_close_policy(), enums::PARENT_CLOSE_POLICY_TERMINATE);
  EXPECT_EQ(initiated.workflow_id_reuse_policy(), enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE);
  EXPECT_EQ(initiated.workflow_task_completed_event_id(), 4);
  EXPECT_EQ(initiated.workflow_run_timeout().seconds(), 50);
  EXPECT_EQ(initiated.workflow_task_timeout().seconds(), 10);
  EXPECT_EQ(initiated.retry_policy().initial_interval().seconds(), 1);
  const auto& started = parent[5].child_workflow_execution_started_event_attributes();
  EXPECT_EQ(started.initiated_event_id(), 5);
  EXPECT_EQ(started.workflow_execution().run_id(), run_of("c"));
  EXPECT_EQ(started.workflow_type().name(), "child");
  EXPECT_EQ(started.header().fields().at("h").data(), "head");

  const auto first = at.events("c").at(0);
  EXPECT_EQ(first.user_metadata().summary().data(), "summary");
  const auto& event = first.workflow_execution_started_event_attributes();
  EXPECT_EQ(event.parent_workflow_namespace(), "default");
  EXPECT_EQ(event.parent_workflow_namespace_id(), initiated.namespace_id());
  EXPECT_EQ(event.parent_workflow_execution().workflow_id(), "p");
  EXPECT_EQ(event.parent_workflow_execution().run_id(), parent_run);
  EXPECT_EQ(event.parent_initiated_event_id(), 5);
  EXPECT_EQ(event.root_workflow_execution().workflow_id(), "p");
  EXPECT_EQ(event.root_workflow_execution().run_id(), parent_run);
  EXPECT_EQ(event.input().payloads(0).data(), "in");
  EXPECT_EQ(event.memo().fields().at("m").data(), "memo");
  EXPECT_EQ(event.priority().priority_key(), 2);
  EXPECT_EQ(event.priority().fairness_key(), "f");
  EXPECT_EQ(event.identity(), "");
  EXPECT_EQ(at.describe("c").workflow_extended_info().request_id_infos().count(parent_run + ":5:0"), 1U);

  const auto described = at.describe("p");
  ASSERT_EQ(described.pending_children_size(), 1);
  EXPECT_EQ(described.pending_children(0).workflow_id(), "c");
  EXPECT_EQ(described.pending_children(0).run_id(), run_of("c"));
  EXPECT_EQ(described.pending_children(0).workflow_type_name(), "child");
  EXPECT_EQ(described.pending_children(0).initiated_id(), 5);

  at.complete(at.poll("children"), {complete_command("result")});
  EXPECT_EQ(at.types_from("p", 8), "ChildWorkflowExecutionCompleted");
  const auto end = at.last_event("p").child_workflow_execution_completed_event_attributes();
  EXPECT_EQ(end.initiated_event_id(), 5);
  EXPECT_EQ(end.started_event_id(), 6);
  EXPECT_EQ(end.workflow_execution().run_id(), run_of("c"));
  EXPECT_EQ(end.workflow_type().name(), "child");
  EXPECT_EQ(end.namespace_(), "default");
  EXPECT_EQ(end.result().payloads(0).data(), "result");
  EXPECT_EQ(at.describe("p").pending_children_size(), 0);
}

TEST_F(child, uses_its_parents_queue_by_default) {
  begin([](child_attributes& attributes) { attributes.clear_task_queue(); });
  EXPECT_EQ(at.poll().workflow_execution().workflow_id(), "c");
}

TEST_F(child, has_the_version_that_its_parent_gives_it) {
  begin([](child_attributes& attributes) { attributes.mutable_versioning_override()->set_auto_upgrade(true); });
  const auto event = at.events("c").at(0).workflow_execution_started_event_attributes();
  EXPECT_TRUE(event.versioning_override().auto_upgrade());
  at.terminate("p");
  EXPECT_NE(refuse({child_command("d",
                                  [](child_attributes& attributes) {
                                    attributes.mutable_versioning_override()->mutable_pinned();
                                  })})
                .find("invalid VersioningOverride on StartChildWorkflowExecutionCommand: "),
            std::string::npos);
}

TEST_F(child, has_the_root_of_its_parent) {
  const auto root_run = begin();
  at.complete(at.poll("children"), {child_command("grandchild")});
  const auto event = at.events("grandchild").at(0).workflow_execution_started_event_attributes();
  EXPECT_EQ(event.parent_workflow_execution().workflow_id(), "c");
  EXPECT_EQ(event.root_workflow_execution().workflow_id(), "p");
  EXPECT_EQ(event.root_workflow_execution().run_id(), root_run);
}

TEST_F(child, ends_while_a_worker_has_its_parents_task) {
  begin();
  const auto task = at.poll();
  at.complete(at.poll("children"), {complete_command()});
  EXPECT_EQ(at.types_from("p", 7), "WorkflowTaskScheduled WorkflowTaskStarted");
  at.complete(task);
  EXPECT_EQ(at.types_from("p", 9), "WorkflowTaskCompleted ChildWorkflowExecutionCompleted WorkflowTaskScheduled");
  EXPECT_EQ(at.events("p").at(9).child_workflow_execution_completed_event_attributes().started_event_id(), 6);
}

TEST_F(child, starts_and_ends_while_a_worker_has_its_parents_next_task) {
  at.start("p");
  at.signal("p");
  auto task = at.poll();
  const auto answer = at.complete(task, {child_command()}, [](complete_request& request) {
    request.set_return_new_workflow_task(true);
    request.set_force_create_new_workflow_task(true);
  });
  ASSERT_TRUE(answer.has_workflow_task());
  at.complete(at.poll("children"), {complete_command()});
  at.complete(answer.workflow_task());
  const auto events = at.events("p");
  std::int64_t started = 0;
  for (const auto& event : events) {
    if (event.has_child_workflow_execution_started_event_attributes()) started = event.event_id();
    if (event.has_child_workflow_execution_completed_event_attributes()) {
      EXPECT_EQ(event.child_workflow_execution_completed_event_attributes().started_event_id(), started);
    }
  }
  EXPECT_NE(started, 0);
  EXPECT_EQ(at.describe("p").pending_children_size(), 0);
}

TEST_F(child, tells_how_it_ended) {
  begin_and_see();
  at.complete(at.poll("children"), {fail_command("bad")});
  at.complete(at.poll(), {child_command()});
  const auto failed = at.events("p").at(9).child_workflow_execution_failed_event_attributes();
  EXPECT_EQ(failed.failure().message(), "bad");
  EXPECT_EQ(failed.retry_state(), enums::RETRY_STATE_RETRY_POLICY_NOT_SET);

  at.complete(at.poll());
  at.complete(at.poll("children"), {close_as_cancelled()});
  const auto last_of = [&](enums::EventType type) {
    history::HistoryEvent found;
    for (const auto& each : at.events("p")) {
      if (each.event_type() == type) found = each;
    }
    return found;
  };
  EXPECT_EQ(last_of(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED)
                .child_workflow_execution_canceled_event_attributes()
                .details()
                .payloads(0)
                .data(),
            "why");
  at.complete(at.poll(), {child_command()});
  at.complete(at.poll());
  at.terminate("c");
  EXPECT_TRUE(last_of(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED)
                  .has_child_workflow_execution_terminated_event_attributes());
  at.complete(at.poll(), {child_command("c", [](child_attributes& attributes) {
                attributes.mutable_workflow_run_timeout()->set_seconds(5);
              })});
  at.complete(at.poll());
  at.pass(5 * second);
  EXPECT_EQ(last_of(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT)
                .child_workflow_execution_timed_out_event_attributes()
                .retry_state(),
            enums::RETRY_STATE_RETRY_POLICY_NOT_SET);
}

TEST_F(child, tells_only_the_end_of_its_chain) {
  begin_and_see([](child_attributes& attributes) { attributes.mutable_retry_policy()->set_maximum_attempts(2); });
  const auto first_run = run_of("c");
  at.complete(at.poll("children"), {fail_command("bad")});
  at.pass(second);
  at.complete(at.poll("children"), {continue_as_new()});
  EXPECT_EQ(at.types_from("p", 11), "");
  at.pass(second);
  at.complete(at.poll("children"), {complete_command("end")});
  EXPECT_EQ(at.types_from("p", 10), "ChildWorkflowExecutionCompleted WorkflowTaskScheduled");
  const auto end = at.events("p").at(9).child_workflow_execution_completed_event_attributes();
  EXPECT_EQ(end.started_event_id(), 6);
  EXPECT_EQ(end.workflow_execution().run_id(), run_of("c"));
  EXPECT_NE(end.workflow_execution().run_id(), first_run);
}

TEST_F(child, cannot_start_with_an_id_that_is_taken) {
  at.start("c");
  at.complete(at.poll());
  begin();
  EXPECT_EQ(at.types_from("p", 5),
            "StartChildWorkflowExecutionInitiated StartChildWorkflowExecutionFailed WorkflowTaskScheduled");
  const auto failed = at.events("p").at(5).start_child_workflow_execution_failed_event_attributes();
  EXPECT_EQ(failed.cause(), enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS);
  EXPECT_EQ(failed.initiated_event_id(), 5);
  EXPECT_EQ(failed.workflow_id(), "c");
  EXPECT_EQ(at.describe("p").pending_children_size(), 0);
  const auto other = run_of("c");
  at.complete(at.poll(), {child_command("c", [](child_attributes& attributes) {
                attributes.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING);
              })});
  EXPECT_EQ(status("c", other), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
  EXPECT_EQ(at.types_from("p", 10),
            "StartChildWorkflowExecutionInitiated ChildWorkflowExecutionStarted WorkflowTaskScheduled");
}

TEST_F(child, starts_in_another_namespace) {
  auto settings = server_harness::defaults();
  settings.namespaces = {"default", "other"};
  scripted_worker two(settings);
  two.start("p");
  two.complete(two.poll(),
               {child_command("c", [](child_attributes& attributes) { attributes.set_namespace_("other"); })});
  const auto started = two.events("p").at(5).child_workflow_execution_started_event_attributes();
  EXPECT_EQ(started.namespace_(), "other");
  EXPECT_EQ(started.namespace_id(), two.state->namespaces().get("other").id());
  two.terminate("p");
  service::DescribeWorkflowExecutionRequest request;
  request.set_namespace_("other");
  request.mutable_execution()->set_workflow_id("c");
  EXPECT_EQ(two.ask<service::DescribeWorkflowExecutionResponse>(request).workflow_execution_info().status(),
            enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);

  two.start("q");
  const auto refused = two.refuse(
      two.poll(), {child_command("c", [](child_attributes& attributes) { attributes.set_namespace_("nowhere"); })});
  EXPECT_EQ(refused.code, rpc_code::not_found);
  EXPECT_EQ(refused.message, "Namespace nowhere is not found.");
}

TEST_F(child, is_left_as_its_policy_says) {
  const auto policy = [](enums::ParentClosePolicy wanted) {
    return [wanted](child_attributes& attributes) { attributes.set_parent_close_policy(wanted); };
  };
  const auto parent_run = at.start("p");
  at.complete(
      at.poll(),
      {child_command("terminated"), child_command("abandoned", policy(enums::PARENT_CLOSE_POLICY_ABANDON)),
       child_command("cancelled", policy(enums::PARENT_CLOSE_POLICY_REQUEST_CANCEL)), child_command("continued")});
  for (int count = 0; count < 4; ++count) {
    const auto task = at.poll("children");
    const bool goes_on = task.workflow_execution().workflow_id() == "continued";
    at.complete(task, goes_on ? commands{continue_as_new()} : commands{});
  }
  at.pass(second);
  at.complete(at.poll(), {complete_command()});
  EXPECT_EQ(status("terminated"), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
  EXPECT_EQ(status("continued"), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
  EXPECT_EQ(status("abandoned"), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(status("cancelled"), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  const auto end = at.last_event("terminated").workflow_execution_terminated_event_attributes();
  EXPECT_EQ(end.reason(), "by parent close policy");
  EXPECT_EQ(end.identity(), "history-service");
  EXPECT_EQ(at.types_from("cancelled", 5), "WorkflowExecutionCancelRequested WorkflowTaskScheduled");
  const auto cancelled = at.events("cancelled").at(4).workflow_execution_cancel_requested_event_attributes();
  EXPECT_EQ(cancelled.external_workflow_execution().workflow_id(), "p");
  EXPECT_EQ(cancelled.external_workflow_execution().run_id(), parent_run);
  EXPECT_EQ(cancelled.identity(), "history-service");
}

TEST_F(child, is_not_started_by_a_parent_that_closes_at_once) {
  at.start("p");
  at.complete(at.poll(), {child_command(), complete_command()});
  service::DescribeWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_execution()->set_workflow_id("c");
  EXPECT_EQ(at.refused<service::DescribeWorkflowExecutionResponse>(request).code, rpc_code::not_found);
}

TEST_F(child, is_not_mistaken_for_another_workflow_with_its_id) {
  begin_and_see(
      [](child_attributes& attributes) { attributes.set_parent_close_policy(enums::PARENT_CLOSE_POLICY_TERMINATE); });
  at.complete(at.poll("children"), {complete_command()});
  at.start("c");
  at.terminate("p");
  EXPECT_EQ(status("c"), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
}

TEST_F(child, is_checked_before_it_is_started) {
  const std::string prefix = "BadStartChildExecutionAttributes: ";
  const auto bad = [&](const std::function<void(child_attributes&)>& change) {
    return refuse({child_command("c", change)});
  };
  EXPECT_EQ(bad([](child_attributes& a) { a.clear_workflow_id(); }),
            prefix +
                "Required field WorkflowId is not set on StartChildWorkflowExecutionCommand. WorkflowType=child "
                "Namespace=default");
  EXPECT_EQ(bad([](child_attributes& a) { a.clear_workflow_type(); }),
            prefix +
                "Required field WorkflowType is not set on StartChildWorkflowExecutionCommand. WorkflowId=c "
                "Namespace=default");
  EXPECT_EQ(bad([](child_attributes& a) { a.mutable_workflow_run_timeout()->set_seconds(-1); }),
            prefix +
                "Invalid WorkflowRunTimeout on StartChildWorkflowExecutionCommand: negative duration. WorkflowId=c "
                "WorkflowType=child Namespace=default");
  EXPECT_EQ(bad([](child_attributes& a) { a.set_cron_schedule("never"); }),
            prefix +
                "invalid CronSchedule on StartChildWorkflowExecutionCommand: invalid CronSchedule.. WorkflowId=c "
                "WorkflowType=child Namespace=default");
  EXPECT_EQ(
      bad([](child_attributes& a) { a.mutable_retry_policy()->set_maximum_attempts(-1); }).substr(0, 95),
      (prefix + "invalid WorkflowRetryPolicy on StartChildWorkflowExecutionCommand: MaximumAttempts").substr(0, 95));
  EXPECT_EQ(bad([](child_attributes& a) { a.mutable_task_queue()->set_name("/_sys/x"); }).substr(0, 80),
            (prefix + "invalid TaskQueue on StartChildWorkflowExecutionCommand: task queue").substr(0, 80));
  EXPECT_EQ(refuse({child_command(), cancel_command("c")}),
            "BadRequestCancelExternalWorkflowExecutionAttributes: Start and RequestCancel for child workflow is not "
            "allowed in same workflow task. WorkflowId=c RunId= Namespace=");
  at.state->limit().pending_children = 1;
  EXPECT_EQ(refuse({child_command("a"), child_command("b")}),
            "PendingChildWorkflowsLimitExceeded: the number of pending child workflow executions, 1, has reached the "
            "per-workflow limit of 1");
}

TEST_F(child, is_cancelled_and_signalled_by_its_parent) {
  const auto parent_run = begin_and_see();
  at.signal("p");
  at.complete(at.poll(), {signal_command("c", true), cancel_command("c", true)});
  EXPECT_EQ(at.types_from("p", 14),
            "SignalExternalWorkflowExecutionInitiated RequestCancelExternalWorkflowExecutionInitiated "
            "ExternalWorkflowExecutionSignaled WorkflowTaskScheduled ExternalWorkflowExecutionCancelRequested");
  const auto events = at.events("p");
  const auto& initiated = events[13].signal_external_workflow_execution_initiated_event_attributes();
  EXPECT_EQ(initiated.workflow_task_completed_event_id(), 13);
  EXPECT_EQ(initiated.signal_name(), "hello");
  EXPECT_TRUE(initiated.child_workflow_only());
  const auto& outcome = events[15].external_workflow_execution_signaled_event_attributes();
  EXPECT_EQ(outcome.initiated_event_id(), 14);
  EXPECT_EQ(outcome.workflow_execution().workflow_id(), "c");
  EXPECT_EQ(outcome.namespace_(), "default");
  EXPECT_EQ(outcome.control(), "control");
  EXPECT_EQ(events[14].request_cancel_external_workflow_execution_initiated_event_attributes().reason(), "reason");
  EXPECT_EQ(events[17].external_workflow_execution_cancel_requested_event_attributes().initiated_event_id(), 15);

  EXPECT_EQ(at.types_from("c", 3), "WorkflowExecutionSignaled WorkflowExecutionCancelRequested");
  const auto signaled = at.events("c").at(2).workflow_execution_signaled_event_attributes();
  EXPECT_EQ(signaled.signal_name(), "hello");
  EXPECT_EQ(signaled.input().payloads(0).data(), "in");
  EXPECT_EQ(signaled.identity(), "history-service");
  EXPECT_EQ(signaled.external_workflow_execution().run_id(), parent_run);
  const auto cancelled = at.events("c").at(3).workflow_execution_cancel_requested_event_attributes();
  EXPECT_EQ(cancelled.cause(), "reason");
  EXPECT_EQ(cancelled.external_initiated_event_id(), 15);
  EXPECT_EQ(cancelled.external_workflow_execution().workflow_id(), "p");
}

TEST_F(child, hears_of_requests_that_nobody_gets) {
  at.start("stranger");
  at.complete(at.poll());
  at.start("closed");
  at.complete(at.poll(), {complete_command()});
  at.start("p");
  at.complete(at.poll(), {signal_command("nobody"), cancel_command("nobody"), signal_command("p"), cancel_command("p"),
                          signal_command("closed"), cancel_command("closed"), signal_command("stranger", true),
                          cancel_command("stranger", true)});
  std::string outcome;
  for (const auto& event : at.events("p")) {
    if (event.has_signal_external_workflow_execution_failed_event_attributes()) {
      const auto& failed = event.signal_external_workflow_execution_failed_event_attributes();
      EXPECT_EQ(failed.cause(),
                enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND);
      outcome += "signal:" + failed.workflow_execution().workflow_id() + " ";
    } else if (event.has_request_cancel_external_workflow_execution_failed_event_attributes()) {
      const auto& failed = event.request_cancel_external_workflow_execution_failed_event_attributes();
      EXPECT_EQ(failed.cause(),
                enums::CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND);
      outcome += "cancel:" + failed.workflow_execution().workflow_id() + " ";
    } else if (event.has_external_workflow_execution_cancel_requested_event_attributes()) {
      outcome +=
          "done:" +
          event.external_workflow_execution_cancel_requested_event_attributes().workflow_execution().workflow_id() +
          " ";
    }
  }
  EXPECT_EQ(outcome,
            "signal:nobody cancel:nobody signal:p cancel:p signal:closed done:closed signal:stranger cancel:stranger ");
  EXPECT_EQ(at.types_from("stranger", 5), "");
}

TEST_F(child, counts_the_signals_that_others_get) {
  at.state->limit().signals_per_run = 1;
  at.start("target");
  at.complete(at.poll());
  at.start("p");
  at.complete(at.poll(), {signal_command("target"), signal_command("target")});
  const auto events = at.events("p");
  EXPECT_TRUE(events.at(6).has_external_workflow_execution_signaled_event_attributes());
  EXPECT_EQ(events.at(8).signal_external_workflow_execution_failed_event_attributes().cause(),
            enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_SIGNAL_COUNT_LIMIT_EXCEEDED);
}

TEST_F(child, checks_requests_to_others) {
  auto signal = signal_command("x");
  signal.mutable_signal_external_workflow_execution_command_attributes()->clear_signal_name();
  EXPECT_EQ(refuse({signal}),
            "BadSignalWorkflowExecutionAttributes: SignalName is not set on SignalExternalWorkflowExecutionCommand. "
            "WorkflowId=x Namespace= RunId=");
  EXPECT_EQ(refuse({signal_command("")}),
            "BadSignalWorkflowExecutionAttributes: WorkflowId is not set on SignalExternalWorkflowExecutionCommand. "
            "Namespace= RunId= SignalName=hello");
  EXPECT_EQ(refuse({cancel_command("")}),
            "BadRequestCancelExternalWorkflowExecutionAttributes: WorkflowId is not set on "
            "RequestCancelExternalWorkflowExecutionCommand. Namespace= RunId=");
  auto cancel = cancel_command("x");
  cancel.mutable_request_cancel_external_workflow_execution_command_attributes()->set_run_id("no uuid");
  EXPECT_EQ(refuse({cancel}),
            "BadRequestCancelExternalWorkflowExecutionAttributes: Invalid RunId set on "
            "RequestCancelExternalWorkflowExecutionCommand. WorkflowId=x RunId=no uuid Namespace=");
  at.state->limit().pending_signals = 1;
  at.state->limit().pending_cancels = 1;
  EXPECT_EQ(refuse({signal_command("x"), signal_command("y")}),
            "PendingSignalsLimitExceeded: the number of pending signals to external workflows, 1, has reached the "
            "per-workflow limit of 1");
  EXPECT_EQ(refuse({cancel_command("x"), cancel_command("y")}),
            "PendingRequestCancelLimitExceeded: the number of pending requests to cancel external workflows, 1, has "
            "reached the per-workflow limit of 1");
}

TEST_F(child, asks_nobody_when_it_closes_with_the_same_task) {
  at.start("target");
  at.complete(at.poll());
  at.start("p");
  at.complete(at.poll(), {signal_command("target"), complete_command()});
  EXPECT_EQ(at.types_from("target", 5), "");
}

}  // namespace child_test
}  // namespace rondo::test
