#pragma once
#include <cstdint>
#include <random>
#include <string>

#include "rondo/detail/base/uuid_format.hpp"

namespace rondo::detail {

/// A UUID that nobody can predict. Not for workflow code: it differs on replay.
inline std::string random_uuid() {
  std::random_device device;
  static_assert(std::random_device::max() == 0xFFFFFFFFU);
  return make_uuid([&device] {
    const std::uint64_t high = device();
    return (high << 32U) | device();
  });
}

}  // namespace rondo::detail
