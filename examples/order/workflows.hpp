#pragma once
// The order workflow: one coroutine from the order to its end, however long that takes and however often its worker
// dies on the way. The server remembers every step; after a restart the code runs again over what it remembers.
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "activities.hpp"
#include "rondo/workflow.hpp"

namespace shop {

namespace workflow = rondo::workflow;
using namespace std::chrono_literals;

/// What the starter decides for a run. Workflow code must do the same on every replay, so it reads no environment
/// variable itself: what it got as an argument stays what it was.
struct order_settings {
  std::string payment_task_queue = "payment-task-queue";
  std::chrono::milliseconds first_payment_retry = 1s;
};

/// The answer to the query "status", and the result in the end.
struct order_status {
  std::string state = "received";
  int payment_attempts = 0;
  std::string payment_id{}, reviewer{};
};

class order_workflow {
 public:
  static constexpr std::string_view name = "OrderWorkflow";
  static constexpr int payment_attempts = 5;

  rondo::task<order_status> run(order placed, std::optional<order_settings> settings) {
    order_ = std::move(placed);
    settings_ = settings.value_or(order_settings{});
    workflow::logger().info("order received", {{"item", order_.item}, {"quantity", order_.quantity}});

    auto paid = co_await workflow::as_result(reserve_and_pay());
    if (!paid) {
      status_.state = rondo::is_cancellation(paid.error()) ? "cancelled" : "rejected";
      // A cancelled workflow cannot wait for anything any more, except behind a shield.
      co_await workflow::shield(give_back());
      paid.rethrow();
    }
    status_.state = "completed";
    // The money is there: a cancellation comes too late now.
    co_await workflow::shield(save_state());
    co_return status_;
  }

  void approve(std::string reviewer) { decide(true, std::move(reviewer)); }
  void reject(std::string reviewer) { decide(false, std::move(reviewer)); }
  order_status status() const { return status_; }

  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&order_workflow::approve>, rondo::signal<&order_workflow::reject>,
                      rondo::query<&order_workflow::status>);

 private:
  // A cancelled order waits for the end of the step it is in: it must know whether stock was reserved or money taken.
  static constexpr rondo::activity_options reservation{
      .start_to_close_timeout = 5s, .cancellation = rondo::cancellation_type::wait_cancellation_completed};
  static constexpr rondo::activity_options bookkeeping{.start_to_close_timeout = 5s};
  static constexpr std::array<std::string_view, 1> hopeless{"ValidationError"};

  rondo::task<> reserve_and_pay() {
    co_await workflow::execute_activity<&warehouse::reserve_stock>(reservation, order_);
    status_.state = "paying";
    auto paid = co_await workflow::as_result(
        workflow::execute_activity<&payment_service::process_payment>(payment_options(), order_));
    if (paid) {
      status_.payment_id = paid->payment_id;
      status_.payment_attempts = paid->attempts;
      co_return;
    }
    const auto* failure = paid.failed_with<rondo::activity_failure>();
    using enum rondo::retry_state;
    if (failure == nullptr || failure->retry_state() != maximum_attempts_reached) paid.rethrow();
    status_.payment_attempts = payment_attempts;
    co_await manual_review();
  }

  /// Waits for a person: minutes or months, meanwhile the order costs no thread and needs no running worker.
  rondo::task<> manual_review() {
    status_.state = "in-review";
    workflow::logger().warn("payment failed, a person must look at it", {{"attempts", status_.payment_attempts}});
    co_await workflow::wait_condition([this] { return approved_.has_value(); });
    if (!*approved_) {
      throw rondo::application_failure("rejected by " + status_.reviewer,
                                       {.type = "OrderRejected", .non_retryable = true});
    }
    status_.payment_id = "approved-by-" + status_.reviewer;
  }

  rondo::task<> give_back() {
    co_await workflow::execute_activity<&warehouse::release_stock>(bookkeeping, order_.id);
    co_await save_state();
  }

  rondo::task<> save_state() {
    workflow::logger().info("order ends", {{"state", status_.state}});
    co_await workflow::execute_activity<&warehouse::update_order_status>(bookkeeping, order_.id, status_.state);
  }

  void decide(bool approved, std::string reviewer) {
    if (approved_) return;
    approved_ = approved;
    status_.reviewer = std::move(reviewer);
  }

  rondo::activity_options payment_options() const {
    return {.task_queue = settings_.payment_task_queue,
            .start_to_close_timeout = 10s,
            .retry = rondo::retry_policy{.initial_interval = settings_.first_payment_retry,
                                         .backoff_coefficient = 2.0,
                                         .maximum_attempts = payment_attempts,
                                         .non_retryable_error_types = hopeless},
            .cancellation = rondo::cancellation_type::wait_cancellation_completed};
  }

  order order_;
  order_settings settings_;
  order_status status_;
  std::optional<bool> approved_;
};

}  // namespace shop
