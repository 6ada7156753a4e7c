#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/server/config.hpp"

namespace rondo::server {

/// A time zone of the system's database: how far its clocks are from UTC.
class time_zone {
 public:
  /// By its name ("Europe/Berlin", "UTC"); null when there is no such zone. Reads the files below TZDIR, or
  /// /usr/share/zoneinfo.
  static std::shared_ptr<const time_zone> find(std::string_view name);

  /// Seconds that local time is ahead of UTC at a time in seconds since 1970.
  std::int64_t offset(std::int64_t utc) const noexcept;

 private:
  /// A day of the year on which summer time begins or ends, with the time of day.
  struct rule_day {
    enum class form : std::uint8_t { julian, zero_based, month_week_day };
    form kind = form::month_week_day;
    int day = 0;
    int week = 0;
    int month = 0;
    std::int64_t time = 2 * 3600;
  };
  /// What holds after the last transition of the file.
  struct rule {
    std::int64_t standard = 0;
    std::int64_t summer = 0;
    bool has_summer = false;
    rule_day begin;
    rule_day end;
  };
  struct transition {
    std::int64_t when = 0;
    std::int64_t offset = 0;
  };
  class reader;

  static std::int64_t seconds_of(const rule_day& which, int year) noexcept;
  std::int64_t by_rule(std::int64_t utc) const noexcept;

  std::int64_t before_ = 0;
  std::vector<transition> transitions_;
  rule rule_;
};

}  // namespace rondo::server
