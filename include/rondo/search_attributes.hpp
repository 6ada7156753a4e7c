#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/json.hpp"
#include "rondo/payload.hpp"

// Typed search attributes: the values by which workflows are found. They are always plain JSON with their type beside
// it, whatever the data converter is.
namespace rondo {

namespace detail {

/// What an attribute is called on the wire, by the kind that the server knows.
enum class attribute_kind : unsigned char { boolean, datetime, floating, integer, keyword, keyword_list, text };

constexpr std::string_view wire_name(attribute_kind kind) noexcept {
  constexpr std::string_view names[] = {"Bool", "Datetime", "Double", "Int", "Keyword", "KeywordList", "Text"};
  return names[static_cast<std::size_t>(kind)];
}

/// The name of an attribute, and the type of its values.
template <class Value, attribute_kind Kind>
class search_attribute {
 public:
  using value_type = Value;
  static constexpr attribute_kind kind = Kind;

  explicit constexpr search_attribute(std::string_view name) : name_(name) {}
  constexpr std::string_view name() const noexcept { return name_; }

 private:
  std::string_view name_;
};

}  // namespace detail

/// Names of search attributes; what they name must be registered with the server. Constants do well:
/// `constexpr rondo::keyword_attribute customer("CustomerId");`
using bool_attribute = detail::search_attribute<bool, detail::attribute_kind::boolean>;
using datetime_attribute =
    detail::search_attribute<std::chrono::sys_time<std::chrono::nanoseconds>, detail::attribute_kind::datetime>;
using double_attribute = detail::search_attribute<double, detail::attribute_kind::floating>;
using int_attribute = detail::search_attribute<std::int64_t, detail::attribute_kind::integer>;
using keyword_attribute = detail::search_attribute<std::string, detail::attribute_kind::keyword>;
using keyword_list_attribute = detail::search_attribute<std::vector<std::string>, detail::attribute_kind::keyword_list>;
using text_attribute = detail::search_attribute<std::string, detail::attribute_kind::text>;

/// Search attributes with their values: those of a workflow, or changes to them. Options take it as it is.
class search_attributes {
 public:
  search_attributes() = default;
  explicit search_attributes(payload_map values) : values_(std::move(values)) {}

  template <class Value, detail::attribute_kind Kind>
  search_attributes& set(detail::search_attribute<Value, Kind> which, const std::type_identity_t<Value>& value) {
    payload& made = entry<Kind>(which.name());
    made.data = json::dump(value);
    return *this;
  }
  /// As a change: the workflow has the attribute no more.
  template <class Value, detail::attribute_kind Kind>
  search_attributes& unset(detail::search_attribute<Value, Kind> which) {
    entry<Kind>(which.name()).data = "null";
    return *this;
  }
  /// Empty when there is no value. Throws json::error when the value is of another type.
  template <class Value, detail::attribute_kind Kind>
  std::optional<Value> get(detail::search_attribute<Value, Kind> which) const {
    const auto found = values_.find(which.name());
    if (found == values_.end() || found->second.data.empty()) return std::nullopt;
    return json::parse<std::optional<Value>>(found->second.data);
  }

  bool empty() const noexcept { return values_.empty(); }
  const payload_map& values() const noexcept { return values_; }
  // NOLINTNEXTLINE(google-explicit-constructor): options take the attributes themselves
  operator payload_map_view() const noexcept { return payload_map_view(values_); }

 private:
  template <detail::attribute_kind Kind>
  payload& entry(std::string_view name) {
    payload& made = values_[std::string(name)];
    made.metadata["encoding"] = encoding::json;
    made.metadata["type"] = detail::wire_name(Kind);
    return made;
  }

  payload_map values_;
};

}  // namespace rondo
