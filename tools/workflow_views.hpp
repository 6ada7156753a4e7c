#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/enum_text.hpp"
#include "tools/failure_text.hpp"
#include "tools/payload_text.hpp"
#include "tools/table.hpp"
#include "tools/time_text.hpp"

// Descriptions of workflows as text.
namespace rondo::tools {

namespace service = temporal::api::workflowservice::v1;

/// "Running"
inline std::string status_text(temporal::api::enums::v1::WorkflowExecutionStatus status) {
  return words_of(temporal::api::enums::v1::WorkflowExecutionStatus_Name(status), "WORKFLOW_EXECUTION_STATUS_");
}

inline table workflow_table() { return table({{"Status"}, {"WorkflowId"}, {"Type"}, {"StartTime"}}); }

inline std::vector<std::string> workflow_row(const temporal::api::workflow::v1::WorkflowExecutionInfo& info,
                                             const time_writer& times) {
  return {status_text(info.status()), info.execution().workflow_id(), info.type().name(),
          times.text(info.start_time())};
}

/// Lines under a heading.
inline std::string section(std::string_view heading, std::string_view body) {
  return std::string(heading) + "\n" + std::string(body);
}

/// Empty for 0.
inline std::string number_text(std::int64_t number) { return number == 0 ? std::string() : std::to_string(number); }

inline std::string execution_text(const service::DescribeWorkflowExecutionResponse& of, std::string_view name_space,
                                  const time_writer& times) {
  const auto& info = of.workflow_execution_info();
  const auto& config = of.execution_config();
  property_list list;
  list.add("WorkflowId", info.execution().workflow_id());
  list.add("RunId", info.execution().run_id());
  list.add("Type", info.type().name());
  list.add("Namespace", name_space);
  list.add("TaskQueue", info.task_queue());
  list.add("Status", status_text(info.status()));
  list.add("StartTime", times.text(info.start_time()));
  list.add("ExecutionTime", times.text(info.execution_time()));
  list.add("CloseTime", times.text(info.close_time()));
  if (info.has_execution_duration()) list.add("ExecutionDuration", text_of(info.execution_duration()));
  const auto timeout = [&](const char* name, const google::protobuf::Duration& value) {
    if (value.seconds() != 0 || value.nanos() != 0) list.add(name, text_of(value));
  };
  timeout("ExecutionTimeout", config.workflow_execution_timeout());
  timeout("RunTimeout", config.workflow_run_timeout());
  timeout("TaskTimeout", config.default_workflow_task_timeout());
  list.add("ParentWorkflowId", info.parent_execution().workflow_id());
  list.add("ParentRunId", info.parent_execution().run_id());
  list.add("RootWorkflowId", info.root_execution().workflow_id());
  list.add("RootRunId", info.root_execution().run_id());
  list.add("FirstRunId", info.first_run_id());
  list.add("Memo", payload_map_text(info.memo().fields()));
  list.add("SearchAttributes", payload_map_text(info.search_attributes().indexed_fields()));
  list.add("StateTransitionCount", number_text(info.state_transition_count()));
  list.add("HistoryLength", number_text(info.history_length()));
  list.add("HistorySize", number_text(info.history_size_bytes()));
  const auto& version = info.versioning_info().deployment_version();
  if (!version.build_id().empty()) list.add("DeploymentVersion", version.deployment_name() + ":" + version.build_id());
  return list.text();
}

inline std::string extended_text(const temporal::api::workflow::v1::WorkflowExecutionExtendedInfo& info,
                                 const time_writer& times) {
  property_list list;
  list.add("CancelRequested", info.cancel_requested() ? "true" : "false");
  list.add("ExecutionExpirationTime", times.text(info.execution_expiration_time()));
  list.add("RunExpirationTime", times.text(info.run_expiration_time()));
  list.add("OriginalStartTime", times.text(info.original_start_time()));
  list.add("LastResetTime", times.text(info.last_reset_time()));
  list.add("ResetRunId", info.reset_run_id());
  return list.text();
}

inline std::string pending_task_text(const temporal::api::workflow::v1::PendingWorkflowTaskInfo& task,
                                     const time_writer& times) {
  property_list list;
  list.add("State", words_of(temporal::api::enums::v1::PendingWorkflowTaskState_Name(task.state()),
                             "PENDING_WORKFLOW_TASK_STATE_"));
  list.add("Attempt", number_text(task.attempt()));
  list.add("ScheduledTime", times.text(task.scheduled_time()));
  list.add("StartedTime", times.text(task.started_time()));
  return list.text();
}

inline std::string pending_activity_text(const temporal::api::workflow::v1::PendingActivityInfo& activity,
                                         const time_writer& times) {
  property_list list;
  list.add("ActivityId", activity.activity_id());
  list.add("Type", activity.activity_type().name());
  list.add("State", activity.paused() ? "Paused"
                                      : words_of(temporal::api::enums::v1::PendingActivityState_Name(activity.state()),
                                                 "PENDING_ACTIVITY_STATE_"));
  std::string attempt = number_text(activity.attempt());
  if (activity.maximum_attempts() > 0) attempt += " of " + std::to_string(activity.maximum_attempts());
  list.add("Attempt", attempt);
  list.add("ScheduledTime", times.text(activity.scheduled_time()));
  list.add("LastStartedTime", times.text(activity.last_started_time()));
  list.add("NextAttemptTime", times.text(activity.next_attempt_schedule_time()));
  list.add("ExpirationTime", times.text(activity.expiration_time()));
  list.add("LastHeartbeatTime", times.text(activity.last_heartbeat_time()));
  list.add("LastHeartbeat", payloads_text(activity.heartbeat_details()));
  list.add("LastWorker", activity.last_worker_identity());
  if (activity.has_last_failure()) list.add_lines("LastFailure", failure_lines(activity.last_failure()));
  return list.text();
}

inline std::string pending_child_text(const temporal::api::workflow::v1::PendingChildExecutionInfo& child) {
  property_list list;
  list.add("WorkflowId", child.workflow_id());
  list.add("RunId", child.run_id());
  list.add("Type", child.workflow_type_name());
  list.add("ParentClosePolicy", words_of(temporal::api::enums::v1::ParentClosePolicy_Name(child.parent_close_policy()),
                                         "PARENT_CLOSE_POLICY_"));
  return list.text();
}

/// Everything that `workflow describe` shows, without how it ended.
inline std::string description_text(const service::DescribeWorkflowExecutionResponse& of, std::string_view name_space,
                                    const time_writer& times) {
  std::string text = section("Execution Info:", execution_text(of, name_space, times));
  if (of.has_workflow_extended_info()) {
    text += section("Extended Execution Info:", extended_text(of.workflow_extended_info(), times));
  }
  if (of.has_pending_workflow_task()) {
    text += section("Pending Workflow Task:", pending_task_text(of.pending_workflow_task(), times));
  }
  std::vector<std::string> activities, children;
  for (const auto& each : of.pending_activities()) activities.push_back(pending_activity_text(each, times));
  for (const auto& each : of.pending_children()) children.push_back(pending_child_text(each));
  const auto add_list = [&](const char* heading, const std::vector<std::string>& parts) {
    text.append(heading).append(": ").append(std::to_string(parts.size())).append("\n");
    for (const auto& part : parts) text.append(part).append("\n");
  };
  text += "\n";
  add_list("Pending Activities", activities);
  add_list("Pending Child Workflows", children);
  return text + "Pending Nexus Operations: " + std::to_string(of.pending_nexus_operations_size()) + "\n";
}

}  // namespace rondo::tools
