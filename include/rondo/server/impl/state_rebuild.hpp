#pragma once

#include "rondo/server/state_rebuild.hpp"

#include <temporal/api/history/v1/message.pb.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "rondo/server/payload_fields.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/started_state.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

namespace detail_state_rebuild {

namespace history = temporal::api::history::v1;

inline void apply_timeouts(state::Run& to, const history::WorkflowExecutionStartedEventAttributes& from) {
  to.set_execution_time(to.start_time());
  to.set_execution_timeout(from_proto(from.workflow_execution_timeout()));
  to.set_run_timeout(from_proto(from.workflow_run_timeout()));
  to.set_task_timeout(from_proto(from.workflow_task_timeout()));
  if (to.execution_timeout() > 0) to.set_execution_deadline(later(to.start_time(), to.execution_timeout()));
  if (to.run_timeout() <= 0) return;
  to.set_run_deadline(earlier_set(later(to.start_time(), to.run_timeout()), to.execution_deadline()));
}

inline void apply_versioning(state::Run& to, const history::WorkflowExecutionStartedEventAttributes& from) {
  if (from.has_versioning_override()) {
    *to.mutable_versioning()->mutable_versioning_override() = from.versioning_override();
  }
  if (!from.has_inherited_pinned_version()) return;
  to.mutable_versioning()->set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
  *to.mutable_versioning()->mutable_deployment_version() = from.inherited_pinned_version();
}

inline void apply_started(state::Run& to, const history_event& event) {
  const auto& from = event.workflow_execution_started_event_attributes();
  take_started(to, from);
  apply_timeouts(to, from);
  apply_versioning(to, from);
  if (event.has_user_metadata()) *to.mutable_user_metadata() = event.user_metadata();
  if (from.has_prev_auto_reset_points()) *to.mutable_reset_points() = from.prev_auto_reset_points().points();
}

inline void apply_task_scheduled(state::Run& to, const history_event& event) {
  const auto& from = event.workflow_task_scheduled_event_attributes();
  auto& task = *to.mutable_workflow_task();
  task.Clear();
  task.set_kind(state::WorkflowTask::NORMAL);
  task.set_scheduled_event_id(event.event_id());
  task.set_attempt(std::max(1, from.attempt()));
  task.set_scheduled_time(from_proto(event.event_time()));
  task.set_original_scheduled_time(task.scheduled_time());
  task.set_start_to_close(from_proto(from.start_to_close_timeout()));
  task.set_task_queue(from.task_queue().name());
}

inline void apply_task_started(state::Run& to, const history_event& event) {
  const auto& from = event.workflow_task_started_event_attributes();
  auto& task = *to.mutable_workflow_task();
  task.set_started_event_id(event.event_id());
  task.set_started_time(from_proto(event.event_time()));
  task.set_identity(from.identity());
  task.set_request_id(from.request_id());
  task.set_suggest_continue_as_new(from.suggest_continue_as_new());
  task.set_history_size(from.history_size_bytes());
}

/// Where a build first completed a task.
inline void add_reset_point(state::Run& to, const history_event& event) {
  const auto& from = event.workflow_task_completed_event_attributes();
  const std::string& build =
      from.has_deployment_version() ? from.deployment_version().build_id() : from.worker_version().build_id();
  if (build.empty() && from.binary_checksum().empty()) return;
  for (const auto& point : to.reset_points()) {
    if (point.build_id() == build && point.binary_checksum() == from.binary_checksum()) return;
  }
  auto& point = *to.add_reset_points();
  point.set_build_id(build);
  point.set_binary_checksum(from.binary_checksum());
  point.set_run_id(to.run_id());
  point.set_first_workflow_task_completed_id(event.event_id());
  *point.mutable_create_time() = event.event_time();
  point.set_resettable(to.children().empty());
}

inline void apply_task_completed(state::Run& to, const history_event& event) {
  const auto& from = event.workflow_task_completed_event_attributes();
  add_reset_point(to, event);
  to.set_previous_started_event_id(from.started_event_id());
  to.set_last_completed_task_event_id(event.event_id());
  to.clear_workflow_task();
  to.clear_next_task_attempt();
  if (from.versioning_behavior() == enums::VERSIONING_BEHAVIOR_UNSPECIFIED && !from.has_deployment_version()) return;
  auto& versioning = *to.mutable_versioning();
  versioning.set_behavior(from.versioning_behavior());
  if (from.has_deployment_version()) *versioning.mutable_deployment_version() = from.deployment_version();
}

/// The task ended without a result: the next one is a further attempt of it, which the history need not show.
inline void apply_task_lost(state::Run& to, const history_event& event, bool counts) {
  const int attempt = std::max(1, to.workflow_task().attempt());
  to.clear_workflow_task();
  to.set_next_task_attempt(counts ? attempt + 1 : 1);
  if (!counts) return;
  auto& task = *to.mutable_workflow_task();
  task.set_kind(state::WorkflowTask::TRANSIENT);
  task.set_attempt(attempt + 1);
  task.set_scheduled_event_id(event.event_id() + 1);
  task.set_scheduled_time(from_proto(event.event_time()));
  task.set_original_scheduled_time(task.scheduled_time());
  task.set_start_to_close(to.task_timeout());
}

/// Whether the next attempt is one more.
inline bool counts(enums::WorkflowTaskFailedCause cause) noexcept {
  return cause != enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW &&
         cause != enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_PAUSE_REQUESTED_BEFORE_TASK_STARTED;
}

inline void apply_activity_scheduled(state::Run& to, const history_event& event) {
  const auto& from = event.activity_task_scheduled_event_attributes();
  auto& made = (*to.mutable_activities())[event.event_id()];
  made.set_scheduled_event_id(event.event_id());
  made.set_activity_id(from.activity_id());
  made.set_type(from.activity_type().name());
  made.set_task_queue(from.task_queue().name());
  made.set_schedule_to_close(from_proto(from.schedule_to_close_timeout()));
  made.set_schedule_to_start(from_proto(from.schedule_to_start_timeout()));
  made.set_start_to_close(from_proto(from.start_to_close_timeout()));
  made.set_heartbeat_timeout(from_proto(from.heartbeat_timeout()));
  if (from.has_retry_policy()) *made.mutable_retry_policy() = from.retry_policy();
  made.set_attempt(1);
  made.set_stamp(1);
  made.set_scheduled_time(from_proto(event.event_time()));
  made.set_attempt_scheduled_time(made.scheduled_time());
  made.set_use_workflow_version(from.use_workflow_build_id());
  if (from.has_priority()) *made.mutable_priority() = from.priority();
}

inline void apply_activity_started(state::Run& to, const history_event& event) {
  const auto& from = event.activity_task_started_event_attributes();
  const auto found = to.mutable_activities()->find(from.scheduled_event_id());
  if (found == to.mutable_activities()->end()) return;
  found->second.set_started_event_id(event.event_id());
  found->second.set_started_time(from_proto(event.event_time()));
  found->second.set_attempt(std::max(1, from.attempt()));
  found->second.set_identity(from.identity());
  found->second.set_request_id(from.request_id());
}

inline void apply_activity_cancel(state::Run& to, const history_event& event) {
  const auto& from = event.activity_task_cancel_requested_event_attributes();
  const auto found = to.mutable_activities()->find(from.scheduled_event_id());
  if (found == to.mutable_activities()->end()) return;
  found->second.set_cancel_requested(true);
  found->second.set_cancel_requested_event_id(event.event_id());
}

inline void apply_timer_started(state::Run& to, const history_event& event) {
  const auto& from = event.timer_started_event_attributes();
  auto& timer = (*to.mutable_timers())[from.timer_id()];
  timer.set_timer_id(from.timer_id());
  timer.set_started_event_id(event.event_id());
  timer.set_fire_time(later(from_proto(event.event_time()), from_proto(from.start_to_fire_timeout())));
}

inline void apply_child_initiated(state::Run& to, const history_event& event) {
  const auto& from = event.start_child_workflow_execution_initiated_event_attributes();
  auto& child = (*to.mutable_children())[event.event_id()];
  child.set_initiated_event_id(event.event_id());
  child.set_namespace_(from.namespace_());
  child.set_workflow_id(from.workflow_id());
  child.set_type(from.workflow_type().name());
  child.set_parent_close_policy(from.parent_close_policy());
}

inline void apply_child_started(state::Run& to, const history_event& event) {
  const auto& from = event.child_workflow_execution_started_event_attributes();
  const auto found = to.mutable_children()->find(from.initiated_event_id());
  if (found == to.mutable_children()->end()) return;
  found->second.set_started_event_id(event.event_id());
  found->second.set_run_id(from.workflow_execution().run_id());
  found->second.set_first_run_id(from.workflow_execution().run_id());
}

inline void apply_external(state::Run& to, const history_event& event, bool signal) {
  auto& request = (*to.mutable_external_requests())[event.event_id()];
  request.set_initiated_event_id(event.event_id());
  request.set_signal(signal);
}

inline void apply_signal(state::Run& to, const history_event& event) {
  to.set_signal_count(to.signal_count() + 1);
  const std::string& id = event.workflow_execution_signaled_event_attributes().request_id();
  if (!id.empty()) (*to.mutable_signal_request_ids())[id] = event.event_id();
}

inline void apply_update_admitted(state::Run& to, const history_event& event) {
  const std::string& id = event.workflow_execution_update_admitted_event_attributes().request().meta().update_id();
  auto& update = (*to.mutable_updates())[id];
  update.set_update_id(id);
  update.set_admitted_event_id(event.event_id());
}

inline void apply_update_accepted(state::Run& to, const history_event& event) {
  const std::string& id = event.workflow_execution_update_accepted_event_attributes().protocol_instance_id();
  auto& update = (*to.mutable_updates())[id];
  update.set_update_id(id);
  update.set_accepted_event_id(event.event_id());
  to.set_update_count(to.update_count() + 1);
}

inline void apply_update_completed(state::Run& to, const history_event& event) {
  const auto& from = event.workflow_execution_update_completed_event_attributes();
  auto& update = (*to.mutable_updates())[from.meta().update_id()];
  update.set_update_id(from.meta().update_id());
  update.set_accepted_event_id(from.accepted_event_id());
  update.set_completed_event_id(event.event_id());
}

inline void apply_options(state::Run& to, const history_event& event) {
  const auto& from = event.workflow_execution_options_updated_event_attributes();
  if (from.has_versioning_override()) {
    *to.mutable_versioning()->mutable_versioning_override() = from.versioning_override();
  }
  if (from.unset_versioning_override()) to.mutable_versioning()->clear_versioning_override();
  if (from.has_priority()) *to.mutable_priority() = from.priority();
  if (from.attached_request_id().empty()) return;
  (*to.mutable_attached_request_ids())[from.attached_request_id()] = event.event_id();
}

inline void apply_workflow_task(state::Run& to, const history_event& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
      return apply_task_scheduled(to, event);
    case enums::EVENT_TYPE_WORKFLOW_TASK_STARTED:
      return apply_task_started(to, event);
    case enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
      return apply_task_completed(to, event);
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED:
      return apply_task_lost(to, event, counts(event.workflow_task_failed_event_attributes().cause()));
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
      return apply_task_lost(
          to, event,
          event.workflow_task_timed_out_event_attributes().timeout_type() != enums::TIMEOUT_TYPE_SCHEDULE_TO_START);
    default:
      return;
  }
}

