#pragma once

#include "rondo/server/chain.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "rondo/server/core.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/starting.hpp"

namespace rondo::server {

namespace detail_chain {

namespace history_v1 = temporal::api::history::v1;

inline bool is_listed(const temporal::api::common::v1::RetryPolicy& policy, const std::string& type) {
  const auto& types = policy.non_retryable_error_types();
  return std::find(types.begin(), types.end(), type) != types.end();
}

inline bool is_retryable(const temporal::api::common::v1::RetryPolicy& policy,
                         const temporal::api::failure::v1::Failure& failure) {
  if (failure.has_terminated_failure_info() || failure.has_canceled_failure_info()) return false;
  if (failure.has_timeout_failure_info()) return !is_listed(policy, "TemporalTimeout:StartToClose");
  if (failure.has_server_failure_info()) return !failure.server_failure_info().non_retryable();
  if (!failure.has_application_failure_info()) return true;
  return !failure.application_failure_info().non_retryable() &&
         !is_listed(policy, failure.application_failure_info().type());
}

/// Why the policy does not let the run be repeated.
inline enums::RetryState why_not(const run& of, const temporal::api::failure::v1::Failure& failure) {
  const auto& policy = of.state.retry_policy();
  if (!is_retryable(policy, failure)) return enums::RETRY_STATE_NON_RETRYABLE_FAILURE;
  if (policy.maximum_attempts() > 0 && of.state.attempt() >= policy.maximum_attempts()) {
    return enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED;
  }
  return enums::RETRY_STATE_TIMEOUT;
}

/// Makes the step one to the next time of the cron schedule, if there is one.
inline void follow_schedule(const run& of, chain_step& step) {
  if (of.state.cron_schedule().empty()) return;
  const instant now = of.owner->now();
  const auto next = next_cron(of.state.cron_schedule(), of.state.execution_time(), now);
  if (!next) return;
  step.run_id = of.owner->new_uuid();
  step.initiator = enums::CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE;
  step.pause = std::max<interval>(0, *next - now);
}

inline history_v1::WorkflowExecutionStartedEventAttributes started_attributes(const run& of) {
  return of.events.at(1).workflow_execution_started_event_attributes();
}

/// What every further run of a chain has from the one before it.
inline start_request begin_after(const run& from, const std::string& run_id, enums::ContinueAsNewInitiator initiator,
                                 interval pause) {
  start_request begin;
  begin.run_id = run_id;
  begin.continues = &from;
  begin.execution_deadline = from.state.execution_deadline();
  begin.first_task_delay = pause;
  auto& request = begin.request;
  request.set_namespace_(from.space->name());
  request.set_workflow_id(from.state.workflow_id());
  request.set_request_id(from.owner->new_uuid());
  if (const auto first = started_attributes(from); first.has_workflow_execution_timeout()) {
    *request.mutable_workflow_execution_timeout() = first.workflow_execution_timeout();
  }
  if (from.state.has_priority()) *request.mutable_priority() = from.state.priority();
  auto& attributes = begin.attributes;
  attributes.set_initiator(initiator);
  attributes.set_continued_execution_run_id(from.state.run_id());
  attributes.set_first_execution_run_id(from.state.first_run_id());
  attributes.set_attempt(initiator == enums::CONTINUE_AS_NEW_INITIATOR_RETRY ? from.state.attempt() + 1 : 1);
  if (pause > 0) to_proto(pause, *attributes.mutable_first_workflow_task_backoff());
  const instant forgotten =
      later(from.owner->now(), from_proto(from.space->state.config().workflow_execution_retention_ttl()));
  for (const auto& point : from.state.reset_points()) {
    auto& kept = *attributes.mutable_prev_auto_reset_points()->add_points();
    kept = point;
    if (!kept.has_expire_time()) to_proto(forgotten, *kept.mutable_expire_time());
  }
  if (!from.state.has_parent()) return begin;
  const auto& parent = from.state.parent();
  attributes.set_parent_workflow_namespace(parent.namespace_());
  attributes.set_parent_workflow_namespace_id(parent.namespace_id());
  attributes.mutable_parent_workflow_execution()->set_workflow_id(parent.workflow_id());
  attributes.mutable_parent_workflow_execution()->set_run_id(parent.run_id());
  attributes.set_parent_initiated_event_id(parent.initiated_event_id());
  attributes.mutable_root_workflow_execution()->set_workflow_id(from.state.root_workflow_id());
  attributes.mutable_root_workflow_execution()->set_run_id(from.state.root_run_id());
  return begin;
}

inline void start(const run& from, start_request begin) { start_run(*from.owner, *from.space, std::move(begin)); }

}  // namespace detail_chain

RONDO_SERVER_FUNCTION chain_step step_after_failure(const run& of, const temporal::api::failure::v1::Failure& failure) {
  chain_step step;
  step.failure = failure;
  if (of.state.has_retry_policy()) {
    const auto pause = next_retry(of.state.retry_policy(), of.state.attempt(), of.owner->now(),
                                  of.state.execution_deadline(), failure);
    if (pause) {
      step.run_id = of.owner->new_uuid();
      step.initiator = enums::CONTINUE_AS_NEW_INITIATOR_RETRY;
      step.pause = *pause;
      step.retry_state = enums::RETRY_STATE_IN_PROGRESS;
      return step;
    }
    step.retry_state = detail_chain::why_not(of, failure);
  } else {
    step.retry_state = enums::RETRY_STATE_RETRY_POLICY_NOT_SET;
  }
  detail_chain::follow_schedule(of, step);
  return step;
}

RONDO_SERVER_FUNCTION chain_step step_after_success(const run& of, const temporal::api::common::v1::Payloads& result) {
  chain_step step;
  step.result = result;
  detail_chain::follow_schedule(of, step);
  return step;
}

RONDO_SERVER_FUNCTION void take_step(const run& from, const chain_step& step) {
  const bool retry = step.initiator == enums::CONTINUE_AS_NEW_INITIATOR_RETRY;
  auto started = detail_chain::started_attributes(from);
  start_request begin = detail_chain::begin_after(from, step.run_id, step.initiator, step.pause);
  auto& request = begin.request;
  request.mutable_workflow_type()->set_name(from.state.type());
  request.mutable_task_queue()->set_name(from.state.task_queue());
  request.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  if (started.has_input()) *request.mutable_input() = started.input();
  if (started.has_header()) *request.mutable_header() = started.header();
  if (started.has_memo()) *request.mutable_memo() = started.memo();
  if (started.has_search_attributes()) *request.mutable_search_attributes() = started.search_attributes();
  if (started.has_retry_policy()) *request.mutable_retry_policy() = started.retry_policy();
  if (started.has_workflow_run_timeout()) *request.mutable_workflow_run_timeout() = started.workflow_run_timeout();
  request.set_cron_schedule(started.cron_schedule());
  to_proto(from.state.task_timeout(), *request.mutable_workflow_task_timeout());
  *request.mutable_links() = from.events.at(1).links();
  if (retry) *request.mutable_completion_callbacks() = started.completion_callbacks();
  if (step.failure) *begin.attributes.mutable_continued_failure() = *step.failure;
  if (step.result) {
    *begin.attributes.mutable_last_completion_result() = *step.result;
  } else if (started.has_last_completion_result()) {
    *begin.attributes.mutable_last_completion_result() = started.last_completion_result();
  }
  detail_chain::start(from, std::move(begin));
}

RONDO_SERVER_FUNCTION temporal::api::command::v1::ContinueAsNewWorkflowExecutionCommandAttributes
complete_continue_as_new(const run& of,
                         const temporal::api::command::v1::ContinueAsNewWorkflowExecutionCommandAttributes& wanted) {
  auto made = wanted;
  const auto& limit = of.owner->limit();
  if (made.workflow_type().name().empty()) made.mutable_workflow_type()->set_name(of.state.type());
  if (made.task_queue().name().empty()) made.mutable_task_queue()->set_name(of.state.task_queue());
  made.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  interval run_timeout = from_proto(made.workflow_run_timeout());
  if (run_timeout == 0) run_timeout = of.state.run_timeout();
  run_timeout = earlier_set(run_timeout, of.state.execution_timeout());
  interval task_timeout = from_proto(made.workflow_task_timeout());
  if (task_timeout == 0) task_timeout = of.state.task_timeout();
  if (task_timeout == 0) task_timeout = limit.default_task_timeout;
  task_timeout = std::min(task_timeout, limit.maximum_task_timeout);
  if (run_timeout > 0) task_timeout = std::min(task_timeout, run_timeout);
  to_proto(run_timeout, *made.mutable_workflow_run_timeout());
  to_proto(task_timeout, *made.mutable_workflow_task_timeout());
  if (made.has_retry_policy()) complete_retry_policy(*made.mutable_retry_policy());
  if (made.initiator() == enums::CONTINUE_AS_NEW_INITIATOR_UNSPECIFIED) {
    made.set_initiator(enums::CONTINUE_AS_NEW_INITIATOR_WORKFLOW);
  }
  return made;
}

RONDO_SERVER_FUNCTION void continue_as_new(
    const run& from, const std::string& run_id,
    const temporal::api::command::v1::ContinueAsNewWorkflowExecutionCommandAttributes& wanted) {
  start_request begin =
      detail_chain::begin_after(from, run_id, wanted.initiator(), from_proto(wanted.backoff_start_interval()));
  auto& request = begin.request;
  *request.mutable_workflow_type() = wanted.workflow_type();
  *request.mutable_task_queue() = wanted.task_queue();
  *request.mutable_workflow_run_timeout() = wanted.workflow_run_timeout();
  *request.mutable_workflow_task_timeout() = wanted.workflow_task_timeout();
  if (wanted.has_input()) *request.mutable_input() = wanted.input();
  if (wanted.has_header()) *request.mutable_header() = wanted.header();
  if (wanted.has_memo()) *request.mutable_memo() = wanted.memo();
  if (wanted.has_search_attributes()) *request.mutable_search_attributes() = wanted.search_attributes();
  if (wanted.has_retry_policy()) *request.mutable_retry_policy() = wanted.retry_policy();
  request.set_cron_schedule(wanted.cron_schedule());
  const history_event first = from.events.at(1);
  *request.mutable_links() = first.links();
  *request.mutable_completion_callbacks() = first.workflow_execution_started_event_attributes().completion_callbacks();
  if (wanted.has_failure()) *begin.attributes.mutable_continued_failure() = wanted.failure();
  if (wanted.has_last_completion_result()) {
    *begin.attributes.mutable_last_completion_result() = wanted.last_completion_result();
  }
  detail_chain::start(from, std::move(begin));
}

}  // namespace rondo::server
