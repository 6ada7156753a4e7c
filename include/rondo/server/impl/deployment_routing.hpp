#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <optional>
#include <string>

#include "rondo/server/deployment_checks.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/versioning.hpp"

// Which version of a deployment is the current one, and which one is ramping up.
namespace rondo::server {

namespace detail_deployment_routing {

namespace service = temporal::api::workflowservice::v1;
using namespace detail_deployment_checks;
using temporal::api::deployment::v1::RoutingConfig;

/// What a request says; none: the unversioned workers.
template <class Request>
std::optional<deployment_version> target_of(const core& in, const Request& request) {
  check_deployment_name(in, request.deployment_name());
  std::optional<deployment_version> version;
  if (!request.version().empty()) {
    version = parse_version(request.version());
    if (version && version->deployment_name() != request.deployment_name()) {
      refuse("invalid version string '" + request.version() + "' does not match deployment name '" +
             request.deployment_name() + "'");
    }
  } else if (!request.build_id().empty()) {
    version = make_version(request.deployment_name(), request.build_id());
  }
  if (version) check_version(in, *version);
  return version;
}

/// The deployment must be there, unless the caller says that its workers come later.
template <class Request>
deployment_state& deployment_of(core& in, const std::string& namespace_id, const Request& request) {
  if (deployment_state* found = in.deployments().find(namespace_id, request.deployment_name())) return *found;
  if (!request.allow_no_pollers()) return in.deployments().get(namespace_id, request.deployment_name());
  if (!request.conflict_token().empty()) throw refusal(rpc_code::failed_precondition, "conflict token mismatch");
  return in.deployments().make(namespace_id, request.deployment_name());
}

inline bool knows_queue(const version_info& version, const version_info::VersionTaskQueueInfo& queue) {
  return std::any_of(version.task_queue_infos().begin(), version.task_queue_infos().end(),
                     [&](const auto& each) { return each.name() == queue.name() && each.type() == queue.type(); });
}

/// Tasks wait in the queue or came lately, and they follow this deployment.
inline bool is_active(core& in, const deployment_state& of, const version_info::VersionTaskQueueInfo& queue) {
  const queue_key key = key_of(of.namespace_id, queue);
  const auto routing = in.deployments().describe_routing(key);
  if (!routing || routing->current_deployment_version().deployment_name() != of.name()) return false;
  temporal::api::taskqueue::v1::TaskQueueStats stats;
  in.matching().each_version(key, [&](queue_state& each) { add_stats(in, each, stats, nullptr); });
  return stats.approximate_backlog_count() > 0 || stats.tasks_add_rate() > 0;
}

inline void check_queues(core& in, deployment_state& of, const deployment_version& wanted, const char* as) {
  if (!of.routing().has_current_deployment_version()) return;
  const auto current = of.versions.find(of.routing().current_deployment_version().build_id());
  const auto next = of.versions.find(wanted.build_id());
  if (current == of.versions.end()) return;
  for (const auto& queue : current->second.task_queue_infos()) {
    if (next != of.versions.end() && knows_queue(next->second, queue)) continue;
    if (!is_active(in, of, queue)) continue;
    throw refusal(rpc_code::failed_precondition,
                  std::string("proposed ") + as + " version '" + version_text(wanted) +
                      "' is missing active task queues from the current version; these would become unversioned if it "
                      "is set as the " +
                      as + " version");
  }
}

inline void activate(core& in, deployment_state& of, version_info& version) {
  to_proto(in.now(), *version.mutable_routing_changed_time());
  if (!version.has_first_activation_time()) to_proto(in.now(), *version.mutable_first_activation_time());
  version.clear_drainage_info();
  in.deployments().save_version(of, version.deployment_version().build_id());
}

inline void deactivate(core& in, deployment_state& of, const deployment_version& which) {
  const auto found = of.versions.find(which.build_id());
  if (found == of.versions.end()) return;
  version_info& version = found->second;
  to_proto(in.now(), *version.mutable_routing_changed_time());
  to_proto(in.now(), *version.mutable_last_deactivation_time());
  if (version.has_current_since_time()) to_proto(in.now(), *version.mutable_last_current_time());
  version.clear_current_since_time();
  version.clear_ramping_since_time();
  version.clear_ramp_percentage();
  version.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING);
  auto& drainage = *version.mutable_drainage_info();
  drainage.set_status(enums::VERSION_DRAINAGE_STATUS_DRAINING);
  to_proto(in.now(), *drainage.mutable_last_changed_time());
  to_proto(in.now(), *drainage.mutable_last_checked_time());
  in.deployments().save_version(of, which.build_id());
}

inline void finish(core& in, deployment_state& of, const std::string& identity) {
  of.info().set_last_modifier_identity(identity);
  in.deployments().save(of);
  in.deployments().refresh_drainage(of);
  in.matching().reroute(of.namespace_id);
}

inline void clear_ramp(core& in, RoutingConfig& routing) {
  routing.clear_ramping_version();
  routing.clear_ramping_deployment_version();
  routing.clear_ramping_version_percentage();
  to_proto(in.now(), *routing.mutable_ramping_version_changed_time());
  to_proto(in.now(), *routing.mutable_ramping_version_percentage_changed_time());
}

inline std::optional<deployment_version> current_of(const deployment_state& of) {
  if (!of.routing().has_current_deployment_version()) return std::nullopt;
  return of.routing().current_deployment_version();
}

inline bool is_new(const deployment_state& of, const std::optional<deployment_version>& version) {
  return version && of.versions.count(version->build_id()) == 0;
}

// Current version.

inline void change_current(core& in, deployment_state& of, const std::optional<deployment_version>& next) {
  const auto before = current_of(of);
  auto& routing = *of.info().mutable_routing_config();
  const bool was_ramping = !routing.ramping_version().empty() && routing.ramping_version() == old_version_text(next);
  routing.set_current_version(old_version_text(next));
  routing.clear_current_deployment_version();
  if (next) *routing.mutable_current_deployment_version() = *next;
  to_proto(in.now(), *routing.mutable_current_version_changed_time());
  if (was_ramping) clear_ramp(in, routing);
  if (before && !same_version(before, next)) deactivate(in, of, *before);
  if (!next) return;
  version_info& version = in.deployments().make_version_of(of, next->build_id());
  version.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
  to_proto(in.now(), *version.mutable_current_since_time());
  version.clear_ramping_since_time();
  version.clear_ramp_percentage();
  activate(in, of, version);
}

inline service::SetWorkerDeploymentCurrentVersionResponse set_current(
    core& in, const service::SetWorkerDeploymentCurrentVersionRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const auto next = target_of(in, request);
  deployment_state& of = deployment_of(in, space.id(), request);
  const auto before = current_of(of);
  service::SetWorkerDeploymentCurrentVersionResponse response;
  response.set_previous_version(old_version_text(before));
  if (before) *response.mutable_previous_deployment_version() = *before;
  const bool same = same_version(before, next) && of.info().last_modifier_identity() == request.identity();
  if (!same) {
    check_token(of, request.conflict_token());
    if (is_new(of, next) && !request.allow_no_pollers()) find_version(of, next->build_id());
    check_manager(of, request.identity());
    if (next && !request.ignore_missing_task_queues()) check_queues(in, of, *next, "current");
    change_current(in, of, next);
    finish(in, of, request.identity());
  }
  response.set_conflict_token(of.shown.conflict_token());
  return response;
}

// Ramping version.

/// Nothing, the unversioned workers, or a version.
struct ramp {
  std::string name;
  std::optional<deployment_version> version;
};

inline ramp ramp_of(const deployment_state& of) {
  ramp found;
  found.name = of.routing().ramping_version();
  if (of.routing().has_ramping_deployment_version()) found.version = of.routing().ramping_deployment_version();
  return found;
}

inline ramp wanted_ramp(const core& in, const service::SetWorkerDeploymentRampingVersionRequest& request) {
  if (!(request.percentage() >= 0 && request.percentage() <= 100)) {
    refuse("Percentage must be between 0 and 100 (inclusive)");
  }
  ramp wanted;
  wanted.version = target_of(in, request);
  const bool unset = request.version().empty() && request.build_id().empty() && request.percentage() <= 0;
  if (!unset) wanted.name = old_version_text(wanted.version);
  return wanted;
}

inline void check_ramp(core& in, deployment_state& of, const ramp& next,
                       const service::SetWorkerDeploymentRampingVersionRequest& request) {
  check_token(of, request.conflict_token());
  const bool unversioned_nothing = !next.version && request.percentage() <= 0;
  if (!next.name.empty() && next.name == of.routing().current_version() && !unversioned_nothing) {
    throw refusal(rpc_code::failed_precondition, "requested ramping version " + next.name + " is already current");
  }
  if (is_new(of, next.version) && !request.allow_no_pollers()) find_version(of, next.version->build_id());
  check_manager(of, request.identity());
  if (next.version && next.name != of.routing().ramping_version() && !request.ignore_missing_task_queues()) {
    check_queues(in, of, *next.version, "ramping");
  }
}

inline void change_ramp(core& in, deployment_state& of, const ramp& next, float percentage) {
  const ramp before = ramp_of(of);
  auto& routing = *of.info().mutable_routing_config();
  if (before.version && before.name != next.name) deactivate(in, of, *before.version);
  if (next.name.empty()) {
    clear_ramp(in, routing);
    return;
  }
  if (before.name != next.name) to_proto(in.now(), *routing.mutable_ramping_version_changed_time());
  routing.set_ramping_version(next.name);
  routing.clear_ramping_deployment_version();
  routing.set_ramping_version_percentage(percentage);
  to_proto(in.now(), *routing.mutable_ramping_version_percentage_changed_time());
  if (!next.version) return;
  *routing.mutable_ramping_deployment_version() = *next.version;
  version_info& version = in.deployments().make_version_of(of, next.version->build_id());
  version.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING);
  if (before.name != next.name) to_proto(in.now(), *version.mutable_ramping_since_time());
  version.set_ramp_percentage(percentage);
  activate(in, of, version);
}

