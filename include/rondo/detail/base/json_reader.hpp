#pragma once
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/base/json_kind.hpp"
#include "rondo/detail/base/json_scanner.hpp"
#include "rondo/detail/base/json_types.hpp"
#include "rondo/detail/base/json_writer.hpp"
#include "rondo/detail/base/rfc3339.hpp"

namespace rondo::json::detail {

template <class T>
concept assignable_text = requires(T& text, std::string_view view) { text.assign(view); };
template <class T>
concept resizable = requires(T& sequence, std::size_t size) { sequence.resize(size); };
template <class T>
concept grows_in_place = requires(T& sequence) {
  { sequence.emplace_back() } -> std::same_as<typename T::value_type&>;
};
template <class T>
concept grows_at_end = requires(T& sequence, typename T::value_type value) { sequence.push_back(std::move(value)); };
template <class T>
concept has_unique_keys = requires(T& map, typename T::key_type key, typename T::mapped_type value) {
  map.insert_or_assign(std::move(key), std::move(value));
};

}  // namespace rondo::json::detail

namespace rondo::json {

/// Reads values off a JSON text; what codecs read from. All members throw `error` when the text does not fit.
class reader {
 public:
  explicit reader(std::string_view text) : in_(text) {}

  /// The next value. Fields that the text lacks keep their initialisers, fields that `T` lacks are skipped; of a key
  /// that stands there twice the last counts.
  template <class T>
  T read() {
    if constexpr (detail::kind_of<T>() == detail::kind::custom) {
      return codec<T>::read(*this);
    } else {
      T value{};
      fill(value);
      return value;
    }
  }
  /// Replaces `value` by the next one.
  template <class T>
  void read_into(T& value);

  std::string read_text() {
    std::string scratch;
    return std::string(in_.string(scratch));
  }
  /// The next value as it is written.
  std::string_view read_raw() {
    in_.skip_space();
    const std::size_t begin = in_.position();
    skip();
    return in_.between(begin, in_.position());
  }
  bool read_null() { return in_.take_word("null"); }
  void skip();

  /// Calls `member(key)` for each member of an object; it must read, or skip, the value.
  template <class Member>
  void read_object(Member&& member);
  /// Calls `element(index)` for each element of an array; it must read, or skip, the value.
  template <class Element>
  void read_array(Element&& element);

  /// Throws an `error` that names the place reached.
  [[noreturn]] void fail(std::string reason) const { in_.fail(std::move(reason)); }
  /// Throws `error` unless the text ends here.
  void finish() { in_.finish(); }

 private:
  using kind = detail::kind;

  template <class T>
  void fill(T& fresh);
  template <class Number>
  Number read_number();
  template <class Integer>
  Integer integer_from(std::string_view token, std::size_t position);
  template <class Enum>
  Enum enumerator_from(std::string_view name, std::size_t position);
  template <class Time>
  Time read_time();
  template <class Bytes>
  void fill_bytes(Bytes& bytes);
  template <class Key>
  Key key_from(std::string_view text, std::size_t position);
  template <class Map>
  void fill_map(Map& map);
  template <class Sequence>
  void fill_sequence(Sequence& sequence);
  template <class Array>
  void fill_array(Array& array);
  template <class Tuple>
  void fill_tuple(Tuple& tuple);
  template <class Object>
  void fill_object(Object& object);

  void enter() {
    if (++depth_ > max_depth) fail("nested deeper than " + std::to_string(max_depth));
  }
  void expect_count(std::size_t found, std::size_t wanted) const {
    if (found != wanted) fail("expected " + std::to_string(wanted) + " elements, found " + std::to_string(found));
  }

