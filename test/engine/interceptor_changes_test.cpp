#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/meddlers.hpp"
#include "rondo/detail/engine/signal_with_start.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/workflow.hpp"

// Interceptors that refuse calls, begin calls of their own, or lead a call elsewhere.
namespace interceptor_changes_test {
struct unwritable {};
}  // namespace interceptor_changes_test

template <>
struct rondo::payload_codec<interceptor_changes_test::unwritable> {
  static void encode(payload_sink& /*sink*/, const interceptor_changes_test::unwritable& /*value*/) {
    throw std::runtime_error("this cannot be written");
  }
  static interceptor_changes_test::unwritable decode(const payload_view& /*from*/) { return {}; }
};

namespace interceptor_changes_test {

using namespace std::chrono_literals;
using namespace rondo::test;
using lines = std::vector<std::string>;
namespace workflow = rondo::workflow;
using kind = rondo::workflow_call_kind;

class interceptor_changes : public intercepted_runs {
 protected:
  /// Runs the next task, which is to fail, and says why.
  std::string failure() {
    driver->history.open_task();
    driver->run_task();
    return driver->failure();
  }
};

int charge(int cents);
constexpr rondo::activity_options there{.start_to_close_timeout = 5s};
rondo::task<int> charges() { co_return co_await workflow::execute_activity<charge>(there, 1); }

rondo::task<> goes_on() {
  workflow::continue_as_new("next", {.task_queue = "silver"}, 5);
  co_return;
}
rondo::task<std::string> sees_what_is_wrong() {
  try {
    workflow::continue_as_new("next", {.run_timeout = -1s});
  } catch (const std::invalid_argument& error) {
    co_return error.what();
  }
}

// Next runs

TEST_F(interceptor_changes, what_is_thrown_at_a_next_run_is_thrown_by_the_code) {
  outer.call = [](rondo::workflow_call&) { throw rondo::application_failure("no more runs"); };
  drive(rondo::registry().workflow<goes_on>(), history_builder("goes_on"));
  EXPECT_EQ(command().fail_workflow_execution_command_attributes().failure().message(), "no more runs");

  outer.call = [](rondo::workflow_call&) { throw std::runtime_error("a fault of the interceptor"); };
  drive(rondo::registry().workflow<goes_on>(), history_builder("goes_on"));
  EXPECT_EQ(failure(), "a fault of the interceptor");
}

TEST_F(interceptor_changes, options_of_next_runs_must_hold) {
  drive(rondo::registry().workflow<sees_what_is_wrong>(), history_builder("sees_what_is_wrong"));
  EXPECT_EQ(next(), lines{R"(complete ("next run \"next\": run_timeout must not be negative"))"});

  const auto left_as = [this](void (*change)(rondo::workflow_call&)) {
    outer.call = change;
    drive(rondo::registry().workflow<goes_on>(), history_builder("goes_on"));
    return failure();
  };
  EXPECT_EQ(left_as([](rondo::workflow_call& call) { call.name = {}; }),
            "next run \"\": the workflow type must have a name");
  EXPECT_EQ(left_as([](rondo::workflow_call& call) { call.next_run->task_timeout = -1s; }),
            "next run \"next\": task_timeout must not be negative");
  EXPECT_EQ(left_as([](rondo::workflow_call& call) { call.next_run->backoff_start_interval = -1s; }),
            "next run \"next\": backoff_start_interval must not be negative");
  EXPECT_EQ(left_as([](rondo::workflow_call& call) {
              call.next_run->retry = rondo::retry_policy{.backoff_coefficient = 0.5};
            }),
            "next run \"next\": retry policy: backoff_coefficient must be at least 1");
}

// Calls of interceptors

TEST_F(interceptor_changes, an_interceptor_begins_a_call_while_it_sees_another) {
  outer.call = [](rondo::workflow_call& call) {
    if (call.kind != kind::activity) {
      EXPECT_EQ(call.number, 2U);
      EXPECT_FALSE(call.headers.contains("tenant"));
      call.name = call.texts.emplace_front("noted, by a name that is too long for small strings");
      return;
    }
    EXPECT_EQ(call.number, 1U);
    call.name = call.texts.emplace_front("charged, by a name that is too long for small strings");
    call.headers["tenant"] = json_payload("1");
    call.arguments.at(0).data = "7";
    const auto audit = workflow::external("audit");
    const auto note = audit.signal("note", std::string("of a charge, too long for small strings")).start();
    EXPECT_FALSE(note.done());
  };
  inner.call = [](rondo::workflow_call& call) { EXPECT_EQ(call.arguments.size(), 1U); };
  drive(rondo::registry().workflow<charges>(), history_builder("charges"));
  driver->history.open_task();
  driver->run_whole_task();
  ASSERT_EQ(driver->last.kind, engine::step_kind::completed) << driver->failure();
  ASSERT_EQ(driver->last.completed->commands_size(), 2);
  const auto& note = driver->last.completed->commands(0).signal_external_workflow_execution_command_attributes();
  EXPECT_EQ(note.signal_name(), "noted, by a name that is too long for small strings");
  EXPECT_EQ(note.input().payloads(0).data(), "\"of a charge, too long for small strings\"");
  EXPECT_EQ(note.header().fields_size(), 0);
  const auto& charged = driver->last.completed->commands(1).schedule_activity_task_command_attributes();
  EXPECT_EQ(charged.activity_type().name(), "charged, by a name that is too long for small strings");
  EXPECT_EQ(charged.input().payloads(0).data(), "7");
  EXPECT_EQ(charged.header().fields_size(), 1);
  driver->take_completion();
  complete_activity("4");
  EXPECT_EQ(next(true), lines{"complete (4)"}) << "a replay asks for the same";
}

// Other targets

rondo::task<> pokes_its_child() {
  auto child = co_await workflow::start_child<int>("child", {.id = "c"}, 1);
  co_await child.signal("poke", 1);
}
rondo::task<> pokes_a_run() {
  const auto other = workflow::external("other", "the-run");
  co_await other.signal("poke", 1);
}

TEST_F(interceptor_changes, a_signal_that_is_led_elsewhere_goes_to_the_present_run_of_any_workflow) {
  drive(rondo::registry().workflow<pokes_a_run>(), history_builder("pokes_a_run"));
  EXPECT_EQ(command().signal_external_workflow_execution_command_attributes().execution().run_id(), "the-run");

  outer.call = [](rondo::workflow_call& call) {
    if (call.kind == kind::signal) call.workflow_id = "elsewhere";
  };
  drive(rondo::registry().workflow<pokes_a_run>(), history_builder("pokes_a_run"));
  const auto to_a_run = command().signal_external_workflow_execution_command_attributes();
  EXPECT_EQ(to_a_run.execution().workflow_id(), "elsewhere");
  EXPECT_EQ(to_a_run.execution().run_id(), "");

  drive(rondo::registry().workflow<pokes_its_child>(), history_builder("pokes_its_child"));
  next();
  driver->history.child_started(last(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED));
  const auto to_a_child = command().signal_external_workflow_execution_command_attributes();
  EXPECT_EQ(to_a_child.execution().workflow_id(), "elsewhere");
  EXPECT_FALSE(to_a_child.child_workflow_only());

  outer.call = [](rondo::workflow_call& call) { call.workflow_id = {}; };
  drive(rondo::registry().workflow<pokes_a_run>(), history_builder("pokes_a_run"));
  EXPECT_EQ(failure(), "signal \"poke\": the workflow id must not be empty");
}

TEST_F(interceptor_changes, handles_are_of_what_was_started) {
  outer.call = [](rondo::workflow_call& call) {
    if (call.child == nullptr) return;
    call.child->id = call.texts.emplace_front("gold-c");
    call.child->namespace_ = call.texts.emplace_front("gold-namespace");
  };
  drive(rondo::registry().workflow<pokes_its_child>(), history_builder("pokes_its_child"));
  EXPECT_EQ(command().start_child_workflow_execution_command_attributes().namespace_(), "gold-namespace");
  driver->history.child_started(last(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED));
  const auto poke = command().signal_external_workflow_execution_command_attributes();
  EXPECT_EQ(poke.namespace_(), "gold-namespace");
  EXPECT_EQ(poke.execution().workflow_id(), "gold-c");
  EXPECT_TRUE(poke.child_workflow_only());
}

rondo::task<std::string> signals_with_start() {
  const auto got = co_await workflow::signal_with_start("Other", {.id = "o"}, "ping", std::tuple<>());
  co_return got.id();
}

TEST_F(interceptor_changes, the_handle_of_a_signal_with_start_has_the_id_that_was_started) {
  outer.call = [](rondo::workflow_call& call) { call.start->id = call.texts.emplace_front("gold-o"); };
  drive(rondo::registry().workflow<signals_with_start>(), history_builder("signals_with_start"));
  engine::service::SignalWithStartWorkflowExecutionRequest sent;
  ASSERT_TRUE(sent.ParseFromString(command().schedule_nexus_operation_command_attributes().input().data()));
  EXPECT_EQ(sent.workflow_id(), "gold-o");
  driver->history.nexus_completed(last(enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED), "");
  EXPECT_EQ(next(true), lines{R"(complete ("gold-o"))"});
}

// Values

rondo::task<int> makes_a_value() {
  const int once = workflow::side_effect([] { return 1; });
  co_return once;
}
rondo::task<int> makes_a_value_that_changes() {
  const int latest = workflow::mutable_side_effect("config", [] { return 2; });
  co_return latest;
}

TEST_F(interceptor_changes, a_side_effect_must_keep_a_value) {
  outer.effect = [](rondo::workflow_side_effect& effect) { effect.value.clear(); };
  drive(rondo::registry().workflow<makes_a_value>(), history_builder("makes_a_value"));
  EXPECT_EQ(failure(), "an interceptor has left a side effect without a value");
  drive(rondo::registry().workflow<makes_a_value_that_changes>(), history_builder("makes_a_value_that_changes"));
  EXPECT_EQ(failure(), "an interceptor has left a side effect without a value");
}

TEST_F(interceptor_changes, a_side_effect_is_made_while_another_is_seen) {
  bool inside = false;
  outer.effect = [&inside](rondo::workflow_side_effect& effect) {
    if (inside) return;
    inside = true;
    const int salt = workflow::side_effect([] { return 3; });
    inside = false;
    effect.value.at(0).data += std::to_string(salt);
  };
  drive(rondo::registry().workflow<makes_a_value>(), history_builder("makes_a_value"));
  EXPECT_EQ(next().back(), "complete (13)");
}

rondo::task<unwritable> gives_what_cannot_be_written() { co_return unwritable{}; }

TEST_F(interceptor_changes, a_result_that_cannot_be_written_is_not_seen) {
  bool seen = false;
  outer.result = [&seen](rondo::workflow_result& /*of*/) { seen = true; };
  drive(rondo::registry().workflow<gives_what_cannot_be_written>(), history_builder("gives_what_cannot_be_written"));
  EXPECT_EQ(failure(), "this cannot be written");
  EXPECT_FALSE(seen);
}

}  // namespace interceptor_changes_test
