#pragma once
#include <temporal/api/enums/v1/query.pb.h>
#include <temporal/api/enums/v1/update.pb.h>

#include "rondo/client/start.hpp"

// Values of options of queries and updates, to and from the wire.
namespace rondo::detail::calls {

inline temporal::api::enums::v1::QueryRejectCondition wire_of(query_reject_condition condition) noexcept {
  switch (condition) {
    case query_reject_condition::none:
      return temporal::api::enums::v1::QUERY_REJECT_CONDITION_NONE;
    case query_reject_condition::not_open:
      return temporal::api::enums::v1::QUERY_REJECT_CONDITION_NOT_OPEN;
    case query_reject_condition::not_completed_cleanly:
      return temporal::api::enums::v1::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY;
  }
  return temporal::api::enums::v1::QUERY_REJECT_CONDITION_UNSPECIFIED;
}
inline query_reject_condition condition_of(temporal::api::enums::v1::QueryRejectCondition from) noexcept {
  switch (from) {
    case temporal::api::enums::v1::QUERY_REJECT_CONDITION_NOT_OPEN:
      return query_reject_condition::not_open;
    case temporal::api::enums::v1::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY:
      return query_reject_condition::not_completed_cleanly;
    default:
      return query_reject_condition::none;
  }
}

inline temporal::api::enums::v1::UpdateWorkflowExecutionLifecycleStage wire_of(update_stage stage) noexcept {
  return stage == update_stage::completed
             ? temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
             : temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
}
inline update_stage stage_of(temporal::api::enums::v1::UpdateWorkflowExecutionLifecycleStage stage) noexcept {
  return stage == temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
             ? update_stage::completed
             : update_stage::accepted;
}

}  // namespace rondo::detail::calls
