#pragma once

#include <rondo/server/state.pb.h>
#include <temporal/api/history/v1/message.pb.h>

#include <algorithm>

namespace rondo::server {

/// Takes from a WorkflowExecutionStarted event what it says of the run, in a start as in a reset; times and versioning
/// apart, which the two count differently.
inline void take_started(state::Run& to,
                         const temporal::api::history::v1::WorkflowExecutionStartedEventAttributes& from) {
  to.set_status(temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_RUNNING);
  to.set_first_run_id(from.first_execution_run_id());
  to.set_original_run_id(from.original_execution_run_id());
  to.set_continued_from_run_id(from.continued_execution_run_id());
  to.set_type(from.workflow_type().name());
  to.set_task_queue(from.task_queue().name());
  to.set_attempt(std::max(1, from.attempt()));
  to.set_cron_schedule(from.cron_schedule());
  if (from.has_parent_workflow_execution()) {
    auto& parent = *to.mutable_parent();
    parent.set_namespace_(from.parent_workflow_namespace());
    parent.set_namespace_id(from.parent_workflow_namespace_id());
    parent.set_workflow_id(from.parent_workflow_execution().workflow_id());
    parent.set_run_id(from.parent_workflow_execution().run_id());
    parent.set_initiated_event_id(from.parent_initiated_event_id());
  }
  const bool has_root = from.has_root_workflow_execution();
  to.set_root_workflow_id(has_root ? from.root_workflow_execution().workflow_id() : to.workflow_id());
  to.set_root_run_id(has_root ? from.root_workflow_execution().run_id() : to.run_id());
  if (from.has_retry_policy()) *to.mutable_retry_policy() = from.retry_policy();
  if (from.has_memo()) *to.mutable_memo() = from.memo();
  if (from.has_search_attributes()) *to.mutable_search_attributes() = from.search_attributes();
  if (from.has_priority()) *to.mutable_priority() = from.priority();
  if (from.has_last_completion_result()) *to.mutable_last_completion_result() = from.last_completion_result();
  if (from.has_continued_failure()) *to.mutable_continued_failure() = from.continued_failure();
}

}  // namespace rondo::server
