#pragma once
#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "rondo/detail/engine/execution.hpp"

namespace rondo::detail::engine {

inline bool execution::read_completion(const HistoryEvent& completed) {
  const auto unknown = flags_.read(completed.workflow_task_completed_event_attributes().sdk_metadata());
  if (unknown == 0) return true;
  return fail_with(history_problem("event " + std::to_string(completed.event_id()) + " records the SDK flag " +
                                   std::to_string(unknown) + ", which this version (" + std::string(version_string) +
                                   ") does not know: the run was worked on by a newer version or by another SDK"));
}

inline bool execution::activate(const logical_task& task) {
  read_task_start(*task.started, info_);
  const bool wakes_code = std::any_of(task.inbound.begin(), task.inbound.end(),
                                      [](const HistoryEvent* event) { return wakes(role_of(event->event_type())); });
  if (wakes_code) now_ = std::max(now_, workflow_time(time_of(task.started->event_time())));
  try {
    if (!deliver(task)) return false;
    if (wakes_code) run_code();
  } catch (...) {
    fail_task(std::current_exception());
  }
  return !code_error_ || fail_with(problem_of(code_error_));
}

/// Signals first, in the order in which they came, then everything else in the order of the history.
inline bool execution::deliver(const logical_task& task) {
  for (const HistoryEvent* event : task.inbound) {
    const event_role role = role_of(event->event_type());
    if (role == event_role::start && !begin_run(*event)) return false;
    if (role == event_role::task_failed &&
        event->workflow_task_failed_event_attributes().cause() == enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW) {
      child_ids_ = event->workflow_task_failed_event_attributes().new_run_id();
      seed_ = seed_from(child_ids_);
      if (instance_) instance_->reseed(seed_);
    }
    if (role == event_role::unknown && !ignore(*event)) return false;
    if (!instance_ && wakes(role))
      return fail_with(history_problem("the history does not begin with WorkflowExecutionStarted"));
    if (role == event_role::signal) deliver_signal(*event);
  }
  const HistoryEvent* start = nullptr;
  for (const HistoryEvent* event : task.inbound) {
    switch (role_of(event->event_type())) {
      case event_role::start:
        start = event;
        break;
      case event_role::cancel:
        instance_->cancel(event->workflow_execution_cancel_requested_event_attributes().cause());
        break;
      case event_role::answer:
      case event_role::progress:
        if (!deliver_answer(*event)) return false;
        break;
      default:
        break;
    }
  }
  if (start != nullptr) {
    instance_->start(services_.views.of(start->workflow_execution_started_event_attributes().input()));
  }
  return true;
}

inline bool execution::begin_run(const HistoryEvent& start) {
  if (instance_) return fail_with(history_problem("the history has a second WorkflowExecutionStarted"));
  read_start(start, info_);
  const auto& attributes = start.workflow_execution_started_event_attributes();
  services_.task_queue = info_.task_queue;
  patches_.start(attributes.search_attributes());
  now_ = std::max(now_, info_.start_time);
  const auto& original = attributes.original_execution_run_id();
  child_ids_ = original.empty() ? info_.run_id : original;
  seed_ = seed_from(child_ids_);
  instance_.emplace(definition_, *this, options_.frames);
  return true;
}

inline void execution::deliver_signal(const HistoryEvent& event) {
  const auto& signal = event.workflow_execution_signaled_event_attributes();
  try {
    if (instance_->deliver_signal(signal.signal_name(), services_.views.of(signal.input()))) return;
    if (!replaying_)
      logger().warn("dropped a signal that the workflow has no handler for", {{"signal", signal.signal_name()}});
  } catch (const std::exception& error) {
    if (!replaying_) {
      logger().error("dropped a signal whose arguments cannot be read",
                     {{"signal", signal.signal_name()}, {"error", std::string_view(error.what())}});
    }
  }
}

inline bool execution::deliver_answer(const HistoryEvent& event) {
  const auto begun_by = initial_event_of(event);
  machine* found = services_.by_event.find(begun_by);
  if (found == nullptr) {
    return fail_with(nondeterminism("the history has event " + std::to_string(event.event_id()) + " " +
                                    name_of_event(event.event_type()) + " for event " + std::to_string(begun_by) +
                                    ", but the workflow code has nothing open that began there"));
  }
  if (found->apply(event)) return true;
  return fail_with(nondeterminism("the history has event " + std::to_string(event.event_id()) + " " +
                                  name_of_event(event.event_type()) + ", which is not possible for " +
                                  found->description() + " now"));
}

inline bool execution::ignore(const HistoryEvent& event) {
  if (event.worker_may_ignore()) return true;
  return fail_with(history_problem("event " + std::to_string(event.event_id()) + " " +
                                   name_of_event(event.event_type()) + " is unknown to this version (" +
                                   std::string(version_string) + "), and the server does not allow to ignore it"));
}

inline void execution::run_code() {
  use_flag(static_cast<std::uint32_t>(flag::first_rules));
  instance_->run();
  if (!replaying_ && end_.ending() && instance_->unfinished_handlers()) {
    logger().warn(
        "[TMPRL1102] the workflow ends while handlers are still running: they are lost. Wait for what they set, "
        "with workflow::wait_condition, before the end of run()");
  }
}

inline bool execution::compare(const logical_task& task) {
  bool after_patch = false;
  for (const HistoryEvent* event : task.commands) {
    if (!compare(*event, after_patch)) return false;
  }
  patches_.end_task();
  recycle();
  const auto* extra = services_.commands.front();
  return extra == nullptr || fail_with(extra_command(*extra, task.completed->event_id()));
}

inline bool execution::compare(const HistoryEvent& event, bool& after_patch) {
  if (after_patch && is_patch_upsert(event)) {
    after_patch = false;
    return true;
  }
  const auto* command = services_.commands.front();
  const auto patch = patch_of(event);
  after_patch = patch.has_value();
  if (command != nullptr && command->type == command_of(event.event_type()) && command->by->matches(event)) {
    machine& found = *command->by;
    services_.commands.pop();
    return found.apply(event) || fail_with(history_problem(describe(event) + " is not possible now"));
  }
  if (patch && patch->deprecated) {
    patches_.skip(patch->id);
    return true;
  }
  return fail_with(mismatch(event, command));
}

}  // namespace rondo::detail::engine
