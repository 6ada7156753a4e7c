#pragma once

#include <temporal/api/query/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "rondo/server/call.hpp"
#include "rondo/server/clock.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/wait_limit.hpp"

namespace rondo::server {

class frontend;

namespace service = temporal::api::workflowservice::v1;

/// A query that somebody waits for: first with the run, until it is known which events come before it, then in a task
/// queue, then with a worker.
struct pending_query {
  explicit pending_query(core& of) : owner(&of) {}
  pending_query(const pending_query&) = delete;
  pending_query& operator=(const pending_query&) = delete;
  ~pending_query();

  core* owner;
  /// The order in which they came: its key.
  std::uint64_t number = 0;
  /// What workers call it.
  std::string id;
  temporal::api::query::v1::WorkflowQuery query;
  call_ptr call;
  /// It waits for the next workflow task; else it goes its own way through a task queue.
  bool buffered = true;
  /// It went to the queue of the worker that has the run in memory.
  bool sticky = false;
  /// What matching gave; 0: it is in no queue.
  std::uint64_t queued_task = 0;
  bool holds_clock = false;
  /// The end of the try with the sticky worker.
  clock::timer sticky_over;
  /// The end of the caller's patience.
  wait_limit given_up;
};

/// The queries that wait for a run; run::queries is null while there are none.
struct run_queries {
  std::map<std::uint64_t, std::unique_ptr<pending_query>> all;
  std::uint64_t last_number = 0;
};

/// Adds the queries that wait for the next workflow task to the task.
void attach_queries(run& of, service::PollWorkflowTaskQueueResponse& task);
/// The completion's query results go to those who asked; the rest waits for the next task, or goes to a worker directly
/// when none follows in this turn.
void take_query_results(run& of, const service::RespondWorkflowTaskCompletedRequest& completed);
/// The open task ended otherwise (failed, timed out), or the run closed: what waited is dispatched anew or refused.
void on_task_lost(run& of);
void on_run_closed_for_queries(run& of);
/// Somebody waits for an answer that comes with a workflow task.
bool has_buffered_queries(const run& of) noexcept;

/// QueryWorkflow, RespondQueryTaskCompleted.
void serve_queries(frontend& at);

}  // namespace rondo::server
