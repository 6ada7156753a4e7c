#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <string>

#include "dev_server/scripted_worker.hpp"

namespace rondo::test {
namespace start_test {

using server::hour;
using server::second;
using start_request = service::StartWorkflowExecutionRequest;
using start_response = service::StartWorkflowExecutionResponse;
using signal_start_request = service::SignalWithStartWorkflowExecutionRequest;
using signal_start_response = service::SignalWithStartWorkflowExecutionResponse;

void add_payload(temporal::api::common::v1::Payloads& to, const std::string& data) {
  to.add_payloads()->set_data(data);
}

start_request make_start(const std::string& id = "w") {
  start_request request;
  request.set_namespace_("default");
  request.set_workflow_id(id);
  request.mutable_workflow_type()->set_name("type");
  request.mutable_task_queue()->set_name("queue");
  request.set_identity("client");
  return request;
}

signal_start_request make_signal_start(const std::string& id = "w") {
  signal_start_request request;
  request.set_namespace_("default");
  request.set_workflow_id(id);
  request.mutable_workflow_type()->set_name("type");
  request.mutable_task_queue()->set_name("queue");
  request.set_identity("client");
  request.set_signal_name("signal");
  add_payload(*request.mutable_signal_input(), "for the signal");
  return request;
}

struct start : ::testing::Test {
  scripted_worker at;

