#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "rondo/server/delivery.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/queries.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/time.hpp"
#include "rondo/server/updates.hpp"
#include "rondo/server/workflow_tasks.hpp"

// How a workflow task gets to its worker.
namespace rondo::server {

namespace detail_task_delivery {

/// Pages end also where their bytes would not fit into a message together with the rest.
inline constexpr std::size_t page_bytes = 2U << 20U;

/// A task that was retried without events, while something else entered the history: it begins anew after that.
inline void catch_up(run& of) {
  auto& task = *of.state.mutable_workflow_task();
  if (task.kind() == state::WorkflowTask::NORMAL || task.scheduled_event_id() == of.events.next_id()) return;
  task.set_attempt(1);
  task.set_scheduled_time(of.owner->now());
  of.state.set_next_task_attempt(1);
  write_task_events(of);
}

/// It goes out with the answer to the start of its workflow.
inline bool is_eager_start(const run& of, const poller& by) {
  return !by.call && of.state.previous_started_event_id() == 0;
}

inline std::string request_id(const run& of, const poller& by) {
  if (by.call) return of.owner->new_uuid();
  return is_eager_start(of, by) ? of.state.request_id() : "request-from-RespondWorkflowTaskCompleted";
}

inline void mark_started(run& of, const poller& by) {
  auto& task = *of.state.mutable_workflow_task();
  // What is not stored yet does not count.
  task.set_history_size(is_eager_start(of, by) ? 0 : static_cast<std::int64_t>(of.events.bytes()));
  task.set_suggest_continue_as_new(!reasons_to_continue_as_new(of, task.history_size(), of.events.next_id()).empty());
  task.set_identity(by.identity);
  task.set_request_id(request_id(of, by));
  task.set_started_time(of.owner->now());
  task.set_started_event_id(task.kind() == state::WorkflowTask::NORMAL ? of.events.next_id()
                                                                       : task.scheduled_event_id() + 1);
  task.set_poller_instance(by.instance_key);
  if (by.version) *task.mutable_version() = *by.version;
  of.owner->touch(of);
  if (task.kind() == state::WorkflowTask::NORMAL) append(of, task_started_event(of));
  // What a speculative task leaves behind is known only when it is completed.
  if (task.kind() != state::WorkflowTask::SPECULATIVE) of.owner->deployments().on_task_started(of, by);
}

inline std::string make_token(const run& of) {
  const auto& task = of.state.workflow_task();
  state::TaskToken token;
  token.set_namespace_id(of.state.namespace_id());
  token.set_workflow_id(of.state.workflow_id());
  token.set_run_id(of.state.run_id());
  token.set_scheduled_event_id(task.scheduled_event_id());
  token.set_started_event_id(task.started_event_id());
  token.set_attempt(task.attempt());
  token.set_stamp(task.stamp());
  return token.SerializeAsString();
}

/// The last event of the first page.
inline std::int64_t page_end(const run& of, std::int64_t first) {
  const std::int64_t last = of.events.next_id() - 1;
  const std::int64_t most = first + of.owner->limit().history_page - 1;
  std::int64_t end = first;
  std::size_t bytes = of.events.part(first, first).size();
  while (end < last && end < most) {
    bytes += of.events.part(end + 1, end + 1).size();
    if (bytes > page_bytes) break;
    ++end;
  }
  return end;
}

/// The events from `first` as a serialized History, and how to read on if these are not all.
inline std::string first_page(const run& of, std::int64_t first, std::string& next_page) {
  state::HistoryPageToken rest;
  if (of.state.workflow_task().kind() != state::WorkflowTask::NORMAL) {
    rest.add_extra_events(task_scheduled_event(of).SerializeAsString());
    rest.add_extra_events(task_started_event(of).SerializeAsString());
  }
  const std::int64_t last = of.events.next_id() - 1;
  const std::int64_t end = page_end(of, first);
  std::string page(of.events.part(first, end));
  if (end < last) {
    rest.set_run_id(of.state.run_id());
    rest.set_next_event_id(end + 1);
    rest.set_last_event_id(last);
    next_page = rest.SerializeAsString();
    return page;
  }
  for (const auto& event : rest.extra_events()) {
    append_field(page, temporal::api::history::v1::History::kEventsFieldNumber, event);
  }
  return page;
}

/// Starts the task and fills in all but the history, which it returns serialized.
inline std::string start(run& of, const poller& by, bool sticky, service::PollWorkflowTaskQueueResponse& into) {
  leave_task_queue(of);
  if (!sticky && !of.state.sticky_task_queue().empty()) clear_stickiness(of);
  catch_up(of);
  mark_started(of, by);
  const auto& task = of.state.workflow_task();
  into.set_task_token(make_token(of));
  into.mutable_workflow_execution()->set_workflow_id(of.state.workflow_id());
  into.mutable_workflow_execution()->set_run_id(of.state.run_id());
  into.mutable_workflow_type()->set_name(of.state.type());
  into.set_previous_started_event_id(of.state.previous_started_event_id());
  into.set_started_event_id(task.started_event_id());
  into.set_attempt(task.attempt());
  into.set_backlog_count_hint(by.backlog_hint);
  if (by.scaling_suggestion != 0) {
    into.mutable_poller_scaling_decision()->set_poll_request_delta_suggestion(by.scaling_suggestion);
  }
  into.mutable_workflow_execution_task_queue()->set_name(of.state.task_queue());
  into.mutable_workflow_execution_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  to_proto(task.scheduled_time(), *into.mutable_scheduled_time());
  to_proto(task.started_time(), *into.mutable_started_time());
  attach_queries(of, into);
  attach_updates(of, into);
  return first_page(of, sticky ? of.state.previous_started_event_id() + 1 : 1, *into.mutable_next_page_token());
}

}  // namespace detail_task_delivery

RONDO_SERVER_FUNCTION std::string start_workflow_task(run& of, const poller& by, bool sticky) {
  service::PollWorkflowTaskQueueResponse response;
  const std::string history = detail_task_delivery::start(of, by, sticky, response);
  std::string bytes = response.SerializeAsString();
  append_field(bytes, service::PollWorkflowTaskQueueResponse::kHistoryFieldNumber, history);
  return bytes;
}

RONDO_SERVER_FUNCTION service::PollWorkflowTaskQueueResponse start_workflow_task_message(run& of, const poller& by,
                                                                                         bool sticky) {
  service::PollWorkflowTaskQueueResponse response;
  const std::string history = detail_task_delivery::start(of, by, sticky, response);
  response.mutable_history()->ParseFromString(history);
  return response;
}

RONDO_SERVER_FUNCTION bool deliver_workflow_task(core& in, const queued_task& task, const poller& to) {
  name_space* const space = in.namespaces().find_by_id(task.queue.namespace_id);
  run* const of = space == nullptr ? nullptr : find_run(in, *space, task.workflow_id, task.run_id);
  if (of == nullptr || !of->open() || !of->state.has_workflow_task() || of->task_started()) return false;
  const auto& waiting = of->state.workflow_task();
  if (waiting.stamp() != task.stamp) return false;
  if (waiting.kind() == state::WorkflowTask::SPECULATIVE && !has_unsent_updates(*of)) {
    drop_workflow_task(*of);
    return false;
  }
  const bool sticky = task.sticky && of->state.sticky_task_queue() == task.queue.name;
  in.answer(to.call, start_workflow_task(*of, to, sticky));
  return true;
}

}  // namespace rondo::server
