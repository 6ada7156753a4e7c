#pragma once

#include <temporal/api/command/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/server_harness.hpp"

namespace rondo::test {

namespace command_v1 = temporal::api::command::v1;
using poll_response = service::PollWorkflowTaskQueueResponse;
using complete_request = service::RespondWorkflowTaskCompletedRequest;
using complete_response = service::RespondWorkflowTaskCompletedResponse;
using commands = std::vector<command_v1::Command>;

inline command_v1::Command make_command(enums::CommandType type) {
  command_v1::Command command;
  command.set_command_type(type);
  return command;
}

inline command_v1::Command complete_command(const std::string& result = {}) {
  auto command = make_command(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_complete_workflow_execution_command_attributes();
  if (!result.empty()) attributes.mutable_result()->add_payloads()->set_data(result);
  return command;
}

inline command_v1::Command fail_command(const std::string& message, bool retryable = true) {
  auto command = make_command(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION);
  auto& failure = *command.mutable_fail_workflow_execution_command_attributes()->mutable_failure();
  failure.set_message(message);
  failure.mutable_application_failure_info()->set_type("test");
  failure.mutable_application_failure_info()->set_non_retryable(!retryable);
  return command;
}

inline command_v1::Command timer_command(const std::string& id, int seconds) {
  auto command = make_command(enums::COMMAND_TYPE_START_TIMER);
  command.mutable_start_timer_command_attributes()->set_timer_id(id);
  command.mutable_start_timer_command_attributes()->mutable_start_to_fire_timeout()->set_seconds(seconds);
  return command;
}

inline command_v1::Command cancel_timer_command(const std::string& id) {
  auto command = make_command(enums::COMMAND_TYPE_CANCEL_TIMER);
  command.mutable_cancel_timer_command_attributes()->set_timer_id(id);
  return command;
}

inline command_v1::Command marker_command(const std::string& name) {
  auto command = make_command(enums::COMMAND_TYPE_RECORD_MARKER);
  command.mutable_record_marker_command_attributes()->set_marker_name(name);
  return command;
}

using child_attributes = command_v1::StartChildWorkflowExecutionCommandAttributes;

/// A child on the queue "children", or as the change says.
inline command_v1::Command child_command(const std::string& id = "c",
                                         const std::function<void(child_attributes&)>& change = {}) {
  auto command = make_command(enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_start_child_workflow_execution_command_attributes();
  attributes.set_workflow_id(id);
  attributes.mutable_workflow_type()->set_name("child");
  attributes.mutable_task_queue()->set_name("children");
  if (change) change(attributes);
  return command;
}

using activity_attributes = command_v1::ScheduleActivityTaskCommandAttributes;

/// An activity on the queue "activities", or as the change says.
inline command_v1::Command activity_command(const std::string& id,
                                            const std::function<void(activity_attributes&)>& change = {}) {
  auto command = make_command(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK);
  auto& attributes = *command.mutable_schedule_activity_task_command_attributes();
  attributes.set_activity_id(id);
  attributes.mutable_activity_type()->set_name("act");
  attributes.mutable_task_queue()->set_name("activities");
  attributes.mutable_start_to_close_timeout()->set_seconds(60);
  if (change) change(attributes);
  return command;
}

/// For activity_command(): another queue.
inline auto on_queue(const std::string& name) {
  return [name](activity_attributes& attributes) { attributes.mutable_task_queue()->set_name(name); };
}

/// A server with clients and workers that do what a test says, by requests alone.
struct scripted_worker : server_harness {
  using server_harness::server_harness;
  template <class Request>
  using change = std::function<void(Request&)>;

  static service::StartWorkflowExecutionRequest starting(const std::string& id) {
    service::StartWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.set_workflow_id(id);
    request.mutable_workflow_type()->set_name("type");
    request.mutable_task_queue()->set_name("queue");
    request.set_identity("client");
    request.set_request_id("start of " + id);
    return request;
  }
  /// Starts a workflow on the queue "queue"; returns its run id.
  std::string start(const std::string& id, const change<service::StartWorkflowExecutionRequest>& with = {}) {
    auto request = starting(id);
    if (with) with(request);
    return ask<service::StartWorkflowExecutionResponse>(request).run_id();
  }

  static service::PollWorkflowTaskQueueRequest poll_request(const std::string& queue, bool sticky) {
    service::PollWorkflowTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name(queue);
    request.set_identity("worker");
    if (sticky) {
      request.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_STICKY);
      request.mutable_task_queue()->set_normal_name("queue");
    } else {
      request.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
    }
    return request;
  }
  pending<poll_response> begin_poll(const std::string& queue = "queue", bool sticky = false) {
    return begin<poll_response>(poll_request(queue, sticky));
  }
  /// For tasks that wait already.
  poll_response poll(const std::string& queue = "queue", bool sticky = false) {
    return begin_poll(queue, sticky).get();
  }
  /// No task waits.
  bool idle(const std::string& queue = "queue", bool sticky = false) {
    const auto poll = begin_poll(queue, sticky);
    if (poll.done()) return false;
    poll.call->go_away();
    run_ready();
    return true;
  }

  static complete_request completion(const poll_response& task, const commands& with) {
    complete_request request;
    request.set_namespace_("default");
    request.set_task_token(task.task_token());
    request.set_identity("worker");
    for (const auto& each : with) *request.add_commands() = each;
    return request;
  }
  complete_response complete(const poll_response& task, const commands& with = {},
                             const change<complete_request>& also = {}) {
    auto request = completion(task, with);
    if (also) also(request);
    return ask<complete_response>(request);
  }
  rpc_status refuse(const poll_response& task, const commands& with, const change<complete_request>& also = {}) {
    auto request = completion(task, with);
    if (also) also(request);
    return refused<complete_response>(request);
  }
  static void be_sticky(complete_request& request) {
    request.mutable_sticky_attributes()->mutable_worker_task_queue()->set_name("sticky");
    request.mutable_sticky_attributes()->mutable_worker_task_queue()->set_kind(enums::TASK_QUEUE_KIND_STICKY);
    request.mutable_sticky_attributes()->mutable_schedule_to_start_timeout()->set_seconds(5);
  }

  static service::RespondWorkflowTaskFailedRequest failing(const poll_response& task) {
    service::RespondWorkflowTaskFailedRequest request;
    request.set_namespace_("default");
    request.set_task_token(task.task_token());
    request.set_identity("worker");
    request.set_cause(enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
    request.mutable_failure()->set_message("bad replay");
    return request;
  }
  void fail(const poll_response& task) { ask<service::RespondWorkflowTaskFailedResponse>(failing(task)); }

  static service::SignalWorkflowExecutionRequest signaling(const std::string& id, const std::string& name = "signal") {
    service::SignalWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_workflow_execution()->set_workflow_id(id);
    request.set_signal_name(name);
    return request;
  }
  void signal(const std::string& id, const std::string& name = "signal") {
    ask<service::SignalWorkflowExecutionResponse>(signaling(id, name));
  }
  void terminate(const std::string& id) {
    service::TerminateWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_workflow_execution()->set_workflow_id(id);
    request.set_reason("enough");
    request.set_identity("client");
    ask<service::TerminateWorkflowExecutionResponse>(request);
  }
  pending<service::UpdateWorkflowExecutionResponse> begin_update(const std::string& id, const std::string& update_id) {
    service::UpdateWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_workflow_execution()->set_workflow_id(id);
    request.mutable_wait_policy()->set_lifecycle_stage(enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
    request.mutable_request()->mutable_meta()->set_update_id(update_id);
    request.mutable_request()->mutable_input()->set_name("update");
    return begin<service::UpdateWorkflowExecutionResponse>(request);
  }
  service::DescribeWorkflowExecutionResponse describe(const std::string& id, const std::string& run_id = {}) {
    service::DescribeWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id(id);
    request.mutable_execution()->set_run_id(run_id);
    return ask<service::DescribeWorkflowExecutionResponse>(request);
  }

  history::HistoryEvent last_event(const std::string& id, const std::string& run_id = {}) {
    const auto all = events(id, run_id);
    return all.empty() ? history::HistoryEvent() : all.back();
  }
  /// As event_types(), from the event of this id on.
  std::string types_from(const std::string& id, std::int64_t first, const std::string& run_id = {}) {
    std::string names;
    for (const auto& event : events(id, run_id)) {
      if (event.event_id() >= first) names += (names.empty() ? "" : " ") + name_of(event.event_type());
    }
    return names;
  }
};

}  // namespace rondo::test
