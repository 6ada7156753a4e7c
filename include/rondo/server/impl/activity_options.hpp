#pragma once

#include <temporal/api/activity/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/server/activities.hpp"
#include "rondo/server/activity_attributes.hpp"
#include "rondo/server/activity_operations.hpp"
#include "rondo/server/field_mask.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/retries.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

namespace detail_activity_options {

namespace service = temporal::api::workflowservice::v1;
using temporal::api::activity::v1::ActivityOptions;

inline constexpr std::string_view known_fields[] = {
    "task_queue",
    "task_queue.name",
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "priority",
    "priority.priority_key",
    "priority.fairness_key",
    "priority.fairness_weight",
    "retry_policy",
    "retry_policy.initial_interval",
    "retry_policy.backoff_coefficient",
    "retry_policy.maximum_interval",
    "retry_policy.maximum_attempts",
};

using field_set = std::set<std::string>;

/// One of the fields is `whole` or a part of it.
inline bool touches(const field_set& fields, const std::string& whole) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& each) { return each == whole || each.starts_with(whole + "."); });
}

inline void check_presence(const ActivityOptions& from, const field_set& fields) {
  if (touches(fields, "task_queue") && !from.has_task_queue()) refuse_argument("TaskQueue is not provided");
  const bool part_of_priority = touches(fields, "priority") && !fields.contains("priority");
  if (part_of_priority && !from.has_priority()) refuse_argument("Priority is not provided");
  if (touches(fields, "retry_policy") && !from.has_retry_policy()) refuse_argument("RetryPolicy is not provided");
}

inline void merge_priority_fields(ActivityOptions& to, const ActivityOptions& from, const field_set& fields) {
  if (fields.contains("priority")) {
    to.clear_priority();
    if (from.has_priority()) *to.mutable_priority() = from.priority();
  }
  const auto& given = from.priority();
  if (fields.contains("priority.priority_key")) to.mutable_priority()->set_priority_key(given.priority_key());
  if (fields.contains("priority.fairness_key")) to.mutable_priority()->set_fairness_key(given.fairness_key());
  if (fields.contains("priority.fairness_weight")) to.mutable_priority()->set_fairness_weight(given.fairness_weight());
}

/// Which failures are not retried stays as it was scheduled.
inline void merge_retry_policy(ActivityOptions& to, const ActivityOptions& from, const field_set& fields) {
  if (!touches(fields, "retry_policy")) return;
  auto& policy = *to.mutable_retry_policy();
  const auto& given = from.retry_policy();
  const bool whole = fields.contains("retry_policy");
  if (whole) {
    auto types = policy.non_retryable_error_types();
    policy = given;
    policy.mutable_non_retryable_error_types()->Swap(&types);
  }
  if (fields.contains("retry_policy.initial_interval")) *policy.mutable_initial_interval() = given.initial_interval();
  if (fields.contains("retry_policy.backoff_coefficient")) {
    policy.set_backoff_coefficient(given.backoff_coefficient());
  }
  if (fields.contains("retry_policy.maximum_interval")) *policy.mutable_maximum_interval() = given.maximum_interval();
  if (fields.contains("retry_policy.maximum_attempts")) policy.set_maximum_attempts(given.maximum_attempts());
  // What a part names is meant as it stands; a whole policy may leave things open.
  if (!whole) check_retry_policy(policy);
  complete_retry_policy(policy);
}

inline void merge(ActivityOptions& to, const ActivityOptions& from, const field_set& fields) {
  if (touches(fields, "task_queue")) to.mutable_task_queue()->set_name(from.task_queue().name());
  const auto take = [&](const char* name, const google::protobuf::Duration& given, google::protobuf::Duration* into) {
    if (fields.contains(name)) *into = given;
  };
  take("schedule_to_close_timeout", from.schedule_to_close_timeout(), to.mutable_schedule_to_close_timeout());
  take("schedule_to_start_timeout", from.schedule_to_start_timeout(), to.mutable_schedule_to_start_timeout());
  take("start_to_close_timeout", from.start_to_close_timeout(), to.mutable_start_to_close_timeout());
  take("heartbeat_timeout", from.heartbeat_timeout(), to.mutable_heartbeat_timeout());
  merge_priority_fields(to, from, fields);
  merge_retry_policy(to, from, fields);
}

/// Refuses options that no activity could be scheduled with, and derives those that are left open.
inline void complete(ActivityOptions& options, const state::Activity& of, const limits& allowed) {
  activity_attributes attributes;
  attributes.set_activity_id(of.activity_id());
  attributes.mutable_activity_type()->set_name(of.type());
  *attributes.mutable_task_queue() = options.task_queue();
  *attributes.mutable_schedule_to_close_timeout() = options.schedule_to_close_timeout();
  *attributes.mutable_schedule_to_start_timeout() = options.schedule_to_start_timeout();
  *attributes.mutable_start_to_close_timeout() = options.start_to_close_timeout();
  *attributes.mutable_heartbeat_timeout() = options.heartbeat_timeout();
  if (options.has_priority()) *attributes.mutable_priority() = options.priority();
  check_activity_attributes(attributes, allowed);
  const activity_timeouts times = derive_timeouts(attributes, 0);
  to_proto(times.schedule_to_close, *options.mutable_schedule_to_close_timeout());
  to_proto(times.schedule_to_start, *options.mutable_schedule_to_start_timeout());
  to_proto(times.start_to_close, *options.mutable_start_to_close_timeout());
  to_proto(times.heartbeat, *options.mutable_heartbeat_timeout());
}

