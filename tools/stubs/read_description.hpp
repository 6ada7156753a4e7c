#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/describe.hpp"
#include "rondo/json.hpp"
#include "tools/json_text.hpp"
#include "tools/stubs/description.hpp"

namespace rondo::tools::stubs {

/// A JSON value that knows where it stands.
class node {
 public:
  node(std::string_view text, std::string path) : text_(text), path_(std::move(path)) {}

  std::string_view text() const noexcept { return text_; }
  [[noreturn]] void fail(const std::string& reason) const {
    throw stub_error((path_.empty() ? "the description" : path_) + ": " + reason);
  }

  std::optional<node> find(std::string_view key) const {
    for (auto& [name, value] : members()) {
      if (name == key) return value;
    }
    return std::nullopt;
  }
  node at(std::string_view key) const {
    auto found = find(key);
    if (!found) fail("\"" + std::string(key) + "\" is missing");
    return *found;
  }
  bool has(std::string_view key) const { return find(key).has_value(); }

  std::vector<std::pair<std::string, node>> members() const {
    std::vector<std::pair<std::string, node>> all;
    read("an object", [&](json::reader& in) {
      in.read_object([&](std::string_view key) {
        all.emplace_back(key, node(in.read_raw(), path_.empty() ? std::string(key) : path_ + "." + std::string(key)));
      });
    });
    return all;
  }
  std::vector<node> elements() const {
    std::vector<node> all;
    read("an array", [&](json::reader& in) {
      in.read_array(
          [&](std::size_t index) { all.emplace_back(in.read_raw(), path_ + "[" + std::to_string(index) + "]"); });
    });
    return all;
  }
  std::string string() const { return read_as<std::string>("a string"); }
  std::size_t count() const { return read_as<std::uint32_t>("a small number"); }
  bool truth() const { return read_as<bool>("true or false"); }

 private:
  void read(const char* wanted, const std::function<void(json::reader&)>& how) const {
    try {
      json::reader in(text_);
      how(in);
    } catch (const json::error&) {
      fail(std::string("this is not ") + wanted);
    }
  }
  template <class T>
  T read_as(const char* wanted) const {
    T value{};
    read(wanted, [&value](json::reader& in) { value = in.template read<T>(); });
    return value;
  }

  std::string_view text_;
  std::string path_;
};

class description_reader {
 public:
  description read(const node& root) {
    const std::size_t version = root.has("rondo") ? root.at("rondo").count() : 0;
    if (version != description_version) {
      root.fail(version == 0 ? "it has no \"rondo\", the version of the format; is it a description?"
                             : "its version is " + std::to_string(version) + ", and this program knows " +
                                   std::to_string(description_version) + " only");
    }
    description made;
    if (const auto definitions = root.find("$defs")) {
      for (const auto& [name, schema] : definitions->members()) {
        if (!made.definitions.emplace(name, definition(schema)).second) schema.fail("the name is taken");
      }
    }
    if (const auto workflows = root.find("workflows")) {
      for_named(*workflows, [&](const node& each) { made.workflows.push_back(read_workflow(each)); });
    }
    if (const auto activities = root.find("activities")) {
      for_named(*activities, [&](const node& each) { made.activities.push_back(read_call(each)); });
    }
    if (const auto services = root.find("nexus_services")) {
      for_named(*services, [&](const node& each) { made.nexus_services.push_back(read_service(each)); });
    }
    for (const auto& [name, from] : references_) {
      if (!made.definitions.contains(name)) from.fail("there is no \"" + name + "\" in $defs");
    }
    for (const auto& [name, each] : made.definitions) check_alias(made, name, each);
    return made;
  }

 private:
  template <class Function>
  static void for_named(const node& list, Function function) {
    std::set<std::string> names;
    for (const auto& each : list.elements()) {
      const auto dynamic = each.find("dynamic");
      if (dynamic && dynamic->truth()) continue;
      const std::string name = each.at("name").string();
      if (name.empty()) each.fail("the name is empty");
      if (!names.insert(name).second) each.fail("\"" + name + "\" is there twice");
      function(each);
    }
  }

