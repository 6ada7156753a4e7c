#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/io/timer_heap.hpp"

namespace temporal::api::workflowservice::v1 {
class PollWorkflowTaskQueueResponse;
class StartWorkflowExecutionRequest;
}  // namespace temporal::api::workflowservice::v1

namespace rondo::detail::io {

/// Room that a worker keeps for the first task of a workflow that is about to be started, until this is destroyed.
class eager_room {
 public:
  eager_room() = default;
  eager_room(const eager_room&) = delete;
  eager_room& operator=(const eager_room&) = delete;
  virtual ~eager_room() = default;

  /// Says in the request which build of the worker would have the task.
  virtual void describe(temporal::api::workflowservice::v1::StartWorkflowExecutionRequest& request) const = 0;
  /// The worker begins to work on the task, which arrived then. At most once.
  virtual void begin(temporal::api::workflowservice::v1::PollWorkflowTaskQueueResponse task, time_point arrived) = 0;
};

/// A worker that takes first tasks of workflows which clients on its own connection start.
class eager_host {
 public:
  /// Null when it has no room at the moment, or is not for this queue.
  virtual std::unique_ptr<eager_room> reserve_eager(std::string_view namespace_name, std::string_view task_queue) = 0;

 protected:
  ~eager_host() = default;
};

/// The workers of a connection.
class eager_hosts {
 public:
  void add(std::weak_ptr<eager_host> host) {
    std::erase_if(all_, [](const auto& each) { return each.expired(); });
    all_.push_back(std::move(host));
  }

  void remove(const eager_host& host) {
    std::erase_if(all_, [&host](const auto& each) { return each.lock().get() == &host; });
  }

  /// Room of the next worker that has some; null when none has.
  std::unique_ptr<eager_room> reserve(std::string_view namespace_name, std::string_view task_queue) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      std::rotate(all_.begin(), all_.begin() + 1, all_.end());
      const auto host = all_.back().lock();
      if (!host) continue;
      if (auto room = host->reserve_eager(namespace_name, task_queue)) return room;
    }
    return nullptr;
  }

 private:
  std::vector<std::weak_ptr<eager_host>> all_;
};

}  // namespace rondo::detail::io
