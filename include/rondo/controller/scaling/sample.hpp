#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>

namespace rondo::controller {

/// Milliseconds since 1970, as the algorithms count time.
using milliseconds_since_epoch = std::int64_t;

/// The kinds of tasks, each with statistics of its own.
enum class task_kind : std::uint8_t { workflow, activity, nexus };
inline constexpr std::size_t task_kinds = 3;

/// What is known of the tasks of one kind; rates are per second.
struct task_rates {
  double backlog = 0;
  double arrival = 0;
  double dispatch = 0;

  friend bool operator==(const task_rates&, const task_rates&) = default;
};

/// A number that counts as a measurement.
inline bool is_measured(double value) { return std::isfinite(value) && value >= 0; }

/// The task queues of a target at one moment, by kind of task; empty: nothing is known.
struct sample {
  std::array<std::optional<task_rates>, task_kinds> kinds{};

  /// A kind's rates, without those that hold a number that is none (NaN, infinite or negative).
  std::optional<task_rates> of(std::size_t kind) const {
    const auto& each = kinds[kind];
    if (!each || !is_measured(each->backlog) || !is_measured(each->arrival) || !is_measured(each->dispatch)) {
      return std::nullopt;
    }
    return each;
  }
  /// The sums over all kinds.
  task_rates total() const {
    task_rates sum;
    for (std::size_t kind = 0; kind < task_kinds; ++kind) {
      const auto each = of(kind);
      if (!each) continue;
      sum.backlog += each->backlog;
      sum.arrival += each->arrival;
      sum.dispatch += each->dispatch;
    }
    return sum;
  }
};

}  // namespace rondo::controller
