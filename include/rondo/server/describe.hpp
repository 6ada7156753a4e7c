#pragma once

#include <rondo/server/state.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include "rondo/server/config.hpp"
#include "rondo/server/run.hpp"

namespace rondo::server {

class frontend;

/// What lists of workflows show of a run.
void describe_row(const state::Run& of, temporal::api::workflow::v1::WorkflowExecutionInfo& into);

/// All that DescribeWorkflowExecution shows of a run.
temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse describe_run(const run& of);

/// DescribeWorkflowExecution.
void serve_describe(frontend& at);

}  // namespace rondo::server
