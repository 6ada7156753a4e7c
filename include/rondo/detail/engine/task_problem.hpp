#pragma once
#include <exception>
#include <string>
#include <utility>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/command_list.hpp"
#include "rondo/detail/engine/event_types.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/patch_machine.hpp"

// Why a workflow task cannot be completed, and how that reads. All of it is cold, so that what leads to it does not lie
// between the code of tasks that go well, which hardly fits into the first cache.
namespace rondo::detail::engine {

/// The workflow task fails; the workflow itself does not.
struct task_problem {
  enums::WorkflowTaskFailedCause cause = enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE;
  std::string message;
  /// What the code threw; null when the engine found the problem.
  std::exception_ptr error;

  bool nondeterminism() const noexcept { return cause == enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR; }
};

[[gnu::cold]] inline task_problem problem_of(std::exception_ptr error) {
  task_problem made;
  made.message = message_of(error);
  made.error = std::move(error);
  return made;
}

/// The history says something that this version cannot work with.
[[gnu::cold]] inline task_problem history_problem(std::string message) {
  task_problem made;
  made.message = "[rondo] " + std::move(message);
  return made;
}

[[gnu::cold]] inline task_problem nondeterminism(const std::string& what) {
  task_problem made;
  made.cause = enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR;
  made.message = "[TMPRL1100] Nondeterminism error: " + what +
                 ". On every replay, workflow code must ask for the same things in the same order: guard a change with "
                 "workflow::patched, or let runs that began with the old code end with it";
  return made;
}

/// What a command event says, with the ids that are compared.
[[gnu::cold]] inline std::string describe(const HistoryEvent& event) {
  std::string text = "event " + std::to_string(event.event_id()) + " " + name_of_event(event.event_type());
  const auto quoted = [](const std::string& value) { return "\"" + value + "\""; };
  switch (event.event_type()) {
    case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: {
      const auto& from = event.activity_task_scheduled_event_attributes();
      return text + " of activity " + quoted(from.activity_type().name()) + " (id " + quoted(from.activity_id()) + ")";
    }
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
      return text + " of the activity scheduled in event " +
             std::to_string(event.activity_task_cancel_requested_event_attributes().scheduled_event_id());
    case enums::EVENT_TYPE_TIMER_STARTED:
      return text + " of timer (id " + quoted(event.timer_started_event_attributes().timer_id()) + ")";
    case enums::EVENT_TYPE_TIMER_CANCELED:
      return text + " of timer (id " + quoted(event.timer_canceled_event_attributes().timer_id()) + ")";
    case enums::EVENT_TYPE_MARKER_RECORDED: {
      if (const auto patch = patch_of(event)) return text + " of patch (id " + quoted(patch->id) + ")";
      return text + " of marker " + quoted(event.marker_recorded_event_attributes().marker_name());
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      return text + " of next run (type " +
             quoted(event.workflow_execution_continued_as_new_event_attributes().workflow_type().name()) + ")";
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: {
      const auto& from = event.start_child_workflow_execution_initiated_event_attributes();
      return text + " of child workflow " + quoted(from.workflow_type().name()) + " (id " + quoted(from.workflow_id()) +
             ")";
    }
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: {
      const auto& from = event.signal_external_workflow_execution_initiated_event_attributes();
      return text + " of signal " + quoted(from.signal_name()) + " to workflow " +
             quoted(from.workflow_execution().workflow_id());
    }
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
      return text + " of cancellation of workflow " +
             quoted(event.request_cancel_external_workflow_execution_initiated_event_attributes()
                        .workflow_execution()
                        .workflow_id());
    case enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED: {
      const auto& from = event.nexus_operation_scheduled_event_attributes();
      return text + " of Nexus operation " + quoted(from.service() + "." + from.operation()) + " (endpoint " +
             quoted(from.endpoint()) + ")";
    }
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED:
      return text + " of the Nexus operation scheduled in event " +
             std::to_string(event.nexus_operation_cancel_requested_event_attributes().scheduled_event_id());
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
      return text + " of update (id " +
             quoted(event.workflow_execution_update_accepted_event_attributes().protocol_instance_id()) + ")";
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
      return text + " of update (id " +
             quoted(event.workflow_execution_update_completed_event_attributes().meta().update_id()) + ")";
    default:
      return text;
  }
}
[[gnu::cold]] inline std::string describe(const command_list::entry& command) {
  return name_of_command(command.type) + " of " + command.by->description();
}

inline task_problem mismatch(const HistoryEvent& event, const command_list::entry* command) {
  const std::string history = "the history has " + describe(event);
  if (command == nullptr)
    return nondeterminism(history + ", but the workflow code asked for nothing more in that workflow task");
  return nondeterminism(history + ", but the workflow code asked for " + describe(*command));
}
inline task_problem extra_command(const command_list::entry& command, std::int64_t completed_event) {
  return nondeterminism("the workflow code asked for " + describe(command) +
                        ", but the history has nothing more in the workflow task completed in event " +
                        std::to_string(completed_event));
}

}  // namespace rondo::detail::engine
