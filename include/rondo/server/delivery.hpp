#pragma once

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/task_queue.hpp"

// How tasks leave for workers. Each answers the poll and returns true, or returns false when the task is stale.
namespace rondo::server {

bool deliver_workflow_task(core& in, const queued_task& task, const poller& to);
bool deliver_activity_task(core& in, const queued_task& task, const poller& to);
bool deliver_query_task(core& in, const queued_task& task, const poller& to);

}  // namespace rondo::server
