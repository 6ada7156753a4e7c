#pragma once
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/names.hpp"
#include "rondo/detail/run/value_shape.hpp"
#include "rondo/json.hpp"

// Shapes as JSON Schema.
namespace rondo::detail::run {

inline std::string quoted(std::string_view text) {
  std::string out;
  json::writer(out).write_text(text);
  return out;
}

/// The members of a JSON object, one after the other.
class json_members {
 public:
  /// `value` is JSON.
  void add(std::string_view key, std::string_view value) {
    if (!text_.empty()) text_ += ", ";
    text_ += quoted(key);
    text_ += ": ";
    text_ += value;
  }
  void add_text(std::string_view key, std::string_view value) { add(key, quoted(value)); }
  std::string object() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

inline std::string json_list(const std::vector<std::string>& elements) {
  std::string out = "[";
  for (const auto& each : elements) out.append(out.size() == 1 ? "" : ", ").append(each);
  return out + "]";
}

/// Writes shapes as schemas. Types with a name of their own stand in `$defs`: `add` those of all calls first.
class schema_writer {
 public:
  void add(const call_shape& call) {
    for (const auto each : call.arguments) add(each());
    add(call.result());
  }
  /// Gives every type its key: its name, and where two types have the same one, the whole of how they are spelled.
  void name_types() {
    std::map<std::string, int> count;
    for (const auto* each : named_) ++count[std::string(unqualified(each->type))];
    std::map<std::string, int> used;
    for (const auto* each : named_) {
      std::string key(unqualified(each->type));
      if (count[key] > 1) key = spelled_out(each->type);
      const int times = ++used[key];
      if (times > 1) key += "_" + std::to_string(times);
      keys_.emplace(each, key);
      by_key_.emplace(std::move(key), each);
    }
  }

  /// The schema of a value, which refers to `$defs`.
  std::string schema(const value_shape& of) const {
    const auto key = keys_.find(&of);
    if (key == keys_.end()) return inline_schema(of);
    json_members members;
    members.add_text("$ref", "#/$defs/" + key->second);
    return members.object();
  }
  std::string definitions() const {
    json_members members;
    for (const auto& [key, shape] : by_key_) members.add(key, inline_schema(*shape));
    return members.object();
  }

 private:
  using kind = json::detail::kind;

  static bool has_name(const value_shape& of) {
    return of.form == kind::object || of.form == kind::named_enum || of.form == kind::plain_enum;
  }
  void add(const value_shape& of) {
    if (!seen_.insert(&of).second) {
      // What contains itself needs a name, whatever it is.
      if (open_.erase(&of) != 0 && !has_name(of)) named_.push_back(&of);
      return;
    }
    open_.insert(&of);
    if (has_name(of)) named_.push_back(&of);
    for (const auto each : of.parts) add(each());
    open_.erase(&of);
  }
  /// "shop::page<(anonymous namespace)::order>" gives "shop_page_order".
  static std::string spelled_out(std::string_view type) {
    std::string made(type);
    for (const std::string_view skipped : {"(anonymous namespace)", "{anonymous}", "<unnamed>"}) {
      for (auto at = made.find(skipped); at != made.npos; at = made.find(skipped))
        made.replace(at, skipped.size(), " ");
    }
    std::string key;
    bool gap = false;
    for (const char c : made) {
      const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
      if (plain && gap && !key.empty()) key += '_';
      if (plain) key += c;
      gap = !plain;
    }
    return key;
  }

