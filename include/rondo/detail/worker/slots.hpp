#pragma once
#include <algorithm>
#include <array>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/log.hpp"
#include "rondo/slot_supplier.hpp"

namespace rondo::detail::worker {

class slot_line;

/// The right to work on one task; gives it back when it dies.
class slot {
 public:
  slot() = default;
  slot(slot&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)),
        id_(other.id_),
        sticky_(other.sticky_),
        used_(other.used_),
        kept_(std::move(other.kept_)) {}
  slot& operator=(slot&& other) noexcept {
    slot taken(std::move(other));
    std::swap(from_, taken.from_);
    std::swap(id_, taken.id_);
    std::swap(sticky_, taken.sticky_);
    std::swap(used_, taken.used_);
    std::swap(kept_, taken.kept_);
    return *this;
  }
  inline ~slot();

  explicit operator bool() const noexcept { return from_ != nullptr; }
  /// Lives as long as the slot is held.
  void keep(std::shared_ptr<const void> what) { kept_ = std::move(what); }
  /// A task of this type came. More than once: the slot goes on to another task.
  inline void mark_used(std::string_view type);

 private:
  friend class slot_line;
  slot(slot_line& from, std::uint64_t id, bool sticky) : from_(&from), id_(id), sticky_(sticky) {}
  slot_line* from_ = nullptr;
  std::uint64_t id_ = 0;
  bool sticky_ = false, used_ = false;
  std::shared_ptr<const void> kept_;
};

/// Slots of one kind of task, as a supplier gives them; who finds none waits in line. Loop thread only; outlives its
/// slots.
class slot_line final : io::timer_node {
 public:
  slot_line(io::event_loop& loop, slot_kind kind, std::shared_ptr<slot_supplier> from, std::string task_queue = {},
            rondo::logger log = {})
      : loop_(&loop),
        kind_(kind),
        from_(std::move(from)),
        task_queue_(std::move(task_queue)),
        log_(std::move(log)),
        retry_(std::chrono::duration_cast<io::duration>(from_->retry_interval())) {}
  /// A fixed number of them.
  slot_line(io::event_loop& loop, std::size_t count)
      : slot_line(loop, slot_kind::activity, std::make_shared<fixed_slots>(count)) {}
  slot_line(const slot_line&) = delete;
  slot_line& operator=(const slot_line&) = delete;
  ~slot_line() {
    if (armed()) loop_->disarm(*this);
  }

  /// Polls of two queues take the slots; each queue shall have one.
  void serve_both() { serves_both_ = true; }
  /// A slot now, or none: for what can do without.
  slot try_take() { return closed_ ? slot() : reserve(false, true); }
  /// A slot as soon as there is one; an empty slot once the line has been closed. `sticky`: for a poll of the worker's
  /// own queue.
  asio::awaitable<slot> take(bool sticky = false) {
    if (closed_) co_return slot();
    slot now = next_is(sticky) ? reserve(sticky, false) : slot();
    if (now) {
      // With this poll under way, those of the other kind may go on.
      serve();
      co_return now;
    }
    slot later = co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(slot)>(
        [this, sticky](auto&& handler) {
          auto shared = std::make_shared<std::decay_t<decltype(handler)>>(std::forward<decltype(handler)>(handler));
          waiting_.push_back(
              {sticky, [this, shared](slot given) {
                 loop_->post([shared, mine = std::move(given)]() mutable { std::move (*shared)(std::move(mine)); });
               }});
          retry_later();
        },
        asio::use_awaitable);
    co_return later;
  }
  /// The supplier may say something else now.
  void ask_again() { serve(); }
  /// From now on nobody gets one; who waits goes away empty-handed.
  void close() {
    closed_ = true;
    if (armed()) loop_->disarm(*this);
    for (auto& each : std::exchange(waiting_, {})) each.give(slot());
  }

  /// Slots that somebody holds, and those of them that have a task.
  std::size_t held() const noexcept { return held_; }
  std::size_t used() const noexcept { return used_; }
  /// How many more a supplier with a limit may give.
  std::optional<std::size_t> available() const {
    const auto most = from_->limit();
    return most ? std::optional(*most - std::min(*most, held_)) : std::nullopt;
  }
  std::size_t waiting() const noexcept { return waiting_.size(); }
  const slot_supplier& supplier() const noexcept { return *from_; }

