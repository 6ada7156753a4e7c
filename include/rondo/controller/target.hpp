#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "rondo/controller/scaling.hpp"
#include "rondo/deployment_version.hpp"

namespace rondo::controller {

/// What workers are invoked for: the task queues of a deployment version, or queues that are served without versions.
struct target_config {
  /// Names the target in logs and in the id of its workflow.
  std::string name{};
  /// Where the task queues are.
  std::string namespace_ = "default";
  /// Empty: workers without versions.
  worker_deployment_version version{};
  /// Of a version also those that it has polled.
  std::vector<std::string> task_queues{};
  /// Nexus tasks are looked for too.
  bool nexus = false;
  /// Between two looks.
  std::chrono::milliseconds interval{1'000};
  scaler_config scaler{};
};

/// The id of a target's workflow.
inline std::string workflow_id_of(const std::string& target) { return "rondo-controller:" + target; }

}  // namespace rondo::controller
