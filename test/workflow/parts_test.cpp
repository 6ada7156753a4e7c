#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"
#include "support/fake_host.hpp"

using namespace std::chrono_literals;
namespace workflow = rondo::workflow;
using rondo::test::lines;
using rondo::test::scripted_run;

namespace parts_test {

int work(int number);
constexpr rondo::activity_options soon{.start_to_close_timeout = 5s};

rondo::task<int> helper(int number) {
  const int once = co_await workflow::execute_activity<work>(soon, number);
  co_return co_await workflow::execute_activity<work>(soon, once);
}
/// The same commands in the same order, with the two awaits inline and in a helper, beside another branch.
rondo::task<> inline_lines() {
  const auto branch = []() -> rondo::task<> {
    const int once = co_await workflow::execute_activity<work>(soon, 1);
    co_await workflow::execute_activity<work>(soon, once);
  };
  co_await workflow::when_all(branch(), workflow::execute_activity<work>(soon, 5));
}
rondo::task<> lines_in_a_helper() {
  const auto branch = []() -> rondo::task<> { co_await helper(1); };
  co_await workflow::when_all(branch(), workflow::execute_activity<work>(soon, 5));
}

rondo::task<int> starts_early() {
  auto first = workflow::execute_activity<work>(soon, 1).start();
  auto second = workflow::execute_activity<work>(soon, 2).start();
  const int late = co_await second;
  const int early = co_await first;
  co_return early * 10 + late;
}

rondo::task<std::string> cancels_a_scope() {
  workflow::cancellation_scope scope;
  const auto stop = [&scope]() -> rondo::task<> {
    co_await workflow::sleep(1s);
    scope.cancel("too slow");
  };
  auto [outcome, stopped] =
      co_await workflow::when_all(workflow::as_result(scope.run(workflow::execute_activity<work>(soon, 1))), stop());
  if (workflow::cancelled()) co_return "the outer scope too";
  auto again = co_await workflow::as_result(scope.run(workflow::execute_activity<work>(soon, 2)));
  co_return (outcome ? "done" : "cancelled") + std::string(again ? " done" : " cancelled");
}

rondo::task<> cancelled_before_sent() {
  workflow::cancellation_scope scope;
  scope.cancel();
  auto outcome = co_await workflow::as_result(scope.run(workflow::execute_activity<work>(soon, 1)));
  if (outcome.failed_with<rondo::cancelled_failure>() == nullptr) throw std::runtime_error("it ran");
}

rondo::task<std::string> asks_why() {
  static_cast<void>(co_await workflow::as_result(workflow::sleep(1h)));
  if (!workflow::cancel_requested()) co_return "not cancelled";
  co_return workflow::cancel_reason();
}

struct repeats {
  rondo::task<> run(int from, std::string text) {
    if (from > 0) workflow::continue_as_new<repeats>({}, from - 1, text + "!");
    co_return;
  }
};

rondo::task<std::string> is_patched() {
  const bool changed = workflow::patched("change");
  workflow::deprecate_patch("older");
  co_return changed ? "new" : "old";
}

rondo::task<std::vector<std::string>> draws() {
  std::vector<std::string> seen{workflow::uuid4(), std::to_string(workflow::random().uniform(1, 6)), workflow::uuid4()};
  co_return seen;
}

rondo::task<int> waits_for_nothing() {
  co_await workflow::sleep(0s);
  co_await workflow::sleep(-5s);
  co_return 1;
}

rondo::task<> passes_a_bad_option() {
  constexpr rondo::activity_options bad{.start_to_close_timeout = -1s};
  co_await workflow::execute_activity<work>(bad, 1);
}

rondo::task<> throws_an_error() {
  co_await workflow::sleep(1s);
  throw std::runtime_error("a bug");
}

/// Waits in two conditions; the first one that was awaited goes on first.
struct two_waiters {
  rondo::task<std::string> run() {
    const auto wait = [this](char name) -> rondo::task<> {
      co_await workflow::wait_condition([this] { return open_ > 0; });
      --open_;
      order_ += name;
    };
    co_await workflow::when_all(wait('a'), wait('b'));
    co_return order_;
  }
  void open() { ++open_; }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&two_waiters::open>);