  detail::scanner in_;
  int depth_ = 0;
};

template <class Member>
void reader::read_object(Member&& member) {
  enter();
  if (!in_.take('{')) in_.fail_expected("an object");
  if (!in_.take('}')) {
    do {
      std::string scratch;
      const std::string_view key = in_.string(scratch);
      if (!in_.take(':')) in_.fail_expected("':'");
      try {
        member(key);
      } catch (error& failed) {
        failed.inside_field(key);
        throw;
      }
    } while (in_.take(','));
    if (!in_.take('}')) in_.fail_expected("',' or '}'");
  }
  --depth_;
}

template <class Element>
void reader::read_array(Element&& element) {
  enter();
  if (!in_.take('[')) in_.fail_expected("an array");
  if (!in_.take(']')) {
    std::size_t index = 0;
    do {
      try {
        element(index);
      } catch (error& failed) {
        failed.inside_element(index);
        throw;
      }
      ++index;
    } while (in_.take(','));
    if (!in_.take(']')) in_.fail_expected("',' or ']'");
  }
  --depth_;
}

inline void reader::skip() {
  switch (in_.peek()) {
    case '{':
      return read_object([this](std::string_view) { skip(); });
    case '[':
      return read_array([this](std::size_t) { skip(); });
    case '"': {
      std::string scratch;
      in_.string(scratch);
      return;
    }
    case 't':
    case 'f':
    case 'n':
      if (in_.take_word("true") || in_.take_word("false") || in_.take_word("null")) return;
      in_.fail_expected("a value");
    default:
      if (in_.peek() != '-' && (in_.peek() < '0' || in_.peek() > '9')) in_.fail_expected("a value");
      in_.number();
  }
}

template <class T>
void reader::read_into(T& value) {
  constexpr kind form = detail::kind_of<T>();
  if constexpr (form == kind::custom) {
    value = codec<T>::read(*this);
  } else {
    if constexpr (form == kind::object) value = T{};
    fill(value);
  }
}

template <class T>
void reader::fill(T& fresh) {
  constexpr kind form = detail::kind_of<T>();
  in_.skip_space();
  if constexpr (form == kind::null) {
    if (!read_null()) in_.fail_expected("null");
  } else if constexpr (form == kind::boolean) {
    fresh = in_.take_word("true");
    if (!fresh && !in_.take_word("false")) in_.fail_expected("true or false");
  } else if constexpr (form == kind::number)
    fresh = read_number<T>();
  else if constexpr (form == kind::plain_enum)
    fresh = static_cast<T>(read_number<std::underlying_type_t<T>>());
  else if constexpr (form == kind::named_enum) {
    const std::size_t position = in_.position();
    std::string scratch;
    fresh = enumerator_from<T>(in_.string(scratch), position);
  } else if constexpr (form == kind::bytes)
    fill_bytes(fresh);
  else if constexpr (form == kind::text) {
    static_assert(detail::assignable_text<T>, "JSON strings are read into std::string");
    std::string scratch;
    fresh.assign(in_.string(scratch));
  } else if constexpr (form == kind::raw)
    fresh.text = read_raw();
  else if constexpr (form == kind::optional) {
    if (read_null())
      fresh.reset();
    else
      fresh.emplace(read<typename T::value_type>());
  } else if constexpr (form == kind::pointer) {
    using element = std::remove_const_t<typename T::element_type>;
    if (read_null())
      fresh.reset();
    else
      fresh = T(new element(read<element>()));
  } else if constexpr (form == kind::duration)
    fresh = T(read<typename T::rep>());
  else if constexpr (form == kind::time)
    fresh = read_time<T>();
  else if constexpr (form == kind::map)
    fill_map(fresh);
  else if constexpr (form == kind::sequence)
    fill_sequence(fresh);
  else if constexpr (form == kind::fixed_array)
    fill_array(fresh);
  else if constexpr (form == kind::tuple)
    fill_tuple(fresh);
  else if constexpr (form == kind::object)
    fill_object(fresh);
  else
    static_assert(detail::has_no_json_form<T>,
                  "no JSON form: make the type an aggregate of at most 32 fields without base classes and C arrays, "
                  "give it a static member json_fields, or specialise rondo::json::codec for it");
}

template <class Number>
Number reader::read_number() {
  const std::size_t position = in_.position();
  const std::string_view token = in_.number();
  if constexpr (std::integral<Number>) {
    return integer_from<Number>(token, position);
  } else {
    Number value{};
    const auto end = std::from_chars(token.data(), token.data() + token.size(), value);
    if (end.ec != std::errc{}) in_.fail_at("number out of range", position);
    return value;
  }
}

/// Accepts "1e3" and "2.0" too: they are integers that other languages write so.
template <class Integer>
Integer reader::integer_from(std::string_view token, std::size_t position) {
  const auto out_of_range = [&] {
    in_.fail_at("number out of range (" + std::to_string(std::numeric_limits<Integer>::min()) + " to " +
                    std::to_string(std::numeric_limits<Integer>::max()) + ")",
                position);
  };
  Integer value{};
  if (token.find_first_of(".eE") == std::string_view::npos && token != "-0") {
    const auto end = std::from_chars(token.data(), token.data() + token.size(), value);
    if (end.ec != std::errc{} || end.ptr != token.data() + token.size()) out_of_range();
    return value;
  }
  constexpr double exact = 9007199254740992.0;  // 2^53: up to there a double holds every integer
  double wide = 0;
  const auto end = std::from_chars(token.data(), token.data() + token.size(), wide);
  if (end.ec != std::errc{} || wide < -exact || wide > exact) out_of_range();
  const auto whole = static_cast<long long>(wide);
  if (static_cast<double>(whole) != wide) in_.fail_at("expected an integer, found a fraction", position);
  if constexpr (std::is_signed_v<Integer>) {
    if (whole < std::numeric_limits<Integer>::min() || whole > std::numeric_limits<Integer>::max()) out_of_range();
  } else {
    if (whole < 0 || static_cast<unsigned long long>(whole) > std::numeric_limits<Integer>::max()) out_of_range();
  }
  return static_cast<Integer>(whole);
}

template <class Enum>
Enum reader::enumerator_from(std::string_view name, std::size_t position) {
  for (const auto& each : names<Enum>.list) {
    if (each.name == name) return each.value;
  }
  in_.fail_at("no " + std::string(rondo::detail::type_name<Enum>()) + " is called \"" + std::string(name) + "\"",
              position);
}

template <class Time>
Time reader::read_time() {
  using ticks = typename Time::duration;
  const std::size_t position = in_.position();
  std::string scratch;
  const auto parsed = rondo::detail::parse_rfc3339(in_.string(scratch));
  if (!parsed) in_.fail_at("expected a time such as 2026-11-21T14:00:00Z", position);
  constexpr auto lowest = std::chrono::duration<double>(ticks::min()),
                 highest = std::chrono::duration<double>(ticks::max());
  const auto seconds = parsed->seconds.time_since_epoch();
  if (std::chrono::duration<double>(seconds) < lowest || seconds + std::chrono::seconds(1) > highest) {
    in_.fail_at("time out of range", position);
  }
  return Time(std::chrono::floor<ticks>(seconds) +
              std::chrono::floor<ticks>(std::chrono::nanoseconds(parsed->nanoseconds)));
}

template <class Bytes>
void reader::fill_bytes(Bytes& bytes) {
  const std::size_t position = in_.position();
  std::string scratch;
  const auto decoded = rondo::detail::base64_decode(in_.string(scratch));
  if (!decoded) in_.fail_at("expected base64", position);
  if constexpr (detail::resizable<Bytes>) {
    bytes.resize(decoded->size());
  } else {
    expect_count(decoded->size(), bytes.size());
  }
  for (std::size_t i = 0; i < decoded->size(); ++i) bytes[i] = static_cast<std::byte>((*decoded)[i]);
}

template <class Key>
Key reader::key_from(std::string_view text, std::size_t position) {
  constexpr kind form = detail::kind_of<Key>();
  if constexpr (form == kind::text) {
    return Key(text);
  } else if constexpr (form == kind::named_enum) {
    return enumerator_from<Key>(text, position);
  } else if constexpr (form == kind::plain_enum) {
    return static_cast<Key>(key_from<std::underlying_type_t<Key>>(text, position));
  } else {
    static_assert(std::integral<Key>, "JSON objects have string keys: strings, integers, enums");
    Key value{};
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc{} || end.ptr != text.data() + text.size())
      in_.fail_at("the key is no integer in range", position);
    return value;
  }
}

