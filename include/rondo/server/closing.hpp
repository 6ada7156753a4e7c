#pragma once

#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/failure/v1/message.pb.h>

#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"

// How runs end, and what follows them. The commands are in completion.hpp.
namespace rondo::server {

/// Appends the closing event and ends the run: open tasks, timers and activities go, updates and queries are answered,
/// children are left by their policies, the parent is told unless a run follows. `new_run_id` is that run, or empty.
void close_run(run& which, history_event closing, enums::WorkflowExecutionStatus status,
               const std::string& new_run_id = {});

/// Refuses what would keep a workflow from its end: it tried to close with the task before, which failed because there
/// was something that it had not seen, and a worker has the next one.
void refuse_while_closing(const run& of);

/// `details` may be null.
void terminate_run(run& which, const std::string& reason, const temporal::api::common::v1::Payloads* details,
                   const std::string& identity);

/// Timeouts of the run and of its chain, and the end of the wait for its first workflow task.
void on_run_limit(run& which, instant now);
instant run_limit(const run& of) noexcept;
void on_first_task_due(run& which, instant now);
instant first_task_due(const run& of) noexcept;

}  // namespace rondo::server
