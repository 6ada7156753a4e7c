#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client/interceptor.hpp"
#include "rondo/client/schedules.hpp"

// What interceptors change of the options of calls, and of what comes of them.
namespace rondo::test::client_around_test {

using namespace client_test;
using namespace std::chrono_literals;
using texts_list = std::vector<std::string>;

/// Does with calls what the test wants, and notes when it is around them.
class meddler final : public client_interceptor {
 public:
  explicit meddler(std::string as, texts_list& to) : name(std::move(as)), noted(to) {}
  void outbound(client_call& call) override {
    if (before) before(call);
  }
  asio::awaitable<void> around(client_work& work, client_next next) override {
    noted.push_back(name + " begins " + std::string(work.method) + " " + std::string(work.name) + " " +
                    std::string(work.workflow_id));
    std::exception_ptr error;
    for (int i = 0; i < times; ++i) {
      error = nullptr;
      try {
        co_await next();
      } catch (const std::exception& thrown) {
        error = std::current_exception();
        noted.push_back(name + " catches " + thrown.what());
      }
    }
    noted.push_back(name + " ends");
    if (after) after(work, error);
    if (error) std::rethrow_exception(error);
  }

  std::string name;
  texts_list& noted;
  std::function<void(client_call&)> before;
  std::function<void(client_work&, std::exception_ptr&)> after;
  int times = 1;
};

class ClientAround : public ClientTest {
 protected:
  ClientAround() : ClientAround(std::make_shared<texts_list>()) {}
  explicit ClientAround(const std::shared_ptr<texts_list>& to)
      : ClientAround(to, std::make_shared<meddler>("a", *to), std::make_shared<meddler>("b", *to)) {}
  ClientAround(std::shared_ptr<texts_list> to, std::shared_ptr<meddler> outer, std::shared_ptr<meddler> inner)
      : ClientTest(options_with(outer, inner)),
        noted(std::move(to)),
        first(std::move(outer)),
        second(std::move(inner)) {}

  static client_options options_with(std::shared_ptr<meddler> outer, std::shared_ptr<meddler> inner) {
    client_options options;
    options.interceptors.push_back(std::move(outer));
    options.interceptors.push_back(std::move(inner));
    return options;
  }
  static payload json(std::string_view text) {
    payload made;
    made.metadata["encoding"] = "json/plain";
    made.data = text;
    return made;
  }
  texts_list taken() const { return std::exchange(*noted, {}); }
  /// A query that is answered with this.
  void answer_queries(const std::string& with) {
    service::QueryWorkflowResponse answer;
    add_json(*answer.mutable_query_result(), with);
    serve<service::QueryWorkflowRequest, service::QueryWorkflowResponse>("QueryWorkflow", answer);
  }
  int ask() const { return client->get_workflow_handle("w").query<int>("total").get(); }

