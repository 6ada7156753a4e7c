#pragma once

#include "rondo/server/commands.hpp"

#include <string>
#include <utility>

#include "rondo/server/core.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/payload_fields.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/updates.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace command_v1 = temporal::api::command::v1;
namespace common_v1 = temporal::api::common::v1;

namespace detail_commands {

/// How a kind of command is checked and applied; without functions: the kind is unknown.
struct handlers {
  void (*check)(completion&, const command_v1::Command&) = nullptr;
  void (*apply)(completion&, const command_v1::Command&) = nullptr;
};

inline handlers handlers_of(enums::CommandType type) noexcept {
  switch (type) {
    case enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:
      return {check_schedule_activity, apply_schedule_activity};
    case enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
      return {check_cancel_activity, apply_cancel_activity};
    case enums::COMMAND_TYPE_START_TIMER:
      return {check_start_timer, apply_start_timer};
    case enums::COMMAND_TYPE_CANCEL_TIMER:
      return {check_cancel_timer, apply_cancel_timer};
    case enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION:
      return {check_start_child, apply_start_child};
    case enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION:
      return {check_signal_external, apply_signal_external};
    case enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION:
      return {check_cancel_external, apply_cancel_external};
    case enums::COMMAND_TYPE_PROTOCOL_MESSAGE:
      return {check_protocol_message, apply_protocol_message};
    case enums::COMMAND_TYPE_RECORD_MARKER:
    case enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
    case enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES:
      return {check_note, apply_note};
    default:
      return closes_run(type) ? handlers{check_close, apply_close} : handlers{};
  }
}

inline std::string name_of(enums::CommandType type) {
  const std::string& name = enums::CommandType_Name(type);
  return name.empty() ? std::to_string(static_cast<int>(type)) : spell(name, "COMMAND_TYPE_");
}

/// Refuses commands that nobody knows, and any that follow one that closes the run.
inline void check_sequence(const completion& by) {
  const command_v1::Command* closing = nullptr;
  for (const auto& command : by.request.commands()) {
    if (closing != nullptr) {
      std::string all;
      for (const auto& each : by.request.commands()) all += (all.empty() ? "" : ", ") + name_of(each.command_type());
      throw refusal(rpc_code::invalid_argument, "invalid command sequence: [" + all + "], command " +
                                                    name_of(closing->command_type()) + " must be the last command.");
    }
    if (handlers_of(command.command_type()).check == nullptr) {
      throw refusal(rpc_code::invalid_argument, "unknown command type: " + name_of(command.command_type()));
    }
    if (closes_run(command.command_type())) closing = &command;
  }
}

inline std::size_t size_of(const payload_fields& fields) {
  std::size_t size = 0;
  for (const auto& [key, payload] : fields) size += key.size() + payload.data().size();
  return size;
}

inline void check_marker(completion& by, const command_v1::Command& command) {
  constexpr auto cause = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES;
  if (!command.has_record_marker_command_attributes()) {
    throw bad_completion(cause, "RecordMarkerCommandAttributes is not set on RecordMarkerCommand.");
  }
  const auto& marker = command.record_marker_command_attributes();
  const auto& limit = by.of.owner->limit();
  const std::string& name = marker.marker_name();
  if (name.empty()) throw bad_completion(cause, "MarkerName is not set on RecordMarkerCommand.");
  if (name.size() > limit.id_length) {
    throw bad_completion(cause, "MarkerName on RecordMarkerCommand exceeds length limit. MarkerName=" + name +
                                    " Length=" + std::to_string(name.size()) +
                                    " Limit=" + std::to_string(limit.id_length));
  }
  std::size_t size = 0;
  for (const auto& [key, payloads] : marker.details()) size += key.size() + payloads.ByteSizeLong();
  if (size > limit.blob_size) {
    throw bad_completion(cause, "RecordMarkerCommandAttributes.Details exceeds size limit.", true);
  }
}

inline void check_attributes(completion& by, const command_v1::Command& command) {
  constexpr auto cause = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES;
  const std::string where = " is not set on UpsertWorkflowSearchAttributesCommand.";
  if (!command.has_upsert_workflow_search_attributes_command_attributes()) {
    throw bad_completion(cause, "UpsertWorkflowSearchAttributesCommandAttributes" + where);
  }
  const auto& wanted = command.upsert_workflow_search_attributes_command_attributes();
  if (!wanted.has_search_attributes()) throw bad_completion(cause, "SearchAttributes" + where);
  if (wanted.search_attributes().indexed_fields().empty()) throw bad_completion(cause, "IndexedFields" + where);
  core& in = *by.of.owner;
  if (size_of(wanted.search_attributes().indexed_fields()) > in.limit().blob_size) {
    throw bad_completion(cause, "UpsertWorkflowSearchAttributesCommandAttributes exceeds size limit.", true);
  }
  auto changes = wanted.search_attributes();
  auto merged = by.of.state.search_attributes();
  refuse_as(cause, "", [&] { in.namespaces().check_attributes(*by.of.space, changes); });
  merge_fields(*merged.mutable_indexed_fields(), changes.indexed_fields());
  refuse_as(
      cause, "", [&] { in.namespaces().check_attribute_sizes(merged); }, true);
}

inline void check_properties(completion& by, const command_v1::Command& command) {
  constexpr auto cause = enums::WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES;
  const std::string where = " is not set on ModifyWorkflowPropertiesCommand.";
  if (!command.has_modify_workflow_properties_command_attributes()) {
    throw bad_completion(cause, "ModifyWorkflowPropertiesCommandAttributes" + where);
  }
  const auto& wanted = command.modify_workflow_properties_command_attributes();
  if (!wanted.has_upserted_memo()) throw bad_completion(cause, "UpsertedMemo" + where);
  if (wanted.upserted_memo().fields().empty()) throw bad_completion(cause, "UpsertedMemo.Fields" + where);
  const auto& limit = by.of.owner->limit();
  if (size_of(wanted.upserted_memo().fields()) > limit.blob_size) {
    throw bad_completion(cause, "ModifyWorkflowPropertiesCommandAttributes exceeds size limit.", true);
  }
  auto merged = by.of.state.memo();
  merge_fields(*merged.mutable_fields(), wanted.upserted_memo().fields());
  if (merged.ByteSizeLong() > limit.memo_size) {
    throw bad_completion(cause, "ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit.", true);
  }
}

inline history_event marker_event(completion& by, const command_v1::Command& command) {
  const auto& wanted = command.record_marker_command_attributes();
  history_event event = command_event(by.of, enums::EVENT_TYPE_MARKER_RECORDED, command);
  auto& attributes = *event.mutable_marker_recorded_event_attributes();
  attributes.set_marker_name(wanted.marker_name());
  *attributes.mutable_details() = wanted.details();
  if (wanted.has_header()) *attributes.mutable_header() = wanted.header();
  if (wanted.has_failure()) *attributes.mutable_failure() = wanted.failure();
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  return event;
}

inline history_event attributes_event(completion& by, const command_v1::Command& command) {
  run& of = by.of;
  auto changes = command.upsert_workflow_search_attributes_command_attributes().search_attributes();
  of.owner->namespaces().check_attributes(*of.space, changes);
  merge_fields(*of.state.mutable_search_attributes()->mutable_indexed_fields(), changes.indexed_fields());
  of.visible_changed = true;
  history_event event = command_event(of, enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, command);
  auto& attributes = *event.mutable_upsert_workflow_search_attributes_event_attributes();
  *attributes.mutable_search_attributes() = std::move(changes);
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  return event;
}

inline history_event properties_event(completion& by, const command_v1::Command& command) {
  run& of = by.of;
  const auto& changes = command.modify_workflow_properties_command_attributes().upserted_memo();
  merge_fields(*of.state.mutable_memo()->mutable_fields(), changes.fields());
  of.visible_changed = true;
  history_event event = command_event(of, enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED, command);
  auto& attributes = *event.mutable_workflow_properties_modified_event_attributes();
  *attributes.mutable_upserted_memo() = changes;
  attributes.set_workflow_task_completed_event_id(by.completed_event_id);
  return event;
}

}  // namespace detail_commands

