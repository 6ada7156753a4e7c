#include "rondo/detail/io/retry.hpp"

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/io/memory_transport.hpp"

namespace retry_test {

using namespace rondo::detail::io;
using rondo::rpc_code;
using rondo::rpc_status;
using namespace std::chrono_literals;

constexpr double middle = 0.5;  // no spread

rpc_status server(rpc_code code, std::string text = {}) { return rpc_status(code, std::move(text), false); }
rpc_status local(rpc_code code, std::string text = {}) { return rpc_status(code, std::move(text), true); }

TEST(RetryCodes, TableOfClassesAndCodes) {
  struct row {
    rpc_code code;
    bool unary, long_poll, task_poll;
  };
  const row rows[] = {
      {rpc_code::ok, false, false, false},
      {rpc_code::cancelled, false, true, true},
      {rpc_code::unknown, true, true, true},
      {rpc_code::invalid_argument, false, false, false},
      {rpc_code::deadline_exceeded, false, true, true},
      {rpc_code::not_found, false, false, false},
      {rpc_code::already_exists, false, false, false},
      {rpc_code::permission_denied, false, false, false},
      {rpc_code::resource_exhausted, true, true, true},
      {rpc_code::failed_precondition, false, false, false},
      {rpc_code::aborted, true, true, true},
      {rpc_code::out_of_range, true, true, true},
      {rpc_code::unimplemented, false, false, false},
      {rpc_code::internal, true, true, true},
      {rpc_code::unavailable, true, true, true},
      {rpc_code::data_loss, true, true, true},
      {rpc_code::unauthenticated, false, false, false},
  };
  for (const auto& r : rows) {
    SCOPED_TRACE(to_string(r.code));
    const auto status = server(r.code);
    EXPECT_EQ(is_retryable(rpc_class::unary, status, true), r.unary);
    EXPECT_EQ(is_retryable(rpc_class::long_poll, status, true), r.long_poll);
    EXPECT_EQ(is_retryable(rpc_class::task_poll, status, false), r.task_poll);
    EXPECT_EQ(is_retryable(rpc_class::task_poll, status, true), r.code != rpc_code::ok);
    EXPECT_FALSE(is_retryable(rpc_class::once, status, true));
  }
}

TEST(RetryCodes, CancelMadeByTheTransportIsRetriedEverywhere) {
  EXPECT_TRUE(is_retryable(rpc_class::unary, local(rpc_code::cancelled), false));
  EXPECT_FALSE(is_retryable(rpc_class::unary, local(rpc_code::deadline_exceeded), false));
}

TEST(RetryCodes, ConnectingRetriesAnswersOnly) {
  EXPECT_TRUE(is_retryable(rpc_class::connect, server(rpc_code::unavailable), false));
  EXPECT_FALSE(is_retryable(rpc_class::connect, local(rpc_code::unavailable), false));
  EXPECT_FALSE(is_retryable(rpc_class::connect, server(rpc_code::unimplemented), true));
  EXPECT_FALSE(is_retryable(rpc_class::connect, server(rpc_code::deadline_exceeded), true));
}

TEST(RetryCodes, MessageTooLargeIsFinal) {
  for (const auto* text :
       {"grpc: received message larger than max (9 vs. 4)", "Received message larger than max (9 vs. 4)",
        "grpc: received message after decompression larger than max (9 vs. 4)"}) {
    EXPECT_FALSE(is_retryable(rpc_class::task_poll, server(rpc_code::resource_exhausted, text), true));
    EXPECT_FALSE(is_retryable(rpc_class::unary, local(rpc_code::resource_exhausted, text), true));
  }
  const auto throttled = server(rpc_code::resource_exhausted, "namespace rate limit exceeded");
  EXPECT_TRUE(is_retryable(rpc_class::unary, throttled, true));
}

/// Delays of a call whose attempts all fail at once, until it gives up.
std::vector<duration> delays(rpc_class kind, const rpc_status& status, std::size_t limit, double random = middle) {
  const retry_numbers numbers;
  time_point now{};
  backoff state(kind, now);
  std::vector<duration> result;
  while (result.size() < limit) {
    const auto delay = next_delay(state, status, now, random, numbers);
    if (!delay) break;
    result.push_back(*delay);
    now += *delay;
  }
  return result;
}

std::vector<long> milliseconds(const std::vector<duration>& times) {
  std::vector<long> result;
  for (const auto time : times) result.push_back(std::chrono::round<std::chrono::milliseconds>(time).count());
  return result;
}

TEST(RetryDelays, UnaryGrowsAndStopsAtTenSeconds) {
  EXPECT_EQ(milliseconds(delays(rpc_class::unary, server(rpc_code::unavailable), 99)),
            (std::vector<long>{100, 170, 289, 491, 835, 1420, 2414, 4103}));
}

TEST(RetryDelays, UnaryStopsAtTenAttempts) {
  const retry_numbers numbers;
  backoff state(rpc_class::unary, time_point{});
  for (int i = 1; i < 10; ++i) {
    EXPECT_TRUE(next_delay(state, server(rpc_code::unavailable), time_point{}, middle, numbers)) << i;
  }
  EXPECT_FALSE(next_delay(state, server(rpc_code::unavailable), time_point{}, middle, numbers));
}

TEST(RetryDelays, TaskPollGoesOnForEver) {
  const auto found = milliseconds(delays(rpc_class::task_poll, server(rpc_code::unavailable), 200));
  ASSERT_EQ(found.size(), 200U);
  EXPECT_EQ((std::vector<long>(found.begin(), found.begin() + 8)),
            (std::vector<long>{200, 400, 800, 1600, 3200, 6400, 10000, 10000}));
  EXPECT_EQ(found.back(), 10000);
}

TEST(RetryDelays, ThrottlingIsSlower) {
  const auto found = milliseconds(delays(rpc_class::task_poll, server(rpc_code::resource_exhausted), 6));
  EXPECT_EQ(found, (std::vector<long>{1000, 2000, 4000, 8000, 10000, 10000}));
  EXPECT_EQ(milliseconds(delays(rpc_class::unary, server(rpc_code::resource_exhausted), 2)),
            (std::vector<long>{1000, 2000}));
}

TEST(RetryDelays, AreSpreadByTwentyPercent) {
  EXPECT_EQ(milliseconds(delays(rpc_class::task_poll, server(rpc_code::unavailable), 2, 0)),
            (std::vector<long>{160, 320}));
  EXPECT_EQ(milliseconds(delays(rpc_class::task_poll, server(rpc_code::unavailable), 2, 0.999999999)),
            (std::vector<long>{240, 480}));
}

TEST(RetryDelays, AHeldPollIsMeasuredFromItsFirstFailure) {
  const retry_numbers numbers;
  backoff poll(rpc_class::long_poll, time_point{});
  EXPECT_TRUE(next_delay(poll, server(rpc_code::unavailable), time_point{} + 60s, middle, numbers));
  EXPECT_FALSE(next_delay(poll, server(rpc_code::unavailable), time_point{} + 71s, middle, numbers));
  backoff unary(rpc_class::unary, time_point{});
  EXPECT_FALSE(next_delay(unary, server(rpc_code::unavailable), time_point{} + 60s, middle, numbers));
}

TEST(RetryDelays, FatalCodesOfTaskPollsAreBorneForAMinute) {
  const retry_numbers numbers;
  const auto denied = server(rpc_code::permission_denied);
  backoff state(rpc_class::task_poll, time_point{});
  EXPECT_TRUE(next_delay(state, denied, time_point{} + 59s, middle, numbers));
  EXPECT_FALSE(next_delay(state, denied, time_point{} + 60s, middle, numbers));
  state.succeeded(time_point{} + 100s);
  EXPECT_TRUE(next_delay(state, denied, time_point{} + 159s, middle, numbers));
  EXPECT_FALSE(next_delay(state, denied, time_point{} + 160s, middle, numbers));
  EXPECT_TRUE(next_delay(state, server(rpc_code::unavailable), time_point{} + 1000s, middle, numbers));
}

TEST(RetryDelays, StartAgainAfterSuccess) {
  const retry_numbers numbers;
  backoff state(rpc_class::task_poll, time_point{});
  for (int i = 0; i < 5; ++i) next_delay(state, server(rpc_code::resource_exhausted), time_point{}, middle, numbers);
  state.succeeded(time_point{} + 1s);
  EXPECT_EQ(next_delay(state, server(rpc_code::resource_exhausted), time_point{} + 1s, middle, numbers), duration(1s));
}

TEST(RetryDelays, DefaultRandomStaysInRange) {
  retry_policy policy;
  for (int i = 0; i < 1000; ++i) {
    const double value = policy.random();
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 1);
  }
}

