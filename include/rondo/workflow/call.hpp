#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/operation.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/name_of.hpp"
#include "rondo/options.hpp"
#include "rondo/task.hpp"

// Declared here so that results of asynchronous activities can be named without their library.
namespace asio {
template <class, class>
class awaitable;
}

namespace rondo::detail {

/// What calling a function gives in the end: coroutine types are looked through.
template <class Returned>
struct awaited {
  using type = Returned;
};
template <class Result>
struct awaited<task<Result>> {
  using type = Result;
};
template <class Result, class Executor>
struct awaited<asio::awaitable<Result, Executor>> {
  using type = Result;
};

template <auto Function>
using result_of = typename awaited<typename signature_of<Function>::raw>::type;

}  // namespace rondo::detail

namespace rondo::workflow {

/// A call of an activity that has not begun yet; `Options` says of which kind.
template <class Options, class Result, class... Arguments>
class [[nodiscard("an activity call does nothing until it is awaited or started")]] basic_activity_call final
    : public detail::run::operation<basic_activity_call<Options, Result, Arguments...>, Result> {
 public:
  template <class... Values>
  basic_activity_call(std::string_view type, const Options& options, Values&&... values)
      : type_(type), options_(options), arguments_(std::forward<Values>(values)...) {}

 private:
  void begin(detail::run::host& engine) override {
    const auto whose = [&] { return detail::run::owner_of(engine, type_, options_); };
    this->result_belongs_to(whose);
    const detail::run::owned_values given(arguments_, whose);
    if constexpr (std::is_same_v<Options, local_activity_options>) {
      engine.schedule_local_activity({.activity_type = type_, .options = options_, .input = given.input()}, *this);
    } else {
      engine.schedule_activity({.activity_type = type_, .options = options_, .input = given.input()}, *this);
    }
  }

  std::string_view type_;
  Options options_;
  std::tuple<Arguments...> arguments_;
};
template <class Result, class... Arguments>
using activity_call = basic_activity_call<activity_options, Result, Arguments...>;
template <class Result, class... Arguments>
using local_activity_call = basic_activity_call<local_activity_options, Result, Arguments...>;

}  // namespace rondo::workflow

namespace rondo::detail {

template <class Options, class Result, class Parameters>
struct activity_call_for;
template <class Options, class Result, class... Parameters>
struct activity_call_for<Options, Result, std::tuple<Parameters...>> {
  using type = workflow::basic_activity_call<Options, Result, Parameters...>;
};

template <auto Function, class Options, class... Arguments>
auto make_activity_call(const Options& options, Arguments&&... arguments) {
  using signature = signature_of<Function>;
  static_assert(callable_with<typename signature::args, Arguments...>,
                "the arguments do not match the parameters of this activity");
  static_assert(
      (safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
  using call = typename activity_call_for<Options, result_of<Function>, typename signature::args>::type;
  return call(name_of<Function>, options, std::forward<Arguments>(arguments)...);
}
template <class Result, class Options, class... Arguments>
auto make_activity_call(std::string_view type, const Options& options, Arguments&&... arguments) {
  static_assert(
      (safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
  return workflow::basic_activity_call<Options, Result, std::decay_t<Arguments>...>(
      type, options, std::forward<Arguments>(arguments)...);
}

}  // namespace rondo::detail

namespace rondo::workflow {

/// Calls an activity by the function that is, or stands for, its implementation; a function that is only declared will
/// do. The arguments are checked against its parameters. `co_await` gives its result or throws activity_failure.
template <auto Function, class... Arguments>
[[nodiscard("an activity call does nothing until it is awaited or started")]] auto execute_activity(
    const activity_options& options, Arguments&&... arguments) {
  return detail::make_activity_call<Function>(options, std::forward<Arguments>(arguments)...);
}

/// Calls an activity by its name, such as one that another program or language implements. `type` must outlive the
/// call.
template <class Result, class... Arguments>
[[nodiscard("an activity call does nothing until it is awaited or started")]] auto execute_activity(
    std::string_view type, const activity_options& options, Arguments&&... arguments) {
  return detail::make_activity_call<Result>(type, options, std::forward<Arguments>(arguments)...);
}

/// Calls an activity that the worker of this workflow runs itself, within its workflow task: no task of the server, no
/// queue. For short work that may happen twice; its result is in the history once the workflow task is completed. It
/// cannot heartbeat, nor be completed from elsewhere. Signals and updates wait while it runs, up to 80 % of the
/// workflow task's timeout.
template <auto Function, class... Arguments>
[[nodiscard("an activity call does nothing until it is awaited or started")]] auto execute_local_activity(
    const local_activity_options& options, Arguments&&... arguments) {
  return detail::make_activity_call<Function>(options, std::forward<Arguments>(arguments)...);
}

/// The same by name. `type` must outlive the call.
template <class Result, class... Arguments>
[[nodiscard("an activity call does nothing until it is awaited or started")]] auto execute_local_activity(
    std::string_view type, const local_activity_options& options, Arguments&&... arguments) {
  return detail::make_activity_call<Result>(type, options, std::forward<Arguments>(arguments)...);
}

}  // namespace rondo::workflow
