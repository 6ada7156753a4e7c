#include "rondo/detail/io/loop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rondo/detail/io/grpc_reactor.hpp"
#include "rondo/detail/io/sleep.hpp"

namespace loop_test {

using namespace rondo::detail::io;
using namespace std::chrono_literals;

/// Every test of the loop runs with the thread waiting in asio and in gRPC's completion queue.
class Loop : public ::testing::TestWithParam<bool> {
 protected:
  Loop() : loop_(std::make_unique<event_loop>()) {
    if (GetParam()) loop_->use_reactor<grpc_reactor>();
  }
  event_loop& loop() { return *loop_; }
  void destroy_loop() { loop_.reset(); }

 private:
  std::unique_ptr<event_loop> loop_;
};

std::string reactor_name(const ::testing::TestParamInfo<bool>& info) { return info.param ? "Grpc" : "Asio"; }

INSTANTIATE_TEST_SUITE_P(Reactors, Loop, ::testing::Bool(), reactor_name);

asio::awaitable<int> forty_two() { co_return 42; }

asio::awaitable<std::unique_ptr<int>> move_only() { co_return std::make_unique<int>(7); }

asio::awaitable<void> fail(std::string text) {
  if (!text.empty()) throw std::runtime_error(text);
  co_return;
}

asio::awaitable<std::thread::id> where_it_runs() { co_return std::this_thread::get_id(); }

struct counter final : timer_node {
  counter(std::vector<int>& to, int number) : log(to), id(number) {}
  void on_timer() override { log.push_back(id); }
  std::vector<int>& log;
  int id;
};

TEST_P(Loop, RunsWhatOtherThreadsPost) {
  constexpr int threads = 4;
  constexpr int posts = 2000;
  int sum = 0;
  std::vector<std::thread> posters;
  for (int t = 0; t < threads; ++t) {
    posters.emplace_back([&] {
      for (int i = 0; i < posts; ++i) loop().post([&sum] { ++sum; });
    });
  }
  loop().run_until([&] { return sum == threads * posts; });
  for (auto& poster : posters) poster.join();
  EXPECT_EQ(sum, threads * posts);
}

TEST_P(Loop, WakesForEveryPostIntoTheSleepingLoop) {
  int seen = 0;
  std::atomic<int> acknowledged{0};
  std::thread poster([&] {
    for (int i = 1; i <= 300; ++i) {
      loop().post([&, i] {
        seen = i;
        acknowledged = i;
        acknowledged.notify_one();
      });
      acknowledged.wait(i - 1);
    }
  });
  loop().run_until([&] { return seen == 300; });
  poster.join();
  EXPECT_EQ(seen, 300);
}

TEST_P(Loop, PostsOfOneThreadKeepTheirOrder) {
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) loop().post([&order, i] { order.push_back(i); });
  loop().post([&] {
    for (int i = 10; i < 20; ++i) loop().post([&order, i] { order.push_back(i); });
  });
  loop().run_until([&] { return order.size() == 20; });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_P(Loop, TimersFireInOrderOfTime) {
  std::vector<int> log;
  counter second(log, 2);
  counter first(log, 1);
  counter third(log, 3);
  counter never(log, 4);
  const auto now = steady_clock::now();
  loop().arm(third, now + 6ms);
  loop().arm(second, now + 4ms);
  loop().arm(never, now + 5ms);
  loop().arm(first, now + 2ms);
  loop().disarm(never);
  loop().run_until([&] { return log.size() == 3; });
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3}));
  EXPECT_GE(steady_clock::now(), now + 6ms);
}

TEST_P(Loop, PostedWorkThatPostsAgainDoesNotStarveTimers) {
  std::vector<int> log;
  counter timer(log, 1);
  loop().arm(timer, steady_clock::now() + 1ms);
  std::function<void()> again = [&] { loop().post(again); };
  loop().post(again);
  loop().run_until([&] { return !log.empty(); });
  EXPECT_EQ(log.size(), 1U);
}

