#pragma once
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>
#include <string>
#include <utility>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION asio::awaitable<rpc_result> unary(transport& over, std::string path, request_bytes request,
                                                 call_options options) {
  co_return co_await async_unary(over, std::move(path), std::move(request), std::move(options), asio::use_awaitable);
}

}  // namespace rondo::detail::io
