#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// Updates: what reaches the code and in which order, what is answered, and what a replay makes of it.
namespace updates_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

int charge(int cents);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};

class cart {
 public:
  rondo::task<std::string> run() {
    co_await workflow::wait_condition([this] { return closed_ && workflow::all_handlers_finished(); });
    co_return text_;
  }
  void note(std::string what) { text_ += what; }
  void close() { closed_ = true; }
  int add(int items) {
    if (items == 99) throw rondo::application_failure("no room for so many");
    text_ += "+" + std::to_string(items);
    return items_ += items;
  }
  void check_add(int items) const {
    if (items <= 0) throw std::invalid_argument("items must be positive");
    if (items_ + items > 100) throw rondo::application_failure("the cart is full");
  }
  rondo::task<std::string> pay(int cents) {
    const auto* about = workflow::current_update();
    const int paid = co_await workflow::execute_activity<charge>(soon, cents);
    text_ += "paid";
    co_return about->id + "/" + about->name + "=" + std::to_string(paid);
  }
  void nothing() {}
  static constexpr auto handlers = rondo::handlers(rondo::signal<&cart::note>, rondo::signal<&cart::close>,
                                                   rondo::update<&cart::add, &cart::check_add>,
                                                   rondo::update<&cart::pay>, rondo::update<&cart::nothing>);

 private:
  std::string text_;
  int items_ = 0;
  bool closed_ = false;
};
rondo::registry app() { return rondo::registry().workflow<cart>(); }
script carts(std::vector<std::function<void(history_builder&)>> inbound,
             std::function<void(engine_driver&, std::size_t)> updates) {
  return {app(), history_builder("cart"), std::move(inbound), std::move(updates)};
}
const auto quiet = [](history_builder&) {};

TEST(updates, are_answered_at_once_or_later) {
  const auto got = play_everywhere(carts({quiet, quiet,
                                          [](history_builder& h) {
                                            const auto pay = h.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
                                            h.activity_started(pay).activity_completed(pay, "7");
                                          },
                                          [](history_builder& h) { h.signal("close"); }},
                                         [](engine_driver& driver, std::size_t task) {
                                           if (task == 1) driver.ask("a", "add", {"3"});
                                           if (task == 1) driver.ask("b", "pay", {"5"});
                                           if (task == 2) driver.ask("c", "nothing");
                                         }));
  EXPECT_EQ(got, (transcript{{},
                             {"accept a", "answer a 3", "accept b", "activity 1 charge(5)"},
                             {"accept c", "answer c nothing"},
                             {R"(answer b "b/pay=7")"},
                             {R"(complete ("+3paid"))"}}));
}

TEST(updates, are_rejected_without_a_trace) {
  const auto got = play_everywhere(
      carts({quiet, quiet, [](history_builder& h) { h.signal("close"); }}, [](engine_driver& driver, std::size_t task) {
        if (task == 1) driver.ask("a", "add", {"0"});
        if (task == 1) driver.ask("b", "add", {"\"three\""});
        if (task == 1) driver.ask("c", "unknown");
        if (task == 2) driver.ask("d", "add", {"60"});
        if (task == 2) driver.ask("e", "add", {"60"});
      }));
  ASSERT_EQ(got.size(), 4U);
  ASSERT_EQ(got[1].size(), 3U);
  EXPECT_EQ(got[1][0], "reject a: items must be positive");
  EXPECT_TRUE(got[1][1].starts_with("reject b: argument 1: ")) << got[1][1];
  EXPECT_EQ(got[1][2],
            "reject c: Update handler for 'unknown' expected but not found, known updates: [add pay nothing]");
  EXPECT_EQ(got[2], (lines{"accept d", "answer d 60", "reject e: the cart is full"}))
      << "validators see what handlers before them have done";
  EXPECT_EQ(got[3], lines{R"(complete ("+60"))"});
}

