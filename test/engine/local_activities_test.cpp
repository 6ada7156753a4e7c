#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// Local activities: what the worker is asked for, the markers that their ends become, and what a replay makes of them.
namespace local_activities_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

int add(int left, int right);
int count(std::string what);
int charge(int cents);
constexpr rondo::local_activity_options here{.start_to_close_timeout = 5s};
constexpr rondo::activity_options there{.start_to_close_timeout = 5s};
const auto quiet = [](history_builder&) {};
const auto asks_nothing = [](engine_driver&, std::size_t) {};

rondo::task<int> adds_twice() {
  const int first = co_await workflow::execute_local_activity<add>(here, 1, 2);
  const int second = co_await workflow::execute_activity<charge>(there, first);
  co_return co_await workflow::execute_local_activity<add>(here, first, second);
}

TEST(local_activities, end_within_their_task) {
  const auto got = play_everywhere({rondo::registry().workflow<adds_twice>(),
                                    history_builder("adds_twice"),
                                    {[](history_builder& h) {
                                      const auto charge = h.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
                                      h.activity_started(charge).activity_completed(charge, "10");
                                    }},
                                    asks_nothing,
                                    [](engine_driver& driver, std::size_t) {
                                      const auto& [number, what] = *driver.running.begin();
                                      int sum = 0;
                                      for (const auto& each : what.plan->input.payloads())
                                        sum += std::stoi(each.data());
                                      driver.end_local(number, std::to_string(sum));
                                    }});
  EXPECT_EQ(got, (transcript{{"local 1 add = 3", "activity 1 charge(3)"}, {"local 2 add = 13", "complete (13)"}}));
}

rondo::task<int> adds_with_a_summary() {
  constexpr rondo::local_activity_options described{.start_to_close_timeout = 5s, .summary = "what is owed"};
  const int sum = co_await workflow::execute_local_activity<add>(described, 1, 2);
  co_return co_await workflow::execute_local_activity<add>(here, sum, 3);
}

TEST(local_activities, have_their_summary_on_their_marker) {
  engine_driver driver(rondo::registry().workflow<adds_with_a_summary>(), history_builder("adds_with_a_summary"));
  driver.history.open_task();
  driver.run_whole_task();
  ASSERT_EQ(driver.last.kind, engine::step_kind::completed) << driver.failure();
  ASSERT_EQ(driver.last.completed->commands_size(), 3);
  const auto& commands = driver.last.completed->commands();
  EXPECT_EQ(commands[0].command_type(), enums::COMMAND_TYPE_RECORD_MARKER);
  EXPECT_EQ(commands[0].user_metadata().summary().data(), R"("what is owed")");
  EXPECT_EQ(commands[0].user_metadata().summary().metadata().at("encoding"), "json/plain");
  EXPECT_FALSE(commands[1].has_user_metadata()) << "the other has none";
}

rondo::task<std::string> races() {
  std::string order;
  const auto one = [&order](std::string name) -> rondo::task<> {
    const int got = co_await workflow::execute_local_activity<count>(here, name);
    order += name + std::to_string(got);
    co_await workflow::execute_activity<charge>(there, got);
  };
  auto a = one("a"), b = one("b"), c = one("c");
  co_await workflow::when_all(std::move(a), std::move(b), std::move(c));
  co_return order;
}

TEST(local_activities, wake_the_code_one_after_another) {
  const auto got = play_everywhere(
      {rondo::registry().workflow<races>(),
       history_builder("races"),
       {[](history_builder& h) {
         const auto last = h.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
         for (auto id = last - 4; id <= last; id += 2) h.activity_completed(id, "0");
       }},
       asks_nothing,
       [](engine_driver& driver, std::size_t) { driver.end_local(driver.running.rbegin()->first, "7"); }});
  EXPECT_EQ(got, (transcript{{"local 3 count = 7", "activity 1 charge(7)", "local 2 count = 7", "activity 2 charge(7)",
                              "local 1 count = 7", "activity 3 charge(7)"},
                             {R"(complete ("c7b7a7"))"}}));
}

