#pragma once

#include "rondo/server/update_with_start.hpp"

#include <google/rpc/status.pb.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/starting.hpp"
#include "rondo/server/statuses.hpp"
#include "rondo/server/updates.hpp"

namespace rondo::server {

namespace detail_update_with_start {

namespace details = temporal::api::errordetails::v1;

inline constexpr std::string_view closing_text = "workflow update was aborted by closing workflow";

/// What the operation that did nothing wrong hears.
inline rpc_status aborted_status() {
  google::rpc::Status status;
  status.set_code(static_cast<int>(rpc_code::aborted));
  status.set_message("Operation was aborted.");
  status.add_details()->set_type_url("type.googleapis.com/temporal.api.failure.v1.MultiOperationExecutionAborted");
  rpc_status made(rpc_code::aborted, status.message());
  made.details = status.SerializeAsString();
  return made;
}

inline bool is_aborted(const rpc_status& status) noexcept {
  return status.code == rpc_code::aborted && status.message == "Operation was aborted.";
}

/// One status for both operations; its code is that of the one that failed.
inline rpc_status joint_status(const rpc_status& start, const rpc_status& update) {
  details::MultiOperationExecutionFailure failure;
  rpc_code code = rpc_code::aborted;
  for (const rpc_status* each : {&update, &start}) {
    if (!each->ok() && !is_aborted(*each)) code = each->code;
  }
  for (const rpc_status* each : {&start, &update}) {
    auto& one = *failure.add_statuses();
    one.set_code(static_cast<int>(each->code));
    one.set_message(each->message);
    google::rpc::Status full;
    if (full.ParseFromString(each->details)) one.mutable_details()->Swap(full.mutable_details());
  }
  return make_status(code, "Update-with-Start could not be executed.", failure);
}

/// A request under way.
struct operation {
  core* in = nullptr;
  std::string namespace_id;
  service::StartWorkflowExecutionRequest start;
  service::UpdateWorkflowExecutionRequest update;
  call_ptr call;
  /// This request started the run that the update is for.
  bool started = false;
  /// It was tried once more because the run closed before it accepted the update.
  bool repeated = false;
};
using operation_ptr = std::shared_ptr<operation>;

inline void fail(const operation& which, const rpc_status& start, const rpc_status& update) {
  which.in->refuse(which.call, joint_status(start, update));
}

inline service::StartWorkflowExecutionResponse start_response(const run& of, bool started) {
  service::StartWorkflowExecutionResponse response;
  response.set_run_id(of.state.run_id());
  response.set_first_execution_run_id(of.state.first_run_id());
  response.set_started(started);
  response.set_status(enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  auto& event = *response.mutable_link()->mutable_workflow_event();
  event.set_namespace_(of.space->name());
  event.set_workflow_id(of.state.workflow_id());
  event.set_run_id(of.state.run_id());
  event.mutable_event_ref()->set_event_id(1);
  event.mutable_event_ref()->set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  return response;
}

inline void succeed(const operation& which, service::StartWorkflowExecutionResponse&& start,
                    const service::UpdateWorkflowExecutionResponse& update) {
  service::ExecuteMultiOperationResponse response;
  *response.add_responses()->mutable_start_workflow() = std::move(start);
  *response.add_responses()->mutable_update_workflow() = update;
  which.in->answer(which.call, response);
}

inline void carry_out(const operation_ptr& which);

/// The update cannot succeed. A run that closed before it accepted the update can be followed by a new one.
inline void on_update_failed(const operation_ptr& which, const rpc_status& status) {
  const bool by_close = !which->started && status.code == rpc_code::not_found && status.message == closing_text;
  if (by_close && !which->repeated) {
    which->repeated = true;
    which->in->later([which] { carry_out(which); });
    return;
  }
  fail(*which, which->started ? rpc_status() : aborted_status(),
       by_close ? rpc_status(rpc_code::aborted, status.message) : status);
}

inline void update(const operation_ptr& which, run& of) {
  const auto then = [which, start = start_response(of, which->started)](
                        const rpc_status& status, const service::UpdateWorkflowExecutionResponse& reached) mutable {
    if (!status.ok()) return on_update_failed(which, status);
    succeed(*which, std::move(start), reached);
  };
  try {
    update_run(of, which->update, which->call, then);
  } catch (const refusal& refused) {
    on_update_failed(which, refused.status());
  }
}

/// The current run is the one to update: it began with this very request, it has the update, or it may be used.
inline bool is_for(const operation& which, const run& current) {
  if (!current.open()) return false;
  return current.state.request_id() == which.start.request_id() ||
         knows_update(current, which.update.request().meta().update_id()) ||
         which.start.workflow_id_conflict_policy() == enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;
}

/// The update has been completed before: its outcome is the answer, whatever became of the run.
inline bool answer_from_history(const operation& which, const run& current) {
  service::UpdateWorkflowExecutionResponse known;
  const std::string& id = which.update.request().meta().update_id();
  if (!find_outcome(current, id, *known.mutable_outcome())) return false;
  known.set_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
  known.mutable_update_ref()->mutable_workflow_execution()->set_workflow_id(current.state.workflow_id());
  known.mutable_update_ref()->mutable_workflow_execution()->set_run_id(current.state.run_id());
  known.mutable_update_ref()->set_update_id(id);
  service::StartWorkflowExecutionResponse start;
  start.set_run_id(current.state.run_id());
  start.set_status(current.state.status());
  succeed(which, std::move(start), known);
  return true;
}

inline void start_and_update(const operation_ptr& which, name_space& space) {
  start_outcome outcome;
  try {
    outcome = start_by_client(*which->in, space, which->start);
  } catch (const refusal& refused) {
    return fail(*which, refused.status(), aborted_status());
  }
  if (!outcome.started) {
    return fail(*which, rpc_status(rpc_code::unavailable, "Workflow was not started: the request was used before"),
                aborted_status());
  }
  which->started = true;
  update(which, *outcome.which);
}

inline void carry_out(const operation_ptr& which) {
  name_space* space = which->in->namespaces().find_by_id(which->namespace_id);
  if (space == nullptr) return fail(*which, not_found_status("Namespace is gone."), aborted_status());
  run* current = find_run(*which->in, *space, which->start.workflow_id(), {});
  if (current != nullptr && answer_from_history(*which, *current)) return;
  if (current != nullptr && is_for(*which, *current)) return update(which, *current);
  start_and_update(which, *space);
}

inline void check_start_operation(core& in, const name_space& space, service::StartWorkflowExecutionRequest& start) {
  check_start(in, space, start);
  const auto refuse = [](const char* text) { throw refusal(rpc_code::invalid_argument, text); };
  if (!start.cron_schedule().empty()) refuse("CronSchedule is not allowed.");
  if (start.request_eager_execution()) refuse("RequestEagerExecution is not supported.");
  if (from_proto(start.workflow_start_delay()) > 0) refuse("WorkflowStartDelay is not supported.");
}

inline void check_update_operation(core& in, const std::string& workflow_id,
                                   service::UpdateWorkflowExecutionRequest& update) {
  check_update(in, update);
  const auto refuse = [](const char* text) { throw refusal(rpc_code::invalid_argument, text); };
  if (!update.first_execution_run_id().empty()) refuse("FirstExecutionRunId is not allowed.");
  if (!update.workflow_execution().run_id().empty()) refuse("RunId is not allowed.");
  if (!workflow_id.empty() && update.workflow_execution().workflow_id() != workflow_id) {
    refuse("WorkflowId is not consistent with previous operation(s).");
  }
}

/// What the check says; the status of an operation that only the other one stops otherwise.
template <class Check>
rpc_status status_of(Check&& check) {
  try {
    check();
    return aborted_status();
  } catch (const refusal& refused) {
    return refused.status();
  }
}

inline void execute(core& in, service::ExecuteMultiOperationRequest& request, const call_ptr& call) {
  name_space& space = in.namespaces().get(request.namespace_());
  if (request.operations_size() != 2 || !request.operations(0).has_start_workflow() ||
      !request.operations(1).has_update_workflow()) {
    throw refusal(rpc_code::invalid_argument, "Operations have to be exactly [Start, Update].");
  }
  auto which = std::make_shared<operation>();
  which->in = &in;
  which->namespace_id = space.id();
  which->start = std::move(*request.mutable_operations(0)->mutable_start_workflow());
  which->update = std::move(*request.mutable_operations(1)->mutable_update_workflow());
  which->call = call;
  const rpc_status start = status_of([&] { check_start_operation(in, space, which->start); });
  const std::string workflow_id = is_aborted(start) ? which->start.workflow_id() : std::string();
  const rpc_status update = status_of([&] { check_update_operation(in, workflow_id, which->update); });
  if (!is_aborted(start) || !is_aborted(update)) throw refusal(joint_status(start, update));
  carry_out(which);
}

}  // namespace detail_update_with_start

RONDO_SERVER_FUNCTION void serve_update_with_start(frontend& at) {
  at.on_call<service::ExecuteMultiOperationRequest>("ExecuteMultiOperation", detail_update_with_start::execute);
}

}  // namespace rondo::server
