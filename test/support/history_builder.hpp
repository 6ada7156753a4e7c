#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <temporal/api/protocol/v1/message.pb.h>
#include <temporal/api/update/v1/message.pb.h>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo::test {

namespace engine = rondo::detail::engine;
namespace enums = engine::enums;
using engine::History;
using engine::HistoryEvent;

/// Writes histories the way a server does: ids in order, one second per event. Functions that begin something return
/// the id of their event.
class history_builder {
 public:
  using json_list = std::initializer_list<std::string_view>;

  /// An execution of `type` with JSON arguments.
  explicit history_builder(std::string_view type, json_list arguments = {}) {
    auto& attributes =
        *add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED).mutable_workflow_execution_started_event_attributes();
    attributes.mutable_workflow_type()->set_name(std::string(type));
    attributes.mutable_task_queue()->set_name("queue");
    attributes.set_workflow_id("workflow-1");
    attributes.set_original_execution_run_id("run-1");
    attributes.set_first_execution_run_id("run-1");
    attributes.set_attempt(1);
    write(arguments, *attributes.mutable_input());
  }

  HistoryEvent& add(enums::EventType type) {
    auto& event = *history_.add_events();
    event.set_event_id(history_.events_size());
    event.set_event_type(type);
    event.mutable_event_time()->set_seconds(1'000'000 + history_.events_size());
    return event;
  }
  HistoryEvent& at(std::int64_t id) { return *history_.mutable_events(static_cast<int>(id) - 1); }
  std::int64_t last_id() const { return history_.events_size(); }
  const History& history() const { return history_; }
  /// Id of the last event of a kind.
  std::int64_t last(enums::EventType type) const {
    auto id = last_id();
    while (id > 1 && history_.events(static_cast<int>(id) - 1).event_type() != type) --id;
    return id;
  }

  // Workflow tasks
  std::int64_t open_task() {
    add(enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
    const auto scheduled = last_id();
    add(enums::EVENT_TYPE_WORKFLOW_TASK_STARTED)
        .mutable_workflow_task_started_event_attributes()
        ->set_scheduled_event_id(scheduled);
    return last_id();
  }
  history_builder& complete_task(std::vector<std::uint32_t> flags = {1}) {
    const auto started = last_id();
    auto& attributes =
        *add(enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED).mutable_workflow_task_completed_event_attributes();
    attributes.set_scheduled_event_id(started - 1);
    attributes.set_started_event_id(started);
    for (const auto flag : flags) attributes.mutable_sdk_metadata()->add_lang_used_flags(flag);
    return *this;
  }
  history_builder& task() {
    open_task();
    return complete_task();
  }
  history_builder& failed_task(
      enums::WorkflowTaskFailedCause cause = enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
      std::string_view new_run_id = {}) {
    const auto started = open_task();
    auto& attributes = *add(enums::EVENT_TYPE_WORKFLOW_TASK_FAILED).mutable_workflow_task_failed_event_attributes();
    attributes.set_started_event_id(started);
    attributes.set_cause(cause);
    attributes.set_new_run_id(std::string(new_run_id));
    return *this;
  }
  history_builder& timed_out_task() {
    const auto started = open_task();
    add(enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
        .mutable_workflow_task_timed_out_event_attributes()
        ->set_started_event_id(started);
    return *this;
  }

  // Activities
  std::int64_t activity_scheduled(std::string_view id, std::string_view type) {
    auto& attributes =
        *add(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED).mutable_activity_task_scheduled_event_attributes();
    attributes.set_activity_id(std::string(id));
    attributes.mutable_activity_type()->set_name(std::string(type));
    return last_id();
  }
  history_builder& activity_started(std::int64_t scheduled) {
    add(enums::EVENT_TYPE_ACTIVITY_TASK_STARTED)
        .mutable_activity_task_started_event_attributes()
        ->set_scheduled_event_id(scheduled);
    return *this;
  }
  history_builder& activity_completed(std::int64_t scheduled, std::string_view json) {
    auto& attributes =
        *add(enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED).mutable_activity_task_completed_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    write({json}, *attributes.mutable_result());
    return *this;
  }
  history_builder& activity_failed(std::int64_t scheduled, std::string_view message, std::string_view type = "") {
    auto& attributes = *add(enums::EVENT_TYPE_ACTIVITY_TASK_FAILED).mutable_activity_task_failed_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    attributes.mutable_failure()->set_message(std::string(message));
    attributes.mutable_failure()->mutable_application_failure_info()->set_type(std::string(type));
    return *this;
  }
  history_builder& activity_timed_out(std::int64_t scheduled) {
    auto& attributes =
        *add(enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT).mutable_activity_task_timed_out_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    attributes.mutable_failure()->set_message("too slow");
    attributes.mutable_failure()->mutable_timeout_failure_info()->set_timeout_type(enums::TIMEOUT_TYPE_START_TO_CLOSE);
    return *this;
  }
  history_builder& activity_cancel_requested(std::int64_t scheduled) {
    add(enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
        .mutable_activity_task_cancel_requested_event_attributes()
        ->set_scheduled_event_id(scheduled);
    return *this;
  }
  history_builder& activity_cancelled(std::int64_t scheduled) {
    add(enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED)
        .mutable_activity_task_canceled_event_attributes()
        ->set_scheduled_event_id(scheduled);
    return *this;
  }

  // Timers
  std::int64_t timer_started(std::string_view id) {
    add(enums::EVENT_TYPE_TIMER_STARTED).mutable_timer_started_event_attributes()->set_timer_id(std::string(id));
    return last_id();
  }
  history_builder& timer_fired(std::int64_t started) {
    auto& attributes = *add(enums::EVENT_TYPE_TIMER_FIRED).mutable_timer_fired_event_attributes();
    attributes.set_started_event_id(started);
    attributes.set_timer_id(at(started).timer_started_event_attributes().timer_id());
    return *this;
  }
  history_builder& timer_cancelled(std::int64_t started) {
    auto& attributes = *add(enums::EVENT_TYPE_TIMER_CANCELED).mutable_timer_canceled_event_attributes();
    attributes.set_started_event_id(started);
    attributes.set_timer_id(at(started).timer_started_event_attributes().timer_id());
    return *this;
  }

  // Children and other workflows
  std::int64_t child_initiated(std::string_view id, std::string_view type) {
    auto& attributes = *add(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED)
                            .mutable_start_child_workflow_execution_initiated_event_attributes();
    attributes.set_workflow_id(std::string(id));
    attributes.mutable_workflow_type()->set_name(std::string(type));
    return last_id();
  }
  history_builder& child_refused(std::int64_t initiated,
                                 enums::StartChildWorkflowExecutionFailedCause cause =
                                     enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS) {
    auto& attributes = *add(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED)
                            .mutable_start_child_workflow_execution_failed_event_attributes();
    attributes.set_initiated_event_id(initiated);
    attributes.set_cause(cause);
    return *this;
  }
  history_builder& child_started(std::int64_t initiated, std::string_view run_id = "child-run") {
    auto& attributes = *add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)
                            .mutable_child_workflow_execution_started_event_attributes();
    attributes.set_initiated_event_id(initiated);
    attributes.mutable_workflow_execution()->set_run_id(std::string(run_id));
    return *this;
  }
  history_builder& child_completed(std::int64_t initiated, std::string_view json) {
    auto& attributes = *add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED)
                            .mutable_child_workflow_execution_completed_event_attributes();
    attributes.set_initiated_event_id(initiated);
    write({json}, *attributes.mutable_result());
    return *this;
  }
  history_builder& child_failed(std::int64_t initiated, std::string_view message) {
    auto& attributes = *add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED)
                            .mutable_child_workflow_execution_failed_event_attributes();
    attributes.set_initiated_event_id(initiated);
    attributes.mutable_failure()->set_message(std::string(message));
    attributes.mutable_failure()->mutable_application_failure_info();
    return *this;
  }
  history_builder& child_cancelled(std::int64_t initiated) {
    add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED)
        .mutable_child_workflow_execution_canceled_event_attributes()
        ->set_initiated_event_id(initiated);
    return *this;
  }
  history_builder& child_timed_out(std::int64_t initiated) {
    add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT)
        .mutable_child_workflow_execution_timed_out_event_attributes()
        ->set_initiated_event_id(initiated);
    return *this;
  }
  history_builder& child_terminated(std::int64_t initiated) {
    add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED)
        .mutable_child_workflow_execution_terminated_event_attributes()
        ->set_initiated_event_id(initiated);
    return *this;
  }
  std::int64_t signal_initiated(std::string_view workflow, std::string_view name) {
    auto& attributes = *add(enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
                            .mutable_signal_external_workflow_execution_initiated_event_attributes();
    attributes.mutable_workflow_execution()->set_workflow_id(std::string(workflow));
    attributes.set_signal_name(std::string(name));
    return last_id();
  }
  history_builder& signal_delivered(std::int64_t initiated) {
    add(enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED)
        .mutable_external_workflow_execution_signaled_event_attributes()
        ->set_initiated_event_id(initiated);
    return *this;
  }
  history_builder& signal_failed(std::int64_t initiated,
                                 enums::SignalExternalWorkflowExecutionFailedCause cause =
                                     enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_UNSPECIFIED) {
    auto& attributes = *add(enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
                            .mutable_signal_external_workflow_execution_failed_event_attributes();
    attributes.set_initiated_event_id(initiated);
    attributes.set_cause(cause);
    return *this;
  }
  std::int64_t cancel_initiated(std::string_view workflow) {
    add(enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
        .mutable_request_cancel_external_workflow_execution_initiated_event_attributes()
        ->mutable_workflow_execution()
        ->set_workflow_id(std::string(workflow));
    return last_id();
  }
  history_builder& cancel_delivered(std::int64_t initiated) {
    add(enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
        .mutable_external_workflow_execution_cancel_requested_event_attributes()
        ->set_initiated_event_id(initiated);
    return *this;
  }
  history_builder& cancel_failed(std::int64_t initiated,
                                 enums::CancelExternalWorkflowExecutionFailedCause cause =
                                     enums::CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_UNSPECIFIED) {
    auto& attributes = *add(enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
                            .mutable_request_cancel_external_workflow_execution_failed_event_attributes();
    attributes.set_initiated_event_id(initiated);
    attributes.set_cause(cause);
    return *this;
  }

  // Nexus operations
  std::int64_t nexus_scheduled(std::string_view endpoint, std::string_view service, std::string_view operation) {
    auto& attributes =
        *add(enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED).mutable_nexus_operation_scheduled_event_attributes();
    attributes.set_endpoint(std::string(endpoint));
    attributes.set_service(std::string(service));
    attributes.set_operation(std::string(operation));
    return last_id();
  }
  history_builder& nexus_started(std::int64_t scheduled, std::string_view token = "token") {
    auto& attributes =
        *add(enums::EVENT_TYPE_NEXUS_OPERATION_STARTED).mutable_nexus_operation_started_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    attributes.set_operation_token(std::string(token));
    return *this;
  }
  history_builder& nexus_completed(std::int64_t scheduled, std::string_view json) {
    auto& attributes =
        *add(enums::EVENT_TYPE_NEXUS_OPERATION_COMPLETED).mutable_nexus_operation_completed_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    engine::Payloads values;
    write({json}, values);
    *attributes.mutable_result() = values.payloads(0);
    return *this;
  }
  history_builder& nexus_failed(std::int64_t scheduled, std::string_view message) {
    auto& attributes = *add(enums::EVENT_TYPE_NEXUS_OPERATION_FAILED).mutable_nexus_operation_failed_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    auto& cause = nexus_failure(scheduled, *attributes.mutable_failure());
    cause.set_message(std::string(message));
    cause.mutable_application_failure_info();
    return *this;
  }
  history_builder& nexus_timed_out(std::int64_t scheduled) {
    auto& attributes =
        *add(enums::EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT).mutable_nexus_operation_timed_out_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    auto& cause = nexus_failure(scheduled, *attributes.mutable_failure());
    cause.set_message("operation timed out");
    cause.mutable_timeout_failure_info()->set_timeout_type(enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
    return *this;
  }
  history_builder& nexus_cancelled(std::int64_t scheduled) {
    auto& attributes =
        *add(enums::EVENT_TYPE_NEXUS_OPERATION_CANCELED).mutable_nexus_operation_canceled_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    auto& cause = nexus_failure(scheduled, *attributes.mutable_failure());
    cause.set_message("operation cancelled");
    cause.mutable_canceled_failure_info();
    return *this;
  }
  std::int64_t nexus_cancel_requested(std::int64_t scheduled) {
    add(enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED)
        .mutable_nexus_operation_cancel_requested_event_attributes()
        ->set_scheduled_event_id(scheduled);
    return last_id();
  }
  history_builder& nexus_cancel_delivered(std::int64_t scheduled) {
    add(enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED)
        .mutable_nexus_operation_cancel_request_completed_event_attributes()
        ->set_scheduled_event_id(scheduled);
    return *this;
  }
  history_builder& nexus_cancel_failed(std::int64_t scheduled) {
    auto& attributes = *add(enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED)
                            .mutable_nexus_operation_cancel_request_failed_event_attributes();
    attributes.set_scheduled_event_id(scheduled);
    attributes.mutable_failure()->set_message("not now");
    attributes.mutable_failure()->mutable_nexus_handler_failure_info()->set_type("INTERNAL");
    return *this;
  }

  // From outside
  history_builder& signal(std::string_view name, json_list arguments = {}) {
    auto& attributes =
        *add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED).mutable_workflow_execution_signaled_event_attributes();
    attributes.set_signal_name(std::string(name));
    write(arguments, *attributes.mutable_input());
    return *this;
  }
  history_builder& cancel_requested(std::string_view cause = "") {
    add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
        .mutable_workflow_execution_cancel_requested_event_attributes()
        ->set_cause(std::string(cause));
    return *this;
  }
  history_builder& terminated() {
    add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED).mutable_workflow_execution_terminated_event_attributes();
    return *this;
  }

  // Updates
  history_builder& update_admitted(std::string_view id, std::string_view name, json_list arguments = {}) {
    auto& request = *add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED)
                         .mutable_workflow_execution_update_admitted_event_attributes()
                         ->mutable_request();
    write_request(id, name, arguments, request);
    return *this;
  }
  history_builder& update_accepted(std::string_view id, std::string_view name, json_list arguments,
                                   std::int64_t after_event) {
    auto& attributes = *add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED)
                            .mutable_workflow_execution_update_accepted_event_attributes();
    attributes.set_protocol_instance_id(std::string(id));
    attributes.set_accepted_request_message_id(std::string(id) + "/request");
    attributes.set_accepted_request_sequencing_event_id(after_event);
    write_request(id, name, arguments, *attributes.mutable_accepted_request());
    return *this;
  }
  history_builder& update_completed(std::string_view id) {
    add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
        .mutable_workflow_execution_update_completed_event_attributes()
        ->mutable_meta()
        ->set_update_id(std::string(id));
    return *this;
  }
  static void write_request(std::string_view id, std::string_view name, json_list arguments,
                            temporal::api::update::v1::Request& to) {
    to.mutable_meta()->set_update_id(std::string(id));
    to.mutable_input()->set_name(std::string(name));
    write(arguments, *to.mutable_input()->mutable_args());
  }

  // Patches
  history_builder& patch(std::string_view id, bool deprecated = false, bool with_upsert = true) {
    auto& attributes = *add(enums::EVENT_TYPE_MARKER_RECORDED).mutable_marker_recorded_event_attributes();
    attributes.set_marker_name("core_patch");
    const std::string json = R"({"id":")" + std::string(id) + R"(","deprecated":)" + (deprecated ? "true}" : "false}");
    write({json}, (*attributes.mutable_details())["patch-data"]);
    if (with_upsert) {
      auto& fields = *add(enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
                          .mutable_upsert_workflow_search_attributes_event_attributes()
                          ->mutable_search_attributes()
                          ->mutable_indexed_fields();
      fields["TemporalChangeVersion"].set_data("[]");
    }
    return *this;
  }

  // Ends
  history_builder& completed(std::string_view json) {
    write({json}, *add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
                       .mutable_workflow_execution_completed_event_attributes()
                       ->mutable_result());
    return *this;
  }
  history_builder& failed() {
    add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED).mutable_workflow_execution_failed_event_attributes();
    return *this;
  }
  history_builder& cancelled() {
    add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED).mutable_workflow_execution_canceled_event_attributes();
    return *this;
  }
  history_builder& continued_as_new(std::string_view type) {
    add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
        .mutable_workflow_execution_continued_as_new_event_attributes()
        ->mutable_workflow_type()
        ->set_name(std::string(type));
    return *this;
  }

  /// Completes the open task the way a server does, with an event for each command.
  history_builder& record(const engine::service::RespondWorkflowTaskCompletedRequest& completion) {
    complete_task({});
    at(last_id()).mutable_workflow_task_completed_event_attributes()->mutable_sdk_metadata()->CopyFrom(
        completion.sdk_metadata());
    for (const auto& command : completion.commands()) {
      if (command.command_type() != enums::COMMAND_TYPE_PROTOCOL_MESSAGE) {
        record(command);
        continue;
      }
      for (const auto& message : completion.messages()) {
        if (message.id() == command.protocol_message_command_attributes().message_id()) record(message);
      }
    }
    return *this;
  }

 private:
  /// Returns its cause.
  static temporal::api::failure::v1::Failure& nexus_failure(std::int64_t scheduled,
                                                            temporal::api::failure::v1::Failure& to) {
    to.set_message("nexus operation completed unsuccessfully");
    to.mutable_nexus_operation_execution_failure_info()->set_scheduled_event_id(scheduled);
    return *to.mutable_cause();
  }
  static void write(json_list values, engine::Payloads& to) {
    for (const auto value : values) {
      auto& added = *to.add_payloads();
      (*added.mutable_metadata())["encoding"] = "json/plain";
      added.set_data(std::string(value));
    }
  }
  void record(const engine::Command& command);
  void record(const temporal::api::protocol::v1::Message& message) {
    temporal::api::update::v1::Acceptance accepted;
    temporal::api::update::v1::Response response;
    if (message.body().UnpackTo(&accepted)) {
      auto& attributes = *add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED)
                              .mutable_workflow_execution_update_accepted_event_attributes();
      attributes.set_protocol_instance_id(message.protocol_instance_id());
      attributes.set_accepted_request_message_id(accepted.accepted_request_message_id());
      attributes.set_accepted_request_sequencing_event_id(accepted.accepted_request_sequencing_event_id());
      *attributes.mutable_accepted_request() = accepted.accepted_request();
    } else if (message.body().UnpackTo(&response)) {
      auto& attributes = *add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
                              .mutable_workflow_execution_update_completed_event_attributes();
      *attributes.mutable_meta() = response.meta();
      *attributes.mutable_outcome() = response.outcome();
    }
  }

  History history_;
};

