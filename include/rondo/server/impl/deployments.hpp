#pragma once

#include "rondo/server/deployments.hpp"

#include <temporal/api/errordetails/v1/message.pb.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/server/matching.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/versioning.hpp"

namespace rondo::server {

namespace detail_deployments {

using temporal::api::deployment::v1::RoutingConfig;
using version_info = deployment_state::version_info;

inline constexpr std::string_view deployment_prefix = "deployment/";
inline constexpr std::string_view version_prefix = "deployment-version/";

inline std::string key_of(std::string_view prefix, const deployment_state& of, const std::string& build_id = {}) {
  std::string key(prefix);
  key.append(of.namespace_id).append("/").append(of.name());
  if (!build_id.empty()) key.append(":").append(build_id);
  return key;
}

inline std::string namespace_of(std::string_view key, std::string_view prefix) {
  key.remove_prefix(prefix.size());
  return std::string(key.substr(0, key.find('/')));
}

inline enums::TaskQueueType type_of(queue_type type) {
  return type == queue_type::activity ? enums::TASK_QUEUE_TYPE_ACTIVITY : enums::TASK_QUEUE_TYPE_WORKFLOW;
}

inline bool has_queue(const version_info& version, const std::string& name, queue_type type) {
  return std::any_of(version.task_queue_infos().begin(), version.task_queue_infos().end(),
                     [&](const auto& each) { return each.name() == name && each.type() == type_of(type); });
}

/// In the order of names and types.
inline void add_queue(version_info& to, const queue_key& queue) {
  auto& made = *to.add_task_queue_infos();
  made.set_name(queue.name);
  made.set_type(type_of(queue.type));
  std::sort(to.mutable_task_queue_infos()->begin(), to.mutable_task_queue_infos()->end(),
            [](const auto& a, const auto& b) { return std::pair(a.name(), a.type()) < std::pair(b.name(), b.type()); });
}

/// Where tasks of a queue go that follow the deployment.
struct route {
  std::optional<deployment_version> current;
  instant current_since = 0;
  std::optional<deployment_version> ramping;
  instant ramping_since = 0;
  float percentage = 0;
};

inline void add_route(const deployment_state& by, const queue_key& queue, route& into) {
  const RoutingConfig& routing = by.routing();
  const auto knows = [&](const deployment_version& version) {
    const auto found = by.versions.find(version.build_id());
    return found != by.versions.end() && has_queue(found->second, queue.name, queue.type);
  };
  const instant current_since = from_proto(routing.current_version_changed_time());
  if (routing.has_current_deployment_version() && knows(routing.current_deployment_version()) &&
      current_since >= into.current_since) {
    into.current = routing.current_deployment_version();
    into.current_since = current_since;
  }
  const instant ramping_since = from_proto(routing.ramping_version_changed_time());
  if (routing.ramping_version().empty() || ramping_since < into.ramping_since) return;
  if (routing.has_ramping_deployment_version()) {
    if (!knows(routing.ramping_deployment_version())) return;
    into.ramping = routing.ramping_deployment_version();
  } else if (routing.has_current_deployment_version() && knows(routing.current_deployment_version())) {
    into.ramping.reset();
  } else {
    return;
  }
  into.ramping_since = ramping_since;
  into.percentage = routing.ramping_version_percentage();
}

/// From 0 to 100, always the same for a workflow id.
inline double place_of(std::string_view workflow_id) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char each : workflow_id) hash = (hash ^ static_cast<unsigned char>(each)) * 1099511628211ULL;
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53ULL;
  hash ^= hash >> 33U;
  return 100.0 * static_cast<double>(hash >> 11U) / 9007199254740992.0;
}

inline std::optional<deployment_version> choose(const route& by, const std::string& workflow_id) {
  if (by.ramping_since == 0 || by.percentage <= 0) return by.current;
  if (by.percentage >= 100) return by.ramping;
  return place_of(workflow_id) < static_cast<double>(by.percentage) ? by.ramping : by.current;
}

inline bool holds_version(const run& each, const deployment_version& version) {
  if (!each.open() || !each.state.has_versioning()) return false;
  const versioning_info& info = each.state.versioning();
  return chosen_behavior(info) == enums::VERSIONING_BEHAVIOR_PINNED && same_version(effective_version(info), version);
}

