#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define RONDO_DETAIL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RONDO_DETAIL_ASAN 1
#endif
#endif

namespace rondo::detail {

/// Large blocks that runs have given back, for the next ones: so that the heap does not give them to the system and
/// take them back again and again. Outlives the arenas that use it. Single threaded.
class block_store {
 public:
  /// Bytes of every block in it.
  static constexpr std::size_t block_size = 16384;

  explicit block_store(std::size_t most_blocks = 64) noexcept : room_(most_blocks) {}
  block_store(const block_store&) = delete;
  block_store& operator=(const block_store&) = delete;
  ~block_store() {
    while (first_ != nullptr) ::operator delete(std::exchange(first_, first_->next));
  }

  void* take() {
    if (first_ == nullptr) return ::operator new(block_size);
    ++room_;
    return std::exchange(first_, first_->next);
  }
  void give_back(void* block) noexcept {
    if (room_ == 0) return ::operator delete(block);
    --room_;
    first_ = ::new (block) free_block{first_};
  }

 private:
  struct free_block {
    free_block* next;
  };
  free_block* first_ = nullptr;
  std::size_t room_;
};

/// The memory of one run: pieces are cut from a few blocks, which go back to the heap together at its end. A piece that
/// is freed serves the next one of its size, so a run that lives long does not grow. Pieces of more than 2 KiB come
/// from the heap one by one. Single threaded. Under AddressSanitizer all of them do, so that a use after the end is
/// found.
class run_arena {
 public:
  /// `large_blocks`: where the large ones come from and go to; null: the heap.
  explicit run_arena(block_store* large_blocks = nullptr) noexcept : large_blocks_(large_blocks) {}
  run_arena(const run_arena&) = delete;
  run_arena& operator=(const run_arena&) = delete;
  ~run_arena() {
    assert(bytes_in_use() == 0 && "a piece of memory outlives its arena");
    while (blocks_ != nullptr) {
      block* freed = std::exchange(blocks_, blocks_->next);
      if (freed->is_large && large_blocks_ != nullptr) {
        large_blocks_->give_back(freed);
      } else {
        ::operator delete(freed);
      }
    }
  }

  /// Memory aligned for every ordinary type. Throws std::bad_alloc.
  void* allocate(std::size_t size) {
    void* made = take_ready(size);
    return made != nullptr ? made : allocate_anew(size);
  }

  /// Takes back what `allocate` of this arena gave; `size` must be the one it was asked for.
  void deallocate(void* memory, std::size_t size) noexcept {
    if (pooled(class_of(size))) return put_back(memory, size);
    assert(alone_ >= size);
    alone_ -= size;
    ::operator delete(memory);
  }

  /// Bytes of the pieces that were not given back, each as large as it was cut. Looks at every piece that was: a count
  /// of them would cost each coroutine that is called a tenth of its time.
  std::size_t bytes_in_use() const noexcept {
    std::size_t sum = for_pieces_ - left() + alone_;
    for (std::size_t which = 0; which < class_count; ++which) {
      for (const piece* each = free_[which]; each != nullptr; each = each->next) sum -= bytes_of(which);
    }
    return sum;
  }
  /// Bytes that the arena has from the heap.
  std::size_t bytes_held() const noexcept { return in_blocks_ + alone_; }

  // For those who free memory without knowing where it is from, such as coroutines: a note behind it says so.

  /// Memory from `arena`, or from the heap when it is null. Throws std::bad_alloc.
  [[gnu::always_inline]] static void* acquire(run_arena* arena, std::size_t size) {
    const std::size_t whole = with_note(size);
    void* made = arena == nullptr ? nullptr : arena->take_ready(whole);
    if (made == nullptr) return acquire_anew(arena, whole);
    write_note(made, whole, reinterpret_cast<std::uintptr_t>(arena));
    return made;
  }
  /// Gives what `acquire` returned back to where it came from.
  [[gnu::always_inline]] static void release(void* memory, std::size_t size) noexcept {
    const std::size_t whole = with_note(size);
    std::uintptr_t note = 0;
    std::memcpy(&note, note_of(memory, whole), sizeof(note));
    if ((note & from_heap) != 0) return release_alone(memory, whole, note - from_heap);
    arena_of(note)->put_back(memory, whole);
  }

