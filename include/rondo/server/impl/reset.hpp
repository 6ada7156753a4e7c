#pragma once

#include "rondo/server/reset.hpp"

#include <rondo/server/state.pb.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "rondo/server/activities.hpp"
#include "rondo/server/closing.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/field_mask.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/reapplying.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/state_rebuild.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_reset {

namespace service = temporal::api::workflowservice::v1;
using request_type = service::ResetWorkflowExecutionRequest;
using temporal::api::failure::v1::Failure;

inline constexpr const char* server_identity = "history-service";
inline constexpr const char* resetter_identity = "history-resetter";

inline Failure reset_failure(const std::string& reason) {
  Failure failure;
  failure.set_message(reason);
  failure.mutable_reset_workflow_failure_info();
  return failure;
}

inline void check_request(core& in, name_space& space, const request_type& request) {
  if (request.request_id().empty()) refuse_argument("RequestId is not set on request.");
  if (request.request_id().size() > in.limit().id_length) refuse_argument("RequestId length exceeds limit.");
  check_execution(request.has_workflow_execution(), request.workflow_execution());
  if (!enums::ResetReapplyType_IsValid(request.reset_reapply_type())) {
    throw refusal(rpc_code::internal,
                  "unknown reset reapply type: " + std::to_string(static_cast<int>(request.reset_reapply_type())));
  }
  for (const auto& operation : request.post_reset_operations()) {
    if (operation.has_signal_workflow()) continue;
    if (!operation.has_update_workflow_options()) refuse_argument("unsupported post reset operation: <nil>");
    const auto& options = operation.update_workflow_options().workflow_execution_options();
    check_priority(options.priority());
    if (!options.has_versioning_override()) continue;
    run trial(in, space);
    in.deployments().set_override(trial, options.versioning_override());
  }
}

inline reapply_exclusions exclusions_of(const request_type& request) {
  reapply_exclusions result;
  const auto type = request.reset_reapply_type();
  result.updates = type == enums::RESET_REAPPLY_TYPE_SIGNAL || type == enums::RESET_REAPPLY_TYPE_NONE;
  result.signals = type == enums::RESET_REAPPLY_TYPE_NONE;
  bool nexus = false;
  for (const int each : request.reset_reapply_exclude_types()) {
    result.signals = result.signals || each == enums::RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL;
    result.updates = result.updates || each == enums::RESET_REAPPLY_EXCLUDE_TYPE_UPDATE;
    nexus = nexus || each == enums::RESET_REAPPLY_EXCLUDE_TYPE_NEXUS;
  }
  result.everything = result.signals && result.updates && nexus;
  return result;
}

/// The events that the new run begins with, and what it is after them.
struct beginning {
  temporal::api::history::v1::History events;
  state::Run state;
};

inline beginning rebuild(core& in, const run& base, const request_type& request) {
  const std::int64_t finish = request.workflow_task_finish_event_id();
  beginning made;
  const auto bytes = base.events.part(1, finish - 1);
  made.events.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  made.state.set_namespace_id(base.state.namespace_id());
  made.state.set_workflow_id(base.state.workflow_id());
  made.state.set_run_id(in.new_uuid());
  made.state.set_request_id(request.request_id());
  made.state.set_start_time(in.now());
  for (const auto& event : made.events.events()) apply_event(made.state, event);
  if (!made.state.has_workflow_task()) {
    refuse_argument(
        "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: " +
        std::to_string(finish));
  }
  return made;
}

/// Its children go on, as children of the new run, and its parent goes on waiting.
inline void terminate(run& current, const std::string& reason) {
  current.state.clear_children();
  state::Parent parent;
  const bool has_parent = current.state.has_parent();
  if (has_parent) parent.Swap(current.state.mutable_parent());
  current.state.clear_parent();
  terminate_run(current, reason, nullptr, resetter_identity);
  if (has_parent) current.state.mutable_parent()->Swap(&parent);
}

/// The task that the new run's events end with fails, whether a worker had it or not.
inline void fail_task(run& fresh, const std::string& base_run_id, const std::string& reason) {
  core& in = *fresh.owner;
  auto& task = *fresh.state.mutable_workflow_task();
  if (task.kind() != state::WorkflowTask::NORMAL) write_task_events(fresh);
  if (task.started_event_id() == 0) {
    task.set_started_event_id(fresh.events.next_id());
    task.set_started_time(in.now());
    task.set_identity(server_identity);
    task.set_request_id("emptyUuid");
    task.set_history_size(static_cast<std::int64_t>(fresh.events.bytes()));
    append(fresh, task_started_event(fresh));
  }
  history_event event = make_event(in, enums::EVENT_TYPE_WORKFLOW_TASK_FAILED);
  auto& attributes = *event.mutable_workflow_task_failed_event_attributes();
  attributes.set_scheduled_event_id(task.scheduled_event_id());
  attributes.set_started_event_id(task.started_event_id());
  attributes.set_cause(enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW);
  *attributes.mutable_failure() = reset_failure(reason);
  attributes.set_identity(server_identity);
  attributes.set_base_run_id(base_run_id);
  attributes.set_new_run_id(fresh.state.run_id());
  append(fresh, std::move(event));
  fresh.state.clear_workflow_task();
  fresh.state.clear_next_task_attempt();
}

