#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/worker_fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/interceptor.hpp"

namespace worker_activity_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace activity = rondo::activity;
using rondo::cancel_reason;
using rondo::rpc_code;
using completed = service::RespondActivityTaskCompletedRequest;
using failed = service::RespondActivityTaskFailedRequest;
using cancelled = service::RespondActivityTaskCanceledRequest;
using heartbeat = service::RecordActivityTaskHeartbeatRequest;
using heartbeat_answer = service::RecordActivityTaskHeartbeatResponse;
using task = service::PollActivityTaskQueueResponse;

/// What the activities of these tests do, and what they saw.
class bench {
 public:
  int add(int left, int right) { return left + right; }
  std::string wordy() { return std::string(500, 'x'); }
  void throws() { throw std::out_of_range("too far"); }
  void throws_nothing_known() { throw 42; }
  void misses() { throw rondo::application_failure("not there yet", {.category = rondo::failure_category::benign}); }
  void refuses() {
    rondo::application_failure failure("bad order", {.type = "Invalid", .non_retryable = true, .next_retry_delay = 3s});
    rondo::payload_collector details;
    rondo::encode_all(details, std::string("more"), 7);
    failure.set_details(details.take());
    throw failure;
  }
  /// Beats, waits for the test, and ends as it is told.
  void beats(int times, std::string end) {
    for (int beat = 1; beat <= times; ++beat) activity::heartbeat(beat);
    beaten.set_value();
    go.get_future().wait();
    if (end == "throw") throw std::runtime_error("died");
  }
  /// Ends when it is told to stop: as cancelled, with an error of its own, or not caring.
  int until_stopped(std::string end) {
    activity::heartbeat();
    while (!activity::stop_token().stop_requested()) std::this_thread::yield();
    reason = activity::cancel_reason();
    if (end == "error") throw std::runtime_error("no time left");
    if (end == "cancelled") activity::throw_if_cancelled();
    return 1;
  }
  asio::awaitable<void> waits() {
    activity::heartbeat();
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
  }
  asio::awaitable<std::string> interleaves(int rounds) {
    const std::string mine = activity::info().activity_id;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (int round = 0; round < rounds; ++round) {
      order.push_back(mine);
      timer.expires_after(1ms);
      co_await timer.async_wait(asio::use_awaitable);
      if (activity::info().activity_id != mine) throw std::logic_error("this is " + activity::info().activity_id);
    }
    co_return mine;
  }
  /// Ends before what it has begun.
  asio::awaitable<int> leaves_a_beat_behind() {
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, beat_later(), asio::detached);
    co_return 1;
  }
  asio::awaitable<void> beat_later() {
    asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
    co_await timer.async_wait(asio::use_awaitable);
    activity::heartbeat(7);
    beaten.set_value();
  }
  void leaves() { activity::complete_async(); }
  asio::awaitable<void> leaves_coroutine() {
    activity::complete_async();
    co_return;
  }
  /// Tells what it knows about itself.
  std::vector<std::string> about() {
    const auto& info = activity::info();
    return {info.activity_id,
            info.activity_type,
            info.task_queue,
            info.namespace_,
            info.workflow_id,
            info.run_id,
            info.workflow_type,
            info.task_token,
            std::to_string(info.attempt),
            std::to_string(activity::heartbeat_details<int>().value_or(0))};
  }
  /// Counts how many run at once.
  void crowds() {
    const int now = ++running;
    int seen = most.load();
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    gate.wait();
    --running;
  }

  std::promise<void> beaten, go;
  std::atomic<cancel_reason> reason = cancel_reason::none;
  std::vector<std::string> order;
  std::atomic<int> running = 0, most = 0;
  std::shared_future<void> gate;
};

