#pragma once

#include <cstdint>
#include <string>

#include "rondo/server/run.hpp"

// The only way into a run's history.
namespace rondo::server {

/// An event of the type, with the present as its time; its attributes are still to be set.
history_event make_event(const core& of, enums::EventType type);

/// Gives the event the next id and appends it. Returns the id.
std::int64_t append(run& to, history_event event);

/// For what comes from outside (signals, results, fired timers): appends, or keeps the event back while a worker has
/// the workflow task, so that the task's completion directly follows its start. Makes sure that a workflow task follows
/// unless `wake` is false. A run that keeps back too much has its workflow task failed.
void append_external(run& to, history_event event, bool wake = true);

/// Keeps an event back until the open workflow task completes, whoever has the task.
void keep_back(run& to, const history_event& event);

/// Appends what was kept back: what ends activities, timers of children and the like comes after the rest. True when
/// there was something that the workflow must see.
bool flush_buffered(run& of);

/// Takes a timer's event back out of what was kept back. False: it is not there.
bool drop_buffered_timer_fired(run& of, const std::string& timer_id);

}  // namespace rondo::server
