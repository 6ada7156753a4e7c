#pragma once
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/name_of.hpp"
#include "rondo/task.hpp"

namespace rondo {

/// A member function that handles a signal. It may be a coroutine (returning task<>); it runs before what the workflow
/// task brought besides, in order of arrival.
template <auto Member>
struct signal_handler {
  using signature = detail::signature_of<Member>;
  static constexpr auto member = Member;
  static constexpr bool is_signal = true;
  static_assert(std::is_void_v<typename signature::raw> || std::same_as<typename signature::raw, task<void>>,
                "a signal handler returns void or rondo::task<>: nobody waits for its result");
  static_assert(signature::takes_values || !detail::run::is_task<typename signature::raw>,
                "a handler that is a coroutine takes its parameters by value: they must outlive its first await");

  std::string_view name = name_of<Member>;
  /// The same handler under another name.
  constexpr signal_handler operator()(std::string_view other) const { return {other}; }
};

/// A const member function that answers a query. It must not change the workflow and cannot wait.
template <auto Member>
struct query_handler {
  using signature = detail::signature_of<Member>;
  static constexpr auto member = Member;
  static constexpr bool is_signal = false;
  static_assert(signature::is_const,
                "a query handler must be a const member function: it must not change the workflow");
  static_assert(!detail::run::is_task<typename signature::raw>,
                "a query handler must not be a coroutine: it answers at once");
  static_assert(!std::is_void_v<typename signature::raw>, "a query handler must return its answer");

  std::string_view name = name_of<Member>;
  /// The same handler under another name.
  constexpr query_handler operator()(std::string_view other) const { return {other}; }
};

template <auto Member>
inline constexpr signal_handler<Member> signal{};
template <auto Member>
inline constexpr query_handler<Member> query{};

/// The handlers of a workflow class; declare them as its static constexpr member `handlers`.
template <class... Handlers>
struct handler_list {
  std::tuple<Handlers...> all;
};
template <class... Handlers>
constexpr handler_list<Handlers...> handlers(Handlers... each) {
  return {{each...}};
}

namespace detail {

template <class Workflow>
concept has_handlers = requires { Workflow::handlers.all; };

template <auto First, auto Second>
inline constexpr bool same_member = false;
template <auto Member>
inline constexpr bool same_member<Member, Member> = true;

/// True when `Member` is among the declared handlers of the workflow.
template <auto Member, class Workflow>
constexpr bool is_declared() {
  if constexpr (has_handlers<Workflow>) {
    return std::apply(
        [](const auto&... each) { return (same_member<Member, std::remove_cvref_t<decltype(each)>::member> || ...); },
        Workflow::handlers.all);
  } else {
    return false;
  }
}

/// The wire name of a declared handler.
template <auto Member, class Workflow>
constexpr std::string_view handler_name() {
  static_assert(is_declared<Member, Workflow>(), "this member is not declared among the handlers of the workflow");
  std::string_view found;
  std::apply(
      [&found](const auto&... each) {
        ((same_member<Member, std::remove_cvref_t<decltype(each)>::member> ? void(found = each.name) : void()), ...);
      },
      Workflow::handlers.all);
  return found;
}

}  // namespace detail
}  // namespace rondo
