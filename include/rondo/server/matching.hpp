#pragma once

#include <google/protobuf/map.h>
#include <temporal/api/taskqueue/v1/message.pb.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/queue_state.hpp"
#include "rondo/server/task_queue.hpp"

namespace rondo::server {

class frontend;

/// The task queues: tasks that wait for polls and polls that wait for tasks.
///
/// A task goes to the poll that has waited longest; tasks wait by priority, then by the turns of their fairness keys,
/// then in order. Activities leave at the rate that the configuration or the workers allow. When a poll takes a task,
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

  /// A worker waits for a task; `rate` is the number of tasks per second that it allows for the queue, until the next
  /// poll says something else. Ends empty at the given time.
  void poll(poller from, std::optional<double> rate, io::time_point end);
  /// The worker will not come back: its polls end empty, and for half a minute new ones at once.
  void shut_down_worker(const std::string& namespace_id, const std::string& instance_key);
  /// The worker of the sticky queue will not come back: what waits there goes to the queue that all workers share.
  void drop_sticky(const queue_key& sticky);

  /// Where tasks of the run (of all runs of the namespace when `run_id` is empty) have to go may have changed.
  void reroute(const std::string& namespace_id, const std::string& run_id = {});

  /// The configuration of the queue changed.
  void reconfigure(const queue_key& queue);
  /// What the queue lets through per second, and who says so.
  std::pair<double, queue_limits::rate_source> rate_limit(const queue_key& queue) const;
  /// The task could go to a poll if it were not for the limits of its queue.
  bool waits_for_rate(std::uint64_t task) const;

  /// The sticky queue has a worker: a poll waits or one did in the last ten seconds, and the worker did not shut down.
  bool sticky_available(const queue_key& sticky) const;
  /// A poll of the queue waits right now.
  bool has_poller(const queue_key& queue) const;
  bool has_poller(const queue_key& queue, const std::optional<deployment_version>& version) const;
  /// Tasks that wait in the queue for workers of the version.
  std::int64_t backlog(const queue_key& queue, const std::optional<deployment_version>& version) const;
  /// A worker of the version polled the queue since the time.
  bool polled_since(const queue_key& queue, const std::optional<deployment_version>& version,
                    io::time_point time) const;
  /// Queues, each version's its own, that are known: those in use, and others for a while.
  std::size_t queue_count() const noexcept;
  /// Calls the function for the queue's state of every version.
  void each_version(const queue_key& queue, const std::function<void(queue_state&)>& visit) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// PollWorkflowTaskQueue, PollActivityTaskQueue, ShutdownWorker, DescribeTaskQueue, ListTaskQueuePartitions.
void serve_matching(frontend& at);
/// The part of them that only shows something.
void serve_describing(frontend& at);

/// When a poll that came with this call ends without a task. Refuses calls that leave no time for it.
io::time_point end_of_poll(const core& in, const incoming_call& call);
/// Refuses a task queue that is not `present`, without a name, with one that is too long, or with one that is reserved.
void check_task_queue(const core& in, bool present, const temporal::api::taskqueue::v1::TaskQueue& queue);
/// Counts of a queue for workers of one version; by priority when `by_priority` is given.
void add_stats(const core& in, queue_state& of, temporal::api::taskqueue::v1::TaskQueueStats& into,
               google::protobuf::Map<std::int32_t, temporal::api::taskqueue::v1::TaskQueueStats>* by_priority);

}  // namespace rondo::server
