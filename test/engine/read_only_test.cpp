#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"
#include "rondo/workflow/stream.hpp"

// Code that must only look: queries, validators, conditions. Whatever it tries is refused, and the run goes on as if
// nobody had tried.
namespace read_only_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

int charge(int cents);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};
constexpr rondo::local_activity_options here{.start_to_close_timeout = 5s};
constexpr workflow::nexus_target hall{.endpoint = "hall", .service = "greetings", .operation = "greet"};

class packing {
 public:
  rondo::task<> run();
};

/// What a workflow holds that code which must only look can reach, as a query does through a pointer.
struct holdings {
  workflow::cancellation_scope scope;
  std::optional<workflow::started<workflow::timer>> alone, inside;
  std::optional<workflow::child_workflow<packing>> child;
  std::optional<workflow::nexus_handle<std::string>> operation;
  workflow::random_numbers* numbers = &workflow::random();
  workflow::random_numbers* dice = &workflow::random("dice");
  workflow::semaphore doors{1};
  workflow::semaphore::permit permit = doors.try_acquire();
  workflow::channel<int> pipe{2};
  workflow::stream stream;

  /// All that could have changed.
  std::string text() {
    std::string all = std::to_string(numbers->uniform(0, 999'999)) + " " + std::to_string(dice->uniform(0, 999'999));
    for (const bool each : {scope.cancelled(), alone->done(), inside->done(), doors.available() > 0, pipe.closed()}) {
      all += each ? " yes" : " no";
    }
    return all + " " + std::to_string(pipe.size()) + " " + std::to_string(stream.end_offset());
  }
};

