#pragma once
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>

// What can be read off a function pointer: the types an operation needs to check a call and to convert its arguments.
namespace rondo::detail {

template <class Owner, bool IsConst, class Result, class... Parameters>
struct signature_traits {
  /// The result as it is declared (a coroutine's task type, not what it yields).
  using raw = Result;
  /// Parameters without references and cv-qualifiers.
  using args = std::tuple<std::decay_t<Parameters>...>;
  /// Class of a member function, void for a free one.
  using owner = Owner;
  static constexpr bool is_const = IsConst;
  static constexpr std::size_t arity = sizeof...(Parameters);
  /// False when a parameter is a reference: a coroutine would keep it after what it names is gone.
  static constexpr bool takes_values = (!std::is_reference_v<Parameters> && ...);
};

/// Defined for functions, function pointers and member function pointers that are neither variadic nor volatile.
template <class Function>
struct signature;

template <class R, class... P>
struct signature<R(P...)> : signature_traits<void, false, R, P...> {};
template <class R, class... P>
struct signature<R(P...) noexcept> : signature_traits<void, false, R, P...> {};
template <class R, class... P>
struct signature<R (*)(P...)> : signature_traits<void, false, R, P...> {};
template <class R, class... P>
struct signature<R (*)(P...) noexcept> : signature_traits<void, false, R, P...> {};

template <class C, class R, class... P>
struct signature<R (C::*)(P...)> : signature_traits<C, false, R, P...> {};
template <class C, class R, class... P>
struct signature<R (C::*)(P...) noexcept> : signature_traits<C, false, R, P...> {};
template <class C, class R, class... P>
struct signature<R (C::*)(P...) const> : signature_traits<C, true, R, P...> {};
template <class C, class R, class... P>
struct signature<R (C::*)(P...) const noexcept> : signature_traits<C, true, R, P...> {};
template <class C, class R, class... P>
struct signature<R (C::*)(P...)&> : signature_traits<C, false, R, P...> {};
template <class C, class R, class... P>
struct signature<R (C::*)(P...) & noexcept> : signature_traits<C, false, R, P...> {};
template <class C, class R, class... P>
struct signature<R (C::*)(P...) const&> : signature_traits<C, true, R, P...> {};
template <class C, class R, class... P>
struct signature<R (C::*)(P...) const & noexcept> : signature_traits<C, true, R, P...> {};

template <auto Function>
using signature_of = signature<std::remove_cvref_t<decltype(Function)>>;

/// What a call gives in the end: the value of a function, or what its coroutine yields (specialised beside each kind of
/// coroutine).
template <class Returned>
struct yielded {
  using type = std::remove_cvref_t<Returned>;
};
template <class Returned>
using yielded_by = typename yielded<std::remove_cvref_t<Returned>>::type;

template <class Tuple, class... Arguments>
struct callable_with_impl : std::false_type {};
template <class... Parameters, class... Arguments>
  requires(sizeof...(Parameters) == sizeof...(Arguments))
struct callable_with_impl<std::tuple<Parameters...>, Arguments...>
    : std::bool_constant<(std::convertible_to<Arguments, Parameters> && ...)> {};

/// True when a function with the parameters `Tuple` (a `signature::args`) can be called with these arguments.
template <class Tuple, class... Arguments>
inline constexpr bool callable_with = callable_with_impl<Tuple, Arguments...>::value;

/// False for an argument that gcc before 13 destroys twice when it is a temporary in a `co_await` expression: an rvalue
/// of an aggregate that owns something (`f(order{...})`). Deduce `Argument` from a forwarding reference.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <class Argument>
concept safe_in_await = std::is_lvalue_reference_v<Argument> || !std::is_aggregate_v<std::remove_cvref_t<Argument>> ||
                        std::is_trivially_destructible_v<std::remove_cvref_t<Argument>>;
#else
template <class Argument>
concept safe_in_await = true;
#endif

}  // namespace rondo::detail
