#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace rondo::detail::worker {

/// Threads for blocking activities: made when needed, at most `limit`. What is submitted while all are busy waits; the
/// activity slots bound how much that can be.
class thread_pool {
 public:
  explicit thread_pool(std::size_t limit) : limit_(limit == 0 ? 1 : limit), shared_(std::make_shared<shared>()) {}
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  /// Waits until what was submitted has run, unless it was abandoned.
  ~thread_pool() {
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->closing = true;
    }
    shared_->work_came.notify_all();
    for (auto& each : threads_) {
      if (abandoned_) {
        each.detach();
      } else {
        each.join();
      }
    }
  }

  void submit(std::function<void()> work) {
    const std::lock_guard lock(shared_->mutex);
    shared_->queue.push_back(std::move(work));
    if (shared_->idle < shared_->queue.size() && threads_.size() < limit_) {
      threads_.emplace_back([state = shared_] { serve(*state); });
    }
    shared_->work_came.notify_one();
  }
  /// The destructor leaves threads behind that are still busy, instead of waiting for them.
  void abandon() noexcept { abandoned_ = true; }

 private:
  struct shared {
    std::mutex mutex;
    std::condition_variable work_came;
    std::deque<std::function<void()>> queue;
    std::size_t idle = 0;
    bool closing = false;
  };

  static void serve(shared& state) {
    std::unique_lock lock(state.mutex);
    for (;;) {
      ++state.idle;
      state.work_came.wait(lock, [&state] { return state.closing || !state.queue.empty(); });
      --state.idle;
      if (state.queue.empty()) return;
      auto work = std::move(state.queue.front());
      state.queue.pop_front();
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
    }
  }

  std::size_t limit_;
  std::shared_ptr<shared> shared_;
  std::vector<std::thread> threads_;
  bool abandoned_ = false;
};

}  // namespace rondo::detail::worker
