#include "rondo/detail/io/memory_transport.hpp"

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/io/sleep.hpp"

namespace memory_transport_test {

using namespace rondo::detail::io;
using rondo::rpc_code;
using rondo::rpc_status;
using namespace std::chrono_literals;

struct MemoryTransport : ::testing::Test {
  rpc_result call(const std::string& path, const std::string& request, call_options options = call_options()) {
    return loop.block_on(unary(transport, path, request, std::move(options)));
  }

  /// Starts a call whose result is put into a slot.
  std::shared_ptr<std::optional<rpc_result>> start(const std::string& path, call_token* token) {
    auto slot = std::make_shared<std::optional<rpc_result>>();
    call_options options;
    options.token = token;
    async_unary(transport, path, std::make_shared<const std::string>("x"), options,
                [slot](rpc_result result) { *slot = std::move(result); });
    return slot;
  }

  event_loop loop;
  memory_transport transport{loop};
};

TEST(ResponseBytes, AreEmptyWhenTheyHaveBeenMovedAway) {
  response_bytes first(std::string(100, 'x'));
  const response_bytes second(std::move(first));
  EXPECT_EQ(second.view(), std::string(100, 'x'));
  // NOLINTNEXTLINE(bugprone-use-after-move): this is what is tested
  EXPECT_TRUE(first.view().empty());
  auto kept = std::make_shared<const std::string>("of another");
  response_bytes third(kept, *kept);
  first = std::move(third);
  EXPECT_EQ(first.view(), "of another");
  // NOLINTNEXTLINE(bugprone-use-after-move)
  EXPECT_TRUE(third.view().empty());
  EXPECT_TRUE(response_bytes(std::string()).view().empty());
}

TEST_F(MemoryTransport, AnswersByPath) {
  transport.on_unary("/echo", [](const std::string& request) { return request + "!"; });
  transport.on_unary("/broken", [](const std::string&) { return rpc_status(rpc_code::not_found, "no such thing"); });
  const auto good = call("/echo", "hello");
  EXPECT_TRUE(good.status.ok());
  EXPECT_EQ(good.response.view(), "hello!");
  const auto bad = call("/broken", "");
  EXPECT_EQ(bad.status.code, rpc_code::not_found);
  EXPECT_EQ(bad.status.message, "no such thing");
  EXPECT_FALSE(bad.status.from_transport);
  EXPECT_EQ(call("/nowhere", "").status.code, rpc_code::unimplemented);
  EXPECT_EQ(transport.calls("/echo"), 1U);
  EXPECT_EQ(transport.pending("/echo"), 0U);
  EXPECT_EQ(transport.calls("/never"), 0U);
}

TEST_F(MemoryTransport, HandlerSeesMetadataAndDeadline) {
  metadata_list seen;
  time_point deadline;
  transport.on("/m", [&](memory_transport::call which) {
    seen = which.metadata();
    deadline = which.deadline();
    which.reply("");
  });
  call_options options;
  options.metadata.emplace_back("a", "b");
  options.common_metadata = std::make_shared<const metadata_list>(metadata_list{{"common", "c"}});
  options.deadline = steady_clock::now() + 1h;
  EXPECT_TRUE(call("/m", "", options).status.ok());
  EXPECT_EQ(seen, (metadata_list{{"common", "c"}, {"a", "b"}}));
  EXPECT_EQ(deadline, options.deadline);
}

TEST_F(MemoryTransport, FailsAsOftenAsTold) {
  transport.on_unary("/echo", [](const std::string& request) { return request; });
  transport.fail("/echo", rpc_status(rpc_code::unavailable, "down", true), 2);
  EXPECT_EQ(call("/echo", "1").status.code, rpc_code::unavailable);
  EXPECT_EQ(call("/echo", "2").status.code, rpc_code::unavailable);
  EXPECT_EQ(call("/echo", "3").response.view(), "3");
}

TEST_F(MemoryTransport, LosesResponsesAfterTheHandlerRan) {
  std::vector<std::string> seen;
  transport.on_unary("/echo", [&](const std::string& request) {
    seen.push_back(request);
    return request;
  });
  transport.lose_responses("/echo");
  const auto lost = call("/echo", "1");
  EXPECT_EQ(lost.status.code, rpc_code::unavailable);
  EXPECT_TRUE(lost.status.from_transport);
  EXPECT_TRUE(call("/echo", "2").status.ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "2"}));
}

TEST_F(MemoryTransport, HeldCallsWaitForRelease) {
  transport.on_unary("/echo", [](const std::string& request) { return request; });
  transport.hold("/echo");
  const auto slot = start("/echo", nullptr);
  loop.poll();
  EXPECT_FALSE(slot->has_value());
  EXPECT_EQ(transport.pending("/echo"), 1U);
  transport.release("/echo");
  loop.run_until([&] { return slot->has_value(); });
  EXPECT_TRUE((*slot)->status.ok());
}

TEST_F(MemoryTransport, DeadlineEndsACallThatHangs) {
  transport.on("/hang", [](const memory_transport::call&) {});
  call_options options;
  options.deadline = steady_clock::now() + 1ms;
  const auto result = call("/hang", "", options);
  EXPECT_EQ(result.status.code, rpc_code::deadline_exceeded);
  EXPECT_TRUE(result.status.from_transport);
}