  std::shared_ptr<texts_list> noted;
  std::shared_ptr<meddler> first, second;
};

// Options

TEST_F(ClientAround, ChangesHowAWorkflowStarts) {
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

TEST_F(ClientAround, RefusesOptionsThatDoNotHold) {
  first->before = [](client_call& call) { call.start->task_timeout = -1s; };
  const auto start = [this] { client->start_workflow("Order", {.id = "w", .task_queue = "q"}).get(); };
  EXPECT_NE(message_of<invalid_argument>(start).find("task_timeout must not be negative"), std::string::npos);
  first->before = [](client_call& call) { call.start->workflow_id.clear(); };
  EXPECT_NE(message_of<invalid_argument>(start).find("without an id"), std::string::npos);
  EXPECT_EQ(calls("StartWorkflowExecution"), 0U);
}

TEST_F(ClientAround, ChangesHowASignalAndAScheduleStartWorkflows) {
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

TEST_F(ClientAround, ChangesOptionsOfMessagesAndReasons) {
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

// Results

TEST_F(ClientAround, IsAroundACallFromTheOutsideToTheInside) {
  answer_queries("1");
  first->after = [](client_work& work, std::exception_ptr&) { work.result.at(0).data += "0"; };
  second->after = [](client_work& work, std::exception_ptr&) { work.result.at(0).data += "5"; };
  EXPECT_EQ(ask(), 150);
  EXPECT_EQ(taken(),
            (texts_list{"a begins QueryWorkflow total w", "b begins QueryWorkflow total w", "b ends", "a ends"}));
}

TEST_F(ClientAround, ReplacesAnExceptionByAResult) {
  refuse("QueryWorkflow", rpc_status(rpc_code::not_found, "gone"));
  first->after = [](client_work& work, std::exception_ptr& error) {
    ASSERT_TRUE(error);
    error = nullptr;
    work.result = {json("7")};
  };
  EXPECT_EQ(ask(), 7);
  first->after = [](client_work&, std::exception_ptr& error) {
    error = std::make_exception_ptr(std::runtime_error("mine"));
  };
  EXPECT_EQ(message_of<std::runtime_error>([this] { ask(); }), "mine");
}

TEST_F(ClientAround, SendsAgainOrNotAtAll) {
  answer_queries("1");
  second->times = 3;
  EXPECT_EQ(ask(), 1);
  EXPECT_EQ(calls("QueryWorkflow"), 3U);
  second->times = 0;
  second->after = [](client_work& work, std::exception_ptr&) { work.result = {json("4")}; };
  EXPECT_EQ(ask(), 4);
  EXPECT_EQ(calls("QueryWorkflow"), 3U);
  second->after = nullptr;
  EXPECT_NE(message_of<conversion_error>([this] { ask(); }).find("there is no value"), std::string::npos);
}

TEST_F(ClientAround, ReplacesTheResultOfAWorkflow) {
  service::GetWorkflowExecutionHistoryResponse answer;
  auto& end = *answer.mutable_history()->add_events();
  add_json(*end.mutable_workflow_execution_completed_event_attributes()->mutable_result(), "3");
  serve<service::GetWorkflowExecutionHistoryRequest, service::GetWorkflowExecutionHistoryResponse>(
      "GetWorkflowExecutionHistory", answer);
  first->after = [](client_work& work, std::exception_ptr&) {
    EXPECT_EQ(work.response, nullptr);
    work.result.at(0).data += "1";
  };
  const auto handle = client->get_workflow_handle("w");
  EXPECT_EQ(handle.result<int>().get(), 31);
  EXPECT_EQ(taken(), (texts_list{"a begins GetWorkflowExecutionHistory  w", "b begins GetWorkflowExecutionHistory  w",
                                 "b ends", "a ends"}));
}

TEST_F(ClientAround, SeesHowAWorkflowFailed) {
  service::GetWorkflowExecutionHistoryResponse answer;
  answer.mutable_history()
      ->add_events()
      ->mutable_workflow_execution_failed_event_attributes()
      ->mutable_failure()
      ->set_message("too late");
  serve<service::GetWorkflowExecutionHistoryRequest, service::GetWorkflowExecutionHistoryResponse>(
      "GetWorkflowExecutionHistory", answer);
  const auto handle = client->get_workflow_handle("w");
  EXPECT_NE(message_of<workflow_failure>([&] { handle.result<int>().get(); }).find("too late"), std::string::npos);
  EXPECT_EQ(taken().at(2), "b catches workflow 'w' failed: too late");
  first->after = [](client_work& work, std::exception_ptr& error) {
    error = nullptr;
    work.result = {json("0")};
  };
  EXPECT_EQ(handle.result<int>().get(), 0);
}

TEST_F(ClientAround, ReplacesTheResultOfAnUpdateThatWasThereAtOnce) {
  serve<service::UpdateWorkflowExecutionRequest, service::UpdateWorkflowExecutionResponse>(
      "UpdateWorkflowExecution", [](const auto&) {
        service::UpdateWorkflowExecutionResponse answer;
        add_json(*answer.mutable_outcome()->mutable_success(), "2");
        return answer;
      });
  first->after = [](client_work& work, std::exception_ptr&) {
    if (work.response == nullptr) work.result.at(0).data += "5";
  };
  EXPECT_EQ(client->get_workflow_handle("w").execute_update<int>("add", 1).get(), 25);
  const auto seen = taken();
  EXPECT_EQ(seen.at(0), "a begins UpdateWorkflowExecution add w");
  EXPECT_EQ(seen.at(4), "a begins PollWorkflowExecutionUpdate  w");
  EXPECT_EQ(calls("PollWorkflowExecutionUpdate"), 0U);
}

TEST_F(ClientAround, SeesHowAnUpdateFailed) {
  serve<service::PollWorkflowExecutionUpdateRequest, service::PollWorkflowExecutionUpdateResponse>(
      "PollWorkflowExecutionUpdate", [](const auto&) {
        service::PollWorkflowExecutionUpdateResponse answer;
        answer.mutable_outcome()->mutable_failure()->set_message("no");
        return answer;
      });
  const auto handle = client->get_workflow_handle("w").get_update_handle<int>("u");
  EXPECT_THROW(handle.result().get(), update_failure);
  EXPECT_EQ(taken().at(2), "b catches update 'u' of workflow 'w' failed: no");
}

TEST_F(ClientAround, ReplacesAnswersOfAllOtherKinds) {
  service::DescribeWorkflowExecutionResponse described;
  described.mutable_workflow_execution_info()->mutable_type()->set_name("Order");
  serve<service::DescribeWorkflowExecutionRequest, service::DescribeWorkflowExecutionResponse>(
      "DescribeWorkflowExecution", described);
  serve<service::ListWorkflowExecutionsRequest, service::ListWorkflowExecutionsResponse>("ListWorkflowExecutions");
  refuse("StartWorkflowExecution", rpc_status(rpc_code::permission_denied, "not you"));
  first->after = [](client_work& work, std::exception_ptr& error) {
    ASSERT_NE(work.response, nullptr);
    EXPECT_TRUE(work.result.empty());
    if (auto* one = dynamic_cast<service::DescribeWorkflowExecutionResponse*>(work.response)) {
      EXPECT_EQ(one->workflow_execution_info().type().name(), "Order");
      one->mutable_workflow_execution_info()->mutable_type()->set_name("Changed");
    }
    if (auto* list = dynamic_cast<service::ListWorkflowExecutionsResponse*>(work.response)) {
      list->add_executions()->mutable_execution()->set_workflow_id("made up");
    }
    if (auto* start = dynamic_cast<service::StartWorkflowExecutionResponse*>(work.response)) {
      error = nullptr;
      start->set_run_id("r");
    }
  };
  EXPECT_EQ(client->get_workflow_handle("w").describe().get().type, "Changed");
  auto found = client->list_workflows("b = 2");
  const auto page = found.next_page().get();
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(page.front().id, "made up");
  EXPECT_EQ(client->start_workflow("Order", {.id = "w", .task_queue = "q"}).get().run_id(), "r");
}

TEST_F(ClientAround, ThrowsAsItWasThrown) {
  answer_queries("1");
  first->after = [](client_work&, std::exception_ptr&) { throw std::runtime_error("not today"); };
  EXPECT_EQ(message_of<std::runtime_error>([this] { ask(); }), "not today");
  EXPECT_EQ(calls("QueryWorkflow"), 1U);
}

}  // namespace rondo::test::client_around_test
