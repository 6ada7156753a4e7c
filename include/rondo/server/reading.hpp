#pragma once

#include "rondo/server/config.hpp"

namespace rondo::server {

class frontend;

/// GetWorkflowExecutionHistory, GetWorkflowExecutionHistoryReverse, DescribeWorkflowExecution, DeleteWorkflowExecution.
void serve_reading(frontend& at);

}  // namespace rondo::server
