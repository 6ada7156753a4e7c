#pragma once
#include <cstddef>
#include <string>
#include <utility>

#include "rondo/deployment_version.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/workflow/info.hpp"

namespace rondo::detail::engine {

/// Fills in what the first event says about a run. Ids that are known already stay.
inline void read_start(const HistoryEvent& event, workflow_info& to, const failure_converter* by = nullptr) {
  const auto& from = event.workflow_execution_started_event_attributes();
  if (to.workflow_id.empty()) to.workflow_id = from.workflow_id();
  if (to.run_id.empty()) to.run_id = from.original_execution_run_id();
  to.workflow_type = from.workflow_type().name();
  to.task_queue = from.task_queue().name();
  to.first_execution_run_id = from.first_execution_run_id();
  to.original_run_id = from.original_execution_run_id();
  to.continued_run_id = from.continued_execution_run_id();
  to.parent_workflow_id = from.parent_workflow_execution().workflow_id();
  to.parent_run_id = from.parent_workflow_execution().run_id();
  to.parent_namespace = from.parent_workflow_namespace();
  to.cron_schedule = from.cron_schedule();
  to.identity = from.identity();
  to.attempt = from.attempt() == 0 ? 1 : from.attempt();
  to.execution_timeout = duration_of(from.workflow_execution_timeout());
  to.run_timeout = duration_of(from.workflow_run_timeout());
  to.task_timeout = duration_of(from.workflow_task_timeout());
  to.start_time = time_of(event.event_time());
  // Servers say "never" with the year 1.
  if (from.workflow_execution_expiration_time().seconds() > 0) {
    to.expiration_time = time_of(from.workflow_execution_expiration_time());
  }
  if (from.has_retry_policy()) to.retry = retry_policy_of(from.retry_policy());
  to.root_workflow_id =
      from.has_root_workflow_execution() ? from.root_workflow_execution().workflow_id() : to.workflow_id;
  to.root_run_id = from.has_root_workflow_execution() ? from.root_workflow_execution().run_id() : to.run_id;
  read_payload_map(from.header().fields(), to.headers);
  to.priority_key = from.priority().priority_key();
  to.fairness_key = from.priority().fairness_key();
  to.fairness_weight = from.priority().fairness_weight();
  read_payload_map(from.memo().fields(), to.memo);
  read_payload_map(from.search_attributes().indexed_fields(), to.search_attributes);
  to.last_completion_result = list_of(from.last_completion_result());
  if (from.has_continued_failure()) to.last_failure = exception_of(from.continued_failure(), by);
}

/// About so much memory lies behind the facts of a run: long texts, and what was said at its start.
inline std::size_t bytes_behind(const workflow_info& of) {
  const auto of_text = [](const std::string& text) {
    return text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
  };
  std::size_t sum = 0;
  for (const auto* text :
       {&of.workflow_id, &of.run_id, &of.workflow_type, &of.task_queue, &of.namespace_, &of.first_execution_run_id,
        &of.original_run_id, &of.continued_run_id, &of.parent_workflow_id, &of.parent_run_id, &of.parent_namespace,
        &of.cron_schedule, &of.identity, &of.root_workflow_id, &of.root_run_id, &of.fairness_key}) {
    sum += of_text(*text);
  }
  if (of.retry) {
    for (const auto& each : of.retry->non_retryable_error_types) sum += sizeof(each) + of_text(each);
  }
  const auto add_payload = [&](const payload& each) {
    for (const auto& [key, value] : each.metadata) sum += sizeof(std::pair<std::string, std::string>) + of_text(value);
    sum += sizeof(each) + of_text(each.data);
  };
  for (const auto* map : {&of.memo, &of.search_attributes, &of.headers}) {
    for (const auto& [name, value] : *map) {
      sum += sizeof(name) + of_text(name);
      add_payload(value);
    }
  }
  for (const auto& each : of.last_completion_result) add_payload(each);
  return sum;
}

/// The version of the worker that completed a workflow task.
inline void read_version(const HistoryEvent& completed, worker_deployment_version& to) {
  const auto& from = completed.workflow_task_completed_event_attributes();
  // Seldom another one than that of the task before.
  const auto change = [](std::string& text, const std::string& now) {
    if (text != now) text = now;
  };
  change(to.deployment_name, from.deployment_version().deployment_name());
  change(to.build_id,
         from.has_deployment_version() ? from.deployment_version().build_id() : from.worker_version().build_id());
}

/// Fills in what the start of a workflow task says.
inline void read_task_start(const HistoryEvent& event, workflow_info& to) {
  const auto& from = event.workflow_task_started_event_attributes();
  to.history_length = event.event_id();
  to.history_size_bytes = from.history_size_bytes();
  to.continue_as_new_suggested = from.suggest_continue_as_new();
  to.history_size_too_large = to.too_many_history_events = to.too_many_updates = false;
  for (const int reason : from.suggest_continue_as_new_reasons()) {
    if (reason == enums::SUGGEST_CONTINUE_AS_NEW_REASON_HISTORY_SIZE_TOO_LARGE) to.history_size_too_large = true;
    if (reason == enums::SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_HISTORY_EVENTS) to.too_many_history_events = true;
    if (reason == enums::SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_UPDATES) to.too_many_updates = true;
  }
  to.target_worker_deployment_version_changed = from.target_worker_deployment_version_changed();
}

}  // namespace rondo::detail::engine