  history::WorkflowExecutionStartedEventAttributes started(const std::string& id = "w",
                                                           const std::string& run_id = {}) {
    return at.events(id, run_id).at(0).workflow_execution_started_event_attributes();
  }
  enums::WorkflowExecutionStatus status(const std::string& id = "w", const std::string& run_id = {}) {
    return at.describe(id, run_id).workflow_execution_info().status();
  }
  rpc_status refuse(const std::function<void(start_request&)>& change) {
    auto request = make_start();
    change(request);
    return at.refused<start_response>(request);
  }
  void close(const std::string& id = "w") {
    at.start(id);
    at.complete(at.poll(), {complete_command("done")});
  }
};

TEST_F(start, records_what_the_client_asked_for) {
  auto request = make_start();
  request.set_request_id("a request");
  add_payload(*request.mutable_input(), "in");
  (*request.mutable_header()->mutable_fields())["h"].set_data("head");
  (*request.mutable_memo()->mutable_fields())["m"].set_data("memo");
  request.mutable_workflow_execution_timeout()->set_seconds(100);
  request.mutable_workflow_run_timeout()->set_seconds(200);
  request.mutable_workflow_task_timeout()->set_seconds(300);
  request.mutable_retry_policy()->set_maximum_attempts(4);
  request.mutable_priority()->set_priority_key(2);
  request.mutable_user_metadata()->mutable_summary()->set_data("summary");
  request.mutable_last_completion_result()->add_payloads()->set_data("last");
  const auto answer = at.ask<start_response>(request);
  EXPECT_TRUE(answer.started());
  EXPECT_EQ(answer.status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(answer.first_execution_run_id(), answer.run_id());
  EXPECT_FALSE(answer.has_eager_workflow_task());
  EXPECT_EQ(answer.link().workflow_event().run_id(), answer.run_id());
  EXPECT_EQ(answer.link().workflow_event().event_ref().event_id(), 1);

  EXPECT_EQ(at.event_types("w"), "WorkflowExecutionStarted WorkflowTaskScheduled");
  const auto first = at.events("w").at(0);
  EXPECT_EQ(first.user_metadata().summary().data(), "summary");
  const auto& event = first.workflow_execution_started_event_attributes();
  EXPECT_EQ(event.workflow_id(), "w");
  EXPECT_EQ(event.workflow_type().name(), "type");
  EXPECT_EQ(event.task_queue().name(), "queue");
  EXPECT_EQ(event.task_queue().kind(), enums::TASK_QUEUE_KIND_NORMAL);
  EXPECT_EQ(event.input().payloads(0).data(), "in");
  EXPECT_EQ(event.header().fields().at("h").data(), "head");
  EXPECT_EQ(event.memo().fields().at("m").data(), "memo");
  EXPECT_EQ(event.identity(), "client");
  EXPECT_EQ(event.attempt(), 1);
  EXPECT_EQ(event.first_execution_run_id(), answer.run_id());
  EXPECT_EQ(event.original_execution_run_id(), answer.run_id());
  EXPECT_EQ(event.workflow_execution_timeout().seconds(), 100);
  EXPECT_EQ(event.workflow_run_timeout().seconds(), 100);
  EXPECT_EQ(event.workflow_task_timeout().seconds(), 100);
  EXPECT_EQ(server::from_proto(event.workflow_execution_expiration_time()), at.state->now() + 100 * second);
  EXPECT_EQ(event.retry_policy().maximum_attempts(), 4);
  EXPECT_EQ(event.retry_policy().initial_interval().seconds(), 1);
  EXPECT_TRUE(event.has_first_workflow_task_backoff());
  EXPECT_EQ(event.first_workflow_task_backoff().seconds(), 0);
  EXPECT_EQ(event.priority().priority_key(), 2);
  EXPECT_EQ(event.last_completion_result().payloads(0).data(), "last");
  EXPECT_EQ(event.initiator(), enums::CONTINUE_AS_NEW_INITIATOR_UNSPECIFIED);
  EXPECT_FALSE(event.has_parent_workflow_execution());
}

TEST_F(start, has_defaults_and_limits_for_the_task_timeout) {
  at.start("default");
  EXPECT_EQ(started("default").workflow_task_timeout().seconds(), 10);
  EXPECT_FALSE(started("default").has_workflow_run_timeout());
  EXPECT_FALSE(started("default").has_workflow_execution_timeout());
  at.start("long", [](start_request& request) { request.mutable_workflow_task_timeout()->set_seconds(500); });
  EXPECT_EQ(started("long").workflow_task_timeout().seconds(), 120);
}

TEST_F(start, refuses_what_is_missing_or_wrong) {
  const auto text = [&](const std::function<void(start_request&)>& change) {
    const auto status = refuse(change);
    EXPECT_EQ(status.code, rpc_code::invalid_argument) << status.message;
    return status.message;
  };
  const std::string long_name(1001, 'x');
  EXPECT_EQ(text([](start_request& r) { r.clear_namespace_(); }), "Namespace is empty.");
  EXPECT_EQ(text([](start_request& r) { r.clear_workflow_id(); }), "WorkflowId is not set on request.");
  EXPECT_EQ(text([&](start_request& r) { r.set_workflow_id(long_name); }), "WorkflowId length exceeds limit.");
  EXPECT_EQ(text([](start_request& r) { r.clear_workflow_type(); }), "WorkflowType is not set on request.");
  EXPECT_EQ(text([&](start_request& r) { r.mutable_workflow_type()->set_name(long_name); }),
            "WorkflowType length exceeds limit.");
  EXPECT_EQ(text([](start_request& r) { r.clear_task_queue(); }), "taskQueue is not set");
  EXPECT_EQ(text([](start_request& r) { r.mutable_task_queue()->clear_name(); }), "missing task queue name");
  EXPECT_EQ(text([](start_request& r) { r.mutable_task_queue()->set_name("/_sys/x"); }),
            "task queue name cannot start with reserved prefix /_sys/");
  EXPECT_EQ(text([](start_request& r) { r.mutable_task_queue()->set_name("temporal-sys-per-ns-tq"); }),
            "cannot use internal per-namespace task queue:temporal-sys-per-ns-tq");
  EXPECT_EQ(text([&](start_request& r) { r.set_request_id(long_name); }), "RequestId length exceeds limit.");
  EXPECT_EQ(text([](start_request& r) { r.mutable_workflow_run_timeout()->set_seconds(-1); }),
            "An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration");
  EXPECT_EQ(text([](start_request& r) {
              r.mutable_workflow_execution_timeout()->set_seconds(1);
              r.mutable_workflow_execution_timeout()->set_nanos(-1);
            }),
            "An invalid WorkflowExecutionTimeoutSeconds is set on request. cause: duration has seconds and nanos with "
            "different signs");
  EXPECT_EQ(text([](start_request& r) { r.set_cron_schedule("no cron"); }), "invalid CronSchedule.");
  EXPECT_EQ(text([](start_request& r) {
              r.set_cron_schedule("@hourly");
              r.mutable_workflow_start_delay()->set_seconds(1);
            }),
            "CronSchedule and WorkflowStartDelay may not be used together.");
  EXPECT_EQ(text([](start_request& r) { r.mutable_retry_policy()->set_maximum_attempts(-1); }),
            "MaximumAttempts cannot be negative on retry policy.");
  EXPECT_EQ(text([](start_request& r) { r.mutable_priority()->set_priority_key(-1); }),
            "PriorityKey can't be negative");
  EXPECT_EQ(text([](start_request& r) { r.add_links(); }), "unsupported link variant");
  EXPECT_EQ(text([](start_request& r) { r.add_completion_callbacks()->mutable_nexus()->set_url("http://x"); }),
            "attaching workflow callbacks is disabled for this namespace");
  EXPECT_EQ(text([](start_request& r) { add_payload(*r.mutable_input(), std::string(3U << 20U, 'x')); }),
            "Blob data size exceeds limit.");
  EXPECT_EQ(
      text([](start_request& r) { (*r.mutable_memo()->mutable_fields())["m"].set_data(std::string(3U << 20U, 'x')); }),
      "Memo size exceeds limit.");
  EXPECT_EQ(text([](start_request& r) {
              (*r.mutable_search_attributes()->mutable_indexed_fields())["Unknown"].set_data("1");
            }),
            "Namespace default has no mapping defined for search attribute Unknown");
  EXPECT_EQ(text([](start_request& r) { r.mutable_on_conflict_options()->set_attach_completion_callbacks(true); }),
            "attaching request ID is required for attaching completion callbacks");
  EXPECT_EQ(
      text([](start_request& r) {
        r.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING);
        r.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
      }),
      "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together with a "
      "WorkflowIDConflictPolicy");
  EXPECT_EQ(text([](start_request& r) {
              r.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE);
              r.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING);
            }),
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with "
            "WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING");
  const auto unknown = refuse([](start_request& r) { r.set_namespace_("nowhere"); });
  EXPECT_EQ(unknown.code, rpc_code::not_found);
  EXPECT_EQ(unknown.message, "Namespace nowhere is not found.");
}

