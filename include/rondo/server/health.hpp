#pragma once

#include <string>
#include <string_view>

#include "rondo/server/config.hpp"
#include "rondo/server/frontend.hpp"

namespace rondo::server {

/// Answer of grpc.health.v1.Health/Watch to a request; it does not change while the server runs.
std::string watch_health(const frontend& of, std::string_view request);

/// grpc.health.v1.Health/Check.
void serve_health(frontend& at);

}  // namespace rondo::server
