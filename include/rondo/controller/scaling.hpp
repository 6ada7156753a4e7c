#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/controller/scaling/demand.hpp"
#include "rondo/controller/scaling/fleet.hpp"
#include "rondo/controller/scaling/no_sync.hpp"
#include "rondo/controller/scaling/observation.hpp"
#include "rondo/controller/scaling/rate_based.hpp"
#include "rondo/controller/scaling/sample.hpp"
#include "rondo/controller/settings.hpp"

// When to invoke how many workers, or how large a set of them shall be. Pure functions: time, statistics and chance
// come in, decisions come out.
namespace rondo::controller {

/// What a provider can do.
enum class launch_strategy : std::uint8_t {
  invoke,    ///< start workers that end by themselves
  set_size,  ///< say how many workers there shall be
};

enum class scaler_type : std::uint8_t { demand, no_sync, rate_based };

inline std::string_view name_of(scaler_type type) {
  switch (type) {
    case scaler_type::no_sync:
      return "no-sync";
    case scaler_type::rate_based:
      return "rate-based";
    default:
      return "demand";
  }
}

/// An algorithm and its settings.
struct scaler_config {
  scaler_type type = scaler_type::demand;
  launch_strategy strategy = launch_strategy::invoke;
  demand::config by_demand{};
  no_sync::config by_no_sync{};
  rate_based::config by_rate{};
  fleet_config fleet{};
};

/// Reads the settings of the algorithm of that name. Throws setting_error for a setting, std::invalid_argument for an
/// algorithm that does not exist or does not suit the provider.
inline scaler_config read_scaler(std::string_view type, launch_strategy strategy, const settings& from) {
  scaler_config made;
  made.strategy = strategy;
  if (type == "demand") {
    made.by_demand = demand::read(from);
  } else if (type == "no-sync") {
    if (strategy != launch_strategy::invoke) {
      throw std::invalid_argument("scaler 'no-sync' invokes workers, but this provider sets the size of a set of them");
    }
    made.type = scaler_type::no_sync;
    made.by_no_sync = no_sync::read(from);
  } else if (type == "rate-based") {
    if (strategy != launch_strategy::set_size) {
      throw std::invalid_argument(
          "scaler 'rate-based' sets the size of a set of workers, but this provider invokes them");
    }
    made.type = scaler_type::rate_based;
    made.by_rate = rate_based::read(from);
  } else {
    throw std::invalid_argument("there is no scaler '" + std::string(type) + "', only demand, no-sync and rate-based");
  }
  return made;
}

/// All that decisions depend on besides the settings and the present look.
struct scaler_state {
  fleet workers{};
  demand::state by_demand{};
  no_sync::state by_no_sync{};
  rate_based::state by_rate{};
  /// The last look that counted as a poll of statistics.
  milliseconds_since_epoch last_poll_ms = 0;
  /// Tasks waited for workers at the last look, and how many; the same tasks are no reason twice.
  double known_backlog = 0;
  /// Statistics are to be looked at for what a size that has just changed can do.
  bool deferred = false;
};

inline scaler_state begin(const scaler_config& by) {
  scaler_state made;
  made.by_rate = rate_based::begin(by.by_rate);
  made.by_demand.count = by.by_demand.min_instances;
  return made;
}

/// What to do: invoke so many workers, or let a set have this size.
struct decision {
  std::int32_t invoke = 0;
  std::optional<std::int32_t> size{};