retry_numbers quick() {
  retry_numbers numbers;
  numbers.unary.initial = 10us;
  numbers.task_poll.initial = 10us;
  numbers.task_poll.maximum = 100us;
  numbers.throttled.initial = 10us;
  return numbers;
}

retry_numbers slow() {
  retry_numbers numbers;
  numbers.unary.initial = 1h;
  numbers.unary.maximum = 1h;
  numbers.unary.max_elapsed = 0s;
  return numbers;
}

struct CallWithRetry : ::testing::Test {
  rpc_result call(const std::string& path, retry_options options = retry_options()) {
    const auto request = std::make_shared<const std::string>("same bytes");
    return loop.block_on(call_with_retry(transport, path, request, std::move(options), policy));
  }

  struct started {
    std::optional<rpc_result> result;
    std::exception_ptr error;
    asio::cancellation_signal signal;
    bool done = false;
  };

  std::shared_ptr<started> start(const std::string& path, retry_options options) {
    auto state = std::make_shared<started>();
    asio::co_spawn(
        loop.executor(),
        call_with_retry(transport, path, std::make_shared<const std::string>("x"), std::move(options), policy),
        asio::bind_cancellation_slot(state->signal.slot(), [state](std::exception_ptr error, rpc_result result) {
          state->error = error;
          state->result = std::move(result);
          state->done = true;
        }));
    return state;
  }

