#pragma once

#include "rondo/server/cron.hpp"

#include <array>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/server/request_checks.hpp"
#include "rondo/server/time_zone.hpp"

namespace rondo::server {

namespace detail_cron {

struct bad_schedule {};

/// One field of a schedule: the allowed values as bits.
struct field {
  std::uint64_t values = 0;
  /// It was given as "*": the two day fields are then joined otherwise.
  bool any = false;

  bool has(unsigned value) const noexcept { return (values >> value & 1U) != 0; }
};

struct field_kind {
  unsigned first;
  unsigned last;
  std::string_view names;  // three letters each, from `first` on
};

inline constexpr field_kind minutes{0, 59, {}};
inline constexpr field_kind hours{0, 23, {}};
inline constexpr field_kind days{1, 31, {}};
inline constexpr field_kind months{1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"};
inline constexpr field_kind weekdays{0, 6, "sunmontuewedthufrisat"};

inline std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

inline std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

inline unsigned number(std::string_view text) {
  if (text.empty() || text.size() > 4) throw bad_schedule();
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') throw bad_schedule();
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

inline unsigned number_or_name(std::string_view text, const field_kind& kind) {
  const std::string name = lower(text);
  for (std::size_t at = 0; name.size() == 3 && at < kind.names.size(); at += 3) {
    if (kind.names.substr(at, 3) == name) return kind.first + static_cast<unsigned>(at / 3);
  }
  return number(text);
}

/// "*", "7", "1-5", each also with "/step".
inline void add_range(field& into, std::string_view text, const field_kind& kind) {
  const auto parts = split(text, '/');
  if (parts.size() > 2) throw bad_schedule();
  unsigned first = kind.first;
  unsigned last = kind.last;
  bool any = false;
  if (parts[0] == "*" || parts[0] == "?") {
    any = true;
  } else {
    const auto ends = split(parts[0], '-');
    if (ends.size() > 2) throw bad_schedule();
    first = number_or_name(ends[0], kind);
    last = ends.size() == 2 ? number_or_name(ends[1], kind) : (parts.size() == 2 ? kind.last : first);
  }
  const unsigned step = parts.size() == 2 ? number(parts[1]) : 1;
  if (step == 0 || first < kind.first || last > kind.last || first > last) throw bad_schedule();
  if (any && step == 1) into.any = true;
  for (unsigned value = first; value <= last; value += step) into.values |= std::uint64_t{1} << value;
}

inline field parse_field(std::string_view text, const field_kind& kind) {
  field made;
  for (const auto part : split(text, ',')) {
    if (!part.empty()) add_range(made, part, kind);
  }
  if (made.values == 0) throw bad_schedule();
  return made;
}

/// "1h30m", "1.5h", "90s": in the spelling of Go.
inline interval parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 7> units{
      {{"ns", 1}, {"us", 1e3}, {"\xC2\xB5s", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  if (text.empty()) throw bad_schedule();
  double total = 0;
  while (!text.empty()) {
    std::size_t size = 0;
    double value = 0;
    double place = 0;
    for (; size < text.size() && ((text[size] >= '0' && text[size] <= '9') || (text[size] == '.' && place == 0.0));
         ++size) {
      if (text[size] == '.') {
        place = 1;
      } else if (place > 0) {
        place /= 10;
        value += place * (text[size] - '0');
      } else {
        value = value * 10 + (text[size] - '0');
      }
    }
    if (size == 0) throw bad_schedule();
    text.remove_prefix(size);
    double unit = 0;
    std::size_t length = 0;
    for (const auto& [name, worth] : units) {
      if (text.starts_with(name) && name.size() >= length) {
        unit = worth;
        length = name.size();
      }
    }
    if (length == 0) throw bad_schedule();
    total += value * unit;
    if (total > 9e18) throw bad_schedule();
    text.remove_prefix(length);
  }
  return static_cast<interval>(total);
}

class schedule {
 public:
  explicit schedule(std::string_view text) : zone_(time_zone::find("UTC")) {
    text = trim(text);
    if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) {
      const auto begin = text.find('=') + 1;
      const auto end = text.find(' ');
      if (end == std::string_view::npos) throw bad_schedule();
      zone_ = time_zone::find(text.substr(begin, end - begin));
      if (!zone_) throw bad_schedule();
      text = trim(text.substr(end));
    }
    text.starts_with('@') ? read_descriptor(text) : read_fields(text);
  }

  /// The next time after `after`; never: there is none within five years.
  instant next(instant after) const noexcept {
    if (every_ != 0) return later(after - after % second, every_);
    constexpr std::int64_t day_length = 24 * 3600;
    std::int64_t utc = after / second;
    utc = utc - utc % 60 + 60;
    const std::int64_t end = utc + (5 * 366) * day_length;
    while (utc < end) {
      const std::int64_t local = utc + zone_->offset(utc);
      const std::int64_t in_day = local % day_length;
      if (!day_matches(local)) {
        utc = midnight_near(utc + day_length - in_day);
      } else if (!hours_.has(static_cast<unsigned>(in_day / 3600))) {
        utc += 3600 - in_day % 3600;
      } else if (!minutes_.has(static_cast<unsigned>(in_day / 60 % 60))) {
        utc += 60;
      } else {
        return utc * second;
      }
    }
    return never;
  }

 private:
  static std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
  }

  void read_fields(std::string_view text) {
    std::vector<std::string_view> parts;
    for (const auto part : split(text, ' ')) {
      if (!trim(part).empty()) parts.push_back(trim(part));
    }
    if (parts.size() != 5) throw bad_schedule();
    minutes_ = parse_field(parts[0], minutes);
    hours_ = parse_field(parts[1], hours);
    days_ = parse_field(parts[2], days);
    months_ = parse_field(parts[3], months);
    weekdays_ = parse_field(parts[4], weekdays);
  }

  void read_descriptor(std::string_view text) {
    if (text == "@yearly" || text == "@annually") return read_fields("0 0 1 1 *");
    if (text == "@monthly") return read_fields("0 0 1 * *");
    if (text == "@weekly") return read_fields("0 0 * * 0");
    if (text == "@daily" || text == "@midnight") return read_fields("0 0 * * *");
    if (text == "@hourly") return read_fields("0 * * * *");
    constexpr std::string_view every = "@every ";
    if (!text.starts_with(every)) throw bad_schedule();
    const interval length = parse_duration(trim(text.substr(every.size())));
    every_ = length < second ? second : length - length % second;
  }

  bool day_matches(std::int64_t local) const noexcept {
    using namespace std::chrono;
    const auto day = floor<std::chrono::days>(sys_seconds(seconds(local)));
    const year_month_day date(day);
    if (!months_.has(static_cast<unsigned>(date.month()))) return false;
    const bool by_date = days_.has(static_cast<unsigned>(date.day()));
    const bool by_weekday = weekdays_.has(weekday(day).c_encoding());
    return days_.any || weekdays_.any ? by_date && by_weekday : by_date || by_weekday;
  }

  /// Where the clocks were changed on the way, the time is an hour away from midnight.
  std::int64_t midnight_near(std::int64_t utc) const noexcept {
    constexpr std::int64_t day_length = 24 * 3600;
    const std::int64_t in_day = (utc + zone_->offset(utc)) % day_length;
    const std::int64_t moved = in_day < day_length / 2 ? utc - in_day : utc + day_length - in_day;
    return (moved + zone_->offset(moved)) % day_length == 0 ? moved : utc;
  }

  std::shared_ptr<const time_zone> zone_;
  interval every_ = 0;
  field minutes_;
  field hours_;
  field days_;
  field months_;
  field weekdays_;
};

inline schedule parse(const std::string& text) {
  try {
    return schedule(text);
  } catch (const bad_schedule&) {
    refuse_argument("invalid CronSchedule.");
  }
}

}  // namespace detail_cron

RONDO_SERVER_FUNCTION std::optional<instant> next_cron(const std::string& schedule, instant started, instant closed) {
  const auto parsed = detail_cron::parse(schedule);
  instant next = started;
  if (closed >= started) {
    next = parsed.next(started);
    while (next != never && next < closed) next = parsed.next(next);
  }
  if (next == never) return std::nullopt;
  const interval pause = next - closed;
  return closed + (pause + second - 1) / second * second;
}

RONDO_SERVER_FUNCTION void check_cron(const std::string& schedule, instant now) {
  if (schedule.empty()) return;
  if (detail_cron::parse(schedule).next(now) == never) {
    refuse_argument("invalid CronSchedule, no time can be found to satisfy the schedule");
  }
}

}  // namespace rondo::server
