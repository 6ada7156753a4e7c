#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <array>
#include <chrono>
#include <string>
#include <tuple>

#include "client_around_fixture.hpp"
#include "rondo/client/interceptor.hpp"
#include "rondo/client/schedules.hpp"

// What interceptors change of the options of calls.
namespace rondo::test::client_around_test {

using namespace std::chrono_literals;

class ClientChangedOptions : public ClientAround {};

TEST_F(ClientChangedOptions, ChangesHowAWorkflowStarts) {
  const auto sent =
      serve<service::StartWorkflowExecutionRequest, service::StartWorkflowExecutionResponse>("StartWorkflowExecution");
  std::string queue_seen_second;
  first->before = [](client_call& call) {
    ASSERT_NE(call.start, nullptr);
    auto& start = *call.start;
    EXPECT_EQ(start.workflow_id, "order-1");
    EXPECT_EQ(start.run_timeout, 5s);
    EXPECT_EQ(start.reuse, id_reuse_policy::reject_duplicate);
    EXPECT_EQ(start.memo.at("old").data, "1");
    start.workflow_id = "gold-order-1";
    start.task_queue = "gold";
    start.execution_timeout = 60s;
    start.run_timeout = {};
    start.task_timeout = 7s;
    start.start_delay = 2s;
    start.reuse = id_reuse_policy::allow_duplicate;
    start.conflict = id_conflict_policy::use_existing;
    start.cron_schedule = "0 12 * * *";
    start.retry = owned_retry_policy{
        .initial_interval = 1s, .backoff_coefficient = 3, .maximum_attempts = 4, .non_retryable_error_types = {"Bad"}};
    start.memo.erase("old");
    start.memo["new"] = json("2");
    start.search_attributes["Tenant"] = json("\"gold\"");
    dynamic_cast<service::StartWorkflowExecutionRequest&>(*call.request).set_identity("somebody");
  };
  second->before = [&](client_call& call) { queue_seen_second = call.start->task_queue; };
  const payload_map memo{{"old", json("1")}};
  const auto handle = client
                          ->start_workflow("Order", {.id = "order-1",
                                                     .task_queue = "orders",
                                                     .reuse = id_reuse_policy::reject_duplicate,
                                                     .run_timeout = 5s,
                                                     .memo = memo})
                          .get();
  EXPECT_EQ(handle.id(), "gold-order-1");
  EXPECT_EQ(queue_seen_second, "gold");
  ASSERT_EQ(sent->size(), 1U);
  const auto& request = sent->front();
  EXPECT_EQ(request.workflow_id(), "gold-order-1");
  EXPECT_EQ(request.task_queue().name(), "gold");
  EXPECT_EQ(request.workflow_execution_timeout().seconds(), 60);
  EXPECT_FALSE(request.has_workflow_run_timeout());
  EXPECT_EQ(request.workflow_task_timeout().seconds(), 7);
  EXPECT_EQ(request.workflow_start_delay().seconds(), 2);
  EXPECT_EQ(request.workflow_id_reuse_policy(), temporal::api::enums::v1::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE);
  EXPECT_EQ(request.workflow_id_conflict_policy(), temporal::api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  EXPECT_EQ(request.cron_schedule(), "0 12 * * *");
  EXPECT_EQ(request.retry_policy().maximum_attempts(), 4);
  EXPECT_EQ(request.retry_policy().non_retryable_error_types(0), "Bad");
  EXPECT_EQ(request.memo().fields().size(), 1U);
  EXPECT_EQ(request.memo().fields().at("new").data(), "2");
  EXPECT_EQ(request.search_attributes().indexed_fields().at("Tenant").data(), "\"gold\"");
  EXPECT_EQ(request.identity(), "somebody");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:gold-order-1");
  EXPECT_EQ(taken(), (texts_list{"a begins StartWorkflowExecution Order gold-order-1",
                                 "b begins StartWorkflowExecution Order gold-order-1", "b ends", "a ends"}));
}

TEST_F(ClientChangedOptions, KeepsWhatWasChangedInTheRequestOnly) {
  namespace enums = temporal::api::enums::v1;
  const auto starts =
      serve<service::StartWorkflowExecutionRequest, service::StartWorkflowExecutionResponse>("StartWorkflowExecution");
  first->before = [](client_call& call) {
    auto& request = dynamic_cast<service::StartWorkflowExecutionRequest&>(*call.request);
    request.set_workflow_id("mine");
    request.mutable_workflow_run_timeout()->set_seconds(3);
    request.mutable_workflow_start_delay()->set_seconds(4);
    request.mutable_retry_policy()->set_maximum_attempts(2);
    request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING);
    request.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
    request.set_cron_schedule("@daily");
    (*request.mutable_memo()->mutable_fields())["a"].set_data("1");
    (*request.mutable_search_attributes()->mutable_indexed_fields())["b"].set_data("2");
    call.start->task_queue = "gold";
    call.start->task_timeout = 7s;
  };
  EXPECT_EQ(client->start_workflow("Order", {.id = "w", .task_queue = "q"}).get().id(), "mine");
  const auto& request = starts->back();
  EXPECT_EQ(request.workflow_id(), "mine");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:mine");
  EXPECT_EQ(request.workflow_run_timeout().seconds(), 3);
  EXPECT_EQ(request.workflow_start_delay().seconds(), 4);
  EXPECT_EQ(request.retry_policy().maximum_attempts(), 2);
  EXPECT_EQ(request.workflow_id_reuse_policy(), enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING);
  EXPECT_EQ(request.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
  EXPECT_EQ(request.cron_schedule(), "@daily");
  EXPECT_EQ(request.memo().fields().at("a").data(), "1");
  EXPECT_EQ(request.search_attributes().indexed_fields().at("b").data(), "2");
  EXPECT_EQ(request.task_queue().name(), "gold");
  EXPECT_EQ(request.workflow_task_timeout().seconds(), 7);

  const auto updates = serve<service::UpdateWorkflowExecutionRequest, service::UpdateWorkflowExecutionResponse>(
      "UpdateWorkflowExecution", [](const auto&) {
        service::UpdateWorkflowExecutionResponse answer;
        answer.set_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
        return answer;
      });
  const auto queries = serve<service::QueryWorkflowRequest, service::QueryWorkflowResponse>("QueryWorkflow");
  first->before = [](client_call& call) {
    if (auto* update = dynamic_cast<service::UpdateWorkflowExecutionRequest*>(call.request)) {
      update->mutable_request()->mutable_meta()->set_update_id("mine");
      update->mutable_wait_policy()->set_lifecycle_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
    }
    if (auto* query = dynamic_cast<service::QueryWorkflowRequest*>(call.request)) {
      query->set_query_reject_condition(enums::QUERY_REJECT_CONDITION_NOT_OPEN);
    }
  };
  const auto handle = client->get_workflow_handle("w");
  const update_options named{.id = "u"};
  EXPECT_EQ(handle.start_update<int>("add", named, 1).get().id(), "mine");
  EXPECT_EQ(updates->back().request().meta().update_id(), "mine");
  EXPECT_EQ(updates->back().wait_policy().lifecycle_stage(),
            enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
  handle.query<void>("total").get();
  EXPECT_EQ(queries->back().query_reject_condition(), enums::QUERY_REJECT_CONDITION_NOT_OPEN);

  first->before = [](client_call& call) {
    dynamic_cast<service::UpdateWorkflowExecutionRequest&>(*call.request).mutable_request()->clear_meta();
  };
  EXPECT_NE(
      message_of<invalid_argument>([&] { handle.start_update<int>("add", named, 1).get(); }).find("without an id"),
      std::string::npos);
}

TEST_F(ClientChangedOptions, LeavesAloneWhatItsEnumsDoNotHaveAndADefaultOfTheServer) {
  service::DescribeScheduleResponse before;
  auto& old = *before.mutable_schedule()->mutable_action()->mutable_start_workflow();
  old.set_workflow_id("w");
  old.mutable_workflow_type()->set_name("Order");
  old.mutable_task_queue()->set_name("q");
  old.set_workflow_id_reuse_policy(temporal::api::enums::v1::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING);
  old.mutable_retry_policy()->set_maximum_attempts(3);
  serve<service::DescribeScheduleRequest, service::DescribeScheduleResponse>("DescribeSchedule", before);
  const auto seen = serve<service::UpdateScheduleRequest, service::UpdateScheduleResponse>("UpdateSchedule");
  first->before = [](client_call& call) {
    if (call.start != nullptr) call.start->task_queue = "gold";
  };
  const auto change = [&] {
    schedule_client(*client).get("every-day").update([](schedule_description&) { return true; }).get();
    return seen->back().schedule().action().start_workflow();
  };
  const auto kept = change();
  EXPECT_EQ(kept.task_queue().name(), "gold");
  EXPECT_EQ(kept.workflow_id_reuse_policy(), temporal::api::enums::v1::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING);
  EXPECT_EQ(kept.retry_policy().maximum_attempts(), 3);
  EXPECT_EQ(kept.retry_policy().backoff_coefficient(), 0);

  first->before = [](client_call& call) {
    if (call.start != nullptr) call.start->retry->maximum_attempts = 5;
  };
  const auto changed = change();
  EXPECT_EQ(changed.retry_policy().maximum_attempts(), 5);
  EXPECT_EQ(changed.retry_policy().backoff_coefficient(), 0);
  first->before = [](client_call& call) {
    if (call.start != nullptr) call.start->retry->backoff_coefficient = 0.5;
  };
  EXPECT_NE(message_of<invalid_argument>(change).find("backoff_coefficient must be at least 1"), std::string::npos);
}

TEST_F(ClientChangedOptions, TellsARunningWorkflowWhatToTakeOver) {
  const auto sent =
      serve<service::StartWorkflowExecutionRequest, service::StartWorkflowExecutionResponse>("StartWorkflowExecution");
  const std::array<workflow_link, 1> links = {workflow_link{.workflow_id = "other", .run_id = "r", .event_id = 7}};
  first->before = [](client_call& call) { call.start->conflict = id_conflict_policy::use_existing; };
  client->start_workflow("Order", {.id = "w", .task_queue = "q", .links = links}).get();
  ASSERT_TRUE(sent->back().has_on_conflict_options());
  EXPECT_TRUE(sent->back().on_conflict_options().attach_request_id());
  EXPECT_TRUE(sent->back().on_conflict_options().attach_links());
  EXPECT_FALSE(sent->back().on_conflict_options().attach_completion_callbacks());
  client->start_workflow("Order", {.id = "w", .task_queue = "q"}).get();
  EXPECT_FALSE(sent->back().has_on_conflict_options());

  first->before = [](client_call& call) { call.start->conflict = id_conflict_policy::fail; };
  client
      ->start_workflow("Order",
                       {.id = "w", .task_queue = "q", .conflict = id_conflict_policy::use_existing, .links = links})
      .get();
  EXPECT_FALSE(sent->back().has_on_conflict_options());
}

TEST_F(ClientChangedOptions, RefusesOptionsThatDoNotHold) {
  first->before = [](client_call& call) { call.start->task_timeout = -1s; };
  const auto start = [this] { client->start_workflow("Order", {.id = "w", .task_queue = "q"}).get(); };
  EXPECT_NE(message_of<invalid_argument>(start).find("task_timeout must not be negative"), std::string::npos);
  first->before = [](client_call& call) { call.start->workflow_id.clear(); };
  EXPECT_NE(message_of<invalid_argument>(start).find("without an id"), std::string::npos);
  EXPECT_EQ(calls("StartWorkflowExecution"), 0U);
}

TEST_F(ClientChangedOptions, ChangesHowASignalAndAScheduleStartWorkflows) {
  const auto signals =
      serve<service::SignalWithStartWorkflowExecutionRequest, service::SignalWithStartWorkflowExecutionResponse>(
          "SignalWithStartWorkflowExecution");
  const auto schedules = serve<service::CreateScheduleRequest, service::CreateScheduleResponse>("CreateSchedule");
  first->before = [](client_call& call) {
    ASSERT_NE(call.start, nullptr);
    call.start->task_queue = "gold";
    call.start->run_timeout = 9s;
  };
  client->signal_with_start("Order", {.id = "w", .task_queue = "q"}, "add", std::tuple(1)).get();
  EXPECT_EQ(signals->back().task_queue().name(), "gold");
  EXPECT_EQ(signals->back().workflow_run_timeout().seconds(), 9);
  schedule daily;
  daily.action = start_workflow_action("Order", {.id = "w", .task_queue = "q"}, 5);
  schedule_client(*client).create("every-day", daily).get();
  const auto& action = schedules->back().schedule().action().start_workflow();
  EXPECT_EQ(action.task_queue().name(), "gold");
  EXPECT_EQ(action.workflow_run_timeout().seconds(), 9);
}

TEST_F(ClientChangedOptions, ChangesOptionsOfMessagesAndReasons) {
  const auto updates = serve<service::UpdateWorkflowExecutionRequest, service::UpdateWorkflowExecutionResponse>(
      "UpdateWorkflowExecution", [](const auto&) {
        service::UpdateWorkflowExecutionResponse answer;
        answer.set_stage(temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
        return answer;
      });
  const auto queries = serve<service::QueryWorkflowRequest, service::QueryWorkflowResponse>("QueryWorkflow");
  const auto cancels =
      serve<service::RequestCancelWorkflowExecutionRequest, service::RequestCancelWorkflowExecutionResponse>(
          "RequestCancelWorkflowExecution");
  const auto ends = serve<service::TerminateWorkflowExecutionRequest, service::TerminateWorkflowExecutionResponse>(
      "TerminateWorkflowExecution");
  const auto lists =
      serve<service::ListWorkflowExecutionsRequest, service::ListWorkflowExecutionsResponse>("ListWorkflowExecutions");
  first->before = [](client_call& call) {
    if (call.update_id != nullptr) *call.update_id += "-mine";
    if (call.wait_for != nullptr) *call.wait_for = update_stage::completed;
    if (call.reject != nullptr) *call.reject = query_reject_condition::not_open;
    if (call.reason != nullptr) *call.reason += ", says a";
    if (auto* list = dynamic_cast<service::ListWorkflowExecutionsRequest*>(call.request)) list->set_query("a = 1");
  };
  const auto handle = client->get_workflow_handle("w");
  const update_options named{.id = "u"};
  EXPECT_EQ(handle.start_update<int>("add", named, 1).get().id(), "u-mine");
  EXPECT_EQ(updates->back().request().meta().update_id(), "u-mine");
  EXPECT_EQ(updates->back().wait_policy().lifecycle_stage(),
            temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
  handle.query<void>("total").get();
  EXPECT_EQ(queries->back().query_reject_condition(), temporal::api::enums::v1::QUERY_REJECT_CONDITION_NOT_OPEN);
  handle.cancel("enough").get();
  EXPECT_EQ(cancels->back().reason(), "enough, says a");
  handle.terminate("enough").get();
  EXPECT_EQ(ends->back().reason(), "enough, says a");
  auto found = client->list_workflows("b = 2");
  found.next_page().get();
  EXPECT_EQ(lists->back().query(), "a = 1");
}

}  // namespace rondo::test::client_around_test
