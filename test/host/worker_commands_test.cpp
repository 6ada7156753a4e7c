#include <gtest/gtest.h>
#include <temporal/api/nexusservices/workerservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/activity_fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/workflow.hpp"
#include "support/history_builder.hpp"

namespace rondo::test::worker_commands_test {

using namespace std::chrono_literals;
namespace commands = temporal::api::nexusservices::workerservice::v1;
using poll = service::PollNexusTaskQueueRequest;
using answered = service::RespondNexusTaskCompletedRequest;
using refused = service::RespondNexusTaskFailedRequest;
using beat = service::RecordWorkerHeartbeatRequest;

struct plain_workflow {
  task<int> run() { co_return 1; }
};

/// Activities that send no heartbeats.
class silent {
 public:
  void on_thread() {
    while (!activity::stop_token().stop_requested()) std::this_thread::yield();
    reason = activity::cancel_reason();
    activity::throw_if_cancelled();
  }
  asio::awaitable<void> on_loop() {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
  }

  std::atomic<cancel_reason> reason = cancel_reason::none;
};

class worker_commands : public activity_worker_test {
 protected:
  worker_commands() { capabilities().set_worker_commands(true); }
  temporal::api::namespace_::v1::NamespaceInfo::Capabilities& capabilities() {
    return *server.about_namespace.mutable_namespace_info()->mutable_capabilities();
  }
  registry app() {
    return registry().workflow<plain_workflow>().activity<&silent::on_thread>(tools).activity<&silent::on_loop>(tools);
  }
  std::string queue_name() const { return "temporal-sys/worker-commands/shop/" + server.connection->grouping_key(); }

  static service::PollNexusTaskQueueResponse ask(const std::string& bytes,
                                                 const std::string& operation = "ExecuteCommands") {
    service::PollNexusTaskQueueResponse made;
    made.set_task_token("command");
    made.set_poller_group_id("group");
    auto& start = *made.mutable_request()->mutable_start_operation();
    start.set_service("temporal.api.nexusservices.workerservice.v1.WorkerService");
    start.set_operation(operation);
    start.mutable_payload()->set_data(bytes);
    (*start.mutable_payload()->mutable_metadata())["encoding"] = "binary/protobuf";
    return made;
  }
  static commands::ExecuteCommandsRequest cancel(const std::vector<std::string>& tokens) {
    commands::ExecuteCommandsRequest made;
    for (const auto& each : tokens) made.add_commands()->mutable_cancel_activity()->set_task_token(each);
    return made;
  }
  void command(const commands::ExecuteCommandsRequest& what) {
    server.give(queue::commands, ask(what.SerializeAsString()));
  }
  /// Waits until the activity runs.
  void give_and_begin(const std::string& type, const std::string& id = "1") {
    const auto before = worker->session().in_flight().activities;
    give(make(type, {}, id));
    ASSERT_TRUE(until([&] { return worker->session().in_flight().activities > before; }));
  }
  commands::ExecuteCommandsResponse last_answer() {
    commands::ExecuteCommandsResponse read;
    const auto all = server.seen<answered>();
    EXPECT_TRUE(read.ParseFromString(all.back().response().start_operation().sync_success().payload().data()));
    return read;
  }
  /// Where the server may leave commands, as the last poll of the kind says.
  template <class Poll>
  std::string told() {
    return server.seen<Poll>().back().worker_control_task_queue();
  }

  silent tools;
};

TEST_F(worker_commands, cancel_activities_that_send_no_heartbeats) {
  start(app());
  for (const auto* type : {"on_thread", "on_loop"}) {
    give_and_begin(type);
    command(cancel({"token-1"}));
    ASSERT_TRUE(until([this] { return idle(); }));
    EXPECT_EQ(server.seen<cancelled>().back().task_token(), "token-1");
  }
  EXPECT_EQ(server.count<cancelled>(), 2U);
  EXPECT_EQ(tools.reason, cancel_reason::cancel_requested);
  EXPECT_EQ(server.count<heartbeat>(), 0U);
}

TEST_F(worker_commands, are_answered_one_by_one_whatever_became_of_the_activity) {
  start(app());
  give_and_begin("on_loop", "1");
  give_and_begin("on_loop", "2");
  auto all = cancel({"gone", "token-2"});
  all.add_commands();
  command(all);
  ASSERT_TRUE(until_seen<answered>() && until_seen<cancelled>());
  const auto answer = last_answer();
  ASSERT_EQ(answer.results_size(), 3);
  EXPECT_TRUE(answer.results(0).has_cancel_activity());
  EXPECT_TRUE(answer.results(1).has_cancel_activity());
  EXPECT_FALSE(answer.results(2).has_cancel_activity());
  const auto request = server.seen<answered>().back();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.task_token(), "command");
  EXPECT_EQ(request.poller_group_id(), "group");
  EXPECT_EQ(server.seen<cancelled>().back().task_token(), "token-2");
  ASSERT_TRUE(until([this] { return worker->session().in_flight().activities == 1; }));
  command(cancel({"token-1"}));
}

