#include "rondo/detail/worker/worker_group.hpp"

#include <gtest/gtest.h>
#include <temporal/api/nexusservices/workerservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/worker_fixture.hpp"
#include "rondo/detail/worker/heartbeat_writer.hpp"
#include "rondo/detail/worker/membership.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/worker_commands.hpp"

// What the workers of a connection say together, and what they are told.
namespace rondo::test::worker_group_test {

using namespace std::chrono_literals;
using detail::worker::group_member;
using detail::worker::membership;
using detail::worker::worker_group;
using poll = service::PollNexusTaskQueueRequest;
using answered = service::RespondNexusTaskCompletedRequest;
using beat = service::RecordWorkerHeartbeatRequest;

/// A worker that is nothing but a member.
class bare_member final : public group_member {
 public:
  explicit bare_member(std::string name, duration every = {}, bool commands = false)
      : name_(std::move(name)), every_(every), commands_(commands) {}
  duration heartbeat_interval() const override { return every_; }
  void write_heartbeat(temporal::api::worker::v1::WorkerHeartbeat& into) override { into.set_task_queue(name_); }
  bool takes_commands() const override { return commands_; }
  void cancel_activity(const std::string& task_token) override { cancelled.push_back(task_token); }

  std::vector<std::string> cancelled;