  void fill(call& to, const node& from) {
    to.name = from.at("name").string();
    if (const auto said = from.find("description")) to.description = said->string();
    if (const auto arguments = from.find("arguments")) {
      for (const auto& each : arguments->elements()) to.arguments.push_back(schema(each));
    }
    if (const auto result = from.find("result")) to.result = schema(*result);
  }
  call read_call(const node& from) {
    call made;
    fill(made, from);
    return made;
  }
  nexus_service read_service(const node& from) {
    nexus_service made;
    made.name = from.at("name").string();
    for_named(from.at("operations"), [&](const node& each) {
      made.operations.push_back(read_call(each));
      if (made.operations.back().arguments.size() > 1) each.fail("a Nexus operation takes at most one value");
    });
    return made;
  }
  workflow read_workflow(const node& from) {
    workflow made;
    fill(made, from);
    const auto handlers = [&](const char* key, std::vector<call>& to) {
      if (const auto list = from.find(key)) {
        for_named(*list, [&](const node& each) { to.push_back(read_call(each)); });
      }
    };
    handlers("signals", made.signals);
    handlers("queries", made.queries);
    handlers("updates", made.updates);
    return made;
  }

  /// A schema that may stand in $defs only, or anywhere.
  type definition(const node& from) {
    const auto properties = from.find("properties");
    const auto enumerators = from.find("enum");
    if (properties) {
      type made{.kind = kind::object};
      const auto required = from.find("required");
      for (const auto& [name, value] : properties->members()) {
        if (contains(made.names, name)) value.fail("it is there twice");
        type field = schema(value);
        made.names.push_back(name);
        made.parts.push_back(is_optional(field) || is_required(required, name) ? field : optional(field));
      }
      for (const auto& each : required ? required->elements() : std::vector<node>{}) {
        if (!contains(made.names, each.string())) each.fail("there is no such property");
      }
      return made;
    }
    if (enumerators) {
      type made{.kind = kind::enumeration};
      for (const auto& each : enumerators->elements()) {
        if (contains(made.names, each.string())) each.fail("it is there twice");
        made.names.push_back(each.string());
      }
      if (made.names.empty()) enumerators->fail("it has no values");
      return made;
    }
    return schema(from);
  }
  static bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  static type optional(const type& value) {
    type made{.kind = kind::optional};
    made.parts.push_back(value);
    return made;
  }
  static bool is_required(const std::optional<node>& list, const std::string& name) {
    if (!list) return false;
    const auto all = list->elements();
    return std::any_of(all.begin(), all.end(), [&](const node& each) { return each.string() == name; });
  }

  type schema(const node& from) {
    if (const auto reference = from.find("$ref")) return refer(*reference);
    if (const auto choices = from.find("anyOf")) return read_optional(*choices);
    if (const auto other = from.find("x-rondo-type")) {
      const auto opaque = from.find("x-rondo-payload");
      return {.kind = opaque && opaque->truth() ? kind::payload : kind::any, .name = other->string()};
    }
    if (!from.has("type")) unknown(from);
    const std::string name = from.at("type").string();
    if (name == "null") return {.kind = kind::null};
    if (name == "boolean") return {.kind = kind::boolean};
    if (name == "integer" || name == "number") return read_number(from, name == "integer");
    if (name == "string") return read_string(from);
    if (name == "array") return read_array(from);
    if (name == "object") return read_map(from);
    unknown(from);
  }
  [[noreturn]] static void unknown(const node& from) { from.fail("unknown type " + std::string(from.text())); }

