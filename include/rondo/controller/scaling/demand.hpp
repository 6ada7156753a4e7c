#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "rondo/controller/scaling/fleet.hpp"
#include "rondo/controller/scaling/observation.hpp"
#include "rondo/controller/settings.hpp"

// Rondo's own algorithm "demand": as many workers as the backlog needs, never more than a maximum. For one reason one
// invocation: while it has not ended, only a larger backlog leads to another one.
namespace rondo::controller::demand {

struct config {
  std::int32_t min_instances = 0;
  std::int32_t max_instances = 10;
  /// Waiting tasks that one worker is good for.
  double tasks_per_instance = 100;
  /// A set of workers shrinks only after it had nothing to do for this long.
  std::int64_t scale_down_quiet_ms = 60'000;
  /// A look at statistics that shows nothing new is reported this often.
  std::int64_t metrics_poll_interval_ms = 60'000;
};

/// Throws setting_error, which names the setting.
inline config read(const settings& from) {
  config made;
  settings_reader reader("scaler 'demand'", from);
  reader.read("min_instances", made.min_instances);
  reader.read("max_instances", made.max_instances, {.least = 1});
  reader.read("tasks_per_instance", made.tasks_per_instance, {.above_least = true});
  reader.read("scale_down_quiet_ms", made.scale_down_quiet_ms);
  reader.read("metrics_poll_interval_ms", made.metrics_poll_interval_ms, {.least = 1'000});
  reader.finish();
  if (made.min_instances > made.max_instances) reader.fail("min_instances", "must not be more than max_instances");
  return made;
}

/// How many workers the backlog needs, within the limits.
inline std::int32_t wanted(const config& by, double backlog) {
  const double needed = backlog > 0 ? std::ceil(backlog / by.tasks_per_instance) : 0;
  return static_cast<std::int32_t>(
      std::clamp(needed, static_cast<double>(by.min_instances), static_cast<double>(by.max_instances)));
}

/// How many to invoke now.
inline std::int32_t to_invoke(const config& by, const fleet_config& how, const fleet& of, const observation& seen,
                              milliseconds_since_epoch now) {
  const bool held_back = seen.rate_limited && of.live_pollers(how, seen, now) > 0;
  const std::int32_t need = wanted(by, held_back ? 0 : seen.backlog()) - of.alive(how, seen, now, /*replaceable=*/true);
  const std::int32_t room = by.max_instances - of.alive(how, seen, now, /*replaceable=*/false);
  return std::max(0, std::min(need, room));
}

struct state {
  std::int32_t count = 0;
  milliseconds_since_epoch last_busy_ms = 0;
};

/// Changes the size of a set of workers: up at once, down when all has been quiet.
inline void resize(const config& by, state& of, const observation& seen, milliseconds_since_epoch now) {
  const task_rates sum = seen.rates.total();
  of.last_busy_ms = std::max(of.last_busy_ms, sum == task_rates{} ? seen.last_busy_ms : now);
  const std::int32_t size = wanted(by, sum.backlog);
  if (size > of.count || now - of.last_busy_ms >= by.scale_down_quiet_ms) of.count = size;
  of.count = std::clamp(of.count, by.min_instances, by.max_instances);
}

}  // namespace rondo::controller::demand
