#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/deployment_version.hpp"
#include "rondo/log.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/options.hpp"

namespace rondo {

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

  /// Run no activities, or no workflows.
  bool workflow_only = false, activity_only = false;

  /// Workflow tasks in work at once, at least 2 when the cache is on.
  std::size_t max_concurrent_workflow_tasks = 100;
  /// Activities in work at once, of both kinds; also the most threads that blocking ones get.
  std::size_t max_concurrent_activities = 100;
  /// Local activities in work at once, of both kinds; also the most threads that blocking ones get.
  std::size_t max_concurrent_local_activities = 100;
  /// Polls under way at once. Of the workflow polls most wait at the worker's own (sticky) queue.
  std::size_t max_workflow_pollers = 5, max_activity_pollers = 5;
  /// Activities started per second by this worker, and by all workers of the task queue together (the last one to say
  /// so decides); 0: no limit. Either switches eager execution off.
  double max_activities_per_second = 0, max_task_queue_activities_per_second = 0;

  /// Runs kept in memory between their tasks; 0: none, every task replays from the start.
  std::size_t max_cached_workflows = 1000;
  /// How long the server offers a task to the worker that has the run cached before any worker may take it.
  duration sticky_schedule_to_start_timeout = std::chrono::seconds(10);
  /// Run activities that a workflow task asked for at once when a slot is free, without a trip through the queue.
  bool eager_activities = true;

  /// How long activities may go on after a stop before they are cancelled, and after that how long the worker waits for
  /// them before it leaves them behind.
  duration graceful_shutdown_timeout{};
  duration abandon_timeout = std::chrono::seconds(10);
  /// How long a stop waits for polls that the server has not answered before it breaks them off. A task that the server
  /// was just handing out then comes back only after its timeout.
  duration poll_drain_timeout = std::chrono::seconds(1);
  /// Longest wait of one poll.
  duration poll_timeout = std::chrono::seconds(60);

  /// A workflow task that keeps the thread this long counts as stuck: it fails, and the run is dropped; zero: never.
  /// TEMPORAL_DEBUG=1 in the environment switches it off too.
  duration deadlock_timeout = std::chrono::seconds(2);
  /// Heartbeats to the server come no more often than this, nor than 80 % of the activity's heartbeat timeout.
  duration max_heartbeat_throttle_interval = std::chrono::seconds(60);
  duration default_heartbeat_throttle_interval = std::chrono::seconds(30);

  /// Most bytes of arguments or of a result; what is larger fails here, in clear words. 0: as the server says, or 2 MiB
  /// when it does not.
  std::size_t max_payload_size = 0;

  /// Where the worker, its workflows and activities log: text on stderr unless it is set.
  rondo::logger logger = stderr_logger();
};

}  // namespace rondo
