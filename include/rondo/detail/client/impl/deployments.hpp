#pragma once
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/deployment.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <utility>
#include <vector>

#include "rondo/client/deployment_description.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/deployments.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/task_queues.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION deployment_version_status status_of(enums::WorkerDeploymentVersionStatus status) {
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

RONDO_FUNCTION deployment_routing routing_of(const deployment_api::RoutingConfig& from) {
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

RONDO_FUNCTION deployment_description description_of(const service::DescribeWorkerDeploymentResponse& response) {
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

RONDO_FUNCTION deployment_version_description
description_of(const service::DescribeWorkerDeploymentVersionResponse& response) {
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

RONDO_FUNCTION paged_list<deployment_summary> list_deployments(const session_ptr& through,
                                                               const list_options& options) {
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
