#pragma once
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

#include "rondo/detail/engine/execution.hpp"
#include "rondo/detail/engine/flags.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/json.hpp"
#include "rondo/version.hpp"

// Where the code of a workflow waits, as the queries tell that every workflow answers.
namespace rondo::detail::engine {

/// A function's name without result and parameters; gcc writes some of those of coroutines with the parameters twice.
constexpr std::string_view short_function_name(std::string_view signature) noexcept {
  constexpr std::string_view nameless = "(anonymous namespace)";
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const char each = signature[i];
    if (each == '<') ++depth;
    if (each == '>') --depth;
    if (depth > 0) continue;
    if (signature.substr(i).starts_with(nameless)) {
      i += nameless.size() - 1;
      continue;
    }
    if (each == ' ' || each == '*' || each == '&') begin = i + 1;
    if (each == '(' && i > begin) return signature.substr(begin, i - begin);
  }
  return signature;
}

/// True for code of this library, by the folder that this header is in.
inline bool is_library_code(std::string_view file) noexcept {
  constexpr std::string_view here = "detail/engine/stack_trace.hpp";
  const std::string_view self = std::source_location::current().file_name();
  return self.ends_with(here) && file.starts_with(self.substr(0, self.size() - here.size()));
}

/// Calls `function` with the co_await of a coroutine and of those that it works for, the innermost first, as far as
/// they wait.
template <class Function>
void for_each_frame(const run::coroutine_node* at, Function function) {
  for (; at != nullptr; at = at->continuation) {
    const auto place = at->awaits();
    if (place.line() != 0) function(place);
  }
}

/// What the code waits for, and where: a line for each, and one for each coroutine of the user's.
inline std::string stack_trace_text(const execution& of) {
  std::string text;
  of.for_each_wait([&text](const std::string& what, const run::coroutine_node* by) {
    text += "waits for " + what + "\n";
    for_each_frame(by, [&text](const std::source_location& at) {
      if (is_library_code(at.file_name())) return;
      text.append("    in ").append(short_function_name(at.function_name())).append(" (").append(at.file_name());
      text.append(":").append(std::to_string(at.line())).append(")\n");
    });
  });
  return text.empty() ? "waits for nothing that the history knows of\n" : text;
}

inline void append_location(std::string_view file, std::uint32_t line, std::uint32_t column, std::string_view function,
                            bool internal, std::string& to) {
  if (to.back() == '}') to += ',';
  to += "{\"filePath\":" + json::dump(file) + ",\"line\":" + std::to_string(line);
  to += ",\"column\":" + std::to_string(column) + ",\"functionName\":" + json::dump(function);
  to += internal ? ",\"internalCode\":true}" : ",\"internalCode\":false}";
}

/// The JSON of a temporal.api.sdk.v1.EnhancedStackTrace, by hand as that of the metadata. A stack for everything that
/// the code waits for, which is its first location; then the coroutines. Without the text of sources, which a program
/// does not have.
inline std::string enhanced_stack_trace_json(const execution& of) {
  std::string text = "{\"sdk\":{\"name\":" + json::dump(std::string_view(sdk_name)) +
                     ",\"version\":" + json::dump(std::string_view(version_string)) + "},\"sources\":{},\"stacks\":[";
  of.for_each_wait([&text](const std::string& what, const run::coroutine_node* by) {
    text += text.back() == '}' ? ",{\"locations\":[" : "{\"locations\":[";
    append_location({}, 0, 0, what, true, text);
    for_each_frame(by, [&text](const std::source_location& at) {
      append_location(at.file_name(), at.line(), at.column(), short_function_name(at.function_name()),
                      is_library_code(at.file_name()), text);
    });
    text += "]}";
  });
  return text + "]}";
}

}  // namespace rondo::detail::engine
