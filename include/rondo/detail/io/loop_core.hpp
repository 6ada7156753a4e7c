#pragma once

#include <asio/io_context.hpp>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "rondo/detail/io/asio_reactor.hpp"
#include "rondo/detail/io/reactor.hpp"
#include "rondo/detail/io/work_queue.hpp"

namespace rondo::detail::io {

/// What executors and the event loop share: the queues, the reactor and who drives the loop.
class loop_core {
 public:
  loop_core() : reactor_(std::make_unique<asio_reactor>(context_)) {}
  loop_core(const loop_core&) = delete;
  loop_core& operator=(const loop_core&) = delete;
  ~loop_core() = default;

  asio::io_context& context() noexcept { return context_; }

  bool in_loop_thread() const noexcept { return driver_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  /// Runs the function in a later turn of the loop. Any thread.
  template <class Function>
  void post(Function&& function) {
    auto node = make_work(std::forward<Function>(function));
    if (in_loop_thread()) {
      local_.push(std::move(node));
      return;
    }
    const std::lock_guard lock(mutex_);
    remote_.push(std::move(node));
    wake_if_waiting();
  }

 private:
  friend class event_loop;

  /// Lets the services of the context be shut down while coroutine frames that use them still die in good order.
  class loop_context : public asio::io_context {
   public:
    loop_context() : asio::io_context(1) {}
    using asio::execution_context::shutdown;
  };

  void wake_if_waiting() noexcept {
    if (!waiting_) return;
    waiting_ = false;
    reactor_->wake();
  }

  std::mutex mutex_;
  std::unique_ptr<reactor> reactor_;
  work_queue remote_;
  bool waiting_ = false;
  std::atomic<std::thread::id> driver_{std::thread::id()};
  work_queue local_;
  loop_context context_;
};

}  // namespace rondo::detail::io
