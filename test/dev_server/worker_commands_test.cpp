#include <gtest/gtest.h>
#include <temporal/api/nexusservices/workerservice/v1/request_response.pb.h>

#include <chrono>
#include <string>
#include <vector>

#include "dev_server/activity_case.hpp"
#include "rondo/server/worker_commands.hpp"

namespace rondo::test {
namespace dev_worker_commands_test {

using nexus_task = service::PollNexusTaskQueueResponse;
namespace worker_service = temporal::api::nexusservices::workerservice::v1;

/// A workflow with activities, whose worker takes commands at the queue "control".
struct worker_command : ::testing::Test {
  scripted_worker at;

  std::size_t tasks() { return at.state->worker_commands().size(); }
  activity_task poll_activity(const std::string& control_queue = "control") {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("activities");
    request.set_identity("activity worker");
    request.set_worker_control_task_queue(control_queue);
    return at.begin<activity_task>(request).get();
  }
  static service::PollNexusTaskQueueRequest poll_request(const std::string& queue = "control") {
    service::PollNexusTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name(queue);
    request.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_WORKER_COMMANDS);
    return request;
  }
  pending<nexus_task> begin_poll(const std::string& queue = "control") {
    return at.begin<nexus_task>(poll_request(queue));
  }
  bool idle() {
    const auto poll = begin_poll();
    if (poll.done()) return false;
    poll.call->go_away();
    return true;
  }
  /// Task tokens of the activities that the task asks to cancel.
  static std::vector<std::string> cancelled(const nexus_task& task) {
    const auto& operation = task.request().start_operation();
    EXPECT_EQ(operation.service(), "temporal.api.nexusservices.workerservice.v1.WorkerService");
    EXPECT_EQ(operation.operation(), "ExecuteCommands");
    EXPECT_EQ(operation.payload().metadata().at("encoding"), "binary/protobuf");
    worker_service::ExecuteCommandsRequest commands;
    EXPECT_TRUE(commands.ParseFromString(operation.payload().data()));
    std::vector<std::string> tokens;
    for (const auto& each : commands.commands()) tokens.push_back(each.cancel_activity().task_token());
    return tokens;
  }
  static service::RespondNexusTaskCompletedRequest completing(const std::string& token) {
    service::RespondNexusTaskCompletedRequest request;
    request.set_namespace_("default");
    request.set_task_token(token);
    return request;
  }
  void complete(const nexus_task& task) {
    at.ask<service::RespondNexusTaskCompletedResponse>(completing(task.task_token()));
  }
  /// The workflow asks to cancel its activities, which are its events 5 and 6.
  void cancel(const std::vector<std::int64_t>& scheduled) {
    at.signal("w");
    commands all;
    for (const auto id : scheduled) all.push_back(cancel_activity_command(id));
    at.complete(at.poll(), all);
  }
};

TEST_F(worker_command, cancels_what_the_workflow_wants_to_cancel) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a"), activity_command("b")});
  const auto poll = begin_poll();
  const auto a = poll_activity();
  const auto b = poll_activity();
  EXPECT_FALSE(poll.done());
  cancel({5, 6});
  EXPECT_EQ(cancelled(poll.get()), (std::vector<std::string>{a.task_token(), b.task_token()}));
  complete(poll.get());
  EXPECT_EQ(tasks(), 0U);
  auto report = activity_case::answering<service::RespondActivityTaskCanceledRequest>(a);
  at.ask<service::RespondActivityTaskCanceledResponse>(report);
}

TEST_F(worker_command, waits_for_its_worker) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a")});
  const auto a = poll_activity();
  cancel({5});
  EXPECT_FALSE(begin_poll("other").done());
  EXPECT_EQ(cancelled(begin_poll().get()), std::vector<std::string>{a.task_token()});
}

TEST_F(worker_command, is_not_made_for_activities_without_such_a_worker) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a"), activity_command("b")});
  poll_activity("");
  cancel({5, 6});  // nobody has the second
  EXPECT_EQ(tasks(), 0U);
}

TEST_F(worker_command, is_not_made_for_attempts_that_are_over) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a")});
  auto failed = activity_case::answering<service::RespondActivityTaskFailedRequest>(poll_activity());
  *failed.mutable_failure() = failure_of_type();
  at.ask<service::RespondActivityTaskFailedResponse>(failed);
  at.terminate("w");
  EXPECT_EQ(tasks(), 0U);
}

TEST_F(worker_command, cancels_what_is_left_when_a_workflow_ends) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a"), activity_command("b")});
  const auto a = poll_activity();
  at.terminate("w");
  EXPECT_EQ(cancelled(begin_poll().get()), std::vector<std::string>{a.task_token()});
}