struct temptation {
  const char* what;
  /// How the refusal names the call.
  std::string_view named;
  void (*give_in)(holdings&);
};
constexpr std::string_view starting = "starting an operation";
constexpr std::string_view cancelling = "cancelling an operation";
constexpr std::array temptations{
    temptation{"timer", starting, [](holdings&) { static_cast<void>(workflow::sleep(1h).start()); }},
    temptation{"activity", starting,
               [](holdings&) { static_cast<void>(workflow::execute_activity<charge>(soon, 1).start()); }},
    temptation{"local activity", starting,
               [](holdings&) { static_cast<void>(workflow::execute_local_activity<charge>(here, 1).start()); }},
    temptation{"child", starting, [](holdings&) { static_cast<void>(workflow::execute_child<packing>({}).start()); }},
    temptation{"start of a child", starting,
               [](holdings&) { static_cast<void>(workflow::start_child<packing>({}).start()); }},
    temptation{"Nexus operation", starting,
               [](holdings&) { static_cast<void>(workflow::execute_nexus<void>(hall, {}, 7).start()); }},
    temptation{"signal", starting,
               [](holdings&) { static_cast<void>(workflow::external("other").signal("poke").start()); }},
    temptation{"signal to a child", starting,
               [](holdings& its) { static_cast<void>(its.child->signal("poke").start()); }},
    temptation{"cancellation of another workflow", starting,
               [](holdings&) { static_cast<void>(workflow::external("other").cancel().start()); }},
    temptation{"signal with start", starting,
               [](holdings&) {
                 static_cast<void>(workflow::signal_with_start("shop", {.id = "s"}, "poke", std::tuple<>()).start());
               }},
    temptation{"cancellation of a scope", "cancelling a scope", [](holdings& its) { its.scope.cancel(); }},
    temptation{"cancellation of a timer", cancelling, [](holdings& its) { its.alone->cancel(); }},
    temptation{"cancellation inside a scope", cancelling, [](holdings& its) { its.inside->cancel(); }},
    temptation{"cancellation of a child", "cancelling a child", [](holdings& its) { its.child->cancel(); }},
    temptation{"cancellation of a Nexus operation", "cancelling a Nexus operation",
               [](holdings& its) { its.operation->cancel(); }},
    temptation{"search attributes", "workflow::upsert_search_attributes",
               [](holdings&) {
                 constexpr rondo::int_attribute amount("Amount");
                 workflow::upsert_search_attributes(rondo::search_attributes().set(amount, 7));
               }},
    temptation{"memo", "workflow::upsert_memo",
               [](holdings&) { workflow::upsert_memo(workflow::memo_changes().set("a", 1)); }},
    temptation{"patch", "workflow::patched", [](holdings&) { workflow::patched("new"); }},
    temptation{"deprecated patch", "workflow::deprecate_patch", [](holdings&) { workflow::deprecate_patch("old"); }},
    temptation{"version", "workflow::get_version", [](holdings&) { workflow::get_version("layout", 1, 2); }},
    temptation{"side effect", "workflow::side_effect", [](holdings&) { workflow::side_effect([] { return 1; }); }},
    temptation{"mutable side effect", "workflow::mutable_side_effect",
               [](holdings&) { workflow::mutable_side_effect("size", [] { return 1; }); }},
    temptation{"random number", "workflow::random", [](holdings&) { workflow::random()(); }},
    temptation{"random number by name", "workflow::random", [](holdings&) { workflow::random("coins")(); }},
    temptation{"kept random numbers", "workflow::random", [](holdings& its) { (*its.numbers)(); }},
    temptation{"kept random numbers by name", "workflow::random", [](holdings& its) { its.dice->uniform_real(); }},
    temptation{"kept random numbers of a distribution", "workflow::random",
               [](holdings& its) { std::uniform_int_distribution<int>(1, 6)(*its.numbers); }},
    temptation{"UUID", "workflow::uuid4", [](holdings&) { workflow::uuid4(); }},
    temptation{"UUID with the time", "workflow::uuid7", [](holdings&) { workflow::uuid7(); }},
    temptation{"signal handler", "workflow::set_signal_handler",
               [](holdings&) { workflow::set_signal_handler("finish", [] {}); }},
    temptation{"query handler", "workflow::set_query_handler",
               [](holdings&) { workflow::set_query_handler("look", [] { return 1; }); }},
    temptation{"update handler", "workflow::set_update_handler",
               [](holdings&) { workflow::set_update_handler("set", [] {}); }},
    temptation{"handler for any signal", "workflow::set_dynamic_signal_handler",
               [](holdings&) { workflow::set_dynamic_signal_handler([](std::string, rondo::payload_list) {}); }},
    temptation{"details", "workflow::set_current_details", [](holdings&) { workflow::set_current_details("x"); }},
    temptation{"next run", "workflow::continue_as_new", [](holdings&) { workflow::continue_as_new<packing>({}); }},
    temptation{"permit given back", "workflow::semaphore", [](holdings& its) { its.permit.release(); }},
    temptation{"permit taken", "workflow::semaphore",
               [](holdings& its) { static_cast<void>(its.doors.try_acquire()); }},
    temptation{"value sent", "workflow::channel", [](holdings& its) { its.pipe.try_send(2); }},
    temptation{"value received", "workflow::channel", [](holdings& its) { its.pipe.try_receive(); }},
    temptation{"closed channel", "workflow::channel", [](holdings& its) { its.pipe.close(); }},
    temptation{"item published", "workflow::stream", [](holdings& its) { its.stream.publish("news", 1); }},
    temptation{"items forgotten", "workflow::stream", [](holdings& its) { its.stream.truncate(0); }},
    temptation{"stream", "workflow::stream", [](holdings&) { const workflow::stream another; }},
};

/// False: the code was mended, and its condition tries nothing any more.
bool condition_is_tempted = false;

