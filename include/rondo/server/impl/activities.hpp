#pragma once

#include "rondo/server/activities.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "rondo/server/activity_state.hpp"
#include "rondo/server/delivery.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/pausing.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/retries.hpp"
#include "rondo/server/worker_commands.hpp"

namespace rondo::server {

namespace detail_activities {

using temporal::api::failure::v1::Failure;

/// Its worker is there, but the task queue's limits let it go later.
inline bool waits_for_rate(const run& of, std::int64_t id) {
  // It makes a difference to clocks that skip, and only there.
  if (!of.owner->clock().can_skip()) return false;
  const auto task = of.queued_tasks.find(id);
  return task != of.queued_tasks.end() && of.owner->matching().waits_for_rate(task->second);
}

/// Writes the started event of the last attempt; 0: there is none, or its id is not known yet.
inline std::int64_t append_started(run& of, const state::Activity& which, instant when) {
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_ACTIVITY_TASK_STARTED);
  to_proto(when, *event.mutable_event_time());
  auto& attributes = *event.mutable_activity_task_started_event_attributes();
  attributes.set_scheduled_event_id(which.scheduled_event_id());
  attributes.set_attempt(which.attempt());
  attributes.set_identity(which.identity());
  attributes.set_request_id(which.request_id());
  if (which.has_last_failure()) *attributes.mutable_last_failure() = which.last_failure();
  const std::int64_t before = of.events.next_id();
  append_external(of, std::move(event), false);
  // An event that was kept back gets its id later, except when the buffer overflowed and was written just now.
  for (std::int64_t id = of.events.next_id() - 1; id >= before; --id) {
    const history_event present = of.events.at(id);
    if (present.activity_task_started_event_attributes().scheduled_event_id() == which.scheduled_event_id()) return id;
  }
  return 0;
}

inline std::int64_t append_started_if_any(run& of, const state::Activity& which) {
  return is_started(which) ? append_started(of, which, which.started_time()) : 0;
}

/// It is over: nothing is kept of it.
inline void forget(run& of, std::int64_t id) {
  leave_activity_queue(of, id);
  const bool paused = of.state.activities().at(id).has_pause();
  of.state.mutable_activities()->erase(id);
  if (paused) show_pauses(of);
}

inline void end_activity(run& of, std::int64_t id, history_event closing) {
  forget(of, id);
  append_external(of, std::move(closing));
}

/// What a reset was to change counts from the next attempt on.
inline void take_reset(state::Activity& which) {
  if (which.reset_heartbeat()) forget_heartbeats(which);
  which.set_reset(false);
  which.set_reset_heartbeat(false);
}

/// Begins the next attempt if the failure allows one.
inline enums::RetryState retry(run& of, state::Activity& which, const Failure& failure) {
  if (!which.has_retry_policy()) return enums::RETRY_STATE_RETRY_POLICY_NOT_SET;
  if (which.cancel_requested()) return enums::RETRY_STATE_CANCEL_REQUESTED;
  const instant now = of.owner->now();
  const instant deadline = which.schedule_to_close() > 0 ? later(which.scheduled_time(), which.schedule_to_close()) : 0;
  const auto verdict = decide_retry(which.retry_policy(), which.attempt(), now, deadline, &failure, true);
  // A paused one is asked for nothing but its failure: its attempts and its time count again when it goes on.
  const bool paused = which.has_pause();
  const bool again = paused ? verdict.state != enums::RETRY_STATE_NON_RETRYABLE_FAILURE : verdict.again();
  if (!again) return verdict.state;
  leave_activity_queue(of, which.scheduled_event_id());
  which.set_attempt(which.attempt() + 1);
  which.set_stamp(which.stamp() + 1);
  if (!paused) {
    which.set_attempt_scheduled_time(later(now, verdict.pause));
    which.set_retry_interval(verdict.pause);
    take_reset(which);
  }
  which.set_held(of.paused());
  which.set_started_time(0);
  which.clear_request_id();
  which.set_last_worker_identity(which.identity());
  which.set_last_attempt_complete_time(now);
  *which.mutable_last_failure() = failure;
  which.set_dispatched(false);
  of.owner->touch(of);
  if (verdict.pause == 0) dispatch_activity(of, which);
  return enums::RETRY_STATE_IN_PROGRESS;
}

/// A moment at which something happens to an activity.
struct moment {
  instant when = 0;
  std::int64_t id = 0;
  int attempt = 0;
  /// Unspecified: the attempt's time has come.
  enums::TimeoutType timeout = enums::TIMEOUT_TYPE_UNSPECIFIED;
};

/// What comes first of that which is due at the same time.
inline int rank(enums::TimeoutType type) noexcept {
  switch (type) {
    case enums::TIMEOUT_TYPE_SCHEDULE_TO_START:
      return 0;
    case enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE:
      return 1;
    case enums::TIMEOUT_TYPE_START_TO_CLOSE:
      return 2;
    case enums::TIMEOUT_TYPE_HEARTBEAT:
      return 3;
    default:
      return 4;
  }
}

template <class Visitor>
void each_moment(const run& of, const state::Activity& which, const Visitor& visit) {
  if (which.has_pause()) return;
  const auto at = [&](instant from, interval length, enums::TimeoutType timeout) {
    visit(moment{later(from, length), which.scheduled_event_id(), which.attempt(), timeout});
  };
  if (which.schedule_to_close() > 0) {
    at(which.scheduled_time(), which.schedule_to_close(), enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
  }
  if (!is_started(which)) {
    if (which.schedule_to_start() > 0) {
      at(which.attempt_scheduled_time(), which.schedule_to_start(), enums::TIMEOUT_TYPE_SCHEDULE_TO_START);
    }
    if (!which.held() && !of.queued_tasks.contains(which.scheduled_event_id())) {
      at(which.attempt_scheduled_time(), 0, enums::TIMEOUT_TYPE_UNSPECIFIED);
    }
    return;
  }
  if (which.start_to_close() > 0) {
    at(which.started_time(), which.start_to_close(), enums::TIMEOUT_TYPE_START_TO_CLOSE);
  }
  if (which.heartbeat_timeout() > 0) {
    at(std::max(which.started_time(), which.last_heartbeat_time()), which.heartbeat_timeout(),
       enums::TIMEOUT_TYPE_HEARTBEAT);
  }
}

inline Failure make_timeout(enums::TimeoutType type) {
  const char* name = "ScheduleToClose";
  if (type == enums::TIMEOUT_TYPE_START_TO_CLOSE) name = "StartToClose";
  if (type == enums::TIMEOUT_TYPE_SCHEDULE_TO_START) name = "ScheduleToStart";
  if (type == enums::TIMEOUT_TYPE_HEARTBEAT) name = "Heartbeat";
  Failure made;
  made.set_message(std::string("activity ") + name + " timeout");
  made.set_source("Server");
  made.mutable_timeout_failure_info()->set_timeout_type(type);
  return made;
}

inline void time_out(run& of, state::Activity& which, enums::TimeoutType type) {
  Failure failure = make_timeout(type);
  const auto state = retry(of, which, failure);
  if (state == enums::RETRY_STATE_IN_PROGRESS) return;
  // There is no time for another attempt: the activity as a whole has timed out.
  if (state == enums::RETRY_STATE_TIMEOUT) failure = make_timeout(enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
  if (which.has_heartbeat_details()) {
    *failure.mutable_timeout_failure_info()->mutable_last_heartbeat_details() = which.heartbeat_details();
  }
  if (which.has_last_failure()) *failure.mutable_cause() = which.last_failure();
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT);
  auto& attributes = *event.mutable_activity_task_timed_out_event_attributes();
  attributes.set_scheduled_event_id(which.scheduled_event_id());
  attributes.set_started_event_id(append_started_if_any(of, which));
  attributes.mutable_failure()->Swap(&failure);
  attributes.set_retry_state(state);
  end_activity(of, which.scheduled_event_id(), std::move(event));
}

inline std::string make_token(const run& of, const state::Activity& which) {
  state::TaskToken token;
  token.set_namespace_id(of.state.namespace_id());
  token.set_workflow_id(of.state.workflow_id());
  token.set_run_id(of.state.run_id());
  token.set_scheduled_event_id(which.scheduled_event_id());
  token.set_attempt(which.attempt());
  token.set_stamp(which.stamp());
  token.set_activity_id(which.activity_id());
  token.set_activity_type(which.type());
  return token.SerializeAsString();
}

inline service::PollActivityTaskQueueResponse make_task(run& of, const state::Activity& which) {
  service::PollActivityTaskQueueResponse task;
  history_event scheduled = of.events.at(which.scheduled_event_id());
  auto& attributes = *scheduled.mutable_activity_task_scheduled_event_attributes();
  task.set_task_token(make_token(of, which));
  task.set_workflow_namespace(of.space->name());
  task.mutable_workflow_type()->set_name(of.state.type());
  task.mutable_workflow_execution()->set_workflow_id(of.state.workflow_id());
  task.mutable_workflow_execution()->set_run_id(of.state.run_id());
  task.mutable_activity_type()->set_name(which.type());
  task.set_activity_id(which.activity_id());
  if (attributes.has_header()) task.mutable_header()->Swap(attributes.mutable_header());
  if (attributes.has_input()) task.mutable_input()->Swap(attributes.mutable_input());
  if (which.has_heartbeat_details()) *task.mutable_heartbeat_details() = which.heartbeat_details();
  to_proto(which.scheduled_time(), *task.mutable_scheduled_time());
  to_proto(which.attempt_scheduled_time(), *task.mutable_current_attempt_scheduled_time());
  to_proto(which.started_time(), *task.mutable_started_time());
  task.set_attempt(which.attempt());
  to_proto(which.schedule_to_close(), *task.mutable_schedule_to_close_timeout());
  to_proto(which.start_to_close(), *task.mutable_start_to_close_timeout());
  to_proto(which.heartbeat_timeout(), *task.mutable_heartbeat_timeout());
  if (which.has_retry_policy()) *task.mutable_retry_policy() = which.retry_policy();
  if (of.state.has_priority() || which.has_priority()) {
    *task.mutable_priority() = merge_priority(of.state.priority(), which.priority());
  }
  return task;
}

}  // namespace detail_activities

RONDO_SERVER_FUNCTION void dispatch_activity(run& of, state::Activity& which) {
  core& in = *of.owner;
  using namespace detail_activities;
  if (is_started(which) || is_held_back(which) || backs_off(which, in.now())) return;
  if (of.queued_tasks.contains(which.scheduled_event_id())) return;
  queued_task task;
  task.kind = task_kind::activity;
  task.queue = {of.state.namespace_id(), which.task_queue(), queue_type::activity};
  task.workflow_id = of.state.workflow_id();
  task.run_id = of.state.run_id();
  task.scheduled_event_id = which.scheduled_event_id();
  task.stamp = which.stamp();
  task.version = in.deployments().target(of, task.queue);
  prioritize(task, merge_priority(of.state.priority(), which.priority()));
  task.added = in.now();
  which.set_dispatched(true);
  of.queued_tasks[which.scheduled_event_id()] = in.matching().add(std::move(task));
  in.revisit(of);
}

RONDO_SERVER_FUNCTION void leave_activity_queue(run& of, std::int64_t id) noexcept {
  const auto task = of.queued_tasks.find(id);
  if (task == of.queued_tasks.end()) return;
  of.owner->matching().remove(task->second);
  of.queued_tasks.erase(task);
}

RONDO_SERVER_FUNCTION void withdraw_activity(run& of, state::Activity& which) {
  leave_activity_queue(of, which.scheduled_event_id());
  which.set_dispatched(false);
  which.set_stamp(which.stamp() + 1);
  of.owner->touch(of);
}

RONDO_SERVER_FUNCTION void reschedule_activity(run& of, state::Activity& which, instant when) {
  withdraw_activity(of, which);
  which.set_attempt_scheduled_time(when);
  which.set_retry_interval(std::max<interval>(when - of.owner->now(), 0));
  which.clear_last_failure();
  detail_activities::take_reset(which);
  dispatch_activity(of, which);
}

RONDO_SERVER_FUNCTION void hold_activities(run& of) {
  for (const auto id : activity_ids(of)) {
    state::Activity& which = of.state.mutable_activities()->at(id);
    if (is_started(which)) continue;
    withdraw_activity(of, which);
    which.set_held(true);
  }
}

RONDO_SERVER_FUNCTION void release_activities(run& of) {
  for (const auto id : activity_ids(of)) {
    state::Activity& which = of.state.mutable_activities()->at(id);
    which.set_held(false);
    dispatch_activity(of, which);
  }
  of.owner->touch(of);
}

RONDO_SERVER_FUNCTION void forget_heartbeats(state::Activity& which) {
  which.clear_heartbeat_details();
  which.clear_last_heartbeat_time();
}

RONDO_SERVER_FUNCTION bool deliver_activity_task(core& in, const queued_task& task, const poller& to) {
  name_space* const space = in.namespaces().find_by_id(task.queue.namespace_id);
  if (space == nullptr) return false;
  const auto found = space->runs.find(task.run_id);
  if (found == space->runs.end() || !found->second->open()) return false;
  run& of = *found->second;
  const auto which = of.state.mutable_activities()->find(task.scheduled_event_id);
  if (which == of.state.mutable_activities()->end()) return false;
  if (which->second.stamp() != task.stamp || is_started(which->second)) return false;
  in.answer(to.call, start_activity(of, which->second, to));
  return true;
}

RONDO_SERVER_FUNCTION service::PollActivityTaskQueueResponse start_activity(run& of, state::Activity& which,
                                                                            const poller& by) {
  core& in = *of.owner;
  // The matching of tasks has taken it out of its queue already.
  of.queued_tasks.erase(which.scheduled_event_id());
  which.set_dispatched(true);
  which.set_started_time(in.now());
  which.set_identity(by.identity);
  which.set_worker_control_task_queue(by.control_queue);
  which.set_request_id(in.new_uuid());
  if (by.version) {
    *which.mutable_version() = *by.version;
  } else {
    which.clear_version();
  }
  in.touch(of);
  return detail_activities::make_task(of, which);
}

RONDO_SERVER_FUNCTION void tell_worker_to_cancel(run& of, const state::Activity& which) {
  if (!is_started(which) || which.worker_control_task_queue().empty()) return;
  of.owner->worker_commands().cancel_activity(of.state.namespace_id(), which.worker_control_task_queue(),
                                              detail_activities::make_token(of, which));
}

RONDO_SERVER_FUNCTION void complete_activity(run& of, const state::Activity& which,
                                             temporal::api::common::v1::Payloads result, const std::string& identity) {
  using namespace detail_activities;
  const std::int64_t id = which.scheduled_event_id();
  std::int64_t started_id = 0;
  if (is_started(which)) {
    started_id = append_started_if_any(of, which);
  } else {
    // Completed by its id although no worker had it.
    state::Activity begun = which;
    begun.set_identity(identity);
    started_id = append_started(of, begun, of.owner->now());
  }
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED);
  auto& attributes = *event.mutable_activity_task_completed_event_attributes();
  attributes.set_scheduled_event_id(id);
  attributes.set_started_event_id(started_id);
  attributes.set_identity(identity);
  if (!result.payloads().empty()) attributes.mutable_result()->Swap(&result);
  end_activity(of, id, std::move(event));
}

