#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "client_fixture.hpp"
#include "rondo/client.hpp"

namespace client_activity_test {

using namespace client_test;

class ClientActivity : public ClientTest {
 protected:
  rondo::async_activity_handle by_token() const { return client->activity_handle("the token"); }
  rondo::async_activity_handle by_ids() const { return client->activity_handle("order-1", "run-1", "7"); }

  template <class Request>
  void expect_token(const Request& request) {
    EXPECT_EQ(request.namespace_(), "shop");
    EXPECT_EQ(request.identity(), "tester");
    EXPECT_EQ(request.task_token(), "the token");
    EXPECT_EQ(header(headers, "temporal-resource-id"), "");
  }
  template <class Request>
  void expect_ids(const Request& request) {
    EXPECT_EQ(request.namespace_(), "shop");
    EXPECT_EQ(request.identity(), "tester");
    EXPECT_EQ(request.workflow_id(), "order-1");
    EXPECT_EQ(request.run_id(), "run-1");
    EXPECT_EQ(request.activity_id(), "7");
    EXPECT_EQ(request.resource_id(), "workflow:order-1");
    EXPECT_EQ(header(headers, "temporal-resource-id"), "workflow:order-1");
  }
};

TEST_F(ClientActivity, Completes) {
  const auto first = serve<service::RespondActivityTaskCompletedRequest, service::RespondActivityTaskCompletedResponse>(
      "RespondActivityTaskCompleted");
  const order result{"o", 2};
  by_token().complete(result).get();
  expect_token(first->front());
  EXPECT_EQ(texts(first->front().result()), R"({"id":"o","cents":2})");
  by_token().complete().get();
  EXPECT_FALSE((*first)[1].has_result());

  const auto second =
      serve<service::RespondActivityTaskCompletedByIdRequest, service::RespondActivityTaskCompletedByIdResponse>(
          "RespondActivityTaskCompletedById");
  by_ids().complete("text").get();
  expect_ids(second->front());
  EXPECT_EQ(texts(second->front().result()), "\"text\"");
}

TEST_F(ClientActivity, IsCompletedWithoutAWorkflow) {
  const auto seen =
      serve<service::RespondActivityTaskCompletedByIdRequest, service::RespondActivityTaskCompletedByIdResponse>(
          "RespondActivityTaskCompletedById");
  client->activity_handle("", "run-1", "alone").complete("text").get();
  const auto& request = seen->front();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.workflow_id(), "");
  EXPECT_EQ(request.run_id(), "run-1");
  EXPECT_EQ(request.activity_id(), "alone");
  EXPECT_EQ(request.resource_id(), "activity:alone");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "activity:alone");
  EXPECT_EQ(texts(request.result()), "\"text\"");
}

TEST_F(ClientActivity, Fails) {
  const auto first = serve<service::RespondActivityTaskFailedRequest, service::RespondActivityTaskFailedResponse>(
      "RespondActivityTaskFailed");
  by_token().fail(rondo::application_failure("no card", {.type = "NoCard", .non_retryable = true})).get();
  expect_token(first->front());
  EXPECT_EQ(first->front().failure().message(), "no card");
  EXPECT_EQ(first->front().failure().application_failure_info().type(), "NoCard");
  EXPECT_TRUE(first->front().failure().application_failure_info().non_retryable());

  const auto second =
      serve<service::RespondActivityTaskFailedByIdRequest, service::RespondActivityTaskFailedByIdResponse>(
          "RespondActivityTaskFailedById");
  by_ids().fail(std::make_exception_ptr(std::runtime_error("broken"))).get();
  expect_ids(second->front());
  EXPECT_EQ(second->front().failure().message(), "broken");
}

TEST_F(ClientActivity, FailsWithALastHeartbeat) {
  const auto first = serve<service::RespondActivityTaskFailedRequest, service::RespondActivityTaskFailedResponse>(
      "RespondActivityTaskFailed");
  const order progress{"o", 2};
  by_token().fail(std::runtime_error("broken"), progress, 7).get();
  EXPECT_EQ(first->front().failure().message(), "broken");
  EXPECT_EQ(texts(first->front().last_heartbeat_details()), R"({"id":"o","cents":2} 7)");
  by_token().fail(std::runtime_error("broken")).get();
  EXPECT_FALSE((*first)[1].has_last_heartbeat_details()) << "nothing takes the place of earlier heartbeats";

  const auto second =
      serve<service::RespondActivityTaskFailedByIdRequest, service::RespondActivityTaskFailedByIdResponse>(
          "RespondActivityTaskFailedById");
  by_ids().fail(std::make_exception_ptr(std::runtime_error("broken")), "half").get();
  expect_ids(second->front());
  EXPECT_EQ(texts(second->front().last_heartbeat_details()), "\"half\"");
}

