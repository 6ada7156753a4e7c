#pragma once

#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>

#include <optional>
#include <string>

#include "rondo/server/refusal.hpp"
#include "rondo/server/task_queue.hpp"

// The versioning of one run: what it follows from its parts.
namespace rondo::server {

using versioning_info = temporal::api::workflow::v1::WorkflowExecutionVersioningInfo;
using versioning_override = temporal::api::workflow::v1::VersioningOverride;

inline constexpr const char* unversioned_name = "__unversioned__";

inline deployment_version make_version(std::string deployment, std::string build_id) {
  deployment_version version;
  version.set_deployment_name(std::move(deployment));
  version.set_build_id(std::move(build_id));
  return version;
}

inline bool same_version(const std::optional<deployment_version>& a, const std::optional<deployment_version>& b) {
  return version_text(a) == version_text(b);
}

/// "deployment.build", the older form, which some fields still have.
inline std::string old_version_text(const std::optional<deployment_version>& version) {
  return version ? version->deployment_name() + "." + version->build_id() : unversioned_name;
}

/// Reads "deployment.build" or "deployment:build"; none for the unversioned workers. Refuses anything else.
inline std::optional<deployment_version> parse_version(const std::string& text) {
  if (text == unversioned_name) return std::nullopt;
  const auto place = text.find_first_of(".:");
  if (place == std::string::npos || place == 0 || place + 1 == text.size()) {
    throw refusal(rpc_code::invalid_argument,
                  "invalid version string \"" + text + "\", expected format is \"<deployment_name>.<build_id>\"");
  }
  return make_version(text.substr(0, place), text.substr(place + 1));
}

inline bool is_pinned(const versioning_override& by) noexcept { return by.has_pinned(); }

/// The version of the run's workers: that of a transition, of an override, or of its last workflow task.
inline std::optional<deployment_version> effective_version(const versioning_info& of) {
  if (of.has_version_transition()) {
    if (!of.version_transition().has_deployment_version()) return std::nullopt;
    return of.version_transition().deployment_version();
  }
  if (of.versioning_override().has_pinned()) return of.versioning_override().pinned().version();
  if (of.behavior() == temporal::api::enums::v1::VERSIONING_BEHAVIOR_UNSPECIFIED || !of.has_deployment_version()) {
    return std::nullopt;
  }
  return of.deployment_version();
}

/// Whether the run stays with its version, but for a transition.
inline temporal::api::enums::v1::VersioningBehavior chosen_behavior(const versioning_info& of) {
  if (of.versioning_override().has_pinned()) return temporal::api::enums::v1::VERSIONING_BEHAVIOR_PINNED;
  if (of.versioning_override().auto_upgrade()) return temporal::api::enums::v1::VERSIONING_BEHAVIOR_AUTO_UPGRADE;
  return of.behavior();
}

inline temporal::api::enums::v1::VersioningBehavior effective_behavior(const versioning_info& of) {
  if (of.has_version_transition()) return temporal::api::enums::v1::VERSIONING_BEHAVIOR_AUTO_UPGRADE;
  return chosen_behavior(of);
}

/// Brings the older fields of an override into the present form; refuses what says nothing or contradicts itself.
versioning_override normalized(const versioning_override& given);

}  // namespace rondo::server
