#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "rondo/server/activities.hpp"
#include "rondo/server/activity_attributes.hpp"
#include "rondo/server/completion.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/retries.hpp"

namespace rondo::server {

namespace detail_activity_commands {

inline constexpr auto bad_schedule = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES;
inline constexpr auto bad_cancel = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES;

inline bool is_pending(const run& of, const std::string& activity_id) {
  const auto& all = of.state.activities();
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& each) { return each.second.activity_id() == activity_id; });
}

/// The activity has ended, but the workflow does not know it yet.
inline bool ends_in_buffer(const run& of, std::int64_t scheduled_event_id) {
  for (const auto& bytes : of.state.buffered_events()) {
    history_event event;
    event.ParseFromString(bytes);
    if (event.activity_task_completed_event_attributes().scheduled_event_id() == scheduled_event_id ||
        event.activity_task_failed_event_attributes().scheduled_event_id() == scheduled_event_id ||
        event.activity_task_timed_out_event_attributes().scheduled_event_id() == scheduled_event_id ||
        event.activity_task_canceled_event_attributes().scheduled_event_id() == scheduled_event_id) {
      return true;
    }
  }
  return false;
}

inline history_event make_scheduled(const completion& by, const temporal::api::command::v1::Command& command,
                                    const activity_timeouts& times) {
  const auto& from = command.schedule_activity_task_command_attributes();
  history_event event = make_event(*by.of.owner, enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
  auto& to = *event.mutable_activity_task_scheduled_event_attributes();
  to.set_activity_id(from.activity_id());
  *to.mutable_activity_type() = from.activity_type();
  to.mutable_task_queue()->set_name(from.task_queue().name());
  to.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  if (from.has_header()) *to.mutable_header() = from.header();
  if (from.has_input()) *to.mutable_input() = from.input();
  to_proto(times.schedule_to_close, *to.mutable_schedule_to_close_timeout());
  to_proto(times.schedule_to_start, *to.mutable_schedule_to_start_timeout());
  to_proto(times.start_to_close, *to.mutable_start_to_close_timeout());
  to_proto(times.heartbeat, *to.mutable_heartbeat_timeout());
  to.set_workflow_task_completed_event_id(by.completed_event_id);
  *to.mutable_retry_policy() = from.retry_policy();
  complete_retry_policy(*to.mutable_retry_policy());
  to.set_use_workflow_build_id(from.use_workflow_build_id());
  if (from.has_priority()) *to.mutable_priority() = from.priority();
  if (command.has_user_metadata()) *event.mutable_user_metadata() = command.user_metadata();
  return event;
}

}  // namespace detail_activity_commands

RONDO_SERVER_FUNCTION void check_schedule_activity(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_activity_commands;
  if (!command.has_schedule_activity_task_command_attributes()) {
    throw bad_completion(bad_schedule,
                         "ScheduleActivityTaskCommandAttributes is not set on ScheduleActivityTaskCommand.");
  }
  const auto& attributes = command.schedule_activity_task_command_attributes();
  const auto& limit = by.of.owner->limit();
  refuse_as(bad_schedule, "", [&] { check_activity_attributes(attributes, limit); });
  if (attributes.input().ByteSizeLong() > limit.blob_size) {
    throw bad_completion(bad_schedule, "ScheduleActivityTaskCommandAttributes.Input exceeds size limit.", true);
  }
  const int pending = static_cast<int>(by.of.state.activities_size()) + by.seen["activities"]++;
  if (pending >= limit.pending_activities) {
    throw bad_completion(enums::WORKFLOW_TASK_FAILED_CAUSE_PENDING_ACTIVITIES_LIMIT_EXCEEDED,
                         "the number of pending activities, " + std::to_string(pending) +
                             ", has reached the per-workflow limit of " + std::to_string(limit.pending_activities));
  }
  const std::string& id = attributes.activity_id();
  const bool freed = by.seen["activity freed " + id] > 0;
  if (by.seen["activity " + id]++ > 0 || (is_pending(by.of, id) && !freed)) {
    throw bad_completion(
        enums::WORKFLOW_TASK_FAILED_CAUSE_SCHEDULE_ACTIVITY_DUPLICATE_ID,
        "invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: " + id);
  }
}

