#pragma once

#include <temporal/api/enums/v1/task_queue.pb.h>
#include <temporal/api/taskqueue/v1/message.pb.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "rondo/server/task_queue.hpp"
#include "rondo/server/time.hpp"

// How fast tasks leave a task queue.
namespace rondo::server {

/// The time between tasks at a rate.
class pace {
 public:
  /// Nothing ever leaves at a rate of zero.
  explicit pace(double per_second)
      : gap_(per_second > 1e-9 ? static_cast<interval>(static_cast<double>(second) / per_second) : never) {}

  interval gap() const noexcept { return gap_; }
  bool stopped() const noexcept { return gap_ == never; }

 private:
  interval gap_;
};

/// When the next task may leave. What was not used of the last second may be used at once.
class pace_keeper {
 public:
  instant next() const noexcept { return next_; }

  void take(const pace& at, instant now, double weight = 1) noexcept {
    if (at.stopped()) return;
    const auto gap = static_cast<interval>(std::min(static_cast<double>(at.gap()) / weight, longest_gap));
    next_ = later(std::max(now - second, next_), gap);
  }
  /// The pace is another one now: what was waited for at the old one does not count.
  void change(const pace& to, instant now) noexcept { next_ = std::min(next_, later(now, to.gap())); }

 private:
  static constexpr double longest_gap = 1e18;

  instant next_ = 0;
};

/// The limits of a task queue of one type, for workers of all versions: what its configuration says, or else what the
/// last poll said.
class queue_limits {
 public:
  using config = temporal::api::taskqueue::v1::TaskQueueConfig;
  using rate_source = temporal::api::enums::v1::RateLimitSource;

  /// Of queues without a configuration and workers that name no rate.
  static constexpr double system_rate = 100'000;

  /// Null: it has none. False: no task is affected.
  bool configure(const config* from, instant now) {
    overrides_.clear();
    if (from != nullptr) {
      for (const auto& [key, weight] : from->fairness_weight_overrides()) overrides_[key] = weight;
    }
    const auto rate_in = [](bool present, const auto& limit) -> std::optional<double> {
      if (!present || !limit.has_rate_limit()) return std::nullopt;
      return static_cast<double>(limit.rate_limit().requests_per_second());
    };
    const bool present = from != nullptr;
    const auto config_rate = present ? rate_in(from->has_queue_rate_limit(), from->queue_rate_limit()) : std::nullopt;
    const auto key_rate =
        present ? rate_in(from->has_fairness_keys_rate_limit_default(), from->fairness_keys_rate_limit_default())
                : std::nullopt;
    const bool changed = set(config_rate_, config_rate) + set(key_rate_, key_rate) > 0;
    if (changed) apply(now);
    return changed;
  }
  /// None: the worker names no rate. False: no task is affected.
  bool set_worker_rate(std::optional<double> rate, instant now) {
    if (!set(worker_rate_, rate)) return false;
    apply(now);
    return true;
  }

  double rate() const noexcept { return std::min(wished().value_or(system_rate), system_rate); }
  rate_source source() const noexcept {
    if (wished().value_or(system_rate) >= system_rate) return temporal::api::enums::v1::RATE_LIMIT_SOURCE_SYSTEM;
    return config_rate_ ? temporal::api::enums::v1::RATE_LIMIT_SOURCE_API
                        : temporal::api::enums::v1::RATE_LIMIT_SOURCE_WORKER;
  }
  double weight_of(const queued_task& task) const {
    const auto found = overrides_.find(task.fairness_key);
    const double weight = found == overrides_.end() ? task.fairness_weight : found->second;
    return weight > 0 ? std::max(weight, least_weight) : 1;
  }

  bool by_key() const noexcept { return key_pace_.has_value(); }
  /// When a task may leave, whatever its key; `never`: not before the limits change.
  instant next() const noexcept {
    if (!pace_) return 0;
    return pace_->stopped() ? never : keeper_.next();
  }
  /// When a task of the key may leave, as far as its key is concerned.
  instant next_of(const std::string& key) const {
    if (!key_pace_) return 0;
    if (key_pace_->stopped()) return never;
    const auto found = keepers_.find(key);
    return found == keepers_.end() ? 0 : found->second.next();
  }
  void take(const queued_task& task, instant now) {
    if (pace_) keeper_.take(*pace_, now);
    if (!key_pace_) return;
    if (keepers_.size() >= most_keys) forget_keys(now);
    keepers_[task.fairness_key].take(*key_pace_, now, weight_of(task));
  }

 private:
  /// Fairness keys whose pace is remembered.
  static constexpr std::size_t most_keys = 2000;
  static constexpr double least_weight = 0.001;

  static bool set(std::optional<double>& to, std::optional<double> value) { return std::exchange(to, value) != value; }
  std::optional<double> wished() const noexcept { return config_rate_ ? config_rate_ : worker_rate_; }

  void apply(instant now) {
    pace_.reset();
    if (const auto wanted = wished(); wanted && *wanted < system_rate) pace_.emplace(*wanted);
    if (pace_) keeper_.change(*pace_, now);
    key_pace_.reset();
    if (key_rate_) key_pace_.emplace(*key_rate_);
    if (!key_pace_) keepers_.clear();
    for (auto& [key, keeper] : keepers_) keeper.change(*key_pace_, now);
  }
  /// Those that may go on anyway; if there are none, all.
  void forget_keys(instant now) {
    std::erase_if(keepers_, [now](const auto& each) { return each.second.next() <= now; });
    if (keepers_.size() >= most_keys) keepers_.clear();
  }

  std::optional<double> config_rate_;
  std::optional<double> worker_rate_;
  std::optional<double> key_rate_;
  std::unordered_map<std::string, double> overrides_;  // of weights, by fairness key
  std::optional<pace> pace_;
  std::optional<pace> key_pace_;
  pace_keeper keeper_;
  std::unordered_map<std::string, pace_keeper> keepers_;  // by fairness key
};

}  // namespace rondo::server
