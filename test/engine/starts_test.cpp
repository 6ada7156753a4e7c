#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/workflow.hpp"

// How a workflow begins: constructors that get the arguments, workflows for any type.
namespace starts_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

/// Its signals find it with its arguments, though they run before it.
class initialised {
 public:
  explicit initialised(std::string name, int count) : name_(std::move(name)), count_(count) {}
  rondo::task<std::string> run(std::string name, int count) {
    co_await workflow::sleep(1s);
    co_return name + std::to_string(count) + " " + name_ + std::to_string(count_);
  }
  void add(int more) { count_ += more; }
  int count() const { return count_; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&initialised::add>, rondo::query<&initialised::count>);

 private:
  std::string name_;
  int count_;
};
const auto fires = [](history_builder& h) { h.timer_fired(h.last(enums::EVENT_TYPE_TIMER_STARTED)); };

TEST(init, gets_the_arguments_before_all_handlers) {
  history_builder history("initialised", {"\"a\"", "5"});
  history.signal("add", {"2"});
  const auto got = play_everywhere({rondo::registry().workflow<initialised>(), history, {fires}});
  EXPECT_EQ(got, (transcript{{"timer 1 1s"}, {R"(complete ("a5 a7"))"}}));
}

TEST(init, fails_the_task_when_arguments_cannot_be_read) {
  engine_driver driver(rondo::registry().workflow<initialised>(), history_builder("initialised", {"\"a\"", "\"b\""}));
  const auto got = driver.task();
  EXPECT_NE(got.at(0).find("argument 2: "), std::string::npos) << got[0];
}

class commands_too_early {
 public:
  explicit commands_too_early(int /*value*/) { workflow::upsert_memo(workflow::memo_changes().set("a", 1)); }
  rondo::task<> run(int /*value*/) { co_return; }
};

TEST(init, must_not_command) {
  engine_driver driver(rondo::registry().workflow<commands_too_early>(), history_builder("commands_too_early", {"1"}));
  EXPECT_NE(driver.task().at(0).find("workflow::upsert_memo is not allowed"), std::string::npos);
}

/// An aggregate is not made from arguments, although it could be.
struct plain {
  int value = 3;
  rondo::task<int> run(int more) { co_return value + more; }
};
TEST(init, is_not_for_aggregates) {
  EXPECT_EQ(play_everywhere({rondo::registry().workflow<plain>(), history_builder("plain", {"4"}), {}}),
            (transcript{{"complete (7)"}}));
}

rondo::task<std::string> any(std::string type, rondo::payload_list arguments) {
  co_await workflow::sleep(1s);
  std::string text = type;
  for (const auto& each : arguments) text += " " + each.data;
  co_return text;
}
rondo::task<int> known() { co_return 1; }

TEST(dynamic_workflow, takes_every_type_that_is_not_registered) {
  const auto app = rondo::registry().workflow<known>().dynamic_workflow<any>();
  EXPECT_EQ(play_everywhere({app, history_builder("Order", {"\"a\"", "5"}), {fires}}),
            (transcript{{"timer 1 1s"}, {R"(complete ("Order \"a\" 5"))"}}));
  EXPECT_EQ(play_everywhere({app, history_builder("known"), {}}), (transcript{{"complete (1)"}}));
  EXPECT_TRUE(rondo::registry().dynamic_workflow<any>().has_workflows());
  EXPECT_THROW(rondo::registry().dynamic_workflow<any>().dynamic_workflow<any>(), std::invalid_argument);
}

TEST(dynamic_workflow, is_registered_with_a_versioning_behaviour) {
  const auto app =
      rondo::registry().dynamic_workflow<any>({.versioning_behavior = rondo::versioning_behavior::pinned,
                                               .failure_exceptions = rondo::exception_types<std::invalid_argument>});
  const auto* made = app.find_dynamic_workflow();
  EXPECT_EQ(made->behavior, rondo::versioning_behavior::pinned);
  EXPECT_TRUE(made->failure_exceptions.contains(std::make_exception_ptr(std::invalid_argument("so"))));
  EXPECT_FALSE(made->failure_exceptions.contains(std::make_exception_ptr(std::out_of_range("so"))));
  EXPECT_THROW(rondo::registry().dynamic_workflow<any>({.name = "some"}), std::invalid_argument);
}

rondo::task<int> stumbles(std::string /*type*/, rondo::payload_list /*arguments*/) {
  co_await workflow::sleep(1s);
  throw std::out_of_range("no such place");
}
rondo::dynamic_workflow_settings strict_orders(std::string_view type) noexcept {
  if (type == "Order") return {.failure_exceptions = rondo::exception_types<std::out_of_range>};
  if (type == "Moving") return {.failure_exceptions = rondo::exception_types<rondo::nondeterminism_error>};
  return {};
}

TEST(dynamic_workflow, decides_by_the_type_which_exceptions_fail_a_run) {
  const auto app = rondo::registry().dynamic_workflow<stumbles>({.settings = strict_orders});
  const auto after_the_timer = [&app](const char* type) {
    engine_driver driver(app, history_builder(type));
    driver.task();
    driver.history.timer_fired(5);
    return driver.task();
  };
  EXPECT_EQ(after_the_timer("Order"), lines{"fail no such place"});
  EXPECT_EQ(after_the_timer("Note"), lines{"not completed: no such place"});
  EXPECT_EQ(after_the_timer("Moving"), lines{"not completed: no such place"});
  EXPECT_THROW(rondo::registry().workflow<known>({.settings = strict_orders}), std::invalid_argument);
}

}  // namespace starts_test
