#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "tools/stubs/cpp.hpp"
#include "tools/stubs/description.hpp"
#include "tools/stubs/go.hpp"
#include "tools/stubs/names.hpp"
#include "tools/stubs/order.hpp"
#include "tools/stubs/python.hpp"
#include "tools/stubs/read_description.hpp"

namespace rondo::tools::stubs {

struct stub_options {
  /// go, python or cpp.
  std::string language{};
  /// Of Go, or namespace in C++; empty: "stubs". Python's module is called like its file.
  std::string package{};
};

inline const std::set<std::string>& go_keywords() {
  static const std::set<std::string> all{"break",  "case",        "chan", "const",   "continue", "default", "defer",
                                         "else",   "fallthrough", "for",  "func",    "go",       "goto",    "if",
                                         "import", "interface",   "map",  "package", "range",    "return",  "select",
                                         "struct", "switch",      "type", "var",     "main",     "init"};
  return all;
}

/// Throws stub_error for an unknown language, and for a package with a name that it cannot have: one of Go, or
/// namespaces with "::" between them.
inline void check_options(const stub_options& options) {
  if (options.language != "go" && options.language != "python" && options.language != "cpp") {
    throw stub_error("--language \"" + options.language + "\": go, python and cpp are known");
  }
  const auto refuse = [&](const std::string& why) {
    throw stub_error("--package \"" + options.package + "\": " + why);
  };
  if (options.package.empty()) return;
  if (options.language == "python") refuse("a module of Python is called like its file, see --output");
  if (options.language == "go") {
    if (!is_identifier(options.package) || go_keywords().contains(options.package)) refuse("no name of a Go package");
    return;
  }
  for (std::size_t begin = 0;;) {
    const std::size_t end = options.package.find("::", begin);
    const std::string part = options.package.substr(begin, end - begin);
    if (!is_identifier(part) || cpp_keywords().contains(part)) refuse("no name of a namespace");
    if (end == options.package.npos) return;
    begin = end + 2;
  }
}

/// The file in another language. Throws stub_error.
inline std::string generate_stubs(const stub_options& options, std::string_view text) {
  check_options(options);
  const description about = read_description(text);
  definition_order(about).require_finite();
  const std::string package = options.package.empty() ? "stubs" : options.package;
  if (options.language == "go") return go_stubs(about, package).text();
  if (options.language == "python") return python_stubs(about).text();
  return cpp_stubs(about, package).text();
}

}  // namespace rondo::tools::stubs
