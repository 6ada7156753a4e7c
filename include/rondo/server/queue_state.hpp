#pragma once

#include <temporal/api/deployment/v1/message.pb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/server/clock.hpp"
#include "rondo/server/fair_order.hpp"
#include "rondo/server/queue_limits.hpp"
#include "rondo/server/task_queue.hpp"

// What matching keeps of a task queue.
namespace rondo::server {

/// How often something happened per second, over the last half minute of real time.
class rate_window {
 public:
  void count(io::time_point now) {
    advance(now);
    ++buckets_[position(last_)];
  }

  double per_second(io::time_point now) {
    advance(now);
    std::uint64_t sum = 0;
    for (const auto each : buckets_) sum += each;
    return static_cast<double>(sum) / static_cast<double>(std::clamp<std::int64_t>(last_ - first_ + 1, 1, width));
  }

 private:
  static constexpr std::int64_t width = 30;

  static std::size_t position(std::int64_t time) noexcept { return static_cast<std::size_t>(time % width); }

  void advance(io::time_point now) {
    const std::int64_t time = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (first_ < 0) first_ = last_ = time;
    if (time - last_ >= width) {
      buckets_ = {};
      last_ = time;
    }
    while (last_ < time) buckets_[position(++last_)] = 0;
  }

  std::array<std::uint32_t, width> buckets_{};
  std::int64_t first_ = -1;
  std::int64_t last_ = -1;
};

/// What is shown of a worker that polled.
struct known_worker {
  io::time_point seen{};
  instant last_access = 0;
  std::optional<double> rate;
  std::string instance_key;
  temporal::api::deployment::v1::WorkerDeploymentOptions options;
};

struct queue_state;

/// Calls a function at a time of the real clock.
struct queue_timer final : io::timer_node {
  std::function<void()> on_due;
  void on_timer() override {
    const auto function = on_due;  // what it does may end this timer
    function();
  }
};

/// A poll in a queue, with the time at which it ends empty.
struct waiting_poll {
  std::uint64_t id = 0;
  poller from;
  queue_state* queue = nullptr;
  io::time_point began{};
  queue_timer end;
};

/// The tasks of one task queue for workers of one version, and the polls of those workers.
struct queue_state {
  struct task_key {
    int priority = 0;
    std::int64_t place = 0;  // by fair_order
    std::uint64_t number = 0;

    friend auto operator<=>(const task_key&, const task_key&) = default;
  };

  queue_key key;
  std::optional<deployment_version> version;
  bool sticky = false;
  /// Of a sticky queue: the queue to fall back to, and the version of its worker.
  std::string normal_name;
  std::optional<deployment_version> worker_version;

  std::list<waiting_poll> polls;
  std::map<task_key, queued_task> tasks;
  std::map<int, fair_order> orders;             // by priority, of those with tasks
  std::map<std::string, known_worker> workers;  // by identity
  /// Shared with the other versions of the queue.
  queue_limits* limits = nullptr;
  std::map<int, std::pair<rate_window, rate_window>> rates;  // by priority: added, dispatched
  io::time_point last_poll{};
  io::time_point last_suggestion{};
  /// Polls wait, but the limits let all tasks go later: then this says when.
  bool waits_for_rate = false;
  rate_window held_back;
  clock::timer again;
  bool match_pending = false;
  bool matching_now = false;
};

}  // namespace rondo::server
