#include "rondo/failure_converter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/replayer.hpp"
#include "rondo/workflow.hpp"
#include "support/engine_driver.hpp"
#include "support/history_builder.hpp"
#include "support/shop_failures.hpp"

// What a failure converter makes of exceptions and failures.
namespace failure_converter_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using rondo::application_failure;
using rondo::failure_converter;
using rondo::detail::engine::exception_of;
using rondo::detail::engine::Failure;
using rondo::detail::engine::write_failure;

const shop_failures shop;

Failure written(const std::exception_ptr& error, const failure_converter* by = &shop) {
  Failure to;
  write_failure(error, to, by);
  return to;
}
template <class Error>
Failure written_of(const Error& error, const failure_converter* by = &shop) {
  return written(std::make_exception_ptr(error), by);
}
/// What the exception that is made of `from` is caught as.
template <class Kind>
Kind caught(const Failure& from, const failure_converter* by = &shop) {
  try {
    std::rethrow_exception(exception_of(from, by));
  } catch (const Kind& found) {
    return found;
  }
}
Failure no_money_of(int cents) {
  application_failure made("no money", {.type = "NoMoney"});
  made.set_details({{.metadata = {{"encoding", "json/plain"}}, .data = std::to_string(cents)}});
  return written_of(made, nullptr);
}
/// `inner` as the reason why an activity of a child workflow has failed.
Failure failed_child(const Failure& inner) {
  rondo::activity_failure activity("activity failed", {.activity_type = "take"});
  activity.set_source("GoSDK");
  auto middle = written_of(activity, nullptr);
  *middle.mutable_cause() = inner;
  auto outer = written_of(rondo::child_workflow_failure("child failed", {.workflow_id = "w"}), nullptr);
  outer.set_source("GoSDK");
  *outer.mutable_cause() = middle;
  return outer;
}

TEST(failure_converter, says_what_is_written) {
  const auto sent = written_of(out_of_stock("A1"));
  const auto& info = sent.application_failure_info();
  EXPECT_EQ(sent.message(), "none left");
  EXPECT_EQ(sent.source(), "rondo");
  EXPECT_EQ(info.type(), "OutOfStock");
  EXPECT_TRUE(info.non_retryable());
  EXPECT_EQ(info.next_retry_delay().seconds(), 3);
  EXPECT_EQ(info.category(), rondo::detail::engine::enums::APPLICATION_ERROR_CATEGORY_BENIGN);
  EXPECT_EQ(info.details().payloads(0).data(), "\"A1\"");
  EXPECT_EQ(written_of(std::out_of_range("x")).application_failure_info().type(), "std::out_of_range");
}

TEST(failure_converter, says_what_is_thrown) {
  EXPECT_EQ(caught<out_of_stock>(written_of(out_of_stock("A1"))).sku(), "A1");
  EXPECT_EQ(caught<no_money>(no_money_of(5)).cents(), 5);
  EXPECT_EQ(caught<application_failure>(written_of(application_failure("x", {.type = "Other"}))).type(), "Other");
  EXPECT_EQ(caught<application_failure>(written_of(out_of_stock("A1")), nullptr).type(), "OutOfStock");
}

TEST(failure_converter, is_asked_about_each_cause) {
  const auto from = failed_child(written_of(out_of_stock("A1")));
  const auto outer = caught<rondo::child_workflow_failure>(from);
  ASSERT_NE(outer.cause_as<rondo::activity_failure>(), nullptr);
  ASSERT_NE(outer.cause_as<out_of_stock>(), nullptr);
  EXPECT_EQ(outer.cause_as<out_of_stock>()->sku(), "A1");
  EXPECT_EQ(written_of(outer).SerializeAsString(), from.SerializeAsString()) << "passed on, it is what it was";
}

