#pragma once
#include <chrono>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/failure.hpp"
#include "rondo/failure_converter.hpp"

namespace rondo::test {

/// An exception of a user's own, which knows nothing of Rondo.
class out_of_stock final : public std::runtime_error {
 public:
  explicit out_of_stock(std::string sku) : std::runtime_error("out of stock: " + sku), sku_(std::move(sku)) {}
  const std::string& sku() const noexcept { return sku_; }

 private:
  std::string sku_;
};
/// One that keeps all that was received.
class no_money final : public application_failure {
 public:
  explicit no_money(const application_failure& received)
      : application_failure(received), cents_(decode<int>(received.details().at(0))) {}
  int cents() const noexcept { return cents_; }

 private:
  int cents_;
};
/// What the converter cannot convert.
class fickle : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class shop_failures final : public failure_converter {
 public:
  std::exception_ptr to_failure(const std::exception_ptr& error) const override {
    try {
      std::rethrow_exception(error);
    } catch (const out_of_stock& known) {
      application_failure made("none left", {.type = "OutOfStock",
                                             .non_retryable = true,
                                             .next_retry_delay = std::chrono::seconds(3),
                                             .category = failure_category::benign});
      payload_collector details;
      encode(details, known.sku());
      made.set_details(details.take());
      return std::make_exception_ptr(std::move(made));
    } catch (const fickle&) {
      throw std::bad_alloc();
    } catch (...) {
      return nullptr;
    }
  }
  std::exception_ptr to_exception(const failure& received) const override {
    const auto* known = dynamic_cast<const application_failure*>(&received);
    if (known == nullptr) return nullptr;
    if (known->type() == "OutOfStock") {
      return std::make_exception_ptr(out_of_stock(decode<std::string>(known->details().at(0))));
    }
    if (known->type() == "NoMoney") return std::make_exception_ptr(no_money(*known));
    if (known->type() == "Secret") {
      return std::make_exception_ptr(application_failure("hidden", {.type = "Secret"}));
    }
    return nullptr;
  }
};

}  // namespace rondo::test
