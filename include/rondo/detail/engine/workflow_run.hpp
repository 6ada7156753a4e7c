#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/arena.h>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/execution.hpp"
#include "rondo/detail/engine/logical_tasks.hpp"
#include "rondo/detail/engine/step.hpp"
#include "rondo/detail/run/definition.hpp"

namespace rondo::detail::engine {

/// A run as the worker keeps it in its cache: workflow tasks go in, one after another, and completions come out. It
/// does no input or output; a step says what the worker has to do.
///
///     accept(task) ──> need_page / need_full_history ──> add_page ──> ... ──> completed ──> accepted
///                 └──────────────────────────────────────────────────────┴──> failed, query_answered
///     local_activities ──> end_local ──> ... ──> completed, or heartbeat ──> completed
///
/// It may be destroyed at any moment between two calls. Nothing of it throws for what the history or the code does.
class workflow_run {
 public:
  /// `definition` must outlive the run. The options are those of many runs, which need not have each their own; they
  /// are never null.
  workflow_run(const run::workflow_definition& definition, std::shared_ptr<const run_options> options)
      : definition_(definition), options_(std::move(options)) {}
  workflow_run(const workflow_run&) = delete;
  workflow_run& operator=(const workflow_run&) = delete;

  /// Begins to work on a task. `task` and `arena` must live until the step that ends the task, and the messages of that
  /// step lie on `arena`; nothing is kept beyond.
  step accept(const service::PollWorkflowTaskQueueResponse& task, google::protobuf::Arena& arena,
              const task_options& options = {});

  /// Goes on with a page that a step asked for; the page may be destroyed afterwards.
  step add_page(const History& page, std::string next_token);

  /// Goes on with the end of a local activity that a step asked for. After heartbeat() only once the next task of the
  /// run was accepted.
  step end_local(const local_activity_end& how);

  /// Completes the task with what there is while local activities go on: the server gives another one at once.
  step heartbeat();

  /// The code waits for local activities.
  bool needs_worker() const noexcept { return execution_ && execution_->needs_worker(); }
  /// The end of this one is still of use.
  bool waits_for_local(std::uint64_t number) const noexcept {
    return execution_ && execution_->find_local(number) != nullptr;
  }
  /// Longest time of a workflow task, as the server says; zero before the run has begun.
  duration task_timeout() const noexcept { return execution_ ? execution_->info().task_timeout : duration::zero(); }

  /// The server took the completion. `reset_history_event_id` is what its answer said: other than 0 when it dropped the
  /// workflow task because nothing happened in it.
  void accepted(std::int64_t reset_history_event_id = 0);

  /// Empty until the run has begun.
  std::string_view workflow_id() const noexcept {
    return execution_ ? std::string_view(execution_->info().workflow_id) : std::string_view();
  }

  /// The same of its own id.
  std::string_view run_id() const noexcept {
    return execution_ ? std::string_view(execution_->info().run_id) : std::string_view();
  }

  /// Memory that the run keeps between its tasks, besides what its code has allocated itself: its arena to the byte,
  /// and about what lies outside of it.
  std::size_t bytes() const {
    if (!execution_) return sizeof(*this);
    return sizeof(*this) + execution_->memory().bytes_held() + bytes_behind(execution_->info());
  }

  /// How often the code was begun at the first event. When this changes, all that went on outside for the code that was
  /// there before means nothing any more.
  std::uint32_t times_begun() const noexcept { return times_begun_; }

  /// Id of the last event that the run has seen; 0 when it has seen none.
  std::int64_t last_event_id() const noexcept { return tasks_.next_id() - 1; }

 private:
  bool query_only() const noexcept { return task_->has_query(); }
  /// True when a cached run does not stand where the task begins.
  bool is_stale() const noexcept;
  void forget() noexcept;
  step feed(const History& page, std::string next_token);
  /// Applies what is there, up to a step.
  step work();
  step work_on_open(const logical_task& task);
  step end_of_history();
  step ask_for_page();
  step ask_for_full_history();
  /// The code has come as far as it can: what is next.
  step proceed();
  step complete();
  step answer();
  step fail(const task_problem& problem, eviction why);
  /// The workflow ends as failed because its code has changed.
  step fail_workflow(const task_problem& problem);
  bool fails_workflow(const task_problem& problem) const;
  step inconsistent(std::string what);
  step made(step_kind kind) const;

  const run::workflow_definition& definition_;
  std::shared_ptr<const run_options> options_;
  logical_tasks tasks_;
  std::optional<execution> execution_;
  /// Started event of the last task that was applied.
  std::int64_t last_started_ = 0;

  // Of the current task.
  const service::PollWorkflowTaskQueueResponse* task_ = nullptr;
  google::protobuf::Arena* arena_ = nullptr;
  task_options task_options_;
  std::string page_token_;
  bool asked_for_full_history_ = false;

  std::uint32_t times_begun_ = 0;
};

}  // namespace rondo::detail::engine

#ifndef RONDO_COMPILED
#include "rondo/detail/engine/impl/workflow_run.hpp"
#endif
