#include <gtest/gtest.h>

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "host/worker_fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/detail/worker/session.hpp"

namespace worker_shutdown_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace activity = rondo::activity;
namespace workflow = rondo::workflow;
using rondo::rpc_code;
using rondo::detail::worker::session;
using completed = service::RespondActivityTaskCompletedRequest;
using failed = service::RespondActivityTaskFailedRequest;
using workflow_poll = service::PollWorkflowTaskQueueRequest;
using activity_poll = service::PollActivityTaskQueueRequest;
using goodbye = service::ShutdownWorkerRequest;

/// What activities share with their test. Outlives threads that a worker left behind.
struct bench {
  std::promise<void> began, release, left;
  std::promise<rondo::cancel_reason> reason;
};
std::shared_ptr<bench> shared;  // NOLINT: activities are functions

int quick() { return 1; }
int waits_for_stop() {
  shared->began.set_value();
  while (!activity::cancelled()) std::this_thread::yield();
  shared->reason.set_value(activity::cancel_reason());
  activity::throw_if_cancelled();
  return 0;
}
int waits_for_test() {
  const auto bench = shared;
  bench->began.set_value();
  bench->release.get_future().wait();
  activity::heartbeat(1);
  bench->left.set_value();
  return 0;
}
asio::awaitable<int> never_minds() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  shared->began.set_value();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  for (;;) {
    timer.expires_after(1ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
}
rondo::task<int> order() {
  co_await workflow::sleep(1h);
  co_return 1;
}

class worker_shutdown : public worker_test {
 protected:
  worker_shutdown() { shared = std::make_shared<bench>(); }

  static rondo::registry app() {
    rondo::registry made;
    made.workflow<order>().activity<quick>().activity<waits_for_stop>().activity<waits_for_test>();
    return made.activity<never_minds>();
  }
  fake_run& add_order() { return add_run("a", history_builder("order")); }
  void give_activity(const std::string& type) {
    service::PollActivityTaskQueueResponse task;
    task.set_task_token("token");
    task.set_attempt(1);
    task.set_activity_id("1");
    task.mutable_activity_type()->set_name(type);
    server.give(queue::activity, task);
  }
  /// Gives the activity and waits until its code runs.
  void run_activity(const std::string& type) {
    give_activity(type);
    auto began = shared->began.get_future();
    ASSERT_TRUE(until([&] { return began.wait_for(0s) == std::future_status::ready; }));
  }
  std::size_t lines_with(std::string_view part) const {
    std::size_t found = 0;
    const std::string all = log->text();
    for (auto at = all.find(part); at != std::string::npos; at = all.find(part, at + part.size())) ++found;
    return found;
  }
  /// The worker tells the server once that it goes, and calls nothing after that.
  void expect_last_goodbye(std::size_t starts = 1) {
    settle();
    ASSERT_EQ(server.count<goodbye>(), starts);
    EXPECT_EQ(server.calls().back(), "ShutdownWorker");
  }
  std::size_t polls() const { return server.count<workflow_poll>() + server.count<activity_poll>(); }
  static rondo::rpc_status status_of(const std::exception_ptr& thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const rondo::rpc_error& error) {
      text_ = error.what();
      return error.status();
    }
    ADD_FAILURE() << "no rpc_error was thrown";
    return {};
  }
  static inline std::string text_;  // NOLINT: of the last error
};

// The order of the end

TEST_F(worker_shutdown, says_goodbye_once_after_its_last_poll) {
  start(app());
  const auto before = polls();
  worker->stop();
  worker->stop();
  stop();
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(polls(), before);
  expect_last_goodbye();
  const auto last = server.seen<goodbye>().front();
  EXPECT_EQ(last.namespace_(), "shop");
  EXPECT_EQ(last.identity(), "tester");
  EXPECT_EQ(last.task_queue(), "queue");
  EXPECT_EQ(last.task_queue_types_size(), 2);
  EXPECT_EQ(last.worker_instance_key(), server.seen<workflow_poll>().front().worker_instance_key());
  EXPECT_FALSE(last.sticky_task_queue().empty());
}

