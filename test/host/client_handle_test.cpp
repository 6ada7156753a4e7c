#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>

#include "client_fixture.hpp"
#include "rondo/client.hpp"

namespace client_handle_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;
namespace details = temporal::api::errordetails::v1;

class ClientHandle : public ClientTest {
 protected:
  rondo::workflow_handle<order_workflow> typed() const {
    return client->get_workflow_handle<order_workflow>("order-1", "run-1");
  }
};

TEST_F(ClientHandle, Signals) {
  const auto seen = serve<service::SignalWorkflowExecutionRequest, service::SignalWorkflowExecutionResponse>(
      "SignalWorkflowExecution");
  server->lose_responses(method_path("SignalWorkflowExecution"), 1);
  typed().signal<&order_workflow::approve>("ada", 2).get();
  client->get_workflow_handle("order-1").signal("other").get();
  client->get_workflow_handle("order-1").signal<&order_workflow::approve>("bob", true).get();
  ASSERT_EQ(seen->size(), 4U);
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.workflow_execution().workflow_id(), "order-1");
  EXPECT_EQ(request.workflow_execution().run_id(), "run-1");
  EXPECT_EQ(request.signal_name(), "approve");
  EXPECT_EQ(texts(request.input()), "\"ada\" 2");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ((*seen)[1].request_id(), request.request_id());
  EXPECT_NE((*seen)[2].request_id(), request.request_id());
  EXPECT_EQ((*seen)[2].signal_name(), "other");
  EXPECT_EQ((*seen)[2].workflow_execution().run_id(), "");
  EXPECT_FALSE((*seen)[2].has_input());
  EXPECT_EQ(texts((*seen)[3].input()), "\"bob\" 1");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:order-1");
}

TEST_F(ClientHandle, Queries) {
  service::QueryWorkflowResponse response;
  add_json(*response.mutable_query_result(), "\"fine\"");
  const auto seen = serve<service::QueryWorkflowRequest>("QueryWorkflow", response);
  EXPECT_EQ(typed().query<&order_workflow::status>(3).get(), "fine");
  EXPECT_EQ(typed().query<std::string>("by-name", "x", 1).get(), "fine");
  const rondo::query_options open_only{.reject = rondo::query_reject_condition::not_open};
  EXPECT_EQ(typed().query<&order_workflow::status>(open_only, 3).get(), "fine");
  EXPECT_EQ(
      typed().query<std::string>("by-name", {.reject = rondo::query_reject_condition::not_completed_cleanly}, 3).get(),
      "fine");
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.execution().workflow_id(), "order-1");
  EXPECT_EQ(request.execution().run_id(), "run-1");
  EXPECT_EQ(request.query().query_type(), "order-status");
  EXPECT_EQ(texts(request.query().query_args()), "3");
  EXPECT_EQ(request.query_reject_condition(), enums::QUERY_REJECT_CONDITION_NONE);
  EXPECT_EQ(texts((*seen)[1].query().query_args()), "\"x\" 1");
  EXPECT_EQ((*seen)[2].query_reject_condition(), enums::QUERY_REJECT_CONDITION_NOT_OPEN);
  EXPECT_EQ((*seen)[3].query_reject_condition(), enums::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY);
  EXPECT_EQ(message_of<rondo::conversion_error>([this] {
              (void)typed().query<int>("status").get();
            }).find("answer to query 'status' of workflow 'order-1': cannot read int"),
            0U);
}

TEST_F(ClientHandle, TellsRejectedQueries) {
  service::QueryWorkflowResponse response;
  response.mutable_query_rejected()->set_status(enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT);
  serve<service::QueryWorkflowRequest>("QueryWorkflow", response);
  try {
    (void)typed().query<&order_workflow::status>(3).get();
    FAIL();
  } catch (const rondo::query_rejected& error) {
    EXPECT_EQ(error.workflow_status(), rondo::workflow_status::timed_out);
    EXPECT_STREQ(error.what(), "query 'order-status' of workflow 'order-1' was rejected: its status is TimedOut");
  }
}

