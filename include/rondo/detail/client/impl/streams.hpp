#pragma once
#include <algorithm>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <deque>
#include <memory>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/call_settings.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/streams.hpp"
#include "rondo/detail/client/updates.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/run/stream_wire.hpp"
#include "rondo/failure.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION asio::awaitable<void> flush_stream(std::shared_ptr<stream_publisher> of) {
  const stream_flush mine(*of);
  while (const auto* batch = of->next()) {
    auto request = make_signal(of->to(), stream_wire::publish_signal, encode_untyped(*batch));
    auto publishing = send_signal(of->to().session, std::move(request));
    co_await std::move(publishing);
    of->sent();
  }
}

RONDO_FUNCTION asio::awaitable<void> flush_stream_if_due(std::shared_ptr<stream_publisher> of) {
  if (!of->due()) co_return;
  auto all = flush_stream(std::move(of));
  co_await std::move(all);
}

RONDO_FUNCTION asio::awaitable<void> stream_reader::wait_for_turn() {
  if (!next_poll_) co_return;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto until = *next_poll_;
  // The request after it finds that it is too late.
  if (const auto* given = settings_of(executor)) until = std::min(until, given->deadline);
  co_await io::async_sleep_until(*session_->loop, until, asio::use_awaitable);
  next_poll_.reset();
}

}  // namespace rondo::detail::calls
