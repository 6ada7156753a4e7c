#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "rondo/options.hpp"

// How an invocation divides its time. Everything here is arithmetic on times that are passed in: no clock, no waiting.
//
//   now ──── work ────> stop ── tasks in work end ──> hooks ── hooks run ──> deadline
//                        └──────────── shutdown buffer ───────────────────────┘
namespace rondo::serverless {

using time_point = std::chrono::steady_clock::time_point;

/// Servers refuse polls with two seconds or less, and answer them a second before their time is over.
inline constexpr duration server_margin = std::chrono::seconds(1);
inline constexpr duration shortest_wait = std::chrono::milliseconds(1200);

/// An invocation with less time for work has no sticky queue: most tasks of its workflows would come when it is gone,
/// or when it polls no more and they wait in vain.
inline constexpr duration least_sticky_work = std::chrono::seconds(15);

/// What an invocation keeps of its time for its end.
struct time_limits {
  /// How long tasks that are in work when polling stops may take to end.
  duration stop_timeout = std::chrono::seconds(5);
  /// What the shutdown hooks get after that.
  duration hook_buffer = std::chrono::seconds(2);
  /// How long before the deadline polling stops; unset: `stop_timeout` and `hook_buffer` together.
  std::optional<duration> shutdown_buffer{};
  /// With no more time than this for work an invocation fails at once, and up to `warn_work` it logs a warning.
  duration min_work = std::chrono::seconds(1);
  duration warn_work = std::chrono::seconds(5);
  /// How long an invocation without a deadline may run; zero: for ever.
  duration max_run = std::chrono::minutes(15);

  duration buffer() const noexcept { return shutdown_buffer.value_or(stop_timeout + hook_buffer); }
};

/// Whether the time is worth an invocation.
enum class verdict : std::uint8_t { enough, little, none };

/// The times of one invocation.
struct budget {
  /// No poll may wait for a task from here on; time_point::max() when nothing ends the invocation.
  time_point stop = time_point::max();
  /// Every poll must have been answered: the server's margin later, and long before the hooks begin.
  time_point polls = time_point::max();
  /// Tasks have ended or were given back: the hooks begin, at the latest.
  time_point hooks = time_point::max();
  /// When the answer must be out.
  time_point deadline = time_point::max();
  /// From now until `stop`; may be negative.
  duration work = duration::max();
  serverless::verdict verdict = serverless::verdict::enough;
};

/// Throws std::invalid_argument, naming the numbers, when limits cannot work together.
inline void check(const time_limits& limits) {
  const auto text = [](duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
  };
  const auto positive = [&text](const char* name, duration time) {
    if (time < duration::zero()) {
      throw std::invalid_argument("rondo: " + std::string(name) + " must not be negative, but it is " + text(time));
    }
  };
  positive("stop_timeout", limits.stop_timeout);
  positive("hook_buffer", limits.hook_buffer);
  positive("min_work", limits.min_work);
  positive("max_run", limits.max_run);
  if (limits.buffer() < limits.stop_timeout) {
    throw std::invalid_argument("rondo: shutdown_buffer (" + text(limits.buffer()) +
                                ") must be at least stop_timeout (" + text(limits.stop_timeout) +
                                "): tasks that are in work when polling stops would outlive the deadline");
  }
  if (limits.warn_work < limits.min_work) {
    throw std::invalid_argument("rondo: warn_work (" + text(limits.warn_work) + ") must be at least min_work (" +
                                text(limits.min_work) + ")");
  }
}

/// Divides the time from now to the deadline, if there is one.
inline budget plan(std::optional<time_point> deadline, time_point now, const time_limits& limits) {
  budget result;
  if (!deadline) {
    if (limits.max_run == duration::zero()) return result;
    deadline = now + limits.buffer() + limits.max_run;
  }
  result.deadline = *deadline;
  result.stop = *deadline - limits.buffer();
  result.hooks = result.stop + limits.stop_timeout;
  result.polls = result.stop + std::min(server_margin, limits.stop_timeout / 2);
  result.work = result.stop - now;
  if (result.work <= limits.min_work) {
    result.verdict = verdict::none;
  } else if (result.work < limits.warn_work) {
    result.verdict = verdict::little;
  }
  return result;
}

/// What a poller does.
enum class poll_advice : std::uint8_t {
  begin,
  wait,  ///< something has to come in first, otherwise the invocation ends soon
  end,   ///< there is no time for another poll
};

struct poll_plan {
  poll_advice advice = poll_advice::end;
  /// When the poll must have been answered.
  time_point deadline = time_point::min();
};

/// The last time at which a poll can begin that is answered by `end`.
inline time_point last_begin(time_point end) noexcept {
  return end == time_point::max() ? end : end - shortest_wait - server_margin;
}

/// When a poll that begins now must have been answered: so that the server ends it when the worker has been idle for
/// long enough, after `cap` at the latest, and by `end` in any case.
inline poll_plan plan_poll(time_point now, time_point end, time_point idle, duration cap) {
  if (now > last_begin(end)) return {};
  const auto until = [now](time_point time) { return time == time_point::max() ? duration::max() : time - now; };
  const duration until_idle = until(idle);
  // A shorter poll would keep the invocation from ending.
  if (until_idle < shortest_wait) return {poll_advice::wait, time_point::min()};
  const duration until_end = end == time_point::max() ? duration::max() : end - now - server_margin;
  return {poll_advice::begin, now + std::max(std::min({cap, until_end, until_idle}), shortest_wait) + server_margin};
}

}  // namespace rondo::serverless