TEST(failure_converter, keeps_causes_of_what_it_replaces) {
  std::exception_ptr both;
  try {
    try {
      throw out_of_stock("A1");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("order failed"));
    }
  } catch (...) {
    both = std::current_exception();
  }
  EXPECT_EQ(written(both).cause().application_failure_info().type(), "OutOfStock");

  /// Knows nothing of causes.
  class blunt final : public failure_converter {
   public:
    std::exception_ptr to_failure(const std::exception_ptr& error) const override {
      return rondo::detail::engine::type_of(error) == "rondo::activity_failure"
                 ? std::make_exception_ptr(application_failure("changed", {.type = "Changed"}))
                 : nullptr;
    }
    std::exception_ptr to_exception(const rondo::failure& received) const override {
      return dynamic_cast<const rondo::activity_failure*>(&received) == nullptr
                 ? nullptr
                 : std::make_exception_ptr(application_failure("changed", {.type = "Changed"}));
    }
  };
  const blunt changes;
  rondo::activity_failure activity("activity failed", {});
  activity.set_cause(std::make_exception_ptr(std::runtime_error("deeper")));
  const auto sent = written_of(activity, &changes);
  EXPECT_EQ(sent.application_failure_info().type(), "Changed");
  EXPECT_EQ(sent.cause().message(), "deeper");
  const auto read = caught<rondo::child_workflow_failure>(failed_child(no_money_of(5)), &changes);
  ASSERT_NE(read.cause_as<application_failure>(), nullptr);
  EXPECT_EQ(read.cause_as<application_failure>()->type(), "Changed");
  EXPECT_EQ(read.cause_as<application_failure>()->cause_as<application_failure>()->type(), "NoMoney");
}

TEST(failure_converter, may_make_an_exception_the_cause_of_what_it_becomes) {
  class wraps final : public failure_converter {
   public:
    std::exception_ptr to_failure(const std::exception_ptr& error) const override {
      application_failure made("wrapped", {.type = "Wrapped"});
      made.set_cause(error);
      return std::make_exception_ptr(std::move(made));
    }
  };
  const wraps each;
  const auto sent = written_of(std::runtime_error("inside"), &each);
  EXPECT_EQ(sent.application_failure_info().type(), "Wrapped");
  EXPECT_EQ(sent.cause().message(), "inside");
  EXPECT_FALSE(sent.cause().has_cause()) << "nobody is asked twice about one";
}

TEST(failure_converter, may_unwrap) {
  class unwraps final : public failure_converter {
   public:
    std::exception_ptr to_failure(const std::exception_ptr& error) const override { return innermost(error); }
    std::exception_ptr to_exception(const rondo::failure& received) const override {
      return received.cause() ? innermost(received.cause()) : nullptr;
    }

   private:
    static std::exception_ptr innermost(std::exception_ptr error) {
      for (;;) {
        try {
          std::rethrow_exception(error);
        } catch (const rondo::failure& known) {
          if (!known.cause()) return error;
          error = known.cause();
        }
      }
    }
  };
  const unwraps all;
  const auto from = failed_child(no_money_of(5));
  const auto read = caught<application_failure>(from, &all);
  EXPECT_EQ(read.type(), "NoMoney");
  EXPECT_EQ(read.cause(), nullptr) << "it is the cause, and has none";
  const auto sent = written(exception_of(from), &all);
  EXPECT_EQ(sent.application_failure_info().type(), "NoMoney");
  EXPECT_FALSE(sent.has_cause());
}

TEST(failure_converter, changes_of_what_was_received_stay_when_it_is_passed_on) {
  const auto from = failed_child(written_of(application_failure("my password", {.type = "Secret"}), nullptr));
  for (const auto* by :
       {static_cast<const failure_converter*>(&shop), static_cast<const failure_converter*>(nullptr)}) {
    const auto sent = written(exception_of(from, &shop), by);
    EXPECT_EQ(sent.source(), "GoSDK");
    EXPECT_EQ(sent.child_workflow_execution_failure_info().workflow_execution().workflow_id(), "w");
    EXPECT_EQ(sent.cause().activity_failure_info().activity_type().name(), "take");
    EXPECT_EQ(sent.cause().cause().message(), "hidden");
    EXPECT_EQ(sent.DebugString().find("password"), std::string::npos) << sent.DebugString();
  }
}

TEST(failure_converter, own_kinds_that_copy_what_was_received_lose_nothing) {
  auto from = no_money_of(5);
  from.set_source("GoSDK");
  from.set_stack_trace("there");
  *from.mutable_cause() = written_of(std::runtime_error("deeper"), nullptr);
  EXPECT_EQ(written(exception_of(from, &shop)).SerializeAsString(), from.SerializeAsString());
  EXPECT_EQ(written(exception_of(from, &shop), nullptr).SerializeAsString(), from.SerializeAsString());
}

