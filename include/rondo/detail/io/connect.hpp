#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <utility>

#include "rondo/connection_options.hpp"
#include "rondo/detail/io/connection.hpp"

#ifdef RONDO_HTTP2_TRANSPORT
#include "rondo/detail/io/http2_transport.hpp"
#else
#include "rondo/detail/io/grpc_transport.hpp"
#endif

namespace rondo::detail::io {

/// What calls go over. RONDO_HTTP2_TRANSPORT, the same in all sources of a program, makes it do without the gRPC
/// library.
#ifdef RONDO_HTTP2_TRANSPORT
using network_transport = http2_transport;
#else
using network_transport = grpc_transport;
#endif

/// A connection that connects with its first call. On the loop's thread, or while nobody drives the loop.
/// Throws std::invalid_argument when the options cannot work.
template <class Transport = network_transport>
std::shared_ptr<connection> make_connection(event_loop& loop, const client_options& options) {
  return std::make_shared<connection>(options, std::make_unique<Transport>(loop, options));
}

template <class Transport>
asio::awaitable<std::shared_ptr<connection>> connect_on_loop(event_loop& loop,
                                                             std::shared_ptr<const client_options> options) {
  const auto made = make_connection<Transport>(loop, *options);
  if (!options->lazy) co_await made->connect();
  co_return made;
}

/// Connects at once, unless the options say lazy. Throws rpc_error or std::invalid_argument.
template <class Transport = network_transport>
asio::awaitable<std::shared_ptr<connection>> connect(event_loop& loop, const client_options& options) {
  return connect_on_loop<Transport>(loop, std::make_shared<const client_options>(options));
}

}  // namespace rondo::detail::io