TEST_F(worker_shutdown, names_only_queues_that_it_served) {
  rondo::registry activities;
  activities.activity<quick>();
  start(activities);
  stop();
  const auto last = server.seen<goodbye>().front();
  EXPECT_EQ(last.sticky_task_queue(), "");
  ASSERT_EQ(last.task_queue_types_size(), 1);
  EXPECT_EQ(last.task_queue_types(0), enums::TASK_QUEUE_TYPE_ACTIVITY);
}

TEST_F(worker_shutdown, polls_that_the_server_ends_are_waited_for_and_not_repeated) {
  auto how = options();
  how.poll_drain_timeout = 1h;
  start(app(), how);
  const auto before = polls();
  worker->stop();
  settle();
  EXPECT_FALSE(ended);
  EXPECT_EQ(server.count<goodbye>(), 0U);
  server.end_polls();
  stop();
  EXPECT_EQ(polls(), before);
  expect_last_goodbye();
}

TEST_F(worker_shutdown, says_goodbye_first_where_that_ends_the_polls) {
  server.about_namespace.mutable_namespace_info()->mutable_capabilities()->set_worker_poll_complete_on_shutdown(true);
  server.answer<goodbye, service::ShutdownWorkerResponse>([this](const auto&, auto&) {
    EXPECT_EQ(server.waiting(), 4U) << "polls were broken off before";
    server.end_polls();
    return rondo::rpc_status();
  });
  auto how = options();
  how.poll_drain_timeout = 1h;
  start(app(), how);
  stop();
  expect_last_goodbye();
}

TEST_F(worker_shutdown, servers_that_do_not_know_goodbyes_are_fine) {
  server.about_namespace.mutable_namespace_info()->mutable_capabilities()->set_worker_poll_complete_on_shutdown(true);
  server.fail<goodbye>(rpc_code::unimplemented);
  start(app());
  stop();
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(server.count<goodbye>(), 1U);
  EXPECT_EQ(log->text().find("was not told"), std::string::npos);
}

TEST_F(worker_shutdown, a_goodbye_that_fails_is_only_logged) {
  server.fail<goodbye>(rpc_code::unavailable, "restarting");
  start(app());
  stop();
  EXPECT_EQ(error, nullptr);
  EXPECT_NE(log->text().find("was not told"), std::string::npos);
}

TEST_F(worker_shutdown, run_ends_with_a_signal_to_the_process) {
  auto how = options();
  how.logger = rondo::logger(log, rondo::log_level::debug);
  rondo::worker own(rondo::client::over(server.connection), app(), how);
  loop->post([] { std::raise(SIGTERM); });
  own.run();
  EXPECT_EQ(server.count<goodbye>(), 1U);
}

// What is in work

TEST_F(worker_shutdown, tasks_that_come_with_the_last_polls_are_worked_on) {
  auto how = options();
  how.poll_drain_timeout = 1h;
  start(app(), how);
  worker->stop();
  settle();
  add_order().offer();
  give_activity("quick");
  server.end_polls();
  stop();
  EXPECT_EQ(completions(), 1U);
  EXPECT_FALSE(last_completion().return_new_workflow_task());
  EXPECT_EQ(server.count<completed>(), 1U);
  expect_last_goodbye();
}

TEST_F(worker_shutdown, a_workflow_task_in_work_is_completed) {
  auto how = options();
  how.graceful_shutdown_timeout = 1h;
  start(app(), how);
  server.hang<completion>();
  add_order().offer();
  ASSERT_TRUE(until_seen<completion>());
  worker->stop();
  settle();
  EXPECT_FALSE(ended);
  server.release<completion>();
  stop();
  EXPECT_EQ(worker->cached_workflows(), 1U);
  expect_last_goodbye();
}

