#pragma once
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION asio::awaitable<void> sleep_until(event_loop& loop, time_point when) {
  co_await async_sleep_until(loop, when, asio::use_awaitable);
}

RONDO_FUNCTION asio::awaitable<void> sleep_for(event_loop& loop, duration time) {
  co_await async_sleep_until(loop, later(steady_clock::now(), time), asio::use_awaitable);
}

}  // namespace rondo::detail::io
