#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/workflow.hpp"

// What interceptors see and change, and headers that go along.
namespace interceptors_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;

rondo::payload json(std::string_view text) {
  rondo::payload made;
  made.metadata["encoding"] = "json/plain";
  made.data = text;
  return made;
}

int charge(int cents);
constexpr rondo::activity_options there{.start_to_close_timeout = 5s};
constexpr rondo::local_activity_options here{.start_to_close_timeout = 5s};

class bill {
 public:
  rondo::task<int> run(int cents) {
    co_await workflow::wait_condition([this] { return ready_; });
    const int there_paid = co_await workflow::execute_activity<charge>(there, cents);
    const int here_paid = co_await workflow::execute_local_activity<charge>(here, cents);
    co_return there_paid + here_paid;
  }
  void ready(int value) {
    ready_ = value > 0;
    seen_ += value;
  }
  int seen(int more) const { return seen_ + more; }
  int change(int value) { return seen_ += value; }
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&bill::ready>, rondo::query<&bill::seen>, rondo::update<&bill::change>);

 private:
  bool ready_ = false;
  int seen_ = 0;
};

/// Writes down what it sees, adds 100 to every number that comes in and a header to everything that goes out.
class recorder final : public rondo::workflow_interceptor {
 public:
  recorder(std::string name, lines& to) : name_(std::move(name)), to_(to) {}
  void inbound(rondo::workflow_message& message) override {
    note("in " + std::string(message.name) + (message.headers.contains("tenant") ? " for a tenant" : ""));
    if (message.arguments.at(0).data == "13") throw rondo::application_failure("unlucky");
    message.arguments.at(0).data = std::to_string(std::stoi(message.arguments[0].data) + 100);
  }
  rondo::task<> around(rondo::workflow_work what, rondo::task<> body) override {
    note("begin " + what.name);
    co_await std::move(body);
    note("end " + what.name);
  }
  void outbound(rondo::workflow_call& call) override {
    note("out " + std::string(call.name) + "(" + call.arguments.at(0).data + ")");
    call.headers.insert_or_assign(name_, json("1"));
    call.arguments[0].data += "0";
  }

 private:
  void note(std::string what) {
    if (!workflow::is_replaying()) to_.push_back(name_ + " " + std::move(what));
  }
  std::string name_;
  lines& to_;
};
class factory final : public rondo::worker_interceptor {
 public:
  factory(std::string name, lines& to) : name_(std::move(name)), to_(to) {}
  std::unique_ptr<rondo::workflow_interceptor> intercept_workflow(const rondo::workflow_info& about) override {
    if (about.workflow_type != "bill") return nullptr;
    return std::make_unique<recorder>(name_, to_);
  }

 private:
  std::string name_;
  lines& to_;
};

TEST(workflow_interceptors, see_and_change_what_goes_in_and_out) {
  lines seen;
  const std::vector<std::shared_ptr<rondo::worker_interceptor>> all{std::make_shared<factory>("a", seen),
                                                                    std::make_shared<factory>("b", seen)};
  for (const bool evicted : {false, true}) {
    seen.clear();
    engine_driver driver(rondo::registry().workflow<bill>(), history_builder("bill", {"5"}));
    auto& start = *driver.history.at(1).mutable_workflow_execution_started_event_attributes();
    (*start.mutable_header()->mutable_fields())["tenant"].set_data("\"x\"");
    driver.run_options.interceptors = &all;
    driver.evict();
    EXPECT_EQ(driver.task(), lines{});
    EXPECT_EQ(seen, (lines{"a in bill for a tenant", "b in bill for a tenant", "a begin bill", "b begin bill"}));
    seen.clear();
    driver.ask("u", "change", {"1"});
    driver.history.signal("ready", {"2"});
    driver.ask("v", "change", {"13"});
    if (evicted) driver.evict();
    EXPECT_EQ(driver.task(), (lines{"accept u", "answer u 201", "activity 1 charge(20500)", "reject v: unlucky"}));
    EXPECT_EQ(seen, (lines{"a in ready", "b in ready", "a in change", "b in change", "a begin change", "b begin change",
                           "b end change", "a end change", "a begin ready", "b begin ready", "b end ready",
                           "a end ready", "a in change", "a out charge(205)", "b out charge(2050)"}));
    const auto scheduled = driver.history.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    driver.history.activity_started(scheduled).activity_completed(scheduled, "3");
    if (evicted) driver.evict();
    EXPECT_EQ(driver.task(), (lines{"local 1 charge = 1", "complete (4)"}));
    EXPECT_EQ(driver.query("seen", "7").kind, engine::step_kind::query_answered);
    EXPECT_EQ(driver.answer(), "610");
    driver.query("seen", "13");
    EXPECT_EQ(driver.failure(), "unlucky");
  }
}

