#pragma once
#include <google/protobuf/map.h>
#include <google/protobuf/timestamp.pb.h>
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <optional>
#include <string>

#include "rondo/client/description.hpp"
#include "rondo/deployment_version.hpp"
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

/// The text that a payload holds; empty when it holds none, for it is only for people.
std::string text_of(const engine::Payload& from);

void read_summary(const wire::WorkflowExecutionInfo& from, workflow_summary& to);

void read_pending_activity(const wire::PendingActivityInfo& from, pending_activity& to);

void read_override(const wire::VersioningOverride& from, versioning_override::kind_type& kind,
                   worker_deployment_version& version);

versioning_behavior behavior_of(enums::VersioningBehavior behavior);

void read_versioning(const wire::WorkflowExecutionVersioningInfo& from, workflow_versioning& to);

void read_pending_nexus(const wire::PendingNexusOperationInfo& from, pending_nexus_operation& to);

workflow_description description_of(const service::DescribeWorkflowExecutionResponse& from);

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
