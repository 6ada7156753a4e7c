#pragma once
#include <google/protobuf/map.h>
#include <google/protobuf/timestamp.pb.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <optional>
#include <string>

#include "rondo/client/description.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/versioning_override.hpp"

// Descriptions of workflows, read from the wire.
namespace rondo::detail::calls {

namespace service = temporal::api::workflowservice::v1;
namespace wire = temporal::api::workflow::v1;
namespace enums = temporal::api::enums::v1;

workflow_status status_of(enums::WorkflowExecutionStatus status);

pending_activity_state state_of(enums::PendingActivityState state);

inline std::optional<server_time> time_if(bool present, const google::protobuf::Timestamp& from) {
  if (!present) return std::nullopt;
  return engine::time_of(from);
}

inline std::optional<workflow_execution> execution_if(bool present,
                                                      const temporal::api::common::v1::WorkflowExecution& from) {
  if (!present || from.workflow_id().empty()) return std::nullopt;
  return workflow_execution{.workflow_id = from.workflow_id(), .run_id = from.run_id()};
}

inline payload_map map_of(const google::protobuf::Map<std::string, engine::Payload>& from) {
  payload_map map;
  for (const auto& [name, value] : from) engine::copy_payload(value, map[name]);
  return map;
}

/// What an attempt failed with, for all that tell of it alike.
template <class Description>
void read_failure(bool present, const engine::Failure& from, const failure_converter* by, Description& to) {
  if (!present) return;
  to.last_failure = engine::exception_of(from, by);
  to.last_failure_message = engine::message_of(to.last_failure);
}

inline worker_deployment_version version_of(const temporal::api::deployment::v1::WorkerDeploymentVersion& from) {
  return {.deployment_name = from.deployment_name(), .build_id = from.build_id()};
}

template <class Description>
void read_priority(const temporal::api::common::v1::Priority& from, Description& to) {
  to.priority_key = from.priority_key();
  to.fairness_key = from.fairness_key();
  to.fairness_weight = from.fairness_weight();
}

/// The text that a payload holds; empty when it holds none, for it is only for people.
std::string text_of(const engine::Payload& from);

void read_summary(const wire::WorkflowExecutionInfo& from, workflow_summary& to);

void read_pending_activity(const wire::PendingActivityInfo& from, const failure_converter* by, pending_activity& to);

void read_override(const wire::VersioningOverride& from, versioning_override::kind_type& kind,
                   worker_deployment_version& version);

versioning_behavior behavior_of(enums::VersioningBehavior behavior);

void read_versioning(const wire::WorkflowExecutionVersioningInfo& from, workflow_versioning& to);

pending_nexus_operation_state state_of(enums::PendingNexusOperationState state);

nexus_operation_cancellation_state state_of(enums::NexusOperationCancellationState state);

/// Of operations that workflows call, and of those that none does.
template <class Message>
nexus_operation_cancellation cancellation_of(const Message& from, const failure_converter* by) {
  nexus_operation_cancellation to;
  to.state = state_of(from.state());
  to.requested_time = time_if(from.has_requested_time(), from.requested_time());
  to.last_attempt_complete_time = time_if(from.has_last_attempt_complete_time(), from.last_attempt_complete_time());
  to.next_attempt_time = time_if(from.has_next_attempt_schedule_time(), from.next_attempt_schedule_time());
  to.attempt = from.attempt();
  if constexpr (requires { from.reason(); }) to.reason = from.reason();
  read_failure(from.has_last_attempt_failure(), from.last_attempt_failure(), by, to);
  to.blocked_reason = from.blocked_reason();
  return to;
}

void read_callback(const wire::CallbackInfo& from, const failure_converter* by, workflow_callback& to);

void read_pending_nexus(const wire::PendingNexusOperationInfo& from, const failure_converter* by,
                        pending_nexus_operation& to);

/// `by` says what failures are thrown as; may be null.
workflow_description description_of(service::DescribeWorkflowExecutionResponse response, const failure_converter* by);

/// Counts of all kinds are alike.
template <class Response>
workflow_count count_of(const Response& from) {
  workflow_count to;
  to.total = from.count();
  for (const auto& each : from.groups()) {
    auto& group = to.groups.emplace_back();
    group.count = each.count();
    for (const auto& value : each.group_values()) engine::copy_payload(value, group.values.emplace_back());
  }
  return to;
}

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/describe.hpp"
#endif
