#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/payload.hpp"
#include "rondo/priority.hpp"
#include "rondo/versioning_override.hpp"

// Options that workflow code passes are literal aggregates of views and numbers: a temporary of such a type is safe in
// a co_await expression with every supported compiler. Strings they name must outlive the call; literals do.
namespace rondo {

/// All timeouts and intervals. Zero means "not set" unless an option says otherwise.
using duration = std::chrono::nanoseconds;

/// How the server repeats a failed activity or workflow.
struct retry_policy {
  /// Pause before the second attempt.
  duration initial_interval = std::chrono::seconds(1);
  /// Each further pause is this many times the one before; at least 1.
  double backoff_coefficient = 2.0;
  /// Upper limit of a pause; zero: 100 times the initial interval.
  duration maximum_interval{};
  /// Attempts in all; 0: no limit.
  int maximum_attempts = 0;
  /// Failures of these types are not repeated.
  std::span<const std::string_view> non_retryable_error_types{};
};

/// A retry policy that keeps its texts, such as that of a run or of an attempt; numbers as in retry_policy.
struct owned_retry_policy {
  duration initial_interval{};
  double backoff_coefficient = 0;
  duration maximum_interval{};
  int maximum_attempts = 0;
  std::vector<std::string> non_retryable_error_types{};
  friend bool operator==(const owned_retry_policy&, const owned_retry_policy&) = default;
};

/// When a cancelled operation resolves for the code that awaits it.
enum class cancellation_type : std::uint8_t {
  try_cancel,                   ///< ask for cancellation and report it as cancelled at once
  wait_cancellation_completed,  ///< ask, and report what it ended with
  abandon,                      ///< do not ask; report it as cancelled at once
  wait_cancellation_requested,  ///< children and Nexus operations: ask; cancelled as soon as it has been told
};

namespace detail {

/// What options are that nobody has set. From a constant, gcc 12 writes it to where it is to be; what the braces of
/// `{}` make, it keeps in the coroutine's frame and copies from there, in pieces for which the processor has to wait.
template <class Type>
inline constexpr std::optional<Type> unset{};

}  // namespace detail

/// Options of one activity call. At least one of `start_to_close_timeout` and `schedule_to_close_timeout` is required.
struct activity_options {
  /// Empty: the task queue of the workflow.
  std::string_view task_queue{};
  /// From scheduling to the end, all attempts together.
  duration schedule_to_close_timeout{};
  /// Longest wait for a worker; not retried when it runs out.
  duration schedule_to_start_timeout{};
  /// One attempt.
  duration start_to_close_timeout{};
  /// Longest pause between heartbeats; zero: none expected.
  duration heartbeat_timeout{};
  /// Unset: the server's default policy (1 s, doubling, no limit of attempts).
  std::optional<retry_policy> retry = detail::unset<retry_policy>;
  cancellation_type cancellation = cancellation_type::try_cancel;
  /// Empty: a number that the run counts up. The call throws std::invalid_argument while an open one has the same.
  std::string_view activity_id{};
  /// True: never run it on the worker that just completed the workflow task without a trip through the task queue.
  bool disable_eager_execution = false;
  /// Unset: the workflow's.
  std::optional<rondo::priority> priority = detail::unset<rondo::priority>;
  /// What goes with the call beside its arguments, for interceptors and for activity::info().
  payload_map_view headers{};
  /// One line for people who look at the history.
  std::string_view summary{};
};

/// Options of one local activity: one that the worker of the workflow runs itself, without a task of the server. At
/// least one of `start_to_close_timeout` and `schedule_to_close_timeout` is required.
struct local_activity_options {
  /// From the call to the end, all attempts and the pauses between them together.
  duration schedule_to_close_timeout{};
  /// Longest wait for a free slot of the worker; not retried when it runs out.
  duration schedule_to_start_timeout{};
  /// One attempt.
  duration start_to_close_timeout{};
  /// Unset: 1 s, doubling up to 100 s, no limit of attempts.
  std::optional<retry_policy> retry = detail::unset<retry_policy>;
  /// Pauses longer than this are spent in a timer of the server instead of in the worker's memory; zero: 60 s.
  duration local_retry_threshold{};
  cancellation_type cancellation = cancellation_type::try_cancel;
  /// Empty: a number that the run counts up.
  std::string_view activity_id{};
  /// What goes with the call beside its arguments, for interceptors and for activity::info().
  payload_map_view headers{};
  /// One line for people who look at the history.
  std::string_view summary{};
};

/// Which version the next run of a workflow begins with, where workers are versioned.
enum class initial_versioning_behavior : std::uint8_t {
  unspecified,          ///< as the behaviour of the workflow says
  auto_upgrade,         ///< the current or ramping version of its deployment
  use_ramping_version,  ///< the ramping version, if there is one
};

/// What the next run of a workflow has otherwise than this one.
struct continue_as_new_options {
  /// Empty: the task queue of this run.
  std::string_view task_queue{};
  /// Zero: as in this run.
  duration run_timeout{}, task_timeout{};
  /// How long the first workflow task waits.
  duration backoff_start_interval{};
  /// Unset: as in this run.
  std::optional<retry_policy> retry = detail::unset<retry_policy>;
  /// In place of those of this run. Unset: as they are now, with the changes that this run made.
  payload_map_view memo{}, search_attributes{};
  /// What info().headers of the next run shows, beside the headers that the worker propagates.
  payload_map_view headers{};
  initial_versioning_behavior versioning = initial_versioning_behavior::unspecified;
};

/// What to do when a workflow with the same id has closed.
enum class id_reuse_policy : std::uint8_t { allow_duplicate, allow_duplicate_failed_only, reject_duplicate };

/// What to do when a workflow with the same id is running.
enum class id_conflict_policy : std::uint8_t { fail, use_existing, terminate_existing };

/// What becomes of a child when its parent ends.
enum class parent_close_policy : std::uint8_t { terminate, abandon, request_cancel };

/// Options of one child workflow.
struct child_workflow_options {
  /// Empty: the id of the parent's run, and a number.
  std::string_view id{};
  /// Empty: the task queue, and the namespace, of the parent.
  std::string_view task_queue{}, namespace_{};
  /// The whole chain of runs, one run, one workflow task. Zero: the server's defaults (none, none, 10 s).
  duration execution_timeout{}, run_timeout{}, task_timeout{};
  parent_close_policy parent_close = parent_close_policy::terminate;
  id_reuse_policy reuse = id_reuse_policy::allow_duplicate;
  /// Unset: a failed child is not run again.
  std::optional<retry_policy> retry = detail::unset<retry_policy>;
  /// Runs again and again: "0 12 * * *".
  std::string_view cron_schedule{};
  cancellation_type cancellation = cancellation_type::wait_cancellation_completed;
  payload_map_view memo{}, search_attributes{};
  /// Unset: the parent's.
  std::optional<rondo::priority> priority = detail::unset<rondo::priority>;
  /// The version of the worker deployment that runs the child; none: as the server finds it from the parent and the
  /// child's behaviour.
  versioning_override versioning{};
  /// What info().headers of the child shows, beside the headers that the worker propagates.
  payload_map_view headers{};
  /// One line, and more, for people who look at the workflow.
  std::string_view summary{}, details{};
};

/// How workflow code starts a workflow that it signals, if that does not run.
struct signal_with_start_options {
  /// Of the workflow; required.
  std::string_view id{};
  /// Empty: the caller's.
  std::string_view task_queue{};
  id_reuse_policy reuse = id_reuse_policy::allow_duplicate;
  /// Unset: use_existing.
  std::optional<id_conflict_policy> conflict = detail::unset<id_conflict_policy>;
  /// The whole chain of runs, one run, one workflow task. Zero: the server's defaults (none, none, 10 s).
  duration execution_timeout{}, run_timeout{}, task_timeout{};
  /// How long its first workflow task waits; the signal ends that.
  duration start_delay{};
  /// Unset: a failed workflow is not run again.
  std::optional<retry_policy> retry = detail::unset<retry_policy>;
  /// Runs again and again: "0 12 * * *".
  std::string_view cron_schedule{};
  /// Of the wait for the answer; what is on its way is not taken back.
  cancellation_type cancellation = cancellation_type::wait_cancellation_completed;
  payload_map_view memo{}, search_attributes{};
  /// Unset: the server's choice.
  std::optional<rondo::priority> priority = detail::unset<rondo::priority>;
  versioning_override versioning{};
  /// What info().headers of the workflow shows, beside the headers that the worker propagates.
  payload_map_view headers{};
  /// One line, and more, for people who look at the workflow.
  std::string_view summary{}, details{};
};

/// A line of the header of a Nexus request. Names are lower case.
struct nexus_header {
  std::string_view name, value;
};

/// Options of one call of a Nexus operation. Timeouts that are zero: as the server limits them.
struct nexus_operation_options {
  /// From scheduling to the end, all attempts together.
  duration schedule_to_close_timeout{};
  /// Until the handler has started it, or ended it at once.
  duration schedule_to_start_timeout{};
  /// From then on; only for operations that go on after they have started.
  duration start_to_close_timeout{};
  cancellation_type cancellation = cancellation_type::wait_cancellation_completed;
  /// For the handler; they are neither encoded nor encrypted.
  std::span<const nexus_header> headers{};
  /// One line for people who look at the history.
  std::string_view summary{};
};

}  // namespace rondo