  static void add_type(json_members& to, std::string_view type, std::string_view format = {}) {
    to.add_text("type", type);
    if (!format.empty()) to.add_text("format", format);
  }
  static std::string integer_format(const value_shape& of) {
    return (of.is_signed ? "int" : "uint") + std::to_string(of.bits);
  }
  static void add_number(json_members& to, const value_shape& of) {
    if (!of.is_integer) return add_type(to, "number", of.bits == 32 ? "float" : of.bits == 64 ? "double" : "");
    add_type(to, "integer", integer_format(of));
    const std::uint64_t highest =
        std::numeric_limits<std::uint64_t>::max() >> (64U - of.bits + (of.is_signed ? 1U : 0U));
    to.add("minimum", of.is_signed ? std::to_string(-static_cast<std::int64_t>(highest) - 1) : "0");
    to.add("maximum", std::to_string(highest));
  }
  void add_count(json_members& to, std::size_t count) const {
    to.add("minItems", std::to_string(count));
    to.add("maxItems", std::to_string(count));
  }
  std::string key_schema(const value_shape& of) const {
    if (of.form == kind::named_enum) return schema(of);
    json_members members;
    members.add_text("type", "string");
    members.add_text("pattern", of.is_signed ? "^-?[0-9]+$" : "^[0-9]+$");
    members.add_text("format", integer_format(of));
    return members.object();
  }
  void add_map(json_members& to, const value_shape& of) const {
    add_type(to, "object");
    const value_shape& key = of.parts[0]();
    if (key.form != kind::text) to.add("propertyNames", key_schema(key));
    to.add("additionalProperties", schema(of.parts[1]()));
  }
  void add_tuple(json_members& to, const value_shape& of) const {
    add_type(to, "array");
    std::vector<std::string> elements;
    for (const auto each : of.parts) elements.push_back(schema(each()));
    if (!elements.empty()) to.add("prefixItems", json_list(elements));
    to.add("items", "false");
    add_count(to, elements.size());
  }
  void add_object(json_members& to, const value_shape& of) const {
    add_type(to, "object");
    json_members fields;
    std::vector<std::string> required;
    for (std::size_t i = 0; i < of.parts.size(); ++i) {
      const value_shape& field = of.parts[i]();
      fields.add(of.names[i], schema(field));
      if (field.form != kind::optional && field.form != kind::pointer) required.push_back(quoted(of.names[i]));
    }
    to.add("properties", fields.object());
    if (!required.empty()) to.add("required", json_list(required));
  }
  void add_enumerators(json_members& to, const value_shape& of) const {
    add_type(to, "string");
    std::vector<std::string> names;
    for (const auto each : of.names) names.push_back(quoted(each));
    to.add("enum", json_list(names));
  }
  std::string inline_schema(const value_shape& of) const {
    json_members to;
    switch (of.form) {
      case kind::null:
        add_type(to, "null");
        break;
      case kind::boolean:
        add_type(to, "boolean");
        break;
      case kind::number:
      case kind::plain_enum:
        add_number(to, of);
        break;
      case kind::named_enum:
        add_enumerators(to, of);
        break;
      case kind::bytes:
        add_type(to, "string");
        to.add_text("contentEncoding", "base64");
        if (of.size != 0) to.add("x-rondo-size", std::to_string(of.size));
        break;
      case kind::text:
        add_type(to, "string");
        break;
      case kind::optional:
      case kind::pointer:
        to.add("anyOf", json_list({schema(of.parts[0]()), R"({"type": "null"})"}));
        break;
      case kind::duration:
        add_number(to, of.parts[0]());
        to.add_text("x-rondo-tick",
                    std::to_string(of.numerator) + (of.denominator == 1 ? "" : "/" + std::to_string(of.denominator)));
        break;
      case kind::time:
        add_type(to, "string", "date-time");
        break;
      case kind::map:
        add_map(to, of);
        break;
      case kind::sequence:
        add_type(to, "array");
        to.add("items", schema(of.parts[0]()));
        break;
      case kind::fixed_array:
        add_type(to, "array");
        to.add("items", schema(of.parts[0]()));
        add_count(to, of.size);
        break;
      case kind::tuple:
        add_tuple(to, of);
        break;
      case kind::object:
        add_object(to, of);
        break;
      case kind::custom:
      case kind::raw:
      case kind::none:
        to.add_text("x-rondo-type", of.type);
        if (of.opaque_payload) to.add("x-rondo-payload", "true");
        break;
    }
    return to.object();
  }

  std::set<const value_shape*> seen_, open_;
  /// In the order in which they were met.
  std::vector<const value_shape*> named_;
  std::map<const value_shape*, std::string> keys_;
  std::map<std::string, const value_shape*> by_key_;
};

/// JSON in lines: what fits into one stays in one. `before`: what stands in the line before the value, its indentation
/// apart.
inline std::string in_lines(std::string_view value, std::size_t indent = 0, std::size_t before = 0) {
  constexpr std::size_t width = 110;
  const bool nested = value.starts_with('{') || value.starts_with('[');
  if (!nested || indent + before + value.size() <= width) return std::string(value);
  const std::string margin(indent + 2, ' ');
  std::string out(1, value.front());
  const auto next = [&out, &margin] { out.append(out.size() == 1 ? "\n" : ",\n").append(margin); };
  json::reader in(value);
  if (value.front() == '{') {
    in.read_object([&](std::string_view key) {
      next();
      const std::string name = quoted(key) + ": ";
      out.append(name).append(in_lines(in.read_raw(), indent + 2, name.size()));
    });
  } else {
    in.read_array([&](std::size_t) {
      next();
      out.append(in_lines(in.read_raw(), indent + 2));
    });
  }
  return out.append("\n").append(indent, ' ').append(1, value.front() == '{' ? '}' : ']');
}

}  // namespace rondo::detail::run
