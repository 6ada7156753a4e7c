#pragma once
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/event_type.pb.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/update/v1/message.pb.h>

#include <array>
#include <string>
#include <string_view>

#include "tools/enum_text.hpp"
#include "tools/failure_text.hpp"
#include "tools/payload_text.hpp"
#include "tools/time_text.hpp"

// Events of a history for people.
namespace rondo::tools {

using temporal::api::history::v1::HistoryEvent;

/// "WorkflowExecutionStarted"
inline std::string event_type_text(const HistoryEvent& event) {
  return words_of(temporal::api::enums::v1::EventType_Name(event.event_type()), "EVENT_TYPE_");
}

/// A field of an event that tells what happened, and the word that introduces it.
struct telling_field {
  std::string_view name, word;
};

/// In the order in which they are shown.
inline constexpr std::array<telling_field, 24> telling_fields = {{
    {"workflow_type", ""},
    {"activity_type", ""},
    {"signal_name", ""},
    {"marker_name", ""},
    {"service", ""},
    {"operation", ""},
    {"accepted_request", "update"},
    {"rejected_request", "update"},
    {"activity_id", "id"},
    {"timer_id", "id"},
    {"workflow_id", "id"},
    {"workflow_execution", "id"},
    {"start_to_fire_timeout", "after"},
    {"attempt", "attempt"},
    {"cause", "cause"},
    {"reason", "reason"},
    {"input", "input"},
    {"result", "result"},
    {"outcome", ""},
    {"details", "details"},
    {"search_attributes", ""},
    {"failure", "failure"},
    {"last_failure", "last failure"},
    {"new_execution_run_id", "next run"},
}};

/// The text of a message that stands in a telling field; empty for one of no known type.
inline std::string telling_message(const google::protobuf::Message& message) {
  namespace common = temporal::api::common::v1;
  namespace update = temporal::api::update::v1;
  if (const auto* type = dynamic_cast<const common::WorkflowType*>(&message)) return type->name();
  if (const auto* type = dynamic_cast<const common::ActivityType*>(&message)) return type->name();
  if (const auto* run = dynamic_cast<const common::WorkflowExecution*>(&message)) return run->workflow_id();
  if (const auto* values = dynamic_cast<const common::Payloads*>(&message)) return payloads_text(*values);
  if (const auto* value = dynamic_cast<const common::Payload*>(&message)) return payload_text(*value);
  if (const auto* failed = dynamic_cast<const Failure*>(&message)) return failure_chain(*failed);
  if (const auto* time = dynamic_cast<const google::protobuf::Duration*>(&message)) return text_of(*time);
  if (const auto* request = dynamic_cast<const update::Request*>(&message)) return request->input().name();
  if (const auto* found = dynamic_cast<const common::SearchAttributes*>(&message)) {
    return payload_map_text(found->indexed_fields());
  }
  if (const auto* outcome = dynamic_cast<const update::Outcome*>(&message)) {
    return outcome->has_failure() ? "failure " + failure_chain(outcome->failure())
                                  : "result " + payloads_text(outcome->success());
  }
  return {};
}

/// The value of a telling field; empty when it is unset or says nothing.
inline std::string telling_value(const google::protobuf::Message& of, const google::protobuf::FieldDescriptor& field) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *of.GetReflection();
  if (field.is_repeated()) return {};
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(of, &field);
    case FieldDescriptor::CPPTYPE_INT32: {
      const int number = reflection.GetInt32(of, &field);
      return number > 1 ? std::to_string(number) : std::string();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value = reflection.GetEnum(of, &field);
      if (value->number() == 0) return {};
      const std::string& name = value->name();
      const std::size_t prefix = name.find("_CAUSE_");
      return words_of(prefix == name.npos ? name : name.substr(prefix + 7), "");
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return reflection.HasField(of, &field) ? telling_message(reflection.GetMessage(of, &field)) : std::string();
    default:
      return {};
  }
}

/// What the event's type leaves open, in one line: "charge, id 5, input {"cents":1200}".
inline std::string event_details(const HistoryEvent& event) {
  const auto* group = event.GetDescriptor()->FindOneofByName("attributes");
  const auto* set = event.GetReflection()->GetOneofFieldDescriptor(event, group);
  if (!set) return {};
  const auto& attributes = event.GetReflection()->GetMessage(event, set);
  std::string text;
  for (const auto& each : telling_fields) {
    const auto* field = attributes.GetDescriptor()->FindFieldByName(std::string(each.name));
    if (!field) continue;
    const std::string value = telling_value(attributes, *field);
    if (value.empty()) continue;
    if (!text.empty()) text += ", ";
    if (!each.word.empty()) text.append(each.word).append(" ");
    text += value;
  }
  return text;
}

}  // namespace rondo::tools
