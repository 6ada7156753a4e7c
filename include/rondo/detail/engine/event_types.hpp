#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/detail/engine/api.hpp"

// What kinds of events there are, and how people read them.
namespace rondo::detail::engine {

/// The command that makes the server write this event; UNSPECIFIED when none does. Such events follow directly after
/// WorkflowTaskCompleted, in the order of the commands.
constexpr enums::CommandType command_of(enums::EventType event) noexcept {
  switch (event) {
    case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
      return enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK;
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
      return enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK;
    case enums::EVENT_TYPE_TIMER_STARTED:
      return enums::COMMAND_TYPE_START_TIMER;
    case enums::EVENT_TYPE_TIMER_CANCELED:
      return enums::COMMAND_TYPE_CANCEL_TIMER;
    case enums::EVENT_TYPE_MARKER_RECORDED:
      return enums::COMMAND_TYPE_RECORD_MARKER;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
      return enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
      return enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
      return enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      return enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION;
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
      return enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION;
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
      return enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION;
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
      return enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION;
    case enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
      return enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES;
    case enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:
      return enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
      return enums::COMMAND_TYPE_PROTOCOL_MESSAGE;
    case enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED:
      return enums::COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION;
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED:
      return enums::COMMAND_TYPE_REQUEST_CANCEL_NEXUS_OPERATION;
    default:
      return enums::COMMAND_TYPE_UNSPECIFIED;
  }
}

constexpr bool is_command_event(enums::EventType event) noexcept {
  return command_of(event) != enums::COMMAND_TYPE_UNSPECIFIED;
}

/// True for what a command leaves that counts before its turn comes: on replay the engine looks for it ahead.
constexpr bool is_record(enums::EventType event) noexcept {
  return event == enums::EVENT_TYPE_MARKER_RECORDED || event == enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED;
}

/// True for commands that code may wait for.
constexpr bool begins_something(enums::CommandType command) noexcept {
  return command == enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK || command == enums::COMMAND_TYPE_START_TIMER ||
         command == enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION ||
         command == enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION ||
         command == enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION ||
         command == enums::COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION;
}

/// Events after which the run is closed, whoever wrote them.
constexpr bool closes_run(enums::EventType event) noexcept {
  switch (event) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      return true;
    default:
      return false;
  }
}

/// How the engine treats an event between two workflow tasks.
enum class event_role : std::uint8_t {
  start,        ///< the run begins
  signal,       ///< delivered before all else
  cancel,       ///< somebody asks for cancellation of the run
  update,       ///< somebody asks for an update; noticed when it is accepted
  answer,       ///< belongs to something that the code began, and may resolve it
  progress,     ///< belongs to something that the code began, which does not notice
  task_failed,  ///< a workflow task that did not count
  silent,       ///< of no interest to the code
  unknown,
};

constexpr event_role role_of(enums::EventType event) noexcept {
  switch (event) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
      return event_role::start;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
      return event_role::signal;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      return event_role::cancel;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
      return event_role::update;
    case enums::EVENT_TYPE_ACTIVITY_TASK_STARTED:
      return event_role::progress;
    case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
    case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
    case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
    case enums::EVENT_TYPE_TIMER_FIRED:
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
    case enums::EVENT_TYPE_NEXUS_OPERATION_STARTED:
    case enums::EVENT_TYPE_NEXUS_OPERATION_COMPLETED:
    case enums::EVENT_TYPE_NEXUS_OPERATION_FAILED:
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCELED:
    case enums::EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT:
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED:
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED:
      return event_role::answer;
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED:
      return event_role::task_failed;
    case enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_STARTED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
    case enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED_EXTERNALLY:
    case enums::EVENT_TYPE_ACTIVITY_PROPERTIES_MODIFIED_EXTERNALLY:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED:
      return event_role::silent;
    default:
      return event_role::unknown;
  }
}

/// The roles of several events.
class event_roles {
 public:
  constexpr event_roles() noexcept = default;
  template <class... Roles>
  explicit constexpr event_roles(Roles... roles) noexcept : bits_((bit(roles) | ...)) {}

  constexpr void add(event_role role) noexcept { bits_ |= bit(role); }
  constexpr bool has(event_role role) const noexcept { return (bits_ & bit(role)) != 0; }
  constexpr bool has_any(event_roles of) const noexcept { return (bits_ & of.bits_) != 0; }
  friend constexpr bool operator==(event_roles, event_roles) noexcept = default;

 private:
  static constexpr unsigned bit(event_role role) noexcept { return 1U << static_cast<unsigned>(role); }

  unsigned bits_ = 0;
};

/// Those that code can notice. A workflow task without one does not wake the code: not when it happens, and not on
/// replay.
inline constexpr event_roles waking_roles(event_role::start, event_role::signal, event_role::cancel,
                                          event_role::answer);

/// True for the answer to a request that may have become pointless: what it was about can be over when it comes.
constexpr bool may_come_late(enums::EventType event) noexcept {
  return event == enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED ||
         event == enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED;
}

/// The id of the event that began what this event belongs to; 0 when it belongs to nothing.
inline std::int64_t initial_event_of(const HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_ACTIVITY_TASK_STARTED:
      return event.activity_task_started_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
      return event.activity_task_completed_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
      return event.activity_task_failed_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
      return event.activity_task_timed_out_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
      return event.activity_task_canceled_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_TIMER_FIRED:
      return event.timer_fired_event_attributes().started_event_id();
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
      return event.start_child_workflow_execution_failed_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
      return event.child_workflow_execution_started_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
      return event.child_workflow_execution_completed_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
      return event.child_workflow_execution_failed_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
      return event.child_workflow_execution_canceled_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
      return event.child_workflow_execution_timed_out_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
      return event.child_workflow_execution_terminated_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
      return event.signal_external_workflow_execution_failed_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
      return event.external_workflow_execution_signaled_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
      return event.request_cancel_external_workflow_execution_failed_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      return event.external_workflow_execution_cancel_requested_event_attributes().initiated_event_id();
    case enums::EVENT_TYPE_NEXUS_OPERATION_STARTED:
      return event.nexus_operation_started_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_NEXUS_OPERATION_COMPLETED:
      return event.nexus_operation_completed_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_NEXUS_OPERATION_FAILED:
      return event.nexus_operation_failed_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCELED:
      return event.nexus_operation_canceled_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT:
      return event.nexus_operation_timed_out_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED:
      return event.nexus_operation_cancel_request_completed_event_attributes().scheduled_event_id();
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED:
      return event.nexus_operation_cancel_request_failed_event_attributes().scheduled_event_id();
    default:
      return 0;
  }
}

/// "EVENT_TYPE_TIMER_FIRED" gives "TimerFired".
inline std::string readable(std::string_view enumerator, std::string_view prefix) {
  if (enumerator.starts_with(prefix)) enumerator.remove_prefix(prefix.size());
  std::string out;
  bool upper = true;
  for (const char c : enumerator) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out += upper || c < 'A' || c > 'Z' ? c : static_cast<char>(c - 'A' + 'a');
    upper = false;
  }
  return out;
}
[[gnu::cold]] inline std::string name_of_event(enums::EventType type) {
  if (!enums::EventType_IsValid(type)) return "event of unknown type " + std::to_string(static_cast<int>(type));
  return readable(enums::EventType_Name(type), "EVENT_TYPE_");
}
inline std::string name_of_command(enums::CommandType type) {
  return readable(enums::CommandType_Name(type), "COMMAND_TYPE_");
}

}  // namespace rondo::detail::engine
