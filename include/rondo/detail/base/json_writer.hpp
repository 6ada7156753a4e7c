#pragma once
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/base/json_kind.hpp"
#include "rondo/detail/base/json_types.hpp"
#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/detail/base/utf8.hpp"

namespace rondo::json {

/// Arrays and objects may lie in one another this deep, when written and when read.
inline constexpr int max_depth = 200;

/// Throws `error` unless `text` is one JSON value.
void check(std::string_view text);

/// Appends values to a string; what codecs write to.
class writer {
 public:
  explicit writer(std::string& out) : out_(out) {}

  /// Appends the JSON of `value`. Throws `error` when it has none (NaN, infinity, invalid UTF-8, nesting too deep).
  template <class T>
  void write(const T& value);

  /// Appends a JSON string.
  void write_text(std::string_view text);

 private:
  using kind = detail::kind;

  struct level {
    explicit level(writer& of) : depth(of.depth_) {
      if (++depth > max_depth) {
        --depth;
        throw error("nested deeper than " + std::to_string(max_depth));
      }
    }
    level(const level&) = delete;
    ~level() { --depth; }
    int& depth;
  };

  template <class Number>
  void write_number(Number value);
  template <class Time>
  void write_time(const Time& value);
  template <class Enum>
  void write_enumerator(Enum value);
  template <class Bytes>
  void write_bytes(const Bytes& value);
  template <class Key>
  void write_key(const Key& key);
  template <class Map>
  void write_map(const Map& map);
  template <class Sequence>
  void write_sequence(const Sequence& sequence);
  template <class Tuple>
  void write_tuple(const Tuple& tuple);
  template <class Object>
  void write_object(const Object& object);
  void write_raw(const raw& value);
  void escape(unsigned char c);

  std::string& out_;
  int depth_ = 0;
};

template <class T>
void writer::write(const T& value) {
  constexpr kind form = detail::kind_of<T>();
  if constexpr (form == kind::custom)
    codec<T>::write(*this, value);
  else if constexpr (form == kind::null)
    out_ += "null";
  else if constexpr (form == kind::boolean)
    out_ += value ? "true" : "false";
  else if constexpr (form == kind::number)
    write_number(value);
  else if constexpr (form == kind::named_enum)
    write_enumerator(value);
  else if constexpr (form == kind::plain_enum)
    write_number(static_cast<std::underlying_type_t<T>>(value));
  else if constexpr (form == kind::bytes)
    write_bytes(value);
  else if constexpr (form == kind::text)
    write_text(value);
  else if constexpr (form == kind::raw)
    write_raw(value);
  else if constexpr (form == kind::optional || form == kind::pointer) {
    if (value)
      write(*value);
    else
      out_ += "null";
  } else if constexpr (form == kind::duration)
    write(value.count());
  else if constexpr (form == kind::time)
    write_time(value);
  else if constexpr (form == kind::map)
    write_map(value);
  else if constexpr (form == kind::sequence || form == kind::fixed_array)
    write_sequence(value);
  else if constexpr (form == kind::tuple)
    write_tuple(value);
  else if constexpr (form == kind::object)
    write_object(value);
  else
    static_assert(detail::has_no_json_form<T>,
                  "no JSON form: make the type an aggregate of at most 32 fields without base classes and C arrays, "
                  "give it a static member json_fields, or specialise rondo::json::codec for it");
}

template <class Number>
void writer::write_number(Number value) {
  if constexpr (std::floating_point<Number>) {
    if (!std::isfinite(value)) throw error("JSON has no NaN and no infinity");
  }
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value);
  out_.append(text, end.ptr);
}

template <class Time>
void writer::write_time(const Time& value) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(value - seconds);
  out_ += '"';
  if (!rondo::detail::append_rfc3339(out_, {seconds, static_cast<std::uint32_t>(rest.count())})) {
    throw error("a time outside the years 0 to 9999");
  }
  out_ += '"';
}

template <class Enum>
void writer::write_enumerator(Enum value) {
  for (const auto& each : names<Enum>.list) {
    if (each.value == value) return write_text(each.name);
  }
  throw error("rondo::json::names has no name for value " +
              std::to_string(static_cast<std::underlying_type_t<Enum>>(value)) + " of " +
              std::string(rondo::detail::type_name<Enum>()));
}

template <class Bytes>
void writer::write_bytes(const Bytes& value) {
  out_ += '"';
  rondo::detail::append_base64(out_, {reinterpret_cast<const char*>(value.data()), value.size()});
  out_ += '"';
}