  event_loop loop;
  memory_transport transport{loop};
  retry_policy policy{quick(), [] { return 0.5; }};
};

TEST_F(CallWithRetry, ALostResponseIsRetriedWithTheSameBytes) {
  std::vector<std::string> seen;
  transport.on_unary("/start", [&](const std::string& request) {
    seen.push_back(request);
    return std::string("run-id");
  });
  transport.lose_responses("/start", 2);
  const auto result = call("/start");
  EXPECT_EQ(result.response.view(), "run-id");
  EXPECT_EQ(seen, (std::vector<std::string>{"same bytes", "same bytes", "same bytes"}));
}

TEST_F(CallWithRetry, FinalStatusIsReturnedAtOnce) {
  transport.on_unary("/m", [](const std::string&) { return server(rpc_code::not_found, "gone"); });
  EXPECT_EQ(call("/m").status.message, "gone");
  EXPECT_EQ(transport.calls("/m"), 1U);
}

TEST_F(CallWithRetry, GivesTheLastStatusWhenItGivesUp) {
  transport.on_unary("/m", [](const std::string&) { return server(rpc_code::unavailable, "down"); });
  EXPECT_EQ(call("/m").status.message, "down");
  EXPECT_EQ(transport.calls("/m"), 10U);
}

TEST_F(CallWithRetry, OnceMeansOnce) {
  transport.on_unary("/m", [](const std::string&) { return server(rpc_code::unavailable); });
  EXPECT_EQ(call("/m", retry_options(rpc_class::once)).status.code, rpc_code::unavailable);
  EXPECT_EQ(transport.calls("/m"), 1U);
}

TEST_F(CallWithRetry, TransportCancelOfUnaryIsRetried) {
  transport.on_unary("/m", [](const std::string& request) { return request; });
  transport.fail("/m", local(rpc_code::cancelled), 3);
  EXPECT_TRUE(call("/m").status.ok());
  EXPECT_EQ(transport.calls("/m"), 4U);
}

TEST_F(CallWithRetry, EveryAttemptHasItsDeadlineWithinTheWhole) {
  std::vector<time_point> deadlines;
  const auto begin = steady_clock::now();
  transport.on("/m", [&](memory_transport::call which) {
    deadlines.push_back(which.deadline());
    if (deadlines.size() == 1) {
      which.fail(server(rpc_code::unavailable));
    } else {
      which.reply("");
    }
  });
  EXPECT_TRUE(call("/m").status.ok());
  ASSERT_EQ(deadlines.size(), 2U);
  EXPECT_GE(deadlines[0], begin + 30s);
  EXPECT_GT(deadlines[1], deadlines[0]);

  deadlines.clear();
  retry_options poll(rpc_class::task_poll);
  EXPECT_TRUE(call("/m", poll).status.ok());
  EXPECT_GE(deadlines.at(0), begin + 70s);

  deadlines.clear();
  poll.options.deadline = begin + 40s;
  EXPECT_TRUE(call("/m", poll).status.ok());
  EXPECT_EQ(deadlines.at(0), begin + 40s);
}

TEST_F(CallWithRetry, AnAttemptThatTimesOutIsRetriedOnlyForPolls) {
  int served = 0;
  transport.on("/poll", [&](memory_transport::call which) {
    if (++served == 2) which.reply("task");
  });
  retry_options poll(rpc_class::task_poll);
  poll.attempt_timeout = 1ms;
  EXPECT_EQ(call("/poll", poll).response.view(), "task");
  served = 0;
  retry_options unary_options;
  unary_options.attempt_timeout = 1ms;
  EXPECT_EQ(call("/poll", unary_options).status.code, rpc_code::deadline_exceeded);
  EXPECT_EQ(served, 1);
}

