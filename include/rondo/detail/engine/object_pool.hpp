#pragma once
#include <memory>
#include <new>

#include "rondo/detail/base/run_arena.hpp"

namespace rondo::detail::engine {

/// Base of objects that lie in a pool.
class pooled_object {
 private:
  template <class Type>
  friend class object_pool;
  pooled_object* older_ = nullptr;
  pooled_object* next_free_ = nullptr;
};

/// Objects that are used again instead of freed, so that their strings keep their memory. They never move and live as
/// long as the pool.
template <class Type>
class object_pool {
 public:
  /// `memory`: null for the heap.
  explicit object_pool(run_arena* memory = nullptr) noexcept : memory_(memory) {}
  object_pool(const object_pool&) = delete;
  object_pool& operator=(const object_pool&) = delete;
  ~object_pool() {
    arena_allocator<Type> memory(memory_);
    while (newest_ != nullptr) {
      auto* last = static_cast<Type*>(newest_);
      newest_ = newest_->older_;
      std::destroy_at(last);
      memory.deallocate(last, 1);
    }
  }

  /// An object that was released, or a new one made from `arguments`.
  template <class... Arguments>
  Type& acquire(Arguments&... arguments) {
    if (pooled_object* reused = free_) {
      free_ = reused->next_free_;
      return static_cast<Type&>(*reused);
    }
    Type& made = *make_in<Type>(memory_, arguments...).release();
    pooled_object& links = made;
    links.older_ = newest_;
    newest_ = &links;
    return made;
  }
  void release(Type& object) noexcept {
    pooled_object& links = object;
    links.next_free_ = free_;
    free_ = &links;
  }
  /// Calls `function` with every object that there is, also with those that were released.
  template <class Function>
  void for_each(Function function) const {
    for (const pooled_object* each = newest_; each != nullptr; each = each->older_) {
      function(static_cast<const Type&>(*each));
    }
  }

 private:
  run_arena* memory_;
  pooled_object* newest_ = nullptr;
  pooled_object* free_ = nullptr;
};

}  // namespace rondo::detail::engine