template <class Key>
void writer::write_key(const Key& key) {
  constexpr kind form = detail::kind_of<Key>();
  if constexpr (form == kind::text || form == kind::named_enum) {
    write(key);
  } else {
    static_assert(std::integral<Key> || std::is_enum_v<Key>, "JSON objects have string keys: strings, integers, enums");
    out_ += '"';
    write(key);
    out_ += '"';
  }
}

template <class Map>
void writer::write_map(const Map& map) {
  const level deeper(*this);
  out_ += '{';
  bool first = true;
  const auto member = [&](const auto& entry) {
    if (!first) out_ += ',';
    first = false;
    write_key(entry.first);
    out_ += ':';
    write(entry.second);
  };
  if constexpr (detail::unordered<Map>) {
    static_assert(detail::ordered<typename Map::key_type>, "keys need < to be written in a fixed order");
    std::vector<const typename Map::value_type*> sorted;
    for (const auto& each : map) sorted.push_back(&each);
    std::stable_sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->first < b->first; });
    for (const auto* each : sorted) member(*each);
  } else {
    for (const auto& each : map) member(each);
  }
  out_ += '}';
}

template <class Sequence>
void writer::write_sequence(const Sequence& sequence) {
  const level deeper(*this);
  out_ += '[';
  std::size_t index = 0;
  const auto element = [&](const auto& value) {
    if (index != 0) out_ += ',';
    write(value);
    ++index;
  };
  try {
    if constexpr (detail::unordered<Sequence>) {
      static_assert(detail::ordered<typename Sequence::value_type>, "elements need < to be written in a fixed order");
      std::vector<const typename Sequence::value_type*> sorted;
      for (const auto& each : sequence) sorted.push_back(&each);
      std::stable_sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return *a < *b; });
      for (const auto* each : sorted) element(*each);
    } else {
      for (const auto& each : sequence) element(each);
    }
  } catch (error& failed) {
    failed.inside_element(index);
    throw;
  }
  out_ += ']';
}

template <class Tuple>
void writer::write_tuple(const Tuple& tuple) {
  const level deeper(*this);
  out_ += '[';
  [[maybe_unused]] bool first = true;
  std::apply([&](const auto&... each) { ((first ? void() : void(out_ += ','), first = false, write(each)), ...); },
             tuple);
  out_ += ']';
}

template <class Object>
void writer::write_object(const Object& object) {
  const level deeper(*this);
  out_ += '{';
  bool first = true;
  std::string_view current;
  try {
    detail::visit_named_fields(object, [&](std::string_view name, const auto& value) {
      current = name;
      if constexpr (detail::may_be_absent<std::remove_cvref_t<decltype(value)>>) {
        if (!value) return false;
      }
      if (!first) out_ += ',';
      first = false;
      write_text(name);
      out_ += ':';
      write(value);
      return false;
    });
  } catch (error& failed) {
    failed.inside_field(current);
    throw;
  }
  out_ += '}';
}

inline void writer::write_raw(const raw& value) {
  if (value.text.empty()) {
    out_ += "null";
    return;
  }
  try {
    check(value.text);
  } catch (const error& failed) {
    throw error(std::string("raw text is not JSON: ") + failed.what());
  }
  out_ += value.text;
}

inline void writer::write_text(std::string_view text) {
  out_ += '"';
  std::size_t from = 0;
  for (std::size_t i = 0;;) {
    while (i < text.size() && rondo::detail::is_plain_in_json(text[i])) ++i;
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const std::size_t length = rondo::detail::utf8_length(text, i);
      if (length == 0) throw error("invalid UTF-8 in a string, at its byte " + std::to_string(i));
      i += length;
    } else {
      out_.append(text, from, i - from);
      escape(c);
      from = ++i;
    }
  }
  out_.append(text, from);
  out_ += '"';
}

inline void writer::escape(unsigned char c) {
  out_ += '\\';
  switch (c) {
    case '\n':
      out_ += 'n';
      break;
    case '\r':
      out_ += 'r';
      break;
    case '\t':
      out_ += 't';
      break;
    case '\b':
      out_ += 'b';
      break;
    case '\f':
      out_ += 'f';
      break;
    case '"':
    case '\\':
      out_ += static_cast<char>(c);
      break;
    default:
      out_ += "u00";
      out_ += "0123456789abcdef"[c >> 4U];
      out_ += "0123456789abcdef"[c & 15U];
  }
}

}  // namespace rondo::json