  type refer(const node& from) {
    constexpr std::string_view prefix = "#/$defs/";
    const std::string target = from.string();
    if (!target.starts_with(prefix)) from.fail("only references to #/$defs/... are known");
    references_.emplace_back(target.substr(prefix.size()), from);
    return {.kind = kind::reference, .name = target.substr(prefix.size())};
  }
  type read_optional(const node& from) {
    std::vector<type> choices;
    for (const auto& each : from.elements()) choices.push_back(schema(each));
    if (choices.size() != 2 || choices[1].kind != kind::null)
      from.fail("only a type and null, in that order, are known");
    return is_optional(choices[0]) ? choices[0] : optional(choices[0]);
  }
  type read_number(const node& from, bool is_integer) {
    type made{.kind = is_integer ? kind::integer : kind::number, .bits = 64};
    if (const auto tick = from.find("x-rondo-tick")) made.tick = tick->string();
    const auto format = from.find("format");
    const std::string name = format ? format->string() : is_integer ? "int64" : "double";
    if (!is_integer) {
      if (name != "double" && name != "float") format->fail("unknown format of a number");
      if (name == "float") made.bits = 32;
      return made;
    }
    made.is_signed = !name.starts_with('u');
    const std::string_view width = std::string_view(name).substr(made.is_signed ? 0 : 1);
    for (const unsigned bits : {8U, 16U, 32U, 64U}) {
      if (width == "int" + std::to_string(bits)) {
        made.bits = bits;
        return made;
      }
    }
    format->fail("unknown format of an integer");
  }
  type read_string(const node& from) {
    if (from.has("enum")) from.fail("give an enumeration a name of its own in $defs");
    if (const auto encoding = from.find("contentEncoding")) {
      if (encoding->string() != "base64") encoding->fail("only base64 is known");
      const auto size = from.find("x-rondo-size");
      return {.kind = kind::bytes, .size = size ? size->count() : 0};
    }
    const auto format = from.find("format");
    if (!format) return {.kind = kind::text};
    if (format->string() != "date-time") format->fail("unknown format of a string");
    return {.kind = kind::time};
  }
  type read_array(const node& from) {
    type made{.kind = kind::list};
    if (const auto parts = from.find("prefixItems")) {
      made.kind = kind::tuple;
      for (const auto& each : parts->elements()) made.parts.push_back(schema(each));
      return made;
    }
    const node items = from.at("items");
    if (items.text() == "false") return {.kind = kind::tuple};
    made.parts.push_back(schema(items));
    const auto least = from.find("minItems"), most = from.find("maxItems");
    if (least && most && least->count() == most->count()) {
      made.kind = kind::array;
      made.size = least->count();
    }
    return made;
  }
  type read_map(const node& from) {
    if (from.has("properties")) from.fail("give an object a name of its own in $defs");
    if (!from.has("additionalProperties")) unknown(from);
    type made{.kind = kind::map};
    made.parts.push_back({.kind = kind::text});
    if (const auto key = from.find("propertyNames")) {
      made.parts[0] = key->has("pattern") ? read_number(*key, true) : schema(*key);
    }
    made.parts.push_back(schema(from.at("additionalProperties")));
    return made;
  }

  /// A name for itself names nothing.
  static void check_alias(const description& in, const std::string& name, const type& of) {
    std::set<std::string> met{name};
    for (const type* each = &of; each->kind == kind::reference; each = &in.definitions.at(each->name)) {
      if (!met.insert(each->name).second) throw stub_error("$defs." + name + ": it stands for itself");
    }
  }

  std::vector<std::pair<std::string, node>> references_;
};

/// Throws stub_error.
inline description read_description(std::string_view text) {
  try {
    json::check(text);
  } catch (const json::error& wrong) {
    std::string said = "the description is not JSON: " + wrong.reason();
    if (wrong.offset() != json::error::no_offset) said += " at " + place_in(text, wrong.offset());
    throw stub_error(said);
  }
  return description_reader().read(node(text, {}));
}

}  // namespace rondo::tools::stubs