TEST_F(worker_commands, are_asked_for_at_a_queue_of_their_own) {
  start(app());
  ASSERT_TRUE(until([this] { return server.waiting(queue::commands) == 1; }));
  const auto request = server.seen<poll>().back();
  EXPECT_EQ(request.namespace_(), "shop");
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_EQ(request.task_queue().name(), queue_name());
  EXPECT_EQ(request.task_queue().kind(), enums::TASK_QUEUE_KIND_WORKER_COMMANDS);
  EXPECT_EQ(request.deployment_options().build_id(), "1.0");
  EXPECT_EQ(request.deployment_options().worker_versioning_mode(), enums::WORKER_VERSIONING_MODE_UNVERSIONED);
  EXPECT_NE(request.worker_instance_key(), worker->session().instance_key());
  EXPECT_EQ(told<service::PollActivityTaskQueueRequest>(), queue_name());
  EXPECT_EQ(told<service::PollWorkflowTaskQueueRequest>(), queue_name());
  auto& run = add_run("r", history_builder("plain_workflow"));
  run.offer();
  ASSERT_TRUE(until_seen<completion>());
  EXPECT_EQ(told<completion>(), queue_name());
  stop();
  EXPECT_EQ(server.waiting(queue::commands), 0U);
  EXPECT_EQ(server.count<poll>(), 1U);
}

TEST_F(worker_commands, are_not_asked_for_where_there_are_none) {
  auto only_workflows = options();
  only_workflows.workflow_only = true;
  start(app(), only_workflows);
  EXPECT_EQ(told<service::PollWorkflowTaskQueueRequest>(), "");
  stop();
  capabilities().set_worker_commands(false);
  start(app());
  EXPECT_EQ(told<service::PollActivityTaskQueueRequest>(), "");
  stop();
  EXPECT_EQ(server.count<poll>(), 0U);
}

TEST_F(worker_commands, do_without_a_server_that_does_not_know_the_poll) {
  server.fail<poll>(rpc_code::unimplemented, "no such queue");
  start(app());
  ASSERT_TRUE(until([this] { return log->contains("no such queue"); }));
  server.end_polls();
  ASSERT_TRUE(until([this] { return idle(); }));
  EXPECT_EQ(told<service::PollActivityTaskQueueRequest>(), "");
  EXPECT_EQ(told<service::PollWorkflowTaskQueueRequest>(), "");
  EXPECT_EQ(server.count<poll>(), 1U);
  EXPECT_EQ(worker->health().problem, "");
}

TEST_F(worker_commands, come_again_after_polls_that_failed) {
  server.fail<poll>(rpc_code::unavailable, "no route", 3);
  start(app());
  ASSERT_TRUE(until([this] { return server.waiting(queue::commands) == 1; }));
  EXPECT_EQ(server.count<poll>(), 4U);
  EXPECT_TRUE(worker->health().ready);
  give_and_begin("on_loop");
  command(cancel({"token-1"}));
  ASSERT_TRUE(until_seen<cancelled>());
}

TEST_F(worker_commands, that_are_not_understood_are_refused) {
  start(app());
  server.give(queue::commands, ask("", "ExecuteOthers"));
  server.give(queue::commands, ask("\xff\xff"));
  ASSERT_TRUE(until_seen<refused>(2));
  const auto all = server.seen<refused>();
  EXPECT_EQ(all[0].error().error_type(), "NOT_FOUND");
  EXPECT_EQ(all[1].error().error_type(), "BAD_REQUEST");
  ASSERT_TRUE(until([this] { return server.waiting(queue::commands) == 1; }));
}

TEST_F(worker_commands, are_heard_while_the_worker_waits_for_its_activities) {
  auto how = options();
  how.graceful_shutdown_timeout = 1h;
  start(app(), how);
  give_and_begin("on_thread");
  worker->stop();
  ASSERT_TRUE(until([this] { return server.waiting() == 0; }));
  command(cancel({"token-1"}));
  ASSERT_TRUE(until([this] { return ended; }));
  EXPECT_EQ(server.count<cancelled>(), 1U);
  EXPECT_EQ(tools.reason, cancel_reason::cancel_requested);
  EXPECT_EQ(last_answer().results_size(), 1);
}

TEST_F(worker_commands, do_not_keep_a_worker_whose_answers_are_not_taken) {
  start(app());
  server.hang<answered>();
  command(cancel({"gone"}));
  ASSERT_TRUE(until_seen<answered>());
  stop();
}

