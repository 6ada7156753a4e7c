#pragma once

#include <temporal/api/deployment/v1/message.pb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "rondo/detail/io/timer_heap.hpp"
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

/// The rate that workers allow for a queue; without one everything is allowed at once.
class dispatch_limit {
 public:
  std::optional<double> rate() const noexcept { return rate_; }

  void set(double rate, io::time_point now) {
    if (rate_ == rate) return;
    if (!rate_) tokens_ = std::max(1.0, std::ceil(rate));
    refill(now);
    rate_ = rate;
    tokens_ = std::min(tokens_, burst());
  }

  bool take(io::time_point now) {
    if (!rate_) return true;
    refill(now);
    if (*rate_ <= 0 || tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  /// When the next task may leave; time_point::max(): not before the rate changes.
  io::time_point next(io::time_point now) const {
    if (!rate_ || tokens_ >= 1) return now;
    if (*rate_ <= 0) return io::time_point::max();
    const std::chrono::duration<double> wait((1 - tokens_) / *rate_);
    return io::later(now, std::chrono::ceil<io::duration>(wait));
  }

 private:
  double burst() const noexcept { return std::max(1.0, std::ceil(*rate_)); }

  void refill(io::time_point now) {
    const std::chrono::duration<double> passed = now - std::exchange(filled_, now);
    if (rate_) tokens_ = std::min(burst(), tokens_ + passed.count() * *rate_);
  }

  std::optional<double> rate_;
  double tokens_ = 0;
  io::time_point filled_{};
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
  using task_key = std::pair<int, std::uint64_t>;  // priority, then order

  queue_key key;
  std::optional<deployment_version> version;
  bool sticky = false;
  /// Of a sticky queue: the queue to fall back to, and the version of its worker.
  std::string normal_name;
  std::optional<deployment_version> worker_version;

  std::list<waiting_poll> polls;
  std::map<task_key, queued_task> tasks;
  std::map<std::string, known_worker> workers;  // by identity
  dispatch_limit limit;
  std::map<int, std::pair<rate_window, rate_window>> rates;  // by priority: added, dispatched
  io::time_point last_poll{};
  io::time_point last_suggestion{};
  /// For tasks that wait for the rate.
  queue_timer again;
  bool match_pending = false;
  bool matching_now = false;
};

}  // namespace rondo::server
