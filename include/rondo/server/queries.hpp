#pragma once

#include <temporal/api/query/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"

namespace rondo::server {

class frontend;

namespace service = temporal::api::workflowservice::v1;

/// Adds the queries that wait for the next workflow task to the task.
void attach_queries(run& of, service::PollWorkflowTaskQueueResponse& task);
/// The completion's query results go to those who asked; the rest waits for the next task.
void take_query_results(run& of, const service::RespondWorkflowTaskCompletedRequest& completed);
/// The open task ended otherwise (failed, timed out), or the run closed: what waited is dispatched anew or refused.
void on_task_lost(run& of);
void on_run_closed_for_queries(run& of);
/// Somebody waits for an answer.
bool has_buffered_queries(const run& of) noexcept;

/// QueryWorkflow, RespondQueryTaskCompleted.
void serve_queries(frontend& at);

}  // namespace rondo::server
