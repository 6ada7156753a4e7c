#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "serverless/lambda_worker_fixture.hpp"

// The process of a worker stands still in the middle of an invocation, as it does where its machine is paused or moved,
// and goes on later: with sockets that the server wrote to meanwhile, and with deadlines that have passed.
namespace rondo::test {
namespace lambda_worker_freeze_test {

using namespace std::chrono_literals;

/// With each transport.
class FrozenLambdaWorker : public lambda_worker_test, public ::testing::WithParamInterface<const char*> {
 protected:
  /// Longer than any poll lasts: each ends with the idle time, and a second after it.
  static constexpr auto longer_than_a_poll = 4s;

  void emulate(const std::string& timeout) {
    lambda_worker_test::emulate(GetParam(), {"--timeout", timeout}, "2s");
    make_current();
  }
  call<std::string> greet_in(std::string_view id, std::string name, std::chrono::milliseconds task_timeout = 10s) {
    auto options = start(id);
    options.task_timeout = task_timeout;
    return client().start_workflow<greeting>(options, std::move(name), 0).get().result();
  }
  void stop() const { ::kill(worker_process(), SIGSTOP); }
  void go_on() const { ::kill(worker_process(), SIGCONT); }
  /// A poll of the process that stands still has got a task of the workflow.
  void wait_for_match(const std::string& id) {
    ASSERT_TRUE(eventually([&] { return is_matched(id); })) << history_of(id).DebugString();
  }
  static void expect_answer(const http::response& answer, const std::string& reason) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("X-Amz-Function-Error"), "") << answer.body;
    const auto what = json::parse<told>(answer.body);
    EXPECT_EQ(what.reason, reason) << answer.body;
    EXPECT_EQ(what.lostPolls, 0U) << answer.body;
  }
  /// Invokes the function until the workflow has come to its end, as a server does.
  std::string end_of(call<std::string> result) {
    auto end = std::async(std::launch::async, [&] { return result.get(); });
    for (int i = 0; i < 6 && end.wait_for(1s) != std::future_status::ready; ++i) invoke();
    return end.get();
  }
};

std::string name_of_program(const ::testing::TestParamInfo<const char*>& info) {
  return std::string(info.param) == "lambda_worker" ? "Grpc" : "Http2";
}

INSTANTIATE_TEST_SUITE_P(Transports, FrozenLambdaWorker, ::testing::Values("lambda_worker", "lambda_worker_http2"),
                         name_of_program);

TEST_P(FrozenLambdaWorker, LosesNoTaskThatItsPollsGotMeanwhile) {
  emulate("60s");
  auto answer = begin();
  EXPECT_EQ(greet_in("before", "ada").get(), "hello ada, hello again");  // so it polls
  stop();
  auto during = greet_in("during", "bob");
  wait_for_match("during");
  std::this_thread::sleep_for(longer_than_a_poll);
  go_on();
  expect_answer(answer.get(), "idle");
  EXPECT_EQ(end_of(std::move(during)), "hello bob, hello again");
  expect_no_losses("before");
  expect_no_losses("during");
  EXPECT_EQ(stats().invocations, 2) << "another one had to do the rest";
  EXPECT_EQ(stats().coldStarts, 1);
}

TEST_P(FrozenLambdaWorker, GoesOnInTheMiddleOfAnActivity) {
  emulate("60s");
  auto answer = begin();
  auto gated = client().start_workflow<gated_greeting>(start("gated"), std::string("ada")).get().result();
  ASSERT_TRUE(eventually([this] { return runs_activity("gated"); }));
  EXPECT_EQ(greet_in("before", "cid").get(), "hello cid, hello again");  // so it polls
  stop();
  auto during = greet_in("during", "bob");
  wait_for_match("during");
  std::this_thread::sleep_for(longer_than_a_poll);
  go_on();
  EXPECT_EQ(during.get(), "hello bob, hello again");
  std::ofstream(folder_.file("gate")) << "open";
  expect_answer(answer.get(), "idle");
  EXPECT_EQ(end_of(std::move(gated)), "ada passed, hello ada");
  expect_no_losses("gated");
  expect_no_losses("during");
  EXPECT_EQ(stats().invocations, 2) << "another one had to do the rest";
}

TEST_P(FrozenLambdaWorker, EndsWhatItHasWhenTheTimeForWorkHasPassed) {
  // Work for 5 s, until 10 s for what is in work then, the hooks until 12 s.
  emulate("12s");
  const auto began = std::chrono::steady_clock::now();
  auto answer = begin();
  EXPECT_EQ(greet_in("before", "ada").get(), "hello ada, hello again");
  stop();
  auto during = greet_in("during", "bob", 20s);
  wait_for_match("during");
  std::this_thread::sleep_until(began + 10500ms);
  go_on();
  expect_answer(answer.get(), "deadline");
  EXPECT_EQ(stats().timeouts, 0);
  EXPECT_FALSE(is_matched("during")) << history_of("during").DebugString();
  EXPECT_EQ(end_of(std::move(during)), "hello bob, hello again");
  expect_no_losses("during");
}

TEST_P(FrozenLambdaWorker, AnotherInvocationDoesWhatItGotWhenItNeverGoesOn) {
  emulate("10s");
  auto answer = begin();
  EXPECT_EQ(greet_in("before", "ada").get(), "hello ada, hello again");
  stop();
  auto during = greet_in("during", "bob", 2s);
  wait_for_match("during");
  const auto killed = answer.get();
  EXPECT_EQ(killed.headers.get("X-Amz-Function-Error"), "Unhandled");
  EXPECT_NE(killed.body.find("Task timed out after 10.00 seconds"), std::string::npos) << killed.body;
  EXPECT_EQ(end_of(std::move(during)), "hello bob, hello again");
  const auto found = losses_of("during");
  EXPECT_EQ(found.workflow_task_timeouts, 1);
  EXPECT_EQ(found.repeated_activities, 0);
  EXPECT_EQ(stats().timeouts, 1);
}

}  // namespace lambda_worker_freeze_test
}  // namespace rondo::test
