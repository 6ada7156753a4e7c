#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <memory>
#include <string>
#include <utility>

#include "rondo/client/description.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/activity_changes.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/json.hpp"
#include "rondo/options.hpp"
#include "rondo/versioning_override.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION workflow_status status_of(enums::WorkflowExecutionStatus status) {
  switch (status) {
    case enums::WORKFLOW_EXECUTION_STATUS_RUNNING:
      return workflow_status::running;
    case enums::WORKFLOW_EXECUTION_STATUS_COMPLETED:
      return workflow_status::completed;
    case enums::WORKFLOW_EXECUTION_STATUS_FAILED:
      return workflow_status::failed;
    case enums::WORKFLOW_EXECUTION_STATUS_CANCELED:
      return workflow_status::cancelled;
    case enums::WORKFLOW_EXECUTION_STATUS_TERMINATED:
      return workflow_status::terminated;
    case enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
      return workflow_status::continued_as_new;
    case enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
      return workflow_status::timed_out;
    case enums::WORKFLOW_EXECUTION_STATUS_PAUSED:
      return workflow_status::paused;
    default:
      return workflow_status::unspecified;
  }
}

RONDO_FUNCTION pending_activity_state state_of(enums::PendingActivityState state) {
  switch (state) {
    case enums::PENDING_ACTIVITY_STATE_SCHEDULED:
      return pending_activity_state::scheduled;
    case enums::PENDING_ACTIVITY_STATE_STARTED:
      return pending_activity_state::started;
    case enums::PENDING_ACTIVITY_STATE_CANCEL_REQUESTED:
      return pending_activity_state::cancel_requested;
    case enums::PENDING_ACTIVITY_STATE_PAUSED:
      return pending_activity_state::paused;
    case enums::PENDING_ACTIVITY_STATE_PAUSE_REQUESTED:
      return pending_activity_state::pause_requested;
    default:
      return pending_activity_state::unspecified;
  }
}

RONDO_FUNCTION std::string text_of(const engine::Payload& from) {
  try {
    return json::parse<std::string>(from.data());
  } catch (const json::error&) {
    return {};
  }
}

RONDO_FUNCTION void read_summary(const wire::WorkflowExecutionInfo& from, workflow_summary& to) {
  to.id = from.execution().workflow_id();
  to.run_id = from.execution().run_id();
  to.first_run_id = from.first_run_id();
  to.type = from.type().name();
  to.task_queue = from.task_queue();
  to.status = status_of(from.status());
  to.start_time = time_if(from.has_start_time(), from.start_time());
  to.execution_time = time_if(from.has_execution_time(), from.execution_time());
  to.close_time = time_if(from.has_close_time(), from.close_time());
  to.execution_duration = engine::duration_of(from.execution_duration());
  to.history_length = from.history_length();
  to.history_size_bytes = from.history_size_bytes();
  to.state_transition_count = from.state_transition_count();
  to.parent = execution_if(from.has_parent_execution(), from.parent_execution());
  if (to.parent) to.parent_namespace_id = from.parent_namespace_id();
  to.root = execution_if(from.has_root_execution(), from.root_execution());
  to.memo = map_of(from.memo().fields());
  to.search_attributes = map_of(from.search_attributes().indexed_fields());
}

RONDO_FUNCTION void read_pending_activity(const wire::PendingActivityInfo& from, const failure_converter* by,
                                          pending_activity& to) {
  to.activity_id = from.activity_id();
  to.activity_type = from.activity_type().name();
  to.state = state_of(from.state());
  to.attempt = from.attempt();
  to.maximum_attempts = from.maximum_attempts();
  to.scheduled_time = time_if(from.has_scheduled_time(), from.scheduled_time());
  to.last_started_time = time_if(from.has_last_started_time(), from.last_started_time());
  to.last_heartbeat_time = time_if(from.has_last_heartbeat_time(), from.last_heartbeat_time());
  to.expiration_time = time_if(from.has_expiration_time(), from.expiration_time());
  to.next_attempt_time = time_if(from.has_next_attempt_schedule_time(), from.next_attempt_schedule_time());
  to.heartbeat_details = engine::list_of(from.heartbeat_details());
  to.last_attempt_complete_time = time_if(from.has_last_attempt_complete_time(), from.last_attempt_complete_time());
  to.current_retry_interval = engine::duration_of(from.current_retry_interval());
  read_failure(from.has_last_failure(), from.last_failure(), by, to);
  to.last_worker_identity = from.last_worker_identity();
  to.last_version = version_of(from.last_deployment_version());
  to.paused = from.paused();
  if (from.has_pause_info()) {
    const auto& info = from.pause_info();
    auto& pause = to.pause.emplace();
    pause.paused_time = time_if(info.has_pause_time(), info.pause_time());
    pause.identity = info.has_rule() ? info.rule().identity() : info.manual().identity();
    pause.reason = info.has_rule() ? info.rule().reason() : info.manual().reason();
    pause.rule_id = info.rule().rule_id();
  }
  read_priority(from.priority(), to);
  to.settings = settings_of(from.activity_options());
}

