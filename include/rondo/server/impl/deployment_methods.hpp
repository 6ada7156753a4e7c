#pragma once

#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "rondo/server/deployment_checks.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/versioning.hpp"

namespace rondo::server {

namespace detail_deployment_methods {

namespace service = temporal::api::workflowservice::v1;
using namespace detail_deployment_checks;
using summary = temporal::api::deployment::v1::WorkerDeploymentInfo::WorkerDeploymentVersionSummary;

inline void summarize(const version_info& of, summary& into) {
  into.set_version(of.version());
  *into.mutable_deployment_version() = of.deployment_version();
  into.set_status(of.status());
  *into.mutable_create_time() = of.create_time();
  if (of.has_drainage_info()) {
    *into.mutable_drainage_info() = of.drainage_info();
    into.set_drainage_status(of.drainage_info().status());
  }
  if (of.has_current_since_time()) *into.mutable_current_since_time() = of.current_since_time();
  if (of.has_ramping_since_time()) *into.mutable_ramping_since_time() = of.ramping_since_time();
  if (of.has_routing_changed_time()) *into.mutable_routing_update_time() = of.routing_changed_time();
  if (of.has_first_activation_time()) *into.mutable_first_activation_time() = of.first_activation_time();
  if (of.has_last_current_time()) *into.mutable_last_current_time() = of.last_current_time();
  if (of.has_last_deactivation_time()) *into.mutable_last_deactivation_time() = of.last_deactivation_time();
  for (const auto& [name, group] : of.compute_config().scaling_groups()) {
    auto& shown = (*into.mutable_compute_config()->mutable_scaling_groups())[name];
    *shown.mutable_task_queue_types() = group.task_queue_types();
    *shown.mutable_region_ids() = group.region_ids();
    shown.set_provider_type(group.provider().type());
  }
}

/// The oldest first.
inline std::vector<const version_info*> by_age(const deployment_state& of) {
  std::vector<const version_info*> versions;
  for (const auto& [build_id, version] : of.versions) versions.push_back(&version);
  std::stable_sort(versions.begin(), versions.end(), [](const version_info* a, const version_info* b) {
    return from_proto(a->create_time()) < from_proto(b->create_time());
  });
  return versions;
}

inline service::DescribeWorkerDeploymentResponse describe(core& in,
                                                          const service::DescribeWorkerDeploymentRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  check_deployment_name(in, request.deployment_name());
  deployment_state& of = in.deployments().get(space.id(), request.deployment_name());
  in.deployments().refresh_drainage(of);
  auto response = of.shown;
  for (const auto* version : by_age(of)) {
    summarize(*version, *response.mutable_worker_deployment_info()->add_version_summaries());
  }
  return response;
}

inline void list_one(core& in, deployment_state& of, service::ListWorkerDeploymentsResponse& into) {
  in.deployments().refresh_drainage(of);
  auto& shown = *into.add_worker_deployments();
  shown.set_name(of.name());
  *shown.mutable_create_time() = of.info().create_time();
  *shown.mutable_routing_config() = of.routing();
  const auto versions = by_age(of);
  if (!versions.empty()) summarize(*versions.back(), *shown.mutable_latest_version_summary());
  const auto current = of.versions.find(of.routing().current_deployment_version().build_id());
  if (of.routing().has_current_deployment_version() && current != of.versions.end()) {
    summarize(current->second, *shown.mutable_current_version_summary());
  }
  const auto ramping = of.versions.find(of.routing().ramping_deployment_version().build_id());
  if (of.routing().has_ramping_deployment_version() && ramping != of.versions.end()) {
    summarize(ramping->second, *shown.mutable_ramping_version_summary());
  }
}

inline service::ListWorkerDeploymentsResponse list(core& in, const service::ListWorkerDeploymentsRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const int most = in.limit().visibility_page;
  const int size = request.page_size() <= 0 || request.page_size() > most ? most : request.page_size();
  std::vector<deployment_state*> all;
  in.deployments().each(space.id(), [&all](deployment_state& each) { all.push_back(&each); });
  std::stable_sort(all.begin(), all.end(), [](deployment_state* a, deployment_state* b) {
    return from_proto(a->info().create_time()) > from_proto(b->info().create_time());
  });
  const std::string& token = request.next_page_token();
  std::size_t at = 0;
  if (std::from_chars(token.data(), token.data() + token.size(), at).ptr != token.data() + token.size()) {
    refuse("Invalid NextPageToken.");
  }
  service::ListWorkerDeploymentsResponse response;
  for (; at < all.size() && response.worker_deployments_size() < size; ++at) list_one(in, *all[at], response);
  if (at < all.size()) response.set_next_page_token(std::to_string(at));
  return response;
}

inline service::DescribeWorkerDeploymentVersionResponse describe_version(
    core& in, const service::DescribeWorkerDeploymentVersionRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const auto wanted = requested_version(in, request);
  deployment_state* of = in.deployments().find(space.id(), wanted.deployment_name());
  if (of == nullptr || of->versions.count(wanted.build_id()) == 0) {
    throw refusal(rpc_code::not_found, "Worker Deployment Version not found",
                  temporal::api::errordetails::v1::NotFoundFailure());
  }
  in.deployments().refresh_drainage(*of);
  const version_info& version = of->versions.at(wanted.build_id());
  service::DescribeWorkerDeploymentVersionResponse response;
  *response.mutable_worker_deployment_version_info() = version;
  for (const auto& each : version.task_queue_infos()) {
    auto& queue = *response.add_version_task_queues();
    queue.set_name(each.name());
    queue.set_type(each.type());
    if (!request.report_task_queue_stats()) continue;
    queue.mutable_stats()->mutable_approximate_backlog_age();
    in.matching().each_version(key_of(space.id(), each), [&](queue_state& waiting) {
      if (!same_version(waiting.version, wanted)) return;
      add_stats(in, waiting, *queue.mutable_stats(), queue.mutable_stats_by_priority_key());
    });
  }
  return response;
}

inline service::CreateWorkerDeploymentResponse create(core& in, const service::CreateWorkerDeploymentRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  check_deployment_name(in, request.deployment_name());
  if (in.deployments().find(space.id(), request.deployment_name()) != nullptr) {
    throw refusal(rpc_code::already_exists, "Worker Deployment \"" + request.deployment_name() + "\" already exists");
  }
  deployment_state& made = in.deployments().make(space.id(), request.deployment_name());
  made.info().set_last_modifier_identity(request.identity());
  in.deployments().save(made);
  service::CreateWorkerDeploymentResponse response;
  response.set_conflict_token(made.shown.conflict_token());
  return response;
}

inline service::SetWorkerDeploymentManagerResponse set_manager(
    core& in, const service::SetWorkerDeploymentManagerRequest& request) {
  if (request.identity().empty()) refuse("Identity is required");
  const name_space& space = in.namespaces().get(request.namespace_());
  check_deployment_name(in, request.deployment_name());
  deployment_state& of = in.deployments().get(space.id(), request.deployment_name());
  const std::string next = request.self() ? request.identity() : request.manager_identity();
  service::SetWorkerDeploymentManagerResponse response;
  response.set_previous_manager_identity(of.info().manager_identity());
  if (of.info().manager_identity() != next || of.info().last_modifier_identity() != request.identity()) {
    check_token(of, request.conflict_token());
    of.info().set_manager_identity(next);
    of.info().set_last_modifier_identity(request.identity());
    in.deployments().save(of);
  }
  response.set_conflict_token(of.shown.conflict_token());
  return response;
}

inline service::UpdateWorkerDeploymentVersionMetadataResponse update_metadata(
    core& in, const service::UpdateWorkerDeploymentVersionMetadataRequest& request) {
  if (request.upsert_entries().empty() && request.remove_entries().empty()) {
    refuse("At least one of remove_entries or upsert_entries must be provided");
  }
  const name_space& space = in.namespaces().get(request.namespace_());
  const auto wanted = requested_version(in, request);
  deployment_state& of = in.deployments().get(space.id(), wanted.deployment_name());
  version_info& version = find_version(of, wanted.build_id());
  auto& entries = *version.mutable_metadata()->mutable_entries();
  for (const auto& [name, value] : request.upsert_entries()) entries[name] = value;
  for (const auto& name : request.remove_entries()) entries.erase(name);
  version.set_last_modifier_identity(request.identity());
  in.deployments().save_version(of, wanted.build_id());
  service::UpdateWorkerDeploymentVersionMetadataResponse response;
  *response.mutable_metadata() = version.metadata();
  return response;
}

inline bool has_pollers(core& in, const deployment_state& of, const version_info& version) {
  const auto now = io::steady_clock::now();
  bool found = false;
  for (const auto& each : version.task_queue_infos()) {
    in.matching().each_version(key_of(of.namespace_id, each), [&](const queue_state& queue) {
      if (!same_version(queue.version, version.deployment_version())) return;
      found = found || !queue.polls.empty() ||
              std::any_of(queue.workers.begin(), queue.workers.end(),
                          [now](const auto& worker) { return now - worker.second.seen < std::chrono::minutes(5); });
    });
  }
  return found;
}

inline service::DeleteWorkerDeploymentVersionResponse delete_version(
    core& in, const service::DeleteWorkerDeploymentVersionRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const auto wanted = requested_version(in, request);
  deployment_state& of = in.deployments().get(space.id(), wanted.deployment_name());
  const auto found = of.versions.find(wanted.build_id());
  if (found == of.versions.end()) return {};
  in.deployments().refresh_drainage(of);
  const auto refuse_because = [&](const std::string& reason) {
    throw refusal(rpc_code::failed_precondition,
                  "version '" + version_text(wanted) + "' cannot be deleted since it " + reason);
  };
  const version_info& version = found->second;
  if (version.has_current_since_time() || version.has_ramping_since_time()) refuse_because("is current or ramping");
  check_manager(of, request.identity());
  if (!request.skip_drainage() && version.status() == enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING) {
    refuse_because("is draining");
  }
  if (has_pollers(in, of, version)) refuse_because("has active pollers");
  in.deployments().remove_version(of, wanted.build_id());
  of.info().set_last_modifier_identity(request.identity());
  in.deployments().save(of);
  in.matching().reroute(space.id());
  return {};
}

inline service::DeleteWorkerDeploymentResponse delete_deployment(
    core& in, const service::DeleteWorkerDeploymentRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  check_deployment_name(in, request.deployment_name());
  deployment_state* of = in.deployments().find(space.id(), request.deployment_name());
  if (of == nullptr) return {};
  if (!of->versions.empty()) {
    throw refusal(rpc_code::failed_precondition, "deployment has versions, can't be deleted");
  }
  check_manager(*of, request.identity());
  in.deployments().remove(*of);
  return {};
}

}  // namespace detail_deployment_methods

RONDO_SERVER_FUNCTION void serve_deployments(frontend& at) {
  namespace service = temporal::api::workflowservice::v1;
  using namespace detail_deployment_methods;
  at.on<service::ListWorkerDeploymentsRequest>("ListWorkerDeployments", list);
  at.on<service::DescribeWorkerDeploymentRequest>("DescribeWorkerDeployment", describe);
  at.on<service::DescribeWorkerDeploymentVersionRequest>("DescribeWorkerDeploymentVersion", describe_version);
  at.on<service::CreateWorkerDeploymentRequest>("CreateWorkerDeployment", create);
  at.on<service::SetWorkerDeploymentManagerRequest>("SetWorkerDeploymentManager", set_manager);
  at.on<service::UpdateWorkerDeploymentVersionMetadataRequest>("UpdateWorkerDeploymentVersionMetadata",
                                                               update_metadata);
  at.on<service::DeleteWorkerDeploymentVersionRequest>("DeleteWorkerDeploymentVersion", delete_version);
  at.on<service::DeleteWorkerDeploymentRequest>("DeleteWorkerDeployment", delete_deployment);
  serve_deployment_routing(at);
  serve_compute_config(at);
  serve_execution_options(at);
}

}  // namespace rondo::server
