#pragma once

#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/deployment/v1/message.pb.h>
#include <temporal/api/enums/v1/deployment.pb.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "rondo/server/call.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

using deployment_version = temporal::api::deployment::v1::WorkerDeploymentVersion;

enum class task_kind : std::uint8_t { workflow, activity, query };

/// The type of queue that a task waits in; queries wait with workflow tasks.
enum class queue_type : std::uint8_t { workflow, activity };

/// Identity of a task queue inside of the server.
struct queue_key {
  std::string namespace_id;
  std::string name;
  queue_type type = queue_type::workflow;

  friend auto operator<=>(const queue_key&, const queue_key&) = default;
};

/// Work that waits for a poll. Its content stays with the run; this says where to find it.
struct queued_task {
  task_kind kind = task_kind::workflow;
  queue_key queue;
  /// A queue of one worker: the task comes from there only.
  bool sticky = false;
  std::string workflow_id;
  std::string run_id;
  std::int64_t scheduled_event_id = 0;
  /// That of the workflow task or the activity when it was added.
  std::int64_t stamp = 0;
  /// Of a query.
  std::string query_id;
  /// Workers of this version alone may take it; none: unversioned workers.
  std::optional<deployment_version> version;
  /// 1 (first) to 5.
  int priority = 3;
  /// Tasks of the same priority share the turns of the queue between their keys, by weight.
  std::string fairness_key;
  double fairness_weight = 1;
  instant added = 0;
};

inline void prioritize(queued_task& task, const temporal::api::common::v1::Priority& by) {
  constexpr int last_priority = 5;
  if (by.priority_key() > 0) task.priority = std::min(by.priority_key(), last_priority);
  task.fairness_key = by.fairness_key();
  if (by.fairness_weight() > 0) task.fairness_weight = static_cast<double>(by.fairness_weight());
}

/// A poll that waits for a task, and what is known of the worker behind it.
struct poller {
  call_ptr call;
  queue_key queue;
  bool sticky = false;
  /// Of a sticky queue: the queue that all workers share.
  std::string normal_name;
  std::string identity;
  std::string instance_key;
  /// Where it takes commands; empty: it takes none.
  std::string control_queue;
  /// Empty: an unversioned worker.
  std::optional<deployment_version> version;
  temporal::api::enums::v1::WorkerVersioningMode versioning_mode =
      temporal::api::enums::v1::WORKER_VERSIONING_MODE_UNSPECIFIED;
  instant since = 0;
  /// Set when a task is given to it: tasks that wait still, and how many polls the worker should have more or less.
  std::int64_t backlog_hint = 0;
  int scaling_suggestion = 0;
};

/// "deployment:build" as clients write it; empty for unversioned workers.
inline std::string version_text(const std::optional<deployment_version>& version) {
  return version ? version->deployment_name() + ":" + version->build_id() : std::string();
}

}  // namespace rondo::server
