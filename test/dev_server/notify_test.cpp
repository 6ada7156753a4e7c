#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "dev_server/durable_worker.hpp"
#include "dev_server/scripted_worker.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/notifier.hpp"
#include "support/http_receiver.hpp"

namespace rondo::test {
namespace notify_test {

using activity_poll = service::PollActivityTaskQueueResponse;

/// A port on which nobody listens, as far as one can know.
unsigned short free_port() {
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

server::options notify_options(unsigned short port) {
  auto settings = server_harness::defaults();
  settings.notify_url = "http://127.0.0.1:" + std::to_string(port) + "/run";
  return settings;
}

struct notify : ::testing::Test {
  unsigned short port = free_port();
  scripted_worker at{notify_options(port)};
  std::unique_ptr<http_receiver> endpoint = std::make_unique<http_receiver>(at.loop.context(), port);

  template <class Predicate>
  void until(Predicate holds) {
    at.loop.run_until(holds);
  }
  void until_posts(std::size_t count) {
    until([&] { return endpoint->posts.size() >= count; });
  }
  /// The endpoint keeps requests open until the test answers them.
  void hold_requests() {
    endpoint->on_post = [](http_receiver::post&) {};
  }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  static command_v1::Command retried_activity(int retry_seconds) {
    return activity_command("a", [retry_seconds](activity_attributes& attributes) {
      on_queue("queue")(attributes);
      attributes.mutable_retry_policy()->mutable_initial_interval()->set_seconds(retry_seconds);
    });
  }
  activity_poll poll_activity() {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("queue");
    return at.ask<activity_poll>(request);
  }
  void shut_down_sticky() {
    service::ShutdownWorkerRequest request;
    request.set_namespace_("default");
    request.set_sticky_task_queue("sticky");
    at.ask<service::ShutdownWorkerResponse>(request);
  }
  /// One run of a worker: does what waits, then leaves.
  int drain() {
    int done = 0;
    for (;; ++done) {
      const auto poll = at.begin_poll();
      if (!poll.done()) {
        poll.call->go_away();
        return done;
      }
      at.complete(poll.get(), {complete_command()});
    }
  }
};

TEST_F(notify, says_which_queue_needs_a_worker) {
  hold_requests();
  at.start("w");
  until_posts(1);
  const auto& post = endpoint->posts[0];
  EXPECT_EQ(post.target, "/run");
  EXPECT_EQ(post.headers.at("content-type"), "application/json");
  EXPECT_EQ(
      post.body,
      "{\"namespace\":\"default\",\"task_queue\":\"queue\",\"kind\":\"workflow\",\"deployment\":null,\"backlog\":1,"
      "\"time\":\"2020-01-01T00:00:00Z\"}");
  EXPECT_EQ(post.headers.count("x-rondo-signature"), 0U);
}

TEST_F(notify, is_silent_while_a_poll_waits) {
  const auto poll = at.begin_poll();
  at.start("w");
  EXPECT_TRUE(poll.done());
  hold_requests();
  at.start("other");
  until_posts(1);
  EXPECT_EQ(endpoint->posts.size(), 1U);
  EXPECT_TRUE(has(endpoint->posts[0].body, "\"backlog\":1,"));
}

TEST_F(notify, names_activities_and_versions) {
  hold_requests();
  auto request = scripted_worker::poll_request("queue", false);
  request.mutable_deployment_options()->set_deployment_name("d");
  request.mutable_deployment_options()->set_build_id("1");
  request.mutable_deployment_options()->set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
  at.begin<poll_response>(request).call->go_away();
  service::SetWorkerDeploymentCurrentVersionRequest current;
  current.set_namespace_("default");
  current.set_deployment_name("d");
  current.set_build_id("1");
  at.ask<service::SetWorkerDeploymentCurrentVersionResponse>(current);
  at.start("w");
  until_posts(1);
  EXPECT_TRUE(has(endpoint->posts[0].body, "\"deployment\":{\"name\":\"d\",\"build_id\":\"1\"}"));
  at.start("x", [](auto& r) { r.mutable_task_queue()->set_name("plain"); });
  at.complete(at.poll("plain"), {retried_activity(1)});
  until([&] {
    return std::any_of(endpoint->posts.begin(), endpoint->posts.end(),
                       [](const auto& post) { return has(post.body, "\"kind\":\"activity\",\"deployment\":null"); });
  });
}

TEST_F(notify, signs_what_it_sends) {
  const auto own_port = free_port();
  auto settings = notify_options(own_port);
  settings.notify_secret = "secret";
  scripted_worker own(settings);
  http_receiver receiver(own.loop.context(), own_port);
  own.start("w");
  own.loop.run_until([&] { return !receiver.posts.empty(); });
  const auto& post = receiver.posts[0];
  const auto& timestamp = post.headers.at("x-rondo-timestamp");
  EXPECT_EQ(post.headers.at("x-rondo-signature"), server::notification_signature("secret", timestamp, post.body));
}

TEST(notification, has_a_known_signature) {
  EXPECT_EQ(server::notification_signature("key", "1", "body"),
            "91b5374b153842ad05b2c4eab9349b8321b14703165bd3fb8b034dfb8be98ae5");
}

// 5: the endpoint is down, or fails.
TEST_F(notify, repeats_until_the_endpoint_hears) {
  endpoint.reset();
  at.start("w");
  at.run_ready();
  endpoint = std::make_unique<http_receiver>(at.loop.context(), port);
  std::deque<int> statuses{500, 0, 503, 302};
  endpoint->on_post = [&](http_receiver::post& post) {
    const int status = statuses.empty() ? 200 : statuses.front();
    if (!statuses.empty()) statuses.pop_front();
    if (status == 200) drain();
    post.answer(status);
  };
  until([&] { return statuses.empty() && at.describe("w").workflow_execution_info().close_time().seconds() != 0; });
  EXPECT_GE(endpoint->posts.size(), 5U);
}

// 6: one request at a time for a queue; when it ends, what is left is told again.
TEST_F(notify, has_one_request_under_way_for_a_queue) {
  hold_requests();
  for (int each = 0; each < 20; ++each) at.start("w" + std::to_string(each));
  at.start("other", [](auto& r) { r.mutable_task_queue()->set_name("second"); });
  until_posts(2);
  at.run_ready();
  EXPECT_EQ(endpoint->posts.size(), 2U);
  at.complete(at.poll(), {complete_command()});
  for (auto& post : endpoint->posts) {
    if (has(post.body, "\"task_queue\":\"queue\"")) post.answer(200);
  }
  until_posts(3);
  EXPECT_TRUE(has(endpoint->posts[2].body, "\"task_queue\":\"queue\""));
  EXPECT_TRUE(has(endpoint->posts[2].body, "\"backlog\":19,"));
}

TEST_F(notify, stays_silent_after_the_work_is_done) {
  hold_requests();
  at.start("w");
  until_posts(1);
  drain();
  endpoint->posts[0].answer(200);
  at.start("marker", [](auto& r) { r.mutable_task_queue()->set_name("second"); });
  until_posts(2);
  EXPECT_TRUE(has(endpoint->posts[1].body, "second"));
}

// 7: the endpoint said yes, and nobody came.
TEST_F(notify, asks_again_when_nobody_comes) {
  at.start("w");
  until_posts(2);
  EXPECT_EQ(endpoint->most_open, 1);
}

// 10: the run of the worker ended long before the timer; its sticky queue must not swallow the task.
TEST_F(notify, calls_for_a_worker_when_a_timer_fires_after_the_worker_left) {
  at.start("w");
  until_posts(1);
  at.complete(at.poll(), {timer_command("t", 3600)}, scripted_worker::be_sticky);
  at.begin_poll("sticky", true).call->go_away();
  shut_down_sticky();
  until([&] { return endpoint->open == 0; });
  const auto before = endpoint->posts.size();
  hold_requests();
  at.pass(3600 * server::second);
  until_posts(before + 1);
  EXPECT_EQ(at.poll().history().events(0).event_id(), 1);
  EXPECT_FALSE(has(at.event_types("w"), "TimedOut"));
}

TEST_F(notify, calls_for_a_worker_after_a_sticky_task_timed_out) {
  hold_requests();
  at.start("w");
  until_posts(1);
  at.complete(at.poll(), {}, scripted_worker::be_sticky);
  endpoint->posts[0].answer(200);
  at.begin_poll("sticky", true).call->go_away();
  at.signal("w");
  EXPECT_EQ(endpoint->posts.size(), 1U) << "the worker was there a moment ago";
  at.pass(5 * server::second);
  until_posts(2);
  EXPECT_TRUE(has(endpoint->posts[1].body, "\"task_queue\":\"queue\""));
}

// 13: many starts in a short time; every request runs a worker until nothing is left.
TEST_F(notify, gets_many_workflows_done) {
  std::size_t done = 0;
  endpoint->on_post = [&](http_receiver::post& post) {
    done += static_cast<std::size_t>(drain());
    post.answer(200);
  };
  constexpr std::size_t all = 500;
  std::size_t started = 0;
  until([&] {
    for (int each = 0; each < 5 && started < all; ++each) at.start("w" + std::to_string(started++));
    return done == all;
  });
  EXPECT_EQ(endpoint->most_open, 1);
  EXPECT_LT(endpoint->posts.size(), all / 2) << "notifications of a queue are taken together";
  for (std::size_t each = 0; each < all; each += 50) {
    EXPECT_EQ(at.event_types("w" + std::to_string(each)),
              "WorkflowExecutionStarted WorkflowTaskScheduled WorkflowTaskStarted WorkflowTaskCompleted "
              "WorkflowExecutionCompleted");
  }
}

// 14: the worker died with a task.
TEST_F(notify, calls_for_a_worker_when_one_died) {
  hold_requests();
  at.start("w");
  until_posts(1);
  at.poll();  // and never heard of again
  endpoint->posts[0].answer(0);
  at.pass(10 * server::second);
  until_posts(2);
  EXPECT_EQ(drain(), 1);
}

TEST_F(notify, calls_for_a_worker_when_a_poll_leaves_work_behind) {
  hold_requests();
  at.start("w");
  at.complete(at.poll(), {retried_activity(1)});
  until_posts(2);
  service::PollActivityTaskQueueRequest limited;
  limited.set_namespace_("default");
  limited.mutable_task_queue()->set_name("queue");
  limited.mutable_task_queue_metadata()->mutable_max_tasks_per_second()->set_value(0);
  auto poll = at.begin<activity_poll>(limited);
  EXPECT_FALSE(poll.done());
  const auto before = endpoint->posts.size();
  for (auto& post : endpoint->posts) post.answer(200);
  poll.call->go_away();
  until_posts(before + 1);
}

// 15: a retry is work when its time has come, not before.
TEST_F(notify, calls_for_a_worker_when_a_retry_is_due) {
  hold_requests();
  at.start("w");
  until_posts(1);
  at.complete(at.poll(), {retried_activity(30)});
  const auto task = poll_activity();
  service::RespondActivityTaskFailedRequest failed;
  failed.set_namespace_("default");
  failed.set_task_token(task.task_token());
  failed.mutable_failure()->set_message("not yet");
  failed.mutable_failure()->mutable_application_failure_info()->set_type("test");
  at.ask<service::RespondActivityTaskFailedResponse>(failed);
  until_posts(2);
  for (auto& post : endpoint->posts) post.answer(200);
  until([&] { return endpoint->open == 0; });
  const auto count = [&] {
    return std::count_if(endpoint->posts.begin(), endpoint->posts.end(),
                         [](const auto& post) { return has(post.body, "\"kind\":\"activity\""); });
  };
  const auto before = count();
  EXPECT_EQ(before, 1);
  at.pass(30 * server::second);
  until([&] { return count() > before; });
  EXPECT_EQ(poll_activity().attempt(), 2);
}

// 16: a query without workers.
TEST_F(notify, calls_for_a_worker_to_answer_a_query) {
  hold_requests();
  at.start("w");
  until_posts(1);
  at.complete(at.poll());
  endpoint->posts[0].answer(200);
  service::QueryWorkflowRequest request;
  request.set_namespace_("default");
  request.mutable_execution()->set_workflow_id("w");
  request.mutable_query()->set_query_type("q");
  const auto query = at.begin<service::QueryWorkflowResponse>(request);
  until_posts(2);
  const auto task = at.poll();
  EXPECT_EQ(task.query().query_type(), "q");
  service::RespondQueryTaskCompletedRequest answer;
  answer.set_namespace_("default");
  answer.set_task_token(task.task_token());
  answer.set_completed_type(enums::QUERY_RESULT_TYPE_ANSWERED);
  at.ask<service::RespondQueryTaskCompletedResponse>(answer);
  EXPECT_TRUE(query.done());
  EXPECT_TRUE(query.status().ok());
}

TEST(notify_after_a_restart, calls_for_a_worker_for_what_waits_still) {
  const scratch dir;
  auto settings = durable_options(dir);
  durable_worker(settings).start_durably("w");
  const auto port = free_port();
  settings.notify_url = notify_options(port).notify_url;
  server_harness at(settings);
  http_receiver receiver(at.loop.context(), port);
  at.loop.run_until([&] { return !receiver.posts.empty(); });
  EXPECT_NE(receiver.posts[0].body.find("\"backlog\":1,"), std::string::npos);
}

TEST(notify_url, is_checked_when_the_server_starts) {
  for (const char* url : {"nonsense://", "ftp://host/", "http://", "not a url"}) {
    auto settings = server_harness::defaults();
    settings.notify_url = url;
    EXPECT_THROW(server_harness at(settings), std::invalid_argument) << url;
  }
}

}  // namespace notify_test
}  // namespace rondo::test
