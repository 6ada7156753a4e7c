#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/detail/engine/replay.hpp"
#include "rondo/failure.hpp"
#include "rondo/workflow.hpp"

namespace rondo::test {
namespace sessions_test {

using namespace std::chrono_literals;

constexpr activity_options brief{.start_to_close_timeout = 10s, .retry = retry_policy{.maximum_attempts = 1}};

/// One worker process: each has files of its own.
class process {
 public:
  explicit process(std::string name) : name_(std::move(name)) {}

  asio::awaitable<std::string> where() { co_return name_; }
  asio::awaitable<std::string> by_which_queue() { co_return activity::info().task_queue; }
  /// Beats until it is told to stop.
  void until_cancelled() {
    ++running;
    while (!activity::cancelled()) {
      activity::heartbeat();
      std::this_thread::yield();
    }
    activity::throw_if_cancelled();
  }

  /// Keeps the loop of its worker until the test lets it go: nothing of that worker is heard meanwhile.
  asio::awaitable<void> falls_silent() {
    ++running;
    go_on.get_future().wait();
    co_return;
  }

  std::atomic<int> running = 0;
  std::promise<void> go_on;

 private:
  std::string name_;
};

task<std::vector<std::string>> works_in_one_place() {
  auto session = co_await workflow::create_session({.creation_timeout = 20s});
  std::vector<std::string> seen;
  for (int i = 0; i < 4; ++i) {
    auto place = co_await session.execute_activity<&process::where>(brief);
    seen.push_back(std::move(place));
  }
  auto by_name = co_await session.execute_activity<std::string>("where", brief);
  seen.push_back(std::move(by_name));
  const auto queue = co_await session.execute_activity<&process::by_which_queue>(brief);
  if (queue != session.task_queue()) throw application_failure("it came by another queue");
  co_await session.complete();
  if (session.open()) throw application_failure("it is still open");
  co_return seen;
}

task<std::string> finds_none() {
  auto opened = co_await workflow::as_result(workflow::create_session({.creation_timeout = 1s}));
  if (opened) co_return "opened";
  try {
    opened.rethrow();
  } catch (const session_failure& failed) {
    const auto* timeout = failed.cause_as<timeout_failure>();
    if (timeout == nullptr) co_return "no timeout";
    co_return timeout->type() == timeout_type::schedule_to_start ? "nobody came in time" : "another timeout";
  }
}

/// Opens one when the only one is taken, and again after that was completed.
task<std::string> waits_for_room() {
  auto first = co_await workflow::create_session({.creation_timeout = 20s});
  auto second = co_await workflow::as_result(workflow::create_session({.creation_timeout = 1s}));
  auto same = co_await workflow::as_result(workflow::recreate_session(first.token()));
  std::string told = second ? "there was room" : "no room";
  if (same) told += ", but for one more";
  co_await first.complete();
  auto third = co_await workflow::create_session({.creation_timeout = 20s});
  const auto place = co_await third.execute_activity<&process::where>(brief);
  co_await third.complete();
  co_return told + ", then " + place;
}

task<std::vector<std::string>> comes_back() {
  auto first = co_await workflow::create_session({.creation_timeout = 20s});
  std::vector<std::string> seen;
  auto place = co_await first.execute_activity<&process::where>(brief);
  seen.push_back(std::move(place));
  co_await first.complete();
  auto again = co_await workflow::recreate_session(first.token());
  place = co_await again.execute_activity<&process::where>(brief);
  seen.push_back(std::move(place));
  co_await again.complete();
  co_return seen;
}

/// Goes on in another place when the first one is lost.
task<std::vector<std::string>> survives_a_loss() {
  constexpr activity_options long_work{
      .start_to_close_timeout = 60s, .heartbeat_timeout = 5s, .retry = retry_policy{.maximum_attempts = 1}};
  std::vector<std::string> told;
  auto first = co_await workflow::create_session({.creation_timeout = 20s, .heartbeat_timeout = 2s});
  auto lost = co_await workflow::as_result(first.execute_activity<&process::until_cancelled>(long_work));
  try {
    lost.rethrow();
  } catch (const session_failure&) {
    told.push_back("lost");
  } catch (const activity_failure&) {
    told.push_back("lost");
  }
  co_await workflow::wait_condition([&first] { return !first.open(); });
  auto refused = co_await workflow::as_result(first.execute_activity<&process::where>(brief));
  try {
    refused.rethrow();
  } catch (const session_failure& failed) {
    told.push_back(failed.message());
  }
  co_await first.complete();
  auto second = co_await workflow::create_session({.creation_timeout = 30s});
  auto place = co_await second.execute_activity<&process::where>(brief);
  told.push_back(std::move(place));
  co_await second.complete();
  co_return told;
}

task<std::string> works_until_the_end(workflow::session in) {
  constexpr activity_options long_work{
      .start_to_close_timeout = 60s, .heartbeat_timeout = 1s, .retry = retry_policy{.maximum_attempts = 1}};
  auto work = co_await workflow::as_result(in.execute_activity<&process::until_cancelled>(long_work));
  try {
    work.rethrow();
  } catch (const session_failure& failed) {
    co_return failed.message();
  }
  co_return "went on";
}
task<std::string> is_completed_too_early() {
  auto session = co_await workflow::create_session({.creation_timeout = 20s});
  auto both = co_await workflow::when_all(works_until_the_end(session), session.complete());
  co_return std::get<0>(std::move(both));
}

task<std::string> runs_out_of_time() {
  constexpr activity_options long_work{
      .start_to_close_timeout = 60s, .heartbeat_timeout = 1s, .retry = retry_policy{.maximum_attempts = 1}};
  auto session = co_await workflow::create_session({.creation_timeout = 20s, .execution_timeout = 1s});
  auto work = co_await workflow::as_result(session.execute_activity<&process::until_cancelled>(long_work));
  try {
    work.rethrow();
  } catch (const session_failure& failed) {
    co_return failed.message();
  }
  co_return "went on";
}

/// Cancels an activity in the session, and ends the session when the activity has ended.
task<std::string> cancels_work() {
  constexpr activity_options long_work{.start_to_close_timeout = 60s,
                                       .heartbeat_timeout = 1s,
                                       .retry = retry_policy{.maximum_attempts = 1},
                                       .cancellation = cancellation_type::wait_cancellation_completed};
  auto session = co_await workflow::create_session({.creation_timeout = 20s});
  workflow::cancellation_scope scope;
  auto work = scope.run(session.execute_activity<&process::until_cancelled>(long_work));
  const auto stop = [&scope]() -> task<> {
    co_await workflow::sleep(500ms);
    scope.cancel();
  };
  auto both = co_await workflow::when_all(workflow::as_result(std::move(work)), stop());
  const auto& ended = std::get<0>(both);
  std::string told = "completed";
  if (const auto* failed = ended.failed_with<activity_failure>()) {
    told = failed->cause_as<cancelled_failure>() == nullptr ? "failed" : "cancelled";
  }
  auto place = co_await session.execute_activity<&process::where>(brief);
  co_await session.complete();
  co_return told + " at " + place + (session.open() ? ", open" : ", closed");
}

/// Tells why it lost its session, and opens another.
task<std::vector<std::string>> hears_nothing_more() {
  constexpr activity_options long_work{.start_to_close_timeout = 60s, .retry = retry_policy{.maximum_attempts = 1}};
  std::vector<std::string> told;
  auto first = co_await workflow::create_session({.creation_timeout = 20s, .heartbeat_timeout = 1s});
  auto lost = co_await workflow::as_result(first.execute_activity<&process::falls_silent>(long_work));
  if (const auto* failed = lost.failed_with<session_failure>()) told.push_back(failed->message());
  auto second = co_await workflow::create_session({.creation_timeout = 30s});
  auto place = co_await second.execute_activity<&process::where>(brief);
  told.push_back(std::move(place));
  co_await second.complete();
  co_return told;
}

/// Lets a worker go on that waits, however the test ends.
class lets_go {
 public:
  explicit lets_go(std::promise<void>& what) : what_(what) {}
  lets_go(const lets_go&) = delete;
  lets_go& operator=(const lets_go&) = delete;
  ~lets_go() { what_.set_value(); }

