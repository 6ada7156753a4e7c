#include "rondo/workflow.hpp"

#include <chrono>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/script.hpp"

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

namespace runs_test {

int charge(std::string id, int cents);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};
constexpr rondo::activity_options patient{.start_to_close_timeout = 5s,
                                          .cancellation = rondo::cancellation_type::wait_cancellation_completed};
constexpr rondo::activity_options careless{.start_to_close_timeout = 5s,
                                           .cancellation = rondo::cancellation_type::abandon};

rondo::task<int> sequence(std::string id) {
  int sum = 0;
  for (int round = 0; round < 3; ++round) sum += co_await workflow::execute_activity<charge>(soon, id, round);
  co_return sum;
}

rondo::task<std::string> both(std::string id) {
  auto [first, second, nothing] =
      co_await workflow::when_all(workflow::execute_activity<charge>(soon, id, 1),
                                  workflow::execute_activity<charge>(soon, id, 2), workflow::sleep(10s));
  static_cast<void>(nothing);
  co_return std::to_string(first) + "+" + std::to_string(second);
}

class collector {
 public:
  rondo::task<std::vector<std::string>> run(int want) {
    seen_.emplace_back("run");
    co_await workflow::wait_condition([this, want] { return seen_.size() >= static_cast<std::size_t>(want); });
    co_return seen_;
  }
  void note(std::string text) { seen_.push_back(std::move(text)); }
  rondo::task<> slow(std::string text) {
    co_await workflow::sleep(1s);
    seen_.push_back(std::move(text));
  }
  rondo::task<> pay(std::string id) {
    const int paid = co_await workflow::execute_activity<charge>(soon, id, 1);
    seen_.push_back("paid " + std::to_string(paid));
  }
  int count() const { return static_cast<int>(seen_.size()); }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&collector::note>, rondo::signal<&collector::slow>,
                                                   rondo::signal<&collector::pay>, rondo::query<&collector::count>);

 private:
  std::vector<std::string> seen_;
};

/// Waits for an activity with the given cancellation; says how it ended.
template <const rondo::activity_options& Options>
rondo::task<std::string> guarded() {
  auto got = co_await workflow::as_result(workflow::execute_activity<charge>(Options, std::string("x"), 1));
  co_await workflow::shield(workflow::sleep(5s));
  co_return got ? std::to_string(*got) : "cancelled";
}

rondo::task<> plain_cancel() { co_await workflow::sleep(1h); }

rondo::task<std::string> race() {
  auto first =
      co_await workflow::when_any(workflow::execute_activity<charge>(soon, std::string("a"), 1), workflow::sleep(3s));
  co_return first.index() == 0 ? "activity" : "timer";
}

/// Begins an activity and cancels it before anything is sent.
rondo::task<int> changes_its_mind() {
  auto call = workflow::execute_activity<charge>(soon, std::string("a"), 1).start();
  auto timer = workflow::sleep(1s).start();
  call.cancel();
  timer.cancel();
  auto first = co_await workflow::as_result(std::move(call));
  auto second = co_await workflow::as_result(std::move(timer));
  const int paid = co_await workflow::execute_activity<charge>(soon, std::string("b"), 2);
  co_return paid + (first || second ? 100 : 0);
}

class ends_early {
 public:
  rondo::task<int> run() {
    co_await workflow::wait_condition([this] { return stop_; });
    co_return 1;
  }
  /// Wakes main first, then asks for more in the same task.
  rondo::task<> stop() {
    stop_ = true;
    co_await workflow::wait_condition([this] { return stop_; });
    co_await workflow::sleep(1s);
  }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&ends_early::stop>);

 private:
  bool stop_ = false;
};

/// Says how often its condition was looked at.
class looker {
 public:
  rondo::task<int> run() {
    int looks = 0;
    co_await workflow::wait_condition([this, &looks] {
      ++looks;
      return stop_;
    });
    co_return looks;
  }
  void stop() { stop_ = true; }
  std::int64_t seconds() const { return workflow::now().time_since_epoch() / 1s; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&looker::stop>, rondo::query<&looker::seconds>);

 private:
  bool stop_ = false;
};

rondo::task<> fails() {
  co_await workflow::sleep(1s);
  throw rondo::application_failure("out of stock", {.type = "OutOfStock"});
}

class counter {
 public:
  static constexpr std::string_view name = "counter";
  rondo::task<> run(int n) {
    co_await workflow::sleep(1s);
    workflow::continue_as_new<counter>({}, n + 1);
  }
};

