#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace rondo::detail::io {

using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;
using duration = steady_clock::duration;

/// The time `time` after `from`; time_point::max() when there is no such time.
inline time_point later(time_point from, duration time) noexcept {
  if (time > duration::zero() && from > time_point::max() - time) return time_point::max();
  return from + time;
}

class timer_heap;

/// Something that happens at a time on an event loop. Lives in its owner; disarm it before it is destroyed.
class timer_node {
 public:
  timer_node() = default;
  timer_node(const timer_node&) = delete;
  timer_node& operator=(const timer_node&) = delete;

  bool armed() const noexcept { return position_ != not_in_heap; }

  /// The time has come; the node is disarmed already and may be armed again or destroyed here.
  virtual void on_timer() = 0;

  /// The loop ends before the time came; the node is disarmed already and may be destroyed here.
  virtual void on_discard() noexcept {}

 protected:
  ~timer_node() = default;

 private:
  friend class timer_heap;
  static constexpr std::size_t not_in_heap = std::numeric_limits<std::size_t>::max();
  std::size_t position_ = not_in_heap;
};

/// Intrusive 4-ary heap of timers; equal times come out in the order in which they were armed.
class timer_heap {
 public:
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }

  /// Time of the earliest timer; time_point::max() when there is none.
  time_point next() const noexcept { return entries_.empty() ? time_point::max() : entries_.front().when; }

  /// Arms the node, or moves it when it is armed.
  void arm(timer_node& node, time_point when) {
    disarm(node);
    entries_.push_back(entry{when, sequence_++, &node});
    sift_up(entries_.size() - 1);
  }

  /// Does nothing when the node is not armed.
  void disarm(timer_node& node) noexcept {
    if (!node.armed()) return;
    const std::size_t hole = node.position_;
    node.position_ = timer_node::not_in_heap;
    const entry last = entries_.back();
    entries_.pop_back();
    if (last.node == &node) return;
    place(hole, last);
    if (hole > 0 && before(last, entries_[(hole - 1) / arity])) {
      sift_up(hole);
    } else {
      sift_down(hole);
    }
  }

  /// Takes the earliest timer out when its time is not after `now`; null otherwise.
  timer_node* pop_due(time_point now) noexcept {
    if (entries_.empty() || entries_.front().when > now) return nullptr;
    timer_node* node = entries_.front().node;
    disarm(*node);
    return node;
  }

 private:
  static constexpr std::size_t arity = 4;

  struct entry {
    time_point when;
    std::uint64_t sequence;
    timer_node* node;
  };

  static bool before(const entry& a, const entry& b) noexcept {
    return a.when != b.when ? a.when < b.when : a.sequence < b.sequence;
  }

  void place(std::size_t position, const entry& e) noexcept {
    entries_[position] = e;
    e.node->position_ = position;
  }

  void sift_up(std::size_t position) noexcept {
    const entry moving = entries_[position];
    while (position > 0) {
      const std::size_t parent = (position - 1) / arity;
      if (!before(moving, entries_[parent])) break;
      place(position, entries_[parent]);
      position = parent;
    }
    place(position, moving);
  }

  void sift_down(std::size_t position) noexcept {
    const entry moving = entries_[position];
    for (;;) {
      const std::size_t first = position * arity + 1;
      if (first >= entries_.size()) break;
      const std::size_t end = std::min(first + arity, entries_.size());
      std::size_t best = first;
      for (std::size_t child = first + 1; child < end; ++child) {
        if (before(entries_[child], entries_[best])) best = child;
      }
      if (!before(entries_[best], moving)) break;
      place(position, entries_[best]);
      position = best;
    }
    place(position, moving);
  }

  std::vector<entry> entries_;
  std::uint64_t sequence_ = 0;
};

}  // namespace rondo::detail::io
