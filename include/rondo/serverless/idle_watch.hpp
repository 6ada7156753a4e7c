#pragma once
#include <algorithm>
#include <chrono>
#include <optional>

#include "rondo/options.hpp"
#include "rondo/serverless/budget.hpp"

namespace rondo::serverless {

/// Knows since when an invocation has had nothing to do. Told after every change; has no clock of its own.
class idle_watch {
 public:
  /// `timeout`: how long an invocation goes on after its last work; zero: until its polls come back empty; empty: for
  /// ever.
  idle_watch(std::optional<duration> timeout, time_point now) : timeout_(timeout), last_work_(now), last_look_(now) {}

  /// `busy`: something is in work; `last_task`: when a task came last.
  void observe(time_point now, bool busy, time_point last_task) {
    if (!busy_) idle_ += now - last_look_;
    // What ended between two looks was in work at the second one, if only for a moment.
    if (busy || busy_) last_work_ = now;
    last_work_ = std::max(last_work_, last_task);
    busy_ = busy;
    last_look_ = now;
  }
  /// Somebody says that there is work: the time begins anew.
  void expect_work(time_point now) { last_work_ = std::max(last_work_, now); }
  /// The process has stood still until now: what came meanwhile has a moment to be read.
  void go_on_after_standstill(time_point now) {
    constexpr duration moment = std::chrono::milliseconds(500);
    if (!timeout_ || *timeout_ == duration::zero()) return;
    const auto given = *timeout_ - std::min(*timeout_, moment);
    last_work_ = std::max(last_work_, now - std::chrono::duration_cast<time_point::duration>(given));
  }

  /// When the invocation has been idle for long enough; time_point::max() while something is in work, and when no time
  /// ends it.
  time_point idle_at() const noexcept {
    if (busy_ || !timeout_ || *timeout_ == duration::zero()) return time_point::max();
    return last_work_ + std::chrono::duration_cast<time_point::duration>(*timeout_);
  }
  /// A poll with these times that brought nothing has seen that there is no work: because it began after the last work,
  /// or because the server had nothing for it long enough after that.
  bool has_seen_all(time_point began, time_point answered) const noexcept {
    // The empty answer may have been under way when the server learned of the work's end.
    constexpr std::chrono::seconds longest_way{1};
    return !busy_ && (began >= last_work_ || answered >= last_work_ + longest_way);
  }
  /// Polls that come back empty end the invocation, not a time.
  bool ends_with_polls() const noexcept { return timeout_ == duration::zero(); }

  /// How much of the time was waiting.
  duration idle() const noexcept { return idle_; }
  bool busy() const noexcept { return busy_; }

 private:
  std::optional<duration> timeout_;
  time_point last_work_, last_look_;
  duration idle_{};
  bool busy_ = false;
};

}  // namespace rondo::serverless
