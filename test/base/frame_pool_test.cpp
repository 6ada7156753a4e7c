#include "rondo/detail/base/frame_pool.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

namespace {
using rondo::detail::frame_pool;

#ifdef RONDO_DETAIL_ASAN
constexpr bool keeps_blocks = false;
#else
constexpr bool keeps_blocks = true;
#endif

TEST(frame_pool, gives_aligned_memory_of_every_size) {
  frame_pool pool;
  std::vector<std::pair<void*, std::size_t>> frames;
  for (std::size_t size = 1; size < 3000; size += 7) {
    void* frame = pool.allocate(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frame) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
    std::memset(frame, 0xAB, size);
    frames.emplace_back(frame, size);
  }
  for (auto [frame, size] : frames) frame_pool::release(frame, size);
  EXPECT_EQ(pool.bytes_in_use(), 0U);
}

TEST(frame_pool, counts_bytes_and_reuses_blocks) {
  frame_pool pool;
  void* first = pool.allocate(100);
  EXPECT_EQ(pool.bytes_in_use(), 100U);
  pool.deallocate(first, 100);
  EXPECT_EQ(pool.bytes_in_use(), 0U);
  EXPECT_EQ(pool.bytes_kept() > 0, keeps_blocks);
  void* second = pool.allocate(101);
  if (keeps_blocks) {
    EXPECT_EQ(first, second);
  }
  EXPECT_EQ(pool.bytes_kept(), 0U);
  pool.deallocate(second, 101);
  pool.trim();
  EXPECT_EQ(pool.bytes_kept(), 0U);
}

TEST(frame_pool, release_finds_the_pool_or_the_heap) {
  frame_pool a, b;
  void* from_a = frame_pool::acquire(&a, 64);
  void* from_b = frame_pool::acquire(&b, 64);
  void* from_heap = frame_pool::acquire(nullptr, 64);
  EXPECT_EQ(a.bytes_in_use(), 64U);
  EXPECT_EQ(b.bytes_in_use(), 64U);
  frame_pool::release(from_b, 64);
  EXPECT_EQ(a.bytes_in_use(), 64U);
  EXPECT_EQ(b.bytes_in_use(), 0U);
  frame_pool::release(from_heap, 64);
  frame_pool::release(from_a, 64);
  EXPECT_EQ(a.bytes_in_use(), 0U);
}

TEST(frame_pool, keeps_no_more_than_it_may) {
  frame_pool pool(1024);
  std::vector<void*> frames;
  for (int i = 0; i < 100; ++i) frames.push_back(pool.allocate(200));
  for (void* frame : frames) pool.deallocate(frame, 200);
  EXPECT_LE(pool.bytes_kept(), 1024U);
  EXPECT_EQ(pool.bytes_kept() > 0, keeps_blocks);
  pool.deallocate(pool.allocate(5000), 5000);
  EXPECT_LE(pool.bytes_kept(), 1024U);
}

TEST(frame_pool, random_use_corrupts_nothing) {
  frame_pool pool(4096);
  std::mt19937 random(7);
  struct live {
    unsigned char* at;
    std::size_t size;
    unsigned char mark;
  };
  std::vector<live> frames;
  std::size_t expected = 0;
  for (int step = 0; step < 20000; ++step) {
    if (frames.empty() || random() % 2 == 0) {
      const std::size_t size = 1 + random() % 2500;
      const auto mark = static_cast<unsigned char>(random());
      auto* at = static_cast<unsigned char*>(pool.allocate(size));
      std::memset(at, mark, size);
      frames.push_back({at, size, mark});
      expected += size;
    } else {
      std::swap(frames[random() % frames.size()], frames.back());
      auto [at, size, mark] = frames.back();
      frames.pop_back();
      ASSERT_TRUE(at[0] == mark && at[size / 2] == mark && at[size - 1] == mark);
      pool.deallocate(at, size);
      expected -= size;
    }
    ASSERT_EQ(pool.bytes_in_use(), expected);
  }
  for (auto& each : frames) pool.deallocate(each.at, each.size);
  EXPECT_EQ(pool.bytes_in_use(), 0U);
}

#if !defined(NDEBUG) && GTEST_HAS_DEATH_TEST
TEST(frame_pool_death_test, frames_must_not_outlive_it) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        frame_pool pool;
        [[maybe_unused]] void* leaked = pool.allocate(10);
      },
      "outlives its pool");
}
#endif

}  // namespace
