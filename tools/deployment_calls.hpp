#pragma once
#include <google/protobuf/field_mask.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "rondo/detail/base/uuid.hpp"
#include "rondo/rpc_error.hpp"
#include "tools/command_error.hpp"
#include "tools/compute_config.hpp"
#include "tools/session.hpp"

// Calls about worker deployments, each as safe to repeat as the command that makes it.
namespace rondo::tools {

namespace service = temporal::api::workflowservice::v1;

/// A version as flags name it.
struct version_name {
  std::string deployment{}, build_id{};

  std::string text() const { return deployment + ":" + build_id; }
};

class deployment_calls {
 public:
  explicit deployment_calls(session& server) : server_(server) {}

  /// False: it exists already.
  bool create(const std::string& name) {
    service::CreateWorkerDeploymentRequest request;
    address(request).set_deployment_name(name);
    request.set_request_id(rondo::detail::random_uuid());
    return made<service::CreateWorkerDeploymentResponse>("create worker deployment '" + name + "'",
                                                         "CreateWorkerDeployment", request);
  }
  /// False: it exists already, and is as it was.
  bool create_version(const version_name& which, const ComputeConfig& compute) {
    service::CreateWorkerDeploymentVersionRequest request;
    set_version(which, address(request));
    request.set_request_id(rondo::detail::random_uuid());
    if (!compute.scaling_groups().empty()) *request.mutable_compute_config() = compute;
    return made<service::CreateWorkerDeploymentVersionResponse>("create version '" + which.text() + "'",
                                                                "CreateWorkerDeploymentVersion", request);
  }
  void set_compute(const version_name& which, const ComputeConfigScalingGroup& group) {
    service::UpdateWorkerDeploymentVersionComputeConfigRequest request;
    set_version(which, address(request));
    request.set_request_id(rondo::detail::random_uuid());
    auto& update = (*request.mutable_compute_config_scaling_groups())[scaling_group_name];
    *update.mutable_scaling_group() = group;
    for (const char* path : {"provider", "scaler"}) update.mutable_update_mask()->add_paths(path);
    call<service::UpdateWorkerDeploymentVersionComputeConfigResponse>(
        "update the compute of version '" + which.text() + "'", "UpdateWorkerDeploymentVersionComputeConfig", request);
  }
  /// Nobody starts workers of the version any more. False: nobody did.
  bool remove_compute(const version_name& which, const ComputeConfig& present) {
    if (present.scaling_groups().empty()) return false;
    service::UpdateWorkerDeploymentVersionComputeConfigRequest request;
    set_version(which, address(request));
    request.set_request_id(rondo::detail::random_uuid());
    for (const auto& [name, group] : present.scaling_groups()) {
      request.add_remove_compute_config_scaling_groups(name);
    }
    call<service::UpdateWorkerDeploymentVersionComputeConfigResponse>(
        "remove the compute of version '" + which.text() + "'", "UpdateWorkerDeploymentVersionComputeConfig", request);
    return true;
  }

