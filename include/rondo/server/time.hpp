#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <limits>

namespace rondo::server {

/// A time of the server's clock: nanoseconds since 1970. The state messages hold times in the same form.
using instant = std::int64_t;
/// A length of time in nanoseconds.
using interval = std::int64_t;

inline constexpr interval microsecond = 1'000;
inline constexpr interval millisecond = 1'000 * microsecond;
inline constexpr interval second = 1'000 * millisecond;
inline constexpr interval minute = 60 * second;
inline constexpr interval hour = 60 * minute;
inline constexpr interval day = 24 * hour;
/// Later than every deadline.
inline constexpr instant never = std::numeric_limits<instant>::max();

/// `never` when there is no such time.
inline instant later(instant from, interval by) noexcept {
  if (by > 0 && from > never - by) return never;
  return from + by;
}

/// The earlier of two times of which 0 means none.
inline instant earlier_set(instant a, instant b) noexcept {
  if (a == 0) return b;
  return b == 0 || a < b ? a : b;
}

/// Clamped to what an interval can hold.
inline interval from_proto(const google::protobuf::Duration& duration) noexcept {
  constexpr std::int64_t most = never / second - 1;
  if (duration.seconds() > most) return never;
  if (duration.seconds() < -most) return -never;
  return duration.seconds() * second + duration.nanos();
}

inline instant from_proto(const google::protobuf::Timestamp& time) noexcept {
  constexpr std::int64_t most = never / second - 1;
  if (time.seconds() > most) return never;
  if (time.seconds() < -most) return -never;
  return time.seconds() * second + time.nanos();
}

inline void to_proto(interval duration, google::protobuf::Duration& into) {
  into.set_seconds(duration / second);
  into.set_nanos(static_cast<std::int32_t>(duration % second));
}

inline void to_proto(instant time, google::protobuf::Timestamp& into) {
  into.set_seconds(time / second);
  into.set_nanos(static_cast<std::int32_t>(time % second));
}

}  // namespace rondo::server