/// Waits for a long one while signals come.
class listens {
 public:
  rondo::task<std::string> run() {
    text_ += std::to_string(co_await workflow::execute_local_activity<count>(here, std::string("long")));
    co_return text_;
  }
  rondo::task<> poke(int value) {
    text_ += "<" + std::to_string(value);
    text_ += "=" + std::to_string(co_await workflow::execute_local_activity<count>(here, std::string("poked")));
    text_ += ">";
  }
  rondo::task<int> change(int value) {
    const int got = co_await workflow::execute_local_activity<add>(here, value, 1);
    text_ += "!" + std::to_string(got);
    co_return got;
  }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&listens::poke>, rondo::update<&listens::change>);

 private:
  std::string text_;
};

TEST(local_activities, outlive_workflow_tasks_by_heartbeats) {
  const auto give_up_until = [](std::size_t last) {
    return [last](engine_driver& driver, std::size_t task) {
      const bool poked = driver.running.begin()->second.plan->input.payloads(0).data() != "\"long\"";
      const bool other = driver.running.rbegin()->second.plan->input.payloads(0).data() != "\"long\"";
      if (poked || other) {
        driver.end_local(poked ? driver.running.begin()->first : driver.running.rbegin()->first, "5");
      } else if (task < last) {
        driver.heartbeat();
        EXPECT_TRUE(driver.last.completed->force_create_new_workflow_task());
      } else {
        driver.end_local(driver.running.begin()->first, "9");
      }
    };
  };
  const auto app = rondo::registry().workflow<listens>();
  EXPECT_EQ(play_everywhere({app, history_builder("listens"), {quiet, quiet, quiet}, asks_nothing, give_up_until(3)}),
            (transcript{{}, {}, {}, {"local 1 count = 9", R"(complete ("9"))"}}));
  EXPECT_EQ(play_everywhere({app,
                             history_builder("listens"),
                             {quiet, [](history_builder& h) { h.signal("poke", {"3"}); }, quiet},
                             asks_nothing,
                             give_up_until(3)}),
            (transcript{{}, {}, {"local 2 count = 5"}, {"local 1 count = 9", R"(complete ("<3=5>9"))"}}));
  EXPECT_EQ(
      play_everywhere({app,
                       history_builder("listens"),
                       {quiet, quiet},
                       [](engine_driver& driver, std::size_t task) {
                         if (task == 1) driver.ask("u", "change", {"3"});
                       },
                       give_up_until(2)}),
      (transcript{{}, {"accept u", "local 2 add = 5", "answer u 5"}, {"local 1 count = 9", R"(complete ("!59"))"}}))
      << "an update right after a heartbeat";
}

TEST(local_activities, run_again_for_a_run_that_was_lost) {
  engine_driver driver(rondo::registry().workflow<listens>(), history_builder("listens"));
  driver.history.open_task();
  driver.run_task();
  ASSERT_EQ(driver.last.kind, engine::step_kind::local_activities);
  driver.heartbeat();
  driver.take_completion();
  driver.history.open_task();
  driver.run_task();
  ASSERT_EQ(driver.last.kind, engine::step_kind::local_activities);
  EXPECT_TRUE(driver.last.starts->empty()) << "the worker runs it already";
  driver.heartbeat();
  driver.take_completion();
  driver.evict();
  driver.query("__stack_trace");
  EXPECT_NE(driver.answer().find("local activity \\\"count\\\" (id \\\"1\\\")"), std::string::npos) << driver.answer();
  EXPECT_TRUE(driver.running.empty()) << "nothing is run for a query";
  driver.history.open_task();
  driver.run_task();
  ASSERT_EQ(driver.running.size(), 1U);
  EXPECT_EQ(driver.running.at(1).plan->type, "count");
  EXPECT_EQ(driver.running.at(1).plan->start_to_close, 5s);
  EXPECT_EQ(driver.running.at(1).attempt, 1);
  driver.end_local(1, "4");
  EXPECT_EQ(driver.texts(), (lines{"local 1 count = 4", R"(complete ("4"))"}));
}

