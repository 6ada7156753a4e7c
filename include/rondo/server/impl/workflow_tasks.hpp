#pragma once

#include "rondo/server/workflow_tasks.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/server/closing.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/queries.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/updates.hpp"

// The life of a workflow task up to its delivery, and its ends other than completion.
namespace rondo::server {

namespace detail_workflow_tasks {

/// Attempts that follow each other without a pause.
inline constexpr int quick_attempts = 3;
inline constexpr interval first_pause = 5 * second;
inline constexpr interval longest_pause = 10 * minute;

inline interval pause_before(int attempt) noexcept {
  if (attempt <= quick_attempts) return 0;
  interval pause = first_pause;
  for (int each = quick_attempts + 1; each < attempt && pause < longest_pause; ++each) pause *= 2;
  return std::min(pause, longest_pause);
}

/// The sticky queue belongs to a worker of the version that the task is for.
inline bool sticky_fits(const run& of, const std::optional<deployment_version>& wanted) {
  const auto& had = of.state.versioning().deployment_version();
  if (!wanted) return had.build_id().empty();
  return wanted->deployment_name() == had.deployment_name() && wanted->build_id() == had.build_id();
}

inline void name_queue(const run& of, temporal::api::taskqueue::v1::TaskQueue& into) {
  if (of.state.sticky_task_queue().empty()) {
    into.set_name(of.state.task_queue());
    into.set_kind(enums::TASK_QUEUE_KIND_NORMAL);
    return;
  }
  into.set_name(of.state.sticky_task_queue());
  into.set_kind(enums::TASK_QUEUE_KIND_STICKY);
  into.set_normal_name(of.state.task_queue());
}

/// The open task failed or timed out. `counts`: the next one is a further attempt, unless the worker's queue was at
/// fault.
inline void give_up(run& of, bool counts) {
  const int attempt = of.state.workflow_task().attempt();
  leave_task_queue(of);
  if (!of.state.sticky_task_queue().empty()) {
    clear_stickiness(of);
    counts = false;
  }
  of.state.set_next_task_attempt(counts ? attempt + 1 : 1);
  of.state.clear_workflow_task();
  of.owner->touch(of);
  on_task_lost(of);
  on_task_lost_for_updates(of);
}

inline bool is_queued(const run& of) {
  return of.queued_tasks.count(of.state.workflow_task().scheduled_event_id()) != 0;
}

}  // namespace detail_workflow_tasks

RONDO_SERVER_FUNCTION std::vector<enums::SuggestContinueAsNewReason> reasons_to_continue_as_new(const run& of,
                                                                                                std::int64_t bytes,
                                                                                                std::int64_t events) {
  const auto& limit = of.owner->limit();
  std::vector<enums::SuggestContinueAsNewReason> reasons;
  if (bytes >= limit.suggest_size) {
    reasons.push_back(enums::SUGGEST_CONTINUE_AS_NEW_REASON_HISTORY_SIZE_TOO_LARGE);
  }
  if (events >= limit.suggest_events) {
    reasons.push_back(enums::SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_HISTORY_EVENTS);
  }
  // From nine tenths of the updates that a run may have.
  if (limit.updates_per_run > 0 && of.state.update_count() * 10 >= limit.updates_per_run * 9) {
    reasons.push_back(enums::SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_UPDATES);
  }
  return reasons;
}

RONDO_SERVER_FUNCTION history_event task_scheduled_event(const run& of) {
  const auto& task = of.state.workflow_task();
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
  event.set_event_id(task.scheduled_event_id());
  to_proto(task.scheduled_time(), *event.mutable_event_time());
  auto& attributes = *event.mutable_workflow_task_scheduled_event_attributes();
  detail_workflow_tasks::name_queue(of, *attributes.mutable_task_queue());
  to_proto(task.start_to_close(), *attributes.mutable_start_to_close_timeout());
  attributes.set_attempt(task.attempt());
  return event;
}

RONDO_SERVER_FUNCTION history_event task_started_event(const run& of) {
  const auto& task = of.state.workflow_task();
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  event.set_event_id(task.started_event_id());
  to_proto(task.started_time(), *event.mutable_event_time());
  auto& attributes = *event.mutable_workflow_task_started_event_attributes();
  attributes.set_scheduled_event_id(task.scheduled_event_id());
  attributes.set_identity(task.identity());
  attributes.set_request_id(task.request_id());
  attributes.set_history_size_bytes(task.history_size());
  if (!task.suggest_continue_as_new()) return event;
  attributes.set_suggest_continue_as_new(true);
  for (const auto reason : reasons_to_continue_as_new(of, task.history_size(), task.started_event_id())) {
    attributes.add_suggest_continue_as_new_reasons(reason);
  }
  return event;
}

RONDO_SERVER_FUNCTION void write_task_events(run& of) {
  auto& task = *of.state.mutable_workflow_task();
  const auto queued = of.queued_tasks.extract(task.scheduled_event_id());
  task.set_kind(state::WorkflowTask::NORMAL);
  task.set_scheduled_event_id(of.events.next_id());
  append(of, task_scheduled_event(of));
  if (!queued.empty()) of.queued_tasks[task.scheduled_event_id()] = queued.mapped();
  if (task.started_event_id() == 0) return;
  task.set_started_event_id(of.events.next_id());
  append(of, task_started_event(of));
}

RONDO_SERVER_FUNCTION void make_task_durable(run& of) {
  if (of.state.has_workflow_task() && of.state.workflow_task().kind() == state::WorkflowTask::SPECULATIVE) {
    write_task_events(of);
  }
}

RONDO_SERVER_FUNCTION void leave_task_queue(run& of) {
  const auto queued = of.queued_tasks.find(of.state.workflow_task().scheduled_event_id());
  if (queued == of.queued_tasks.end()) return;
  of.owner->matching().remove(queued->second);
  of.queued_tasks.erase(queued);
}

RONDO_SERVER_FUNCTION void clear_stickiness(run& of) {
  of.state.clear_sticky_task_queue();
  of.state.clear_sticky_timeout();
  of.owner->touch(of);
}

RONDO_SERVER_FUNCTION void schedule_workflow_task(run& of, const task_plan& plan) {
  auto kind = plan.kind;
  if (flush_buffered(of)) {
    of.state.set_next_task_attempt(1);
    kind = state::WorkflowTask::NORMAL;
  }
  if (of.paused()) return;
  const int attempt = std::max(1, of.state.next_task_attempt());
  if (attempt > 1) kind = state::WorkflowTask::TRANSIENT;
  const instant now = of.owner->now();
  of.state.set_task_stamp(of.state.task_stamp() + 1);
  auto& task = *of.state.mutable_workflow_task();
  task.Clear();
  task.set_kind(kind);
  task.set_attempt(attempt);
  task.set_scheduled_event_id(of.events.next_id());
  task.set_scheduled_time(now);
  task.set_original_scheduled_time(plan.original_time != 0 ? plan.original_time : now);
  // A worker that drops what it cannot do is not asked again too often.
  task.set_start_to_close(of.state.task_timeout() + detail_workflow_tasks::pause_before(attempt));
  task.set_stamp(of.state.task_stamp());
  if (plan.pause > 0 && attempt > 1) task.set_not_before(now + plan.pause);
  if (kind == state::WorkflowTask::NORMAL) append(of, task_scheduled_event(of));
  of.owner->touch(of);
  if (plan.dispatch) dispatch_workflow_task(of);
}

RONDO_SERVER_FUNCTION void dispatch_workflow_task(run& of) {
  auto& task = *of.state.mutable_workflow_task();
  core& in = *of.owner;
  if (of.task_started() || task.not_before() > in.now() || detail_workflow_tasks::is_queued(of)) return;
  queued_task queued;
  queued.kind = task_kind::workflow;
  queued.queue = {of.state.namespace_id(), of.state.task_queue(), queue_type::workflow};
  queued.version = in.deployments().target(of, queued.queue);
  if (!of.state.sticky_task_queue().empty() && detail_workflow_tasks::sticky_fits(of, queued.version)) {
    const queue_key sticky{of.state.namespace_id(), of.state.sticky_task_queue(), queue_type::workflow};
    queued.sticky = in.matching().sticky_available(sticky);
    if (queued.sticky) queued.queue = sticky;
  }
  queued.workflow_id = of.state.workflow_id();
  queued.run_id = of.state.run_id();
  queued.scheduled_event_id = task.scheduled_event_id();
  queued.stamp = task.stamp();
  prioritize(queued, of.state.priority());
  queued.added = in.now();
  task.set_task_queue(queued.queue.name);
  task.set_sticky(queued.sticky);
  in.revisit(of);
  of.queued_tasks[task.scheduled_event_id()] = in.matching().add(std::move(queued));
}

RONDO_SERVER_FUNCTION void ensure_workflow_task(run& of) {
  if (!of.open()) return;
  enforce_history_limits(of);
  if (of.state.first_task_time() != 0) return;
  if (of.state.has_workflow_task()) {
    make_task_durable(of);
  } else {
    schedule_workflow_task(of, task_plan());
  }
}

RONDO_SERVER_FUNCTION void schedule_speculative_task(run& of) {
  if (!of.open() || of.paused() || of.state.has_workflow_task() || of.state.first_task_time() != 0) return;
  task_plan plan;
  plan.kind = state::WorkflowTask::SPECULATIVE;
  schedule_workflow_task(of, plan);
}

RONDO_SERVER_FUNCTION void drop_workflow_task(run& of) {
  if (!of.state.has_workflow_task()) return;
  leave_task_queue(of);
  of.state.clear_workflow_task();
  of.owner->touch(of);
}

RONDO_SERVER_FUNCTION void fail_workflow_task(run& of, enums::WorkflowTaskFailedCause cause,
                                              const temporal::api::failure::v1::Failure& failure,
                                              const std::string& identity, bool schedule_next) {
  if (!of.state.has_workflow_task()) return;
  make_task_durable(of);
  const auto& task = of.state.workflow_task();
  if (task.kind() == state::WorkflowTask::NORMAL) {
    history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_TASK_FAILED);
    auto& attributes = *event.mutable_workflow_task_failed_event_attributes();
    attributes.set_scheduled_event_id(task.scheduled_event_id());
    attributes.set_started_event_id(task.started_event_id());
    attributes.set_cause(cause);
    if (failure.ByteSizeLong() > 0) *attributes.mutable_failure() = failure;
    attributes.set_identity(identity);
    append(of, std::move(event));
  }
  detail_workflow_tasks::give_up(of, cause != enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW);
  of.state.set_last_task_failure_cause(cause);
  *of.state.mutable_last_task_failure() = failure;
  if (!schedule_next) {
    flush_buffered(of);
    return;
  }
  task_plan plan;
  plan.pause = detail_workflow_tasks::pause_before(of.state.next_task_attempt());
  schedule_workflow_task(of, plan);
}

