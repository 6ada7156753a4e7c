#pragma once
#include <string>
#include <string_view>
#include <type_traits>

#include "rondo/detail/base/json_kind.hpp"
#include "rondo/detail/base/json_reader.hpp"
#include "rondo/detail/base/json_types.hpp"
#include "rondo/detail/base/json_writer.hpp"

/// JSON of C++ types, without macros and without a document in between.
///
/// - Aggregates (up to 32 fields, no base classes, no C arrays) and classes with `json_fields`: object. An empty
///   std::optional or smart pointer is left out; missing fields keep their initialisers; unknown ones are skipped.
/// - std::string, std::string_view and the like: string. bool; integers, checked for range; floating point (no NaN).
/// - Enums: number, or name when `names<Enum>` lists them.
/// - std::optional, smart pointers: the value or null. std::monostate, nullptr: null.
/// - Sequences, sets, std::array, std::pair, std::tuple: array. Maps: object; unordered ones are written sorted.
/// - Sequences of std::byte: base64 string. Durations: number of ticks. System clock times: RFC 3339 string.
/// - `raw`: JSON as it is. All else, std::variant included: specialise `codec`.
namespace rondo::json {

/// Appends the JSON of `value` to `out`. Throws `error` when it has none; `out` then ends with an incomplete text.
template <class T>
void write(std::string& out, const T& value) {
  try {
    writer(out).write(value);
  } catch (error& failed) {
    if constexpr (detail::kind_of<T>() == detail::kind::object) failed.inside_type(rondo::detail::type_name<T>());
    throw;
  }
}

/// The JSON of `value`. Throws `error` when it has none.
template <class T>
std::string dump(const T& value) {
  std::string out;
  write(out, value);
  return out;
}

/// The value that `text` is the JSON of. Throws `error` when it is not JSON, or JSON of another type.
template <class T>
T parse(std::string_view text) {
  try {
    reader in(text);
    T value = in.template read<T>();
    in.finish();
    return value;
  } catch (error& failed) {
    if constexpr (detail::kind_of<T>() == detail::kind::object) failed.inside_type(rondo::detail::type_name<T>());
    throw;
  }
}

inline void check(std::string_view text) {
  reader in(text);
  in.skip();
  in.finish();
}

}  // namespace rondo::json
