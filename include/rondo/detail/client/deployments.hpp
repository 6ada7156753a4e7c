#pragma once
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/deployment.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/deployment_description.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/task_queues.hpp"

// Worker deployments, to and from the wire.
namespace rondo::detail::calls {

namespace deployment_api = temporal::api::deployment::v1;

inline deployment_version_status status_of(enums::WorkerDeploymentVersionStatus status) {
  switch (status) {
    case enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE:
      return deployment_version_status::inactive;
    case enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT:
      return deployment_version_status::current;
    case enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING:
      return deployment_version_status::ramping;
    case enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING:
      return deployment_version_status::draining;
    case enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED:
      return deployment_version_status::drained;
    case enums::WORKER_DEPLOYMENT_VERSION_STATUS_CREATED:
      return deployment_version_status::created;
    default:
      return deployment_version_status::unspecified;
  }
}

inline deployment_routing routing_of(const deployment_api::RoutingConfig& from) {
  deployment_routing to;
  to.current = version_of(from.current_deployment_version());
  to.ramping = version_of(from.ramping_deployment_version());
  to.ramping_percentage = from.ramping_version_percentage();
  to.current_changed_time = time_if(from.has_current_version_changed_time(), from.current_version_changed_time());
  to.ramping_changed_time = time_if(from.has_ramping_version_changed_time(), from.ramping_version_changed_time());
  to.ramping_percentage_changed_time =
      time_if(from.has_ramping_version_percentage_changed_time(), from.ramping_version_percentage_changed_time());
  return to;
}

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

inline deployment_description description_of(const service::DescribeWorkerDeploymentResponse& response) {
  const auto& from = response.worker_deployment_info();
  deployment_description to;
  to.name = from.name();
  to.created_time = time_if(from.has_create_time(), from.create_time());
  to.routing = routing_of(from.routing_config());
  for (const auto& each : from.version_summaries()) read_deployment_version(each, to.versions.emplace_back());
  to.last_modifier_identity = from.last_modifier_identity();
  to.manager_identity = from.manager_identity();
  to.routing_propagated = from.routing_config_update_state() != enums::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS;
  to.conflict_token = response.conflict_token();
  return to;
}

inline deployment_version_description description_of(const service::DescribeWorkerDeploymentVersionResponse& response) {
  const auto& from = response.worker_deployment_version_info();
  deployment_version_description to;
  read_deployment_version(from, to);
  to.ramping_percentage = from.ramp_percentage();
  to.routing_changed_time = time_if(from.has_routing_changed_time(), from.routing_changed_time());
  for (const auto& each : response.version_task_queues()) {
    auto& queue = to.task_queues.emplace_back();
    queue.name = each.name();
    queue.kind = kind_of(each.type());
    if (each.has_stats()) queue.stats = stats_of(each.stats());
  }
  if (response.version_task_queues().empty()) {
    for (const auto& each : from.task_queue_infos()) {
      to.task_queues.push_back({.name = each.name(), .kind = kind_of(each.type())});
    }
  }
  to.metadata = map_of(from.metadata().entries());
  to.last_modifier_identity = from.last_modifier_identity();
  return to;
}

template <class Request>
service_call<Request> deployment_call(const session& by, Request request, std::string action, std::string_view name) {
  auto made = call_with(by, std::move(request), std::move(action), "deployment:" + std::string(name));
  if (name.empty()) refuse(made.subject, "the name of the deployment is missing");
  return made;
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

inline paged_list<deployment_summary> list_deployments(const session_ptr& through, const list_options& options) {
  auto request = new_request<service::ListWorkerDeploymentsRequest>(*through);
  request.set_page_size(options.page_size);
  return list_with<deployment_summary>(
      through, std::move(request), "list worker deployments", options, [](const auto& response) {
        std::vector<deployment_summary> found;
        for (const auto& each : response.worker_deployments()) {
          auto& summary = found.emplace_back();
          summary.name = each.name();
          summary.created_time = time_if(each.has_create_time(), each.create_time());
          summary.routing = routing_of(each.routing_config());
          summary.latest_version = version_of(each.latest_version_summary().deployment_version());
        }
        return found;
      });
}

}  // namespace rondo::detail::calls
