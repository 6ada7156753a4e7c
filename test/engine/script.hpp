#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rondo/detail/engine/replay.hpp"
#include "rondo/registry.hpp"
#include "support/engine_driver.hpp"
#include "support/history_builder.hpp"

namespace rondo::test {

/// What happens to a run from outside, between its workflow tasks.
struct script {
  registry from;
  history_builder start;
  /// Each adds what comes before one further workflow task.
  std::vector<std::function<void(history_builder&)>> inbound;
  /// Asks for updates that come with a task, from 0 on.
  std::function<void(engine_driver&, std::size_t task)> updates = [](engine_driver&, std::size_t) {};
  /// Ends a local activity of a task that waits for some, or gives it up with a heartbeat.
  std::function<void(engine_driver&, std::size_t task)> locals = [](engine_driver& driver, std::size_t) {
    driver.end_local(driver.running.begin()->first, "1");
  };
};
using transcript = std::vector<std::vector<std::string>>;

/// Runs the script; before each task, `prepare` may change how it reaches the run.
inline transcript play(const script& of, const std::function<void(engine_driver&, std::size_t)>& prepare,
                       History* history = nullptr) {
  engine_driver driver(of.from, of.start);
  transcript all;
  for (std::size_t task = 0; task <= of.inbound.size(); ++task) {
    if (task > 0) of.inbound[task - 1](driver.history);
    of.updates(driver, task);
    driver.history.open_task();
    driver.locals = [&of, task](engine_driver& to) { of.locals(to, task); };
    prepare(driver, task);
    all.push_back(driver.complete_task());
    if (driver.last.evict != engine::eviction::none) break;
  }
  if (history != nullptr) *history = driver.history.history();
  return all;
}

inline void expect_replays(const script& of, const History& history) {
  const auto& type = history.events(0).workflow_execution_started_event_attributes().workflow_type().name();
  const auto& definition = *of.from.find_workflow(type);
  for (int cut = 0; cut <= history.events_size(); ++cut) {
    History first, empty, second;
    for (int i = 0; i < history.events_size(); ++i) *(i < cut ? first : second).add_events() = history.events(i);
    const History* const pages[] = {&first, &empty, &second};
    const auto result = engine::replay(definition, pages);
    EXPECT_TRUE(result.ok) << "cut after event " << cut << ": " << result.message;
  }
}

/// Plays the script with a run that stays in memory, then loses it at every task, at each task alone, and with pages
/// cut at every event: the commands must be the same. Returns them.
inline transcript play_everywhere(const script& of) {
  History history;
  const auto expected = play(
      of, [](engine_driver&, std::size_t) {}, &history);
  expect_replays(of, history);
  EXPECT_EQ(play(of, [](engine_driver& driver, std::size_t) { driver.evict(); }), expected) << "evicted at every task";
  for (std::size_t at = 0; at < expected.size(); ++at) {
    EXPECT_EQ(play(of,
                   [at](engine_driver& driver, std::size_t task) {
                     if (task == at) driver.evict();
                   }),
              expected)
        << "evicted at task " << at;
  }
  for (std::int64_t cut = 1; cut < history.events_size(); ++cut) {
    EXPECT_EQ(play(of,
                   [cut](engine_driver& driver, std::size_t) {
                     driver.evict();
                     driver.cuts = {cut};
                     driver.empty_pages = true;
                   }),
              expected)
        << "page ends with event " << cut;
  }
  EXPECT_EQ(play(of,
                 [](engine_driver& driver, std::size_t) {
                   driver.evict();
                   for (std::int64_t cut = 1; cut < driver.history.last_id(); ++cut) driver.cuts.push_back(cut);
                 }),
            expected)
      << "one event on each page";
  return expected;
}

}  // namespace rondo::test
