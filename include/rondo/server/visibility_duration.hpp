#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "rondo/server/time.hpp"

namespace rondo::server {

namespace detail_visibility_duration {

/// Takes a unit off the front of the text; 0: there is none.
inline interval take_unit(std::string_view& text) noexcept {
  static constexpr std::pair<std::string_view, interval> units[] = {
      {"ns", 1},   {"us", microsecond}, {"\xC2\xB5s", microsecond}, {"ms", millisecond}, {"s", second}, {"m", minute},
      {"h", hour}, {"d", day},
  };
  for (const auto& [name, length] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return length;
  }
  return 0;
}

/// "1h30m", "-2.5s", "1d".
inline std::optional<interval> parse_units(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
    if (read.ec != std::errc{} || read.ptr != text.data() + digits) return std::nullopt;
    text.remove_prefix(digits);
    const interval unit = take_unit(text);
    if (unit == 0) return std::nullopt;
    total += number * static_cast<double>(unit);
  }
  if (total > 9.2e18) return std::nullopt;
  const auto whole = static_cast<interval>(std::llround(total));
  return negative ? -whole : whole;
}

/// "12:30:59".
inline std::optional<interval> parse_clock(std::string_view text) noexcept {
  interval total = 0;
  for (const interval unit : {hour, minute, second}) {
    int number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || number < 0 || number > (unit == hour ? 2'000'000 : 59)) return std::nullopt;
    total += number * unit;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (unit == second) break;
    if (!text.starts_with(':')) return std::nullopt;
    text.remove_prefix(1);
  }
  if (!text.empty()) return std::nullopt;
  return total;
}

}  // namespace detail_visibility_duration

/// Durations of visibility queries: nanoseconds, "1h30m" with d, h, m, s, ms, us and ns, or "hh:mm:ss".
inline std::optional<interval> parse_duration(std::string_view text) noexcept {
  interval nanoseconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), nanoseconds);
  if (read.ec == std::errc{} && read.ptr == text.data() + text.size()) return nanoseconds;
  if (const auto units = detail_visibility_duration::parse_units(text)) return units;
  return detail_visibility_duration::parse_clock(text);
}

}  // namespace rondo::server
