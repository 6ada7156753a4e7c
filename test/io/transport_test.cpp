#include "rondo/detail/io/transport.hpp"
#include "rondo/detail/io/headers.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grpc_test_server.hpp"
#include "http2_test_server.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/http2_transport.hpp"
#include "rondo/detail/io/retry.hpp"

namespace transport_test {

using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::rpc_status;
using rondo::test::grpc_answer;
using rondo::test::grpc_test_server;
using rondo::test::http2_test_server;
using namespace std::chrono_literals;

grpc_answer answer(const grpc::GenericCallbackServerContext& context, const std::string& request) {
  const std::string& path = context.method();
  if (path == "/test/echo") return {grpc::Status::OK, request};
  if (path == "/test/empty") return {grpc::Status::OK, ""};
  if (path == "/test/hang") return {grpc::Status::OK, "", true};
  if (path == "/test/blob") return {grpc::Status::OK, std::string(std::stoul(request), 'b')};
  if (path == "/test/not_found") {
    return {grpc::Status(grpc::StatusCode::NOT_FOUND, "no such thing", std::string("\x08\x05\0x", 4)), ""};
  }
  if (path == "/test/as_if_lost") {
    return {grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "Socket closed", std::string("\x08\x03", 2)), ""};
  }
  if (path == "/test/deadline") {
    const auto left = context.deadline() - std::chrono::system_clock::now();
    return {grpc::Status::OK, std::to_string(std::chrono::duration_cast<std::chrono::seconds>(left).count())};
  }
  if (path == "/test/cancelled") return {grpc::Status(grpc::StatusCode::CANCELLED, "the server says so"), ""};
  if (path == "/test/header") {
    const auto range = context.client_metadata().equal_range(request);
    std::string all;
    for (auto each = range.first; each != range.second; ++each) {
      all += "[" + std::string(each->second.data(), each->second.size()) + "]";
    }
    return {grpc::Status::OK, all};
  }
  return {grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown method"), ""};
}

client_options options_for(const grpc_test_server& server) {
  client_options options;
  options.target = server.target();
  return options;
}

/// Every test of calls over the network runs with each transport.
struct NamesOfTransports {
  template <class Transport>
  static std::string GetName(int) {
    return std::is_same_v<Transport, grpc_transport> ? "Grpc" : "Http2";
  }
};
using transports = ::testing::Types<grpc_transport, http2_transport>;

template <class Transport>
struct NetworkTransport : ::testing::Test {
  rpc_result call(const std::string& path, const std::string& request, call_options options = call_options()) {
    return loop.block_on(unary(transport, path, request, std::move(options)));
  }