TEST_F(worker_shutdown, a_workflow_task_that_does_not_end_is_dropped) {
  start(app());
  server.hang<service::GetWorkflowExecutionHistoryRequest>();
  auto& run = add_order();
  run.cuts = {1};
  run.offer();
  ASSERT_TRUE(until_seen<service::GetWorkflowExecutionHistoryRequest>());
  stop();
  EXPECT_EQ(worker->session().in_flight().workflow_tasks, 0U);
  worker.reset();
  server.release<service::GetWorkflowExecutionHistoryRequest>();
  expect_last_goodbye();
}

TEST_F(worker_shutdown, activities_may_end_within_the_time_of_grace) {
  auto how = options();
  how.graceful_shutdown_timeout = 1h;
  start(app(), how);
  run_activity("waits_for_test");
  worker->stop();
  settle();
  EXPECT_FALSE(ended);
  shared->release.set_value();
  stop();
  EXPECT_EQ(server.count<completed>(), 1U);
  EXPECT_EQ(server.count<failed>(), 0U);
  expect_last_goodbye();
}

TEST_F(worker_shutdown, activities_are_cancelled_after_the_time_of_grace) {
  auto how = options();
  how.abandon_timeout = 1h;
  start(app(), how);
  run_activity("waits_for_stop");
  stop();
  EXPECT_EQ(shared->reason.get_future().get(), rondo::cancel_reason::worker_shutdown);
  ASSERT_EQ(server.count<failed>(), 1U);
  const auto report = server.seen<failed>().front().failure();
  EXPECT_EQ(report.application_failure_info().type(), "WorkerShutdown");
  EXPECT_FALSE(report.application_failure_info().non_retryable());
  expect_last_goodbye();
}

TEST_F(worker_shutdown, a_thread_that_does_not_care_is_left_behind) {
  start(app());
  run_activity("waits_for_test");
  stop();
  ASSERT_EQ(server.count<failed>(), 1U);
  EXPECT_EQ(server.seen<failed>().front().failure().application_failure_info().type(), "WorkerShutdown");
  expect_last_goodbye();
  worker.reset();
  shared->release.set_value();
  shared->left.get_future().wait();
  settle();
  EXPECT_EQ(server.count<completed>(), 0U);
  EXPECT_EQ(server.count<service::RecordActivityTaskHeartbeatRequest>(), 0U);
}

TEST_F(worker_shutdown, a_thread_may_be_left_behind_longer_than_the_loop_lives) {
  start(app());
  run_activity("waits_for_test");
  stop();
  worker.reset();
  loop.reset();
  shared->release.set_value();
  shared->left.get_future().wait();
}

TEST_F(worker_shutdown, a_coroutine_that_does_not_care_is_left_behind) {
  start(app());
  run_activity("never_minds");
  stop();
  EXPECT_EQ(server.count<failed>(), 1U);
  worker.reset();
  settle();
  expect_last_goodbye();
}

TEST_F(worker_shutdown, a_heartbeat_may_be_under_way_when_the_worker_is_gone) {
  start(app());
  server.hang<service::RecordActivityTaskHeartbeatRequest>();
  shared->release.set_value();
  run_activity("waits_for_test");
  ASSERT_TRUE(until_seen<completed>());
  stop();
  worker.reset();
  server.release<service::RecordActivityTaskHeartbeatRequest>();
  settle();
}

TEST_F(worker_shutdown, what_is_given_back_is_waited_for_no_longer_than_it_takes) {
  start(app());
  run_activity("waits_for_test");
  auto& parts = worker->session();
  bool given_back = false;
  const auto give_back = [&]() -> asio::awaitable<void> {
    parts.stop_polling();
    co_await parts.wait_polls(io::steady_clock::now());
    co_await parts.abandon(io::time_point::max());
    given_back = true;
  };
  asio::co_spawn(loop->executor(), give_back(), asio::detached);
  EXPECT_TRUE(until([&] { return given_back; }));
  EXPECT_EQ(server.count<failed>(), 1U);
  shared->release.set_value();
  EXPECT_TRUE(until([&] { return parts.in_flight().activities == 0; }));
  stop();
}

// The beginning

