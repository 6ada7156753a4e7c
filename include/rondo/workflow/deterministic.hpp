#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/detail/base/uuid_format.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/detail/run/random_numbers.hpp"
#include "rondo/detail/run/run_context.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/log.hpp"
#include "rondo/workflow/info.hpp"

// What a workflow uses instead of clocks, random devices and std::cout: the same on every replay.
namespace rondo::workflow {

/// Random numbers of a run: `random()`.
using random_numbers = detail::run::random_numbers;

/// Facts about this run; valid while it is in memory.
inline const workflow_info& info() { return detail::run::require_current("workflow::info").engine().info(); }

/// Whose this run's own values are: for `rondo::encode` and `rondo::decode` of what the code converts itself, such as
/// entries of the memo.
inline serialization_context payload_context() {
  return detail::run::owner_of(detail::run::require_current("workflow::payload_context").engine().info());
}

/// The moment at which the current workflow task started; never goes back.
inline workflow_time now() { return detail::run::require_current("workflow::now").engine().now(); }

/// True while the code runs again over what already happened, and in queries. For diagnostics only: what depends on it
/// is not deterministic.
inline bool is_replaying() { return detail::run::require_current("workflow::is_replaying").engine().is_replaying(); }

/// The run's random numbers: a uniform random bit generator, seeded from the run. Its own distributions give the same
/// numbers with every standard library. Not allowed in queries, validators and conditions; a reference that was kept
/// does not draw there either.
inline random_numbers& random() {
  auto& run = detail::run::require_run("workflow::random");
  run.require_writable("workflow::random");
  return run.random();
}

/// As above, a sequence of its own for each name: what one part of a workflow draws does not move the numbers of
/// another. Valid while the run is in memory and has not been reset.
inline random_numbers& random(std::string_view name) {
  auto& run = detail::run::require_run("workflow::random");
  run.require_writable("workflow::random");
  return run.random(name);
}

/// A random UUID (version 4) that is the same on every replay.
inline std::string uuid4() {
  auto& run = detail::run::require_run("workflow::uuid4");
  run.require_writable("workflow::uuid4");
  return detail::make_uuid(run.random());
}

/// A UUID (version 7) that begins with the workflow's time: later ones sort behind earlier ones of other tasks.
inline std::string uuid7() {
  auto& run = detail::run::require_run("workflow::uuid7");
  run.require_writable("workflow::uuid7");
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  const std::uint64_t high = run.random()();
  const std::uint64_t low = run.random()();
  return detail::format_uuid((static_cast<std::uint64_t>(since) << 16U) | (high & 0xFFFFU), low, 7);
}

/// A logger with the fields of the run; silent while replaying.
inline rondo::logger logger() {
  auto& engine = detail::run::require_current("workflow::logger").engine();
  if (engine.is_replaying() || detail::run::current->tearing_down()) return rondo::logger::silent();
  return engine.logger();
}

}  // namespace rondo::workflow
