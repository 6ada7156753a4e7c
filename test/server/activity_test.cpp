#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/failure.hpp"
#include "rondo/workflow.hpp"

namespace rondo::test {
namespace activity_test {

using namespace std::chrono_literals;

constexpr retry_policy quickly{.initial_interval = 10ms, .backoff_coefficient = 1, .maximum_attempts = 3};
constexpr activity_options soon{.start_to_close_timeout = 10s, .retry = quickly};

/// What the activities of these tests do, and what they saw.
class work_bench {
 public:
  int fails_twice() {
    if (activity::info().attempt < 3) throw std::runtime_error("attempt " + std::to_string(activity::info().attempt));
    return activity::info().attempt;
  }
  int always_fails() { throw std::logic_error("no way"); }
  int invalid() { throw application_failure("bad order", {.type = "ValidationError"}); }
  int final_failure() {
    application_failure failure("stop", {.type = "Final", .non_retryable = true});
    payload_collector details;
    encode_all(details, std::string("more"), 7);
    failure.set_details(details.take());
    throw failure;
  }
  int too_slow() {
    while (!activity::cancelled()) std::this_thread::yield();
    reason = activity::cancel_reason();
    throw cancelled_failure();
  }
  int beats_and_dies() {
    if (const auto last = activity::heartbeat_details<int>()) return *last;
    activity::heartbeat(41);
    activity::heartbeat(42);
    throw std::runtime_error("died after its heartbeat");
  }
  /// Beats until it is told to stop.
  void until_cancelled() {
    while (!activity::cancelled()) {
      activity::heartbeat(1);
      std::this_thread::yield();
    }
    reason = activity::cancel_reason();
    activity::throw_if_cancelled();
  }
  asio::awaitable<int> waits(int milliseconds) {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(milliseconds));
    co_await timer.async_wait(asio::use_awaitable);
    co_return activity::info().attempt + milliseconds;
  }
  asio::awaitable<void> waits_for_ever() {
    activity::heartbeat();
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    asio::steady_timer beat(co_await asio::this_coro::executor);
    for (;;) {
      beat.expires_after(50ms);
      co_await beat.async_wait(asio::use_awaitable);
      activity::heartbeat();
    }
  }
  std::string completes_elsewhere() {
    token.set_value(activity::info().task_token);
    activity::complete_async();
  }
  std::vector<std::byte> large(int size) { return std::vector<std::byte>(static_cast<std::size_t>(size)); }