class tempted {
 public:
  rondo::task<std::string> run() {
    held_ = std::make_unique<holdings>();
    workflow::set_query_handler("look", [this](std::size_t which) { return give_in(which); });
    workflow::set_update_handler(
        "set", [](std::size_t) {}, [this](std::size_t which) { give_in(which); });
    auto child = co_await workflow::start_child<packing>({.id = "c"});
    held_->child.emplace(std::move(child));
    auto operation = co_await workflow::start_nexus<std::string>(hall, {}, 1);
    held_->operation.emplace(std::move(operation));
    held_->alone.emplace(workflow::sleep(1h).start());
    co_await held_->scope.run(begin_inside());
    held_->pipe.try_send(1);
    co_await workflow::wait_condition([this] {
      if (condition_is_tempted && which_) give_in(*which_);
      return finished_;
    });
    co_return held_->text();
  }
  void tempt(std::size_t which) { which_ = which; }
  void finish() { finished_ = true; }
  void touch(std::size_t /*which*/) {}
  void check_touch(std::size_t which) const { give_in(which); }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&tempted::tempt>, rondo::signal<&tempted::finish>,
                                                   rondo::update<&tempted::touch, &tempted::check_touch>);

 private:
  rondo::task<> begin_inside() {
    held_->inside.emplace(workflow::sleep(2h).start());
    co_return;
  }
  int give_in(std::size_t which) const {
    temptations.at(which).give_in(*held_);
    return 0;
  }

  std::unique_ptr<holdings> held_;
  std::optional<std::size_t> which_;
  bool finished_ = false;
};

/// Tries what stands at `which` in the table, and gives what it was told.
using place = std::string (*)(engine_driver&, const std::string& which);

std::string in_a_query(engine_driver& driver, const std::string& which) {
  driver.amend = [&which](auto& task) {
    auto& query = (*task.mutable_queries())["q"];
    query.set_query_type("look");
    auto& argument = *query.mutable_query_args()->add_payloads();
    (*argument.mutable_metadata())["encoding"] = "json/plain";
    argument.set_data(which);
  };
  EXPECT_EQ(driver.task(), lines{});
  driver.amend = nullptr;
  const auto& results = driver.last.completed->query_results();
  return results.contains("q") ? results.at("q").error_message() : "no answer";
}

std::string in_the_validator_of(std::string_view update, engine_driver& driver, const std::string& which) {
  driver.ask("u", update, {which});
  const auto got = driver.task();
  constexpr std::string_view rejected = "reject u: ";
  EXPECT_EQ(got.size(), 1U);
  return !got.empty() && got[0].starts_with(rejected) ? got[0].substr(rejected.size()) : "not rejected";
}
std::string in_a_validator(engine_driver& driver, const std::string& which) {
  return in_the_validator_of("touch", driver, which);
}
std::string in_a_validator_that_was_set(engine_driver& driver, const std::string& which) {
  return in_the_validator_of("set", driver, which);
}

std::string in_a_condition(engine_driver& driver, const std::string& which) {
  driver.history.signal("tempt", {which}).open_task();
  condition_is_tempted = true;
  driver.run_whole_task();
  condition_is_tempted = false;
  const std::string told = driver.failure();
  EXPECT_EQ(driver.last.kind, engine::step_kind::failed);
  driver.evict();
  EXPECT_EQ(driver.complete_task(), lines{}) << "the task is repeated with mended code";
  return told;
}

class read_only : public ::testing::TestWithParam<std::pair<const char*, place>> {};

/// Plays a run to its end and replays it. `try_it` is called while the run holds everything.
lines end_of_run(const std::function<void(engine_driver&)>& try_it) {
  engine_driver driver(rondo::registry().workflow<tempted>(), history_builder("tempted"));
  EXPECT_EQ(driver.task(), lines{"child c packing()"});
  driver.history.child_started(driver.history.last(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED));
  EXPECT_EQ(driver.task(), lines{"nexus hall greetings.greet(1)"});
  driver.history.nexus_started(driver.history.last(enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED));
  EXPECT_EQ(driver.task(), (lines{"timer 1 3600s", "timer 2 7200s"}));
  try_it(driver);
  driver.history.signal("finish");
  auto end = driver.task();
  const auto replayed = engine::replay(*driver.from_.find_workflow("tempted"), driver.history.history());
  EXPECT_TRUE(replayed.ok) << replayed.message;
  return end;
}