TEST_F(ClientActivity, ReportsItsCancellation) {
  const auto first = serve<service::RespondActivityTaskCanceledRequest, service::RespondActivityTaskCanceledResponse>(
      "RespondActivityTaskCanceled");
  by_token().report_cancelled(1, 2).get();
  expect_token(first->front());
  EXPECT_EQ(texts(first->front().details()), "1 2");
  const auto second =
      serve<service::RespondActivityTaskCanceledByIdRequest, service::RespondActivityTaskCanceledByIdResponse>(
          "RespondActivityTaskCanceledById");
  by_ids().report_cancelled().get();
  expect_ids(second->front());
  EXPECT_FALSE(second->front().has_details());
}

TEST_F(ClientActivity, Heartbeats) {
  const auto first = serve<service::RecordActivityTaskHeartbeatRequest, service::RecordActivityTaskHeartbeatResponse>(
      "RecordActivityTaskHeartbeat");
  by_token().heartbeat(50).get();
  expect_token(first->front());
  EXPECT_EQ(texts(first->front().details()), "50");
  const auto second =
      serve<service::RecordActivityTaskHeartbeatByIdRequest, service::RecordActivityTaskHeartbeatByIdResponse>(
          "RecordActivityTaskHeartbeatById");
  by_ids().heartbeat().get();
  expect_ids(second->front());
  EXPECT_FALSE(second->front().has_details());
}

TEST_F(ClientActivity, HearsThatItShouldStop) {
  using reason = rondo::activity_cancelled::reason_type;
  const auto reason_for = [this](auto set) {
    service::RecordActivityTaskHeartbeatResponse response;
    set(response);
    serve<service::RecordActivityTaskHeartbeatRequest>("RecordActivityTaskHeartbeat", response);
    try {
      by_token().heartbeat().get();
    } catch (const rondo::activity_cancelled& stop) {
      return stop.reason();
    }
    throw std::logic_error("it may go on");
  };
  EXPECT_EQ(reason_for([](auto& response) { response.set_cancel_requested(true); }), reason::cancel_requested);
  EXPECT_EQ(reason_for([](auto& response) { response.set_activity_paused(true); }), reason::paused);
  EXPECT_EQ(reason_for([](auto& response) { response.set_activity_reset(true); }), reason::reset);
}

TEST_F(ClientActivity, HearsAllReasonsWhyItShouldStop) {
  service::RecordActivityTaskHeartbeatByIdResponse response;
  const auto details = [&] {
    serve<service::RecordActivityTaskHeartbeatByIdRequest>("RecordActivityTaskHeartbeatById", response);
    try {
      by_ids().heartbeat().get();
    } catch (const rondo::activity_cancelled& stop) {
      return std::pair(stop.reason(), stop.details());
    }
    throw std::logic_error("it may go on");
  };
  using reason = rondo::activity_cancelled::reason_type;
  using all = rondo::cancellation_details;
  response.set_activity_paused(true);
  EXPECT_EQ(details(), std::pair(reason::paused, all{.paused = true}));
  response.set_activity_reset(true);
  EXPECT_EQ(details(), std::pair(reason::reset, all{.paused = true, .reset = true}));
  response.set_cancel_requested(true);
  EXPECT_EQ(details(),
            std::pair(reason::cancel_requested, all{.cancel_requested = true, .paused = true, .reset = true}));
}

TEST_F(ClientActivity, HearsThatItIsNotKnownAnyMore) {
  const auto gone = status_with(rondo::rpc_code::not_found, "workflow execution already completed",
                                temporal::api::errordetails::v1::NotFoundFailure());
  refuse("RecordActivityTaskHeartbeat", gone);
  refuse("RecordActivityTaskHeartbeatById", gone);
  EXPECT_THROW(by_token().heartbeat().get(), rondo::not_found);
  EXPECT_THROW(by_ids().heartbeat().get(), rondo::not_found);
}

TEST_F(ClientActivity, MissesActivitiesThatHaveEnded) {
  refuse("RespondActivityTaskCompletedById", status_with(rondo::rpc_code::not_found, "activity not found",
                                                         temporal::api::errordetails::v1::NotFoundFailure()));
  EXPECT_EQ(message_of<rondo::not_found>([this] {
              by_ids().complete().get();
            }).find("complete activity '7' of workflow 'order-1': NOT_FOUND: activity not found"),
            0U);
}

}  // namespace client_activity_test
