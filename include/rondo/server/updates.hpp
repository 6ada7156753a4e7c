#pragma once

#include <temporal/api/failure/v1/message.pb.h>
#include <temporal/api/update/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "rondo/rpc_error.hpp"
#include "rondo/server/call.hpp"
#include "rondo/server/completion.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/wait_limit.hpp"

// Updates wait for a worker to accept, reject and complete them; only what is accepted is in the history, and only what
// is in the history survives the server.
namespace rondo::server {

class frontend;

/// Hears what an update came to.
using update_listener = std::function<void(const rpc_status&, const service::UpdateWorkflowExecutionResponse&)>;

/// An update that no worker has accepted yet.
struct requested_update {
  temporal::api::update::v1::Request request;
  /// The order in which they came.
  std::uint64_t number = 0;
  /// The open workflow task brought it to a worker.
  bool sent = false;
};

/// Somebody who waits until an update has reached a stage.
struct update_waiter {
  std::string update_id;
  enums::UpdateWorkflowExecutionLifecycleStage stage = enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;
  call_ptr call;
  update_listener then;
  wait_limit over;
};

/// What a run knows of its updates beside its state; null when there is nothing.
struct run_updates {
  std::map<std::string, requested_update> requested;
  std::map<std::uint64_t, std::unique_ptr<update_waiter>> waiters;
  /// Refused by a worker in this turn; nothing remembers it afterwards.
  std::map<std::string, temporal::api::failure::v1::Failure> rejected;
  std::uint64_t last_number = 0;
};

/// Adds the messages of updates that the worker has not been told of yet, with their sequencing event id.
void attach_updates(run& of, service::PollWorkflowTaskQueueResponse& task);
/// An update waits to be sent to a worker: the next task is due to it.
bool has_unsent_updates(const run& of) noexcept;
/// Checks the messages that no command placed; throws bad_completion.
void check_messages(completion& by);
/// Applies them, and rejects for the worker what it left without a word. After the commands of a completion.
void take_messages(completion& by);
/// The completion says nothing of updates that the history has to keep: it has rejections at most.
bool completion_leaves_no_trace(const completion& by) noexcept;
/// The open task failed or timed out: what was sent is sent again with the next one.
void on_task_lost_for_updates(run& of);
/// The server fails the open task for what its completion said: who waits for an update that the worker had, and that
/// no earlier task accepted, hears so at once.
void refuse_sent_updates(run& of);
/// The run has closed: waiting callers get the answers of the field ("workflow update was aborted by closing workflow",
/// or the failure of accepted updates) at the end of the turn.
void on_run_closed_for_updates(run& of);

/// Begins an update, or finds the one with the same id; `then` hears the response as soon as the wished stage is
/// reached or the long poll's time is over, or why it will not be reached. Refuses what cannot begin; then nothing
/// changed.
void update_run(run& of, const service::UpdateWorkflowExecutionRequest& request, const call_ptr& call,
                update_listener then);
/// Refuses malformed update requests (ids, names, wait stages); sets what is missing.
void check_update(core& in, service::UpdateWorkflowExecutionRequest& request);
/// The run knows the update, and has not rejected it.
bool knows_update(const run& of, const std::string& update_id) noexcept;
/// The outcome of a completed update out of the history.
bool find_outcome(const run& of, const std::string& update_id, temporal::api::update::v1::Outcome& into);

/// UpdateWorkflowExecution, PollWorkflowExecutionUpdate, ExecuteMultiOperation.
void serve_updates(frontend& at);

}  // namespace rondo::server
