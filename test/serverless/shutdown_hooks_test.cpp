#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "serverless/runner_fixture.hpp"

// What runs at the end of each invocation.
namespace rondo::test::shutdown_hooks_test {

namespace shutdown_hooks_test {

using namespace std::chrono_literals;
using serverless::end_reason;
using clock = std::chrono::steady_clock;

int quick_one() { return 1; }

class shutdown_hooks : public runner_test {
 protected:
  static registry app() { return registry().activity<quick_one>(); }
};

TEST_F(shutdown_hooks, run_in_order_after_the_worker) {
  auto how = quick(app());
  std::vector<std::string> order;
  std::vector<std::size_t> activities;
  how.on_shutdown([&] { order.emplace_back("first"); });
  how.on_shutdown([&](const serverless::shutdown_info& info) {
    order.emplace_back("second");
    activities.push_back(info.so_far.activities);
    EXPECT_GT(info.remaining(), 0s);
    EXPECT_FALSE(info.stop.stop_requested());
    throw std::runtime_error("cannot flush");
  });
  how.on_shutdown([&]() -> asio::awaitable<void> {
    order.emplace_back("third");
    co_return;
  });
  use(std::move(how));
  server.give(queue::activity, activity_task("quick_one"));
  const auto& done = invoke();
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second", "third"}));
  EXPECT_EQ(done.reason, end_reason::idle);
  ASSERT_EQ(done.hook_errors.size(), 1U);
  EXPECT_EQ(done.hook_errors[0], "shutdown hook 2: cannot flush");
  expect_last_goodbye();
  invoke();
  EXPECT_EQ(order.size(), 6U);
  EXPECT_EQ(activities, (std::vector<std::size_t>{1, 0}));
}

TEST_F(shutdown_hooks, run_when_an_invocation_cannot_work) {
  auto how = quick(app());
  int calls = 0;
  how.on_shutdown([&](const serverless::shutdown_info& info) {
    ++calls;
    EXPECT_EQ(info.so_far.reason, end_reason::error);
  });
  how.per_invocation = [](const serverless::invocation& what, serverless::options& changed) {
    if (what.payload == "bad") throw std::runtime_error("no such tenant");
    changed.task_queue = what.payload;
  };
  use(std::move(how));
  serverless::invocation what;
  what.payload = "bad";
  EXPECT_EQ(invoke(what).error, "no such tenant");
  EXPECT_EQ(calls, 1);
  what.payload = "";
  EXPECT_EQ(invoke(what).error_type, "Runtime.InvalidConfig");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(invoke(until_deadline(1s)).reason, end_reason::error);
  EXPECT_EQ(calls, 3);
}

TEST_F(shutdown_hooks, are_not_waited_for_beyond_their_time) {
  auto how = near_deadline(quick(app()));
  how.on_shutdown([kept = bench] {
    kept->release.get_future().wait();
    kept->left.set_value();
  });
  how.on_shutdown([] {});
  use(std::move(how));
  const auto what = until_deadline(3500ms);
  begin(what);
  const auto& done = finish();
  EXPECT_LT(clock::now(), *what.deadline);
  ASSERT_EQ(done.hook_errors.size(), 2U);
  EXPECT_EQ(done.hook_errors[0], "shutdown hook 1: it did not end in time");
  EXPECT_EQ(done.hook_errors[1], "shutdown hook 2: no time was left for it");
  bench->release.set_value();
  bench->left.get_future().wait();
}

TEST_F(shutdown_hooks, are_told_to_stop_when_their_time_is_over) {
  auto how = near_deadline(quick(app()));
  std::promise<void> told;
  how.on_shutdown([&told](const serverless::shutdown_info& info) {
    while (!info.stop.stop_requested()) std::this_thread::yield();
    told.set_value();
  });
  use(std::move(how));
  begin(until_deadline(3500ms));
  EXPECT_EQ(finish().hook_errors.size(), 1U);
  told.get_future().wait();
}

TEST_F(shutdown_hooks, that_one_invocation_adds_are_its_own) {
  auto how = quick(app());
  int of_all = 0;
  int of_one = 0;
  how.on_shutdown([&of_all] { ++of_all; });
  how.per_invocation = [&of_one](const serverless::invocation& /*what*/, serverless::options& changed) {
    changed.on_shutdown([&of_one] { ++of_one; });
  };
  use(std::move(how));
  for (int time = 1; time <= 3; ++time) {
    invoke();
    EXPECT_EQ(of_all, time);
    EXPECT_EQ(of_one, time) << "each invocation begins with the hooks of the program";
  }
}

}  // namespace shutdown_hooks_test

}  // namespace rondo::test::shutdown_hooks_test
