#pragma once
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/detail/base/utf8.hpp"
#include "rondo/log.hpp"

// Where log lines go: text for people, JSON for machines.
namespace rondo {

namespace detail {

/// Appends `text` so that it stays on its line and is valid UTF-8; `quoted` escapes quotes and backslashes too.
inline void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text, i);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20 || c == 0x7F) {
      out += "\\u00";
      out += "0123456789abcdef"[c >> 4U];
      out += "0123456789abcdef"[c & 15U];
    } else {
      if (quoted && (c == '"' || c == '\\')) out += '\\';
      out.append(text, i, length);
    }
    i += length == 0 ? 1 : length;
  }
}

inline void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text, true);
  out += '"';
}

template <class Number>
void append_number(std::string& out, Number number) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

inline void append_log_time(std::string& out, std::chrono::system_clock::time_point now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now - seconds);
  append_rfc3339(out, {seconds, static_cast<std::uint32_t>(std::chrono::nanoseconds(milliseconds).count())}, 3);
}

/// `2026-11-21T14:00:00.123Z INFO message key=value other="two words"`
inline std::string log_text_line(std::chrono::system_clock::time_point now, log_level level, std::string_view message,
                                 std::span<const log_field> fields) {
  std::string line;
  append_log_time(line, now);
  line += ' ';
  line += to_string(level);
  line += ' ';
  append_escaped(line, message, false);
  for (const log_field& field : fields) {
    line += ' ';
    append_escaped(line, field.key, false);
    line += '=';
    std::visit(
        [&line](const auto& value) {
          using type = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::same_as<type, std::string_view>) {
            const bool bare = !value.empty() && value.find_first_of(" =\"\\") == std::string_view::npos;
            bare ? append_escaped(line, value, false) : append_quoted(line, value);
          } else if constexpr (std::same_as<type, bool>) {
            line += value ? "true" : "false";
          } else {
            append_number(line, value);
          }
        },
        field.value.get());
  }
  line += '\n';
  return line;
}

/// `{"time":"2026-11-21T14:00:00.123Z","level":"INFO","message":"...","key":"value"}`
inline std::string log_json_line(std::chrono::system_clock::time_point now, log_level level, std::string_view message,
                                 std::span<const log_field> fields) {
  std::string line = "{\"time\":\"";
  append_log_time(line, now);
  line += "\",\"level\":\"";
  line += to_string(level);
  line += "\",\"message\":";
  append_quoted(line, message);
  for (const log_field& field : fields) {
    line += ',';
    append_quoted(line, field.key);
    line += ':';
    std::visit(
        [&line](const auto& value) {
          using type = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::same_as<type, std::string_view>) {
            append_quoted(line, value);
          } else if constexpr (std::same_as<type, bool>) {
            line += value ? "true" : "false";
          } else if constexpr (std::same_as<type, double>) {
            if (value - value == 0) {
              append_number(line, value);
            } else {
              line += "null";  // JSON has neither NaN nor infinity
            }
          } else {
            append_number(line, value);
          }
        },
        field.value.get());
  }
  line += "}\n";
  return line;
}

}  // namespace detail

/// Lines for people: `2026-11-21T14:00:00.123Z INFO message key=value`.
class text_log_sink final : public log_sink {
 public:
  /// `file` stays open for as long as the sink is used.
  explicit text_log_sink(std::FILE* file = stderr) : file_(file) {}
  void write(log_level level, std::string_view message, std::span<const log_field> fields) override {
    const auto line = detail::log_text_line(std::chrono::system_clock::now(), level, message, fields);
    std::fwrite(line.data(), 1, line.size(), file_);  // one call per line: the C library locks the file for it
  }

 private:
  std::FILE* file_;
};

/// Lines for machines, one JSON object each: time, level, message and the fields.
class json_log_sink final : public log_sink {
 public:
  /// `file` stays open for as long as the sink is used.
  explicit json_log_sink(std::FILE* file = stderr) : file_(file) {}
  void write(log_level level, std::string_view message, std::span<const log_field> fields) override {
    const auto line = detail::log_json_line(std::chrono::system_clock::now(), level, message, fields);
    std::fwrite(line.data(), 1, line.size(), file_);
  }

 private:
  std::FILE* file_;
};

/// A logger that writes text lines on stderr, from `least` on.
inline logger stderr_logger(log_level least = log_level::info) {
  return logger(std::make_shared<text_log_sink>(), least);
}

}  // namespace rondo
