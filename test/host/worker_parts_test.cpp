#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/deadlock_watch.hpp"
#include "rondo/detail/worker/heartbeat_throttle.hpp"
#include "rondo/detail/worker/loop_gate.hpp"
#include "rondo/detail/worker/rate_limiter.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/sticky_cache.hpp"
#include "rondo/detail/worker/thread_pool.hpp"

namespace rondo::detail::worker {
namespace worker_parts_test {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

TEST(slots, are_given_in_the_order_of_the_line) {
  io::event_loop loop;
  slot_line slots(loop, 1);
  std::vector<int> order;
  slot first = slots.try_take();
  EXPECT_TRUE(first);
  EXPECT_FALSE(slots.try_take());
  const auto wait = [&](int id) -> asio::awaitable<void> {
    const slot mine = co_await slots.take();
    EXPECT_TRUE(mine);
    order.push_back(id);
  };
  asio::co_spawn(loop.executor(), wait(1), asio::detached);
  asio::co_spawn(loop.executor(), wait(2), asio::detached);
  loop.poll();
  EXPECT_TRUE(order.empty());
  first = slot();
  loop.run_until([&] { return order.size() == 2; });
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_EQ(slots.available(), 1U);
}

TEST(slots, closing_sends_the_line_away_empty_handed) {
  io::event_loop loop;
  slot_line slots(loop, 1);
  const slot held = slots.try_take();
  int empty = 0;
  const auto wait = [&]() -> asio::awaitable<void> {
    const slot mine = co_await slots.take();
    if (!mine) ++empty;
  };
  asio::co_spawn(loop.executor(), wait(), asio::detached);
  loop.poll();
  slots.close();
  asio::co_spawn(loop.executor(), wait(), asio::detached);
  loop.run_until([&] { return empty == 2; });
  EXPECT_EQ(slots.held(), 1U);
}

TEST(slots, one_is_counted_while_somebody_holds_it) {
  io::event_loop loop;
  slot_line slots(loop, 2);
  slot one = slots.try_take();
  slot other = std::move(one);
  EXPECT_EQ(slots.held(), 1U);
  EXPECT_FALSE(one);
  other = slots.try_take();
  EXPECT_TRUE(other);
  EXPECT_EQ(slots.held(), 1U);
  other = slot();
  EXPECT_EQ(slots.held(), 0U);
}

TEST(rate_limiter, lets_a_burst_pass_and_then_spaces_starts) {
  rate_limiter limit(2);
  const clock::time_point start = clock::time_point{} + 1h;
  EXPECT_EQ(limit.take(start), 0s);
  EXPECT_EQ(limit.take(start), 0s);
  EXPECT_EQ(limit.take(start), 500ms);
  EXPECT_EQ(limit.take(start), 1s);
  EXPECT_EQ(limit.take(start + 10s), 0s);
}

TEST(rate_limiter, allows_less_than_one_a_second) {
  rate_limiter limit(0.5);
  const clock::time_point start = clock::time_point{} + 1h;
  EXPECT_EQ(limit.take(start), 0s);
  EXPECT_EQ(limit.take(start), 2s);
}

TEST(rate_limiter, zero_is_no_limit) {
  rate_limiter limit(0);
  for (int index = 0; index < 1000; ++index) EXPECT_EQ(limit.take(clock::time_point{} + 1h), 0s);
}

TEST(heartbeat_interval, is_four_fifths_of_the_timeout_but_bounded) {
  EXPECT_EQ(heartbeat_interval(10s, 30s, 60s), 8s);
  EXPECT_EQ(heartbeat_interval(0s, 30s, 60s), 30s);
  EXPECT_EQ(heartbeat_interval(10min, 30s, 60s), 60s);
}

TEST(heartbeat_throttle, sends_the_first_at_once_and_then_the_newest_of_an_interval) {
  heartbeat_throttle throttle(8s);
  const clock::time_point start = clock::time_point{} + 1h;
  EXPECT_TRUE(throttle.beat(start));
  throttle.sent();
  EXPECT_FALSE(throttle.beat(start + 1s));
  EXPECT_FALSE(throttle.beat(start + 2s));
  EXPECT_TRUE(throttle.something_waits());
  EXPECT_EQ(throttle.next(), start + 8s);
  EXPECT_FALSE(throttle.due(start + 7s));
  EXPECT_TRUE(throttle.due(start + 8s));
  throttle.sent();
  EXPECT_FALSE(throttle.due(start + 20s));
  EXPECT_TRUE(throttle.beat(start + 20s));
}

TEST(heartbeat_throttle, never_sends_two_at_once) {
  heartbeat_throttle throttle(1s);
  const clock::time_point start = clock::time_point{} + 1h;
  EXPECT_TRUE(throttle.beat(start));
  EXPECT_FALSE(throttle.beat(start + 5s));
  EXPECT_FALSE(throttle.due(start + 6s));
  throttle.sent();
  EXPECT_TRUE(throttle.due(start + 6s));
}

TEST(sticky_cache, drops_the_least_recently_used) {
  sticky_cache<std::unique_ptr<int>> cache(2);
  cache.put("a", std::make_unique<int>(1));
  cache.put("b", std::make_unique<int>(2));
  cache.put("a", cache.take("a"));
  cache.put("c", std::make_unique<int>(3));
  EXPECT_EQ(cache.take("b"), nullptr);
  EXPECT_EQ(*cache.take("a"), 1);
  EXPECT_EQ(*cache.take("c"), 3);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(sticky_cache, of_size_zero_keeps_nothing) {
  sticky_cache<std::unique_ptr<int>> cache(0);
  cache.put("a", std::make_unique<int>(1));
  EXPECT_EQ(cache.take("a"), nullptr);
}

TEST(thread_pool, runs_everything_on_at_most_so_many_threads) {
  std::atomic<int> running{0}, most{0}, done{0};
  {
    thread_pool pool(2);
    for (int index = 0; index < 20; ++index) {
      pool.submit([&] {
        const int now = ++running;
        int seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        --running;
        ++done;
      });
    }
  }
  EXPECT_EQ(done, 20);
  EXPECT_LE(most, 2);
}

TEST(thread_pool, abandoned_does_not_wait_for_busy_threads) {
  auto release = std::make_shared<std::promise<void>>();
  auto ended = std::make_shared<std::promise<void>>();
  auto seen = ended->get_future();
  {
    thread_pool pool(1);
    pool.submit([release, ended] {
      release->get_future().wait();
      ended->set_value();
    });
    pool.abandon();
  }
  release->set_value();
  seen.wait();
}

TEST(loop_gate, drops_what_comes_after_it_was_closed) {
  io::event_loop loop;
  loop_gate gate(loop);
  int ran = 0;
  gate.post([&] { ++ran; });
  loop.poll();
  gate.close();
  gate.post([&] { ++ran; });
  gate.dispatch([&] { ++ran; });
  loop.poll();
  EXPECT_EQ(ran, 1);
}

TEST(change_signal, wakes_who_waits_and_asks_again) {
  io::event_loop loop;
  change_signal changes(loop);
  int value = 0;
  bool held = false, late = true;
  const auto wait = [&]() -> asio::awaitable<void> {
    held = co_await changes.wait_until([&] { return value == 2; }, io::time_point::max());
    late = co_await changes.wait_until([] { return false; }, io::steady_clock::now());
  };
  asio::co_spawn(loop.executor(), wait(), asio::detached);
  loop.poll();
  value = 1;
  changes.notify();
  loop.poll();
  EXPECT_FALSE(held);
  value = 2;
  changes.notify();
  loop.run_until([&] { return held && !late; });
}

TEST(deadlock_watch, tells_while_the_code_still_runs) {
  std::promise<std::string> told;
  auto text = told.get_future();
  deadlock_watch watch(20ms, [&](const std::string& what, duration) { told.set_value(what); });
  EXPECT_TRUE(watch.run("order o-1", [&] { EXPECT_EQ(text.get(), "order o-1"); }));
  EXPECT_FALSE(watch.run("order o-2", [] {}));
}

TEST(deadlock_watch, switched_off_says_nothing) {
  deadlock_watch watch(0s, [](const std::string&, duration) { FAIL(); });
  EXPECT_FALSE(watch.run("order", [] {}));
}

}  // namespace worker_parts_test
}  // namespace rondo::detail::worker
