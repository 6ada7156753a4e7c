#include <gtest/gtest.h>
#include <temporal/api/nexusservices/workerservice/v1/request_response.pb.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <stop_token>
#include <string>
#include <thread>

#include "serverless/runner_fixture.hpp"

// What an invocation has to do with the other workers of its process: heartbeats and the server's commands.
namespace runner_group_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace activity = rondo::activity;
namespace serverless = rondo::serverless;
using serverless::end_reason;
using beat = service::RecordWorkerHeartbeatRequest;
using cancelled = service::RespondActivityTaskCanceledRequest;

int quick_one() { return 1; }
void until_cancelled() {
  bench->began.set_value();
  while (!activity::stop_token().stop_requested()) std::this_thread::yield();
  activity::throw_if_cancelled();
}

class invocations_of_a_group : public runner_test {
 protected:
  invocations_of_a_group() {
    capabilities().set_worker_heartbeats(true);
    capabilities().set_worker_commands(true);
  }
  temporal::api::namespace_::v1::NamespaceInfo::Capabilities& capabilities() {
    return *server.about_namespace.mutable_namespace_info()->mutable_capabilities();
  }
  static rondo::registry app() { return rondo::registry().activity<quick_one>().activity<until_cancelled>(); }
};

TEST_F(invocations_of_a_group, tell_the_server_of_themselves_and_of_their_end) {
  use(quick(app()));
  for (std::size_t count : {1U, 2U}) {
    EXPECT_EQ(invoke().reason, end_reason::idle);
    ASSERT_EQ(server.count<beat>(), count);
    ASSERT_EQ(server.count<goodbye>(), count);
    const auto first = server.seen<beat>().back().worker_heartbeat(0);
    const auto last = server.seen<goodbye>().back().worker_heartbeat();
    EXPECT_EQ(first.status(), enums::WORKER_STATUS_RUNNING);
    EXPECT_EQ(last.status(), enums::WORKER_STATUS_SHUTTING_DOWN);
    EXPECT_EQ(first.worker_instance_key(), last.worker_instance_key());
    EXPECT_EQ(server.waiting(queue::commands), 0U);
  }
}

TEST_F(invocations_of_a_group, say_nothing_where_nobody_wants_to_know) {
  capabilities().Clear();
  use(quick(app()));
  invoke();
  EXPECT_EQ(server.count<beat>(), 0U);
  EXPECT_EQ(server.count<service::PollNexusTaskQueueRequest>(), 0U);
  EXPECT_FALSE(server.seen<goodbye>().back().has_worker_heartbeat());
}

TEST_F(invocations_of_a_group, do_not_wait_for_heartbeats_that_the_server_does_not_take) {
  server.hang<beat>();
  use(quick(app()));
  EXPECT_EQ(invoke().reason, end_reason::idle);
  EXPECT_EQ(server.count<beat>(), 1U);
  EXPECT_EQ(report->lost_polls, 0U);
}

TEST_F(invocations_of_a_group, at_the_same_time_tell_of_themselves_with_one_call) {
  auto how = quick(app());
  how.worker.worker_heartbeat_interval = 1s;
  how.idle_timeout = 1h;
  use(how);
  std::stop_source stop;
  std::size_t ended = 0;
  for (int index = 0; index < 2; ++index) {
    serverless::invocation what;
    what.request_id = "request " + std::to_string(index);
    what.stop = stop.get_token();
    asio::co_spawn(loop->executor(), host->run(what), [&](const std::exception_ptr& error, const serverless::report&) {
      EXPECT_FALSE(error) << "an invocation threw";
      ++ended;
    });
  }
  const auto both = [this] {
    const auto all = server.seen<beat>();
    return !all.empty() && all.back().worker_heartbeat_size() == 2;
  };
  ASSERT_TRUE(until(both));
  EXPECT_EQ(server.waiting(queue::commands), 1U);
  stop.request_stop();
  ASSERT_TRUE(until([&] { return ended == 2; }));
  EXPECT_EQ(server.waiting(queue::commands), 0U);
}

TEST_F(invocations_of_a_group, hear_of_the_cancellation_of_activities_that_send_no_heartbeats) {
  use(quick(app()));
  begin();
  run_activity("until_cancelled");
  temporal::api::nexusservices::workerservice::v1::ExecuteCommandsRequest commands;
  commands.add_commands()->mutable_cancel_activity()->set_task_token("token");
  service::PollNexusTaskQueueResponse task;
  task.set_task_token("command");
  auto& asked = *task.mutable_request()->mutable_start_operation();
  asked.set_service("temporal.api.nexusservices.workerservice.v1.WorkerService");
  asked.set_operation("ExecuteCommands");
  asked.mutable_payload()->set_data(commands.SerializeAsString());
  server.give(queue::commands, task);
  ASSERT_TRUE(until([this] { return server.count<cancelled>() == 1; }));
  finish();
}

}  // namespace runner_group_test
