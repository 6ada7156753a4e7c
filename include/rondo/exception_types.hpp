#pragma once
#include <exception>
#include <stdexcept>

namespace rondo {

/// Stands, in a list of exception types, for code that does not do what the history says. Nothing throws it to
/// workflows.
class nondeterminism_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Some types of exceptions, made by `exception_types<...>`. The default one has none.
class exception_list {
 public:
  constexpr exception_list() = default;

  /// The exception is of one of the types, or derived from one.
  bool contains(const std::exception_ptr& error) const { return contains_ != nullptr && contains_(error); }
  constexpr bool empty() const noexcept { return contains_ == nullptr; }

  /// For the library.
  template <class... Types>
  static constexpr exception_list of() {
    exception_list made;
    made.contains_ = [](const std::exception_ptr& error) { return (is<Types>(error) || ...); };
    return made;
  }

 private:
  template <class Type>
  static bool is(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const Type&) {
      return true;
    } catch (...) {
      return false;
    }
  }

  bool (*contains_)(const std::exception_ptr&) = nullptr;
};

/// `exception_types<std::invalid_argument, out_of_stock>`; with nondeterminism_error or a base of it, such as
/// std::exception, also changed code that does not fit the history.
template <class... Types>
inline constexpr exception_list exception_types = exception_list::of<Types...>();

}  // namespace rondo