  grpc_test_server server{answer};
  event_loop loop;
  Transport transport{loop, options_for(server)};
};
TYPED_TEST_SUITE(NetworkTransport, transports, NamesOfTransports);

TYPED_TEST(NetworkTransport, CarriesBytesBothWays) {
  const std::string bytes("\0\x01 any bytes \xFF", 14);
  const auto result = this->call("/test/echo", bytes);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_EQ(result.response.view(), bytes);
  EXPECT_EQ(this->call("/test/echo", "").response.view(), "");
  EXPECT_TRUE(this->call("/test/empty", "x").status.ok());
  const std::string large(3'000'000, 'l');
  EXPECT_EQ(this->call("/test/echo", large).response.view(), large);
}

TYPED_TEST(NetworkTransport, StatusOfTheServerWithItsDetails) {
  const auto result = this->call("/test/not_found", "");
  EXPECT_EQ(result.status.code, rpc_code::not_found);
  EXPECT_EQ(result.status.message, "no such thing");
  EXPECT_EQ(result.status.details, std::string("\x08\x05\0x", 4));
  EXPECT_FALSE(result.status.from_transport);
  EXPECT_FALSE(this->call("/test/cancelled", "").status.from_transport);
  EXPECT_FALSE(this->call("/test/as_if_lost", "").status.from_transport);
  EXPECT_EQ(this->call("/test/nowhere", "").status.code, rpc_code::unimplemented);
  EXPECT_FALSE(this->call("/test/nowhere", "").status.from_transport);
}

TYPED_TEST(NetworkTransport, HeadersArrive) {
  call_options options;
  options.common_metadata =
      std::make_shared<const metadata_list>(metadata_list{{"common", "1"}, {"bytes-bin", "\x01\xFF"}});
  options.metadata = call_headers("default", "workflow:w");
  EXPECT_EQ(this->call("/test/header", "common", options).response.view(), "[1]");
  EXPECT_EQ(this->call("/test/header", "bytes-bin", options).response.view(), "[\x01\xFF]");
  EXPECT_EQ(this->call("/test/header", "temporal-namespace", options).response.view(), "[default]");
  EXPECT_EQ(this->call("/test/header", "temporal-resource-id", options).response.view(), "[workflow:w]");
  EXPECT_TRUE(this->call("/test/header", "user-agent").response.view().starts_with("[rondo/"));
}

TYPED_TEST(NetworkTransport, DeadlineEndsACallThatHangs) {
  call_options options;
  options.deadline = steady_clock::now() + 20ms;
  const auto result = this->call("/test/hang", "", options);
  EXPECT_EQ(result.status.code, rpc_code::deadline_exceeded);
  EXPECT_TRUE(result.status.from_transport);
}

TYPED_TEST(NetworkTransport, TheServerIsToldTheDeadline) {
  call_options options;
  options.deadline = steady_clock::now() + 300s;
  const std::string seconds(this->call("/test/deadline", "", options).response.view());
  EXPECT_GT(std::stol(seconds), 200);
  EXPECT_LE(std::stol(seconds), 300);
}

TYPED_TEST(NetworkTransport, TokenCancelsManyPendingCalls) {
  constexpr int count = 128;
  ASSERT_TRUE(this->call("/test/echo", "").status.ok());
  call_token token;
  call_options options;
  options.token = &token;
  std::vector<rpc_result> results;
  const auto request = std::make_shared<const std::string>("x");
  for (int i = 0; i < count; ++i) {
    async_unary(this->transport, "/test/hang", request, options,
                [&](rpc_result r) { results.push_back(std::move(r)); });
  }
  while (this->server.calls() < count + 1) this->loop.poll();
  EXPECT_TRUE(results.empty());
  token.cancel();
  EXPECT_TRUE(results.empty());
  this->loop.run_until([&] { return results.size() == count; });
  for (const auto& result : results) {
    EXPECT_EQ(result.status.code, rpc_code::cancelled);
    EXPECT_TRUE(result.status.from_transport);
  }
  EXPECT_TRUE(this->call("/test/echo", "").status.ok());
}

TYPED_TEST(NetworkTransport, ACancelledTokenEndsALaterCall) {
  call_token token;
  token.cancel();
  call_options options;
  options.token = &token;
  EXPECT_EQ(this->call("/test/hang", "", options).status.code, rpc_code::cancelled);
}

TYPED_TEST(NetworkTransport, AnswersOverTheLimitFailAndAreNotRetried) {
  client_options small = options_for(this->server);
  small.max_receive_message_size = 1000;
  TypeParam limited(this->loop, small);
  const auto blob = [&](const char* size) {
    return this->loop.block_on(unary(limited, "/test/blob", std::string(size), call_options()));
  };
  EXPECT_TRUE(blob("1000").status.ok());
  const auto result = blob("1001");
  EXPECT_EQ(result.status.code, rpc_code::resource_exhausted);
  EXPECT_TRUE(is_message_too_large(result.status)) << result.status.message;
  EXPECT_EQ(this->call("/test/blob", "5000000").response.view().size(), 5'000'000U);
}

TYPED_TEST(NetworkTransport, ServerGoneIsUnavailableAndRetrySucceedsAfterItsReturn) {
  ASSERT_TRUE(this->call("/test/echo", "1").status.ok());
  this->server.stop();
  const auto gone = this->call("/test/echo", "2");
  EXPECT_EQ(gone.status.code, rpc_code::unavailable);
  EXPECT_TRUE(gone.status.from_transport);

  std::optional<rpc_result> result;
  retry_policy policy;
  const auto request = std::make_shared<const std::string>("3");
  asio::co_spawn(this->loop.executor(),
                 call_with_retry(this->transport, "/test/echo", request, retry_options(), policy),
                 [&](std::exception_ptr error, rpc_result r) {
                   EXPECT_FALSE(error);
                   result = std::move(r);
                 });
  this->loop.poll();
  this->server.start();
  ASSERT_TRUE(this->server.running());
  this->loop.run_until([&] { return result.has_value(); });
  EXPECT_TRUE(result->status.ok()) << result->status.message;
  EXPECT_EQ(result->response.view(), "3");
}

TYPED_TEST(NetworkTransport, TheServerThatDiesEndsItsCalls) {
  std::optional<rpc_result> result;
  async_unary(this->transport, "/test/hang", std::make_shared<const std::string>("x"), call_options(),
              [&](rpc_result r) { result = std::move(r); });
  while (this->server.calls() < 1) this->loop.poll();
  this->server.stop();
  this->loop.run_until([&] { return result.has_value(); });
  EXPECT_TRUE(is_retryable(rpc_class::task_poll, result->status, false)) << to_string(result->status.code);
}

TYPED_TEST(NetworkTransport, ALostConnectionIsNoAnswer) {
  http2_test_server lossy([](http2_test_server::peer& to, const http2_test_server::request& asked) {
    if (asked.path == "/test/cancel") return to.reset(asked.stream, NGHTTP2_CANCEL);
    if (asked.path == "/test/reset") return to.reset(asked.stream, NGHTTP2_INTERNAL_ERROR);
    to.close();
  });
  client_options options;
  options.target = lossy.target();
  TypeParam over(this->loop, options);
  const auto status_of = [&](const char* path) {
    return this->loop.block_on(unary(over, path, std::string(), call_options())).status;
  };
  for (const char* path : {"/test/cancel", "/test/reset", "/test/close"}) {
    const rpc_status status = status_of(path);
    EXPECT_TRUE(status.from_transport) << path << ": " << status.message;
    EXPECT_TRUE(is_retryable(rpc_class::unary, status, false)) << path << ": " << status.message;
  }
  EXPECT_EQ(status_of("/test/close").code, rpc_code::unavailable);
}

TYPED_TEST(NetworkTransport, UnknownHost) {
  client_options options;
  options.target = "no-such-host.invalid:7233";
  TypeParam nowhere(this->loop, options);
  const auto result = this->loop.block_on(unary(nowhere, "/test/echo", std::string(), call_options()));
  EXPECT_EQ(result.status.code, rpc_code::unavailable);
  EXPECT_TRUE(result.status.from_transport);
}

asio::awaitable<void> echo_often(transport& over, int times, int& done) {
  for (int i = 0; i < times; ++i) {
    const std::string text = std::to_string(i);
    const auto result = co_await unary(over, "/test/echo", text, call_options());
    EXPECT_EQ(result.response.view(), text);
  }
  ++done;
}

TYPED_TEST(NetworkTransport, ManyCallsAtOnce) {
  int done = 0;
  for (int i = 0; i < 32; ++i)
    asio::co_spawn(this->loop.executor(), echo_often(this->transport, 50, done), asio::detached);
  this->loop.run_until([&] { return done == 32; });
  EXPECT_EQ(this->server.calls(), 1600);
}

struct alive_guard {
  explicit alive_guard(int& of) : count(of) { ++count; }
  alive_guard(const alive_guard&) = delete;
  ~alive_guard() { --count; }
  int& count;
};

asio::awaitable<void> hang_holding(std::shared_ptr<transport> over, int& alive) {
  const alive_guard guard(alive);
  retry_policy policy;
  const auto request = std::make_shared<const std::string>("x");
  co_await call_with_retry(*over, "/test/hang", request, retry_options(rpc_class::task_poll), policy);
  ADD_FAILURE() << "a destroyed loop must not resume its coroutines";
}

template <class Transport>
struct NetworkTransportLoop : ::testing::Test {};
TYPED_TEST_SUITE(NetworkTransportLoop, transports, NamesOfTransports);

TYPED_TEST(NetworkTransportLoop, IsDestroyedWithCallsUnderWay) {
  grpc_test_server server(answer);
  int alive = 0;
  {
    event_loop loop;
    auto transport = std::make_shared<TypeParam>(loop, options_for(server));
    for (int i = 0; i < 10; ++i) asio::co_spawn(loop.executor(), hang_holding(transport, alive), asio::detached);
    while (server.calls() < 10) loop.poll();
    EXPECT_EQ(alive, 10);
  }
  EXPECT_EQ(alive, 0);
}

TYPED_TEST(NetworkTransportLoop, OneLoopServesTwoTransports) {
  grpc_test_server one(answer);
  grpc_test_server two(answer);
  event_loop loop;
  TypeParam first(loop, options_for(one));
  TypeParam second(loop, options_for(two));
  EXPECT_TRUE(loop.block_on(unary(first, "/test/echo", std::string("1"), call_options())).status.ok());
  EXPECT_TRUE(loop.block_on(unary(second, "/test/echo", std::string("2"), call_options())).status.ok());
  EXPECT_EQ(one.calls(), 1);
  EXPECT_EQ(two.calls(), 1);
}

}  // namespace transport_test