TEST_F(start, counts_the_same_request_once) {
  auto request = make_start();
  request.set_request_id("once");
  const auto first = at.ask<start_response>(request);
  const auto second_answer = at.ask<start_response>(request);
  EXPECT_EQ(second_answer.run_id(), first.run_id());
  EXPECT_TRUE(second_answer.started());
  at.complete(at.poll(), {complete_command()});
  const auto third_answer = at.ask<start_response>(request);
  EXPECT_EQ(third_answer.run_id(), first.run_id());
  EXPECT_EQ(third_answer.status(), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
}

TEST_F(start, obeys_the_conflict_policy_while_a_run_is_open) {
  const auto run_id = at.start("w");
  const auto refused = at.refused<start_response>(make_start());
  EXPECT_EQ(refused.code, rpc_code::already_exists);
  EXPECT_EQ(refused.message, "Workflow execution is already running. WorkflowId: w, RunId: " + run_id + ".");
  google::rpc::Status details;
  temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure failure;
  ASSERT_TRUE(details.ParseFromString(refused.details));
  ASSERT_TRUE(details.details(0).UnpackTo(&failure));
  EXPECT_EQ(failure.run_id(), run_id);
  EXPECT_EQ(failure.start_request_id(), "start of w");
  EXPECT_EQ(failure.first_execution_run_id(), run_id);

  auto existing = make_start();
  existing.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  const auto used = at.ask<start_response>(existing);
  EXPECT_EQ(used.run_id(), run_id);
  EXPECT_FALSE(used.started());
  EXPECT_EQ(at.events("w").size(), 2U);

  auto other = make_start();
  other.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING);
  const auto replaced = at.ask<start_response>(other);
  EXPECT_NE(replaced.run_id(), run_id);
  EXPECT_TRUE(replaced.started());
  const auto end = at.last_event("w", run_id).workflow_execution_terminated_event_attributes();
  EXPECT_EQ(end.reason(), "TerminateIfRunning WorkflowIdReusePolicy");
  EXPECT_EQ(end.identity(), "history-service");
  EXPECT_EQ(end.details().payloads(0).data(), "\"terminated by new runID: " + replaced.run_id() + "\"");

  auto old_way = make_start();
  old_way.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING);
  EXPECT_TRUE(at.ask<start_response>(old_way).started());
  EXPECT_EQ(status("w", replaced.run_id()), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
}

