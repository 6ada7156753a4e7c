#pragma once
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "rondo/detail/base/rfc3339.hpp"
#include "tools/duration.hpp"

namespace rondo::tools {

enum class time_format {
  relative,  ///< "3 minutes ago"
  iso,       ///< "2026-11-21T18:04:41Z"
  raw,       ///< with all digits
};

/// "1 second", "2 seconds"
inline std::string count_text(std::int64_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

/// How far a time is from now, in the largest unit that fits: "now", "3 minutes ago", "in 2 hours".
inline std::string relative_text(std::chrono::seconds from_now) {
  const bool future = from_now.count() > 0;
  const std::int64_t seconds = future ? from_now.count() : -from_now.count();
  std::string text;
  if (seconds < 1) return "now";
  if (seconds < 60) {
    text = count_text(seconds, "second");
  } else if (seconds < 3600) {
    text = count_text(seconds / 60, "minute");
  } else if (seconds < 86400) {
    text = count_text(seconds / 3600, "hour");
  } else {
    text = count_text(seconds / 86400, "day");
  }
  return future ? "in " + text : text + " ago";
}

/// Writes times for people; keeps the moment that relative ones refer to.
class time_writer {
 public:
  explicit time_writer(time_format format, std::chrono::system_clock::time_point now = std::chrono::system_clock::now())
      : format_(format), now_(now) {}

  time_format format() const noexcept { return format_; }

  /// Empty for the zero time.
  std::string text(const google::protobuf::Timestamp& time) const { return write(time, format_); }
  /// The same, but never relative: for times that are compared with each other.
  std::string absolute(const google::protobuf::Timestamp& time) const {
    return write(time, format_ == time_format::relative ? time_format::iso : format_);
  }

 private:
  std::string write(const google::protobuf::Timestamp& time, time_format format) const {
    // Servers write Go's zero time, the year 1, for "never".
    if (time.seconds() <= -62135596800 || (time.seconds() == 0 && time.nanos() == 0)) return {};
    const std::chrono::sys_seconds seconds{std::chrono::seconds(time.seconds())};
    if (format == time_format::relative) {
      const auto from_now = seconds + nanoseconds(time.nanos()) - now_;
      return relative_text(std::chrono::duration_cast<std::chrono::seconds>(from_now));
    }
    rondo::detail::split_time split;
    split.seconds = seconds;
    if (format == time_format::raw) split.nanoseconds = static_cast<std::uint32_t>(time.nanos());
    std::string text;
    if (!rondo::detail::append_rfc3339(text, split)) return "?";
    return text;
  }

  time_format format_;
  std::chrono::system_clock::time_point now_;
};

inline std::string text_of(const google::protobuf::Duration& value) {
  return duration_text(std::chrono::seconds(value.seconds()) + nanoseconds(value.nanos()));
}

inline void write_duration(nanoseconds value, google::protobuf::Duration& to) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
  to.set_seconds(seconds.count());
  to.set_nanos(static_cast<std::int32_t>((value - seconds).count()));
}

}  // namespace rondo::tools