class worker_activity : public worker_test {
 protected:
  rondo::registry app() {
    rondo::registry made;
    made.activity<&bench::add>(tools).activity<&bench::wordy>(tools).activity<&bench::throws>(tools);
    made.activity<&bench::throws_nothing_known>(tools).activity<&bench::refuses>(tools).activity<&bench::beats>(tools);
    made.activity<&bench::until_stopped>(tools).activity<&bench::waits>(tools).activity<&bench::interleaves>(tools);
    made.activity<&bench::misses>(tools)
        .activity<&bench::leaves>(tools)
        .activity<&bench::leaves_a_beat_behind>(tools)
        .activity<&bench::leaves_coroutine>(tools)
        .activity<&bench::about>(tools);
    return made.activity<&bench::crowds>(tools);
  }
  static task make(const std::string& type, const std::vector<std::string>& arguments = {},
                   const std::string& id = "1") {
    task made;
    made.set_task_token("token-" + id);
    made.set_activity_id(id);
    made.mutable_activity_type()->set_name(type);
    made.set_workflow_namespace("shop");
    made.mutable_workflow_execution()->set_workflow_id("w");
    made.mutable_workflow_execution()->set_run_id("r");
    made.mutable_workflow_type()->set_name("order");
    made.set_attempt(1);
    for (const auto& json : arguments) add_json(*made.mutable_input(), json);
    return made;
  }
  static void add_json(engine::Payloads& to, const std::string& json) {
    auto& added = *to.add_payloads();
    (*added.mutable_metadata())["encoding"] = "json/plain";
    added.set_data(json);
  }
  void give(const task& what) { server.give(queue::activity, what); }
  /// Heartbeats are answered so from now on.
  void answer_heartbeats(const std::function<void(heartbeat_answer&)>& fill) {
    server.answer<heartbeat, heartbeat_answer>([fill](const heartbeat&, heartbeat_answer& answer) {
      fill(answer);
      return rondo::rpc_status();
    });
  }
  /// Runs the activity to its report, which must be of this kind, and to the end of it.
  template <class Report>
  Report report_of(const task& what) {
    const auto before = server.count<Report>();
    give(what);
    if (!until([&] { return server.count<Report>() > before && idle(); })) {
      ADD_FAILURE() << "no such report";
      return {};
    }
    return server.seen<Report>().back();
  }
  /// No report has been sent, nor is one to come: everything is idle.
  void expect_no_report() {
    ASSERT_TRUE(until([&] { return server.left(queue::activity) == 0 && idle(); }));
    settle();
    EXPECT_EQ(server.count<completed>() + server.count<failed>() + server.count<cancelled>(), 0U);
  }

  bench tools;
};

// Results and failures

TEST_F(worker_activity, reports_its_result) {
  start(app());
  const auto report = report_of<completed>(make("add", {"2", "3"}));
  EXPECT_EQ(report.result().payloads(0).data(), "5");
  EXPECT_EQ(report.task_token(), "token-1");
  EXPECT_EQ(report.namespace_(), "shop");
  EXPECT_EQ(report.identity(), "tester");
  EXPECT_EQ(report.resource_id(), "workflow:w");
}

TEST_F(worker_activity, knows_about_itself) {
  start(app());
  auto given = make("about", {}, "7");
  given.set_attempt(3);
  add_json(*given.mutable_heartbeat_details(), "41");
  EXPECT_EQ(report_of<completed>(given).result().payloads(0).data(),
            R"(["7","about","queue","shop","w","r","order","token-7","3","41"])");
}

TEST_F(worker_activity, what_it_throws_is_its_failure) {
  start(app());
  const auto plain = report_of<failed>(make("throws")).failure();
  EXPECT_EQ(plain.message(), "too far");
  EXPECT_EQ(plain.application_failure_info().type(), "std::out_of_range");
  EXPECT_FALSE(plain.application_failure_info().non_retryable());
  report_of<failed>(make("throws_nothing_known"));
  const auto own = report_of<failed>(make("refuses")).failure();
  EXPECT_EQ(own.message(), "bad order");
  EXPECT_EQ(own.application_failure_info().type(), "Invalid");
  EXPECT_TRUE(own.application_failure_info().non_retryable());
  EXPECT_EQ(own.application_failure_info().next_retry_delay().seconds(), 3);
  ASSERT_EQ(own.application_failure_info().details().payloads_size(), 2);
  EXPECT_EQ(own.application_failure_info().details().payloads(1).data(), "7");
}

TEST_F(worker_activity, a_failure_that_is_none_of_note_is_told_to_the_server_alone) {
  start(app());
  const auto told = report_of<failed>(make("misses")).failure();
  EXPECT_EQ(told.application_failure_info().category(), temporal::api::enums::v1::APPLICATION_ERROR_CATEGORY_BENIGN);
  EXPECT_FALSE(log->contains("not there yet"));
  report_of<failed>(make("throws"));
  EXPECT_TRUE(log->contains("too far")) << "others are logged";
}