/// Runs hold the version, or no longer. False: that was known.
inline bool set_drainage(version_info& version, bool held, instant now) {
  auto& drainage = *version.mutable_drainage_info();
  to_proto(now, *drainage.mutable_last_checked_time());
  const auto status = held ? enums::VERSION_DRAINAGE_STATUS_DRAINING : enums::VERSION_DRAINAGE_STATUS_DRAINED;
  if (drainage.status() == status) return false;
  drainage.set_status(status);
  *drainage.mutable_last_changed_time() = drainage.last_checked_time();
  version.set_status(held ? enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING
                          : enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED);
  return true;
}

/// What the run said of the one that continues it.
inline enums::ContinueAsNewVersioningBehavior wanted_beginning(const run& of) {
  if (of.state.status() != enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW) {
    return enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED;
  }
  return of.events.at(of.events.next_id() - 1)
      .workflow_execution_continued_as_new_event_attributes()
      .initial_versioning_behavior();
}

}  // namespace detail_deployments

struct deployments::impl {
  explicit impl(core& owner) : in(owner) {}

  using id = std::pair<std::string, std::string>;  // namespace and name

  detail_deployments::route route_of(const queue_key& queue) const {
    detail_deployments::route found;
    const auto users = by_queue.find(queue);
    if (users == by_queue.end()) return found;
    for (const auto& name : users->second) {
      const auto deployment = all.find({queue.namespace_id, name});
      if (deployment != all.end()) detail_deployments::add_route(deployment->second, queue, found);
    }
    return found;
  }

  const deployment_state::version_info* find_version(const std::string& namespace_id,
                                                     const deployment_version& version) const {
    const auto deployment = all.find({namespace_id, version.deployment_name()});
    if (deployment == all.end()) return nullptr;
    const auto found = deployment->second.versions.find(version.build_id());
    return found == deployment->second.versions.end() ? nullptr : &found->second;
  }

  void index(const deployment_state& of, const deployment_state::version_info& version) {
    for (const auto& each : version.task_queue_infos()) {
      const auto type = each.type() == enums::TASK_QUEUE_TYPE_ACTIVITY ? queue_type::activity : queue_type::workflow;
      auto& users = by_queue[{of.namespace_id, each.name(), type}];
      if (std::find(users.begin(), users.end(), of.name()) == users.end()) users.push_back(of.name());
    }
  }

  core& in;
  std::map<id, deployment_state> all;
  std::map<queue_key, std::vector<std::string>> by_queue;  // names of deployments that have it
};

RONDO_SERVER_FUNCTION deployments::deployments(core& owner) : impl_(std::make_unique<impl>(owner)) {}
RONDO_SERVER_FUNCTION deployments::~deployments() = default;

RONDO_SERVER_FUNCTION void deployments::load() {
  using namespace detail_deployments;
  const auto read = [](google::protobuf::Message& into, std::string_view bytes) {
    if (!into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      throw std::runtime_error("rondo: the store holds a worker deployment that cannot be read");
    }
  };
  core& in = impl_->in;
  in.store().each_value(deployment_prefix, [&](std::string_view key, std::string_view value) {
    deployment_state state;
    state.namespace_id = namespace_of(key, deployment_prefix);
    read(state.shown, value);
    const std::string name = state.name();
    impl_->all[{state.namespace_id, name}] = std::move(state);
  });
  in.store().each_value(version_prefix, [&](std::string_view key, std::string_view value) {
    deployment_state::version_info version;
    read(version, value);
    deployment_state* of = find(namespace_of(key, version_prefix), version.deployment_version().deployment_name());
    if (of == nullptr) return;
    impl_->index(*of, version);
    const std::string build_id = version.deployment_version().build_id();
    of->versions[build_id] = std::move(version);
  });
}

RONDO_SERVER_FUNCTION deployment_state* deployments::find(const std::string& namespace_id,
                                                          const std::string& name) noexcept {
  const auto found = impl_->all.find({namespace_id, name});
  return found == impl_->all.end() ? nullptr : &found->second;
}

RONDO_SERVER_FUNCTION deployment_state& deployments::get(const std::string& namespace_id, const std::string& name) {
  deployment_state* found = find(namespace_id, name);
  if (found != nullptr) return *found;
  throw refusal(rpc_code::not_found,
                "no Worker Deployment found with name '" + name + "'; does your Worker Deployment have pollers?",
                temporal::api::errordetails::v1::NotFoundFailure());
}

