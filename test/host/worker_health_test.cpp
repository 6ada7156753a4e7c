#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "host/activity_fixture.hpp"
#include "rondo/detail/worker/health_board.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/detail/worker/task_limits.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/worker_health.hpp"
#include "support/history_builder.hpp"

namespace rondo::test::worker_health_test {

using namespace std::chrono_literals;
using beat = service::RecordWorkerHeartbeatRequest;

int one() { return 1; }
void breaks() { throw std::runtime_error("broken"); }

struct plain_workflow {
  task<int> run() { co_return 1; }
};

class worker_health_of : public activity_worker_test {
 protected:
  static registry app() { return registry().workflow<plain_workflow>().activity<one>().activity<breaks>(); }
  /// Notes what the callback is told.
  worker_options watched() {
    auto how = options();
    how.on_health = [this](const worker_health& now) { told.emplace_back(now.state, now.ready); };
    return how;
  }
  void list_workers() {
    server.about_namespace.mutable_namespace_info()->mutable_capabilities()->set_worker_heartbeats(true);
  }
  std::vector<std::pair<worker_state, bool>> told;
};

TEST_F(worker_health_of, tells_of_its_life) {
  using enum worker_state;
  begin(app(), watched());
  EXPECT_EQ(worker->health().state, created);
  EXPECT_TRUE(worker->health().live);
  EXPECT_FALSE(worker->health().ready);
  ASSERT_TRUE(until([this] { return idle(); }));
  const auto now = worker->health();
  EXPECT_EQ(now.state, running);
  EXPECT_TRUE(now.ready && now.live);
  EXPECT_EQ(now.problem, "");
  ASSERT_EQ(now.polls.size(), 3U);
  EXPECT_EQ(now.polls[0].kind, "activity");
  EXPECT_EQ(now.polls[0].pollers, 2U);
  EXPECT_FALSE(now.polls[0].last_answer.has_value());
  stop();
  EXPECT_EQ(worker->health().state, stopped);
  EXPECT_TRUE(worker->health().live);
  EXPECT_EQ(told, (std::vector<std::pair<worker_state, bool>>{
                      {starting, false}, {running, true}, {stopping, false}, {stopped, false}}));
}

TEST_F(worker_health_of, polls_that_fail_make_it_unready_until_they_succeed) {
  using enum worker_state;
  start(app(), watched());
  told.clear();
  server.fail<service::PollActivityTaskQueueRequest>(rpc_code::unavailable, "no route", 2);
  server.end_polls();
  ASSERT_TRUE(until([this] { return told.size() == 1; }));
  EXPECT_EQ(told.front(), std::pair(running, false));
  EXPECT_EQ(worker->health().problem, "activity polls fail: no route");
  EXPECT_TRUE(worker->health().live);
  ASSERT_TRUE(until([this] { return idle(); }));
  server.end_polls();
  ASSERT_TRUE(until([this] { return told.size() == 2 && idle(); }));
  EXPECT_EQ(told.back(), std::pair(running, true));
  EXPECT_TRUE(worker->health().polls[0].last_answer.has_value());
  EXPECT_EQ(worker->health().problem, "");
}

TEST_F(worker_health_of, a_refusal_for_good_is_told_once_and_ends_it) {
  using enum worker_state;
  auto how = watched();
  std::vector<std::string> fatal;
  how.on_fatal_error = [&](const rpc_error& failure) { fatal.emplace_back(failure.what()); };
  start(app(), how);
  server.connection->retries().numbers.fatal_grace = {};
  server.fail<service::PollActivityTaskQueueRequest>(rpc_code::invalid_argument, "no such thing", 2);
  server.end_polls();
  ASSERT_TRUE(until([this] { return ended; }));
  ASSERT_EQ(fatal.size(), 1U);
  EXPECT_NE(fatal.front().find("no such thing"), std::string::npos);
  EXPECT_THROW(std::rethrow_exception(error), rpc_error);
  EXPECT_EQ(worker->health().state, failed);
  EXPECT_FALSE(worker->health().live);
  EXPECT_EQ(worker->health().problem, "no such thing");
}

TEST_F(worker_health_of, one_that_cannot_start_has_failed) {
  server.fail<service::DescribeNamespaceRequest>(rpc_code::not_found);
  begin(app(), watched());
  ASSERT_TRUE(until([this] { return ended; }));
  EXPECT_EQ(worker->health().state, worker_state::failed);
  EXPECT_NE(worker->health().problem.find("'shop' does not exist"), std::string::npos);
}

TEST_F(worker_health_of, callbacks_that_throw_are_logged) {
  auto how = options();
  how.on_health = [](const worker_health&) { throw std::runtime_error("callback"); };
  start(app(), how);
  EXPECT_TRUE(log->contains("on_health threw an exception"));
}

TEST_F(worker_health_of, a_loop_that_does_not_go_on_is_not_alive) {
  start(app());
  detail::worker::health_board board(10s);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_TRUE(board.read(now + 1h).live);
  board.enter(worker->session(), worker_state::running);
  EXPECT_TRUE(board.read(now + 9s).ready);
  const auto later = board.read(now + 1h);
  EXPECT_FALSE(later.live || later.ready);
  EXPECT_EQ(later.problem, "the worker's loop does not go on");
  board.enter(worker->session(), worker_state::stopped);
  EXPECT_TRUE(board.read(now + 1h).live);
}

// Heartbeats

TEST_F(worker_health_of, heartbeats_tell_the_server_what_it_does) {
  list_workers();
  auto how = options();
  how.worker_heartbeat_interval = 1s;
  how.deployment.version = {.deployment_name = "shop", .build_id = "7"};
  how.deployment.use_versioning = false;
  start(app(), how);
  ASSERT_TRUE(until_seen<beat>());
  const auto first = server.seen<beat>().front().worker_heartbeat(0);
  report_of<completed>(make("one"));
  report_of<failed>(make("breaks"));
  const auto before = server.count<beat>();
  ASSERT_TRUE(until([&] { return server.count<beat>() > before; }));
  const auto all = server.seen<beat>();
  EXPECT_EQ(all.front().namespace_(), "shop");
  const auto& now = all.back().worker_heartbeat(0);
  EXPECT_EQ(first.worker_instance_key(), worker->session().instance_key());
  EXPECT_EQ(first.worker_identity(), "tester");
  EXPECT_EQ(first.task_queue(), "queue");
  EXPECT_EQ(first.sdk_name(), "rondo");
  EXPECT_EQ(first.deployment_version().build_id(), "7");
  EXPECT_EQ(first.status(), engine::enums::WORKER_STATUS_RUNNING);
  EXPECT_EQ(first.host_info().worker_grouping_key(), server.connection->grouping_key());
  EXPECT_FALSE(first.host_info().process_id().empty());
  EXPECT_FALSE(first.has_elapsed_since_last_heartbeat());
  EXPECT_TRUE(now.has_elapsed_since_last_heartbeat());
  EXPECT_EQ(first.activity_task_slots_info().total_processed_tasks(), 0);
  EXPECT_EQ(now.activity_task_slots_info().total_processed_tasks(), 2);
  EXPECT_EQ(now.activity_task_slots_info().total_failed_tasks(), 1);
  EXPECT_EQ(now.activity_task_slots_info().slot_supplier_kind(), "Fixed");
  // Slots that are held for polls are free.
  EXPECT_EQ(now.activity_task_slots_info().current_available_slots(), 2);
  EXPECT_EQ(now.activity_task_slots_info().current_used_slots(), 0);
  EXPECT_EQ(now.activity_poller_info().current_pollers(), 2);
  EXPECT_TRUE(now.activity_poller_info().has_last_successful_poll_time());
  EXPECT_EQ(now.workflow_poller_info().current_pollers(), 1);
  EXPECT_EQ(now.workflow_sticky_poller_info().current_pollers(), 1);
  stop();
  const auto last = server.seen<service::ShutdownWorkerRequest>().back().worker_heartbeat();
  EXPECT_EQ(last.status(), engine::enums::WORKER_STATUS_SHUTTING_DOWN);
  EXPECT_EQ(last.worker_instance_key(), first.worker_instance_key());
}

TEST_F(worker_health_of, heartbeats_end_at_a_server_that_does_not_know_them) {
  list_workers();
  server.fail<beat>(rpc_code::unimplemented, "unknown method");
  auto how = options();
  how.worker_heartbeat_interval = 1s;
  start(app(), how);
  ASSERT_TRUE(until_seen<beat>());
  stop();
  EXPECT_EQ(server.count<beat>(), 1U);
}

TEST_F(worker_health_of, heartbeats_are_sent_only_where_they_are_wanted) {
  start(app());
  stop();
  list_workers();
  auto how = options();
  how.worker_heartbeat_interval = {};
  start(app(), how);
  stop();
  EXPECT_EQ(server.count<beat>(), 0U);
  EXPECT_FALSE(server.seen<service::ShutdownWorkerRequest>().back().has_worker_heartbeat());
  how.worker_heartbeat_interval = 61s;
  EXPECT_THROW(rondo::worker(client::over(server.connection), app(), how), std::invalid_argument);
}

// Another client, slow tasks

TEST_F(worker_health_of, a_client_that_replaces_the_first_gets_the_calls_that_begin_later) {
  fake_server other(*loop);
  start(app());
  worker->replace_client(client::over(other.connection));
  settle();
  give(make("one"));
  ASSERT_TRUE(until([&] { return other.count<completed>() == 1; }));
  EXPECT_EQ(server.count<completed>(), 0U);
  // The poll that brought the task was the old one's; the next is the new one's.
  ASSERT_TRUE(until([&] { return other.waiting(queue::activity) == 1; }));
  EXPECT_EQ(server.waiting(queue::activity), 1U);
  server.end_polls();
  ASSERT_TRUE(until([&] { return other.waiting() == 4; }));
  stop();
  EXPECT_EQ(other.count<service::ShutdownWorkerRequest>(), 1U);
}

TEST_F(worker_health_of, a_client_of_another_loop_or_namespace_does_not_fit) {
  start(app());
  detail::io::event_loop elsewhere;
  fake_server other(elsewhere);
  EXPECT_THROW(worker->replace_client(client::over(other.connection)), std::invalid_argument);
}

TEST(task_limits, come_from_the_options_or_the_environment) {
  worker_options how;
  EXPECT_EQ(detail::worker::slow_after(how), 5s);
  EXPECT_EQ(detail::worker::stuck_after(how), 2s);
  setenv("TEMPORAL_WORKFLOW_TASK_DURATION_WARN_SECONDS", "0.5", 1);
  EXPECT_EQ(detail::worker::slow_after(how), 500ms);
  setenv("TEMPORAL_WORKFLOW_TASK_DURATION_WARN_SECONDS", "soon", 1);
  EXPECT_EQ(detail::worker::slow_after(how), 5s);
  unsetenv("TEMPORAL_WORKFLOW_TASK_DURATION_WARN_SECONDS");
  setenv("TEMPORAL_DEBUG", "1", 1);
  EXPECT_EQ(detail::worker::stuck_after(how), 0s);
  unsetenv("TEMPORAL_DEBUG");
}

TEST_F(worker_health_of, workflow_tasks_that_take_long_are_warned_of) {
  auto how = options();
  how.workflow_task_duration_warning = 1ns;
  start(app(), how);
  add_run("slow", history_builder("plain_workflow")).offer();
  ASSERT_TRUE(until([this] { return completions() == 1 && idle(); }));
  EXPECT_TRUE(log->contains("[TMPRL1104]"));
  EXPECT_TRUE(log->contains("run_id=slow"));
}

}  // namespace rondo::test::worker_health_test
