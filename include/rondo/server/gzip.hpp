#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/server/config.hpp"

namespace rondo::server {

/// The bytes begin as gzip does. No protobuf message does: its first tag would have no type of the wire.
inline bool is_gzip(std::string_view bytes) noexcept { return bytes.starts_with("\x1f\x8b\x08"); }

/// Unpacks the bytes. False when they are damaged or become more than `most`.
bool gunzip(std::string_view packed, std::size_t most, std::string& into);

}  // namespace rondo::server
