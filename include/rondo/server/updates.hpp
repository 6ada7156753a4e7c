#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <functional>
#include <string>

#include "rondo/rpc_error.hpp"
#include "rondo/server/call.hpp"
#include "rondo/server/completion.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"

namespace rondo::server {

class frontend;

/// Updates wait for a worker to accept, reject and complete them; only what is accepted is in the history.

/// Adds the messages of updates that the worker has not been told of yet, with their sequencing event id.
void attach_updates(run& of, service::PollWorkflowTaskQueueResponse& task);
/// An update waits to be sent to a worker: the next task is due to it.
bool has_unsent_updates(const run& of) noexcept;
/// Rejections, and messages that no command placed: after the commands of a completion were applied. Throws
/// bad_completion before anything changed when called to check.
void check_messages(completion& by);
void take_messages(completion& by);
/// The completion of a speculative task brought only rejections: the task leaves no trace.
bool completion_leaves_no_trace(const completion& by) noexcept;
/// The open task failed or timed out: what was sent is sent again with the next one.
void on_task_lost_for_updates(run& of);
/// The run has closed: waiting callers get the answers of the field ("workflow update was aborted by closing workflow",
/// or the failure of accepted updates).
void on_run_closed_for_updates(run& of);

/// Begins an update, or finds the one with the same id; `then` hears the response or a refusal as soon as the wished
/// stage is reached or the long poll's time is over. For UpdateWorkflowExecution and update-with-start.
void update_run(run& of, const service::UpdateWorkflowExecutionRequest& request, const call_ptr& call,
                std::function<void(const rpc_status&, const service::UpdateWorkflowExecutionResponse&)> then);
/// Refuses malformed update requests (ids, names, wait stages).
void check_update(const core& in, service::UpdateWorkflowExecutionRequest& request);
/// The outcome of a completed update out of the history.
bool find_outcome(const run& of, const std::string& update_id, temporal::api::update::v1::Outcome& into);

/// UpdateWorkflowExecution, PollWorkflowExecutionUpdate, ExecuteMultiOperation.
void serve_updates(frontend& at);

}  // namespace rondo::server
