#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/change_policy.hpp"
#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/engine/step.hpp"
#include "rondo/detail/engine/workflow_run.hpp"
#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/worker/namespace_facts.hpp"
#include "rondo/detail/worker/session_room.hpp"
#include "rondo/detail/worker/sticky_cache.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/log.hpp"
#include "rondo/registry.hpp"

namespace rondo::detail::worker {

class local_work;

/// A run in memory, and what the worker does for it between its tasks.
struct held_workflow {
  held_workflow(const run::workflow_definition& definition, std::shared_ptr<const engine::run_options> options)
      : run(definition, std::move(options)) {}
  /// Memory that the run keeps, but for what its code has allocated itself.
  std::size_t bytes() const { return sizeof(*this) - sizeof(run) + run.bytes(); }

  engine::workflow_run run;
  /// Null: it waits for no local activities. Goes first.
  std::shared_ptr<local_work> locals;
};

/// What outlives a session: the runs in memory and the queue at which the server offers their tasks, so that the next
/// session of the process goes on with them. One session uses it at a time.
class run_store {
 public:
  using held_run = std::unique_ptr<held_workflow>;

  /// `limit`: most runs that are kept. `most_bytes`: of their memory; 0: as much as they need.
  run_store(registry app, rondo::logger logs, std::size_t limit, std::string queue, std::size_t most_bytes = 0)
      : definitions(std::move(app)), log(std::move(logs)), sticky_queue(std::move(queue)), cache(limit, most_bytes) {}
  run_store(const run_store&) = delete;
  run_store& operator=(const run_store&) = delete;

  const registry definitions;
  const rondo::logger log;
  const std::string sticky_queue;
  /// The task queue of the sessions that workflows open on this worker; empty: it holds none.
  std::string session_queue;
  /// Of the sessions that it may open; null: it holds none.
  std::shared_ptr<session_room> room_for_sessions;
  /// What the runs refer to: they may outlive the session that made them.
  std::vector<std::shared_ptr<worker_interceptor>> interceptors;
  std::vector<std::string> propagated_headers;
  change_policy changes;
  /// Empty until a session has asked.
  std::optional<namespace_facts> facts;
  /// Keeps a run until its next task, and drops others if there is no room. One that has not begun goes.
  void keep(held_run run) {
    const std::string_view run_id = run->run.run_id();
    if (run_id.empty()) return;
    const std::size_t bytes = run->bytes();
    cache.put(run_id, std::move(run), bytes);
  }

  block_store blocks;
  sticky_cache<held_run> cache;
};

}  // namespace rondo::detail::worker
