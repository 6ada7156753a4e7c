#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "rondo/detail/io/reactor.hpp"

namespace rondo::detail::io {

/// Receiver of one event of the completion queue.
class grpc_event {
 public:
  grpc_event() = default;
  grpc_event(const grpc_event&) = delete;
  grpc_event& operator=(const grpc_event&) = delete;

  /// Called on the loop's thread.
  virtual void on_event(bool ok) = 0;

 protected:
  ~grpc_event() = default;
};

/// A call that ends with one event; linked in the reactor while it is under way.
class grpc_operation : public grpc_event {
 public:
  /// Makes the event come soon.
  virtual void try_cancel() noexcept = 0;

 protected:
  ~grpc_operation() = default;

 private:
  friend class grpc_reactor;
  grpc_operation* previous_ = nullptr;
  grpc_operation* next_ = nullptr;
};

/// gRPC's completion queue as the reactor of the loop: every completion is delivered on the loop's thread.
class grpc_reactor : public reactor {
 public:
  grpc_reactor() : grpc_reactor(std::make_unique<grpc::CompletionQueue>()) {}
  ~grpc_reactor() override { close(); }

  grpc::CompletionQueue& queue() noexcept { return *queue_; }

  /// No call may be started any more.
  bool closed() const noexcept { return closed_; }

  void add(grpc_operation& operation) noexcept {
    operation.next_ = first_;
    if (first_) first_->previous_ = &operation;
    first_ = &operation;
  }

  void remove(grpc_operation& operation) noexcept {
    (operation.previous_ ? operation.previous_->next_ : first_) = operation.next_;
    if (operation.next_) operation.next_->previous_ = operation.previous_;
    operation.previous_ = nullptr;
    operation.next_ = nullptr;
  }

  void wait(time_point deadline) override { take(deadline); }

  bool poll() override {
    // gRPC looks at one of its descriptors each time.
    constexpr int descriptors = 8;
    for (int i = 0; i < descriptors; ++i) {
      if (take(time_point::min())) return true;
    }
    return false;
  }

  void wake() noexcept override {
    // A deadline in the past fires the alarm at once; one at the present would go through gRPC's timer thread.
    if (waker_.pending.exchange(true)) return;
    alarm_.Set(queue_.get(), to_timespec(time_point::min()), static_cast<grpc_event*>(&waker_));
  }

  void shutdown() noexcept override { close(); }

  /// gRPC's form of a time of the steady clock.
  static gpr_timespec to_timespec(time_point time) noexcept {
    if (time == time_point::min()) return {std::numeric_limits<std::int64_t>::min(), 0, GPR_CLOCK_MONOTONIC};
    if (time == time_point::max()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
    constexpr std::int64_t per_second = 1'000'000'000;
    return {nanoseconds / per_second, static_cast<std::int32_t>(nanoseconds % per_second), GPR_CLOCK_MONOTONIC};
  }

 protected:
  /// For queues that serve more than calls to others.
  explicit grpc_reactor(std::unique_ptr<grpc::CompletionQueue> queue) : queue_(std::move(queue)) {}

 private:
  /// False: none came before the deadline.
  bool take(time_point deadline) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_->AsyncNext(&tag, &ok, to_timespec(deadline)) != grpc::CompletionQueue::GOT_EVENT) return false;
    static_cast<grpc_event*>(tag)->on_event(ok);
    return true;
  }

  void close() noexcept {
    if (closed_) return;
    closed_ = true;
    for (grpc_operation* operation = first_; operation; operation = operation->next_) operation->try_cancel();
    queue_->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) static_cast<grpc_event*>(tag)->on_event(ok);
  }

  struct waker final : grpc_event {
    void on_event(bool) override { pending.store(false); }
    std::atomic<bool> pending{false};
  };

  std::unique_ptr<grpc::CompletionQueue> queue_;
  grpc::Alarm alarm_;
  waker waker_;
  grpc_operation* first_ = nullptr;
  bool closed_ = false;
};

}  // namespace rondo::detail::io
