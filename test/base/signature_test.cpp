#include "rondo/detail/base/signature.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace signature_test {
double free_function(int, const std::string&);
void no_arguments() noexcept;
struct service {
  int plain(std::string);
  int constant(std::string) const;
  int quiet(std::string) noexcept;
  int both(std::string) const noexcept;
  int lvalue(std::string) &;
  int const_lvalue(std::string) const&;
  int quiet_lvalue(std::string) & noexcept;
  int quiet_const_lvalue(std::string) const& noexcept;
  static int shared(int);
};
}  // namespace signature_test

namespace {
using namespace signature_test;
using rondo::detail::callable_with;
using rondo::detail::safe_in_await;
using rondo::detail::signature;
using rondo::detail::signature_of;

template <auto F>
constexpr bool is_member_of_service =
    std::is_same_v<typename signature_of<F>::raw, int> && std::is_same_v<typename signature_of<F>::owner, service> &&
    std::is_same_v<typename signature_of<F>::args, std::tuple<std::string>> && signature_of<F>::arity == 1;

TEST(signature, of_free_functions) {
  using free = signature_of<free_function>;
  static_assert(std::is_same_v<free::raw, double>);
  static_assert(std::is_same_v<free::args, std::tuple<int, std::string>>);
  static_assert(std::is_void_v<free::owner>);
  static_assert(free::arity == 2 && !free::is_const && !free::takes_values);
  using none = signature_of<no_arguments>;
  static_assert(std::is_void_v<none::raw> && none::arity == 0 && none::takes_values);
  static_assert(std::is_void_v<signature_of<&service::shared>::owner>);
  static_assert(std::is_same_v<signature<int(char)>::args, std::tuple<char>>);
  static_assert(std::is_same_v<signature<int(char) noexcept>::args, std::tuple<char>>);
}

TEST(signature, of_member_functions) {
  static_assert(is_member_of_service<&service::plain> && !signature_of<&service::plain>::is_const);
  static_assert(is_member_of_service<&service::constant> && signature_of<&service::constant>::is_const);
  static_assert(is_member_of_service<&service::quiet> && !signature_of<&service::quiet>::is_const);
  static_assert(is_member_of_service<&service::both> && signature_of<&service::both>::is_const);
  static_assert(is_member_of_service<&service::lvalue> && !signature_of<&service::lvalue>::is_const);
  static_assert(is_member_of_service<&service::const_lvalue> && signature_of<&service::const_lvalue>::is_const);
  static_assert(is_member_of_service<&service::quiet_lvalue> && !signature_of<&service::quiet_lvalue>::is_const);
  static_assert(is_member_of_service<&service::quiet_const_lvalue>);
  static_assert(signature_of<&service::quiet_const_lvalue>::is_const);
  static_assert(signature_of<&service::plain>::takes_values);
}

TEST(signature, callable_with_checks_count_and_types) {
  using parameters = std::tuple<int, std::string>;
  static_assert(callable_with<parameters, int, const char*>);
  static_assert(callable_with<parameters, const short&, std::string&&>);
  static_assert(!callable_with<parameters, int>);
  static_assert(!callable_with<parameters, int, std::string, int>);
  static_assert(!callable_with<parameters, std::string, int>);
  static_assert(!callable_with<parameters, int, std::string_view>, "string_view does not convert to string");
  static_assert(callable_with<std::tuple<>>);
}

struct owning {
  std::string name;
};
struct options {
  std::string_view name{};
  int count = 0;
};

TEST(signature, safe_in_await_rejects_what_this_compiler_breaks) {
  static_assert(safe_in_await<owning&> && safe_in_await<const owning&>);
  static_assert(safe_in_await<options>, "trivially destructible");
  static_assert(safe_in_await<std::string> && safe_in_await<std::vector<owning>>, "has constructors");
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  static_assert(!safe_in_await<owning>);
#else
  static_assert(safe_in_await<owning>);
#endif
}

}  // namespace
