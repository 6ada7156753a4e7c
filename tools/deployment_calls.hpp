#pragma once
#include <google/protobuf/field_mask.pb.h>
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/deployment.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/deployment_description.hpp"
#include "rondo/detail/client/deployments.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/rpc_error.hpp"
#include "tools/command_error.hpp"
#include "tools/compute_config.hpp"
#include "tools/session.hpp"

// Calls about worker deployments, each as safe to repeat as the command that makes it: the requests of
// rondo/client/deployments.hpp, but answered as the server writes it, which is what commands print.
namespace rondo::tools {

namespace service = temporal::api::workflowservice::v1;
namespace calls = rondo::detail::calls;

/// A version as flags name it.
struct version_name {
  std::string deployment{}, build_id{};

  std::string text() const { return deployment + ":" + build_id; }
};

class deployment_calls {
 public:
  explicit deployment_calls(session& server)
      : server_(server), session_(client::over(server.shared_connection()).session()) {}

  /// False: it exists already.
  bool create(const std::string& name) {
    return made(calls::named_call<service::CreateWorkerDeploymentRequest>(*session_, name, "create"));
  }
  /// False: it exists already, and is as it was.
  bool create_version(const version_name& which, const ComputeConfig& compute) {
    auto what = about<service::CreateWorkerDeploymentVersionRequest>(which, "create");
    if (!compute.scaling_groups().empty()) *what.request.mutable_compute_config() = compute;
    return made(what);
  }
  void set_compute(const version_name& which, const ComputeConfigScalingGroup& group) {
    auto what = about<service::UpdateWorkerDeploymentVersionComputeConfigRequest>(which, "update the compute of");
    auto& update = (*what.request.mutable_compute_config_scaling_groups())[scaling_group_name];
    *update.mutable_scaling_group() = group;
    for (const char* path : {"provider", "scaler"}) update.mutable_update_mask()->add_paths(path);
    call(what);
  }
  /// Nobody starts workers of the version any more. False: nobody did.
  bool remove_compute(const version_name& which, const ComputeConfig& present) {
    if (present.scaling_groups().empty()) return false;
    auto what = about<service::UpdateWorkerDeploymentVersionComputeConfigRequest>(which, "remove the compute of");
    for (const auto& [name, group] : present.scaling_groups()) {
      what.request.add_remove_compute_config_scaling_groups(name);
    }
    call(what);
    return true;
  }

  service::DescribeWorkerDeploymentResponse describe(const std::string& name) {
    return call(calls::named_call<service::DescribeWorkerDeploymentRequest>(*session_, name, "describe"));
  }
  /// Nothing when there is no such version.
  std::optional<service::DescribeWorkerDeploymentVersionResponse> find_version(const version_name& which,
                                                                               bool with_statistics = false) {
    return found(description_of(which, with_statistics));
  }
  service::DescribeWorkerDeploymentVersionResponse describe_version(const version_name& which,
                                                                    bool with_statistics = false) {
    return call(description_of(which, with_statistics));
  }
  /// An empty build id: no version is current, unversioned workers get the tasks. Gives the version before.
  temporal::api::deployment::v1::WorkerDeploymentVersion set_current(const version_name& which,
                                                                     const deployment_change_options& how = {}) {
    return call(routing<service::SetWorkerDeploymentCurrentVersionRequest>(which, "current", how))
        .previous_deployment_version();
  }
  /// An empty build id and no percentage: nothing ramps. Gives the version before.
  temporal::api::deployment::v1::WorkerDeploymentVersion set_ramping(const version_name& which, float percentage = 0,
                                                                     const deployment_change_options& how = {}) {
    auto what = routing<service::SetWorkerDeploymentRampingVersionRequest>(which, "ramping", how);
    what.request.set_percentage(percentage);
    return call(what).previous_deployment_version();
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
    auto what = about<service::DeleteWorkerDeploymentVersionRequest>(which, "delete");
    what.request.set_skip_drainage(skip_drainage);
    call(what);
  }
  void delete_deployment(const std::string& name) {
    call(calls::named_call<service::DeleteWorkerDeploymentRequest>(*session_, name, "delete"));
  }
  /// Nothing when there is none of the name.
  std::optional<service::DescribeWorkerDeploymentResponse> find(const std::string& name) {
    return found(calls::named_call<service::DescribeWorkerDeploymentRequest>(*session_, name, "describe"));
  }
  service::ListWorkerDeploymentsResponse list(const std::string& page_token) {
    auto request = calls::new_request<service::ListWorkerDeploymentsRequest>(*session_);
    request.set_next_page_token(page_token);
    return call(calls::call_with(*session_, std::move(request), "list worker deployments"));
  }

 private:
  template <class Request>
  calls::service_call<Request> about(const version_name& which, std::string_view action) {
    return calls::version_call<Request>(*session_, {which.deployment, which.build_id}, action);
  }
  calls::service_call<service::DescribeWorkerDeploymentVersionRequest> description_of(const version_name& which,
                                                                                      bool with_statistics) {
    auto what = about<service::DescribeWorkerDeploymentVersionRequest>(which, "describe");
    what.request.set_report_task_queue_stats(with_statistics);
    return what;
  }
  template <class Request>
  calls::service_call<Request> routing(const version_name& which, const std::string& role,
                                       const deployment_change_options& how) {
    auto what = calls::routing_call<Request>(*session_, which.deployment, which.build_id, role, how);
    // The command line names the deployment already.
    if (!which.build_id.empty()) what.subject.action = "make '" + which.build_id + "' the " + role + " version";
    return what;
  }
  template <class Request>
  auto reply_to(const calls::service_call<Request>& what) {
    return server_.try_call<calls::answer_to<Request>>(what.method, what.request);
  }
  template <class Request>
  calls::answer_to<Request> call(const calls::service_call<Request>& what) {
    auto reply = reply_to(what);
    if (!reply.status.ok()) fail(what.subject.action, reply.status);
    return std::move(reply.response);
  }
  /// A call that looks for something; nothing when it is not there.
  template <class Request>
  std::optional<calls::answer_to<Request>> found(const calls::service_call<Request>& what) {
    auto reply = reply_to(what);
    if (reply.status.code == rpc_code::not_found) return std::nullopt;
    if (!reply.status.ok()) fail(what.subject.action, reply.status);
    return std::move(reply.response);
  }
  /// A call that creates something; false when it exists already.
  template <class Request>
  bool made(const calls::service_call<Request>& what) {
    const auto reply = reply_to(what);
    if (reply.status.code == rpc_code::already_exists) return false;
    if (!reply.status.ok()) fail(what.subject.action, reply.status);
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
  calls::session_ptr session_;
};

}  // namespace rondo::tools