TEST_F(worker_activity, a_type_that_nobody_knows_names_those_that_are_known) {
  rondo::registry two;
  two.activity<&bench::add>(tools).activity<&bench::wordy>(tools);
  start(two);
  const auto report = report_of<failed>(make("ad"));
  EXPECT_EQ(report.failure().message(),
            "activity type 'ad' is not registered with this worker; registered: [add, wordy]");
  EXPECT_FALSE(report.failure().application_failure_info().non_retryable());
}

TEST_F(worker_activity, arguments_that_cannot_be_read_are_a_failure) {
  start(app());
  report_of<failed>(make("add", {R"("two")", "3"}));
  report_of<failed>(make("add", {"2"}));
  report_of<failed>(make("interleaves", {R"("two")"}));
}

TEST_F(worker_activity, a_result_larger_than_the_server_takes_is_a_failure) {
  server.about_namespace.mutable_namespace_info()->mutable_limits()->set_blob_size_limit_error(100);
  start(app());
  EXPECT_EQ(report_of<failed>(make("wordy")).failure().application_failure_info().type(), "PayloadsTooLarge");
  EXPECT_EQ(server.count<completed>(), 0U);
}

TEST_F(worker_activity, a_report_is_repeated_until_the_server_takes_or_refuses_it) {
  start(app());
  server.fail<completed>(rpc_code::unavailable, "later", 2);
  server.lose_answer<completed>();
  give(make("add", {"2", "3"}));
  ASSERT_TRUE(until([&] { return server.count<completed>() == 4 && idle(); }));
  server.fail<completed>(rpc_code::not_found);
  give(make("add", {"2", "3"}));
  ASSERT_TRUE(until([&] { return server.count<completed>() == 5 && idle(); }));
  server.fail<completed>(rpc_code::permission_denied);
  give(make("add", {"2", "3"}));
  ASSERT_TRUE(until([&] { return server.count<completed>() == 6 && idle(); }));
  EXPECT_EQ(server.count<failed>(), 0U);
}

TEST_F(worker_activity, that_is_completed_elsewhere_reports_nothing) {
  start(app());
  give(make("leaves"));
  give(make("leaves_coroutine"));
  expect_no_report();
}

// Cancellation

TEST_F(worker_activity, is_cancelled_by_the_answer_to_a_heartbeat) {
  answer_heartbeats([](heartbeat_answer& answer) {
    answer.set_cancel_requested(true);
    answer.set_activity_paused(true);
    answer.set_activity_reset(true);
  });
  start(app());
  EXPECT_EQ(report_of<cancelled>(make("until_stopped", {R"("cancelled")"})).task_token(), "token-1");
  EXPECT_EQ(tools.reason, cancel_reason::cancel_requested);
  EXPECT_EQ(report_of<cancelled>(make("waits")).task_token(), "token-1");
  const auto beat = server.seen<heartbeat>().front();
  EXPECT_EQ(beat.task_token(), "token-1");
  EXPECT_EQ(beat.namespace_(), "shop");
  EXPECT_EQ(beat.identity(), "tester");
}

TEST_F(worker_activity, may_end_as_it_likes_after_a_cancellation) {
  answer_heartbeats([](heartbeat_answer& answer) { answer.set_cancel_requested(true); });
  start(app());
  EXPECT_EQ(report_of<failed>(make("until_stopped", {R"("error")"})).failure().message(), "no time left");
  EXPECT_EQ(report_of<completed>(make("until_stopped", {R"("result")"})).result().payloads(0).data(), "1");
}

TEST_F(worker_activity, paused_and_reset_attempts_fail_so_that_they_can_come_again) {
  start(app());
  answer_heartbeats([](heartbeat_answer& answer) { answer.set_activity_paused(true); });
  EXPECT_EQ(report_of<failed>(make("until_stopped", {R"("cancelled")"})).failure().application_failure_info().type(),
            "ActivityPause");
  EXPECT_EQ(tools.reason, cancel_reason::paused);
  answer_heartbeats([](heartbeat_answer& answer) {
    answer.set_activity_paused(true);
    answer.set_activity_reset(true);
  });
  EXPECT_EQ(report_of<failed>(make("waits")).failure().application_failure_info().type(), "ActivityReset");
}

