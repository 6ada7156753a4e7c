#pragma once
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/deployment.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/deployment_description.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/task_queues.hpp"

// Worker deployments, to and from the wire.
namespace rondo::detail::calls {

namespace deployment_api = temporal::api::deployment::v1;

deployment_version_status status_of(enums::WorkerDeploymentVersionStatus status);

deployment_routing routing_of(const deployment_api::RoutingConfig& from);

/// What summaries and descriptions of versions have in common.
template <class Info>
void read_deployment_version(const Info& from, deployment_version_summary& to) {
  to.version = version_of(from.deployment_version());
  to.status = status_of(from.status());
  to.created_time = time_if(from.has_create_time(), from.create_time());
  to.current_since_time = time_if(from.has_current_since_time(), from.current_since_time());
  to.ramping_since_time = time_if(from.has_ramping_since_time(), from.ramping_since_time());
  to.first_activation_time = time_if(from.has_first_activation_time(), from.first_activation_time());
  to.last_deactivation_time = time_if(from.has_last_deactivation_time(), from.last_deactivation_time());
  const auto& drainage = from.drainage_info();
  to.drainage_changed_time = time_if(drainage.has_last_changed_time(), drainage.last_changed_time());
  to.drainage_checked_time = time_if(drainage.has_last_checked_time(), drainage.last_checked_time());
}

deployment_description description_of(const service::DescribeWorkerDeploymentResponse& response);

deployment_version_description description_of(const service::DescribeWorkerDeploymentVersionResponse& response);

template <class Request>
service_call<Request> deployment_call(const session& by, Request request, std::string action, std::string_view name) {
  auto made = call_with(by, std::move(request), std::move(action), "deployment:" + std::string(name));
  if (name.empty()) refuse(made.subject, "the name of the deployment is missing");
  return made;
}

/// A call about one deployment, whose request names it.
template <class Request>
service_call<Request> named_call(const session& by, std::string_view name, std::string_view action) {
  auto request = new_request<Request>(by);
  request.set_deployment_name(std::string(name));
  return deployment_call(by, std::move(request), std::string(action) + " worker deployment '" + std::string(name) + "'",
                         name);
}

/// A call about one version, whose request names it.
template <class Request>
service_call<Request> version_call(const session& by, const worker_deployment_version& which, std::string_view action) {
  auto request = new_request<Request>(by);
  request.mutable_deployment_version()->set_deployment_name(which.deployment_name);
  request.mutable_deployment_version()->set_build_id(which.build_id);
  auto made = deployment_call(by, std::move(request),
                              std::string(action) + " version '" + which.deployment_name + ":" + which.build_id + "'",
                              which.deployment_name);
  if (which.build_id.empty()) refuse(made.subject, "the build id is missing");
  return made;
}

/// A change of what version gets new workflows.
template <class Request>
service_call<Request> routing_call(const session& by, std::string_view deployment, std::string_view build_id,
                                   std::string_view role, const deployment_change_options& options) {
  auto request = new_request<Request>(by);
  request.set_deployment_name(std::string(deployment));
  request.set_build_id(std::string(build_id));
  request.set_conflict_token(std::string(options.conflict_token));
  request.set_ignore_missing_task_queues(options.ignore_missing_task_queues);
  request.set_allow_no_pollers(options.allow_no_pollers);
  const std::string action = build_id.empty()
                                 ? "unset the " + std::string(role) + " version of '" + std::string(deployment) + "'"
                                 : "make '" + std::string(build_id) + "' the " + std::string(role) + " version of '" +
                                       std::string(deployment) + "'";
  return deployment_call(by, std::move(request), action, deployment);
}

paged_list<deployment_summary> list_deployments(const session_ptr& through, const list_options& options);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/deployments.hpp"
#endif
