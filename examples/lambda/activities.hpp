#pragma once
// The shop's side of an order, with a fake database and a fake payment service behind it. A Lambda environment may end
// at any moment and is not the only one, so real activities keep nothing in memory.
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>

#include "rondo/activity.hpp"
#include "rondo/name_of.hpp"

namespace shop {

struct order {
  std::string id{}, item{};
  int quantity = 1;
  int cents = 0;
};

/// Several activities run at once, hence the mutex; one may run twice, so doing the same again does no harm.
class warehouse {
 public:
  void reserve_stock(order placed) {
    if (placed.item == "unicorn") {
      throw rondo::application_failure("there are no unicorns", {.type = "OutOfStock", .non_retryable = true});
    }
    const std::lock_guard lock(mutex_);
    reserved_.insert(placed.id);
  }

  void release_stock(std::string order_id) {
    const std::lock_guard lock(mutex_);
    reserved_.erase(order_id);
    rondo::activity::logger().info("stock released", {{"order", order_id}});
  }

 private:
  std::mutex mutex_;
  std::set<std::string> reserved_;
};

/// Fails at the first attempt, and refuses cards for more than 1000.
inline std::string process_payment(order placed) {
  if (placed.cents > 100'000) {
    throw rondo::application_failure("the card is refused", {.type = "CardRefused", .non_retryable = true});
  }
  if (rondo::activity::info().attempt == 1) throw std::runtime_error("the payment service is out of order");
  return "payment-of-" + placed.id;
}

inline void update_order_status(std::string order_id, std::string state) {
  rondo::activity::logger().info("order status updated", {{"order", order_id}, {"state", state}});
}

}  // namespace shop

// The names that these activities have for the server and for programs in other languages.
// clang-format off
template <>
inline constexpr std::string_view rondo::name_of<&shop::warehouse::reserve_stock> = "ReserveStock";
template <>
inline constexpr std::string_view rondo::name_of<&shop::warehouse::release_stock> = "ReleaseStock";
template <>
inline constexpr std::string_view rondo::name_of<&shop::process_payment> = "ProcessPayment";
template <>
inline constexpr std::string_view rondo::name_of<&shop::update_order_status> = "UpdateOrderStatus";
// clang-format on