rondo::task<std::string> failing_activity() {
  std::string text;
  try {
    co_await workflow::execute_activity<charge>(soon, std::string("a"), 1);
  } catch (const rondo::activity_failure& failure) {
    const auto* cause = failure.cause_as<rondo::application_failure>();
    text = failure.activity_type() + " " + failure.activity_id() + " " +
           (cause == nullptr ? "?" : cause->type() + cause->message());
  }
  try {
    co_await workflow::execute_activity<charge>(soon, std::string("a"), 2);
  } catch (const rondo::activity_failure& failure) {
    const auto* cause = failure.cause_as<rondo::timeout_failure>();
    text += cause == nullptr ? "?" : " " + cause->message();
  }
  co_return text;
}

rondo::task<std::string> facts() {
  const auto first = workflow::random()();
  const auto start = workflow::now();
  co_await workflow::sleep(1s);
  const auto second = workflow::random()();
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(workflow::now() - start).count();
  co_return std::to_string(first) + " " + std::to_string(second) + " " + std::to_string(passed) + " " +
      std::to_string(workflow::info().history_length);
}

rondo::task<bool> waits_for_approval(bool told_why) {
  if (told_why) co_return co_await workflow::wait_condition([] { return false; }, 30s, "approval of the order");
  co_return co_await workflow::wait_condition([] { return false; }, 30s);
}

rondo::task<std::string> named_id() {
  constexpr rondo::activity_options named{.start_to_close_timeout = 5s, .activity_id = "mine"};
  co_await workflow::execute_activity<charge>(named, std::string("a"), 1);
  co_return "ok";
}

rondo::registry all() {
  rondo::registry made;
  made.workflow<sequence>().workflow<both>().workflow<collector>().workflow<plain_cancel>().workflow<race>();
  made.workflow<guarded<soon>>("try").workflow<guarded<patient>>("wait").workflow<guarded<careless>>("abandon");
  made.workflow<changes_its_mind>().workflow<ends_early>().workflow<fails>().workflow<counter>();
  made.workflow<looker>().workflow<failing_activity>().workflow<facts>().workflow<named_id>();
  return made;
}

TEST(runs, activities_one_after_another) {
  const auto got = play_everywhere({all(),
                                    history_builder("sequence", {"\"a\""}),
                                    {[](auto& h) { h.activity_started(5).activity_completed(5, "10"); },
                                     [](auto& h) { h.activity_started(11).activity_completed(11, "20"); },
                                     [](auto& h) { h.activity_started(17).activity_completed(17, "30"); }}});
  EXPECT_EQ(got, (transcript{{"activity 1 charge(\"a\",0)"},
                             {"activity 2 charge(\"a\",1)"},
                             {"activity 3 charge(\"a\",2)"},
                             {"complete (60)"}}));
}

TEST(runs, operations_at_once_in_any_order_of_results) {
  const auto got =
      play_everywhere({all(),
                       history_builder("both", {"\"a\""}),
                       {[](auto& h) { h.activity_started(6).activity_completed(6, "2"); },
                        [](auto& h) { h.timer_fired(7).activity_started(5).activity_completed(5, "1"); }}});
  EXPECT_EQ(got, (transcript{{"activity 1 charge(\"a\",1)", "activity 2 charge(\"a\",2)", "timer 1 10s"},
                             {},
                             {"complete (\"1+2\")"}}));
}

TEST(runs, signals_come_before_the_main_coroutine_and_before_answers) {
  const auto got = play_everywhere(
      {all(),
       [] {
         history_builder h("collector", {"6"});
         h.signal("note", {"\"first\""}).signal("pay", {"\"p\""});
         return h;
       }(),
       {[](auto& h) { h.activity_started(7).activity_completed(7, "1").signal("note", {"\"before the answer\""}); },
        [](auto& h) { h.signal("slow", {"\"slow\""}).signal("note", {"\"quick\""}); },
        [](auto& h) { h.timer_fired(19); }}});
  EXPECT_EQ(got, (transcript{{"activity 1 charge(\"p\",1)"},
                             {},
                             {"timer 1 1s"},
                             {R"(complete (["first","run","before the answer","paid 1","quick","slow"]))"}}));
}

TEST(runs, tasks_that_failed_or_timed_out_do_not_count) {
  const auto got = play_everywhere({all(),
                                    [] {
                                      history_builder h("sequence", {"\"a\""});
                                      h.failed_task().timed_out_task();
                                      return h;
                                    }(),
                                    {[](auto& h) {
                                       h.activity_started(11).activity_completed(11, "10");
                                       h.timed_out_task().failed_task().signal("unknown");
                                     },
                                     [](auto& h) { h.activity_started(24).activity_completed(24, "20"); }}});
  EXPECT_EQ(got, (transcript{
                     {"activity 1 charge(\"a\",0)"}, {"activity 2 charge(\"a\",1)"}, {"activity 3 charge(\"a\",2)"}}));
}

