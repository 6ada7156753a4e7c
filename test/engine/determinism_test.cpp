#include "rondo/workflow.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "engine/script.hpp"

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

namespace determinism_test {

int charge(int cents);
int refund(int cents);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};

rondo::task<> charges() { co_await workflow::execute_activity<charge>(soon, 1); }
rondo::task<> refunds() { co_await workflow::execute_activity<refund>(soon, 1); }
rondo::task<> charges_as_other() {
  constexpr rondo::activity_options other{.start_to_close_timeout = 5s, .activity_id = "other"};
  co_await workflow::execute_activity<charge>(other, 1);
}
rondo::task<> sleeps() { co_await workflow::sleep(1s); }
rondo::task<> charges_then_sleeps() {
  auto first = workflow::execute_activity<charge>(soon, 1).start();
  auto second = workflow::sleep(1s).start();
  co_await std::move(first);
  co_await std::move(second);
}
rondo::task<> sleeps_then_charges() {
  auto second = workflow::sleep(1s).start();
  auto first = workflow::execute_activity<charge>(soon, 1).start();
  co_await std::move(first);
  co_await std::move(second);
}
rondo::task<> nothing() { co_return; }
rondo::task<> fails() {
  throw rondo::application_failure("no");
  co_return;
}
class other {
 public:
  rondo::task<> run() { co_return; }
};
class again {
 public:
  rondo::task<> run() {
    workflow::continue_as_new<other>({});
    co_return;
  }
};

template <class Setup>
rondo::detail::engine::replay_result replayed(const rondo::detail::run::workflow_definition& definition, Setup setup) {
  history_builder h("w");
  setup(h);
  return rondo::detail::engine::replay(definition, h.history());
}
template <auto Workflow, class Setup>
rondo::detail::engine::replay_result replayed(Setup setup) {
  return replayed(rondo::detail::run::function_workflow<Workflow>::definition("w"), setup);
}

/// Says what the error names, or that there was none.
void expect_nondeterminism(const rondo::detail::engine::replay_result& got, const lines& mentions) {
  EXPECT_FALSE(got.ok);
  EXPECT_TRUE(got.nondeterminism) << got.message;
  EXPECT_TRUE(got.message.starts_with("[TMPRL1100] Nondeterminism error: ")) << got.message;
  EXPECT_NE(got.message.find("workflow::patched"), std::string::npos);
  for (const auto& each : mentions)
    EXPECT_NE(got.message.find(each), std::string::npos) << each << "\n in " << got.message;
}

TEST(nondeterminism, same_code_is_fine) {
  const auto got = replayed<charges>([](auto& h) {
    h.task().activity_scheduled("1", "charge");
    h.activity_started(5).activity_completed(5, "1").task().completed("null");
  });
  EXPECT_TRUE(got.ok) << got.message;
}

TEST(nondeterminism, another_activity_type) {
  expect_nondeterminism(replayed<refunds>([](auto& h) { h.task().activity_scheduled("1", "charge"); }),
                        {"event 5 ActivityTaskScheduled of activity \"charge\" (id \"1\")",
                         "ScheduleActivityTask of activity \"refund\" (id \"1\")"});
}

TEST(nondeterminism, another_activity_id) {
  expect_nondeterminism(replayed<charges_as_other>([](auto& h) { h.task().activity_scheduled("1", "charge"); }),
                        {"(id \"1\")", "(id \"other\")"});
}

TEST(nondeterminism, another_kind_of_command) {
  expect_nondeterminism(replayed<sleeps>([](auto& h) { h.task().activity_scheduled("1", "charge"); }),
                        {"event 5 ActivityTaskScheduled", "StartTimer of timer (id \"1\")"});
}

TEST(nondeterminism, another_timer_id) {
  expect_nondeterminism(replayed<sleeps>([](auto& h) { h.task().timer_started("2"); }),
                        {"timer (id \"2\")", "timer (id \"1\")"});
}

TEST(nondeterminism, another_order) {
  const auto history = [](auto& h) {
    h.task().activity_scheduled("1", "charge");
    h.timer_started("1");
  };
  EXPECT_TRUE(replayed<charges_then_sleeps>(history).ok);
  expect_nondeterminism(replayed<sleeps_then_charges>(history), {"event 5 ActivityTaskScheduled", "StartTimer"});
}

