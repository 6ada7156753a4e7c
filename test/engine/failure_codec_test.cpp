#include "rondo/failure_codec.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/script.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/workflow.hpp"

// Exceptions of users' own types that travel as failures.
namespace failure_codec_test {

class out_of_stock : public std::runtime_error {
 public:
  explicit out_of_stock(std::string sku) : std::runtime_error("out of stock: " + sku), sku_(std::move(sku)) {}
  const std::string& sku() const noexcept { return sku_; }

 private:
  std::string sku_;
};
/// Not an exception of the standard library, and nothing can be derived from it.
struct closed_shop final {
  int until = 0;
};
class no_money : public rondo::application_failure {
 public:
  explicit no_money(int cents) : application_failure("no money", {.type = "NoMoney"}), cents_(cents) {}
  int cents() const noexcept { return cents_; }

 private:
  int cents_;
};
/// Of another library, which only becomes a failure.
class timed_out : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class fickle : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

rondo::payload_list details_of(const auto& value) {
  rondo::payload_collector made;
  rondo::encode(made, value);
  return made.take();
}

}  // namespace failure_codec_test

template <>
struct rondo::failure_codec<failure_codec_test::out_of_stock> {
  static constexpr std::string_view type = "OutOfStock";
  static application_failure encode(const failure_codec_test::out_of_stock& error) {
    application_failure made(error.what(), {.non_retryable = true});
    payload_collector details;
    rondo::encode(details, error.sku());
    made.set_details(details.take());
    return made;
  }
  static failure_codec_test::out_of_stock decode(const application_failure& from) {
    return failure_codec_test::out_of_stock(rondo::decode<std::string>(from.details().at(0)));
  }
};
template <>
struct rondo::failure_codec<failure_codec_test::closed_shop> {
  static constexpr std::string_view type = "ClosedShop";
  static application_failure encode(failure_codec_test::closed_shop error) {
    application_failure made("closed");
    made.set_details(failure_codec_test::details_of(error.until));
    return made;
  }
  static failure_codec_test::closed_shop decode(const application_failure& from) {
    return {rondo::decode<int>(from.details().at(0))};
  }
};
template <>
struct rondo::failure_codec<failure_codec_test::no_money> {
  static constexpr std::string_view type = "NoMoney";
  static application_failure encode(const failure_codec_test::no_money& error) {
    application_failure made(error.message());
    made.set_details(failure_codec_test::details_of(error.cents()));
    return made;
  }
  static failure_codec_test::no_money decode(const application_failure& from) {
    return failure_codec_test::no_money(rondo::decode<int>(from.details().at(0)));
  }
};
template <>
struct rondo::failure_codec<failure_codec_test::timed_out> {
  static constexpr std::string_view type = "TimedOut";
  static application_failure encode(const failure_codec_test::timed_out& error) {
    return application_failure(error.what(), {.category = failure_category::benign});
  }
};
template <>
struct rondo::failure_codec<failure_codec_test::fickle> {
  static constexpr std::string_view type = "Fickle";
  static application_failure encode(const failure_codec_test::fickle& /*error*/) { throw std::bad_alloc(); }
  static failure_codec_test::fickle decode(const application_failure& /*from*/) { throw std::bad_alloc(); }
};

namespace failure_codec_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using lines = std::vector<std::string>;
using rondo::application_failure;
using rondo::detail::engine::exception_of;
using rondo::detail::engine::Failure;
using rondo::detail::engine::write_failure;

class failure_codecs : public testing::Test {
 protected:
  failure_codecs() { rondo::use_failure_codecs<out_of_stock, closed_shop, no_money, timed_out, fickle>(); }
};

Failure written(const std::exception_ptr& error) {
  Failure to;
  write_failure(error, to);
  return to;
}
template <class Error>
Failure written(const Error& error) {
  return written(std::make_exception_ptr(error));
}
/// What the exception that is made of `from` is caught as.
template <class Kind>
Kind caught(const Failure& from) {
  try {
    std::rethrow_exception(exception_of(from));
  } catch (const Kind& found) {
    return found;
  }
}

TEST_F(failure_codecs, say_what_is_sent) {
  const auto sent = written(out_of_stock("A1"));
  EXPECT_EQ(sent.message(), "out of stock: A1");
  EXPECT_EQ(sent.source(), "rondo");
  EXPECT_EQ(sent.application_failure_info().type(), "OutOfStock");
  EXPECT_TRUE(sent.application_failure_info().non_retryable());
  EXPECT_EQ(sent.application_failure_info().details().payloads(0).data(), "\"A1\"");
  EXPECT_EQ(written(closed_shop{7}).application_failure_info().type(), "ClosedShop");
  EXPECT_EQ(written(timed_out("late")).application_failure_info().category(),
            rondo::detail::engine::enums::APPLICATION_ERROR_CATEGORY_BENIGN);
  EXPECT_EQ(written(no_money(5)).application_failure_info().details().payloads(0).data(), "5");
}

