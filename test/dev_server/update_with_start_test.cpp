#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <string>
#include <vector>

#include "dev_server/update_worker.hpp"

namespace rondo::test {
namespace update_with_start_test {

using multi_request = service::ExecuteMultiOperationRequest;
using multi_response = service::ExecuteMultiOperationResponse;
using multi_failure = temporal::api::errordetails::v1::MultiOperationExecutionFailure;

multi_request make_request(const std::string& id, const std::string& update_id,
                           enums::WorkflowIdConflictPolicy policy = enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING) {
  multi_request request;
  request.set_namespace_("default");
  auto& start = *request.add_operations()->mutable_start_workflow();
  start.set_namespace_("default");
  start.set_workflow_id(id);
  start.mutable_workflow_type()->set_name("type");
  start.mutable_task_queue()->set_name("queue");
  start.set_request_id("joint");
  start.set_workflow_id_conflict_policy(policy);
  *request.add_operations()->mutable_update_workflow() = update_worker::request_of(id, update_id);
  return request;
}

multi_failure failure_of(const rpc_status& status) {
  multi_failure failure;
  google::rpc::Status full;
  EXPECT_TRUE(full.ParseFromString(status.details));
  EXPECT_EQ(full.details_size(), 1);
  if (full.details_size() == 1) {
    EXPECT_TRUE(full.details(0).UnpackTo(&failure));
  }
  EXPECT_EQ(status.message, "Update-with-Start could not be executed.");
  EXPECT_EQ(failure.statuses_size(), 2);
  return failure;
}

void expect_aborted(const multi_failure::OperationStatus& status) {
  EXPECT_EQ(status.code(), static_cast<int>(rpc_code::aborted));
  EXPECT_EQ(status.message(), "Operation was aborted.");
  ASSERT_EQ(status.details_size(), 1);
  EXPECT_EQ(status.details(0).type_url(), "type.googleapis.com/temporal.api.failure.v1.MultiOperationExecutionAborted");
}

struct update_with_start : ::testing::Test {
  update_worker at;

