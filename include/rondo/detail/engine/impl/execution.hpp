#pragma once
#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/engine/execution.hpp"
#include "rondo/detail/engine/signal_with_start.hpp"

namespace rondo::detail::engine {

RONDO_FUNCTION bool execution::read_completion(const HistoryEvent& completed) {
  const auto unknown = flags_.read(completed.workflow_task_completed_event_attributes().sdk_metadata());
  if (unknown == 0) return true;
  return fail_with(history_problem("event " + std::to_string(completed.event_id()) + " records the SDK flag " +
                                   std::to_string(unknown) + ", which this version (" + std::string(version_string) +
                                   ") does not know: the run was worked on by a newer version or by another SDK"));
}

RONDO_FUNCTION bool execution::look_ahead(const logical_task& task, const task_options& options) {
  for (const HistoryEvent* event : task.inbound) {
    if (event->event_type() == enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED) the_updates().admit(*event);
  }
  if (replaying_) {
    for (const HistoryEvent* command : task.commands) {
      if (command->event_type() == enums::EVENT_TYPE_MARKER_RECORDED) {
        part(patches_, services_, notes_).expect(*command);
        part(effects_, services_, notes_).expect(*command);
      } else if (command->event_type() == enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED) {
        the_updates().expect(*command);
      }
    }
    return true;
  }
  if (options.messages == nullptr) return true;
  for (const auto& message : *options.messages) {
    if (the_updates().ask(message)) continue;
    return fail_with(history_problem("the workflow task has a message of type " + message.body().type_url() +
                                     ", which is unknown to this version (" + std::string(version_string) + ")"));
  }
  return true;
}

RONDO_FUNCTION bool execution::activate(const logical_task& task) {
  read_task_start(*task.started, info_);
  if (task.completed != nullptr) {
    read_version(*task.completed, info_.current_version);
    is_own_version_ = false;
  } else if (!std::exchange(is_own_version_, true)) {
    info_.current_version = options_.version;
  }
  task_time_ = time_of(task.started->event_time());
  const bool asked = !update_requests().empty();
  // An update that is rejected must leave no trace, so the time does not move before one is accepted.
  const bool wakes_code = (asked && replaying_) || task.roles.has_any(waking_roles);
  if (wakes_code) now_ = std::max(now_, task_time_);
  try {
    if (!deliver(task)) return false;
  } catch (...) {
    fail_task(std::current_exception());
  }
  if (wakes_code) return go_on();
  return asked ? try_updates() : check_code();
}

/// An update that is rejected must leave no trace, so conditions are not looked at before one is accepted: what they
/// see of the task, such as the length of the history, may have changed.
RONDO_FUNCTION bool execution::try_updates() {
  accepted_update_ = false;
  try {
    if (!code_error_) instance_->run_queued();
  } catch (...) {
    fail_task(std::current_exception());
  }
  return accepted_update_ ? go_on() : check_code();
}

RONDO_FUNCTION bool execution::go_on() {
  try {
    if (!code_error_) run_code();
  } catch (...) {
    fail_task(std::current_exception());
  }
  return check_code();
}

RONDO_FUNCTION bool execution::check_code() {
  recycle();
  if (code_error_) return fail_with(problem_of(code_error_));
  return !services_.encoding_error || fail_with(problem_of(services_.encoding_error));
}

RONDO_FUNCTION bool execution::end_locals(const logical_task& task) {
  for (const HistoryEvent* command : task.commands) {
    const auto record = local_activity_of(*command);
    if (!record) continue;
    // One that was cancelled has ended already; its marker is compared like any other.
    auto* waiting = find_local(record->seq);
    if (waiting == nullptr) continue;
    if (waiting->type() != record->activity_type) {
      return fail_with(nondeterminism("the history has " + describe(*command) + " for local activity \"" +
                                      record->activity_type + "\", but the workflow code runs " +
                                      waiting->description() + " there"));
    }
    now_ = std::max(now_, record->complete_time);
    if (!waiting->apply(*command)) return fail_with(history_problem(describe(*command) + " is not possible now"));
    if (!go_on()) return false;
  }
  return true;
}

RONDO_FUNCTION bool execution::deliver_messages(const logical_task& task) {
  const auto requests = update_requests();
  auto next = requests.begin();
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
    if (!instance_ && waking_roles.has(role))
      return fail_with(history_problem("the history does not begin with WorkflowExecutionStarted"));
    if (role != event_role::signal) continue;
    for (; next != requests.end() && next->after_event < event->event_id(); ++next) deliver_update(*next);
    deliver_signal(*event);
  }
  for (; next != requests.end(); ++next) deliver_update(*next);
  return true;
}