TEST_F(worker_activity, that_the_server_does_not_know_any_more_reports_nothing) {
  start(app());
  server.fail<heartbeat>(rpc_code::not_found, "gone", 2);
  give(make("until_stopped", {R"("cancelled")"}));
  give(make("waits"));
  expect_no_report();
  EXPECT_EQ(tools.reason, cancel_reason::not_found);
}

TEST_F(worker_activity, that_is_out_of_time_is_told_and_reports_nothing) {
  start(app());
  auto slow = make("until_stopped", {R"("result")"});
  slow.mutable_start_to_close_timeout()->set_nanos(30'000'000);
  give(slow);
  auto late = make("waits");
  late.mutable_scheduled_time()->set_seconds(1000);
  late.mutable_started_time()->set_seconds(1010);
  late.mutable_start_to_close_timeout()->set_seconds(60);
  late.mutable_schedule_to_close_timeout()->set_seconds(10);
  late.mutable_schedule_to_close_timeout()->set_nanos(30'000'000);
  give(late);
  expect_no_report();
  EXPECT_EQ(tools.reason, cancel_reason::timed_out);
}

TEST_F(worker_activity, its_time_does_not_depend_on_the_servers_clock) {
  start(app());
  auto given = make("interleaves", {"3"});
  given.mutable_started_time()->set_seconds(1000);
  given.mutable_scheduled_time()->set_seconds(1000);
  given.mutable_start_to_close_timeout()->set_seconds(10);
  given.mutable_schedule_to_close_timeout()->set_seconds(60);
  EXPECT_EQ(report_of<completed>(given).result().payloads(0).data(), R"("1")");
}

// Heartbeats

TEST_F(worker_activity, the_first_heartbeat_is_sent_at_once_and_later_the_newest) {
  start(app());
  auto given = make("beats", {"3", R"("return")"});
  given.mutable_heartbeat_timeout()->set_nanos(50'000'000);
  give(given);
  ASSERT_TRUE(until_seen<heartbeat>(2));
  const auto seen = server.seen<heartbeat>();
  EXPECT_EQ(seen[0].details().payloads(0).data(), "1");
  EXPECT_EQ(seen[1].details().payloads(0).data(), "3");
  tools.go.set_value();
  ASSERT_TRUE(until([&] { return server.count<completed>() == 1 && idle(); }));
  EXPECT_EQ(server.count<heartbeat>(), 2U);
}

TEST_F(worker_activity, a_failure_carries_the_newest_details) {
  start(app());
  tools.go.set_value();
  const auto report = report_of<failed>(make("beats", {"3", R"("throw")"}));
  EXPECT_EQ(server.count<heartbeat>(), 1U);
  ASSERT_EQ(report.last_heartbeat_details().payloads_size(), 1);
  EXPECT_EQ(report.last_heartbeat_details().payloads(0).data(), "3");
}

/// Adds a hundred to each heartbeat, and refuses the fourth.
class beat_changer final : public rondo::activity_interceptor {
 public:
  explicit beat_changer(std::vector<std::string>& to) : seen_(to) {}
  void heartbeat(rondo::payload_list& details) override {
    seen_.push_back(details.at(0).data);
    if (details[0].data == "4") throw std::runtime_error("no fourth");
    details[0].data = std::to_string(std::stoi(details[0].data) + 100);
  }

 private:
  std::vector<std::string>& seen_;
};
class beat_changers final : public rondo::worker_interceptor {
 public:
  std::unique_ptr<rondo::activity_interceptor> intercept_activity(const rondo::activity_info& /*about*/) override {
    return std::make_unique<beat_changer>(seen);
  }
  std::vector<std::string> seen;
};

