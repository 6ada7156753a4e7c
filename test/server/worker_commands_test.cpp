#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/failure.hpp"
#include "rondo/workflow.hpp"

// What the server asks of workers.
namespace rondo::test {
namespace worker_commands_test {

using namespace std::chrono_literals;

/// Activities that send no heartbeats, and have all day.
class silent_bench {
 public:
  void on_thread() {
    ++running;
    while (!activity::stop_token().stop_requested()) std::this_thread::yield();
    reason = activity::cancel_reason();
    activity::throw_if_cancelled();
  }
  asio::awaitable<void> on_loop() {
    ++running;
    asio::steady_timer timer(co_await asio::this_coro::executor, 24h);
    co_await timer.async_wait(asio::use_awaitable);
  }

  std::atomic<int> running = 0;
  std::atomic<cancel_reason> reason = cancel_reason::none;
};

/// Cancelled by its client while an activity runs.
task<std::string> waits_for_silent(bool on_loop) {
  constexpr activity_options all_day{.start_to_close_timeout = 24h,
                                     .retry = retry_policy{.maximum_attempts = 1},
                                     .cancellation = cancellation_type::wait_cancellation_completed};
  auto scoped = on_loop ? workflow::execute_activity<&silent_bench::on_loop>(all_day).start()
                        : workflow::execute_activity<&silent_bench::on_thread>(all_day).start();
  auto ended = co_await workflow::as_result(std::move(scoped));
  try {
    ended.rethrow();
  } catch (const activity_failure& failed) {
    co_return failed.cause_as<cancelled_failure>() == nullptr ? failed.what() : "cancelled";
  }
  co_return "went on";
}

class worker_commands : public newer_server_test {
 protected:
  silent_bench bench;
};

TEST_F(worker_commands, cancel_activities_that_send_no_heartbeats) {
  registry app;
  app.workflow<waits_for_silent>().activity<&silent_bench::on_thread>(bench).activity<&silent_bench::on_loop>(bench);
  auto queued = options();
  queued.eager_activities = false;
  for (const auto& how : {options(), queued}) {
    const running_worker worker(app, how);
    for (const bool on_loop : {false, true}) {
      const int before = bench.running;
      const auto handle = client.start_workflow<waits_for_silent>(start(), on_loop).get();
      ASSERT_TRUE(eventually([&] { return bench.running > before; }));
      handle.cancel().get();
      EXPECT_EQ(handle.result().get(), "cancelled");
    }
    EXPECT_EQ(bench.reason, cancel_reason::cancel_requested);
  }
}

}  // namespace worker_commands_test
}  // namespace rondo::test
