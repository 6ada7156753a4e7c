#pragma once

#include <string>

#include "rondo/server/config.hpp"

namespace rondo::server {

/// Whether a server may listen on "ip:port" or "[ip6]:port". Throws std::runtime_error in words for the user: not an
/// address, in use, not of this machine, not permitted.
void check_bindable(const std::string& address);

}  // namespace rondo::server
