#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <exception>
#include <stdexcept>
#include <string>

#include "client_around_fixture.hpp"
#include "rondo/client/interceptor.hpp"

// What interceptors change of what comes of calls.
namespace rondo::test::client_around_test {

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

TEST_F(ClientAround, SeesAHistoryUnpacked) {
  temporal::api::history::v1::History part;
  part.add_events()->set_event_id(1);
  service::GetWorkflowExecutionHistoryResponse answer;
  answer.add_raw_history()->set_data(part.SerializeAsString());
  serve<service::GetWorkflowExecutionHistoryRequest, service::GetWorkflowExecutionHistoryResponse>(
      "GetWorkflowExecutionHistory", [answer](const auto& request) {
        auto page = answer;
        if (request.next_page_token().empty()) page.set_next_page_token("two");
        return page;
      });
  int shown = 0;
  first->before = [&](client_call&) { ++shown; };
  first->after = [](client_work& work, std::exception_ptr&) {
    auto& response = dynamic_cast<service::GetWorkflowExecutionHistoryResponse&>(*work.response);
    EXPECT_EQ(response.raw_history_size(), 0);
    ASSERT_EQ(response.history().events_size(), 1);
    response.mutable_history()->mutable_events(0)->set_event_id(7);
  };
  const auto handle = client->get_workflow_handle("w");
  temporal::api::history::v1::History found;
  ASSERT_TRUE(found.ParseFromString(handle.history().get().bytes()));
  ASSERT_EQ(found.events_size(), 2);
  EXPECT_EQ(found.events(0).event_id(), 7);
  EXPECT_EQ(found.events(1).event_id(), 7);
  EXPECT_EQ(shown, 2) << "once for each page";
  EXPECT_EQ(calls("GetWorkflowExecutionHistory"), 2U);
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