TEST_F(worker_commands, may_be_under_way_when_the_worker_is_gone) {
  start(app());
  server.hang<answered>();
  command(cancel({"gone"}));
  ASSERT_TRUE(until_seen<answered>());
  worker.reset();
  loop.reset();
}

/// Another worker of the same client.
class worker_groups : public worker_commands {
 protected:
  void begin_second(worker_options how) {
    how.task_queue = "other";
    how.logger = logger(log, log_level::debug);
    second = std::make_unique<rondo::worker>(client::over(server.connection), app(), std::move(how));
    second_ended = false;
    asio::co_spawn(loop->executor(), second->async_run(), [this](const std::exception_ptr& thrown) {
      EXPECT_EQ(thrown, nullptr);
      second_ended = true;
    });
    ASSERT_TRUE(until([this] { return second_polls(); }));
  }
  bool second_polls() const { return second->session().in_flight().polls == 4; }
  void stop_second() {
    second->stop();
    ASSERT_TRUE(until([this] { return second_ended; }));
    second.reset();
  }
  std::unique_ptr<rondo::worker> second;
  bool second_ended = true;
};

TEST_F(worker_groups, have_one_poll_for_the_commands_to_all_workers_of_a_client) {
  start(app());
  begin_second(options());
  EXPECT_EQ(server.count<poll>(), 1U);
  EXPECT_EQ(server.waiting(queue::commands), 1U);
  // Polls are answered in turn, so one activity is each worker's.
  give(make("on_loop", {}, "1"));
  give(make("on_loop", {}, "2"));
  give(make("on_loop", {}, "3"));
  ASSERT_TRUE(until([this] {
    return worker->session().in_flight().activities + second->session().in_flight().activities == 3 &&
           second->session().in_flight().activities > 0;
  }));
  command(cancel({"token-1", "token-2", "token-3"}));
  ASSERT_TRUE(until_seen<cancelled>(3));
  stop();
  EXPECT_EQ(server.waiting(queue::commands), 1U);
  stop_second();
  EXPECT_EQ(server.waiting(queue::commands), 0U);
  EXPECT_EQ(server.count<poll>(), 2U);
  start(app());
  EXPECT_EQ(server.waiting(queue::commands), 1U);
}

TEST_F(worker_groups, tell_with_one_call_how_all_their_workers_are) {
  capabilities().set_worker_heartbeats(true);
  auto eager = options(), slow = options();
  eager.worker_heartbeat_interval = 1s;
  start(app(), slow);
  ASSERT_TRUE(until_seen<beat>());
  begin_second(eager);
  ASSERT_TRUE(until_seen<beat>(3));
  const auto all = server.seen<beat>();
  ASSERT_EQ(all[0].worker_heartbeat_size(), 1);
  for (std::size_t index : {1U, 2U}) {
    ASSERT_EQ(all[index].worker_heartbeat_size(), 2);
    EXPECT_EQ(all[index].worker_heartbeat(0).task_queue(), "queue");
    EXPECT_EQ(all[index].worker_heartbeat(1).task_queue(), "other");
    EXPECT_EQ(all[index].worker_heartbeat(0).host_info().worker_grouping_key(),
              all[index].worker_heartbeat(1).host_info().worker_grouping_key());
  }
  stop();
  const auto before = server.count<beat>();
  ASSERT_TRUE(until([&] { return server.count<beat>() > before; }));
  EXPECT_EQ(server.seen<beat>().back().worker_heartbeat_size(), 1);
  stop_second();
}

TEST_F(worker_groups, let_a_worker_that_changes_its_connection_take_only_itself_along) {
  capabilities().set_worker_heartbeats(true);
  fake_server other(*loop);
  auto how = options();
  how.worker_heartbeat_interval = 1s;
  start(app(), how);
  begin_second(how);
  ASSERT_TRUE(until([this] {
    const auto beats = server.seen<beat>();
    return !beats.empty() && beats.back().worker_heartbeat_size() == 2;
  }));
  second->replace_client(client::over(other.connection));
  ASSERT_TRUE(until([&] { return other.count<beat>() > 0 && other.waiting(queue::commands) == 1; }));
  EXPECT_EQ(other.seen<beat>().back().worker_heartbeat_size(), 1);
  EXPECT_EQ(other.seen<beat>().back().worker_heartbeat(0).host_info().worker_grouping_key(),
            other.connection->grouping_key());
  const auto before = server.count<beat>();
  ASSERT_TRUE(until([&] { return server.count<beat>() > before; }));
  EXPECT_EQ(server.seen<beat>().back().worker_heartbeat_size(), 1);
  EXPECT_EQ(server.seen<beat>().back().worker_heartbeat(0).task_queue(), "queue");
  EXPECT_EQ(server.waiting(queue::commands), 1U) << "the first worker hears of commands as before";
  server.end_polls();
  stop_second();
}

}  // namespace rondo::test::worker_commands_test
