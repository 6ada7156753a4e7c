#pragma once
#include <memory>
#include <mutex>
#include <utility>

#include "rondo/detail/io/loop.hpp"

namespace rondo::detail::worker {

/// The way from other threads back to the loop. Once closed, what threads that were left behind still post is dropped.
class loop_gate {
 public:
  explicit loop_gate(io::event_loop& loop) : loop_(&loop) {}
  loop_gate(const loop_gate&) = delete;
  loop_gate& operator=(const loop_gate&) = delete;

  template <class Function>
  void post(Function&& function) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) loop_->post(std::forward<Function>(function));
  }
  /// As post, but at once when this is the loop's own thread.
  template <class Function>
  void dispatch(Function&& function) {
    {
      const std::lock_guard lock(mutex_);
      if (loop_ == nullptr) return;
      if (!loop_->running_in_this_thread()) return loop_->post(std::forward<Function>(function));
    }
    std::forward<Function>(function)();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  io::event_loop* loop_;
};

}  // namespace rondo::detail::worker