/// Signals and updates first, in the order in which they came, then everything else in the order of the history.
RONDO_FUNCTION bool execution::deliver(const logical_task& task) {
  constexpr event_roles first(event_role::start, event_role::signal, event_role::task_failed, event_role::unknown);
  if ((!instance_ || task.roles.has_any(first) || !update_requests().empty()) && !deliver_messages(task)) return false;
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

RONDO_FUNCTION bool execution::begin_run(const HistoryEvent& start) {
  if (instance_) return fail_with(history_problem("the history has a second WorkflowExecutionStarted"));
  read_start(start, info_, services_.failures);
  const auto& attributes = start.workflow_execution_started_event_attributes();
  services_.task_queue = info_.task_queue;
  if (attributes.search_attributes().indexed_fields().contains(patch_search_attribute))
    part(patches_, services_, notes_).start(attributes.search_attributes());
  now_ = std::max(now_, info_.start_time);
  const auto& original = attributes.original_execution_run_id();
  if (original != info_.run_id) child_ids_ = original;
  seed_ = seed_from(child_ids_.empty() ? info_.run_id : child_ids_);
  instance_.emplace(definition_, *this, &memory_);
  run::interception interceptors;
  if (options_.interceptors != nullptr) {
    for (const auto& each : *options_.interceptors) interceptors.add(each->intercept_workflow(info_));
  }
  instance_->intercept(std::move(interceptors));
  outgoing_.begin(instance_->interceptors(), options_.propagated_headers, info_.headers);
  instance_->create(services_.views.of(attributes.input()));
  return true;
}

RONDO_FUNCTION payload_map execution::headers_of(const temporal::api::common::v1::Header& from) const {
  payload_map headers;
  if (!instance_->interceptors().empty()) read_payload_map(from.fields(), headers);
  return headers;
}

RONDO_FUNCTION void execution::deliver_signal(const HistoryEvent& event) {
  const auto& signal = event.workflow_execution_signaled_event_attributes();
  try {
    const auto arguments = services_.views.of(signal.input());
    if (instance_->deliver_signal(signal.signal_name(), arguments, headers_of(signal.header()), event.event_id()))
      return;
    if (!replaying_) {
      logger().warn("kept a signal that the workflow has no handler for until it sets one",
                    {{"signal", signal.signal_name()}});
    }
  } catch (const std::exception& error) {
    if (!replaying_) {
      logger().error("dropped a signal whose arguments cannot be read",
                     {{"signal", signal.signal_name()}, {"error", std::string_view(error.what())}});
    }
  }
}

RONDO_FUNCTION void execution::deliver_update(const update_request& what) {
  const auto& request = *what.request;
  instance_->deliver_update({.id = request.meta().update_id(), .name = request.input().name()},
                            services_.views.of(request.input().args()), !replaying_,
                            headers_of(request.input().header()));
}

RONDO_FUNCTION bool execution::deliver_answer(const HistoryEvent& event) {
  const auto begun_by = initial_event_of(event);
  machine* found = services_.by_event.find(begun_by);
  if (found == nullptr) {
    if (may_come_late(event.event_type())) return true;
    return fail_with(nondeterminism("the history has event " + std::to_string(event.event_id()) + " " +
                                    name_of_event(event.event_type()) + " for event " + std::to_string(begun_by) +
                                    ", but the workflow code has nothing open that began there"));
  }
  if (found->apply(event)) return true;
  return fail_with(nondeterminism("the history has event " + std::to_string(event.event_id()) + " " +
                                  name_of_event(event.event_type()) + ", which is not possible for " +
                                  found->description() + " now"));
}

RONDO_FUNCTION bool execution::ignore(const HistoryEvent& event) {
  if (event.worker_may_ignore()) return true;
  return fail_with(history_problem("event " + std::to_string(event.event_id()) + " " +
                                   name_of_event(event.event_type()) + " is unknown to this version (" +
                                   std::string(version_string) + "), and the server does not allow to ignore it"));
}

RONDO_FUNCTION void execution::require_free_id(std::string_view given, std::string_view type) {
  const std::string id = given.empty() ? std::to_string(last_activity_ + 1) : std::string(given);
  const activity_machine* open = nullptr;
  activities_.for_each([&](const activity_machine& each) {
    if (each.state() != activity_state::closed && each.id() == id) open = &each;
  });
  if (open == nullptr || !use_flag(static_cast<std::uint32_t>(flag::distinct_activity_ids))) return;
  std::string what = open->description() + " is still open, and no two open activities may have the same id";
  if (given.empty()) what += ": a call without one gets the next number of the run";
  options_of("activity", type).require(false, what.c_str());
}

RONDO_FUNCTION std::string execution::signal_with_start(const run::signal_with_start_call& call,
                                                        run::completion& closed) {
  if (outgoing_.interceptors() != nullptr) return signal_seen(call, closed);
  begin_signal_with_start(call, outgoing_.prepare(call.input, call.options.headers), closed);
  return std::string(call.options.id);
}

RONDO_FUNCTION void execution::begin_signal_with_start(const run::signal_with_start_call& call,
                                                       const outgoing_calls::outgoing& out, run::completion& closed) {
  check(call.options, call.workflow_type);
  const outgoing_signal_with_start what{call, out, info_};
  const nexus_operation_options options{.cancellation = call.options.cancellation};
  nexus_operations_.acquire(services_, nexus_operations_)
      .begin({.endpoint = system_endpoint,
              .service = system_service,
              .operation = signal_with_start_operation,
              .options = options,
              .input = encoder_of(what)},
             nullptr, closed);
}

RONDO_FUNCTION bool execution::activates(std::string_view id) {
  if (options_.changes == nullptr || !options_.changes->activate_patch) return true;
  const run::scheduler::read_only_section reading(*instance_);
  return options_.changes->activate_patch(info_, id);
}

RONDO_FUNCTION int execution::new_version(std::string_view change, int oldest, int newest) {
  if (options_.changes == nullptr || !options_.changes->preferred_version) return newest;
  const run::scheduler::read_only_section reading(*instance_);
  const int preferred =
      options_.changes->preferred_version({.workflow = info_, .change = change, .oldest = oldest, .newest = newest})
          .value_or(newest);
  if (preferred < oldest || preferred > newest) {
    throw std::out_of_range("[TMPRL1100] the worker prefers version " + std::to_string(preferred) + " of change \"" +
                            std::string(change) + "\", but the code has " + std::to_string(oldest) + " to " +
                            std::to_string(newest));
  }
  return preferred;
}

RONDO_FUNCTION void execution::upsert_search_attributes(const payload_map& asked) {
  payload_map seen;
  if (const auto* seen_by = outgoing_.interceptors()) {
    seen = asked;
    seen_by->upsert_search_attributes(seen);
  }
  const payload_map& changes = outgoing_.interceptors() != nullptr ? seen : asked;
  if (changes.empty()) return;
  for (const auto& [name, value] : changes) {
    if (value.data == "null" || value.data == "[]") {
      info_.search_attributes.erase(name);
    } else {
      info_.search_attributes.insert_or_assign(name, value);
    }
  }
  Command* command = notes_.acquire(services_, notes_)
                         .begin(enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, "change of search attributes");
  if (command == nullptr) return;
  write_payload_map(changes, *command->mutable_upsert_workflow_search_attributes_command_attributes()
                                  ->mutable_search_attributes()
                                  ->mutable_indexed_fields());
}

RONDO_FUNCTION void execution::upsert_memo(const payload_map& asked) {
  payload_map seen;
  if (const auto* seen_by = outgoing_.interceptors()) {
    seen = asked;
    seen_by->upsert_memo(seen);
  }
  const payload_map& changes = outgoing_.interceptors() != nullptr ? seen : asked;
  if (changes.empty()) return;
  for (const auto& [name, value] : changes) {
    if (value.encoding() == encoding::null) {
      info_.memo.erase(name);
    } else {
      info_.memo.insert_or_assign(name, value);
    }
  }
  Command* command =
      notes_.acquire(services_, notes_).begin(enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES, "change of the memo");
  if (command == nullptr) return;
  write_payload_map(
      changes,
      *command->mutable_modify_workflow_properties_command_attributes()->mutable_upserted_memo()->mutable_fields());
}

RONDO_FUNCTION void execution::run_code() {
  use_flag(static_cast<std::uint32_t>(flag::first_rules));
  instance_->run();
  if (locals_) locals_->code_waits();
  if (!replaying_ && end_.ending() && instance_->unfinished_handlers()) {
    logger().warn(
        "[TMPRL1102] the workflow ends while handlers are still running: they are lost. Wait for what they set, "
        "with workflow::wait_condition, before the end of run()");
  }
  if (!replaying_ && end_.ending() && instance_->kept_signals() > 0) {
    logger().warn("the workflow ends with signals that no handler took: they are lost",
                  {{"signals", static_cast<std::int64_t>(instance_->kept_signals())}});
  }
}

RONDO_FUNCTION bool execution::compare(const logical_task& task) {
  bool after_patch = false;
  for (const HistoryEvent* event : task.commands) {
    if (!compare(*event, after_patch)) return false;
  }
  if (patches_) patches_->end_task();
  if (effects_) effects_->end_task();
  recycle();
  const auto* extra = services_.commands.front();
  return extra == nullptr || fail_with(extra_command(*extra, task.completed->event_id()));
}

RONDO_FUNCTION bool execution::compare(const HistoryEvent& event, bool& after_patch) {
  if (after_patch && is_patch_upsert(event)) {
    after_patch = false;
    return true;
  }
  const auto* command = services_.commands.front();
  const bool marker = event.event_type() == enums::EVENT_TYPE_MARKER_RECORDED;
  const auto patch = marker ? patch_of(event) : std::nullopt;
  after_patch = patch || (marker && is_marker(event, version_marker));
  if (command != nullptr && command->type == command_of(event.event_type()) && command->by->matches(event)) {
    machine& found = *command->by;
    services_.commands.pop();
    return found.apply(event) || fail_with(history_problem(describe(event) + " is not possible now"));
  }
  if (patch && patch->deprecated) {
    part(patches_, services_, notes_).skip(patch->id);
    return true;
  }
  return fail_with(mismatch(event, command));
}

}  // namespace rondo::detail::engine
