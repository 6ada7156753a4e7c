#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/script.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/workflow.hpp"

// Exceptions that fail the workflow, or an update, although they are not failures.
namespace failure_exceptions_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;
using engine::eviction;
using engine::step_kind;

rondo::task<> goes_out_of_range() {
  co_await workflow::sleep(1s);
  throw std::out_of_range("no such place");
}
rondo::task<> throws_a_number() {
  co_await workflow::sleep(1s);
  throw 42;
}

/// Fails by itself for whatever is a logic_error.
class strict {
 public:
  static constexpr auto failure_exceptions = rondo::exception_types<std::logic_error>;
  rondo::task<int> run() {
    co_await workflow::wait_condition([this] { return stopped_; });
    co_return 1;
  }
  void stop(bool well) {
    if (!well) throw std::invalid_argument("not so");
    stopped_ = true;
  }
  rondo::task<int> change(int to) {
    if (to == 0) throw std::domain_error("not nothing");
    if (to < 0) throw std::runtime_error("a bug");
    co_return to;
  }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&strict::stop>, rondo::update<&strict::change>);

 private:
  bool stopped_ = false;
};

rondo::registry all() {
  rondo::registry made;
  made.workflow<goes_out_of_range>().workflow<throws_a_number>().workflow<strict>();
  return made;
}

/// What the workflow does after its timer when the worker's options have this list.
lines after_the_timer(const char* type, rondo::exception_list listed, rondo::registry from = all()) {
  engine_driver driver(std::move(from), history_builder(type));
  driver.run_options.failure_exceptions = listed;
  driver.task();
  driver.history.timer_fired(5);
  return driver.task();
}

TEST(failure_exceptions, of_the_worker_fail_its_workflows) {
  const lines failed = {"fail no such place"}, repeated = {"not completed: no such place"};
  EXPECT_EQ(after_the_timer("goes_out_of_range", {}), repeated);
  EXPECT_EQ(after_the_timer("goes_out_of_range", rondo::exception_types<std::runtime_error>), repeated);
  EXPECT_EQ(after_the_timer("goes_out_of_range", rondo::exception_types<std::out_of_range>), failed);
  // Bases and several types do as well.
  EXPECT_EQ(after_the_timer("goes_out_of_range", rondo::exception_types<int, std::exception>), failed);
  EXPECT_EQ(after_the_timer("throws_a_number", rondo::exception_types<std::exception>).front().substr(0, 14),
            "not completed:");
  EXPECT_EQ(after_the_timer("throws_a_number", rondo::exception_types<std::exception, int>).front().substr(0, 5),
            "fail ");
}

TEST(failure_exceptions, may_be_registered_with_a_workflow) {
  rondo::registry made;
  made.workflow<goes_out_of_range>({.failure_exceptions = rondo::exception_types<std::logic_error>});
  EXPECT_EQ(after_the_timer("goes_out_of_range", {}, made), lines{"fail no such place"});
}

TEST(failure_exceptions, keep_their_type_in_the_failure) {
  engine_driver driver(all(), history_builder("goes_out_of_range"));
  driver.run_options.failure_exceptions = rondo::exception_types<std::logic_error>;
  driver.task();
  driver.history.timer_fired(5);
  driver.history.open_task();
  driver.run_task();
  ASSERT_EQ(driver.last.kind, step_kind::completed);
  EXPECT_EQ(driver.last.evict, eviction::closed);
  const auto& failure = driver.last.completed->commands(0).fail_workflow_execution_command_attributes().failure();
  EXPECT_EQ(failure.application_failure_info().type(), "std::out_of_range");
}

TEST(failure_exceptions, of_a_class_count_for_its_handlers) {
  engine_driver driver(all(), history_builder("strict"));
  driver.task();
  driver.ask("a", "change", {"0"});
  EXPECT_EQ(driver.task(), (lines{"accept a", "fail update a: not nothing"}));
  driver.history.signal("stop", {"false"});
  EXPECT_EQ(driver.task(), lines{"fail not so"});

  engine_driver buggy(all(), history_builder("strict"));
  buggy.task();
  buggy.ask("a", "change", {"-1"});
  EXPECT_EQ(buggy.task(), lines{"not completed: a bug"});
}

/// A history in which the workflow began an activity instead of a timer.
engine_driver changed() {
  history_builder h("goes_out_of_range");
  h.task().activity_scheduled("1", "charge");
  h.signal("s").open_task();
  return engine_driver(all(), h);
}

TEST(failure_exceptions, may_hold_for_changed_code) {
  auto driver = changed();
  driver.run_options.failure_exceptions = rondo::exception_types<rondo::nondeterminism_error>;
  driver.run_task();
  ASSERT_EQ(driver.last.kind, step_kind::completed);
  EXPECT_EQ(driver.last.completed->task_token(), "token");
  EXPECT_EQ(driver.last.evict, eviction::nondeterminism);
  ASSERT_EQ(driver.texts().size(), 1U);
  EXPECT_TRUE(driver.texts().front().starts_with("fail [TMPRL1100]")) << driver.texts().front();

  auto repeated = changed();
  repeated.run_options.failure_exceptions = rondo::exception_types<std::logic_error>;
  repeated.run_task();
  EXPECT_EQ(repeated.last.kind, step_kind::failed);
}

}  // namespace failure_exceptions_test
