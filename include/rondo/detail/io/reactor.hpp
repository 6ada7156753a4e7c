#pragma once

#include <condition_variable>
#include <mutex>

#include "rondo/detail/io/timer_heap.hpp"

namespace rondo::detail::io {

/// Where the thread of an event loop waits. Only the transport that brings a reactor knows more about it.
class reactor {
 public:
  reactor() = default;
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;
  virtual ~reactor() = default;

  /// Waits until an event came (and handles it), wake() was called, or the deadline passed.
  /// time_point::min() never waits. Loop thread only.
  virtual void wait(time_point deadline) = 0;

  /// Ends the current or the next wait(). Any thread.
  virtual void wake() noexcept = 0;

  /// Cancels what is outstanding and waits until it is gone; nothing can be started afterwards.
  virtual void shutdown() noexcept = 0;
};

/// Reactor without events: the thread sleeps until it is woken.
class parking_reactor final : public reactor {
 public:
  void wait(time_point deadline) override {
    std::unique_lock lock(mutex_);
    if (deadline == time_point::min()) {
      woken_ = false;
      return;
    }
    if (deadline == time_point::max()) {
      changed_.wait(lock, [this] { return woken_; });
    } else {
      changed_.wait_until(lock, deadline, [this] { return woken_; });
    }
    woken_ = false;
  }

  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }

  void shutdown() noexcept override {}

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

}  // namespace rondo::detail::io
