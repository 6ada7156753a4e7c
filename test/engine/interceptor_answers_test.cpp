#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/meddlers.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/workflow.hpp"

// What interceptors of workflows change of options and names of calls, of their ends, and of results.
namespace interceptor_answers_test {

using namespace std::chrono_literals;
using namespace rondo::test;
using lines = std::vector<std::string>;
namespace workflow = rondo::workflow;

class interceptor_answers : public intercepted_runs {};

constexpr rondo::activity_options there{.start_to_close_timeout = 5s};
constexpr rondo::local_activity_options here{.start_to_close_timeout = 5s};
int charge(int cents);

rondo::task<int> charges() { co_return co_await workflow::execute_activity<charge>(there, 1); }
rondo::task<int> charges_here() { co_return co_await workflow::execute_local_activity<charge>(here, 1); }

// Options

TEST_F(interceptor_answers, options_of_activities_are_as_they_were_left) {
  bool seen_by_inner = false;
  outer.call = [](rondo::workflow_call& call) {
    ASSERT_NE(call.activity, nullptr);
    EXPECT_EQ(call.child, nullptr);
    EXPECT_EQ(call.number, 1U);
    EXPECT_EQ(call.activity->start_to_close_timeout, 5s);
    call.activity->task_queue = call.texts.emplace_front("a queue of another name, too long for small strings");
    call.activity->start_to_close_timeout = 9s;
    call.activity->retry = rondo::retry_policy{.maximum_attempts = 3};
    call.activity->activity_id = call.texts.emplace_front("mine");
    call.name = call.texts.emplace_front("charge_gold");
  };
  inner.call = [&](rondo::workflow_call& call) {
    seen_by_inner = call.name == "charge_gold" && call.activity->start_to_close_timeout == 9s;
  };
  drive(rondo::registry().workflow<charges>(), history_builder("charges"));
  const auto sent = command().schedule_activity_task_command_attributes();
  EXPECT_TRUE(seen_by_inner);
  EXPECT_EQ(sent.activity_type().name(), "charge_gold");
  EXPECT_EQ(sent.activity_id(), "mine");
  EXPECT_EQ(sent.task_queue().name(), "a queue of another name, too long for small strings");
  EXPECT_EQ(sent.start_to_close_timeout().seconds(), 9);
  EXPECT_EQ(sent.retry_policy().maximum_attempts(), 3);
  complete_activity("4");
  EXPECT_EQ(next(true), lines{"complete (4)"}) << "a replay asks for the same";
}

TEST_F(interceptor_answers, options_that_do_not_hold_are_refused_at_the_call) {
  outer.call = [](rondo::workflow_call& call) { call.activity->start_to_close_timeout = {}; };
  drive(rondo::registry().workflow<charges>(), history_builder("charges"));
  driver->history.open_task();
  driver->run_task();
  EXPECT_EQ(driver->failure(), "activity \"charge\": start_to_close_timeout or schedule_to_close_timeout must be set");
}

TEST_F(interceptor_answers, local_activities_run_as_they_were_left) {
  outer.call = [](rondo::workflow_call& call) {
    ASSERT_NE(call.local_activity, nullptr);
    call.local_activity->activity_id = call.texts.emplace_front("mine");
    call.name = call.texts.emplace_front("charge_gold");
    call.arguments.at(0).data = "7";
  };
  outer.answer = [](rondo::workflow_answer& answer) {
    EXPECT_EQ(answer.name, "charge_gold");
    answer.result.at(0).data = "70";
  };
  drive(rondo::registry().workflow<charges_here>(), history_builder("charges_here"));
  driver->history.open_task();
  driver->run_task();
  ASSERT_EQ(driver->last.kind, engine::step_kind::local_activities);
  ASSERT_EQ(driver->running.size(), 1U);
  driver->end_local(1, "3");
  EXPECT_EQ(driver->texts(), (lines{"local mine charge_gold = 3", "complete (70)"}));
}

rondo::task<> starts_others() {
  auto child = co_await workflow::start_child<int>("child", {.id = "c"}, 1);
  co_await child.signal("poke", 1);
  const int value = co_await child.result();
  const auto other = workflow::external("other");
  co_await other.signal("poke", value);
  workflow::continue_as_new("next", {}, 5);
}

TEST_F(interceptor_answers, children_signals_and_next_runs_are_as_they_were_left) {
  lines seen;
  outer.call = [&](rondo::workflow_call& call) {
    seen.push_back(std::string(call.name) + " to " + std::string(call.workflow_id));
    if (call.kind == rondo::workflow_call_kind::child_workflow) {
      call.child->id = call.texts.emplace_front("gold-c");
      call.child->task_queue = "gold";
      call.name = "gold-child";
    } else if (call.kind == rondo::workflow_call_kind::signal) {
      if (call.workflow_id == "other") call.workflow_id = "gold-other";
      call.name = "gold-poke";
    } else {
      ASSERT_NE(call.next_run, nullptr);
      call.next_run->task_queue = "gold";
      call.name = "gold-next";
      call.arguments.at(0).data = "6";
    }
  };
  outer.answer = [&](rondo::workflow_answer& answer) {
    seen.push_back("end of " + std::string(answer.name) + " " + std::to_string(answer.number));
    if (answer.kind == rondo::workflow_call_kind::child_workflow) answer.result.at(0).data += "0";
  };
  drive(rondo::registry().workflow<starts_others>(), history_builder("starts_others"));
  const auto child = command().start_child_workflow_execution_command_attributes();
  EXPECT_EQ(child.workflow_id(), "gold-c");
  EXPECT_EQ(child.task_queue().name(), "gold");
  EXPECT_EQ(child.workflow_type().name(), "gold-child");
  const auto initiated = last(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED);
  driver->history.child_started(initiated);
  EXPECT_EQ(next(), lines{"signal gold-c gold-poke(1)"});
  driver->history.signal_delivered(last(enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED));
  driver->history.child_completed(initiated, "3");
  EXPECT_EQ(next(), lines{"signal gold-other gold-poke(30)"});
  driver->history.signal_delivered(last(enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED));
  EXPECT_EQ(seen,
            (lines{"child to c", "poke to gold-c", "end of gold-poke 2", "end of gold-child 1", "poke to other"}));
  driver->evict();
  const auto again = command().continue_as_new_workflow_execution_command_attributes();
  EXPECT_EQ(again.workflow_type().name(), "gold-next");
  EXPECT_EQ(again.task_queue().name(), "gold");
  EXPECT_EQ(again.input().payloads(0).data(), "6");
}

struct hall {
  static constexpr std::string_view name = "greetings";
  static constexpr rondo::nexus_operation<std::string, void> greet{"greet"};
};
rondo::task<> greets() {
  const workflow::nexus_service<hall> service("hall");
  co_await service.execute(hall::greet, {}, "ada");
}

TEST_F(interceptor_answers, nexus_operations_are_as_they_were_left) {
  outer.call = [](rondo::workflow_call& call) {
    ASSERT_NE(call.nexus, nullptr);
    call.nexus->schedule_to_close_timeout = 9s;
    call.nexus_endpoint = "gold-hall";
    call.name = "greet_gold";
  };
  outer.answer = [](rondo::workflow_answer& answer) {
    answer.error = std::make_exception_ptr(rondo::application_failure("impolite"));
  };
  drive(rondo::registry().workflow<greets>(), history_builder("greets"));
  const auto sent = command().schedule_nexus_operation_command_attributes();
  EXPECT_EQ(sent.endpoint(), "gold-hall");
  EXPECT_EQ(sent.operation(), "greet_gold");
  EXPECT_EQ(sent.schedule_to_close_timeout().seconds(), 9);
  driver->history.nexus_completed(last(enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED), "null");
  driver->evict();
  EXPECT_EQ(command().fail_workflow_execution_command_attributes().failure().message(), "impolite");

  outer.call = [](rondo::workflow_call& call) { call.nexus_headers["Upper"] = "1"; };
  drive(rondo::registry().workflow<greets>(), history_builder("greets"));
  driver->history.open_task();
  driver->run_task();
  EXPECT_EQ(driver->failure(), "Nexus operation \"greet\": names of headers must be lower case");
}

// Ends of calls

TEST_F(interceptor_answers, results_are_replaced_from_the_inside_to_the_outside) {
  for (const bool evicted : {false, true}) {
    outer.answer = [](rondo::workflow_answer& answer) { answer.result.at(0).data += "1"; };
    inner.answer = [](rondo::workflow_answer& answer) {
      EXPECT_EQ(answer.kind, rondo::workflow_call_kind::activity);
      EXPECT_EQ(answer.name, "charge");
      EXPECT_EQ(answer.number, 1U);
      answer.result.at(0).data += "2";
    };
    drive(rondo::registry().workflow<charges>(), history_builder("charges"));
    EXPECT_EQ(next(), lines{"activity 1 charge(1)"});
    complete_activity("4");
    EXPECT_EQ(next(evicted), lines{"complete (421)"});
  }
}

TEST_F(interceptor_answers, an_error_becomes_a_result_and_a_result_an_error) {
  outer.answer = [](rondo::workflow_answer& answer) {
    ASSERT_TRUE(answer.error);
    answer.error = nullptr;
    answer.result = {json_payload("8")};
  };
  drive(rondo::registry().workflow<charges>(), history_builder("charges"));
  next();
  fail_activity("no money");
  EXPECT_EQ(next(), lines{"complete (8)"});

  outer.answer = [](rondo::workflow_answer& answer) {
    EXPECT_FALSE(answer.error);
    answer.error = std::make_exception_ptr(rondo::application_failure("too cheap"));
  };
  drive(rondo::registry().workflow<charges>(), history_builder("charges"));
  next();
  complete_activity("4");
  EXPECT_EQ(command().fail_workflow_execution_command_attributes().failure().message(), "too cheap");

  outer.answer = [](rondo::workflow_answer&) {
    EXPECT_EQ(workflow::info().workflow_type, "charges");
    EXPECT_FALSE(workflow::is_replaying());
    EXPECT_THROW(workflow::upsert_memo(workflow::memo_changes().set("plan", 1)), std::logic_error);
    throw rondo::application_failure("thrown");
  };
  drive(rondo::registry().workflow<charges>(), history_builder("charges"));
  next();
  complete_activity("4");
  EXPECT_EQ(command().fail_workflow_execution_command_attributes().failure().message(), "thrown");
}

rondo::task<int> cancels_a_call() {
  auto call = workflow::execute_activity<charge>(there, 1).start();
  co_await workflow::sleep(1s);
  call.cancel();
  try {
    co_return co_await call;
  } catch (const rondo::activity_failure&) {
  }
  co_return -1;
}

TEST_F(interceptor_answers, calls_that_are_seen_can_be_cancelled) {
  int ends = 0;
  outer.answer = [&](rondo::workflow_answer& answer) {
    ++ends;
    EXPECT_TRUE(answer.error);
  };
  drive(rondo::registry().workflow<cancels_a_call>(), history_builder("cancels_a_call"));
  EXPECT_EQ(next(), (lines{"activity 1 charge(1)", "timer 1 1s"}));
  const auto scheduled = last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
  driver->history.timer_fired(last(enums::EVENT_TYPE_TIMER_STARTED));
  EXPECT_EQ(next(), (lines{"cancel activity " + std::to_string(scheduled), "complete (-1)"}));
  EXPECT_EQ(ends, 1);
}

rondo::task<int> gives_a_call_up() {
  {
    auto call = workflow::execute_activity<charge>(there, 1).start();
    co_await workflow::sleep(1s);
  }
  co_await workflow::sleep(2s);
  co_return 5;
}

TEST_F(interceptor_answers, ends_that_nobody_awaits_are_not_seen) {
  int ends = 0;
  outer.answer = [&](rondo::workflow_answer&) { ++ends; };
  drive(rondo::registry().workflow<gives_a_call_up>(), history_builder("gives_a_call_up"));
  next();
  driver->history.timer_fired(last(enums::EVENT_TYPE_TIMER_STARTED));
  next();
  complete_activity("4");
  EXPECT_EQ(next(), lines{});
  driver->history.timer_fired(last(enums::EVENT_TYPE_TIMER_STARTED));
  EXPECT_EQ(next(), lines{"complete (5)"});
  EXPECT_EQ(ends, 0);
}

// Results, and what a run says of itself

class counter {
 public:
  rondo::task<int> run() {
    co_await workflow::wait_condition([this] { return value_ > 0; });
    co_return value_;
  }
  int add(int by) { return value_ += by; }
  int value() const { return value_; }
  static constexpr auto handlers = rondo::handlers(rondo::update<&counter::add>, rondo::query<&counter::value>);