  std::atomic<cancel_reason> reason = cancel_reason::none;
  std::promise<std::string> token;
};

task<int> call_fails_twice() { co_return co_await workflow::execute_activity<&work_bench::fails_twice>(soon); }
task<int> call_always_fails() { co_return co_await workflow::execute_activity<&work_bench::always_fails>(soon); }
task<int> call_invalid() {
  static constexpr std::string_view final_types[] = {"ValidationError"};
  constexpr activity_options options{
      .start_to_close_timeout = 10s,
      .retry = retry_policy{.initial_interval = 10ms, .non_retryable_error_types = final_types}};
  co_return co_await workflow::execute_activity<&work_bench::invalid>(options);
}
task<int> call_final_failure() { co_return co_await workflow::execute_activity<&work_bench::final_failure>(soon); }
task<int> call_too_slow() {
  constexpr activity_options options{.start_to_close_timeout = 1s, .retry = retry_policy{.maximum_attempts = 1}};
  co_return co_await workflow::execute_activity<&work_bench::too_slow>(options);
}
task<int> call_never_started() {
  constexpr activity_options options{
      .task_queue = "nobody-polls-here", .schedule_to_start_timeout = 500ms, .start_to_close_timeout = 1s};
  co_return co_await workflow::execute_activity<&work_bench::too_slow>(options);
}
task<int> call_beats_and_dies() {
  constexpr activity_options options{.start_to_close_timeout = 10s, .heartbeat_timeout = 5s, .retry = quickly};
  co_return co_await workflow::execute_activity<&work_bench::beats_and_dies>(options);
}
/// Cancels the activity after a moment and tells what it resolved with.
task<std::string> call_until_cancelled(bool on_loop) {
  constexpr activity_options options{.start_to_close_timeout = 30s,
                                     .heartbeat_timeout = 1s,
                                     .retry = retry_policy{.maximum_attempts = 1},
                                     .cancellation = cancellation_type::wait_cancellation_completed};
  workflow::cancellation_scope scope;
  auto work = on_loop ? scope.run(workflow::execute_activity<&work_bench::waits_for_ever>(options))
                      : scope.run(workflow::execute_activity<&work_bench::until_cancelled>(options));
  const auto stop = [&scope]() -> task<> {
    co_await workflow::sleep(500ms);
    scope.cancel();
  };
  auto [outcome, stopped] = co_await workflow::when_all(workflow::as_result(std::move(work)), stop());
  co_return outcome.failed_with<activity_failure>() == nullptr                        ? "completed"
  : outcome.failed_with<activity_failure>()->cause_as<cancelled_failure>() == nullptr ? "failed"
                                                                                      : "cancelled";
}
/// Tells how the activity ended, which nobody but its worker cancels.
task<std::string> call_until_stopped() {
  constexpr activity_options options{
      .start_to_close_timeout = 30s, .heartbeat_timeout = 1s, .retry = retry_policy{.maximum_attempts = 1}};
  auto outcome = co_await workflow::as_result(workflow::execute_activity<&work_bench::until_cancelled>(options));
  co_return outcome.failed_with<activity_failure>() == nullptr ? "completed" : "failed";
}
task<int> call_waits() {
  auto [one, two] = co_await workflow::when_all(workflow::execute_activity<&work_bench::waits>(soon, 20),
                                                workflow::execute_activity<&work_bench::waits>(soon, 10));
  co_return one + two;
}
task<std::string> call_completes_elsewhere() {
  co_return co_await workflow::execute_activity<&work_bench::completes_elsewhere>(soon);
}
task<std::size_t> call_large(int size) {
  auto bytes = co_await workflow::execute_activity<&work_bench::large>(soon, size);
  co_return bytes.size();
}

class activities : public server_test {
 protected:
  work_bench bench;
  registry app() {
    return registry{}
        .workflow<call_fails_twice>()
        .workflow<call_always_fails>()
        .workflow<call_invalid>()
        .workflow<call_final_failure>()
        .workflow<call_too_slow>()
        .workflow<call_never_started>()
        .workflow<call_beats_and_dies>()
        .workflow<call_until_cancelled>()
        .workflow<call_until_stopped>()
        .workflow<call_waits>()
        .workflow<call_completes_elsewhere>()
        .workflow<call_large>()
        .activity<&work_bench::fails_twice>(bench)
        .activity<&work_bench::always_fails>(bench)
        .activity<&work_bench::invalid>(bench)
        .activity<&work_bench::final_failure>(bench)
        .activity<&work_bench::too_slow>(bench)
        .activity<&work_bench::beats_and_dies>(bench)
        .activity<&work_bench::until_cancelled>(bench)
        .activity<&work_bench::waits>(bench)
        .activity<&work_bench::waits_for_ever>(bench)
        .activity<&work_bench::completes_elsewhere>(bench)
        .activity<&work_bench::large>(bench);
  }
};

TEST_F(activities, are_repeated_as_their_policy_says) {
  const running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<call_fails_twice>(start()).get(), 3);
  const auto failed = failure_of(client.execute_workflow<call_always_fails>(start()));
  ASSERT_NE(failed.cause_as<activity_failure>(), nullptr);
  EXPECT_EQ(failed.cause_as<activity_failure>()->retry_state(), retry_state::maximum_attempts_reached);
  EXPECT_EQ(failed.cause_as<application_failure>()->type(), "std::logic_error");
  EXPECT_EQ(failed.cause_as<application_failure>()->message(), "no way");
}

