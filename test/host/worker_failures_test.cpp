#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "host/nexus_fixture.hpp"
#include "host/worker_fixture.hpp"
#include "rondo/nexus.hpp"
#include "support/shop_failures.hpp"

// Workers whose client has a failure converter.
namespace rondo::test::worker_failures_test {

/// Takes all for the same, and for the end of it.
class catches_all final : public failure_converter {
 public:
  std::exception_ptr to_failure(const std::exception_ptr& error) const override {
    nexus_handler_failure made("converted", nexus_error::conflict, nexus_retry::non_retryable);
    application_failure other("converted", {.type = "Converted", .non_retryable = true});
    if (!nexus) return std::make_exception_ptr(other);
    made.set_cause(error);
    return std::make_exception_ptr(made);
  }
  bool nexus = false;
};

client_options converting(std::shared_ptr<const failure_converter> by = std::make_shared<const shop_failures>()) {
  client_options made;
  made.data.failures = std::move(by);
  return made;
}
std::shared_ptr<const failure_converter> catching_all(bool nexus) {
  auto made = std::make_shared<catches_all>();
  made->nexus = nexus;
  return made;
}

void throw_it(const std::string& what) {
  if (what == "stock") throw out_of_stock("A1");
  if (what == "fickle") throw fickle("the text");
  throw std::runtime_error(what);
}

class worker_failures : public worker_test {
 protected:
  using failed = service::RespondActivityTaskFailedRequest;

  explicit worker_failures(client_options how = converting()) : worker_test(std::move(how)) {}

  engine::Failure failure_of(const std::string& what, const char* type = "throw_it") {
    service::PollActivityTaskQueueResponse task;
    task.set_task_token("token");
    task.set_activity_id("1");
    task.mutable_activity_type()->set_name(type);
    task.set_workflow_namespace("shop");
    task.mutable_workflow_execution()->set_workflow_id("w");
    task.mutable_workflow_execution()->set_run_id("r");
    task.set_attempt(1);
    auto& argument = *task.mutable_input()->add_payloads();
    (*argument.mutable_metadata())["encoding"] = "json/plain";
    argument.set_data("\"" + what + "\"");
    const auto before = server.count<failed>();
    server.give(queue::activity, task);
    EXPECT_TRUE(until_seen<failed>(before + 1));
    return server.seen<failed>().back().failure();
  }
};

TEST_F(worker_failures, of_activities_are_told_and_logged_as_the_converter_says) {
  start(registry().activity<throw_it>());
  const auto told = failure_of("stock");
  EXPECT_EQ(told.message(), "none left");
  EXPECT_EQ(told.application_failure_info().type(), "OutOfStock");
  EXPECT_TRUE(told.application_failure_info().non_retryable());
  EXPECT_EQ(told.application_failure_info().next_retry_delay().seconds(), 3);
  EXPECT_FALSE(log->contains("none left")) << "it is of no note";
  EXPECT_FALSE(log->contains("out of stock"));
  EXPECT_EQ(failure_of("another").message(), "another");
  EXPECT_TRUE(log->contains("another"));
}

TEST_F(worker_failures, are_told_though_the_converter_fails) {
  start(registry().activity<throw_it>());
  const auto told = failure_of("fickle");
  EXPECT_EQ(told.message(), "the text");
  EXPECT_EQ(told.stack_trace(), "the failure converter failed: std::bad_alloc");
}

class worker_verdicts : public worker_failures {
 protected:
  worker_verdicts() : worker_failures(converting(catching_all(false))) {}
};

TEST_F(worker_verdicts, on_activities_are_not_converted) {
  start(registry().activity<throw_it>());
  const auto told = failure_of("stock", "unknown");
  EXPECT_EQ(told.application_failure_info().type(), "ActivityNotRegistered");
  EXPECT_FALSE(told.application_failure_info().non_retryable()) << "another worker may know it";
  EXPECT_EQ(failure_of("stock").application_failure_info().type(), "Converted");
}

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<std::string, void> throws{"throws"};
};

class worker_nexus_failures : public worker_nexus_test {
 protected:
  explicit worker_nexus_failures(client_options how = converting()) : worker_nexus_test(std::move(how)) {}
};

TEST_F(worker_nexus_failures, are_repeated_as_the_converter_says) {
  registry app;
  app.nexus_service(nexus_handlers<shop>().operation(shop::throws, throw_it));
  start(app);
  EXPECT_EQ(refusal_of(request("throws", "\"stock\"")), "INTERNAL: none left");
  const auto told = server.seen<failed>().back().failure();
  EXPECT_EQ(told.nexus_handler_failure_info().retry_behavior(),
            temporal::api::enums::v1::NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE);
  EXPECT_EQ(told.cause().application_failure_info().type(), "OutOfStock");
  EXPECT_EQ(refusal_of(request("throws", "\"fickle\"")), "INTERNAL: the text");
  EXPECT_TRUE(log->contains("the failure converter failed"));
}

class worker_nexus_verdicts : public worker_nexus_failures {
 protected:
  worker_nexus_verdicts() : worker_nexus_failures(converting(catching_all(true))) {}
};

TEST_F(worker_nexus_verdicts, are_not_converted) {
  registry app;
  app.nexus_service(nexus_handlers<shop>().operation(shop::throws, throw_it));
  start(app);
  EXPECT_EQ(refusal_of(request("other")), "NOT_FOUND: the Nexus service 'shop' has no operation 'other'");
  EXPECT_FALSE(server.seen<failed>().back().failure().has_cause());
  auto elsewhere = request("throws", "\"stock\"");
  elsewhere.mutable_request()->mutable_start_operation()->set_service("bank");
  EXPECT_EQ(refusal_of(elsewhere), "NOT_FOUND: there is no Nexus service 'bank' here");
  auto strange = request("throws");
  auto& cancel = *strange.mutable_request()->mutable_cancel_operation();
  cancel.set_service("shop");
  cancel.set_operation("throws");
  EXPECT_EQ(refusal_of(strange), "BAD_REQUEST: the operation token is missing");
}

TEST_F(worker_nexus_verdicts, of_handlers_are_converted_once) {
  registry app;
  app.nexus_service(nexus_handlers<shop>().operation(shop::throws, throw_it));
  start(app);
  EXPECT_EQ(refusal_of(request("throws", "\"stock\"")), "CONFLICT: converted");
  const auto told = server.seen<failed>().back().failure();
  EXPECT_EQ(told.cause().message(), "out of stock: A1");
  EXPECT_FALSE(told.cause().has_cause());
}

}  // namespace rondo::test::worker_failures_test