/// Cancels one after it has begun, in the way that its argument says.
rondo::task<std::string> cancels(int how) {
  const rondo::local_activity_options options{.start_to_close_timeout = 5s,
                                              .cancellation = static_cast<rondo::cancellation_type>(how)};
  auto call = workflow::execute_local_activity<count>(options, std::string("cancelled")).start();
  const int first = co_await workflow::execute_local_activity<count>(here, std::string("first"));
  call.cancel();
  std::string end;
  try {
    end = std::to_string(co_await call);
  } catch (const rondo::activity_failure& failure) {
    end = failure.activity_type() + failure.activity_id() +
          (failure.cause_as<rondo::cancelled_failure>() ? " cancelled" : " failed");
  }
  co_return end + std::to_string(first);
}

TEST(local_activities, are_cancelled_as_their_cancellation_type_says) {
  const auto run = [](rondo::cancellation_type how, std::vector<std::uint64_t> stopped) {
    const auto number = std::to_string(static_cast<int>(how));
    return play_everywhere({rondo::registry().workflow<cancels>(),
                            history_builder("cancels", {number}),
                            {},
                            asks_nothing,
                            [stopped](engine_driver& driver, std::size_t) {
                              if (driver.running.contains(2)) {
                                driver.end_local(2, "2");
                                if (driver.last.kind == engine::step_kind::completed) {
                                  EXPECT_EQ(driver.stopped, stopped);
                                }
                                return;
                              }
                              EXPECT_EQ(driver.stopped, stopped);
                              driver.end_local(1, "1");
                            }});
  };
  const auto marker = "local 1 count failed: Activity cancelled";
  EXPECT_EQ(run(rondo::cancellation_type::try_cancel, {1}),
            (transcript{{"local 2 count = 2", marker, R"(complete ("count1 cancelled2"))"}}));
  EXPECT_EQ(run(rondo::cancellation_type::abandon, {}),
            (transcript{{"local 2 count = 2", marker, R"(complete ("count1 cancelled2"))"}}));
  EXPECT_EQ(run(rondo::cancellation_type::wait_cancellation_completed, {1}),
            (transcript{{"local 2 count = 2", "local 1 count = 1", R"(complete ("12"))"}}))
      << "it may end with a result all the same";
}

rondo::task<std::string> regrets() {
  auto call = workflow::execute_local_activity<count>(here, std::string("never")).start();
  call.cancel();
  try {
    co_await call;
  } catch (const rondo::activity_failure& failure) {
    co_return failure.cause_as<rondo::cancelled_failure>() ? "cancelled" : "failed";
  }
  co_return "ran";
}

TEST(local_activities, that_nobody_has_begun_leave_no_trace) {
  EXPECT_EQ(play_everywhere({rondo::registry().workflow<regrets>(), history_builder("regrets"), {}}),
            (transcript{{R"(complete ("cancelled"))"}}));
}

rondo::task<std::string> fails() {
  try {
    co_await workflow::execute_local_activity<count>(here, std::string("x"));
  } catch (const rondo::activity_failure& failure) {
    const auto* cause = failure.cause_as<rondo::application_failure>();
    co_return std::string(failure.what()) + ": " + (cause == nullptr ? "?" : cause->what());
  }
  co_return "";
}

TEST(local_activities, fail_with_the_reason) {
  const auto got = play_everywhere({rondo::registry().workflow<fails>(),
                                    history_builder("fails"),
                                    {},
                                    asks_nothing,
                                    [](engine_driver& driver, std::size_t) { driver.fail_local(1, "no more"); }});
  EXPECT_EQ(got, (transcript{{"local 1 count failed: no more", R"(complete ("Local activity failed: no more"))"}}));
}

const auto fires = [](history_builder& h) { h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED)); };

