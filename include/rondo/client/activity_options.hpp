#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "rondo/client/activity_changes.hpp"
#include "rondo/client/description.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/priority.hpp"

namespace temporal::api::workflowservice::v1 {
class DescribeActivityExecutionResponse;
}  // namespace temporal::api::workflowservice::v1

// Activities that no workflow calls: they are started from outside and run by the same workers.
namespace rondo {

/// What to do when an activity with the same id has closed.
enum class activity_reuse_policy : std::uint8_t { allow_duplicate, allow_duplicate_failed_only, reject_duplicate };

/// What to do when an activity with the same id is running.
enum class activity_conflict_policy : std::uint8_t { fail, use_existing };

/// How to start a standalone activity. `task_queue` is required, and one of `start_to_close_timeout` and
/// `schedule_to_close_timeout`.
struct start_activity_options {
  /// Empty: a random UUID.
  std::string_view id{};
  std::string_view task_queue{};
  /// From the start to the end, all attempts together.
  duration schedule_to_close_timeout{};
  /// Longest wait for a worker; not retried when it runs out.
  duration schedule_to_start_timeout{};
  /// One attempt.
  duration start_to_close_timeout{};
  /// Longest pause between heartbeats; zero: none expected.
  duration heartbeat_timeout{};
  /// Unset: the server's default policy.
  std::optional<retry_policy> retry{};
  /// Unset: allow_duplicate.
  std::optional<activity_reuse_policy> reuse{};
  /// Unset: fail.
  std::optional<activity_conflict_policy> conflict{};
  /// How long the first attempt waits.
  duration start_delay{};
  /// Values to find it by, each with its `type` in the metadata.
  payload_map_view search_attributes{};
  /// One line, and more, for people who look at the activity.
  std::string_view summary{}, details{};
  /// Unset: the server's choice.
  std::optional<rondo::priority> priority{};
};
static_assert(std::is_trivially_destructible_v<start_activity_options>);

/// What has become of a standalone activity.
enum class activity_status : std::uint8_t {
  unspecified,
  running,
  completed,
  failed,
  cancelled,
  terminated,
  timed_out,
  paused,
};

/// A standalone activity as lists show it.
struct activity_summary {
  std::string id{}, run_id{}, type{}, task_queue{};
  activity_status status = activity_status::unspecified;
  std::optional<server_time> scheduled_time{}, execution_time{}, close_time{};
  /// Zero for running ones.
  duration execution_duration{};
  payload_map search_attributes{};
};

/// What an activity has to do with: an event or all of a workflow, an activity, a Nexus operation or a batch job.
struct activity_link {
  enum class kind_type : std::uint8_t { other, workflow_event, workflow, activity, nexus_operation, batch_job };

  kind_type kind = kind_type::other;
  /// A batch job has no namespace.
  std::string namespace_{};
  /// Of the workflow, the activity, the operation or the job, and its run.
  std::string id{}, run_id{};
  /// 0: none, or one that is known by the request that made it.
  std::int64_t event_id = 0;
  std::string request_id{};
};

/// What a description of a standalone activity tells beside the rest; it may be large.
struct describe_activity_options {
  bool input = false;
  /// What it gave or failed with, once it has ended.
  bool outcome = false;
};
static_assert(std::is_trivially_destructible_v<describe_activity_options>);

/// A standalone activity in full.
struct activity_description : activity_summary {
  activity_settings settings{};
  /// What it waits for while it has not ended.
  pending_activity_state state = pending_activity_state::unspecified;
  /// The present or last attempt, from 1.
  int attempt = 0;
  std::int64_t heartbeat_count = 0;
  payload_list heartbeat_details{};
  std::optional<server_time> last_heartbeat_time{}, last_started_time{}, last_attempt_complete_time{},
      next_attempt_time{}, expiration_time{};
  /// What the attempt before failed with; null when there was none.
  std::exception_ptr last_failure{};
  std::string last_failure_message{}, last_worker_identity{};
  worker_deployment_version last_version{};
  /// Why somebody asked for its end.
  std::string cancel_reason{};
  /// How long the first attempt waited.
  duration start_delay{};
  /// How long it waits for the next attempt; zero: it does not.
  duration current_retry_interval{};
  /// What interceptors and propagation sent along.
  payload_map headers{};
  std::vector<activity_link> links{};
  /// The library of the worker that had the last attempt.
  std::string sdk_name{}, sdk_version{};
  /// Texts given at the start; empty when there are none or they are no texts.
  std::string summary{}, details{};
  /// Its arguments, if describe_activity_options::input asks for them.
  payload_list input{};
  /// What it gave or failed with, if describe_activity_options::outcome asks for it; empty and null until it has ended.
  payload_list result{};
  std::exception_ptr error{};

  /// All that the server said, for what is missing here; include
  /// <temporal/api/workflowservice/v1/request_response.pb.h> to read it. Throws std::logic_error when the description
  /// is not from a server.
  const temporal::api::workflowservice::v1::DescribeActivityExecutionResponse& raw() const {
    if (!response) throw std::logic_error("rondo: this description is not from a server");
    return *response;
  }
  std::shared_ptr<const temporal::api::workflowservice::v1::DescribeActivityExecutionResponse> response{};
};

}  // namespace rondo
