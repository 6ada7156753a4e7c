#pragma once
#include <cstdint>

#include "rondo/detail/base/frame_pool.hpp"
#include "rondo/detail/base/random.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"

namespace rondo::detail::run {

/// What workflow code can reach of its run: the scheduler, the engine, the root scope, the random numbers.
class run_context : public scheduler {
 public:
  scope& root() noexcept { return root_; }
  deterministic_random& random() noexcept { return random_; }
  /// After a reset of the workflow: random numbers come from a new seed from here on.
  void reseed(std::uint64_t seed) { random_ = deterministic_random(seed); }

 protected:
  run_context(host& to, frame_pool* frames) : scheduler(to, frames), random_(to.random_seed()) {}
  ~run_context() = default;

 private:
  deterministic_random random_;
  scope root_;
};

/// The run whose code executes; throws std::logic_error elsewhere. Every scheduler is part of a run.
inline run_context& require_run(const char* what) { return static_cast<run_context&>(require_current(what)); }

}  // namespace rondo::detail::run
