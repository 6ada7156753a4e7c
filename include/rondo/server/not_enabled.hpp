#pragma once

#include "rondo/server/config.hpp"

namespace rondo::server {

class frontend;

/// Methods that production servers refuse unless they are set up for them, in their words:
/// ListArchivedWorkflowExecutions, FetchWorkerConfig, UpdateWorkerConfig, and those of workflow rules.
void serve_not_enabled(frontend& at);

}  // namespace rondo::server
