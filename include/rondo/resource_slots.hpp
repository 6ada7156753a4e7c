#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "rondo/detail/base/system_load.hpp"
#include "rondo/options.hpp"
#include "rondo/slot_supplier.hpp"

namespace rondo {

/// How much of the machine, or of what its container may use, workers should use: parts of 1.
struct resource_targets {
  double memory = 0.8, cpu = 0.9;
};

/// What is used now, parts of 1.
using resource_load = detail::system_load;

/// Watches the memory and the processors, and says whether there is room for another task. One for all workers of a
/// process, so that they do not count on the same room; any thread. It looks at most once in 100 ms, and only when it
/// is asked.
class resource_controller {
 public:
  using clock = std::chrono::steady_clock;
  /// Measures the load; called by one thread at a time.
  using sampler = std::function<resource_load(clock::time_point now)>;

  /// Throws std::invalid_argument unless the targets are above 0 and at most 1.
  explicit resource_controller(resource_targets targets = {})
      : resource_controller(targets, [reader = detail::system_load_reader()](clock::time_point now) mutable {
          return reader.sample(now);
        }) {}
  /// With a measurement of another kind.
  resource_controller(resource_targets targets, sampler measure) : targets_(targets), measure_(std::move(measure)) {
    for (const double each : {targets.memory, targets.cpu}) {
      if (!(each > 0 && each <= 1))
        throw std::invalid_argument("rondo: resource targets must be above 0 and at most 1");
    }
  }

  /// True when the load is so far below the targets that another task fits in.
  bool has_room(clock::time_point now = clock::now()) {
    const std::lock_guard lock(mutex_);
    look(now);
    return room_;
  }
  /// The last measurement.
  resource_load load(clock::time_point now = clock::now()) {
    const std::lock_guard lock(mutex_);
    look(now);
    return load_;
  }

 private:
  /// Proportional and derivative control: what counts is how far the load is from its target, and how quickly it comes
  /// nearer. The numbers are those of the other SDKs.
  class control {
   public:
    double next(double target, double value, double seconds) {
      constexpr double proportional = 5, derivative = 1;
      const double distance = target - value;
      double output = proportional * distance;
      if (last_ && seconds > 0) output += derivative * (distance - *last_) / seconds;
      last_ = distance;
      return output;
    }

   private:
    std::optional<double> last_;
  };

  void look(clock::time_point now) {
    constexpr auto interval = std::chrono::milliseconds(100);
    constexpr double memory_threshold = 0.25, cpu_threshold = 0.05;
    if (looked_ && now - *looked_ < interval) return;
    const double seconds = looked_ ? std::chrono::duration<double>(now - *looked_).count() : 0;
    load_ = measure_(now);
    const double memory = memory_.next(targets_.memory, load_.memory, seconds);
    const double cpu = cpu_.next(targets_.cpu, load_.cpu, seconds);
    room_ = memory > memory_threshold && cpu > cpu_threshold && load_.memory < targets_.memory;
    looked_ = now;
  }

  const resource_targets targets_;
  std::mutex mutex_;
  sampler measure_;
  control memory_, cpu_;
  resource_load load_;
  std::optional<clock::time_point> looked_;
  bool room_ = false;
};

/// Bounds of resource_slots for each worker that uses them.
struct resource_slot_options {
  /// Up to so many are given whatever the load is; 0: 5 for workflows, 1 for activities. Workers that cache workflows
  /// need at least 2 for them.
  std::size_t minimum = 0;
  /// Never more than so many; at least the minimum.
  std::size_t maximum = 500;
  /// Shortest time from one slot beyond the minimum to the next, so that the load of a task shows before another one is
  /// taken; unset: none for workflows, 50 ms for activities.
  std::optional<duration> ramp{};
};

/// Gives slots while the controller finds room.
class resource_slots final : public slot_supplier {
 public:
  /// Throws std::invalid_argument when the bounds contradict each other.
  explicit resource_slots(std::shared_ptr<resource_controller> controller, resource_slot_options options = {})
      : controller_(std::move(controller)), options_(options) {
    if (controller_ == nullptr) throw std::invalid_argument("rondo: resource_slots need a resource_controller");
    if (options_.maximum == 0 || options_.maximum < options_.minimum) {
      throw std::invalid_argument("rondo: the maximum of resource_slots must be at least 1, and at least the minimum");
    }
  }

  bool try_reserve(const slot_request& request) override { return try_reserve(request, clock::now()); }
  bool try_reserve(const slot_request& request, std::chrono::steady_clock::time_point now) {
    if (request.held >= options_.maximum) return false;
    const bool workflow = request.kind == slot_kind::workflow;
    const std::size_t minimum = options_.minimum > 0 ? options_.minimum : workflow ? 5 : 1;
    if (request.held < minimum) return true;
    const duration ramp = options_.ramp.value_or(workflow ? duration::zero() : std::chrono::milliseconds(50));
    const std::lock_guard lock(mutex_);
    auto& last = last_[request.kind];
    if (last && now - *last < ramp) return false;
    if (!controller_->has_room(now)) return false;
    last = now;
    return true;
  }
  duration retry_interval() const override {
    return options_.ramp.value_or(std::chrono::milliseconds(50)) + least_pause;
  }
  std::optional<std::size_t> limit() const override { return options_.maximum; }
  std::string_view name() const override { return "ResourceBased"; }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr duration least_pause = std::chrono::milliseconds(10);

  std::shared_ptr<resource_controller> controller_;
  resource_slot_options options_;
  std::mutex mutex_;
  std::map<slot_kind, std::optional<clock::time_point>> last_;
};

}  // namespace rondo
