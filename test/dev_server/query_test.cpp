#include <gtest/gtest.h>
#include <rondo/server/state.pb.h>
#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/query/v1/message.pb.h>

#include <chrono>
#include <string>
#include <vector>

#include "dev_server/scripted_worker.hpp"
#include "rondo/detail/io/status_details.hpp"

namespace rondo::test {
namespace query_test {

using server::hour;
using server::second;
using query_response = service::QueryWorkflowResponse;
using answer_request = service::RespondQueryTaskCompletedRequest;
using answer_response = service::RespondQueryTaskCompletedResponse;
using not_ready = temporal::api::errordetails::v1::WorkflowNotReadyFailure;
using query_failed = temporal::api::errordetails::v1::QueryFailedFailure;

service::QueryWorkflowRequest query_request(const std::string& id) {
  service::QueryWorkflowRequest request;
  request.set_namespace_("default");
  request.mutable_execution()->set_workflow_id(id);
  request.mutable_query()->set_query_type("state");
  request.mutable_query()->mutable_query_args()->add_payloads()->set_data("argument");
  return request;
}

answer_request answer_of(const poll_response& task, const std::string& value = "value") {
  answer_request request;
  request.set_namespace_("default");
  request.set_task_token(task.task_token());
  request.set_completed_type(enums::QUERY_RESULT_TYPE_ANSWERED);
  request.mutable_query_result()->add_payloads()->set_data(value);
  return request;
}

std::string value_of(const pending<query_response>& asked) { return asked.get().query_result().payloads(0).data(); }

/// Answers all queries that the task brought.
void answer_queries(const poll_response& task, complete_request& request) {
  for (const auto& [id, query] : task.queries()) {
    auto& result = (*request.mutable_query_results())[id];
    result.set_result_type(enums::QUERY_RESULT_TYPE_ANSWERED);
    result.mutable_answer()->add_payloads()->set_data("value");
  }
}

template <class Detail>
Detail detail_of(const rpc_status& status) {
  Detail detail;
  google::rpc::Status full;
  EXPECT_TRUE(full.ParseFromString(status.details));
  EXPECT_EQ(full.details_size(), 1);
  if (full.details_size() == 1) {
    EXPECT_TRUE(full.details(0).UnpackTo(&detail)) << full.details(0).type_url();
  }
  return detail;
}

struct query : ::testing::Test {
  scripted_worker at;

