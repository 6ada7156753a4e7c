#pragma once

#include <temporal/api/workflow/v1/message.pb.h>

#include <algorithm>

#include "rondo/server/activities.hpp"
#include "rondo/server/activity_state.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/retries.hpp"
#include "rondo/server/time.hpp"

// What DescribeWorkflowExecution shows of activities.
namespace rondo::server {

namespace detail_activity_describing {

using temporal::api::workflow::v1::PendingActivityInfo;

inline enums::PendingActivityState pending_state(const state::Activity& which) noexcept {
  if (which.cancel_requested()) return enums::PENDING_ACTIVITY_STATE_CANCEL_REQUESTED;
  if (is_started(which)) {
    return which.has_pause() ? enums::PENDING_ACTIVITY_STATE_PAUSE_REQUESTED : enums::PENDING_ACTIVITY_STATE_STARTED;
  }
  return which.has_pause() ? enums::PENDING_ACTIVITY_STATE_PAUSED : enums::PENDING_ACTIVITY_STATE_SCHEDULED;
}

inline void describe_retries(const state::Activity& which, instant now, PendingActivityInfo& into) {
  if (!which.has_retry_policy()) return;
  into.set_maximum_attempts(which.retry_policy().maximum_attempts());
  if (which.schedule_to_close() > 0) {
    to_proto(later(which.scheduled_time(), which.schedule_to_close()), *into.mutable_expiration_time());
  }
  if (which.has_last_failure()) *into.mutable_last_failure() = which.last_failure();
  if (pending_state(which) != enums::PENDING_ACTIVITY_STATE_SCHEDULED) return;
  if (backs_off(which, now)) {
    to_proto(which.attempt_scheduled_time(), *into.mutable_next_attempt_schedule_time());
    to_proto(which.retry_interval(), *into.mutable_current_retry_interval());
  } else {
    const auto verdict = decide_retry(which.retry_policy(), which.attempt(), now, 0, nullptr);
    to_proto(verdict.again() ? verdict.pause : 0, *into.mutable_current_retry_interval());
  }
}

inline void describe_pause(const state::Activity& which, PendingActivityInfo& into) {
  if (!which.has_pause()) return;
  into.set_paused(true);
  auto& info = *into.mutable_pause_info();
  to_proto(which.pause().time(), *info.mutable_pause_time());
  info.mutable_manual()->set_identity(which.pause().identity());
  info.mutable_manual()->set_reason(which.pause().reason());
}

inline void describe(const state::Activity& which, instant now, PendingActivityInfo& into) {
  into.set_activity_id(which.activity_id());
  into.mutable_activity_type()->set_name(which.type());
  into.set_state(pending_state(which));
  into.set_attempt(std::max(which.attempt(), 1));
  to_proto(which.attempt_scheduled_time(), *into.mutable_scheduled_time());
  if (is_started(which)) to_proto(which.started_time(), *into.mutable_last_started_time());
  into.set_last_worker_identity(which.identity().empty() ? which.last_worker_identity() : which.identity());
  if (which.last_heartbeat_time() != 0) {
    to_proto(which.last_heartbeat_time(), *into.mutable_last_heartbeat_time());
    *into.mutable_heartbeat_details() = which.heartbeat_details();
  }
  if (which.last_attempt_complete_time() != 0) {
    to_proto(which.last_attempt_complete_time(), *into.mutable_last_attempt_complete_time());
  }
  if (which.has_version()) *into.mutable_last_deployment_version() = which.version();
  if (which.has_priority()) *into.mutable_priority() = which.priority();
  describe_retries(which, now, into);
  describe_pause(which, into);
  *into.mutable_activity_options() = options_of(which);
  into.mutable_activity_options()->mutable_task_queue()->set_normal_name(which.task_queue());
  // Beside them, as on production servers.
  into.mutable_activity_options()->clear_priority();
}

}  // namespace detail_activity_describing

RONDO_SERVER_FUNCTION void describe_activities(const run& of, service::DescribeWorkflowExecutionResponse& into) {
  const instant now = of.owner->now();
  for (const auto id : activity_ids(of)) {
    detail_activity_describing::describe(of.state.activities().at(id), now, *into.add_pending_activities());
  }
}

}  // namespace rondo::server
