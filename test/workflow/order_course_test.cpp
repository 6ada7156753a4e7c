// The workflow of examples/order, on every way that an order can take.
#include "../../examples/order/workflows.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <string_view>

#include "rondo/registry.hpp"
#include "support/fake_host.hpp"

using rondo::test::lines;
using rondo::test::scripted_run;

namespace order_course_test {

constexpr std::string_view order_json = R"({"id":"o-1","item":"tea","quantity":2,"cents":900})";
const std::string reserve = "activity 1 ReserveStock(" + std::string(order_json) + ")";
const std::string pay = "activity 2 ProcessPayment(" + std::string(order_json) + ")";

class order_course : public ::testing::Test {
 protected:
  order_course() { run.host.log = rondo::logger::silent(); }

  void start() { run.start(order_json); }
  void start_and_reserve() {
    start();
    run.host.fire(1);
    run.run();
  }
  void fail_payment(rondo::retry_state state, std::string_view type = "std::runtime_error") {
    rondo::activity_failure::fields fields;
    fields.state = state;
    rondo::activity_failure failure("activity failed", fields);
    failure.set_cause(std::make_exception_ptr(rondo::application_failure("out of order", {.type = type})));
    run.reject(2, std::make_exception_ptr(failure));
  }
  void send_to_review() {
    start_and_reserve();
    fail_payment(rondo::retry_state::maximum_attempts_reached);
  }

  scripted_run run{rondo::registry{}.workflow<shop::order_workflow>(), "OrderWorkflow"};
};

TEST_F(order_course, a_paid_order_is_completed) {
  start_and_reserve();
  run.resolve(2, R"({"payment_id":"p-1","attempts":3})");
  run.fire(3);
  EXPECT_EQ(run.commands(),
            (lines{reserve, pay, R"(activity 3 UpdateOrderStatus("o-1","completed"))",
                   R"(complete {"state":"completed","payment_attempts":3,"payment_id":"p-1","reviewer":""})"}));
}

TEST_F(order_course, five_failed_payments_wait_for_a_person) {
  send_to_review();
  EXPECT_EQ(run.query("status"), R"({"state":"in-review","payment_attempts":5,"payment_id":"","reviewer":""})");
  EXPECT_EQ(run.commands(), (lines{reserve, pay}));
}

TEST_F(order_course, an_approved_order_is_completed) {
  send_to_review();
  run.signal("approve", "\"ada\"");
  run.run();
  run.fire(3);
  EXPECT_EQ(run.commands().back(),
            R"(complete {"state":"completed","payment_attempts":5,"payment_id":"approved-by-ada","reviewer":"ada"})");
}

TEST_F(order_course, a_rejected_order_gives_the_stock_back_and_fails) {
  send_to_review();
  run.signal("reject", "\"grace\"");
  run.signal("approve", "\"ada\"");  // too late: the first decision counts
  run.run();
  run.fire(3);
  run.fire(4);
  EXPECT_EQ(run.commands(), (lines{reserve, pay, R"(activity 3 ReleaseStock("o-1"))",
                                   R"(activity 4 UpdateOrderStatus("o-1","rejected"))", "fail rejected by grace"}));
}

TEST_F(order_course, a_failure_that_is_not_retried_is_not_reviewed) {
  start_and_reserve();
  fail_payment(rondo::retry_state::non_retryable_failure, "ValidationError");
  run.fire(3);
  run.fire(4);
  EXPECT_EQ(run.commands().back(), "fail activity failed");
  EXPECT_EQ(run.query("status"), R"({"state":"rejected","payment_attempts":0,"payment_id":"","reviewer":""})");
}

TEST_F(order_course, a_cancelled_order_gives_the_stock_back) {
  start_and_reserve();
  run.cancel();
  EXPECT_EQ(run.commands().back(), "cancel 2");
  run.reject(2, std::make_exception_ptr(rondo::cancelled_failure()));
  run.fire(3);
  run.fire(4);
  EXPECT_EQ(run.commands(), (lines{reserve, pay, "cancel 2", R"(activity 3 ReleaseStock("o-1"))",
                                   R"(activity 4 UpdateOrderStatus("o-1","cancelled"))", "cancelled"}));
}

TEST_F(order_course, an_order_cancelled_in_review_gives_the_stock_back) {
  send_to_review();
  run.cancel();
  run.fire(3);
  run.fire(4);
  EXPECT_EQ(run.commands().back(), "cancelled");
}

TEST_F(order_course, a_cancellation_waits_for_the_reservation_before_giving_it_back) {
  start();
  run.cancel();
  EXPECT_EQ(run.commands(), (lines{reserve, "cancel 1"}));
  run.fire(1);
  EXPECT_EQ(run.commands().back(), R"(activity 2 ReleaseStock("o-1"))");
}

TEST_F(order_course, an_order_paid_while_it_is_cancelled_is_completed) {
  start_and_reserve();
  run.cancel();
  run.resolve(2, R"({"payment_id":"p-1","attempts":1})");
  run.fire(3);
  EXPECT_EQ(run.commands().back(),
            R"(complete {"state":"completed","payment_attempts":1,"payment_id":"p-1","reviewer":""})");
}

}  // namespace order_course_test