inline ActivityOptions original_options(const run& of, const state::Activity& which) {
  const history_event event = of.events.at(which.scheduled_event_id());
  const auto& from = event.activity_task_scheduled_event_attributes();
  ActivityOptions made;
  made.mutable_task_queue()->set_name(from.task_queue().name());
  *made.mutable_schedule_to_close_timeout() = from.schedule_to_close_timeout();
  *made.mutable_schedule_to_start_timeout() = from.schedule_to_start_timeout();
  *made.mutable_start_to_close_timeout() = from.start_to_close_timeout();
  *made.mutable_heartbeat_timeout() = from.heartbeat_timeout();
  if (from.has_priority()) *made.mutable_priority() = from.priority();
  if (from.has_retry_policy()) *made.mutable_retry_policy() = from.retry_policy();
  return made;
}

inline void set_options(state::Activity& of, const ActivityOptions& from) {
  of.set_task_queue(from.task_queue().name());
  of.set_schedule_to_close(from_proto(from.schedule_to_close_timeout()));
  of.set_schedule_to_start(from_proto(from.schedule_to_start_timeout()));
  of.set_start_to_close(from_proto(from.start_to_close_timeout()));
  of.set_heartbeat_timeout(from_proto(from.heartbeat_timeout()));
  of.clear_priority();
  if (from.has_priority()) *of.mutable_priority() = from.priority();
  of.clear_retry_policy();
  if (from.has_retry_policy()) *of.mutable_retry_policy() = from.retry_policy();
}

/// When the attempt begins that no worker has: by the retry policy as it is now.
inline instant next_start(const run& of, const state::Activity& which) {
  const instant now = of.owner->now();
  const instant soonest = std::min(which.attempt_scheduled_time(), now);
  if (which.attempt() <= 1 || which.last_attempt_complete_time() == 0) return which.attempt_scheduled_time();
  auto policy = which.retry_policy();
  // The attempt has been granted.
  policy.set_maximum_attempts(0);
  const auto verdict = decide_retry(policy, which.attempt() - 1, now, 0, nullptr);
  const instant when = later(which.last_attempt_complete_time(), verdict.again() ? verdict.pause : 0);
  return when > now ? when : soonest;
}

inline void change(run& of, state::Activity& which, const ActivityOptions& to) {
  set_options(which, to);
  of.owner->touch(of);
  if (!is_started(which)) reschedule_activity(of, which, next_start(of, which));
}

inline service::UpdateActivityOptionsResponse update(core& in, const service::UpdateActivityOptionsRequest& request) {
  const bool restore = request.restore_original();
  if (restore && request.update_mask().paths_size() > 0) {
    refuse_argument("Both UpdateMask and RestoreOriginal are provided");
  }
  check_priority(request.activity_options().priority());
  run& of = run_of_activities(in, request);
  if (!restore && !request.has_activity_options()) refuse_argument("ActivityOptions are not provided");
  const auto ids = selected_activities(of, request);
  if (!restore && !request.has_update_mask()) refuse_argument("UpdateMask is not provided");
  const auto fields = read_field_mask(request.update_mask(), known_fields, ActivityOptions::descriptor()->full_name());
  check_presence(request.activity_options(), fields);

  auto& all = *of.state.mutable_activities();
  std::vector<ActivityOptions> wanted;
  for (const auto id : ids) {
    const state::Activity& which = all.at(id);
    ActivityOptions options = restore ? original_options(of, which) : options_of(which);
    if (!restore) {
      merge(options, request.activity_options(), fields);
      complete(options, which, in.limit());
    }
    wanted.push_back(std::move(options));
  }
  for (std::size_t each = 0; each < ids.size(); ++each) change(of, all.at(ids[each]), wanted[each]);
  service::UpdateActivityOptionsResponse response;
  *response.mutable_activity_options() = wanted.back();
  return response;
}

}  // namespace detail_activity_options

RONDO_SERVER_FUNCTION void restore_activity_options(const run& of, state::Activity& which) {
  detail_activity_options::set_options(which, detail_activity_options::original_options(of, which));
}

RONDO_SERVER_FUNCTION void serve_activity_options(frontend& at) {
  at.on<temporal::api::workflowservice::v1::UpdateActivityOptionsRequest>("UpdateActivityOptions",
                                                                          detail_activity_options::update);
}

}  // namespace rondo::server
