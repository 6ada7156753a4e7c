#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/deployment_version.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// Says in a request of the worker which build it is.
template <class Request>
void write_deployment(const worker_options& of, Request& request) {
  const auto& deployment = of.deployment;
  if (deployment.version.empty()) {
    if (!of.build_id.empty()) request.mutable_deployment_options()->set_build_id(of.build_id);
    return;
  }
  auto& told = *request.mutable_deployment_options();
  told.set_deployment_name(deployment.version.deployment_name);
  told.set_build_id(deployment.version.build_id);
  told.set_worker_versioning_mode(deployment.use_versioning ? engine::enums::WORKER_VERSIONING_MODE_VERSIONED
                                                            : engine::enums::WORKER_VERSIONING_MODE_UNVERSIONED);
}

/// The version that workflows see; without a deployment's name when the worker is in none.
inline worker_deployment_version version_of(const worker_options& of) {
  if (!of.deployment.version.empty()) return of.deployment.version;
  return {.deployment_name = {}, .build_id = of.build_id};
}

/// What happens to a run of the type when another version becomes the current one; a worker without versioning says
/// nothing about that.
inline versioning_behavior behavior_of(const worker_options& options, const run::workflow_definition* workflow,
                                       std::string_view type) {
  if (!options.deployment.versioned()) return versioning_behavior::unspecified;
  const auto own = workflow == nullptr ? versioning_behavior::unspecified : workflow->behavior_of(type);
  return own == versioning_behavior::unspecified ? options.deployment.default_behavior : own;
}

/// The worker is versioned, and nobody says what happens to runs of the type.
inline bool is_undecided(const worker_options& options, const run::workflow_definition& workflow,
                         std::string_view type) {
  return options.deployment.versioned() && behavior_of(options, &workflow, type) == versioning_behavior::unspecified;
}

inline engine::enums::VersioningBehavior to_proto(versioning_behavior behavior) {
  switch (behavior) {
    case versioning_behavior::pinned:
      return engine::enums::VERSIONING_BEHAVIOR_PINNED;
    case versioning_behavior::auto_upgrade:
      return engine::enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE;
    case versioning_behavior::unspecified:
      break;
  }
  return engine::enums::VERSIONING_BEHAVIOR_UNSPECIFIED;
}

inline void check_version(const worker_deployment_version& version) {
  if (version.deployment_name.empty() || version.build_id.empty()) {
    throw std::invalid_argument("rondo: deployment.version needs both deployment_name and build_id; given are '" +
                                version.deployment_name + "' and '" + version.build_id + "'");
  }
  const auto forbidden = version.deployment_name.find_first_of(".:");
  if (forbidden != std::string::npos) {
    throw std::invalid_argument("rondo: deployment_name '" + version.deployment_name + "' contains '" +
                                version.deployment_name[forbidden] + "', which the server does not allow there");
  }
}

/// Throws std::invalid_argument when the options about versions contradict each other, or a workflow of a versioned
/// worker does not say what becomes of its runs.
inline void check_deployment(const worker_options& options, const registry& app, bool runs_workflows) {
  const auto& deployment = options.deployment;
  if (deployment.version.empty()) {
    if (deployment.default_behavior == versioning_behavior::unspecified) return;
    throw std::invalid_argument("rondo: deployment.default_behavior needs a deployment.version");
  }
  check_version(deployment.version);
  if (!options.build_id.empty() && options.build_id != deployment.version.build_id) {
    throw std::invalid_argument("rondo: build_id '" + options.build_id + "' and deployment.version.build_id '" +
                                deployment.version.build_id + "' differ: leave build_id out");
  }
  if (!runs_workflows || !deployment.versioned()) return;
  std::string undecided;
  for (const auto& name : app.workflow_names()) {
    if (!is_undecided(options, *app.find_workflow(name), name)) continue;
    undecided.append(undecided.empty() ? "" : ", ").append(name);
  }
  // What its settings say is known only when a run comes.
  if (const auto* any = app.find_dynamic_workflow();
      any != nullptr && any->settings == nullptr && is_undecided(options, *any, any->name)) {
    undecided.append(undecided.empty() ? "" : ", ").append(any->name);
  }
  if (undecided.empty()) return;
  throw std::invalid_argument(
      "rondo: the worker is versioned, and these workflows do not say whether their runs stay with a version or move "
      "on: " +
      undecided +
      "; give each a static member `versioning_behavior`, or register it with one, or set deployment.default_behavior");
}

}  // namespace rondo::detail::worker
