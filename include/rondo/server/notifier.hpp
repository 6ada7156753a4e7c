#pragma once

#include <memory>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/task_queue.hpp"

namespace rondo::server {

/// What a notification says of a queue.
struct notification {
  std::string namespace_name;
  std::string task_queue;
  queue_type type = queue_type::workflow;
  std::optional<deployment_version> version;
  std::int64_t backlog = 0;
};

/// Tells an HTTP endpoint of task queues that have work and no poller, so that it starts workers.
/// At most one request is under way for a queue and version; failed ones are repeated with growing pauses; when one
/// ends, the queue is looked at again, so that nothing is forgotten.
class notifier {
 public:
  explicit notifier(core& owner);
  notifier(const notifier&) = delete;
  notifier& operator=(const notifier&) = delete;
  ~notifier();

  bool enabled() const noexcept;
  /// The queue has tasks and no poll waits.
  void queue_needs_worker(const queue_key& queue, const std::optional<deployment_version>& version);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace rondo::server
