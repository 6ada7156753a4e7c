#pragma once
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

#include "rondo/detail/worker/deployment.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

inline bool runs_workflows(const worker_options& options, const registry& app) {
  return !options.activity_only && app.has_workflows();
}
inline bool runs_activities(const worker_options& options, const registry& app) {
  return !options.workflow_only && app.has_activities();
}

/// Throws std::invalid_argument when a pool limits nothing, or names activities that are not there or in another pool.
inline void check_pools(const worker_options& options, const registry& app) {
  std::map<std::string, std::string> pool_of;
  for (const auto& pool : options.activity_slot_pools) {
    const std::string about = "rondo: activity slot pool '" + pool.name + "' ";
    if (!std::isfinite(pool.max_per_second) || pool.max_per_second < 0) {
      throw std::invalid_argument(about + "needs a max_per_second of at least 0");
    }
    if (pool.max_concurrent == 0 && pool.max_per_second == 0) {
      throw std::invalid_argument(about + "limits nothing: set max_concurrent or max_per_second");
    }
    if (pool.activity_types.empty()) throw std::invalid_argument(about + "names no activity_types");
    for (const auto& type : pool.activity_types) {
      if (app.find_activity(type) == nullptr) {
        throw std::invalid_argument(about + "names activity '" + type + "', which is not registered");
      }
      const auto [place, added] = pool_of.try_emplace(type, pool.name);
      if (added) continue;
      throw std::invalid_argument(about + "names activity '" + type + "', which is in pool '" + place->second +
                                  "' too");
    }
  }
}

inline bool runs_nexus(const worker_options& options, const registry& app) {
  return !options.workflow_only && !options.activity_only && !app.nexus_service_names().empty();
}

/// Throws std::invalid_argument when the options contradict each other or there is nothing to run.
inline void check_options(const worker_options& options, const registry& app) {
  if (options.task_queue.empty()) throw std::invalid_argument("rondo: a worker needs a task_queue");
  if (options.workflow_only && options.activity_only) {
    throw std::invalid_argument("rondo: workflow_only and activity_only exclude each other");
  }
  if (options.workflow_only && options.max_concurrent_sessions > 0) {
    throw std::invalid_argument("rondo: a worker that is workflow_only cannot hold sessions");
  }
  const bool workflows = runs_workflows(options, app), activities = runs_activities(options, app);
  const bool nexus = runs_nexus(options, app);
  if (!workflows && !activities && !nexus) {
    throw std::invalid_argument("rondo: the worker of task queue '" + options.task_queue +
                                "' has nothing to run: register workflows, activities or Nexus services");
  }
  const bool cached = options.max_cached_workflows > 0;
  const auto slots = [](const auto& supplier, std::size_t count) {
    return supplier ? supplier->limit().value_or(std::numeric_limits<std::size_t>::max()) : count;
  };
  if (options.max_concurrent_sessions > 0 && slots(options.activity_slots, options.max_concurrent_activities) < 2U) {
    throw std::invalid_argument(
        "rondo: a worker that holds sessions needs at least 2 activity slots, one for its task queue and one for its "
        "sessions: raise max_concurrent_activities or the limit of activity_slots");
  }
  if (workflows && slots(options.workflow_slots, options.max_concurrent_workflow_tasks) < (cached ? 2U : 1U)) {
    throw std::invalid_argument(
        "rondo: max_concurrent_workflow_tasks, or the limit of workflow_slots, must be at least 2 with a workflow "
        "cache, 1 without");
  }
  if (workflows && !options.workflow_poller_scaling && options.max_workflow_pollers < (cached ? 2U : 1U)) {
    throw std::invalid_argument("rondo: max_workflow_pollers must be at least 2 with a workflow cache, 1 without");
  }
  if (activities && (slots(options.activity_slots, options.max_concurrent_activities) == 0 ||
                     (options.max_activity_pollers == 0 && !options.activity_poller_scaling))) {
    throw std::invalid_argument("rondo: a worker that runs activities needs at least one slot and one poller for them");
  }
  if (nexus && (slots(options.nexus_slots, options.max_concurrent_nexus_tasks) == 0 ||
                (options.max_nexus_pollers == 0 && !options.nexus_poller_scaling))) {
    throw std::invalid_argument("rondo: a worker with Nexus services needs at least one slot and one poller for them");
  }
  if (options.poll_timeout < std::chrono::seconds(2)) {
    throw std::invalid_argument("rondo: poll_timeout must be at least 2 s: the server answers shorter polls at once");
  }
  if (!(options.nonsticky_poll_ratio >= 0 && options.nonsticky_poll_ratio <= 1)) {
    throw std::invalid_argument("rondo: nonsticky_poll_ratio must be 0 to 1");
  }
  if (!(options.max_local_activities_per_second >= 0)) {
    throw std::invalid_argument("rondo: max_local_activities_per_second must be at least 0");
  }
  for (const auto& scaling :
       {options.workflow_poller_scaling, options.activity_poller_scaling, options.nexus_poller_scaling}) {
    if (!scaling ||
        (scaling->minimum >= 1 && scaling->minimum <= scaling->initial && scaling->initial <= scaling->maximum)) {
      continue;
    }
    throw std::invalid_argument("rondo: poller scaling needs 1 <= minimum <= initial <= maximum");
  }
  if (options.liveness_timeout <= duration::zero()) {
    throw std::invalid_argument("rondo: liveness_timeout must be above zero");
  }
  const duration beat = options.worker_heartbeat_interval;
  if (beat != duration::zero() && (beat < std::chrono::seconds(1) || beat > std::chrono::seconds(60))) {
    throw std::invalid_argument("rondo: worker_heartbeat_interval must be zero, or 1 to 60 s");
  }
  if (activities) check_pools(options, app);
  check_deployment(options, app, workflows);
}

}  // namespace rondo::detail::worker