 private:
  struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) block {
    block* next;
    bool is_large;
  };
  struct piece {
    piece* next;
  };

  // Steps of 32 bytes up to 256, then four steps for each power of two.
  static constexpr std::size_t step = 32, fine_classes = 8, class_count = 20;
  /// Enough for a workflow that waits for a signal.
  static constexpr std::size_t first_block = 640, least_block = 512;
#ifdef RONDO_DETAIL_ASAN
  static constexpr bool use_blocks = false;
#else
  static constexpr bool use_blocks = true;
#endif

  static constexpr std::size_t class_of(std::size_t size) {
    const std::size_t last = size == 0 ? 0 : size - 1;
    if (last < step * fine_classes) return last / step;
    const auto width = static_cast<std::size_t>(std::bit_width(last));
    return fine_classes + 4 * (width - 9) + ((last >> (width - 3)) & 3U);
  }
  static constexpr std::size_t bytes_of(std::size_t which) {
    if (which < fine_classes) return (which + 1) * step;
    const std::size_t coarse = which - fine_classes;
    return (5 + coarse % 4) << (6 + coarse / 4);
  }
  bool pooled(std::size_t which) const noexcept { return use_blocks_ && which < class_count; }

  static constexpr std::size_t with_note(std::size_t size) {
    return (size + 2 * sizeof(void*) - 1) / sizeof(void*) * sizeof(void*);
  }
  static void* note_of(void* memory, std::size_t whole) noexcept {
    return static_cast<char*>(memory) + whole - sizeof(void*);
  }

  /// In a note: the memory is from the heap, alone. The rest of the note is the arena, or null.
  static constexpr std::uintptr_t from_heap = 1;
  static run_arena* arena_of(std::uintptr_t note) noexcept {
    return reinterpret_cast<run_arena*>(note);  // NOLINT(performance-no-int-to-ptr): where it was made of one
  }
  static void write_note(void* memory, std::size_t whole, std::uintptr_t note) noexcept {
    std::memcpy(note_of(memory, whole), &note, sizeof(note));
  }

  /// What needs no call of another function; null: something else must be done first.
  [[gnu::always_inline]] void* take_ready(std::size_t size) noexcept {
    const std::size_t which = class_of(size);
    if (which >= class_count) return nullptr;
    if (free_[which] != nullptr) return std::exchange(free_[which], free_[which]->next);
    const std::size_t taken = bytes_of(which);
    return left() < taken ? nullptr : cut(taken);
  }
  [[gnu::always_inline]] void put_back(void* memory, std::size_t size) noexcept { keep(memory, class_of(size)); }
  void keep(void* memory, std::size_t which) noexcept { free_[which] = ::new (memory) piece{free_[which]}; }