TEST(runs, cancellation_reports_at_once) {
  const auto got = play_everywhere(
      {all(),
       history_builder("try"),
       {[](auto& h) { h.cancel_requested("enough"); }, [](auto& h) { h.activity_started(5).activity_cancelled(5); },
        [](auto& h) { h.timer_fired(11); }}});
  EXPECT_EQ(
      got, (transcript{
               {"activity 1 charge(\"x\",1)"}, {"cancel activity 5", "timer 1 5s"}, {}, {"complete (\"cancelled\")"}}));
}

TEST(runs, cancellation_waits_for_the_end) {
  const auto got = play_everywhere(
      {all(),
       history_builder("wait"),
       {[](auto& h) { h.cancel_requested(); }, [](auto& h) { h.activity_started(5).activity_completed(5, "7"); },
        [](auto& h) { h.timer_fired(16); }}});
  EXPECT_EQ(got,
            (transcript{{"activity 1 charge(\"x\",1)"}, {"cancel activity 5"}, {"timer 1 5s"}, {R"(complete ("7"))"}}));
}

TEST(runs, cancellation_abandons) {
  const auto got = play_everywhere(
      {all(),
       history_builder("abandon"),
       {[](auto& h) { h.cancel_requested(); }, [](auto& h) { h.activity_started(5).activity_completed(5, "7"); },
        [](auto& h) { h.timer_fired(10); }}});
  EXPECT_EQ(got, (transcript{{"activity 1 charge(\"x\",1)"}, {"timer 1 5s"}, {}, {"complete (\"cancelled\")"}}));
}

TEST(runs, an_activity_that_ended_is_not_cancelled) {
  for (const bool cancel_first : {false, true}) {
    const auto got = play_everywhere({all(), history_builder("wait"), {[cancel_first](auto& h) {
                                        if (cancel_first) h.cancel_requested();
                                        h.activity_started(5).activity_completed(5, "7");
                                        if (!cancel_first) h.cancel_requested();
                                      }}});
    EXPECT_EQ(got, (transcript{{"activity 1 charge(\"x\",1)"}, {"timer 1 5s"}})) << cancel_first;
  }
}

TEST(runs, a_timer_that_fired_is_not_cancelled) {
  for (const bool cancel_first : {false, true}) {
    const auto got = play_everywhere({all(), history_builder("plain_cancel"), {[cancel_first](auto& h) {
                                        if (cancel_first) h.cancel_requested();
                                        h.timer_fired(5);
                                        if (!cancel_first) h.cancel_requested();
                                      }}});
    EXPECT_EQ(got, (transcript{{"timer 1 3600s"}, {cancel_first ? "cancelled" : "complete ()"}})) << cancel_first;
  }
}

TEST(runs, the_timer_of_a_condition_says_what_it_is_for) {
  for (const bool told_why : {true, false}) {
    engine_driver driver(rondo::registry().workflow<waits_for_approval>(),
                         history_builder("waits_for_approval", {told_why ? "true" : "false"}));
    driver.history.open_task();
    driver.run_task();
    ASSERT_EQ(driver.last.completed->commands_size(), 1);
    const auto& command = driver.last.completed->commands(0);
    EXPECT_TRUE(command.has_start_timer_command_attributes());
    EXPECT_EQ(command.user_metadata().summary().data(), told_why ? "\"approval of the order\"" : "");
    driver.take_completion();
    driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED));
    EXPECT_EQ(driver.task(), (lines{"complete (false)"}));
  }
}

TEST(runs, a_cancelled_workflow_ends_cancelled) {
  const auto got = play_everywhere({all(), history_builder("plain_cancel"), {[](auto& h) { h.cancel_requested(); }}});
  EXPECT_EQ(got, (transcript{{"timer 1 3600s"}, {"cancel timer 1", "cancelled"}}));
}

TEST(runs, losers_are_cancelled) {
  const auto got = play_everywhere({all(), history_builder("race"), {[](auto& h) { h.timer_fired(6); }}});
  EXPECT_EQ(got,
            (transcript{{"activity 1 charge(\"a\",1)", "timer 1 3s"}, {"cancel activity 5", "complete (\"timer\")"}}));
}

TEST(runs, what_is_cancelled_before_it_is_sent_leaves_no_trace) {
  const auto got = play_everywhere({all(), history_builder("changes_its_mind"), {[](auto& h) {
                                      h.activity_started(5).activity_completed(5, "2");
                                    }}});
  EXPECT_EQ(got, (transcript{{"activity 2 charge(\"b\",2)"}, {"complete (2)"}}));
}

TEST(runs, the_end_is_the_last_command) {
  const auto got = play_everywhere({all(), history_builder("ends_early"), {[](auto& h) { h.signal("stop"); }}});
  ASSERT_EQ(got.size(), 2U);
  ASSERT_FALSE(got[1].empty());
  EXPECT_EQ(got[1].back(), "complete (1)");
}

