#pragma once

#include "rondo/server/timers.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "rondo/server/completion.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_timers {

/// Where completion::seen notes what the commands before did to a timer.
enum change : int { untouched = 0, started = 1, cancelled = 2 };

inline int& change_of(completion& by, const std::string& timer_id) { return by.seen["timer " + timer_id]; }

inline bool runs(completion& by, const std::string& timer_id) {
  const int change = change_of(by, timer_id);
  return change == untouched ? by.of.state.timers().count(timer_id) != 0 : change == started;
}

/// The start of a timer that fired, and whose event is kept back; 0: there is no such event.
inline std::int64_t start_of_fired(const run& of, const std::string& timer_id) {
  for (const auto& bytes : of.state.buffered_events()) {
    history_event event;
    event.ParseFromString(bytes);
    if (!event.has_timer_fired_event_attributes()) continue;
    const auto& fired = event.timer_fired_event_attributes();
    if (fired.timer_id() == timer_id) return fired.started_event_id();
  }
  return 0;
}

[[noreturn]] inline void refuse_action(enums::WorkflowTaskFailedCause cause, const std::string& action,
                                       const std::string& timer_id) {
  throw bad_completion(cause, "invalid history builder state for action: " + action + ", TimerID: " + timer_id);
}

inline void check_id(const completion& by, enums::WorkflowTaskFailedCause cause, const std::string& command,
                     const std::string& timer_id) {
  if (timer_id.empty()) throw bad_completion(cause, "TimerId is not set on " + command + ".");
  const std::size_t limit = by.of.owner->limit().id_length;
  if (timer_id.size() <= limit) return;
  throw bad_completion(cause, "TimerId on " + command + " exceeds length limit. TimerId=" + timer_id +
                                  " Length=" + std::to_string(timer_id.size()) + " Limit=" + std::to_string(limit));
}

}  // namespace detail_timers

RONDO_SERVER_FUNCTION void check_start_timer(completion& by, const temporal::api::command::v1::Command& command) {
  constexpr auto cause = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES;
  if (!command.has_start_timer_command_attributes()) {
    throw bad_completion(cause, "StartTimerCommandAttributes is not set on StartTimerCommand.");
  }
  const auto& attributes = command.start_timer_command_attributes();
  const std::string& id = attributes.timer_id();
  detail_timers::check_id(by, cause, "StartTimerCommand", id);
  if (from_proto(attributes.start_to_fire_timeout()) < 0) {
    throw bad_completion(cause,
                         "An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. TimerId=" + id);
  }
  if (detail_timers::runs(by, id)) {
    detail_timers::refuse_action(enums::WORKFLOW_TASK_FAILED_CAUSE_START_TIMER_DUPLICATE_ID, "add-timer-started-event",
                                 id);
  }
  detail_timers::change_of(by, id) = detail_timers::started;
}

RONDO_SERVER_FUNCTION void apply_start_timer(completion& by, const temporal::api::command::v1::Command& command) {
  run& of = by.of;
  const auto& wanted = command.start_timer_command_attributes();
  history_event event = command_event(of, enums::EVENT_TYPE_TIMER_STARTED, command);
  auto& attributes = *event.mutable_timer_started_event_attributes();
  attributes.set_timer_id(wanted.timer_id());
  *attributes.mutable_start_to_fire_timeout() = wanted.start_to_fire_timeout();
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  state::Timer& timer = (*of.state.mutable_timers())[wanted.timer_id()];
  timer.set_timer_id(wanted.timer_id());
  timer.set_fire_time(later(of.owner->now(), from_proto(wanted.start_to_fire_timeout())));
  timer.set_started_event_id(append(of, std::move(event)));
}

RONDO_SERVER_FUNCTION void check_cancel_timer(completion& by, const temporal::api::command::v1::Command& command) {
  constexpr auto cause = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_TIMER_ATTRIBUTES;
  if (!command.has_cancel_timer_command_attributes()) {
    throw bad_completion(cause, "CancelTimerCommandAttributes is not set on CancelTimerCommand.");
  }
  const std::string& id = command.cancel_timer_command_attributes().timer_id();
  detail_timers::check_id(by, cause, "CancelTimerCommand", id);
  if (!detail_timers::runs(by, id)) {
    const bool fired =
        detail_timers::change_of(by, id) == detail_timers::untouched && detail_timers::start_of_fired(by.of, id) != 0;
    if (!fired) detail_timers::refuse_action(cause, "add-timer-canceled-event", id);
    // Its event will not be there any more, so that a close command need not see it.
    ++by.seen[dropped_events];
  }
  detail_timers::change_of(by, id) = detail_timers::cancelled;
}

RONDO_SERVER_FUNCTION void apply_cancel_timer(completion& by, const temporal::api::command::v1::Command& command) {
  run& of = by.of;
  const std::string& id = command.cancel_timer_command_attributes().timer_id();
  history_event event = command_event(of, enums::EVENT_TYPE_TIMER_CANCELED, command);
  auto& attributes = *event.mutable_timer_canceled_event_attributes();
  attributes.set_timer_id(id);
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  attributes.set_identity(by.request.identity());
  const auto running = of.state.mutable_timers()->find(id);
  if (running != of.state.mutable_timers()->end()) {
    attributes.set_started_event_id(running->second.started_event_id());
    of.state.mutable_timers()->erase(running);
  } else {
    attributes.set_started_event_id(detail_timers::start_of_fired(of, id));
    drop_buffered_timer_fired(of, id);
  }
  append(of, std::move(event));
}

RONDO_SERVER_FUNCTION instant timers_due(const run& of) noexcept {
  instant due = never;
  for (const auto& [id, timer] : of.state.timers()) due = std::min(due, timer.fire_time());
  return due;
}

RONDO_SERVER_FUNCTION void on_timers_due(run& of, instant now) {
  std::vector<state::Timer> due;
  for (const auto& [id, timer] : of.state.timers()) {
    if (timer.fire_time() <= now) due.push_back(timer);
  }
  std::sort(due.begin(), due.end(), [](const state::Timer& a, const state::Timer& b) {
    return a.fire_time() != b.fire_time() ? a.fire_time() < b.fire_time() : a.started_event_id() < b.started_event_id();
  });
  for (const auto& timer : due) {
    history_event event = make_event(*of.owner, enums::EVENT_TYPE_TIMER_FIRED);
    event.mutable_timer_fired_event_attributes()->set_timer_id(timer.timer_id());
    event.mutable_timer_fired_event_attributes()->set_started_event_id(timer.started_event_id());
    of.state.mutable_timers()->erase(timer.timer_id());
    append_external(of, std::move(event), false);
  }
  if (!due.empty()) ensure_workflow_task(of);
}

}  // namespace rondo::server
