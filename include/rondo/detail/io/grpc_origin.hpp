#pragma once

#include <string_view>

namespace rondo::detail::io {

/// Whether gRPC has these words for a stream or a connection that came to its end without an answer.
bool is_grpcs_own_message(std::string_view message);

/// Whether the server made this failure. gRPC tells in prose only, its `debug_text`: it names the address that
/// answered, or the target as the user wrote it when the call got no connection. But it names the address as well when
/// it lost a connection with the call on it; then only the words of the message are its own.
bool is_sent_by_server(std::string_view debug_text, std::string_view message);

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/grpc_origin.hpp"
#endif
