#pragma once

#include "rondo/server/describe.hpp"

#include <cstdint>
#include <string>

#include "rondo/server/activities.hpp"
#include "rondo/server/children.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/run_status.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/versioning.hpp"

namespace rondo::server {

namespace detail_describe {

namespace service = temporal::api::workflowservice::v1;
namespace workflow = temporal::api::workflow::v1;

inline instant execution_time(const state::Run& of) noexcept {
  return of.execution_time() == 0 ? of.start_time() : of.execution_time();
}

inline void describe_size(const state::Run& of, workflow::WorkflowExecutionInfo& into) {
  into.set_history_length(of.history_length());
  into.set_history_size_bytes(of.history_size());
  into.set_state_transition_count(of.state_transition_count());
}

inline void describe_config(const state::Run& of, workflow::WorkflowExecutionConfig& into) {
  into.mutable_task_queue()->set_name(of.task_queue());
  into.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  to_proto(of.execution_timeout(), *into.mutable_workflow_execution_timeout());
  to_proto(of.run_timeout(), *into.mutable_workflow_run_timeout());
  to_proto(of.task_timeout(), *into.mutable_default_workflow_task_timeout());
  if (of.has_user_metadata()) *into.mutable_user_metadata() = of.user_metadata();
}

/// What the worker that completed the last workflow task said of itself.
inline void describe_worker(const run& of, workflow::WorkflowExecutionInfo& into) {
  const std::int64_t id = of.state.last_completed_task_event_id();
  if (id == 0 || id >= of.events.next_id()) return;
  const history_event event = of.events.at(id);
  const auto& completed = event.workflow_task_completed_event_attributes();
  if (completed.has_worker_version()) *into.mutable_most_recent_worker_version_stamp() = completed.worker_version();
}

inline void describe_versioning(const state::Run& of, workflow::WorkflowExecutionInfo& into) {
  into.set_assigned_build_id(of.assigned_build_id());
  if (!of.has_versioning()) return;
  auto& versioning = *into.mutable_versioning_info();
  versioning = of.versioning();
  // Older clients read other fields.
  auto& chosen = *versioning.mutable_versioning_override();
  if (chosen.has_pinned()) {
    chosen.set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
    chosen.set_pinned_version(old_version_text(chosen.pinned().version()));
  } else if (chosen.auto_upgrade()) {
    chosen.set_behavior(enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
  } else if (!chosen.has_one_time()) {
    versioning.clear_versioning_override();
  }
  if (!versioning.has_deployment_version()) return;
  const auto& version = versioning.deployment_version();
  into.set_worker_deployment_name(version.deployment_name());
  if (versioning.version().empty()) versioning.set_version(old_version_text(version));
}

inline void describe_info(const run& of, workflow::WorkflowExecutionInfo& into) {
  const state::Run& state = of.state;
  describe_row(state, into);
  into.set_history_length(of.events.next_id() - 1);
  into.set_history_size_bytes(static_cast<std::int64_t>(of.events.bytes()));
  into.set_state_transition_count(state.state_transition_count());
  into.mutable_search_attributes();
  *into.mutable_auto_reset_points()->mutable_points() = state.reset_points();
  into.set_first_run_id(state.first_run_id());
  into.set_parent_namespace_id(state.parent().namespace_id());
  if (state.has_priority()) *into.mutable_priority() = state.priority();
  describe_worker(of, into);
  describe_versioning(state, into);
}

inline void describe_task(const state::WorkflowTask& of, workflow::PendingWorkflowTaskInfo& into) {
  into.set_state(of.started_event_id() == 0 ? enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED
                                            : enums::PENDING_WORKFLOW_TASK_STATE_STARTED);
  to_proto(of.scheduled_time(), *into.mutable_scheduled_time());
  const instant first = of.original_scheduled_time() == 0 ? of.scheduled_time() : of.original_scheduled_time();
  to_proto(first, *into.mutable_original_scheduled_time());
  if (of.started_event_id() != 0) to_proto(of.started_time(), *into.mutable_started_time());
  into.set_attempt(of.attempt());
}

/// Which of the run's events came from which request.
inline void describe_requests(const state::Run& of, workflow::WorkflowExecutionExtendedInfo& into) {
  auto& requests = *into.mutable_request_id_infos();
  const auto tell = [&requests](const std::string& id, enums::EventType type, std::int64_t event_id) {
    requests[id].set_event_type(type);
    requests[id].set_event_id(event_id);
    requests[id].set_buffered(event_id == 0);
  };
  if (!of.request_id().empty()) tell(of.request_id(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, 1);
  for (const auto& [id, event_id] : of.attached_request_ids()) {
    tell(id, enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED, event_id);
  }
  // The request of a signal with start is that of both; links to the start have the event's number themselves.
  for (const auto& [id, event_id] : of.signal_request_ids()) {
    tell(id, enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, event_id);
  }
}

inline void describe_more(const run& of, workflow::WorkflowExecutionExtendedInfo& into) {
  const state::Run& state = of.state;
  if (state.execution_deadline() != 0) to_proto(state.execution_deadline(), *into.mutable_execution_expiration_time());
  if (state.run_deadline() != 0) to_proto(state.run_deadline(), *into.mutable_run_expiration_time());
  into.set_cancel_requested(state.cancel_requested());
  if (of.events.next_id() > 1) *into.mutable_original_start_time() = of.events.at(1).event_time();
  // A run that came out of a reset has the seed of the run that was reset.
  const bool reset = !state.original_run_id().empty() && state.original_run_id() != state.run_id();
  if (reset) to_proto(state.start_time(), *into.mutable_last_reset_time());
  if (state.status() == enums::WORKFLOW_EXECUTION_STATUS_TERMINATED) into.set_reset_run_id(state.new_run_id());
  describe_requests(state, into);
  if (!state.has_pause()) return;
  auto& pause = *into.mutable_pause_info();
  pause.set_identity(state.pause().identity());
  pause.set_reason(state.pause().reason());
  to_proto(state.pause().time(), *pause.mutable_paused_time());
}

}  // namespace detail_describe

RONDO_SERVER_FUNCTION void describe_row(const state::Run& of,
                                        temporal::api::workflow::v1::WorkflowExecutionInfo& into) {
  using namespace detail_describe;
  into.mutable_execution()->set_workflow_id(of.workflow_id());
  into.mutable_execution()->set_run_id(of.run_id());
  into.mutable_type()->set_name(of.type());
  to_proto(of.start_time(), *into.mutable_start_time());
  to_proto(execution_time(of), *into.mutable_execution_time());
  into.set_status(of.status());
  if (!is_open_status(of.status())) {
    to_proto(of.close_time(), *into.mutable_close_time());
    to_proto(of.close_time() - execution_time(of), *into.mutable_execution_duration());
    describe_size(of, into);
  }
  *into.mutable_memo() = of.memo();
  if (!of.search_attributes().indexed_fields().empty()) *into.mutable_search_attributes() = of.search_attributes();
  into.set_task_queue(of.task_queue());
  if (!of.parent().run_id().empty()) {
    into.mutable_parent_execution()->set_workflow_id(of.parent().workflow_id());
    into.mutable_parent_execution()->set_run_id(of.parent().run_id());
  }
  auto& root = *into.mutable_root_execution();
  root.set_workflow_id(of.root_workflow_id().empty() ? of.workflow_id() : of.root_workflow_id());
  root.set_run_id(of.root_run_id().empty() ? of.run_id() : of.root_run_id());
}

RONDO_SERVER_FUNCTION temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse describe_run(
    const run& of) {
  using namespace detail_describe;
  service::DescribeWorkflowExecutionResponse response;
  describe_config(of.state, *response.mutable_execution_config());
  describe_info(of, *response.mutable_workflow_execution_info());
  describe_activities(of, response);
  describe_children(of, response);
  if (of.open() && of.state.has_workflow_task()) {
    describe_task(of.state.workflow_task(), *response.mutable_pending_workflow_task());
  }
  describe_more(of, *response.mutable_workflow_extended_info());
  return response;
}

RONDO_SERVER_FUNCTION void serve_describe(frontend& at) {
  using namespace detail_describe;
  using request_type = service::DescribeWorkflowExecutionRequest;
  at.on<request_type>("DescribeWorkflowExecution", [](core& in, request_type& request) {
    name_space& space = in.namespaces().get(request.namespace_());
    check_execution(request.has_execution(), request.execution());
    return describe_run(get_run(in, space, request.execution().workflow_id(), request.execution().run_id()));
  });
}

}  // namespace rondo::server
