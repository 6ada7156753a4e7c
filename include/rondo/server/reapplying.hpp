#pragma once

#include <cstdint>

#include "rondo/server/config.hpp"
#include "rondo/server/run.hpp"

// What a reset carries over from the history behind the reset point.
namespace rondo::server {

/// What is not carried over.
struct reapply_exclusions {
  bool signals = false;
  bool updates = false;
  /// Not even what the other two do not cover (children, options).
  bool everything = false;
};

/// Appends the event and takes it into the state.
void append_applied(run& to, history_event event);

/// Appends to the new run what came to `base` from outside since the event, and to the runs that it continued as.
void reapply_events(run& to, const run& base, std::int64_t from, const reapply_exclusions& without);

}  // namespace rondo::server