inline void fail_activity_of_worker(run& fresh, const state::Activity& which, const std::string& reason) {
  history_event event = make_event(*fresh.owner, enums::EVENT_TYPE_ACTIVITY_TASK_FAILED);
  auto& attributes = *event.mutable_activity_task_failed_event_attributes();
  attributes.set_scheduled_event_id(which.scheduled_event_id());
  attributes.set_started_event_id(which.started_event_id());
  *attributes.mutable_failure() = reset_failure(reason);
  attributes.set_identity(which.identity());
  attributes.set_retry_state(enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  append(fresh, std::move(event));
  fresh.state.mutable_activities()->erase(which.scheduled_event_id());
}

/// Activities that no worker had begin anew.
inline void renew_activities(run& fresh, const std::string& reason) {
  std::vector<std::int64_t> ids;
  for (const auto& [id, each] : fresh.state.activities()) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const std::int64_t id : ids) {
    auto& activity = fresh.state.mutable_activities()->at(id);
    if (activity.started_event_id() != 0) {
      fail_activity_of_worker(fresh, state::Activity(activity), reason);
      continue;
    }
    activity.set_scheduled_time(fresh.owner->now());
    activity.set_attempt_scheduled_time(fresh.owner->now());
    dispatch_activity(fresh, activity);
  }
}

/// Children that go on tell the new run of their end.
inline void adopt_children(run& fresh) {
  core& in = *fresh.owner;
  for (const auto& [id, child] : fresh.state.children()) {
    name_space* space = child.namespace_().empty() ? fresh.space : in.namespaces().find(child.namespace_());
    if (space == nullptr || child.started_event_id() == 0) continue;
    run* found = find_run(in, *space, child.workflow_id(), {});
    if (found == nullptr || !found->open() || !found->state.has_parent()) continue;
    if (found->state.first_run_id() != child.first_run_id()) continue;
    found->state.mutable_parent()->set_run_id(fresh.state.run_id());
    in.touch(*found);
  }
}

inline void apply_operations(run& fresh, const request_type& request) {
  core& in = *fresh.owner;
  for (const auto& operation : request.post_reset_operations()) {
    if (operation.has_signal_workflow()) {
      const auto& wanted = operation.signal_workflow();
      history_event event = make_event(in, enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
      auto& attributes = *event.mutable_workflow_execution_signaled_event_attributes();
      attributes.set_signal_name(wanted.signal_name());
      if (wanted.has_input()) *attributes.mutable_input() = wanted.input();
      if (wanted.has_header()) *attributes.mutable_header() = wanted.header();
      attributes.set_identity(request.identity());
      *event.mutable_links() = wanted.links();
      append_applied(fresh, std::move(event));
      continue;
    }
    const auto& options = operation.update_workflow_options().workflow_execution_options();
    std::set<std::string> fields;
    for (const auto& path : operation.update_workflow_options().update_mask().paths()) fields.insert(field_path(path));
    const bool names_override = fields.contains("versioning_override");
    const bool names_priority = fields.contains("priority");
    if (!names_override && !names_priority) continue;
    history_event event = make_event(in, enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
    auto& attributes = *event.mutable_workflow_execution_options_updated_event_attributes();
    if (names_priority) *attributes.mutable_priority() = options.priority();
    if (names_override && options.has_versioning_override()) {
      *attributes.mutable_versioning_override() = options.versioning_override();
    } else if (names_override) {
      attributes.set_unset_versioning_override(true);
    }
    append_applied(fresh, std::move(event));
  }
}

inline service::ResetWorkflowExecutionResponse reset(core& in, request_type& request) {
  name_space& space = in.namespaces().get(request.namespace_());
  check_request(in, space, request);
  const std::string& workflow_id = request.workflow_execution().workflow_id();
  run& base = get_run(in, space, workflow_id, request.workflow_execution().run_id());
  run* current = find_run(in, space, workflow_id, {});
  const std::int64_t finish = request.workflow_task_finish_event_id();
  if (finish <= 1 || finish >= base.events.next_id()) {
    refuse_argument("Workflow task finish ID must be > 1 && <= workflow last event ID.");
  }
  service::ResetWorkflowExecutionResponse response;
  if (current != nullptr && current->state.request_id() == request.request_id()) {
    response.set_run_id(current->state.run_id());
    return response;
  }
  beginning made = rebuild(in, base, request);
  if (current != nullptr && current->open()) terminate(*current, request.reason());
  const std::string base_run_id = base.state.run_id();
  run& fresh = add_run(in, space, workflow_id, made.state.run_id());
  fresh.state.Swap(&made.state);
  // One for the part of the history that it repeats, one for the reset.
  fresh.state.set_state_transition_count(2);
  for (auto& event : *made.events.mutable_events()) append(fresh, std::move(event));
  fail_task(fresh, base_run_id, request.reason());
  renew_activities(fresh, request.reason());
  reapply_events(fresh, base, finish, exclusions_of(request));
  adopt_children(fresh);
  apply_operations(fresh, request);
  fresh.visible_changed = true;
  in.deployments().on_run_changed(fresh);
  ensure_workflow_task(fresh);
  response.set_run_id(fresh.state.run_id());
  return response;
}

}  // namespace detail_reset

RONDO_SERVER_FUNCTION void serve_reset(frontend& at) {
  at.on<detail_reset::request_type>("ResetWorkflowExecution", detail_reset::reset);
}

}  // namespace rondo::server
