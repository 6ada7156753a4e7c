#include "engine/random_programs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "engine/random_world.hpp"
#include "rondo/detail/engine/replay.hpp"
#include "support/engine_driver.hpp"

// Programs and worlds made up from seeds. However a history reaches the run (in memory, rebuilt, in pages, with
// completions lost and tasks dropped), its code must ask for the same things.
namespace rondo::test::random_programs {

namespace random_programs_test {

constexpr int most_tasks = 14;

using transcript = std::vector<std::vector<std::string>>;

registry app() { return registry().workflow<program>(); }
/// A world, and the program in it.
struct chosen {
  std::uint64_t seed = 0;
  int words = newest_vocabulary;
};
engine_driver beginning(const chosen& of) {
  const std::string seed = std::to_string(of.seed), words = std::to_string(of.words);
  engine_driver driver(app(), history_builder("program", {seed, words}));
  if (of.words > 0) driver.run_options.changes = &changes_at_random;
  return driver;
}

std::function<void(engine_driver&)> locals_of(std::uint64_t seed, int task) {
  return [of = seed * 1000 + static_cast<std::uint64_t>(task)](engine_driver& driver) {
    random_world::work_on_local(driver, of);
  };
}

/// One way through the world of a seed. `prepare` says how each task reaches the run.
transcript play(const chosen& of, const std::function<void(engine_driver&)>& prepare, History* history) {
  const auto seed = of.seed;
  engine_driver driver = beginning(of);
  transcript all;
  for (int task = 0; task < most_tasks; ++task) {
    random_world world(seed * 1000 + static_cast<std::uint64_t>(task));
    if (task > 0) world.happen(driver);
    driver.history.open_task();
    outside = task * 100;
    prepare(driver);
    driver.locals = locals_of(seed, task);
    all.push_back(driver.complete_task());
    if (driver.last.evict != engine::eviction::none) break;
  }
  *history = driver.history.history();
  return all;
}

/// A task of broken code. Where it came to the broken place the task has failed, and the workflow has not; otherwise
/// its completion is lost. The server repeats the task either way.
void stumble(engine_driver& driver) {
  const auto before = stumbles;
  driver.history.open_task();
  broken = true;
  driver.run_whole_task();
  broken = false;
  if (stumbles == before) {
    EXPECT_EQ(driver.last.kind, engine::step_kind::completed) << driver.failure();
    driver.history.add(enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
    driver.evict();
  } else {
    EXPECT_EQ(driver.last.kind, engine::step_kind::failed);
    EXPECT_EQ(driver.failure(), "this code is broken");
    EXPECT_NE(driver.last.evict, engine::eviction::none) << "what stays of a failed task is not what the history says";
    driver.history.add(enums::EVENT_TYPE_WORKFLOW_TASK_FAILED);
    // As a worker does, only when the step asks for it.
    if (driver.last.evict != engine::eviction::none) driver.evict();
  }
}

/// The world of a seed with faults: completions that get lost, so that the task comes again, tasks that fail since the
/// code is broken and succeed once it is mended, tasks that are dropped because nothing happened in them, messages that
/// come twice.
bool play_with_faults(const chosen& of, History* history) {
  const auto seed = of.seed;
  engine_driver driver = beginning(of);
  random_world faults(seed + 7), stumbling(seed + 13);
  for (int task = 0; task < most_tasks; ++task) {
    random_world world(seed * 1000 + static_cast<std::uint64_t>(task));
    if (task > 0) world.happen(driver);
    outside = task * 100;
    driver.locals = locals_of(seed, task);
    if (faults.chance(4)) {
      // The answer to the completion is lost, and so is the completion: the server repeats the task.
      driver.history.open_task();
      driver.run_whole_task();
      driver.history.add(enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
      driver.evict();
    }
    // Not with the first vocabulary: what is remembered of its time must see the world that it saw then.
    if (of.words > 0 && stumbling.chance(3)) stumble(driver);
    if (faults.chance(3)) driver.evict();
    const auto before = driver.history;
    driver.history.open_task();
    driver.run_whole_task();
    if (driver.last.kind != engine::step_kind::completed) {
      ADD_FAILURE() << driver.failure();
      return false;
    }
    const bool nothing =
        driver.last.completed->commands().empty() && !driver.last.completed->force_create_new_workflow_task();
    const auto last = before.history().events(static_cast<int>(before.last_id()) - 1).event_type();
    if (nothing && !driver.last.completed->messages().empty() && last == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED) {
      driver.run().accepted(before.last_id() - 1);
      driver.history = before;
      driver.forget_messages();
      continue;
    }
    driver.take_completion();
    if (driver.last.evict != engine::eviction::none) break;
  }
  *history = driver.history.history();
  return true;
}

/// Replays a history whose pages end at random.
void expect_replay(const History& history, random_world& how) {
  History first, second;
  const auto cut = how.number(history.events_size());
  for (int i = 0; i < history.events_size(); ++i) *(i < cut ? first : second).add_events() = history.events(i);
  const History* const pages[] = {&first, &second};
  const auto definition = app();
  const auto result = engine::replay(*definition.find_workflow("program"), pages);
  EXPECT_TRUE(result.ok) << "cut after event " << cut << ": " << result.message;
}

struct seen {
  std::size_t commands = 0, ended = 0, updates = 0;
};

void try_seed(const chosen& of, seen& all) {
  const auto seed = of.seed;
  SCOPED_TRACE("seed " + std::to_string(seed) + ", vocabulary " + std::to_string(of.words));
  History history, again, faulty;
  const auto expected = play(
      of, [](engine_driver&) {}, &history);
  random_world how(seed + 1);
  const auto got = play(
      of,
      [&how](engine_driver& driver) {
        if (how.chance(2)) driver.evict();
        driver.cuts.clear();
        for (auto cuts = how.number(2); cuts > 0; --cuts)
          driver.cuts.push_back(1 + how.number(driver.history.last_id()));
        std::sort(driver.cuts.begin(), driver.cuts.end());
        driver.empty_pages = how.chance(4);
      },
      &again);
  EXPECT_EQ(got, expected);
  expect_replay(history, how);
  if (play_with_faults(of, &faulty)) expect_replay(faulty, how);
  for (const auto& task : expected) {
    all.commands += task.size();
    for (const auto& each : task) {
      EXPECT_FALSE(each.starts_with("not completed")) << each;
      if (each.starts_with("complete") || each.starts_with("fail ") || each == "cancelled") ++all.ended;
      if (each.starts_with("accept") || each.starts_with("reject")) ++all.updates;
    }
  }
}

/// What has shown a fault once; it stays, with the vocabulary of its time. The list grows by the line that the test
/// below prints when a seed fails: it goes to the end, in the commit that mends the fault, and none is ever taken out.
/// A new vocabulary leaves the lines as they are, since each says which one it means.
constexpr chosen remembered[] = {{.seed = 1, .words = 0}};

std::string line_to_remember(const chosen& of) {
  return "add {.seed = " + std::to_string(of.seed) + ", .words = " + std::to_string(of.words) +
         "} to `remembered` in test/engine/random_programs_test.cpp";
}

TEST(random_programs, that_fail_are_named_by_the_line_that_remembers_them) {
  EXPECT_EQ(line_to_remember({.seed = 42, .words = 1}),
            "add {.seed = 42, .words = 1} to `remembered` in test/engine/random_programs_test.cpp");
}

TEST(random_programs, that_were_at_fault_once_are_the_same_however_they_run) {
  seen all;
  for (const auto& each : remembered) try_seed(each, all);
}

// RONDO_RANDOM_SEEDS sets how many, RONDO_RANDOM_SEED where they begin.
TEST(random_programs, are_the_same_however_they_run) {
  const char* count = std::getenv("RONDO_RANDOM_SEEDS");
  const char* first = std::getenv("RONDO_RANDOM_SEED");
  const std::uint64_t from = first == nullptr ? 1 : std::strtoull(first, nullptr, 10);
  const std::uint64_t seeds = count == nullptr ? 300 : std::strtoull(count, nullptr, 10);
  const std::size_t before = stumbles;
  seen all;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    const chosen next{.seed = seed};
    try_seed(next, all);
    if (HasFailure()) FAIL() << "when the fault is mended, " << line_to_remember(next);
  }
  // A few seeds may have little of something.
  if (seeds < 100) return;
  EXPECT_GT(all.commands, seeds * 5) << "the programs have become boring";
  EXPECT_GT(all.ended, seeds / 4);
  EXPECT_GT(all.updates, seeds / 10);
  EXPECT_GT(stumbles - before, seeds / 4) << "hardly any task fails";
}

}  // namespace random_programs_test

}  // namespace rondo::test::random_programs