TEST(updates, fail_as_their_handlers_do) {
  const auto got = play_everywhere(carts({quiet, [](history_builder& h) { h.cancel_requested("stop"); }},
                                         [](engine_driver& driver, std::size_t task) {
                                           if (task == 1) driver.ask("a", "add", {"99"});
                                           if (task == 1) driver.ask("b", "pay", {"1"});
                                         }));
  EXPECT_EQ(got, (transcript{{},
                             {"accept a", "fail update a: no room for so many", "accept b", "activity 1 charge(1)"},
                             {"cancel activity 11", "fail update b: Activity cancelled", "cancelled"}}));
}

TEST(updates, and_signals_come_in_their_order) {
  const auto got =
      play_everywhere(carts({[](history_builder& h) { h.signal("note", {R"("one")"}).signal("note", {R"("two")"}); },
                             [](history_builder& h) { h.signal("close"); }},
                            [](engine_driver& driver, std::size_t task) {
                              // The first came between the two signals.
                              if (task == 1) driver.ask("b", "add", {"2"});
                              if (task == 1) driver.ask("a", "add", {"1"}, 5);
                            }));
  EXPECT_EQ(got,
            (transcript{{}, {"accept a", "answer a 1", "accept b", "answer b 3"}, {R"(complete ("one+1two+2"))"}}));
}

TEST(updates, that_come_with_the_start_run_before_the_workflow) {
  const auto got = play_everywhere(
      carts({[](history_builder& h) { h.signal("close"); }}, [](engine_driver& driver, std::size_t task) {
        if (task == 0) driver.ask("a", "add", {"1"}, 1);
      }));
  EXPECT_EQ(got, (transcript{{"accept a", "answer a 1"}, {R"(complete ("+1"))"}}));
}

TEST(updates, may_come_from_the_history) {
  // As after a reset: the events say that they were asked for, and no message does.
  const auto got = play_everywhere(carts({[](history_builder& h) {
                                            h.failed_task(enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, "run-2");
                                            h.update_admitted("a", "add", {"4"}).signal("note", {R"("!")"});
                                          },
                                          [](history_builder& h) { h.signal("close"); }},
                                         [](engine_driver&, std::size_t) {}));
  EXPECT_EQ(got, (transcript{{}, {"accept a", "answer a 4"}, {R"(complete ("+4!"))"}}));
}

TEST(updates, are_asked_once_although_the_history_and_a_message_say_so) {
  engine_driver driver(app(), history_builder("cart"));
  driver.task();
  driver.history.update_admitted("a", "add", {"4"});
  driver.ask("a", "add", {"4"});
  EXPECT_EQ(driver.task(), (lines{"accept a", "answer a 4"}));
}

TEST(updates, of_a_cached_run_may_be_sent_again) {
  engine_driver driver(app(), history_builder("cart"));
  driver.task();
  driver.ask("a", "pay", {"4"});
  EXPECT_EQ(driver.task(), (lines{"accept a", "activity 1 charge(4)"}));
  driver.ask("a", "pay", {"4"});
  EXPECT_EQ(driver.task(), lines{}) << "it is at work already";
  driver.evict();
  driver.ask("a", "pay", {"4"});
  EXPECT_EQ(driver.task(), lines{});
}

auto time_now() { return workflow::now(); }
std::int64_t length_now() { return workflow::info().history_length; }

/// Moves on when what it measures does.
template <auto Measure>
class watches {
 public:
  rondo::task<int> run() {
    const auto began = Measure();
    co_await workflow::wait_condition([began] { return Measure() > began; });
    co_return 1;
  }
  void touch() {}
  void refuse() const { throw rondo::application_failure("never"); }
  static constexpr auto handlers =
      rondo::handlers(rondo::update<&watches::touch>("touch"), rondo::update<&watches::touch, &watches::refuse>("no"));
};

/// A rejected update, and an accepted one in a later task.
template <auto Measure>
transcript watch() {
  rondo::registry from;
  from.workflow<watches<Measure>>("watches");
  return play_everywhere(
      {from, history_builder("watches"), {quiet, quiet}, [](engine_driver& driver, std::size_t task) {
         if (task == 1) driver.ask("a", "no");
         if (task == 2) driver.ask("b", "touch");
       }});
}
const transcript moves_with_the_accepted_one{{}, {"reject a: never"}, {"accept b", "answer b nothing", "complete (1)"}};

