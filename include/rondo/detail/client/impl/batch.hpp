#pragma once
#include <temporal/api/batch/v1/message.pb.h>
#include <temporal/api/enums/v1/batch_operation.pb.h>
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/batch_options.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/workflow_changes.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/batch.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/workflow_changes.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION service_call<batch_request> make_batch(const session& by, std::string_view action,
                                                      const batch_target& which, const batch_options& options,
                                                      enums::ExecutionType kind) {
  auto request = new_request<batch_request>(by);
  request.set_job_id(options.job_id.empty() ? random_uuid() : std::string(options.job_id));
  request.set_reason(options.reason.empty() ? "batch" : std::string(options.reason));
  request.set_max_operations_per_second(options.max_operations_per_second);
  auto made = batch_call(by, std::move(request), std::string(action) + " by");
  if (which.query.empty() == which.executions.empty()) {
    refuse(made.subject, "a batch is for what a query finds, or for a list");
  }
  if (!(options.max_operations_per_second >= 0)) refuse(made.subject, "max_operations_per_second must not be negative");
  made.request.set_visibility_query(std::string(which.query));
  for (const auto& each : which.executions) {
    if (each.workflow_id.empty()) refuse(made.subject, "an id is missing");
    if (kind == enums::EXECUTION_TYPE_WORKFLOW) {
      // Servers before 1.32 know this list alone.
      auto& execution = *made.request.add_executions();
      execution.set_workflow_id(each.workflow_id);
      execution.set_run_id(each.run_id);
    } else {
      auto& execution = *made.request.add_target_executions();
      execution.set_type(kind);
      execution.set_business_id(each.workflow_id);
      execution.set_run_id(each.run_id);
    }
  }
  return made;
}

RONDO_FUNCTION void write_reset(const call_subject& subject, const reset_options& from,
                                batch_api::BatchOperationReset& to) {
  auto& options = *to.mutable_options();
  switch (from.to.kind) {
    case reset_point::kind_type::first_workflow_task:
      options.mutable_first_workflow_task();
      break;
    case reset_point::kind_type::last_workflow_task:
      options.mutable_last_workflow_task();
      break;
    case reset_point::kind_type::event:
      refuse(subject, "an event is one of a single workflow: a batch goes back to a workflow task or a build");
    case reset_point::kind_type::build_id:
      if (from.to.build_id.empty()) refuse(subject, "the build id is missing");
      options.set_build_id(std::string(from.to.build_id));
      break;
  }
  write_exclusions(from, options);
  write_post_reset(subject, from, to);
}

RONDO_FUNCTION batch_state state_of(enums::BatchOperationState state) {
  switch (state) {
    case enums::BATCH_OPERATION_STATE_RUNNING:
      return batch_state::running;
    case enums::BATCH_OPERATION_STATE_COMPLETED:
      return batch_state::completed;
    case enums::BATCH_OPERATION_STATE_FAILED:
      return batch_state::failed;
    default:
      return batch_state::unspecified;
  }
}

RONDO_FUNCTION batch_operation operation_of(enums::BatchOperationType type) {
  switch (type) {
    case enums::BATCH_OPERATION_TYPE_TERMINATE:
    case enums::BATCH_OPERATION_TYPE_TERMINATE_WORKFLOW:
      return batch_operation::terminate_workflow;
    case enums::BATCH_OPERATION_TYPE_CANCEL:
    case enums::BATCH_OPERATION_TYPE_CANCEL_WORKFLOW:
      return batch_operation::cancel_workflow;
    case enums::BATCH_OPERATION_TYPE_SIGNAL:
    case enums::BATCH_OPERATION_TYPE_SIGNAL_WORKFLOW:
      return batch_operation::signal_workflow;
    case enums::BATCH_OPERATION_TYPE_DELETE:
    case enums::BATCH_OPERATION_TYPE_DELETE_WORKFLOW:
      return batch_operation::delete_workflow;
    case enums::BATCH_OPERATION_TYPE_RESET:
    case enums::BATCH_OPERATION_TYPE_RESET_WORKFLOW:
      return batch_operation::reset_workflow;
    case enums::BATCH_OPERATION_TYPE_UPDATE_EXECUTION_OPTIONS:
    case enums::BATCH_OPERATION_TYPE_UPDATE_WORKFLOW_EXECUTION_OPTIONS:
      return batch_operation::update_workflow_options;
    case enums::BATCH_OPERATION_TYPE_UNPAUSE_ACTIVITY:
      return batch_operation::unpause_activity;
    case enums::BATCH_OPERATION_TYPE_UPDATE_ACTIVITY_OPTIONS:
      return batch_operation::update_activity_options;
    case enums::BATCH_OPERATION_TYPE_RESET_ACTIVITY:
      return batch_operation::reset_activity;
    case enums::BATCH_OPERATION_TYPE_TERMINATE_ACTIVITY:
      return batch_operation::terminate_activity;
    case enums::BATCH_OPERATION_TYPE_CANCEL_ACTIVITY:
      return batch_operation::cancel_activity;
    case enums::BATCH_OPERATION_TYPE_DELETE_ACTIVITY:
      return batch_operation::delete_activity;
    default:
      return batch_operation::unspecified;
  }
}

RONDO_FUNCTION batch_description description_of(const service::DescribeBatchOperationResponse& from) {
  batch_description to;
  read_batch(from, to);
  to.total_count = from.total_operation_count();
  to.complete_count = from.complete_operation_count();
  to.failure_count = from.failure_operation_count();
  to.identity = from.identity();
  to.reason = from.reason();
  to.query = from.query();
  return to;
}

RONDO_FUNCTION paged_list<batch_summary> list_batches(const session_ptr& through, const list_options& options) {
  auto request = new_request<service::ListBatchOperationsRequest>(*through);
  request.set_page_size(options.page_size);
  return list_with<batch_summary>(through, std::move(request), "list batch jobs", options, [](const auto& response) {
    std::vector<batch_summary> found;
    for (const auto& each : response.operation_info()) read_batch(each, found.emplace_back());
    return found;
  });
}

}  // namespace rondo::detail::calls
