#include <gtest/gtest.h>
#include <temporal/api/testservice/v1/request_response.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/server/dev_service.hpp"
#include "rondo/server/in_process.hpp"

namespace rondo::test {
namespace in_process_test {

namespace io = rondo::detail::io;
namespace service = temporal::api::workflowservice::v1;

struct in_process_calls : ::testing::Test {
  io::event_loop loop;
  std::unique_ptr<server::dev_service> server = std::make_unique<server::dev_service>(server::options{}, loop);
  std::unique_ptr<io::transport> way = server->connect();

  struct outcome {
    std::exception_ptr error;
    io::rpc_result result;
    bool over = false;
  };
  std::shared_ptr<outcome> begin(const std::string& method, const google::protobuf::Message& request,
                                 io::call_options how = {}) {
    auto state = std::make_shared<outcome>();
    asio::co_spawn(loop.executor(), io::unary(*way, io::rpc_path(method), request.SerializeAsString(), std::move(how)),
                   [state](std::exception_ptr error, io::rpc_result result) {
                     state->error = std::move(error);
                     state->result = std::move(result);
                     state->over = true;
                   });
    return state;
  }
  rpc_status end(const std::shared_ptr<outcome>& state) {
    loop.run_until([&] { return state->over; });
    return state->result.status;
  }
  std::shared_ptr<outcome> begin_poll(io::call_options how = {}) {
    service::PollWorkflowTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("queue");
    auto state = begin("PollWorkflowTaskQueue", request, std::move(how));
    loop.run_until([&] { return server->frontend().under_way() == 1; });
    return state;
  }
};

TEST_F(in_process_calls, reach_the_server_and_come_back) {
  const auto state = begin("GetSystemInfo", service::GetSystemInfoRequest());
  EXPECT_TRUE(end(state).ok());
  service::GetSystemInfoResponse response;
  const auto bytes = state->result.response.view();
  ASSERT_TRUE(response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  EXPECT_FALSE(response.server_version().empty());
}

TEST_F(in_process_calls, bring_refusals_with_their_details) {
  service::StartWorkflowExecutionRequest request;
  request.set_namespace_("nowhere");
  const auto status = end(begin("StartWorkflowExecution", request));
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(status.from_transport);
  const auto unknown = end(begin("/a.B/C", service::GetSystemInfoRequest()));
  EXPECT_EQ(unknown.code, rpc_code::unimplemented);
  EXPECT_EQ(unknown.message, "unknown service a.B");
}

TEST_F(in_process_calls, are_forgotten_by_the_server_when_they_are_cancelled) {
  io::call_token token;
  io::call_options how;
  how.token = &token;
  const auto state = begin_poll(std::move(how));
  token.cancel();
  EXPECT_EQ(server->frontend().under_way(), 0U);
  EXPECT_FALSE(state->over);
  const auto status = end(state);
  EXPECT_EQ(status.code, rpc_code::cancelled);
  EXPECT_TRUE(status.from_transport);
}

TEST_F(in_process_calls, end_at_their_deadline) {
  // A sleep of the clock, which nobody lets pass.
  server.reset();
  server::options still;
  still.time_skipping = true;
  still.start_time = server::day;
  server = std::make_unique<server::dev_service>(still, loop);
  way = server->connect();
  temporal::api::testservice::v1::SleepRequest request;
  request.mutable_duration()->set_seconds(1);
  io::call_options how;
  how.deadline = io::later(io::steady_clock::now(), std::chrono::milliseconds(5));
  const auto status = end(begin("/temporal.api.testservice.v1.TestService/Sleep", request, std::move(how)));
  EXPECT_EQ(status.code, rpc_code::deadline_exceeded);
  EXPECT_TRUE(status.from_transport);
  EXPECT_EQ(server->frontend().under_way(), 0U);
}

TEST_F(in_process_calls, end_when_the_server_does) {
  const auto state = begin_poll();
  server.reset();
  const auto status = end(state);
  EXPECT_EQ(status.code, rpc_code::unavailable);
  EXPECT_TRUE(status.from_transport);
  const auto later = end(begin("GetSystemInfo", service::GetSystemInfoRequest()));
  EXPECT_EQ(later.code, rpc_code::unavailable);
}

TEST_F(in_process_calls, run_in_a_later_turn_than_their_start) {
  bool inside = true;
  auto state = std::make_shared<outcome>();
  loop.post([&] {
    asio::co_spawn(loop.executor(), io::unary(*way, io::rpc_path("GetSystemInfo"), std::string(), {}),
                   [&, state](std::exception_ptr, io::rpc_result) {
                     EXPECT_FALSE(inside);
                     state->over = true;
                   });
    EXPECT_EQ(server->frontend().under_way(), 0U);
    inside = false;
  });
  loop.run_until([&] { return state->over; });
}

TEST(in_process, lets_a_loop_end_with_calls_under_way) {
  auto service_with_loop = std::make_unique<server::dev_service>(server::options{});
  auto& loop = service_with_loop->loop();
  const auto way = service_with_loop->connect();
  service::PollWorkflowTaskQueueRequest request;
  request.set_namespace_("default");
  request.mutable_task_queue()->set_name("queue");
  asio::co_spawn(loop.executor(),
                 io::unary(*way, io::rpc_path("PollWorkflowTaskQueue"), request.SerializeAsString(), {}),
                 [](std::exception_ptr, io::rpc_result) { ADD_FAILURE() << "nobody drives the loop any more"; });
  loop.run_until([&] { return service_with_loop->frontend().under_way() == 1; });
  service_with_loop.reset();
}

TEST(server_bodies, are_all_brought_by_the_header) {
  const std::filesystem::path folder = "include/rondo/server";
  std::ifstream file(folder / "bodies.hpp");
  std::stringstream text;
  text << file.rdbuf();
  for (const auto& entry : std::filesystem::directory_iterator(folder / "impl")) {
    const std::string name = entry.path().filename().string();
    EXPECT_NE(text.str().find("\"rondo/server/impl/" + name + "\""), std::string::npos) << name;
  }
}

}  // namespace in_process_test
}  // namespace rondo::test