TEST(updates, that_are_rejected_do_not_even_move_the_clock) {
  EXPECT_EQ(watch<&time_now>(), moves_with_the_accepted_one);
}

TEST(updates, that_are_rejected_do_not_show_the_task_that_they_came_with) {
  EXPECT_EQ(watch<&length_now>(), moves_with_the_accepted_one);
}

TEST(updates, of_a_dropped_task_leave_the_run_where_it_was) {
  engine_driver driver(app(), history_builder("cart"));
  driver.task();
  const auto history = driver.history;
  driver.ask("a", "add", {"0"});
  driver.history.open_task();
  driver.run_task();
  EXPECT_EQ(driver.texts(), lines{"reject a: items must be positive"});
  // The server forgets the task: its events get other meanings.
  driver.run().accepted(history.last_id() - 1);
  driver.history = history;
  driver.forget_messages();
  driver.history.signal("note", {R"("!")"}).signal("close");
  EXPECT_EQ(driver.task(), lines{R"(complete ("!"))"});
  EXPECT_EQ(driver.full_fetches(), 0) << "the cached run goes on";
}

/// Its handlers are set when it runs.
class sets_handlers {
 public:
  rondo::task<std::string> run() {
    workflow::set_update_handler(
        "late",
        [this](int by) {
          count_ += by;
          return count_;
        },
        [](int by) {
          if (by < 0) throw std::invalid_argument("less than nothing");
        });
    workflow::set_signal_handler("told", [this](std::string what) { text_ += what; });
    co_await workflow::sleep(1s);
    workflow::set_dynamic_signal_handler(
        [this](std::string name, rondo::payload_list values) { text_ += "[" + name + " " + values.at(0).data + "]"; });
    workflow::set_dynamic_update_handler([this](std::string name, rondo::payload_list) -> rondo::task<std::string> {
      co_await workflow::sleep(1s);
      text_ += name;
      co_return name + "!";
    });
    workflow::set_query_handler("text", [this] { return text_; });
    workflow::set_query_handler("plus", [this](int by) { return count_ + by; });
    workflow::set_current_details("*waiting*");
    co_await workflow::wait_condition([this] { return count_ > 5; });
    co_return text_;
  }

 private:
  int count_ = 0;
  std::string text_;
};

TEST(handlers, may_be_set_by_the_workflow) {
  const script made{rondo::registry().workflow<sets_handlers>(),
                    history_builder("sets_handlers").signal("other", {"1"}).signal("told", {R"("a")"}),
                    {
                        [](history_builder& h) { h.signal("more", {"2"}); },
                        [](history_builder& h) { h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED)); },
                        quiet,
                        [](history_builder& h) { h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED)); },
                        quiet,
                    },
                    [](engine_driver& driver, std::size_t task) {
                      if (task == 0) driver.ask("first", "late", {"1"});
                      if (task == 0) driver.ask("refused", "late", {"-1"});
                      if (task == 1) driver.ask("unknown", "any");
                      if (task == 3) driver.ask("any", "whatever", {"7"});
                      if (task == 5) driver.ask("last", "late", {"5"});
                    }};
  const auto got = play_everywhere(made);
  EXPECT_EQ(got, (transcript{{"timer 1 1s", "accept first", "answer first 1", "reject refused: less than nothing"},
                             {"reject unknown: Update handler for 'any' expected but not found, known updates: [late]"},
                             {},
                             {"accept any", "timer 2 1s"},
                             {R"(answer any "whatever!")"},
                             {"accept last", "answer last 6", R"(complete ("a[other 1][more 2]whatever"))"}}));
}

TEST(handlers, of_queries_may_be_set_and_are_described) {
  engine_driver driver(rondo::registry().workflow<sets_handlers>(), history_builder("sets_handlers"));
  driver.task();
  driver.query("text");
  EXPECT_NE(driver.failure().find("expected but not found"), std::string::npos);
  driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED));
  driver.task();
  driver.query("plus", "3");
  EXPECT_EQ(driver.answer(), "3");
  driver.query("__temporal_workflow_metadata");
  EXPECT_EQ(driver.answer(),
            R"({"definition":{"type":"sets_handlers","queryDefinitions":[{"name":"plus"},{"name":"text"},)"
            R"({"name":"__stack_trace","description":"What the workflow waits for"},)"
            R"({"name":"__enhanced_stack_trace",)"
            R"("description":"What the workflow waits for, for programs that show it"}],)"
            R"("signalDefinitions":[{},{"name":"told"}],"updateDefinitions":[{},{"name":"late"}]},)"
            R"("currentDetails":"*waiting*"})");
}

