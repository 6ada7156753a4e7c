#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace rondo::controller {

/// A value of a scaler's settings, as it was written: numbers may stand in quotes.
using setting = std::variant<std::int64_t, double, std::string>;
using settings = std::map<std::string, setting, std::less<>>;

/// A setting that is unknown or cannot be used. what() says why, key() which one.
class setting_error : public std::invalid_argument {
 public:
  setting_error(const std::string& of, std::string key, const std::string& why)
      : std::invalid_argument(of + ": '" + key + "' " + why), key_(std::move(key)) {}

  const std::string& key() const noexcept { return key_; }

 private:
  std::string key_;
};

/// What a number may be.
struct setting_range {
  double least = 0;
  double most = std::numeric_limits<double>::max();
  /// `least` itself is too little.
  bool above_least = false;
};

/// Reads settings into variables, which keep their values where nothing is set.
class settings_reader {
 public:
  /// `of` says what the settings belong to, for errors: "scaler 'no-sync'".
  settings_reader(std::string of, const settings& from) : of_(std::move(of)), from_(from) {}

  /// Whole numbers of any type. A fraction is refused.
  template <class Integer>
    requires std::is_integral_v<Integer>
  void read(const std::string& key, Integer& into, setting_range range = {}) {
    constexpr auto largest = static_cast<double>(std::numeric_limits<Integer>::max());
    if (range.most > largest) range.most = largest;
    auto value = static_cast<double>(into);
    if (!take(key, value, range)) return;
    if (value != std::floor(value)) fail(key, "must be a whole number, but it is " + text_of(value));
    into = static_cast<Integer>(value);
  }
  void read(const std::string& key, double& into, const setting_range& range = {}) { take(key, into, range); }

  [[noreturn]] void fail(const std::string& key, const std::string& why) const { throw setting_error(of_, key, why); }

  /// Throws when there are settings that nobody has read.
  void finish() const {
    for (const auto& [key, value] : from_) {
      if (known_.contains(key)) continue;
      std::string all;
      for (const auto& each : known_) all += (all.empty() ? "" : ", ") + each;
      fail(key, "is not a setting; there are: " + all);
    }
  }

  /// "0.5" without trailing zeros.
  static std::string text_of(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
  }

 private:
  bool take(const std::string& key, double& into, const setting_range& range) {
    known_.insert(key);
    const auto found = from_.find(key);
    if (found == from_.end()) return false;
    const double value = number_of(key, found->second);
    const bool too_little = range.above_least ? value <= range.least : value < range.least;
    if (too_little) {
      fail(key, std::string("must be ") + (range.above_least ? "more than " : "at least ") + text_of(range.least) +
                    ", but it is " + text_of(value));
    }
    if (value > range.most) fail(key, "must be at most " + text_of(range.most) + ", but it is " + text_of(value));
    into = value;
    return true;
  }

  double number_of(const std::string& key, const setting& from) const {
    if (const auto* whole = std::get_if<std::int64_t>(&from)) return static_cast<double>(*whole);
    double value = 0;
    if (const auto* real = std::get_if<double>(&from)) {
      value = *real;
    } else {
      const auto& text = std::get<std::string>(from);
      const auto* end = text.data() + text.size();
      const auto [rest, problem] = std::from_chars(text.data(), end, value);
      if (problem != std::errc() || rest != end) fail(key, "must be a number, but it is '" + text + "'");
    }
    if (!std::isfinite(value)) fail(key, "must be a finite number");
    return value;
  }

  std::string of_;
  const settings& from_;
  std::set<std::string> known_;
};

}  // namespace rondo::controller