rondo::task<> calls_everything() {
  rondo::payload_map own{{"own", json("2")}};
  rondo::activity_options options{.start_to_close_timeout = 5s,
                                  .priority = rondo::priority{.key = 2, .fairness_key = "gold", .fairness_weight = 3},
                                  .headers = own};
  co_await workflow::execute_activity<charge>(options, 1);
  auto child =
      co_await workflow::start_child<void>("child", {.priority = rondo::priority{.key = 4}, .headers = own}, 1);
  co_await child.signal("poke", 1);
  workflow::continue_as_new<calls_everything>({.headers = own});
}

struct hall {
  static constexpr std::string_view name = "greetings";
  static constexpr rondo::nexus_operation<std::string, void> greet{"greet"};
};
rondo::task<> greets() {
  const rondo::nexus_header own[] = {{"tenant", "silver"}, {"own", "1"}};
  const rondo::nexus_operation_options options{.headers = own};
  const workflow::nexus_service<hall> service("hall");
  co_await service.execute(hall::greet, options, "ada");
  co_await service.execute(hall::greet, {}, "bob");
}
/// Greets others than it is told, for another tenant.
class greeter final : public rondo::workflow_interceptor {
 public:
  void outbound(rondo::workflow_call& call) override {
    call.arguments.at(0).data = "\"" + std::string(call.nexus_endpoint) + " " + std::string(call.nexus_service) + "." +
                                std::string(call.name) + "\"";
    call.headers.insert_or_assign("lost", json("1"));
    call.nexus_headers.insert_or_assign("tenant", call.nexus_headers.contains("tenant") ? "gold" : "none");
  }
};
class greeters final : public rondo::worker_interceptor {
 public:
  std::unique_ptr<rondo::workflow_interceptor> intercept_workflow(const rondo::workflow_info& /*about*/) override {
    return std::make_unique<greeter>();
  }
};

TEST(workflow_interceptors, see_and_change_calls_of_nexus_operations) {
  const std::vector<std::shared_ptr<rondo::worker_interceptor>> all{std::make_shared<greeters>()};
  engine_driver driver(rondo::registry().workflow<greets>(), history_builder("greets"));
  driver.run_options.interceptors = &all;
  driver.evict();
  driver.history.open_task();
  driver.run_task();
  const auto& sent = driver.last.completed->commands(0).schedule_nexus_operation_command_attributes();
  EXPECT_EQ(sent.input().data(), R"("hall greetings.greet")");
  EXPECT_EQ(sent.nexus_header_size(), 2);
  EXPECT_EQ(sent.nexus_header().at("tenant"), "gold");
  EXPECT_EQ(sent.nexus_header().at("own"), "1");
  driver.take_completion();
  driver.history.nexus_completed(driver.history.last(enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED), "null");
  driver.history.open_task();
  driver.run_task();
  const auto& second = driver.last.completed->commands(0).schedule_nexus_operation_command_attributes();
  EXPECT_EQ(second.nexus_header_size(), 1) << "nothing is left of the call before";
  EXPECT_EQ(second.nexus_header().at("tenant"), "none");
}

rondo::task<> waits_and_cancels() {
  co_await workflow::sleep(5s, "a pause");
  co_await workflow::wait_condition([] { return false; }, 7s, "a limit");
  const auto other = workflow::external("other");
  co_await other.cancel("enough");
  co_await workflow::sleep(3s, "refused");
}
/// Doubles delays, says who waits, and gives its own reason; refuses some timers.
class patience final : public rondo::workflow_interceptor {
 public:
  void start_timer(rondo::workflow_timer& timer) override {
    if (timer.summary == "refused") throw rondo::application_failure("no more waiting");
    timer.delay = timer.summary == "a limit" ? rondo::duration::zero() : timer.delay * 2;
    timer.summary += "!";
  }
  void cancel_workflow(rondo::workflow_cancellation& call) override {
    call.reason = std::string(call.workflow_id) + ": " + call.reason;
  }
};
class patient_people final : public rondo::worker_interceptor {
 public:
  std::unique_ptr<rondo::workflow_interceptor> intercept_workflow(const rondo::workflow_info& /*about*/) override {
    return std::make_unique<patience>();
  }
};

