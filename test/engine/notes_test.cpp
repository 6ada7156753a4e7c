#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// What a run writes into its history: side effects, versions of changes, search attributes, the memo.
namespace notes_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

/// What the outside world says at the moment. Live and on replay it is something else each time.
int outside = 0;

rondo::task<std::string> looks_outside() {
  std::string seen;
  for (int round = 0; round < 2; ++round) {
    seen += std::to_string(workflow::side_effect([] { return ++outside; })) + " ";
    co_await workflow::sleep(1s);
  }
  co_return seen;
}
const auto fires = [](history_builder& h) { h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED)); };

TEST(side_effects, are_what_they_were) {
  engine_driver driver(rondo::registry().workflow<looks_outside>(), history_builder("looks_outside"));
  outside = 10;
  EXPECT_EQ(driver.task(), (lines{"SideEffect (11) (1)", "timer 1 1s"}));
  fires(driver.history);
  driver.evict();
  outside = 20;
  EXPECT_EQ(driver.task(), (lines{"SideEffect (21) (2)", "timer 2 1s"}));
  fires(driver.history);
  driver.evict();
  outside = 30;
  EXPECT_EQ(driver.task(), lines{R"(complete ("11 21 "))"});
  EXPECT_EQ(outside, 30) << "made again on replay";
}

rondo::task<> forgets_a_side_effect() { co_await workflow::sleep(1s); }

TEST(side_effects, are_compared) {
  history_builder history("looks_outside");
  history.open_task();
  history.complete_task().timer_started("1");
  history.timer_fired(5);
  engine_driver driver(rondo::registry().workflow<looks_outside>(), history);
  const auto got = driver.task();
  EXPECT_NE(got.at(0).find("RecordMarker of side effect 1"), std::string::npos) << got[0];

  engine_driver other(rondo::registry().workflow<looks_outside>(), history_builder("looks_outside"));
  other.task();
  fires(other.history);
  rondo::registry changed;
  changed.workflow<forgets_a_side_effect>("looks_outside");
  engine_driver replays(changed, other.history);
  const auto lost = replays.task();
  EXPECT_NE(lost.at(0).find("MarkerRecorded of marker \"SideEffect\""), std::string::npos) << lost[0];
}

rondo::task<std::string> watches_outside() {
  std::string seen;
  for (int round = 0; round < 4; ++round) {
    seen += std::to_string(workflow::mutable_side_effect("size", [] { return outside; })) + " ";
    seen += workflow::mutable_side_effect("name", [] { return std::string("n") + std::to_string(outside / 10); }) + " ";
    co_await workflow::sleep(1s);
  }
  co_return seen;
}

