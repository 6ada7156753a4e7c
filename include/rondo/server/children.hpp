#pragma once

#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"

// Children and other workflows that a run speaks to. Their commands are in completion.hpp.
//
// A command leaves its initiated event; what it asks for is done by core::later() in the same turn, and its outcome is
// another event of the run. So no request is ever under way when a turn ends.
namespace rondo::server {

/// Starts the child of the initiated event by core::later(), and tells the parent of it.
void start_child_later(run& parent, std::int64_t initiated_event_id);
/// Sends the signal or the cancellation of the initiated event by core::later(), and tells the run of the outcome.
void ask_external_later(run& of, std::int64_t initiated_event_id);

/// The chain of a child has ended (no run follows): tells its parent by core::later().
void tell_parent(run& child, const history_event& closing);
/// The parent has closed: applies the parent close policies by core::later().
void leave_children(run& parent);
/// For DescribeWorkflowExecution.
void describe_children(const run& of, temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse& into);

}  // namespace rondo::server
