#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rondo/detail/base/duration_text.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/note_machine.hpp"
#include "rondo/failure.hpp"
#include "rondo/json.hpp"
#include "rondo/options.hpp"

// What a run and the worker that holds it say to each other about local activities, and what the history keeps of them.
namespace rondo::detail::engine {

/// A local activity as the worker shall run it; shared with the worker, which may still run it when the run is gone.
struct local_activity_plan {
  std::string type, id;
  Payloads input;
  payload_map headers;
  /// Zero: none.
  duration schedule_to_close{}, schedule_to_start{}, start_to_close{};
  /// Longer pauses are the run's to wait.
  duration retry_threshold{};
  /// Its own types of failures are in `final_failures`.
  retry_policy retry{};
  std::vector<std::string> final_failures;
};

/// Upper limit of the pauses between attempts.
inline duration longest_pause(const retry_policy& of) {
  return of.maximum_interval > duration::zero() ? of.maximum_interval : 100 * of.initial_interval;
}

/// The run wants one to be run, from this attempt on.
struct local_activity_start {
  std::uint64_t number = 0;
  std::shared_ptr<const local_activity_plan> plan;
  int attempt = 1;
  /// When the first attempt was asked for, and how long ago that was for the run.
  std::chrono::sys_time<duration> scheduled{};
  duration passed{};
};

/// How one ended at the worker.
struct local_activity_end {
  std::uint64_t number = 0;
  /// The last attempt.
  int attempt = 1;
  /// Empty: it failed.
  std::optional<Payloads> result{};
  Failure failure{};
  enum retry_state state = retry_state::unspecified;
  /// Not zero: it shall be tried again after this pause, which is the run's to wait.
  duration backoff{};
  /// How long after the workflow task came.
  duration after{};
};

inline constexpr const char* local_activity_marker = "core_local_activity";
inline constexpr const char* local_activity_data = "data";
inline constexpr const char* local_activity_result = "result";

/// What the marker of one says, besides result and failure.
struct local_activity_record {
  std::uint64_t seq = 0;
  int attempt = 1;
  std::string activity_id{}, activity_type{};
  std::chrono::sys_time<duration> complete_time{};
  /// Like "90s".
  std::optional<std::string> backoff{};
  std::chrono::sys_time<duration> original_schedule_time{};
};

/// Empty when the event is no such marker, or cannot be read.
inline std::optional<local_activity_record> local_activity_of(const HistoryEvent& event) {
  if (!is_marker(event, local_activity_marker)) return {};
  try {
    return json::parse<local_activity_record>(marker_detail(event, local_activity_data));
  } catch (const std::exception&) {
    return {};
  }
}

inline duration backoff_of(const local_activity_record& from) {
  if (!from.backoff) return {};
  try {
    return parse_duration(*from.backoff);
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace rondo::detail::engine