TEST(nondeterminism, a_command_too_many) {
  expect_nondeterminism(replayed<charges_then_sleeps>([](auto& h) { h.task().activity_scheduled("1", "charge"); }),
                        {"asked for StartTimer of timer (id \"1\")", "nothing more", "completed in event 4"});
}

TEST(nondeterminism, a_command_too_few) {
  expect_nondeterminism(replayed<charges>([](auto& h) {
                          h.task().activity_scheduled("1", "charge");
                          h.timer_started("1");
                        }),
                        {"event 6 TimerStarted of timer (id \"1\")", "asked for nothing more"});
}

TEST(nondeterminism, another_end) {
  expect_nondeterminism(replayed<nothing>([](auto& h) { h.task().failed(); }),
                        {"event 5 WorkflowExecutionFailed", "CompleteWorkflowExecution"});
  expect_nondeterminism(replayed<fails>([](auto& h) { h.task().completed("null"); }),
                        {"event 5 WorkflowExecutionCompleted", "FailWorkflowExecution"});
  expect_nondeterminism(replayed<nothing>([](auto& h) { h.task().cancelled(); }), {"WorkflowExecutionCanceled"});
  expect_nondeterminism(replayed<sleeps>([](auto& h) { h.task().completed("null"); }), {"StartTimer"});
  expect_nondeterminism(replayed<nothing>([](auto& h) { h.task().timer_started("1"); }), {"CompleteWorkflowExecution"});
}

TEST(nondeterminism, another_type_of_the_next_run) {
  const auto definition = rondo::detail::run::class_workflow<again>::definition("again");
  EXPECT_TRUE(replayed(definition, [](auto& h) { h.task().continued_as_new("other"); }).ok);
  expect_nondeterminism(replayed(definition, [](auto& h) { h.task().continued_as_new("third"); }),
                        {"\"third\"", "\"other\""});
}

TEST(nondeterminism, results_of_what_was_never_begun) {
  expect_nondeterminism(replayed<charges>([](auto& h) {
                          h.task().activity_scheduled("1", "charge");
                          h.activity_started(4).activity_completed(4, "1").task();
                        }),
                        {"event 6 ActivityTaskStarted", "event 4"});
  expect_nondeterminism(replayed<charges>([](auto& h) {
                          h.task().activity_scheduled("1", "charge");
                          h.activity_started(5).activity_started(5).task();
                        }),
                        {"not possible for activity \"charge\" (id \"1\")"});
}

TEST(nondeterminism, markers_and_commands_of_other_kinds) {
  expect_nondeterminism(replayed<charges>([](auto& h) {
                          h.task()
                              .add(enums::EVENT_TYPE_MARKER_RECORDED)
                              .mutable_marker_recorded_event_attributes()
                              ->set_marker_name("SideEffect");
                        }),
                        {"marker \"SideEffect\"", "activity \"charge\""});
  expect_nondeterminism(
      replayed<charges>([](auto& h) { h.task().add(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED); }),
      {"StartChildWorkflowExecutionInitiated"});
}

TEST(nondeterminism, unknown_events_are_not_guessed_at) {
  const auto got = replayed<charges>([](auto& h) {
    h.task().activity_scheduled("1", "charge");
    h.add(static_cast<enums::EventType>(999));
    h.task();
  });
  EXPECT_FALSE(got.ok);
  EXPECT_FALSE(got.nondeterminism);
  EXPECT_NE(got.message.find("event 6"), std::string::npos) << got.message;
}

TEST(nondeterminism, unknown_flags_are_not_guessed_at) {
  const auto got = replayed<charges>([](auto& h) {
    h.open_task();
    h.complete_task({1, 4711});
  });
  EXPECT_FALSE(got.ok);
  EXPECT_FALSE(got.nondeterminism);
  EXPECT_NE(got.message.find("4711"), std::string::npos) << got.message;
}

TEST(nondeterminism, histories_with_gaps_or_without_a_beginning) {
  history_builder h("w");
  h.task();
  auto broken = h.history();
  broken.mutable_events()->DeleteSubrange(1, 1);
  EXPECT_NE(rondo::detail::engine::replay(rondo::detail::run::function_workflow<charges>::definition("w"), broken)
                .message.find("missing"),
            std::string::npos);
  const auto got = replayed<charges>([](auto& h2) {
    h2.at(1).set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
    h2.task();
  });
  EXPECT_NE(got.message.find("WorkflowExecutionStarted"), std::string::npos) << got.message;
}