RONDO_SERVER_FUNCTION deployment_state& deployments::make(const std::string& namespace_id, const std::string& name) {
  if (deployment_state* found = find(namespace_id, name)) return *found;
  deployment_state& made = impl_->all[{namespace_id, name}];
  made.namespace_id = namespace_id;
  made.info().set_name(name);
  to_proto(impl_->in.now(), *made.info().mutable_create_time());
  made.info().mutable_routing_config()->set_current_version(unversioned_name);
  made.info().set_routing_config_update_state(enums::ROUTING_CONFIG_UPDATE_STATE_COMPLETED);
  save(made);
  return made;
}

RONDO_SERVER_FUNCTION deployment_state::version_info& deployments::make_version_of(deployment_state& in,
                                                                                   const std::string& build_id) {
  const auto [found, added] = in.versions.try_emplace(build_id);
  if (!added) return found->second;
  auto& made = found->second;
  *made.mutable_deployment_version() = make_version(in.name(), build_id);
  made.set_version(old_version_text(made.deployment_version()));
  made.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE);
  to_proto(impl_->in.now(), *made.mutable_create_time());
  return made;
}

RONDO_SERVER_FUNCTION void deployments::save(deployment_state& which) {
  core& in = impl_->in;
  auto& routing = *which.info().mutable_routing_config();
  routing.set_revision_number(routing.revision_number() + 1);
  which.shown.set_conflict_token(std::to_string(in.now()) + "-" + std::to_string(routing.revision_number()));
  in.put_value(detail_deployments::key_of(detail_deployments::deployment_prefix, which),
               which.shown.SerializeAsString());
}

RONDO_SERVER_FUNCTION void deployments::save_version(deployment_state& in, const std::string& build_id) {
  const auto& version = in.versions.at(build_id);
  impl_->index(in, version);
  impl_->in.put_value(detail_deployments::key_of(detail_deployments::version_prefix, in, build_id),
                      version.SerializeAsString());
}

RONDO_SERVER_FUNCTION void deployments::remove_version(deployment_state& in, const std::string& build_id) {
  impl_->in.put_value(detail_deployments::key_of(detail_deployments::version_prefix, in, build_id), {});
  in.versions.erase(build_id);
}

RONDO_SERVER_FUNCTION void deployments::remove(deployment_state& which) {
  impl_->in.put_value(detail_deployments::key_of(detail_deployments::deployment_prefix, which), {});
  const std::string name = which.name();
  for (auto each = impl_->by_queue.begin(); each != impl_->by_queue.end();) {
    if (each->first.namespace_id == which.namespace_id) std::erase(each->second, name);
    each = each->second.empty() ? impl_->by_queue.erase(each) : std::next(each);
  }
  impl_->all.erase({std::string(which.namespace_id), name});
}

RONDO_SERVER_FUNCTION void deployments::each(const std::string& namespace_id,
                                             const std::function<void(deployment_state&)>& visit) {
  for (auto each = impl_->all.lower_bound({namespace_id, {}});
       each != impl_->all.end() && each->first.first == namespace_id; ++each) {
    visit(each->second);
  }
}

RONDO_SERVER_FUNCTION void deployments::on_poll(const poller& from) {
  const auto* known = impl_->find_version(from.queue.namespace_id, *from.version);
  if (known != nullptr && detail_deployments::has_queue(*known, from.queue.name, from.queue.type)) return;
  deployment_state& of = make(from.queue.namespace_id, from.version->deployment_name());
  auto& version = make_version_of(of, from.version->build_id());
  if (version.status() == enums::WORKER_DEPLOYMENT_VERSION_STATUS_CREATED) {
    version.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE);
  }
  detail_deployments::add_queue(version, from.queue);
  save_version(of, from.version->build_id());
  impl_->in.matching().reroute(of.namespace_id);
}

RONDO_SERVER_FUNCTION std::optional<deployment_version> deployments::target(const run& of,
                                                                            const queue_key& queue) const {
  const versioning_info& info = of.state.versioning();
  if (info.versioning_override().has_one_time()) {
    return info.versioning_override().one_time().target_deployment_version();
  }
  const auto pinned =
      effective_behavior(info) == enums::VERSIONING_BEHAVIOR_PINNED ? effective_version(info) : std::nullopt;
  if (pinned) {
    if (queue.type == queue_type::workflow) return pinned;
    const auto* version = impl_->find_version(queue.namespace_id, *pinned);
    if (version != nullptr && detail_deployments::has_queue(*version, queue.name, queue.type)) return pinned;
  }
  const auto route = impl_->route_of(queue);
  const bool first = of.state.last_completed_task_event_id() == 0;
  if (first && route.ramping &&
      info.continue_as_new_initial_versioning_behavior() ==
          enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_USE_RAMPING_VERSION) {
    return route.ramping;
  }
  return detail_deployments::choose(route, of.state.workflow_id());
}