  bool nothing() const noexcept { return invoke == 0 && !size; }
};

inline std::int64_t poll_interval_ms(const scaler_config& by) {
  switch (by.type) {
    case scaler_type::no_sync:
      return by.by_no_sync.metrics_poll_interval_ms;
    case scaler_type::rate_based:
      return by.by_rate.metrics_poll_interval_ms;
    default:
      return by.by_demand.metrics_poll_interval_ms;
  }
}

namespace detail_scaling {

/// Tasks wait, nobody polls, and it is news.
inline bool has_new_reason(const scaler_config& by, scaler_state& of, const observation& seen,
                           milliseconds_since_epoch now) {
  const bool waits = seen.backlog() > 0 && of.workers.live_pollers(by.fleet, seen, now) == 0;
  const double known = std::exchange(of.known_backlog, waits ? seen.backlog() : 0);
  const bool nobody_was_sent = by.strategy == launch_strategy::invoke && of.workers.instances.empty();
  return waits && (seen.backlog() > known || nobody_was_sent);
}

/// What the server counted before the last worker left may be what that one has done. Temporal's servers count every 5
/// s and repeat it in between.
inline bool is_outdated(const scaler_state& of, const observation& seen, milliseconds_since_epoch now) {
  constexpr std::int64_t longest_repeated_ms = 5'000;
  return seen.unchanged_since_ms != 0 && seen.unchanged_since_ms < of.workers.last_visit_ms &&
         now - of.workers.last_visit_ms < longest_repeated_ms;
}

inline observation without_backlog(observation from) {
  for (auto& each : from.rates.kinds) {
    if (each) each->backlog = 0;
  }
  return from;
}

inline std::int32_t invoke_by_no_sync(const scaler_config& by, scaler_state& of, const observation& seen,
                                      milliseconds_since_epoch now, bool poll_due) {
  std::int32_t count = 0;
  if (has_new_reason(by, of, seen, now)) count += no_sync::on_task_add(by.by_no_sync, of.by_no_sync, false, now);
  if (poll_due) count += no_sync::on_poll(by.by_no_sync, of.by_no_sync, seen.rates, now);
  return count;
}

inline std::int32_t size_by_rate(const scaler_config& by, scaler_state& of, const observation& seen,
                                 milliseconds_since_epoch now, bool poll_due) {
  if (std::exchange(of.deferred, false)) rate_based::on_deferred(by.by_rate, of.by_rate, seen.rates);
  if (has_new_reason(by, of, seen, now)) {
    rate_based::on_no_sync(by.by_rate, of.by_rate, now);
    of.deferred = true;
  }
  if (poll_due) rate_based::on_poll(by.by_rate, of.by_rate, seen.rates, now);
  if (!seen.registered) return rate_based::registration_count(by.by_rate, of.by_rate);
  return of.by_rate.count;
}

}  // namespace detail_scaling

/// Decides after a look; `size` is the size that the set of workers has, `random` lies between 0 and 1. During a pause
/// nothing is decided, and no reason is used up.
inline decision decide(const scaler_config& by, scaler_state& of, const observation& seen,
                       std::optional<std::int32_t> size, milliseconds_since_epoch now, double random) {
  of.workers.judge(by.fleet, seen, now, random);
  if (of.workers.pausing(now)) return {};
  if (by.strategy == launch_strategy::invoke && seen.backlog() > 0 && detail_scaling::is_outdated(of, seen, now)) {
    return decide(by, of, detail_scaling::without_backlog(seen), size, now, random);
  }
  const bool poll_due = now - of.last_poll_ms >= poll_interval_ms(by);
  if (poll_due) of.last_poll_ms = now;
  decision made;
  if (by.strategy == launch_strategy::set_size) {
    std::int32_t wanted = 0;
    if (by.type == scaler_type::rate_based) {
      wanted = detail_scaling::size_by_rate(by, of, seen, now, poll_due);
    } else {
      demand::resize(by.by_demand, of.by_demand, seen, now);
      wanted = seen.registered ? of.by_demand.count : std::max(1, of.by_demand.count);
    }
    if (wanted != size) made.size = wanted;
    return made;
  }
  if (by.type == scaler_type::no_sync) {
    made.invoke = detail_scaling::invoke_by_no_sync(by, of, seen, now, poll_due);
  } else {
    made.invoke = demand::to_invoke(by.by_demand, by.fleet, of.workers, seen, now);
  }
  // One worker registers the task queues of a version that the server does not know yet.
  if (!seen.registered && made.invoke == 0 && of.workers.instances.empty()) made.invoke = 1;
  return made;
}

/// Whether a look shows something that decide() should know: leads to a decision, or tells what became of invocations.
inline bool is_worth_reporting(const scaler_config& by, const scaler_state& of, const observation& seen,
                               std::optional<std::int32_t> size, milliseconds_since_epoch now) {
  if (of.deferred) return true;
  scaler_state copy = of;
  constexpr double no_jitter = 0.5;
  if (copy.workers.judge(by.fleet, seen, now, no_jitter)) return true;
  return !decide(by, copy, seen, size, now, no_jitter).nothing() || copy.deferred ||
         copy.last_poll_ms != of.last_poll_ms;
}

}  // namespace rondo::controller