 private:
  int open_ = 0;
  std::string order_;
};

/// Tries to change things where only reading is allowed.
struct meddles {
  rondo::task<> run() {
    co_await workflow::wait_condition([] { return workflow::patched("in a condition"); });
  }
  std::string ask() const { return workflow::uuid4(); }
  static constexpr auto handlers = rondo::handlers(rondo::query<&meddles::ask>);
};

/// Calls the SDK from a destructor: harmless when the run is evicted.
struct tidy {
  ~tidy() {
    workflow::logger().info("gone");
    static_cast<void>(workflow::patched("in a destructor"));
    auto late = workflow::sleep(1s).start();
  }
};
rondo::task<> holds_something_tidy() {
  const tidy held;
  co_await workflow::sleep(1h);
}

rondo::registry app() {
  return rondo::registry{}
      .workflow<inline_lines>()
      .workflow<lines_in_a_helper>()
      .workflow<starts_early>()
      .workflow<cancels_a_scope>()
      .workflow<cancelled_before_sent>()
      .workflow<asks_why>()
      .workflow<repeats>()
      .workflow<is_patched>()
      .workflow<draws>()
      .workflow<waits_for_nothing>()
      .workflow<passes_a_bad_option>()
      .workflow<throws_an_error>()
      .workflow<two_waiters>()
      .workflow<meddles>()
      .workflow<holds_something_tidy>();
}

lines commands_of(const char* name) {
  scripted_run run(app(), name);
  run.start();
  for (const int id : {2, 1, 3}) run.resolve(id, "7");
  return run.commands();
}

TEST(tasks, moving_lines_into_a_helper_keeps_the_order_of_commands) {
  EXPECT_EQ(commands_of("inline_lines"), commands_of("lines_in_a_helper"));
  EXPECT_EQ(commands_of("inline_lines").back(), "complete ");
}

TEST(operations, may_be_started_early_and_awaited_in_any_order) {
  scripted_run run(app(), "starts_early");
  run.start();
  EXPECT_EQ(run.commands().size(), 2U);
  run.resolve(1, "3");
  run.resolve(2, "4");
  EXPECT_EQ(run.commands().back(), "complete 34");
}

TEST(operations, of_no_duration_leave_no_trace) {
  scripted_run run(app(), "waits_for_nothing");
  run.start();
  EXPECT_EQ(run.commands(), (lines{"complete 1"}));
}

TEST(operations, with_options_that_cannot_work_throw_at_the_await) {
  scripted_run run(app(), "passes_a_bad_option");
  run.start();
  EXPECT_EQ(rondo::test::fake_host::message(run.host.task_error), "negative timeout");
}

TEST(operations, whose_result_cannot_be_read_fail_the_task) {
  scripted_run run(app(), "starts_early");
  run.start();
  run.resolve(1, "\"text\"");
  EXPECT_NE(run.host.task_error, nullptr);
}

TEST(scopes, cancel_what_runs_inside_and_nothing_else) {
  scripted_run run(app(), "cancels_a_scope");
  run.start();
  run.fire(2);
  EXPECT_EQ(run.commands(),
            (lines{"activity 1 work(1)", "timer 2 1s", "cancel 1", "complete \"cancelled cancelled\""}));
}

TEST(scopes, that_are_cancelled_send_no_commands) {
  scripted_run run(app(), "cancelled_before_sent");
  run.start();
  EXPECT_EQ(run.commands(), (lines{"complete "}));
}

TEST(scopes, tell_the_reason_of_cancellation) {
  scripted_run run(app(), "asks_why");
  run.start();
  run.cancel("closing time");
  EXPECT_EQ(run.commands().back(), "complete \"closing time\"");
}

TEST(continue_as_new, carries_the_next_arguments) {
  scripted_run run(app(), "repeats");
  run.start("2", "\"go\"");
  EXPECT_EQ(run.commands(), (lines{"continue_as_new repeats 1 \"go!\""}));
}