 private:
  std::promise<void>& what_;
};

class sessions : public server_test {
 protected:
  worker_options with_sessions(std::size_t most) const {
    auto made = options();
    made.max_concurrent_sessions = most;
    return made;
  }
  static registry app(process& in) {
    return registry{}
        .activity<&process::where>(in)
        .activity<&process::by_which_queue>(in)
        .activity<&process::until_cancelled>(in)
        .activity<&process::falls_silent>(in)
        .workflow<works_in_one_place>()
        .workflow<finds_none>()
        .workflow<waits_for_room>()
        .workflow<comes_back>()
        .workflow<survives_a_loss>()
        .workflow<is_completed_too_early>()
        .workflow<runs_out_of_time>()
        .workflow<cancels_work>()
        .workflow<hears_nothing_more>();
  }

  /// The code does the same again over the history that it made.
  template <class Handle>
  void expect_replays(const Handle& of) {
    detail::engine::History history;
    ASSERT_TRUE(history.ParseFromString(of.history().get().bytes()));
    const auto& began = history.events(0).workflow_execution_started_event_attributes();
    const auto app_here = app(one_);
    const auto replayed = detail::engine::replay(*app_here.find_workflow(began.workflow_type().name()), history,
                                                 {.workflow_id = of.id(), .run_id = began.original_execution_run_id()});
    EXPECT_TRUE(replayed.ok) << replayed.message;
  }

