#pragma once
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/value_shape.hpp"
#include "rondo/payload.hpp"

// Declared here so that activities that are coroutines can be registered without their library.
namespace asio {
class any_io_executor;
template <class, class>
class awaitable;
}  // namespace asio

namespace rondo::detail {
template <class Result, class Executor>
struct yielded<asio::awaitable<Result, Executor>> {
  using type = Result;
};
}  // namespace rondo::detail

namespace rondo::detail::run {

/// An activity that is a function; it runs on a thread of the activity pool.
class blocking_activity {
 public:
  virtual ~blocking_activity() = default;
  virtual void run(payload_span arguments, payload_sink& result) const = 0;
};

/// An activity that is a coroutine on the event loop. The arguments are read before the call returns; `result` must
/// outlive the coroutine.
class async_activity {
 public:
  using coroutine = asio::awaitable<void, asio::any_io_executor>;
  virtual ~async_activity() = default;
  virtual coroutine run(payload_span arguments, payload_sink& result) const = 0;
};

/// An activity type as a registry holds it: one of the two.
struct activity_definition {
  std::string name;
  std::shared_ptr<const blocking_activity> blocking;
  std::shared_ptr<const async_activity> async;
  /// Begun only where its start-to-close timeout fits in.
  bool uninterruptible = false;
  /// Null for one that runs any type.
  const call_shape* shape = nullptr;
};

template <class>
inline constexpr bool is_asio_awaitable = false;
template <class Result, class Executor>
inline constexpr bool is_asio_awaitable<asio::awaitable<Result, Executor>> = true;

/// All arguments of a call, as they are.
struct raw_arguments {
  payload_list list;
};

template <class Parameters>
Parameters read_arguments(payload_span arguments) {
  if constexpr (std::is_same_v<Parameters, std::tuple<raw_arguments>>) {
    raw_arguments all;
    for (const auto& each : arguments) all.list.push_back(each.copy());
    return Parameters{std::move(all)};
  } else {
    return decode_arguments_of<Parameters>(current_attempt_owner(), arguments);
  }
}

template <class Parameters, class Function>
class blocking_activity_of final : public blocking_activity {
 public:
  explicit blocking_activity_of(Function function) : function_(std::move(function)) {}
  void run(payload_span arguments, payload_sink& result) const override {
    auto values = read_arguments<Parameters>(arguments);
    if constexpr (std::is_void_v<decltype(std::apply(function_, std::move(values)))>) {
      std::apply(function_, std::move(values));
    } else {
      encode_all_of(current_attempt_owner(), result, std::apply(function_, std::move(values)));
    }
  }

 private:
  Function function_;
};

/// `Coroutine` is async_activity::coroutine, complete only where the library of the coroutine is included.
template <class Parameters, class Function, class Coroutine>
class async_activity_of final : public async_activity {
 public:
  explicit async_activity_of(Function function) : function_(std::move(function)) {}
  Coroutine run(payload_span arguments, payload_sink& result) const override {
    using returned = decltype(std::apply(function_, read_arguments<Parameters>(arguments)));
    if constexpr (takes_serialization_context<yielded_by<returned>>) {
      // Asked now: the code may end on a thread that knows nothing of the attempt.
      auto owner = current_attempt_owner()();
      return deliver(std::apply(function_, read_arguments<Parameters>(arguments)), result, std::move(owner));
    } else {
      return deliver(std::apply(function_, read_arguments<Parameters>(arguments)), result, std::nullopt);
    }
  }

 private:
  template <class Result, class Executor, class Owner>
  static Coroutine deliver(asio::awaitable<Result, Executor> body, payload_sink& result, [[maybe_unused]] Owner owner) {
    if constexpr (std::is_void_v<Result>) {
      co_await std::move(body);
    } else {
      const Result value = co_await std::move(body);
      if constexpr (takes_serialization_context<Result>) {
        encode(result, value, address_of(owner));
      } else {
        encode(result, value);
      }
    }
  }

  Function function_;
};

/// Wraps a callable that takes `Parameters` (a tuple of values).
template <class Parameters, class Function>
activity_definition define_activity(std::string name, Function function) {
  activity_definition definition;
  definition.name = std::move(name);
  using returned = decltype(std::apply(function, std::declval<Parameters>()));
  if constexpr (!std::is_same_v<Parameters, std::tuple<raw_arguments>>) {
    definition.shape = &call_shape_of<Parameters, yielded_by<returned>>::value;
  }
  if constexpr (is_asio_awaitable<returned>) {
    definition.async =
        std::make_shared<async_activity_of<Parameters, Function, async_activity::coroutine>>(std::move(function));
  } else {
    definition.blocking = std::make_shared<blocking_activity_of<Parameters, Function>>(std::move(function));
  }
  return definition;
}

template <class Callable, class Parameters>
inline constexpr bool stand_in_takes = false;
template <class Callable, class... Parameters>
inline constexpr bool stand_in_takes<Callable, std::tuple<Parameters...>> =
    std::is_invocable_v<Callable&, Parameters...>;

/// A function returns something that converts to the result, a coroutine the result itself.
template <class Callable, class Parameters, class Wanted,
          class Returned = decltype(std::apply(std::declval<Callable&>(), std::declval<Parameters>()))>
inline constexpr bool stand_in_returns =
    is_asio_awaitable<Returned>
        ? std::is_same_v<yielded_by<Returned>, Wanted>
        : std::is_void_v<Wanted> == std::is_void_v<Returned> && std::is_convertible_v<Returned, Wanted>;

/// As define_activity(), for a callable that may change its state and whose result is converted.
template <class Parameters, class Wanted, class Callable>
activity_definition define_stand_in(std::string name, Callable callable) {
  using returned = decltype(std::apply(callable, std::declval<Parameters>()));
  using result = std::conditional_t<is_asio_awaitable<returned>, returned, Wanted>;
  return define_activity<Parameters>(
      std::move(name), [shared = std::make_shared<Callable>(std::move(callable))](auto&&... each) -> result {
        return (*shared)(std::forward<decltype(each)>(each)...);
      });
}

}  // namespace rondo::detail::run