RONDO_SERVER_FUNCTION void cancel_activity(run& of, const state::Activity& which,
                                           temporal::api::common::v1::Payloads details, const std::string& identity) {
  using namespace detail_activities;
  const std::int64_t id = which.scheduled_event_id();
  const std::int64_t started_id = append_started_if_any(of, which);
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED);
  auto& attributes = *event.mutable_activity_task_canceled_event_attributes();
  attributes.set_scheduled_event_id(id);
  attributes.set_started_event_id(started_id);
  attributes.set_latest_cancel_requested_event_id(which.cancel_requested_event_id());
  attributes.set_identity(identity);
  if (!details.payloads().empty()) attributes.mutable_details()->Swap(&details);
  end_activity(of, id, std::move(event));
}

RONDO_SERVER_FUNCTION void cancel_unstarted_activity(run& of, const state::Activity& which,
                                                     const std::string& identity) {
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED);
  auto& attributes = *event.mutable_activity_task_canceled_event_attributes();
  attributes.set_scheduled_event_id(which.scheduled_event_id());
  attributes.set_latest_cancel_requested_event_id(which.cancel_requested_event_id());
  attributes.set_identity(identity);
  auto& payload = *attributes.mutable_details()->add_payloads();
  (*payload.mutable_metadata())["encoding"] = "json/plain";
  payload.set_data("\"ACTIVITY_ID_NOT_STARTED\"");
  detail_activities::forget(of, which.scheduled_event_id());
  // Kept back until the completion that asks for it is done.
  keep_back(of, event);
}

