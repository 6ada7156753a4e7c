#pragma once
#include <asio/awaitable.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"

namespace rondo::detail::worker {

/// Lets coroutines of the loop wait until something has changed, or a deadline has passed.
class change_signal {
 public:
  explicit change_signal(io::event_loop& loop) : loop_(&loop) {}

  /// Wakes everybody who waits.
  void notify() {
    // Who waits holds it too.
    if (now_.use_count() > 1) std::exchange(now_, std::make_shared<io::call_token>())->cancel();
  }

  /// Waits until `holds()`; false when the deadline came first. The predicate is asked after every change.
  template <class Predicate>
  asio::awaitable<bool> wait_until(Predicate holds, io::time_point deadline) {
    while (!holds()) {
      if (io::steady_clock::now() >= deadline) co_return false;
      const auto waiting_for = now_;
      asio::error_code woken;
      co_await io::async_sleep_until(*loop_, deadline, waiting_for.get(),
                                     asio::redirect_error(asio::use_awaitable, woken));
    }
    co_return true;
  }

 private:
  io::event_loop* loop_;
  std::shared_ptr<io::call_token> now_ = std::make_shared<io::call_token>();
};

}  // namespace rondo::detail::worker