// ---- patches

rondo::task<> two_patches() {
  co_await workflow::sleep(1s);
  if (workflow::patched("a")) co_await workflow::execute_activity<charge>(soon, 1);
  const bool again_a = workflow::patched("a");
  if (workflow::patched("b") && again_a) co_await workflow::sleep(2s);
}
rondo::task<> adjacent_patches() {
  const bool a = workflow::patched("a");
  const bool b = workflow::patched("b");
  if (a && b) co_await workflow::sleep(2s);
}
rondo::task<> patched_one() {
  if (workflow::patched("a")) {
    co_await workflow::sleep(2s);
  } else {
    co_await workflow::execute_activity<charge>(soon, 1);
  }
}
rondo::task<> deprecated_one() {
  workflow::deprecate_patch("a");
  co_await workflow::sleep(2s);
}
rondo::task<int> asks_in_a_loop() {
  int count = 0;
  for (int round = 0; round < 3; ++round) {
    co_await workflow::sleep(1s);
    count += workflow::patched("loop") ? 1 : 0;
  }
  co_return count;
}
rondo::task<> plain_sleep() { co_await workflow::sleep(2s); }
rondo::task<> patch_after_sleep() {
  co_await workflow::sleep(2s);
  if (workflow::patched("a")) co_await workflow::sleep(3s);
}

rondo::registry all() {
  rondo::registry made;
  made.workflow<two_patches>().workflow<adjacent_patches>().workflow<patched_one>().workflow<asks_in_a_loop>();
  made.workflow<deprecated_one>();
  return made;
}

TEST(patches, are_recorded_live_and_found_on_replay) {
  const auto got = play_everywhere(
      {all(),
       history_builder("two_patches"),
       {[](auto& h) { h.timer_fired(5); }, [](auto& h) { h.activity_started(12).activity_completed(12, "1"); },
        [](auto& h) { h.timer_fired(20); }}});
  EXPECT_EQ(got, (transcript{{"timer 1 1s"},
                             {R"(marker ({"id":"a","deprecated":false}))", "upsert [\"a\"]", "activity 1 charge(1)"},
                             {R"(marker ({"id":"b","deprecated":false}))", "upsert [\"a\",\"b\"]", "timer 2 2s"},
                             {"complete ()"}}));
}

TEST(patches, may_be_adjacent) {
  const auto got = play_everywhere({all(), history_builder("adjacent_patches"), {[](auto& h) { h.timer_fired(9); }}});
  EXPECT_EQ(got[0], (lines{R"(marker ({"id":"a","deprecated":false}))", "upsert [\"a\"]",
                           R"(marker ({"id":"b","deprecated":false}))", "upsert [\"a\",\"b\"]", "timer 1 2s"}));
}

TEST(patches, are_deprecated_with_a_marker) {
  const auto got = play_everywhere({all(), history_builder("deprecated_one"), {[](auto& h) { h.timer_fired(7); }}});
  EXPECT_EQ(got[0], (lines{R"(marker ({"id":"a","deprecated":true}))", "upsert [\"a\"]", "timer 1 2s"}));
}

TEST(patches, keep_their_answer) {
  const auto got = play_everywhere(
      {all(),
       history_builder("asks_in_a_loop"),
       {[](auto& h) { h.timer_fired(5); }, [](auto& h) { h.timer_fired(12); }, [](auto& h) { h.timer_fired(17); }}});
  EXPECT_EQ(got.back(), (lines{"complete (3)"}));
  // The first look happened on replay of a history without the marker: it stays false, even live.
  history_builder h("asks_in_a_loop");
  h.task().timer_started("1");
  h.timer_fired(5).task().timer_started("2");
  h.timer_fired(10);
  h.open_task();
  engine_driver driver(all(), h);
  EXPECT_EQ(driver.complete_task(), (lines{"timer 3 1s"}));
  driver.history.timer_fired(15);
  EXPECT_EQ(driver.task(), (lines{"complete (0)"}));
}

