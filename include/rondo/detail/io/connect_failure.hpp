#pragma once

#include <string>

#include "rondo/connection_options.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::detail::io {

/// What went wrong with a connection, and what to do about it, as well as the transport's words tell.
std::string connect_advice(const client_options& options, const rpc_status& status);

/// The error of a connection that did not come about.
rpc_error connect_error(const client_options& options, rpc_status status);

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/connect_failure.hpp"
#endif
