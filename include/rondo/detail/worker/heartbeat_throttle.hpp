#pragma once
#include <algorithm>
#include <chrono>
#include <optional>

#include "rondo/options.hpp"

namespace rondo::detail::worker {

/// How far apart heartbeats of an activity are sent: 80 % of its timeout, or `without_timeout`, and at most `maximum`.
inline duration heartbeat_interval(duration timeout, duration without_timeout, duration maximum) {
  const duration wanted = timeout > duration::zero() ? timeout * 4 / 5 : without_timeout;
  return std::min(wanted, maximum);
}

/// Decides which heartbeats are sent: the first at once, then at most one per interval, with the newest details.
class heartbeat_throttle {
 public:
  using clock = std::chrono::steady_clock;

  explicit heartbeat_throttle(duration interval) : interval_(std::chrono::duration_cast<clock::duration>(interval)) {}

  /// The code beat. True: send now; false: a later `due` says so.
  bool beat(clock::time_point now) {
    if (sending_ || now < next_) {
      waiting_ = true;
      return false;
    }
    begin(now);
    return true;
  }
  /// The interval, or the send, is over. True: something newer waits, send it now.
  bool due(clock::time_point now) {
    if (!waiting_ || sending_ || now < next_) return false;
    begin(now);
    return true;
  }
  /// The server has answered.
  void sent() noexcept { sending_ = false; }

  bool something_waits() const noexcept { return waiting_; }
  clock::time_point next() const noexcept { return next_; }

 private:
  void begin(clock::time_point now) {
    waiting_ = false;
    sending_ = true;
    next_ = now + interval_;
  }

  clock::duration interval_;
  clock::time_point next_{};
  bool waiting_ = false, sending_ = false;
};

}  // namespace rondo::detail::worker
