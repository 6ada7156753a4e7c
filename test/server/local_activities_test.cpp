#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

#include "fixture.hpp"
#include "rondo/activity.hpp"

// Local activities beside a server: heartbeats of workflow tasks, retries here and there, timeouts, lost runs.
namespace rondo::test::local_activities_test {

using namespace std::chrono_literals;

/// Lets activities wait until the test says so.
class gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  /// Returns early when the attempt shall stop.
  void wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
};

struct shared_state {
  gate door;
  std::atomic<int> calls = 0;
};

/// What the activities of a test share with it; a test owns it.
shared_state* shared = nullptr;

int add_up(int left, int right) {
  if (!activity::info().is_local) throw application_failure("has a task of its own");
  return left + right;
}
asio::awaitable<std::string> greet(std::string name) { co_return "hello " + name; }
int wait_for_door(int value) {
  ++shared->calls;
  shared->door.wait(activity::stop_token());
  activity::throw_if_cancelled();
  return value;
}
int fail_until(int attempt) {
  ++shared->calls;
  if (activity::info().attempt < attempt)
    throw application_failure("attempt " + std::to_string(activity::info().attempt));
  return activity::info().attempt;
}
asio::awaitable<void> never_ends() {
  ++shared->calls;
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::steady_clock::time_point::max());
  co_await timer.async_wait(asio::use_awaitable);
}

constexpr local_activity_options here{.start_to_close_timeout = 30s};

task<std::string> calls_both_kinds(std::string name) {
  const int sum = co_await workflow::execute_local_activity<add_up>(here, 1, 2);
  std::string text = co_await workflow::execute_local_activity<greet>(here, name);
  co_return text + " " + std::to_string(sum);
}

/// Waits at the door, and counts what comes meanwhile.
class waits {
 public:
  task<int> run() { co_return co_await workflow::execute_local_activity<wait_for_door>(here, 40) + signals_; }
  void poke() { ++signals_; }
  int signals() const { return signals_; }
  static constexpr auto handlers = rondo::handlers(signal<&waits::poke>, query<&waits::signals>);

 private:
  int signals_ = 0;
};

task<int> repeats(int attempts, int threshold_ms) {
  const local_activity_options options{
      .start_to_close_timeout = 30s,
      .retry = retry_policy{.initial_interval = 20ms, .backoff_coefficient = 10, .maximum_attempts = 3},
      .local_retry_threshold = std::chrono::milliseconds(threshold_ms)};
  co_return co_await workflow::execute_local_activity<fail_until>(options, attempts);
}

task<std::string> takes_too_long(int kind) {
  const retry_policy once{.maximum_attempts = kind == 0 ? 1 : 0};
  const local_activity_options options{.schedule_to_close_timeout = kind == 1 ? 300ms : 0ms,
                                       .start_to_close_timeout = kind == 0 ? 200ms : 100ms,
                                       .retry = once};
  try {
    co_await workflow::execute_local_activity<never_ends>(options);
  } catch (const activity_failure& failed) {
    const auto* why = failed.cause_as<timeout_failure>();
    co_return why == nullptr ? "failed" : "timeout " + std::to_string(static_cast<int>(why->type()));
  }
  co_return "ended";
}

task<std::string> is_cancelled(int how) {
  const local_activity_options options{.start_to_close_timeout = 30s,
                                       .cancellation = static_cast<cancellation_type>(how)};
  const auto ended = co_await workflow::as_result(workflow::execute_local_activity<wait_for_door>(options, 1));
  co_return is_cancellation(ended.error()) ? "cancelled" : "ended";
}

int one() { return 1; }
task<> calls_nobody() { co_await workflow::execute_local_activity<int>("nobody", here); }

class local_activities : public server_test {
 protected:
  local_activities() { shared = &state; }
  ~local_activities() override { shared = nullptr; }

  static registry app() {
    return registry()
        .workflow<calls_both_kinds>()
        .workflow<waits>()
        .workflow<repeats>()
        .workflow<takes_too_long>()
        .workflow<is_cancelled>()
        .workflow<calls_nobody>()
        .activity<add_up>()
        .activity<greet>()
        .activity<wait_for_door>()
        .activity<fail_until>()
        .activity<never_ends>();
  }
  start_workflow_options start_with(duration task_timeout) const {
    return {.task_queue = queue, .task_timeout = task_timeout};
  }
  static std::size_t count(const workflow_history& of, const std::string& event) {
    const auto text = of.to_json();
    std::size_t found = 0;
    for (auto at = text.find(event); at != std::string::npos; at = text.find(event, at + 1)) ++found;
    return found;
  }

  shared_state state;
};

