#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/detail/base/names.hpp"
#include "rondo/json.hpp"
#include "rondo/payload.hpp"
#include "rondo/serialization_context.hpp"

/// Values to payloads and back. The form follows from the type:
/// - `payload`: passed on as it is.
/// - std::monostate, nullptr, an empty std::optional or smart pointer: binary/null. Full ones: the value.
/// - Sequences of std::byte (`bytes`): binary/plain.
/// - Types with a `payload_codec`; protobuf messages have theirs in rondo/protobuf.hpp: json/protobuf,
///   or binary/protobuf where that is chosen.
/// - All else: json/plain, see rondo/json.hpp; what nlohmann/json converts, by way of rondo/nlohmann.hpp.
namespace rondo {

class failure;

using bytes = std::vector<std::byte>;

/// A value that cannot be written, or a payload that does not hold what is wanted.
class conversion_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Specialise it for a type with an encoding of its own: `static void encode(payload_sink&, const T&)` and
/// `static T decode(const payload_view&)`, which throw `conversion_error`. Each of the two may take a further
/// `const serialization_context*`, which says whose value it is; null: nobody knows.
/// Not for kinds of rondo::failure.
template <class T>
struct payload_codec;

template <class T>
concept has_payload_codec = requires { sizeof(payload_codec<T>); };

namespace detail {

template <class T>
concept encodes_in_context = requires(payload_sink& sink, const T& value, const serialization_context* whose) {
  payload_codec<T>::encode(sink, value, whose);
};
template <class T>
concept decodes_in_context =
    requires(const payload_view& from, const serialization_context* whose) { payload_codec<T>::decode(from, whose); };

/// True if the codec of the type, or of what it may hold, asks whose a value is.
template <class T>
constexpr bool asks_for_context() {
  if constexpr (std::is_void_v<T>) {
    return false;
  } else if constexpr (has_payload_codec<T>) {
    return encodes_in_context<T> || decodes_in_context<T>;
  } else if constexpr (json::has_codec<T>) {
    return false;
  } else if constexpr (json::detail::is_optional<T>) {
    return asks_for_context<typename T::value_type>();
  } else if constexpr (json::detail::pointer_like<T>) {
    return asks_for_context<std::remove_const_t<typename T::element_type>>();
  } else {
    return false;
  }
}

}  // namespace detail

/// Types whose `payload_codec` asks whose a value is, and std::optional and smart pointers of them.
template <class T>
concept takes_serialization_context = detail::asks_for_context<T>();

/// Adds `value` to `sink` as one payload. Throws `conversion_error`; the payload is incomplete then.
template <class T>
void encode(payload_sink& sink, const T& value);

/// The same for a value whose owner is known; `whose` may be null. Types that do not ask for it are not told.
template <class T>
void encode(payload_sink& sink, const T& value, const serialization_context* whose);

/// Adds one payload for each value.
template <class... Values>
void encode_all(payload_sink& sink, const Values&... values) {
  (encode(sink, values), ...);
}

/// The value in `from`; nothing for `void`. Throws `conversion_error`.
template <class T>
T decode(const payload_view& from);
/// The same for a value whose owner is known; `whose` may be null.
template <class T>
T decode(const payload_view& from, const serialization_context* whose);

/// One value for each element of `Tuple`. Missing values are empty if all from there on are std::optional; surplus ones
/// are ignored. Throws `conversion_error`, which names the argument.
template <class Tuple>
Tuple decode_arguments(payload_span arguments);
/// The same for values whose owner is known; `whose` may be null.
template <class Tuple>
Tuple decode_arguments(payload_span arguments, const serialization_context* whose);

namespace detail {

template <class T>
concept protobuf_like = requires(const T& message, T& target, std::string* out) {
  message.SerializeToString(out);
  target.ParseFromString(*out);
  message.GetTypeName();
};

template <class T>
concept nil_like = json::detail::null_like<T> || std::is_same_v<T, std::nullopt_t>;
template <class T>
concept maybe_nil = json::detail::is_optional<T> || json::detail::pointer_like<T>;
template <class T>
inline constexpr bool is_optional = json::detail::is_optional<T>;

/// How error messages call a type.
template <class T>
constexpr std::string_view readable_name() {
  if constexpr (std::is_same_v<T, std::string>) {
    return "std::string";
  } else {
    return type_name<T>();
  }
}

template <class T>
[[noreturn]] void throw_unreadable(const payload_view& from, std::string_view reason) {
  if (from.message_type() == "temporal.api.sdk.v1.ExternalStorageReference") {
    throw conversion_error("cannot read " + std::string(readable_name<T>()) +
                           ": [TMPRL1105] the payload lies in external storage, but no storage is configured here");
  }
  const auto found = from.encoding().empty() ? std::string("a payload without encoding") : std::string(from.encoding());
  throw conversion_error("cannot read " + std::string(readable_name<T>()) + " from " + found + ": " +
                         std::string(reason));
}

/// A payload of an encoding that `T` is not read from.
template <class T>
[[noreturn]] void throw_wrong_encoding(const payload_view& from, std::string_view wanted) {
  throw_unreadable<T>(from, "expected " + std::string(wanted));
}

inline bool is_nil(const payload_view& from) {
  return from.encoding() == encoding::null || (from.encoding() == encoding::json && from.data() == "null");
}

inline void encode_payload(payload_sink& sink, const payload& value) {
  sink.add(value.encoding()) = value.data;
  for (const auto& [key, entry] : value.metadata) {
    if (key != "encoding") sink.set_metadata(key, entry);
  }
}

template <class T>
void encode_json(payload_sink& sink, const T& value) {
  try {
    json::write(sink.add(encoding::json), value);
  } catch (const json::error& failed) {
    throw conversion_error("cannot write " + std::string(readable_name<T>()) + " as JSON: " + failed.what());
  }
}

template <class T>
T decode_json(const payload_view& from) {
  if (from.encoding() != encoding::json) throw_wrong_encoding<T>(from, encoding::json);
  try {
    return json::parse<T>(from.data());
  } catch (const json::error& failed) {
    throw_unreadable<T>(from, failed.what());
  }
}

template <class Bytes>
Bytes decode_bytes(const payload_view& from) {
  if (from.encoding() == encoding::json) return decode_json<Bytes>(from);
  if (from.encoding() != encoding::binary) throw_wrong_encoding<Bytes>(from, encoding::binary);
  Bytes out{};
  if constexpr (json::detail::resizable<Bytes>) {
    out.resize(from.data().size());
  } else if (from.data().size() != out.size()) {
    throw_unreadable<Bytes>(
        from, "expected " + std::to_string(out.size()) + " bytes, found " + std::to_string(from.data().size()));
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(from.data()[i]);
  return out;
}

// `whose` is nothing at all where types do not ask for it.

template <class T, class... Whose>
T decode_maybe(const payload_view& from, const Whose*... whose) {
  if (is_nil(from)) return T{};
  if constexpr (is_optional<T>) {
    return T(decode<typename T::value_type>(from, whose...));
  } else {
    using element = std::remove_const_t<typename T::element_type>;
    return T(new element(decode<element>(from, whose...)));
  }
}

/// The number of arguments that a call must have: up to the last that is not std::optional.
template <class... Parameters>
constexpr std::size_t required_count(std::type_identity<std::tuple<Parameters...>>) {
  std::size_t index = 0, required = 0;
  ((++index, required = is_optional<Parameters> ? required : index), ...);
  return required;
}

template <class Parameter, class... Whose>
Parameter decode_argument(payload_span arguments, std::size_t index, const Whose*... whose) {
  if constexpr (is_optional<Parameter>) {
    if (index >= arguments.size()) return std::nullopt;
  }
  try {
    return decode<Parameter>(arguments[index], whose...);
  } catch (const conversion_error& failed) {
    throw conversion_error("argument " + std::to_string(index + 1) + ": " + failed.what());
  }
}

template <class Tuple, class... Whose>
Tuple decode_tuple(payload_span arguments, const Whose*... whose) {
  constexpr std::size_t required = required_count(std::type_identity<Tuple>{});
  constexpr std::size_t all = std::tuple_size_v<Tuple>;
  if (arguments.size() < required) {
    throw conversion_error("expected " + std::string(required < all ? "at least " : "") + std::to_string(required) +
                           (required == 1 ? " argument" : " arguments") + ", got " + std::to_string(arguments.size()));
  }
  return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    return Tuple{decode_argument<std::tuple_element_t<Index, Tuple>>(arguments, Index, whose...)...};
  }(std::make_index_sequence<all>{});
}

}  // namespace detail

template <class T>
void encode(payload_sink& sink, const T& value) {
  static_assert(!std::is_base_of_v<failure, T>,
                "failures are thrown, not passed as values: data_options::failures says what they travel as");
  if constexpr (std::is_same_v<T, payload>) {
    detail::encode_payload(sink, value);
  } else if constexpr (std::is_same_v<T, payload_view>) {
    detail::encode_payload(sink, value.copy());
  } else if constexpr (detail::nil_like<T>) {
    sink.add(encoding::null);
  } else if constexpr (detail::encodes_in_context<T>) {
    payload_codec<T>::encode(sink, value, nullptr);
  } else if constexpr (has_payload_codec<T>) {
    payload_codec<T>::encode(sink, value);
  } else if constexpr (detail::protobuf_like<T>) {
    static_assert(has_payload_codec<T>, "include rondo/protobuf.hpp to pass protobuf messages");
  } else if constexpr (json::has_codec<T>) {
    detail::encode_json(sink, value);
  } else if constexpr (detail::maybe_nil<T>) {
    if (value) {
      encode(sink, *value);
    } else {
      sink.add(encoding::null);
    }
  } else if constexpr (json::detail::byte_range<T>) {
    sink.add(encoding::binary).assign(reinterpret_cast<const char*>(value.data()), value.size());
  } else {
    detail::encode_json(sink, value);
  }
}

template <class T>
T decode(const payload_view& from) {
  static_assert(!std::is_base_of_v<failure, T>,
                "failures are thrown, not passed as values: data_options::failures says what they travel as");
  if constexpr (std::is_void_v<T>) {
    return;
  } else if constexpr (std::is_same_v<T, payload>) {
    return from.copy();
  } else if constexpr (detail::nil_like<T>) {
    if (!detail::is_nil(from)) detail::throw_wrong_encoding<T>(from, encoding::null);
    return T{};
  } else if constexpr (detail::decodes_in_context<T>) {
    return payload_codec<T>::decode(from, nullptr);
  } else if constexpr (has_payload_codec<T>) {
    return payload_codec<T>::decode(from);
  } else if constexpr (detail::protobuf_like<T>) {
    static_assert(has_payload_codec<T>, "include rondo/protobuf.hpp to take protobuf messages");
  } else if constexpr (json::has_codec<T>) {
    return detail::decode_json<T>(from);
  } else if constexpr (detail::maybe_nil<T>) {
    return detail::decode_maybe<T>(from);
  } else if constexpr (json::detail::byte_range<T>) {
    return detail::decode_bytes<T>(from);
  } else {
    return detail::decode_json<T>(from);
  }
}

template <class T>
void encode(payload_sink& sink, const T& value, const serialization_context* whose) {
  if constexpr (detail::encodes_in_context<T>) {
    payload_codec<T>::encode(sink, value, whose);
  } else if constexpr (has_payload_codec<T> || !takes_serialization_context<T>) {
    encode(sink, value);
  } else if (value) {
    encode(sink, *value, whose);
  } else {
    sink.add(encoding::null);
  }
}

template <class T>
T decode(const payload_view& from, const serialization_context* whose) {
  if constexpr (detail::decodes_in_context<T>) {
    return payload_codec<T>::decode(from, whose);
  } else if constexpr (has_payload_codec<T> || !takes_serialization_context<T>) {
    return decode<T>(from);
  } else {
    return detail::decode_maybe<T>(from, whose);
  }
}

template <class Tuple>
Tuple decode_arguments(payload_span arguments) {
  return detail::decode_tuple<Tuple>(arguments);
}
template <class Tuple>
Tuple decode_arguments(payload_span arguments, const serialization_context* whose) {
  return detail::decode_tuple<Tuple>(arguments, whose);
}

namespace detail {

// The same where it costs something to find out whose the values are: `whose()`, which gives a context or an optional
// of one, is called only if a type asks for it.

inline const serialization_context* address_of(const serialization_context& known) { return &known; }
inline const serialization_context* address_of(const std::optional<serialization_context>& known) {
  return known ? &*known : nullptr;
}

template <class Whose, class... Values>
void encode_all_of(const Whose& whose, payload_sink& sink, const Values&... values) {
  if constexpr ((takes_serialization_context<Values> || ...)) {
    const auto owner = whose();
    (encode(sink, values, address_of(owner)), ...);
  } else {
    encode_all(sink, values...);
  }
}

template <class T, class Whose>
T decode_of(const Whose& whose, const payload_view& from) {
  if constexpr (takes_serialization_context<T>) {
    const auto owner = whose();
    return decode<T>(from, address_of(owner));
  } else {
    return decode<T>(from);
  }
}

template <class Tuple>
inline constexpr bool any_takes_context = false;
template <class... Values>
inline constexpr bool any_takes_context<std::tuple<Values...>> = (takes_serialization_context<Values> || ...);

template <class Tuple, class Whose>
Tuple decode_arguments_of(const Whose& whose, payload_span arguments) {
  if constexpr (any_takes_context<Tuple>) {
    const auto owner = whose();
    return decode_tuple<Tuple>(arguments, address_of(owner));
  } else {
    return decode_tuple<Tuple>(arguments);
  }
}

}  // namespace detail

}  // namespace rondo
