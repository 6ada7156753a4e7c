#pragma once

#include "rondo/server/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace rondo::server {

namespace detail_clock {

/// The heaps hold times of the server in the type of the loop's.
inline io::time_point to_heap(instant time) noexcept { return io::time_point(io::duration(time)); }
inline instant from_heap(io::time_point time) noexcept { return time.time_since_epoch().count(); }

/// Turns of the loop that nothing else uses before time is skipped: an event of the reactor needs one to show up.
inline constexpr int idle_turns_wanted = 2;

}  // namespace detail_clock

/// The loop's timer for the next time that comes by itself.
class clock::alarm final : public io::timer_node {
 public:
  explicit alarm(clock& of) : clock_(of) {}

  void on_timer() override {
    clock_.alarm_time_ = never;
    clock_.refresh();
    clock_.fire_due();
  }

 private:
  clock& clock_;
};

RONDO_SERVER_FUNCTION clock::clock(io::event_loop& loop, bool skipping, instant start)
    : loop_(&loop),
      skipping_(skipping),
      still_(skipping && start != 0),
      locks_(skipping ? 1 : 0),
      alarm_(std::make_unique<alarm>(*this)),
      self_(std::make_shared<clock*>(this)) {
  using namespace std::chrono;
  const instant present = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
  now_ = start != 0 ? start : present;
  offset_ = now_ - real_now();
}

RONDO_SERVER_FUNCTION clock::~clock() {
  *self_ = nullptr;
  loop_->disarm(*alarm_);
  for (auto& each : sleepers_) disarm(each.until);
}

RONDO_SERVER_FUNCTION instant clock::real_now() const noexcept {
  return detail_clock::from_heap(io::steady_clock::now());
}

RONDO_SERVER_FUNCTION void clock::refresh() noexcept {
  ++handled_;
  if (!still_) now_ = std::max(now_, real_now() + offset_);
}

RONDO_SERVER_FUNCTION void clock::arm(timer& which, instant when, kind as) {
  if (which.armed()) disarm(which);
  which.when_ = when;
  which.kind_ = as;
  (as == kind::progress ? progress_ : limits_).arm(which, detail_clock::to_heap(when));
  set_alarm();
  if (as == kind::progress) watch_for_idleness();
}

RONDO_SERVER_FUNCTION void clock::disarm(timer& which) noexcept {
  (which.kind_ == kind::progress ? progress_ : limits_).disarm(which);
}

RONDO_SERVER_FUNCTION instant clock::next() const noexcept {
  return detail_clock::from_heap(std::min(progress_.next(), limits_.next()));
}

/// The alarm may come too early, after timers were disarmed, but never too late.
RONDO_SERVER_FUNCTION void clock::set_alarm() {
  const instant due = next();
  if (due <= now_) return fire_soon();
  if (still_ || due >= alarm_time_) return;
  alarm_time_ = due;
  loop_->arm(*alarm_, detail_clock::to_heap(later(due, -offset_)));
}

RONDO_SERVER_FUNCTION void clock::fire_soon() {
  if (std::exchange(firing_soon_, true)) return;
  loop_->post([self = self_] {
    if (*self == nullptr) return;
    (*self)->firing_soon_ = false;
    (*self)->fire_due();
  });
}

RONDO_SERVER_FUNCTION clock::timer* clock::pop_due() noexcept {
  auto& heap = progress_.next() <= limits_.next() ? progress_ : limits_;
  return static_cast<timer*>(heap.pop_due(detail_clock::to_heap(now_)));
}

RONDO_SERVER_FUNCTION void clock::fire_due() {
  // What is armed meanwhile for a time that has come waits for the next turn of the loop.
  std::size_t most = progress_.size() + limits_.size();
  while (most-- > 0) {
    timer* due = pop_due();
    if (due == nullptr) break;
    ++handled_;
    static_cast<io::timer_node*>(due)->on_timer();
  }
  set_alarm();
  watch_for_idleness();
}

RONDO_SERVER_FUNCTION void clock::release() noexcept {
  --holds_;
  watch_for_idleness();
}

RONDO_SERVER_FUNCTION bool clock::unlock_skipping() noexcept {
  --locks_;
  watch_for_idleness();
  return locks_ >= 0;
}

RONDO_SERVER_FUNCTION void clock::add_waiter() noexcept {
  ++waiters_;
  watch_for_idleness();
}

RONDO_SERVER_FUNCTION bool clock::may_skip_now() const noexcept {
  return skipping_ && holds_ == 0 && locks_ <= (waiters_ > 0 ? 1 : 0) && !progress_.empty();
}

RONDO_SERVER_FUNCTION void clock::watch_for_idleness() {
  if (watching_ || (!may_skip_now() && (idle_waiters_.empty() || holds_ > 0))) return;
  watching_ = true;
  loop_->post([self = self_] {
    if (*self != nullptr) (*self)->look_for_idleness();
  });
}

RONDO_SERVER_FUNCTION void clock::look_for_idleness() {
  watching_ = false;
  const bool idle = handled_ == std::exchange(handled_before_, handled_) && !loop_->has_work();
  idle_turns_ = idle ? idle_turns_ + 1 : 0;
  if (idle_turns_ < detail_clock::idle_turns_wanted || holds_ > 0) {
    watch_for_idleness();
    return;
  }
  idle_turns_ = 0;
  // Who asks again in what is called now must not look like work of the loop.
  watching_ = true;
  for (const auto& each : std::exchange(idle_waiters_, {})) each();
  watching_ = false;
  if (!may_skip_now() || loop_->has_work()) {
    watch_for_idleness();
    return;
  }
  move_to(std::max(now_, next()));
  fire_due();
}

RONDO_SERVER_FUNCTION void clock::move_to(instant time) noexcept {
  offset_ += time - now_;
  now_ = time;
  // The alarm was set by the old offset.
  alarm_time_ = never;
}

RONDO_SERVER_FUNCTION void clock::skip_to(instant time) {
  while (next() <= time) {
    move_to(std::max(now_, next()));
    fire_due();
  }
  if (time > now_) move_to(time);
  set_alarm();
}

RONDO_SERVER_FUNCTION void clock::when_idle(std::function<void()> then) {
  idle_waiters_.push_back(std::move(then));
  watch_for_idleness();
}

RONDO_SERVER_FUNCTION std::uint64_t clock::sleep_until(instant time, std::function<void()> then) {
  sleeper& made = sleepers_.emplace_back();
  made.number = ++sleeps_;
  made.then = std::move(then);
  made.until.on_due = [this, number = made.number] { wake(number); };
  arm(made.until, time);
  return sleeps_;
}

RONDO_SERVER_FUNCTION void clock::wake(std::uint64_t which) {
  const auto found =
      std::find_if(sleepers_.begin(), sleepers_.end(), [which](const sleeper& each) { return each.number == which; });
  const auto then = std::move(found->then);
  sleepers_.erase(found);
  then();
}

RONDO_SERVER_FUNCTION void clock::cancel_sleep(std::uint64_t which) noexcept {
  const auto found =
      std::find_if(sleepers_.begin(), sleepers_.end(), [which](const sleeper& each) { return each.number == which; });
  if (found == sleepers_.end()) return;
  disarm(found->until);
  sleepers_.erase(found);
}

}  // namespace rondo::server
