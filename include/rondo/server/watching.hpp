#pragma once

#include <functional>

#include "rondo/server/call.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/time.hpp"

// Calls that wait for something to happen in a run, for a limited time of the real clock.
namespace rondo::server {

/// Asks `ready` after every change of the run until it says true, which means that it has answered the call. When the
/// time is over, or a second before the client's own deadline, `timed_out` answers. Nothing is asked any more once the
/// client has gone.
void watch_run(run& of, const call_ptr& call, interval time, std::function<bool(run&)> ready,
               std::function<void(run&)> timed_out);

/// Asks all watchers of the run now; those that are done leave.
void ask_watchers(run& of);

}  // namespace rondo::server
