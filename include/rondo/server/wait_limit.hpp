#pragma once

#include <functional>
#include <utility>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/server/call.hpp"

namespace rondo::server {

/// The end of somebody's patience, in real time: nobody skips to it. Disarmed when it is destroyed.
class wait_limit : private io::timer_node {
 public:
  wait_limit() = default;
  ~wait_limit() { disarm(); }

  void arm(io::event_loop& loop, io::time_point when, std::function<void()> then) {
    disarm();
    loop_ = &loop;
    then_ = std::move(then);
    loop.arm(*this, when);
  }

  void disarm() noexcept {
    if (armed()) loop_->disarm(*this);
    then_ = nullptr;
  }

 private:
  void on_timer() override {
    // It may be destroyed while the function runs.
    if (const auto then = std::exchange(then_, nullptr)) then();
  }

  io::event_loop* loop_ = nullptr;
  std::function<void()> then_;
};

}  // namespace rondo::server
