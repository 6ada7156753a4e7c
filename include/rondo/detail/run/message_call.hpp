#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"

// How a message becomes a call of its handler: a member function, or something callable that was set at run time.
namespace rondo::detail::run {

/// Values of the run whose code executes.
template <class Value>
void encode_own(payload_sink& sink, const Value& value) {
  encode_all_of(current_owner(), sink, value);
}
template <class Parameters>
Parameters decode_own(payload_span arguments) {
  return decode_arguments_of<Parameters>(current_owner(), arguments);
}

/// The arguments of a handler for any message.
inline std::tuple<std::string, payload_list> any_message(std::string_view name, payload_span arguments) {
  payload_list list;
  list.reserve(arguments.size());
  for (const auto& each : arguments) list.push_back(each.copy());
  return {std::string(name), std::move(list)};
}

/// The arguments that a declared handler takes. Throws conversion_error.
template <class Handler>
auto read_message(std::string_view name, payload_span arguments) {
  if constexpr (Handler::is_dynamic) {
    return any_message(name, arguments);
  } else {
    return decode_own<typename Handler::signature::args>(arguments);
  }
}

// The lambdas that become handlers may stand in an anonymous namespace: each of these coroutines then is of one file,
// and gcc would warn of that in every such file.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

/// Runs the handler of a signal.
template <class Function, class... Arguments>
task<void> call_handler(Function function, std::tuple<Arguments...> values) {
  if constexpr (is_task<std::invoke_result_t<Function&, Arguments...>>) {
    auto handler = std::apply(function, std::move(values));
    co_await std::move(handler);
  } else {
    std::apply(function, std::move(values));
    co_return;
  }
}

/// Runs the handler of an update and hands its result on.
template <class Function, class... Arguments>
task<void> answer_update(Function function, std::tuple<Arguments...> values, update_answer& to) {
  using returned = std::invoke_result_t<Function&, Arguments...>;
  using result = yielded_by<returned>;
  if constexpr (std::is_void_v<result>) {
    if constexpr (is_task<returned>) {
      auto handler = std::apply(function, std::move(values));
      co_await std::move(handler);
    } else {
      std::apply(function, std::move(values));
    }
    to.complete({});
    co_return;
  } else {
    const auto send = [&to](const result& value) {
      to.complete(encoder(
          &value, [](const void* from, payload_sink& sink) { encode_own(sink, *static_cast<const result*>(from)); }));
    };
    if constexpr (is_task<returned>) {
      auto handler = std::apply(function, std::move(values));
      send(co_await std::move(handler));
    } else {
      send(std::apply(function, std::move(values)));
      co_return;
    }
  }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace rondo::detail::run
