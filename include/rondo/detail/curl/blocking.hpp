#pragma once

#include <asio/awaitable.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "rondo/detail/curl/http_client.hpp"
#include "rondo/detail/curl/transfer.hpp"
#include "rondo/detail/io/loop.hpp"

namespace rondo::detail::curl {

inline asio::awaitable<http_response> fetch_on(http_client& client, const http_request& what) {
  asio::error_code failed;
  http_response answer = co_await client.async_send(what, asio::redirect_error(asio::use_awaitable, failed));
  co_return answer;
}

/// Sends a request and waits for the answer on this thread, which must not be that of an event loop. Throws
/// std::invalid_argument when the request cannot be sent, std::runtime_error without libcurl.
inline http_response fetch(const http_request& what) {
  io::event_loop loop;
  http_client client(loop);
  return loop.block_on(fetch_on(client, what));
}

}  // namespace rondo::detail::curl
