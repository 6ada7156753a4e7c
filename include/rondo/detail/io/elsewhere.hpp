#pragma once

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"

namespace rondo::detail::io {

/// Work on another thread that a coroutine of the loop waits for.
class work_elsewhere {
 public:
  explicit work_elsewhere(event_loop& loop) : loop_(&loop) {}
  work_elsewhere(const work_elsewhere&) = delete;
  work_elsewhere& operator=(const work_elsewhere&) = delete;

  static void start(const std::shared_ptr<work_elsewhere>& self, asio::thread_pool& pool, std::function<void()> work) {
    asio::post(pool, [self, work = std::move(work)] {
      std::exception_ptr thrown;
      try {
        work();
      } catch (...) {
        thrown = std::current_exception();
      }
      const std::lock_guard lock(self->mutex_);
      if (self->loop_ == nullptr) return;
      self->loop_->post([self, thrown] {
        self->done = true;
        self->error = thrown;
        self->woken.cancel();
      });
    });
  }

  /// Nobody waits any more: the loop may go before the work ends.
  void leave() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

  // Of the loop's thread.
  call_token woken;
  std::exception_ptr error;
  bool done = false;

 private:
  std::mutex mutex_;
  event_loop* loop_;
};

/// Runs the work on a thread of the pool; throws what it throws. The work owns what it uses: it goes on when the
/// coroutine is destroyed meanwhile. Loop thread only.
asio::awaitable<void> run_elsewhere(event_loop& loop, asio::thread_pool& pool, std::function<void()> work);

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/elsewhere.hpp"
#endif
