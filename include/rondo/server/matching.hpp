#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/task_queue.hpp"

namespace rondo::server {

class frontend;

/// The task queues: tasks that wait for polls and polls that wait for tasks.
///
/// A task goes to the poll that has waited longest; tasks wait by priority, then in order. When a poll takes a task,
/// matching calls deliver_workflow_task(), deliver_activity_task() or deliver_query_task() (delivery.hpp), which answer
/// the poll or say that the task is stale.
class matching {
 public:
  explicit matching(core& owner);
  matching(const matching&) = delete;
  matching& operator=(const matching&) = delete;
  ~matching();

  /// Offers the task to a waiting poll at the end of the turn, or keeps it. Returns what remove() takes.
  std::uint64_t add(queued_task task);
  /// The task is no longer wanted. Unknown numbers are ignored.
  void remove(std::uint64_t task) noexcept;

  /// The sticky queue has a worker: a poll waits or one did in the last ten seconds, and the worker did not shut down.
  bool sticky_available(const queue_key& sticky) const;
  /// A poll of the queue waits right now.
  bool has_poller(const queue_key& queue) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// PollWorkflowTaskQueue, PollActivityTaskQueue, ShutdownWorker, DescribeTaskQueue, ListTaskQueuePartitions,
/// RecordWorkerHeartbeat.
void serve_matching(frontend& at);

}  // namespace rondo::server
