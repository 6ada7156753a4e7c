#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/description.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/options.hpp"

namespace rondo {

/// Every task queue has one queue of each kind.
enum class task_queue_kind : std::uint8_t { workflow, activity, nexus };

/// A worker that has asked for tasks within the last minutes.
struct task_queue_poller {
  std::string identity{};
  std::optional<server_time> last_access_time{};
  /// Tasks per second that it asked for at most; 0: it did not say.
  double rate_per_second = 0;
  /// Empty for workers that are not versioned.
  worker_deployment_version version{};
};

/// How much work waits, and how fast it comes and goes. Approximate.
struct task_queue_stats {
  std::int64_t backlog_count = 0;
  /// Age of the oldest task that waits.
  duration backlog_age{};
  /// Tasks per second over the last half minute.
  float add_rate = 0, dispatch_rate = 0;
  /// A limit of the rate holds tasks back at present.
  bool rate_limited = false;
};

/// A limit that somebody has set; unset: there is none.
struct task_queue_rate_limit {
  std::optional<float> requests_per_second{};
  std::string reason{}, identity{};
  std::optional<server_time> updated_time{};
};

/// What somebody has set for a task queue, beside what workers and the server say.
struct task_queue_config {
  /// Of all tasks, and of those of each fairness key.
  task_queue_rate_limit rate_limit{}, fairness_rate_limit{};
  /// Weights of fairness keys, instead of those that tasks bring.
  std::map<std::string, float> fairness_weights{};
};

/// Who has set the limit of the rate that counts.
enum class rate_limit_source : std::uint8_t { unspecified, api, worker, system };

struct task_queue_description {
  std::vector<task_queue_poller> pollers{};
  /// When asked for.
  std::optional<task_queue_stats> stats{};
  /// By the key of their priority.
  std::map<int, task_queue_stats> stats_by_priority{};
  /// Versions that get new workflows; empty: workers without a version.
  worker_deployment_version current_version{}, ramping_version{};
  /// What part of them the ramping version gets.
  float ramping_percentage = 0;
  /// When asked for.
  std::optional<task_queue_config> config{};
  /// Tasks per second that are given out at most, and who says so; unset: not known.
  std::optional<float> effective_rate_limit{};
  rate_limit_source effective_rate_limit_source = rate_limit_source::unspecified;
};

struct describe_task_queue_options {
  bool stats = true, config = true;
};

/// A new limit of a rate, or none any more.
struct rate_limit_change {
  /// Tasks per second; unset: the limit is removed.
  std::optional<float> requests_per_second{};
  std::string_view reason{};
};

/// What is to be set for a task queue; what is unset stays as it is.
struct task_queue_config_change {
  /// Of all tasks of the kind.
  std::optional<rate_limit_change> rate_limit{};
  /// Of each fairness key, unless it has a weight.
  std::optional<rate_limit_change> fairness_rate_limit{};
  std::span<const std::pair<std::string_view, float>> set_fairness_weights{};
  std::span<const std::string_view> unset_fairness_weights{};
};

/// A task queue is spread over partitions.
struct task_queue_partition {
  std::string key{}, owner_host_name{};
};

struct task_queue_partitions {
  std::vector<task_queue_partition> workflow{}, activity{};
};

}  // namespace rondo
