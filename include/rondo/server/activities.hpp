#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/task_queue.hpp"

// The activities of a run. Their commands are in completion.hpp.
//
// An attempt waits for its time (a back-off), in its task queue, or is with a worker. Attempts leave no events: the
// started event of the last one is written with the event that ends the activity.
namespace rondo::server {

class frontend;

namespace service = temporal::api::workflowservice::v1;

/// Puts the attempt into its task queue, unless it is there, is with a worker, or its time has not come.
void dispatch_activity(run& of, state::Activity& which);
/// Takes the attempt out of its queue, if it is there.
void leave_activity_queue(run& of, std::int64_t id) noexcept;
/// As above; no worker gets the task any more that was in the queue.
void withdraw_activity(run& of, state::Activity& which);
/// The attempt that no worker has begins at the time instead, as if the one before had not failed.
void reschedule_activity(run& of, state::Activity& which, instant when);
/// The run is paused: no attempt that a worker does not have begins until release_activities().
void hold_activities(run& of);
void release_activities(run& of);
void forget_heartbeats(state::Activity& which);
/// Marks the attempt started and makes the task for the worker: for polls and for eager dispatch.
service::PollActivityTaskQueueResponse start_activity(run& of, state::Activity& which, const poller& by);

/// Its worker, if it has one that takes commands, hears that nobody wants the activity any more.
void tell_worker_to_cancel(run& of, const state::Activity& which);

/// How an activity ends. Each writes its events, forgets the activity and lets the workflow look at it; `which` is gone
/// then.
void complete_activity(run& of, const state::Activity& which, temporal::api::common::v1::Payloads result,
                       const std::string& identity);
void cancel_activity(run& of, const state::Activity& which, temporal::api::common::v1::Payloads details,
                     const std::string& identity);
/// No worker has the activity: it is cancelled at once, by an event that follows those of the other commands.
void cancel_unstarted_activity(run& of, const state::Activity& which, const std::string& identity);
/// The attempt failed: the next one begins after its pause, or the activity fails.
void fail_activity(run& of, state::Activity& which, const temporal::api::failure::v1::Failure& failure,
                   const std::string& identity);

/// Timeouts and back-offs of activities: acts on all that are due.
void on_activities_due(run& of, instant now);
instant activities_due(const run& of) noexcept;
/// An attempt waits in a queue for its worker or is with one.
bool activity_in_progress(const run& of);
/// The run has closed: its activities leave their queues, and their workers.
void drop_activities(run& of);
/// For DescribeWorkflowExecution.
void describe_activities(const run& of, service::DescribeWorkflowExecutionResponse& into);

/// RespondActivityTask..., RecordActivityTaskHeartbeat and their ById forms; what activity_operations.hpp has.
void serve_activities(frontend& at);

}  // namespace rondo::server
