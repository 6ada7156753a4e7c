#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rondo::detail {

/// A point in time that covers the years 0 to 9999 with nanoseconds.
struct split_time {
  std::chrono::sys_seconds seconds{};
  std::uint32_t nanoseconds = 0;
};

inline void append_digits(std::string& out, std::uint32_t value, std::size_t width) {
  const std::size_t start = out.size();
  out.append(width, '0');
  for (std::size_t i = width; i-- > 0; value /= 10) out[start + i] = static_cast<char>('0' + value % 10);
}

/// Appends "2026-11-21T14:00:00Z", with 3, 6 or 9 digits after the second when there is a fraction and at least
/// `least_digits` of them. False for years outside 0 to 9999.
inline bool append_rfc3339(std::string& out, const split_time& time, std::size_t least_digits = 0) {
  const auto day = std::chrono::floor<std::chrono::days>(time.seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time.seconds - day);
  const int year = static_cast<int>(date.year());
  if (!date.ok() || year < 0 || year > 9999) return false;
  append_digits(out, static_cast<std::uint32_t>(year), 4);
  append_digits(out += '-', static_cast<unsigned>(date.month()), 2);
  append_digits(out += '-', static_cast<unsigned>(date.day()), 2);
  append_digits(out += 'T', static_cast<std::uint32_t>(clock.hours().count()), 2);
  append_digits(out += ':', static_cast<std::uint32_t>(clock.minutes().count()), 2);
  append_digits(out += ':', static_cast<std::uint32_t>(clock.seconds().count()), 2);
  std::size_t digits = 9;
  std::uint32_t fraction = time.nanoseconds;
  while (digits > least_digits && fraction % 1000 == 0) {
    fraction /= 1000;
    digits -= 3;
  }
  if (digits > 0) append_digits(out += '.', fraction, digits);
  out += 'Z';
  return true;
}

/// Takes fixed parts off the front of a text; once one is missing, `ok` stays false.
class time_scanner {
 public:
  explicit time_scanner(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  bool next_is_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  char take() {
    if (rest_.empty()) {
      ok_ = false;
      return '\0';
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void expect(char lower, char upper) {
    const char c = take();
    ok_ = ok_ && (c == lower || c == upper);
  }
  void expect(char c) { expect(c, c); }
  unsigned digits(int count) {
    unsigned value = 0;
    for (; count > 0 && ok_; --count) {
      ok_ = next_is_digit();
      if (ok_) value = value * 10 + static_cast<unsigned>(take() - '0');
    }
    return value;
  }
  /// What follows a decimal point, in nanoseconds; digits after the ninth are dropped.
  std::uint32_t fraction() {
    ok_ = ok_ && next_is_digit();
    std::uint32_t value = 0, weight = 100'000'000;
    for (; next_is_digit(); weight /= 10) value += weight * static_cast<std::uint32_t>(take() - '0');
    return value;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// Reads an RFC 3339 time with any offset; empty when the text is none.
inline std::optional<split_time> parse_rfc3339(std::string_view text) {
  namespace chrono = std::chrono;
  time_scanner in(text);
  const unsigned year = in.digits(4);
  in.expect('-');
  const unsigned month = in.digits(2);
  in.expect('-');
  const unsigned day = in.digits(2);
  in.expect('t', 'T');
  const unsigned hour = in.digits(2);
  in.expect(':');
  const unsigned minute = in.digits(2);
  in.expect(':');
  const unsigned second = in.digits(2);
  char next = in.take();
  std::uint32_t nanoseconds = 0;
  if (next == '.') {
    nanoseconds = in.fraction();
    next = in.take();
  }
  chrono::minutes offset{};
  if (next == '+' || next == '-') {
    const unsigned hours = in.digits(2);
    in.expect(':');
    const unsigned minutes = in.digits(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = chrono::hours(hours) + chrono::minutes(minutes);
    if (next == '-') offset = -offset;
  } else if (next != 'Z' && next != 'z') {
    return std::nullopt;
  }
  const auto date = chrono::year(static_cast<int>(year)) / chrono::month(month) / chrono::day(day);
  if (!in.ok() || !in.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto local = chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) + chrono::seconds(second);
  return split_time{local - offset, nanoseconds};
}

}  // namespace rondo::detail
