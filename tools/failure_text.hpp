#pragma once
#include <temporal/api/failure/v1/message.pb.h>

#include <string>
#include <vector>

#include "tools/enum_text.hpp"
#include "tools/payload_text.hpp"

// Failures for people.
namespace rondo::tools {

using temporal::api::failure::v1::Failure;

/// What kind of failure it is and which thing failed; empty when the message says all there is.
inline std::string failure_kind(const Failure& failure) {
  switch (failure.failure_info_case()) {
    case Failure::kApplicationFailureInfo: {
      const auto& info = failure.application_failure_info();
      std::string text = info.type().empty() ? "" : "type " + info.type();
      if (info.non_retryable()) text += text.empty() ? "not retryable" : ", not retryable";
      if (info.details().payloads_size() > 0) {
        text += (text.empty() ? "details " : ", details ") + payloads_text(info.details());
      }
      return text;
    }
    case Failure::kTimeoutFailureInfo:
      return "timeout " +
             words_of(temporal::api::enums::v1::TimeoutType_Name(failure.timeout_failure_info().timeout_type()),
                      "TIMEOUT_TYPE_");
    case Failure::kCanceledFailureInfo:
      return "cancelled";
    case Failure::kTerminatedFailureInfo:
      return "terminated";
    case Failure::kServerFailureInfo:
      return "server failure";
    case Failure::kActivityFailureInfo:
      return "activity " + failure.activity_failure_info().activity_type().name() + ", id " +
             failure.activity_failure_info().activity_id();
    case Failure::kChildWorkflowExecutionFailureInfo:
      return "child workflow " + failure.child_workflow_execution_failure_info().workflow_type().name() + ", id " +
             failure.child_workflow_execution_failure_info().workflow_execution().workflow_id();
    case Failure::kNexusOperationExecutionFailureInfo:
      return "Nexus operation " + failure.nexus_operation_execution_failure_info().service() + "." +
             failure.nexus_operation_execution_failure_info().operation();
    case Failure::kNexusHandlerFailureInfo:
      return "Nexus handler, " + failure.nexus_handler_failure_info().type();
    default:
      return {};
  }
}

/// The failure without its causes: "card declined (type Payment, not retryable)".
inline std::string failure_line(const Failure& failure) {
  const std::string kind = failure_kind(failure);
  if (failure.message().empty()) return kind.empty() ? "failure without a message" : kind;
  return kind.empty() ? failure.message() : failure.message() + " (" + kind + ")";
}

/// The failure and its causes, one a line.
inline std::vector<std::string> failure_lines(const Failure& failure) {
  std::vector<std::string> lines{failure_line(failure)};
  for (const Failure* cause = &failure; cause->has_cause();) {
    cause = &cause->cause();
    lines.push_back("caused by: " + failure_line(*cause));
  }
  return lines;
}

/// The failure and its causes in one line.
inline std::string failure_chain(const Failure& failure) {
  std::string text;
  for (const auto& line : failure_lines(failure)) text += (text.empty() ? "" : "; ") + line;
  return text;
}

}  // namespace rondo::tools
