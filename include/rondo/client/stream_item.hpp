#pragma once
#include <cstdint>
#include <string>

#include "rondo/converter.hpp"
#include "rondo/payload.hpp"

namespace rondo {

/// An item of the stream of a workflow.
struct stream_item {
  std::string topic{};
  /// Its place among all items of the stream.
  std::int64_t offset = 0;
  /// Without an encoding: somebody has published what is no payload; then it is the text that was.
  payload data{};

  /// The value. Throws conversion_error when it is of another type.
  template <class Value>
  Value as() const {
    return decode<Value>(data);
  }
};

}  // namespace rondo
