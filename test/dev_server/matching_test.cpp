#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "dev_server/scripted_worker.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/queue_state.hpp"

namespace rondo::test {
namespace matching_test {

using namespace std::chrono_literals;
using activity_poll = service::PollActivityTaskQueueResponse;

struct matching : ::testing::Test {
  scripted_worker at;

  static server::options short_polls() {
    auto settings = server_harness::defaults();
    settings.task_poll_expiration = 10 * server::millisecond;
    return settings;
  }
  static service::PollActivityTaskQueueRequest activity_poll_request(const std::string& queue = "queue") {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name(queue);
    request.set_identity("worker");
    return request;
  }
  static service::DescribeTaskQueueRequest describe_request(enums::TaskQueueType type) {
    service::DescribeTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("queue");
    request.set_task_queue_type(type);
    request.set_report_stats(true);
    return request;
  }
  service::DescribeTaskQueueResponse describe(enums::TaskQueueType type = enums::TASK_QUEUE_TYPE_WORKFLOW) {
    return at.ask<service::DescribeTaskQueueResponse>(describe_request(type));
  }
  void shut_down(const std::string& instance, const std::string& sticky = {}) {
    service::ShutdownWorkerRequest request;
    request.set_namespace_("default");
    request.set_worker_instance_key(instance);
    request.set_sticky_task_queue(sticky);
    at.ask<service::ShutdownWorkerResponse>(request);
  }
  pending<poll_response> begin_poll_of(const std::string& instance, const std::string& queue = "queue",
                                       bool sticky = false) {
    auto request = scripted_worker::poll_request(queue, sticky);
    request.set_worker_instance_key(instance);
    return at.begin<poll_response>(request);
  }
};

TEST_F(matching, refuses_polls_that_make_no_sense) {
  using change = std::function<void(service::PollWorkflowTaskQueueRequest&)>;
  const std::vector<std::pair<change, std::string>> table = {
      {[](auto& r) { r.set_namespace_("missing"); }, "Namespace missing is not found."},
      {[](auto& r) { r.set_identity(std::string(1001, 'x')); }, "Identity length exceeds limit."},
      {[](auto& r) { r.clear_task_queue(); }, "taskQueue is not set"},
      {[](auto& r) { r.mutable_task_queue()->clear_name(); }, "missing task queue name"},
      {[](auto& r) { r.mutable_task_queue()->set_name(std::string(1001, 'x')); }, "taskQueue length exceeds limit"},
      {[](auto& r) { r.mutable_task_queue()->set_name("/_sys/queue/1"); },
       "task queue name cannot start with reserved prefix /_sys/"},
      {[](auto& r) { r.mutable_worker_version_capabilities()->set_use_versioning(true); },
       "WorkerVersionStamp must be present if UseVersioning is true."},
      {[](auto& r) { r.mutable_worker_version_capabilities()->set_build_id(std::string(256, 'x')); },
       "Build ID exceeds configured limit.workerBuildIdSize, use a shorter build ID."},
      {[](auto& r) {
         r.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_STICKY);
         r.mutable_deployment_options()->set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
       },
       "NormalName must be set on sticky queue when UseVersioning is true or DeploymentOptions are set."},
      {[](auto& r) {
         r.mutable_deployment_options()->set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
       },
       "versioned worker must have deployment name"},
      {[](auto& r) {
         r.mutable_deployment_options()->set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
         r.mutable_deployment_options()->set_deployment_name("d");
       },
       "versioned worker must have build id"},
      {[](auto& r) {
         r.mutable_deployment_options()->set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
         r.mutable_deployment_options()->set_deployment_name("d.d");
         r.mutable_deployment_options()->set_build_id("b");
       },
       "deployment name cannot contain ':' or '.'"},
  };
  for (const auto& [apply, text] : table) {
    auto request = scripted_worker::poll_request("queue", false);
    apply(request);
    EXPECT_EQ(at.refused<poll_response>(request).message, text);
  }
}

TEST_F(matching, refuses_polls_that_would_end_at_once) {
  const auto soon = server::io::steady_clock::now() + 1900ms;
  const auto poll = at.begin<poll_response>(scripted_worker::poll_request("queue", false), soon);
  ASSERT_TRUE(poll.done());
  EXPECT_EQ(poll.status().code, rpc_code::failed_precondition);
  EXPECT_EQ(poll.status().message, "Context timeout is too short.");
}

TEST_F(matching, ends_polls_empty_after_the_expiration) {
  scripted_worker quick(short_polls());
  const auto workflow = quick.begin_poll();
  const auto activity = quick.begin<activity_poll>(activity_poll_request());
  EXPECT_FALSE(workflow.done());
  quick.loop.run_until([&] { return workflow.done() && activity.done(); });
  EXPECT_EQ(workflow.get().ByteSizeLong(), 0U);
  EXPECT_EQ(activity.get().ByteSizeLong(), 0U);
  quick.start("w");
  EXPECT_EQ(quick.poll().workflow_execution().workflow_id(), "w");
}

TEST_F(matching, ends_polls_before_the_deadline_of_their_caller) {
  const auto until = server::io::steady_clock::now() + 3s;
  const auto poll = at.begin<poll_response>(scripted_worker::poll_request("queue", false), until);
  at.loop.run_until([&] { return poll.done(); });
  EXPECT_EQ(poll.get().task_token(), "");
}

TEST_F(matching, serves_polls_in_their_order) {
  const auto first = at.begin_poll();
  const auto second = at.begin_poll();
  const auto third = at.begin_poll();
  at.start("a");
  at.start("b");
  EXPECT_EQ(first.get().workflow_execution().workflow_id(), "a");
  EXPECT_EQ(second.get().workflow_execution().workflow_id(), "b");
  EXPECT_FALSE(third.done());
}

TEST_F(matching, gives_tasks_by_priority_then_in_their_order) {
  const auto with_priority = [](int key) {
    return [key](service::StartWorkflowExecutionRequest& r) { r.mutable_priority()->set_priority_key(key); };
  };
  at.start("late", with_priority(5));
  at.start("a");
  at.start("b", with_priority(3));
  at.start("urgent", with_priority(1));
  for (const char* id : {"urgent", "a", "b", "late"}) EXPECT_EQ(at.poll().workflow_execution().workflow_id(), id);
}

TEST_F(matching, gives_nothing_to_a_client_that_went_away) {
  const auto gone = at.begin_poll();
  const auto stays = at.begin_poll();
  gone.call->go_away();
  at.start("w");
  EXPECT_FALSE(gone.done());
  EXPECT_EQ(stays.get().workflow_execution().workflow_id(), "w");
}

TEST_F(matching, drops_tasks_that_nobody_wants_any_more) {
  at.start("w");
  EXPECT_EQ(describe().stats().approximate_backlog_count(), 1);
  at.terminate("w");
  EXPECT_EQ(describe().stats().approximate_backlog_count(), 0);
  EXPECT_TRUE(at.idle());
}

TEST_F(matching, keeps_workflow_and_activity_tasks_apart) {
  at.start("w");
  const auto activity = at.begin<activity_poll>(activity_poll_request());
  EXPECT_FALSE(activity.done());
  at.complete(at.poll(), {activity_command("1", on_queue("queue"))});
  EXPECT_EQ(activity.get().activity_id(), "1");
}

TEST_F(matching, sends_tasks_to_the_worker_that_has_the_run) {
  at.start("w");
  const auto normal = at.begin_poll();
  at.complete(normal.get(), {}, scripted_worker::be_sticky);
  const auto sticky = at.begin_poll("sticky", true);
  const auto other = at.begin_poll();
  at.signal("w");
  EXPECT_FALSE(other.done());
  EXPECT_EQ(sticky.get().history().events(0).event_id(), 4) << "after the start of the last task";
  at.complete(sticky.get(), {}, scripted_worker::be_sticky);
}

TEST_F(matching, passes_over_sticky_queues_without_a_worker) {
  at.start("w");
  at.complete(at.poll(), {}, scripted_worker::be_sticky);
  at.signal("w");  // nobody ever polled the sticky queue
  const auto task = at.poll();
  EXPECT_EQ(task.history().events(0).event_id(), 1);
}

TEST_F(matching, releases_what_waits_for_a_worker_that_shuts_down) {
  at.start("w");
  at.complete(at.poll(), {}, scripted_worker::be_sticky);
  auto sticky = begin_poll_of("instance", "sticky", true);
  sticky.call->go_away();
  at.signal("w");  // the worker was there a moment ago
  EXPECT_TRUE(at.idle());
  const auto other = at.begin_poll();
  shut_down("instance", "sticky");
  EXPECT_EQ(other.get().history().events(0).event_id(), 1);
  EXPECT_EQ(at.event_types("w").find("TimedOut"), std::string::npos);
  at.complete(other.get(), {complete_command()});
}

TEST_F(matching, times_out_what_waits_for_a_worker_that_just_went) {
  at.start("w");
  at.complete(at.poll(), {}, scripted_worker::be_sticky);
  at.begin_poll("sticky", true).call->go_away();
  at.signal("w");
  EXPECT_TRUE(at.idle());
  at.pass(5 * server::second);
  EXPECT_EQ(at.poll().history().events(0).event_id(), 1);
  EXPECT_NE(at.event_types("w").find("WorkflowTaskTimedOut"), std::string::npos);
}

TEST_F(matching, answers_the_polls_of_a_worker_that_shuts_down) {
  const auto own = begin_poll_of("mine");
  auto activity_request = activity_poll_request();
  activity_request.set_worker_instance_key("mine");
  const auto own_activity = at.begin<activity_poll>(activity_request);
  const auto foreign = begin_poll_of("other");
  shut_down("mine");
  EXPECT_EQ(own.get().task_token(), "");
  EXPECT_EQ(own_activity.get().task_token(), "");
  EXPECT_FALSE(foreign.done());
  const auto late = begin_poll_of("mine");
  EXPECT_EQ(late.get().task_token(), "");
  at.start("w");
  EXPECT_EQ(foreign.get().workflow_execution().workflow_id(), "w");
}

TEST_F(matching, leaves_out_workers_that_shut_down_when_it_shows_a_queue) {
  const auto poll = begin_poll_of("mine");
  EXPECT_EQ(describe().pollers_size(), 1);
  shut_down("mine");
  EXPECT_EQ(describe().pollers_size(), 0);
}

TEST_F(matching, holds_back_activities_beyond_the_rate) {
  at.start("w");
  at.complete(at.poll(), {activity_command("1", on_queue("queue")), activity_command("2", on_queue("queue"))});
  auto request = activity_poll_request();
  request.mutable_task_queue_metadata()->mutable_max_tasks_per_second()->set_value(0);
  const auto first = at.begin<activity_poll>(request);
  EXPECT_FALSE(first.done());
  const auto limit = describe(enums::TASK_QUEUE_TYPE_ACTIVITY).effective_rate_limit();
  EXPECT_EQ(limit.rate_limit_source(), enums::RATE_LIMIT_SOURCE_WORKER);
  EXPECT_FLOAT_EQ(limit.requests_per_second(), 0);
  request.mutable_task_queue_metadata()->mutable_max_tasks_per_second()->set_value(50);
  const auto second = at.begin<activity_poll>(request);
  at.loop.run_until([&] { return first.done() && second.done(); });
  EXPECT_EQ(first.get().activity_id(), "1");
  EXPECT_EQ(second.get().activity_id(), "2");
}

TEST(rate_window, forgets_after_half_a_minute) {
  server::rate_window window;
  server::io::time_point now{1000s};
  window.count(now);
  window.count(now);
  EXPECT_DOUBLE_EQ(window.per_second(now), 2);
  EXPECT_DOUBLE_EQ(window.per_second(now + 1s), 1);
  EXPECT_DOUBLE_EQ(window.per_second(now + 29s), 2.0 / 30);
  EXPECT_DOUBLE_EQ(window.per_second(now + 30s), 0);
  EXPECT_DOUBLE_EQ(window.per_second(now + 300s), 0);
}

TEST_F(matching, shows_workers_and_counts_of_a_queue) {
  at.start("w");
  at.start("urgent", [](auto& r) { r.mutable_priority()->set_priority_key(1); });
  at.pass(3 * server::second);
  const auto backlog = describe();
  EXPECT_EQ(backlog.stats().approximate_backlog_count(), 2);
  EXPECT_EQ(backlog.stats().approximate_backlog_age().seconds(), 3);
  EXPECT_EQ(backlog.stats_by_priority_key().at(1).approximate_backlog_count(), 1);
  EXPECT_EQ(backlog.stats_by_priority_key().at(3).approximate_backlog_count(), 1);
  EXPECT_GT(backlog.stats().tasks_add_rate(), 0);
  EXPECT_EQ(backlog.pollers_size(), 0);
  at.poll();
  const auto polled = describe();
  EXPECT_EQ(polled.stats().approximate_backlog_count(), 1);
  EXPECT_GT(polled.stats().tasks_dispatch_rate(), 0);
  ASSERT_EQ(polled.pollers_size(), 1);
  EXPECT_EQ(polled.pollers(0).identity(), "worker");
  EXPECT_EQ(server::from_proto(polled.pollers(0).last_access_time()), at.state->now());
  EXPECT_EQ(polled.effective_rate_limit().rate_limit_source(), enums::RATE_LIMIT_SOURCE_SYSTEM);
}

TEST_F(matching, shows_all_types_in_the_enhanced_mode) {
  at.start("w");
  auto request = describe_request(enums::TASK_QUEUE_TYPE_UNSPECIFIED);
  request.set_api_mode(enums::DESCRIBE_TASK_QUEUE_MODE_ENHANCED);
  request.set_report_pollers(true);
  at.begin<activity_poll>(activity_poll_request()).call->go_away();
  const auto shown = at.ask<service::DescribeTaskQueueResponse>(request);
  const auto& types = shown.versions_info().at("").types_info();
  EXPECT_EQ(types.at(1).stats().approximate_backlog_count(), 1);
  EXPECT_EQ(types.at(2).stats().approximate_backlog_count(), 0);
  EXPECT_EQ(types.at(2).pollers_size(), 1);
  request.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_STICKY);
  EXPECT_EQ(at.refused<service::DescribeTaskQueueResponse>(request).code, rpc_code::invalid_argument);
}

TEST_F(matching, has_one_partition_for_each_type) {
  service::ListTaskQueuePartitionsRequest request;
  request.set_namespace_("default");
  request.mutable_task_queue()->set_name("queue");
  const auto partitions = at.ask<service::ListTaskQueuePartitionsResponse>(request);
  ASSERT_EQ(partitions.workflow_task_queue_partitions_size(), 1);
  EXPECT_EQ(partitions.workflow_task_queue_partitions(0).key(), "queue");
  EXPECT_EQ(partitions.activity_task_queue_partitions_size(), 1);
}

TEST_F(matching, forgets_the_polls_of_a_server_that_ends) {
  auto poll = at.begin_poll();
  at.front.reset();
  at.state.reset();
  poll.call->go_away();
}

}  // namespace matching_test
}  // namespace rondo::test
