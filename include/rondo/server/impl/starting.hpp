#pragma once

#include "rondo/server/starting.hpp"

#include <temporal/api/errordetails/v1/message.pb.h>

#include <algorithm>
#include <utility>

#include "rondo/server/closing.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/started_state.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_starting {

using started_attributes = temporal::api::history::v1::WorkflowExecutionStartedEventAttributes;

inline void check_timeout(google::protobuf::Duration& timeout, const std::string& name) {
  const auto fault = duration_fault(timeout);
  if (!fault.empty()) refuse_argument("An invalid " + name + " is set on request. cause: " + fault);
}

inline void check_timeouts(const core& in, service::StartWorkflowExecutionRequest& request) {
  // What is not set stays so: the started event says what the client said.
  if (request.has_workflow_execution_timeout()) {
    check_timeout(*request.mutable_workflow_execution_timeout(), "WorkflowExecutionTimeoutSeconds");
  }
  if (request.has_workflow_run_timeout()) {
    check_timeout(*request.mutable_workflow_run_timeout(), "WorkflowRunTimeoutSeconds");
  }
  if (request.has_workflow_task_timeout()) {
    check_timeout(*request.mutable_workflow_task_timeout(), "WorkflowTaskTimeoutSeconds");
  }
  const interval execution = from_proto(request.workflow_execution_timeout());
  const interval run = from_proto(request.workflow_run_timeout());
  const interval clamped = execution == 0 ? run : (run == 0 ? execution : std::min(run, execution));
  if (clamped != run) to_proto(clamped, *request.mutable_workflow_run_timeout());
  interval task = from_proto(request.workflow_task_timeout());
  if (task == 0) task = in.limit().default_task_timeout;
  task = std::min(task, in.limit().maximum_task_timeout);
  if (clamped > 0) task = std::min(task, clamped);
  to_proto(task, *request.mutable_workflow_task_timeout());
}

inline void check_delay(core& in, service::StartWorkflowExecutionRequest& request) {
  if (!request.cron_schedule().empty() && request.has_workflow_start_delay()) {
    refuse_argument("CronSchedule and WorkflowStartDelay may not be used together.");
  }
  if (request.has_workflow_start_delay()) {
    check_timeout(*request.mutable_workflow_start_delay(), "WorkflowStartDelaySeconds");
  }
  check_cron(request.cron_schedule(), in.now());
}

inline void check_type(const core& in, const service::StartWorkflowExecutionRequest& request) {
  if (request.workflow_type().name().empty()) refuse_argument("WorkflowType is not set on request.");
  if (request.workflow_type().name().size() > in.limit().id_length) {
    refuse_argument("WorkflowType length exceeds limit.");
  }
}

inline void check_policies(service::StartWorkflowExecutionRequest& request) {
  const auto conflict = request.workflow_id_conflict_policy();
  const auto reuse = request.workflow_id_reuse_policy();
  if (conflict != enums::WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED &&
      reuse == enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING) {
    refuse_argument(
        "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together with a "
        "WorkflowIDConflictPolicy");
  }
  if (conflict == enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING &&
      reuse == enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE) {
    refuse_argument(
        "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with "
        "WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING");
  }
  if (reuse == enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING) {
    request.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING);
    request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE);
  }
  if (request.workflow_id_reuse_policy() == enums::WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED) {
    request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE);
  }
  if (request.workflow_id_conflict_policy() == enums::WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED) {
    request.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
  }
  const auto& on_conflict = request.on_conflict_options();
  if (on_conflict.attach_completion_callbacks() && !on_conflict.attach_request_id()) {
    refuse_argument("attaching request ID is required for attaching completion callbacks");
  }
}

inline void check_metadata(const core& in, const temporal::api::sdk::v1::UserMetadata& metadata) {
  const auto check = [](const std::string& name, const google::protobuf::Message& value, std::size_t limit) {
    const auto size = value.ByteSizeLong();
    if (size > limit) {
      refuse_argument("invalid user metadata: " + name + " exceeds size limit of " + std::to_string(limit) +
                      " bytes, got " + std::to_string(size));
    }
  };
  check("summary", metadata.summary(), in.limit().user_metadata_summary);
  check("details", metadata.details(), in.limit().user_metadata_details);
}

