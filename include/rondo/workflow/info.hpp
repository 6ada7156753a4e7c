#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/options.hpp"

namespace rondo {

/// Workflow time: the moment at which the current workflow task started, the same on every replay.
using workflow_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Facts about the current run. Texts are valid while the run is.
struct workflow_info {
  std::string workflow_id{}, run_id{}, workflow_type{}, task_queue{}, namespace_{};
  /// First run of the chain that continue-as-new, cron and retries made.
  std::string first_execution_run_id{};
  /// The run before this one when it was continued; else empty.
  std::string continued_run_id{};
  /// Workflow that started this one as its child; empty when none did.
  std::string parent_workflow_id{}, parent_run_id{}, parent_namespace{};
  std::string cron_schedule{}, identity{};
  int attempt = 1;
  /// Zero: none.
  duration execution_timeout{}, run_timeout{}, task_timeout{};
  workflow_time start_time{};
  /// Events in the history up to the current workflow task.
  std::int64_t history_length = 0;
  std::int64_t history_size_bytes = 0;
  /// The server thinks that the history is long enough.
  bool continue_as_new_suggested = false;
};

}  // namespace rondo
