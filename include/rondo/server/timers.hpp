#pragma once

#include "rondo/server/config.hpp"
#include "rondo/server/run.hpp"

// The timers of a run. Their commands are in completion.hpp.
namespace rondo::server {

/// Fires all timers that are due, the earliest first.
void on_timers_due(run& of, instant now);
instant timers_due(const run& of) noexcept;

}  // namespace rondo::server
