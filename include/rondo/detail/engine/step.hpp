#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/repeated_ptr_field.h>
#include <temporal/api/protocol/v1/message.pb.h>

#include "rondo/change_policy.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/local_activity.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/log.hpp"

namespace rondo {
class failure_converter;
class worker_interceptor;
}  // namespace rondo

namespace rondo::detail::engine {

/// What a run needs from the worker that holds it.
struct run_options {
  std::string namespace_ = "default";
  /// May be null: nothing is logged.
  const rondo::logger* logger = nullptr;
  /// For the memory of the runs; must outlive them. Null: the heap.
  block_store* blocks = nullptr;
  /// What sees the runs and may change what goes in and out; null: nothing. Must outlive the run.
  const std::vector<std::shared_ptr<worker_interceptor>>* interceptors = nullptr;
  /// Headers of a run that go with everything it calls; null: none. Must outlive the run.
  const std::vector<std::string>* propagated_headers = nullptr;
  /// Decides about changes of the code; null: always for the newest. Must outlive the run.
  const change_policy* changes = nullptr;
  /// The version of this worker; without a deployment's name when it is not versioned.
  worker_deployment_version version{};
  /// The server keeps sdk_metadata (a capability that it reports).
  bool server_keeps_flags = true;
  /// Exceptions that fail workflows of all types, beside failures.
  exception_list failure_exceptions{};
  /// Says what exceptions are written as, and what failures are thrown as; null: nothing does.
  std::shared_ptr<const failure_converter> failures{};
};

/// What holds for one workflow task only.
struct task_options {
  /// So many activities of this task may ask to be started at once by this worker: the slots that it reserved.
  int eager_activities = 0;
  /// Messages that came with the task, such as requests for updates; null: none.
  const google::protobuf::RepeatedPtrField<temporal::api::protocol::v1::Message>* messages = nullptr;
};

/// What the worker has to do next with a run.
enum class step_kind : std::uint8_t {
  need_page,          ///< fetch the next page of the history with `page_token`, then add_page
  need_full_history,  ///< fetch the history from its first event on, then add_page; the run has forgotten what it knew
  local_activities,   ///< run what is in `starts`, then end_local, or complete what there is with heartbeat()
  completed,          ///< send `completed`, then call accepted() or destroy the run
  failed,             ///< send `failed` (or leave it, when this attempt was reported already)
  query_answered,     ///< send `answered`
};

/// Why a run must not stay in the cache.
enum class eviction : std::uint8_t { none, closed, nondeterminism, failed_task, inconsistent_history };

/// The outcome of one call of a `workflow_run`. The messages lie on the arena of the task.
struct step {
  step_kind kind = step_kind::failed;
  /// need_page only; valid until the next call of the run.
  std::string_view page_token{};
  /// local_activities only; valid until the next call of the run.
  const std::vector<local_activity_start>* starts = nullptr;
  /// Local activities whose code shall stop; likewise.
  const std::vector<std::uint64_t>* stops = nullptr;
  service::RespondWorkflowTaskCompletedRequest* completed = nullptr;
  service::RespondWorkflowTaskFailedRequest* failed = nullptr;
  service::RespondQueryTaskCompletedRequest* answered = nullptr;
  /// So many commands of `completed` ask for eager execution.
  int eager_activities = 0;
  /// Attempt of the task, from 1. Only the first failed attempt is worth a report.
  int attempt = 1;
  /// Other than `none`: destroy the run once the message is sent.
  eviction evict = eviction::none;
};

}  // namespace rondo::detail::engine
