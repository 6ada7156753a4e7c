#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

namespace io = rondo::detail::io;

/// The server's time and timers: real time, or virtual time that is real time plus what was skipped.
///
/// Skipping goes to the next timer when three things hold: nobody locked it, nothing is in progress (nobody holds the
/// clock), and the loop has nothing else to do. Timers that are armed as limits (timeouts of runs) are never skipped to,
/// only sleep() and skip_to() pass them.
class clock {
 public:
  enum class kind : std::uint8_t {
    progress,  // a workflow waits for it
    limit,     // a run or an execution ends when it is reached
  };

  /// Something that happens at a time of the server. Lives in its owner, which disarms it before it dies.
  class timer : private io::timer_node {
   public:
    timer() = default;
    bool armed() const noexcept { return io::timer_node::armed(); }
    instant when() const noexcept { return when_; }
    /// The time has come; the timer is disarmed and may be armed again.
    std::function<void()> on_due;

   private:
    friend class clock;
    void on_timer() override;
    clock* owner_ = nullptr;
    instant when_ = 0;
    clock::kind kind_ = clock::kind::progress;
  };

  /// `start` is the first time of the clock, 0: the present.
  clock(io::event_loop& loop, bool skipping, instant start = 0);
  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  ~clock();

  /// Does not change while a request or a timer is handled.
  instant now() const noexcept { return now_; }
  /// Looks at the real clock; the first thing in every turn that handles something.
  void refresh() noexcept;

  void arm(timer& which, instant when, kind as = kind::progress);
  void disarm(timer& which) noexcept;

  /// Something is in progress: no time is skipped until it is released. Counted.
  void hold() noexcept { ++holds_; }
  void release() noexcept;

  bool can_skip() const noexcept { return skipping_; }
  /// Locks are counted; the clock starts with one when `skipping` was true only to serve the TestService.
  void lock_skipping() noexcept { ++locks_; }
  /// False: there was no lock.
  bool unlock_skipping() noexcept;

  /// Calls `then` when the clock, skipping as it may, has passed the time.
  void sleep_until(instant time, std::function<void()> then);
  /// Moves the clock to the time, firing what is due on the way, limits too. For environments that drive time
  /// themselves.
  void skip_to(instant time);

  /// Called after every batch of timers: the server finishes its turn.
  std::function<void()> after_timers;

 private:
  struct alarm;
  void rearm();
  void fire_due();
  void skip_when_idle();

  io::event_loop* loop_;
  bool skipping_;
  int locks_ = 0;
  int holds_ = 0;
  instant now_ = 0;
  interval offset_ = 0;
  io::timer_heap progress_;
  io::timer_heap limits_;
  std::unique_ptr<alarm> alarm_;
};

}  // namespace rondo::server
