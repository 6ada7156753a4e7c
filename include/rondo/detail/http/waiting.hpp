#pragma once
#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>

#include "rondo/detail/http/address.hpp"
#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"

namespace rondo::detail::http {

/// Lets one coroutine wait until it is woken or a time has come. Loop thread only.
class wakeup {
 public:
  explicit wakeup(io::event_loop& loop) : loop_(loop) {}
  wakeup(const wakeup&) = delete;
  wakeup& operator=(const wakeup&) = delete;

  /// Ends a wait; nothing happens when nobody waits.
  void wake() {
    if (const auto token = waiting_) token->cancel();
  }

  /// False: the time has come. The awaiting coroutine keeps this object alive.
  asio::awaitable<bool> wait_until(io::time_point when) {
    // Shared, since the coroutine may be destroyed while it waits.
    const auto token = std::make_shared<io::call_token>();
    waiting_ = token;
    asio::error_code woken;
    co_await io::async_sleep_until(loop_, when, token.get(), asio::redirect_error(asio::use_awaitable, woken));
    if (waiting_ == token) waiting_ = nullptr;
    co_return static_cast<bool>(woken);
  }

 private:
  io::event_loop& loop_;
  std::shared_ptr<io::call_token> waiting_;
};

/// Cancels what goes on at a socket when the time has come. time_point::max(): never.
class socket_deadline final : private io::timer_node {
 public:
  socket_deadline(io::event_loop& loop, stream_socket& socket, io::time_point when) : loop_(loop), socket_(socket) {
    if (when != io::time_point::max()) loop_.arm(*this, when);
  }
  socket_deadline(const socket_deadline&) = delete;
  socket_deadline& operator=(const socket_deadline&) = delete;
  ~socket_deadline() { loop_.disarm(*this); }

  bool passed() const noexcept { return passed_; }

  /// Tells a cancellation by the deadline from others.
  asio::error_code explain(asio::error_code failed) const {
    return passed_ && failed == asio::error::operation_aborted ? asio::error_code(asio::error::timed_out) : failed;
  }

 private:
  void on_timer() override {
    passed_ = true;
    asio::error_code ignored;
    socket_.cancel(ignored);
  }

  io::event_loop& loop_;
  stream_socket& socket_;
  bool passed_ = false;
};

}  // namespace rondo::detail::http
