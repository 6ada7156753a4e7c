#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "rondo/server/children.hpp"
#include "rondo/server/completion.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/cron.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/retries.hpp"

// The commands that start children and speak to other workflows.
namespace rondo::server {

namespace detail_child_commands {

namespace command_v1 = temporal::api::command::v1;

inline constexpr auto bad_start = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES;
inline constexpr auto bad_signal = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES;
inline constexpr auto bad_cancel =
    enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES;

/// The namespace that a command means. Refuses one that there is not.
inline name_space& target_of(const run& of, const std::string& name) {
  return name.empty() ? *of.space : of.owner->namespaces().get(name);
}

/// Runs a check; its refusal becomes a fault of the command, in words that say where.
template <class Check>
void check_part(enums::WorkflowTaskFailedCause cause, const std::string& before, const std::string& after,
                const Check& check) {
  try {
    check();
  } catch (const refusal& fault) {
    throw bad_completion(cause, before + fault.what() + after);
  }
}

inline void check_count(completion& by, const std::string& key, int pending, int limit, const std::string& name,
                        enums::WorkflowTaskFailedCause cause) {
  pending += by.seen[key]++;
  if (pending < limit) return;
  throw bad_completion(cause, "the number of " + name + ", " + std::to_string(pending) +
                                  ", has reached the per-workflow limit of " + std::to_string(limit));
}

inline int pending_external(const run& of, bool signal) {
  const auto& all = of.state.external_requests();
  return static_cast<int>(
      std::count_if(all.begin(), all.end(), [signal](const auto& each) { return each.second.signal() == signal; }));
}

inline std::string names(const name_space& target, const command_v1::StartChildWorkflowExecutionCommandAttributes& of) {
  return ". WorkflowId=" + of.workflow_id() + " WorkflowType=" + of.workflow_type().name() +
         " Namespace=" + target.name();
}

inline void check_child_names(const name_space& target,
                              const command_v1::StartChildWorkflowExecutionCommandAttributes& of,
                              const limits& allowed) {
  if (of.workflow_id().empty()) {
    throw bad_completion(bad_start,
                         "Required field WorkflowId is not set on StartChildWorkflowExecutionCommand. "
                         "WorkflowType=" +
                             of.workflow_type().name() + " Namespace=" + target.name());
  }
  if (of.workflow_type().name().empty()) {
    throw bad_completion(bad_start,
                         "Required field WorkflowType is not set on StartChildWorkflowExecutionCommand. "
                         "WorkflowId=" +
                             of.workflow_id() + " Namespace=" + target.name());
  }
  const auto check = [&](const std::string& value, const std::string& name) {
    if (value.size() <= allowed.id_length) return;
    throw bad_completion(bad_start, name + " on StartChildWorkflowExecutionCommand exceeds length limit" +
                                        names(target, of) + " Length=" + std::to_string(value.size()) +
                                        " Limit=" + std::to_string(allowed.id_length));
  };
  check(of.workflow_id(), "WorkflowId");
  check(of.workflow_type().name(), "WorkflowType");
}

inline void check_child_timeout(const name_space& target,
                                const command_v1::StartChildWorkflowExecutionCommandAttributes& of,
                                google::protobuf::Duration timeout, const std::string& name) {
  const auto fault = duration_fault(timeout);
  if (fault.empty()) return;
  throw bad_completion(bad_start,
                       "Invalid " + name + " on StartChildWorkflowExecutionCommand: " + fault + names(target, of));
}

inline void check_child_parts(const completion& by, name_space& target,
                              const command_v1::StartChildWorkflowExecutionCommandAttributes& of) {
  core& in = *by.of.owner;
  const std::string after = names(target, of);
  check_part(bad_start, "invalid WorkflowRetryPolicy on StartChildWorkflowExecutionCommand: ", after, [&] {
    auto policy = of.retry_policy();
    if (of.has_retry_policy()) complete_retry_policy(policy);
  });
  check_part(bad_start, "invalid CronSchedule on StartChildWorkflowExecutionCommand: ", after,
             [&] { check_cron(of.cron_schedule(), in.now()); });
  check_part(enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES, {}, {}, [&] {
    auto attributes = of.search_attributes();
    if (of.has_search_attributes()) in.namespaces().check_attributes(target, attributes);
  });
  check_part(bad_start, {}, {}, [&] { check_priority(of.priority()); });
  check_part(bad_start, "invalid VersioningOverride on StartChildWorkflowExecutionCommand: ", after, [&] {
    if (!of.has_versioning_override()) return;
    run trial(in, target);
    trial.state.set_namespace_id(target.id());
    trial.state.set_workflow_id(of.workflow_id());
    trial.state.set_task_queue(of.task_queue().name().empty() ? by.of.state.task_queue() : of.task_queue().name());
    in.deployments().set_override(trial, of.versioning_override());
  });
  check_part(bad_start, "invalid TaskQueue on StartChildWorkflowExecutionCommand: ", after, [&] {
    auto queue = of.task_queue();
    check_task_queue(queue, by.of.state.task_queue(), in.limit());
  });
  if (of.input().ByteSizeLong() > in.limit().blob_size) {
    throw bad_completion(bad_start, "StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit.", true);
  }
  if (of.memo().ByteSizeLong() > in.limit().memo_size) {
    throw bad_completion(bad_start, "StartChildWorkflowExecutionCommandAttributes.Memo exceeds size limit.", true);
  }
  refuse_as(
      bad_start, "", [&] { in.namespaces().check_attribute_sizes(of.search_attributes()); }, true);
}

inline void set_child_timeouts(const core& in, const command_v1::StartChildWorkflowExecutionCommandAttributes& from,
                               temporal::api::history::v1::StartChildWorkflowExecutionInitiatedEventAttributes& to) {
  const interval execution = from_proto(from.workflow_execution_timeout());
  const interval run = earlier_set(from_proto(from.workflow_run_timeout()), execution);
  interval task = from_proto(from.workflow_task_timeout());
  if (task == 0) task = in.limit().default_task_timeout;
  task = std::min(task, in.limit().maximum_task_timeout);
  if (run > 0) task = std::min(task, run);
  if (from.has_workflow_execution_timeout()) to_proto(execution, *to.mutable_workflow_execution_timeout());
  to_proto(run, *to.mutable_workflow_run_timeout());
  to_proto(task, *to.mutable_workflow_task_timeout());
}

inline history_event make_initiated(const completion& by, const command_v1::Command& command,
                                    const name_space& target) {
  core& in = *by.of.owner;
  const auto& from = command.start_child_workflow_execution_command_attributes();
  history_event event = make_event(in, enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED);
  auto& to = *event.mutable_start_child_workflow_execution_initiated_event_attributes();
  to.set_namespace_(target.name());
  to.set_namespace_id(target.id());
  to.set_workflow_id(from.workflow_id());
  *to.mutable_workflow_type() = from.workflow_type();
  to.mutable_task_queue()->set_name(from.task_queue().name().empty() ? by.of.state.task_queue()
                                                                     : from.task_queue().name());
  to.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  if (from.has_input()) *to.mutable_input() = from.input();
  set_child_timeouts(in, from, to);
  to.set_parent_close_policy(from.parent_close_policy() == enums::PARENT_CLOSE_POLICY_UNSPECIFIED
                                 ? enums::PARENT_CLOSE_POLICY_TERMINATE
                                 : from.parent_close_policy());
  to.set_control(from.control());
  to.set_workflow_task_completed_event_id(by.completed_event_id);
  to.set_workflow_id_reuse_policy(from.workflow_id_reuse_policy() == enums::WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED
                                      ? enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
                                      : from.workflow_id_reuse_policy());
  if (from.has_retry_policy()) {
    *to.mutable_retry_policy() = from.retry_policy();
    complete_retry_policy(*to.mutable_retry_policy());
  }
  to.set_cron_schedule(from.cron_schedule());
  if (from.has_header()) *to.mutable_header() = from.header();
  if (from.has_memo()) *to.mutable_memo() = from.memo();
  if (from.has_search_attributes()) {
    *to.mutable_search_attributes() = from.search_attributes();
    in.namespaces().check_attributes(target, *to.mutable_search_attributes());
  }
  to.set_inherit_build_id(from.inherit_build_id());
  if (from.has_priority()) *to.mutable_priority() = from.priority();
  if (from.has_versioning_override()) *to.mutable_versioning_override() = from.versioning_override();
  if (command.has_user_metadata()) *event.mutable_user_metadata() = command.user_metadata();
  return event;
}

inline void check_external_names(enums::WorkflowTaskFailedCause cause, const std::string& command,
                                 const std::string& workflow_id, const std::string& run_id,
                                 const std::string& after_missing, const std::string& after, const limits& allowed) {
  if (workflow_id.empty()) {
    throw bad_completion(cause, "WorkflowId is not set on " + command + ". " + after_missing);
  }
  if (workflow_id.size() > allowed.id_length) {
    throw bad_completion(cause, "WorkflowId on " + command + " exceeds length limit. WorkflowId=" + workflow_id +
                                    " Length=" + std::to_string(workflow_id.size()) +
                                    " Limit=" + std::to_string(allowed.id_length) + " " + after_missing);
  }
  if (!run_id.empty() && !is_uuid(run_id)) {
    throw bad_completion(cause, "Invalid RunId set on " + command + ". WorkflowId=" + workflow_id + " " + after);
  }
}

}  // namespace detail_child_commands

RONDO_SERVER_FUNCTION void check_start_child(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_child_commands;
  if (!command.has_start_child_workflow_execution_command_attributes()) {
    throw bad_completion(
        bad_start, "StartChildWorkflowExecutionCommandAttributes is not set on StartChildWorkflowExecutionCommand.");
  }
  const auto& attributes = command.start_child_workflow_execution_command_attributes();
  const auto& limit = by.of.owner->limit();
  name_space& target = target_of(by.of, attributes.namespace_());
  check_child_names(target, attributes, limit);
  check_child_timeout(target, attributes, attributes.workflow_execution_timeout(), "WorkflowExecutionTimeout");
  check_child_timeout(target, attributes, attributes.workflow_run_timeout(), "WorkflowRunTimeout");
  check_child_timeout(target, attributes, attributes.workflow_task_timeout(), "WorkflowTaskTimeout");
  check_child_parts(by, target, attributes);
  check_count(by, "children", static_cast<int>(by.of.state.children_size()), limit.pending_children,
              "pending child workflow executions",
              enums::WORKFLOW_TASK_FAILED_CAUSE_PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED);
  ++by.seen["child " + attributes.workflow_id()];
}

RONDO_SERVER_FUNCTION void apply_start_child(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_child_commands;
  run& of = by.of;
  const auto& attributes = command.start_child_workflow_execution_command_attributes();
  const name_space& target = target_of(of, attributes.namespace_());
  history_event event = make_initiated(by, command, target);
  state::Child made;
  made.set_namespace_(target.name());
  made.set_workflow_id(attributes.workflow_id());
  made.set_type(attributes.workflow_type().name());
  made.set_parent_close_policy(event.start_child_workflow_execution_initiated_event_attributes().parent_close_policy());
  const std::int64_t id = append(of, std::move(event));
  made.set_initiated_event_id(id);
  (*of.state.mutable_children())[id] = std::move(made);
  start_child_later(of, id);
}

RONDO_SERVER_FUNCTION void check_signal_external(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_child_commands;
  static constexpr auto name = "SignalExternalWorkflowExecutionCommand";
  const auto& limit = by.of.owner->limit();
  if (!command.has_signal_external_workflow_execution_command_attributes()) {
    throw bad_completion(bad_signal,
                         std::string("SignalExternalWorkflowExecutionCommandAttributes is not set on ") + name + ".");
  }
  const auto& attributes = command.signal_external_workflow_execution_command_attributes();
  target_of(by.of, attributes.namespace_());
  if (!attributes.has_execution())
    throw bad_completion(bad_signal, std::string("Execution is not set on ") + name + ".");
  const auto& execution = attributes.execution();
  const std::string after = "Namespace=" + attributes.namespace_() + " RunId=" + execution.run_id();
  const std::string with_signal = after + " SignalName=" + attributes.signal_name();
  check_external_names(bad_signal, name, execution.workflow_id(), execution.run_id(), with_signal, with_signal, limit);
  if (attributes.signal_name().empty()) {
    throw bad_completion(bad_signal, std::string("SignalName is not set on ") + name +
                                         ". WorkflowId=" + execution.workflow_id() + " " + after);
  }
  check_count(by, "signals", pending_external(by.of, true), limit.pending_signals,
              "pending signals to external workflows",
              enums::WORKFLOW_TASK_FAILED_CAUSE_PENDING_SIGNALS_LIMIT_EXCEEDED);
  if (attributes.input().ByteSizeLong() > limit.blob_size) {
    throw bad_completion(bad_signal, "SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit.",
                         true);
  }
}

RONDO_SERVER_FUNCTION void apply_signal_external(completion& by, const temporal::api::command::v1::Command& command) {
  run& of = by.of;
  const auto& from = command.signal_external_workflow_execution_command_attributes();
  const name_space& target = detail_child_commands::target_of(of, from.namespace_());
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED);
  auto& to = *event.mutable_signal_external_workflow_execution_initiated_event_attributes();
  to.set_workflow_task_completed_event_id(by.completed_event_id);
  to.set_namespace_(from.namespace_());
  to.set_namespace_id(target.id());
  *to.mutable_workflow_execution() = from.execution();
  to.set_signal_name(from.signal_name());
  if (from.has_input()) *to.mutable_input() = from.input();
  to.set_control(from.control());
  to.set_child_workflow_only(from.child_workflow_only());
  if (from.has_header()) *to.mutable_header() = from.header();
  const std::int64_t id = append(of, std::move(event));
  auto& pending = (*of.state.mutable_external_requests())[id];
  pending.set_initiated_event_id(id);
  pending.set_signal(true);
  ask_external_later(of, id);
}

