#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// Which event groups the commands of a workflow belong to.
namespace rondo::test::event_groups_cases {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

int charge(int cents);
constexpr activity_options soon{.start_to_close_timeout = 5s};
constexpr local_activity_options here{.start_to_close_timeout = 5s};

/// The commands of the last task and their groups: `START_TIMER packing "Packs" signal 5`.
lines groups_of(engine_driver& driver) {
  lines all;
  for (const auto& command : driver.last.completed->commands()) {
    std::string text = enums::CommandType_Name(command.command_type()).substr(std::string("COMMAND_TYPE_").size());
    for (const auto& marker : command.event_group_markers()) {
      if (marker.has_inbound_event()) text += " signal " + std::to_string(marker.inbound_event().inbound_event_id());
      if (marker.has_inbound_update()) text += " update " + marker.inbound_update().inbound_update_id();
      if (!marker.has_label()) continue;
      text += " " + marker.label().id();
      if (marker.label().has_label()) text += " " + marker.label().label().data();
    }
    all.push_back(text);
  }
  return all;
}
/// Runs a task and tells the groups of its commands.
lines task_of(engine_driver& driver) {
  driver.history.open_task();
  driver.run_whole_task();
  auto groups = driver.last.kind == engine::step_kind::completed ? groups_of(driver) : lines{driver.failure()};
  driver.take_completion();
  return groups;
}

task<> packs() {
  const workflow::event_group packing("packing", "Packs the order");
  const workflow::event_group wrapping("wrapping");
  co_await workflow::sleep(1s);
  co_await packing.run(workflow::when_all(workflow::sleep(2s), workflow::execute_activity<charge>(soon, 1),
                                          wrapping.run(workflow::sleep(3s))));
  co_await workflow::sleep(4s);
}

TEST(event_groups, are_those_around_the_code_that_asks) {
  engine_driver driver(registry().workflow<packs>(), history_builder("packs"));
  EXPECT_EQ(task_of(driver), lines{"START_TIMER"});
  driver.history.timer_fired(5);
  driver.evict();
  EXPECT_EQ(task_of(driver),
            (lines{R"(START_TIMER packing "Packs the order")", R"(SCHEDULE_ACTIVITY_TASK packing "Packs the order")",
                   R"(START_TIMER packing "Packs the order" wrapping)"}));
  driver.history.timer_fired(10);
  driver.history.activity_started(11).activity_completed(11, "1");
  driver.history.timer_fired(12);
  EXPECT_EQ(task_of(driver), lines{"START_TIMER"}) << "it has left them";
}

task<> notes_in_groups() {
  const workflow::event_group outer("a", "first");
  const workflow::event_group again("a", "second");
  const auto notes = []() -> task<> {
    workflow::patched("p");
    workflow::get_version("v", 1, 2);
    workflow::side_effect([] { return 1; });
    workflow::upsert_memo(workflow::memo_changes().set("m", 1));
    co_await workflow::shield(workflow::sleep(1s));
  };
  co_await outer.run(again.run(notes()));
}

TEST(event_groups, hold_notes_and_are_one_when_their_ids_are) {
  engine_driver driver(registry().workflow<notes_in_groups>(), history_builder("notes_in_groups"));
  const std::string in = R"( a "second")";
  EXPECT_EQ(task_of(driver), (lines{"RECORD_MARKER" + in, "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES" + in,
                                    "RECORD_MARKER" + in, "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES" + in,
                                    "RECORD_MARKER" + in, "MODIFY_WORKFLOW_PROPERTIES" + in, "START_TIMER" + in}));
}

class desk {
 public:
  task<> run() {
    const workflow::event_group whole("whole");
    co_await whole.run(workflow::wait_condition([this] { return closed_; }));
    co_await workflow::sleep(9s);
  }
  task<> ring() { co_await workflow::sleep(1s); }
  task<int> ask() {
    const workflow::event_group answering("answering");
    co_await answering.run(workflow::sleep(2s));
    co_return 1;
  }
  void close() { closed_ = true; }
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&desk::ring>, rondo::update<&desk::ask>, rondo::signal<&desk::close>);