TEST_F(MemoryTransport, TokenCancelsAllItsCalls) {
  transport.on("/hang", [](const memory_transport::call&) {});
  call_token token;
  std::vector<std::shared_ptr<std::optional<rpc_result>>> slots;
  for (int i = 0; i < 5; ++i) slots.push_back(start("/hang", &token));
  loop.poll();
  token.cancel();
  token.cancel();
  EXPECT_TRUE(token.cancelled());
  for (const auto& slot : slots) EXPECT_FALSE(slot->has_value());
  loop.run_until([&] { return transport.pending("/hang") == 0; });
  for (const auto& slot : slots) {
    ASSERT_TRUE(slot->has_value());
    EXPECT_EQ((*slot)->status.code, rpc_code::cancelled);
    EXPECT_TRUE((*slot)->status.from_transport);
  }
  const auto late = start("/hang", &token);
  loop.run_until([&] { return late->has_value(); });
  EXPECT_EQ((*late)->status.code, rpc_code::cancelled);
}

TEST_F(MemoryTransport, StoppingRetriesLetsTheAttemptGoOn) {
  std::optional<memory_transport::call> served;
  transport.on("/poll", [&](memory_transport::call which) { served = which; });
  call_token token;
  const auto slot = start("/poll", &token);
  loop.run_until([&] { return served.has_value(); });
  token.stop_retries();
  EXPECT_FALSE(token.cancelled());
  EXPECT_FALSE(served->abandoned());
  served->reply("task");
  loop.run_until([&] { return slot->has_value(); });
  EXPECT_EQ((*slot)->response.view(), "task");
}

TEST_F(MemoryTransport, CancellationSlotEndsTheCall) {
  transport.on("/hang", [](const memory_transport::call&) {});
  asio::cancellation_signal signal;
  std::optional<rpc_result> result;
  asio::co_spawn(loop.executor(), unary(transport, "/hang", std::string(), call_options()),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, rpc_result r) {
                   EXPECT_FALSE(error);
                   result = std::move(r);
                 }));
  loop.poll();
  loop.post([&] { signal.emit(asio::cancellation_type::terminal); });
  loop.run_until([&] { return result.has_value(); });
  EXPECT_EQ(result->status.code, rpc_code::cancelled);
}

TEST_F(MemoryTransport, LateAnswersReachNobody) {
  std::optional<memory_transport::call> served;
  transport.on("/slow", [&](memory_transport::call which) { served = which; });
  call_token token;
  const auto slot = start("/slow", &token);
  loop.run_until([&] { return served.has_value(); });
  token.cancel();
  loop.run_until([&] { return slot->has_value(); });
  EXPECT_TRUE(served->abandoned());
  served->reply("too late");
  served->reply("twice");
  loop.poll();
  EXPECT_EQ((*slot)->status.code, rpc_code::cancelled);
}

TEST(MemoryTransportLoop, IsDestroyedWithCallsUnderWay) {
  auto loop = std::make_unique<event_loop>();
  memory_transport transport(*loop);
  transport.on("/hang", [](const memory_transport::call&) {});
  transport.hold("/held");
  const auto token = std::make_shared<int>(0);
  for (const auto* path : {"/hang", "/held", "/none"}) {
    const auto request = std::make_shared<const std::string>();
    async_unary(transport, path, request, call_options(), [token](rpc_result) { FAIL(); });
  }
  async_sleep_until(*loop, steady_clock::now() + 1h, [token](asio::error_code) { FAIL(); });
  EXPECT_EQ(token.use_count(), 5);
  loop.reset();
  EXPECT_EQ(token.use_count(), 1);
}

asio::awaitable<void> call_and_sleep(std::shared_ptr<transport> over, bool sleeps) {
  if (sleeps) co_await sleep_for(over->loop(), 1h);
  const auto request = std::make_shared<const std::string>();
  co_await async_unary(*over, "/held", request, call_options(), asio::use_awaitable);
}

void begin_held(event_loop& loop, asio::cancellation_signal& by, bool sleeps) {
  auto over = std::make_shared<memory_transport>(loop);
  over->hold("/held");
  asio::co_spawn(loop.executor(), call_and_sleep(over, sleeps),
                 asio::bind_cancellation_slot(by.slot(), [](const std::exception_ptr&) { FAIL(); }));
  for (int i = 0; i < 10; ++i) loop.poll();
}

// What is wrong with these shows under the address sanitizer.
TEST(MemoryTransportLoop, IsDestroyedAfterTheSignalsOfItsOperations) {
  for (const bool sleeps : {false, true}) {
    event_loop loop;
    asio::cancellation_signal signal;
    begin_held(loop, signal, sleeps);
  }
}

TEST(MemoryTransportLoop, IsDestroyedBeforeTheSignalsOfItsOperationsAreEmitted) {
  for (const bool sleeps : {false, true}) {
    auto loop = std::make_unique<event_loop>();
    asio::cancellation_signal signal;
    begin_held(*loop, signal, sleeps);
    loop.reset();
    signal.emit(asio::cancellation_type::terminal);
  }
}

}  // namespace memory_transport_test