TEST_F(worker_shutdown, may_be_stopped_before_it_has_begun) {
  server.hang<service::DescribeNamespaceRequest>();
  begin(app());
  ASSERT_TRUE(until_seen<service::DescribeNamespaceRequest>());
  worker->stop();
  settle();
  server.release<service::DescribeNamespaceRequest>();
  stop();
  EXPECT_EQ(error, nullptr);
  expect_last_goodbye();
}

TEST_F(worker_shutdown, may_be_stopped_when_it_has_ended) {
  start(app());
  stop();
  worker->stop();
  worker.reset();
  settle();
  expect_last_goodbye();
}

TEST_F(worker_shutdown, may_die_while_it_works_and_ends_with_the_loop_going_on) {
  start(app());
  run_activity("never_minds");
  server.hang<completion>();
  add_order().offer();
  ASSERT_TRUE(until_seen<completion>());
  worker.reset();
  settle();
  EXPECT_FALSE(ended);
  server.release<completion>();
  EXPECT_TRUE(until([&] { return ended; }));
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(server.count<failed>(), 1U);
  expect_last_goodbye();
}

TEST_F(worker_shutdown, may_die_together_with_its_loop_while_it_works) {
  auto how = options();
  how.max_concurrent_activities = 1;
  begin(app(), how);
  run_activity("never_minds");
  server.hang<completion>();
  add_order().offer();
  ASSERT_TRUE(until_seen<completion>());
  worker.reset();
  loop.reset();
  EXPECT_FALSE(ended);
}

TEST_F(worker_shutdown, may_be_moved) {
  start(app());
  rondo::worker other(std::move(*worker));
  worker.reset();
  settle();
  EXPECT_FALSE(ended);
  other.stop();
  EXPECT_TRUE(until([&] { return ended; }));
  EXPECT_EQ(server.count<goodbye>(), 1U);
}

TEST_F(worker_shutdown, a_namespace_that_does_not_exist_is_told) {
  server.fail<service::DescribeNamespaceRequest>(rpc_code::not_found);
  begin(app());
  ASSERT_TRUE(until([&] { return ended; }));
  EXPECT_EQ(status_of(error).code, rpc_code::not_found);
  EXPECT_NE(text_.find("namespace 'shop' does not exist"), std::string::npos) << text_;
  EXPECT_EQ(polls(), 0U);
}

TEST_F(worker_shutdown, servers_that_cannot_describe_namespaces_are_fine) {
  server.fail<service::DescribeNamespaceRequest>(rpc_code::unimplemented);
  start(app());
  EXPECT_EQ(error, nullptr);
}

// Polls that fail

TEST_F(worker_shutdown, the_namespace_is_asked_about_once_and_cheaply) {
  begin(app());
  ASSERT_TRUE(until([&] { return idle(); }));
  const auto asked = server.seen<service::DescribeNamespaceRequest>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked.front().weak_consistency()) << "many workers may start at once";
}

TEST_F(worker_shutdown, polls_go_on_after_failures) {
  begin(app());
  server.fail<workflow_poll>(rpc_code::resource_exhausted, "too many", 3);
  server.fail<activity_poll>(rpc_code::unavailable, "restarting", 3);
  ASSERT_TRUE(until([&] { return idle(); }));
  EXPECT_LE(lines_with("too many"), 2U) << "one line for all pollers of each of the two queues";
  EXPECT_EQ(lines_with("restarting"), 1U);
  server.fail<activity_poll>(rpc_code::permission_denied, "not yet", 2);
  give_activity("quick");
  ASSERT_TRUE(until([&] { return server.count<completed>() == 1 && idle(); }));
  EXPECT_FALSE(ended);
}

TEST_F(worker_shutdown, polls_that_cannot_succeed_end_the_worker) {
  server.connection->retries().numbers.fatal_grace = 0s;
  start(app());
  give_activity("waits_for_test");
  shared->release.set_value();
  server.fail<activity_poll>(rpc_code::permission_denied, "go away", 1);
  ASSERT_TRUE(until([&] { return ended; }));
  EXPECT_EQ(status_of(error).code, rpc_code::permission_denied);
  EXPECT_NE(text_.find("go away"), std::string::npos) << text_;
  expect_last_goodbye();
}