inline void check_sizes(const core& in, const service::StartWorkflowExecutionRequest& request) {
  if (request.input().ByteSizeLong() > in.limit().blob_size) refuse_argument("Blob data size exceeds limit.");
  if (request.memo().ByteSizeLong() > in.limit().memo_size) refuse_argument("Memo size exceeds limit.");
  check_metadata(in, request.user_metadata());
}

/// Takes what the attributes do not say yet from the request.
inline void complete_attributes(started_attributes& to, service::StartWorkflowExecutionRequest& from) {
  if (!to.has_workflow_type()) *to.mutable_workflow_type() = from.workflow_type();
  if (!to.has_task_queue()) {
    to.mutable_task_queue()->set_name(from.task_queue().name());
    to.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  }
  if (!to.has_header() && from.has_header()) to.mutable_header()->Swap(from.mutable_header());
  if (!to.has_input() && from.has_input()) to.mutable_input()->Swap(from.mutable_input());
  if (!to.has_workflow_execution_timeout() && from.has_workflow_execution_timeout()) {
    *to.mutable_workflow_execution_timeout() = from.workflow_execution_timeout();
  }
  if (!to.has_workflow_run_timeout() && from.has_workflow_run_timeout()) {
    *to.mutable_workflow_run_timeout() = from.workflow_run_timeout();
  }
  if (!to.has_workflow_task_timeout()) *to.mutable_workflow_task_timeout() = from.workflow_task_timeout();
  if (to.identity().empty()) to.set_identity(from.identity());
  if (!to.has_retry_policy() && from.has_retry_policy()) *to.mutable_retry_policy() = from.retry_policy();
  if (to.attempt() == 0) to.set_attempt(1);
  if (to.cron_schedule().empty()) to.set_cron_schedule(from.cron_schedule());
  if (!to.has_last_completion_result() && from.has_last_completion_result()) {
    *to.mutable_last_completion_result() = from.last_completion_result();
  }
  if (!to.has_continued_failure() && from.has_continued_failure()) {
    *to.mutable_continued_failure() = from.continued_failure();
  }
  if (to.initiator() == enums::CONTINUE_AS_NEW_INITIATOR_UNSPECIFIED && !to.cron_schedule().empty()) {
    to.set_initiator(enums::CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE);
  }
  if (!to.has_memo() && from.has_memo()) *to.mutable_memo() = from.memo();
  if (!to.has_search_attributes() && from.has_search_attributes()) {
    *to.mutable_search_attributes() = from.search_attributes();
  }
  if (!to.has_priority() && from.has_priority()) *to.mutable_priority() = from.priority();
  if (from.request_eager_execution()) to.set_eager_execution_accepted(true);
  to.set_workflow_id(from.workflow_id());
}

/// Ids and times that follow from the run.
inline void complete_attributes(started_attributes& to, const start_request& begin, const std::string& run_id,
                                instant now) {
  if (to.first_execution_run_id().empty()) to.set_first_execution_run_id(run_id);
  if (to.original_execution_run_id().empty()) {
    to.set_original_execution_run_id(begin.original_run_id.empty() ? run_id : begin.original_run_id);
  }
  // Of a run that continues another without a pause, nothing is said.
  if (!to.has_first_workflow_task_backoff() && (begin.first_task_delay > 0 || begin.continues == nullptr)) {
    to_proto(begin.first_task_delay, *to.mutable_first_workflow_task_backoff());
  }
  if (to.has_workflow_execution_expiration_time()) return;
  const interval timeout = from_proto(to.workflow_execution_timeout());
  instant deadline = begin.execution_deadline;
  if (deadline == 0 && timeout > 0) deadline = later(now, timeout) / millisecond * millisecond;
  if (deadline != 0 && deadline != never) to_proto(deadline, *to.mutable_workflow_execution_expiration_time());
}

inline void set_times(state::Run& to, const started_attributes& from, instant now) {
  const interval delay = from_proto(from.first_workflow_task_backoff());
  to.set_start_time(now);
  to.set_execution_time(later(now, delay));
  if (delay > 0) to.set_first_task_time(later(now, delay));
  to.set_execution_timeout(from_proto(from.workflow_execution_timeout()));
  to.set_run_timeout(from_proto(from.workflow_run_timeout()));
  to.set_task_timeout(from_proto(from.workflow_task_timeout()));
  if (from.has_workflow_execution_expiration_time()) {
    to.set_execution_deadline(from_proto(from.workflow_execution_expiration_time()));
  }
  if (to.run_timeout() <= 0) return;
  to.set_run_deadline(earlier_set(later(to.execution_time(), to.run_timeout()), to.execution_deadline()));
}

