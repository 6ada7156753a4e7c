#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "rondo/options.hpp"

namespace rondo::detail::worker {

/// Notices workflow code that does not give the thread back: tells of it while it still goes on, and says afterwards
/// that it took too long. A limit of zero switches it off.
class deadlock_watch {
 public:
  using clock = std::chrono::steady_clock;
  using report = std::function<void(const std::string& what, duration running)>;

  deadlock_watch(duration limit, report tell) : limit_(limit), tell_(std::move(tell)) {
    if (limit_ > duration::zero()) thread_ = std::thread([this] { watch(); });
  }
  deadlock_watch(const deadlock_watch&) = delete;
  deadlock_watch& operator=(const deadlock_watch&) = delete;
  ~deadlock_watch() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  /// Runs the code. True: it took longer than the limit.
  template <class Function>
  bool run(const std::string& what, Function&& code) {
    if (limit_ <= duration::zero()) {
      std::forward<Function>(code)();
      return false;
    }
    const auto begin = clock::now();
    set(begin, &what);
    try {
      std::forward<Function>(code)();
    } catch (...) {
      set({}, nullptr);
      throw;
    }
    set({}, nullptr);
    return clock::now() - begin > limit_;
  }

 private:
  void set(clock::time_point begin, const std::string* what) {
    const std::lock_guard lock(mutex_);
    begin_ = begin;
    what_ = what;
  }
  void watch() {
    std::unique_lock lock(mutex_);
    clock::time_point told{};
    while (!closing_) {
      changed_.wait_for(lock, limit_ / 4);
      if (what_ == nullptr || begin_ == told || clock::now() - begin_ < limit_) continue;
      told = begin_;
      tell_(*what_, clock::now() - begin_);
    }
  }

  duration limit_;
  report tell_;
  std::mutex mutex_;
  std::condition_variable changed_;
  clock::time_point begin_{};
  const std::string* what_ = nullptr;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace rondo::detail::worker