TEST_P(Loop, WhatCameBeforeTheTimeOfATimerIsHandledBeforeIt) {
  asio::ip::tcp::acceptor acceptor(loop().context(), {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket outgoing(loop().context());
  outgoing.connect(acceptor.local_endpoint());
  asio::ip::tcp::socket incoming = acceptor.accept();
  std::vector<int> log;
  std::array<char, 3> data{};
  asio::async_read(incoming, asio::buffer(data), [&](asio::error_code, std::size_t) {
    log.push_back(1);
    loop().post([&] { log.push_back(2); });
  });
  counter timer(log, 3);
  loop().poll();
  // The thread does other things meanwhile, as one that is stopped.
  loop().post([&] {
    const auto time = steady_clock::now() + 1ms;
    loop().arm(timer, time);
    asio::write(outgoing, asio::buffer("abc", 3));
    std::this_thread::sleep_until(time + 1ms);
  });
  loop().run_until([&] { return log.size() == 3; });
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3}));
}

TEST_P(Loop, WhatNeverEndsDoesNotStarveTimers) {
  std::vector<int> log;
  counter timer(log, 1);
  loop().arm(timer, steady_clock::now() + 1ms);
  std::function<void()> again = [&] { asio::post(loop().context(), again); };
  asio::post(loop().context(), again);
  loop().run_until([&] { return !log.empty(); });
  EXPECT_EQ(log.size(), 1U);
}

TEST_P(Loop, RunOneDoesWhatItWaitedFor) {
  bool ran = false;
  loop().post([&] { ran = true; });
  loop().run_one();
  EXPECT_TRUE(ran);
  std::vector<int> log;
  counter timer(log, 1);
  loop().arm(timer, steady_clock::now() + 1ms);
  while (log.empty()) loop().run_one();
}

TEST_P(Loop, PollDoesNotWait) {
  loop().poll();
  bool ran = false;
  loop().post([&] { ran = true; });
  loop().poll();
  EXPECT_TRUE(ran);
}

TEST_P(Loop, StopEndsRunFromAnyThreadAndFromTheLoop) {
  std::thread stopper([&] { loop().stop(); });
  loop().run();
  stopper.join();
  loop().post([&] { loop().stop(); });
  loop().run();
  loop().stop();
  loop().run();
}

TEST_P(Loop, AnExceptionOfPostedWorkLeavesRunAndTheRestOfTheWorkStays) {
  bool ran = false;
  loop().post([] { throw std::runtime_error("posted"); });
  loop().post([&] { ran = true; });
  EXPECT_THROW(loop().run_one(), std::runtime_error);
  EXPECT_FALSE(ran);
  loop().run_until([&] { return ran; });
}

asio::awaitable<void> use_asio_timer() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(2ms);
  co_await timer.async_wait(asio::use_awaitable);
}

TEST_P(Loop, AsioTimerWorksInACoroutine) {
  const auto start = steady_clock::now();
  loop().block_on(use_asio_timer());
  EXPECT_GE(steady_clock::now(), start + 2ms);
}

asio::awaitable<void> serve_echo(asio::ip::tcp::acceptor& acceptor) {
  auto socket = co_await acceptor.async_accept(asio::use_awaitable);
  std::array<char, 5> data{};
  co_await asio::async_read(socket, asio::buffer(data), asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer(data), asio::use_awaitable);
}

asio::awaitable<std::string> ask_echo(asio::ip::tcp::endpoint endpoint) {
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(endpoint, asio::use_awaitable);
  std::string data = "hello";
  co_await asio::async_write(socket, asio::buffer(data), asio::use_awaitable);
  data.assign(5, ' ');
  co_await asio::async_read(socket, asio::buffer(data), asio::use_awaitable);
  co_return data;
}