RONDO_SERVER_FUNCTION std::optional<temporal::api::taskqueue::v1::TaskQueueVersioningInfo>
deployments::describe_routing(const queue_key& queue) const {
  const auto route = impl_->route_of(queue);
  if (!route.current && route.ramping_since == 0) return std::nullopt;
  temporal::api::taskqueue::v1::TaskQueueVersioningInfo info;
  if (route.current) *info.mutable_current_deployment_version() = *route.current;
  info.set_current_version(old_version_text(route.current));
  if (route.ramping_since != 0) {
    if (route.ramping) *info.mutable_ramping_deployment_version() = *route.ramping;
    info.set_ramping_version(old_version_text(route.ramping));
    info.set_ramping_version_percentage(route.percentage);
  }
  to_proto(std::max(route.current_since, route.ramping_since), *info.mutable_update_time());
  return info;
}

RONDO_SERVER_FUNCTION void deployments::refresh_drainage(deployment_state& which) {
  name_space* space = impl_->in.namespaces().find_by_id(which.namespace_id);
  if (space == nullptr) return;
  for (auto& [build_id, version] : which.versions) {
    if (!version.has_drainage_info()) continue;
    const bool held = std::any_of(space->runs.begin(), space->runs.end(), [&](const auto& each) {
      return detail_deployments::holds_version(*each.second, version.deployment_version());
    });
    if (!detail_deployments::set_drainage(version, held, impl_->in.now())) continue;
    save_version(which, build_id);
  }
}

RONDO_SERVER_FUNCTION void deployments::on_run_changed(const run& which) {
  const auto version = effective_version(which.state.versioning());
  if (!version || !detail_deployments::holds_version(which, *version)) return;
  deployment_state* of = find(which.state.namespace_id(), version->deployment_name());
  if (of == nullptr) return;
  const auto found = of->versions.find(version->build_id());
  if (found == of->versions.end() || found->second.status() != enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED) return;
  detail_deployments::set_drainage(found->second, true, impl_->in.now());
  save_version(*of, version->build_id());
}

RONDO_SERVER_FUNCTION void deployments::check_override(
    const std::string& namespace_id, const std::string& task_queue,
    const temporal::api::workflow::v1::VersioningOverride& wanted) const {
  const versioning_override checked = normalized(wanted);
  if (!checked.has_pinned() || !checked.pinned().has_version()) return;
  const auto* version = impl_->find_version(namespace_id, checked.pinned().version());
  if (version != nullptr && detail_deployments::has_queue(*version, task_queue, queue_type::workflow)) return;
  throw refusal(rpc_code::failed_precondition, "Pinned version '" + version_text(checked.pinned().version()) +
                                                   "' is not present in task queue '" + task_queue +
                                                   "' of type 'Workflow'");
}

RONDO_SERVER_FUNCTION void deployments::inherit(run& to, const run& from) const {
  const versioning_info& old = from.state.versioning();
  const auto initial = detail_deployments::wanted_beginning(from);
  if (initial != enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED) {
    to.state.mutable_versioning()->set_continue_as_new_initial_versioning_behavior(initial);
  }
  if (effective_behavior(old) != enums::VERSIONING_BEHAVIOR_PINNED) return;
  if (to.state.namespace_id() != from.state.namespace_id()) return;
  const auto version = effective_version(old);
  if (!version) return;
  if (to.state.task_queue() != from.state.task_queue()) {
    const auto* known = impl_->find_version(to.state.namespace_id(), *version);
    if (known == nullptr || !detail_deployments::has_queue(*known, to.state.task_queue(), queue_type::workflow)) return;
  }
  auto& info = *to.state.mutable_versioning();
  if (old.versioning_override().has_pinned() && !info.has_versioning_override()) {
    *info.mutable_versioning_override() = old.versioning_override();
  }
  if (initial == enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED) {
    info.set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
    *info.mutable_deployment_version() = *version;
    info.set_version(old_version_text(version));
  }
  show_versioning(to, nullptr);
}

}  // namespace rondo::server
