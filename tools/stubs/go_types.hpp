#pragma once
#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/stubs/description.hpp"
#include "tools/stubs/names.hpp"

// Types of a description in Go.
namespace rondo::tools::stubs {

/// Names types, and notes what the file needs for them.
class go_types {
 public:
  go_types(const description& of, scope& names) : of_(of), names_(names) {
    for (const auto& [name, each] : of.definitions) go_names_.emplace(name, names.claim(go_case(name)));
  }

  std::set<std::string> imports{};
  /// Helper functions that are used.
  std::set<std::string> helpers{};
  std::set<std::size_t> tuples{};

  const std::string& name_of(const std::string& definition) const { return go_names_.at(definition); }
  const description& of() const noexcept { return of_; }

  std::string name(const type& of) {
    switch (of.kind) {
      case kind::null:
      case kind::any:
      case kind::payload:
        return "any";
      case kind::boolean:
        return "bool";
      case kind::integer:
        return integer(of);
      case kind::number:
        return of.bits == 32 ? "float32" : "float64";
      case kind::text:
        return "string";
      case kind::bytes:
        return "[]byte";
      case kind::time:
        imports.insert("time");
        return "time.Time";
      case kind::list:
        return "[]" + element(of.parts[0]);
      case kind::array:
        return "[" + std::to_string(of.size) + "]" + name(of.parts[0]);
      case kind::tuple:
        return tuple(of);
      case kind::map:
        return "map[" + name(of.parts[0]) + "]" + name(of.parts[1]);
      case kind::optional: {
        const std::string inner = name(of.parts[0]);
        return inner == "any" ? inner : "*" + inner;
      }
      case kind::reference:
        return name_of(of.name);
      case kind::object:
      case kind::enumeration:
        break;
    }
    return "any";
  }
  std::string argument_name(const type& of) { return is_optional_bytes(of) ? "[]byte" : name(of); }
  std::string result_name(const type& of) {
    if (of.kind != kind::payload) return argument_name(of);
    imports.insert("go.temporal.io/sdk/converter");
    return "converter.RawValue";
  }

  /// Go has null for empty slices and maps, which other languages do not take for a list: the expression of a value
  /// without it.
  std::string filled(const std::string& value, const type& of) {
    if (!needs_filling(of)) return value;
    const type& real = resolved(of_, of);
    const bool is_map = real.kind == kind::map;
    std::string helper = is_map ? "filledMap" : "filledSlice";
    if (real.kind == kind::bytes || !needs_filling(real.parts.back())) {
      helpers.insert(helper);
      return helper + "(" + value + ")";
    }
    helper += "Of";
    helpers.insert(helper);
    const std::string inner = name(real.parts.back());
    return helper + "(" + value + ", func(each " + inner + ") " + inner + " { return " +
           filled("each", real.parts.back()) + " })";
  }
  bool needs_filling(const type& of) const {
    const kind real = resolved(of_, of).kind;
    return real == kind::list || real == kind::map || real == kind::bytes;
  }

  std::string definition(const std::string& wire_name) {
    const type& what = of_.definitions.at(wire_name);
    const std::string& own = name_of(wire_name);
    if (what.kind == kind::object) return structure(wire_name, own, what);
    if (what.kind == kind::enumeration) return enumeration(wire_name, own, what);
    if (what.kind == kind::integer) {
      return "// " + own + " is " + wire_name + ", whose values have no names.\ntype " + own + " " +
             (is_octet(what) ? "uint16" : integer(what)) + "\n\n";
    }
    return "// " + own + " is " + wire_name + ".\ntype " + own + " = " + name(what) + "\n\n";
  }

  struct column {
    std::string name, type, tag;
  };
  /// Fields as gofmt aligns them.
  static std::string fields(const std::vector<column>& all) {
    std::size_t names = 0, types = 0;
    for (const auto& each : all) {
      names = std::max(names, each.name.size());
      types = std::max(types, each.type.size());
    }
    std::string out;
    for (const auto& each : all) {
      out += "\t" + each.name + std::string(names - each.name.size() + 1, ' ') + each.type;
      if (!each.tag.empty()) out += std::string(types - each.type.size() + 1, ' ') + each.tag;
      out += "\n";
    }
    return out;
  }

 private:
  /// As an argument nil is null by itself.
  bool is_optional_bytes(const type& of) const {
    return is_optional(of) && resolved(of_, of.parts[0]).kind == kind::bytes;
  }
  static bool is_octet(const type& of) { return of.kind == kind::integer && of.bits == 8 && !of.is_signed; }
  static std::string integer(const type& of) { return (of.is_signed ? "int" : "uint") + std::to_string(of.bits); }
  /// A slice of octets would become base64.
  std::string element(const type& of) { return is_octet(of) ? "uint16" : name(of); }
  std::string tuple(const type& of) {
    if (of.parts.empty()) return "[0]any";
    tuples.insert(of.parts.size());
    imports.insert({"encoding/json", "fmt"});
    std::string out = "Tuple" + std::to_string(of.parts.size()) + "[";
    for (const auto& each : of.parts) out.append(out.back() == '[' ? "" : ", ").append(name(each));
    return out + "]";
  }

  static std::string tag(const std::string& struct_name, const std::string& field, const type& of) {
    static constexpr std::string_view allowed = "!#$%&()*+-./:;<=>?@[]^_{|}~ ";
    for (const char c : field) {
      const bool plain = is_upper(c) || is_lower(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
      if (!plain && allowed.find(c) == allowed.npos) {
        throw stub_error("$defs." + struct_name + ": Go cannot call a field \"" + field + "\" in JSON");
      }
    }
    if (field.empty()) throw stub_error("$defs." + struct_name + ": Go cannot have a field without name in JSON");
    const char* suffix = is_optional(of) ? ",omitempty" : field == "-" ? "," : "";
    return "`json:\"" + field + suffix + "\"`";
  }
  std::string structure(const std::string& wire_name, const std::string& own, const type& what) {
    scope inside("", {"MarshalJSON"});
    std::vector<column> columns;
    std::string filling;
    for (std::size_t i = 0; i < what.parts.size(); ++i) {
      const std::string field = inside.claim(go_case(what.names[i]));
      columns.push_back({field, name(what.parts[i]), tag(wire_name, what.names[i], what.parts[i])});
      if (needs_filling(what.parts[i])) filling += "\tv." + field + " = " + filled("v." + field, what.parts[i]) + "\n";
    }
    std::string out = "// " + own + " is " + wire_name + ".\ntype " + own + " struct";
    out += columns.empty() ? "{}\n\n" : " {\n" + fields(columns) + "}\n\n";
    if (!filling.empty()) {
      imports.insert("encoding/json");
      out += "// MarshalJSON writes empty lists and maps, and not null.\nfunc (v " + own +
             ") MarshalJSON() ([]byte, error) {\n\ttype plain " + own + "\n" + filling +
             "\treturn json.Marshal(plain(v))\n}\n\n";
    }
    return out;
  }
  std::string enumeration(const std::string& wire_name, const std::string& own, const type& what) {
    std::string out = "// " + own + " is " + wire_name + ".\ntype " + own + " string\n\n// Values of " + own + ".\n";
    for (const auto& each : what.names) {
      out += "const " + names_.claim(own + go_case(each)) + " " + own + " = " + literal(each) + "\n";
    }
    return out + "\n";
  }

  const description& of_;
  scope& names_;
  std::map<std::string, std::string> go_names_;
};

}  // namespace rondo::tools::stubs
