#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/options.hpp"
#include "rondo/worker_health.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// How a worker is, as any thread may ask. Its loop writes it; how long ago it did so tells whether the loop goes on.
class health_board {
 public:
  using clock = std::chrono::steady_clock;

  /// A loop that has not been here for `patience` is stuck.
  explicit health_board(duration patience) : patience_(patience) {}

  /// Any thread.
  worker_health read(clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    auto found = shown_;
    const bool works = found.state != worker_state::created && found.state < worker_state::stopped;
    const bool stuck = works && now - written_ > patience_;
    found.live = found.state != worker_state::failed && !stuck;
    if (stuck) {
      found.ready = false;
      found.problem = "the worker's loop does not go on";
    }
    return found;
  }

  // Loop thread
  void enter(const session& of, worker_state state, std::string problem = {}) {
    state_ = state;
    problem_ = std::move(problem);
    write(of, clock::now());
  }
  /// Looks again; tells `options.on_health` of a change.
  void write(const session& of, clock::time_point now) {
    auto found = look(of);
    bool changed = false;
    {
      const std::lock_guard lock(mutex_);
      changed = found.state != shown_.state || found.ready != shown_.ready;
      shown_ = found;
      written_ = now;
    }
    if (!changed || !of.options().on_health) return;
    found.live = found.state != worker_state::failed;
    try {
      of.options().on_health(found);
    } catch (const std::exception& thrown) {
      of.options().logger.error("on_health threw an exception", {{"error", thrown.what()}});
    }
  }
  bool differs(const session& of) const { return is_ready(of) != shown_.ready; }
  bool over() const noexcept { return state_ >= worker_state::stopped; }

  /// Keeps the board up to date until the worker's life is over.
  static asio::awaitable<void> watch(std::shared_ptr<session> of, std::shared_ptr<health_board> board) {
    const auto wakes = [&of, &board] { return board->over() || board->differs(*of); };
    while (!board->over()) {
      const auto now = clock::now();
      board->write(*of, now);
      const auto interval = std::chrono::duration_cast<io::duration>(board->patience_ / 4);
      co_await of->changes().wait_until(wakes, io::later(now, interval));
    }
  }

 private:
  bool is_ready(const session& of) const {
    const auto& groups = of.poller_groups();
    return state_ == worker_state::running && !groups.empty() &&
           std::all_of(groups.begin(), groups.end(), [](const auto& each) { return each->problem.empty(); });
  }
  worker_health look(const session& of) const {
    worker_health found{.state = state_, .ready = is_ready(of), .problem = problem_};
    for (const auto& each : of.poller_groups()) {
      found.polls.push_back(
          {.kind = each->kind, .pollers = each->running, .last_answer = each->last_answer, .problem = each->problem});
      if (found.problem.empty() && !each->problem.empty() && state_ == worker_state::running) {
        found.problem = each->kind + " polls fail: " + each->problem;
      }
    }
    found.workflow_slots = slots(of.workflow_slots());
    found.activity_slots = slots(of.activity_slots());
    found.nexus_slots = slots(of.nexus_slots());
    if (const auto* local = of.local_activity_slots()) found.local_activity_slots = slots(*local);
    found.cached_workflows = of.cached_workflows();
    found.cached_bytes = of.cached_bytes();
    return found;
  }
  static slot_health slots(const slot_line& of) {
    return {.held = of.held(), .used = of.used(), .limit = of.supplier().limit()};
  }

  const duration patience_;
  worker_state state_ = worker_state::created;
  std::string problem_;
  mutable std::mutex mutex_;
  worker_health shown_;
  clock::time_point written_{};
};

}  // namespace rondo::detail::worker
