#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "engine/script.hpp"
#include "rondo/detail/engine/stack_trace.hpp"
#include "rondo/json.hpp"
#include "rondo/version.hpp"
#include "rondo/workflow.hpp"

// Where a workflow waits, as it tells those who ask.
namespace rondo::test::stack_trace_cases {

using namespace std::chrono_literals;

int charge(int cents);
constexpr activity_options soon{.start_to_close_timeout = 5s};

constexpr unsigned pays_at = __LINE__ + 1;
task<int> pay(int cents) { co_return co_await workflow::execute_activity<charge>(soon, cents); }

class shop {
 public:
  static constexpr unsigned runs_at = __LINE__ + 1;
  task<> run() { co_await workflow::when_all(pay(7), workflow::sleep(2s)); }
  static constexpr unsigned closes_at = __LINE__ + 2;
  task<> close() {
    co_await workflow::wait_condition([this] { return closed_; });
  }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&shop::close>);

 private:
  bool closed_ = false;
};

task<> lingers() {
  auto later = workflow::sleep(5s).start();
  co_await workflow::sleep(2s);
}

std::string at(std::string_view function, unsigned line) {
  return "    in rondo::test::stack_trace_cases::" + std::string(function) + " (" + __FILE__ + ":" +
         std::to_string(line) + ")\n";
}
std::string text_of(engine_driver& driver) {
  driver.query("__stack_trace");
  return json::parse<std::string>(driver.answer());
}

TEST(stack_trace, shows_the_coroutines_that_wait) {
  engine_driver driver(registry().workflow<shop>(), history_builder("shop"));
  driver.task();
  driver.history.signal("close");
  driver.task();
  const std::string expected = "waits for activity \"charge\" (id \"1\")\n" + at("pay", pays_at) +
                               at("shop::run", shop::runs_at) + "waits for timer (id \"1\")\n" +
                               at("shop::run", shop::runs_at) + "waits for a condition\n" +
                               at("shop::close", shop::closes_at);
  EXPECT_EQ(text_of(driver), expected);
  driver.evict();
  EXPECT_EQ(text_of(driver), expected) << "after a replay";
}

TEST(stack_trace, knows_what_nobody_awaits_yet) {
  engine_driver driver(registry().workflow<lingers>(), history_builder("lingers"));
  driver.task();
  EXPECT_TRUE(text_of(driver).starts_with("waits for timer (id \"1\")\nwaits for timer (id \"2\")\n    in "));
}

struct location {
  std::string filePath{};
  unsigned line = 0, column = 0;
  std::string functionName{};
  bool internalCode = false;
};
struct stack {
  std::vector<location> locations{};
};
struct sdk_info {
  std::string name{}, version{};
};
struct trace {
  sdk_info sdk{};
  std::vector<stack> stacks{};
};

TEST(stack_trace, is_told_to_programs_too) {
  engine_driver driver(registry().workflow<shop>(), history_builder("shop"));
  driver.task();
  driver.query("__enhanced_stack_trace");
  const auto& value = driver.last.answered->query_result().payloads(0);
  EXPECT_EQ(value.metadata().at("encoding"), "json/protobuf");
  EXPECT_EQ(value.metadata().at("messageType"), "temporal.api.sdk.v1.EnhancedStackTrace");
  const auto got = json::parse<trace>(value.data());
  EXPECT_EQ(got.sdk.name, "rondo");
  EXPECT_EQ(got.sdk.version, version_string);
  ASSERT_EQ(got.stacks.size(), 2u);
  const auto& first = got.stacks[0].locations;
  ASSERT_GE(first.size(), 3u);
  EXPECT_EQ(first[0].functionName, "activity \"charge\" (id \"1\")");
  EXPECT_TRUE(first[0].internalCode);
  EXPECT_EQ(first[1].functionName, "rondo::test::stack_trace_cases::pay");
  EXPECT_EQ(first[1].filePath, __FILE__);
  EXPECT_EQ(first[1].line, pays_at);
  EXPECT_FALSE(first[1].internalCode);
  EXPECT_TRUE(first[2].internalCode) << "when_all is not the code of the user";
}

TEST(stack_trace, of_a_run_that_waits_for_nothing_is_empty) {
  engine_driver driver(registry().workflow<lingers>(), history_builder("lingers"));
  driver.task();
  for (const int timer : {0, 1})
    driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED) - timer);
  driver.task();
  driver.evict();
  driver.query("__enhanced_stack_trace");
  const auto got = json::parse<trace>(driver.last.answered->query_result().payloads(0).data());
  EXPECT_TRUE(got.stacks.empty());
  EXPECT_EQ(text_of(driver), "waits for nothing that the history knows of\n");
}

TEST(stack_trace, shortens_the_names_of_functions) {
  using detail::engine::short_function_name;
  EXPECT_EQ(short_function_name("void order::run(order::run(int)::_ZN5order3runEi.Frame*)"), "order::run");
  EXPECT_EQ(short_function_name("rondo::task<int> order::run(int)"), "order::run");
  EXPECT_EQ(short_function_name("task<std::map<int, std::string> > pay(T) [with T = int]"), "pay");
  EXPECT_EQ(short_function_name("task<int> (anonymous namespace)::shop::run(int)"), "(anonymous namespace)::shop::run");
  EXPECT_EQ(short_function_name("nothing of the kind"), "nothing of the kind");
}

}  // namespace rondo::test::stack_trace_cases
