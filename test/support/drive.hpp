#pragma once
#include <chrono>
#include <functional>

#include "rondo/detail/io/loop.hpp"

namespace rondo::test {

/// Drives the loop until it holds; false when it takes far too long.
inline bool drive_until(detail::io::event_loop& loop, const std::function<bool()>& holds) {
  using detail::io::steady_clock;
  // Threads of activities do not wake the loop, so it looks again and again.
  struct alarm final : detail::io::timer_node {
    explicit alarm(detail::io::event_loop& of) : on(of) { on_timer(); }
    ~alarm() { on.disarm(*this); }
    void on_timer() override { on.arm(*this, steady_clock::now() + std::chrono::milliseconds(1)); }
    detail::io::event_loop& on;
  };
  const alarm ticks(loop);
  const auto limit = steady_clock::now() + std::chrono::seconds(60);
  bool held = false;
  loop.run_until([&] { return (held = holds()) || steady_clock::now() >= limit; });
  return held;
}

}  // namespace rondo::test