inline void apply_activity(state::Run& to, const history_event& event) {
  auto& activities = *to.mutable_activities();
  switch (event.event_type()) {
    case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
      return apply_activity_scheduled(to, event);
    case enums::EVENT_TYPE_ACTIVITY_TASK_STARTED:
      return apply_activity_started(to, event);
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
      return apply_activity_cancel(to, event);
    case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
      activities.erase(event.activity_task_completed_event_attributes().scheduled_event_id());
      return;
    case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
      activities.erase(event.activity_task_failed_event_attributes().scheduled_event_id());
      return;
    case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
      activities.erase(event.activity_task_timed_out_event_attributes().scheduled_event_id());
      return;
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
      activities.erase(event.activity_task_canceled_event_attributes().scheduled_event_id());
      return;
    default:
      return;
  }
}

inline void apply_child(state::Run& to, const history_event& event) {
  auto& children = *to.mutable_children();
  switch (event.event_type()) {
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
      return apply_child_initiated(to, event);
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
      return apply_child_started(to, event);
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
      children.erase(event.start_child_workflow_execution_failed_event_attributes().initiated_event_id());
      return;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
      children.erase(event.child_workflow_execution_completed_event_attributes().initiated_event_id());
      return;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
      children.erase(event.child_workflow_execution_failed_event_attributes().initiated_event_id());
      return;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
      children.erase(event.child_workflow_execution_canceled_event_attributes().initiated_event_id());
      return;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
      children.erase(event.child_workflow_execution_timed_out_event_attributes().initiated_event_id());
      return;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
      children.erase(event.child_workflow_execution_terminated_event_attributes().initiated_event_id());
      return;
    default:
      return;
  }
}

