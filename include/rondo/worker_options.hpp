#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/change_policy.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/log.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/options.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/slot_supplier.hpp"
#include "rondo/worker_health.hpp"

namespace rondo {

class plugin;
class worker_interceptor;

/// Which version of a deployment a worker is.
struct worker_deployment_options {
  /// Empty: the worker is not versioned.
  worker_deployment_version version{};
  /// False: the version is only recorded in histories; the worker gets the tasks that no version is asked for.
  bool use_versioning = true;
  /// For workflows that do not say it themselves.
  versioning_behavior default_behavior = versioning_behavior::unspecified;

  /// True when the server shall choose by version what the worker gets.
  bool versioned() const noexcept { return use_versioning && !version.empty(); }
};

/// Polls that adapt to what the server asks for: more while tasks wait in the queue, fewer while none come.
struct poller_autoscaling {
  /// Polls under way at once: never fewer, at the start, never more. Each poll takes a slot, so there are at most as
  /// many as slots. For workflows they count for each of the two queues: the common one and the worker's own.
  std::size_t minimum = 1, initial = 5, maximum = 100;
};

/// Limits that activities of some types share, within those of the worker. Their tasks wait at the worker for their
/// turn, in the order in which they come, each with an activity slot; their timeouts go on meanwhile, and the worker
/// sends their heartbeats.
struct activity_slot_pool {
  /// For messages.
  std::string name{};
  /// Names of registered activities. A type may be in one pool.
  std::vector<std::string> activity_types{};
  /// Attempts that run at once; 0: as many as the worker has slots.
  std::size_t max_concurrent = 0;
  /// Attempts that begin per second; 0: no limit.
  double max_per_second = 0;
};

/// How a worker polls and what it may run at once.
struct worker_options {
  /// The task queue it serves; required.
  std::string task_queue{};
  /// Who runs the tasks, as the server shows it; empty: the client's.
  std::string identity{};
  /// Names the code that runs; recorded in histories. Workers with a `deployment` leave it out.
  std::string build_id{};
  /// Worker Versioning: the version that this worker is.
  worker_deployment_options deployment{};

  /// Run workflows alone, or activities alone; neither serves Nexus.
  bool workflow_only = false, activity_only = false;

  /// Workflow tasks in work at once, at least 2 when the cache is on.
  std::size_t max_concurrent_workflow_tasks = 100;
  /// Activities in work at once, of both kinds; also the most threads that blocking ones get.
  std::size_t max_concurrent_activities = 100;
  /// Local activities in work at once, of both kinds; also the most threads that blocking ones get.
  std::size_t max_concurrent_local_activities = 100;
  /// Requests of Nexus callers in work at once; also the most threads that blocking handlers get.
  std::size_t max_concurrent_nexus_tasks = 100;
  /// Sessions that workflows may have open on this worker at once, see workflow::create_session; 0: none. Each takes
  /// one of these slots instead of an activity slot; activities within a session take activity slots as others do.
  std::size_t max_concurrent_sessions = 0;
  /// Where slots come from; null: a fixed number, as above. With a supplier the number above does not count.
  std::shared_ptr<slot_supplier> workflow_slots{}, activity_slots{}, local_activity_slots{}, nexus_slots{};
  /// Further limits for activities of some types; not for local ones.
  std::vector<activity_slot_pool> activity_slot_pools{};
  /// Polls under way at once.
  std::size_t max_workflow_pollers = 5, max_activity_pollers = 5, max_nexus_pollers = 5;
  /// Which part of the workflow polls wait at the common queue, 0 to 1; the others wait at the worker's own (sticky)
  /// one. At least one waits at each. A low one is for long workflows with many tasks, a high one for those with few.
  /// Polls that adapt have numbers of their own for each queue.
  double nonsticky_poll_ratio = 0.2;
  /// Set: the number of polls adapts to the server's decisions, and the numbers above do not count.
  std::optional<poller_autoscaling> workflow_poller_scaling{}, activity_poller_scaling{}, nexus_poller_scaling{};
  /// Namespaces may wish for polls that adapt. They get them where the numbers above are the default ones, unless this
  /// is false.
  bool auto_enroll_poller_scaling = true;
  /// Activities started per second by this worker, and by all workers of the task queue together (the last one to say
  /// so decides); 0: no limit. Either switches eager execution off.
  double max_activities_per_second = 0, max_task_queue_activities_per_second = 0;

