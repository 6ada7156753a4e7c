#pragma once
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/deployment.pb.h>
#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>

#include "tools/compute_config.hpp"
#include "tools/enum_text.hpp"
#include "tools/printer.hpp"
#include "tools/table.hpp"
#include "tools/task_queue_text.hpp"
#include "tools/time_text.hpp"

// What the `worker deployment` commands print.
namespace rondo::tools {

using deployment_version = temporal::api::deployment::v1::WorkerDeploymentVersion;
using version_summary = temporal::api::deployment::v1::WorkerDeploymentInfo::WorkerDeploymentVersionSummary;

/// The build id that is current, or "(none)": then unversioned workers get the tasks.
inline std::string current_text(const temporal::api::deployment::v1::RoutingConfig& routing) {
  const auto& id = routing.current_deployment_version().build_id();
  return id.empty() ? "(none)" : id;
}

/// "b2, 25 %"; empty when nothing ramps.
inline std::string ramping_text(const temporal::api::deployment::v1::RoutingConfig& routing) {
  const auto& id = routing.ramping_deployment_version().build_id();
  const std::string share = rate_text(routing.ramping_version_percentage()) + " %";
  if (id.empty()) return routing.ramping_version_percentage() > 0 ? "(unversioned), " + share : std::string();
  return id + ", " + share;
}

inline std::string status_text(temporal::api::enums::v1::WorkerDeploymentVersionStatus status) {
  return words_of(WorkerDeploymentVersionStatus_Name(status), "WORKER_DEPLOYMENT_VERSION_STATUS_");
}
inline std::string drainage_text(temporal::api::enums::v1::VersionDrainageStatus status) {
  if (status == temporal::api::enums::v1::VERSION_DRAINAGE_STATUS_UNSPECIFIED) return {};
  return words_of(VersionDrainageStatus_Name(status), "VERSION_DRAINAGE_STATUS_");
}

/// Provider types of a version's scaling groups: "aws-lambda"; empty when nothing starts its workers.
inline std::string providers_text(const temporal::api::compute::v1::ComputeConfigSummary& of) {
  std::string text;
  for (const auto& [name, group] : of.scaling_groups()) {
    text.append(text.empty() ? "" : ", ").append(group.provider_type());
  }
  return text;
}

inline table deployment_table() {
  return table({{"Name"}, {"CreateTime"}, {"CurrentBuildId"}, {"Ramping"}, {"LatestBuildId"}});
}
inline std::vector<std::string> deployment_row(
    const temporal::api::workflowservice::v1::ListWorkerDeploymentsResponse::WorkerDeploymentSummary& of,
    const time_writer& times) {
  return {of.name(), times.text(of.create_time()), current_text(of.routing_config()), ramping_text(of.routing_config()),
          of.latest_version_summary().deployment_version().build_id()};
}

inline std::string deployment_description(const temporal::api::deployment::v1::WorkerDeploymentInfo& of,
                                          const time_writer& times) {
  property_list list;
  list.add("Name", of.name());
  list.add("CreateTime", times.text(of.create_time()));
  list.add("LastModifierIdentity", of.last_modifier_identity());
  list.add("ManagerIdentity", of.manager_identity());
  list.add("CurrentBuildId", current_text(of.routing_config()));
  list.add("CurrentSince", times.text(of.routing_config().current_version_changed_time()));
  list.add("Ramping", ramping_text(of.routing_config()));
  table rows({{"BuildId"}, {"Status"}, {"Drainage"}, {"CreateTime"}, {"Compute"}, {"ComputeError"}});
  for (const auto& each : of.version_summaries()) {
    rows.add({each.deployment_version().build_id(), status_text(each.status()),
              drainage_text(each.drainage_info().status()), times.text(each.create_time()),
              providers_text(each.compute_config()), each.compute_status().provider_validation().error_message()});
  }
  return "Worker deployment:\n" + list.text() + "Versions:\n" + rows.take_all();
}

/// {"arn": ...} of a payload in one line, without secrets; empty when there is none.
inline std::string settings_text(const Payload& details) { return details.data().empty() ? "" : details.data(); }

inline std::string compute_text(const ComputeConfig& of, const std::string& error) {
  if (of.scaling_groups().empty()) return {};
  const ComputeConfig shown = without_secrets(of);
  std::string text;
  for (const auto& [name, group] : shown.scaling_groups()) {
    property_list list;
    list.add("Provider", group.provider().type());
    list.add("Settings", settings_text(group.provider().details()));
    list.add("Scaler", group.scaler().type());
    list.add("ScalerSettings", settings_text(group.scaler().details()));
    text += "Compute (" + one_line(name) + "):\n" + list.text();
  }
  if (error.empty()) return text;
  property_list problem;
  problem.add("Error", error);
  return text + "Last validation:\n" + problem.text();
}

inline std::string version_description(
    const temporal::api::workflowservice::v1::DescribeWorkerDeploymentVersionResponse& found,
    const std::string& compute_error, const time_writer& times) {
  const auto& of = found.worker_deployment_version_info();
  property_list list;
  list.add("DeploymentName", of.deployment_version().deployment_name());
  list.add("BuildId", of.deployment_version().build_id());
  list.add("Status", status_text(of.status()));
  list.add("CreateTime", times.text(of.create_time()));
  list.add("CurrentSince", times.text(of.current_since_time()));
  list.add("RampingSince", times.text(of.ramping_since_time()));
  if (of.ramp_percentage() > 0) list.add("RampPercentage", rate_text(of.ramp_percentage()));
  list.add("Drainage", drainage_text(of.drainage_info().status()));
  list.add("LastModifierIdentity", of.last_modifier_identity());
  table rows(
      {{"TaskQueue"}, {"Type"}, {"ApproximateBacklogCount", align::right}, {"ApproximateBacklogAge", align::right}});
  for (const auto& each : found.version_task_queues()) {
    const bool known = each.has_stats();
    rows.add({each.name(), words_of(TaskQueueType_Name(each.type()), "TASK_QUEUE_TYPE_"),
              known ? std::to_string(each.stats().approximate_backlog_count()) : "",
              known ? text_of(each.stats().approximate_backlog_age()) : ""});
  }
  return "Worker deployment version:\n" + list.text() + "Task queues:\n" + rows.take_all() +
         compute_text(of.compute_config(), compute_error);
}

}  // namespace rondo::tools
