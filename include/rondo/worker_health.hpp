#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rondo/options.hpp"

namespace rondo {

/// Where in its life a worker is.
enum class worker_state : std::uint8_t {
  created,   ///< it does not run yet
  starting,  ///< it asks the server about the namespace
  running,
  stopping,  ///< it takes no tasks any more, and ends those in work
  stopped,
  failed,  ///< it could not start, or the server refused its polls for good
};

/// The polls of one queue.
struct poll_health {
  /// "workflow", "sticky workflow", "activity" or "nexus"; "session" and "activity of sessions" where there are such.
  std::string kind{};
  /// Polls that are under way, or wait for a slot or their next try.
  std::size_t pollers = 0;
  /// When the server answered last, with a task or without; empty: not yet. An idle one answers once a minute.
  std::optional<std::chrono::system_clock::time_point> last_answer{};
  /// Why the polls fail at the moment; empty: they do not.
  std::string problem{};
};

/// Tasks of one kind in work.
struct slot_health {
  /// Slots that are held, for polls too, and those of them that have a task.
  std::size_t held = 0, used = 0;
  /// Empty: the supplier has no limit.
  std::optional<std::size_t> limit{};
};

/// How a worker is. State and readiness are those of now; the numbers may be a quarter of
/// `worker_options::liveness_timeout` old.
struct worker_health {
  worker_state state = worker_state::created;
  /// The server reaches it: it runs, and the polls of no queue fail. For readiness probes.
  bool ready = false;
  /// It has not failed, and its loop has looked after itself lately: false while some code keeps the loop's thread. For
  /// liveness probes. A worker that has not begun or has stopped is alive.
  bool live = true;
  /// Why it is not ready or has failed; empty otherwise.
  std::string problem{};
  std::vector<poll_health> polls{};
  slot_health workflow_slots{}, activity_slots{}, nexus_slots{};
  /// Those of local activities, which are the worker's once it runs and has workflows.
  slot_health local_activity_slots{};
  /// Runs kept in memory.
  std::size_t cached_workflows = 0;
  /// Their memory, as `worker_options::max_cached_bytes` counts it.
  std::size_t cached_bytes = 0;
};

}  // namespace rondo
