#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/client/description.hpp"
#include "rondo/client/task_queue_description.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/payload.hpp"

namespace rondo {

/// What the server does with a version of a worker deployment.
enum class deployment_version_status : std::uint8_t {
  unspecified,
  inactive,  ///< it gets no new workflows, and never did
  current,   ///< it gets new workflows
  ramping,   ///< it gets a part of them
  draining,  ///< it gets none any more, but workflows are pinned to it that run
  drained,   ///< no workflow is pinned to it that runs: its workers can go
  created,   ///< no worker of it has polled
};

/// Which versions of a deployment get new workflows.
struct deployment_routing {
  /// Empty: workers without a version.
  worker_deployment_version current{}, ramping{};
  float ramping_percentage = 0;
  std::optional<server_time> current_changed_time{}, ramping_changed_time{}, ramping_percentage_changed_time{};
};

struct deployment_version_summary {
  worker_deployment_version version{};
  deployment_version_status status = deployment_version_status::unspecified;
  std::optional<server_time> created_time{}, current_since_time{}, ramping_since_time{}, first_activation_time{},
      last_deactivation_time{};
  /// When its drainage changed, and when the server looked last.
  std::optional<server_time> drainage_changed_time{}, drainage_checked_time{};
};

struct deployment_summary {
  std::string name{};
  std::optional<server_time> created_time{};
  deployment_routing routing{};
  /// The version that came last; empty: none.
  worker_deployment_version latest_version{};
};

/// A worker deployment in full.
struct deployment_description {
  std::string name{};
  std::optional<server_time> created_time{};
  deployment_routing routing{};
  std::vector<deployment_version_summary> versions{};
  std::string last_modifier_identity{};
  /// Who alone may change the routing; empty: everyone.
  std::string manager_identity{};
  /// False while task queues do not know yet of a change of the routing.
  bool routing_propagated = true;
  /// State of the deployment that this tells of; opaque bytes.
  std::string conflict_token{};
};

/// A task queue that workers of a version poll.
struct deployment_task_queue {
  std::string name{};
  task_queue_kind kind = task_queue_kind::workflow;
  /// When asked for.
  std::optional<task_queue_stats> stats{};
};

/// A version of a worker deployment in full.
struct deployment_version_description : deployment_version_summary {
  float ramping_percentage = 0;
  std::optional<server_time> routing_changed_time{};
  std::vector<deployment_task_queue> task_queues{};
  payload_map metadata{};
  std::string last_modifier_identity{};
};

/// How to change which versions get new workflows.
struct deployment_change_options {
  /// Goes through only if the deployment is still as the description with this token says; empty: in any case.
  std::string_view conflict_token{};
  /// Task queues that workers of the version before poll and those of the new one do not are no obstacle.
  bool ignore_missing_task_queues = false;
  /// That no worker of the version polls is no obstacle.
  bool allow_no_pollers = false;
};

}  // namespace rondo
