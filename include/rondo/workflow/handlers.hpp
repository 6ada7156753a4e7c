#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/name_of.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"

namespace rondo {

/// What becomes of a handler that is still running when its workflow ends: it is lost either way.
enum class unfinished_policy : std::uint8_t {
  warn_and_abandon,  ///< and the log says so
  abandon,
};

/// What can be said of a handler besides its function.
struct handler_options {
  /// On the wire; empty: the name of the function.
  std::string_view name{};
  /// For people who look at the workflow.
  std::string_view description{};
  /// Of signals and updates.
  unfinished_policy unfinished = unfinished_policy::warn_and_abandon;
};

namespace detail {

enum class handler_kind : std::uint8_t { signal, query, update };

/// What declarations of handlers have in common.
template <class Derived, auto Member, handler_kind Kind>
struct declared_handler {
  using signature = signature_of<Member>;
  static constexpr auto member = Member;
  static constexpr handler_kind kind = Kind;
  /// Takes every message of its kind that no other handler takes.
  static constexpr bool is_dynamic = false;

  handler_options options{.name = name_of<Member>};

  /// The same handler under another name.
  constexpr Derived operator()(std::string_view name) const { return (*this)(handler_options{.name = name}); }
  /// The same handler with more said about it.
  constexpr Derived operator()(handler_options with) const {
    if (with.name.empty()) with.name = name_of<Member>;
    Derived changed;
    changed.options = with;
    return changed;
  }
};

/// True for functions that take the name of the message and its arguments as they came.
template <auto Member>
inline constexpr bool takes_any_message =
    std::same_as<typename signature_of<Member>::args, std::tuple<std::string, payload_list>>;

}  // namespace detail

/// A member function that handles a signal. It may be a coroutine (returning task<>); signals are handled before what
/// the workflow task brought besides, in order of arrival.
template <auto Member>
struct signal_handler : detail::declared_handler<signal_handler<Member>, Member, detail::handler_kind::signal> {
  using signature = detail::signature_of<Member>;
  static_assert(std::is_void_v<typename signature::raw> || std::same_as<typename signature::raw, task<void>>,
                "a signal handler returns void or rondo::task<>: nobody waits for its result");
  static_assert(signature::takes_values || !detail::run::is_task<typename signature::raw>,
                "a handler that is a coroutine takes its parameters by value: they must outlive its first await");
};

/// A const member function that answers a query. It must not change the workflow and cannot wait.
template <auto Member>
struct query_handler : detail::declared_handler<query_handler<Member>, Member, detail::handler_kind::query> {
  using signature = detail::signature_of<Member>;
  static_assert(signature::is_const,
                "a query handler must be a const member function: it must not change the workflow");
  static_assert(!detail::run::is_task<typename signature::raw>,
                "a query handler must not be a coroutine: it answers at once");
  static_assert(!std::is_void_v<typename signature::raw>, "a query handler must return its answer");
};

/// A member function that handles an update: its result is the answer, a failure that it throws is the caller's. It may
/// be a coroutine. The validator, if there is one, looks at the arguments before anything is recorded: what it throws
/// rejects the update, as if it had never come.
template <auto Member, auto Validator = nullptr>
struct update_handler
    : detail::declared_handler<update_handler<Member, Validator>, Member, detail::handler_kind::update> {
  using signature = detail::signature_of<Member>;
  static constexpr auto validator = Validator;
  static constexpr bool has_validator = !std::same_as<decltype(Validator), std::nullptr_t>;
  static_assert(signature::takes_values || !detail::run::is_task<typename signature::raw>,
                "a handler that is a coroutine takes its parameters by value: they must outlive its first await");
  static constexpr bool validator_fits() {
    if constexpr (has_validator) {
      using of_validator = detail::signature_of<Validator>;
      return std::same_as<typename of_validator::args, typename signature::args> && of_validator::is_const &&
             std::is_void_v<typename of_validator::raw>;
    } else {
      return true;
    }
  }
  static_assert(validator_fits(),
                "the validator of an update must be a const member function that takes what the handler takes and "
                "returns nothing; it rejects by throwing");
};

namespace detail {

/// A declaration for every message of its kind that no other handler takes.
template <class Derived, class Named>
struct dynamic_handler : Named {
  static constexpr bool is_dynamic = true;

  /// The same handler with more said about it; a name would have no meaning.
  constexpr Derived operator()(handler_options with) const {
    with.name = this->options.name;
    Derived changed;
    changed.options = with;
    return changed;
  }
};

}  // namespace detail

/// A handler for all signals that have none: takes (std::string name, rondo::payload_list arguments).
template <auto Member>
struct dynamic_signal_handler : detail::dynamic_handler<dynamic_signal_handler<Member>, signal_handler<Member>> {
  static_assert(detail::takes_any_message<Member>,
                "a handler for any signal takes (std::string name, rondo::payload_list arguments)");
};
/// A handler for all queries that have none.
template <auto Member>
struct dynamic_query_handler : detail::dynamic_handler<dynamic_query_handler<Member>, query_handler<Member>> {
  static_assert(detail::takes_any_message<Member>,
                "a handler for any query takes (std::string name, rondo::payload_list arguments)");
};
/// A handler for all updates that have none.
template <auto Member, auto Validator = nullptr>
struct dynamic_update_handler
    : detail::dynamic_handler<dynamic_update_handler<Member, Validator>, update_handler<Member, Validator>> {
  static_assert(detail::takes_any_message<Member>,
                "a handler for any update takes (std::string name, rondo::payload_list arguments)");
};

template <auto Member>
inline constexpr signal_handler<Member> signal{};
template <auto Member>
inline constexpr query_handler<Member> query{};
template <auto Member, auto Validator = nullptr>
inline constexpr update_handler<Member, Validator> update{};
template <auto Member>
inline constexpr dynamic_signal_handler<Member> dynamic_signal{};
template <auto Member>
inline constexpr dynamic_query_handler<Member> dynamic_query{};
template <auto Member, auto Validator = nullptr>
inline constexpr dynamic_update_handler<Member, Validator> dynamic_update{};

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
        ((same_member<Member, std::remove_cvref_t<decltype(each)>::member> ? void(found = each.options.name) : void()),
         ...);
      },
      Workflow::handlers.all);
  return found;
}

}  // namespace detail
}  // namespace rondo
