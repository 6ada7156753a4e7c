#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/eager_hosts.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/eager_slot.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/workflow_calls.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// The first tasks of workflows that clients on a worker's connection start and let the worker have at once. What it is
/// given outlives it.
class eager_rooms final : public io::eager_host {
 public:
  eager_rooms(slot_line& slots, change_signal& changes, const worker_options& options,
              const std::string& namespace_name)
      : slots_(slots), changes_(changes), options_(options), namespace_(namespace_name) {}
  eager_rooms(const eager_rooms&) = delete;
  eager_rooms& operator=(const eager_rooms&) = delete;

  /// `owner` keeps this; one that has expired is not shared by its host and may end before the tasks do, so it takes
  /// none. `works` says whether it takes tasks now, `begin` works on one.
  void open(std::weak_ptr<void> owner, std::function<bool()> works, eager_slot::begin_task begin) {
    owner_ = std::move(owner);
    works_ = std::move(works);
    begin_ = std::move(begin);
  }
  void offer(io::connection& to) {
    if (const auto owner = owner_.lock()) to.eager().add(std::shared_ptr<io::eager_host>(owner, this));
  }
  void withdraw(io::connection& from) { from.eager().remove(*this); }
  /// What comes from now on is too late.
  void close() noexcept { closed_ = true; }
  /// Starts under way that may bring a task.
  std::size_t reserved() const noexcept { return reserved_; }

  std::unique_ptr<io::eager_room> reserve_eager(std::string_view namespace_name, std::string_view task_queue) override {
    if (!works_ || !works_()) return nullptr;
    if (namespace_name != namespace_ || task_queue != options_.task_queue) return nullptr;
    auto permit = slots_.try_take();
    if (!permit) return nullptr;
    ++reserved_;
    return std::make_unique<eager_slot>(
        owner_.lock(), std::move(permit), options_,
        [this](workflow_task task, slot held) {
          if (!closed_) return begin_(std::move(task), std::move(held));
          options_.logger.warn("a workflow task came with a start after the worker's end and is left to others",
                               {{"workflow_id", task.message->workflow_execution().workflow_id()}});
        },
        [this] {
          --reserved_;
          changes_.notify();
        });
  }

 private:
  slot_line& slots_;
  change_signal& changes_;
  const worker_options& options_;
  const std::string& namespace_;
  std::weak_ptr<void> owner_;
  std::function<bool()> works_;
  eager_slot::begin_task begin_;
  std::size_t reserved_ = 0;
  bool closed_ = false;
};

}  // namespace rondo::detail::worker
