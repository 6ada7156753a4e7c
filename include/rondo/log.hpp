#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

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

/// Gives lines to a sink, each with the fields it was made with. Cheap to copy, usable from several threads. Logging
/// never throws: a line that cannot be written is lost.
class logger {
 public:
  using fields = std::initializer_list<log_field>;

  /// Writes nothing; rondo/log_sinks.hpp has loggers that do.
  logger() = default;
  /// Lines below `least` are dropped; so are all when `sink` is null.
  explicit logger(std::shared_ptr<log_sink> sink, log_level least = log_level::info)
      : sink_(std::move(sink)), least_(least) {}

  /// Writes nothing.
  static logger silent() { return {}; }

  /// This logger with further fields, which are copied.
  logger with(fields more) const {
    logger out = *this;
    if (sink_ == nullptr) return out;
    out.context_ = std::shared_ptr<const context>(new context(joined(more)));
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
  /// Fields together with the texts that they name.
  class context {
   public:
    explicit context(const std::vector<log_field>& of) {
      std::size_t size = 0;
      for (const auto& each : of) size += each.key.size() + text_of(each.value).size();
      texts_.reserve(size);  // the views point into it
      for (const auto& each : of) {
        const auto key = keep(each.key);
        const bool is_text = std::holds_alternative<std::string_view>(each.value.get());
        fields_.push_back({key, is_text ? log_value(keep(text_of(each.value))) : each.value});
      }
    }
    context(const context&) = delete;
    context& operator=(const context&) = delete;
    const std::vector<log_field>& all() const noexcept { return fields_; }

   private:
    static std::string_view text_of(const log_value& value) {
      const auto* text = std::get_if<std::string_view>(&value.get());
      return text == nullptr ? std::string_view{} : *text;
    }
    std::string_view keep(std::string_view text) {
      const auto begin = texts_.size();
      texts_ += text;
      return std::string_view(texts_).substr(begin);
    }

    std::string texts_;
    std::vector<log_field> fields_;
  };

  std::vector<log_field> joined(fields more) const {
    std::vector<log_field> all;
    const std::size_t known = context_ == nullptr ? 0 : context_->all().size();
    all.reserve(known + more.size());
    for (std::size_t index = 0; index < known; ++index) all.push_back(context_->all()[index]);
    for (const auto& each : more) all.push_back(each);
    return all;
  }
  void write(log_level level, std::string_view message, fields more) const {
    if (context_ == nullptr) return sink_->write(level, message, {more.begin(), more.size()});
    sink_->write(level, message, joined(more));
  }

  std::shared_ptr<log_sink> sink_;
  std::shared_ptr<const context> context_;
  log_level least_ = log_level::info;
};

}  // namespace rondo