TEST_F(failure_codecs, say_what_comes_back) {
  EXPECT_EQ(caught<out_of_stock>(written(out_of_stock("A1"))).sku(), "A1");
  EXPECT_EQ(caught<closed_shop>(written(closed_shop{7})).until, 7);
  EXPECT_EQ(caught<no_money>(written(no_money(5))).cents(), 5);
  EXPECT_EQ(caught<application_failure>(written(timed_out("late"))).type(), "TimedOut");
  EXPECT_EQ(caught<application_failure>(written(application_failure("x", {.type = "Other"}))).type(), "Other");
}

TEST_F(failure_codecs, keep_causes) {
  std::exception_ptr both;
  try {
    try {
      throw closed_shop{7};
    } catch (...) {
      std::throw_with_nested(out_of_stock("A1"));
    }
  } catch (...) {
    both = std::current_exception();
  }
  const auto sent = written(both);
  EXPECT_EQ(sent.application_failure_info().type(), "OutOfStock");
  EXPECT_EQ(sent.cause().application_failure_info().type(), "ClosedShop");
}

TEST_F(failure_codecs, let_causes_be_found_as_what_they_are_and_as_failures) {
  rondo::activity_failure outer("failed", {});
  auto inner = written(out_of_stock("A1"));
  *inner.mutable_cause() = written(no_money(5));
  outer.set_cause(exception_of(inner));
  ASSERT_NE(outer.cause_as<out_of_stock>(), nullptr);
  EXPECT_EQ(outer.cause_as<out_of_stock>()->sku(), "A1");
  ASSERT_NE(outer.cause_as<application_failure>(), nullptr);
  EXPECT_EQ(outer.cause_as<application_failure>()->type(), "OutOfStock");
  ASSERT_NE(outer.cause_as<no_money>(), nullptr);
  EXPECT_EQ(outer.cause_as<no_money>()->cents(), 5);
}

TEST_F(failure_codecs, lose_nothing_of_what_is_passed_on) {
  for (auto from : {written(out_of_stock("A1")), written(no_money(5))}) {
    from.set_source("GoSDK");
    from.set_stack_trace("there");
    *from.mutable_cause() = written(std::runtime_error("deeper"));
    EXPECT_EQ(written(exception_of(from)).SerializeAsString(), from.SerializeAsString());
  }
}

TEST_F(failure_codecs, that_throw_change_nothing) {
  const auto sent = written(fickle("x"));
  EXPECT_EQ(sent.message(), "x");
  EXPECT_EQ(sent.application_failure_info().type(), "failure_codec_test::fickle");
  EXPECT_EQ(caught<application_failure>(written(application_failure("y", {.type = "Fickle"}))).message(), "y");
  auto malformed = written(out_of_stock("A1"));
  malformed.mutable_application_failure_info()->clear_details();
  EXPECT_EQ(caught<application_failure>(malformed).type(), "OutOfStock");
}

int take(std::string sku);
constexpr rondo::activity_options there{.start_to_close_timeout = 5s};

class order {
 public:
  static constexpr auto failure_exceptions = rondo::exception_types<out_of_stock>;
  rondo::task<std::string> run(std::string sku) {
    std::string missing;
    try {
      co_await workflow::execute_activity<take>(there, sku);
    } catch (const rondo::activity_failure& failed) {
      const auto* why = failed.cause_as<out_of_stock>();
      missing = why == nullptr ? "?" : why->sku();
    }
    if (missing != "A1") throw out_of_stock(missing);
    co_return missing;
  }
  int change(std::string sku) { throw out_of_stock(std::move(sku)); }
  int left(std::string sku) const { throw out_of_stock(std::move(sku)); }
  static constexpr auto handlers = rondo::handlers(rondo::update<&order::change>, rondo::query<&order::left>);
};

TEST_F(failure_codecs, count_for_workflows_and_their_handlers) {
  for (const std::string sku : {"A1", "B2"}) {
    engine_driver driver(rondo::registry().workflow<order>(), history_builder("order", {"\"" + sku + "\""}));
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

    const auto scheduled = driver.history.last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    driver.history.activity_started(scheduled).activity_failed(scheduled, "failed");
    *driver.history.at(driver.history.last_id()).mutable_activity_task_failed_event_attributes()->mutable_failure() =
        written(out_of_stock(sku));
    driver.history.open_task();
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

}  // namespace failure_codec_test
