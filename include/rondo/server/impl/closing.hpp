#pragma once

#include "rondo/server/closing.hpp"

#include <string>
#include <utility>

#include "rondo/server/activities.hpp"
#include "rondo/server/chain.hpp"
#include "rondo/server/children.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/queries.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/statuses.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/updates.hpp"
#include "rondo/server/workflow_tasks.hpp"

// How runs end otherwise than by a command.
namespace rondo::server {

namespace detail_closing {

/// A task that a worker has fails, and what was kept back for it enters the history before the end.
inline void force_task_to_end(run& of) {
  if (of.task_started()) {
    fail_workflow_task(of, enums::WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND, {}, "history-service", false);
  }
  flush_buffered(of);
}

inline void time_out(run& of, bool chain_is_over) {
  force_task_to_end(of);
  temporal::api::failure::v1::Failure failure;
  failure.set_message("workflow timeout");
  failure.set_source("Server");
  failure.mutable_timeout_failure_info()->set_timeout_type(enums::TIMEOUT_TYPE_START_TO_CLOSE);
  chain_step next;
  next.retry_state = enums::RETRY_STATE_TIMEOUT;
  if (!chain_is_over) next = step_after_failure(of, failure);
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT);
  auto& attributes = *event.mutable_workflow_execution_timed_out_event_attributes();
  attributes.set_retry_state(next.retry_state);
  attributes.set_new_execution_run_id(next.run_id);
  close_run(of, std::move(event), enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT, next.run_id);
  if (!next.run_id.empty()) take_step(of, next);
}

}  // namespace detail_closing

RONDO_SERVER_FUNCTION void close_run(run& which, history_event closing, enums::WorkflowExecutionStatus status,
                                     const std::string& new_run_id) {
  core& in = *which.owner;
  auto& state = which.state;
  closing.set_event_id(which.events.next_id());
  state.set_close_event_id(append(which, closing));
  state.set_status(status);
  state.set_close_time(in.now());
  state.set_new_run_id(new_run_id);
  if (state.has_workflow_task()) leave_task_queue(which);
  state.clear_workflow_task();
  state.clear_sticky_task_queue();
  state.clear_sticky_timeout();
  state.clear_next_task_attempt();
  state.clear_first_task_time();
  state.clear_timers();
  state.clear_buffered_events();
  state.clear_buffered_bytes();
  which.visible_changed = true;
  in.touch(which);
  drop_activities(which);
  on_run_closed_for_updates(which);
  on_run_closed_for_queries(which);
  leave_children(which);
  if (new_run_id.empty()) tell_parent(which, closing);
  in.deployments().on_run_changed(which);
}

RONDO_SERVER_FUNCTION void refuse_while_closing(const run& of) {
  constexpr auto tried = enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND;
  if (!of.task_started() || of.state.last_task_failure_cause() != tried) return;
  throw refusal(exhausted_status("workflow operation can not be applied because workflow is closing",
                                 enums::RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW));
}

RONDO_SERVER_FUNCTION void terminate_run(run& which, const std::string& reason,
                                         const temporal::api::common::v1::Payloads* details,
                                         const std::string& identity) {
  if (!which.open()) return;
  detail_closing::force_task_to_end(which);
  history_event event = make_event(*which.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED);
  auto& attributes = *event.mutable_workflow_execution_terminated_event_attributes();
  attributes.set_reason(reason);
  if (details != nullptr) *attributes.mutable_details() = *details;
  attributes.set_identity(identity);
  close_run(which, std::move(event), enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
}

RONDO_SERVER_FUNCTION instant run_limit(const run& of) noexcept {
  const instant limit = earlier_set(of.state.run_deadline(), of.state.execution_deadline());
  return limit == 0 ? never : limit;
}

RONDO_SERVER_FUNCTION void on_run_limit(run& which, instant now) {
  if (!which.open() || run_limit(which) > now) return;
  const instant whole = which.state.execution_deadline();
  detail_closing::time_out(which, whole != 0 && whole <= now);
}

RONDO_SERVER_FUNCTION instant first_task_due(const run& of) noexcept {
  const instant due = of.state.first_task_time();
  return due == 0 ? never : due;
}

RONDO_SERVER_FUNCTION void on_first_task_due(run& which, instant now) {
  if (first_task_due(which) > now) return;
  which.state.clear_first_task_time();
  which.owner->touch(which);
  ensure_workflow_task(which);
}

}  // namespace rondo::server
