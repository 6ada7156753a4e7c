#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace rondo::server {

/// Gives tasks that wait with the same priority their places, so that their fairness keys share the turns by weight:
/// the tasks of a key stand the closer the more the key weighs, and those of a key that is new begin where the others
/// are now.
class fair_order {
 public:
  /// The place of a task that comes now; lower ones leave first, equal ones in the order in which they came.
  std::int64_t place(const std::string& key, double weight) {
    const auto stride = std::max<std::int64_t>(1, static_cast<std::int64_t>(stride_of_one / weight));
    if (last_.size() >= next_sweep_) sweep();
    std::int64_t& last = last_[key];
    last = std::max(reached_, last + stride);
    return last;
  }
  /// The task of this place leaves.
  void reach(std::int64_t place) noexcept { reached_ = std::max(reached_, place); }

  std::size_t keys() const noexcept { return last_.size(); }

 private:
  static constexpr double stride_of_one = 1000;

  /// Keys whose tasks have all left begin anew.
  void sweep() {
    std::erase_if(last_, [this](const auto& each) { return each.second <= reached_; });
    next_sweep_ = std::max<std::size_t>(64, 2 * last_.size());
  }

  std::unordered_map<std::string, std::int64_t> last_;  // places, by fairness key
  std::int64_t reached_ = 0;
  std::size_t next_sweep_ = 64;
};

}  // namespace rondo::server
