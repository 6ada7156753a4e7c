#include "rondo/serverless/runner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "rondo/detail/worker/run_store.hpp"
#include "rondo/plugin.hpp"
#include "rondo/serverless/session.hpp"
#include "serverless/runner_fixture.hpp"

namespace runner_test_cases {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace activity = rondo::activity;
namespace serverless = rondo::serverless;
namespace workflow = rondo::workflow;
using serverless::end_reason;
using serverless::time_point;
using failed = service::RespondActivityTaskFailedRequest;
using completed = service::RespondActivityTaskCompletedRequest;
using clock = std::chrono::steady_clock;

int quick_one() { return 1; }
int waits_for_test() {
  const auto kept = bench;
  kept->began.set_value();
  kept->release.get_future().wait();
  kept->left.set_value();
  return 7;
}
int counts_until_drained() {
  const int from = activity::heartbeat_details<int>().value_or(0);
  bench->deadline.set_value(activity::info().deadline);
  bench->began.set_value();
  while (!activity::draining()) std::this_thread::yield();
  activity::hand_back(from + 5);
  return -1;
}
asio::awaitable<int> never_minds() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  bench->began.set_value();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  for (;;) {
    timer.expires_after(1ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
}
int beats_for_ever() {
  const auto kept = bench;
  kept->began.set_value();
  for (int beat = 0;; ++beat) {
    if (kept->stopped.load()) return beat;
    activity::heartbeat(beat);
    std::this_thread::yield();
  }
}
rondo::task<int> order() {
  co_await workflow::sleep(1h);
  co_return 1;
}

class invocations : public runner_test {
 protected:
  static rondo::registry app() {
    rondo::registry made;
    made.workflow<order>().activity<quick_one>().activity<waits_for_test>();
    made.activity<counts_until_drained>().activity<never_minds>();
    return made.activity<beats_for_ever>();
  }
};

TEST_F(invocations, end_when_nothing_is_left_to_do) {
  use(quick(app()));
  const auto& done = invoke();
  EXPECT_EQ(done.reason, end_reason::idle);
  EXPECT_EQ(done.error, "");
  EXPECT_TRUE(done.cold);
  EXPECT_EQ(done.workflow_tasks + done.activities + done.failed + done.handed_back + done.lost_polls, 0U);
  EXPECT_TRUE(done.sticky_shutdown);
  // Each queue was polled once: the server knows of the worker then, and there is nothing to do.
  EXPECT_EQ(polls(), 3U);
  expect_last_goodbye();
}

TEST_F(invocations, work_before_they_end) {
  use(quick(app()));
  add_run("order").offer();
  server.give(queue::activity, activity_task("quick_one"));
  const auto& done = invoke();
  EXPECT_EQ(done.reason, end_reason::idle);
  EXPECT_EQ(done.workflow_tasks, 1U);
  EXPECT_EQ(done.activities, 1U);
  EXPECT_EQ(server.count<completion>(), 1U);
  EXPECT_EQ(server.count<completed>(), 1U);
  expect_last_goodbye();
}

class counts_lives final : public rondo::plugin {
 public:
  std::string_view name() const override { return "lives"; }
  void begin(const rondo::worker_options& /*of*/) override { ++begun; }
  void end(const rondo::worker_options& /*of*/) override { ++ended; }
  int begun = 0, ended = 0;
};

TEST_F(invocations, are_lives_of_their_plugins) {
  const auto lives = std::make_shared<counts_lives>();
  auto how = quick(app());
  how.client.plugins = {lives};
  use(how);
  for (int round = 1; round <= 2; ++round) {
    EXPECT_EQ(invoke().error, "");
    EXPECT_EQ(lives->begun, round);
    EXPECT_EQ(lives->ended, round);
  }
}

TEST_F(invocations, that_the_server_refuses_are_lives_of_their_plugins) {
  const auto lives = std::make_shared<counts_lives>();
  auto how = quick(app());
  how.client.plugins = {lives};
  use(how);
  server.fail<service::DescribeNamespaceRequest>(rondo::rpc_code::not_found);
  EXPECT_NE(invoke().error, "");
  EXPECT_EQ(lives->begun, 1);
  EXPECT_EQ(lives->ended, 1);
}

TEST_F(invocations, go_on_with_work_that_comes_while_they_wait) {
  use(quick(app()));
  begin();
  ASSERT_TRUE(until([&] { return server.waiting() == 3; }));
  server.give(queue::activity, activity_task("quick_one"));
  ASSERT_TRUE(until([&] { return server.count<completed>() == 1; }));
  // What the work may have led to is polled for once more by each poller.
  server.end_polls();
  ASSERT_TRUE(until([&] { return server.waiting() == 3; }));
  EXPECT_FALSE(report);
  finish();
  EXPECT_EQ(report->activities, 1U);
}

TEST_F(invocations, do_not_end_while_something_is_in_work) {
  use(quick(app()));
  begin();
  run_activity("waits_for_test");
  for (int times = 0; times < 3; ++times) {
    server.end_polls();
    settle();
    EXPECT_FALSE(report);
  }
  bench->release.set_value();
  EXPECT_EQ(finish().activities, 1U);
  EXPECT_EQ(server.count<completed>(), 1U);
}

TEST_F(invocations, poll_again_when_somebody_says_that_there_is_work) {
  use(quick(app()));
  begin();
  ASSERT_TRUE(until([&] { return server.waiting() == 3; }));
  EXPECT_TRUE(host->expect_work());
  server.end_polls();
  ASSERT_TRUE(until([&] { return server.waiting() == 3; }));
  finish();
  EXPECT_FALSE(host->expect_work());
}

TEST_F(invocations, end_some_time_after_the_last_work) {
  auto how = quick(app());
  how.idle_timeout = 1200ms;
  use(std::move(how));
  begin();
  ASSERT_TRUE(until([&] { return server.waiting() == 3; }));
  // Every poll ends by itself before the worker does: the server answers a second before a poll's deadline.
  EXPECT_EQ(finish().reason, end_reason::idle);
  EXPECT_EQ(report->lost_polls, 0U);
  EXPECT_GE(report->idle, 1200ms);
  EXPECT_GE(report->run, report->idle);
}

TEST_F(invocations, do_not_take_a_silent_server_for_idleness) {
  use(near_deadline(quick(app())));
  server.fail<activity_poll>(rondo::rpc_code::unavailable, "away", 100000);
  begin(until_deadline(3500ms));
  EXPECT_EQ(finish().reason, end_reason::deadline);
}

TEST_F(invocations, end_before_their_deadline) {
  use(near_deadline(quick(app())));
  const auto what = until_deadline(3500ms);
  begin(what);
  const auto& done = await_end();
  EXPECT_EQ(done.reason, end_reason::deadline);
  EXPECT_LT(clock::now(), *what.deadline);
  // No poll was under way when the time was up, although the server never answered one.
  EXPECT_EQ(done.lost_polls, 0U);
  expect_last_goodbye();
}

TEST_F(invocations, with_a_deadline_poll_until_the_answer_would_come_too_late) {
  auto how = near_deadline(quick(app()));
  how.limits.stop_timeout = 5s;
  use(std::move(how));
  // 1.9 s for work: a poll that the server answers after 1.2 s still fits, and its deadline lies behind the last
  // moment.
  begin(until_deadline(7200ms));
  ASSERT_TRUE(until([&] { return server.waiting() == 3 || report; }));
  EXPECT_FALSE(report);
  server.give(queue::activity, activity_task("quick_one"));
  EXPECT_EQ(finish().activities, 1U);
}

TEST_F(invocations, end_when_no_task_can_come_any_more) {
  auto how = near_deadline(quick(app()));
  how.limits.stop_timeout = 5s;
  how.idle_timeout = 1min;
  use(std::move(how));
  // No poll fits into the time that is left, however long that is for anything else.
  const auto what = until_deadline(6200ms);
  begin(what);
  const auto& done = await_end();
  EXPECT_EQ(done.reason, end_reason::deadline);
  EXPECT_EQ(polls(), 0U);
  EXPECT_LT(clock::now(), *what.deadline - 5100ms) << "it waits for the end of a time that is of no use";
}

TEST_F(invocations, give_back_what_a_thread_does_not_end) {
  use(near_deadline(quick(app())));
  const auto what = until_deadline(3500ms);
  begin(what);
  run_activity("waits_for_test");
  const auto& done = await_end();
  EXPECT_LT(clock::now(), *what.deadline);
  EXPECT_EQ(done.handed_back, 1U);
  ASSERT_EQ(server.count<failed>(), 1U);
  const auto given = server.seen<failed>().front().failure();
  EXPECT_FALSE(given.application_failure_info().non_retryable());
  EXPECT_GT(given.application_failure_info().next_retry_delay().nanos(), 0);
  expect_last_goodbye();
  bench->release.set_value();
  bench->left.get_future().wait();
}

TEST_F(invocations, give_back_what_a_coroutine_does_not_end) {
  use(near_deadline(quick(app())));
  const auto what = until_deadline(3500ms);
  begin(what);
  run_activity("never_minds");
  EXPECT_EQ(await_end().handed_back, 1U);
  EXPECT_LT(clock::now(), *what.deadline);
  expect_last_goodbye();
}

TEST_F(invocations, give_back_what_only_heartbeats) {
  use(near_deadline(quick(app())));
  const auto what = until_deadline(3500ms);
  begin(what);
  run_activity("beats_for_ever");
  EXPECT_EQ(await_end().handed_back, 1U);
  EXPECT_LT(clock::now(), *what.deadline);
  bench->stopped = true;
  expect_last_goodbye();
}

TEST_F(invocations, let_activities_hand_back_their_progress) {
  use(near_deadline(quick(app())));
  const auto what = until_deadline(3500ms);
  begin(what);
  run_activity("counts_until_drained");
  EXPECT_EQ(await_end().handed_back, 1U);
  ASSERT_EQ(server.count<failed>(), 1U);
  const auto given = server.seen<failed>().front();
  EXPECT_EQ(given.failure().application_failure_info().type(), "ServerlessHandBack");
  ASSERT_EQ(given.last_heartbeat_details().payloads_size(), 1);
  EXPECT_EQ(given.last_heartbeat_details().payloads(0).data(), "5");
  // The activity knew how long it had.
  const auto told = bench->deadline.get_future().get();
  EXPECT_LE(told, std::chrono::system_clock::now() + 3500ms);
}

TEST_F(invocations, finish_a_last_attempt_instead_of_handing_it_back) {
  use(near_deadline(quick(app())));
  begin(until_deadline(3500ms));
  run_activity("counts_until_drained", 1);
  EXPECT_EQ(await_end().handed_back, 0U);
  EXPECT_EQ(server.count<completed>(), 1U);
}

TEST_F(invocations, do_not_begin_what_must_not_be_interrupted_and_does_not_fit) {
  auto with = app();
  with.uninterruptible("quick_one");
  use(near_deadline(quick(std::move(with))));
  auto long_one = activity_task("quick_one");
  long_one.mutable_start_to_close_timeout()->set_seconds(60);
  server.give(queue::activity, long_one);
  begin(until_deadline(5s));
  EXPECT_EQ(finish().handed_back, 1U);
  ASSERT_EQ(server.count<failed>(), 1U);
  // It comes back when this invocation is over.
  EXPECT_GE(server.seen<failed>().front().failure().application_failure_info().next_retry_delay().seconds(), 2);
  EXPECT_EQ(server.count<completed>(), 0U);

  auto short_one = activity_task("quick_one");
  short_one.mutable_start_to_close_timeout()->set_seconds(1);
  server.give(queue::activity, short_one);
  begin(until_deadline(5s));
  EXPECT_EQ(finish().handed_back, 0U);
  EXPECT_EQ(server.count<completed>(), 1U);
}

TEST_F(invocations, break_off_completions_that_the_server_does_not_take) {
  use(near_deadline(quick(app())));
  server.hang<completion>();
  add_run("order").offer();
  const auto what = until_deadline(3500ms);
  begin(what);
  EXPECT_EQ(await_end().reason, end_reason::deadline);
  EXPECT_LT(clock::now(), *what.deadline);
  EXPECT_EQ(host->running(), 0U);
}

TEST_F(invocations, stop_soon_when_they_are_told_to) {
  auto how = quick(app());
  how.stop_grace = 200ms;
  use(std::move(how));
  std::stop_source sigterm;
  serverless::invocation what;
  what.stop = sigterm.get_token();
  begin(what);
  run_activity("counts_until_drained");
  std::thread([&] { sigterm.request_stop(); }).join();
  const auto& done = await_end();
  EXPECT_EQ(done.reason, end_reason::stopped);
  EXPECT_EQ(done.handed_back, 1U);
  expect_last_goodbye();
}

TEST_F(invocations, lose_no_poll_when_the_server_ends_them) {
  server.about_namespace.mutable_namespace_info()->mutable_capabilities()->set_worker_poll_complete_on_shutdown(true);
  server.answer<goodbye, service::ShutdownWorkerResponse>([this](const auto&, auto&) {
    server.end_polls();
    return rondo::rpc_status();
  });
  use(quick(app()));
  std::stop_source sigterm;
  serverless::invocation what;
  what.stop = sigterm.get_token();
  begin(what);
  ASSERT_TRUE(until([&] { return server.waiting() == 3; }));
  sigterm.request_stop();
  EXPECT_EQ(await_end().lost_polls, 0U);
  EXPECT_EQ(server.count<goodbye>(), 1U);
}

// What is too little, or wrong

TEST_F(invocations, fail_at_once_when_there_is_no_time) {
  use(quick(app()));
  const auto& done = invoke(until_deadline(7900ms));
  EXPECT_EQ(done.reason, end_reason::error);
  EXPECT_EQ(done.error_type, "Runtime.NotEnoughTime");
  EXPECT_NE(done.error.find("7000 ms"), std::string::npos) << done.error;
  EXPECT_EQ(polls(), 0U);
  EXPECT_EQ(logged("little time"), 0U);
}

TEST_F(invocations, warn_once_when_there_is_little_time) {
  use(quick(app()));
  EXPECT_EQ(invoke(until_deadline(11s)).reason, end_reason::idle);
  EXPECT_EQ(logged("the timeout leaves little time"), 1U);
  EXPECT_EQ(invoke(until_deadline(60s)).reason, end_reason::idle);
  EXPECT_EQ(logged("the timeout leaves little time"), 1U);
}

TEST_F(invocations, refuse_a_version_that_is_not_theirs) {
  auto how = quick(app());
  how.version = {"shop", "v1"};
  use(std::move(how));
  serverless::invocation what;
  what.wanted = {"shop", "v2"};
  const auto& done = invoke(what);
  EXPECT_EQ(done.error_type, "Runtime.WrongVersion");
  EXPECT_NE(done.error.find("shop.v2"), std::string::npos);
  EXPECT_NE(done.error.find("shop.v1"), std::string::npos);
  EXPECT_EQ(polls(), 0U);
  what.wanted = {"shop", "v1"};
  EXPECT_EQ(invoke(what).reason, end_reason::idle);
}

TEST_F(invocations, report_a_server_that_refuses_the_worker) {
  server.fail<service::DescribeNamespaceRequest>(rondo::rpc_code::not_found, "no such namespace");
  use(quick(app()));
  const auto& done = invoke();
  EXPECT_EQ(done.error_type, "Runtime.ServerError");
  EXPECT_NE(done.error.find("namespace 'shop'"), std::string::npos) << done.error;
  EXPECT_EQ(polls(), 0U);
}

TEST_F(invocations, do_not_wait_beyond_their_time_for_a_server_that_hangs) {
  use(near_deadline(quick(app())));
  server.hang<service::DescribeNamespaceRequest>();
  const auto what = until_deadline(1500ms);
  begin(what);
  EXPECT_EQ(await_end().error_type, "Runtime.ServerError");
  EXPECT_LT(clock::now(), *what.deadline);
}

TEST_F(invocations, do_not_wait_beyond_their_time_for_a_connection) {
  // Takes connections, and never says a word.
  asio::io_context silence;
  asio::ip::tcp::acceptor acceptor(silence, {asio::ip::address_v4::loopback(), 0});
  auto how = near_deadline(quick(app()));
  how.client.target = "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  int hooks = 0;
  how.on_shutdown([&hooks] { ++hooks; });
  const auto what = until_deadline(1500ms);
  const auto done = serverless::run_once(std::move(how), what);
  EXPECT_LT(clock::now(), *what.deadline);
  EXPECT_EQ(done.reason, end_reason::error);
  EXPECT_EQ(done.error_type, "Runtime.ServerError");
  EXPECT_EQ(hooks, 1);
}

// One after another

TEST_F(invocations, of_a_process_share_what_they_have_in_memory) {
  use(quick(app()));
  add_run("order").offer();
  invoke();
  EXPECT_EQ(server.count<completion>(), 1U);
  const auto first = server.seen<goodbye>().front();
  run->offer_sticky();
  const auto& done = invoke();
  EXPECT_FALSE(done.cold);
  // The task came with nothing but what is new, and the run was there.
  EXPECT_EQ(server.count<completion>(), 2U);
  EXPECT_EQ(server.count<service::GetWorkflowExecutionHistoryRequest>(), 0U);
  const auto second = server.seen<goodbye>().back();
  EXPECT_EQ(first.sticky_task_queue(), second.sticky_task_queue());
  EXPECT_NE(first.worker_instance_key(), second.worker_instance_key());
  EXPECT_EQ(server.count<service::DescribeNamespaceRequest>(), 1U);
  expect_last_goodbye(2);
}

TEST_F(invocations, that_are_short_have_no_sticky_queue) {
  use(quick(app()));
  const auto sticky_polls = [this] {
    const auto all = server.seen<workflow_poll>();
    return std::count_if(all.begin(), all.end(),
                         [](const auto& each) { return each.task_queue().kind() == enums::TASK_QUEUE_KIND_STICKY; });
  };
  add_run("order").offer();
  EXPECT_FALSE(invoke(until_deadline(20s)).sticky_shutdown);
  EXPECT_EQ(sticky_polls(), 0);
  ASSERT_EQ(server.count<completion>(), 1U);
  EXPECT_FALSE(server.seen<completion>().front().has_sticky_attributes());
  EXPECT_EQ(server.seen<goodbye>().front().sticky_task_queue(), "");
  EXPECT_TRUE(invoke(until_deadline(60s)).sticky_shutdown);
  EXPECT_GT(sticky_polls(), 0);
}

TEST_F(invocations, leave_their_sticky_queue_while_they_still_poll_it) {
  auto how = near_deadline(quick(app()));
  how.limits.stop_timeout = 5s;
  const auto from = clock::now();
  // Polls can begin within the next half second.
  const auto times = serverless::plan(from + 6800ms, from, how.limits);
  auto runs = std::make_shared<rondo::detail::worker::run_store>(how.registry, how.worker.logger, 10, "sticky");
  const std::stop_source no_stop;
  serverless::session one(*loop, how, no_stop.get_token(), server.connection, runs, worker_options_of(how, {}), times);
  add_run("order").offer();
  std::optional<end_reason> end;
  asio::co_spawn(loop->executor(), one.run(), [&](const std::exception_ptr&, end_reason why) { end = why; });
  ASSERT_TRUE(until([&] { return server.count<goodbye>() == 1; }));
  EXPECT_EQ(server.seen<goodbye>().front().sticky_task_queue(), "sticky");
  EXPECT_FALSE(end);
  EXPECT_GT(server.waiting(), 0U);
  EXPECT_FALSE(one.expect_work());
  run->offer_sticky();
  ASSERT_TRUE(until([&] {
    server.end_polls();
    return end.has_value();
  }));
  EXPECT_EQ(*end, end_reason::deadline);
  EXPECT_EQ(server.count<goodbye>(), 1U);
  ASSERT_EQ(server.count<completion>(), 2U) << "the polls under way still bring tasks";
  EXPECT_TRUE(server.seen<completion>().front().has_sticky_attributes());
  EXPECT_FALSE(server.seen<completion>().back().has_sticky_attributes());
}

TEST_F(invocations, at_the_same_time_have_a_sticky_queue_each) {
  use(quick(app()));
  begin();
  ASSERT_TRUE(until([&] { return server.waiting() == 3; }));
  std::optional<serverless::report> other;
  asio::co_spawn(loop->executor(), host->run({}),
                 [&](const std::exception_ptr&, serverless::report made) { other = std::move(made); });
  ASSERT_TRUE(until([&] { return server.waiting() == 6; }));
  finish();
  ASSERT_TRUE(until([&] { return other.has_value(); }));
  ASSERT_EQ(server.count<goodbye>(), 2U);
  EXPECT_NE(server.seen<goodbye>().front().sticky_task_queue(), server.seen<goodbye>().back().sticky_task_queue());
}

TEST_F(invocations, are_known_to_the_server_by_their_request) {
  use(quick(app()));
  serverless::invocation what;
  what.request_id = "abc";
  what.resource = "arn:aws:lambda:f";
  invoke(what);
  EXPECT_EQ(server.seen<goodbye>().front().identity(), "abc@arn:aws:lambda:f");
  auto named = quick(app());
  named.client.identity = "mine";
  use(std::move(named));
  invoke(what);
  EXPECT_EQ(server.seen<goodbye>().back().identity(), "tester") << "the identity of the connection";
  EXPECT_EQ(report->request_id, "abc");
}

}  // namespace runner_test_cases
