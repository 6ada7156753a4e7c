#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "rondo/detail/base/run_arena.hpp"

namespace rondo::detail::engine {

class machine;

/// Finds machines by the event that began them. Ids only grow, so the list is sorted by itself.
class event_index {
 public:
  /// `memory`: null for the heap.
  explicit event_index(run_arena* memory = nullptr) : entries_(memory) {}

  void add(std::int64_t event_id, machine& of) {
    entries_.emplace_back(event_id, &of);
    ++alive_;
  }
  machine* find(std::int64_t event_id) const noexcept {
    const auto found = position(event_id);
    return found == entries_.end() || found->first != event_id ? nullptr : found->second;
  }
  void erase(std::int64_t event_id) noexcept {
    const auto found = position(event_id);
    if (found == entries_.end() || found->first != event_id || found->second == nullptr) return;
    entries_[static_cast<std::size_t>(found - entries_.begin())].second = nullptr;
    if (--alive_ * 2 < entries_.size()) compact();
  }
  template <class Function>
  void for_each(Function function) const {
    for (const auto& [id, of] : entries_) {
      if (of != nullptr) function(*of);
    }
  }

 private:
  using entry = std::pair<std::int64_t, machine*>;
  using entries = std::vector<entry, arena_allocator<entry>>;

  entries::const_iterator position(std::int64_t event_id) const noexcept {
    return std::lower_bound(entries_.begin(), entries_.end(), event_id,
                            [](const entry& each, std::int64_t id) { return each.first < id; });
  }
  void compact() noexcept {
    std::erase_if(entries_, [](const entry& each) { return each.second == nullptr; });
  }

  entries entries_;
  std::size_t alive_ = 0;
};

}  // namespace rondo::detail::engine
