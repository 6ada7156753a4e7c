#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/options.hpp"

namespace rondo::detail::engine {

/// Throws std::invalid_argument when a policy makes no sense.
inline void check(const retry_policy& policy, std::string_view activity) {
  const auto require = [activity](bool holds, const char* what) {
    if (!holds) throw std::invalid_argument("activity \"" + std::string(activity) + "\": retry policy: " + what);
  };
  require(policy.initial_interval > duration::zero(), "initial_interval must be positive");
  require(policy.backoff_coefficient >= 1.0, "backoff_coefficient must be at least 1");
  require(policy.maximum_interval >= duration::zero(), "maximum_interval must not be negative");
  require(policy.maximum_interval == duration::zero() || policy.maximum_interval >= policy.initial_interval,
          "maximum_interval must not be shorter than initial_interval");
  require(policy.maximum_attempts >= 0, "maximum_attempts must not be negative");
}

/// Throws std::invalid_argument when the server would refuse an activity with these options.
inline void check(const activity_options& options, std::string_view activity) {
  const auto require = [activity](bool holds, const char* what) {
    if (!holds) throw std::invalid_argument("activity \"" + std::string(activity) + "\": " + what);
  };
  require(options.schedule_to_close_timeout >= duration::zero(), "schedule_to_close_timeout must not be negative");
  require(options.schedule_to_start_timeout >= duration::zero(), "schedule_to_start_timeout must not be negative");
  require(options.start_to_close_timeout >= duration::zero(), "start_to_close_timeout must not be negative");
  require(options.heartbeat_timeout >= duration::zero(), "heartbeat_timeout must not be negative");
  require(options.start_to_close_timeout > duration::zero() || options.schedule_to_close_timeout > duration::zero(),
          "start_to_close_timeout or schedule_to_close_timeout must be set");
  if (options.retry) check(*options.retry, activity);
}

}  // namespace rondo::detail::engine