TEST_F(CallWithRetry, DoesNotSleepPastTheDeadline) {
  policy.numbers = slow();
  transport.on_unary("/m", [](const std::string&) { return server(rpc_code::unavailable, "down"); });
  retry_options options;
  options.options.deadline = steady_clock::now() + 30min;
  EXPECT_EQ(call("/m", options).status.message, "down");
  EXPECT_EQ(transport.calls("/m"), 1U);
}

TEST_F(CallWithRetry, SharedStateIsResetBySuccess) {
  transport.on_unary("/m", [](const std::string& request) { return request; });
  backoff state(rpc_class::task_poll, steady_clock::now());
  retry_options options(rpc_class::task_poll);
  options.state = &state;
  transport.fail("/m", server(rpc_code::internal), 3);
  const auto before = state.last_good;
  EXPECT_TRUE(call("/m", options).status.ok());
  EXPECT_EQ(state.attempts, 0);
  EXPECT_GT(state.last_good, before);
  transport.fail("/m", server(rpc_code::not_found), 1);
  state.last_good = steady_clock::now() - 61s;
  EXPECT_EQ(call("/m", options).status.code, rpc_code::not_found);
}

TEST_F(CallWithRetry, TokenCancelsAnAttempt) {
  transport.on("/hang", [](const memory_transport::call&) {});
  call_token token;
  retry_options options(rpc_class::task_poll);
  options.options.token = &token;
  const auto state = start("/hang", options);
  loop.run_until([&] { return transport.calls("/hang") == 1; });
  token.cancel();
  loop.run_until([&] { return state->done; });
  EXPECT_EQ(state->result->status.code, rpc_code::cancelled);
  EXPECT_EQ(transport.calls("/hang"), 1U);
}

TEST_F(CallWithRetry, TokenCancelsTheWaitForARetry) {
  policy.numbers = slow();
  transport.on_unary("/m", [](const std::string&) { return server(rpc_code::unavailable); });
  call_token token;
  retry_options options;
  options.options.token = &token;
  const auto state = start("/m", options);
  loop.run_until([&] { return transport.calls("/m") == 1 && transport.pending("/m") == 0; });
  EXPECT_FALSE(state->done);
  token.cancel();
  loop.run_until([&] { return state->done; });
  EXPECT_EQ(state->result->status.code, rpc_code::cancelled);
  EXPECT_TRUE(state->result->status.from_transport);
}

TEST_F(CallWithRetry, StopRetriesEndsTheWaitWithTheLastStatus) {
  policy.numbers = slow();
  transport.on_unary("/m", [](const std::string&) { return server(rpc_code::unavailable, "down"); });
  call_token token;
  retry_options options;
  options.options.token = &token;
  const auto state = start("/m", options);
  loop.run_until([&] { return transport.calls("/m") == 1 && transport.pending("/m") == 0; });
  token.stop_retries();
  loop.run_until([&] { return state->done; });
  EXPECT_EQ(state->result->status.message, "down");
}

TEST_F(CallWithRetry, StopRetriesLetsTheAttemptEnd) {
  std::optional<memory_transport::call> served;
  transport.on("/poll", [&](memory_transport::call which) { served = which; });
  call_token token;
  retry_options options(rpc_class::task_poll);
  options.options.token = &token;
  const auto state = start("/poll", options);
  loop.run_until([&] { return served.has_value(); });
  token.stop_retries();
  loop.poll();
  EXPECT_FALSE(state->done);
  served->fail(server(rpc_code::unavailable, "going down"));
  loop.run_until([&] { return state->done; });
  EXPECT_EQ(state->result->status.message, "going down");
  EXPECT_EQ(transport.calls("/poll"), 1U);
}

TEST_F(CallWithRetry, CancellationSlotEndsAttemptAndWait) {
  transport.on("/hang", [](const memory_transport::call&) {});
  auto state = start("/hang", retry_options(rpc_class::task_poll));
  loop.run_until([&] { return transport.calls("/hang") == 1; });
  loop.post([&] { state->signal.emit(asio::cancellation_type::terminal); });
  loop.run_until([&] { return state->done; });
  EXPECT_FALSE(state->error);
  EXPECT_EQ(state->result->status.code, rpc_code::cancelled);

  policy.numbers = slow();
  transport.on_unary("/m", [](const std::string&) { return server(rpc_code::unavailable); });
  state = start("/m", retry_options());
  loop.run_until([&] { return transport.calls("/m") == 1 && transport.pending("/m") == 0; });
  loop.post([&] { state->signal.emit(asio::cancellation_type::terminal); });
  loop.run_until([&] { return state->done; });
  EXPECT_FALSE(state->error);
  EXPECT_EQ(state->result->status.code, rpc_code::cancelled);
}

}  // namespace retry_test