class lingers {
 public:
  rondo::task<> run() {
    co_await workflow::wait_condition([this] { return done_; });
  }
  rondo::task<> end(bool wait) {
    done_ = true;
    if (wait) co_await workflow::sleep(1h);
  }
  rondo::task<> end_quietly() {
    done_ = true;
    co_await workflow::sleep(1h);
  }
  static constexpr auto handlers = rondo::handlers(
      rondo::update<&lingers::end>({.description = "ends the workflow"}),
      rondo::signal<&lingers::end_quietly>({.name = "quietly", .unfinished = rondo::unfinished_policy::abandon}));

 private:
  bool done_ = false;
};

TEST(updates, complete_before_the_workflow_ends) {
  const script made{rondo::registry().workflow<lingers>(),
                    history_builder("lingers"),
                    {quiet},
                    [](engine_driver& driver, std::size_t task) {
                      if (task == 1) driver.ask("a", "end", {"false"});
                    }};
  EXPECT_EQ(play_everywhere(made), (transcript{{}, {"accept a", "answer a nothing", "complete ()"}}));
}

TEST(handlers, are_described_as_they_are_declared) {
  engine_driver driver(rondo::registry().workflow<lingers>(), history_builder("lingers"));
  driver.task();
  driver.query("__temporal_workflow_metadata");
  EXPECT_NE(driver.answer().find(R"("signalDefinitions":[{"name":"quietly"}],)"
                                 R"("updateDefinitions":[{"name":"end","description":"ends the workflow"}])"),
            std::string::npos)
      << driver.answer();
}

/// Takes whatever comes, beside what it names.
class takes_anything {
 public:
  rondo::task<std::string> run() {
    workflow::set_signal_handler("set", [this](int by) { text_ += "<set " + std::to_string(by) + ">"; });
    workflow::set_query_handler("set", [](int by) { return "set " + std::to_string(by); });
    workflow::set_update_handler("set", [](int by) { return "set " + std::to_string(by); });
    co_await workflow::wait_condition([this] { return done_; });
    co_return text_;
  }
  void named(int by) { text_ += "<named " + std::to_string(by) + ">"; }
  void any(std::string name, rondo::payload_list values) { text_ += "<" + said(name, values) + ">"; }
  std::string ask_named(int by) const { return "named " + std::to_string(by); }
  std::string ask_any(std::string name, rondo::payload_list values) const { return "any " + said(name, values); }
  std::string change_named(int by) { return "named " + std::to_string(by); }
  rondo::task<std::string> change_any(std::string name, rondo::payload_list values) {
    done_ = name == "end";
    if (!done_) co_await workflow::sleep(1s);
    co_return "any " + said(name, values);
  }
  void check_any(std::string name, rondo::payload_list values) const {
    if (values.empty()) throw std::invalid_argument("nothing is given to " + name);
  }
  static constexpr auto handlers =
      rondo::handlers(rondo::dynamic_signal<&takes_anything::any>, rondo::signal<&takes_anything::named>("named"),
                      rondo::dynamic_query<&takes_anything::ask_any>({.description = "whatever is asked"}),
                      rondo::query<&takes_anything::ask_named>("named"),
                      rondo::dynamic_update<&takes_anything::change_any, &takes_anything::check_any>,
                      rondo::update<&takes_anything::change_named>("named"));

 private:
  static std::string said(const std::string& name, const rondo::payload_list& values) {
    std::string text = name;
    for (const auto& each : values) text += " " + each.data;
    return text;
  }

  std::string text_;
  bool done_ = false;
};

