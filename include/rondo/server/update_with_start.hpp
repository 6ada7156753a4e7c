#pragma once

#include "rondo/server/config.hpp"

namespace rondo::server {

class frontend;

/// ExecuteMultiOperation: a start and an update that are carried out together or not at all.
void serve_update_with_start(frontend& at);

}  // namespace rondo::server
