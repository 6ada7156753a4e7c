#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/deployment_version.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

namespace rondo {

/// Workflow time: the moment at which the current workflow task started, the same on every replay.
using workflow_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Facts about the current run. Texts are valid while the run is.
struct workflow_info {
  std::string workflow_id{}, run_id{}, workflow_type{}, task_queue{}, namespace_{};
  /// First run of the chain that continue-as-new, cron and retries made.
  std::string first_execution_run_id{};
  /// The id that the run began with; another one than run_id when the run was reset.
  std::string original_run_id{};
  /// The run before this one when it was continued; else empty.
  std::string continued_run_id{};
  /// Workflow that started this one as its child; empty when none did.
  std::string parent_workflow_id{}, parent_run_id{}, parent_namespace{};
  std::string cron_schedule{}, identity{};
  int attempt = 1;
  /// Zero: none.
  duration execution_timeout{}, run_timeout{}, task_timeout{};
  workflow_time start_time{};
  /// When the execution timeout ends the chain of runs; unset: never.
  std::optional<workflow_time> expiration_time{};
  /// How the server repeats the workflow when it fails; unset: it does not.
  std::optional<owned_retry_policy> retry{};
  /// Events in the history up to the current workflow task.
  std::int64_t history_length = 0;
  std::int64_t history_size_bytes = 0;
  /// The server thinks that the history is long enough, and why.
  bool continue_as_new_suggested = false;
  bool history_size_too_large = false, too_many_history_events = false, too_many_updates = false;
  /// The version of the worker that completes the current workflow task, or has completed it; without a deployment's
  /// name where workers are not versioned.
  worker_deployment_version current_version{};
  /// Another version of its worker deployment would take the workflow if it continued as new now.
  bool target_worker_deployment_version_changed = false;

  /// First workflow of the tree of children that this one belongs to; itself when it is nobody's child.
  std::string root_workflow_id{}, root_run_id{};
  /// What was said at the start, with the changes that the workflow made.
  payload_map memo{}, search_attributes{};
  /// What came with the start beside the arguments.
  payload_map headers{};
  /// What its tasks, and what it starts, are given precedence by; 0 and empty: the server's choice.
  int priority_key = 0;
  std::string fairness_key{};
  float fairness_weight = 0;
  /// Result of the run before this one in a cron schedule; empty when there is none.
  payload_list last_completion_result{};
  /// What the run before this one failed with; null when it did not.
  std::exception_ptr last_failure{};
};

}  // namespace rondo
