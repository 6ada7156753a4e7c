#pragma once
#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/engine/query_answers.hpp"
#include "rondo/detail/engine/workflow_run.hpp"
#include "rondo/exception_types.hpp"

namespace rondo::detail::engine {

RONDO_FUNCTION step workflow_run::accept(const service::PollWorkflowTaskQueueResponse& task,
                                         google::protobuf::Arena& arena, const task_options& options) {
  task_ = &task;
  arena_ = &arena;
  task_options_ = options;
  task_options_.messages = &task.messages();
  asked_for_full_history_ = false;
  if (execution_ && is_stale()) forget();
  const auto& events = task.history().events();
  const bool from_start = !events.empty() && events[0].event_id() == 1;
  if (!execution_ && !from_start) return ask_for_full_history();
  return feed(task.history(), task.next_page_token());
}

RONDO_FUNCTION step workflow_run::add_page(const History& page, std::string next_token) {
  return feed(page, std::move(next_token));
}

RONDO_FUNCTION void workflow_run::accepted(std::int64_t reset_history_event_id) {
  if (!execution_) return;
  if (reset_history_event_id == 0) return execution_->flags().accepted();
  tasks_.drop_open_task();
  last_started_ = reset_history_event_id;
}

RONDO_FUNCTION bool workflow_run::is_stale() const noexcept {
  if (execution_->problem()) return true;
  const auto previous = task_->previous_started_event_id();
  // A query may come from a server that does not say how far the run has come.
  if (query_only() && previous == 0) return false;
  if (tasks_.open_task_id() > previous) return true;
  return task_->history().events().empty() && last_started_ != previous;
}

RONDO_FUNCTION void workflow_run::forget() noexcept {
  execution_.reset();
  tasks_ = logical_tasks();
  last_started_ = 0;
}

RONDO_FUNCTION step workflow_run::feed(const History& page, std::string next_token) {
  page_token_ = std::move(next_token);
  if (!execution_) {
    execution_.emplace(definition_, *options_, task_->workflow_execution().workflow_id(),
                       task_->workflow_execution().run_id());
    ++times_begun_;
  }
  if (!tasks_.add(page.events(), page_token_.empty())) {
    if (!asked_for_full_history_) return ask_for_full_history();
    return inconsistent("events are missing after event " + std::to_string(last_event_id()));
  }
  return work();
}

RONDO_FUNCTION step workflow_run::work() {
  logical_task next;
  for (;;) {
    switch (tasks_.next(next, !query_only())) {
      case logical_tasks::reading::need_page:
        return ask_for_page();
      case logical_tasks::reading::end:
        return end_of_history();
      case logical_tasks::reading::inconsistent:
        if (!asked_for_full_history_) return ask_for_full_history();
        return inconsistent("workflow task " + std::to_string(tasks_.open_task_id()) + " was not completed");
      case logical_tasks::reading::task:
        break;
    }
    if (next.completed == nullptr) return work_on_open(next);
    if (!execution_->apply(next, nullptr, {})) return fail(*execution_->problem(), eviction::failed_task);
    if (next.started != nullptr) last_started_ = next.started->event_id();
  }
}

RONDO_FUNCTION step workflow_run::work_on_open(const logical_task& task) {
  const auto started = task.started->event_id();
  if (started != task_->started_event_id() && task_->started_event_id() != 0) {
    return inconsistent("the history ends with the start of a workflow task in event " + std::to_string(started) +
                        ", not in event " + std::to_string(task_->started_event_id()));
  }
  if (!execution_->apply(task, arena_, task_options_)) return fail(*execution_->problem(), eviction::failed_task);
  last_started_ = started;
  tasks_.drop_rest();
  return proceed();
}

RONDO_FUNCTION step workflow_run::end_local(const local_activity_end& how) {
  if (!execution_->end_local(how)) return fail(*execution_->problem(), eviction::failed_task);
  return proceed();
}

RONDO_FUNCTION step workflow_run::heartbeat() {
  auto done = complete();
  done.completed->set_force_create_new_workflow_task(true);
  return done;
}

RONDO_FUNCTION step workflow_run::proceed() {
  if (!execution_->needs_worker()) return complete();
  auto next = made(step_kind::local_activities);
  auto& commands = execution_->commands();
  commands.forbid_eager();
  next.eager_activities = commands.eager_used();
  next.starts = &execution_->locals()->starts();
  next.stops = &execution_->locals()->stops();
  return next;
}

RONDO_FUNCTION step workflow_run::end_of_history() {
  if (query_only()) {
    tasks_.drop_rest();
    return answer();
  }
  const auto rest = tasks_.rest();
  const bool closed = execution_->closed() || std::any_of(rest.begin(), rest.end(), [](const HistoryEvent* event) {
                        return closes_run(event->event_type());
                      });
  if (closed) return fail(history_problem("the workflow is closed"), eviction::closed);
  return inconsistent("the history ends before the start of the workflow task in event " +
                      std::to_string(task_->started_event_id()));
}

RONDO_FUNCTION step workflow_run::ask_for_page() {
  tasks_.keep();
  auto next = made(step_kind::need_page);
  next.page_token = page_token_;
  return next;
}

RONDO_FUNCTION step workflow_run::ask_for_full_history() {
  forget();
  asked_for_full_history_ = true;
  return made(step_kind::need_full_history);
}

RONDO_FUNCTION step workflow_run::complete() {
  auto done = made(step_kind::completed);
  auto& request = *google::protobuf::Arena::CreateMessage<service::RespondWorkflowTaskCompletedRequest>(arena_);
  done.completed = &request;
  request.set_task_token(task_->task_token());
  auto& commands = execution_->commands();
  done.eager_activities = commands.eager_used();
  for (const auto& [id, query] : task_->queries())
    answer_query(*execution_, query, (*request.mutable_query_results())[id]);
  commands.move_to(request);
  if (auto* updates = execution_->updates()) updates->move_to(request);
  execution_->flags().write(request);
  request.mutable_capabilities()->set_discard_speculative_workflow_task_with_events(true);
  if (auto* locals = execution_->locals()) done.stops = &locals->stops();
  if (execution_->closing()) done.evict = eviction::closed;
  return done;
}

RONDO_FUNCTION step workflow_run::answer() {
  auto done = made(step_kind::query_answered);
  auto& request = *google::protobuf::Arena::CreateMessage<service::RespondQueryTaskCompletedRequest>(arena_);
  done.answered = &request;
  request.set_task_token(task_->task_token());
  answer_query(*execution_, task_->query(), request);
  if (execution_->closed()) done.evict = eviction::closed;
  return done;
}

inline void write_problem(const task_problem& problem, const failure_converter* by, Failure& to) {
  if (problem.error) return write_failure(problem.error, to, by);
  to.set_message(valid_utf8(problem.message));
  to.set_source("rondo");
  to.mutable_application_failure_info()->set_type(problem.nondeterminism() ? "NondeterminismError"
                                                                           : "WorkflowTaskError");
}

RONDO_FUNCTION bool workflow_run::fails_workflow(const task_problem& problem) const {
  if (!problem.nondeterminism()) return false;
  const auto error = std::make_exception_ptr(nondeterminism_error(problem.message));
  return definition_.fails(task_->workflow_type().name(), error) || options_->failure_exceptions.contains(error);
}

RONDO_FUNCTION step workflow_run::fail_workflow(const task_problem& problem) {
  auto done = made(step_kind::completed);
  done.evict = eviction::nondeterminism;
  auto& request = *google::protobuf::Arena::CreateMessage<service::RespondWorkflowTaskCompletedRequest>(arena_);
  done.completed = &request;
  request.set_task_token(task_->task_token());
  auto& command = *request.add_commands();
  command.set_command_type(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION);
  write_problem(problem, options_->failures.get(),
                *command.mutable_fail_workflow_execution_command_attributes()->mutable_failure());
  return done;
}

RONDO_FUNCTION step workflow_run::fail(const task_problem& problem, eviction why) {
  if (!query_only() && fails_workflow(problem)) return fail_workflow(problem);
  auto done = made(query_only() ? step_kind::query_answered : step_kind::failed);
  done.evict = problem.nondeterminism() ? eviction::nondeterminism : why;
  if (query_only()) {
    auto& request = *google::protobuf::Arena::CreateMessage<service::RespondQueryTaskCompletedRequest>(arena_);
    done.answered = &request;
    request.set_task_token(task_->task_token());
    request.set_completed_type(enums::QUERY_RESULT_TYPE_FAILED);
    request.set_cause(problem.cause);
    write_problem(problem, options_->failures.get(), *request.mutable_failure());
    // A converter may be there to keep the exception's own text from going out.
    request.set_error_message(valid_utf8(options_->failures ? message_in(request.failure()) : problem.message));
    return done;
  }
  auto& request = *google::protobuf::Arena::CreateMessage<service::RespondWorkflowTaskFailedRequest>(arena_);
  done.failed = &request;
  request.set_task_token(task_->task_token());
  request.set_cause(problem.cause);
  write_problem(problem, options_->failures.get(), *request.mutable_failure());
  return done;
}

RONDO_FUNCTION step workflow_run::inconsistent(std::string what) {
  return fail(history_problem(std::move(what)), eviction::inconsistent_history);
}

RONDO_FUNCTION step workflow_run::made(step_kind kind) const {
  step next;
  next.kind = kind;
  next.attempt = task_->attempt() == 0 ? 1 : task_->attempt();
  return next;
}

}  // namespace rondo::detail::engine