TEST(workflow_interceptors, see_and_change_timers_and_cancellations_of_others) {
  const std::vector<std::shared_ptr<rondo::worker_interceptor>> all{std::make_shared<patient_people>()};
  engine_driver driver(rondo::registry().workflow<waits_and_cancels>(), history_builder("waits_and_cancels"));
  driver.run_options.interceptors = &all;
  driver.evict();
  const auto command = [&driver] {
    driver.history.open_task();
    driver.run_task();
    auto made = driver.last.completed->commands(0);
    driver.take_completion();
    return made;
  };
  const auto first = command();
  EXPECT_EQ(first.start_timer_command_attributes().start_to_fire_timeout().seconds(), 10);
  EXPECT_EQ(first.user_metadata().summary().data(), R"("a pause!")");
  driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED));
  const auto second = command();
  EXPECT_EQ(second.start_timer_command_attributes().start_to_fire_timeout().nanos(), 1'000'000);
  EXPECT_EQ(second.user_metadata().summary().data(), R"("a limit!")");
  driver.history.timer_fired(driver.history.last(enums::EVENT_TYPE_TIMER_STARTED));
  EXPECT_EQ(command().request_cancel_external_workflow_execution_command_attributes().reason(), "other: enough");
  driver.history.cancel_delivered(
      driver.history.last(enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED));
  driver.evict();
  EXPECT_EQ(command().fail_workflow_execution_command_attributes().failure().message(), "no more waiting");
}

TEST(headers, go_along_with_calls) {
  const std::vector<std::string> propagated{"tenant", "missing"};
  engine_driver driver(rondo::registry().workflow<calls_everything>(), history_builder("calls_everything"));
  auto& start = *driver.history.at(1).mutable_workflow_execution_started_event_attributes();
  (*start.mutable_header()->mutable_fields())["tenant"].set_data("\"x\"");
  (*start.mutable_header()->mutable_fields())["private"].set_data("\"y\"");
  driver.run_options.propagated_headers = &propagated;
  driver.evict();
  const auto names = [](const temporal::api::common::v1::Header& from) {
    std::string text;
    std::map<std::string, std::string> sorted;
    for (const auto& [name, value] : from.fields()) sorted[name] = value.data();
    for (const auto& [name, value] : sorted) text += name + "=" + value + " ";
    return text;
  };

  driver.history.open_task();
  driver.run_task();
  const auto& activity = driver.last.completed->commands(0).schedule_activity_task_command_attributes();
  EXPECT_EQ(names(activity.header()), "own=2 tenant=\"x\" ");
  EXPECT_EQ(activity.priority().priority_key(), 2);
  EXPECT_EQ(activity.priority().fairness_key(), "gold");
  EXPECT_EQ(activity.priority().fairness_weight(), 3);
  driver.take_completion();
  const auto scheduled = driver.history.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
  driver.history.activity_started(scheduled).activity_completed(scheduled, "3");
  driver.history.open_task();
  driver.run_task();
  const auto& child = driver.last.completed->commands(0).start_child_workflow_execution_command_attributes();
  EXPECT_EQ(names(child.header()), "own=2 tenant=\"x\" ");
  EXPECT_EQ(child.priority().priority_key(), 4);
}

TEST(headers, need_priorities_that_hold) {
  const auto refused = [](rondo::priority wanted) {
    try {
      engine::check(rondo::activity_options{.start_to_close_timeout = 1s, .priority = wanted}, "charge");
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused({.key = -1}), "activity \"charge\": priority.key must not be negative");
  const std::string longest(65, 'x');
  EXPECT_EQ(refused({.fairness_key = longest}), "activity \"charge\": priority.fairness_key is longer than 64 bytes");
  EXPECT_EQ(refused({.key = 5}), "accepted");
}

}  // namespace interceptors_test
