#pragma once

#include "rondo/server/config.hpp"
#include "rondo/server/run.hpp"

namespace rondo::server {

/// Goes on with an open run that was read from the store: tasks enter their queues again, tasks that a worker has stay
/// with it until they time out, and what was not durable (speculative tasks) is forgotten.
void resume_run(run& which);

}  // namespace rondo::server
