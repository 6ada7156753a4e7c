#pragma once

#include <temporal/api/enums/v1/workflow.pb.h>

namespace rondo::server {

/// Of a run that has not ended; a paused one is among them.
inline bool is_open_status(temporal::api::enums::v1::WorkflowExecutionStatus status) noexcept {
  return status == temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_RUNNING ||
         status == temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_PAUSED;
}

}  // namespace rondo::server
