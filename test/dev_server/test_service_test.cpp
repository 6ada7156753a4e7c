#include <google/protobuf/empty.pb.h>
#include <grpc/health/v1/health.pb.h>
#include <gtest/gtest.h>
#include <temporal/api/testservice/v1/request_response.pb.h>

#include <memory>
#include <string>
#include <utility>

#include "rondo/server/health.hpp"
#include "rondo/server/test_service.hpp"
#include "support/server_harness.hpp"

namespace rondo::test {
namespace test_service_test {

namespace api = temporal::api::testservice::v1;
using server::hour;
using server::second;

/// The harness locks once more than the clock does by itself; here that lock is given back.
struct test_service : ::testing::Test {
  server_harness at;
  std::shared_ptr<int> alive = std::make_shared<int>();

  test_service() {
    server::serve_test_service(*at.front);
    at.state->clock().unlock_skipping();
  }
  std::shared_ptr<test_call> send(const std::string& method, const google::protobuf::Message& request) {
    auto call =
        std::make_shared<test_call>("/temporal.api.testservice.v1.TestService/" + method, request.SerializeAsString());
    at.front->handle(call);
    for (int i = 0; i < 4; ++i) at.run_ready();
    return call;
  }
  rpc_status status(const std::string& method, const google::protobuf::Message& request) {
    const auto call = send(method, request);
    return call->answer ? call->answer->status : rpc_status(rpc_code::deadline_exceeded, "no answer");
  }
  server::instant now() {
    const auto call = send("GetCurrentTime", google::protobuf::Empty());
    api::GetCurrentTimeResponse response;
    response.ParseFromString(std::string(call->answer.value().response.view()));
    return server::from_proto(response.time());
  }
  static api::SleepRequest seconds(int many) {
    api::SleepRequest request;
    request.mutable_duration()->set_seconds(many);
    return request;
  }
};

TEST_F(test_service, tells_the_virtual_time) {
  const auto before = now();
  at.pass(hour);
  EXPECT_EQ(now(), before + hour);
}

TEST_F(test_service, counts_locks_of_several_clients) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(status("UnlockTimeSkipping", api::UnlockTimeSkippingRequest()).ok());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(status("LockTimeSkipping", api::LockTimeSkippingRequest()).ok());
  EXPECT_TRUE(status("Sleep", seconds(60)).ok());
  EXPECT_TRUE(status("UnlockTimeSkippingWithSleep", seconds(60)).ok());
  EXPECT_TRUE(status("LockTimeSkipping", api::LockTimeSkippingRequest()).ok());
  EXPECT_FALSE(send("Sleep", seconds(60))->answer.has_value());
}

TEST_F(test_service, sleeps_for_real_while_it_is_locked_and_skips_when_it_is_not) {
  const auto before = now();
  const auto sleeping = send("Sleep", seconds(3600));
  EXPECT_FALSE(sleeping->answer.has_value());
  EXPECT_EQ(now(), before);
  EXPECT_TRUE(status("UnlockTimeSkipping", api::UnlockTimeSkippingRequest()).ok());
  EXPECT_TRUE(sleeping->answer.has_value());
  EXPECT_EQ(now(), before + hour);
  EXPECT_TRUE(status("Sleep", seconds(60)).ok());
  EXPECT_EQ(now(), before + hour + 60 * second);
}

TEST_F(test_service, sleeps_until_a_time_and_not_at_all_until_one_that_has_passed) {
  api::SleepUntilRequest request;
  server::to_proto(now() - second, *request.mutable_timestamp());
  EXPECT_TRUE(status("SleepUntil", request).ok());
  const auto then = now() + hour;
  server::to_proto(then, *request.mutable_timestamp());
  const auto sleeping = send("SleepUntil", request);
  EXPECT_FALSE(sleeping->answer.has_value());
  at.pass(hour);
  EXPECT_TRUE(sleeping->answer.has_value());
}

TEST_F(test_service, unlocks_for_a_sleep_and_locks_again) {
  const auto before = now();
  EXPECT_TRUE(status("UnlockTimeSkippingWithSleep", seconds(3600)).ok());
  EXPECT_EQ(now(), before + hour);
  EXPECT_FALSE(send("Sleep", seconds(1))->answer.has_value());
}

TEST_F(test_service, locks_again_when_the_sleeper_goes) {
  at.state->clock().hold();
  const auto sleeping = send("UnlockTimeSkippingWithSleep", seconds(3600));
  EXPECT_FALSE(sleeping->answer.has_value());
  sleeping->go_away();
  at.state->clock().release();
  const auto before = now();
  EXPECT_FALSE(send("Sleep", seconds(1))->answer.has_value());
  EXPECT_EQ(now(), before);
}

TEST_F(test_service, lets_time_pass_while_an_update_waits) {
  auto call = std::make_shared<test_call>("/temporal.api.workflowservice.v1.WorkflowService/UpdateWorkflowExecution",
                                          std::string());
  auto other =
      std::make_shared<test_call>("/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo", std::string());
  const auto before = now();
  const auto sleeping = send("Sleep", seconds(60));
  auto waiting = server::attend_clock(*at.state, other, alive);
  for (int i = 0; i < 4; ++i) at.run_ready();
  EXPECT_EQ(now(), before);
  waiting = server::attend_clock(*at.state, call, alive);
  for (int i = 0; i < 4; ++i) at.run_ready();
  EXPECT_EQ(now(), before + 60 * second);
  EXPECT_TRUE(sleeping->answer.has_value());
  waiting.reset();
  EXPECT_FALSE(send("Sleep", seconds(1))->answer.has_value());
}

TEST_F(test_service, lets_no_time_pass_while_a_query_waits) {
  auto query =
      std::make_shared<test_call>("/temporal.api.workflowservice.v1.WorkflowService/QueryWorkflow", std::string());
  auto waiting = server::attend_clock(*at.state, query, alive);
  EXPECT_TRUE(status("UnlockTimeSkipping", api::UnlockTimeSkippingRequest()).ok());
  const auto sleeping = send("Sleep", seconds(60));
  EXPECT_FALSE(sleeping->answer.has_value());
  waiting.reset();
  for (int i = 0; i < 4; ++i) at.run_ready();
  EXPECT_TRUE(sleeping->answer.has_value());
}

TEST(test_service_off, is_unknown_when_time_is_real) {
  server_harness at([] {
    auto settings = server_harness::defaults();
    settings.time_skipping = false;
    return settings;
  }());
  server::serve_test_service(*at.front);
  const auto status = at.refused<api::LockTimeSkippingResponse>(api::LockTimeSkippingRequest());
  EXPECT_EQ(status.code, rpc_code::unimplemented);
  EXPECT_EQ(status.message, "unknown service temporal.api.testservice.v1.TestService");
}

TEST(health, knows_the_services_of_the_server) {
  server_harness at;
  server::serve_health(*at.front);
  const auto check = [&](const std::string& name) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(name);
    auto call = std::make_shared<test_call>("/grpc.health.v1.Health/Check", request.SerializeAsString());
    at.front->handle(call);
    at.run_ready();
    return call->answer.value().status;
  };
  EXPECT_TRUE(check("").ok());
  EXPECT_TRUE(check("temporal.api.workflowservice.v1.WorkflowService").ok());
  const auto unknown = check("other");
  EXPECT_EQ(unknown.code, rpc_code::not_found);
  EXPECT_EQ(unknown.message, "unknown service");
}

}  // namespace test_service_test
}  // namespace rondo::test
