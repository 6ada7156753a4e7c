#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/detail/worker/rate_limiter.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

class activity_pool;

/// A place in a pool; gives it back when it dies.
class pool_place {
 public:
  pool_place() = default;
  pool_place(pool_place&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
  pool_place& operator=(pool_place&& other) noexcept {
    pool_place taken(std::move(other));
    std::swap(in_, taken.in_);
    return *this;
  }
  inline ~pool_place();

 private:
  friend class activity_pool;
  explicit pool_place(activity_pool& in) : in_(&in) {}
  activity_pool* in_ = nullptr;
};

/// Lets the attempts of some activity types begin: so many at once, so many a second, in the order in which they came.
/// Loop thread only; outlives its places.
class activity_pool final : io::timer_node {
 public:
  using begin = std::function<void(pool_place)>;

  activity_pool(io::event_loop& loop, const activity_slot_pool& how)
      : loop_(&loop), how_(how), limiter_(how.max_per_second) {}
  activity_pool(const activity_pool&) = delete;
  activity_pool& operator=(const activity_pool&) = delete;
  ~activity_pool() {
    if (armed()) loop_->disarm(*this);
  }

  /// Calls the function as soon as there is room, maybe at once. The number is for `leave`.
  std::uint64_t enter(begin when_there_is_room) {
    line_.push_back({++last_, std::move(when_there_is_room)});
    const auto mine = last_;
    serve();
    return mine;
  }
  /// Somebody does not wait any more; the function is dropped, and not called.
  void leave(std::uint64_t number) {
    std::erase_if(line_, [number](const waiter& each) { return each.number == number; });
    if (line_.empty() && armed()) loop_->disarm(*this);
  }

  const activity_slot_pool& options() const noexcept { return how_; }
  std::size_t used() const noexcept { return used_; }
  std::size_t waiting() const noexcept { return line_.size(); }

 private:
  friend class pool_place;
  struct waiter {
    std::uint64_t number;
    begin go;
  };

  void give_back() {
    --used_;
    serve();
  }
  void serve() {
    while (!line_.empty() && (how_.max_concurrent == 0 || used_ < how_.max_concurrent)) {
      const auto now = io::steady_clock::now();
      // The next start has its token already when somebody left who had waited for it.
      if (!next_start_) next_start_ = now + limiter_.take(now);
      if (*next_start_ > now) return loop_->arm(*this, *next_start_);
      next_start_.reset();
      ++used_;
      auto go = std::move(line_.front().go);
      line_.pop_front();
      go(pool_place(*this));
    }
  }
  void on_timer() override { serve(); }

  io::event_loop* loop_;
  activity_slot_pool how_;
  rate_limiter limiter_;
  std::deque<waiter> line_;
  std::optional<io::time_point> next_start_;
  std::uint64_t last_ = 0;
  std::size_t used_ = 0;
};

inline pool_place::~pool_place() {
  if (in_ != nullptr) in_->give_back();
}

/// The pools of a worker.
class activity_pools {
 public:
  activity_pools(io::event_loop& loop, const std::vector<activity_slot_pool>& all) {
    for (const auto& each : all) pools_.push_back(std::make_unique<activity_pool>(loop, each));
  }
  /// Null: attempts of this type need no place.
  activity_pool* find(std::string_view type) const {
    for (const auto& each : pools_) {
      const auto& types = each->options().activity_types;
      if (std::find(types.begin(), types.end(), type) != types.end()) return each.get();
    }
    return nullptr;
  }

 private:
  std::vector<std::unique_ptr<activity_pool>> pools_;
};

}  // namespace rondo::detail::worker