RONDO_SERVER_FUNCTION void fail_activity(run& of, state::Activity& which,
                                         const temporal::api::failure::v1::Failure& failure,
                                         const std::string& identity) {
  using namespace detail_activities;
  which.set_last_attempt_complete_time(of.owner->now());
  const auto state = retry(of, which, failure);
  if (state == enums::RETRY_STATE_IN_PROGRESS) return;
  const std::int64_t id = which.scheduled_event_id();
  const std::int64_t started_id = append_started_if_any(of, which);
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_ACTIVITY_TASK_FAILED);
  auto& attributes = *event.mutable_activity_task_failed_event_attributes();
  attributes.set_scheduled_event_id(id);
  attributes.set_started_event_id(started_id);
  *attributes.mutable_failure() = failure;
  attributes.set_retry_state(state);
  attributes.set_identity(identity);
  end_activity(of, id, std::move(event));
}

RONDO_SERVER_FUNCTION void on_activities_due(run& of, instant now) {
  using namespace detail_activities;
  std::vector<moment> due;
  for (const auto& [id, which] : of.state.activities()) {
    each_moment(of, which, [&](const moment& each) {
      if (each.when <= now) due.push_back(each);
    });
  }
  std::sort(due.begin(), due.end(), [](const moment& a, const moment& b) {
    return std::make_tuple(a.when, a.id, rank(a.timeout)) < std::make_tuple(b.when, b.id, rank(b.timeout));
  });
  for (const auto& each : due) {
    const auto found = of.state.mutable_activities()->find(each.id);
    if (!of.open() || found == of.state.mutable_activities()->end()) continue;
    state::Activity& which = found->second;
    if (which.attempt() != each.attempt) continue;
    if (each.timeout != enums::TIMEOUT_TYPE_UNSPECIFIED) {
      time_out(of, which, each.timeout);
    } else if (!of.queued_tasks.contains(each.id)) {
      dispatch_activity(of, which);
    }
  }
}

RONDO_SERVER_FUNCTION instant activities_due(const run& of) noexcept {
  instant first = never;
  for (const auto& [id, which] : of.state.activities()) {
    detail_activities::each_moment(
        of, which, [&first](const detail_activities::moment& each) { first = std::min(first, each.when); });
  }
  return first;
}

RONDO_SERVER_FUNCTION bool activity_in_progress(const run& of) {
  const instant now = of.owner->now();
  const auto& all = of.state.activities();
  return std::any_of(all.begin(), all.end(), [&of, now](const auto& each) {
    const state::Activity& which = each.second;
    if (is_started(which)) return true;
    return !(is_held_back(which) || backs_off(which, now) || detail_activities::waits_for_rate(of, each.first));
  });
}

RONDO_SERVER_FUNCTION void drop_activities(run& of) {
  for (const auto id : activity_ids(of)) {
    leave_activity_queue(of, id);
    tell_worker_to_cancel(of, of.state.activities().at(id));
  }
}

}  // namespace rondo::server