TEST_F(start, leaves_what_it_brings_with_the_existing_run) {
  const auto run_id = at.start("w");
  auto request = make_start();
  request.set_request_id("attached");
  request.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  request.mutable_on_conflict_options()->set_attach_request_id(true);
  request.mutable_on_conflict_options()->set_attach_links(true);
  request.add_links()->mutable_batch_job()->set_job_id("job");
  const auto answer = at.ask<start_response>(request);
  EXPECT_EQ(answer.run_id(), run_id);
  EXPECT_FALSE(answer.started());
  EXPECT_EQ(answer.link().workflow_event().run_id(), run_id);
  EXPECT_EQ(answer.link().workflow_event().event_ref().event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  const auto event = at.last_event("w");
  EXPECT_EQ(event.workflow_execution_options_updated_event_attributes().attached_request_id(), "attached");
  EXPECT_EQ(event.links(0).batch_job().job_id(), "job");
  const auto length = at.events("w").size();
  EXPECT_FALSE(at.ask<start_response>(request).started());
  EXPECT_EQ(at.events("w").size(), length);
}

TEST_F(start, obeys_the_reuse_policy_when_the_last_run_is_closed) {
  close();
  auto request = make_start();
  request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE);
  auto status = at.refused<start_response>(request);
  EXPECT_EQ(status.code, rpc_code::already_exists);
  EXPECT_NE(status.message.find("Workflow execution already finished. WorkflowId: w, RunId: "), std::string::npos);
  EXPECT_NE(status.message.find(". Workflow Id reuse policy: reject duplicate workflow Id."), std::string::npos);
  request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY);
  status = at.refused<start_response>(request);
  EXPECT_NE(status.message.find("already finished successfully."), std::string::npos);
  EXPECT_NE(status.message.find("allow duplicate workflow Id if last run failed."), std::string::npos);
  EXPECT_TRUE(at.ask<start_response>(make_start()).started());
  at.terminate("w");
  EXPECT_TRUE(at.ask<start_response>(request).started());
}

TEST_F(start, waits_for_its_delay) {
  at.start("w", [](start_request& request) {
    request.mutable_workflow_start_delay()->set_seconds(60);
    request.mutable_workflow_run_timeout()->set_seconds(30);
    request.set_request_eager_execution(true);
  });
  EXPECT_EQ(at.event_types("w"), "WorkflowExecutionStarted");
  EXPECT_EQ(started().first_workflow_task_backoff().seconds(), 60);
  EXPECT_FALSE(started().eager_execution_accepted());
  at.signal("w");
  at.pass(60 * second - 1);
  EXPECT_EQ(at.event_types("w"), "WorkflowExecutionStarted WorkflowExecutionSignaled");
  at.pass(1);
  EXPECT_EQ(at.types_from("w", 3), "WorkflowTaskScheduled");
  at.pass(30 * second);
  EXPECT_EQ(status(), enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT);
}

TEST_F(start, is_cancelled_without_waiting_for_its_delay) {
  at.start("w", [](start_request& request) { request.mutable_workflow_start_delay()->set_seconds(60); });
  service::RequestCancelWorkflowExecutionRequest cancel;
  cancel.set_namespace_("default");
  cancel.mutable_workflow_execution()->set_workflow_id("w");
  at.ask<service::RequestCancelWorkflowExecutionResponse>(cancel);
  EXPECT_EQ(at.types_from("w", 2), "WorkflowExecutionCancelRequested WorkflowTaskScheduled");
}

