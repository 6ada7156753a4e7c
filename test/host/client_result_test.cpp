#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client.hpp"

namespace client_result_test {

using namespace client_test;
using request_type = service::GetWorkflowExecutionHistoryRequest;
using response_type = service::GetWorkflowExecutionHistoryResponse;
using temporal::api::history::v1::HistoryEvent;
namespace enums = temporal::api::enums::v1;

class ClientResult : public ClientTest {
 protected:
  static response_type with(const HistoryEvent& event) {
    response_type response;
    *response.mutable_history()->add_events() = event;
    return response;
  }
  static HistoryEvent completed(const std::string& json, const std::string& next_run = {}) {
    HistoryEvent event;
    auto& of = *event.mutable_workflow_execution_completed_event_attributes();
    if (!json.empty()) add_json(*of.mutable_result(), json);
    of.set_new_execution_run_id(next_run);
    return event;
  }
  /// Answers the polls one after the other, and stays with the last.
  void answer(std::vector<response_type> responses) {
    polls = serve<request_type, response_type>("GetWorkflowExecutionHistory",
                                               [this, responses = std::move(responses)](const request_type&) {
                                                 return responses[std::min(polls->size(), responses.size()) - 1];
                                               });
  }
  rondo::workflow_handle<> handle(const std::string& run = "run-1") const {
    return client->get_workflow_handle("order-1", run);
  }
  /// The failure that the result ends with.
  template <class Cause>
  rondo::workflow_failure failure_with(const HistoryEvent& event) {
    answer({with(event)});
    try {
      handle().result<void>().get();
    } catch (const rondo::workflow_failure& failure) {
      EXPECT_NE(failure.cause_as<Cause>(), nullptr);
      return failure;
    }
    throw std::logic_error("it did not fail");
  }

