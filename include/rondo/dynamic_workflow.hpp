#pragma once
#include "rondo/deployment_version.hpp"
#include "rondo/exception_types.hpp"

namespace rondo {

/// What a workflow for any type decides by the type of a run; see workflow_registration::settings.
struct dynamic_workflow_settings {
  /// Unspecified: as the workflow is registered.
  rondo::versioning_behavior versioning_behavior = rondo::versioning_behavior::unspecified;
  /// Empty: as the workflow is registered.
  exception_list failure_exceptions{};
};

}  // namespace rondo
