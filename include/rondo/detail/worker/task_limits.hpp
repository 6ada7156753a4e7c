#pragma once
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>

#include "rondo/options.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// How long workflow code may keep the thread; zero: for ever. Who stops at breakpoints says TEMPORAL_DEBUG=1.
inline duration stuck_after(const worker_options& options) {
  const char* debugs = std::getenv("TEMPORAL_DEBUG");
  const std::string value = debugs == nullptr ? "" : debugs;
  return value == "1" || value == "true" ? duration::zero() : options.deadlock_timeout;
}

/// Workflow tasks that take longer are warned of; zero: none.
inline duration slow_after(const worker_options& options) {
  const char* told = std::getenv("TEMPORAL_WORKFLOW_TASK_DURATION_WARN_SECONDS");
  if (told == nullptr) return options.workflow_task_duration_warning;
  char* end = nullptr;
  const double seconds = std::strtod(told, &end);
  constexpr double most = 1e9;
  if (end == told || *end != 0 || !std::isfinite(seconds) || seconds < 0 || seconds > most) {
    return options.workflow_task_duration_warning;
  }
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds));
}

}  // namespace rondo::detail::worker