TEST(failure_converter, that_throws_loses_nothing) {
  const auto sent = written_of(fickle("x"));
  EXPECT_EQ(sent.message(), "x");
  EXPECT_EQ(sent.application_failure_info().type(), "rondo::test::fickle");
  EXPECT_EQ(sent.stack_trace(), "the failure converter failed: std::bad_alloc");

  auto malformed = written_of(out_of_stock("A1"));
  malformed.mutable_application_failure_info()->clear_details();
  malformed.set_stack_trace("there");
  const auto read = caught<application_failure>(malformed);
  EXPECT_EQ(read.type(), "OutOfStock");
  EXPECT_TRUE(read.stack_trace().starts_with("there\nthe failure converter failed: ")) << read.stack_trace();
  EXPECT_EQ(written_of(read).SerializeAsString(), malformed.SerializeAsString()) << "the note is for this side";
}

TEST(failure_converter, that_throws_notes_it_among_encoded_texts) {
  class refuses final : public failure_converter {
   public:
    std::exception_ptr to_failure(const std::exception_ptr&) const override { throw std::runtime_error("no"); }
  };
  const refuses all;
  Failure from;
  from.set_message("Encoded failure");
  (*from.mutable_encoded_attributes()->mutable_metadata())["encoding"] = "json/plain";
  from.mutable_encoded_attributes()->set_data(R"({"message":"secret","stack_trace":""})");
  from.mutable_application_failure_info();
  const auto sent = written(exception_of(from), &all);
  EXPECT_EQ(sent.message(), "Encoded failure");
  EXPECT_EQ(sent.stack_trace(), "");
  EXPECT_EQ(sent.encoded_attributes().data(),
            R"({"message":"secret","stack_trace":"the failure converter failed: no"})");
}

TEST(failure_converter, that_throws_leaves_encoded_attributes_of_others_alone) {
  class refuses final : public failure_converter {
   public:
    std::exception_ptr to_failure(const std::exception_ptr&) const override { throw std::runtime_error("no"); }
  };
  const refuses all;
  Failure from;
  from.set_message("Encoded failure");
  from.set_stack_trace("there");
  (*from.mutable_encoded_attributes()->mutable_metadata())["encoding"] = "json/plain";
  from.mutable_encoded_attributes()->set_data(R"(["in", "another", "way"])");
  from.mutable_application_failure_info();
  const auto sent = written(exception_of(from), &all);
  EXPECT_EQ(sent.encoded_attributes().data(), R"(["in", "another", "way"])");
  EXPECT_EQ(sent.stack_trace(), "there\nthe failure converter failed: no");
}

/// Makes exceptions that are no failures, with what led to them.
class order_failed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class nests final : public failure_converter {
 public:
  std::exception_ptr to_exception(const rondo::failure& received) const override {
    const auto* known = dynamic_cast<const application_failure*>(&received);
    if (known == nullptr || known->type() != "OrderFailed") return shop.to_exception(received);
    try {
      if (!received.cause()) throw order_failed(received.message());
      try {
        std::rethrow_exception(received.cause());
      } catch (...) {
        std::throw_with_nested(order_failed(received.message()));
      }
    } catch (...) {
      return std::current_exception();
    }
  }
};

TEST(failure_converter, causes_of_exceptions_of_ones_own_are_found) {
  auto order = written_of(application_failure("order failed", {.type = "OrderFailed"}), nullptr);
  *order.mutable_cause() = written_of(out_of_stock("A1"));
  const nests both;
  const auto read = caught<rondo::child_workflow_failure>(failed_child(order), &both);
  ASSERT_NE(read.cause_as<order_failed>(), nullptr);
  ASSERT_NE(read.cause_as<out_of_stock>(), nullptr) << "below an exception that is no failure";
  EXPECT_EQ(read.cause_as<out_of_stock>()->sku(), "A1");
  EXPECT_EQ(read.cause_as<rondo::timeout_failure>(), nullptr);
  const auto sent = written_of(read, &shop);
  EXPECT_EQ(sent.cause().cause().message(), "order failed");
  EXPECT_EQ(sent.cause().cause().cause().application_failure_info().type(), "OutOfStock");
}