TEST(patches, ask_the_engine) {
  scripted_run run(app(), "is_patched");
  run.host.patches.insert("change");
  run.start();
  EXPECT_EQ(run.commands(), (lines{"patch change", "deprecate older", "complete \"new\""}));
}

// These values may never change: histories depend on them.
TEST(random, is_the_same_for_the_same_seed) {
  scripted_run one(app(), "draws"), other(app(), "draws");
  one.start();
  other.start();
  EXPECT_EQ(one.commands(), other.commands());
  EXPECT_EQ(one.commands().back(),
            "complete [\"b358faf7-4ef9-465a-875c-3d964f482cd2\",\"1\",\"1abc4dcb-546f-41dc-a759-4f96cac88520\"]");
}

TEST(failures, of_other_kinds_fail_only_the_task) {
  scripted_run run(app(), "throws_an_error");
  run.start();
  run.fire(1);
  EXPECT_EQ(rondo::test::fake_host::message(run.host.task_error), "a bug");
  EXPECT_EQ(run.commands(), (lines{"timer 1 1s"}));
}

TEST(conditions, wake_in_the_order_in_which_they_were_awaited) {
  scripted_run run(app(), "two_waiters");
  run.start();
  run.signal("open");
  run.signal("open");
  run.run();
  EXPECT_EQ(run.commands().back(), "complete \"ab\"");
}

TEST(conditions, one_opening_lets_only_one_pass) {
  scripted_run run(app(), "two_waiters");
  run.start();
  run.signal("open");
  run.run();
  EXPECT_TRUE(run.commands().empty());
  run.signal("open");
  run.run();
  EXPECT_EQ(run.commands().back(), "complete \"ab\"");
}

TEST(reading, must_not_change_the_run) {
  scripted_run run(app(), "meddles");
  EXPECT_THROW(run.query("ask"), rondo::detail::run::read_only_error);
  run.start();
  EXPECT_THROW(std::rethrow_exception(run.host.task_error), rondo::detail::run::read_only_error);
  EXPECT_TRUE(run.commands().empty());
}

TEST(eviction, lets_destructors_do_nothing) {
  scripted_run run(app(), "holds_something_tidy");
  run.start();
  run.evict();
  EXPECT_EQ(run.commands(), (lines{"timer 1 3600s"}));
}

TEST(workflow_functions, outside_of_a_workflow_say_so) {
  EXPECT_THROW(workflow::now(), std::logic_error);
  EXPECT_THROW(workflow::uuid4(), std::logic_error);
  EXPECT_THROW(static_cast<void>(workflow::patched("x")), std::logic_error);
}

struct twice {
  rondo::task<> run() { co_return; }
  void one() {}
  void two() {}
  static constexpr auto handlers = rondo::handlers(rondo::signal<&twice::one>, rondo::signal<&twice::two>("one"));
};
struct reserved {
  static constexpr std::string_view name = "__temporal_mine";
  rondo::task<> run() { co_return; }
};
class counter {
 public:
  int next() { return ++count_; }
  int count_ = 0;
};

TEST(registry, refuses_what_cannot_work) {
  EXPECT_THROW(rondo::registry{}.workflow<draws>().workflow<draws>(), std::invalid_argument);
  EXPECT_THROW(rondo::registry{}.workflow<twice>(), std::invalid_argument);
  EXPECT_THROW(rondo::registry{}.workflow<reserved>(), std::invalid_argument);
  EXPECT_THROW(rondo::registry{}.workflow<draws>(""), std::invalid_argument);
}

TEST(registry, finds_what_was_added_under_any_name) {
  counter shared;
  const auto all = rondo::registry{}.workflow<draws>("other").activity<&counter::next>(shared, "Next");
  EXPECT_EQ(all.find_workflow("draws"), nullptr);
  ASSERT_NE(all.find_workflow("other"), nullptr);
  const auto* next = all.find_activity("Next");
  ASSERT_NE(next, nullptr);
  rondo::payload_collector answer;
  next->blocking->run({}, answer);
  next->blocking->run({}, answer);
  EXPECT_EQ(answer.take().back().data, "2");
  EXPECT_EQ(shared.count_, 2);
}

}  // namespace parts_test
