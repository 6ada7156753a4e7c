#pragma once
#include <string_view>

#include "rondo/detail/run/scheduler.hpp"

namespace rondo::workflow {

/// True when this run takes the new way named `id`: always in a run that reaches this call for the first time with the
/// new code, and in every replay of such a run; false in runs that passed here before the change. The answer never
/// changes within a run. Not allowed in queries and conditions.
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

}  // namespace rondo::workflow
