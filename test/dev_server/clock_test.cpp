#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

#include "rondo/detail/io/loop.hpp"
#include "rondo/server/clock.hpp"

namespace rondo::test {
namespace clock_test {

using server::hour;
using server::millisecond;
using server::second;
using kind = server::clock::kind;

constexpr server::instant beginning = 1000 * second;

struct still_clock : ::testing::Test {
  server::io::event_loop loop;
  server::clock clock{loop, true, beginning};
  server::clock::timer a, b, c, d;
  std::string fired;

  void TearDown() override {
    for (auto* each : {&a, &b, &c, &d}) clock.disarm(*each);
  }
  void note(server::clock::timer& which, const std::string& name) {
    which.on_due = [this, name] { fired += name + std::to_string((clock.now() - beginning) / second) + " "; };
  }
  void name_all() {
    note(a, "a");
    note(b, "b");
    note(c, "c");
    note(d, "d");
  }
  /// Until no time is left to skip to.
  void run_until_idle() {
    bool idle = false;
    std::function<void()> look = [&] {
      if (clock.has_next()) return clock.when_idle(look);
      idle = true;
    };
    clock.when_idle(look);
    while (!idle) loop.poll();
  }
};

TEST_F(still_clock, fires_by_time_then_progress_before_limits_then_order_of_arming) {
  name_all();
  clock.arm(d, beginning + 2 * second, kind::limit);
  clock.arm(c, beginning + 2 * second);
  clock.arm(b, beginning + 2 * second);
  clock.arm(a, beginning + second, kind::limit);
  clock.skip_to(beginning + 3 * second);
  EXPECT_EQ(fired, "a1 c2 b2 d2 ");
  EXPECT_EQ(clock.now(), beginning + 3 * second);
}

TEST_F(still_clock, fires_what_earlier_timers_armed_on_the_way) {
  name_all();
  a.on_due = [&] {
    if ((clock.now() - beginning) < 3 * second) clock.arm(a, clock.now() + second);
    fired += "a";
  };
  clock.arm(a, beginning + second);
  clock.arm(b, beginning + 2 * second);
  clock.skip_to(beginning + 10 * second);
  EXPECT_EQ(fired, "ab2 aa");
}

TEST_F(still_clock, stands_still_while_it_is_locked) {
  name_all();
  clock.arm(a, beginning + second);
  for (int i = 0; i < 20; ++i) loop.poll();
  EXPECT_EQ(fired, "");
  EXPECT_EQ(clock.now(), beginning);
}

TEST_F(still_clock, skips_from_timer_to_timer_when_nothing_else_happens) {
  name_all();
  clock.arm(a, beginning + hour);
  clock.arm(b, beginning + 2 * hour);
  EXPECT_TRUE(clock.unlock_skipping());
  run_until_idle();
  EXPECT_EQ(fired, "a3600 b7200 ");
  EXPECT_EQ(clock.now(), beginning + 2 * hour);
  EXPECT_FALSE(clock.unlock_skipping());
}

TEST_F(still_clock, passes_limits_only_on_the_way_to_progress) {
  name_all();
  clock.arm(a, beginning + second, kind::limit);
  clock.unlock_skipping();
  run_until_idle();
  EXPECT_EQ(fired, "");
  EXPECT_EQ(clock.now(), beginning);
  clock.arm(c, beginning + 3 * second, kind::limit);
  clock.arm(b, beginning + 2 * second);
  run_until_idle();
  EXPECT_EQ(fired, "a1 b2 ");
}

TEST_F(still_clock, does_not_skip_while_it_is_held) {
  name_all();
  clock.arm(a, beginning + second);
  clock.hold();
  clock.hold();
  clock.unlock_skipping();
  clock.release();
  for (int i = 0; i < 20; ++i) loop.poll();
  EXPECT_EQ(fired, "");
  clock.release();
  run_until_idle();
  EXPECT_EQ(fired, "a1 ");
}

TEST_F(still_clock, does_not_skip_while_the_loop_has_work) {
  name_all();
  clock.arm(a, beginning + second);
  clock.unlock_skipping();
  int steps = 0;
  std::function<void()> work = [&] {
    EXPECT_EQ(fired, "");
    if (++steps < 50) loop.post(work);
  };
  loop.post(work);
  run_until_idle();
  EXPECT_EQ(steps, 50);
  EXPECT_EQ(fired, "a1 ");
}

TEST_F(still_clock, counts_locks) {
  name_all();
  clock.arm(a, beginning + second);
  clock.lock_skipping();
  clock.unlock_skipping();
  for (int i = 0; i < 20; ++i) loop.poll();
  EXPECT_EQ(fired, "");
  clock.unlock_skipping();
  run_until_idle();
  EXPECT_EQ(fired, "a1 ");
}

TEST_F(still_clock, lets_waiters_pass_the_first_lock_but_no_other) {
  name_all();
  clock.arm(a, beginning + second);
  clock.lock_skipping();
  clock.add_waiter();
  for (int i = 0; i < 20; ++i) loop.poll();
  EXPECT_EQ(fired, "");
  clock.unlock_skipping();
  run_until_idle();
  EXPECT_EQ(fired, "a1 ");
  clock.remove_waiter();
  clock.arm(a, beginning + 5 * second);
  for (int i = 0; i < 20; ++i) loop.poll();
  EXPECT_EQ(fired, "a1 ");
}

TEST_F(still_clock, fires_what_is_due_already_without_skipping) {
  name_all();
  clock.arm(a, beginning - second);
  clock.arm(b, beginning);
  while (fired.size() < 6) loop.poll();
  EXPECT_EQ(fired, "a0 b0 ");
}

TEST_F(still_clock, forgets_disarmed_timers_and_moves_armed_ones) {
  name_all();
  clock.arm(a, beginning + second);
  clock.arm(b, beginning + second, kind::limit);
  clock.disarm(a);
  clock.arm(b, beginning + 2 * second, kind::progress);
  EXPECT_FALSE(a.armed());
  EXPECT_EQ(b.when(), beginning + 2 * second);
  clock.skip_to(beginning + 5 * second);
  EXPECT_EQ(fired, "b2 ");
}

TEST_F(still_clock, lets_a_timer_die_when_it_fires) {
  std::optional<server::clock::timer> dying;
  dying.emplace();
  dying->on_due = [&, text = std::string(100, 'x')] {
    dying.reset();
    fired = text;
  };
  clock.arm(*dying, beginning + second);
  clock.skip_to(beginning + second);
  EXPECT_EQ(fired, std::string(100, 'x'));
}

TEST_F(still_clock, wakes_sleepers_in_time_unless_they_were_cancelled) {
  clock.unlock_skipping();
  clock.sleep_until(beginning + second, [&] { fired += "one "; });
  const auto two = clock.sleep_until(beginning + 2 * second, [&] { fired += "two "; });
  clock.sleep_until(beginning + 3 * second, [&] { fired += "three "; });
  clock.cancel_sleep(two);
  clock.cancel_sleep(two);
  run_until_idle();
  EXPECT_EQ(fired, "one three ");
}

TEST(real_clock, fires_when_the_time_has_come) {
  server::io::event_loop loop;
  server::clock clock(loop, false);
  EXPECT_FALSE(clock.can_skip());
  server::clock::timer soon;
  server::clock::timer late;
  bool fired = false;
  late.on_due = [] { ADD_FAILURE(); };
  soon.on_due = [&] {
    fired = true;
    EXPECT_GE(clock.now(), soon.when());
  };
  clock.arm(late, clock.now() + hour);
  clock.arm(soon, clock.now() + millisecond);
  loop.run_until([&] { return fired; });
  clock.disarm(late);
}

TEST(real_clock, goes_on_from_what_was_skipped) {
  server::io::event_loop loop;
  server::clock clock(loop, true);
  const auto before = clock.now();
  server::clock::timer timer;
  bool fired = false;
  timer.on_due = [&] { fired = true; };
  clock.arm(timer, before + 24 * hour);
  clock.unlock_skipping();
  loop.run_until([&] { return fired; });
  EXPECT_GE(clock.now(), before + 24 * hour);
  clock.refresh();
  EXPECT_GE(clock.now(), before + 24 * hour);
  fired = false;
  clock.arm(timer, clock.now() + millisecond);
  clock.lock_skipping();
  loop.run_until([&] { return fired; });
}

TEST(real_clock, may_die_before_what_it_posted) {
  server::io::event_loop loop;
  server::clock::timer timer;
  timer.on_due = [] { ADD_FAILURE(); };
  {
    server::clock clock(loop, true);
    clock.unlock_skipping();
    clock.arm(timer, clock.now() - second);
    clock.disarm(timer);
  }
  for (int i = 0; i < 5; ++i) loop.poll();
}

}  // namespace clock_test
}  // namespace rondo::test
