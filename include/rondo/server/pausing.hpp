#pragma once

#include <rondo/server/state.pb.h>

#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/options.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/run.hpp"

// Runs that stand still by hand, and what is seen of them. Timers and timeouts go on while a run is paused.
namespace rondo::server {

class frontend;

/// Who pauses something, and why. Refuses texts that are too long to be kept.
template <class Request>
state::Pause read_pause(const core& in, const Request& request) {
  const auto check = [&in](const std::string& text, const std::string& name) {
    if (text.size() > in.limit().id_length) refuse_argument(name + " is too long.");
  };
  check(request.reason(), "reason");
  check(request.request_id(), "request id");
  check(request.identity(), "identity");
  state::Pause made;
  made.set_time(in.now());
  made.set_identity(request.identity());
  made.set_reason(request.reason());
  made.set_request_id(request.request_id());
  return made;
}

/// No workflow task and no attempt of an activity begins until unpause_run(). What a worker has, it may finish.
void pause_run(run& of, const state::Pause& by);
void unpause_run(run& of, const state::Pause& by);

/// Writes what is paused, the run or activities of it, into its search attributes.
void show_pauses(run& of);

/// PauseWorkflowExecution, UnpauseWorkflowExecution.
void serve_pausing(frontend& at);

}  // namespace rondo::server
