#pragma once
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include "rondo/detail/base/json_types.hpp"
#include "rondo/detail/base/reflect.hpp"

// Which JSON a C++ type is written as and read from.
namespace rondo::json::detail {

enum class kind {
  none,
  custom,  ///< has a codec
  null,    ///< std::monostate, nullptr
  boolean,
  number,
  named_enum,  ///< string
  plain_enum,  ///< number
  bytes,       ///< sequence of std::byte: base64 string
  text,
  raw,
  optional,     ///< the value or null
  pointer,      ///< the value or null
  duration,     ///< number of ticks
  time,         ///< RFC 3339 string
  map,          ///< object
  sequence,     ///< array
  fixed_array,  ///< array of exactly this many elements
  tuple,        ///< array of exactly these elements
  object,       ///< aggregate or a class with json_fields
};

template <class T>
concept character =
    std::same_as<T, wchar_t> || std::same_as<T, char8_t> || std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept null_like = std::same_as<T, std::monostate> || std::same_as<T, std::nullptr_t>;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
concept pointer_like = requires(T value) {
  typename T::element_type;
  value.get();
  value.reset();
  *value;
} && std::constructible_from<T, typename T::element_type*>;
template <class T>
concept duration_like = requires {
  typename T::rep;
  typename T::period;
} && std::same_as<T, std::chrono::duration<typename T::rep, typename T::period>>;
template <class T>
concept time_like = requires { typename T::duration; } && std::same_as<T, std::chrono::sys_time<typename T::duration>>;
/// Types of other JSON libraries look like maps and lists at once.
template <class T>
concept foreign_json = requires {
  typename T::array_t;
  typename T::object_t;
};
template <class T>
concept range_like = requires(const T& value) {
  typename T::value_type;
  value.begin();
  value.end();
} && !std::same_as<typename T::value_type, T>;
template <class T>
concept map_like = range_like<T> && requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept unordered = requires { typename T::hasher; };
template <class T>
concept ordered = requires(const T& value) { value < value; };
template <class T>
concept byte_range = range_like<T> && std::same_as<std::remove_cv_t<typename T::value_type>, std::byte>;
template <class T>
concept tuple_like = requires { std::tuple_size<T>::value; };
template <class T>
concept has_json_fields = requires { T::json_fields.list; };
template <class T>
concept has_enumerator_names = std::is_enum_v<T> && requires { names<T>.list; };

template <class T>
constexpr bool is_plain_aggregate() {
  if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>) {
    if constexpr (!rondo::detail::has_base_class<T>) {
      return rondo::detail::count_fields<T>() <= rondo::detail::max_fields;
    }
  }
  return false;
}

template <class T>
constexpr kind kind_of_scalar() {
  if constexpr (character<T>)
    return kind::none;
  else if constexpr (std::same_as<T, bool>)
    return kind::boolean;
  else if constexpr (std::integral<T> || std::floating_point<T>)
    return kind::number;
  else if constexpr (has_enumerator_names<T>)
    return kind::named_enum;
  else
    return kind::plain_enum;
}

template <class T>
constexpr kind kind_of_class() {
  if constexpr (is_optional<T>)
    return kind::optional;
  else if constexpr (pointer_like<T>)
    return kind::pointer;
  else if constexpr (duration_like<T>)
    return kind::duration;
  else if constexpr (time_like<T>)
    return kind::time;
  else if constexpr (has_json_fields<T>)
    return kind::object;
  else if constexpr (byte_range<T>)
    return kind::bytes;
  else if constexpr (map_like<T>)
    return kind::map;
  else if constexpr (range_like<T>)
    return tuple_like<T> ? kind::fixed_array : kind::sequence;
  else if constexpr (tuple_like<T>)
    return kind::tuple;
  else if constexpr (is_plain_aggregate<T>())
    return kind::object;
  else
    return kind::none;
}

/// The form that needs no codec; `none` when there is no such form.
template <class T>
constexpr kind native_kind_of() {
  if constexpr (std::same_as<T, raw>)
    return kind::raw;
  else if constexpr (null_like<T>)
    return kind::null;
  else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
    return kind_of_scalar<T>();
  else if constexpr (foreign_json<T>)
    return kind::none;
  else if constexpr (std::convertible_to<const T&, std::string_view>)
    return kind::text;
  else if constexpr (std::is_class_v<T>)
    return kind_of_class<T>();
  else
    return kind::none;
}

template <class T>
constexpr kind kind_of() {
  if constexpr (has_codec<T>)
    return kind::custom;
  else
    return native_kind_of<T>();
}

/// Absent from an object instead of null.
template <class T>
inline constexpr bool may_be_absent = kind_of<T>() == kind::optional || kind_of<T>() == kind::pointer;

template <class T>
concept has_renamed_fields = requires { names<T>.list[0].field; };

template <class T>
constexpr bool renames_only_its_fields() {
  for (const renaming& each : names<T>.list) {
    bool found = false;
    for (const std::string_view field : rondo::detail::field_names<T>) found = found || field == each.field;
    if (!found) return false;
  }
  return true;
}

/// Names of the fields on the wire, in order of declaration.
template <class T>
constexpr auto make_wire_names() {
  auto list = rondo::detail::field_names<T>;
  if constexpr (has_renamed_fields<T>) {
    static_assert(renames_only_its_fields<T>(), "rondo::json::names renames a field that the type does not have");
    for (std::string_view& name : list) {
      for (const renaming& each : names<T>.list) {
        if (each.field != name) continue;
        name = each.name;
        break;
      }
    }
  }
  return list;
}

template <class T>
inline constexpr auto wire_names = make_wire_names<T>();

/// Calls `visit(name, field)` for the fields in order, until it returns true.
template <class T, class Visitor>
void visit_named_fields(T& object, Visitor&& visit) {
  using type = std::remove_const_t<T>;
  if constexpr (has_json_fields<type>) {
    std::apply([&](const auto&... each) { (void)(visit(each.name, object.*each.pointer) || ...); },
               type::json_fields.list);
  } else {
    rondo::detail::visit_fields<wire_names<type>.size()>(object, [&](auto&... each) {
      [[maybe_unused]] const std::string_view* name = wire_names<type>.data();
      (void)(visit(*name++, each) || ...);
    });
  }
}

template <class>
inline constexpr bool has_no_json_form = false;

}  // namespace rondo::json::detail

namespace rondo::json {

/// True when values of `T` can be written without a codec.
template <class T>
concept native = detail::native_kind_of<T>() != detail::kind::none;

/// True when values of `T` have a JSON form.
template <class T>
concept convertible = native<T> || has_codec<T>;

}  // namespace rondo::json
