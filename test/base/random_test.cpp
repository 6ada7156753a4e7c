#include "rondo/detail/base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>

#include "rondo/detail/base/uuid.hpp"

namespace {
using rondo::detail::deterministic_random;
using rondo::detail::format_uuid;
using rondo::detail::make_uuid;
using rondo::detail::random_uuid;
using rondo::detail::seed_from;

static_assert(std::uniform_random_bit_generator<deterministic_random>);

TEST(random, is_the_published_algorithm) {
  std::uint64_t state = 1234567;
  EXPECT_EQ(rondo::detail::splitmix64(state), 6457827717110365317U);
  EXPECT_EQ(rondo::detail::splitmix64(state), 3203168211198807973U);
}

TEST(random, seeds_never_change) {
  EXPECT_EQ(seed_from(""), 14087677454934409008U);
  EXPECT_EQ(seed_from("0192f0aa-run-id"), 17348184291001956982U);
  EXPECT_NE(seed_from("a"), seed_from("b"));
}

TEST(random, numbers_never_change) {
  deterministic_random random(42);
  EXPECT_EQ(random(), 1546998764402558742U);
  EXPECT_EQ(random(), 6990951692964543102U);
  EXPECT_EQ(random.uniform(1, 6), 6);
  EXPECT_EQ(random.uniform_real(), 0.9246929453253876);
}

TEST(random, uniform_covers_its_range_evenly) {
  deterministic_random random(1);
  std::array<int, 6> seen{};
  for (int i = 0; i < 60000; ++i) ++seen[static_cast<std::size_t>(random.uniform(1, 6) - 1)];
  for (const int count : seen) EXPECT_NEAR(count, 10000, 500);
  EXPECT_EQ(random.uniform(-3, -3), -3);
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min(), highest = std::numeric_limits<std::int64_t>::max();
  bool negative = false, positive = false;
  for (int i = 0; i < 100; ++i) (random.uniform(lowest, highest) < 0 ? negative : positive) = true;
  EXPECT_TRUE(negative && positive);
}

TEST(random, uniform_real_stays_below_one) {
  deterministic_random random(2);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double drawn = random.uniform_real();
    ASSERT_TRUE(drawn >= 0 && drawn < 1);
    sum += drawn;
  }
  EXPECT_NEAR(sum, 5000, 150);
}

TEST(uuid, has_version_and_variant) {
  EXPECT_EQ(format_uuid(0, 0), "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(format_uuid(~std::uint64_t{0}, ~std::uint64_t{0}), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  EXPECT_EQ(format_uuid(0x0123456789abcdef, 0x0123456789abcdef), "01234567-89ab-4def-8123-456789abcdef");
}

TEST(uuid, follows_its_source) {
  deterministic_random a(5), b(5);
  EXPECT_EQ(make_uuid(a), make_uuid(b));
  EXPECT_NE(make_uuid(a), make_uuid(a));
  EXPECT_EQ(a(), [&] {
    b();
    b();
    b();
    b();
    return b();
  }());
}

TEST(uuid, random_ones_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_uuid());
  EXPECT_EQ(seen.size(), 100U);
}

}  // namespace
