#pragma once
#include <algorithm>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "rondo/detail/io/loop.hpp"

namespace rondo::detail::worker {

class slot_supplier;

/// The right to work on one task; gives it back when it dies.
class slot {
 public:
  slot() = default;
  slot(slot&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
  slot& operator=(slot&& other) noexcept {
    std::swap(from_, other.from_);
    return *this;
  }
  inline ~slot();

  explicit operator bool() const noexcept { return from_ != nullptr; }

 private:
  friend class slot_supplier;
  explicit slot(slot_supplier& from) : from_(&from) {}
  slot_supplier* from_ = nullptr;
};

/// A fixed number of slots; who finds none waits in line. Loop thread only; outlives its slots.
class slot_supplier {
 public:
  slot_supplier(io::event_loop& loop, std::size_t count) : loop_(&loop), count_(count) {}
  slot_supplier(const slot_supplier&) = delete;
  slot_supplier& operator=(const slot_supplier&) = delete;

  /// A slot now, or none.
  slot try_take() {
    if (used_ >= count_) return {};
    ++used_;
    return slot(*this);
  }
  /// A slot as soon as there is one; an empty slot once the supplier has been closed.
  asio::awaitable<slot> take() {
    if (closed_) co_return slot();
    if (used_ < count_) {
      ++used_;
      co_return slot(*this);
    }
    const bool granted = co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
        [this](auto&& handler) {
          auto shared = std::make_shared<std::decay_t<decltype(handler)>>(std::forward<decltype(handler)>(handler));
          waiting_.push_back([this, shared](bool give) { loop_->post([shared, give] { std::move (*shared)(give); }); });
        },
        asio::use_awaitable);
    co_return granted ? slot(*this) : slot();
  }
  /// From now on nobody gets one; who waits goes away empty-handed.
  void close() {
    closed_ = true;
    for (auto& each : std::exchange(waiting_, {})) each(false);
  }

  std::size_t used() const noexcept { return used_; }
  std::size_t available() const noexcept { return count_ - used_; }
  std::size_t count() const noexcept { return count_; }

 private:
  friend class slot;
  void give_back() {
    if (waiting_.empty()) {
      --used_;
      return;
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    next(true);
  }

  io::event_loop* loop_;
  std::size_t count_;
  std::size_t used_ = 0;
  bool closed_ = false;
  std::deque<std::function<void(bool)>> waiting_;
};

inline slot::~slot() {
  if (from_ != nullptr) from_->give_back();
}

}  // namespace rondo::detail::worker
