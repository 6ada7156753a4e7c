#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/server/deployment_checks.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/versioning.hpp"

// How the workers of a version are started: stored and shown. This server starts workers by notifications alone.
namespace rondo::server {

namespace detail_compute_config {

namespace service = temporal::api::workflowservice::v1;
using namespace detail_deployment_checks;
using temporal::api::compute::v1::ComputeConfig;
using temporal::api::compute::v1::ComputeConfigScalingGroup;
using temporal::api::compute::v1::ComputeConfigScalingGroupUpdate;

inline bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

inline void check_group(const std::string& name, const ComputeConfigScalingGroup& group) {
  const std::string entry = "entry " + name + ": ";
  if (!is_one_of(group.provider().type(), {"aws-lambda", "aws-agentcore", "aws-ecs", "gcp-cloud-run", "k8s",
                                           "subprocess", "test-invoke", "test-worker-set"})) {
    refuse(entry + "invalid compute provider type '" + group.provider().type() + "'");
  }
  if (!is_one_of(group.scaler().type(), {"", "no-sync", "rate-based"})) {
    refuse(entry + "invalid scaling algorithm type '" + group.scaler().type() + "'");
  }
}

inline const char* type_name(int type) {
  switch (type) {
    case enums::TASK_QUEUE_TYPE_WORKFLOW:
      return "Workflow";
    case enums::TASK_QUEUE_TYPE_ACTIVITY:
      return "Activity";
    case enums::TASK_QUEUE_TYPE_NEXUS:
      return "Nexus";
    default:
      return "Unspecified";
  }
}

inline void check_config(const ComputeConfig& config) {
  std::map<std::string, const ComputeConfigScalingGroup*> groups;
  for (const auto& [name, group] : config.scaling_groups()) groups[name] = &group;
  std::set<int> types;
  bool has_catch_all = false;
  for (const auto& [name, group] : groups) {
    check_group(name, *group);
    if (group->task_queue_types().empty() && std::exchange(has_catch_all, true)) {
      refuse("entry " + name + ": only one scaling group can have no task types defined");
    }
    for (const int type : group->task_queue_types()) {
      if (types.insert(type).second) continue;
      refuse("entry " + name + ": task type " + type_name(type) + " appears in more than one entry");
    }
  }
}

inline void apply_field(const std::string& field, const ComputeConfigScalingGroup& from,
                        ComputeConfigScalingGroup& to) {
  if (field == "task_queue_types" || field == "taskQueueTypes") {
    *to.mutable_task_queue_types() = from.task_queue_types();
  } else if (field == "region_ids" || field == "regionIds") {
    *to.mutable_region_ids() = from.region_ids();
  } else if (field == "provider") {
    *to.mutable_provider() = from.provider();
  } else if (field == "provider.type") {
    to.mutable_provider()->set_type(from.provider().type());
  } else if (field == "provider.details") {
    *to.mutable_provider()->mutable_details() = from.provider().details();
  } else if (field == "provider.nexus_endpoint" || field == "provider.nexusEndpoint") {
    to.mutable_provider()->set_nexus_endpoint(from.provider().nexus_endpoint());
  } else if (field == "scaler") {
    *to.mutable_scaler() = from.scaler();
  } else if (field == "scaler.type") {
    to.mutable_scaler()->set_type(from.scaler().type());
  } else if (field == "scaler.details") {
    *to.mutable_scaler()->mutable_details() = from.scaler().details();
  } else {
    refuse("invalid update mask path '" + field + "'");
  }
}

/// What the config becomes; refuses one that makes no sense.
template <class Request>
ComputeConfig updated(const ComputeConfig& before, const Request& request) {
  ComputeConfig after = before;
  for (const auto& [name, update] : request.compute_config_scaling_groups()) {
    auto& group = (*after.mutable_scaling_groups())[name];
    if (update.update_mask().paths().empty()) {
      group = update.scaling_group();
      continue;
    }
    for (const auto& field : update.update_mask().paths()) apply_field(field, update.scaling_group(), group);
  }
  for (const auto& name : request.remove_compute_config_scaling_groups()) after.mutable_scaling_groups()->erase(name);
  check_config(after);
  return after;
}

inline service::CreateWorkerDeploymentVersionResponse create_version(
    core& in, const service::CreateWorkerDeploymentVersionRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  check_version(in, request.deployment_version());
  if (request.has_compute_config()) check_config(request.compute_config());
  const std::string& build_id = request.deployment_version().build_id();
  deployment_state& of = in.deployments().get(space.id(), request.deployment_version().deployment_name());
  if (of.versions.count(build_id) != 0) {
    throw refusal(rpc_code::already_exists, "Worker Deployment Version \"" +
                                                old_version_text(request.deployment_version()) + "\" already exists");
  }
  version_info& made = in.deployments().make_version_of(of, build_id);
  made.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CREATED);
  made.set_last_modifier_identity(request.identity());
  if (request.has_compute_config()) *made.mutable_compute_config() = request.compute_config();
  in.deployments().save_version(of, build_id);
  return {};
}

inline service::UpdateWorkerDeploymentVersionComputeConfigResponse update_config(
    core& in, const service::UpdateWorkerDeploymentVersionComputeConfigRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  check_version(in, request.deployment_version());
  deployment_state& of = in.deployments().get(space.id(), request.deployment_version().deployment_name());
  version_info& version = find_version(of, request.deployment_version().build_id());
  ComputeConfig config = updated(version.compute_config(), request);
  if (config.scaling_groups().empty()) {
    version.clear_compute_config();
  } else {
    *version.mutable_compute_config() = std::move(config);
  }
  version.set_last_modifier_identity(request.identity());
  in.deployments().save_version(of, request.deployment_version().build_id());
  return {};
}

inline service::ValidateWorkerDeploymentVersionComputeConfigResponse validate_config(
    core& in, const service::ValidateWorkerDeploymentVersionComputeConfigRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  check_version(in, request.deployment_version());
  deployment_state* of = in.deployments().find(space.id(), request.deployment_version().deployment_name());
  ComputeConfig before;
  if (of != nullptr && of->versions.count(request.deployment_version().build_id()) != 0) {
    before = of->versions.at(request.deployment_version().build_id()).compute_config();
  }
  updated(before, request);
  return {};
}

}  // namespace detail_compute_config

RONDO_SERVER_FUNCTION void serve_compute_config(frontend& at) {
  namespace service = temporal::api::workflowservice::v1;
  using namespace detail_compute_config;
  at.on<service::CreateWorkerDeploymentVersionRequest>("CreateWorkerDeploymentVersion", create_version);
  at.on<service::UpdateWorkerDeploymentVersionComputeConfigRequest>("UpdateWorkerDeploymentVersionComputeConfig",
                                                                    update_config);
  at.on<service::ValidateWorkerDeploymentVersionComputeConfigRequest>("ValidateWorkerDeploymentVersionComputeConfig",
                                                                      validate_config);
}

}  // namespace rondo::server
