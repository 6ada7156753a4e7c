#pragma once
#include <asio/awaitable.hpp>
#include <deque>
#include <memory>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/arguments.hpp"
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
    auto sending = send_only<service::SignalWorkflowExecutionResponse>(of->to().session, std::move(request));
    co_await std::move(sending);
    of->sent();
  }
}

RONDO_FUNCTION asio::awaitable<void> flush_stream_if_due(std::shared_ptr<stream_publisher> of) {
  if (!of->due()) co_return;
  auto all = flush_stream(std::move(of));
  co_await std::move(all);
}

}  // namespace rondo::detail::calls
