#pragma once

#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/run.hpp"

// Children and other workflows that a run speaks to. Their commands are in completion.hpp.
namespace rondo::server {

/// The chain of a child has ended (no run follows): tells its parent by core::later().
void tell_parent(run& child, const history_event& closing);
/// The parent has closed: applies the parent close policies by core::later().
void leave_children(run& parent);
/// For DescribeWorkflowExecution.
void describe_children(const run& of, temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse& into);

}  // namespace rondo::server