RONDO_SERVER_FUNCTION void time_out_workflow_task(run& of, enums::TimeoutType type) {
  make_task_durable(of);
  const auto& task = of.state.workflow_task();
  if (task.kind() == state::WorkflowTask::NORMAL) {
    history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
    auto& attributes = *event.mutable_workflow_task_timed_out_event_attributes();
    attributes.set_scheduled_event_id(task.scheduled_event_id());
    attributes.set_started_event_id(task.started_event_id());
    attributes.set_timeout_type(type);
    append(of, std::move(event));
  }
  detail_workflow_tasks::give_up(of, type == enums::TIMEOUT_TYPE_START_TO_CLOSE);
  // Whether a task that nobody ended tried to close the workflow is not known.
  if (type == enums::TIMEOUT_TYPE_START_TO_CLOSE) of.state.clear_last_task_failure_cause();
  schedule_workflow_task(of, task_plan());
}

RONDO_SERVER_FUNCTION instant workflow_task_due(const run& of) noexcept {
  if (!of.state.has_workflow_task()) return never;
  const auto& task = of.state.workflow_task();
  if (task.started_event_id() != 0) return later(task.started_time(), task.start_to_close());
  if (!detail_workflow_tasks::is_queued(of)) return std::max(task.not_before(), task.scheduled_time());
  if (!task.sticky()) return never;
  // The run has left the worker in whose queue the task waits, as a query does that had no answer.
  if (of.state.sticky_task_queue().empty()) return task.scheduled_time();
  if (of.state.sticky_timeout() <= 0) return never;
  return later(task.scheduled_time(), of.state.sticky_timeout());
}

