#pragma once
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rondo::detail::engine {

/// A number as decimal text, written in its place: the ids of most activities and timers.
class number_text {
 public:
  void set(std::uint64_t number) noexcept {
    length_ = static_cast<std::size_t>(std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr -
                                       digits_.data());
  }
  void clear() noexcept { length_ = 0; }
  bool empty() const noexcept { return length_ == 0; }
  /// Valid until it is set again or moves.
  std::string_view view() const noexcept { return {digits_.data(), length_}; }

 private:
  std::array<char, 20> digits_;  // enough for the largest number; not initialised, as length_ says what counts
  std::size_t length_ = 0;
};

}  // namespace rondo::detail::engine
