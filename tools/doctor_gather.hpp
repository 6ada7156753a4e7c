#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <chrono>
#include <string>
#include <utility>

#include "rondo/rpc_error.hpp"
#include "tools/deployment_calls.hpp"
#include "tools/doctor_clock.hpp"
#include "tools/doctor_facts.hpp"
#include "tools/session.hpp"

// Asks the server for the facts that the doctor judges. Changes nothing there.
namespace rondo::tools {

class doctor_gatherer {
 public:
  doctor_gatherer(session& server, doctor_facts& into) : server_(server), calls_(server), facts_(into) {}

  /// Throws command_error when the namespace does not exist.
  void gather_server(bool with_clock) {
    service::DescribeNamespaceRequest request;
    request.set_namespace_(server_.namespace_());
    server_.call<service::DescribeNamespaceResponse>("describe namespace '" + server_.namespace_() + "'",
                                                     "DescribeNamespace", request);
    facts_.server_version = server_.connection().server_version();
    facts_.server_scales = server_.connection().capabilities().server_scaled_deployments;
    if (with_clock) facts_.clock = read_clock(server_);
    facts_.now = std::chrono::system_clock::now();
    if (facts_.clock) {
      facts_.now += std::chrono::duration_cast<std::chrono::system_clock::duration>(facts_.clock->ahead);
    }
  }
  void gather_deployment() {
    auto found = calls_.find(facts_.deployment);
    if (!found) return;
    facts_.info = found->worker_deployment_info();
    for (const auto& summary : facts_.info->version_summaries()) {
      // Versions that are done with have nothing to tell.
      const bool asked_for = summary.deployment_version().build_id() == facts_.build_id;
      if (!asked_for && summary.status() == temporal::api::enums::v1::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED)
        continue;
      gather_version(summary);
    }
  }
  void gather_queue(const std::string& name) {
    using temporal::api::enums::v1::TaskQueueType;
    for (const TaskQueueType type :
         {temporal::api::enums::v1::TASK_QUEUE_TYPE_WORKFLOW, temporal::api::enums::v1::TASK_QUEUE_TYPE_ACTIVITY}) {
      seen_queue queue{name, type};
      set_backlog(describe(queue).stats(), queue);
      facts_.queues.push_back(std::move(queue));
    }
  }

 private:
  void gather_version(const version_summary& summary) {
    const version_name which{facts_.deployment, summary.deployment_version().build_id()};
    const auto found = calls_.find_version(which, true);
    // It was deleted meanwhile.
    if (!found) return;
    seen_version seen;
    seen.summary = summary;
    seen.compute = found->worker_deployment_version_info().compute_config();
    const bool in_time = std::chrono::steady_clock::now() < enough_tried_;
    if (seen.has_compute() && facts_.server_scales && in_time) seen.validation_error = validate(which, seen.compute);
    for (const auto& each : found->version_task_queues()) {
      seen_queue queue{each.name(), each.type()};
      set_backlog(each.stats(), queue);
      describe(queue);
      seen.queues.push_back(std::move(queue));
    }
    facts_.versions.push_back(std::move(seen));
  }
  static void set_backlog(const temporal::api::taskqueue::v1::TaskQueueStats& from, seen_queue& to) {
    to.backlog = from.approximate_backlog_count();
    const auto& age = from.approximate_backlog_age();
    to.backlog_age = std::chrono::seconds(age.seconds()) + nanoseconds(age.nanos());
  }
  service::DescribeTaskQueueResponse describe(seen_queue& queue) {
    service::DescribeTaskQueueRequest request;
    request.set_namespace_(server_.namespace_());
    request.mutable_task_queue()->set_name(queue.name);
    request.mutable_task_queue()->set_kind(temporal::api::enums::v1::TASK_QUEUE_KIND_NORMAL);
    request.set_task_queue_type(queue.type);
    request.set_report_stats(true);
    auto found = server_.call<service::DescribeTaskQueueResponse>("describe task queue '" + queue.name + "'",
                                                                  "DescribeTaskQueue", request);
    for (const auto& each : found.pollers()) queue.pollers.push_back(each);
    return found;
  }
  /// Lets the server look whether it can start workers, as it does when the compute changes.
  std::string validate(const version_name& which, const ComputeConfig& compute) {
    service::ValidateWorkerDeploymentVersionComputeConfigRequest request;
    request.set_namespace_(server_.namespace_());
    request.set_identity(server_.identity());
    request.mutable_deployment_version()->set_deployment_name(which.deployment);
    request.mutable_deployment_version()->set_build_id(which.build_id);
    auto& groups = *request.mutable_compute_config_scaling_groups();
    for (const auto& [name, group] : compute.scaling_groups()) *groups[name].mutable_scaling_group() = group;
    const auto reply = server_.try_call_within<service::ValidateWorkerDeploymentVersionComputeConfigResponse>(
        std::chrono::seconds(20), "ValidateWorkerDeploymentVersionComputeConfig", request);
    if (reply.status.ok() || reply.status.code == rpc_code::unimplemented) return {};
    if (reply.status.code == rpc_code::deadline_exceeded) return "the server did not find out within 20s";
    return reply.status.message.empty() ? std::string(to_string(reply.status.code)) : reply.status.message;
  }

  session& server_;
  deployment_calls calls_;
  doctor_facts& facts_;
  /// Providers that do not answer take their time, and there may be a hundred versions.
  std::chrono::steady_clock::time_point enough_tried_ = std::chrono::steady_clock::now() + std::chrono::minutes(1);
};

}  // namespace rondo::tools
