#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/utf8.hpp"
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

namespace detail {

/// At most so many bytes of the text, with U+FFFD for every byte that is not UTF-8.
inline std::string readable_text(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = rondo::detail::utf8_length(text, at);
    if (out.size() + (length == 0 ? 3 : length) > most) break;
    if (length == 0) {
      rondo::detail::append_utf8(out, U'\uFFFD');
      ++at;
    } else {
      out.append(text.substr(at, length));
      at += length;
    }
  }
  return out;
}

/// The same JSON with an escape for every character that is not printable ASCII. The text is valid UTF-8.
inline std::string ascii_json(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  const auto escape = [&](unsigned unit) {
    out += "\\u";
    for (unsigned shift = 16; shift > 0;) {
      shift -= 4;
      out += digits[(unit >> shift) & 15U];
    }
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = rondo::detail::utf8_length(text, at);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    if (length <= 1) {
      if (byte(0) < 0x7F) {
        out += text[at];
      } else {
        escape(byte(0));
      }
      ++at;
      continue;
    }
    unsigned point = byte(0) & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) point = (point << 6U) | (byte(i) & 63U);
    if (point >= 0x10000) {
      escape(0xD800U + ((point - 0x10000U) >> 10U));
      escape(0xDC00U + ((point - 0x10000U) & 0x3FFU));
    } else {
      escape(point);
    }
    at += length;
  }
  return out;
}

inline constexpr std::size_t most_message = 64 * 1024;
inline constexpr std::size_t most_stack_lines = 64;
inline constexpr std::size_t most_stack_line = 1024;

}  // namespace detail

/// {"errorMessage", "errorType", "stackTrace"}; any bytes make valid JSON.
inline std::string error_body(const lambda_error& of) {
  std::vector<std::string> stack;
  for (const auto& line : of.stack_trace) {
    if (stack.size() == detail::most_stack_lines) break;
    stack.push_back(detail::readable_text(line, detail::most_stack_line));
  }
  std::string out = "{\"errorMessage\":";
  json::write(out, detail::readable_text(of.message, detail::most_message));
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
  json::write(out, detail::readable_text(working_directory, most_in_header));
  out += ",\"exceptions\":[{\"type\":";
  json::write(out, error_type_of(of.type));
  out += ",\"message\":";
  json::write(out, detail::readable_text(of.message, most_in_header));
  out += ",\"stack\":[]}],\"paths\":[]}";
  return detail::ascii_json(out);
}

}  // namespace rondo::serverless
