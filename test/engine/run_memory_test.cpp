#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rondo/detail/worker/run_store.hpp"
#include "rondo/workflow.hpp"
#include "support/engine_driver.hpp"
#include "support/history_builder.hpp"

// What a run in memory takes, and that it takes no more the longer it lives.
namespace rondo::test::run_memory_test {

using namespace std::chrono_literals;

int charge(int cents);
constexpr activity_options soon{.start_to_close_timeout = 5s};

#ifdef RONDO_DETAIL_ASAN
constexpr bool pieces_are_used_again = false;
#else
constexpr bool pieces_are_used_again = true;
#endif

class idle {
 public:
  task<int> run() {
    co_await workflow::wait_condition([this] { return finished_; });
    co_return 1;
  }
  void finish() { finished_ = true; }
  task<> pause() { co_await workflow::sleep(1s); }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&idle::finish>, rondo::signal<&idle::pause>);

 private:
  bool finished_ = false;
};

task<int> step(int round) {
  auto timer = workflow::sleep(1h).start();
  const int cents = co_await workflow::execute_activity<charge>(soon, round);
  timer.cancel();
  co_return cents;
}
task<int> loop() {
  int sum = 0;
  for (int round = 0; round < 1000; ++round) sum += co_await step(round);
  co_return sum;
}

/// Counts the objects that live in the memory of runs.
class witness {
 public:
  witness() { ++alive; }
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  ~witness() { --alive; }
  static inline int alive = 0;
};

class busy {
 public:
  task<int> run() {
    const witness here;
    auto timer = workflow::sleep(1h).start();
    auto activity = workflow::execute_activity<charge>(soon, 1).start();
    co_await workflow::when_any(workflow::sleep(2h), workflow::sleep(3h));
    co_await timer;
    co_return co_await activity;
  }
  task<> work() {
    const witness here;
    co_await step(1);
  }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&busy::work>);

 private:
  witness here_;
};

class wide {
 public:
  task<int> run() {
    co_await workflow::sleep(1h);
    co_return room_[0];
  }

 private:
  std::array<char, 10'000> room_{};
};

class aligned {
 public:
  task<bool> run() {
    co_await workflow::sleep(1h);
    co_return reinterpret_cast<std::uintptr_t>(&place_) % 128 == 0;
  }

 private:
  struct alignas(128) place {
    char byte = 0;
  };
  place place_;
};

registry app() {
  return registry().workflow<idle>().workflow<loop>().workflow<busy>().workflow<wide>().workflow<aligned>();
}

/// A round of `loop`: the activity ends, the timer is cancelled, both begin anew.
void play_round(engine_driver& driver) {
  const auto scheduled = driver.history.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
  driver.history.activity_started(scheduled).activity_completed(scheduled, "1");
  driver.task();
}

TEST(run_memory, of_a_workflow_that_waits_for_a_signal_is_below_4_kib) {
  engine_driver driver(app(), history_builder("idle"));
  driver.task();
  const auto in_cache = sizeof(detail::worker::held_workflow) - sizeof(engine::workflow_run) + driver.run().bytes();
  EXPECT_LT(in_cache, 4096U);
  EXPECT_GT(driver.run().bytes(), sizeof(engine::workflow_run));
}

TEST(run_memory, does_not_grow_with_the_rounds_of_a_loop) {
  engine_driver driver(app(), history_builder("loop"));
  driver.task();
  for (int round = 0; round < 5; ++round) play_round(driver);
  const auto after_a_few = driver.run().bytes();
  for (int round = 0; round < 100; ++round) play_round(driver);
  EXPECT_EQ(driver.run().bytes(), after_a_few);
}

TEST(run_memory, does_not_grow_with_the_signals_that_were_handled) {
  engine_driver driver(app(), history_builder("busy"));
  driver.task();
  const auto handle_one = [&driver] {
    driver.history.signal("work");
    driver.task();
    play_round(driver);
  };
  for (int round = 0; round < 5; ++round) handle_one();
  const auto after_a_few = driver.run().bytes();
  for (int round = 0; round < 50; ++round) handle_one();
  EXPECT_EQ(driver.run().bytes(), after_a_few);
}

TEST(run_memory, has_the_frames_of_handlers_while_they_run_and_uses_them_again) {
  engine_driver driver(app(), history_builder("idle"));
  driver.task();
  const auto waiting = driver.run().bytes();
  for (int signal = 0; signal < 20; ++signal) driver.history.signal("pause");
  driver.task();
  const auto handling = driver.run().bytes();
  EXPECT_GT(handling, waiting + 20 * sizeof(detail::run::running_handler));
  if (!pieces_are_used_again) return;
  const auto first = driver.history.last(enums::EVENT_TYPE_TIMER_STARTED) - 19;
  for (int timer = 1; timer < 20; ++timer) driver.history.timer_fired(first + timer);
  driver.amend = {};
  driver.history.signal("pause");
  driver.task();
  EXPECT_EQ(driver.run().bytes(), handling);
}

TEST(run_memory, has_the_object_of_the_workflow) {
  engine_driver small(app(), history_builder("loop")), large(app(), history_builder("wide"));
  small.task();
  large.task();
  EXPECT_GT(large.run().bytes(), small.run().bytes() + 9'000);
}

TEST(run_memory, has_what_was_said_at_the_start) {
  history_builder said("idle");
  auto& memo = *said.at(1).mutable_workflow_execution_started_event_attributes()->mutable_memo()->mutable_fields();
  memo["note"].set_data(std::string(5'000, 'x'));
  engine_driver without(app(), history_builder("idle")), with(app(), said);
  without.task();
  with.task();
  EXPECT_GE(with.run().bytes(), without.run().bytes() + 5'000);
}

TEST(run_memory, goes_at_eviction_with_all_that_lives_in_it) {
  engine_driver driver(app(), history_builder("busy"));
  driver.task();
  for (int signal = 0; signal < 3; ++signal) driver.history.signal("work");
  driver.task();
  EXPECT_EQ(witness::alive, 5);
  // The arena of a debug build checks that nothing is left in it.
  driver.evict();
  EXPECT_EQ(witness::alive, 0);
  EXPECT_EQ(driver.run().bytes(), sizeof(engine::workflow_run));
}

TEST(run_memory, keeps_the_alignment_that_an_object_asks_for) {
  engine_driver driver(app(), history_builder("aligned"));
  driver.task();
  driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED));
  EXPECT_EQ(driver.task(), std::vector<std::string>{"complete (true)"});
}

}  // namespace rondo::test::run_memory_test