inline void history_builder::record(const engine::Command& command) {
  switch (command.command_type()) {
    case enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: {
      const auto& from = command.schedule_activity_task_command_attributes();
      activity_scheduled(from.activity_id(), from.activity_type().name());
      break;
    }
    case enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
      activity_cancel_requested(command.request_cancel_activity_task_command_attributes().scheduled_event_id());
      break;
    case enums::COMMAND_TYPE_START_TIMER:
      timer_started(command.start_timer_command_attributes().timer_id());
      break;
    case enums::COMMAND_TYPE_CANCEL_TIMER:
      add(enums::EVENT_TYPE_TIMER_CANCELED)
          .mutable_timer_canceled_event_attributes()
          ->set_timer_id(command.cancel_timer_command_attributes().timer_id());
      break;
    case enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: {
      const auto& from = command.start_child_workflow_execution_command_attributes();
      child_initiated(from.workflow_id(), from.workflow_type().name());
      break;
    }
    case enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: {
      const auto& from = command.signal_external_workflow_execution_command_attributes();
      signal_initiated(from.execution().workflow_id(), from.signal_name());
      break;
    }
    case enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION:
      cancel_initiated(command.request_cancel_external_workflow_execution_command_attributes().workflow_id());
      break;
    case enums::COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION: {
      const auto& from = command.schedule_nexus_operation_command_attributes();
      nexus_scheduled(from.endpoint(), from.service(), from.operation());
      break;
    }
    case enums::COMMAND_TYPE_REQUEST_CANCEL_NEXUS_OPERATION:
      nexus_cancel_requested(command.request_cancel_nexus_operation_command_attributes().scheduled_event_id());
      break;
    case enums::COMMAND_TYPE_RECORD_MARKER: {
      const auto& from = command.record_marker_command_attributes();
      auto& attributes = *add(enums::EVENT_TYPE_MARKER_RECORDED).mutable_marker_recorded_event_attributes();
      attributes.set_marker_name(from.marker_name());
      *attributes.mutable_details() = from.details();
      if (from.has_failure()) *attributes.mutable_failure() = from.failure();
      break;
    }
    case enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
      *add(enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
           .mutable_upsert_workflow_search_attributes_event_attributes()
           ->mutable_search_attributes() =
          command.upsert_workflow_search_attributes_command_attributes().search_attributes();
      break;
    case enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES:
      *add(enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED)
           .mutable_workflow_properties_modified_event_attributes()
           ->mutable_upserted_memo() = command.modify_workflow_properties_command_attributes().upserted_memo();
      break;
    case enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
      add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED).mutable_workflow_execution_completed_event_attributes();
      break;
    case enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
      failed();
      break;
    case enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      cancelled();
      break;
    case enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
      continued_as_new(command.continue_as_new_workflow_execution_command_attributes().workflow_type().name());
      break;
    default:
      add(enums::EVENT_TYPE_UNSPECIFIED);
      break;
  }
}

}  // namespace rondo::test
