#include "rondo/detail/base/run_arena.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace run_arena_test {
using namespace rondo::detail;

#ifdef RONDO_DETAIL_ASAN
constexpr bool uses_blocks = false;
#else
constexpr bool uses_blocks = true;
#endif

TEST(run_arena, gives_aligned_memory_of_every_size) {
  run_arena arena;
  std::vector<std::pair<void*, std::size_t>> pieces;
  for (std::size_t size = 0; size < 3000; size += 7) {
    void* piece = run_arena::acquire(&arena, size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
    std::memset(piece, 0xAB, size);
    pieces.emplace_back(piece, size);
  }
  for (auto [piece, size] : pieces) run_arena::release(piece, size);
  EXPECT_EQ(arena.bytes_in_use(), 0U);
}

TEST(run_arena, holds_nothing_before_it_is_used) {
  run_arena arena;
  EXPECT_EQ(arena.bytes_held(), 0U);
  arena.deallocate(arena.allocate(10), 10);
  EXPECT_EQ(arena.bytes_held() > 0, uses_blocks);
}

TEST(run_arena, counts_bytes_and_uses_pieces_again) {
  run_arena arena;
  void* first = arena.allocate(100);
  EXPECT_EQ(arena.bytes_in_use(), uses_blocks ? 128U : 100U);
  const auto held = arena.bytes_held();
  arena.deallocate(first, 100);
  EXPECT_EQ(arena.bytes_in_use(), 0U);
  void* second = arena.allocate(101);
  if (uses_blocks) {
    EXPECT_EQ(first, second);
    EXPECT_EQ(arena.bytes_held(), held);
  }
  arena.deallocate(second, 101);
}

TEST(run_arena, does_not_grow_when_the_same_is_needed_again_and_again) {
  run_arena arena;
  std::size_t held = 0;
  for (int round = 0; round < 1000; ++round) {
    std::vector<std::pair<void*, std::size_t>> pieces;
    for (std::size_t size = 10; size < 2500; size += 100) pieces.emplace_back(arena.allocate(size), size);
    for (auto [piece, size] : pieces) arena.deallocate(piece, size);
    if (round == 0) held = arena.bytes_held();
    ASSERT_EQ(arena.bytes_held(), held);
  }
}

TEST(run_arena, gives_large_pieces_back_at_once) {
  run_arena arena;
  void* large = arena.allocate(100'000);
  EXPECT_EQ(arena.bytes_held(), 100'000U);
  arena.deallocate(large, 100'000);
  EXPECT_EQ(arena.bytes_held(), 0U);
}

TEST(run_arena, holds_little_more_than_what_is_in_use) {
  run_arena arena;
  std::vector<void*> pieces;
  while (arena.bytes_in_use() < 1'000'000) pieces.push_back(arena.allocate(256));
  EXPECT_GE(arena.bytes_held(), arena.bytes_in_use());
  EXPECT_LT(arena.bytes_held(), arena.bytes_in_use() + 40'000);
  for (void* each : pieces) arena.deallocate(each, 256);
}

TEST(run_arena, release_finds_the_arena_or_the_heap) {
  run_arena a, b;
  void* from_a = run_arena::acquire(&a, 64);
  void* from_b = run_arena::acquire(&b, 64);
  void* from_heap = run_arena::acquire(nullptr, 64);
  EXPECT_GE(a.bytes_in_use(), 64U);
  run_arena::release(from_b, 64);
  EXPECT_GE(a.bytes_in_use(), 64U);
  EXPECT_EQ(b.bytes_in_use(), 0U);
  run_arena::release(from_heap, 64);
  run_arena::release(from_a, 64);
  EXPECT_EQ(a.bytes_in_use(), 0U);
}

TEST(run_arena, random_use_corrupts_nothing) {
  block_store store;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    run_arena arena(&store);
    std::mt19937 random(seed);
    struct live {
      unsigned char* at;
      std::size_t size;
      unsigned char mark;
    };
    std::vector<live> pieces;
    std::size_t expected = 0;
    for (int step = 0; step < 20000; ++step) {
      if (pieces.empty() || random() % 16 < 9) {
        const std::size_t size = 1 + random() % (random() % 4 == 0 ? 2500 : 300);
        const auto mark = static_cast<unsigned char>(random());
        auto* at = static_cast<unsigned char*>(arena.allocate(size));
        std::memset(at, mark, size);
        pieces.push_back({at, size, mark});
        expected += size;
      } else {
        std::swap(pieces[random() % pieces.size()], pieces.back());
        auto [at, size, mark] = pieces.back();
        pieces.pop_back();
        ASSERT_TRUE(at[0] == mark && at[size / 2] == mark && at[size - 1] == mark);
        arena.deallocate(at, size);
        expected -= size;
      }
      if (step % 100 != 0) continue;
      ASSERT_GE(arena.bytes_in_use(), expected);
      // A piece is larger than asked for by less than a step of 32 bytes, or by less than a quarter.
      ASSERT_LE(arena.bytes_in_use(), expected + expected / 4 + pieces.size() * 32);
    }
    for (auto& each : pieces) arena.deallocate(each.at, each.size);
    EXPECT_EQ(arena.bytes_in_use(), 0U);
  }
}

TEST(block_store, gives_blocks_again_and_keeps_no_more_than_it_may) {
  block_store store(1);
  void* first = store.take();
  void* second = store.take();
  store.give_back(first);
  store.give_back(second);
  void* again = store.take();
  EXPECT_EQ(again, first);
  store.give_back(again);
}

TEST(arena_allocator, lets_a_vector_live_in_an_arena_or_on_the_heap) {
  run_arena arena;
  {
    std::vector<int, arena_allocator<int>> inside(&arena), outside(nullptr);
    for (int i = 0; i < 100; ++i) {
      inside.push_back(i);
      outside.push_back(i);
    }
    EXPECT_GE(arena.bytes_in_use(), 100 * sizeof(int));
    EXPECT_LT(arena.bytes_in_use(), 200 * sizeof(int));
    EXPECT_EQ(inside.back(), outside.back());
  }
  EXPECT_EQ(arena.bytes_in_use(), 0U);
}

TEST(make_in, gives_memory_back_also_when_the_constructor_throws) {
  struct thrower {
    thrower() { throw std::runtime_error("no"); }
  };
  run_arena arena;
  EXPECT_THROW(make_in<thrower>(&arena), std::runtime_error);
  EXPECT_EQ(arena.bytes_in_use(), 0U);
  auto made = make_in<std::vector<int>>(&arena, std::size_t{3});
  EXPECT_EQ(made->size(), 3U);
  EXPECT_GE(arena.bytes_in_use(), sizeof(std::vector<int>));
  made = nullptr;
  EXPECT_EQ(arena.bytes_in_use(), 0U);
}

#if !defined(NDEBUG) && GTEST_HAS_DEATH_TEST
TEST(run_arena_death_test, pieces_must_not_outlive_it) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        run_arena arena;
        [[maybe_unused]] void* leaked = arena.allocate(10);
      },
      "outlives its arena");
}
#endif

#if defined(RONDO_DETAIL_ASAN) && GTEST_HAS_DEATH_TEST
TEST(run_arena_death_test, a_use_after_the_end_is_found) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        run_arena arena;
        const volatile char* piece = static_cast<char*>(run_arena::acquire(&arena, 100));
        run_arena::release(const_cast<char*>(piece), 100);
        [[maybe_unused]] const char read = *piece;
      },
      "heap-use-after-free");
}
#endif

}  // namespace run_arena_test
