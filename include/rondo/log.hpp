#pragma once
#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/detail/base/rfc3339.hpp"
#include "rondo/detail/base/utf8.hpp"

// Structured logging: a message and fields go to a sink.
namespace rondo {

enum class log_level : std::uint8_t { trace, debug, info, warn, error };

/// "TRACE", "DEBUG", "INFO", "WARN", "ERROR"
constexpr std::string_view to_string(log_level level) {
  constexpr std::array<std::string_view, 5> names = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR"};
  return names[static_cast<std::size_t>(level)];
}

/// Value of a field: a text, a number or a bool. A text is not copied.
class log_value {
 public:
  using variant = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  // NOLINTBEGIN(google-explicit-constructor): fields are written {"key", value}
  template <std::convertible_to<std::string_view> Text>
  log_value(const Text& text) : value_(std::string_view(text)) {}
  template <std::integral Integer>
  log_value(Integer number) : value_(widen(number)) {}
  template <std::floating_point Float>
  log_value(Float number) : value_(static_cast<double>(number)) {}
  // NOLINTEND(google-explicit-constructor)

  const variant& get() const noexcept { return value_; }

 private:
  template <class Integer>
  static variant widen(Integer number) {
    if constexpr (std::same_as<Integer, bool>) {
      return number;
    } else if constexpr (std::is_signed_v<Integer>) {
      return static_cast<std::int64_t>(number);
    } else {
      return static_cast<std::uint64_t>(number);
    }
  }

  variant value_;
};

/// One `key=value` of a line. Valid while the texts it names are.
struct log_field {
  std::string_view key;
  log_value value;
};

/// Where lines go. Called from several threads at once.
class log_sink {
 public:
  virtual ~log_sink() = default;
  virtual void write(log_level level, std::string_view message, std::span<const log_field> fields) = 0;
};

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

/// Gives lines to a sink, each with the fields it was made with. Cheap to copy, usable from several threads. Logging
/// never throws: a line that cannot be written is lost.
class logger {
 public:
  using fields = std::initializer_list<log_field>;

  /// Text on stderr, from `info` on.
  logger() : logger(std::make_shared<text_log_sink>()) {}
  /// Lines below `least` are dropped; so are all when `sink` is null.
  explicit logger(std::shared_ptr<log_sink> sink, log_level least = log_level::info)
      : sink_(std::move(sink)), least_(least) {}

  /// Writes nothing.
  static logger silent() { return logger(nullptr); }

  /// This logger with further fields, which are copied.
  logger with(fields more) const {
    logger out = *this;
    if (sink_ == nullptr) return out;
    auto added = std::make_shared<context>();
    if (context_) added->entries = context_->entries;
    for (const log_field& field : more) added->entries.emplace_back(field);
    out.context_ = std::move(added);
    return out;
  }
  /// This logger with another least level.
  logger with_level(log_level least) const {
    logger out = *this;
    out.least_ = least;
    return out;
  }

  /// True when lines of this level reach the sink; for lines that are costly to make.
  bool enabled(log_level level) const noexcept { return sink_ != nullptr && level >= least_; }

  void log(log_level level, std::string_view message, fields more = {}) const noexcept {
    if (!enabled(level)) return;
    try {
      write(level, message, more);
    } catch (...) {
      // What reports a failure must not become one.
    }
  }
  void trace(std::string_view message, fields more = {}) const noexcept { log(log_level::trace, message, more); }
  void debug(std::string_view message, fields more = {}) const noexcept { log(log_level::debug, message, more); }
  void info(std::string_view message, fields more = {}) const noexcept { log(log_level::info, message, more); }
  void warn(std::string_view message, fields more = {}) const noexcept { log(log_level::warn, message, more); }
  void error(std::string_view message, fields more = {}) const noexcept { log(log_level::error, message, more); }

 private:
  /// A field that owns its texts.
  struct entry {
    explicit entry(const log_field& field) : key(field.key), value(field.value) {
      if (const auto* view = std::get_if<std::string_view>(&value.get())) {
        text = *view;
        is_text = true;
      }
    }
    log_field view() const { return {key, is_text ? log_value(text) : value}; }

    std::string key, text{};
    log_value value;  // of a text: dangling, `text` is read instead
    bool is_text = false;
  };
  struct context {
    std::vector<entry> entries{};
  };

  void write(log_level level, std::string_view message, fields more) const {
    if (context_ == nullptr) return sink_->write(level, message, {more.begin(), more.size()});
    std::vector<log_field> all;
    all.reserve(context_->entries.size() + more.size());
    for (const entry& each : context_->entries) all.push_back(each.view());
    all.insert(all.end(), more.begin(), more.end());
    sink_->write(level, message, all);
  }

  std::shared_ptr<log_sink> sink_;
  std::shared_ptr<const context> context_;
  log_level least_;
};

}  // namespace rondo