RONDO_SERVER_FUNCTION bool closes_run(enums::CommandType type) noexcept {
  return type == enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION ||
         type == enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION || type == enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION ||
         type == enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION;
}

RONDO_SERVER_FUNCTION history_event command_event(const run& of, enums::EventType type,
                                                  const command_v1::Command& command) {
  history_event event = make_event(*of.owner, type);
  if (command.has_user_metadata()) *event.mutable_user_metadata() = command.user_metadata();
  *event.mutable_event_group_markers() = command.event_group_markers();
  return event;
}

RONDO_SERVER_FUNCTION void check_note(completion& by, const command_v1::Command& command) {
  switch (command.command_type()) {
    case enums::COMMAND_TYPE_RECORD_MARKER:
      return detail_commands::check_marker(by, command);
    case enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
      return detail_commands::check_attributes(by, command);
    default:
      return detail_commands::check_properties(by, command);
  }
}

RONDO_SERVER_FUNCTION void apply_note(completion& by, const command_v1::Command& command) {
  switch (command.command_type()) {
    case enums::COMMAND_TYPE_RECORD_MARKER:
      append(by.of, detail_commands::marker_event(by, command));
      return;
    case enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
      append(by.of, detail_commands::attributes_event(by, command));
      return;
    default:
      append(by.of, detail_commands::properties_event(by, command));
  }
}

RONDO_SERVER_FUNCTION void check_commands(completion& by) {
  detail_commands::check_sequence(by);
  for (const auto& command : by.request.commands()) {
    detail_commands::handlers_of(command.command_type()).check(by, command);
  }
  check_messages(by);
}

RONDO_SERVER_FUNCTION void apply_commands(completion& by) {
  for (const auto& command : by.request.commands()) {
    if (by.closed) return;
    detail_commands::handlers_of(command.command_type()).apply(by, command);
  }
}

}  // namespace rondo::server