TEST_P(Loop, AsioSocketsWorkInCoroutines) {
  asio::ip::tcp::acceptor acceptor(loop().context(), {asio::ip::address_v4::loopback(), 0});
  asio::co_spawn(loop().executor(), serve_echo(acceptor), asio::detached);
  EXPECT_EQ(loop().block_on(ask_echo(acceptor.local_endpoint())), "hello");
}

TEST_P(Loop, SuspendedCoroutinesAreNotAsioWork) {
  asio::co_spawn(loop().executor(), sleep_for(loop(), 1h), asio::detached);
  loop().poll();
  loop().poll();
  EXPECT_TRUE(loop().context().stopped());
}

TEST_P(Loop, ExecutorRunsInlineOnlyOnItsOwnThread) {
  std::vector<int> log;
  asio::dispatch(loop().executor(), [&] { log.push_back(1); });
  EXPECT_TRUE(log.empty());
  loop().post([&] {
    asio::dispatch(loop().executor(), [&] { log.push_back(2); });
    log.push_back(3);
    asio::post(loop().executor(), [&] { log.push_back(5); });
    log.push_back(4);
  });
  loop().run_until([&] { return log.size() == 5; });
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3, 4, 5}));
}

TEST_P(Loop, BlockOnDrivesTheLoopWhenNobodyDoes) {
  EXPECT_FALSE(loop().driven_by_other_thread());
  EXPECT_EQ(loop().block_on(forty_two()), 42);
  EXPECT_EQ(*loop().block_on(move_only()), 7);
  EXPECT_EQ(loop().block_on(where_it_runs()), std::this_thread::get_id());
}

TEST_P(Loop, BlockOnThrowsWhatTheCoroutineThrew) {
  loop().block_on(fail(""));
  try {
    loop().block_on(fail("broken"));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "broken");
  }
}

TEST_P(Loop, BlockOnWaitsWhenAnotherThreadDrives) {
  std::promise<void> running;
  loop().post([&] { running.set_value(); });
  std::thread driver([&] { loop().run(); });
  const auto driver_id = driver.get_id();
  running.get_future().wait();
  EXPECT_TRUE(loop().driven_by_other_thread());
  EXPECT_EQ(loop().block_on(where_it_runs()), driver_id);
  EXPECT_THROW(loop().block_on(fail("broken")), std::runtime_error);
  loop().stop();
  driver.join();
}

TEST_P(Loop, BlockOnOfManyThreadsHandsTheLoopOn) {
  std::vector<std::thread> threads;
  std::atomic<int> finished{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        loop().block_on(sleep_for(loop(), std::chrono::microseconds(100 * (t % 3))));
        ++finished;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(finished, 400);
}

TEST_P(Loop, BlockOnTakesOverWhenTheDriverLeaves) {
  std::promise<void> running;
  loop().post([&] { running.set_value(); });
  std::thread driver([&] { loop().run(); });
  running.get_future().wait();
  std::thread stopper([&] { loop().stop(); });
  loop().block_on(sleep_for(loop(), 5ms));
  stopper.join();
  driver.join();
}

TEST_P(Loop, BlockOnOnTheLoopsThreadIsRefused) {
  std::string text;
  loop().post([&] {
    EXPECT_TRUE(loop().running_in_this_thread());
    try {
      loop().block_on(forty_two());
    } catch (const std::logic_error& e) {
      text = e.what();
    }
    EXPECT_THROW(loop().run(), std::logic_error);
    EXPECT_THROW(loop().run_one(), std::logic_error);
  });
  loop().run_one();
  EXPECT_NE(text.find("use co_await"), std::string::npos) << text;
  EXPECT_FALSE(loop().running_in_this_thread());
}

TEST_P(Loop, AReactorIsNotInstalledBehindTheBackOfTheDriver) {
  std::promise<void> running;
  loop().post([&] { running.set_value(); });
  std::thread driver([&] { loop().run(); });
  running.get_future().wait();
  EXPECT_THROW(loop().use_reactor<grpc_reactor>(), std::logic_error);
  loop().stop();
  driver.join();
  EXPECT_EQ(&loop().use_reactor<grpc_reactor>(), &loop().use_reactor<grpc_reactor>());
}

TEST_P(Loop, SleepIsCancelledByItsSlot) {
  asio::cancellation_signal signal;
  asio::error_code result;
  bool done = false;
  async_sleep_until(loop(), steady_clock::now() + 1h,
                    asio::bind_cancellation_slot(signal.slot(), [&](asio::error_code error) {
                      result = error;
                      done = true;
                    }));
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_FALSE(done);
  loop().run_until([&] { return done; });
  EXPECT_EQ(result, asio::error::operation_aborted);
  signal.emit(asio::cancellation_type::terminal);
}

TEST_P(Loop, SleepingCoroutineIsCancelled) {
  asio::cancellation_signal signal;
  std::exception_ptr error;
  bool done = false;
  asio::co_spawn(loop().executor(), sleep_for(loop(), 1h),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) {
                   error = e;
                   done = true;
                 }));
  loop().poll();
  loop().post([&] { signal.emit(asio::cancellation_type::terminal); });
  loop().run_until([&] { return done; });
  ASSERT_TRUE(error);
  EXPECT_THROW(std::rethrow_exception(error), asio::system_error);
}