 private:
  bool closed_ = false;
};

TEST(event_groups, of_handlers_are_what_they_came_with) {
  engine_driver driver(registry().workflow<desk>(), history_builder("desk"));
  EXPECT_EQ(task_of(driver), lines{});
  driver.history.signal("ring");
  const auto rung = driver.history.last_id();
  driver.ask("u-1", "ask");
  EXPECT_EQ(task_of(driver), (lines{"START_TIMER signal " + std::to_string(rung), "PROTOCOL_MESSAGE",
                                    "START_TIMER update u-1 answering"}));
  driver.history.signal("close");
  EXPECT_EQ(task_of(driver), lines{"START_TIMER"}) << "run() has no group of its own";
}

task<> hears_late() {
  co_await workflow::sleep(1s);
  workflow::set_signal_handler("late", []() -> task<> { co_await workflow::sleep(2s); });
  co_await workflow::sleep(3s);
}

TEST(event_groups, of_signals_that_were_kept_are_theirs) {
  engine_driver driver(registry().workflow<hears_late>(), history_builder("hears_late"));
  driver.history.signal("late");
  const auto came = driver.history.last_id();
  task_of(driver);
  driver.history.timer_fired(driver.history.last_id());
  EXPECT_EQ(task_of(driver), (lines{"START_TIMER", "START_TIMER signal " + std::to_string(came)}));
}

task<> gives_up() {
  const workflow::event_group trying("trying");
  const auto all = []() -> task<> {
    auto timer = workflow::sleep(1h).start();
    auto activity = workflow::execute_activity<charge>(soon, 1).start();
    auto child = workflow::execute_child<int>("other", {}).start();
    co_await workflow::wait_condition([] { return false; });
  };
  co_await workflow::when_any(trying.run(all()), workflow::sleep(1s));
  co_await workflow::sleep(2s);
}

TEST(event_groups, hold_what_cancels_too) {
  engine_driver driver(registry().workflow<gives_up>(), history_builder("gives_up"));
  EXPECT_EQ(task_of(driver), (lines{"START_TIMER trying", "SCHEDULE_ACTIVITY_TASK trying",
                                    "START_CHILD_WORKFLOW_EXECUTION trying", "START_TIMER"}));
  const auto last = driver.history.last_id();
  driver.history.child_started(last - 1).timer_fired(last);
  EXPECT_EQ(task_of(driver), (lines{"CANCEL_TIMER trying", "REQUEST_CANCEL_ACTIVITY_TASK trying",
                                    "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION trying", "START_TIMER"}));
}

TEST(event_groups, hold_what_cancels_a_child_that_begins_later) {
  engine_driver driver(registry().workflow<gives_up>(), history_builder("gives_up"));
  task_of(driver);
  const auto last = driver.history.last_id();
  driver.history.timer_fired(last);
  EXPECT_EQ(task_of(driver), (lines{"CANCEL_TIMER trying", "REQUEST_CANCEL_ACTIVITY_TASK trying", "START_TIMER"}));
  driver.history.child_started(last - 1);
  EXPECT_EQ(task_of(driver), (lines{"REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION trying"}));
}

task<> works_here() {
  const workflow::event_group local("local");
  co_await local.run(workflow::execute_local_activity<charge>(here, 1));
}

TEST(event_groups, hold_the_markers_of_local_activities) {
  engine_driver driver(registry().workflow<works_here>(), history_builder("works_here"));
  EXPECT_EQ(task_of(driver), (lines{"RECORD_MARKER local", "COMPLETE_WORKFLOW_EXECUTION"}));
  engine_driver pauses(registry().workflow<works_here>(), history_builder("works_here"));
  pauses.locals = [](engine_driver& driver_of) { driver_of.fail_local(driver_of.running.begin()->first, "no", 90s); };
  EXPECT_EQ(task_of(pauses), (lines{"RECORD_MARKER local", "START_TIMER local"}));
}

TEST(event_groups, need_an_id) { EXPECT_THROW(workflow::event_group(""), std::invalid_argument); }

}  // namespace rondo::test::event_groups_cases
