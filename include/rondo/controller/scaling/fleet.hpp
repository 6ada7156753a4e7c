#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/scaling/observation.hpp"

namespace rondo::controller {

/// What is taken for granted about workers that were invoked.
struct fleet_config {
  /// Who polled within this time is there.
  std::int64_t poller_window_ms = 5'000;
  /// How long an invocation whose end nobody tells may take until its worker polls.
  std::int64_t start_grace_ms = 10'000;
  /// An invocation this old counts as lost, to be replaced, while there is work and nobody polls.
  std::int64_t stall_ms = 30'000;
};

/// One invocation that has not ended, as far as is known.
struct instance {
  std::string id{};
  milliseconds_since_epoch began_ms = 0;
  /// Backlog for which it was made.
  double backlog = 0;
  /// Set: it was accepted then, and nobody will tell its end.
  std::optional<milliseconds_since_epoch> accepted_ms{};
  /// How many workers there were, it included, when it began.
  int rank = 1;
  /// The process that made it, and that will tell its end.
  std::string made_by{};
};

/// first * 2^(times - 1), at most 10 s.
constexpr std::int64_t grown_pause_ms(std::int64_t first, int times) {
  constexpr std::int64_t longest = 10'000;
  std::int64_t pause = first;
  for (int each = 1; each < times && pause < longest; ++each) pause *= 2;
  return std::min(pause, longest);
}

/// The pause changed by up to 20 % either way; `random` lies between 0 and 1.
constexpr std::int64_t with_jitter(std::int64_t pause, double random) {
  constexpr double jitter = 0.2;
  return static_cast<std::int64_t>(static_cast<double>(pause) * (1 + jitter * (2 * random - 1)));
}

/// The invocations of a target: which of them have not ended, and how long to wait after those that did not help.
struct fleet {
  static constexpr std::int64_t after_failure_ms = 100;
  static constexpr std::int64_t after_nobody_came_ms = 500;
  static constexpr std::int64_t longest_asked_pause_ms = 60'000;

  std::vector<instance> instances{};
  /// In a row: invocations that failed, and those that succeeded although nobody polled.
  int failures = 0;
  int in_vain = 0;
  milliseconds_since_epoch not_before_ms = 0;
  milliseconds_since_epoch last_end_ms = 0;
  /// The end of the last invocation whose worker polled.
  milliseconds_since_epoch last_visit_ms = 0;
  /// Ended well, but it is not known yet whether anybody came.
  std::vector<instance> unjudged{};

  bool pausing(milliseconds_since_epoch now) const { return now < not_before_ms; }
  bool holds(std::string_view id) const {
    return std::any_of(instances.begin(), instances.end(), [id](const auto& each) { return each.id == id; });
  }

  void began(instance made) { instances.push_back(std::move(made)); }

  /// The provider took it and will not tell its end.
  void accepted(std::string_view id, milliseconds_since_epoch now) {
    failures = 0;
    for (auto& each : instances) {
      if (each.id == id) each.accepted_ms = now;
    }
  }

  /// It has ended well. False: it is not known, or has ended before.
  bool ended(std::string_view id, milliseconds_since_epoch now) {
    auto gone = take(id);
    if (!gone) return false;
    failures = 0;
    last_end_ms = now;
    unjudged.push_back(std::move(*gone));
    return true;
  }

  /// It has failed; `asked_pause_ms`: how long the provider wants to be left alone.
  bool failed(std::string_view id, milliseconds_since_epoch now, double random, std::int64_t asked_pause_ms = 0) {
    if (!take(id)) return false;
    last_end_ms = now;
    pause_after_failure(now, random, asked_pause_ms);
    return true;
  }
  void pause_after_failure(milliseconds_since_epoch now, double random, std::int64_t asked_pause_ms = 0) {
    ++failures;
    const auto own = with_jitter(grown_pause_ms(after_failure_ms, failures), random);
    not_before_ms = now + std::max(own, std::min(asked_pause_ms, longest_asked_pause_ms));
  }

  /// Nothing is known of it any more: it is looked for at once whether somebody else is needed.
  bool lost(std::string_view id, milliseconds_since_epoch now) {
    if (!take(id)) return false;
    last_end_ms = now;
    return true;
  }

  /// Learns from a look whether those who were invoked came. True: something was learned.
  bool judge(const fleet_config& by, const observation& seen, milliseconds_since_epoch now, double random) {
    std::vector<instance> left;
    for (auto& each : instances) {
      const bool polled = seen.pollers_since(each.began_ms) > 0;
      const bool over = each.accepted_ms && now - *each.accepted_ms >= by.start_grace_ms;
      const bool gone = each.accepted_ms && polled && live_pollers(by, seen, now) == 0;
      if (over || gone) {
        unjudged.push_back(std::move(each));
      } else {
        left.push_back(std::move(each));
      }
    }
    instances = std::move(left);
    const bool learned = !unjudged.empty();
    for (const auto& each : std::exchange(unjudged, {})) {
      const bool less_to_do = seen.registered && (seen.backlog() < each.backlog || seen.backlog() == 0);
      const bool came = seen.pollers_since(each.began_ms) > 0;
      if (came && !each.accepted_ms) last_visit_ms = last_end_ms;
      if (less_to_do || came) {
        in_vain = 0;
      } else {
        ++in_vain;
        not_before_ms =
            std::max(not_before_ms, now + with_jitter(grown_pause_ms(after_nobody_came_ms, in_vain), random));
      }
    }
    return learned;
  }

  /// Workers that poll. What polled before the last invocation ended may have been that one.
  int live_pollers(const fleet_config& by, const observation& seen, milliseconds_since_epoch now) const {
    return seen.pollers_since(std::max(now - by.poller_window_ms, last_end_ms));
  }

  /// How many workers there are at least; `replaceable`: without those that should have polled and did not.
  int alive(const fleet_config& by, const observation& seen, milliseconds_since_epoch now, bool replaceable) const {
    const int pollers = live_pollers(by, seen, now);
    auto invoked = static_cast<int>(instances.size());
    int expected = 0;
    for (const auto& each : instances) {
      if (each.accepted_ms) expected = std::max(expected, each.rank);
      const bool stalled = replaceable && pollers == 0 && seen.backlog() > 0 && now - each.began_ms >= by.stall_ms;
      if (stalled) --invoked;
    }
    return std::max({pollers, invoked, expected});
  }

 private:
  std::optional<instance> take(std::string_view id) {
    const auto found =
        std::find_if(instances.begin(), instances.end(), [id](const auto& each) { return each.id == id; });
    if (found == instances.end()) return std::nullopt;
    std::optional<instance> taken(std::move(*found));
    instances.erase(found);
    return taken;
  }
};

}  // namespace rondo::controller