TEST_P(Loop, SleepOfNoTimeAndOfForEver) {
  loop().block_on(sleep_for(loop(), 0s));
  loop().block_on(sleep_until(loop(), time_point::min()));
  asio::co_spawn(loop().executor(), sleep_for(loop(), duration::max()), asio::detached);
  loop().poll();
}

TEST(AsioLoop, WaitsForSocketsWithoutLookingAtThemAgainAndAgain) {
  event_loop loop;
  asio::ip::tcp::acceptor acceptor(loop.context(), {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket incoming(loop.context());
  asio::ip::tcp::socket outgoing(loop.context());
  bool accepted = false;
  acceptor.async_accept(incoming, [&](asio::error_code) { accepted = true; });
  std::vector<int> log;
  counter timer(log, 1);
  loop.arm(timer, steady_clock::now() + 50ms);
  int turns = 0;
  loop.run_until([&] {
    ++turns;
    return !log.empty();
  });
  EXPECT_FALSE(accepted);
  EXPECT_LE(turns, 10);
  outgoing.connect(acceptor.local_endpoint());
  turns = 0;
  loop.run_until([&] {
    ++turns;
    return accepted;
  });
  EXPECT_LE(turns, 10);
}

struct tracked {
  explicit tracked(int& of) : count(of) { ++count; }
  tracked(const tracked&) = delete;
  ~tracked() { --count; }
  int& count;
};

asio::awaitable<void> sleep_holding(event_loop& loop, int& alive, bool& resumed) {
  const tracked guard(alive);
  co_await sleep_for(loop, 1h);
  resumed = true;
}

asio::awaitable<void> wait_for_asio_holding(int& alive) {
  const tracked guard(alive);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(1h);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> post_holding(event_loop& loop, int& alive) {
  const tracked guard(alive);
  for (;;) co_await asio::post(loop.executor(), asio::use_awaitable);
}

TEST_P(Loop, DestructionDestroysSuspendedCoroutinesWithoutResumingThem) {
  int alive = 0;
  bool resumed = false;
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(loop().executor(), sleep_holding(loop(), alive, resumed), asio::detached);
    asio::co_spawn(loop().executor(), wait_for_asio_holding(alive), asio::detached);
    asio::co_spawn(loop().executor(), post_holding(loop(), alive), asio::detached);
  }
  loop().poll();
  loop().poll();
  EXPECT_EQ(alive, 9);
  destroy_loop();
  EXPECT_EQ(alive, 0);
  EXPECT_FALSE(resumed);
}

TEST_P(Loop, DestructionDropsWorkThatNeverRan) {
  auto token = std::make_shared<int>(1);
  loop().post([token] { FAIL(); });
  EXPECT_EQ(token.use_count(), 2);
  destroy_loop();
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace loop_test
