#pragma once
#include <algorithm>
#include <chrono>

namespace rondo::detail::worker {

/// Token bucket of one second's worth of starts. Told the time, it says how long the next start must wait.
class rate_limiter {
 public:
  using clock = std::chrono::steady_clock;

  /// Zero or less: no limit.
  explicit rate_limiter(double per_second) : per_second_(per_second), tokens_(std::max(1.0, per_second)) {}

  /// Takes a token now, or the next one to come; returns the wait until that.
  clock::duration take(clock::time_point now) {
    if (per_second_ <= 0) return {};
    if (last_ != clock::time_point{}) {
      const double passed = std::chrono::duration<double>(now - last_).count();
      tokens_ = std::min(std::max(1.0, per_second_), tokens_ + passed * per_second_);
    }
    last_ = now;
    tokens_ -= 1;
    if (tokens_ >= 0) return {};
    return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(-tokens_ / per_second_));
  }

  /// For one who took a token and did not use it.
  void give_back() noexcept { tokens_ += 1; }

 private:
  double per_second_;
  double tokens_;
  clock::time_point last_{};
};

}  // namespace rondo::detail::worker