RONDO_FUNCTION void read_override(const wire::VersioningOverride& from, versioning_override::kind_type& kind,
                                  worker_deployment_version& version) {
  if (from.has_pinned()) {
    kind = versioning_override::kind_type::pinned;
    version = version_of(from.pinned().version());
  } else if (from.has_one_time()) {
    kind = versioning_override::kind_type::one_time;
    version = version_of(from.one_time().target_deployment_version());
  } else if (from.auto_upgrade()) {
    kind = versioning_override::kind_type::auto_upgrade;
  }
}

RONDO_FUNCTION versioning_behavior behavior_of(enums::VersioningBehavior behavior) {
  switch (behavior) {
    case enums::VERSIONING_BEHAVIOR_PINNED:
      return versioning_behavior::pinned;
    case enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE:
      return versioning_behavior::auto_upgrade;
    default:
      return versioning_behavior::unspecified;
  }
}

RONDO_FUNCTION void read_versioning(const wire::WorkflowExecutionVersioningInfo& from, workflow_versioning& to) {
  to.behavior = behavior_of(from.behavior());
  to.version = version_of(from.deployment_version());
  read_override(from.versioning_override(), to.override_kind, to.override_version);
  if (from.has_version_transition()) to.transition_to = version_of(from.version_transition().deployment_version());
}

RONDO_FUNCTION pending_nexus_operation_state state_of(enums::PendingNexusOperationState state) {
  switch (state) {
    case enums::PENDING_NEXUS_OPERATION_STATE_SCHEDULED:
      return pending_nexus_operation_state::scheduled;
    case enums::PENDING_NEXUS_OPERATION_STATE_BACKING_OFF:
      return pending_nexus_operation_state::backing_off;
    case enums::PENDING_NEXUS_OPERATION_STATE_STARTED:
      return pending_nexus_operation_state::started;
    case enums::PENDING_NEXUS_OPERATION_STATE_BLOCKED:
      return pending_nexus_operation_state::blocked;
    default:
      return pending_nexus_operation_state::unspecified;
  }
}

RONDO_FUNCTION nexus_operation_cancellation_state state_of(enums::NexusOperationCancellationState state) {
  switch (state) {
    case enums::NEXUS_OPERATION_CANCELLATION_STATE_SCHEDULED:
      return nexus_operation_cancellation_state::scheduled;
    case enums::NEXUS_OPERATION_CANCELLATION_STATE_BACKING_OFF:
      return nexus_operation_cancellation_state::backing_off;
    case enums::NEXUS_OPERATION_CANCELLATION_STATE_SUCCEEDED:
      return nexus_operation_cancellation_state::succeeded;
    case enums::NEXUS_OPERATION_CANCELLATION_STATE_FAILED:
      return nexus_operation_cancellation_state::failed;
    case enums::NEXUS_OPERATION_CANCELLATION_STATE_TIMED_OUT:
      return nexus_operation_cancellation_state::timed_out;
    case enums::NEXUS_OPERATION_CANCELLATION_STATE_BLOCKED:
      return nexus_operation_cancellation_state::blocked;
    default:
      return nexus_operation_cancellation_state::unspecified;
  }
}

RONDO_FUNCTION workflow_callback_state state_of(enums::CallbackState state) {
  switch (state) {
    case enums::CALLBACK_STATE_STANDBY:
      return workflow_callback_state::standby;
    case enums::CALLBACK_STATE_SCHEDULED:
      return workflow_callback_state::scheduled;
    case enums::CALLBACK_STATE_BACKING_OFF:
      return workflow_callback_state::backing_off;
    case enums::CALLBACK_STATE_FAILED:
      return workflow_callback_state::failed;
    case enums::CALLBACK_STATE_SUCCEEDED:
      return workflow_callback_state::succeeded;
    case enums::CALLBACK_STATE_BLOCKED:
      return workflow_callback_state::blocked;
    default:
      return workflow_callback_state::unspecified;
  }
}

RONDO_FUNCTION parent_close_policy policy_of(enums::ParentClosePolicy policy) {
  switch (policy) {
    case enums::PARENT_CLOSE_POLICY_ABANDON:
      return parent_close_policy::abandon;
    case enums::PARENT_CLOSE_POLICY_REQUEST_CANCEL:
      return parent_close_policy::request_cancel;
    default:
      return parent_close_policy::terminate;
  }
}

