#pragma once

#include "rondo/server/history.hpp"

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "rondo/server/core.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_history {

/// What ends something that the workflow waits for.
inline bool ends_something(enums::EventType type) noexcept {
  switch (type) {
    case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
    case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
    case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
      return true;
    default:
      return false;
  }
}

/// Ids of started events that were unknown while the events were kept back.
class started_ids {
 public:
  explicit started_ids(run& of) : run_(of) {}

  void note(const history_event& event) {
    if (event.has_activity_task_started_event_attributes()) {
      activities_[event.activity_task_started_event_attributes().scheduled_event_id()] = event.event_id();
    } else if (event.has_child_workflow_execution_started_event_attributes()) {
      const auto initiated = event.child_workflow_execution_started_event_attributes().initiated_event_id();
      children_[initiated] = event.event_id();
      const auto found = run_.state.mutable_children()->find(initiated);
      if (found != run_.state.mutable_children()->end()) found->second.set_started_event_id(event.event_id());
    }
  }

  void fill(history_event& event) const {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
        return activity(*event.mutable_activity_task_completed_event_attributes());
      case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
        return activity(*event.mutable_activity_task_failed_event_attributes());
      case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
        return activity(*event.mutable_activity_task_timed_out_event_attributes());
      case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
        return activity(*event.mutable_activity_task_canceled_event_attributes());
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
        return child(*event.mutable_child_workflow_execution_completed_event_attributes());
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
        return child(*event.mutable_child_workflow_execution_failed_event_attributes());
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
        return child(*event.mutable_child_workflow_execution_canceled_event_attributes());
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
        return child(*event.mutable_child_workflow_execution_timed_out_event_attributes());
      case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
        return child(*event.mutable_child_workflow_execution_terminated_event_attributes());
      default:
        return;
    }
  }

 private:
  template <class Attributes>
  void activity(Attributes& attributes) const {
    const auto found = activities_.find(attributes.scheduled_event_id());
    if (found != activities_.end()) attributes.set_started_event_id(found->second);
  }
  template <class Attributes>
  void child(Attributes& attributes) const {
    const auto found = children_.find(attributes.initiated_event_id());
    if (found != children_.end()) attributes.set_started_event_id(found->second);
  }

  run& run_;
  std::map<std::int64_t, std::int64_t> activities_;
  std::map<std::int64_t, std::int64_t> children_;
};

/// Links may name an event by the request that it comes from, whose number was not known yet.
inline void note_request(run& of, const history_event& event) {
  const auto& signal = event.workflow_execution_signaled_event_attributes().request_id();
  if (!signal.empty()) (*of.state.mutable_signal_request_ids())[signal] = event.event_id();
  const auto& attached = event.workflow_execution_options_updated_event_attributes().attached_request_id();
  if (!attached.empty()) (*of.state.mutable_attached_request_ids())[attached] = event.event_id();
}

}  // namespace detail_history

RONDO_SERVER_FUNCTION history_event make_event(const core& of, enums::EventType type) {
  history_event event;
  event.set_event_type(type);
  to_proto(of.now(), *event.mutable_event_time());
  return event;
}

RONDO_SERVER_FUNCTION std::int64_t append(run& to, history_event event) {
  const std::int64_t id = to.events.next_id();
  event.set_event_id(id);
  event.set_task_id(id);
  detail_history::note_request(to, event);
  to.events.append(event);
  to.owner->touch(to);
  return id;
}

RONDO_SERVER_FUNCTION void keep_back(run& to, const history_event& event) {
  std::string bytes = event.SerializeAsString();
  to.state.set_buffered_bytes(to.state.buffered_bytes() + static_cast<std::int64_t>(bytes.size()));
  to.state.add_buffered_events(std::move(bytes));
  to.owner->touch(to);
}

RONDO_SERVER_FUNCTION void append_external(run& to, history_event event, bool wake) {
  if (to.state.has_workflow_task() && to.state.workflow_task().kind() == state::WorkflowTask::SPECULATIVE) {
    make_task_durable(to);
  }
  if (to.task_started()) {
    keep_back(to, event);
    const auto& limit = to.owner->limit();
    if (to.state.buffered_events_size() > limit.buffered_events || to.state.buffered_bytes() > limit.buffered_bytes) {
      temporal::api::failure::v1::Failure why;
      why.set_message("too many events arrived while a worker had the workflow task");
      why.mutable_server_failure_info();
      fail_workflow_task(to, enums::WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND, why, "history-service");
    }
    return;
  }
  append(to, std::move(event));
  if (wake) ensure_workflow_task(to);
}

RONDO_SERVER_FUNCTION bool flush_buffered(run& of) {
  if (of.state.buffered_events().empty()) return false;
  std::vector<history_event> first;
  std::vector<history_event> last;
  for (const auto& bytes : of.state.buffered_events()) {
    history_event event;
    event.ParseFromString(bytes);
    (detail_history::ends_something(event.event_type()) ? last : first).push_back(std::move(event));
  }
  of.state.clear_buffered_events();
  of.state.set_buffered_bytes(0);
  detail_history::started_ids started(of);
  for (auto& event : first) {
    event.set_event_id(of.events.next_id());
    started.note(event);
    append(of, std::move(event));
  }
  for (auto& event : last) {
    started.fill(event);
    append(of, std::move(event));
  }
  return true;
}

RONDO_SERVER_FUNCTION bool drop_buffered_timer_fired(run& of, const std::string& timer_id) {
  auto& buffered = *of.state.mutable_buffered_events();
  for (int index = 0; index < buffered.size(); ++index) {
    history_event event;
    event.ParseFromString(buffered[index]);
    if (!event.has_timer_fired_event_attributes() || event.timer_fired_event_attributes().timer_id() != timer_id) {
      continue;
    }
    of.state.set_buffered_bytes(of.state.buffered_bytes() - static_cast<std::int64_t>(buffered[index].size()));
    buffered.erase(buffered.begin() + index);
    of.owner->touch(of);
    return true;
  }
  return false;
}

}  // namespace rondo::server
