#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "rondo/client/start.hpp"
#include "rondo/client/workflow_status.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/versioning_override.hpp"

namespace rondo {

/// A moment on the server's clock.
using server_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// An id, and the run of that id.
struct workflow_execution {
  std::string workflow_id{}, run_id{};
  friend bool operator==(const workflow_execution&, const workflow_execution&) = default;
};

/// What a scheduled activity waits for.
enum class pending_activity_state : std::uint8_t {
  unspecified,
  scheduled,
  started,
  cancel_requested,
  paused,
  pause_requested
};

/// An activity that has not ended.
struct pending_activity {
  std::string activity_id{}, activity_type{};
  pending_activity_state state = pending_activity_state::unspecified;
  /// The present attempt, from 1; maximum 0: no limit.
  int attempt = 0, maximum_attempts = 0;
  std::optional<server_time> scheduled_time{}, last_started_time{}, last_heartbeat_time{}, expiration_time{};
  /// When the next attempt begins, while it waits for that.
  std::optional<server_time> next_attempt_time{};
  payload_list heartbeat_details{};
  /// What the attempt before failed with; null when there was none.
  std::exception_ptr last_failure{};
  std::string last_failure_message{}, last_worker_identity{};
  bool paused = false;
};

/// A child workflow that has not ended.
struct pending_child {
  std::string workflow_id{}, run_id{}, workflow_type{};
  std::int64_t initiated_event_id = 0;
};

/// A workflow as lists show it.
struct workflow_summary {
  std::string id{}, run_id{}, first_run_id{}, type{}, task_queue{};
  workflow_status status = workflow_status::unspecified;
  /// When it was created, when its first task could begin, and when it closed.
  std::optional<server_time> start_time{}, execution_time{}, close_time{};
  /// Zero for running ones.
  duration execution_duration{};
  std::int64_t history_length = 0, history_size_bytes = 0;
  std::optional<workflow_execution> parent{}, root{};
  payload_map memo{}, search_attributes{};
};

/// A Nexus operation that has not ended.
struct pending_nexus_operation {
  std::string endpoint{}, service{}, operation{}, operation_token{};
  std::int64_t scheduled_event_id = 0;
  int attempt = 0;
  std::optional<server_time> scheduled_time{}, next_attempt_time{};
  std::string last_failure_message{}, blocked_reason{};
};

/// How versions of workers apply to a workflow.
struct workflow_versioning {
  versioning_behavior behavior = versioning_behavior::unspecified;
  /// The version that completed its last workflow task; empty: none that is versioned.
  worker_deployment_version version{};
  /// What somebody laid down in place of that, and the version of it.
  versioning_override::kind_type override_kind = versioning_override::kind_type::none;
  worker_deployment_version override_version{};
  /// Where it is going at present; unset: nowhere.
  std::optional<worker_deployment_version> transition_to{};
};

/// A workflow in full.
struct workflow_description : workflow_summary {
  /// Zero: none.
  duration execution_timeout{}, run_timeout{}, task_timeout{};
  std::vector<pending_activity> pending_activities{};
  std::vector<pending_child> pending_children{};
  std::vector<pending_nexus_operation> pending_nexus_operations{};
  workflow_versioning versioning{};
  /// Priority and fairness of its tasks; 0 and empty: the server's choice.
  int priority_key = 0;
  std::string fairness_key{};
  float fairness_weight = 0;
  /// Who paused it and why, while its status is paused.
  std::string paused_by{}, pause_reason{};
  /// True while a workflow task is scheduled or running, with its attempt; more than 1: it failed.
  bool workflow_task_pending = false;
  int workflow_task_attempt = 0;
  /// Texts given at the start; empty when there are none or they are no texts.
  std::string summary{}, details{};
};

/// How many workflows a query finds.
struct workflow_count {
  struct group {
    payload_list values{};
    std::int64_t count = 0;
  };
  std::int64_t total = 0;
  /// One for each value, when the query says GROUP BY.
  std::vector<group> groups{};
};

}  // namespace rondo