  process one_{"one"}, other_{"other"};
};

TEST_F(sessions, keep_activities_on_one_worker) {
  const running_worker first(app(one_), with_sessions(5)), second(app(other_), with_sessions(5));
  const auto handle = client.start_workflow<works_in_one_place>(start()).get();
  const auto seen = handle.result().get();
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(seen, std::vector<std::string>(5, seen.front()));
  expect_replays(handle);
}

TEST_F(sessions, are_not_opened_where_no_worker_holds_any) {
  const running_worker worker(app(one_), options());
  EXPECT_EQ(client.execute_workflow<finds_none>(start()).get(), "nobody came in time");
}

TEST_F(sessions, wait_for_room_on_a_worker) {
  const running_worker worker(app(one_), with_sessions(1));
  EXPECT_EQ(client.execute_workflow<waits_for_room>(start()).get(), "no room, then one");
}

TEST_F(sessions, come_back_to_their_worker) {
  const running_worker first(app(one_), with_sessions(5)), second(app(other_), with_sessions(5));
  const auto seen = client.execute_workflow<comes_back>(start()).get();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0], seen[1]);
}

TEST_F(sessions, fail_with_their_worker) {
  auto only_activities = with_sessions(5);
  only_activities.activity_only = true;
  auto only_workflows = options();
  only_workflows.workflow_only = true;
  const running_worker thinks(app(one_), only_workflows);
  std::optional<running_worker> dies;
  dies.emplace(app(one_), only_activities);
  const auto handle = client.start_workflow<survives_a_loss>(start()).get();
  ASSERT_TRUE(eventually([this] { return one_.running > 0; }));
  dies.reset();
  const running_worker next(app(other_), only_activities);
  const std::vector<std::string> expected = {"lost", "the session has ended", "other"};
  EXPECT_EQ(handle.result().get(), expected);
  expect_replays(handle);
}

TEST_F(sessions, fail_when_nothing_is_heard_of_their_worker) {
  // With room for more, a poll of the silent worker could take the next session.
  auto only_activities = with_sessions(1);
  only_activities.activity_only = true;
  auto only_workflows = options();
  only_workflows.workflow_only = true;
  const running_worker thinks(app(one_), only_workflows);
  const running_worker silent(app(one_), only_activities);
  const lets_go at_the_end(one_.go_on);
  const auto handle = client.start_workflow<hears_nothing_more>(start()).get();
  ASSERT_TRUE(eventually([this] { return one_.running > 0; }));
  const running_worker next(app(other_), only_activities);
  const std::vector<std::string> expected = {"the session ended while an activity ran in it", "other"};
  EXPECT_EQ(handle.result().get(), expected);
  expect_replays(handle);
}

TEST_F(sessions, outlive_the_cancellation_of_what_runs_in_them) {
  const running_worker worker(app(one_), with_sessions(1));
  const auto handle = client.start_workflow<cancels_work>(start()).get();
  EXPECT_EQ(handle.result().get(), "cancelled at one, closed");
  expect_replays(handle);
  EXPECT_EQ(client.execute_workflow<works_in_one_place>(start()).get().size(), 5U) << "there is room again";
}

TEST_F(sessions, end_when_their_time_is_up) {
  const running_worker worker(app(one_), with_sessions(5));
  EXPECT_EQ(client.execute_workflow<runs_out_of_time>(start()).get(), "the session ended while an activity ran in it");
}

TEST_F(sessions, end_work_that_goes_on_in_them) {
  const running_worker worker(app(one_), with_sessions(5));
  const auto handle = client.start_workflow<is_completed_too_early>(start()).get();
  EXPECT_EQ(handle.result().get(), "the session ended while an activity ran in it");
  expect_replays(handle);
}

TEST_F(sessions, need_a_worker_that_runs_activities) {
  auto wrong = with_sessions(1);
  wrong.workflow_only = true;
  EXPECT_THROW(worker(client, app(one_), wrong), std::invalid_argument);
  auto narrow = with_sessions(1);
  narrow.max_concurrent_activities = 1;
  EXPECT_THROW(worker(client, app(one_), narrow), std::invalid_argument)
      << "polls of its task queue take the only slot";
}

TEST_F(sessions, have_slots_beside_the_polls_of_the_task_queue) {
  auto few = with_sessions(5);
  few.max_concurrent_activities = 3;
  const running_worker worker(app(one_), few);
  EXPECT_EQ(client.execute_workflow<works_in_one_place>(start()).get().size(), 5U);
}

}  // namespace sessions_test
}  // namespace rondo::test
