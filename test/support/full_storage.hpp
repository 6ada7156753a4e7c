#pragma once
#include <string>
#include <string_view>

#include "rondo/codec.hpp"
#include "rondo/payload_storage.hpp"

namespace rondo::test {

/// A driver that has no room, and keeps nothing.
class full_storage final : public storage_driver {
 public:
  std::string name() const override { return "full"; }
  storage_claim store(std::string_view /*serialized*/, const serialization_context& /*context*/) const override {
    throw storage_error("no room");
  }
  std::string retrieve(const storage_claim& /*claim*/, const serialization_context& /*context*/) const override {
    throw storage_error("nothing is here");
  }
};

}  // namespace rondo::test
