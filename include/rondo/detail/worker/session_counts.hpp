#pragma once
#include <cstddef>
#include <optional>

#include "rondo/detail/io/timer_heap.hpp"

namespace rondo::detail::worker {

/// What a session has done so far.
struct session_counts {
  std::size_t workflow_tasks = 0, activities = 0;
  /// Workflow tasks that failed and attempts whose code failed.
  std::size_t failed = 0;
  /// The same by kind.
  std::size_t failed_workflow_tasks = 0, failed_activities = 0;
  /// Requests of Nexus callers, and those that failed.
  std::size_t nexus_tasks = 0, failed_nexus_tasks = 0;
  /// Attempts of local activities, and those whose code failed.
  std::size_t local_activities = 0, failed_local_activities = 0;
  /// Workflow tasks of runs that were in memory, and of those that were not.
  std::size_t cache_hits = 0, cache_misses = 0;
  /// Attempts that were given back to be repeated.
  std::size_t handed_back = 0;
  /// Polls that were broken off: each may have held a task.
  std::size_t lost_polls = 0;
  /// When the first poll was sent.
  std::optional<io::time_point> first_poll{};
};

}  // namespace rondo::detail::worker