  service::DescribeWorkerDeploymentResponse describe(const std::string& name) {
    service::DescribeWorkerDeploymentRequest request;
    address(request).set_deployment_name(name);
    return call<service::DescribeWorkerDeploymentResponse>("describe worker deployment '" + name + "'",
                                                           "DescribeWorkerDeployment", request);
  }
  /// Nothing when there is no such version.
  std::optional<service::DescribeWorkerDeploymentVersionResponse> find_version(const version_name& which,
                                                                               bool with_statistics = false) {
    auto reply = describe_version_reply(which, with_statistics);
    if (reply.status.code == rpc_code::not_found) return std::nullopt;
    if (!reply.status.ok()) fail("describe version '" + which.text() + "'", reply.status);
    return std::move(reply.response);
  }
  service::DescribeWorkerDeploymentVersionResponse describe_version(const version_name& which,
                                                                    bool with_statistics = false) {
    auto reply = describe_version_reply(which, with_statistics);
    if (!reply.status.ok()) fail("describe version '" + which.text() + "'", reply.status);
    return std::move(reply.response);
  }
  /// An empty build id: no version is current, unversioned workers get the tasks.
  service::SetWorkerDeploymentCurrentVersionResponse set_current(
      service::SetWorkerDeploymentCurrentVersionRequest request) {
    address(request);
    const std::string action = request.build_id().empty()
                                   ? "unset the current version of '" + request.deployment_name() + "'"
                                   : "make '" + request.build_id() + "' the current version";
    return call<service::SetWorkerDeploymentCurrentVersionResponse>(action, "SetWorkerDeploymentCurrentVersion",
                                                                    request);
  }
  /// An empty build id and no percentage: nothing ramps.
  service::SetWorkerDeploymentRampingVersionResponse set_ramping(
      service::SetWorkerDeploymentRampingVersionRequest request) {
    address(request);
    const std::string action = request.build_id().empty()
                                   ? "unset the ramping version of '" + request.deployment_name() + "'"
                                   : "make '" + request.build_id() + "' the ramping version";
    return call<service::SetWorkerDeploymentRampingVersionResponse>(action, "SetWorkerDeploymentRampingVersion",
                                                                    request);
  }
  /// Servers tell the task queues of a change after they have answered. Work that comes before a queue knows of it goes
  /// the old way, so commands wait for that. False: it takes longer than anyone should wait.
  bool wait_until_queues_know(const std::string& name) {
    const auto enough = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    auto pause = std::chrono::milliseconds(20);
    while (describe(name).worker_deployment_info().routing_config_update_state() ==
           temporal::api::enums::v1::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS) {
      if (std::chrono::steady_clock::now() + pause > enough) return false;
      server_.wait(pause);
      pause = std::min(pause * 2, std::chrono::milliseconds(500));
    }
    return true;
  }
  void delete_version(const version_name& which, bool skip_drainage) {
    service::DeleteWorkerDeploymentVersionRequest request;
    set_version(which, address(request));
    request.set_skip_drainage(skip_drainage);
    call<service::DeleteWorkerDeploymentVersionResponse>("delete version '" + which.text() + "'",
                                                         "DeleteWorkerDeploymentVersion", request);
  }
  void delete_deployment(const std::string& name) {
    service::DeleteWorkerDeploymentRequest request;
    address(request).set_deployment_name(name);
    call<service::DeleteWorkerDeploymentResponse>("delete worker deployment '" + name + "'", "DeleteWorkerDeployment",
                                                  request);
  }
  /// Nothing when there is none of the name.
  std::optional<service::DescribeWorkerDeploymentResponse> find(const std::string& name) {
    service::DescribeWorkerDeploymentRequest request;
    address(request).set_deployment_name(name);
    auto reply = server_.try_call<service::DescribeWorkerDeploymentResponse>("DescribeWorkerDeployment", request);
    if (reply.status.code == rpc_code::not_found) return std::nullopt;
    if (!reply.status.ok()) fail("describe worker deployment '" + name + "'", reply.status);
    return std::move(reply.response);
  }
  service::ListWorkerDeploymentsResponse list(const std::string& page_token) {
    service::ListWorkerDeploymentsRequest request;
    address(request).set_next_page_token(page_token);
    return call<service::ListWorkerDeploymentsResponse>("list worker deployments", "ListWorkerDeployments", request);
  }

 private:
  rondo::detail::io::rpc_reply<service::DescribeWorkerDeploymentVersionResponse> describe_version_reply(
      const version_name& which, bool with_statistics) {
    service::DescribeWorkerDeploymentVersionRequest request;
    set_version(which, address(request));
    request.set_report_task_queue_stats(with_statistics);
    return server_.try_call<service::DescribeWorkerDeploymentVersionResponse>("DescribeWorkerDeploymentVersion",
                                                                              request);
  }
  template <class Request>
  Request& address(Request& request) {
    request.set_namespace_(server_.namespace_());
    if constexpr (requires { request.set_identity(server_.identity()); }) request.set_identity(server_.identity());
    return request;
  }
  template <class Request>
  static void set_version(const version_name& which, Request& request) {
    request.mutable_deployment_version()->set_deployment_name(which.deployment);
    request.mutable_deployment_version()->set_build_id(which.build_id);
  }
  template <class Response, class Request>
  Response call(const std::string& action, const char* method, const Request& request) {
    auto reply = server_.try_call<Response>(method, request);
    if (!reply.status.ok()) fail(action, reply.status);
    return std::move(reply.response);
  }
  /// A call that creates something; false when it exists already.
  template <class Response, class Request>
  bool made(const std::string& action, const char* method, const Request& request) {
    const auto reply = server_.try_call<Response>(method, request);
    if (reply.status.code == rpc_code::already_exists) return false;
    if (!reply.status.ok()) fail(action, reply.status);
    return true;
  }
  [[noreturn]] void fail(const std::string& action, const rpc_status& status) {
    if (status.code == rpc_code::unimplemented) {
      throw command_error(action +
                          ": the server is too old for this (1.32 or later can do it); there, a version becomes known "
                          "when its first worker polls");
    }
    if (status.message.find("draining") != status.message.npos) {
      throw command_error(action + ": " + status.message +
                          "; wait until the workflows on it have ended, or give --skip-drainage");
    }
    server_.fail(action, status);
  }

  session& server_;
};

}  // namespace rondo::tools
