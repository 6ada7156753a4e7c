#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "rondo/controller/scaling/sample.hpp"
#include "rondo/controller/settings.hpp"

// Temporal's algorithm "rate-based": the size of a set of workers from the rates at which tasks come and go.
namespace rondo::controller::rate_based {

struct config {
  std::int32_t min_count = 0;
  std::int32_t max_count = 30;
  std::int32_t initial_count = 0;
  std::int64_t metrics_poll_interval_ms = 60'000;
  double ewma_alpha = 0.45;
  /// Tasks per second of one worker, before anything was measured.
  double initial_per_consumer_capacity = 2.0;
  std::int64_t no_sync_quiet_ms = 90'000;
  /// Tasks per second by which a backlog shall shrink.
  double target_backlog_drain_rate = 2.0;
  /// From this backlog on workers are busy, so that what they dispatch is what they can.
  double material_backlog_threshold = 50;
  double utilization_target = 0.80;
  double halfin_whitt_beta = 0.5;
  std::int32_t max_scale_up_step = 4;
  std::int64_t scale_up_cooldown_ms = 2'000;
  std::int64_t scale_down_cooldown_ms = 60'000;
};

namespace detail {

inline void check_together(const config& made, const settings_reader& reader) {
  if (made.min_count > made.initial_count) reader.fail("min_count", "must not be more than initial_count");
  if (made.initial_count > made.max_count) reader.fail("initial_count", "must not be more than max_count");
  if (made.scale_up_cooldown_ms > made.metrics_poll_interval_ms) {
    reader.fail("scale_up_cooldown_ms", "must not be more than metrics_poll_interval_ms");
  }
  if (made.scale_down_cooldown_ms > made.metrics_poll_interval_ms) {
    reader.fail("scale_down_cooldown_ms", "must not be more than metrics_poll_interval_ms");
  }
}

}  // namespace detail

/// Throws setting_error, which names the setting.
inline config read(const settings& from) {
  constexpr setting_range one_or_more{.least = 1};
  constexpr setting_range positive{.above_least = true};
  constexpr setting_range share{.most = 1, .above_least = true};
  config made;
  settings_reader reader("scaler 'rate-based'", from);
  reader.read("min_count", made.min_count);
  reader.read("max_count", made.max_count, one_or_more);
  reader.read("initial_count", made.initial_count);
  reader.read("metrics_poll_interval_ms", made.metrics_poll_interval_ms, {.least = 30'000});
  reader.read("ewma_alpha", made.ewma_alpha, share);
  reader.read("initial_per_consumer_capacity", made.initial_per_consumer_capacity, positive);
  reader.read("no_sync_quiet_ms", made.no_sync_quiet_ms);
  reader.read("target_backlog_drain_rate", made.target_backlog_drain_rate);
  reader.read("material_backlog_threshold", made.material_backlog_threshold, one_or_more);
  reader.read("utilization_target", made.utilization_target, share);
  reader.read("halfin_whitt_beta", made.halfin_whitt_beta);
  reader.read("max_scale_up_step", made.max_scale_up_step, one_or_more);
  reader.read("scale_up_cooldown_ms", made.scale_up_cooldown_ms);
  reader.read("scale_down_cooldown_ms", made.scale_down_cooldown_ms);
  reader.finish();
  detail::check_together(made, reader);
  return made;
}

struct state {
  std::int32_t count = 0;
  /// Averages, the newest counting most; empty before the first sample.
  std::optional<double> arrival{};
  std::optional<double> dispatch{};
  std::optional<double> capacity{};
  milliseconds_since_epoch last_up_ms = 0;
  milliseconds_since_epoch last_down_ms = 0;
  milliseconds_since_epoch last_no_sync_ms = 0;
};

inline state begin(const config& by) { return {.count = by.initial_count}; }

namespace detail {

inline void average(std::optional<double>& into, double value, double alpha) {
  into = into ? alpha * value + (1 - alpha) * *into : value;
}

inline void learn_capacity(const config& by, state& of, const task_rates& sum) {
  if (of.count > 0 && sum.dispatch > 0) average(of.capacity, sum.dispatch / of.count, by.ewma_alpha);
}

}  // namespace detail

/// The size that the averages ask for, within the limits.
inline std::int32_t desired_count(const config& by, const state& of, double backlog) {
  const double required = of.arrival.value_or(0) + (backlog > 0 ? by.target_backlog_drain_rate : 0);
  const double load = required / of.capacity.value_or(by.initial_per_consumer_capacity);
  const double wanted =
      std::max(std::ceil(load / by.utilization_target), std::ceil(load + by.halfin_whitt_beta * std::sqrt(load)));
  // In doubles: what the rates ask for may be more than an integer holds.
  return static_cast<std::int32_t>(
      std::clamp(wanted, static_cast<double>(by.min_count), static_cast<double>(by.max_count)));
}

/// Looks at statistics and changes the count.
inline void on_poll(const config& by, state& of, const sample& seen, milliseconds_since_epoch now) {
  const task_rates sum = seen.total();
  if (sum == task_rates{}) {
    of.arrival = 0;
    of.dispatch = 0;
  } else {
    detail::average(of.arrival, sum.arrival, by.ewma_alpha);
    detail::average(of.dispatch, sum.dispatch, by.ewma_alpha);
  }
  if (sum.backlog >= by.material_backlog_threshold) detail::learn_capacity(by, of, sum);
  const std::int32_t desired = desired_count(by, of, sum.backlog);
  if (desired > of.count && now - of.last_up_ms >= by.scale_up_cooldown_ms) {
    of.count += std::min({by.max_scale_up_step, desired - of.count, by.max_count - of.count});
    of.last_up_ms = now;
  } else if (desired < of.count && now - of.last_no_sync_ms >= by.no_sync_quiet_ms &&
             now - of.last_down_ms >= by.scale_down_cooldown_ms) {
    of.count = std::max(by.min_count, of.count - 1);
    of.last_down_ms = now;
  }
}

/// A task was added that no poll waited for. Statistics should be looked at soon, for on_deferred().
inline void on_no_sync(const config& by, state& of, milliseconds_since_epoch now) {
  of.last_no_sync_ms = now;
  if (of.count >= by.max_count || now - of.last_up_ms < by.scale_up_cooldown_ms) return;
  ++of.count;
  of.last_up_ms = now;
}

/// What follows on_no_sync(): learns what workers can do, whatever the backlog is.
inline void on_deferred(const config& by, state& of, const sample& seen) {
  detail::learn_capacity(by, of, seen.total());
}

/// The size at which workers register their task queues.
inline std::int32_t registration_count(const config& by, const state& of) {
  return std::max(1, std::clamp(of.count, by.min_count, by.max_count));
}

}  // namespace rondo::controller::rate_based