TEST_F(ClientHandle, TellsFailedQueries) {
  details::QueryFailedFailure said;
  said.mutable_failure()->set_message("broken");
  said.mutable_failure()->mutable_application_failure_info()->set_type("Broken");
  refuse("QueryWorkflow", status_with(rondo::rpc_code::invalid_argument, "broken", said));
  try {
    (void)typed().query<int>("status").get();
    FAIL();
  } catch (const rondo::query_failed& error) {
    EXPECT_STREQ(error.what(), "query 'status' of workflow 'order-1': broken");
    EXPECT_THROW(std::rethrow_exception(error.cause()), rondo::application_failure);
  }
  refuse("QueryWorkflow",
         status_with(rondo::rpc_code::failed_precondition, "not scheduled yet", details::WorkflowNotReadyFailure()));
  EXPECT_THROW((void)typed().query<int>("status").get(), rondo::workflow_not_ready);
}

TEST_F(ClientHandle, CancelsOnlyItsChain) {
  service::StartWorkflowExecutionResponse response;
  response.set_run_id("run-1");
  response.set_started(true);
  serve<service::StartWorkflowExecutionRequest>("StartWorkflowExecution", response);
  const auto seen =
      serve<service::RequestCancelWorkflowExecutionRequest, service::RequestCancelWorkflowExecutionResponse>(
          "RequestCancelWorkflowExecution");
  const auto started = client->start_workflow("W", {.id = "order-1", .task_queue = "q"}).get();
  started.cancel("bored \xFF").get();
  typed().cancel().get();
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.workflow_execution().workflow_id(), "order-1");
  EXPECT_EQ(request.workflow_execution().run_id(), "");
  EXPECT_EQ(request.first_execution_run_id(), "run-1");
  EXPECT_EQ(request.reason(), "bored \xEF\xBF\xBD");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_EQ(request.request_id().size(), 36U);
  EXPECT_EQ((*seen)[1].workflow_execution().run_id(), "run-1");
  EXPECT_EQ((*seen)[1].first_execution_run_id(), "");
  EXPECT_NE((*seen)[1].request_id(), request.request_id());
}

TEST_F(ClientHandle, CancelsAndTerminatesOnlyTheChainThatItIsTold) {
  const auto cancelled =
      serve<service::RequestCancelWorkflowExecutionRequest, service::RequestCancelWorkflowExecutionResponse>(
          "RequestCancelWorkflowExecution");
  const auto terminated =
      serve<service::TerminateWorkflowExecutionRequest, service::TerminateWorkflowExecutionResponse>(
          "TerminateWorkflowExecution");
  const auto handle = client->get_workflow_handle<order_workflow>("order-1", {}, "run-0");
  EXPECT_EQ(handle.first_execution_run_id(), "run-0");
  EXPECT_EQ(handle.run_id(), "");
  handle.cancel().get();
  handle.terminate().get();
  EXPECT_EQ(cancelled->front().first_execution_run_id(), "run-0");
  EXPECT_EQ(cancelled->front().workflow_execution().run_id(), "");
  EXPECT_EQ(terminated->front().first_execution_run_id(), "run-0");
  EXPECT_EQ(terminated->front().workflow_execution().run_id(), "");
}

TEST_F(ClientHandle, Terminates) {
  const auto seen = serve<service::TerminateWorkflowExecutionRequest, service::TerminateWorkflowExecutionResponse>(
      "TerminateWorkflowExecution");
  typed().terminate("too late", 1, "x").get();
  typed().terminate().get();
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.workflow_execution().run_id(), "run-1");
  EXPECT_EQ(request.reason(), "too late");
  EXPECT_EQ(texts(request.details()), "1 \"x\"");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_FALSE((*seen)[1].has_details());
  refuse("TerminateWorkflowExecution",
         status_with(rondo::rpc_code::not_found, "workflow execution already completed", details::NotFoundFailure()));
  EXPECT_THROW(typed().terminate().get(), rondo::not_found);
}