  /// A workflow whose first task was completed; the worker keeps it in memory when `sticky`.
  void settle(const std::string& id, bool sticky = false, const commands& with = {}) {
    at.start(id);
    at.complete(at.poll(), with, [sticky](complete_request& request) {
      if (sticky) scripted_worker::be_sticky(request);
    });
  }
  pending<query_response> begin(const std::string& id) { return at.begin<query_response>(query_request(id)); }
  rpc_status refused(const std::string& id) { return at.refused<query_response>(query_request(id)); }
  void answer(const poll_response& task) { at.ask<answer_response>(answer_of(task)); }
};

TEST_F(query, goes_to_a_worker_directly_while_no_task_is_open) {
  settle("w");
  const auto asked = begin("w");
  const auto task = at.poll();
  EXPECT_EQ(task.query().query_type(), "state");
  EXPECT_EQ(task.query().query_args().payloads(0).data(), "argument");
  EXPECT_EQ(task.workflow_execution().workflow_id(), "w");
  EXPECT_EQ(task.workflow_type().name(), "type");
  EXPECT_EQ(task.workflow_execution_task_queue().name(), "queue");
  EXPECT_EQ(task.previous_started_event_id(), 3);
  EXPECT_EQ(task.started_event_id(), 0);
  EXPECT_EQ(task.attempt(), 1);
  EXPECT_EQ(task.history().events_size(), 4);
  EXPECT_TRUE(task.next_page_token().empty());
  EXPECT_FALSE(asked.done());
  answer(task);
  EXPECT_EQ(value_of(asked), "value");
  EXPECT_EQ(at.events("w").size(), 4U);
}

TEST_F(query, brings_the_history_in_pages) {
  at.state->limit().history_page = 3;
  settle("w");
  begin("w");
  const auto task = at.poll();
  EXPECT_EQ(task.history().events_size(), 3);
  service::GetWorkflowExecutionHistoryRequest rest;
  rest.set_namespace_("default");
  *rest.mutable_execution() = task.workflow_execution();
  rest.set_next_page_token(task.next_page_token());
  const auto page = at.ask<service::GetWorkflowExecutionHistoryResponse>(rest);
  ASSERT_EQ(page.history().events_size(), 1);
  EXPECT_EQ(page.history().events(0).event_id(), 4);
  EXPECT_TRUE(page.next_page_token().empty());
}

TEST_F(query, goes_first_to_the_worker_that_has_the_run_in_memory) {
  settle("w", true);
  const auto sticky = at.begin_poll("sticky", true);
  const auto asked = begin("w");
  const auto task = sticky.get();
  EXPECT_EQ(task.query().query_type(), "state");
  EXPECT_EQ(task.history().events_size(), 0);
  answer(task);
  EXPECT_EQ(value_of(asked), "value");
}

TEST_F(query, goes_to_all_workers_when_the_one_has_not_polled_lately) {
  settle("w", true);
  begin("w");
  EXPECT_EQ(at.poll().history().events_size(), 4);
}

TEST_F(query, leaves_a_sticky_worker_that_does_not_answer) {
  settle("w", true);
  const auto sticky = at.begin_poll("sticky", true);
  const auto asked = begin("w");
  const auto lost = sticky.get();
  EXPECT_TRUE(at.idle());
  at.pass(5 * second);
  const auto task = at.poll();
  EXPECT_EQ(task.history().events_size(), 4);
  const auto late = at.refused<answer_response>(answer_of(lost));
  EXPECT_EQ(late.code, rpc_code::not_found);
  EXPECT_EQ(late.message, "query task not found, or already expired");
  answer(task);
  EXPECT_EQ(value_of(asked), "value");
  at.signal("w");
  EXPECT_EQ(at.poll().history().events_size(), 7) << "the run is still sticky";
}

TEST_F(query, leaves_a_sticky_worker_with_the_task_that_waits_for_it_too) {
  settle("w", true);
  const auto sticky = at.begin_poll("sticky", true);
  const auto asked = begin("w");
  static_cast<void>(sticky.get());  // and the worker dies
  at.pass(2 * second);
  at.signal("w");
  EXPECT_TRUE(at.idle()) << "the task waits in the sticky queue";
  at.pass(3 * second);
  const auto first = at.begin_poll();
  const auto second_one = at.begin_poll();
  ASSERT_TRUE(first.done());
  ASSERT_TRUE(second_one.done()) << "query and task both go to another worker";
}

TEST_F(query, waits_for_the_open_task) {
  settle("w");
  at.signal("w");
  const auto asked = begin("w");
  const auto task = at.poll();
  EXPECT_FALSE(task.has_query());
  ASSERT_EQ(task.queries_size(), 1);
  EXPECT_EQ(task.queries().begin()->second.query_type(), "state");
  at.complete(task, {}, [&task](complete_request& request) { answer_queries(task, request); });
  EXPECT_EQ(value_of(asked), "value");
  EXPECT_TRUE(at.idle());
}

TEST_F(query, waits_for_the_first_task) {
  at.start("w");
  const auto asked = begin("w");
  const auto task = at.poll();
  ASSERT_EQ(task.queries_size(), 1);
  at.complete(task, {complete_command()}, [&task](complete_request& request) { answer_queries(task, request); });
  EXPECT_EQ(value_of(asked), "value");
}

TEST_F(query, that_came_behind_the_tasks_start_goes_on_directly) {
  at.start("w");
  const auto task = at.poll();
  const auto asked = begin("w");
  EXPECT_EQ(task.queries_size(), 0);
  at.complete(task);
  const auto direct = at.poll();
  EXPECT_TRUE(direct.has_query());
  answer(direct);
  EXPECT_EQ(value_of(asked), "value");
}

TEST_F(query, goes_with_the_next_task_when_one_follows) {
  at.start("w");
  const auto task = at.poll();
  at.signal("w");
  const auto asked = begin("w");
  at.complete(task);
  const auto next = at.poll();
  ASSERT_EQ(next.queries_size(), 1);
  at.complete(next, {}, [&next](complete_request& request) { answer_queries(next, request); });
  EXPECT_EQ(value_of(asked), "value");
}

TEST_F(query, on_a_closed_run_is_answered_or_rejected) {
  settle("completed", false, {complete_command()});
  settle("terminated");
  at.terminate("terminated");
  const auto asked = begin("completed");
  answer(at.poll());
  EXPECT_EQ(value_of(asked), "value");
  struct row {
    const char* id;
    enums::QueryRejectCondition condition;
    enums::WorkflowExecutionStatus status;
  };
  for (const auto& [id, condition, status] :
       {row{"completed", enums::QUERY_REJECT_CONDITION_NOT_OPEN, enums::WORKFLOW_EXECUTION_STATUS_COMPLETED},
        row{"terminated", enums::QUERY_REJECT_CONDITION_NOT_OPEN, enums::WORKFLOW_EXECUTION_STATUS_TERMINATED},
        row{"terminated", enums::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY,
            enums::WORKFLOW_EXECUTION_STATUS_TERMINATED}}) {
    auto request = query_request(id);
    request.set_query_reject_condition(condition);
    EXPECT_EQ(at.ask<query_response>(request).query_rejected().status(), status) << id;
  }
  auto clean = query_request("completed");
  clean.set_query_reject_condition(enums::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY);
  EXPECT_FALSE(at.begin<query_response>(clean).done());
  EXPECT_TRUE(at.poll().has_query());
}

TEST_F(query, goes_on_directly_when_the_run_closes) {
  settle("w");
  at.signal("w");
  const auto asked = begin("w");
  at.terminate("w");
  const auto task = at.poll();
  EXPECT_TRUE(task.has_query());
  answer(task);
  EXPECT_EQ(value_of(asked), "value");
}

TEST_F(query, cannot_be_answered_when_no_worker_ever_had_the_run) {
  at.start("w");
  const auto waiting = begin("w");
  at.terminate("w");
  ASSERT_TRUE(waiting.done());
  for (const auto& status : {waiting.status(), refused("w")}) {
    EXPECT_EQ(status.code, rpc_code::failed_precondition);
    EXPECT_EQ(status.message, "Workflow execution closed before WorkflowTaskStarted event");
    detail_of<not_ready>(status);
  }
}

TEST_F(query, does_not_wait_for_a_task_that_keeps_failing) {
  at.start("w");
  at.fail(at.poll());
  const auto waiting = begin("w");
  at.fail(at.poll());
  ASSERT_TRUE(waiting.done());
  for (const auto& status : {waiting.status(), refused("w")}) {
    EXPECT_EQ(status.code, rpc_code::failed_precondition);
    EXPECT_EQ(status.message, "Unable to query workflow due to Workflow Task in failed state.");
    detail_of<not_ready>(status);
  }
}

TEST(query_in_real_time, does_not_wait_for_a_start_that_is_far_away) {
  scripted_worker at{server::options()};
  at.start("w", [](auto& request) { request.mutable_workflow_start_delay()->set_seconds(3600); });
  const auto status = at.refused<query_response>(query_request("w"));
  EXPECT_EQ(status.code, rpc_code::failed_precondition);
  EXPECT_EQ(status.message, "Workflow task is not scheduled yet.");
  detail_of<not_ready>(status);
  const auto patient =
      at.begin<query_response>(query_request("w"), std::chrono::steady_clock::now() + std::chrono::hours(2));
  EXPECT_FALSE(patient.done());
}

TEST_F(query, fails_as_the_worker_says) {
  settle("w");
  const auto direct = begin("w");
  auto answer = answer_of(at.poll());
  answer.set_completed_type(enums::QUERY_RESULT_TYPE_FAILED);
  answer.clear_query_result();
  answer.set_error_message("unknown query state");
  answer.mutable_failure()->set_message("more of it");
  at.ask<answer_response>(answer);
  at.signal("w");
  const auto buffered = begin("w");
  const auto task = at.poll();
  at.complete(task, {}, [&task](complete_request& request) {
    auto& result = (*request.mutable_query_results())[task.queries().begin()->first];
    result.set_result_type(enums::QUERY_RESULT_TYPE_FAILED);
    result.set_error_message("unknown query state");
    result.mutable_failure()->set_message("more of it");
  });
  for (const auto* asked : {&direct, &buffered}) {
    ASSERT_TRUE(asked->done());
    EXPECT_EQ(asked->status().code, rpc_code::invalid_argument);
    EXPECT_EQ(asked->status().message, "unknown query state");
    EXPECT_EQ(detail_of<query_failed>(asked->status()).failure().message(), "more of it");
  }
}

TEST_F(query, fails_when_its_result_is_too_large) {
  at.state->limit().blob_size = 100;
  settle("w");
  const auto asked = begin("w");
  at.ask<answer_response>(answer_of(at.poll(), std::string(200, 'x')));
  EXPECT_EQ(asked.status().message, "Blob data size exceeds limit.");
  detail_of<query_failed>(asked.status());
}

TEST_F(query, ends_with_the_callers_patience) {
  settle("w");
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  const auto asked = at.begin<query_response>(query_request("w"), until);
  at.loop.run_until([&asked] { return asked.done(); });
  EXPECT_EQ(asked.status().code, rpc_code::deadline_exceeded);
  EXPECT_EQ(asked.status().message, "query timed out before a worker could process it");
  EXPECT_TRUE(at.idle()) << "the query is still in its task queue";
}

TEST_F(query, leaves_with_its_caller) {
  settle("direct");
  begin("direct").call->go_away();
  EXPECT_TRUE(at.idle());
  settle("buffered");
  at.signal("buffered");
  begin("buffered").call->go_away();
  EXPECT_EQ(at.poll().queries_size(), 0);
}

TEST_F(query, is_one_of_a_bounded_number) {
  at.start("w");
  std::vector<pending<query_response>> asked;
  for (int each = 0; each < 100; ++each) asked.push_back(begin("w"));
  const auto status = refused("w");
  EXPECT_EQ(status.code, rpc_code::resource_exhausted);
  EXPECT_EQ(status.message,
            "consistent query buffer is full, this may be caused by too many queries and workflow not able to process "
            "query fast enough");
  EXPECT_EQ(detail_of<temporal::api::errordetails::v1::ResourceExhaustedFailure>(status).cause(),
            enums::RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW);
  EXPECT_EQ(at.poll().queries_size(), 100);
}

TEST_F(query, holds_the_clock_until_it_is_answered) {
  settle("w", false, {timer_command("timer", 3600)});
  const auto asked = begin("w");
  const auto give_time_to_skip = [this] {
    for (int turns = 0; turns < 100; ++turns) at.loop.poll();
  };
  while (at.state->clock().unlock_skipping()) {
  }
  give_time_to_skip();
  EXPECT_EQ(at.events("w").size(), 5U) << "the clock went on to the timer";
  answer(at.poll());
  give_time_to_skip();
  EXPECT_EQ(at.types_from("w", 6), "TimerFired WorkflowTaskScheduled");
}

TEST_F(query, refuses_malformed_requests) {
  settle("w");
  struct row {
    std::string text;
    scripted_worker::change<service::QueryWorkflowRequest> with;
  };
  const std::vector<row> rows{
      {"Namespace is empty.", [](auto& request) { request.clear_namespace_(); }},
      {"Execution is not set on request.", [](auto& request) { request.clear_execution(); }},
      {"WorkflowId is not set on request.", [](auto& request) { request.mutable_execution()->clear_workflow_id(); }},
      {"Invalid RunId.", [](auto& request) { request.mutable_execution()->set_run_id("run"); }},
      {"WorkflowQuery is not set on request.", [](auto& request) { request.clear_query(); }},
      {"QueryType is not set on request.", [](auto& request) { request.mutable_query()->clear_query_type(); }},
  };
  for (const auto& [text, with] : rows) {
    auto request = query_request("w");
    with(request);
    const auto status = at.refused<query_response>(request);
    EXPECT_EQ(status.code, rpc_code::invalid_argument) << text;
    EXPECT_EQ(status.message, text);
  }
  EXPECT_EQ(refused("other").message, "workflow not found for ID: other");
}

TEST_F(query, refuses_malformed_answers) {
  struct row {
    std::string token;
    rpc_code code;
    std::string text;
  };
  server::state::TaskToken unknown;
  unknown.set_query_id("unknown");
  const std::vector<row> rows{
      {"", rpc_code::invalid_argument, "Task token not set on request."},
      {"\xff\xff", rpc_code::invalid_argument, "Error deserializing task token."},
      {server::state::TaskToken().SerializeAsString() + "\x08\x01", rpc_code::invalid_argument, "Invalid TaskToken."},
      {unknown.SerializeAsString(), rpc_code::not_found, "query task not found, or already expired"},
  };
  for (const auto& [token, code, text] : rows) {
    answer_request request;
    request.set_task_token(token);
    const auto status = at.refused<answer_response>(request);
    EXPECT_EQ(status.code, code) << text;
    EXPECT_EQ(status.message, text);
  }
}

}  // namespace query_test
}  // namespace rondo::test