 private:
  friend class slot;
  struct waiter {
    bool sticky;
    std::function<void(slot)> give;
  };

  /// Asks the supplier, on behalf of whoever comes next.
  slot reserve(bool sticky, bool eager) {
    const slot_request request{.kind = kind_,
                               .id = last_id_ + 1,
                               .task_queue = task_queue_,
                               .sticky = sticky,
                               .eager = eager,
                               .held = held_,
                               .used = used_};
    bool given = false;
    guard("reserve", [&] { given = from_->try_reserve(request); });
    if (!given) return {};
    ++held_;
    ++polls_[sticky ? 1 : 0];
    return slot(*this, ++last_id_, sticky);
  }
  void mark_used(slot& which, std::string_view type) {
    if (std::exchange(which.used_, true)) return;
    ++used_;
    --polls_[which.sticky_ ? 1 : 0];
    guard("mark_used", [&] { from_->mark_used({.kind = kind_, .id = which.id_, .type = type}); });
    serve();
  }
  void give_back(const slot& which) {
    --held_;
    if (which.used_) {
      --used_;
    } else {
      --polls_[which.sticky_ ? 1 : 0];
    }
    guard("release", [&] { from_->release({.kind = kind_, .id = which.id_, .used = which.used_}); });
    serve();
  }
  /// Nobody of the other kind must come first: one queue must not be left without a poll while the other has some.
  bool next_is(bool sticky) const {
    if (!serves_both_ || polls_[sticky ? 0 : 1] > 0 || polls_[sticky ? 1 : 0] == 0) return true;
    const auto most = from_->limit();
    if (!most || held_ + 1 >= *most) return false;
    return std::none_of(waiting_.begin(), waiting_.end(), [&](const waiter& each) { return each.sticky != sticky; });
  }
  /// Gives slots to those who wait, in their order; first to the kind of which no poll is under way.
  void serve() {
    while (!closed_ && !waiting_.empty()) {
      const auto next =
          std::find_if(waiting_.begin(), waiting_.end(), [this](const waiter& each) { return next_is(each.sticky); });
      if (next == waiting_.end()) return;
      slot given = reserve(next->sticky, false);
      if (!given) return retry_later();
      auto mine = std::move(*next);
      waiting_.erase(next);
      mine.give(std::move(given));
    }
  }
  void retry_later() {
    if (retry_ == io::duration::max() || armed() || closed_) return;
    loop_->arm(*this, io::later(io::steady_clock::now(), retry_));
  }
  void on_timer() override { serve(); }

  template <class Function>
  void guard(const char* what, Function function) noexcept {
    std::string error;
    try {
      return function();
    } catch (const std::exception& thrown) {
      error = thrown.what();
    } catch (...) {
      error = "unknown exception";
    }
    log_.error("the slot supplier threw an exception", {{"function", what}, {"error", error}});
  }

  io::event_loop* loop_;
  slot_kind kind_;
  std::shared_ptr<slot_supplier> from_;
  std::string task_queue_;
  rondo::logger log_;
  io::duration retry_;
  std::uint64_t last_id_ = 0;
  std::size_t held_ = 0, used_ = 0;
  /// Slots without a task: for normal polls and for sticky ones.
  std::array<std::size_t, 2> polls_{};
  bool closed_ = false, serves_both_ = false;
  std::deque<waiter> waiting_;
};

/// The supplier that a worker was given, or a fixed number of slots.
inline std::shared_ptr<slot_supplier> supplier_of(std::shared_ptr<slot_supplier> given, std::size_t count) {
  return given ? std::move(given) : std::make_shared<fixed_slots>(count);
}
/// Most threads for the activities of a supplier's slots; one that knows no limit bounds them itself.
inline std::size_t threads_for(const slot_supplier& slots) {
  constexpr std::size_t unlimited = 10'000;
  return slots.limit().value_or(unlimited);
}

inline void slot::mark_used(std::string_view type) {
  if (from_ != nullptr) from_->mark_used(*this, type);
}
inline slot::~slot() {
  if (from_ != nullptr) from_->give_back(*this);
}

}  // namespace rondo::detail::worker