  /// Attempts of local activities begun per second by this worker; 0: no limit. Those beyond it wait, each with a slot
  /// for local activities, and their schedule-to-start and schedule-to-close timeouts go on.
  double max_local_activities_per_second = 0;

  /// Runs kept in memory between their tasks; 0: none, every task replays from the start.
  std::size_t max_cached_workflows = 1000;
  /// Most memory that these runs take, in bytes: frames of coroutines, workflow objects and the state of the engine,
  /// which lie in an arena of each run, and about what came with its start; but not what workflow code allocates
  /// itself, such as the elements of its containers. The run that was used least recently goes first. 0: no limit.
  std::size_t max_cached_bytes = 0;
  /// How long the server offers a task to the worker that has the run cached before any worker may take it.
  duration sticky_schedule_to_start_timeout = std::chrono::seconds(10);
  /// Run activities that a workflow task asked for at once when a slot is free, without a trip through the queue.
  bool eager_activities = true;
  /// Most activities that one workflow task may start so.
  std::size_t max_eager_activities = 3;
  /// Most activities that were started so and are in work at once, in all; those that workflow tasks in work may start
  /// count too. 0: as many as the worker has slots.
  std::size_t max_concurrent_eager_activities = 0;

  /// How long activities may go on after a stop before they are cancelled, and after that how long the worker waits for
  /// them before it leaves them behind.
  duration graceful_shutdown_timeout{};
  duration abandon_timeout = std::chrono::seconds(10);
  /// How long a stop waits for polls that the server has not answered before it breaks them off. A task that the server
  /// was just handing out then comes back only after its timeout.
  duration poll_drain_timeout = std::chrono::seconds(1);
  /// Longest wait of one poll: longer than a server lets it wait, usually 60 s, so that its end is an answer.
  duration poll_timeout = std::chrono::seconds(70);

  /// A workflow task that keeps the thread this long counts as stuck: it fails, and the run is dropped; zero: never.
  /// TEMPORAL_DEBUG=1 in the environment switches it off too.
  duration deadlock_timeout = std::chrono::seconds(2);
  /// A workflow task that takes longer from its arrival to its completion is logged as a warning; zero: none is.
  /// TEMPORAL_WORKFLOW_TASK_DURATION_WARN_SECONDS in the environment goes before it.
  duration workflow_task_duration_warning = std::chrono::seconds(5);
  /// Heartbeats to the server come no more often than this, nor than 80 % of the activity's heartbeat timeout.
  duration max_heartbeat_throttle_interval = std::chrono::seconds(60);
  duration default_heartbeat_throttle_interval = std::chrono::seconds(30);

  /// Most bytes of arguments or of a result; what is larger fails here, in clear words. 0: as the server says, or 2 MiB
  /// when it does not.
  std::size_t max_payload_size = 0;

  /// What sees workflows and activities, the outermost first.
  std::vector<std::shared_ptr<worker_interceptor>> interceptors{};
  /// Change these options and the registry, after those of the client.
  std::vector<std::shared_ptr<plugin>> plugins{};
  /// Headers of a workflow that go with everything that it calls, such as a tenant's name or a trace.
  std::vector<std::string> propagated_headers{};
  /// How often the worker tells the server how it is, for lists of workers; zero: never, else 1 to 60 s.
  duration worker_heartbeat_interval = std::chrono::seconds(60);
  /// False: that leaves out where the worker runs: the kind of its host, such as AWS Lambda or Kubernetes, and its
  /// platform.
  bool heartbeat_environment = true;
  /// A worker whose loop has not gone on for so long is not alive, as `worker::health` tells; above zero.
  duration liveness_timeout = std::chrono::seconds(10);
  /// Called whenever the state or the readiness changes, on the thread of the loop.
  std::function<void(const worker_health&)> on_health{};
  /// Called once when the server refuses the worker's polls for good, on the thread of the loop; the worker stops then,
  /// and run() throws the same error.
  std::function<void(const rpc_error&)> on_fatal_error{};

  /// Exceptions of these types that leave workflow code, or an update handler, fail the workflow or the update, as a
  /// `rondo::failure` does. Others fail the workflow task, which is repeated until the code is mended. With
  /// nondeterminism_error, changed code fails the workflow too. `= rondo::exception_types<std::invalid_argument>`.
  exception_list failure_exceptions{};
  /// Whether runs that meet a change of their code for the first time take the new way; unset: all do.
  change_policy changes{};

  /// Where the worker, its workflows and activities log: text on stderr unless it is set.
  rondo::logger logger = stderr_logger();
};

}  // namespace rondo
