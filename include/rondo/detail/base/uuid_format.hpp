#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace rondo::detail {

/// 128 bits as a UUID of a version in lower case ("f81d4fae-7dec-4d0a-a765-00a0c91e6bf6"), random ones as version 4.
inline std::string format_uuid(std::uint64_t high, std::uint64_t low, unsigned version = 4) {
  high = (high & ~std::uint64_t{0xF000}) | (std::uint64_t{version} << 12U);
  low = (low & ~(std::uint64_t{0xC} << 60U)) | (std::uint64_t{0x8} << 60U);  // variant
  std::string out(36, '-');
  std::size_t at = 0;
  for (unsigned digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) ++at;
    const std::uint64_t half = digit < 16 ? high : low;
    out[at++] = "0123456789abcdef"[(half >> (60U - 4U * (digit % 16U))) & 0xFU];
  }
  return out;
}

/// A UUID from a source that gives 64 random bits per call.
template <class Random>
std::string make_uuid(Random&& random) {
  const std::uint64_t high = random();
  const std::uint64_t low = random();
  return format_uuid(high, low);
}

}  // namespace rondo::detail
