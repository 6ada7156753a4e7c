#pragma once

#include "rondo/server/pausing.hpp"

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "rondo/json.hpp"
#include "rondo/server/activities.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/queries.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_pausing {

namespace service = temporal::api::workflowservice::v1;

inline constexpr const char* attribute_name = "TemporalPauseInfo";

/// A workflow task that no worker has would wait for nobody; the one after the pause is a first attempt.
inline void give_task_up(run& of) {
  if (of.task_started()) return;
  on_task_lost(of);
  if (!of.state.has_workflow_task()) return;
  if (of.state.workflow_task().kind() == state::WorkflowTask::SPECULATIVE) return drop_workflow_task(of);
  fail_workflow_task(of, enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_PAUSE_REQUESTED_BEFORE_TASK_STARTED, {},
                     "history-service", false);
  of.state.clear_next_task_attempt();
  of.state.clear_last_task_failure();
  of.state.clear_last_task_failure_cause();
}

/// What is paused, as filters ask for it: "Workflow:id", "Reason:text", "property:activityType=name".
inline std::vector<std::string> entries_of(const run& of) {
  std::vector<std::string> entries;
  if (of.state.has_pause()) {
    entries.push_back("Workflow:" + of.state.workflow_id());
    if (!of.state.pause().reason().empty()) entries.push_back("Reason:" + of.state.pause().reason());
  }
  std::set<std::string> types;
  for (const auto& [id, which] : of.state.activities()) {
    if (which.has_pause()) types.insert(which.type());
  }
  for (const auto& type : types) entries.push_back("property:activityType=" + type);
  return entries;
}

template <class Request>
run& run_of(core& in, const Request& request) {
  name_space& space = in.namespaces().get(request.namespace_());
  temporal::api::common::v1::WorkflowExecution execution;
  execution.set_workflow_id(request.workflow_id());
  execution.set_run_id(request.run_id());
  check_execution(true, execution);
  return get_open_run(in, space, request.workflow_id(), request.run_id());
}

inline service::PauseWorkflowExecutionResponse pause(core& in, const service::PauseWorkflowExecutionRequest& request) {
  const state::Pause by = read_pause(in, request);
  run& of = run_of(in, request);
  if (!of.paused()) {
    pause_run(of, by);
  } else if (by.request_id().empty() || by.request_id() != of.state.pause().request_id()) {
    throw refusal(rpc_code::failed_precondition, "workflow is already paused.");
  }
  return {};
}

inline service::UnpauseWorkflowExecutionResponse unpause(core& in,
                                                         const service::UnpauseWorkflowExecutionRequest& request) {
  const state::Pause by = read_pause(in, request);
  run& of = run_of(in, request);
  if (!of.paused()) throw refusal(rpc_code::failed_precondition, "workflow is not paused.");
  unpause_run(of, by);
  return {};
}

}  // namespace detail_pausing

RONDO_SERVER_FUNCTION void pause_run(run& of, const state::Pause& by) {
  detail_pausing::give_task_up(of);
  of.state.set_status(enums::WORKFLOW_EXECUTION_STATUS_PAUSED);
  *of.state.mutable_pause() = by;
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED);
  auto& attributes = *event.mutable_workflow_execution_paused_event_attributes();
  attributes.set_identity(by.identity());
  attributes.set_reason(by.reason());
  attributes.set_request_id(by.request_id());
  append_external(of, std::move(event), false);
  hold_activities(of);
  show_pauses(of);
}

RONDO_SERVER_FUNCTION void unpause_run(run& of, const state::Pause& by) {
  of.state.set_status(enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  of.state.clear_pause();
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED);
  auto& attributes = *event.mutable_workflow_execution_unpaused_event_attributes();
  attributes.set_identity(by.identity());
  attributes.set_reason(by.reason());
  attributes.set_request_id(by.request_id());
  append_external(of, std::move(event));
  release_activities(of);
  show_pauses(of);
}

RONDO_SERVER_FUNCTION void show_pauses(run& of) {
  auto& attributes = *of.state.mutable_search_attributes()->mutable_indexed_fields();
  const auto entries = detail_pausing::entries_of(of);
  if (entries.empty()) {
    attributes.erase(detail_pausing::attribute_name);
  } else {
    auto& payload = attributes[detail_pausing::attribute_name];
    (*payload.mutable_metadata())["encoding"] = "json/plain";
    (*payload.mutable_metadata())["type"] = "KeywordList";
    payload.set_data(json::dump(entries));
  }
  of.visible_changed = true;
  of.owner->touch(of);
}

RONDO_SERVER_FUNCTION void serve_pausing(frontend& at) {
  at.on<service::PauseWorkflowExecutionRequest>("PauseWorkflowExecution", detail_pausing::pause);
  at.on<service::UnpauseWorkflowExecutionRequest>("UnpauseWorkflowExecution", detail_pausing::unpause);
}

}  // namespace rondo::server
