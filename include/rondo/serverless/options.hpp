#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/connection_options.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/worker/options_check.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/options.hpp"
#include "rondo/registry.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/hooks.hpp"
#include "rondo/serverless/invocation.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::serverless {

/// Sets of defaults.
enum class profile : std::uint8_t {
  lambda,     ///< AWS Lambda: ends 5 s after the last work
  http,       ///< one run per HTTP request: ends 3 s after the last work
  go_compat,  ///< as Temporal's package for Go: small numbers, goes on until the deadline nears
};

/// What a serverless host runs, and how. Copies are independent.
struct options {
  /// The workflows and activities.
  rondo::registry registry{};
  /// The task queue it serves; required.
  std::string task_queue{};
  /// The version that this program is. Required on Lambda, and wherever a Temporal server invokes the worker.
  worker_deployment_version version{};
  /// Workflows that do not say it themselves stay with the version they began on.
  versioning_behavior default_versioning_behavior = versioning_behavior::pinned;
  /// How the server is reached.
  client_options client{};
  /// Slots, pollers, cache, log. The task queue, the identity, the version and eager activities (off) are set here.
  worker_options worker{};
  /// How the time of an invocation is divided.
  time_limits limits{};

  /// How long an invocation goes on after its last work. Zero: until every poll came back empty, however long the
  /// server lets them wait (at most `poll_cap`). Empty: until its deadline nears.
  std::optional<duration> idle_timeout = std::chrono::seconds(5);
  /// Longest wait of one poll.
  duration poll_cap = std::chrono::seconds(10);
  /// How long an invocation has to end after SIGTERM.
  duration stop_grace = std::chrono::seconds(10);

  /// Invocations of one process share a connection and the runs in memory.
  bool reuse_connection = true;
  /// A connection that was unused for longer is tried out before it is relied on.
  duration reuse_window = std::chrono::seconds(15);
  /// Invocations in work at once.
  std::size_t max_sessions = 1;

  std::vector<shutdown_hook> shutdown_hooks{};
  /// Called for each invocation with a copy of the options that it may change. Invocations share nothing then.
  std::function<void(const invocation&, options&)> per_invocation{};
  /// Called before a snapshot of the process is taken, and after a copy of it was restored.
  std::function<void()> before_snapshot{}, after_restore{};

  /// Adds a function that runs at the end of every invocation, also of one that fails, in the order of registration,
  /// each within the time that is left: `[] { flush(); }`, or one that takes a `const shutdown_info&`, or a coroutine.
  template <class Function>
  void on_shutdown(Function function) {
    shutdown_hooks.push_back(make_hook(std::move(function)));
  }
};

/// The defaults of a kind of host.
inline options defaults_of(profile kind) {
  using namespace std::chrono_literals;
  options made;
  auto& worker = made.worker;
  worker.max_concurrent_activities = 100;
  worker.max_concurrent_workflow_tasks = 50;
  worker.max_concurrent_nexus_tasks = 50;
  worker.max_workflow_pollers = 4;
  worker.max_activity_pollers = 4;
  worker.max_nexus_pollers = 1;
  worker.max_cached_workflows = 100;
  worker.sticky_schedule_to_start_timeout = 2s;
  worker.eager_activities = false;
  worker.logger = logger(std::make_shared<json_log_sink>());
  switch (kind) {
    case profile::lambda:
      made.stop_grace = 400ms;  // an internal extension has 500 ms
      break;
    case profile::http:
      made.idle_timeout = 3s;
      made.max_sessions = 8;
      break;
    case profile::go_compat:
      worker.max_concurrent_activities = 2;
      worker.max_concurrent_workflow_tasks = 10;
      worker.max_concurrent_local_activities = 2;
      worker.max_concurrent_nexus_tasks = 5;
      worker.max_workflow_pollers = 2;
      worker.max_activity_pollers = 1;
      worker.sticky_schedule_to_start_timeout = 5s;
      made.idle_timeout = std::nullopt;
      made.poll_cap = 60s;
      made.reuse_connection = false;
      made.default_versioning_behavior = versioning_behavior::unspecified;
      made.stop_grace = 400ms;
      break;
  }
  return made;
}

/// The options of the worker inside of an invocation.
inline worker_options worker_options_of(const options& from, const invocation& of) {
  worker_options made = from.worker;
  made.task_queue = from.task_queue;
  if (made.identity.empty() && from.client.identity.empty()) made.identity = identity_of(of);
  // An activity started with the answer of a workflow task could be one too many at the end.
  made.eager_activities = false;
  if (!from.version.empty()) {
    made.deployment.version = from.version;
    if (made.deployment.default_behavior == versioning_behavior::unspecified) {
      made.deployment.default_behavior = from.default_versioning_behavior;
    }
  }
  return made;
}

namespace detail {

inline void require_time(const char* name, std::optional<duration> time, duration least) {
  const auto milliseconds = [](duration of) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(of).count()) + " ms";
  };
  if (time && *time < least) {
    throw std::invalid_argument("rondo: " + std::string(name) + " must be at least " + milliseconds(least) +
                                ", but it is " + milliseconds(*time));
  }
}

}  // namespace detail

/// Throws std::invalid_argument, saying what to change, when an invocation cannot work with the options.
/// `needs_version`: the host is invoked by versions alone.
inline void check(const options& all, bool needs_version) {
  if (needs_version && (all.version.deployment_name.empty() || all.version.build_id.empty())) {
    throw std::invalid_argument(
        "rondo: a worker deployment version is required, with both parts: give deployment_name and build_id, or set "
        "TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID");
  }
  if (all.task_queue.empty()) {
    throw std::invalid_argument(
        "rondo: no task queue is configured: set task_queue, or TEMPORAL_TASK_QUEUE in the environment");
  }
  check(all.limits);
  // Servers refuse polls that are much shorter.
  if (all.idle_timeout != duration::zero()) detail::require_time("idle_timeout", all.idle_timeout, shortest_wait);
  detail::require_time("poll_cap", all.poll_cap, shortest_wait);
  detail::require_time("reuse_window", all.reuse_window, duration::zero());
  detail::require_time("stop_grace", all.stop_grace, duration::zero());
  if (all.max_sessions == 0) throw std::invalid_argument("rondo: max_sessions must be at least 1");
  if (all.worker.max_concurrent_sessions > 0) {
    throw std::invalid_argument("rondo: sessions of workflows outlive an invocation: a serverless worker holds none");
  }
  rondo::detail::worker::check_options(worker_options_of(all, {}), all.registry);
}

}  // namespace rondo::serverless