  pending<multi_response> begin(const std::string& update_id, enums::WorkflowIdConflictPolicy policy =
                                                                  enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING) {
    return at.begin<multi_response>(make_request("w", update_id, policy));
  }
  void answer(const std::string& update_id) {
    const auto task = at.poll();
    ASSERT_EQ(task.messages_size(), 1);
    at.say(task, {acceptance(update_id, task.started_event_id() - 1), response(update_id)});
  }
};

TEST_F(update_with_start, starts_and_updates) {
  const auto asked = begin("u");
  EXPECT_FALSE(asked.done());
  answer("u");
  const auto told = asked.get();
  ASSERT_EQ(told.responses_size(), 2);
  const auto& start = told.responses(0).start_workflow();
  EXPECT_TRUE(start.started());
  EXPECT_EQ(start.status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(start.link().workflow_event().event_ref().event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  const auto& updated = told.responses(1).update_workflow();
  EXPECT_EQ(updated.stage(), stage_completed);
  EXPECT_EQ(updated.outcome().success().payloads(0).data(), "value");
  EXPECT_EQ(updated.update_ref().workflow_execution().run_id(), start.run_id());
  EXPECT_EQ(at.types_from("w", 3),
            "WorkflowTaskStarted WorkflowTaskCompleted WorkflowExecutionUpdateAccepted "
            "WorkflowExecutionUpdateCompleted");
}

TEST_F(update_with_start, starts_even_when_the_update_is_rejected) {
  const auto asked = begin("u");
  at.say(at.poll(), {rejection("u", "never")});
  const auto told = asked.get();
  EXPECT_TRUE(told.responses(0).start_workflow().started());
  EXPECT_EQ(told.responses(1).update_workflow().outcome().failure().message(), "never");
  EXPECT_EQ(at.describe("w").workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
}

TEST_F(update_with_start, uses_the_run_that_is_there) {
  const auto run_id = at.settle("w");
  const auto asked = begin("u");
  answer("u");
  const auto told = asked.get();
  EXPECT_FALSE(told.responses(0).start_workflow().started());
  EXPECT_EQ(told.responses(0).start_workflow().run_id(), run_id);
  EXPECT_EQ(told.responses(0).start_workflow().status(), enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  EXPECT_EQ(told.responses(1).update_workflow().stage(), stage_completed);
}

TEST_F(update_with_start, ends_the_run_that_is_there) {
  const auto run_id = at.settle("w");
  const auto asked = begin("u", enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING);
  answer("u");
  const auto told = asked.get();
  EXPECT_TRUE(told.responses(0).start_workflow().started());
  EXPECT_NE(told.responses(0).start_workflow().run_id(), run_id);
  EXPECT_EQ(at.describe("w", run_id).workflow_execution_info().status(), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
}

TEST_F(update_with_start, fails_when_a_run_is_there) {
  at.settle("w");
  const auto status = at.refused<multi_response>(make_request("w", "u", enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL));
  EXPECT_EQ(status.code, rpc_code::already_exists);
  const auto failure = failure_of(status);
  EXPECT_EQ(failure.statuses(0).code(), static_cast<int>(rpc_code::already_exists));
  EXPECT_EQ(failure.statuses(0).message().find("Workflow execution is already running. WorkflowId: w"), 0U);
  temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure detail;
  ASSERT_EQ(failure.statuses(0).details_size(), 1);
  EXPECT_TRUE(failure.statuses(0).details(0).UnpackTo(&detail));
  expect_aborted(failure.statuses(1));
  EXPECT_FALSE(at.knows("w", "u"));
}

TEST_F(update_with_start, is_the_same_when_it_is_sent_again) {
  const auto policy = enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL;
  const auto first = begin("u", policy);
  const auto again = begin("u", policy);
  answer("u");
  EXPECT_TRUE(first.get().responses(0).start_workflow().started());
  EXPECT_FALSE(again.get().responses(0).start_workflow().started());
  EXPECT_EQ(again.get().responses(1).update_workflow().stage(), stage_completed);
}

TEST_F(update_with_start, finds_an_update_by_its_id) {
  const auto policy = enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL;
  const auto run_id = at.settle("w");
  at.update("w", "u");
  const auto attached = begin("u", policy);
  EXPECT_FALSE(attached.done());
  answer("u");
  EXPECT_EQ(attached.get().responses(1).update_workflow().stage(), stage_completed);
  at.terminate("w");
  const auto known = begin("u", policy).get();
  EXPECT_EQ(known.responses(0).start_workflow().run_id(), run_id);
  EXPECT_FALSE(known.responses(0).start_workflow().started());
  EXPECT_EQ(known.responses(0).start_workflow().status(), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
  EXPECT_EQ(known.responses(1).update_workflow().outcome().success().payloads(0).data(), "value");
}

TEST_F(update_with_start, starts_another_run_when_the_one_that_was_there_closes) {
  const auto run_id = at.settle("w");
  const auto asked = begin("u");
  at.terminate("w");
  EXPECT_FALSE(asked.done());
  const auto task = at.poll();
  EXPECT_NE(task.workflow_execution().run_id(), run_id);
  at.say(task, {acceptance("u", 2), response("u")});
  EXPECT_TRUE(asked.get().responses(0).start_workflow().started());
}

TEST_F(update_with_start, reports_the_end_of_a_run_that_it_started) {
  const auto asked = begin("u");
  at.terminate("w");
  ASSERT_TRUE(asked.done());
  EXPECT_EQ(asked.status().code, rpc_code::not_found);
  const auto failure = failure_of(asked.status());
  EXPECT_EQ(failure.statuses(0).code(), 0);
  EXPECT_EQ(failure.statuses(1).message(), "workflow update was aborted by closing workflow");
}

TEST_F(update_with_start, reports_why_the_update_cannot_be) {
  at.state->limit().updates_in_flight = 1;
  at.settle("w");
  at.update("w", "other");
  const auto status = at.refused<multi_response>(make_request("w", "u"));
  EXPECT_EQ(status.code, rpc_code::resource_exhausted);
  const auto failure = failure_of(status);
  expect_aborted(failure.statuses(0));
  EXPECT_EQ(failure.statuses(1).message(), "limit on number of concurrent in-flight updates has been reached (1)");
}

TEST_F(update_with_start, refuses_anything_but_one_start_and_one_update) {
  auto two_starts = make_request("w", "u");
  *two_starts.mutable_operations(1) = two_starts.operations(0);
  auto three = make_request("w", "u");
  *three.add_operations() = three.operations(1);
  auto reversed = make_request("w", "u");
  reversed.mutable_operations()->SwapElements(0, 1);
  for (const auto& request : {two_starts, three, reversed}) {
    const auto status = at.refused<multi_response>(request);
    EXPECT_EQ(status.code, rpc_code::invalid_argument);
    EXPECT_EQ(status.message, "Operations have to be exactly [Start, Update].");
  }
}

TEST_F(update_with_start, refuses_operations_that_do_not_go_together) {
  struct row {
    int culprit;
    std::string text;
    scripted_worker::change<multi_request> with;
  };
  const auto start = [](multi_request& request) -> auto& {
    return *request.mutable_operations(0)->mutable_start_workflow();
  };
  const auto update = [](multi_request& request) -> auto& {
    return *request.mutable_operations(1)->mutable_update_workflow();
  };
  const std::vector<row> rows{
      {0, "CronSchedule is not allowed.", [&](auto& request) { start(request).set_cron_schedule("* * * * *"); }},
      {0, "RequestEagerExecution is not supported.",
       [&](auto& request) { start(request).set_request_eager_execution(true); }},
      {0, "WorkflowStartDelay is not supported.",
       [&](auto& request) { start(request).mutable_workflow_start_delay()->set_seconds(1); }},
      {0, "WorkflowType is not set on request.", [&](auto& request) { start(request).clear_workflow_type(); }},
      {1, "WorkflowId is not consistent with previous operation(s).",
       [&](auto& request) { update(request).mutable_workflow_execution()->set_workflow_id("other"); }},
      {1, "FirstExecutionRunId is not allowed.",
       [&](auto& request) { update(request).set_first_execution_run_id("run"); }},
      {1, "RunId is not allowed.",
       [&](auto& request) {
         update(request).mutable_workflow_execution()->set_run_id("f81d4fae-7dec-4d0a-a765-00a0c91e6bf6");
       }},
      {1, "Update name is not set on request.",
       [&](auto& request) { update(request).mutable_request()->mutable_input()->clear_name(); }},
  };
  for (const auto& [culprit, text, with] : rows) {
    auto request = make_request("w", "u");
    with(request);
    const auto status = at.refused<multi_response>(request);
    EXPECT_EQ(status.code, rpc_code::invalid_argument) << text;
    const auto failure = failure_of(status);
    EXPECT_EQ(failure.statuses(culprit).message(), text);
    EXPECT_EQ(failure.statuses(culprit).code(), static_cast<int>(rpc_code::invalid_argument));
    expect_aborted(failure.statuses(1 - culprit));
  }
}

}  // namespace update_with_start_test
}  // namespace rondo::test
