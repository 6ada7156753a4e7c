#pragma once
#include <temporal/api/common/v1/message.pb.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/serialization_context.hpp"
#include "rondo/workflow/traits.hpp"

// Arguments and results of client calls, to and from the wire.
namespace rondo::detail::calls {

using engine::Payloads;

// `whose()` tells whose the values are, and is asked only if a type asks for it; see converter.hpp.

/// For values of which nobody knows whose they are.
struct unknown_owner {
  std::optional<serialization_context> operator()() const { return std::nullopt; }
};

/// The values of a workflow. Sees texts that must outlive it.
class workflow_owner {
 public:
  workflow_owner(std::string_view namespace_name, std::string_view workflow_id) noexcept
      : namespace_(namespace_name), workflow_id_(workflow_id) {}
  serialization_context operator()() const {
    serialization_context made;
    made.namespace_ = namespace_;
    made.workflow_id = workflow_id_;
    return made;
  }

 private:
  std::string_view namespace_, workflow_id_;
};

/// String literals count as texts.
template <class Whose, class Value>
void encode_argument(const Whose& whose, payload_sink& sink, const Value& value) {
  if constexpr (std::is_array_v<Value> && std::convertible_to<const Value&, std::string_view>) {
    encode(sink, std::string_view(value));
  } else if constexpr (std::same_as<Value, const char*>) {
    encode(sink, std::string_view(value));
  } else {
    encode_all_of(whose, sink, value);
  }
}

/// Encodes the arguments as they are.
template <class Whose, class... Arguments>
Payloads encode_untyped_of(const Whose& whose, const Arguments&... arguments) {
  Payloads to;
  engine::message_sink sink(to);
  (encode_argument(whose, sink, arguments), ...);
  return to;
}
template <class... Arguments>
Payloads encode_untyped(const Arguments&... arguments) {
  return encode_untyped_of(unknown_owner(), arguments...);
}

/// Converts the arguments to the parameter types of the function that will get them, and encodes those.
template <class Parameters>
struct typed_arguments;
template <class... Parameters>
struct typed_arguments<std::tuple<Parameters...>> {
  template <class... Arguments>
  static Payloads encode(Arguments&&... arguments) {
    return encode_of(unknown_owner(), std::forward<Arguments>(arguments)...);
  }
  template <class Whose, class... Arguments>
  static Payloads encode_of(const Whose& whose, Arguments&&... arguments) {
    Payloads to;
    engine::message_sink sink(to);
    const std::tuple<Parameters...> values(std::forward<Arguments>(arguments)...);
    std::apply([&](const auto&... each) { encode_all_of(whose, sink, each...); }, values);
    return to;
  }
};

/// The one value that `from` should hold. Throws conversion_error, which begins with `what` ("result of workflow 'x'").
template <class Value, class Whose>
Value decode_one(const Whose& whose, const Payloads& from, std::string_view what) {
  if constexpr (std::is_void_v<Value>) {
    return;
  } else {
    if (from.payloads_size() == 0) {
      if constexpr (rondo::detail::is_optional<Value>) return Value{};
      throw conversion_error(std::string(what) + ": there is no value");
    }
    try {
      return decode_of<Value>(whose, engine::view_of(from.payloads(0)));
    } catch (const conversion_error& failed) {
      throw conversion_error(std::string(what) + ": " + failed.what());
    }
  }
}

using rondo::detail::workflow_class;
using rondo::detail::workflow_function;
using rondo::detail::workflow_named;
using rondo::detail::workflow_traits;

template <class... Arguments>
constexpr void check_awaitable_arguments() {
  static_assert(
      (rondo::detail::safe_in_await<Arguments> && ...),
      "gcc 12 destroys this temporary twice inside a co_await expression: name it in a variable and pass that");
}

}  // namespace rondo::detail::calls
