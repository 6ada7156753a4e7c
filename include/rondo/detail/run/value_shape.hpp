#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/json_kind.hpp"
#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/reflect.hpp"
#include "rondo/payload.hpp"

// What the converter makes of a type, as constant tables that a registry can point to: they cost a program that never
// describes itself a few hundred bytes for each type, and no code.
namespace rondo::detail::run {

struct value_shape;

/// A function, as a table of a recursive type cannot name itself.
using shape_function = const value_shape& (*)();

/// The form of one type on the wire.
struct value_shape {
  json::detail::kind form = json::detail::kind::none;
  /// A payload of which nothing is known, not even that it is JSON.
  bool opaque_payload = false;
  bool is_integer = false, is_signed = false;
  /// Bits of a number.
  std::uint16_t bits = 0;
  /// As the compiler spells it, for types that people know by name.
  std::string_view type{};
  /// Fields of an object, elements of a tuple; else the one element, the value or the number behind an enum. Of maps
  /// the key comes first.
  std::span<const shape_function> parts{};
  /// Of fields or enumerators.
  std::span<const std::string_view> names{};
  /// Of arrays and byte arrays with a fixed length; else 0.
  std::size_t size = 0;
  /// Of durations: seconds in a tick.
  std::intmax_t numerator = 1, denominator = 1;
};

template <class T>
const value_shape& json_shape();
template <class T>
const value_shape& payload_shape();

template <class... T>
inline constexpr std::array<shape_function, sizeof...(T)> json_shapes{&json_shape<T>...};

struct field_types_of {
  template <class... Fields>
  constexpr std::type_identity<std::tuple<std::remove_cv_t<Fields>...>> operator()(Fields&... /*fields*/) const {
    return {};
  }
};
template <class Member>
struct member_type;
template <class Object, class Member>
struct member_type<json::field<Object, Member>> {
  using type = Member;
};

/// The types of what `json::detail::visit_named_fields` visits, as a tuple.
template <class T>
struct field_types {
  using type = typename decltype(visit_fields<count_fields<T>()>(std::declval<T&>(), field_types_of{}))::type;
};
template <json::detail::has_json_fields T>
struct field_types<T> {
  template <class... Fields>
  static std::type_identity<std::tuple<typename member_type<Fields>::type...>> of(const std::tuple<Fields...>&);
  using type = typename decltype(of(T::json_fields.list))::type;
};

template <class T>
constexpr auto make_field_wire_names() {
  if constexpr (json::detail::has_json_fields<T>) {
    return std::apply([](const auto&... each) { return std::array<std::string_view, sizeof...(each)>{each.name...}; },
                      T::json_fields.list);
  } else {
    return json::detail::wire_names<T>;
  }
}
template <class T>
inline constexpr auto field_wire_names = make_field_wire_names<T>();

template <class Enum>
constexpr auto make_enumerator_names() {
  std::array<std::string_view, json::names<Enum>.list.size()> list{};
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = json::names<Enum>.list[i].name;
  return list;
}
template <class Enum>
inline constexpr auto enumerator_names_of = make_enumerator_names<Enum>();

template <class Tuple>
struct shapes_of_tuple;
template <class... T>
struct shapes_of_tuple<std::tuple<T...>> {
  static constexpr std::span<const shape_function> list{json_shapes<T...>};
};
template <class First, class Second>
struct shapes_of_tuple<std::pair<First, Second>> {
  static constexpr std::span<const shape_function> list{json_shapes<First, Second>};
};

template <class T>
constexpr std::string_view full_type_name() {
  return template_argument(spelling_of_type<T>(), "Type = ");
}

template <class Number>
constexpr void set_number(value_shape& of) {
  of.is_integer = std::integral<Number>;
  of.is_signed = std::is_signed_v<Number>;
  of.bits = static_cast<std::uint16_t>(sizeof(Number) * 8);
}

template <class T>
constexpr value_shape make_json_shape() {
  using json::detail::kind;
  value_shape made;
  made.form = json::detail::kind_of<T>();
  made.type = full_type_name<T>();
  constexpr kind form = json::detail::kind_of<T>();
  if constexpr (form == kind::number) {
    set_number<T>(made);
  } else if constexpr (form == kind::plain_enum) {
    set_number<std::underlying_type_t<T>>(made);
  } else if constexpr (form == kind::named_enum) {
    made.names = enumerator_names_of<T>;
  } else if constexpr (form == kind::bytes) {
    if constexpr (json::detail::tuple_like<T>) made.size = std::tuple_size_v<T>;
  } else if constexpr (form == kind::duration) {
    made.parts = json_shapes<typename T::rep>;
    made.numerator = T::period::num;
    made.denominator = T::period::den;
  } else if constexpr (form == kind::optional || form == kind::sequence) {
    made.parts = json_shapes<std::remove_cv_t<typename T::value_type>>;
  } else if constexpr (form == kind::pointer) {
    made.parts = json_shapes<std::remove_cv_t<typename T::element_type>>;
  } else if constexpr (form == kind::fixed_array) {
    made.parts = json_shapes<std::remove_cv_t<typename T::value_type>>;
    made.size = std::tuple_size_v<T>;
  } else if constexpr (form == kind::map) {
    made.parts = json_shapes<std::remove_cv_t<typename T::key_type>, std::remove_cv_t<typename T::mapped_type>>;
  } else if constexpr (form == kind::tuple) {
    made.parts = shapes_of_tuple<T>::list;
  } else if constexpr (form == kind::object) {
    made.parts = shapes_of_tuple<typename field_types<T>::type>::list;
    made.names = field_wire_names<T>;
  }
  return made;
}

/// The form of `T` in JSON.
template <class T>
const value_shape& json_shape() {
  static constexpr value_shape shape = make_json_shape<T>();
  return shape;
}

/// An optional or a pointer, whose value is what it would be alone.
template <class T>
struct maybe_value {
  using type = typename T::value_type;
};
template <json::detail::pointer_like T>
struct maybe_value<T> {
  using type = std::remove_cv_t<typename T::element_type>;
};
template <class T>
struct maybe_payload {
  static constexpr std::array<shape_function, 1> value{&payload_shape<typename maybe_value<T>::type>};
  static constexpr value_shape shape{.form = json::detail::kind::optional, .parts = value};
};

/// The form of an argument or a result of that type.
template <class T>
const value_shape& payload_shape() {
  using json::detail::kind;
  if constexpr (std::is_void_v<T> || nil_like<T>) {
    static constexpr value_shape nothing{.form = kind::null};
    return nothing;
  } else if constexpr (std::is_same_v<T, payload> || std::is_same_v<T, payload_view> || has_payload_codec<T> ||
                       protobuf_like<T>) {
    static constexpr value_shape unknown{.form = kind::custom, .opaque_payload = true, .type = full_type_name<T>()};
    return unknown;
  } else if constexpr (maybe_nil<T> && !json::has_codec<T>) {
    return maybe_payload<T>::shape;
  } else {
    return json_shape<T>();
  }
}

/// What a call takes and gives, as a registry holds it.
struct call_shape {
  std::span<const shape_function> arguments{};
  shape_function result = nullptr;
};

template <class Parameters, class Result>
struct call_shape_of;
template <class... Parameters, class Result>
struct call_shape_of<std::tuple<Parameters...>, Result> {
  static constexpr std::array<shape_function, sizeof...(Parameters)> arguments{&payload_shape<Parameters>...};
  static constexpr call_shape value{.arguments = arguments, .result = &payload_shape<Result>};
};

}  // namespace rondo::detail::run