RONDO_SERVER_FUNCTION void apply_schedule_activity(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_activity_commands;
  run& of = by.of;
  const auto& attributes = command.schedule_activity_task_command_attributes();
  const activity_timeouts times = derive_timeouts(attributes, of.state.run_timeout());
  history_event event = make_scheduled(by, command, times);
  state::Activity made;
  made.set_activity_id(attributes.activity_id());
  made.set_type(attributes.activity_type().name());
  made.set_task_queue(attributes.task_queue().name());
  made.set_schedule_to_close(times.schedule_to_close);
  made.set_schedule_to_start(times.schedule_to_start);
  made.set_start_to_close(times.start_to_close);
  made.set_heartbeat_timeout(times.heartbeat);
  *made.mutable_retry_policy() = event.activity_task_scheduled_event_attributes().retry_policy();
  made.set_attempt(1);
  made.set_stamp(1);
  made.set_scheduled_time(of.owner->now());
  made.set_attempt_scheduled_time(of.owner->now());
  made.set_use_workflow_version(attributes.use_workflow_build_id());
  made.set_held(of.paused());
  if (attributes.has_priority()) *made.mutable_priority() = attributes.priority();
  const std::int64_t id = append(of, std::move(event));
  made.set_scheduled_event_id(id);
  auto& placed = (*of.state.mutable_activities())[id];
  placed.Swap(&made);
  const bool eager = attributes.request_eager_execution() && !of.paused() &&
                     static_cast<int>(by.eager_activities.size()) < of.owner->limit().eager_activities;
  if (eager) {
    by.eager_activities.push_back(id);
  } else {
    dispatch_activity(of, placed);
  }
}

RONDO_SERVER_FUNCTION void check_cancel_activity(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_activity_commands;
  if (!command.has_request_cancel_activity_task_command_attributes()) {
    throw bad_completion(bad_cancel,
                         "RequestCancelActivityTaskCommandAttributes is not set on RequestCancelActivityTaskCommand.");
  }
  const std::int64_t id = command.request_cancel_activity_task_command_attributes().scheduled_event_id();
  if (id <= 0) throw bad_completion(bad_cancel, "ScheduledEventId is not set on RequestCancelActivityTaskCommand.");
  const auto found = by.of.state.activities().find(id);
  const bool pending = found != by.of.state.activities().end();
  const bool again = by.seen["cancel activity " + std::to_string(id)]++ > 0;
  if (pending ? found->second.cancel_requested() || again : !ends_in_buffer(by.of, id)) {
    throw bad_completion(bad_cancel,
                         "invalid history builder state for action: add-activitytask-cancel-requested-event, "
                         "ScheduledEventID: " +
                             std::to_string(id));
  }
  if (pending && found->second.started_time() == 0) ++by.seen["activity freed " + found->second.activity_id()];
}

RONDO_SERVER_FUNCTION void apply_cancel_activity(completion& by, const temporal::api::command::v1::Command& command) {
  run& of = by.of;
  const std::int64_t id = command.request_cancel_activity_task_command_attributes().scheduled_event_id();
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED);
  auto& attributes = *event.mutable_activity_task_cancel_requested_event_attributes();
  attributes.set_scheduled_event_id(id);
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  const std::int64_t requested = append(of, std::move(event));
  const auto found = of.state.mutable_activities()->find(id);
  if (found == of.state.mutable_activities()->end()) return;
  found->second.set_cancel_requested(true);
  found->second.set_cancel_requested_event_id(requested);
  if (found->second.started_time() == 0) {
    cancel_unstarted_activity(of, found->second, by.request.identity());
  } else {
    tell_worker_to_cancel(of, found->second);
  }
}

}  // namespace rondo::server
