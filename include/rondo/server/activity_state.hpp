#pragma once

#include <rondo/server/state.pb.h>
#include <temporal/api/activity/v1/message.pb.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "rondo/server/run.hpp"
#include "rondo/server/time.hpp"

// What the state of an activity says.
namespace rondo::server {

/// A worker has the attempt.
inline bool is_started(const state::Activity& which) noexcept { return which.started_time() != 0; }

/// The attempt's time has not come.
inline bool backs_off(const state::Activity& which, instant now) noexcept {
  return !is_started(which) && which.attempt_scheduled_time() > now;
}

/// No attempt begins, whatever its time: the activity is paused, or its run is.
inline bool is_held_back(const state::Activity& which) noexcept { return which.has_pause() || which.held(); }

/// Ids of the activities in order, for what must not depend on the order of the map.
inline std::vector<std::int64_t> activity_ids(const run& of) {
  std::vector<std::int64_t> made;
  for (const auto& [id, which] : of.state.activities()) made.push_back(id);
  std::sort(made.begin(), made.end());
  return made;
}

inline temporal::api::activity::v1::ActivityOptions options_of(const state::Activity& which) {
  temporal::api::activity::v1::ActivityOptions made;
  made.mutable_task_queue()->set_name(which.task_queue());
  to_proto(which.schedule_to_close(), *made.mutable_schedule_to_close_timeout());
  to_proto(which.schedule_to_start(), *made.mutable_schedule_to_start_timeout());
  to_proto(which.start_to_close(), *made.mutable_start_to_close_timeout());
  to_proto(which.heartbeat_timeout(), *made.mutable_heartbeat_timeout());
  if (which.has_retry_policy()) *made.mutable_retry_policy() = which.retry_policy();
  if (which.has_priority()) *made.mutable_priority() = which.priority();
  return made;
}

}  // namespace rondo::server