TEST_F(worker_activity, interceptors_see_and_change_every_heartbeat) {
  const auto all = std::make_shared<beat_changers>();
  auto how = options();
  how.interceptors = {all};
  start(app(), how);
  tools.go.set_value();
  const auto report = report_of<failed>(make("beats", {"9", R"("return")"}));
  EXPECT_EQ(all->seen, (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_EQ(report.failure().message(), "no fourth");
  EXPECT_EQ(server.seen<heartbeat>().at(0).details().payloads(0).data(), "101");
  EXPECT_EQ(report.last_heartbeat_details().payloads(0).data(), "103");
}

TEST_F(worker_activity, interceptors_do_not_see_what_comes_after_the_end) {
  const auto all = std::make_shared<beat_changers>();
  auto how = options();
  how.interceptors = {all};
  start(app(), how);
  report_of<completed>(make("leaves_a_beat_behind"));
  auto beaten = tools.beaten.get_future();
  ASSERT_TRUE(until([&beaten] { return beaten.wait_for(0s) == std::future_status::ready; }));
  EXPECT_TRUE(all->seen.empty());
}

TEST_F(worker_activity, a_newer_heartbeat_follows_a_slow_one) {
  server.hang<heartbeat>();
  auto how = options();
  how.default_heartbeat_throttle_interval = 0s;
  start(app(), how);
  give(make("beats", {"3", R"("return")"}));
  ASSERT_TRUE(until_seen<heartbeat>());
  const auto beaten = tools.beaten.get_future();
  beaten.wait();
  settle();
  EXPECT_EQ(server.count<heartbeat>(), 1U) << "one at a time";
  server.release<heartbeat>();
  ASSERT_TRUE(until_seen<heartbeat>(2));
  EXPECT_EQ(server.seen<heartbeat>().back().details().payloads(0).data(), "3");
  tools.go.set_value();
}

TEST_F(worker_activity, a_failure_carries_details_that_are_still_under_way) {
  server.hang<heartbeat>();
  start(app());
  tools.go.set_value();
  const auto report = report_of<failed>(make("beats", {"1", R"("throw")"}));
  EXPECT_EQ(server.count<heartbeat>(), 1U);
  ASSERT_EQ(report.last_heartbeat_details().payloads_size(), 1);
  EXPECT_EQ(report.last_heartbeat_details().payloads(0).data(), "1");
  server.release<heartbeat>();
  settle();
}

TEST_F(worker_activity, a_failure_without_a_heartbeat_leaves_the_details_alone) {
  start(app());
  auto given = make("throws");
  add_json(*given.mutable_heartbeat_details(), "41");
  EXPECT_FALSE(report_of<failed>(given).has_last_heartbeat_details());
}

TEST_F(worker_activity, heartbeats_that_fail_do_not_stop_it) {
  start(app());
  server.fail<heartbeat>(rpc_code::permission_denied);
  tools.go.set_value();
  report_of<completed>(make("beats", {"3", R"("return")"}));
}

// Several at once

TEST_F(worker_activity, coroutines_take_turns_and_each_knows_itself) {
  start(app());
  give(make("interleaves", {"5"}, "a"));
  give(make("interleaves", {"5"}, "b"));
  ASSERT_TRUE(until([&] { return server.count<completed>() == 2 && idle(); }));
  std::map<std::string, std::string> results;
  for (const auto& each : server.seen<completed>()) results[each.task_token()] = each.result().payloads(0).data();
  EXPECT_EQ(results["token-a"], R"("a")");
  EXPECT_EQ(results["token-b"], R"("b")");
  EXPECT_NE(tools.order, (std::vector<std::string>{"a", "a", "a", "a", "a", "b", "b", "b", "b", "b"}));
  EXPECT_EQ(server.count<failed>(), 0U);
}

TEST_F(worker_activity, there_are_never_more_than_slots) {
  std::promise<void> open;
  tools.gate = open.get_future().share();
  start(app());
  for (int i = 0; i < 5; ++i) give(make("crowds"));
  ASSERT_TRUE(until([&] { return tools.running == 2; }));
  settle();
  EXPECT_EQ(server.left(queue::activity), 3U);
  EXPECT_EQ(worker->session().in_flight().activities, 2U);
  open.set_value();
  ASSERT_TRUE(until([&] { return server.count<completed>() == 5 && idle(); }));
  EXPECT_EQ(tools.most, 2);
}

TEST_F(worker_activity, starts_are_limited) {
  auto how = options();
  how.max_activities_per_second = 0.0001;
  begin(app(), how);
  give(make("add", {"2", "3"}));
  give(make("add", {"2", "3"}));
  ASSERT_TRUE(until_seen<completed>());
  settle();
  EXPECT_EQ(server.left(queue::activity), 1U);
  EXPECT_EQ(server.count<service::PollActivityTaskQueueRequest>(), 1U);
  stop();
  EXPECT_EQ(server.left(queue::activity), 1U);
}

}  // namespace worker_activity_test
