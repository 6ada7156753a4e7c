#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/options.hpp"
#include "rondo/versioning_override.hpp"

// Options as the wire has them.
namespace rondo::detail::engine {

inline void write_retry_policy(const retry_policy& from, temporal::api::common::v1::RetryPolicy& to) {
  write_duration(from.initial_interval, *to.mutable_initial_interval());
  to.set_backoff_coefficient(from.backoff_coefficient);
  if (from.maximum_interval > duration::zero()) write_duration(from.maximum_interval, *to.mutable_maximum_interval());
  to.set_maximum_attempts(from.maximum_attempts);
  for (const auto& each : from.non_retryable_error_types) to.add_non_retryable_error_types(std::string(each));
}

inline void write_retry_policy(const owned_retry_policy& from, temporal::api::common::v1::RetryPolicy& to) {
  const std::vector<std::string_view> types(from.non_retryable_error_types.begin(),
                                            from.non_retryable_error_types.end());
  write_retry_policy({.initial_interval = from.initial_interval,
                      .backoff_coefficient = from.backoff_coefficient,
                      .maximum_interval = from.maximum_interval,
                      .maximum_attempts = from.maximum_attempts,
                      .non_retryable_error_types = types},
                     to);
}

inline owned_retry_policy retry_policy_of(const temporal::api::common::v1::RetryPolicy& from) {
  return {
      .initial_interval = duration_of(from.initial_interval()),
      .backoff_coefficient = from.backoff_coefficient(),
      .maximum_interval = duration_of(from.maximum_interval()),
      .maximum_attempts = from.maximum_attempts(),
      .non_retryable_error_types = {from.non_retryable_error_types().begin(), from.non_retryable_error_types().end()}};
}

inline void write_priority(const priority& from, temporal::api::common::v1::Priority& to) {
  to.set_priority_key(from.key);
  to.set_fairness_key(std::string(from.fairness_key));
  to.set_fairness_weight(from.fairness_weight);
}
inline void write_override(const versioning_override& from, temporal::api::workflow::v1::VersioningOverride& to) {
  const auto set_version = [&](temporal::api::deployment::v1::WorkerDeploymentVersion& version) {
    version.set_deployment_name(std::string(from.deployment_name));
    version.set_build_id(std::string(from.build_id));
  };
  switch (from.kind) {
    case versioning_override::kind_type::none:
      break;
    case versioning_override::kind_type::pinned:
      to.mutable_pinned()->set_behavior(
          temporal::api::workflow::v1::VersioningOverride::PINNED_OVERRIDE_BEHAVIOR_PINNED);
      set_version(*to.mutable_pinned()->mutable_version());
      break;
    case versioning_override::kind_type::auto_upgrade:
      to.set_auto_upgrade(true);
      break;
    case versioning_override::kind_type::one_time:
      set_version(*to.mutable_one_time()->mutable_target_deployment_version());
      break;
  }
}
/// `changed` when there is one, else what the options say.
template <class Attributes>
void write_headers(const payload_map* changed, payload_map_view own, Attributes& to) {
  const payload_map* headers = changed != nullptr ? changed : own.get();
  if (headers != nullptr && !headers->empty()) write_payload_map(*headers, *to.mutable_header()->mutable_fields());
}

inline enums::WorkflowIdReusePolicy wire_of(id_reuse_policy policy) noexcept {
  switch (policy) {
    case id_reuse_policy::allow_duplicate:
      return enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE;
    case id_reuse_policy::allow_duplicate_failed_only:
      return enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY;
    case id_reuse_policy::reject_duplicate:
      return enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE;
  }
  return enums::WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED;
}

inline enums::WorkflowIdConflictPolicy wire_of(id_conflict_policy policy) noexcept {
  switch (policy) {
    case id_conflict_policy::fail:
      return enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL;
    case id_conflict_policy::use_existing:
      return enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;
    case id_conflict_policy::terminate_existing:
      return enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING;
  }
  return enums::WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED;
}

/// Unset for those that these names do not have.
inline std::optional<id_reuse_policy> policy_of(enums::WorkflowIdReusePolicy policy) noexcept {
  switch (policy) {
    case enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE:
      return id_reuse_policy::allow_duplicate;
    case enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY:
      return id_reuse_policy::allow_duplicate_failed_only;
    case enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
      return id_reuse_policy::reject_duplicate;
    default:
      return std::nullopt;
  }
}
inline std::optional<id_conflict_policy> policy_of(enums::WorkflowIdConflictPolicy policy) noexcept {
  switch (policy) {
    case enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL:
      return id_conflict_policy::fail;
    case enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING:
      return id_conflict_policy::use_existing;
    case enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING:
      return id_conflict_policy::terminate_existing;
    default:
      return std::nullopt;
  }
}

inline enums::ParentClosePolicy wire_of(parent_close_policy policy) noexcept {
  switch (policy) {
    case parent_close_policy::terminate:
      return enums::PARENT_CLOSE_POLICY_TERMINATE;
    case parent_close_policy::abandon:
      return enums::PARENT_CLOSE_POLICY_ABANDON;
    case parent_close_policy::request_cancel:
      return enums::PARENT_CLOSE_POLICY_REQUEST_CANCEL;
  }
  return enums::PARENT_CLOSE_POLICY_UNSPECIFIED;
}

inline enums::ContinueAsNewVersioningBehavior wire_of(initial_versioning_behavior behavior) noexcept {
  switch (behavior) {
    case initial_versioning_behavior::unspecified:
      return enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED;
    case initial_versioning_behavior::auto_upgrade:
      return enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE;
    case initial_versioning_behavior::use_ramping_version:
      return enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_USE_RAMPING_VERSION;
  }
  return enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED;
}

}  // namespace rondo::detail::engine
