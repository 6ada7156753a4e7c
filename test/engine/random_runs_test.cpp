#include "rondo/workflow.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/script.hpp"
#include "rondo/detail/base/random.hpp"

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;

namespace random_runs_test {

int charge(int cents);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};
constexpr rondo::activity_options patient{.start_to_close_timeout = 5s,
                                          .cancellation = rondo::cancellation_type::wait_cancellation_completed};

/// Does a bit of everything, much of it at once.
class busy {
 public:
  rondo::task<int> run() {
    auto background = workflow::execute_activity<charge>(patient, 1).start();
    while (sum_ < 12) {
      const bool woken = co_await workflow::wait_condition([this] { return poked_ > 0; }, 10s);
      sum_ += woken ? 1 : 2;
      poked_ = 0;
      if (workflow::patched("more")) sum_ += static_cast<int>(workflow::random().uniform(0, 2));
    }
    background.cancel();
    auto last = co_await workflow::as_result(std::move(background));
    co_return last ? sum_ : -sum_;
  }
  void poke() { ++poked_; }
  rondo::task<> work(int amount) {
    auto first = co_await workflow::when_any(workflow::execute_activity<charge>(soon, amount), workflow::sleep(3s));
    ++poked_;
    if (first.index() == 1 || amount == 0) co_return;
    auto paid = co_await workflow::as_result(workflow::execute_activity<charge>(patient, amount - 1));
    if (paid) sum_ += 1;
  }
  rondo::task<> race() {
    auto all = workflow::when_all(workflow::execute_activity<charge>(soon, 7), workflow::sleep(2s));
    auto got = co_await workflow::as_result(std::move(all));
    poked_ += got ? 1 : 2;
  }
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&busy::poke>, rondo::signal<&busy::work>, rondo::signal<&busy::race>);

 private:
  int sum_ = 0, poked_ = 0;
};

/// What could happen next to a run with this history.
struct open_things {
  std::vector<std::int64_t> activities, timers;
};
open_things open_in(const History& history) {
  std::map<std::int64_t, bool> activities;
  std::map<std::string, std::int64_t> timers;
  for (const auto& event : history.events()) {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
        activities[event.event_id()] = true;
        break;
      case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
        activities.erase(event.activity_task_completed_event_attributes().scheduled_event_id());
        break;
      case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
        activities.erase(event.activity_task_failed_event_attributes().scheduled_event_id());
        break;
      case enums::EVENT_TYPE_TIMER_STARTED:
        timers[event.timer_started_event_attributes().timer_id()] = event.event_id();
        break;
      case enums::EVENT_TYPE_TIMER_FIRED:
        timers.erase(event.timer_fired_event_attributes().timer_id());
        break;
      case enums::EVENT_TYPE_TIMER_CANCELED:
        timers.erase(event.timer_canceled_event_attributes().timer_id());
        break;
      default:
        break;
    }
  }
  open_things open;
  for (const auto& [id, yes] : activities) open.activities.push_back(id);
  for (const auto& [id, started] : timers) open.timers.push_back(started);
  return open;
}

void something_happens(history_builder& h, rondo::detail::deterministic_random& random) {
  const auto open = open_in(h.history());
  const auto pick = [&random](const std::vector<std::int64_t>& from) {
    return from[static_cast<std::size_t>(random.uniform(0, static_cast<std::int64_t>(from.size()) - 1))];
  };
  switch (random.uniform(0, 9)) {
    case 0:
      h.signal("poke");
      break;
    case 1:
      h.signal("work", {"0"});
      break;
    case 2:
      h.signal("work", {"3"});
      break;
    case 3:
      h.signal("race");
      break;
    case 4:
      h.failed_task();
      break;
    case 5:
      if (random.uniform(0, 5) == 0) h.cancel_requested("stop");
      break;
    case 6:
    case 7:
      if (!open.timers.empty()) h.timer_fired(pick(open.timers));
      break;
    default: {
      if (open.activities.empty()) break;
      const auto chosen = pick(open.activities);
      h.activity_started(chosen);
      random.uniform(0, 3) == 0 ? h.activity_failed(chosen, "declined") : h.activity_completed(chosen, "1");
      break;
    }
  }
}

TEST(random_runs, are_the_same_however_they_reach_the_run) {
  std::size_t commands = 0, ended = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    script made{rondo::registry().workflow<busy>(), history_builder("busy"), {}};
    for (std::uint64_t task = 1; task <= 10; ++task) {
      made.inbound.emplace_back([seed, task](history_builder& h) {
        rondo::detail::deterministic_random random(seed * 1000 + task);
        for (auto count = random.uniform(0, 5); count > 0; --count) something_happens(h, random);
      });
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto got = play_everywhere(made);
    for (const auto& task : got) {
      commands += task.size();
      for (const auto& each : task) {
        EXPECT_FALSE(each.starts_with("not completed")) << each;
        if (each.starts_with("complete") || each.starts_with("fail") || each == "cancelled") ++ended;
      }
    }
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(commands, 100U) << "the scripts have become boring";
  EXPECT_GT(ended, 1U);
}

}  // namespace random_runs_test
