#pragma once
#include <cstddef>
#include <deque>
#include <vector>

namespace rondo::detail::engine {

/// Objects that are used again instead of freed, so that their strings keep their memory. They never move and live as
/// long as the pool.
template <class Type>
class object_pool {
 public:
  /// An object that was released, or a new one made from `arguments`.
  template <class... Arguments>
  Type& acquire(Arguments&... arguments) {
    if (free_.empty()) return all_.emplace_back(arguments...);
    Type& reused = *free_.back();
    free_.pop_back();
    return reused;
  }
  void release(Type& object) { free_.push_back(&object); }
  /// Of the objects, not of what they point to.
  std::size_t bytes() const noexcept { return all_.size() * sizeof(Type) + free_.capacity() * sizeof(Type*); }

 private:
  std::deque<Type> all_;
  std::vector<Type*> free_;
};

}  // namespace rondo::detail::engine
