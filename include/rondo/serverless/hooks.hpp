#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <concepts>
#include <functional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/options.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/report.hpp"

namespace rondo::serverless {

/// What a shutdown hook is told.
struct shutdown_info {
  /// What the invocation has done.
  report so_far{};
  /// When the hook must have ended; the answer does not wait longer.
  time_point deadline = time_point::max();
  /// Requested at the deadline.
  std::stop_token stop{};

  /// Zero when the time is over.
  duration remaining() const {
    const auto left = deadline - std::chrono::steady_clock::now();
    return left > duration::zero() ? left : duration::zero();
  }
};

/// A function that runs at the end of every invocation, such as one that flushes metrics. One of the two is set.
struct shutdown_hook {
  /// Runs on a thread of its own, which is left behind when it does not end in time.
  std::function<void(const shutdown_info&)> blocking{};
  /// Runs on the event loop.
  std::function<asio::awaitable<void>(const shutdown_info&)> async{};
};

/// Makes a hook of a callable that takes a `const shutdown_info&` or nothing, and returns nothing or
/// asio::awaitable<void>.
template <class Function>
shutdown_hook make_hook(Function function) {
  constexpr bool is_told = std::invocable<Function&, const shutdown_info&>;
  static_assert(is_told || std::invocable<Function&>,
                "a shutdown hook takes nothing, or a const rondo::serverless::shutdown_info&");
  auto call = [function = std::move(function)](const shutdown_info& info) mutable {
    if constexpr (is_told) {
      return function(info);
    } else {
      return function();
    }
  };
  using result = std::invoke_result_t<decltype(call)&, const shutdown_info&>;
  constexpr bool is_coroutine = std::same_as<result, asio::awaitable<void>>;
  static_assert(is_coroutine || std::is_void_v<result>, "a shutdown hook returns nothing or asio::awaitable<void>");
  shutdown_hook made;
  if constexpr (is_coroutine) {
    made.async = std::move(call);
  } else {
    made.blocking = std::move(call);
  }
  return made;
}

}  // namespace rondo::serverless
