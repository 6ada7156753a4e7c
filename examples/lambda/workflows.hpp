#pragma once
// Reserves stock, takes the payment, updates the order's status; gives the stock back when the payment fails.
#include <chrono>
#include <string>
#include <string_view>

#include "activities.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/workflow.hpp"

namespace shop {

namespace workflow = rondo::workflow;
using namespace std::chrono_literals;

inline constexpr const char* task_queue = "lambda-orders";

class order_workflow {
 public:
  static constexpr std::string_view name = "OrderWorkflow";
  /// Orders under way go on with the next version of the function when that becomes the current one.
  static constexpr auto versioning_behavior = rondo::versioning_behavior::auto_upgrade;

  /// Returns the id of the payment.
  rondo::task<std::string> run(order placed) {
    co_await workflow::execute_activity<&warehouse::reserve_stock>(quick, placed);
    auto paid = co_await workflow::as_result(workflow::execute_activity<process_payment>(payment, placed));
    if (!paid) {
      co_await workflow::execute_activity<&warehouse::release_stock>(quick, placed.id);
      co_await workflow::execute_activity<update_order_status>(quick, placed.id, "rejected");
      paid.rethrow();
    }
    co_await workflow::execute_activity<update_order_status>(quick, placed.id, "completed");
    co_return *paid;
  }

 private:
  static constexpr rondo::activity_options quick{.start_to_close_timeout = 5s};
  static constexpr rondo::activity_options payment{
      .start_to_close_timeout = 10s,
      .retry = rondo::retry_policy{.initial_interval = 1s, .backoff_coefficient = 2.0, .maximum_attempts = 5}};
};

}  // namespace shop
