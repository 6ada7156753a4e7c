#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "rondo/client/description.hpp"

namespace rondo {

/// What a batch job is for: what a query finds when the job begins, or a list. Make it with one of the functions.
struct batch_target {
  static constexpr batch_target matching(std::string_view query) { return {query, {}}; }
  /// Of standalone activities, `workflow_id` is the id of the activity.
  static constexpr batch_target these(std::span<const workflow_execution> executions) { return {{}, executions}; }

  std::string_view query{};
  std::span<const workflow_execution> executions{};
};
static_assert(std::is_trivially_destructible_v<batch_target>);

struct batch_options {
  /// Required by servers; empty: "batch".
  std::string_view reason{};
  /// Empty: a random UUID. A job with an id that was used is not started again.
  std::string_view job_id{};
  /// 0: the server's choice.
  float max_operations_per_second = 0;
};

enum class batch_state : std::uint8_t { unspecified, running, completed, failed };

/// What a batch job does.
enum class batch_operation : std::uint8_t {
  unspecified,
  terminate_workflow,
  cancel_workflow,
  signal_workflow,
  delete_workflow,
  reset_workflow,
  update_workflow_options,
  unpause_activity,
  update_activity_options,
  reset_activity,
  terminate_activity,
  cancel_activity,
  delete_activity,
};

struct batch_summary {
  std::string job_id{};
  batch_operation operation = batch_operation::unspecified;
  batch_state state = batch_state::unspecified;
  std::optional<server_time> start_time{}, close_time{};
};

/// A batch job in full.
struct batch_description : batch_summary {
  std::int64_t total_count = 0, complete_count = 0, failure_count = 0;
  std::string identity{}, reason{}, query{};
};

}  // namespace rondo
