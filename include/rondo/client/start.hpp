#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/priority.hpp"
#include "rondo/versioning_override.hpp"

// Options of calls are literal aggregates of views and numbers, safe as temporaries in co_await expressions with every
// supported compiler. They are read when the call is made: what they name need not live longer.
namespace rondo {

/// Where the server tells over HTTP, as Nexus does, how a workflow ended.
struct completion_callback {
  std::string_view url{};
  std::span<const std::pair<std::string_view, std::string_view>> headers{};
};

/// What a workflow was started by: an event of another one.
struct workflow_link {
  /// Empty: the client's.
  std::string_view namespace_{};
  std::string_view workflow_id{}, run_id{};
  std::int64_t event_id = 0;
};

/// How to start a workflow. `task_queue` is required.
struct start_workflow_options {
  /// Empty: a random UUID.
  std::string_view id{};
  std::string_view task_queue{};
  /// Unset: allow_duplicate.
  std::optional<id_reuse_policy> reuse{};
  /// Unset: fail; for signal_with_start use_existing.
  std::optional<id_conflict_policy> conflict{};
  /// The whole chain of runs, one run, one workflow task. Zero: the server's defaults (none, none, 10 s).
  duration execution_timeout{}, run_timeout{}, task_timeout{};
  /// Unset: a failed workflow is not run again.
  std::optional<retry_policy> retry{};
  /// How long the first workflow task waits.
  duration start_delay{};
  /// Runs again and again: "0 12 * * *". A schedule does this better.
  std::string_view cron_schedule{};
  /// What lists and describe() show beside the workflow.
  payload_map_view memo{};
  /// Values to find it by, each with its `type` in the metadata.
  payload_map_view search_attributes{};
  /// One line, and more, for people who look at the workflow.
  std::string_view summary{}, details{};
  /// Unset: the server's choice.
  std::optional<rondo::priority> priority{};
  /// The version of the worker deployment that runs it; `versioning_override::pinned("orders", "v2")`.
  versioning_override versioning{};
  /// What info().headers of the workflow shows, for interceptors and what its worker propagates.
  payload_map_view headers{};
  /// A workflow that runs already gets these two as well, where `conflict` is use_existing. Servers allow callbacks to
  /// addresses that they know.
  std::span<const completion_callback> completion_callbacks{};
  std::span<const workflow_link> links{};
  /// Asks the server to give the first workflow task back with the answer, to a worker of this queue that was made from
  /// the same client, or one on the same connection, and has room for it. It begins sooner then. Without such a worker,
  /// and where the server does not want to, it starts as always. start_workflow() and execute_workflow() alone heed it.
  bool eager_start = false;
};
static_assert(std::is_trivially_destructible_v<start_workflow_options>);

/// Which workflows a query shall not ask.
enum class query_reject_condition : unsigned char {
  none,                   ///< ask closed ones too
  not_open,               ///< reject when it has closed
  not_completed_cleanly,  ///< reject when it has closed otherwise than by completing
};

/// How to query a workflow.
struct query_options {
  query_reject_condition reject = query_reject_condition::none;
};

/// How far an update has to come before the call that asks for it gives a handle.
enum class update_stage : unsigned char {
  accepted,   ///< its handler has begun
  completed,  ///< its handler has ended, or it was rejected
};

/// How to ask for an update.
struct update_options {
  /// Two updates of a workflow with one id are one. Empty: a random UUID.
  std::string_view id{};
  update_stage wait_for = update_stage::accepted;
};

/// How to wait for the result of a workflow.
struct result_options {
  /// Go on with the runs that continue-as-new, retries and cron schedules make. False: the run of the handle alone
  /// counts.
  bool follow_runs = true;
};

/// Which part of a list.
struct list_options {
  /// Items in a page; 0: the server's choice.
  int page_size = 0;
  /// Where an earlier list stopped; empty: from the start.
  std::string_view page_token{};
  /// Items in all; 0: every one.
  std::size_t limit = 0;
};

}  // namespace rondo
