#include "rondo/serverless/budget.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace budget_test {

namespace serverless = rondo::serverless;
using namespace std::chrono_literals;
using serverless::poll_advice;
using serverless::time_point;
using serverless::verdict;

constexpr time_point now = time_point(1'000s);

std::string refusal(const serverless::time_limits& limits) {
  try {
    check(limits);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(budget, divides_the_time_until_the_deadline) {
  const auto times = serverless::plan(now + 60s, now, {});
  EXPECT_EQ(times.stop, now + 53s);
  EXPECT_EQ(times.polls, now + 54s);
  EXPECT_EQ(times.hooks, now + 58s);
  EXPECT_EQ(times.deadline, now + 60s);
  EXPECT_EQ(times.work, 53s);
  EXPECT_EQ(times.verdict, verdict::enough);
}

TEST(budget, says_when_there_is_too_little_time) {
  const auto verdict_of = [](rondo::duration work) { return serverless::plan(now + 7s + work, now, {}).verdict; };
  EXPECT_EQ(verdict_of(-30s), verdict::none);
  EXPECT_EQ(verdict_of(0s), verdict::none);
  EXPECT_EQ(verdict_of(1s), verdict::none);
  EXPECT_EQ(verdict_of(1001ms), verdict::little);
  EXPECT_EQ(verdict_of(4999ms), verdict::little);
  EXPECT_EQ(verdict_of(5s), verdict::enough);
}

TEST(budget, takes_a_buffer_of_ones_own) {
  const auto times = serverless::plan(now + 60s, now, {.stop_timeout = 10s, .shutdown_buffer = 20s});
  EXPECT_EQ(times.stop, now + 40s);
  EXPECT_EQ(times.hooks, now + 50s);
  EXPECT_EQ(serverless::plan(now + 60s, now, {.stop_timeout = 500ms}).polls, now + 57750ms);
  EXPECT_EQ(serverless::plan(now + 60s, now, {.stop_timeout = 10s}).stop, now + 48s);
}

TEST(budget, ends_runs_without_a_deadline_too) {
  const auto times = serverless::plan(std::nullopt, now, {.max_run = 60s});
  EXPECT_EQ(times.stop, now + 60s);
  EXPECT_EQ(times.deadline, now + 67s);
  EXPECT_EQ(times.verdict, verdict::enough);
  const auto endless = serverless::plan(std::nullopt, now, {.max_run = 0s});
  EXPECT_EQ(endless.stop, time_point::max());
  EXPECT_EQ(endless.polls, time_point::max());
  EXPECT_EQ(endless.verdict, verdict::enough);
}

TEST(budget, refuses_limits_that_cannot_work_together) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({.stop_timeout = 5s, .shutdown_buffer = 5s}), "");
  EXPECT_EQ(refusal({.stop_timeout = 5s, .shutdown_buffer = 4s}),
            "rondo: shutdown_buffer (4000 ms) must be at least stop_timeout (5000 ms): tasks that are in work when "
            "polling stops would outlive the deadline");
  EXPECT_EQ(refusal({.hook_buffer = -1s}), "rondo: hook_buffer must not be negative, but it is -1000 ms");
  EXPECT_EQ(refusal({.min_work = 6s}), "rondo: warn_work (5000 ms) must be at least min_work (6000 ms)");
}

TEST(plan_poll, ends_a_poll_at_the_nearest_of_three) {
  const auto wait = [](rondo::duration stop, rondo::duration idle, rondo::duration cap) {
    const auto plan = serverless::plan_poll(now, now + stop, now + idle, cap);
    EXPECT_EQ(plan.advice, poll_advice::begin);
    return plan.deadline - now;
  };
  EXPECT_EQ(wait(60s, 30s, 10s), 11s);
  EXPECT_EQ(wait(60s, 5s, 10s), 6s);
  EXPECT_EQ(wait(8s, 30s, 10s), 8s);
  // Servers refuse shorter polls.
  EXPECT_EQ(wait(60s, 30s, 1s), 2200ms);
}

TEST(plan_poll, never_passes_its_end) {
  for (auto left = -1000ms; left < 20s; left += 50ms) {
    const auto plan = serverless::plan_poll(now, now + left, now + 5s, 10s);
    EXPECT_EQ(plan.advice, left >= 2200ms ? poll_advice::begin : poll_advice::end);
    EXPECT_EQ(serverless::last_begin(now + left) >= now, plan.advice == poll_advice::begin);
    if (plan.advice != poll_advice::begin) continue;
    EXPECT_LE(plan.deadline, now + left);
    EXPECT_GT(plan.deadline, now + 2s);
  }
}

TEST(plan_poll, never_keeps_an_idle_worker_from_ending) {
  for (auto left = -1000ms; left < 20s; left += 50ms) {
    const auto plan = serverless::plan_poll(now, now + 60s, now + left, 10s);
    EXPECT_EQ(plan.advice, left >= 1200ms ? poll_advice::begin : poll_advice::wait);
    if (plan.advice != poll_advice::begin) continue;
    // The server answers a second before the deadline.
    EXPECT_LE(plan.deadline, now + left + 1s);
  }
}

TEST(plan_poll, has_no_end_but_the_cap_when_nothing_ends_the_worker) {
  EXPECT_EQ(serverless::plan_poll(now, time_point::max(), time_point::max(), 10s).deadline, now + 11s);
  EXPECT_EQ(serverless::last_begin(time_point::max()), time_point::max());
}

}  // namespace budget_test
