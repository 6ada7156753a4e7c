#pragma once
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace rondo {

/// A value, or the failure that came instead of it.
template <class Value>
class [[nodiscard]] result {
 public:
  using value_type = std::conditional_t<std::is_void_v<Value>, std::monostate, Value>;

  result()
    requires std::is_void_v<Value>
      : value_(std::monostate{}) {}
  explicit result(value_type value)
    requires(!std::is_void_v<Value>)
      : value_(std::move(value)) {}
  explicit result(std::exception_ptr error) : error_(std::move(error)) {}

  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value; throws the failure when there is none.
  value_type& value() & {
    if (error_) std::rethrow_exception(error_);
    return *value_;
  }
  value_type&& value() && {
    if (error_) std::rethrow_exception(error_);
    return std::move(*value_);
  }
  value_type& operator*() & { return value(); }
  value_type&& operator*() && { return std::move(*this).value(); }
  value_type* operator->() { return &value(); }

  /// Null when there is a value.
  const std::exception_ptr& error() const noexcept { return error_; }
  /// Throws the failure; call it only when there is one.
  [[noreturn]] void rethrow() const { std::rethrow_exception(error_); }
  /// The failure when it is a `Failure`, else null. Valid while this object lives.
  template <class Failure>
  const Failure* failed_with() const noexcept {
    if (!error_) return nullptr;
    try {
      std::rethrow_exception(error_);
    } catch (const Failure& failure) {
      return &failure;
    } catch (...) {
      return nullptr;
    }
  }

 private:
  std::optional<value_type> value_;
  std::exception_ptr error_;
};

}  // namespace rondo
