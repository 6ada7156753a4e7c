#pragma once
#include <temporal/api/compute/v1/config.pb.h>
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/deployment_calls.hpp"
#include "tools/deployment_text.hpp"
#include "tools/duration.hpp"

// What the doctor looks at. It is gathered first, then judged without another look at the server.
namespace rondo::tools {

/// A task queue of a version, or one that was named.
struct seen_queue {
  std::string name{};
  temporal::api::enums::v1::TaskQueueType type = temporal::api::enums::v1::TASK_QUEUE_TYPE_WORKFLOW;
  std::int64_t backlog = 0;
  /// How long the oldest of it waits.
  nanoseconds backlog_age{};
  /// Of all versions, and of none; also those that polled minutes ago.
  std::vector<temporal::api::taskqueue::v1::PollerInfo> pollers{};
};

struct seen_version {
  version_summary summary{};
  ComputeConfig compute{};
  /// What the server said when it was asked now to try the compute; empty: all is well, or it was not asked.
  std::string validation_error{};
  std::vector<seen_queue> queues{};

  const std::string& build_id() const { return summary.deployment_version().build_id(); }
  bool has_compute() const { return !compute.scaling_groups().empty(); }
};

/// What only the user can know, as far as it was told.
struct told_facts {
  /// Of the function, from invocation to its end.
  std::optional<nanoseconds> timeout{};
  std::optional<nanoseconds> stop_timeout{}, hook_buffer{}, shutdown_buffer{}, longest_activity{};
  /// How often the function's asynchronous invocations are repeated.
  std::optional<int> retry_attempts{};
};

/// How far the server's clock is ahead of the one here, give or take the doubt.
struct clock_reading {
  nanoseconds ahead{}, doubt{};
};

struct doctor_facts {
  std::string server_version{};
  /// It starts workers of versions by itself.
  bool server_scales = false;
  std::optional<clock_reading> clock{};
  /// On the clock of the server, when all was seen.
  std::chrono::system_clock::time_point now{};
  /// As asked for; empty: not asked for.
  std::string deployment{}, build_id{};
  /// Nothing when the deployment does not exist.
  std::optional<temporal::api::deployment::v1::WorkerDeploymentInfo> info{};
  std::vector<seen_version> versions{};
  /// Named by the user.
  std::vector<seen_queue> queues{};
  told_facts told{};
};

}  // namespace rondo::tools
