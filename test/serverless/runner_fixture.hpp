#pragma once
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/log.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/runner.hpp"
#include "rondo/workflow.hpp"
#include "support/drive.hpp"
#include "support/fake_server.hpp"
#include "support/log_text.hpp"

namespace rondo::test {

/// What activities share with their test. Outlives threads that an invocation left behind.
struct activity_bench {
  std::promise<void> began, release, left;
  std::promise<std::chrono::sys_time<duration>> deadline;
  std::atomic<bool> stopped{false};
};
inline std::shared_ptr<activity_bench> bench;  // NOLINT: activities are functions

/// Invocations on a server made of functions, on a loop that the test drives.
class runner_test : public ::testing::Test {
 protected:
  using completion = service::RespondWorkflowTaskCompletedRequest;
  using activity_poll = service::PollActivityTaskQueueRequest;
  using workflow_poll = service::PollWorkflowTaskQueueRequest;
  using goodbye = service::ShutdownWorkerRequest;

  runner_test() : loop(std::make_unique<io::event_loop>()), server(*loop) {
    keep_ = server.connection;
    bench = std::make_shared<activity_bench>();
    server.answer<completion, service::RespondWorkflowTaskCompletedResponse>(
        [this](const completion& request, auto& /*response*/) {
          if (run && run->take(request)) return rpc_status();
          return rpc_status(rpc_code::not_found, "no such workflow task");
        });
  }
  void TearDown() override {
    if (host && host->running() > 0) finish();
    host.reset();
    if (HasFailure()) std::fputs(log->text().c_str(), stderr);
  }

  /// Ends as soon as its polls come back empty; few polls, so that a test can count them.
  serverless::options quick(registry app) {
    auto made = serverless::defaults_of(serverless::profile::http);
    made.registry = std::move(app);
    made.task_queue = "queue";
    made.idle_timeout = duration::zero();
    made.worker.max_workflow_pollers = 2;
    made.worker.max_activity_pollers = 1;
    made.worker.logger = logger(log, log_level::debug);
    made.client.namespace_ = "shop";
    return made;
  }
  /// Limits so short that a deadline comes within the test.
  static serverless::options near_deadline(serverless::options how) {
    how.limits.stop_timeout = std::chrono::milliseconds(200);
    how.limits.hook_buffer = std::chrono::milliseconds(100);
    how.limits.min_work = std::chrono::seconds(0);
    how.limits.warn_work = std::chrono::seconds(0);
    return how;
  }
  static serverless::invocation until_deadline(duration from_now) {
    serverless::invocation what;
    what.request_id = "request";
    what.deadline =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(from_now);
    return what;
  }
  void use(serverless::options how) {
    check(how, false);
    host = std::make_unique<serverless::runner>(*loop, std::move(how), server.connection);
  }
  /// Begins an invocation; `report` is set at its end.
  void begin(serverless::invocation what = {}) {
    report.reset();
    asio::co_spawn(loop->executor(), host->run(std::move(what)),
                   [this](const std::exception_ptr& error, serverless::report made) {
                     EXPECT_FALSE(error) << "an invocation threw";
                     report = std::move(made);
                   });
  }
  /// Lets the server answer its polls without a task until the invocation has ended.
  const serverless::report& finish() {
    EXPECT_TRUE(until([this] {
      server.end_polls();
      return report.has_value();
    }));
    return *report;
  }
  const serverless::report& await_end() {
    EXPECT_TRUE(until([this] { return report.has_value(); })) << "the invocation did not end";
    return *report;
  }
  const serverless::report& invoke(serverless::invocation what = {}) {
    begin(std::move(what));
    return finish();
  }

  fake_run& add_run(const std::string& type) {
    run = std::make_unique<fake_run>(server, "run", history_builder(type));
    return *run;
  }
  service::PollActivityTaskQueueResponse activity_task(const std::string& type, int maximum_attempts = 0) {
    service::PollActivityTaskQueueResponse task;
    task.set_task_token("token");
    task.set_attempt(1);
    task.set_activity_id("1");
    task.mutable_activity_type()->set_name(type);
    task.mutable_retry_policy()->set_maximum_attempts(maximum_attempts);
    return task;
  }
  /// Gives the activity and waits until its code runs.
  void run_activity(const std::string& type, int maximum_attempts = 0) {
    server.give(queue::activity, activity_task(type, maximum_attempts));
    auto began = bench->began.get_future();
    ASSERT_TRUE(until([&] { return began.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  }

  /// Drives the loop until it holds; false when it takes far too long.
  bool until(const std::function<bool()>& holds) { return drive_until(*loop, holds); }
  void settle() {
    for (int turn = 0; turn < 100; ++turn) loop->poll();
  }
  /// Lines of the log that contain the text.
  std::size_t logged(std::string_view part) const {
    const std::string text = log->text();
    std::size_t times = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++times;
    return times;
  }
  std::size_t polls() const { return server.count<activity_poll>() + server.count<workflow_poll>(); }
  /// The server was told once for each invocation that the worker goes, and is not called after that.
  void expect_last_goodbye(std::size_t invocations_so_far = 1) {
    settle();
    ASSERT_EQ(server.count<goodbye>(), invocations_so_far);
    EXPECT_EQ(server.calls().back(), "ShutdownWorker");
  }

  std::shared_ptr<io::connection> keep_;
  std::unique_ptr<io::event_loop> loop;
  fake_server server;
  std::shared_ptr<log_text> log = std::make_shared<log_text>();
  std::unique_ptr<fake_run> run;
  std::unique_ptr<serverless::runner> host;
  std::optional<serverless::report> report;
};

}  // namespace rondo::test
