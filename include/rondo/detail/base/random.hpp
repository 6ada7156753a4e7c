#pragma once
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <limits>
#include <string_view>

namespace rondo::detail {

/// The next number of a splitmix64 sequence, which `state` walks along.
constexpr std::uint64_t splitmix64(std::uint64_t& state) noexcept {
  std::uint64_t mixed = (state += 0x9E3779B97F4A7C15U);
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31U);
}

/// A seed from a text: FNV-1a (64 bit), finished with splitmix64. Recorded histories depend on it: it never changes.
constexpr std::uint64_t seed_from(std::string_view text) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3U;
  }
  return splitmix64(hash);
}

/// xoshiro256** with the same numbers on every platform and in every version: recorded histories depend on them.
/// A uniform random bit generator; not for secrets.
class deterministic_random {
 public:
  using result_type = std::uint64_t;

  constexpr explicit deterministic_random(std::uint64_t seed) noexcept {
    for (auto& word : state_) word = splitmix64(seed);
  }

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }

  constexpr result_type operator()() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Every integer from `low` to `high`, both included, with the same probability.
  constexpr std::int64_t uniform(std::int64_t low, std::int64_t high) noexcept {
    assert(low <= high);
    const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    const int unused_bits = std::countl_zero(range);
    if (unused_bits == 64) return low;
    for (;;) {
      const std::uint64_t drawn = (*this)() >> static_cast<unsigned>(unused_bits);
      if (drawn <= range) return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + drawn);
    }
  }

  /// At least 0 and less than 1, in steps of 2^-53.
  constexpr double uniform_real() noexcept { return static_cast<double>((*this)() >> 11U) * 0x1.0p-53; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace rondo::detail
