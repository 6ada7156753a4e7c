#pragma once

#include <string>

#include "dev_server/scripted_worker.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/versioning.hpp"

namespace rondo::test {

using describe_deployment = service::DescribeWorkerDeploymentResponse;
using describe_version_response = service::DescribeWorkerDeploymentVersionResponse;
using set_current_response = service::SetWorkerDeploymentCurrentVersionResponse;
using set_ramping_response = service::SetWorkerDeploymentRampingVersionResponse;
using update_options_response = service::UpdateWorkflowExecutionOptionsResponse;

inline constexpr auto pinned = enums::VERSIONING_BEHAVIOR_PINNED;
inline constexpr auto auto_upgrade = enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE;

/// A server with one deployment "d", whose versions are known by their build ids.
struct versioned_worker : scripted_worker {
  using scripted_worker::scripted_worker;

  static void be_version(temporal::api::deployment::v1::WorkerDeploymentOptions& options, const std::string& build_id) {
    options.set_deployment_name("d");
    options.set_build_id(build_id);
    options.set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
  }
  pending<poll_response> begin_poll_of(const std::string& build_id, const std::string& queue = "queue") {
    auto request = poll_request(queue, false);
    be_version(*request.mutable_deployment_options(), build_id);
    return begin<poll_response>(request);
  }
  poll_response poll_of(const std::string& build_id, const std::string& queue = "queue") {
    return begin_poll_of(build_id, queue).get();
  }
  bool idle_of(const std::string& build_id) {
    const auto poll = begin_poll_of(build_id);
    if (poll.done()) return false;
    poll.call->go_away();
    return true;
  }
  /// Makes the version known.
  void appear(const std::string& build_id, const std::string& queue = "queue") {
    begin_poll_of(build_id, queue).call->go_away();
    run_ready();
  }
  void complete_as(const poll_response& task, const std::string& build_id, enums::VersioningBehavior behavior,
                   const commands& with = {}) {
    complete(task, with, [&](complete_request& request) {
      be_version(*request.mutable_deployment_options(), build_id);
      request.set_versioning_behavior(behavior);
    });
  }
  static service::SetWorkerDeploymentCurrentVersionRequest current_request(const std::string& build_id) {
    service::SetWorkerDeploymentCurrentVersionRequest request;
    request.set_namespace_("default");
    request.set_deployment_name("d");
    request.set_build_id(build_id);
    request.set_identity("operator");
    return request;
  }
  set_current_response set_current(const std::string& build_id) {
    return ask<set_current_response>(current_request(build_id));
  }
  static service::SetWorkerDeploymentRampingVersionRequest ramping_request(const std::string& build_id,
                                                                           float percentage) {
    service::SetWorkerDeploymentRampingVersionRequest request;
    request.set_namespace_("default");
    request.set_deployment_name("d");
    request.set_build_id(build_id);
    request.set_percentage(percentage);
    request.set_identity("operator");
    return request;
  }
  set_ramping_response set_ramping(const std::string& build_id, float percentage) {
    return ask<set_ramping_response>(ramping_request(build_id, percentage));
  }
  describe_deployment deployment(const std::string& name = "d") {
    service::DescribeWorkerDeploymentRequest request;
    request.set_namespace_("default");
    request.set_deployment_name(name);
    return ask<describe_deployment>(request);
  }
  static service::DescribeWorkerDeploymentVersionRequest version_request(const std::string& build_id) {
    service::DescribeWorkerDeploymentVersionRequest request;
    request.set_namespace_("default");
    *request.mutable_deployment_version() = server::make_version("d", build_id);
    return request;
  }
  temporal::api::deployment::v1::WorkerDeploymentVersionInfo version(const std::string& build_id) {
    return ask<describe_version_response>(version_request(build_id)).worker_deployment_version_info();
  }
  enums::WorkerDeploymentVersionStatus status(const std::string& build_id) { return version(build_id).status(); }
  temporal::api::workflow::v1::WorkflowExecutionVersioningInfo versioning(const std::string& workflow_id) {
    return describe(workflow_id).workflow_execution_info().versioning_info();
  }
  std::string attribute(const std::string& workflow_id, const std::string& name) {
    const auto shown = describe(workflow_id);
    const auto& fields = shown.workflow_execution_info().search_attributes().indexed_fields();
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second.data();
  }
  static service::UpdateWorkflowExecutionOptionsRequest override_request(const std::string& workflow_id) {
    service::UpdateWorkflowExecutionOptionsRequest request;
    request.set_namespace_("default");
    request.mutable_workflow_execution()->set_workflow_id(workflow_id);
    request.mutable_update_mask()->add_paths("versioning_override");
    request.mutable_workflow_execution_options();
    request.set_identity("operator");
    return request;
  }
  static void pin(server::versioning_override& which, const std::string& build_id) {
    which.mutable_pinned()->set_behavior(server::versioning_override::PINNED_OVERRIDE_BEHAVIOR_PINNED);
    if (!build_id.empty()) *which.mutable_pinned()->mutable_version() = server::make_version("d", build_id);
  }
  update_options_response pin_to(const std::string& workflow_id, const std::string& build_id) {
    auto request = override_request(workflow_id);
    pin(*request.mutable_workflow_execution_options()->mutable_versioning_override(), build_id);
    return ask<update_options_response>(request);
  }
};

}  // namespace rondo::test