TEST(handlers, for_any_message_may_be_declared) {
  const script made{rondo::registry().workflow<takes_anything>(),
                    history_builder("takes_anything").signal("early", {"0"}),
                    {[](history_builder& h) {
                       h.signal("other", {"1", "2"}).signal("named", {"3"}).signal("set", {"4"});
                     },
                     [](history_builder& h) { h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED)); }, quiet},
                    [](engine_driver& driver, std::size_t task) {
                      if (task == 1) driver.ask("a", "whatever", {"5", "6"});
                      if (task == 1) driver.ask("b", "whatever");
                      if (task == 1) driver.ask("c", "named", {"7"});
                      if (task == 1) driver.ask("d", "set", {"8"});
                      if (task == 3) driver.ask("e", "end", {"9"});
                    }};
  EXPECT_EQ(
      play_everywhere(made),
      (transcript{{},
                  {"accept a", "timer 1 1s", "accept c", R"(answer c "named 7")", "accept d", R"(answer d "set 8")",
                   "reject b: nothing is given to whatever"},
                  {R"(answer a "any whatever 5 6")"},
                  {"accept e", R"(answer e "any end 9")", R"(complete ("<early 0><other 1 2><named 3><set 4>"))"}}));

  engine_driver driver(rondo::registry().workflow<takes_anything>(), history_builder("takes_anything"));
  driver.task();
  const auto answer = [&driver](std::string_view name) {
    driver.query(name, "5");
    return driver.answer();
  };
  EXPECT_EQ(answer("whatever"), R"("any whatever 5")");
  EXPECT_EQ(answer("named"), R"("named 5")");
  EXPECT_EQ(answer("set"), R"("set 5")");
  EXPECT_NE(answer("__temporal_workflow_metadata").find(R"({"description":"whatever is asked"})"), std::string::npos)
      << driver.answer();
}

/// Ends in its first line, so an update that needs a second turn comes too late.
rondo::task<> ends_at_once() { co_return; }

TEST(updates, of_a_workflow_that_ends_are_rejected) {
  const script made{rondo::registry().workflow<ends_at_once>(),
                    history_builder("ends_at_once"),
                    {},
                    [](engine_driver& driver, std::size_t) { driver.ask("a", "late"); }};
  EXPECT_EQ(play_everywhere(made), (transcript{{"complete ()", "reject a: the workflow is ending"}}));
}

class misuses {
 public:
  rondo::task<> run() { co_await workflow::sleep(1h); }
  void touch() {}
  void asks_for_a_number() const { workflow::random(); }
  void goes_on() { workflow::continue_as_new<misuses>({}); }
  static constexpr auto handlers =
      rondo::handlers(rondo::update<&misuses::touch, &misuses::asks_for_a_number>, rondo::update<&misuses::goes_on>);
};

TEST(updates, cannot_do_what_is_not_for_them) {
  engine_driver driver(rondo::registry().workflow<misuses>(), history_builder("misuses"));
  driver.task();
  driver.ask("a", "touch");
  driver.ask("b", "goes_on");
  const auto got = driver.task();
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0], "accept b");
  EXPECT_TRUE(got[1].starts_with("fail update b: an update handler cannot continue its workflow as new")) << got[1];
  EXPECT_TRUE(got[2].starts_with("reject a: workflow::random is not allowed in")) << got[2];
}

TEST(updates, that_the_code_does_not_know_any_more_are_nondeterminism) {
  history_builder history("misuses");
  history.open_task();
  history.complete_task().timer_started("1");
  history.open_task();
  history.complete_task().update_accepted("a", "gone", {}, 5);
  engine_driver driver(rondo::registry().workflow<misuses>(), history);
  const auto got = driver.task();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_NE(got[0].find("[TMPRL1100]"), std::string::npos) << got[0];
  EXPECT_NE(got[0].find("WorkflowExecutionUpdateAccepted of update (id \"a\")"), std::string::npos) << got[0];
}

TEST(messages, of_unknown_kinds_fail_the_task) {
  engine_driver driver(app(), history_builder("cart"));
  driver.amend = [](auto& task) {
    auto& message = *task.add_messages();
    message.mutable_body()->set_type_url("type.googleapis.com/temporal.api.future.v1.Wish");
  };
  EXPECT_NE(driver.task().at(0).find("temporal.api.future.v1.Wish"), std::string::npos);
}

}  // namespace updates_test