TEST(runs, fail_and_continue_as_new) {
  EXPECT_EQ(play_everywhere({all(), history_builder("fails"), {[](auto& h) { h.timer_fired(5); }}}),
            (transcript{{"timer 1 1s"}, {"fail out of stock"}}));
  EXPECT_EQ(play_everywhere({all(), history_builder("counter", {"3"}), {[](auto& h) { h.timer_fired(5); }}}),
            (transcript{{"timer 1 1s"}, {"continue as new counter(4)"}}));
}

TEST(runs, failed_activities_say_why) {
  const auto got = play_everywhere({all(),
                                    history_builder("failing_activity"),
                                    {[](auto& h) { h.activity_started(5).activity_failed(5, "declined", "Card"); },
                                     [](auto& h) { h.activity_started(11).activity_timed_out(11); }}});
  EXPECT_EQ(got.back(), (lines{"complete (\"charge 1 Carddeclined too slow\")"}));
}

TEST(runs, time_and_random_numbers_are_the_same_on_replay) {
  const auto got = play_everywhere({all(), history_builder("facts"), {[](auto& h) { h.timer_fired(5); }}});
  ASSERT_EQ(got.back().size(), 1U);
  EXPECT_TRUE(got.back()[0].ends_with(" 5 8\")")) << got.back()[0];
}

TEST(runs, a_reset_changes_the_random_numbers_from_there_on) {
  const auto numbers = [](const std::string& line) {
    std::istringstream words(line.substr(line.find('"') + 1));
    std::uint64_t first = 0, second = 0;
    words >> first >> second;
    return std::pair(first, second);
  };
  const auto plain = play({all(), history_builder("facts"), {[](auto& h) { h.timer_fired(5); }}}, [](auto&, auto) {});
  const auto reset =
      play_everywhere({all(), history_builder("facts"), {[](auto& h) {
                         h.failed_task(enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, "run-2").timer_fired(5);
                       }}});
  const auto before = numbers(plain.back()[0]), after = numbers(reset.back()[0]);
  EXPECT_EQ(before.first, after.first);
  EXPECT_NE(before.second, after.second);
}

TEST(runs, a_task_without_news_does_not_wake_the_code) {
  const auto signal = [](auto& h) { h.signal("stop"); };
  const auto quiet = [](auto& h) {
    h.add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED).set_worker_may_ignore(true);
  };
  const auto plain = play_everywhere({all(), history_builder("looker"), {signal}});
  const auto disturbed = play_everywhere({all(), history_builder("looker"), {quiet, quiet, signal}});
  EXPECT_EQ(disturbed, (transcript{{}, {}, {}, plain.back()}));
}

TEST(runs, time_does_not_pass_in_tasks_without_news) {
  engine_driver driver(all(), history_builder("looker"));
  driver.task();
  driver.query("seconds");
  const auto first = driver.answer();
  driver.history.add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
  driver.task();
  driver.query("seconds");
  EXPECT_EQ(driver.answer(), first);
}

TEST(runs, custom_activity_ids) {
  const auto got = play_everywhere(
      {all(), history_builder("named_id"), {[](auto& h) { h.activity_started(5).activity_completed(5, "1"); }}});
  EXPECT_EQ(got, (transcript{{"activity mine charge(\"a\",1)"}, {"complete (\"ok\")"}}));
}

TEST(runs, unknown_and_unreadable_signals_are_dropped) {
  const auto got = play_everywhere({all(), history_builder("collector", {"2"}), {[](auto& h) {
                                      h.signal("nobody", {"1"}).signal("note", {"17"}).signal("note", {"\"ok\""});
                                    }}});
  EXPECT_EQ(got.back(), (lines{"complete ([\"run\",\"ok\"])"}));
}

TEST(runs, events_that_may_be_ignored_are) {
  // Those that no code waits for, with answers to requests of nobody, and one of a newer server.
  for (const int kind : {44, 45, 55, 56, 57, 58, 59, 60, 999}) {
    const auto add = [kind](history_builder& h) {
      h.add(static_cast<enums::EventType>(kind)).set_worker_may_ignore(kind == 999);
    };
    const auto fire = [](history_builder& h) { h.timer_fired(5); };
    const auto both = [&](history_builder& h) { add(h), fire(h); };
    const transcript woken = {{"timer 1 3600s"}, {"complete ()"}}, quiet = {{"timer 1 3600s"}, {}, {"complete ()"}};
    EXPECT_EQ(play_everywhere({all(), history_builder("plain_cancel"), {both}}), woken) << kind;
    EXPECT_EQ(play_everywhere({all(), history_builder("plain_cancel"), {add, fire}}), quiet) << kind;
  }
}

}  // namespace runs_test
