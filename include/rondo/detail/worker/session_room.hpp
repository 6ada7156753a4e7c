#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "rondo/slot_supplier.hpp"

namespace rondo::detail::worker {

/// Slots for the sessions that a worker opens: none while those that it opened again, which need no slot, fill it up.
class session_room final : public slot_supplier {
 public:
  explicit session_room(std::size_t most) : most_(most) {}

  bool try_reserve(const slot_request& request) override { return request.held + opened_again_ < most_; }
  duration retry_interval() const override { return duration::max(); }
  std::optional<std::size_t> limit() const override { return most_; }
  std::string_view name() const override { return "Fixed"; }

  void open_again() { ++opened_again_; }
  /// One that was opened again has ended.
  void end_again() {
    --opened_again_;
    if (on_room_) on_room_();
  }
  /// What to do when there may be room though no slot came back; empty: nothing.
  void when_room(std::function<void()> function) { on_room_ = std::move(function); }

 private:
  std::size_t most_;
  std::size_t opened_again_ = 0;
  std::function<void()> on_room_;
};

}  // namespace rondo::detail::worker
