#pragma once
#include <cstdint>

#include "rondo/detail/base/random.hpp"
#include "rondo/detail/run/scheduler.hpp"

namespace rondo::detail::run {

/// The random numbers of a run. Workflow code keeps references to them, so each draw asks whether the code may change
/// the run: a number that a query draws would be missing on replay.
class random_numbers {
 public:
  using result_type = deterministic_random::result_type;

  random_numbers(const scheduler& of, std::uint64_t seed) noexcept : of_(&of), numbers_(seed) {}

  static constexpr result_type min() noexcept { return deterministic_random::min(); }
  static constexpr result_type max() noexcept { return deterministic_random::max(); }

  result_type operator()() { return writable()(); }
  /// Every integer from `low` to `high`, both included, with the same probability.
  std::int64_t uniform(std::int64_t low, std::int64_t high) { return writable().uniform(low, high); }
  /// At least 0 and less than 1, in steps of 2^-53.
  double uniform_real() { return writable().uniform_real(); }

 private:
  deterministic_random& writable() {
    of_->require_writable("workflow::random");
    return numbers_;
  }

  const scheduler* of_;
  deterministic_random numbers_;
};

}  // namespace rondo::detail::run
