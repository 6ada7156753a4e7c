#pragma once
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rondo::detail {

struct duration_unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

/// Longer names stand before those they begin with.
inline constexpr std::array<duration_unit, 9> duration_units = {{
    {"ns", 1},
    {"us", 1'000},
    {"\xC2\xB5s", 1'000},
    {"\xCE\xBCs", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
    {"d", 86'400'000'000'000},
}};

[[noreturn]] inline void refuse_duration(std::string_view text, std::string_view why) {
  throw std::invalid_argument("'" + std::string(text) + "' is not a duration: " + std::string(why) +
                              "; write it like 500ms, 3s, 1m30s or 24h");
}

/// Takes "12" or "1.5" off the front; the text keeps what follows. False when it does not begin with a digit.
inline bool take_decimal(std::string_view& text, long double& value) {
  bool found = false;
  long double weight = 1;
  bool fraction = false;
  value = 0;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    found = true;
    if (fraction) {
      weight /= 10;
      value += weight * static_cast<long double>(c - '0');
    } else {
      value = value * 10 + static_cast<long double>(c - '0');
    }
  }
  return found;
}

/// Reads a duration as Go writes it: numbers with units (ns, us, ms, s, m, h, d), or 0. Not negative.
/// Throws std::invalid_argument that says what is wrong.
inline std::chrono::nanoseconds parse_duration(std::string_view text) {
  if (text.empty()) refuse_duration(text, "it is empty");
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.front() == '-') refuse_duration(text, "it is negative");
  std::string_view rest = text.front() == '+' ? text.substr(1) : text;
  if (rest.empty()) refuse_duration(text, "a number is missing");
  long double total = 0;
  while (!rest.empty()) {
    long double number = 0;
    if (!take_decimal(rest, number)) refuse_duration(text, "a number is missing");
    const duration_unit* unit = nullptr;
    for (const auto& each : duration_units) {
      if (rest.starts_with(each.name)) {
        unit = &each;
        break;
      }
    }
    if (!unit) refuse_duration(text, rest.empty() ? "the unit is missing" : "the unit is unknown");
    rest.remove_prefix(unit->name.size());
    total += number * static_cast<long double>(unit->nanoseconds);
  }
  if (total >= static_cast<long double>(std::numeric_limits<std::int64_t>::max()))
    refuse_duration(text, "it is too long");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::llround(total)));
}

/// "1.5" of 1 500 000 000 / 1 000 000 000, without trailing zeros.
inline std::string decimal_text(std::uint64_t value, std::uint64_t unit) {
  std::string text = std::to_string(value / unit);
  std::uint64_t rest = value % unit;
  if (rest == 0) return text;
  text += '.';
  while (rest != 0) {
    rest *= 10;
    text += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
  return text;
}

/// The duration as Go writes it: "1h2m3.5s", "500ms", "0s".
inline std::string duration_text(std::chrono::nanoseconds value) {
  if (value.count() == 0) return "0s";
  const bool negative = value.count() < 0;
  const auto bits = static_cast<std::uint64_t>(value.count());
  std::uint64_t left = negative ? ~bits + 1 : bits;
  std::string text = negative ? "-" : "";
  constexpr std::uint64_t second = 1'000'000'000;
  if (left < 1'000) return text + std::to_string(left) + "ns";
  if (left < 1'000'000) return text + decimal_text(left, 1'000) + "us";
  if (left < second) return text + decimal_text(left, 1'000'000) + "ms";
  const std::uint64_t hours = left / (3600 * second);
  left %= 3600 * second;
  const std::uint64_t minutes = left / (60 * second);
  left %= 60 * second;
  if (hours != 0) text += std::to_string(hours) + "h";
  if (hours != 0 || minutes != 0) text += std::to_string(minutes) + "m";
  return text + decimal_text(left, second) + "s";
}

}  // namespace rondo::detail
