#pragma once

#include <string>
#include <utility>

#include "rondo/server/chain.hpp"
#include "rondo/server/closing.hpp"
#include "rondo/server/completion.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/time.hpp"

// The commands that end a run.
namespace rondo::server {

namespace detail_close_commands {

namespace command_v1 = temporal::api::command::v1;

inline void need(bool present, enums::WorkflowTaskFailedCause cause, const char* text) {
  if (!present) throw bad_completion(cause, text);
}

inline void limit(const completion& by, std::size_t size, enums::WorkflowTaskFailedCause cause, const char* text) {
  if (size > by.of.owner->limit().blob_size) throw bad_completion(cause, text, true);
}

inline void check_continue_as_new(completion& by, const command_v1::Command& command) {
  constexpr auto cause = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES;
  const std::string where = " on ContinueAsNewWorkflowExecutionCommand";
  need(command.has_continue_as_new_workflow_execution_command_attributes(), cause,
       "ContinueAsNewWorkflowExecutionCommandAttributes is not set on ContinueAsNewWorkflowExecutionCommand.");
  const auto& wanted = command.continue_as_new_workflow_execution_command_attributes();
  core& in = *by.of.owner;
  const std::size_t longest = in.limit().id_length;
  const std::string type = wanted.workflow_type().name().empty() ? by.of.state.type() : wanted.workflow_type().name();
  const std::string queue = wanted.task_queue().name().empty() ? by.of.state.task_queue() : wanted.task_queue().name();
  const std::string of = ". WorkflowType=" + type + " TaskQueue=" + queue;
  if (type.size() > longest) {
    throw bad_completion(cause, "WorkflowType" + where + " exceeds length limit. WorkflowType=" + type +
                                    " Length=" + std::to_string(type.size()) + " Limit=" + std::to_string(longest));
  }
  if (queue.size() > longest) {
    throw bad_completion(cause,
                         "error validating ContinueAsNewWorkflowExecutionCommand TaskQueue: taskQueue length "
                         "exceeds limit" +
                             of);
  }
  const auto check_time = [&](const google::protobuf::Duration& time, const std::string& name) {
    if (from_proto(time) < 0) throw bad_completion(cause, "Invalid " + name + where + ": negative duration" + of);
  };
  check_time(wanted.workflow_run_timeout(), "WorkflowRunTimeout");
  check_time(wanted.workflow_task_timeout(), "WorkflowTaskTimeout");
  check_time(wanted.backoff_start_interval(), "BackoffStartInterval");
  refuse_as(cause, "invalid WorkflowRetryPolicy" + where + ": ", [&] { complete_continue_as_new(by.of, wanted); });
  auto attributes = wanted.search_attributes();
  refuse_as(enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES, "invalid SearchAttributes" + where + ": ",
            [&] { in.namespaces().check_attributes(*by.of.space, attributes); });
  limit(by, wanted.input().ByteSizeLong(), cause,
        "ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit.");
  if (wanted.memo().ByteSizeLong() > in.limit().memo_size) {
    throw bad_completion(cause, "ContinueAsNewWorkflowExecutionCommandAttributes. Memo exceeds size limit.", true);
  }
  refuse_as(
      cause, "", [&] { in.namespaces().check_attribute_sizes(attributes); }, true);
}

inline void apply_complete(completion& by, const command_v1::Command& command) {
  run& of = by.of;
  const auto& wanted = command.complete_workflow_execution_command_attributes();
  const chain_step next = step_after_success(of, wanted.result());
  history_event event = command_event(of, enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, command);
  auto& attributes = *event.mutable_workflow_execution_completed_event_attributes();
  if (wanted.has_result()) *attributes.mutable_result() = wanted.result();
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  attributes.set_new_execution_run_id(next.run_id);
  close_run(of, std::move(event), enums::WORKFLOW_EXECUTION_STATUS_COMPLETED, next.run_id);
  if (!next.run_id.empty()) take_step(of, next);
}

inline void apply_fail(completion& by, const command_v1::Command& command) {
  run& of = by.of;
  const auto& failure = command.fail_workflow_execution_command_attributes().failure();
  const chain_step next = step_after_failure(of, failure);
  history_event event = command_event(of, enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED, command);
  auto& attributes = *event.mutable_workflow_execution_failed_event_attributes();
  *attributes.mutable_failure() = failure;
  attributes.set_retry_state(next.retry_state);
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  attributes.set_new_execution_run_id(next.run_id);
  close_run(of, std::move(event), enums::WORKFLOW_EXECUTION_STATUS_FAILED, next.run_id);
  if (!next.run_id.empty()) take_step(of, next);
}

inline void apply_cancel(completion& by, const command_v1::Command& command) {
  const auto& wanted = command.cancel_workflow_execution_command_attributes();
  history_event event = command_event(by.of, enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, command);
  auto& attributes = *event.mutable_workflow_execution_canceled_event_attributes();
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  if (wanted.has_details()) *attributes.mutable_details() = wanted.details();
  close_run(by.of, std::move(event), enums::WORKFLOW_EXECUTION_STATUS_CANCELED);
}

inline void apply_continue_as_new(completion& by, const command_v1::Command& command) {
  run& of = by.of;
  const auto wanted = complete_continue_as_new(of, command.continue_as_new_workflow_execution_command_attributes());
  const std::string next = of.owner->new_uuid();
  history_event event = command_event(of, enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, command);
  auto& attributes = *event.mutable_workflow_execution_continued_as_new_event_attributes();
  attributes.set_new_execution_run_id(next);
  *attributes.mutable_workflow_type() = wanted.workflow_type();
  *attributes.mutable_task_queue() = wanted.task_queue();
  if (wanted.has_input()) *attributes.mutable_input() = wanted.input();
  *attributes.mutable_workflow_run_timeout() = wanted.workflow_run_timeout();
  *attributes.mutable_workflow_task_timeout() = wanted.workflow_task_timeout();
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  if (wanted.has_backoff_start_interval()) {
    *attributes.mutable_backoff_start_interval() = wanted.backoff_start_interval();
  }
  attributes.set_initiator(command.continue_as_new_workflow_execution_command_attributes().initiator());
  if (wanted.has_failure()) *attributes.mutable_failure() = wanted.failure();
  if (wanted.has_last_completion_result())
    *attributes.mutable_last_completion_result() = wanted.last_completion_result();
  if (wanted.has_header()) *attributes.mutable_header() = wanted.header();
  if (wanted.has_memo()) *attributes.mutable_memo() = wanted.memo();
  if (wanted.has_search_attributes()) *attributes.mutable_search_attributes() = wanted.search_attributes();
  attributes.set_inherit_build_id(wanted.inherit_build_id());
  attributes.set_initial_versioning_behavior(wanted.initial_versioning_behavior());
  close_run(of, std::move(event), enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, next);
  continue_as_new(of, next, wanted);
}

}  // namespace detail_close_commands

RONDO_SERVER_FUNCTION void check_close(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_close_commands;
  // A workflow must not end before it has seen everything.
  const auto dropped = by.seen.find(dropped_events);
  if (by.of.state.buffered_events_size() > (dropped == by.seen.end() ? 0 : dropped->second)) {
    throw bad_completion(enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, "");
  }
  switch (command.command_type()) {
    case enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: {
      constexpr auto cause = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES;
      need(command.has_complete_workflow_execution_command_attributes(), cause,
           "CompleteWorkflowExecutionCommandAttributes is not set on CompleteWorkflowExecutionCommand.");
      // The cause that the compared server names is another command's.
      return limit(by, command.complete_workflow_execution_command_attributes().result().ByteSizeLong(),
                   enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES,
                   "CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.");
    }
    case enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: {
      constexpr auto cause = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES;
      need(command.has_fail_workflow_execution_command_attributes(), cause,
           "FailWorkflowExecutionCommandAttributes is not set on FailWorkflowExecutionCommand.");
      const auto& wanted = command.fail_workflow_execution_command_attributes();
      need(wanted.has_failure(), cause, "Failure is not set on FailWorkflowExecutionCommand.");
      return limit(by, wanted.failure().ByteSizeLong(), cause,
                   "FailWorkflowExecutionCommandAttributes.Failure exceeds size limit.");
    }
    case enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      return need(command.has_cancel_workflow_execution_command_attributes(),
                  enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_WORKFLOW_EXECUTION_ATTRIBUTES,
                  "CancelWorkflowExecutionCommandAttributes is not set on CancelWorkflowExecutionCommand.");
    default:
      return check_continue_as_new(by, command);
  }
}

RONDO_SERVER_FUNCTION void apply_close(completion& by, const temporal::api::command::v1::Command& command) {
  using namespace detail_close_commands;
  by.closed = true;
  switch (command.command_type()) {
    case enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
      return apply_complete(by, command);
    case enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
      return apply_fail(by, command);
    case enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      return apply_cancel(by, command);
    default:
      return apply_continue_as_new(by, command);
  }
}

}  // namespace rondo::server
