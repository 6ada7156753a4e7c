#pragma once

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

  /// Handles an event that has come already; false when there is none. Loop thread only.
  virtual bool poll() = 0;

  /// Ends the current or the next wait(). Any thread.
  virtual void wake() noexcept = 0;

  /// Cancels what is outstanding and waits until it is gone; nothing can be started afterwards.
  virtual void shutdown() noexcept = 0;

  /// What happens in asio ends the wait too.
  virtual bool waits_in_asio() const noexcept { return false; }
};

}  // namespace rondo::detail::io
