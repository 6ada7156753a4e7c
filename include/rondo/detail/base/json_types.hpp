#pragma once
#include <array>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

// The words of the JSON library: errors, and the ways in which a type says what its JSON looks like.
namespace rondo::json {

/// Text that is not JSON, or not JSON of the wanted type; or a value that has no JSON form (NaN, invalid UTF-8).
class error : public std::exception {
 public:
  static constexpr std::size_t no_offset = static_cast<std::size_t>(-1);

  explicit error(std::string reason, std::size_t offset = no_offset) : reason_(std::move(reason)), offset_(offset) {
    describe();
  }

  /// "expected a number, found a string at byte 17 (order.items[2].cents)"
  const char* what() const noexcept override { return what_.c_str(); }
  const std::string& reason() const noexcept { return reason_; }
  /// Bytes before the place in the text; `no_offset` when writing.
  std::size_t offset() const noexcept { return offset_; }
  /// Fields and elements that lead to the place; empty at the top.
  const std::string& path() const noexcept { return path_; }

  /// Says that the place lies inside a field, an element or a type; called from the inside out.
  void inside_field(std::string_view name) { prepend("." + std::string(name)); }
  void inside_element(std::size_t index) { prepend("[" + std::to_string(index) + "]"); }
  void inside_type(std::string_view name) {
    if (path_.starts_with('.')) prepend(name);
  }

 private:
  void prepend(std::string_view step) {
    path_.insert(0, step);
    describe();
  }
  void describe() {
    what_ = reason_;
    if (offset_ != no_offset) what_ += " at byte " + std::to_string(offset_);
    if (!path_.empty()) what_ += " (" + path_.substr(path_.front() == '.' ? 1 : 0) + ")";
  }

  std::string reason_, path_, what_;
  std::size_t offset_;
};

/// JSON as it stands in the text, for values that no C++ type describes. Empty is written as null.
struct raw {
  std::string text{};
  friend bool operator==(const raw&, const raw&) = default;
};

class reader;
class writer;

/// Specialise it for a type whose JSON is not that of its fields:
/// `template <> struct rondo::json::codec<money> {`
/// `  static void write(json::writer& out, const money& m) { out.write(m.cents()); }`
/// `  static money read(json::reader& in) { return money(in.read<int>()); }`
/// `};`
template <class T>
struct codec;

template <class T>
concept has_codec = requires { sizeof(codec<T>); };

struct renaming {
  std::string_view field, name;
};
template <std::size_t Count>
struct field_renamings {
  std::array<renaming, Count> list{};
};
template <class Enum>
struct enumerator {
  Enum value;
  std::string_view name;
};
template <class Enum, std::size_t Count>
struct enumerator_names {
  std::array<enumerator<Enum>, Count> list{};
};
struct unchanged_names {};

/// Specialise it to give fields or enumerators other names in JSON; enumerators are numbers without it:
/// `template <> inline constexpr auto rondo::json::names<order> = rondo::json::renamed({{"cents", "totalCents"}});`
/// `template <> inline constexpr auto rondo::json::names<color> =`
/// `    rondo::json::enumerators<color>({{color::red, "red"}, {color::blue, "blue"}});`
template <class T>
inline constexpr auto names = unchanged_names{};

/// Pairs of a field's name in C++ and its name in JSON; fields that are not listed keep theirs.
template <std::size_t Count>
constexpr field_renamings<Count> renamed(const renaming (&list)[Count]) {
  field_renamings<Count> out;
  for (std::size_t i = 0; i < Count; ++i) out.list[i] = list[i];
  return out;
}

/// Pairs of an enumerator and its name in JSON. Values that are not listed can be neither written nor read.
template <class Enum, std::size_t Count>
constexpr enumerator_names<Enum, Count> enumerators(const enumerator<Enum> (&list)[Count]) {
  enumerator_names<Enum, Count> out;
  for (std::size_t i = 0; i < Count; ++i) out.list[i] = list[i];
  return out;
}

template <class Object, class Member>
struct field {
  Member Object::*pointer;
  std::string_view name;
};

template <class... Fields>
struct field_list {
  std::tuple<Fields...> list;
};

constexpr std::tuple<> collect_fields() { return {}; }

template <class Object, class Member, class... Rest>
constexpr auto collect_fields(Member Object::*pointer, std::string_view name, Rest... rest) {
  return std::tuple_cat(std::tuple(field<Object, Member>{pointer, name}), collect_fields(rest...));
}

/// The fields of a class that is no aggregate, as its static member:
/// `static constexpr auto json_fields = rondo::json::fields(&account::id_, "id", &account::cents_, "cents");`
template <class... PointersAndNames>
constexpr auto fields(PointersAndNames... pointers_and_names) {
  return []<class... Fields>(std::tuple<Fields...> list) {
    return field_list<Fields...>{list};
  }(collect_fields(pointers_and_names...));
}

}  // namespace rondo::json