inline void set_state(state::Run& to, const started_attributes& from, const service::StartWorkflowExecutionRequest& by,
                      instant now) {
  take_started(to, from);
  set_times(to, from, now);
  to.set_request_id(by.request_id());
  if (by.has_user_metadata()) *to.mutable_user_metadata() = by.user_metadata();
}

/// The versioning of the run before its first task, and what its first event says of it.
inline void set_versioning(core& in, run& made, const start_request& begin, started_attributes& attributes) {
  if (begin.continues != nullptr) in.deployments().inherit(made, *begin.continues);
  if (begin.request.has_versioning_override()) {
    in.deployments().set_override(made, begin.request.versioning_override());
  }
  if (attributes.has_inherited_pinned_version()) {
    auto& versioning = *made.state.mutable_versioning();
    versioning.set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
    *versioning.mutable_deployment_version() = attributes.inherited_pinned_version();
    show_versioning(made, nullptr);
  }
  if (!made.state.has_versioning()) return;
  const auto& versioning = made.state.versioning();
  if (versioning.has_versioning_override()) {
    *attributes.mutable_versioning_override() = versioning.versioning_override();
  }
  if (versioning.behavior() == enums::VERSIONING_BEHAVIOR_PINNED && versioning.has_deployment_version()) {
    *attributes.mutable_inherited_pinned_version() = versioning.deployment_version();
  }
}

[[noreturn]] inline void refuse_duplicate(const std::string& begin, const run& current, const std::string& end) {
  temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure detail;
  detail.set_start_request_id(current.state.request_id());
  detail.set_run_id(current.state.run_id());
  detail.set_first_execution_run_id(current.state.first_run_id());
  throw refusal(
      rpc_code::already_exists,
      begin + " WorkflowId: " + current.state.workflow_id() + ", RunId: " + current.state.run_id() + "." + end, detail);
}

inline bool failed(enums::WorkflowExecutionStatus status) noexcept {
  return status == enums::WORKFLOW_EXECUTION_STATUS_FAILED || status == enums::WORKFLOW_EXECUTION_STATUS_CANCELED ||
         status == enums::WORKFLOW_EXECUTION_STATUS_TERMINATED || status == enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT;
}

/// USE_EXISTING: what the request wants to leave with the run that goes on.
inline void attach(run& to, const service::StartWorkflowExecutionRequest& from) {
  if (!from.has_on_conflict_options()) return;
  const auto& wanted = from.on_conflict_options();
  history_event event = make_event(*to.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
  event.set_worker_may_ignore(true);
  auto& attributes = *event.mutable_workflow_execution_options_updated_event_attributes();
  if (wanted.attach_request_id()) {
    attributes.set_attached_request_id(from.request_id());
    (*to.state.mutable_attached_request_ids())[from.request_id()] = 0;
  }
  if (wanted.attach_links()) *event.mutable_links() = from.links();
  append_external(to, std::move(event), false);
}

/// Refuses an override that is not well-formed while nothing has changed yet.
inline void check_override(core& in, name_space& of, const service::StartWorkflowExecutionRequest& request) {
  if (!request.has_versioning_override()) return;
  run trial(in, of);
  trial.state.set_namespace_id(of.id());
  trial.state.set_workflow_id(request.workflow_id());
  trial.state.set_task_queue(request.task_queue().name());
  in.deployments().set_override(trial, request.versioning_override());
}

}  // namespace detail_starting

RONDO_SERVER_FUNCTION void check_start(core& in, const name_space& of,
                                       service::StartWorkflowExecutionRequest& request) {
  using namespace detail_starting;
  const auto& limit = in.limit();
  if (request.workflow_id().empty()) refuse_argument("WorkflowId is not set on request.");
  if (request.workflow_id().size() > limit.id_length) refuse_argument("WorkflowId length exceeds limit.");
  if (request.has_retry_policy()) complete_retry_policy(*request.mutable_retry_policy());
  check_delay(in, request);
  check_type(in, request);
  if (!request.has_task_queue()) refuse_argument("taskQueue is not set");
  check_task_queue(*request.mutable_task_queue(), {}, limit);
  check_timeouts(in, request);
  if (request.request_id().empty()) request.set_request_id(in.new_uuid());
  if (request.request_id().size() > limit.id_length) refuse_argument("RequestId length exceeds limit.");
  if (request.identity().size() > limit.id_length) refuse_argument("Identity length exceeds limit.");
  check_policies(request);
  if (request.has_search_attributes()) {
    in.namespaces().check_attributes(of, *request.mutable_search_attributes());
    in.namespaces().check_attribute_sizes(request.search_attributes());
  }
  check_priority(request.priority());
  if (!request.completion_callbacks().empty()) {
    refuse_argument("attaching workflow callbacks is disabled for this namespace");
  }
  check_links(request.links());
  check_sizes(in, request);
}

