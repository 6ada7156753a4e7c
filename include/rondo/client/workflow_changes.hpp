#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "rondo/deployment_version.hpp"
#include "rondo/payload.hpp"
#include "rondo/priority.hpp"
#include "rondo/versioning_override.hpp"

// What people who operate a system may do to workflows.
namespace rondo {

/// New options of a workflow that runs; what is unset stays as it is.
struct workflow_options_change {
  /// Default-made: the override is removed.
  std::optional<versioning_override> versioning{};
  /// Default-made: the server's choice.
  std::optional<rondo::priority> priority{};
};

/// The options that a workflow has.
struct workflow_settings {
  versioning_override::kind_type versioning = versioning_override::kind_type::none;
  /// Where it is pinned to, or goes next.
  worker_deployment_version version{};
  int priority_key = 0;
  std::string fairness_key{};
  float fairness_weight = 0;
};

/// Where a reset goes back to: the end of a workflow task. Make it with one of the functions.
struct reset_point {
  enum class kind_type : std::uint8_t { first_workflow_task, last_workflow_task, event, build_id };

  static constexpr reset_point first_workflow_task() { return {kind_type::first_workflow_task, 0, {}}; }
  static constexpr reset_point last_workflow_task() { return {kind_type::last_workflow_task, 0, {}}; }
  /// After the workflow task that ended with this event: a WorkflowTaskCompleted, TimedOut or Failed event.
  static constexpr reset_point event(std::int64_t id) { return {kind_type::event, id, {}}; }
  /// Before the first workflow task that this build of a worker completed.
  static constexpr reset_point build(std::string_view id) { return {kind_type::build_id, 0, id}; }

  kind_type kind = kind_type::last_workflow_task;
  std::int64_t event_id = 0;
  std::string_view build_id{};
};

/// A signal that a workflow gets after its reset.
struct reset_signal {
  std::string_view name{};
  /// Null: no arguments.
  const payload_list* arguments = nullptr;
};

/// How to reset a workflow: a new run begins with the events of the old one up to a point, and the old run ends. What
/// came after the point is delivered to the new run again, unless it is left out here.
struct reset_options {
  reset_point to{};
  std::string_view reason{};
  bool leave_out_signals = false, leave_out_updates = false, leave_out_nexus = false;
  /// The new run gets these signals, and these options, before it goes on.
  std::span<const reset_signal> signals{};
  std::optional<workflow_options_change> change_options{};
};
static_assert(std::is_trivially_destructible_v<reset_options>);

}  // namespace rondo
