#include "rondo/serverless/idle_watch.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace rondo::serverless {
namespace idle_watch_test {

using namespace std::chrono_literals;

/// Ends with its polls; worked from the 10th to the 11th second.
class idle_watch_test : public ::testing::Test {
 protected:
  idle_watch_test() {
    watch.observe(at(10s), true, at(10s));
    watch.observe(at(11s), false, at(10s));
  }
  static time_point at(duration since) {
    return time_point() + std::chrono::duration_cast<time_point::duration>(since);
  }
  bool has_seen_all(duration began, duration answered) const { return watch.has_seen_all(at(began), at(answered)); }

  idle_watch watch{duration::zero(), at(0s)};
};

TEST_F(idle_watch_test, takes_an_empty_poll_after_the_last_work_for_the_end) {
  EXPECT_TRUE(has_seen_all(11s, 11s));
  EXPECT_FALSE(has_seen_all(10s, 11s));
}

TEST_F(idle_watch_test, takes_an_empty_answer_long_after_the_last_work_for_the_end) {
  EXPECT_TRUE(has_seen_all(0s, 12s));
  // It may have been sent before the server learned of the work's end, and so of the next task.
  EXPECT_FALSE(has_seen_all(0s, 11999ms));
  EXPECT_FALSE(has_seen_all(0s, 0s));
}

TEST_F(idle_watch_test, looks_again_after_somebody_has_said_that_there_is_work) {
  watch.expect_work(at(13s));
  EXPECT_FALSE(has_seen_all(12s, 13500ms));
  EXPECT_TRUE(has_seen_all(12s, 14s));
  EXPECT_TRUE(has_seen_all(13s, 13s));
}

TEST_F(idle_watch_test, does_not_end_while_something_is_in_work) {
  watch.observe(at(20s), true, at(20s));
  EXPECT_FALSE(has_seen_all(20s, 30s));
}

TEST(idle_watch_after_standstill, waits_a_moment_for_what_came_meanwhile) {
  const auto at = [](duration since) { return time_point() + std::chrono::duration_cast<time_point::duration>(since); };
  idle_watch watch(2s, at(0s));
  watch.go_on_after_standstill(at(10s));
  EXPECT_EQ(watch.idle_at(), at(10500ms));
  watch.expect_work(at(10s));
  watch.go_on_after_standstill(at(10s));
  EXPECT_EQ(watch.idle_at(), at(12s)) << "no sooner than without it";
  idle_watch short_one(100ms, at(0s));
  short_one.go_on_after_standstill(at(10s));
  EXPECT_EQ(short_one.idle_at(), at(10100ms)) << "no longer than it waits otherwise";
  idle_watch endless(std::nullopt, at(0s));
  endless.go_on_after_standstill(at(10s));
  EXPECT_EQ(endless.idle_at(), time_point::max());
}

}  // namespace idle_watch_test
}  // namespace rondo::serverless