  [[gnu::noinline]] void* allocate_anew(std::size_t size) {
    if (pooled(class_of(size))) {
      const std::size_t taken = bytes_of(class_of(size));
      add_block(taken);
      return cut(taken);
    }
    void* made = ::operator new(size);
    alone_ += size;
    return made;
  }
  [[gnu::noinline]] static void* acquire_anew(run_arena* arena, std::size_t whole) {
    void* made = arena == nullptr ? ::operator new(whole) : arena->allocate_anew(whole);
    auto note = reinterpret_cast<std::uintptr_t>(arena);
    if (arena == nullptr || !arena->pooled(class_of(whole))) note += from_heap;
    write_note(made, whole, note);
    return made;
  }
  [[gnu::noinline]] static void release_alone(void* memory, std::size_t whole, std::uintptr_t arena) noexcept {
    if (arena == 0) return ::operator delete(memory);
    arena_of(arena)->deallocate(memory, whole);
  }

  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - next_); }
  void* cut(std::size_t size) noexcept {
    static_assert(class_of(256) == 7 && class_of(257) == 8 && bytes_of(8) == 320 && class_of(2048) == class_count - 1 &&
                  bytes_of(class_count - 1) == 2048);
    return std::exchange(next_, next_ + size);
  }
  /// Blocks grow with what there is, so that few are needed and little of the last one lies idle.
  void add_block(std::size_t needed) {
    constexpr std::size_t largest = block_store::block_size - sizeof(block);
    const std::size_t wanted =
        blocks_ == nullptr ? first_block : std::clamp(in_blocks_ / 2 / step * step, least_block, largest);
    const std::size_t size = std::max(wanted, needed);
    const bool is_large = size == largest;
    void* memory = is_large && large_blocks_ != nullptr ? large_blocks_->take() : ::operator new(sizeof(block) + size);
    auto* made = ::new (memory) block{blocks_, is_large};
    while (left() > 0) {
      std::size_t which = class_of(left());
      if (bytes_of(which) > left()) --which;
      keep(next_, which);
      next_ += bytes_of(which);
    }
    blocks_ = made;
    next_ = reinterpret_cast<char*>(made + 1);
    end_ = next_ + size / step * step;
    for_pieces_ += left();
    in_blocks_ += sizeof(block) + size;
  }

  std::array<piece*, class_count> free_{};
  block_store* large_blocks_;
  block* blocks_ = nullptr;
  /// What is left of the newest block. Its end, not its size: one member less that changes with every piece.
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::size_t for_pieces_ = 0, in_blocks_ = 0, alone_ = 0;
  /// Decided where the arena is made: code with and without AddressSanitizer may share it.
  const bool use_blocks_ = use_blocks;
};

/// Lets containers of the standard library use an arena; a null one is the heap.
template <class Type>
class arena_allocator {
 public:
  using value_type = Type;

  arena_allocator(run_arena* from = nullptr) noexcept : from_(from) {}  // NOLINT: containers are given the arena
  template <class Other>
  arena_allocator(const arena_allocator<Other>& other) noexcept : from_(other.arena()) {}  // NOLINT: as allocators are

  Type* allocate(std::size_t count) {
    static_assert(alignof(Type) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    const std::size_t size = count * sizeof(Type);  // NOLINT(bugprone-sizeof-expression): it may be a pointer
    return static_cast<Type*>(from_ == nullptr ? ::operator new(size) : from_->allocate(size));
  }
  void deallocate(Type* memory, std::size_t count) noexcept {
    if (from_ == nullptr) return ::operator delete(memory);
    from_->deallocate(memory, count * sizeof(Type));  // NOLINT(bugprone-sizeof-expression): it may be a pointer
  }
  run_arena* arena() const noexcept { return from_; }
  template <class Other>
  bool operator==(const arena_allocator<Other>& other) const noexcept {
    return from_ == other.arena();
  }

 private:
  run_arena* from_;
};

/// Destroys what `make_in` made.
template <class Type>
class arena_delete {
 public:
  arena_delete(run_arena* from = nullptr) noexcept : from_(from) {}  // NOLINT: as deleters are
  void operator()(Type* object) const noexcept {
    std::destroy_at(object);
    arena_allocator<Type>(from_).deallocate(object, 1);
  }

 private:
  run_arena* from_;
};
template <class Type>
using arena_ptr = std::unique_ptr<Type, arena_delete<Type>>;

/// A new object in an arena, or on the heap when that is null.
template <class Type, class... Arguments>
arena_ptr<Type> make_in(run_arena* arena, Arguments&&... arguments) {
  arena_allocator<Type> memory(arena);
  Type* place = memory.allocate(1);
  try {
    return arena_ptr<Type>(::new (static_cast<void*>(place)) Type(std::forward<Arguments>(arguments)...), arena);
  } catch (...) {
    memory.deallocate(place, 1);
    throw;
  }
}

}  // namespace rondo::detail
