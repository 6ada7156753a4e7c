#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "rondo/detail/base/random.hpp"
#include "rondo/detail/base/utf8.hpp"
#include "rondo/json.hpp"

namespace {
namespace json = rondo::json;
using random_source = rondo::detail::deterministic_random;

struct part {
  std::string name{};
  std::optional<double> weight{};
  friend bool operator==(const part&, const part&) = default;
};

struct everything {
  std::int8_t i8{};
  std::uint64_t u64{};
  std::int64_t i64{};
  float f{};
  double d{};
  bool b{};
  std::string s{};
  std::optional<std::vector<int>> o{};
  std::pair<int, std::string> p{};
  std::tuple<int, bool, std::string> t{};
  std::map<std::string, part> m{};
  std::set<std::string> set{};
  std::vector<bool> bits{};
  std::vector<std::byte> bytes{};
  std::chrono::sys_time<std::chrono::nanoseconds> when{};
  friend bool operator==(const everything&, const everything&) = default;
};

std::size_t below(random_source& random, std::int64_t limit) {
  return static_cast<std::size_t>(random.uniform(0, limit - 1));
}

std::string any_text(random_source& random) {
  std::string text;
  for (std::size_t left = below(random, 12); left > 0; --left) {
    constexpr std::int64_t limits[] = {0x20, 0x7F, 0x7FF, 0xD7FF, 0x10FFFF};
    auto point = static_cast<char32_t>(random.uniform(0, limits[below(random, 5)]));
    if (point >= 0xD800 && point < 0xE000) point = U'"';
    rondo::detail::append_utf8(text, point);
  }
  return text;
}

template <class Float, class Bits>
Float any_float(random_source& random) {
  const auto value = std::bit_cast<Float>(static_cast<Bits>(random()));
  return std::isfinite(value) ? value : Float{0.5};
}

part any_part(random_source& random) {
  part value;
  value.name = any_text(random);
  if (below(random, 2) == 0) value.weight = any_float<double, std::uint64_t>(random);
  return value;
}

everything any_value(random_source& random) {
  everything value;
  value.i8 = static_cast<std::int8_t>(random.uniform(-128, 127));
  value.u64 = random() >> below(random, 64);
  value.i64 = static_cast<std::int64_t>(random()) >> below(random, 64);
  value.f = any_float<float, std::uint32_t>(random);
  value.d = any_float<double, std::uint64_t>(random);
  value.b = below(random, 2) == 0;
  value.s = any_text(random);
  if (below(random, 2) == 0) value.o.emplace(below(random, 5), static_cast<int>(random.uniform(-9, 9)));
  value.p = {static_cast<int>(random.uniform(-9, 9)), any_text(random)};
  value.t = {static_cast<int>(random.uniform(-9, 9)), below(random, 2) == 0, any_text(random)};
  for (std::size_t n = below(random, 4); n > 0; --n) value.m.insert_or_assign(any_text(random), any_part(random));
  for (std::size_t n = below(random, 4); n > 0; --n) value.set.insert(any_text(random));
  for (std::size_t n = below(random, 9); n > 0; --n) value.bits.push_back(below(random, 2) == 0);
  for (std::size_t n = below(random, 9); n > 0; --n) value.bytes.push_back(static_cast<std::byte>(random()));
  value.when += std::chrono::nanoseconds(static_cast<std::int64_t>(random()) >> below(random, 40));
  return value;
}

TEST(json_fuzz, random_values_survive_a_round_trip) {
  random_source random(11);
  for (int i = 0; i < 3000; ++i) {
    const everything value = any_value(random);
    const std::string text = json::dump(value);
    ASSERT_EQ(json::parse<everything>(text), value) << text;
    ASSERT_EQ(json::parse<json::raw>(text).text, text);
  }
}

TEST(json_fuzz, damaged_texts_give_an_error_or_a_value) {
  random_source random(12);
  constexpr std::string_view tokens[] = {"{",       "}",    "[",     "]", ",",    ":",    "\"", "\\",
                                         "\\ud800", "null", "1e999", "-", "\xff", "\x01", "0"};
  int errors = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string text = json::dump(any_value(random));
    for (std::size_t damage = 1 + below(random, 3); damage > 0; --damage) {
      const std::size_t at = below(random, static_cast<std::int64_t>(text.size()));
      const std::size_t length = below(random, 6);
      text.replace(at, length, tokens[below(random, std::size(tokens))]);
      if (text.empty()) text = "0";
    }
    try {
      const auto value = json::parse<everything>(text);
      ASSERT_EQ(json::parse<everything>(json::dump(value)), value);
    } catch (const json::error& failed) {
      ++errors;
      ASSERT_LE(failed.offset(), text.size());
    }
    try {
      (void)json::parse<std::map<std::string, std::vector<json::raw>>>(text);
    } catch (const json::error&) {
    }
  }
  EXPECT_GT(errors, 3000);
}

TEST(json_fuzz, every_prefix_of_random_values_fails) {
  random_source random(13);
  for (int i = 0; i < 20; ++i) {
    const std::string text = json::dump(any_value(random));
    for (std::size_t length = 0; length < text.size(); ++length) {
      ASSERT_THROW((void)json::parse<everything>(std::string_view(text).substr(0, length)), json::error)
          << text.substr(0, length);
    }
  }
}

}  // namespace
