#pragma once
#include <chrono>
#include <stdexcept>

#include "rondo/detail/worker/deployment.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

inline bool runs_workflows(const worker_options& options, const registry& app) {
  return !options.activity_only && app.has_workflows();
}
inline bool runs_activities(const worker_options& options, const registry& app) {
  return !options.workflow_only && !app.activity_names().empty();
}

/// Throws std::invalid_argument when the options contradict each other or there is nothing to run.
inline void check_options(const worker_options& options, const registry& app) {
  if (options.task_queue.empty()) throw std::invalid_argument("rondo: a worker needs a task_queue");
  if (options.workflow_only && options.activity_only) {
    throw std::invalid_argument("rondo: workflow_only and activity_only exclude each other");
  }
  const bool workflows = runs_workflows(options, app), activities = runs_activities(options, app);
  if (!workflows && !activities) {
    throw std::invalid_argument("rondo: the worker of task queue '" + options.task_queue +
                                "' has nothing to run: register workflows or activities");
  }
  const bool cached = options.max_cached_workflows > 0;
  if (workflows && options.max_concurrent_workflow_tasks < (cached ? 2U : 1U)) {
    throw std::invalid_argument(
        "rondo: max_concurrent_workflow_tasks must be at least 2 with a workflow cache, 1 without");
  }
  if (workflows && options.max_workflow_pollers < (cached ? 2U : 1U)) {
    throw std::invalid_argument("rondo: max_workflow_pollers must be at least 2 with a workflow cache, 1 without");
  }
  if (activities && (options.max_concurrent_activities == 0 || options.max_activity_pollers == 0)) {
    throw std::invalid_argument("rondo: a worker that runs activities needs at least one slot and one poller for them");
  }
  if (options.poll_timeout < std::chrono::seconds(2)) {
    throw std::invalid_argument("rondo: poll_timeout must be at least 2 s: the server answers shorter polls at once");
  }
  check_deployment(options, app, workflows);
}

}  // namespace rondo::detail::worker
