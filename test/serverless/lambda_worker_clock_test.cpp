#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>

#include "serverless/lambda_worker_fixture.hpp"

// The clock on the wall of a worker's machine is set while an invocation is under way. Lambda tells the deadline by
// that clock, once.
namespace rondo::test {
namespace lambda_worker_clock_test {

using namespace std::chrono_literals;

/// With each transport, forward and backward.
class ClockOfLambdaWorker : public lambda_worker_test,
                            public ::testing::WithParamInterface<std::tuple<const char*, int>> {
 protected:
  const char* program() const { return std::get<0>(GetParam()); }
  std::int64_t jump() const { return std::get<1>(GetParam()); }

  ClockOfLambdaWorker() { set_clock(0); }

  /// By seconds ahead of the true time.
  void set_clock(std::int64_t seconds) const {
    const std::int64_t nanoseconds = seconds * 1'000'000'000;
    const int file = ::open(folder_.file("clock").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(::pwrite(file, &nanoseconds, sizeof nanoseconds, 0), static_cast<ssize_t>(sizeof nanoseconds));
    ::close(file);
  }
  void emulate(const std::string& timeout, const std::string& idle_timeout) {
    lambda_worker_test::emulate(program(),
                                {"--timeout", timeout, "--env", "LD_PRELOAD=" + program_beside("wall_clock.so"),
                                 "--env", "WALL_CLOCK_OFFSET=" + folder_.file("clock")},
                                idle_timeout);
  }
  /// How far the clock of the worker is ahead of the one here, in minutes.
  std::int64_t minutes_ahead(std::string_view id) {
    const auto there = client().start_workflow<clock_of_worker>(start(id)).get().result().get();
    return (there - wall_clock() + (there > wall_clock() ? 30 : -30)) / 60;
  }
};

std::string name_of_case(const ::testing::TestParamInfo<std::tuple<const char*, int>>& info) {
  const bool is_grpc = std::string(std::get<0>(info.param)) == "lambda_worker";
  return std::string(is_grpc ? "Grpc" : "Http2") + (std::get<1>(info.param) > 0 ? "Forward" : "Backward");
}

INSTANTIATE_TEST_SUITE_P(Jumps, ClockOfLambdaWorker,
                         ::testing::Combine(::testing::Values("lambda_worker", "lambda_worker_http2"),
                                            ::testing::Values(3600, -3600)),
                         name_of_case);

TEST_P(ClockOfLambdaWorker, AJumpInTheMiddleOfAnInvocationChangesNothing) {
  // Work for 5 s: never idle, so that it ends because of the deadline.
  emulate("12s", "60s");
  auto answer = begin();
  deployment_operator(client(), "greetings").set_current("b1");
  EXPECT_EQ(minutes_ahead("before"), 0);
  set_clock(jump());
  // It did not end early.
  EXPECT_EQ(minutes_ahead("after"), jump() / 60);
  const auto got = answer.get();
  EXPECT_EQ(got.headers.get("X-Amz-Function-Error"), "") << got.body;
  const auto what = json::parse<told>(got.body);
  EXPECT_EQ(what.reason, "deadline") << got.body;
  EXPECT_EQ(what.lostPolls, 0U) << got.body;
  const auto counted = stats();
  EXPECT_EQ(counted.invocations, 1);
  EXPECT_EQ(counted.timeouts, 0);
  expect_no_losses("before");
  expect_no_losses("after");
}

}  // namespace lambda_worker_clock_test
}  // namespace rondo::test