// The parts of a worker, as other hosts use them

class session_parts : public worker_shutdown {
 protected:
  std::unique_ptr<session> make(const std::string& sticky) {
    auto how = options();
    how.logger = rondo::logger(log, rondo::log_level::debug);
    auto runs = std::make_shared<rondo::detail::worker::run_store>(app(), how.logger, how.max_cached_workflows, sticky);
    return std::make_unique<session>(std::move(runs), *loop, server.connection, "shop", how);
  }
  static asio::awaitable<void> drain(session& of) {
    of.stop_polling();
    co_await of.wait_polls(io::steady_clock::now());
    co_await of.wait_drained(io::time_point::max());
    co_await of.shut_down();
    co_await of.shut_down();
  }
};

TEST_F(session_parts, polls_end_at_their_deadline_and_none_begins_after_it) {
  const auto parts = make("mine");
  const auto end = io::steady_clock::now() + 50ms;
  int asked = 0;
  parts->poll_deadline = [&](io::time_point, const auto&) {
    ++asked;
    return end;
  };
  loop->block_on(parts->start());
  ASSERT_TRUE(until([&] { return server.waiting() == 4; }));
  EXPECT_GE(asked, 4);
  bool all_answered = false;
  const auto wait = [&]() -> asio::awaitable<void> {
    all_answered = co_await parts->wait_polls(io::time_point::max());
  };
  loop->block_on(wait());
  EXPECT_TRUE(all_answered);
  EXPECT_EQ(polls(), 4U);
  EXPECT_GT(asked, 8);
  loop->block_on(drain(*parts));
}

TEST_F(session_parts, tell_what_is_in_work_and_since_when) {
  const auto parts = make("mine");
  loop->block_on(parts->start());
  ASSERT_TRUE(until([&] { return parts->in_flight().polls == 4; }));
  EXPECT_FALSE(parts->in_flight().oldest_task);
  const auto before = parts->last_activity();
  run_activity("waits_for_test");
  const auto first = parts->in_flight();
  EXPECT_EQ(first.activities, 1U);
  ASSERT_TRUE(first.oldest_task);
  EXPECT_GT(parts->last_activity(), before);
  EXPECT_GT(*first.oldest_task, before);
  server.hang<completion>();
  add_order().offer();
  ASSERT_TRUE(until_seen<completion>());
  EXPECT_EQ(parts->in_flight().workflow_tasks, 1U);
  EXPECT_EQ(parts->in_flight().oldest_task, first.oldest_task);
  shared->release.set_value();
  ASSERT_TRUE(until([&] { return parts->in_flight().activities == 0; }));
  ASSERT_TRUE(parts->in_flight().oldest_task);
  EXPECT_GT(*parts->in_flight().oldest_task, *first.oldest_task);
  server.release<completion>();
  loop->block_on(drain(*parts));
  EXPECT_FALSE(parts->in_flight().oldest_task);
  EXPECT_EQ(parts->in_flight().polls, 0U);
}

TEST_F(session_parts, follow_each_other_with_one_sticky_queue_and_new_keys) {
  for (int round = 1; round <= 2; ++round) {
    const auto parts = make("mine");
    loop->block_on(parts->start());
    ASSERT_TRUE(until([&] { return server.waiting() == 4; }));
    loop->block_on(drain(*parts));
    expect_last_goodbye(static_cast<std::size_t>(round));
    const auto said = server.seen<goodbye>().back();
    EXPECT_EQ(said.sticky_task_queue(), "mine");
    EXPECT_EQ(said.worker_instance_key(), parts->instance_key());
  }
  const auto all = server.seen<goodbye>();
  EXPECT_NE(all[0].worker_instance_key(), all[1].worker_instance_key());
}

}  // namespace worker_shutdown_test