 private:
  std::string name_;
  duration every_;
  bool commands_;
};

class worker_group_of : public worker_test {
 protected:
  std::shared_ptr<worker_group> group() {
    return worker_group::of(server.connection, "shop", logger(log, log_level::debug));
  }
  /// Until nothing of it is left.
  void expect_end(const std::shared_ptr<worker_group>& of, io::time_point latest = io::time_point::max()) {
    bool over = false;
    asio::co_spawn(loop->executor(), worker_group::wait_ended(of, latest), [&](const std::exception_ptr& thrown) {
      EXPECT_EQ(thrown, nullptr);
      over = true;
    });
    EXPECT_TRUE(until([&] { return over; }));
  }
  std::size_t times_logged(const std::string& what) const {
    std::size_t count = 0;
    const std::string all = log->text();
    for (auto at = all.find(what); at != all.npos; at = all.find(what, at + 1)) ++count;
    return count;
  }
  /// A task that asks for the end of an activity.
  static service::PollNexusTaskQueueResponse cancel(const std::string& token) {
    temporal::api::nexusservices::workerservice::v1::ExecuteCommandsRequest commands;
    commands.add_commands()->mutable_cancel_activity()->set_task_token(token);
    service::PollNexusTaskQueueResponse made;
    made.set_task_token("command");
    auto& start = *made.mutable_request()->mutable_start_operation();
    start.set_service("temporal.api.nexusservices.workerservice.v1.WorkerService");
    start.set_operation("ExecuteCommands");
    start.mutable_payload()->set_data(commands.SerializeAsString());
    return made;
  }
};

TEST_F(worker_group_of, is_another_one_once_all_have_left) {
  bare_member one("one"), other("other");
  const auto first = group();
  EXPECT_EQ(group(), first) << "nobody has joined yet";
  first->join(one);
  EXPECT_EQ(group(), first);
  first->leave(one);
  EXPECT_NE(group(), first) << "it may still be ending";
}

TEST_F(worker_group_of, tells_who_it_is_and_leaves_out_those_without_heartbeats) {
  bare_member quiet("quiet"), eager("eager", 1ms);
  const auto all = group();
  all->join(quiet);
  all->join(eager);
  all->begin_heartbeats();
  ASSERT_TRUE(until_seen<beat>(2));
  const auto first = server.seen<beat>().front();
  EXPECT_EQ(first.namespace_(), "shop");
  EXPECT_EQ(first.identity(), "tester");
  EXPECT_EQ(first.resource_id(), "worker:" + server.connection->grouping_key());
  ASSERT_EQ(first.worker_heartbeat_size(), 1);
  EXPECT_EQ(first.worker_heartbeat(0).task_queue(), "eager");
  all->leave(quiet);
  all->leave(eager);
}

TEST_F(worker_group_of, goes_on_after_heartbeats_that_were_not_taken) {
  server.fail<beat>(rpc_code::permission_denied, "not yours");
  bare_member eager("eager", 1ms);
  const auto all = group();
  all->join(eager);
  all->begin_heartbeats();
  ASSERT_TRUE(until_seen<beat>(3));
  EXPECT_EQ(times_logged("the server did not take the heartbeats of workers"), 1U);
  all->leave(eager);
}

TEST_F(worker_group_of, never_tries_again_what_the_server_does_not_know) {
  server.fail<beat>(rpc_code::unimplemented);
  server.fail<poll>(rpc_code::unimplemented);
  bare_member first("first", 1ms, true), second("second", 1ms, true);
  const auto all = group();
  all->join(first);
  all->begin_heartbeats();
  ASSERT_TRUE(until_seen<beat>() && until_seen<poll>());
  settle();
  all->join(second);
  all->begin_heartbeats();
  settle();
  EXPECT_EQ(server.count<beat>(), 1U);
  EXPECT_EQ(server.count<poll>(), 1U);
  EXPECT_EQ(all->command_queue(), "");
  all->leave(first);
  all->leave(second);
  expect_end(all);
}

TEST_F(worker_group_of, ends_with_calls_under_way) {
  server.hang<beat>();
  server.hang<answered>();
  bare_member only("only", 1ms, true);
  auto all = group();
  all->join(only);
  all->begin_heartbeats();
  server.give(queue::commands, cancel("token"));
  ASSERT_TRUE(until_seen<beat>() && until_seen<answered>());
  EXPECT_EQ(only.cancelled, std::vector<std::string>{"token"});
  all->leave(only);
  expect_end(all, io::steady_clock::now());
  settle();
  const std::weak_ptr<worker_group> left = all;
  all.reset();
  EXPECT_TRUE(left.expired()) << "a call keeps it";
  EXPECT_EQ(server.waiting(queue::commands), 0U);
}

TEST_F(worker_group_of, takes_an_answer_without_a_command_for_no_failure) {
  bare_member only("only", {}, true);
  const auto all = group();
  server.fail<poll>(rpc_code::deadline_exceeded, "nothing came");
  server.fail<poll>(rpc_code::unavailable, "no route");
  all->join(only);
  ASSERT_TRUE(until([this] { return server.waiting(queue::commands) == 1; }));
  const std::string failed = "the poll for commands to workers failed";
  EXPECT_EQ(times_logged(failed), 1U);
  EXPECT_EQ(times_logged("nothing came"), 0U);
  // The next failure is the first of another series.
  server.fail<poll>(rpc_code::unavailable, "no route");
  server.give(queue::commands, cancel("token"));
  ASSERT_TRUE(until([&] { return server.count<poll>() == 5; }));
  EXPECT_EQ(times_logged(failed), 2U);
  all->leave(only);
}

// ---- members

class worker_memberships : public worker_group_of {
 protected:
  detail::worker::heartbeat_facts facts() const {
    return {.options = about,
            .counts = counts,
            .pollers = pollers,
            .workflow_slots = nullptr,
            .activity_slots = nullptr,
            .nexus_slots = nullptr,
            .local_activity_slots = nullptr,
            .cached_workflows = 0,
            .plugins = {},
            .drivers = {}};
  }
  std::unique_ptr<membership> member(const std::string& key) {
    return std::make_unique<membership>(
        group(), key, [this] { return facts(); }, [](const std::string&) {});
  }
  void leave(membership& one) {
    bool over = false;
    asio::co_spawn(loop->executor(), one.leave(io::time_point::max()), [&](const std::exception_ptr&) { over = true; });
    EXPECT_TRUE(until([&] { return over; }));
  }
  worker_options about = options();
  detail::worker::session_counts counts;
  std::vector<std::shared_ptr<detail::worker::poller_group>> pollers;
};

TEST_F(worker_memberships, that_end_are_not_named_any_more_even_while_a_heartbeat_is_under_way) {
  server.hang<beat>();
  const auto first = member("first"), second = member("second");
  first->begin_heartbeats(1h);
  second->begin_heartbeats(1h);
  ASSERT_TRUE(until_seen<beat>());
  settle();
  ASSERT_EQ(server.count<beat>(), 1U);
  EXPECT_EQ(server.seen<beat>().front().worker_heartbeat_size(), 2);
  second->end_heartbeats();
  ASSERT_TRUE(until_seen<beat>(2));
  const auto told = server.seen<beat>().back();
  ASSERT_EQ(told.worker_heartbeat_size(), 1);
  EXPECT_EQ(told.worker_heartbeat(0).worker_instance_key(), "first");
  EXPECT_EQ(times_logged("the server did not take the heartbeats"), 0U) << "the first was broken off, it did not fail";
  EXPECT_TRUE(second->has_beaten()) << "the server wants to hear of its end";
}

TEST_F(worker_memberships, that_have_ended_take_no_commands_and_join_no_other_group) {
  fake_server other(*loop);
  const auto first = member("first"), second = member("second");
  ASSERT_TRUE(until([this] { return server.waiting(queue::commands) == 1; }));
  EXPECT_NE(first->command_queue(), "");
  EXPECT_EQ(first->command_queue(), second->command_queue());
  leave(*second);
  EXPECT_EQ(second->command_queue(), "");
  EXPECT_NE(first->command_queue(), "");
  second->move_to(worker_group::of(other.connection, "shop", logger()));
  settle();
  EXPECT_EQ(other.count<poll>(), 0U);
}

// ---- commands

TEST(commands_to_workers, are_those_of_their_service_and_not_too_many) {
  namespace commands = temporal::api::nexusservices::workerservice::v1;
  const auto refusal = [](const std::string& asked_of, int count) -> std::string {
    detail::worker::nexus_poll task;
    auto& asked = *task.mutable_request()->mutable_start_operation();
    asked.set_service(asked_of);
    asked.set_operation("ExecuteCommands");
    commands::ExecuteCommandsRequest all;
    for (int i = 0; i < count; ++i) all.add_commands()->mutable_cancel_activity();
    asked.mutable_payload()->set_data(all.SerializeAsString());
    int cancelled = 0;
    try {
      const auto answer = detail::worker::execute_commands(task, [&](const std::string&) { ++cancelled; });
      EXPECT_EQ(answer.results_size(), count);
      EXPECT_EQ(cancelled, count);
      return "taken";
    } catch (const nexus_handler_failure& failed) {
      EXPECT_EQ(cancelled, 0);
      return failed.type();
    }
  };
  const std::string service = "temporal.api.nexusservices.workerservice.v1.WorkerService";
  EXPECT_EQ(refusal("shop", 1), "NOT_FOUND");
  EXPECT_EQ(refusal(service, 10'000), "taken");
  EXPECT_EQ(refusal(service, 10'001), "BAD_REQUEST");
}

// ---- heartbeats

TEST_F(worker_memberships, write_what_was_done_since_the_last_heartbeat) {
  using detail::worker::poller_group;
  detail::worker::slot_line workflow_slots(*loop, 3), activity_slots(*loop, 5);
  about.deployment.version = {.deployment_name = "shop", .build_id = "7"};
  counts.workflow_tasks = 4;
  counts.failed_workflow_tasks = 1;
  counts.activities = 50;
  counts.failed_activities = 10;
  counts.cache_hits = 6;
  counts.cache_misses = 2;
  for (const auto* kind : {"nexus", "session activity"}) pollers.push_back(std::make_shared<poller_group>(kind));
  pollers[0]->running = 2;
  pollers[0]->scale.emplace(poller_autoscaling(), true, io::steady_clock::now());
  auto now = facts();
  now.workflow_slots = &workflow_slots;
  now.activity_slots = &activity_slots;
  now.cached_workflows = 9;
  detail::worker::heartbeat_writer writer("worker", "process");
  temporal::api::worker::v1::WorkerHeartbeat first, second, third;
  writer.write(now, enums::WORKER_STATUS_RUNNING, first);
  auto used = activity_slots.try_take();
  used.mark_used("charge");
  counts.workflow_tasks = 7;
  counts.failed_workflow_tasks = 3;
  counts.activities = 51;
  writer.write(now, enums::WORKER_STATUS_RUNNING, second);
  writer.write(now, enums::WORKER_STATUS_RUNNING, third);

  EXPECT_EQ(first.deployment_version().deployment_name(), "shop");
  const auto& workflows = second.workflow_task_slots_info();
  EXPECT_EQ(workflows.total_processed_tasks(), 7);
  EXPECT_EQ(workflows.total_failed_tasks(), 3);
  EXPECT_EQ(workflows.last_interval_processed_tasks(), 3);
  EXPECT_EQ(workflows.last_interval_failure_tasks(), 2);
  EXPECT_EQ(workflows.current_available_slots(), 3);
  const auto& activities = second.activity_task_slots_info();
  EXPECT_EQ(activities.total_processed_tasks(), 51);
  EXPECT_EQ(activities.last_interval_processed_tasks(), 1);
  EXPECT_EQ(activities.last_interval_failure_tasks(), 0);
  EXPECT_EQ(activities.current_available_slots(), 4);
  EXPECT_EQ(activities.current_used_slots(), 1);
  EXPECT_EQ(third.workflow_task_slots_info().last_interval_processed_tasks(), 0);
  EXPECT_EQ(second.total_sticky_cache_hit(), 6);
  EXPECT_EQ(second.total_sticky_cache_miss(), 2);
  EXPECT_EQ(second.current_sticky_cache_size(), 9);
  EXPECT_EQ(second.nexus_poller_info().current_pollers(), 2);
  EXPECT_TRUE(second.nexus_poller_info().is_autoscaling());
  EXPECT_FALSE(second.has_activity_poller_info()) << "the server knows of no polls for sessions";

  const auto nanos = [](const auto& of) { return of.seconds() * 1'000'000'000 + of.nanos(); };
  EXPECT_EQ(nanos(third.start_time()), nanos(first.start_time()));
  EXPECT_EQ(nanos(third.elapsed_since_last_heartbeat()),
            nanos(third.heartbeat_time()) - nanos(second.heartbeat_time()));
}

}  // namespace rondo::test::worker_group_test