TEST(failure_converter, causes_of_failures_may_be_nested) {
  rondo::activity_failure outer("activity failed", {});
  try {
    try {
      throw out_of_stock("A1");
    } catch (...) {
      std::throw_with_nested(application_failure("order failed"));
    }
  } catch (...) {
    outer.set_cause(std::current_exception());
  }
  ASSERT_NE(outer.cause_as<out_of_stock>(), nullptr);
  EXPECT_EQ(outer.cause_as<out_of_stock>()->sku(), "A1");
}

TEST(failure_converter, leaves_cancellations_alone) {
  class all_the_same final : public failure_converter {
   public:
    std::exception_ptr to_failure(const std::exception_ptr&) const override {
      return std::make_exception_ptr(application_failure("?"));
    }
    std::exception_ptr to_exception(const rondo::failure&) const override {
      return std::make_exception_ptr(std::runtime_error("?"));
    }
  };
  const all_the_same each;
  const auto from = written_of(rondo::cancelled_failure("stop"), nullptr);
  EXPECT_TRUE(rondo::is_cancellation(exception_of(from, &each)));
  EXPECT_TRUE(written_of(rondo::cancelled_failure("stop"), &each).has_canceled_failure_info());
  rondo::activity_failure stopped("activity failed", {});
  stopped.set_cause(std::make_exception_ptr(rondo::cancelled_failure("stop")));
  EXPECT_TRUE(written_of(stopped, &each).cause().has_canceled_failure_info());
  rondo::activity_failure activity("activity failed", {});
  auto call = written_of(activity, nullptr);
  *call.mutable_cause() = no_money_of(5);
  try {
    std::rethrow_exception(rondo::detail::engine::call_failure_of(call, &each));
  } catch (const rondo::activity_failure& read) {
    EXPECT_NE(read.cause_as<std::runtime_error>(), nullptr);
  }
}

int take(std::string sku);
constexpr rondo::activity_options there{.start_to_close_timeout = 5s};
constexpr rondo::local_activity_options here{.start_to_close_timeout = 5s};

class order {
 public:
  static constexpr auto failure_exceptions = rondo::exception_types<out_of_stock>;
  rondo::task<std::string> run(std::string sku, bool local) {
    std::string missing;
    try {
      if (local) {
        co_await workflow::execute_local_activity<take>(here, sku);
      } else {
        co_await workflow::execute_activity<take>(there, sku);
      }
    } catch (const rondo::activity_failure& failed) {
      const auto* why = failed.cause_as<out_of_stock>();
      missing = why == nullptr ? "?" : why->sku();
    }
    if (missing != "A1") throw out_of_stock(missing);
    co_return missing;
  }
  int change(std::string sku) { throw out_of_stock(std::move(sku)); }
  void check(const std::string& sku) const {
    if (sku == "refused") throw out_of_stock(sku);
  }
  int left(std::string sku) const { throw out_of_stock(std::move(sku)); }
  static constexpr auto handlers =
      rondo::handlers(rondo::update<&order::change, &order::check>, rondo::query<&order::left>);
};
/// Tells what the run before it has failed with.
rondo::task<std::string> again() {
  try {
    if (workflow::info().last_failure) std::rethrow_exception(workflow::info().last_failure);
  } catch (const out_of_stock& known) {
    co_return known.sku();
  }
  co_return "?";
}

/// Fails its tasks, not itself.
class stuck {
 public:
  rondo::task<void> run() {
    throw out_of_stock("A1");
    co_return;
  }
  int left() const { return 0; }
  static constexpr auto handlers = rondo::handlers(rondo::query<&stuck::left>);
};

engine_driver driver_of(const std::string& sku, bool local) {
  history_builder start("order", {"\"" + sku + "\"", local ? "true" : "false"});
  engine_driver driver(rondo::registry().workflow<order>(), std::move(start));
  driver.run_options.failures = std::make_shared<const shop_failures>();
  return driver;
}