TEST_F(activities, are_not_repeated_for_final_failures) {
  const running_worker worker(app(), options());
  const auto invalid = failure_of(client.execute_workflow<call_invalid>(start()));
  EXPECT_EQ(invalid.cause_as<activity_failure>()->retry_state(), retry_state::non_retryable_failure);
  const auto failed = failure_of(client.execute_workflow<call_final_failure>(start()));
  const auto* reason = failed.cause_as<application_failure>();
  ASSERT_NE(reason, nullptr);
  EXPECT_TRUE(reason->non_retryable());
  ASSERT_EQ(reason->details().size(), 2U);
  EXPECT_EQ(decode<std::string>(reason->details()[0]), "more");
  EXPECT_EQ(decode<int>(reason->details()[1]), 7);
}

TEST_F(activities, time_out_and_are_told_so) {
  const running_worker worker(app(), options());
  const auto slow = failure_of(client.execute_workflow<call_too_slow>(start()));
  ASSERT_NE(slow.cause_as<timeout_failure>(), nullptr);
  EXPECT_EQ(slow.cause_as<timeout_failure>()->type(), timeout_type::start_to_close);
  EXPECT_TRUE(eventually([this] { return bench.reason == cancel_reason::timed_out; }));
  const auto unstarted = failure_of(client.execute_workflow<call_never_started>(start()));
  EXPECT_EQ(unstarted.cause_as<timeout_failure>()->type(), timeout_type::schedule_to_start);
}

TEST_F(activities, hand_their_last_heartbeat_to_the_next_attempt) {
  const running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<call_beats_and_dies>(start()).get(), 42);
}

TEST_F(activities, learn_of_cancellation_from_their_heartbeats) {
  const running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<call_until_cancelled>(start(), false).get(), "cancelled");
  EXPECT_EQ(bench.reason, cancel_reason::cancel_requested);
  EXPECT_EQ(client.execute_workflow<call_until_cancelled>(start(), true).get(), "cancelled");
}

TEST_F(activities, may_be_coroutines_on_the_loop) {
  const running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<call_waits>(start()).get(), 32);
}

TEST_F(activities, can_be_completed_from_elsewhere) {
  const running_worker worker(app(), options());
  const auto handle = client.start_workflow<call_completes_elsewhere>(start()).get();
  client.activity_handle(bench.token.get_future().get()).complete(std::string("from elsewhere")).get();
  EXPECT_EQ(handle.result().get(), "from elsewhere");
}

TEST_F(activities, with_too_large_a_result_fail_in_clear_words) {
  const running_worker worker(app(), options());
  EXPECT_EQ(client.execute_workflow<call_large>(start(), 1000).get(), 1000U);
  const auto failed = failure_of(client.execute_workflow<call_large>(start(), 3'000'000));
  const auto* reason = failed.cause_as<application_failure>();
  ASSERT_NE(reason, nullptr);
  EXPECT_NE(reason->message().find("[TMPRL1103]"), std::string::npos) << reason->message();
}

TEST_F(activities, run_on_a_worker_of_their_own) {
  auto only_workflows = options();
  only_workflows.workflow_only = true;
  auto only_activities = options();
  only_activities.activity_only = true;
  only_activities.max_task_queue_activities_per_second = 100;
  only_activities.max_activities_per_second = 50;
  const running_worker flows(app(), only_workflows);
  const running_worker acts(app(), only_activities);
  EXPECT_EQ(client.execute_workflow<call_waits>(start()).get(), 32);
}

TEST_F(activities, of_a_stopping_worker_go_on_elsewhere) {
  auto first_options = options();
  first_options.graceful_shutdown_timeout = 100ms;
  first_options.sticky_schedule_to_start_timeout = 1s;
  running_worker first(app(), first_options);
  const auto handle = client.start_workflow<call_until_stopped>(start()).get();
  ASSERT_TRUE(eventually([&] { return !handle.describe().get().pending_activities.empty(); }));
  first.stop();
  EXPECT_EQ(bench.reason, cancel_reason::worker_shutdown);
  const running_worker second(app(), options());
  EXPECT_EQ(handle.result().get(), "failed");
}

}  // namespace activity_test
}  // namespace rondo::test