TEST_P(read_only, code_is_refused_what_would_change_the_run) {
  const auto untempted = end_of_run([](engine_driver&) {});
  ASSERT_EQ(untempted.size(), 1U);
  ASSERT_TRUE(untempted[0].ends_with(R"( no no no no no 1 0"))")) << untempted[0];
  for (std::size_t which = 0; which < temptations.size(); ++which) {
    const auto& each = temptations[which];
    SCOPED_TRACE(each.what);
    const auto end = end_of_run([&](engine_driver& driver) {
      const auto told = GetParam().second(driver, std::to_string(which));
      EXPECT_TRUE(told.starts_with(std::string(each.named) + " is not allowed in a query, ")) << told;
    });
    EXPECT_EQ(end, untempted);
  }
}
INSTANTIATE_TEST_SUITE_P(places, read_only,
                         ::testing::Values(std::pair("query", &in_a_query), std::pair("validator", &in_a_validator),
                                           std::pair("set_validator", &in_a_validator_that_was_set),
                                           std::pair("condition", &in_a_condition)),
                         [](const auto& of) { return std::string(of.param.first); });

/// Cancels when it dies, as code does that tidies up.
class cancels_at_the_end {
 public:
  explicit cancels_at_the_end(workflow::started<workflow::timer>& which) : which_(which) {}
  cancels_at_the_end(const cancels_at_the_end&) = delete;
  cancels_at_the_end& operator=(const cancels_at_the_end&) = delete;
  ~cancels_at_the_end() {
    scope_.cancel();
    which_.cancel();
  }

 private:
  workflow::cancellation_scope scope_;
  workflow::started<workflow::timer>& which_;
};
rondo::task<int> tidies_up() {
  auto reminder = workflow::sleep(1h).start();
  const cancels_at_the_end tidy(reminder);
  co_await workflow::sleep(1s);
  co_return 1;
}

TEST(cancelling, in_destructors_does_nothing_while_a_run_leaves_the_memory) {
  const script made{rondo::registry().workflow<tidies_up>(), history_builder("tidies_up"), {[](history_builder& h) {
                      h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED));
                    }}};
  EXPECT_EQ(play_everywhere(made), (transcript{{"timer 1 3600s", "timer 2 1s"}, {"cancel timer 1", "complete (1)"}}));
}

/// Before it begins a workflow may change what is its own: nothing of that becomes a command.
class changes_itself_at_once {
 public:
  changes_itself_at_once() {
    workflow::cancellation_scope unused;
    unused.cancel();
    pipe_.close();
    stream_.publish("news", "made");
  }
  rondo::task<std::string> run() {
    co_await workflow::sleep(1s);
    co_return std::to_string(stream_.end_offset()) + (pipe_.closed() ? " closed" : " open");
  }

 private:
  workflow::channel<int> pipe_;
  workflow::stream stream_;
};

TEST(constructors, may_change_what_belongs_to_the_workflow) {
  const script made{rondo::registry().workflow<changes_itself_at_once>(),
                    history_builder("changes_itself_at_once"),
                    {[](history_builder& h) { h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED)); }}};
  EXPECT_EQ(play_everywhere(made), (transcript{{"timer 1 1s"}, {R"(complete ("1 closed"))"}}));
}

/// The random numbers of a run serve the standard library too.
rondo::task<std::string> shuffles() {
  auto& numbers = workflow::random("cards");
  static_assert(std::uniform_random_bit_generator<workflow::random_numbers>);
  std::vector<int> cards{1, 2, 3, 4, 5};
  std::shuffle(cards.begin(), cards.end(), numbers);
  std::sort(cards.begin(), cards.end());
  const int rolled = std::uniform_int_distribution<int>(1, 6)(numbers);
  co_await workflow::sleep(1s);
  co_return std::to_string(cards.size()) + (rolled >= 1 && rolled <= 6 ? " cards" : " faults");
}

TEST(random_numbers, are_a_generator_of_the_standard_library) {
  const script made{rondo::registry().workflow<shuffles>(), history_builder("shuffles"), {[](history_builder& h) {
                      h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED));
                    }}};
  EXPECT_EQ(play_everywhere(made), (transcript{{"timer 1 1s"}, {R"(complete ("5 cards"))"}}));
}

}  // namespace read_only_test
