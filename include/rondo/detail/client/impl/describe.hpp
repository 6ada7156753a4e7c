#pragma once
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>

#include "rondo/client/description.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/json.hpp"
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
  to.parent = execution_if(from.has_parent_execution(), from.parent_execution());
  to.root = execution_if(from.has_root_execution(), from.root_execution());
  to.memo = map_of(from.memo().fields());
  to.search_attributes = map_of(from.search_attributes().indexed_fields());
}

RONDO_FUNCTION void read_pending_activity(const wire::PendingActivityInfo& from, pending_activity& to) {
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
  if (from.has_last_failure()) {
    to.last_failure = engine::exception_of(from.last_failure());
    to.last_failure_message = from.last_failure().message();
  }
  to.last_worker_identity = from.last_worker_identity();
  to.paused = from.paused();
}

RONDO_FUNCTION void read_override(const wire::VersioningOverride& from, versioning_override::kind_type& kind,
                                  worker_deployment_version& version) {
  const auto read = [&](const temporal::api::deployment::v1::WorkerDeploymentVersion& named) {
    version = {.deployment_name = named.deployment_name(), .build_id = named.build_id()};
  };
  if (from.has_pinned()) {
    kind = versioning_override::kind_type::pinned;
    read(from.pinned().version());
  } else if (from.has_one_time()) {
    kind = versioning_override::kind_type::one_time;
    read(from.one_time().target_deployment_version());
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
  const auto version_in = [](const temporal::api::deployment::v1::WorkerDeploymentVersion& named) {
    return worker_deployment_version{.deployment_name = named.deployment_name(), .build_id = named.build_id()};
  };
  to.behavior = behavior_of(from.behavior());
  to.version = version_in(from.deployment_version());
  read_override(from.versioning_override(), to.override_kind, to.override_version);
  if (from.has_version_transition()) to.transition_to = version_in(from.version_transition().deployment_version());
}

RONDO_FUNCTION void read_pending_nexus(const wire::PendingNexusOperationInfo& from, pending_nexus_operation& to) {
  to.endpoint = from.endpoint();
  to.service = from.service();
  to.operation = from.operation();
  to.operation_token = from.operation_token();
  to.scheduled_event_id = from.scheduled_event_id();
  to.attempt = from.attempt();
  to.scheduled_time = time_if(from.has_scheduled_time(), from.scheduled_time());
  to.next_attempt_time = time_if(from.has_next_attempt_schedule_time(), from.next_attempt_schedule_time());
  to.last_failure_message = from.last_attempt_failure().message();
  to.blocked_reason = from.blocked_reason();
}

RONDO_FUNCTION workflow_description description_of(const service::DescribeWorkflowExecutionResponse& from) {
  workflow_description to;
  read_summary(from.workflow_execution_info(), to);
  const auto& config = from.execution_config();
  if (to.task_queue.empty()) to.task_queue = config.task_queue().name();
  to.execution_timeout = engine::duration_of(config.workflow_execution_timeout());
  to.run_timeout = engine::duration_of(config.workflow_run_timeout());
  to.task_timeout = engine::duration_of(config.default_workflow_task_timeout());
  for (const auto& each : from.pending_activities()) read_pending_activity(each, to.pending_activities.emplace_back());
  for (const auto& each : from.pending_children()) {
    auto& child = to.pending_children.emplace_back();
    child.workflow_id = each.workflow_id();
    child.run_id = each.run_id();
    child.workflow_type = each.workflow_type_name();
    child.initiated_event_id = each.initiated_id();
  }
  for (const auto& each : from.pending_nexus_operations()) {
    read_pending_nexus(each, to.pending_nexus_operations.emplace_back());
  }
  const auto& info = from.workflow_execution_info();
  read_versioning(info.versioning_info(), to.versioning);
  to.priority_key = info.priority().priority_key();
  to.fairness_key = info.priority().fairness_key();
  to.fairness_weight = info.priority().fairness_weight();
  to.paused_by = from.workflow_extended_info().pause_info().identity();
  to.pause_reason = from.workflow_extended_info().pause_info().reason();
  to.workflow_task_pending = from.has_pending_workflow_task();
  to.workflow_task_attempt = from.pending_workflow_task().attempt();
  to.summary = text_of(config.user_metadata().summary());
  to.details = text_of(config.user_metadata().details());
  return to;
}

}  // namespace rondo::detail::calls
