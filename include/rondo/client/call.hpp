#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/detail/client/call_settings.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/options.hpp"

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

  /// The same call with a limit on how long it waits for the server, whatever number of requests that takes, with the
  /// pauses between them, but not for codecs and storage. The time counts from when it is awaited. When it is over, the
  /// call throws rpc_error with DEADLINE_EXCEEDED, or what its last attempt failed with; what was sent may still be
  /// carried out. Of several limits the shortest holds.
  /// Throws std::invalid_argument unless it is positive.
  [[nodiscard]] call with_timeout(duration limit) && {
    if (limit <= duration::zero()) throw std::invalid_argument("rondo: the timeout of a call must be positive");
    return std::move(*this).with({.timeout = limit});
  }
  /// The same call with a header more in each of its requests; it wins over one of this name that the connection has.
  /// Throws std::invalid_argument when it cannot be a header.
  [[nodiscard]] call with_metadata(std::string_view name, std::string_view value) && {
    detail::calls::call_wishes wishes;
    wishes.header.emplace(detail::io::header_name(name), std::string(value));
    detail::io::check_header_value(wishes.header->first, wishes.header->second);
    return std::move(*this).with(std::move(wishes));
  }

  /// Sends the request and waits for its end; throws what awaiting it would throw. Any thread but the one that runs the
  /// loop (a coroutine, a handler): there it throws std::logic_error.
  Result get() {
    const auto keep = owner_.lock();
    if (!keep) throw std::logic_error("rondo: the client of this call is gone; keep it until its calls have ended");
    if (!this->valid()) throw std::logic_error("rondo: this call has been awaited already");
    return keep->loop().block_on(asio::awaitable<Result>(std::move(*this)));
  }

 private:
  call with(detail::calls::call_wishes wishes) && {
    if (!this->valid()) throw std::logic_error("rondo: this call has been awaited already");
    return call(detail::calls::with_settings(asio::awaitable<Result>(std::move(*this)), std::move(wishes)), owner_);
  }

  std::weak_ptr<detail::calls::loop_owner> owner_;
};

}  // namespace rondo
