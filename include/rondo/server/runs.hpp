#pragma once

#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/name_space.hpp"

// Finding runs, in memory or in the store. Pointers are good until the end of the turn.
namespace rondo::server {

/// The run, or the current one of the workflow id when `run_id` is empty. Closed runs come back from the store.
/// Null when there is none.
run* find_run(core& in, name_space& of, const std::string& workflow_id, const std::string& run_id);

/// As find_run(); refuses with NOT_FOUND in the words of the field when there is none.
run& get_run(core& in, name_space& of, const std::string& workflow_id, const std::string& run_id);

/// As get_run(); refuses also when the run is closed ("workflow execution already completed").
run& get_open_run(core& in, name_space& of, const std::string& workflow_id, const std::string& run_id);

/// Makes an empty run that is the current one of its workflow id.
run& add_run(core& in, name_space& of, const std::string& workflow_id, const std::string& run_id);

/// Forgets a closed run, in memory and in the store.
void remove_run(core& in, run& which);

/// Called at the end of a turn: closed runs that nobody waits for leave the memory when there are too many.
void trim_closed_runs(core& in);

}  // namespace rondo::server
