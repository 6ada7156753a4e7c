#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "grpc_test_server.hpp"
#include "http2_test_server.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/http2_transport.hpp"

// Hosts whose name comes to stand for other addresses.
namespace dns_refresh_test {

using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::test::http2_test_server;
using namespace std::chrono_literals;
using peer = http2_test_server::peer;
using request = http2_test_server::request;

/// Answers lookups with the addresses that a test gives; copies are the same server.
class name_server {
 public:
  name_server() : state_(std::make_shared<state>()) {}

  /// None: it knows nothing of the host.
  void answer(std::vector<std::string> addresses) const { answer_in_turn({std::move(addresses)}); }
  /// The answers of lookups one after the other, and again from the first one on.
  void answer_in_turn(std::vector<std::vector<std::string>> all) const {
    const std::lock_guard lock(state_->mutex);
    state_->answers = std::move(all);
    state_->told = 0;
  }
  /// Lookups take until they are released.
  void hold(bool held) const {
    const std::lock_guard lock(state_->mutex);
    state_->held = held;
    state_->changed.notify_all();
  }
  int asked() const { return state_->asked; }

  host_lookup::resolver resolver() const {
    return [of = state_](const host_and_port& host) {
      host_addresses found;
      std::unique_lock lock(of->mutex);
      ++of->asked;
      of->changed.wait(lock, [&] { return !of->held; });
      for (const auto& each : of->answers.at(of->told++ % of->answers.size())) {
        found.endpoints.emplace_back(asio::ip::make_address(each), host.port);
      }
      if (found.endpoints.empty()) found.fault = "unknown host";
      return found;
    };
  }

 private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::vector<std::string>> answers{{}};
    std::size_t told = 0;
    bool held = false;
    std::atomic<int> asked = 0;
  };
  std::shared_ptr<state> state_;
};

http2_test_server::options everywhere() {
  http2_test_server::options how;
  how.at = asio::ip::address_v4::any();
  return how;
}

/// The server is at all addresses of the own machine, and says which of them the client took.
struct DnsRefresh : ::testing::Test {
  DnsRefresh() {
    names.answer({"127.0.0.1"});
    options.target = "temporal.example.com:" + std::to_string(server.port());
  }
  ~DnsRefresh() override { names.hold(false); }

  void connect() {
    transport = std::make_unique<http2_transport>(loop, options, names.resolver(), [this] { return now; });
  }
  rpc_result call(const std::string& path) { return loop.block_on(unary(*transport, path, "x", call_options())); }
  std::string where() {
    const auto result = call("/where");
    return result.status.ok() ? std::string(result.response.view()) : result.status.message;
  }
  std::shared_ptr<std::optional<rpc_result>> begin(const std::string& path) {
    auto result = std::make_shared<std::optional<rpc_result>>();
    async_unary(*transport, path, std::make_shared<const std::string>("x"), call_options(),
                [result](rpc_result r) { *result = std::move(r); });
    return result;
  }
  /// Calls until the predicate holds; false after some seconds.
  template <class Predicate>
  bool calls_until(Predicate done) {
    const auto end = steady_clock::now() + 20s;
    while (!done()) {
      if (steady_clock::now() > end) return false;
      where();
    }
    return true;
  }
  /// A lookup is over when the next one is there.
  bool looks_up_again() {
    const int before = names.asked();
    return calls_until([&] {
      now += 30s;
      return names.asked() > before + 1;
    });
  }

  void serve(peer& to, const request& asked) {
    if (asked.path == "/close") return to.close();
    if (asked.path == "/held") {
      held_by = to.weak_from_this();
      held = asked.stream;
      return;
    }
    if (goes_away) to.goaway(asked.stream);
    to.answer(asked.stream, asked.address);
  }

  std::atomic<bool> goes_away = false;
  std::weak_ptr<peer> held_by;
  std::atomic<int> held = 0;
  http2_test_server server{[this](peer& to, const request& asked) { serve(to, asked); }, everywhere()};
  name_server names;
  time_point now = time_point(1000h);
  client_options options;
  event_loop loop;
  std::unique_ptr<http2_transport> transport;
};

TEST_F(DnsRefresh, LaterCallsLeaveAnAddressThatIsTheHostsNoMore) {
  connect();
  EXPECT_EQ(where(), "127.0.0.1");
  const auto first = begin("/held");
  const auto end = steady_clock::now() + 20s;
  while (held == 0 && steady_clock::now() < end) loop.poll();
  names.answer({"127.0.0.2"});
  now += 29s;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(where(), "127.0.0.1");
  now += 1s;
  for (int i = 0; i < 20; ++i) loop.poll();
  EXPECT_EQ(names.asked(), 1) << "without a call nothing is looked up";
  EXPECT_EQ(where(), "127.0.0.1") << "a call does not wait for the lookup";
  EXPECT_TRUE(looks_up_again());
  EXPECT_TRUE(calls_until([&] { return where() == "127.0.0.2"; }));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_FALSE(first->has_value()) << "the old connection ends what it has begun";
  const auto old = held_by.lock();
  ASSERT_TRUE(old);
  old->later([this](peer& to) { to.answer(held, "at last"); });
  loop.run_until([&] { return first->has_value(); });
  EXPECT_EQ((*first)->response.view(), "at last");
}

