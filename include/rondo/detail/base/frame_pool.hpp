#pragma once
#include <array>
#include <cassert>
#include <cstddef>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define RONDO_DETAIL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RONDO_DETAIL_ASAN 1
#endif
#endif

namespace rondo::detail {

/// Memory for coroutine frames: one free list per 64 bytes of size, up to 2 KiB; larger frames come from the heap.
/// Single threaded. A block remembers its pool in a header, so that whoever destroys a frame need not know it. Under
/// AddressSanitizer every block comes from the heap, so that a use after its end is found.
class frame_pool {
 public:
  /// Each free list keeps at most this many bytes; what exceeds it goes back to the heap.
  explicit frame_pool(std::size_t kept_per_class = std::size_t{256} * 1024) noexcept
      : kept_per_class_(kept_per_class) {}
  frame_pool(const frame_pool&) = delete;
  frame_pool& operator=(const frame_pool&) = delete;
  ~frame_pool() {
    assert(bytes_in_use_ == 0 && "a coroutine frame outlives its pool");
    trim();
  }

  /// Memory aligned for every ordinary type. Throws std::bad_alloc.
  void* allocate(std::size_t size) {
    void* frame = (block_with_room_for(size) + 1);
    header_of(frame)->pool = this;
    header_of(frame)->size = size;
    bytes_in_use_ += size;
    return frame;
  }

  /// Takes back what `allocate` of this pool gave; `size` must be the one it was asked for.
  void deallocate(void* frame, std::size_t size) noexcept {
    block* freed = header_of(frame);
    assert(freed->pool == this && freed->size == size);
    bytes_in_use_ -= size;
    const std::size_t size_class = class_of(size);
    if (pooled(size_class) && lists_[size_class].bytes + bytes_of(size_class) <= kept_per_class_) {
      auto& list = lists_[size_class];
      freed->next_free = list.first;
      list.first = freed;
      list.bytes += bytes_of(size_class);
    } else {
      ::operator delete(freed);
    }
  }

  /// Bytes of all frames that are alive, headers not counted.
  std::size_t bytes_in_use() const noexcept { return bytes_in_use_; }
  /// Bytes that the free lists keep.
  std::size_t bytes_kept() const noexcept {
    std::size_t sum = 0;
    for (const auto& list : lists_) sum += list.bytes;
    return sum;
  }

  /// Gives everything that is free back to the heap.
  void trim() noexcept {
    for (auto& list : lists_) {
      while (list.first != nullptr) {
        block* next = list.first->next_free;
        ::operator delete(list.first);
        list.first = next;
      }
      list.bytes = 0;
    }
  }

  /// A frame from `pool`, or from the heap when it is null. Throws std::bad_alloc.
  static void* acquire(frame_pool* pool, std::size_t size) {
    if (pool != nullptr) return pool->allocate(size);
    auto* fresh = static_cast<block*>(::operator new(sizeof(block) + size));
    fresh->pool = nullptr;
    fresh->size = size;
    return fresh + 1;
  }

  /// Gives a frame that `acquire` or `allocate` returned back to where it came from.
  static void release(void* frame, std::size_t size) noexcept {
    block* freed = header_of(frame);
    if (freed->pool != nullptr) {
      freed->pool->deallocate(frame, size);
    } else {
      ::operator delete(freed);
    }
  }

 private:
  struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) block {
    union {
      frame_pool* pool;  // while the frame lives
      block* next_free;  // while it is in a free list
    };
    std::size_t size;
  };
  static_assert(sizeof(block) == 16);

  struct free_list {
    block* first = nullptr;
    std::size_t bytes = 0;
  };

  static constexpr std::size_t class_step = 64, class_count = 32;
#ifdef RONDO_DETAIL_ASAN
  static constexpr bool use_lists = false;
#else
  static constexpr bool use_lists = true;
#endif

  static block* header_of(void* frame) noexcept { return static_cast<block*>(frame) - 1; }
  static constexpr std::size_t class_of(std::size_t size) { return (size + sizeof(block) - 1) / class_step; }
  static constexpr std::size_t bytes_of(std::size_t size_class) { return (size_class + 1) * class_step; }
  static constexpr bool pooled(std::size_t size_class) { return use_lists && size_class < class_count; }

  block* block_with_room_for(std::size_t size) {
    const std::size_t size_class = class_of(size);
    if (!pooled(size_class)) return static_cast<block*>(::operator new(sizeof(block) + size));
    auto& list = lists_[size_class];
    if (list.first == nullptr) return static_cast<block*>(::operator new(bytes_of(size_class)));
    block* reused = list.first;
    list.first = reused->next_free;
    list.bytes -= bytes_of(size_class);
    return reused;
  }

  std::array<free_list, class_count> lists_{};
  std::size_t bytes_in_use_ = 0;
  std::size_t kept_per_class_;
};

}  // namespace rondo::detail