TEST_F(worker_command, reaches_activities_that_began_with_their_command) {
  at.start("w");
  const auto eager = [](activity_attributes& attributes) {
    attributes.mutable_task_queue()->set_name("queue");
    attributes.set_request_eager_execution(true);
  };
  const auto answer = at.complete(at.poll(), {activity_command("a", eager)},
                                  [](complete_request& request) { request.set_worker_control_task_queue("control"); });
  ASSERT_EQ(answer.activity_tasks_size(), 1);
  cancel({5});
  EXPECT_EQ(cancelled(begin_poll().get()), std::vector<std::string>{answer.activity_tasks(0).task_token()});
}

TEST_F(worker_command, is_repeated_until_it_is_answered_or_too_old) {
  at.state->limit().worker_command_timeout = 20 * server::millisecond;
  at.start("w");
  at.complete(at.poll(), {activity_command("a")});
  poll_activity();
  const auto first = begin_poll();
  cancel({5});
  ASSERT_TRUE(first.done());
  const auto second = begin_poll();
  at.loop.run_until([&] { return second.done(); });
  EXPECT_EQ(second.get().task_token(), first.get().task_token());
  at.loop.run_until([this] { return tasks() == 0; });
  EXPECT_TRUE(idle());
  EXPECT_EQ(at.refused<service::RespondNexusTaskCompletedResponse>(completing(first.get().task_token())).message,
            "Nexus task not found or already expired");
}

TEST_F(worker_command, is_dropped_when_nobody_polls) {
  at.state->limit().worker_command_timeout = 20 * server::millisecond;
  at.start("w");
  at.complete(at.poll(), {activity_command("a")});
  poll_activity();
  cancel({5});
  EXPECT_EQ(tasks(), 1U);
  at.loop.run_until([this] { return tasks() == 0; });
  EXPECT_TRUE(idle());
}

TEST_F(worker_command, goes_to_a_process_that_is_still_there) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a")});
  const auto a = poll_activity();
  const auto gone = begin_poll();
  const auto stays = begin_poll();
  gone.call->go_away();
  cancel({5});
  EXPECT_FALSE(gone.done());
  EXPECT_EQ(cancelled(stays.get()), std::vector<std::string>{a.task_token()});
  service::RespondNexusTaskFailedRequest failed;
  failed.set_namespace_("default");
  failed.set_task_token(stays.get().task_token());
  at.ask<service::RespondNexusTaskFailedResponse>(failed);
  EXPECT_EQ(tasks(), 0U);
}

TEST(worker_command_polls, end_empty_after_the_expiration) {
  auto settings = server_harness::defaults();
  settings.task_poll_expiration = 10 * server::millisecond;
  scripted_worker quick(settings);
  const auto poll = quick.begin<nexus_task>(worker_command::poll_request());
  EXPECT_FALSE(poll.done());
  quick.loop.run_until([&] { return poll.done(); });
  EXPECT_EQ(poll.get().ByteSizeLong(), 0U);
}

TEST_F(worker_command, refuses_what_makes_no_sense) {
  auto normal = poll_request();
  normal.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  EXPECT_EQ(at.refused<nexus_task>(normal).code, rpc_code::unimplemented);
  auto nameless = poll_request("");
  EXPECT_EQ(at.refused<nexus_task>(nameless).message, "missing task queue name");
  EXPECT_EQ(at.refused<service::RespondNexusTaskCompletedResponse>(completing("")).message,
            "Task token not set on request.");
  EXPECT_EQ(at.refused<service::RespondNexusTaskCompletedResponse>(completing("unknown")).code, rpc_code::not_found);
  auto elsewhere = completing("unknown");
  elsewhere.set_namespace_("missing");
  EXPECT_EQ(at.refused<service::RespondNexusTaskCompletedResponse>(elsewhere).message,
            "Namespace missing is not found.");
}

TEST_F(worker_command, is_announced) {
  service::DescribeNamespaceRequest request;
  request.set_namespace_("default");
  const auto found = at.ask<service::DescribeNamespaceResponse>(request).namespace_info().capabilities();
  EXPECT_TRUE(found.worker_commands());
  EXPECT_TRUE(found.worker_heartbeats());
}

TEST_F(worker_command, is_forgotten_with_a_server_that_ends) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a")});
  poll_activity();
  cancel({5});
  auto poll = begin_poll("other");
  at.front.reset();
  at.state.reset();
  poll.call->go_away();
}

}  // namespace dev_worker_commands_test
}  // namespace rondo::test
