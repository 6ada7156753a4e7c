#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "host/worker_fixture.hpp"
#include "rondo/detail/worker/sticky_cache.hpp"
#include "rondo/workflow.hpp"
#include "support/history_builder.hpp"

namespace rondo::test::cache_bytes_test {

using namespace std::chrono_literals;
using detail::worker::sticky_cache;

constexpr std::size_t big = 64 * 1024;

/// Counts what lives in frames of coroutines.
class witness {
 public:
  witness() { ++alive; }
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  ~witness() { --alive; }
  static inline int alive = 0;
};

/// Keeps its size in the frame of its coroutine while it waits.
template <std::size_t Size>
task<int> wait_with() {
  const witness here;
  std::array<char, Size> room{};
  co_await workflow::sleep(1h);
  co_return room[0];
}
struct small_workflow {
  task<int> run() { return wait_with<16>(); }
};
struct big_workflow {
  task<int> run() { return wait_with<big>(); }
};
struct wide_workflow {
  task<int> run() {
    co_await workflow::sleep(1h);
    co_return room[0];
  }
  std::array<char, big> room{};
};

class cache_bytes : public worker_test {
 protected:
  static registry app() {
    return registry().workflow<small_workflow>().workflow<big_workflow>().workflow<wide_workflow>();
  }
  /// Runs a workflow until it waits; returns what the cache has grown by.
  std::size_t cached(const std::string& id, const std::string& type) {
    const auto before = worker->cached_bytes(), done = completions();
    add_run(id, history_builder(type)).offer();
    EXPECT_TRUE(until([&] { return completions() > done && idle(); }));
    return worker->cached_bytes() - before;
  }
  worker_options limited(std::size_t bytes) {
    auto how = options();
    how.max_cached_bytes = bytes;
    return how;
  }
};

TEST_F(cache_bytes, of_a_run_are_those_of_its_frames_and_its_object) {
  start(app());
  EXPECT_EQ(worker->cached_bytes(), 0U);
  const auto small = cached("a", "small_workflow");
  EXPECT_GT(small, 0U);
  EXPECT_LT(small, big);
  const auto large = cached("b", "big_workflow");
  // The large frame lies apart, where the small one may have needed another block: the least has 512 bytes and a head.
  EXPECT_GE(large, small + big - (512 + 16));
  EXPECT_LT(large, small + big + 1024);
  const auto wide = cached("c", "wide_workflow");
  EXPECT_GE(wide, big);
  EXPECT_EQ(worker->cached_bytes(), small + large + wide);
  EXPECT_EQ(cached("d", "small_workflow"), small);
  EXPECT_EQ(worker->cached_workflows(), 4U);
}

TEST_F(cache_bytes, beyond_the_limit_drop_the_runs_that_were_used_least_recently) {
  start(app(), limited(3 * big));
  const auto one = cached("a", "big_workflow");
  cached("b", "big_workflow");
  EXPECT_EQ(worker->cached_workflows(), 2U);
  cached("c", "big_workflow");
  EXPECT_EQ(worker->cached_workflows(), 2U);
  EXPECT_EQ(worker->cached_bytes(), 2 * one);
  // The first one is gone with all of its frames.
  EXPECT_EQ(witness::alive, 2);
}

TEST_F(cache_bytes, a_run_beyond_the_limit_alone_is_not_kept) {
  start(app(), limited(big / 2));
  const auto small = cached("a", "small_workflow");
  EXPECT_EQ(worker->cached_workflows(), 1U);
  cached("b", "big_workflow");
  EXPECT_EQ(worker->cached_workflows(), 0U);
  EXPECT_EQ(worker->cached_bytes(), 0U);
  EXPECT_EQ(witness::alive, 0);
  EXPECT_EQ(cached("c", "small_workflow"), small);
}

// The cache alone

TEST(sticky_cache_bytes, are_those_of_the_runs_in_it) {
  sticky_cache<std::unique_ptr<int>> cache(10, 100);
  cache.put("a", std::make_unique<int>(1), 40);
  cache.put("b", std::make_unique<int>(2), 60);
  EXPECT_EQ(cache.bytes(), 100U);
  EXPECT_EQ(*cache.take("a"), 1);
  EXPECT_EQ(cache.bytes(), 60U);
  cache.put("a", std::make_unique<int>(1), 50);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.take("b"), nullptr);
  EXPECT_EQ(cache.bytes(), 50U);
  cache.put("c", std::make_unique<int>(3), 1);
  cache.drop_if([](const auto& run) { return *run == 1; });
  EXPECT_EQ(cache.bytes(), 1U);
  cache.clear();
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace rondo::test::cache_bytes_test
