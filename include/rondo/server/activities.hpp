#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/task_queue.hpp"

// The activities of a run. Their commands are in completion.hpp.
namespace rondo::server {

class frontend;

namespace service = temporal::api::workflowservice::v1;

/// Marks the attempt started and makes the task for the worker: for polls and for eager dispatch.
service::PollActivityTaskQueueResponse start_activity(run& of, state::Activity& which, const poller& by);

/// Timeouts and back-offs of activities: acts on all that are due.
void on_activities_due(run& of, instant now);
instant activities_due(const run& of) noexcept;
/// An attempt waits in a queue or is with a worker.
bool activity_in_progress(const run& of) noexcept;
/// The run has closed: its activities leave their queues.
void drop_activities(run& of);
/// For DescribeWorkflowExecution.
void describe_activities(const run& of, service::DescribeWorkflowExecutionResponse& into);

/// RespondActivityTask..., RecordActivityTaskHeartbeat and their ById forms.
void serve_activities(frontend& at);

}  // namespace rondo::server
