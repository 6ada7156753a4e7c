#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "rondo/detail/io/loop.hpp"

namespace rondo {

namespace detail::calls {

/// Keeps an event loop that a client made, or points to one that somebody else keeps.
class loop_owner {
 public:
  loop_owner() : own_(std::make_unique<io::event_loop>()), loop_(own_.get()) {}
  explicit loop_owner(io::event_loop& existing) : loop_(&existing) {}

  io::event_loop& loop() const noexcept { return *loop_; }

 private:
  std::unique_ptr<io::event_loop> own_;
  io::event_loop* loop_;
};

}  // namespace detail::calls

/// A request to the server that has not been sent yet. Await it in a coroutine on the client's loop
/// (`co_spawn(client.executor(), ...)`), or drive it to its end with get(). Once only.
template <class Result>
class [[nodiscard("nothing is sent until it is awaited, or driven with get()")]] call : public asio::awaitable<Result> {
 public:
  call(asio::awaitable<Result> work, std::weak_ptr<detail::calls::loop_owner> owner)
      : asio::awaitable<Result>(std::move(work)), owner_(std::move(owner)) {}

  /// Sends the request and waits for its end; throws what awaiting it would throw. Any thread but the one that runs the
  /// loop (a coroutine, a handler): there it throws std::logic_error.
  Result get() {
    const auto keep = owner_.lock();
    if (!keep) throw std::logic_error("rondo: the client of this call is gone; keep it until its calls have ended");
    if (!this->valid()) throw std::logic_error("rondo: this call has been awaited already");
    return keep->loop().block_on(asio::awaitable<Result>(std::move(*this)));
  }

 private:
  std::weak_ptr<detail::calls::loop_owner> owner_;
};

}  // namespace rondo
