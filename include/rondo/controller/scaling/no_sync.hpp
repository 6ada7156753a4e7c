#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "rondo/controller/scaling/sample.hpp"
#include "rondo/controller/settings.hpp"

// Temporal's algorithm "no-sync": one invocation for tasks that no poll waited for.
namespace rondo::controller::no_sync {

struct config {
  std::int64_t scale_up_cooloff_ms = 100;
  std::int64_t scale_up_backlog_threshold = 0;
  /// After this time workers are thought to be gone; 0: never.
  std::int64_t max_worker_lifetime_ms = 600'000;
  /// A dispatch rate that changed by no more than this keeps polls from scaling up; 0: never.
  double scale_up_dispatch_rate_epsilon = 0;
  std::int64_t metrics_poll_interval_ms = 60'000;
};

/// Throws setting_error, which names the setting.
inline config read(const settings& from) {
  config made;
  settings_reader reader("scaler 'no-sync'", from);
  reader.read("scale_up_cooloff_ms", made.scale_up_cooloff_ms);
  reader.read("scale_up_backlog_threshold", made.scale_up_backlog_threshold);
  reader.read("max_worker_lifetime_ms", made.max_worker_lifetime_ms);
  reader.read("scale_up_dispatch_rate_epsilon", made.scale_up_dispatch_rate_epsilon);
  reader.read("metrics_poll_interval_ms", made.metrics_poll_interval_ms, {.least = 10'000});
  reader.finish();
  if (made.metrics_poll_interval_ms < made.scale_up_cooloff_ms) {
    reader.fail("metrics_poll_interval_ms", "must not be less than scale_up_cooloff_ms");
  }
  return made;
}

struct state {
  milliseconds_since_epoch last_scale_up_time_ms = 0;
  std::array<std::optional<double>, task_kinds> last_dispatch_rate{};
  std::int64_t throttled = 0;
};

/// Tasks were added; `matched`: polls waited for all of them. Returns how many to invoke.
inline int on_task_add(const config& by, state& of, bool matched, milliseconds_since_epoch now) {
  if (matched) return 0;
  if (now - of.last_scale_up_time_ms < by.scale_up_cooloff_ms) {
    ++of.throttled;
    return 0;
  }
  of.last_scale_up_time_ms = now;
  return 1;
}

namespace detail {

inline bool wants_more(const config& by, const task_rates& rates, std::optional<double> last_rate,
                       std::int64_t elapsed) {
  const auto threshold = static_cast<double>(by.scale_up_backlog_threshold);
  const bool too_much = rates.backlog > threshold && elapsed >= by.scale_up_cooloff_ms;
  const bool outlived = by.max_worker_lifetime_ms > 0 && rates.backlog > 0 && elapsed >= by.max_worker_lifetime_ms;
  if (!too_much && !outlived) return false;
  const double epsilon = by.scale_up_dispatch_rate_epsilon;
  const bool steady = epsilon > 0 && last_rate && std::abs(rates.dispatch - *last_rate) <= epsilon;
  return !steady;
}

}  // namespace detail

/// Looks at statistics. Returns how many to invoke: at most one.
inline int on_poll(const config& by, state& of, const sample& seen, milliseconds_since_epoch now) {
  const std::int64_t elapsed = now - of.last_scale_up_time_ms;
  bool up = false;
  for (std::size_t kind = 0; kind < task_kinds; ++kind) {
    const auto rates = seen.of(kind);
    if (!rates) continue;
    up = detail::wants_more(by, *rates, of.last_dispatch_rate[kind], elapsed) || up;
    of.last_dispatch_rate[kind] = rates->dispatch;
  }
  if (!up) return 0;
  of.last_scale_up_time_ms = now;
  return 1;
}

}  // namespace rondo::controller::no_sync