RONDO_SERVER_FUNCTION void check_cancel_external(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_child_commands;
  static constexpr auto name = "RequestCancelExternalWorkflowExecutionCommand";
  if (!command.has_request_cancel_external_workflow_execution_command_attributes()) {
    throw bad_completion(
        bad_cancel, std::string("RequestCancelExternalWorkflowExecutionCommandAttributes is not set on ") + name + ".");
  }
  const auto& attributes = command.request_cancel_external_workflow_execution_command_attributes();
  target_of(by.of, attributes.namespace_());
  const std::string missing = "Namespace=" + attributes.namespace_() + " RunId=" + attributes.run_id();
  const std::string after = "RunId=" + attributes.run_id() + " Namespace=" + attributes.namespace_();
  check_external_names(bad_cancel, name, attributes.workflow_id(), attributes.run_id(), missing, after,
                       by.of.owner->limit());
  if (by.seen["child " + attributes.workflow_id()] > 0) {
    throw bad_completion(
        bad_cancel, "Start and RequestCancel for child workflow is not allowed in same workflow task. WorkflowId=" +
                        attributes.workflow_id() + " " + after);
  }
  check_count(by, "cancels", pending_external(by.of, false), by.of.owner->limit().pending_cancels,
              "pending requests to cancel external workflows",
              enums::WORKFLOW_TASK_FAILED_CAUSE_PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED);
}

RONDO_SERVER_FUNCTION void apply_cancel_external(completion& by, const temporal::api::command::v1::Command& command) {
  run& of = by.of;
  const auto& from = command.request_cancel_external_workflow_execution_command_attributes();
  const name_space& target = detail_child_commands::target_of(of, from.namespace_());
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED);
  auto& to = *event.mutable_request_cancel_external_workflow_execution_initiated_event_attributes();
  to.set_workflow_task_completed_event_id(by.completed_event_id);
  to.set_namespace_(from.namespace_());
  to.set_namespace_id(target.id());
  to.mutable_workflow_execution()->set_workflow_id(from.workflow_id());
  to.mutable_workflow_execution()->set_run_id(from.run_id());
  to.set_control(from.control());
  to.set_child_workflow_only(from.child_workflow_only());
  to.set_reason(from.reason());
  const std::int64_t id = append(of, std::move(event));
  (*of.state.mutable_external_requests())[id].set_initiated_event_id(id);
  ask_external_later(of, id);
}

}  // namespace rondo::server
