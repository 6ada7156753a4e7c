#pragma once

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <type_traits>
#include <utility>

#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/slot_hook.hpp"

namespace rondo::detail::io {

/// Timer whose end calls an asio completion handler; owns itself while it is armed.
template <class Handler>
class sleep_operation final : public timer_node, private call_token::hook {
 public:
  static void start(event_loop& loop, time_point when, call_token* token, Handler handler) {
    if (loop.closing()) return;
    auto* self = new sleep_operation(loop, std::move(handler));
    loop.arm(*self, when);
    if (token) self->follow(*token);
    self->slot_.attach(self->handler_, [self] { self->cancel(); });
  }

  void on_timer() override {
    slot_.detach(handler_);
    const asio::error_code result = cancelled_ ? asio::error_code(asio::error::operation_aborted) : asio::error_code();
    const auto executor = asio::get_associated_executor(handler_, loop_->executor());
    Handler handler = std::move(handler_);
    delete this;
    asio::dispatch(executor, [handler = std::move(handler), result]() mutable { std::move(handler)(result); });
  }

  void on_discard() noexcept override {
    // First, since the handler may own the token.
    detach();
    delete this;
  }

 private:
  void on_cancel() override { cancel(); }
  void on_stop_retries() override { cancel(); }

  void follow(call_token& token) {
    attach(token);
    if (token.retries_stopped()) cancel();
  }

  sleep_operation(event_loop& loop, Handler handler) : loop_(&loop), handler_(std::move(handler)) {}
  ~sleep_operation() = default;

  // The handler must not run inside the caller that cancels, so the cancelled timer fires in the next turn.
  void cancel() {
    cancelled_ = true;
    loop_->arm(*this, time_point::min());
  }

  event_loop* loop_;
  Handler handler_;
  slot_hook slot_;
  bool cancelled_ = false;
};

/// asio operation that completes at the given time, or with operation_aborted when its cancellation slot or the token
/// (null: none) ends it. Start it on the loop's thread.
template <class CompletionToken>
auto async_sleep_until(event_loop& loop, time_point when, call_token* token, CompletionToken&& completion) {
  return asio::async_initiate<CompletionToken, void(asio::error_code)>(
      [](auto&& handler, event_loop* on, time_point until, call_token* ended_by) {
        using handler_type = std::decay_t<decltype(handler)>;
        sleep_operation<handler_type>::start(*on, until, ended_by, std::forward<decltype(handler)>(handler));
      },
      completion, &loop, when, token);
}

template <class CompletionToken>
auto async_sleep_until(event_loop& loop, time_point when, CompletionToken&& completion) {
  return async_sleep_until(loop, when, nullptr, std::forward<CompletionToken>(completion));
}

/// Throws asio::system_error(operation_aborted) when it is cancelled.
asio::awaitable<void> sleep_until(event_loop& loop, time_point when);

/// Throws asio::system_error(operation_aborted) when it is cancelled.
asio::awaitable<void> sleep_for(event_loop& loop, duration time);

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/sleep.hpp"
#endif
