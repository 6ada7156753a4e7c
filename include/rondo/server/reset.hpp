#pragma once

#include "rondo/server/config.hpp"

namespace rondo::server {

class frontend;

/// ResetWorkflowExecution.
void serve_reset(frontend& at);

}  // namespace rondo::server