  std::shared_ptr<std::vector<request_type>> polls;
};

TEST_F(ClientResult, WaitsForTheCloseEvent) {
  answer({with(completed("7"))});
  EXPECT_EQ(handle().result<int>().get(), 7);
  const auto& request = polls->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.execution().workflow_id(), "order-1");
  EXPECT_EQ(request.execution().run_id(), "run-1");
  EXPECT_TRUE(request.wait_new_event());
  EXPECT_TRUE(request.skip_archival());
  EXPECT_EQ(request.history_event_filter_type(), enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
  EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:order-1");
}

TEST_F(ClientResult, NeverEndsWithAnEmptyPoll) {
  response_type empty, without_token;
  empty.set_next_page_token("go on");
  HistoryEvent other;
  other.mutable_workflow_execution_started_event_attributes();
  answer({empty, without_token, with(other), with(completed("\"done\""))});
  EXPECT_EQ(handle().result<std::string>().get(), "done");
  ASSERT_EQ(polls->size(), 4U);
  EXPECT_EQ((*polls)[0].next_page_token(), "");
  EXPECT_EQ((*polls)[1].next_page_token(), "go on");
  EXPECT_EQ((*polls)[2].next_page_token(), "");
}

TEST_F(ClientResult, PollsAgainAfterDeadlines) {
  answer({with(completed("1"))});
  server->fail(method_path("GetWorkflowExecutionHistory"),
               rondo::rpc_status(rondo::rpc_code::deadline_exceeded, "late"), 50);
  EXPECT_EQ(handle().result<int>().get(), 1);
  EXPECT_EQ(calls("GetWorkflowExecutionHistory"), 51U);
}

TEST_F(ClientResult, ReadsRawHistory) {
  response_type raw;
  temporal::api::history::v1::History part;
  *part.add_events() = completed("3");
  raw.add_raw_history()->set_data(part.SerializeAsString());
  answer({raw});
  EXPECT_EQ(handle().result<int>().get(), 3);
  raw.mutable_raw_history(0)->set_data("\xFF\xFF");
  answer({raw});
  EXPECT_THROW(handle().result<int>().get(), rondo::rpc_error);
}

TEST_F(ClientResult, FollowsTheRuns) {
  HistoryEvent continued, retried, late;
  continued.mutable_workflow_execution_continued_as_new_event_attributes()->set_new_execution_run_id("run-2");
  retried.mutable_workflow_execution_failed_event_attributes()->set_new_execution_run_id("run-3");
  late.mutable_workflow_execution_timed_out_event_attributes()->set_new_execution_run_id("run-4");
  answer({with(continued), with(retried), with(late), with(completed("1", "run-5")), with(completed("2"))});
  EXPECT_EQ(handle().result<int>().get(), 2);
  ASSERT_EQ(polls->size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ((*polls)[i].execution().run_id(), "run-" + std::to_string(i + 1));
}

TEST_F(ClientResult, StaysWithTheRunWhenToldSo) {
  answer({with(completed("1", "run-2"))});
  EXPECT_EQ(handle().result<int>({.follow_runs = false}).get(), 1);
  HistoryEvent continued;
  continued.mutable_workflow_execution_continued_as_new_event_attributes()->set_new_execution_run_id("run-2");
  answer({with(continued)});
  try {
    handle().result<int>({.follow_runs = false}).get();
    FAIL();
  } catch (const rondo::workflow_continued_as_new& went_on) {
    EXPECT_EQ(went_on.new_run_id(), "run-2");
    EXPECT_EQ(went_on.run_id(), "run-1");
    EXPECT_EQ(went_on.status(), rondo::workflow_status::continued_as_new);
  }
}

TEST_F(ClientResult, FailsWithTheFailure) {
  HistoryEvent event;
  auto& of = *event.mutable_workflow_execution_failed_event_attributes();
  of.set_retry_state(enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
  of.mutable_failure()->set_message("out of stock");
  of.mutable_failure()->mutable_application_failure_info()->set_type("OutOfStock");
  const auto failure = failure_with<rondo::application_failure>(event);
  EXPECT_STREQ(failure.what(), "workflow 'order-1' failed: out of stock");
  EXPECT_EQ(failure.status(), rondo::workflow_status::failed);
  EXPECT_EQ(failure.workflow_id(), "order-1");
  EXPECT_EQ(failure.run_id(), "run-1");
  EXPECT_EQ(failure.retry_state(), rondo::retry_state::maximum_attempts_reached);
  EXPECT_EQ(failure.cause_as<rondo::application_failure>()->type(), "OutOfStock");
}

TEST_F(ClientResult, TellsTheOtherEnds) {
  HistoryEvent cancelled, terminated, silent, late;
  add_json(*cancelled.mutable_workflow_execution_canceled_event_attributes()->mutable_details(), "5");
  const auto first = failure_with<rondo::cancelled_failure>(cancelled);
  EXPECT_EQ(first.status(), rondo::workflow_status::cancelled);
  EXPECT_EQ(first.cause_as<rondo::cancelled_failure>()->details().at(0).data, "5");

  terminated.mutable_workflow_execution_terminated_event_attributes()->set_reason("no longer wanted");
  const auto second = failure_with<rondo::terminated_failure>(terminated);
  EXPECT_STREQ(second.what(), "workflow 'order-1' was terminated: no longer wanted");
  EXPECT_STREQ(second.cause_as<rondo::terminated_failure>()->what(), "no longer wanted");
  EXPECT_EQ(second.status(), rondo::workflow_status::terminated);
  silent.mutable_workflow_execution_terminated_event_attributes();
  EXPECT_STREQ(failure_with<rondo::terminated_failure>(silent).what(), "workflow 'order-1' was terminated");

  late.mutable_workflow_execution_timed_out_event_attributes()->set_retry_state(enums::RETRY_STATE_TIMEOUT);
  const auto third = failure_with<rondo::timeout_failure>(late);
  EXPECT_EQ(third.status(), rondo::workflow_status::timed_out);
  EXPECT_EQ(third.retry_state(), rondo::retry_state::timeout);
}

TEST_F(ClientResult, ReadsResultsByType) {
  answer({with(completed(""))});
  handle().result<void>().get();
  EXPECT_EQ(handle().result<std::optional<int>>().get(), std::nullopt);
  EXPECT_EQ(message_of<rondo::conversion_error>([this] { handle().result<int>().get(); }),
            "result of workflow 'order-1': there is no value");
  answer({with(completed("\"text\""))});
  handle().result<void>().get();
  EXPECT_EQ(handle().result<rondo::payload>().get().data, "\"text\"");
  EXPECT_EQ(message_of<rondo::conversion_error>([this] {
              handle().result<int>().get();
            }).find("result of workflow 'order-1': cannot read int from json/plain"),
            0U);
  answer({with(completed(R"({"id":"a","cents":3})"))});
  EXPECT_EQ(handle().result<order>().get().cents, 3);
  answer({with(completed("4"))});
  EXPECT_EQ(client->get_workflow_handle<order_workflow>("order-1").result().get(), 4);
}

TEST_F(ClientResult, MissesWorkflowsThatAreNotThere) {
  const temporal::api::errordetails::v1::NotFoundFailure said;
  refuse("GetWorkflowExecutionHistory",
         status_with(rondo::rpc_code::not_found, "workflow not found for ID: order-1", said));
  EXPECT_NE(message_of<rondo::not_found>([this] { handle().result<int>().get(); }).find("not found for ID: order-1"),
            std::string::npos);
}

}  // namespace client_result_test