 private:
  int value_ = 0;
};

TEST_F(interceptor_answers, results_of_runs_updates_and_queries_are_replaced) {
  lines seen;
  const auto note = [&seen](std::string who) {
    return [&seen, who](rondo::workflow_result& of) {
      seen.push_back(who + " " + std::string(of.name) + " " + std::string(of.update_id));
      of.value.at(0).data += who == "a" ? "1" : "2";
    };
  };
  outer.result = note("a");
  inner.result = note("b");
  drive(rondo::registry().workflow<counter>(), history_builder("counter"));
  next();
  EXPECT_EQ(driver->query("value").kind, engine::step_kind::query_answered);
  EXPECT_EQ(driver->answer(), "021");
  EXPECT_EQ(seen, (lines{"b value ", "a value "}));
  seen.clear();
  driver->ask("u", "add", {"3"});
  EXPECT_EQ(next(), (lines{"accept u", "answer u 321", "complete (321)"}));
  EXPECT_EQ(seen, (lines{"b add u", "a add u", "b counter ", "a counter "}));

  outer.result = [](rondo::workflow_result& of) {
    if (of.kind == rondo::workflow_message_kind::update) throw rondo::application_failure("no answer");
  };
  inner.result = nullptr;
  drive(rondo::registry().workflow<counter>(), history_builder("counter"));
  next();
  driver->ask("u", "add", {"3"});
  EXPECT_EQ(next(), (lines{"accept u", "fail update u: no answer", "complete (3)"}));
}

constexpr rondo::bool_attribute is_gold("IsGold");
rondo::task<int> says_of_itself() {
  const int once = workflow::side_effect([] { return 1; });
  const int latest = workflow::mutable_side_effect("config", [] { return 2; });
  workflow::upsert_memo(workflow::memo_changes().set("plan", "silver"));
  workflow::upsert_search_attributes(rondo::search_attributes().set(is_gold, true));
  co_await workflow::sleep(1s);
  co_return once * 1000 + latest;
}

TEST_F(interceptor_answers, side_effects_and_upserts_are_replaced) {
  lines seen;
  outer.effect = [&](rondo::workflow_side_effect& effect) {
    seen.push_back("effect " + std::string(effect.id) + " " + effect.value.at(0).data);
    effect.value.at(0).data += "0";
  };
  outer.attributes = [](rondo::payload_map& changes) { changes.clear(); };
  outer.memo = [](rondo::payload_map& changes) { changes["more"] = json_payload("7"); };
  inner.memo = [&](rondo::payload_map& changes) { seen.push_back("memo " + std::to_string(changes.size())); };
  drive(rondo::registry().workflow<says_of_itself>(), history_builder("says_of_itself"));
  driver->history.open_task();
  driver->run_task();
  const auto& made = *driver->last.completed;
  ASSERT_EQ(made.commands_size(), 4) << "no change of search attributes is left";
  EXPECT_EQ(made.commands(0).record_marker_command_attributes().details().at("data").payloads(0).data(), "1")
      << "the history keeps what was made";
  const auto& memo = made.commands(2).modify_workflow_properties_command_attributes().upserted_memo().fields();
  EXPECT_EQ(memo.at("more").data(), "7");
  EXPECT_EQ(memo.at("plan").data(), "\"silver\"");
  driver->take_completion();
  EXPECT_EQ(seen, (lines{"effect  1", "effect config 2", "memo 2"}));
  driver->history.timer_fired(last(enums::EVENT_TYPE_TIMER_STARTED));
  EXPECT_EQ(next(true), lines{"complete (10020)"});
}

}  // namespace interceptor_answers_test
