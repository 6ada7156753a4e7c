#pragma once

#include "rondo/server/config.hpp"

namespace rondo::server {

class core;
class frontend;
struct run;

/// Deletes a run without a trace: it leaves memory, store and lists, and who waits for it hears that it is gone.
void forget_run(core& in, run& which);

/// GetWorkflowExecutionHistory, GetWorkflowExecutionHistoryReverse, DescribeWorkflowExecution, DeleteWorkflowExecution.
void serve_reading(frontend& at);

}  // namespace rondo::server
