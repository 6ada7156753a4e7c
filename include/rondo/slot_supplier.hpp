#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rondo/options.hpp"

namespace rondo {

/// What a slot is for.
enum class slot_kind : std::uint8_t { workflow, activity, local_activity, nexus };

/// What a worker asks a supplier for.
struct slot_request {
  slot_kind kind = slot_kind::workflow;
  /// Names the slot to `mark_used` and `release`. Counts up within one worker and kind.
  std::uint64_t id = 0;
  std::string_view task_queue{};
  /// For a poll of the worker's own queue, at which the server offers tasks of cached runs.
  bool sticky = false;
  /// For an activity that a workflow task may start at once: it runs through the queue if there is no slot now.
  bool eager = false;
  /// Slots of this kind that the worker holds: in all, and those of them that have a task.
  std::size_t held = 0, used = 0;
};

/// What a slot is used for.
struct slot_use {
  slot_kind kind = slot_kind::workflow;
  std::uint64_t id = 0;
  /// Of the workflow or the activity; "service.operation" of Nexus.
  std::string_view type{};
};

/// A slot that is given back.
struct slot_release {
  slot_kind kind = slot_kind::workflow;
  std::uint64_t id = 0;
  /// False: it was held for a poll that brought no task.
  bool used = false;
};

/// Decides how many tasks a worker has in work at once. A worker takes a slot before it polls, and gives it back when
/// the task is done, or when none came. Workers call this on the threads of their loops; one that several loops share
/// must be safe for that. No function may block. What one throws is logged, and counts as a refusal.
class slot_supplier {
 public:
  virtual ~slot_supplier() = default;

  /// True: the worker has the slot now, and will release it. False: it asks again when a slot comes back, and after
  /// `retry_interval`; an eager request is given up instead. Nobody waits inside of it, so there is nothing to cancel.
  virtual bool try_reserve(const slot_request& request) = 0;
  /// A task came; called once at most for a slot, before its code begins.
  virtual void mark_used(const slot_use& /*use*/) {}
  /// Called once for each slot that was given.
  virtual void release(const slot_release& /*slot*/) {}

  /// How soon a request that was refused is made again though no slot has come back; duration::max(): not at all.
  virtual duration retry_interval() const { return std::chrono::milliseconds(100); }
  /// Most slots it ever gives to one worker; empty: unknown. Must stay the same.
  virtual std::optional<std::size_t> limit() const { return std::nullopt; }
  /// What the server shows of it; "Fixed" and "ResourceBased" are taken.
  virtual std::string_view name() const { return "Custom"; }
};

/// A fixed number of slots, for each worker that uses it.
class fixed_slots final : public slot_supplier {
 public:
  explicit fixed_slots(std::size_t count) : count_(count) {}
  bool try_reserve(const slot_request& request) override { return request.held < count_; }
  duration retry_interval() const override { return duration::max(); }
  std::optional<std::size_t> limit() const override { return count_; }
  std::string_view name() const override { return "Fixed"; }

 private:
  std::size_t count_;
};

}  // namespace rondo