TEST_F(ClientHandle, Describes) {
  service::DescribeWorkflowExecutionResponse response;
  auto& config = *response.mutable_execution_config();
  config.mutable_task_queue()->set_name("orders");
  config.mutable_workflow_run_timeout()->set_seconds(60);
  config.mutable_user_metadata()->mutable_summary()->set_data("\"a summary\"");
  config.mutable_user_metadata()->mutable_details()->set_data("\xFF not JSON");
  auto& info = *response.mutable_workflow_execution_info();
  info.mutable_execution()->set_workflow_id("order-1");
  info.mutable_execution()->set_run_id("run-1");
  info.set_first_run_id("run-0");
  info.mutable_type()->set_name("order_workflow");
  info.set_status(enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  info.mutable_start_time()->set_seconds(1000);
  info.mutable_start_time()->set_nanos(5);
  info.set_history_length(12);
  info.mutable_parent_execution()->set_workflow_id("parent");
  (*info.mutable_memo()->mutable_fields())["colour"].set_data("\"red\"");
  (*info.mutable_search_attributes()->mutable_indexed_fields())["Shop"].set_data("\"x\"");
  auto& activity = *response.add_pending_activities();
  activity.set_activity_id("7");
  activity.mutable_activity_type()->set_name("charge");
  activity.set_state(enums::PENDING_ACTIVITY_STATE_STARTED);
  activity.set_attempt(3);
  activity.mutable_last_failure()->set_message("card declined");
  activity.mutable_last_failure()->mutable_application_failure_info();
  add_json(*activity.mutable_heartbeat_details(), "50");
  response.add_pending_children()->set_workflow_id("child");
  response.mutable_pending_workflow_task()->set_attempt(2);
  const auto seen = serve<service::DescribeWorkflowExecutionRequest>("DescribeWorkflowExecution", response);

  const auto found = typed().describe().get();
  EXPECT_EQ(seen->front().execution().run_id(), "run-1");
  EXPECT_EQ(seen->front().namespace_(), "shop");
  EXPECT_EQ(found.id, "order-1");
  EXPECT_EQ(found.run_id, "run-1");
  EXPECT_EQ(found.first_run_id, "run-0");
  EXPECT_EQ(found.type, "order_workflow");
  EXPECT_EQ(found.task_queue, "orders");
  EXPECT_EQ(found.status, rondo::workflow_status::running);
  EXPECT_EQ(found.start_time->time_since_epoch(), 1000s + 5ns);
  EXPECT_FALSE(found.close_time.has_value());
  EXPECT_EQ(found.run_timeout, 60s);
  EXPECT_EQ(found.history_length, 12);
  EXPECT_EQ(found.parent, (rondo::workflow_execution{.workflow_id = "parent"}));
  EXPECT_FALSE(found.root.has_value());
  EXPECT_EQ(found.memo.at("colour").data, "\"red\"");
  EXPECT_EQ(found.search_attributes.at("Shop").data, "\"x\"");
  EXPECT_EQ(found.summary, "a summary");
  EXPECT_EQ(found.details, "");
  ASSERT_EQ(found.pending_activities.size(), 1U);
  const auto& pending = found.pending_activities.front();
  EXPECT_EQ(pending.activity_type, "charge");
  EXPECT_EQ(pending.state, rondo::pending_activity_state::started);
  EXPECT_EQ(pending.attempt, 3);
  EXPECT_EQ(pending.last_failure_message, "card declined");
  EXPECT_THROW(std::rethrow_exception(pending.last_failure), rondo::application_failure);
  EXPECT_EQ(pending.heartbeat_details.at(0).data, "50");
  EXPECT_EQ(found.pending_children.at(0).workflow_id, "child");
  EXPECT_EQ(found.workflow_task.value().attempt, 2);
  EXPECT_FALSE(found.workflow_task->started);
  EXPECT_EQ(found.raw().SerializeAsString(), response.SerializeAsString());
}

TEST_F(ClientHandle, FetchesWholeHistories) {
  using request_type = service::GetWorkflowExecutionHistoryRequest;
  using response_type = service::GetWorkflowExecutionHistoryResponse;
  const auto seen = serve<request_type, response_type>("GetWorkflowExecutionHistory", [](const request_type& request) {
    response_type response;
    auto& event = *response.mutable_history()->add_events();
    event.set_event_id(request.next_page_token().empty() ? 1 : 2);
    event.set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
    if (request.next_page_token().empty()) response.set_next_page_token("more");
    return response;
  });
  const auto history = typed().history().get();
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_FALSE(seen->front().wait_new_event());
  EXPECT_EQ(seen->front().execution().run_id(), "run-1");
  EXPECT_EQ((*seen)[1].next_page_token(), "more");
  EXPECT_EQ(history.workflow_id(), "order-1");
  EXPECT_EQ(history.events(), 2U);
  const std::string json = history.to_json();
  EXPECT_NE(json.find("\"eventId\": \"2\""), std::string::npos);
  EXPECT_NE(json.find("\"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED\""), std::string::npos);
  EXPECT_THROW(rondo::workflow_history("w", "\xFF\xFF"), std::invalid_argument);
}

}  // namespace client_handle_test