TEST_F(local_activities, run_within_one_workflow_task) {
  const running_worker worker(app(), options());
  const auto handle = client.start_workflow<calls_both_kinds>(start(), "ada").get();
  EXPECT_EQ(handle.result().get(), "hello ada 3");
  const auto history = handle.history().get();
  EXPECT_EQ(count(history, "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"), 1U);
  EXPECT_EQ(count(history, "\"core_local_activity\""), 2U);
  EXPECT_EQ(count(history, "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"), 0U);
}

TEST_F(local_activities, keep_their_workflow_task_alive) {
  for (const std::size_t cached : {1000U, 0U}) {
    auto how = options();
    how.max_cached_workflows = cached;
    const running_worker worker(app(), how);
    state.calls = 0;
    state.door.close();
    const auto handle = client.start_workflow<waits>(start_with(1s)).get();
    ASSERT_TRUE(eventually([&] { return count(handle.history().get(), "WORKFLOW_TASK_COMPLETED") >= 2; }));
    handle.signal<&waits::poke>().get();
    ASSERT_TRUE(eventually([&] { return count(handle.history().get(), "WORKFLOW_TASK_COMPLETED") >= 4; }));
    EXPECT_EQ(handle.query<&waits::signals>().get(), 1) << "signals come with the next task";
    state.door.open();
    EXPECT_EQ(handle.result().get(), 41);
    EXPECT_EQ(state.calls, 1) << "it was begun once, cache of " << cached;
    EXPECT_EQ(count(handle.history().get(), "WORKFLOW_TASK_TIMED_OUT"), 0U);
  }
}

TEST_F(local_activities, are_repeated) {
  const running_worker worker(app(), options());
  const auto near = client.start_workflow<repeats>(start(), 3, 60'000).get();
  EXPECT_EQ(near.result().get(), 3);
  EXPECT_EQ(count(near.history().get(), "EVENT_TYPE_TIMER_STARTED"), 0U);
  const auto far = client.start_workflow<repeats>(start(), 3, 100).get();
  EXPECT_EQ(far.result().get(), 3);
  EXPECT_EQ(count(far.history().get(), "EVENT_TYPE_TIMER_STARTED"), 1U) << "the second pause is 200 ms";
  const auto failed = failure_of(client.execute_workflow<repeats>(start(), 9, 60'000));
  ASSERT_NE(failed.cause_as<activity_failure>(), nullptr);
  EXPECT_EQ(failed.cause_as<activity_failure>()->retry_state(), retry_state::maximum_attempts_reached);
  EXPECT_STREQ(failed.cause_as<application_failure>()->what(), "attempt 3");
}

TEST_F(local_activities, time_out) {
  const running_worker worker(app(), options());
  const auto text = [](timeout_type kind) { return "timeout " + std::to_string(static_cast<int>(kind)); };
  EXPECT_EQ(client.execute_workflow<takes_too_long>(start(), 0).get(), text(timeout_type::start_to_close));
  EXPECT_EQ(state.calls, 1);
  EXPECT_EQ(client.execute_workflow<takes_too_long>(start(), 1).get(), text(timeout_type::start_to_close))
      << "the next attempt would begin too late";
}

TEST_F(local_activities, are_cancelled_with_their_workflow) {
  const running_worker worker(app(), options());
  for (const auto how : {cancellation_type::try_cancel, cancellation_type::wait_cancellation_completed}) {
    state.calls = 0;
    const auto handle = client.start_workflow<is_cancelled>(start_with(1s), static_cast<int>(how)).get();
    ASSERT_TRUE(eventually([&] { return state.calls == 1; }));
    handle.cancel().get();
    EXPECT_EQ(handle.result().get(), "cancelled");
  }
}

TEST_F(local_activities, go_to_another_worker_when_theirs_stops) {
  running_worker first(app(), options());
  const auto handle = client.start_workflow<waits>(start()).get();
  ASSERT_TRUE(eventually([&] { return state.calls == 1; }));
  first.stop();
  EXPECT_EQ(count(handle.history().get(), "WORKFLOW_TASK_TIMED_OUT"), 0U);
  const running_worker second(app(), options());
  ASSERT_TRUE(eventually([&] { return state.calls == 2; }));
  state.door.open();
  EXPECT_EQ(handle.result().get(), 40);
}

TEST_F(local_activities, of_unknown_types_wait_for_a_worker_that_has_them) {
  const auto handle = client.start_workflow<calls_nobody>(start()).get();
  {
    const running_worker worker(app(), options());
    ASSERT_TRUE(eventually([&] { return count(handle.history().get(), "EVENT_TYPE_WORKFLOW_TASK_FAILED") == 1; }));
    EXPECT_NE(handle.history().get().to_json().find("local activity type 'nobody' is not registered"),
              std::string::npos);
  }
  const auto with_it = app().activity<one>("nobody");
  const running_worker worker(with_it, options());
  handle.result().get();
}

}  // namespace rondo::test::local_activities_test
