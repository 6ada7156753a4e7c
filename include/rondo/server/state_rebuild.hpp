#pragma once

#include <rondo/server/state.pb.h>

#include "rondo/server/config.hpp"
#include "rondo/server/event_log.hpp"

// The state of a run out of its events: what a run is that begins with events of another one.
namespace rondo::server {

/// Takes an event into the state. The state has its own ids already; times that count from the start of the run do so
/// from its `start_time`. Children, timers, activities and updates are those that are open after the event; the open
/// workflow task is transient where the history does not have it.
void apply_event(state::Run& to, const history_event& event);

}  // namespace rondo::server
