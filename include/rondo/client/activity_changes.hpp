#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "rondo/options.hpp"
#include "rondo/priority.hpp"

// What people who operate a system may do to activities that have not ended.
namespace rondo {

/// Which of the pending activities of a workflow a command means. Make it with one of the functions.
struct activity_selector {
  enum class kind_type : std::uint8_t { id, type, all };

  static constexpr activity_selector by_id(std::string_view id) { return {kind_type::id, id}; }
  static constexpr activity_selector by_type(std::string_view type) { return {kind_type::type, type}; }
  /// Pausing needs an id or a type.
  static constexpr activity_selector all() { return {kind_type::all, {}}; }

  kind_type kind = kind_type::id;
  std::string_view name{};
};
static_assert(std::is_trivially_destructible_v<activity_selector>);

struct unpause_activity_options {
  /// The next attempt is the first; one that runs becomes it, as with a reset.
  bool reset_attempts = false;
  /// It knows nothing of the heartbeats before. The two are for activities of workflows.
  bool reset_heartbeat = false;
  /// Each goes on after a random time up to this.
  duration jitter{};
  /// For standalone activities.
  std::string_view reason{};
};

struct reset_activity_options {
  /// It knows nothing of the heartbeats before.
  bool reset_heartbeat = false;
  /// One that is paused stays so.
  bool keep_paused = false;
  /// The options are those of the start, whatever was changed since.
  bool restore_original_options = false;
  /// Each begins anew after a random time up to this.
  duration jitter{};
};

/// New options of an activity; what is unset stays as it is. They count from the next attempt on.
struct activity_options_change {
  std::optional<std::string_view> task_queue{};
  /// Zero: none.
  std::optional<duration> schedule_to_close_timeout{}, schedule_to_start_timeout{}, start_to_close_timeout{},
      heartbeat_timeout{};
  /// All of it but the error types, which cannot be changed.
  std::optional<retry_policy> retry{};
  std::optional<rondo::priority> priority{};
  /// The options of the start instead; nothing else may be set then.
  bool restore_original = false;
};
static_assert(std::is_trivially_destructible_v<activity_options_change>);

/// The options that an activity has. Zero durations: none.
struct activity_settings {
  std::string task_queue{};
  duration schedule_to_close_timeout{}, schedule_to_start_timeout{}, start_to_close_timeout{}, heartbeat_timeout{};
  duration retry_initial_interval{}, retry_maximum_interval{};
  double retry_backoff_coefficient = 0;
  /// 0: no limit.
  int retry_maximum_attempts = 0;
  std::vector<std::string> non_retryable_error_types{};
  int priority_key = 0;
  std::string fairness_key{};
  float fairness_weight = 0;
};

}  // namespace rondo
