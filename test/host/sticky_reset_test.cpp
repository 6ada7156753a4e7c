#include "rondo/detail/worker/sticky_reset.hpp"
#include "rondo/detail/worker/session.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "host/worker_fixture.hpp"
#include "rondo/activity.hpp"

// Servers that do not know ShutdownWorker are told run by run that the worker is gone.
namespace rondo::test {
namespace sticky_reset_test {

using namespace std::chrono_literals;
using goodbye = service::ShutdownWorkerRequest;
using reset = service::ResetStickyTaskQueueRequest;

rondo::task<int> waits() {
  co_await workflow::sleep(1h);
  co_return 1;
}
rondo::task<int> ends() { co_return 1; }

class sticky_resets : public worker_test {
 protected:
  static rondo::registry app() {
    rondo::registry made;
    return made.workflow<waits>().workflow<ends>();
  }
  /// The server does not know goodbyes; the worker has done a task of each of the runs.
  void work_on(int runs, worker_options how = options()) {
    server.fail<goodbye>(rpc_code::unimplemented);
    start(app(), how);
    for (int i = 0; i < runs; ++i) add_run("run-" + std::to_string(i), history_builder("waits")).offer();
    ASSERT_TRUE(until([&] { return completions() == static_cast<std::size_t>(runs) && idle(); }));
  }
  std::size_t resets() const { return server.count<reset>(); }
};

TEST_F(sticky_resets, once_for_each_run_in_memory) {
  work_on(20);
  add_run("ended", history_builder("ends")).offer();
  ASSERT_TRUE(until([this] { return completions() == 21 && idle(); }));
  EXPECT_EQ(resets(), 0U);
  stop();
  EXPECT_EQ(server.count<goodbye>(), 1U);
  std::set<std::string> told;
  for (const auto& each : server.seen<reset>()) {
    EXPECT_EQ(each.namespace_(), "shop");
    EXPECT_EQ(each.execution().workflow_id(), "workflow-" + each.execution().run_id());
    told.insert(each.execution().run_id());
  }
  EXPECT_EQ(resets(), 20U);
  EXPECT_EQ(told.size(), 20U);
  EXPECT_FALSE(told.contains("ended"));
  EXPECT_EQ(server.calls().back(), "ResetStickyTaskQueue");
}

TEST_F(sticky_resets, none_at_servers_that_know_goodbyes) {
  start(app());
  add_run("a", history_builder("waits")).offer();
  ASSERT_TRUE(until([this] { return completions() == 1 && idle(); }));
  stop();
  EXPECT_EQ(server.count<goodbye>(), 1U);
  EXPECT_EQ(resets(), 0U);
}

TEST_F(sticky_resets, none_when_a_goodbye_fails_for_another_reason) {
  start(app());
  add_run("a", history_builder("waits")).offer();
  ASSERT_TRUE(until([this] { return completions() == 1 && idle(); }));
  server.fail<goodbye>(rpc_code::unavailable);
  stop();
  EXPECT_EQ(resets(), 0U);
}

TEST_F(sticky_resets, none_without_a_sticky_queue) {
  auto how = options();
  how.max_cached_workflows = 0;
  work_on(3, how);
  stop();
  EXPECT_EQ(server.count<goodbye>(), 1U);
  EXPECT_EQ(resets(), 0U);
}

TEST_F(sticky_resets, none_when_time_has_run_out_before) {
  work_on(3);
  server.hang<service::GetWorkflowExecutionHistoryRequest>();
  auto& run = add_run("hangs", history_builder("waits"));
  run.cuts = {1};
  run.offer();
  ASSERT_TRUE(until_seen<service::GetWorkflowExecutionHistoryRequest>());
  stop();
  EXPECT_EQ(server.count<goodbye>(), 1U);
  EXPECT_EQ(resets(), 0U);
}

TEST_F(sticky_resets, no_longer_than_there_is_time) {
  work_on(20);
  server.hang<reset>();
  auto& parts = worker->session();
  std::optional<bool> taken;
  const auto end = [&]() -> asio::awaitable<void> {
    parts.stop_polling();
    co_await parts.wait_polls(io::steady_clock::now());
    taken = co_await parts.shut_down(20ms);
  };
  asio::co_spawn(loop->executor(), end(), asio::detached);
  EXPECT_TRUE(until([&] { return taken.has_value(); }));
  EXPECT_FALSE(*taken);
  // Those that hang; the others were not begun.
  EXPECT_EQ(resets(), 8U);
  stop();
  EXPECT_EQ(resets(), 8U);
}

TEST_F(sticky_resets, runs_that_the_server_does_not_know_any_more_are_fine) {
  work_on(2);
  server.fail<reset>(rpc_code::not_found);
  auto& parts = worker->session();
  std::optional<bool> taken;
  const auto end = [&]() -> asio::awaitable<void> {
    parts.stop_polling();
    co_await parts.wait_polls(io::steady_clock::now());
    taken = co_await parts.shut_down();
  };
  asio::co_spawn(loop->executor(), end(), asio::detached);
  EXPECT_TRUE(until([&] { return taken.has_value(); }));
  EXPECT_TRUE(*taken);
  EXPECT_EQ(resets(), 2U);
  stop();
}

TEST_F(sticky_resets, end_where_the_server_does_not_know_them_either) {
  work_on(20);
  server.fail<reset>(rpc_code::unimplemented, "unknown method", 20);
  stop();
  EXPECT_EQ(error, nullptr);
  // As many as are sent at once.
  EXPECT_EQ(resets(), 8U);
}

}  // namespace sticky_reset_test
}  // namespace rondo::test