template <class Map>
void reader::fill_map(Map& map) {
  map.clear();
  read_object([&](std::string_view name) {
    auto key = key_from<typename Map::key_type>(name, in_.position());
    auto value = read<typename Map::mapped_type>();
    if constexpr (detail::has_unique_keys<Map>) {
      map.insert_or_assign(std::move(key), std::move(value));
    } else {
      map.emplace(std::move(key), std::move(value));
    }
  });
}

template <class Sequence>
void reader::fill_sequence(Sequence& sequence) {
  using value_type = typename Sequence::value_type;
  sequence.clear();
  read_array([&](std::size_t) {
    if constexpr (detail::grows_in_place<Sequence> && detail::kind_of<value_type>() != kind::custom) {
      fill(sequence.emplace_back());
    } else if constexpr (detail::grows_at_end<Sequence>) {
      sequence.push_back(read<value_type>());
    } else {
      sequence.insert(read<value_type>());
    }
  });
}

template <class Array>
void reader::fill_array(Array& array) {
  std::size_t count = 0;
  read_array([&](std::size_t index) {
    if (index >= array.size()) fail("expected " + std::to_string(array.size()) + " elements, found more");
    read_into(array[index]);
    ++count;
  });
  expect_count(count, array.size());
}

template <class Tuple>
void reader::fill_tuple(Tuple& tuple) {
  constexpr std::size_t size = std::tuple_size_v<Tuple>;
  std::size_t count = 0;
  read_array([&](std::size_t wanted) {
    if (wanted >= size) fail("expected " + std::to_string(size) + " elements, found more");
    std::size_t index = 0;
    const auto read_if_wanted = [&](auto& element) {
      if (index++ != wanted) return false;
      read_into(element);
      return true;
    };
    std::apply([&](auto&... each) { (void)(read_if_wanted(each) || ...); }, tuple);
    ++count;
  });
  expect_count(count, size);
}

template <class Object>
void reader::fill_object(Object& object) {
  read_object([&](std::string_view key) {
    bool known = false;
    detail::visit_named_fields(object, [&](std::string_view name, auto& field) {
      if (name != key) return false;
      known = true;
      read_into(field);
      return true;
    });
    if (!known) skip();
  });
}

}  // namespace rondo::json