inline void apply_external_request(state::Run& to, const history_event& event) {
  auto& requests = *to.mutable_external_requests();
  switch (event.event_type()) {
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
      return apply_external(to, event, true);
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
      return apply_external(to, event, false);
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
      requests.erase(event.signal_external_workflow_execution_failed_event_attributes().initiated_event_id());
      return;
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
      requests.erase(event.external_workflow_execution_signaled_event_attributes().initiated_event_id());
      return;
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
      requests.erase(event.request_cancel_external_workflow_execution_failed_event_attributes().initiated_event_id());
      return;
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      requests.erase(event.external_workflow_execution_cancel_requested_event_attributes().initiated_event_id());
      return;
    default:
      return;
  }
}

inline void apply_run(state::Run& to, const history_event& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
      return apply_started(to, event);
    case enums::EVENT_TYPE_TIMER_STARTED:
      return apply_timer_started(to, event);
    case enums::EVENT_TYPE_TIMER_FIRED:
      to.mutable_timers()->erase(event.timer_fired_event_attributes().timer_id());
      return;
    case enums::EVENT_TYPE_TIMER_CANCELED:
      to.mutable_timers()->erase(event.timer_canceled_event_attributes().timer_id());
      return;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
      return apply_signal(to, event);
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      to.set_cancel_requested(true);
      return;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
      return apply_update_admitted(to, event);
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
      return apply_update_accepted(to, event);
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
      return apply_update_completed(to, event);
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED:
      return apply_options(to, event);
    case enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
      return merge_fields(
          *to.mutable_search_attributes()->mutable_indexed_fields(),
          event.upsert_workflow_search_attributes_event_attributes().search_attributes().indexed_fields());
    case enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:
      return merge_fields(*to.mutable_memo()->mutable_fields(),
                          event.workflow_properties_modified_event_attributes().upserted_memo().fields());
    default:
      return;
  }
}

}  // namespace detail_state_rebuild

RONDO_SERVER_FUNCTION void apply_event(state::Run& to, const history_event& event) {
  // A task that the history does not have comes after whatever it has.
  if (to.workflow_task().kind() == state::WorkflowTask::TRANSIENT) {
    to.mutable_workflow_task()->set_scheduled_event_id(event.event_id() + 1);
  }
  detail_state_rebuild::apply_run(to, event);
  detail_state_rebuild::apply_workflow_task(to, event);
  detail_state_rebuild::apply_activity(to, event);
  detail_state_rebuild::apply_child(to, event);
  detail_state_rebuild::apply_external_request(to, event);
}

}  // namespace rondo::server
