#pragma once

#include <rondo/server/state.pb.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rondo/server/clock.hpp"
#include "rondo/server/event_log.hpp"
#include "rondo/server/run_status.hpp"

namespace rondo::server {

class core;
struct name_space;
struct run_queries;  // queries.hpp
struct run_updates;  // updates.hpp

namespace enums = temporal::api::enums::v1;

/// One run of a workflow: what is kept on disk (state and events) and what is not (who waits for it).
///
/// Events enter only through the functions of history.hpp, which mark the run as touched; whoever changes `state`
/// without adding an event calls core::touch().
struct run {
  run(core& of, name_space& in) : owner(&of), space(&in) {}
  run(const run&) = delete;
  run& operator=(const run&) = delete;
  ~run();

  bool open() const noexcept { return is_open_status(state.status()); }
  /// It gets no workflow task until it is unpaused.
  bool paused() const noexcept { return state.status() == enums::WORKFLOW_EXECUTION_STATUS_PAUSED; }
  /// A worker has the workflow task.
  bool task_started() const noexcept {
    return state.has_workflow_task() && state.workflow_task().started_event_id() != 0;
  }

  core* owner;
  name_space* space;
  state::Run state;
  event_log events;

  /// For the next thing that a workflow waits for, and for the timeouts of the run: core::settle() arms both.
  clock::timer due;
  clock::timer limit;
  /// Calls that wait for an event of this run or for its end: asked after every change, dropped when they say true.
  std::vector<std::function<bool(run&)>> watchers;
  /// Tasks in queues, by scheduled event id: what matching::add() gave.
  std::map<std::int64_t, std::uint64_t> queued_tasks;
  /// Not null while somebody waits, so that a closed run stays in memory.
  std::shared_ptr<run_queries> queries;
  std::shared_ptr<run_updates> updates;

  /// It changed in this turn: settle() has to look at it.
  bool touched = false;
  /// The last step of the server that changed it.
  std::uint64_t changed_in = 0;
  /// What visibility shows has changed.
  bool visible_changed = false;
  /// It holds the clock: a task is waiting for a worker or with one.
  bool holds_clock = false;
  /// Events before this id are in the store.
  std::int64_t stored_events = 1;
  /// The last batch that holds something of it.
  std::uint64_t saved_in = 0;
  /// It is in core::closed_runs().
  bool listed_as_closed = false;
};

}  // namespace rondo::server