TEST(patches, a_list_that_is_too_long_is_not_recorded) {
  history_builder h("patched_one");
  auto& fields = *h.at(1)
                      .mutable_workflow_execution_started_event_attributes()
                      ->mutable_search_attributes()
                      ->mutable_indexed_fields();
  fields["TemporalChangeVersion"].set_data("[\"" + std::string(2048, 'x') + "\"]");
  EXPECT_EQ(play_everywhere({all(), h, {}})[0], (lines{R"(marker ({"id":"a","deprecated":false}))", "timer 1 2s"}));
}

TEST(patches, a_list_that_was_taken_over_has_it_already) {
  history_builder h("patched_one");
  auto& fields = *h.at(1)
                      .mutable_workflow_execution_started_event_attributes()
                      ->mutable_search_attributes()
                      ->mutable_indexed_fields();
  fields["TemporalChangeVersion"].set_data("[\"a\"]");
  EXPECT_EQ(play_everywhere({all(), h, {}})[0], (lines{R"(marker ({"id":"a","deprecated":false}))", "timer 1 2s"}));
}

/// A history of the old code, of the patched code, and of the code that has deprecated it.
void old_way(history_builder& h) { h.task().activity_scheduled("1", "charge"); }
void unpatched_new_way(history_builder& h) { h.task().timer_started("1"); }
void new_way(history_builder& h) { h.task().patch("a").timer_started("1"); }
void new_way_without_upsert(history_builder& h) { h.task().patch("a", false, false).timer_started("1"); }
void deprecated_way(history_builder& h) { h.task().patch("a", true).timer_started("1"); }
void deprecated_way_without_upsert(history_builder& h) { h.task().patch("a", true, false).timer_started("1"); }

TEST(patches, replay_as_the_table_says) {
  EXPECT_TRUE(replayed<patched_one>(old_way).ok) << "no marker, patched: false, no command";
  for (const auto history : {new_way, new_way_without_upsert, deprecated_way, deprecated_way_without_upsert}) {
    EXPECT_TRUE(replayed<patched_one>(history).ok) << "marker, patched";
    EXPECT_TRUE(replayed<deprecated_one>(history).ok) << "marker, deprecate";
  }
  EXPECT_TRUE(replayed<deprecated_one>(unpatched_new_way).ok) << "no marker, deprecate: allowed";
  EXPECT_TRUE(replayed<plain_sleep>(deprecated_way).ok) << "deprecated marker, no call: skipped";
  EXPECT_TRUE(replayed<plain_sleep>(deprecated_way_without_upsert).ok);
  expect_nondeterminism(replayed<plain_sleep>(new_way), {"patch (id \"a\")", "StartTimer"});
  expect_nondeterminism(replayed<plain_sleep>(new_way_without_upsert), {"patch (id \"a\")"});
}

TEST(patches, a_deprecated_marker_may_precede_another_patch) {
  const auto got = replayed<patched_one>([](auto& h) { h.task().patch("gone", true).patch("a").timer_started("1"); });
  EXPECT_TRUE(got.ok) << got.message;
}

TEST(patches, a_later_call_knows_a_marker_that_was_skipped) {
  history_builder h("w");
  h.task().patch("a", true).timer_started("1");
  h.timer_fired(7);
  h.open_task();
  h.complete_task().timer_started("2");
  const auto got = rondo::detail::engine::replay(
      rondo::detail::run::function_workflow<patch_after_sleep>::definition("w"), h.history());
  EXPECT_TRUE(got.ok) << got.message;
}

TEST(patches, in_another_order_are_an_error) {
  expect_nondeterminism(replayed<adjacent_patches>([](auto& h) { h.task().patch("b").patch("a").timer_started("1"); }),
                        {"patch (id \"b\")", "patch (id \"a\")"});
}

TEST(patches, markers_that_cannot_be_read_are_an_error) {
  expect_nondeterminism(replayed<patched_one>([](auto& h) {
                          h.task().patch("a", false, false).timer_started("1");
                          (*h.at(5).mutable_marker_recorded_event_attributes()->mutable_details())["patch-data"]
                              .mutable_payloads(0)
                              ->set_data("{");
                        }),
                        {"marker \"core_patch\""});
}

}  // namespace determinism_test
