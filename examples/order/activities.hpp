#pragma once
// Everything here touches the outside world, which workflow code must not do: the activities, with a fake database and
// a fake payment service behind them, and the environment of the process.
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/name_of.hpp"

namespace shop {

/// Plain structs travel as JSON: {"id":"order-1","item":"tea","quantity":2,"cents":1250}.
struct order {
  std::string id{}, item{};
  int quantity = 1;
  int cents = 0;
};

struct receipt {
  std::string payment_id{};
  int attempts = 0;
};

/// A fake database. Activities run on several threads at once, hence the mutex; and an activity may run twice (the
/// worker may die before the server hears of its end), so doing the same again must do no harm.
class warehouse {
 public:
  explicit warehouse(std::map<std::string, int> stock) : stock_(std::move(stock)) {}

  void reserve_stock(order placed) {
    const std::lock_guard lock(mutex_);
    if (reserved_.contains(placed.id)) return;
    int& in_stock = stock_[placed.item];
    if (in_stock < placed.quantity) {
      throw rondo::application_failure("not enough " + placed.item, {.type = "OutOfStock", .non_retryable = true});
    }
    in_stock -= placed.quantity;
    rondo::activity::logger().info("stock reserved", {{"item", placed.item}, {"left", in_stock}});
    reserved_.emplace(placed.id, std::move(placed));
  }

  void release_stock(std::string order_id) {
    const std::lock_guard lock(mutex_);
    const auto reserved = reserved_.find(order_id);
    if (reserved == reserved_.end()) return;
    int& in_stock = stock_[reserved->second.item];
    in_stock += reserved->second.quantity;
    rondo::activity::logger().info("stock released", {{"item", reserved->second.item}, {"left", in_stock}});
    reserved_.erase(reserved);
  }

  void update_order_status(std::string order_id, std::string state) {
    const std::lock_guard lock(mutex_);
    rondo::activity::logger().info("order status updated", {{"state", state}});
    state_of_order_[std::move(order_id)] = std::move(state);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> stock_;
  std::map<std::string, order> reserved_;
  std::map<std::string, std::string> state_of_order_;
};

/// A fake payment service that is out of order now and then.
class payment_service {
 public:
  explicit payment_service(double failure_rate) : out_of_order_(failure_rate) {}

  receipt process_payment(order placed) {
    if (placed.cents <= 0) throw rondo::application_failure("the price must be positive", {.type = "ValidationError"});
    const int attempt = rondo::activity::info().attempt;
    // Any exception fails the attempt; the server then tries again as the retry policy of the call says.
    if (out_of_order()) throw std::runtime_error("the payment service is out of order");
    rondo::activity::logger().info("payment taken", {{"cents", placed.cents}});
    return {.payment_id = "payment-of-" + placed.id, .attempts = attempt};
  }

 private:
  bool out_of_order() {
    const std::lock_guard lock(mutex_);
    return out_of_order_(random_);
  }

  std::mutex mutex_;
  std::mt19937 random_{std::random_device{}()};
  std::bernoulli_distribution out_of_order_;
};

/// What an environment variable says.
inline std::string setting(const char* variable, const char* fallback) {
  const char* value = std::getenv(variable);
  return value == nullptr ? fallback : value;
}

}  // namespace shop

// The names that these activities have for the server and for programs in other languages.
// clang-format off
template <>
inline constexpr std::string_view rondo::name_of<&shop::warehouse::reserve_stock> = "ReserveStock";
template <>
inline constexpr std::string_view rondo::name_of<&shop::warehouse::release_stock> = "ReleaseStock";
template <>
inline constexpr std::string_view rondo::name_of<&shop::warehouse::update_order_status> = "UpdateOrderStatus";
template <>
inline constexpr std::string_view rondo::name_of<&shop::payment_service::process_payment> = "ProcessPayment";
// clang-format on