TEST(failure_converter, counts_for_workflows_and_their_handlers) {
  for (const std::string sku : {"A1", "B2"}) {
    auto driver = driver_of(sku, false);
    driver.ask("u", "change", {"\"C3\""});
    driver.history.open_task();
    driver.run_task();
    temporal::api::update::v1::Response answered;
    for (const auto& each : driver.last.completed->messages()) each.body().UnpackTo(&answered);
    EXPECT_EQ(answered.outcome().failure().application_failure_info().type(), "OutOfStock");
    driver.take_completion();
    driver.forget_messages();
    driver.query("left", "\"D4\"");
    EXPECT_EQ(driver.last.answered->failure().application_failure_info().type(), "OutOfStock");
    EXPECT_EQ(driver.last.answered->error_message(), "none left");

    const auto scheduled = driver.history.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    driver.history.activity_started(scheduled).activity_failed(scheduled, "failed");
    *driver.history.at(driver.history.last_id()).mutable_activity_task_failed_event_attributes()->mutable_failure() =
        written_of(out_of_stock(sku));
    driver.history.open_task();
    driver.evict();
    driver.run_task();
    const auto& command = driver.last.completed->commands(0);
    if (sku == "A1") {
      EXPECT_EQ(command.complete_workflow_execution_command_attributes().result().payloads(0).data(), "\"A1\"");
    } else {
      const auto& failure = command.fail_workflow_execution_command_attributes().failure();
      EXPECT_EQ(failure.application_failure_info().type(), "OutOfStock");
      EXPECT_EQ(failure.application_failure_info().details().payloads(0).data(), "\"B2\"");
    }
  }
}

TEST(failure_converter, counts_for_queries_whose_workflow_fails) {
  engine_driver driver(rondo::registry().workflow<stuck>(), history_builder("stuck"));
  driver.run_options.failures = std::make_shared<const shop_failures>();
  driver.history.open_task();
  driver.history.record(temporal::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest());
  driver.query("left");
  ASSERT_NE(driver.last.answered, nullptr);
  EXPECT_EQ(driver.last.answered->failure().application_failure_info().type(), "OutOfStock");
  EXPECT_EQ(driver.last.answered->error_message(), "none left") << "the exception's own text stays here";
}

TEST(failure_converter, counts_for_updates_that_are_rejected) {
  auto driver = driver_of("A1", false);
  driver.ask("u", "change", {"\"refused\""});
  driver.history.open_task();
  driver.run_task();
  ASSERT_EQ(driver.last.completed->messages_size(), 1);
  temporal::api::update::v1::Rejection told;
  ASSERT_TRUE(driver.last.completed->messages(0).body().UnpackTo(&told));
  EXPECT_EQ(told.failure().application_failure_info().type(), "OutOfStock");
}

TEST(failure_converter, counts_for_the_failure_of_the_run_before) {
  engine_driver driver(rondo::registry().workflow<again>(), history_builder("again"));
  driver.run_options.failures = std::make_shared<const shop_failures>();
  *driver.history.at(1).mutable_workflow_execution_started_event_attributes()->mutable_continued_failure() =
      written_of(out_of_stock("A1"));
  driver.history.open_task();
  driver.run_task();
  EXPECT_EQ(
      driver.last.completed->commands(0).complete_workflow_execution_command_attributes().result().payloads(0).data(),
      "\"A1\"");
}

TEST(failure_converter, counts_for_replayers) {
  auto driver = driver_of("A1", false);
  driver.task();
  const auto scheduled = driver.history.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
  driver.history.activity_started(scheduled).activity_failed(scheduled, "failed");
  *driver.history.at(driver.history.last_id()).mutable_activity_task_failed_event_attributes()->mutable_failure() =
      written_of(out_of_stock("A1"));
  driver.task();
  const rondo::workflow_history history("order-1", driver.history.history().SerializeAsString());
  rondo::replayer_options how;
  how.data.failures = std::make_shared<const shop_failures>();
  EXPECT_TRUE(rondo::replayer(rondo::registry().workflow<order>(), how).try_replay(history).ok());
  EXPECT_TRUE(rondo::replayer(rondo::registry().workflow<order>()).try_replay(history).nondeterminism);
}

TEST(failure_converter, counts_for_local_activities) {
  auto driver = driver_of("A1", true);
  driver.locals = [](engine_driver& to) {
    rondo::detail::engine::local_activity_end how{.number = to.running.begin()->first};
    how.failure = written_of(out_of_stock("A1"));
    to.end_local(how);
  };
  driver.history.open_task();
  driver.run_whole_task();
  ASSERT_EQ(driver.last.completed->commands_size(), 2);
  EXPECT_EQ(
      driver.last.completed->commands(1).complete_workflow_execution_command_attributes().result().payloads(0).data(),
      "\"A1\"");
}

}  // namespace failure_converter_test
