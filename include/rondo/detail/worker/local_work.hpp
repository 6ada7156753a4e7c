#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/detail/engine/local_activity.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/local_activity.hpp"
#include "rondo/log.hpp"

namespace rondo::detail::worker {

/// The local activities of one run, and their ends until the run takes them. Goes with the run: what still runs then is
/// of no use to anybody.
class local_work {
 public:
  explicit local_work(std::shared_ptr<local_activity_services> services)
      : services_(std::move(services)), changes_(services_->loop) {}
  local_work(const local_work&) = delete;
  local_work& operator=(const local_work&) = delete;
  ~local_work() {
    for (const auto& [number, each] : running_) each->drop();
  }

  void start(const engine::local_activity_start& what, const run::activity_definition& definition, activity_info facts,
             rondo::logger log) {
    const int first = what.attempt;
    auto one = std::make_shared<local_activity>(services_, definition, what, std::move(facts), std::move(log),
                                                [this, first](engine::local_activity_end how) {
                                                  running_.erase(how.number);
                                                  repeated_ += how.attempt - first;
                                                  ended_.push_back({std::move(how), io::steady_clock::now()});
                                                  changes_.notify();
                                                });
    running_.emplace(what.number, one);
    one->begin();
  }
  void stop(std::uint64_t number) {
    const auto found = running_.find(number);
    if (found == running_.end()) return;
    const auto keep = found->second;
    keep->stop();
  }

  /// Waits until one has ended; false when the deadline came first, or somebody woke it.
  asio::awaitable<bool> wait(io::time_point deadline) {
    co_await changes_.wait_until([this] { return woken_ || !ended_.empty(); }, deadline);
    co_return any_ended();
  }
  bool any_ended() const noexcept { return !ended_.empty(); }
  /// Ends waiting, now and later.
  void wake() {
    woken_ = true;
    changes_.notify();
  }
  /// The one that ended first, for a workflow task that came at `since`.
  engine::local_activity_end take(io::time_point since) {
    auto next = std::move(ended_.front());
    ended_.pop_front();
    next.how.after = std::max<duration>(duration::zero(), next.when - since);
    return std::move(next.how);
  }
  /// Attempts beyond the first ones, since the last time.
  int take_repeated() noexcept { return std::exchange(repeated_, 0); }

 private:
  struct ended {
    engine::local_activity_end how;
    io::time_point when;
  };

  std::shared_ptr<local_activity_services> services_;
  change_signal changes_;
  std::map<std::uint64_t, std::shared_ptr<local_activity>> running_;
  std::deque<ended> ended_;
  int repeated_ = 0;
  bool woken_ = false;
};

}  // namespace rondo::detail::worker
