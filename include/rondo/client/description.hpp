#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/client/activity_changes.hpp"
#include "rondo/client/start.hpp"
#include "rondo/client/workflow_status.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/versioning_override.hpp"

namespace temporal::api::workflowservice::v1 {
class DescribeWorkflowExecutionResponse;
}  // namespace temporal::api::workflowservice::v1

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

/// Why no attempt of an activity begins.
struct activity_pause {
  std::optional<server_time> paused_time{};
  /// Who paused it and why.
  std::string identity{}, reason{};
  /// The workflow rule that did it; empty: somebody did.
  std::string rule_id{};
};

/// An activity that has not ended.
struct pending_activity {
  std::string activity_id{}, activity_type{};
  pending_activity_state state = pending_activity_state::unspecified;
  /// The present attempt, from 1; maximum 0: no limit.
  int attempt = 0, maximum_attempts = 0;
  std::optional<server_time> scheduled_time{}, last_started_time{}, last_heartbeat_time{}, expiration_time{};
  /// When the attempt before ended; unset during the first.
  std::optional<server_time> last_attempt_complete_time{};
  /// When the next attempt begins, while it waits for that.
  std::optional<server_time> next_attempt_time{};
  /// How long it waits then; zero: it does not.
  duration current_retry_interval{};
  payload_list heartbeat_details{};
  /// What the attempt before failed with; null when there was none.
  std::exception_ptr last_failure{};
  std::string last_failure_message{}, last_worker_identity{};
  /// The version of the worker that had the last attempt; empty: none that is versioned.
  worker_deployment_version last_version{};
  bool paused = false;
  /// Who paused it; unset while it is not paused.
  std::optional<activity_pause> pause{};
  /// Priority and fairness of its tasks; 0 and empty: the server's choice.
  int priority_key = 0;
  std::string fairness_key{};
  float fairness_weight = 0;
  /// The options that it has now; empty from servers that do not tell.
  activity_settings settings{};
};

/// A child workflow that has not ended.
struct pending_child {
  std::string workflow_id{}, run_id{}, workflow_type{};
  std::int64_t initiated_event_id = 0;
  /// What happens to it when its parent ends first.
  parent_close_policy parent_close = parent_close_policy::terminate;
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
  /// How often its state has changed.
  std::int64_t state_transition_count = 0;
  std::optional<workflow_execution> parent{}, root{};
  /// The id, not the name, of the namespace that the parent is in; empty without a parent.
  std::string parent_namespace_id{};
  payload_map memo{}, search_attributes{};
};

/// What a Nexus operation waits for.
enum class pending_nexus_operation_state : std::uint8_t {
  unspecified,
  scheduled,    ///< its handler has not answered yet
  backing_off,  ///< the next attempt to start it
  started,      ///< what it goes on as
  blocked,      ///< its endpoint, which the server does not ask for now
};

/// How far a request to cancel a Nexus operation has come.
enum class nexus_operation_cancellation_state : std::uint8_t {
  unspecified,
  scheduled,    ///< its handler has not answered yet
  backing_off,  ///< it waits for the next attempt
  succeeded,    ///< its handler has taken it
  failed,       ///< its handler has refused it
  timed_out,    ///< the operation's time was over first
  blocked,      ///< the server does not ask its endpoint for now
};

/// What has become of a request to cancel an operation.
struct nexus_operation_cancellation {
  nexus_operation_cancellation_state state = nexus_operation_cancellation_state::unspecified;
  std::optional<server_time> requested_time{}, last_attempt_complete_time{}, next_attempt_time{};
  int attempt = 0;
  /// Why it was asked for; standalone operations alone tell.
  std::string reason{};
  /// What the attempt before failed with; null when there was none.
  std::exception_ptr last_failure{};
  std::string last_failure_message{}, blocked_reason{};
};

/// A Nexus operation that has not ended.
struct pending_nexus_operation {
  std::string endpoint{}, service{}, operation{}, operation_token{};
  std::int64_t scheduled_event_id = 0;
  pending_nexus_operation_state state = pending_nexus_operation_state::unspecified;
  /// The present or last attempt to start it, from 1.
  int attempt = 0;
  /// Zero: none.
  duration schedule_to_close_timeout{}, schedule_to_start_timeout{}, start_to_close_timeout{};
  std::optional<server_time> scheduled_time{}, last_attempt_complete_time{}, next_attempt_time{};
  /// What the attempt before failed with; null when there was none.
  std::exception_ptr last_failure{};
  std::string last_failure_message{}, blocked_reason{};
  /// Unset when nobody has asked to cancel it.
  std::optional<nexus_operation_cancellation> cancellation{};
};

/// How far the server has come with a completion callback.
enum class workflow_callback_state : std::uint8_t {
  unspecified,
  standby,      ///< what it tells of has not happened
  scheduled,    ///< it is being told
  backing_off,  ///< it waits for the next attempt
  failed,       ///< it was refused
  succeeded,    ///< it was told
  blocked,      ///< the server does not call this address for now
};

/// Where it is told how the workflow, or an update of it, ended.
struct workflow_callback {
  /// Empty: inside the server, or to a handler of Nexus operations.
  std::string url{};
  /// The update whose end is told; empty: that of the workflow.
  std::string update_id{};
  /// The start that brought it.
  std::string request_id{};
  workflow_callback_state state = workflow_callback_state::unspecified;
  int attempt = 0;
  std::optional<server_time> registration_time{}, last_attempt_complete_time{}, next_attempt_time{};
  /// What the attempt before failed with; null when there was none.
  std::exception_ptr last_failure{};
  std::string last_failure_message{}, blocked_reason{};
};

/// A workflow task that is scheduled or running.
struct pending_workflow_task {
  /// False: no worker has it yet.
  bool started = false;
  /// From 1; more: it failed.
  int attempt = 0;
  /// This attempt, the first attempt, and when a worker got this one.
  std::optional<server_time> scheduled_time{}, original_scheduled_time{}, started_time{};
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
  /// Who paused it, why and when, while its status is paused.
  std::string paused_by{}, pause_reason{};
  std::optional<server_time> paused_time{};
  /// Unset while no workflow task is scheduled or running.
  std::optional<pending_workflow_task> workflow_task{};
  std::vector<workflow_callback> callbacks{};
  /// When its timeouts end it: all runs together, and this run.
  std::optional<server_time> execution_expiration_time{}, run_expiration_time{};
  /// Somebody has asked it to end.
  bool cancel_requested = false;
  /// The last reset of this chain of runs, and the run that a reset of this one made; empty: none.
  std::optional<server_time> last_reset_time{};
  std::string reset_run_id{};
  /// When the first run of the chain began.
  std::optional<server_time> original_start_time{};
  /// Texts given at the start; empty when there are none or they are no texts.
  std::string summary{}, details{};

  /// All that the server said, for what is missing here; include
  /// <temporal/api/workflowservice/v1/request_response.pb.h> to read it. Throws std::logic_error when the description
  /// is not from a server.
  const temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse& raw() const {
    if (!response) throw std::logic_error("rondo: this description is not from a server");
    return *response;
  }
  std::shared_ptr<const temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse> response{};
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
