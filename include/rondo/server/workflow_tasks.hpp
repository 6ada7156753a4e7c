#pragma once

#include <temporal/api/failure/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/task_queue.hpp"

namespace rondo::server {

class frontend;

namespace service = temporal::api::workflowservice::v1;

/// Makes sure that the workflow looks at its history: schedules a workflow task unless one waits, the first one must
/// wait still, or the run is paused. A speculative one becomes a normal one.
void ensure_workflow_task(run& of);

/// Schedules a workflow task that leaves no trace if nothing comes of it. For updates; only when no task is open.
void schedule_speculative_task(run& of);

/// Gives a speculative task its place in the history.
void make_task_durable(run& of);

/// Puts the open task, which no worker has yet, into its queue: the sticky one while that has a worker, else the one
/// that all workers share. Does nothing while the task must wait, or when it is in a queue already.
void dispatch_workflow_task(run& of);

/// How the next task differs from an ordinary one.
struct task_plan {
  state::WorkflowTask::Kind kind = state::WorkflowTask::NORMAL;
  /// Of the first in a row of heartbeats; 0: it begins no row.
  instant original_time = 0;
  interval pause = 0;
  /// False: the caller starts it at once.
  bool dispatch = true;
};
/// Schedules a task, unless the run is paused; what was kept back comes first. Only when none is open.
void schedule_workflow_task(run& of, const task_plan& plan);

/// The open task timed out: says so in the history and schedules the next one.
void time_out_workflow_task(run& of, enums::TimeoutType type);

/// The next task goes to the queue that all workers share.
void clear_stickiness(run& of);

/// Writes the events of an open task that is not in the history.
void write_task_events(run& of);

/// The open task is in no queue any more.
void leave_task_queue(run& of);

/// Terminates a run with too long a history, at the end of the turn.
void enforce_history_limits(run& of);

/// Why a run with so large a history should continue as new; empty: it need not.
std::vector<enums::SuggestContinueAsNewReason> reasons_to_continue_as_new(const run& of, std::int64_t bytes,
                                                                          std::int64_t events);

/// The events of the open task, as the history has them or would have them.
history_event task_scheduled_event(const run& of);
history_event task_started_event(const run& of);

/// Takes the task away from its worker, or from its queue, without an event. For tasks that ran into nothing.
void drop_workflow_task(run& of);

/// Ends the open task with a WorkflowTaskFailed event and schedules the next one; what was kept back is flushed.
void fail_workflow_task(run& of, enums::WorkflowTaskFailedCause cause,
                        const temporal::api::failure::v1::Failure& failure, const std::string& identity,
                        bool schedule_next = true);

/// The response to a poll that gets the open task: marks it started, with the events that the worker needs. Serialized,
/// as it may carry history unparsed. `sticky`: the worker has the run in memory and gets only what is new.
/// Also used for return_new_workflow_task and for eager starts.
std::string start_workflow_task(run& of, const poller& by, bool sticky);
/// As above, for embedding in another response (eager start, inline next task).
service::PollWorkflowTaskQueueResponse start_workflow_task_message(run& of, const poller& by, bool sticky);

/// A timeout or a back-off of the open task may have come: acts on all that are due. Called by core::settle()'s timer.
void on_workflow_task_due(run& of, instant now);
/// The next time at which on_workflow_task_due() has something to do; `never`.
instant workflow_task_due(const run& of) noexcept;

/// The run that a workflow task token speaks of, checked: NOT_FOUND when the task is not open any more.
run& get_run_of_task(core& in, const std::string& token, const std::string& namespace_name, state::TaskToken& parsed);

/// A value of an enum as texts of the field spell it: "BadScheduleActivityAttributes".
std::string spell(const std::string& name, const std::string& prefix);

/// RespondWorkflowTaskCompleted, RespondWorkflowTaskFailed, ResetStickyTaskQueue.
void serve_workflow_tasks(frontend& at);

}  // namespace rondo::server
