#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/detail/run/scheduler.hpp"

namespace rondo::workflow {

/// True when this run takes the new way named `id`: in a run that reaches this call for the first time with the new
/// code, unless `worker_options::changes` keep it back, and in every replay of such a run; false in runs that passed
/// here before the change. The answer never changes within a run. Not allowed in queries and conditions.
inline bool patched(std::string_view id) {
  auto& run = detail::run::require_current("workflow::patched");
  run.require_writable("workflow::patched");
  return !run.tearing_down() && run.engine().patched(id, false);
}

/// Says that no run of the old way is left: the old code is gone, runs that were patched still replay. Remove this call
/// when they too have closed.
inline void deprecate_patch(std::string_view id) {
  auto& run = detail::run::require_current("workflow::deprecate_patch");
  run.require_writable("workflow::deprecate_patch");
  if (!run.tearing_down()) run.engine().patched(id, true);
}

/// The version of runs that passed a change before it had versions.
inline constexpr int default_version = -1;

/// Which version of a change this run takes: `newest`, or what `worker_options::changes` prefer, in a run that reaches
/// this call for the first time, and in every replay of it what it was then; `default_version` in runs that passed here
/// before the call was there. The answer never changes within a run. One outside `oldest` to `newest` fails the
/// workflow task: the code for it is gone. Not allowed in queries and conditions. Prefer `patched` for a change that is
/// there or not.
inline int get_version(std::string_view change, int oldest, int newest) {
  auto& run = detail::run::require_current("workflow::get_version");
  run.require_writable("workflow::get_version");
  if (run.tearing_down()) return newest;
  const int version = run.engine().version(change, oldest, newest);
  if (version < oldest || version > newest) {
    throw std::out_of_range("version " + std::to_string(version) + " of change \"" + std::string(change) +
                            "\" is not supported any more, or not yet: the code has " + std::to_string(oldest) +
                            " to " + std::to_string(newest));
  }
  return version;
}

}  // namespace rondo::workflow