RONDO_SERVER_FUNCTION void on_workflow_task_due(run& of, instant now) {
  if (!of.open() || workflow_task_due(of) > now) return;
  if (of.task_started()) {
    time_out_workflow_task(of, enums::TIMEOUT_TYPE_START_TO_CLOSE);
  } else if (detail_workflow_tasks::is_queued(of)) {
    time_out_workflow_task(of, enums::TIMEOUT_TYPE_SCHEDULE_TO_START);
  } else {
    dispatch_workflow_task(of);
  }
}

RONDO_SERVER_FUNCTION void enforce_history_limits(run& of) {
  core& in = *of.owner;
  std::string reason;
  if (static_cast<std::int64_t>(of.events.bytes()) > in.limit().history_size) {
    reason = "Workflow history size exceeds limit.";
  } else if (of.events.next_id() > in.limit().history_events) {
    reason = "Workflow history count exceeds limit.";
  }
  if (reason.empty() || !of.open()) return;
  in.later([&in, reason, space = of.state.namespace_id(), workflow = of.state.workflow_id(), id = of.state.run_id()] {
    name_space* const found = in.namespaces().find_by_id(space);
    run* const which = found == nullptr ? nullptr : find_run(in, *found, workflow, id);
    if (which != nullptr && which->open()) terminate_run(*which, reason, nullptr, "history-service");
  });
}

}  // namespace rondo::server
