#pragma once
#include <temporal/api/common/v1/message.pb.h>

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/workflow/call.hpp"

// Arguments and results of client calls, to and from the wire.
namespace rondo::detail::calls {

using engine::Payloads;

/// String literals count as texts.
template <class Value>
void encode_argument(payload_sink& sink, const Value& value) {
  if constexpr (std::is_array_v<Value> && std::convertible_to<const Value&, std::string_view>) {
    encode(sink, std::string_view(value));
  } else if constexpr (std::same_as<Value, const char*>) {
    encode(sink, std::string_view(value));
  } else {
    encode(sink, value);
  }
}

/// Encodes the arguments as they are.
template <class... Arguments>
Payloads encode_untyped(const Arguments&... arguments) {
  Payloads to;
  engine::message_sink sink(to);
  (encode_argument(sink, arguments), ...);
  return to;
}

/// Converts the arguments to the parameter types of the function that will get them, and encodes those.
template <class Parameters>
struct typed_arguments;
template <class... Parameters>
struct typed_arguments<std::tuple<Parameters...>> {
  template <class... Arguments>
  static Payloads encode(Arguments&&... arguments) {
    Payloads to;
    engine::message_sink sink(to);
    const std::tuple<Parameters...> values(std::forward<Arguments>(arguments)...);
    std::apply([&sink](const auto&... each) { encode_all(sink, each...); }, values);
    return to;
  }
};

/// The one value that `from` should hold. Throws conversion_error, which begins with `what` ("result of workflow 'x'").
template <class Value>
Value decode_one(const Payloads& from, std::string_view what) {
  if constexpr (std::is_void_v<Value>) {
    return;
  } else {
    if (from.payloads_size() == 0) {
      if constexpr (rondo::detail::is_optional<Value>) return Value{};
      throw conversion_error(std::string(what) + ": there is no value");
    }
    try {
      return decode<Value>(engine::view_of(from.payloads(0)));
    } catch (const conversion_error& failed) {
      throw conversion_error(std::string(what) + ": " + failed.what());
    }
  }
}

/// A workflow as calls name it: a class, a function, or a name with the type of its result.
template <auto Function>
struct workflow_function {};
template <class Result>
struct workflow_named {};

template <class Workflow>
struct workflow_traits {
  using signature = rondo::detail::signature<decltype(&Workflow::run)>;
  using arguments = typename signature::args;
  using result = typename rondo::detail::awaited<typename signature::raw>::type;
};
template <auto Function>
struct workflow_traits<workflow_function<Function>> {
  using signature = rondo::detail::signature_of<Function>;
  using arguments = typename signature::args;
  using result = rondo::detail::result_of<Function>;
};
template <class Result>
struct workflow_traits<workflow_named<Result>> {
  using result = Result;
};

template <class Workflow>
concept workflow_class = requires { &Workflow::run; };

template <class... Arguments>
constexpr void check_awaitable_arguments() {
  static_assert(
      (rondo::detail::safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
}

}  // namespace rondo::detail::calls