TEST(mutable_side_effects, are_recorded_when_they_change) {
  engine_driver driver(rondo::registry().workflow<watches_outside>(), history_builder("watches_outside"));
  outside = 1;
  EXPECT_EQ(driver.task(),
            (lines{R"(MutableSideEffect (1) ("size#1"))", R"(MutableSideEffect ("n0") ("name#1"))", "timer 1 1s"}));
  fires(driver.history);
  EXPECT_EQ(driver.task(), lines{"timer 2 1s"});
  fires(driver.history);
  driver.evict();
  outside = 5;
  EXPECT_EQ(driver.task(), (lines{R"(MutableSideEffect (5) ("size#3"))", "timer 3 1s"}));
  fires(driver.history);
  driver.evict();
  outside = 12;
  EXPECT_EQ(driver.task(),
            (lines{R"(MutableSideEffect (12) ("size#4"))", R"(MutableSideEffect ("n1") ("name#4"))", "timer 4 1s"}));
  fires(driver.history);
  driver.evict();
  outside = 99;
  EXPECT_EQ(driver.task(), lines{R"(complete ("1 n0 1 n0 5 n0 12 n1 "))"});
}

rondo::task<> says_what_it_makes() {
  workflow::side_effect([] { return 1; }, "a number");
  workflow::mutable_side_effect(
      "size", [] { return 2; }, {}, "how large");
  workflow::mutable_side_effect(
      "size", [] { return 3; }, std::equal_to<int>(), "how large now");
  workflow::side_effect([] { return 4; });
  co_await workflow::sleep(1s);
}

TEST(side_effects, say_what_they_are_for) {
  engine_driver driver(rondo::registry().workflow<says_what_it_makes>(), history_builder("says_what_it_makes"));
  driver.task();
  lines summaries;
  for (const auto& each : driver.last.completed->commands()) {
    if (each.has_record_marker_command_attributes()) summaries.push_back(each.user_metadata().summary().data());
  }
  EXPECT_EQ(summaries, (lines{R"("a number")", R"("how large")", R"("how large now")", ""}));
  fires(driver.history);
  driver.evict();
  EXPECT_EQ(driver.task(), lines{"complete ()"});
}

rondo::task<> meddles() {
  workflow::side_effect([] {
    workflow::upsert_memo(workflow::memo_changes().set("a", 1));
    return 1;
  });
  co_return;
}

TEST(side_effects, must_not_touch_the_workflow) {
  engine_driver driver(rondo::registry().workflow<meddles>(), history_builder("meddles"));
  EXPECT_NE(driver.task().at(0).find("workflow::upsert_memo is not allowed"), std::string::npos);
}

template <int Oldest, int Newest>
rondo::task<std::string> versioned() {
  std::string took;
  for (int round = 0; round < 2; ++round) {
    took += std::to_string(workflow::get_version("layout", Oldest, Newest));
    co_await workflow::sleep(1s);
  }
  co_return took;
}
template <int Oldest, int Newest>
rondo::registry versions() {
  rondo::registry made;
  made.workflow<versioned<Oldest, Newest>>("w");
  return made;
}
rondo::task<std::string> unversioned() {
  for (int round = 0; round < 2; ++round) co_await workflow::sleep(1s);
  co_return "old";
}

TEST(versions, stay_what_they_were) {
  const auto got = play_everywhere({versions<workflow::default_version, 3>(), history_builder("w"), {fires, fires}});
  EXPECT_EQ(got, (transcript{{R"(Version ("layout") (3))", R"(upsert ["layout-3"])", "timer 1 1s"},
                             {"timer 2 1s"},
                             {R"(complete ("33"))"}}));
}

TEST(versions, of_old_runs_are_the_default_and_those_of_newer_code_theirs) {
  rondo::registry old;
  old.workflow<unversioned>("w");
  engine_driver before(old, history_builder("w"));
  before.task();
  fires(before.history);
  engine_driver after(versions<workflow::default_version, 2>(), before.history);
  EXPECT_EQ(after.task(), lines{"timer 2 1s"});
  fires(after.history);
  EXPECT_EQ(after.task(), lines{R"(complete ("-1-1"))"});

  engine_driver first(versions<workflow::default_version, 2>(), history_builder("w"));
  first.task();
  fires(first.history);
  engine_driver later(versions<1, 5>(), first.history);
  EXPECT_EQ(later.task(), lines{"timer 2 1s"});
  engine_driver too_late(versions<3, 5>(), first.history);
  EXPECT_NE(too_late.task().at(0).find("version 2 of change \"layout\" is not supported any more"), std::string::npos);
}

constexpr rondo::keyword_attribute customer("CustomerId");
constexpr rondo::int_attribute amount("Amount");
constexpr rondo::keyword_list_attribute tags("Tags");

rondo::task<std::string> describes_itself() {
  workflow::upsert_search_attributes(
      rondo::search_attributes().set(customer, "ada").set(amount, 7).set(tags, {"a", "b"}));
  workflow::upsert_search_attributes(rondo::search_attributes().unset(amount));
  workflow::upsert_memo(workflow::memo_changes().set("note", "fresh").set("count", 3).unset("gone"));
  co_await workflow::sleep(1s);
  const rondo::search_attributes all(workflow::info().search_attributes);
  std::string text = all.get(customer).value_or("nobody") + " " + std::to_string(all.get(tags)->size());
  text += all.get(amount) ? " amount" : " none";
  for (const auto& [name, value] : workflow::info().memo) text += " " + name + "=" + value.data;
  co_return text;
}

TEST(attributes, carry_their_type_and_what_other_languages_write) {
  constexpr rondo::datetime_attribute due("Due");
  rondo::search_attributes written;
  written.set(due, std::chrono::sys_days(2026y / 11 / 28) + 9h + 30min + 1500ms);
  written.set(rondo::bool_attribute("Paid"), true).set(rondo::double_attribute("Sum"), 2.5);
  written.set(rondo::text_attribute("Note"), "two words");
  const auto& values = written.values();
  EXPECT_EQ(values.at("Due").data, R"("2026-11-28T09:30:01.500Z")");
  EXPECT_EQ(values.at("Due").metadata.at("type"), "Datetime");
  EXPECT_EQ(values.at("Paid").metadata.at("type"), "Bool");
  EXPECT_EQ(values.at("Sum").metadata.at("type"), "Double");
  EXPECT_EQ(values.at("Note").metadata.at("type"), "Text");
  EXPECT_EQ(written.get(due), std::chrono::sys_days(2026y / 11 / 28) + 9h + 30min + 1500ms);

  // With an offset, and with what the server itself answers.
  for (const char* elsewhere : {R"("2026-11-28T10:30:01.500+01:00")", R"("2026-11-28T09:30:01.500000000Z")"}) {
    rondo::payload_map given;
    given["Due"].data = elsewhere;
    EXPECT_EQ(rondo::search_attributes(given).get(due), written.get(due)) << elsewhere;
  }
  rondo::payload_map wrong;
  wrong["Due"].data = R"("tomorrow")";
  EXPECT_THROW(rondo::search_attributes(wrong).get(due), rondo::json::error);
}

TEST(attributes, and_memo_can_be_changed) {
  history_builder history("describes_itself");
  auto& start = *history.at(1).mutable_workflow_execution_started_event_attributes();
  (*start.mutable_memo()->mutable_fields())["gone"].set_data("1");
  (*start.mutable_memo()->mutable_fields())["kept"].set_data("2");
  (*start.mutable_search_attributes()->mutable_indexed_fields())["Amount"].set_data("5");
  const auto got = play_everywhere({rondo::registry().workflow<describes_itself>(), history, {fires}});
  EXPECT_EQ(got, (transcript{{R"(upsert Amount=7 CustomerId="ada" Tags=["a","b"])", "upsert Amount=null",
                              R"(memo count=3 gone= note="fresh")", "timer 1 1s"},
                             {R"(complete ("ada 2 none count=3 kept=2 note=\"fresh\""))"}}));
}

rondo::task<> goes_on(int left) {
  const rondo::search_attributes found_by = rondo::search_attributes().set(customer, "bob");
  rondo::continue_as_new_options options;
  options.backoff_start_interval = 5s;
  options.retry = rondo::retry_policy{.maximum_attempts = 2};
  options.search_attributes = found_by;
  options.versioning = rondo::initial_versioning_behavior::auto_upgrade;
  workflow::continue_as_new<goes_on>(options, left - 1);
  co_return;
}

TEST(continue_as_new, says_what_the_next_run_has_otherwise) {
  engine_driver driver(rondo::registry().workflow<goes_on>(), history_builder("goes_on", {"3"}));
  EXPECT_EQ(driver.task(), lines{"continue as new goes_on(2)"});
  engine_driver again(rondo::registry().workflow<goes_on>(), history_builder("goes_on", {"3"}));
  again.history.open_task();
  const auto& made = again.run_task().completed->commands(0).continue_as_new_workflow_execution_command_attributes();
  EXPECT_EQ(made.backoff_start_interval().seconds(), 5);
  EXPECT_EQ(made.retry_policy().maximum_attempts(), 2);
  EXPECT_EQ(made.search_attributes().indexed_fields().at("CustomerId").data(), R"("bob")");
  EXPECT_EQ(made.initial_versioning_behavior(), enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE);
}

rondo::task<> goes_on_changed() {
  workflow::upsert_search_attributes(rondo::search_attributes().set(customer, "ada"));
  workflow::upsert_memo(workflow::memo_changes().set("fresh", 1).unset("gone"));
  workflow::continue_as_new<goes_on_changed>({});
  co_return;
}

history_builder with_facts(const char* type) {
  history_builder history(type);
  auto& start = *history.at(1).mutable_workflow_execution_started_event_attributes();
  (*start.mutable_memo()->mutable_fields())["gone"].set_data("1");
  (*start.mutable_memo()->mutable_fields())["kept"].set_data("2");
  (*start.mutable_search_attributes()->mutable_indexed_fields())["Amount"].set_data("5");
  auto& retry = *start.mutable_retry_policy();
  retry.mutable_initial_interval()->set_seconds(2);
  retry.set_backoff_coefficient(3);
  retry.mutable_maximum_interval()->set_seconds(50);
  retry.set_maximum_attempts(7);
  retry.add_non_retryable_error_types("fatal");
  return history;
}

TEST(continue_as_new, leaves_the_rest_as_it_is) {
  engine_driver driver(rondo::registry().workflow<goes_on_changed>(), with_facts("goes_on_changed"));
  driver.history.open_task();
  const auto completed = driver.run_task().completed;
  const auto& made =
      completed->commands(completed->commands_size() - 1).continue_as_new_workflow_execution_command_attributes();
  EXPECT_EQ(made.retry_policy().SerializeAsString(),
            driver.history.at(1).workflow_execution_started_event_attributes().retry_policy().SerializeAsString());
  ASSERT_EQ(made.memo().fields().size(), 2U);
  EXPECT_EQ(made.memo().fields().at("kept").data(), "2");
  EXPECT_EQ(made.memo().fields().at("fresh").data(), "1");
  ASSERT_EQ(made.search_attributes().indexed_fields().size(), 2U);
  EXPECT_EQ(made.search_attributes().indexed_fields().at("Amount").data(), "5");
  EXPECT_EQ(made.search_attributes().indexed_fields().at("CustomerId").data(), R"("ada")");
}

rondo::task<std::string> knows_its_start() {
  const auto& info = workflow::info();
  std::string text = info.original_run_id + " ";
  if (info.retry) {
    text += std::to_string(info.retry->initial_interval / 1s) + " " + std::to_string(info.retry->maximum_attempts) +
            " " + info.retry->non_retryable_error_types.at(0) + " ";
  }
  text += info.expiration_time ? std::to_string(info.expiration_time->time_since_epoch() / 1s) : "never";
  co_return text;
}

TEST(info, tells_how_a_run_began) {
  history_builder history = with_facts("knows_its_start");
  auto& start = *history.at(1).mutable_workflow_execution_started_event_attributes();
  start.set_original_execution_run_id("before-reset");
  start.mutable_workflow_execution_expiration_time()->set_seconds(2'000'000'000);
  engine_driver driver(rondo::registry().workflow<knows_its_start>(), history);
  EXPECT_EQ(driver.task(), lines{R"(complete ("before-reset 2 7 fatal 2000000000"))"});
  history_builder plain("knows_its_start");
  // What a server says of a run without a timeout.
  plain.at(1)
      .mutable_workflow_execution_started_event_attributes()
      ->mutable_workflow_execution_expiration_time()
      ->set_seconds(-62'135'596'800);
  plain.at(1).mutable_workflow_execution_started_event_attributes()->set_original_execution_run_id("run");
  engine_driver other(rondo::registry().workflow<knows_its_start>(), plain);
  EXPECT_EQ(other.task(), lines{R"(complete ("run never"))"});
}

rondo::task<std::string> names_its_versions() {
  std::string text = workflow::info().current_version.build_id;
  co_await workflow::sleep(1s);
  text += " " + workflow::info().current_version.deployment_name + "." + workflow::info().current_version.build_id;
  co_return text;
}

TEST(info, names_the_version_of_each_task) {
  history_builder history("names_its_versions");
  history.open_task();
  history.complete_task();
  auto& version = *history.at(history.last(enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
                       .mutable_workflow_task_completed_event_attributes()
                       ->mutable_deployment_version();
  version.set_deployment_name("shop");
  version.set_build_id("v1");
  history.timer_started("1");
  fires(history);
  engine_driver driver(rondo::registry().workflow<names_its_versions>(), history);
  driver.run_options.version = {.deployment_name = "shop", .build_id = "v2"};
  EXPECT_EQ(driver.task(), lines{R"(complete ("v1 shop.v2"))"});
}

}  // namespace notes_test
