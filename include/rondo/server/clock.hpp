#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

namespace io = rondo::detail::io;

/// The server's time and timers: real time, or virtual time that is real time plus what was skipped.
///
/// Skipping goes to the next timer when three things hold: nobody locked it, nothing is in progress (nobody holds the
/// clock), and the loop has nothing else to do. Timers that are armed as limits (timeouts of runs) are never skipped
/// to, only passed on the way to others.
class clock {
 public:
  enum class kind : std::uint8_t {
    progress,  // a workflow waits for it
    limit,     // a run or an execution ends when it is reached
  };

  /// Something that happens at a time of the server. Lives in its owner, which disarms it before it dies.
  class timer final : private io::timer_node {
   public:
    timer() = default;
    bool armed() const noexcept { return io::timer_node::armed(); }
    instant when() const noexcept { return when_; }
    /// The time has come; the timer is disarmed and may be armed again.
    std::function<void()> on_due;

   private:
    friend class clock;
    void on_timer() override {
      // The timer may die in it.
      const auto function = on_due;
      function();
    }
    instant when_ = 0;
    clock::kind kind_ = clock::kind::progress;
  };

  /// `start` is the first time of the clock; 0: the present. A clock that skips and has a start of its own stands still
  /// but for what is skipped, so that all its times can be foretold.
  clock(io::event_loop& loop, bool skipping, instant start = 0);
  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  ~clock();

  /// Does not change while a request or a timer is handled.
  instant now() const noexcept { return now_; }
  /// Looks at the real clock; the first thing in every turn that handles something.
  void refresh() noexcept;

  /// Timers come due by time; progress before limits at the same time, then in the order in which they were armed.
  void arm(timer& which, instant when, kind as = kind::progress);
  void disarm(timer& which) noexcept;

  /// Something is in progress: no time is skipped until it is released. Counted.
  void hold() noexcept { ++holds_; }
  void release() noexcept;

  bool can_skip() const noexcept { return skipping_; }
  /// Locks are counted; a clock that can skip begins with one.
  void lock_skipping() noexcept { ++locks_; }
  /// Counts below zero too, so that several may unlock at once and lock again. False: there was no lock.
  bool unlock_skipping() noexcept;

  /// Somebody waits for what a workflow does next, an update for example: while he does, the lock that the clock began
  /// with does not count. Counted.
  void add_waiter() noexcept;
  void remove_waiter() noexcept { --waiters_; }

  /// Calls `then` once when nothing is in progress and the loop has nothing else to do, before any time is skipped;
  /// locks do not matter.
  void when_idle(std::function<void()> then);
  /// There is a time that skipping would go to.
  bool has_next() const noexcept { return !progress_.empty(); }

  /// Calls `then` when the clock, skipping as it may, has reached the time; at once when it has already. Returns what
  /// cancel_sleep() takes.
  std::uint64_t sleep_until(instant time, std::function<void()> then);
  /// `then` is dropped; numbers of sleeps that are over are ignored.
  void cancel_sleep(std::uint64_t which) noexcept;
  /// Moves the clock to the time, firing what is due on the way, limits too. For environments that drive time
  /// themselves.
  void skip_to(instant time);

 private:
  class alarm;
  struct sleeper {
    std::uint64_t number;
    timer until;
    std::function<void()> then;
  };

  instant real_now() const noexcept;
  instant next() const noexcept;
  void set_alarm();
  void fire_soon();
  void fire_due();
  timer* pop_due() noexcept;
  bool may_skip_now() const noexcept;
  void watch_for_idleness();
  void look_for_idleness();
  void move_to(instant time) noexcept;
  void wake(std::uint64_t which);

  io::event_loop* loop_;
  bool skipping_;
  /// Time passes by skipping alone.
  bool still_;
  int locks_;
  int holds_ = 0;
  int waiters_ = 0;
  instant now_ = 0;
  /// Difference between the clock and the loop's own.
  interval offset_ = 0;
  io::timer_heap progress_;
  io::timer_heap limits_;
  std::list<sleeper> sleepers_;
  std::uint64_t sleeps_ = 0;

  std::unique_ptr<alarm> alarm_;
  instant alarm_time_ = never;
  /// What is handled is counted, so that idleness shows.
  std::uint64_t handled_ = 0;
  std::uint64_t handled_before_ = 0;
  int idle_turns_ = 0;
  std::vector<std::function<void()>> idle_waiters_;
  bool watching_ = false;
  bool firing_soon_ = false;
  /// Posted work looks here whether the clock still lives.
  std::shared_ptr<clock*> self_;
};

}  // namespace rondo::server
