#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <utility>

#include "rondo/connection_options.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/grpc_transport.hpp"

namespace rondo::detail::io {

/// A connection over gRPC that connects with its first call. On the loop's thread, or while nobody drives the loop.
/// Throws std::invalid_argument when the options cannot work.
inline std::shared_ptr<connection> make_connection(event_loop& loop, const client_options& options) {
  return std::make_shared<connection>(options, std::make_unique<grpc_transport>(loop, options));
}

inline asio::awaitable<std::shared_ptr<connection>> connect_on_loop(event_loop& loop,
                                                                    std::shared_ptr<const client_options> options) {
  const auto made = make_connection(loop, *options);
  if (!options->lazy) co_await made->connect();
  co_return made;
}

/// Connects over gRPC; at once, unless the options say lazy. Throws rpc_error or std::invalid_argument.
inline asio::awaitable<std::shared_ptr<connection>> connect(event_loop& loop, const client_options& options) {
  return connect_on_loop(loop, std::make_shared<const client_options>(options));
}

}  // namespace rondo::detail::io