TEST_F(DnsRefresh, StaysWhereTheHostStillIs) {
  connect();
  EXPECT_EQ(where(), "127.0.0.1");
  names.answer({"127.0.0.3", "127.0.0.1"});
  EXPECT_TRUE(looks_up_again());
  EXPECT_EQ(where(), "127.0.0.1");
  names.answer({});
  EXPECT_TRUE(looks_up_again());
  EXPECT_EQ(where(), "127.0.0.1");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(DnsRefresh, OneAnswerWithoutTheAddressIsNotEnough) {
  connect();
  EXPECT_EQ(where(), "127.0.0.1");
  names.answer_in_turn({{"127.0.0.2"}, {"127.0.0.3", "127.0.0.1"}});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(looks_up_again());
  EXPECT_EQ(where(), "127.0.0.1");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(DnsRefresh, StaysAsLongAsNothingAnswersElsewhere) {
  http2_test_server only([this](peer& to, const request& asked) { serve(to, asked); });
  options.target = "temporal.example.com:" + std::to_string(only.port());
  connect();
  EXPECT_EQ(where(), "127.0.0.1");
  names.answer({"127.0.0.2"});
  EXPECT_TRUE(looks_up_again());
  EXPECT_TRUE(looks_up_again());
  EXPECT_EQ(where(), "127.0.0.1");
  EXPECT_EQ(only.connections(), 1);
}

TEST_F(DnsRefresh, EachConnectionLooksTheNameUpAndBeginsWithAnotherAddress) {
  names.answer({"127.0.0.1", "127.0.0.2", "127.0.0.3"});
  goes_away = true;
  connect();
  std::vector<std::string> taken;
  for (int i = 0; i < 6; ++i) taken.push_back(where());
  EXPECT_EQ(server.connections(), 6);
  EXPECT_EQ(names.asked(), 6);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(taken[i], taken[i + 3]);
    EXPECT_NE(taken[i], taken[i + 1]);
  }
}

TEST_F(DnsRefresh, CallsAfterALossWaitForTheLookupThatIsUnderWay) {
  connect();
  EXPECT_EQ(where(), "127.0.0.1");
  names.answer({"127.0.0.2"});
  names.hold(true);
  now += 30s;
  EXPECT_TRUE(calls_until([&] { return names.asked() == 2; }));
  EXPECT_EQ(call("/close").status.code, rpc_code::unavailable);
  const auto waits = begin("/where");
  for (int i = 0; i < 20; ++i) loop.poll();
  EXPECT_FALSE(waits->has_value());
  names.hold(false);
  loop.run_until([&] { return waits->has_value(); });
  EXPECT_EQ((*waits)->response.view(), "127.0.0.2");
  EXPECT_EQ(names.asked(), 2);
}

TEST_F(DnsRefresh, IsOffForAddressesForTheOwnMachineAndWhenToldSo) {
  const std::string port = ":" + std::to_string(server.port());
  const std::tuple<std::string, std::chrono::milliseconds, int> rows[] = {
      {"127.0.0.1" + port, 30s, 0}, {"localhost" + port, 30s, 1}, {"temporal.example.com" + port, 0s, 1}};
  for (const auto& [target, interval, lookups] : rows) {
    options.target = target;
    options.dns_refresh_interval = interval;
    names = name_server();
    names.answer({"127.0.0.1", "127.0.0.2"});
    connect();
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(where(), "127.0.0.1") << target;
      now += 1h;
    }
    EXPECT_EQ(names.asked(), lookups) << target;
  }
  goes_away = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(where(), "127.0.0.1") << "the first of the list, for each connection";
}

TEST(RotateAddresses, OnlyThoseOfTheFirstKindTakeTurns) {
  const auto rotated = [](std::vector<std::string> texts, std::size_t number) {
    std::vector<asio::ip::tcp::endpoint> addresses;
    for (const auto& each : texts) addresses.emplace_back(asio::ip::make_address(each), 1);
    rotate_addresses(addresses, number);
    std::string all;
    for (const auto& each : addresses) all += each.address().to_string() + " ";
    return all;
  };
  EXPECT_EQ(rotated({}, 3), "");
  EXPECT_EQ(rotated({"1.1.1.1"}, 7), "1.1.1.1 ");
  EXPECT_EQ(rotated({"1.1.1.1", "2.2.2.2", "3.3.3.3"}, 4), "2.2.2.2 3.3.3.3 1.1.1.1 ");
  EXPECT_EQ(rotated({"::2", "1.1.1.1", "::3", "2.2.2.2"}, 1), "::3 ::2 1.1.1.1 2.2.2.2 ");
  EXPECT_EQ(rotated({"::1", "127.0.0.1"}, 1), "::1 127.0.0.1 ");
}

TEST(PickFirst, CallsStayWithOneAddressWhenToldSo) {
  const auto name = [](std::string text) {
    return [text](const auto&, const std::string&) { return rondo::test::grpc_answer{grpc::Status::OK, text, false}; };
  };
  rondo::test::grpc_test_server one(name("one"));
  rondo::test::grpc_test_server two(name("two"));
  client_options options;
  options.target = "ipv4:" + one.target() + "," + two.target();
  options.dns_refresh_interval = 0ms;
  event_loop loop;
  grpc_transport over(loop, options);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(loop.block_on(unary(over, "/test/who", std::string(), call_options())).response.view(), "one");
  }
}

}  // namespace dns_refresh_test
