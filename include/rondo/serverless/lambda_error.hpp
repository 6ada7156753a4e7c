#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/readable_text.hpp"
#include "rondo/json.hpp"

// How AWS Lambda is told of errors.
namespace rondo::serverless {

/// What the Runtime API gets in place of a response.
struct lambda_error {
  /// "Runtime." or "Function." and a word in camel case; see error_type_of().
  std::string type{};
  std::string message{};
  std::vector<std::string> stack_trace{};
};

/// `wanted` when Lambda takes it, that is (Runtime|Function)\.[A-Z][a-zA-Z]+; otherwise the "Unknown" of its family,
/// and "Function.Unknown" when it has none.
inline std::string error_type_of(std::string_view wanted) {
  const bool is_runtime = wanted.starts_with("Runtime.");
  const std::string unknown = is_runtime ? "Runtime.Unknown" : "Function.Unknown";
  if (!is_runtime && !wanted.starts_with("Function.")) return unknown;
  const auto name = wanted.substr(wanted.find('.') + 1);
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (name.size() < 2 || !is_upper(name.front())) return unknown;
  for (const char c : name) {
    if (!is_upper(c) && !(c >= 'a' && c <= 'z')) return unknown;
  }
  return std::string(wanted);
}

/// {"errorMessage", "errorType", "stackTrace"}; any bytes make valid JSON.
inline std::string error_body(const lambda_error& of) {
  constexpr std::size_t most_message = 64 * 1024, most_stack_lines = 64, most_stack_line = 1024;
  std::vector<std::string> stack;
  for (const auto& line : of.stack_trace) {
    if (stack.size() == most_stack_lines) break;
    stack.push_back(rondo::detail::readable_text(line, most_stack_line));
  }
  std::string out = "{\"errorMessage\":";
  json::write(out, rondo::detail::readable_text(of.message, most_message));
  out += ",\"errorType\":";
  json::write(out, error_type_of(of.type));
  out += ",\"stackTrace\":";
  json::write(out, stack);
  return out + "}";
}

/// What X-Ray shows of an error. It goes into a header, so everything that is not ASCII is escaped.
inline std::string xray_cause(const lambda_error& of, std::string_view working_directory) {
  constexpr std::size_t most_in_header = 4 * 1024;
  std::string out = "{\"working_directory\":";
  json::write(out, rondo::detail::readable_text(working_directory, most_in_header));
  out += ",\"exceptions\":[{\"type\":";
  json::write(out, error_type_of(of.type));
  out += ",\"message\":";
  json::write(out, rondo::detail::readable_text(of.message, most_in_header));
  out += ",\"stack\":[]}],\"paths\":[]}";
  return rondo::detail::ascii_json(out);
}

}  // namespace rondo::serverless