TEST(local_activities, wait_for_long_in_timers_of_the_server) {
  const auto got = play_everywhere({rondo::registry().workflow<fails>(),
                                    history_builder("fails"),
                                    {fires, fires},
                                    asks_nothing,
                                    [](engine_driver& driver, std::size_t task) {
                                      const auto& [number, what] = *driver.running.begin();
                                      EXPECT_EQ(number, task + 1);
                                      EXPECT_EQ(what.attempt, static_cast<int>(task) + 1);
                                      EXPECT_EQ(what.plan->id, "1");
                                      EXPECT_EQ(what.passed > 0s, task > 0);
                                      if (task < 2) {
                                        driver.fail_local(number, "not yet", 90s);
                                      } else {
                                        driver.end_local(number, "1");
                                      }
                                    }});
  EXPECT_EQ(got, (transcript{{"local 1 count failed: not yet, again in 1m30s", "timer 1 90s"},
                             {"local 1 count attempt 2 failed: not yet, again in 1m30s", "timer 2 90s"},
                             {"local 1 count attempt 3 = 1", R"(complete (""))"}}));
}

TEST(local_activities, are_cancelled_while_they_pause) {
  const auto got = play_everywhere(
      {rondo::registry().workflow<fails>(),
       history_builder("fails"),
       {[](history_builder& h) { h.cancel_requested("stop"); }},
       asks_nothing,
       [](engine_driver& driver, std::size_t) { driver.fail_local(driver.running.begin()->first, "not yet", 90s); }});
  EXPECT_EQ(got.at(1), (lines{"cancel timer 1", R"(complete ("Local activity failed: ?"))"}));
}

rondo::task<> leaves() {
  auto call = workflow::execute_local_activity<count>(here, std::string("forgotten")).start();
  co_await workflow::execute_local_activity<count>(here, std::string("first"));
}

TEST(local_activities, do_not_keep_a_run_that_ends) {
  const auto got = play_everywhere({rondo::registry().workflow<leaves>(),
                                    history_builder("leaves"),
                                    {},
                                    asks_nothing,
                                    [](engine_driver& driver, std::size_t) { driver.end_local(2, "1"); }});
  EXPECT_EQ(got, (transcript{{"local 2 count = 1", "complete ()"}}));
}

rondo::task<std::int64_t> watches_the_clock() {
  const auto before = workflow::now();
  co_await workflow::execute_local_activity<count>(here, std::string("slow"));
  co_return (workflow::now() - before) / 1ms;
}

TEST(local_activities, take_time) {
  const auto got = play_everywhere({rondo::registry().workflow<watches_the_clock>(),
                                    history_builder("watches_the_clock"),
                                    {},
                                    asks_nothing,
                                    [](engine_driver& driver, std::size_t) { driver.end_local(1, "1", 1500ms); }});
  EXPECT_EQ(got.at(0).at(1), "complete (1500)");
}

rondo::task<> calls_another() {
  co_await workflow::execute_local_activity<add>(here, 1, 2);
  co_await workflow::sleep(1s);
}
rondo::task<> calls_none() { co_await workflow::sleep(1s); }
rondo::task<> calls_one() {
  co_await workflow::execute_local_activity<count>(here, std::string("x"));
  co_await workflow::sleep(1s);
}

TEST(local_activities, are_compared) {
  engine_driver driver(rondo::registry().workflow<calls_one>("w"), history_builder("w"));
  EXPECT_EQ(driver.task(), (lines{"local 1 count = 1", "timer 1 1s"}));
  const auto replayed = [&driver](rondo::registry with) {
    const auto result = engine::replay(*with.find_workflow("w"), driver.history.history());
    EXPECT_TRUE(result.nondeterminism);
    return result.message;
  };
  EXPECT_NE(
      replayed(rondo::registry().workflow<calls_another>("w"))
          .find("for local activity \"count\", but the workflow code runs local activity \"add\" (id \"1\") there"),
      std::string::npos);
  EXPECT_NE(replayed(rondo::registry().workflow<calls_none>("w")).find("MarkerRecorded"), std::string::npos);
}

TEST(local_activities, need_options_that_hold) {
  const auto refused = [](rondo::local_activity_options options) {
    try {
      engine::check(options, "add");
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused({}), "local activity \"add\": start_to_close_timeout or schedule_to_close_timeout must be set");
  EXPECT_EQ(refused({.start_to_close_timeout = 1s, .local_retry_threshold = -1s}),
            "local activity \"add\": local_retry_threshold must not be negative");
  EXPECT_EQ(refused({.schedule_to_close_timeout = 1s}), "accepted");
}

}  // namespace local_activities_test