inline service::SetWorkerDeploymentRampingVersionResponse set_ramping(
    core& in, const service::SetWorkerDeploymentRampingVersionRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const ramp next = wanted_ramp(in, request);
  deployment_state& of = deployment_of(in, space.id(), request);
  const ramp before = ramp_of(of);
  const float percentage = of.routing().ramping_version_percentage();
  service::SetWorkerDeploymentRampingVersionResponse response;
  response.set_previous_version(before.name);
  if (before.version) *response.mutable_previous_deployment_version() = *before.version;
  response.set_previous_percentage(percentage);
  const bool same = next.name == before.name && !(percentage < request.percentage()) &&
                    !(percentage > request.percentage()) && of.info().last_modifier_identity() == request.identity();
  if (!same) {
    check_ramp(in, of, next, request);
    change_ramp(in, of, next, request.percentage());
    finish(in, of, request.identity());
  }
  response.set_conflict_token(of.shown.conflict_token());
  return response;
}

}  // namespace detail_deployment_routing

RONDO_SERVER_FUNCTION void serve_deployment_routing(frontend& at) {
  namespace service = temporal::api::workflowservice::v1;
  at.on<service::SetWorkerDeploymentCurrentVersionRequest>("SetWorkerDeploymentCurrentVersion",
                                                           detail_deployment_routing::set_current);
  at.on<service::SetWorkerDeploymentRampingVersionRequest>("SetWorkerDeploymentRampingVersion",
                                                           detail_deployment_routing::set_ramping);
}

}  // namespace rondo::server