TEST_F(start, repeats_by_its_cron_schedule) {
  at.pass(30 * second);
  const auto first = at.start("w", [](start_request& request) { request.set_cron_schedule("0 * * * *"); });
  EXPECT_EQ(started().initiator(), enums::CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE);
  EXPECT_EQ(started().first_workflow_task_backoff().seconds(), 3570);
  at.pass(hour - 30 * second);
  at.complete(at.poll(), {complete_command("first")});
  const auto event = started();
  EXPECT_EQ(event.cron_schedule(), "0 * * * *");
  EXPECT_EQ(event.continued_execution_run_id(), first);
  EXPECT_EQ(event.first_execution_run_id(), first);
  EXPECT_EQ(event.last_completion_result().payloads(0).data(), "first");
  EXPECT_EQ(event.first_workflow_task_backoff().seconds(), 3600);
  at.pass(hour);
  EXPECT_EQ(at.poll().attempt(), 1);
}

TEST_F(start, gives_the_first_task_back_to_an_eager_client) {
  auto request = make_start();
  request.set_request_eager_execution(true);
  const auto answer = at.ask<start_response>(request);
  ASSERT_TRUE(answer.has_eager_workflow_task());
  EXPECT_EQ(answer.eager_workflow_task().history().events_size(), 3);
  EXPECT_EQ(answer.eager_workflow_task().workflow_execution().run_id(), answer.run_id());
  EXPECT_TRUE(started().eager_execution_accepted());
  EXPECT_TRUE(at.idle());
  at.complete(answer.eager_workflow_task(), {complete_command()});
  EXPECT_EQ(at.events("w").at(2).workflow_task_started_event_attributes().identity(), "client");
  EXPECT_EQ(status(), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
}

TEST_F(start, signals_a_run) {
  at.start("w");
  service::SignalWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_signal_name("hello");
  request.set_identity("client");
  request.set_request_id("signal once");
  add_payload(*request.mutable_input(), "in");
  (*request.mutable_header()->mutable_fields())["h"].set_data("head");
  request.add_links()->mutable_batch_job()->set_job_id("job");
  const auto link = at.ask<service::SignalWorkflowExecutionResponse>(request).link().workflow_event();
  EXPECT_EQ(link.namespace_(), "default");
  EXPECT_EQ(link.workflow_id(), "w");
  EXPECT_EQ(link.run_id(), at.describe("w").workflow_execution_info().execution().run_id());
  EXPECT_EQ(link.request_id_ref().request_id(), "signal once");
  EXPECT_EQ(link.request_id_ref().event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
  EXPECT_TRUE(at.ask<service::SignalWorkflowExecutionResponse>(request).has_link()) << "also when it is there already";
  EXPECT_EQ(at.types_from("w", 2), "WorkflowTaskScheduled WorkflowExecutionSignaled");
  const auto event = at.last_event("w");
  EXPECT_EQ(event.links(0).batch_job().job_id(), "job");
  const auto& attributes = event.workflow_execution_signaled_event_attributes();
  EXPECT_EQ(attributes.signal_name(), "hello");
  EXPECT_EQ(attributes.input().payloads(0).data(), "in");
  EXPECT_EQ(attributes.header().fields().at("h").data(), "head");
  EXPECT_EQ(attributes.identity(), "client");

  at.terminate("w");
  at.ask<service::SignalWorkflowExecutionResponse>(request);
  request.clear_request_id();
  auto status = at.refused<service::SignalWorkflowExecutionResponse>(request);
  EXPECT_EQ(status.code, rpc_code::not_found);
  EXPECT_EQ(status.message, "workflow execution already completed");
  request.clear_signal_name();
  EXPECT_EQ(at.refused<service::SignalWorkflowExecutionResponse>(request).message, "SignalName is not set on request.");
  request.mutable_workflow_execution()->set_run_id("no uuid");
  EXPECT_EQ(at.refused<service::SignalWorkflowExecutionResponse>(request).message, "Invalid RunId.");
  request.clear_workflow_execution();
  EXPECT_EQ(at.refused<service::SignalWorkflowExecutionResponse>(request).message, "Execution is not set on request.");
}

TEST_F(start, tells_which_events_requests_have_become) {
  at.start("w");
  const auto infos = [this] { return at.describe("w").workflow_extended_info().request_id_infos(); };
  const auto signal = [this](const std::string& request_id) {
    service::SignalWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_workflow_execution()->set_workflow_id("w");
    request.set_signal_name("hello");
    request.set_request_id(request_id);
    at.ask<service::SignalWorkflowExecutionResponse>(request);
  };
  signal("early");
  EXPECT_EQ(infos().at("early").event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
  EXPECT_EQ(infos().at("early").event_id(), 3);
  EXPECT_FALSE(infos().at("early").buffered());
  EXPECT_EQ(at.last_event("w").workflow_execution_signaled_event_attributes().request_id(), "early");

  const auto task = at.poll();
  signal("meanwhile");
  auto request = make_start();
  request.set_request_id("attached");
  request.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  request.mutable_on_conflict_options()->set_attach_request_id(true);
  at.ask<start_response>(request);
  for (const std::string id : {"meanwhile", "attached"}) {
    EXPECT_TRUE(infos().at(id).buffered()) << id;
    EXPECT_EQ(infos().at(id).event_id(), 0) << id;
  }
  signal("meanwhile");
  at.complete(task, {});
  EXPECT_EQ(at.types_from("w", 5),
            "WorkflowTaskCompleted WorkflowExecutionSignaled WorkflowExecutionOptionsUpdated "
            "WorkflowTaskScheduled");
  EXPECT_FALSE(infos().at("meanwhile").buffered());
  EXPECT_EQ(infos().at("meanwhile").event_id(), 6);
  EXPECT_EQ(infos().at("attached").event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
  EXPECT_EQ(infos().at("attached").event_id(), 7);

  auto both = make_signal_start();
  both.set_workflow_id("both");
  both.set_request_id("one");
  at.ask<signal_start_response>(both);
  const auto one = at.describe("both").workflow_extended_info().request_id_infos().at("one");
  EXPECT_EQ(one.event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
  EXPECT_EQ(one.event_id(), 2);
}

TEST_F(start, knows_all_of_its_signals) {
  at.start("w");
  service::SignalWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_signal_name("signal");
  for (int number = 0; number < 60; ++number) {
    for (const int each : {number, number / 2, 0}) {
      request.set_request_id("signal " + std::to_string(each));
      at.ask<service::SignalWorkflowExecutionResponse>(request);
    }
  }
  EXPECT_EQ(at.events("w").size(), 62U);
}

TEST_F(start, limits_the_signals_of_a_run) {
  at.state->limit().signals_per_run = 2;
  at.start("w");
  at.signal("w");
  at.signal("w");
  service::SignalWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_signal_name("one more");
  const auto status = at.refused<service::SignalWorkflowExecutionResponse>(request);
  EXPECT_EQ(status.code, rpc_code::invalid_argument);
  EXPECT_EQ(status.message, "exceeded workflow execution limit for signal events");
}

TEST_F(start, signals_before_the_first_task_with_signal_with_start) {
  const auto answer = at.ask<signal_start_response>(make_signal_start());
  EXPECT_TRUE(answer.started());
  EXPECT_EQ(at.event_types("w"), "WorkflowExecutionStarted WorkflowExecutionSignaled WorkflowTaskScheduled");
  const auto signaled = at.events("w").at(1).workflow_execution_signaled_event_attributes();
  EXPECT_EQ(signaled.input().payloads(0).data(), "for the signal");

  auto again = make_signal_start();
  again.set_request_id("same");
  const auto second_answer = at.ask<signal_start_response>(again);
  EXPECT_FALSE(second_answer.started());
  EXPECT_EQ(second_answer.run_id(), answer.run_id());
  const auto link = second_answer.signal_link().workflow_event();
  EXPECT_EQ(link.run_id(), answer.run_id());
  EXPECT_EQ(link.request_id_ref().request_id(), "same");
  at.ask<signal_start_response>(again);
  EXPECT_EQ(at.types_from("w", 4), "WorkflowExecutionSignaled");

  auto replace = make_signal_start();
  replace.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING);
  const auto third_answer = at.ask<signal_start_response>(replace);
  EXPECT_TRUE(third_answer.started());
  EXPECT_EQ(status("w", answer.run_id()), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
  at.terminate("w");
  auto reject = make_signal_start();
  reject.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE);
  EXPECT_EQ(at.refused<signal_start_response>(reject).code, rpc_code::already_exists);
  auto fail = make_signal_start();
  fail.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
  EXPECT_EQ(at.refused<signal_start_response>(fail).message,
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.");
}

TEST_F(start, ends_the_delay_with_signal_with_start) {
  at.start("w", [](start_request& request) { request.mutable_workflow_start_delay()->set_seconds(60); });
  at.ask<signal_start_response>(make_signal_start());
  EXPECT_EQ(at.types_from("w", 2), "WorkflowExecutionSignaled WorkflowTaskScheduled");
}

TEST_F(start, is_asked_to_cancel_once) {
  const auto run_id = at.start("w");
  service::RequestCancelWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_first_execution_run_id("another chain");
  auto refused = at.refused<service::RequestCancelWorkflowExecutionResponse>(request);
  EXPECT_EQ(refused.code, rpc_code::not_found);
  EXPECT_EQ(refused.message, "workflow execution not found");
  request.set_first_execution_run_id(run_id);
  request.set_reason("why not");
  request.set_identity("client");
  at.ask<service::RequestCancelWorkflowExecutionResponse>(request);
  at.ask<service::RequestCancelWorkflowExecutionResponse>(request);
  EXPECT_EQ(at.types_from("w", 3), "WorkflowExecutionCancelRequested");
  const auto event = at.last_event("w").workflow_execution_cancel_requested_event_attributes();
  EXPECT_EQ(event.cause(), "why not");
  EXPECT_EQ(event.identity(), "client");
  at.terminate("w");
  at.ask<service::RequestCancelWorkflowExecutionResponse>(request);
  request.clear_first_execution_run_id();
  request.mutable_workflow_execution()->set_workflow_id("nobody");
  refused = at.refused<service::RequestCancelWorkflowExecutionResponse>(request);
  EXPECT_EQ(refused.message, "workflow not found for ID: nobody");
}

TEST_F(start, is_terminated) {
  at.start("w");
  service::TerminateWorkflowExecutionRequest request;
  request.set_namespace_("default");
  request.mutable_workflow_execution()->set_workflow_id("w");
  request.set_first_execution_run_id("another chain");
  EXPECT_EQ(at.refused<service::TerminateWorkflowExecutionResponse>(request).message, "workflow execution not found");
  request.clear_first_execution_run_id();
  add_payload(*request.mutable_details(), "details");
  at.ask<service::TerminateWorkflowExecutionResponse>(request);
  const auto event = at.last_event("w").workflow_execution_terminated_event_attributes();
  EXPECT_EQ(event.reason(), "terminated by user via frontend");
  EXPECT_EQ(event.identity(), "frontend-service");
  EXPECT_EQ(event.details().payloads(0).data(), "details");
  EXPECT_EQ(at.refused<service::TerminateWorkflowExecutionResponse>(request).message,
            "workflow execution already completed");
}

TEST_F(start, keeps_whether_a_termination_has_details) {
  for (const bool given : {true, false}) {
    const std::string id = given ? "given" : "absent";
    at.start(id);
    service::TerminateWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_workflow_execution()->set_workflow_id(id);
    if (given) request.mutable_details();
    at.ask<service::TerminateWorkflowExecutionResponse>(request);
    EXPECT_EQ(at.last_event(id).workflow_execution_terminated_event_attributes().has_details(), given);
  }
}

}  // namespace start_test
}  // namespace rondo::test
