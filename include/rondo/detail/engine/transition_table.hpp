#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "rondo/detail/engine/api.hpp"

namespace rondo::detail::engine {

/// One row: in state `from`, the input `on` leads to `to` and runs `action` (may be null). The event is the one of the
/// history that is the input, null when workflow code is.
template <class Machine, class State, class Input>
struct transition {
  State from;
  Input on;
  State to;
  void (Machine::*action)(const HistoryEvent* event) = nullptr;
};

/// All transitions of a kind of machine. State and Input are enums that end in `count_`; the first state is the initial
/// one. Two rows for the same state and input, and a state that cannot be reached, are compile errors.
template <class Machine, class State, class Input, std::size_t Rows>
class transition_table {
 public:
  using row = transition<Machine, State, Input>;

  consteval explicit transition_table(const row (&rows)[Rows]) : rows_(std::to_array(rows)) {
    for (auto& each : index_) each.fill(none);
    for (std::size_t i = 0; i < Rows; ++i) {
      auto& cell = index_[number(rows_[i].from)][number(rows_[i].on)];
      if (cell != none) throw std::logic_error("two transitions leave one state on the same input");
      cell = static_cast<std::int8_t>(i);
      if (rows_[i].from != rows_[i].to) leaves_[number(rows_[i].from)] = true;
    }
    std::array<bool, states> reached{true};
    for (std::size_t round = 0; round < Rows; ++round) {
      for (const auto& each : rows_) {
        if (reached[number(each.from)]) reached[number(each.to)] = true;
      }
    }
    for (const bool each : reached) {
      if (!each) throw std::logic_error("a state cannot be reached");
    }
  }

  /// Null when the input is not possible in that state.
  constexpr const row* find(State in, Input on) const noexcept {
    const auto found = index_[number(in)][number(on)];
    return found == none ? nullptr : &rows_[static_cast<std::size_t>(found)];
  }
  /// True when no input leads out of the state.
  constexpr bool is_final(State state) const noexcept { return !leaves_[number(state)]; }
  constexpr const std::array<row, Rows>& rows() const noexcept { return rows_; }

 private:
  static constexpr std::int8_t none = -1;
  static constexpr std::size_t states = static_cast<std::size_t>(State::count_);
  static constexpr std::size_t inputs = static_cast<std::size_t>(Input::count_);
  static_assert(Rows < 127);

  template <class Enum>
  static constexpr std::size_t number(Enum value) noexcept {
    return static_cast<std::size_t>(value);
  }

  std::array<row, Rows> rows_;
  std::array<std::array<std::int8_t, inputs>, states> index_{};
  std::array<bool, states> leaves_{};
};

template <class Machine, class State, class Input, std::size_t Rows>
consteval auto make_table(const transition<Machine, State, Input> (&rows)[Rows]) {
  return transition_table<Machine, State, Input, Rows>(rows);
}

}  // namespace rondo::detail::engine