RONDO_SERVER_FUNCTION interval first_task_delay(const service::StartWorkflowExecutionRequest& request, instant now) {
  const interval delay = from_proto(request.workflow_start_delay());
  if (delay > 0) return delay;
  if (request.cron_schedule().empty()) return 0;
  const auto next = next_cron(request.cron_schedule(), now, now);
  return next ? *next - now : 0;
}

RONDO_SERVER_FUNCTION start_decision decide_start(const service::StartWorkflowExecutionRequest& request,
                                                  const run* current) {
  using namespace detail_starting;
  if (current == nullptr) return start_decision::start;
  if (current->open()) {
    switch (request.workflow_id_conflict_policy()) {
      case enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING:
        return start_decision::use_existing;
      case enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING:
        return start_decision::terminate_existing;
      default:
        refuse_duplicate("Workflow execution is already running.", *current, {});
    }
  }
  switch (request.workflow_id_reuse_policy()) {
    case enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
      refuse_duplicate("Workflow execution already finished.", *current,
                       " Workflow Id reuse policy: reject duplicate workflow Id.");
    case enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY:
      if (failed(current->state.status())) return start_decision::start;
      refuse_duplicate("Workflow execution already finished successfully.", *current,
                       " Workflow Id reuse policy: allow duplicate workflow Id if last run failed.");
    default:
      return start_decision::start;
  }
}

RONDO_SERVER_FUNCTION void terminate_for_start(run& which, const std::string& new_run_id) {
  temporal::api::common::v1::Payloads details;
  auto& payload = *details.add_payloads();
  (*payload.mutable_metadata())["encoding"] = "json/plain";
  payload.set_data("\"terminated by new runID: " + new_run_id + "\"");
  terminate_run(which, "TerminateIfRunning WorkflowIdReusePolicy", &details, "history-service");
}

RONDO_SERVER_FUNCTION run& start_run(core& in, name_space& of, start_request begin) {
  const instant now = in.now();
  const std::string run_id = begin.run_id.empty() ? in.new_uuid() : begin.run_id;
  if (begin.request.request_id().empty()) begin.request.set_request_id(in.new_uuid());
  run& made = add_run(in, of, begin.request.workflow_id(), run_id);
  history_event event = make_event(in, enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  auto& attributes = *event.mutable_workflow_execution_started_event_attributes();
  attributes.Swap(&begin.attributes);
  detail_starting::complete_attributes(attributes, begin.request);
  detail_starting::complete_attributes(attributes, begin, run_id, now);
  detail_starting::set_state(made.state, attributes, begin.request, now);
  detail_starting::set_versioning(in, made, begin, attributes);
  if (begin.request.has_user_metadata()) event.mutable_user_metadata()->Swap(begin.request.mutable_user_metadata());
  event.mutable_links()->Swap(begin.request.mutable_links());
  append(made, std::move(event));
  made.visible_changed = true;
  in.deployments().on_run_changed(made);
  if (begin.before_first_task) begin.before_first_task(made);
  ensure_workflow_task(made);
  return made;
}

RONDO_SERVER_FUNCTION start_outcome start_by_client(core& in, name_space& of,
                                                    service::StartWorkflowExecutionRequest request) {
  run* const current = find_run(in, of, request.workflow_id(), {});
  if (current != nullptr) {
    if (current->state.request_id() == request.request_id()) return {current, false, true};
    if (current->state.attached_request_ids().contains(request.request_id())) return {current, false, false};
  }
  detail_starting::check_override(in, of, request);
  const auto decision = decide_start(request, current);
  if (decision == start_decision::use_existing) {
    detail_starting::attach(*current, request);
    return {current, false, false};
  }
  start_request begin;
  begin.run_id = in.new_uuid();
  begin.first_task_delay = first_task_delay(request, in.now());
  begin.request = std::move(request);
  if (decision == start_decision::terminate_existing) terminate_for_start(*current, begin.run_id);
  return {&start_run(in, of, std::move(begin)), true, false};
}

}  // namespace rondo::server
