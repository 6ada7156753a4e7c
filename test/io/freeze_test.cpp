#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http2_test_server.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/http2_transport.hpp"

// A process that is stopped and goes on later, as it is for the loop: its thread does not run, while time passes and
// answers come in.
namespace freeze_test {

using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::test::http2_test_server;
using namespace std::chrono_literals;
using peer = http2_test_server::peer;
using request = http2_test_server::request;

/// Longer than it takes to get a request to the server, even on a busy machine.
constexpr auto patience = 500ms;

struct NamesOfTransports {
  template <class Transport>
  static std::string GetName(int) {
    return std::is_same_v<Transport, grpc_transport> ? "Grpc" : "Http2";
  }
};

template <class Transport>
struct FrozenTransport : ::testing::Test {
  FrozenTransport() {
    client_options options;
    options.target = server.target();
    transport = std::make_unique<Transport>(loop, options);
  }

  std::shared_ptr<std::optional<rpc_result>> begin(const std::string& path, time_point deadline) {
    auto result = std::make_shared<std::optional<rpc_result>>();
    call_options how;
    how.deadline = deadline;
    async_unary(*transport, path, std::make_shared<const std::string>("x"), std::move(how),
                [result](rpc_result r) { *result = std::move(r); });
    return result;
  }
  /// The thread of the loop stands still until the server has done what it is told, and the time has come.
  void freeze(std::function<void(peer&)> meanwhile, time_point until) {
    bool over = false;
    loop.post([&] {
      std::promise<void> done;
      client.lock()->later([&](peer& to) {
        meanwhile(to);
        // In a task of its own: what the one before it wrote is on its way then.
        to.later([&](peer&) { done.set_value(); });
      });
      done.get_future().wait();
      std::this_thread::sleep_until(until + 1ms);
      over = true;
    });
    loop.run_until([&] { return over; });
  }

  event_loop loop;
  std::weak_ptr<peer> client;
  std::vector<std::int32_t> streams;
  std::atomic<int> asked = 0;
  http2_test_server server{[this](peer& to, const request& what) {
    if (what.path == "/echo") return to.answer(what.stream, what.path);
    client = to.weak_from_this();
    streams.push_back(what.stream);
    ++asked;
    loop.post([] {});
  }};
  std::unique_ptr<Transport> transport;
};
using transports = ::testing::Types<grpc_transport, http2_transport>;
TYPED_TEST_SUITE(FrozenTransport, transports, NamesOfTransports);

TYPED_TEST(FrozenTransport, AnswersThatCameBeforeTheThawAreTaken) {
  constexpr int calls = 20;
  const auto deadline = steady_clock::now() + patience;
  std::vector<std::shared_ptr<std::optional<rpc_result>>> results;
  for (int i = 0; i < calls; ++i) results.push_back(this->begin("/poll", deadline));
  this->loop.run_until([&] { return this->asked == calls; });
  this->freeze(
      [&](peer& to) {
        for (const auto stream : this->streams) to.answer(stream, std::string(2000, 't'));
      },
      deadline);
  for (const auto& each : results) {
    this->loop.run_until([&] { return each->has_value(); });
    ASSERT_TRUE((*each)->status.ok()) << (*each)->status.message;
    EXPECT_EQ((*each)->response.view().size(), 2000U);
  }
}

TYPED_TEST(FrozenTransport, WithoutAnAnswerTheDeadlineHolds) {
  const auto deadline = steady_clock::now() + patience;
  const auto result = this->begin("/poll", deadline);
  const auto other = this->begin("/poll", time_point::max());
  this->loop.run_until([&] { return this->asked == 2; });
  this->freeze([](peer&) {}, deadline);
  this->loop.run_until([&] { return result->has_value(); });
  EXPECT_EQ((*result)->status.code, rpc_code::deadline_exceeded);
  EXPECT_TRUE((*result)->status.from_transport);
  EXPECT_FALSE(other->has_value());
  const auto echo = this->begin("/echo", time_point::max());
  this->loop.run_until([&] { return echo->has_value(); });
  EXPECT_TRUE((*echo)->status.ok()) << (*echo)->status.message;
  EXPECT_EQ(this->server.connections(), 1);
}

struct recorded_owner final : http2_connection::owner {
  void on_connected(http2_connection&) override {}
  void on_proven(http2_connection&) override { proven = true; }
  void on_draining(http2_connection&, bool) override {}
  void on_unprocessed(std::shared_ptr<http2_call>) override {}
  void on_closed(http2_connection&, rondo::rpc_status status) override { why = std::move(status); }

  bool proven = false;
  std::optional<rondo::rpc_status> why;
};

TEST(FrozenConnection, AnAnswerToAPingThatLiesInTheSocketCounts) {
  event_loop loop;
  std::weak_ptr<peer> client;
  std::atomic<int> pings = 0;
  http2_test_server::options how;
  how.on_ping = [&](peer& from) {
    client = from.weak_from_this();
    ++pings;
    loop.post([] {});
  };
  http2_test_server server([](peer&, const request&) {}, how);
  recorded_owner owner;
  http2_connection_options options;
  options.keepalive_interval = 5ms;
  options.keepalive_timeout = patience;
  // However late it is, this is not taken for a freeze.
  options.frozen_after = 1h;
  const auto connection = std::make_shared<http2_connection>(loop, owner, options);
  connection->connect({{asio::ip::address_v4::loopback(), server.port()}});
  loop.run_until([&] { return pings == 1; });
  bool over = false;
  loop.post([&] {
    std::promise<void> done;
    client.lock()->later([&](peer& to) {
      to.acknowledge_ping();
      to.later([&](peer&) { done.set_value(); });
    });
    done.get_future().wait();
    std::this_thread::sleep_until(steady_clock::now() + patience);
    over = true;
  });
  loop.run_until([&] { return over; });
  // The next ping: the connection has outlived the first.
  loop.run_until([&] { return pings == 2 || owner.why.has_value(); });
  EXPECT_FALSE(owner.why.has_value()) << owner.why->message;
  connection->abandon();
}

}  // namespace freeze_test