RONDO_FUNCTION void read_callback(const wire::CallbackInfo& from, const failure_converter* by, workflow_callback& to) {
  to.url = from.callback().nexus().url();
  to.update_id = from.trigger().update_workflow_execution_completed().update_id();
  to.request_id = from.request_id();
  to.state = state_of(from.state());
  to.attempt = from.attempt();
  to.registration_time = time_if(from.has_registration_time(), from.registration_time());
  to.last_attempt_complete_time = time_if(from.has_last_attempt_complete_time(), from.last_attempt_complete_time());
  to.next_attempt_time = time_if(from.has_next_attempt_schedule_time(), from.next_attempt_schedule_time());
  read_failure(from.has_last_attempt_failure(), from.last_attempt_failure(), by, to);
  to.blocked_reason = from.blocked_reason();
}

RONDO_FUNCTION void read_pending_nexus(const wire::PendingNexusOperationInfo& from, const failure_converter* by,
                                       pending_nexus_operation& to) {
  to.endpoint = from.endpoint();
  to.service = from.service();
  to.operation = from.operation();
  to.operation_token = from.operation_token();
  to.scheduled_event_id = from.scheduled_event_id();
  to.attempt = from.attempt();
  to.scheduled_time = time_if(from.has_scheduled_time(), from.scheduled_time());
  to.next_attempt_time = time_if(from.has_next_attempt_schedule_time(), from.next_attempt_schedule_time());
  read_failure(from.has_last_attempt_failure(), from.last_attempt_failure(), by, to);
  to.blocked_reason = from.blocked_reason();
  to.state = state_of(from.state());
  to.schedule_to_close_timeout = engine::duration_of(from.schedule_to_close_timeout());
  to.schedule_to_start_timeout = engine::duration_of(from.schedule_to_start_timeout());
  to.start_to_close_timeout = engine::duration_of(from.start_to_close_timeout());
  to.last_attempt_complete_time = time_if(from.has_last_attempt_complete_time(), from.last_attempt_complete_time());
  if (from.has_cancellation_info()) to.cancellation = cancellation_of(from.cancellation_info(), by);
}

RONDO_FUNCTION void read_extended(const wire::WorkflowExecutionExtendedInfo& from, workflow_description& to) {
  to.paused_by = from.pause_info().identity();
  to.pause_reason = from.pause_info().reason();
  to.paused_time = time_if(from.pause_info().has_paused_time(), from.pause_info().paused_time());
  to.execution_expiration_time = time_if(from.has_execution_expiration_time(), from.execution_expiration_time());
  to.run_expiration_time = time_if(from.has_run_expiration_time(), from.run_expiration_time());
  to.cancel_requested = from.cancel_requested();
  to.last_reset_time = time_if(from.has_last_reset_time(), from.last_reset_time());
  to.reset_run_id = from.reset_run_id();
  to.original_start_time = time_if(from.has_original_start_time(), from.original_start_time());
}

RONDO_FUNCTION void read_workflow_task(const wire::PendingWorkflowTaskInfo& from, pending_workflow_task& to) {
  to.started = from.state() == enums::PENDING_WORKFLOW_TASK_STATE_STARTED;
  to.attempt = from.attempt();
  to.scheduled_time = time_if(from.has_scheduled_time(), from.scheduled_time());
  to.original_scheduled_time = time_if(from.has_original_scheduled_time(), from.original_scheduled_time());
  to.started_time = time_if(from.has_started_time(), from.started_time());
}

RONDO_FUNCTION workflow_description description_of(service::DescribeWorkflowExecutionResponse response,
                                                   const failure_converter* by) {
  workflow_description to;
  const auto& from = response;
  const auto& info = from.workflow_execution_info();
  read_summary(info, to);
  const auto& config = from.execution_config();
  if (to.task_queue.empty()) to.task_queue = config.task_queue().name();
  to.execution_timeout = engine::duration_of(config.workflow_execution_timeout());
  to.run_timeout = engine::duration_of(config.workflow_run_timeout());
  to.task_timeout = engine::duration_of(config.default_workflow_task_timeout());
  for (const auto& each : from.pending_activities())
    read_pending_activity(each, by, to.pending_activities.emplace_back());
  for (const auto& each : from.pending_children()) {
    auto& child = to.pending_children.emplace_back();
    child.workflow_id = each.workflow_id();
    child.run_id = each.run_id();
    child.workflow_type = each.workflow_type_name();
    child.initiated_event_id = each.initiated_id();
    child.parent_close = policy_of(each.parent_close_policy());
  }
  for (const auto& each : from.pending_nexus_operations()) {
    read_pending_nexus(each, by, to.pending_nexus_operations.emplace_back());
  }
  for (const auto& each : from.callbacks()) read_callback(each, by, to.callbacks.emplace_back());
  read_versioning(info.versioning_info(), to.versioning);
  read_priority(info.priority(), to);
  read_extended(from.workflow_extended_info(), to);
  if (from.has_pending_workflow_task()) read_workflow_task(from.pending_workflow_task(), to.workflow_task.emplace());
  to.summary = text_of(config.user_metadata().summary());
  to.details = text_of(config.user_metadata().details());
  to.response = std::make_shared<const service::DescribeWorkflowExecutionResponse>(std::move(response));
  return to;
}

}  // namespace rondo::detail::calls
