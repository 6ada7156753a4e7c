#pragma once

#include "rondo/server/queries.hpp"

#include <rondo/server/state.pb.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "rondo/server/delivery.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/statuses.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_queries {

/// Queries of one run that may wait for a workflow task.
inline constexpr std::size_t most_buffered = 100;
/// Of a workflow task that keeps failing: nobody waits for this attempt.
inline constexpr int failing_attempt = 3;
inline constexpr std::chrono::seconds longest_wait{30};
inline constexpr interval default_sticky_timeout = 5 * second;

/// Where a query is; it is looked up again whenever something happened meanwhile.
struct address {
  std::string namespace_id;
  std::string run_id;
  std::uint64_t number = 0;
};

struct found {
  run* of = nullptr;
  pending_query* query = nullptr;
};

inline run* find_run_of(core& in, const std::string& namespace_id, const std::string& run_id) {
  name_space* space = in.namespaces().find_by_id(namespace_id);
  if (space == nullptr) return nullptr;
  const auto at = space->runs.find(run_id);
  return at == space->runs.end() ? nullptr : at->second.get();
}

inline found find(core& in, const address& at) {
  run* of = find_run_of(in, at.namespace_id, at.run_id);
  if (of == nullptr || !of->queries) return {};
  const auto query = of->queries->all.find(at.number);
  return query == of->queries->all.end() ? found{} : found{of, query->second.get()};
}

/// By the name that workers know.
inline pending_query* find_by_id(const run& of, const std::string& id) {
  if (!of.queries) return nullptr;
  for (const auto& [number, query] : of.queries->all) {
    if (query->id == id) return query.get();
  }
  return nullptr;
}

inline address address_of(const run& of, const pending_query& query) {
  return {of.state.namespace_id(), of.state.run_id(), query.number};
}

inline void leave_queue(pending_query& query) {
  query.owner->clock().disarm(query.sticky_over);
  if (query.queued_task != 0) query.owner->matching().remove(std::exchange(query.queued_task, 0));
}

/// Takes the query out of the run; it is destroyed with what is returned.
inline std::unique_ptr<pending_query> take(run& of, const pending_query& query) {
  auto node = of.queries->all.extract(query.number);
  if (of.queries->all.empty()) of.queries.reset();
  auto taken = std::move(node.mapped());
  taken->given_up.disarm();
  taken->call->on_abandoned = nullptr;
  return taken;
}

inline void refuse(run& of, const pending_query& query, rpc_status status) {
  const auto taken = take(of, query);
  of.owner->refuse(taken->call, std::move(status));
}

/// Says in what state the run is, instead of an answer.
inline void reject(run& of, const call_ptr& call) {
  service::QueryWorkflowResponse response;
  response.mutable_query_rejected()->set_status(of.state.status());
  of.owner->answer(call, response);
}

/// The answer of a worker.
inline void answer(run& of, const pending_query& query, enums::QueryResultType type,
                   temporal::api::common::v1::Payloads&& result, const std::string& message,
                   const temporal::api::failure::v1::Failure& failure) {
  core& in = *of.owner;
  if (result.ByteSizeLong() > in.limit().blob_size) {
    return refuse(of, query, rpc_status(rpc_code::invalid_argument, "Blob data size exceeds limit."));
  }
  if (type == enums::QUERY_RESULT_TYPE_ANSWERED) {
    service::QueryWorkflowResponse response;
    *response.mutable_query_result() = std::move(result);
    const auto taken = take(of, query);
    return in.answer(taken->call, response);
  }
  if (type != enums::QUERY_RESULT_TYPE_FAILED) {
    return refuse(of, query, rpc_status(rpc_code::internal, "unknown query completed type"));
  }
  temporal::api::errordetails::v1::QueryFailedFailure detail;
  if (failure.ByteSizeLong() != 0) *detail.mutable_failure() = failure;
  refuse(of, query, make_status(rpc_code::invalid_argument, message, detail));
}

inline int attempt_of_task(const run& of) noexcept {
  return of.state.has_workflow_task() ? of.state.workflow_task().attempt() : of.state.next_task_attempt();
}

inline rpc_status failing_status() {
  return not_ready_status("Unable to query workflow due to Workflow Task in failed state.");
}

inline rpc_status never_started_status() {
  return not_ready_status("Workflow execution closed before WorkflowTaskStarted event");
}

/// No event can come before the query that a worker does not know of: it need not wait for a workflow task.
inline bool is_settled(const run& of) noexcept {
  return of.state.previous_started_event_id() != 0 && (!of.open() || !of.state.has_workflow_task());
}

inline void enter_queue(run& of, pending_query& query, bool sticky) {
  core& in = *of.owner;
  query.buffered = false;
  query.sticky = sticky;
  if (!std::exchange(query.holds_clock, true)) in.clock().hold();
  queued_task task;
  task.kind = task_kind::query;
  task.queue = {of.state.namespace_id(), of.state.task_queue(), queue_type::workflow};
  task.version = in.deployments().target(of, task.queue);
  if (sticky) task.queue.name = of.state.sticky_task_queue();
  task.sticky = sticky;
  task.workflow_id = of.state.workflow_id();
  task.run_id = of.state.run_id();
  task.query_id = query.id;
  prioritize(task, of.state.priority());
  task.added = in.now();
  query.queued_task = in.matching().add(std::move(task));
}

/// The sticky worker did not answer in time: the run leaves it, and any worker may answer.
inline void on_sticky_over(core& in, const address& at) {
  const auto [of, query] = find(in, at);
  if (query == nullptr) return;
  leave_queue(*query);
  if (of->open()) clear_stickiness(*of);
  // With a new id, so that a late answer is not mistaken for the one that is waited for.
  query->id = in.new_uuid();
  enter_queue(*of, *query, false);
}

inline void dispatch(run& of, pending_query& query) {
  core& in = *of.owner;
  const queue_key sticky{of.state.namespace_id(), of.state.sticky_task_queue(), queue_type::workflow};
  if (sticky.name.empty() || !in.matching().sticky_available(sticky)) return enter_queue(of, query, false);
  enter_queue(of, query, true);
  query.sticky_over.on_due = [&in, at = address_of(of, query)] { in.turn([&in, &at] { on_sticky_over(in, at); }); };
  const interval wait = of.state.sticky_timeout() != 0 ? of.state.sticky_timeout() : default_sticky_timeout;
  in.clock().arm(query.sticky_over, later(in.now(), wait));
}

/// The caller may lose its patience or go away.
inline void watch_caller(run& of, pending_query& query) {
  core& in = *of.owner;
  const auto forget = [&in, at = address_of(of, query)] {
    in.turn([&in, &at] {
      const auto [run_of, pending] = find(in, at);
      if (pending != nullptr) take(*run_of, *pending);
    });
  };
  query.call->on_abandoned = forget;
  const auto now = io::steady_clock::now();
  auto until = now + longest_wait;
  if (query.call->deadline() != io::time_point::max()) {
    // A little before the caller's own clock says so, so that it hears a reason.
    const auto left = query.call->deadline() - now;
    const io::duration ahead = std::min<io::duration>(left / 10, std::chrono::milliseconds(100));
    until = std::min(until, query.call->deadline() - ahead);
  }
  query.given_up.arm(in.loop(), until, [&in, at = address_of(of, query)] {
    in.turn([&in, &at] {
      const auto [run_of, pending] = find(in, at);
      if (pending == nullptr) return;
      refuse(*run_of, *pending,
             rpc_status(rpc_code::deadline_exceeded, "query timed out before a worker could process it"));
    });
  });
}

/// What still waits for a workflow task although none is open, or none will come, goes to a worker directly, or is
/// refused.
inline void settle(core& in, const std::string& namespace_id, const std::string& run_id, bool task_lost) {
  run* of = find_run_of(in, namespace_id, run_id);
  if (of == nullptr || !of->queries) return;
  std::vector<pending_query*> waiting;
  for (const auto& [number, query] : of->queries->all) {
    if (query->buffered) waiting.push_back(query.get());
  }
  const bool never_started = !of->open() && of->state.previous_started_event_id() == 0;
  const bool failing = task_lost && of->open() && attempt_of_task(*of) >= failing_attempt;
  for (pending_query* query : waiting) {
    if (of->paused()) {
      reject(*of, take(*of, *query)->call);
    } else if (never_started) {
      refuse(*of, *query, never_started_status());
    } else if (failing) {
      refuse(*of, *query, failing_status());
    } else if (is_settled(*of)) {
      dispatch(*of, *query);
    }
  }
}

inline void settle_later(run& of, bool task_lost) {
  if (!of.queries) return;
  core& in = *of.owner;
  in.later([&in, namespace_id = of.state.namespace_id(), run_id = of.state.run_id(), task_lost] {
    settle(in, namespace_id, run_id, task_lost);
  });
}

/// The query came before the first workflow task could; it waits for that only if the caller does.
inline bool waits_for_first_task(const run& of, const incoming_call& call) {
  core& in = *of.owner;
  if (in.clock().can_skip()) return true;
  if (call.deadline() == io::time_point::max()) return false;
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(call.deadline() - io::steady_clock::now());
  return of.state.first_task_time() <= later(in.now(), left.count());
}

inline bool is_rejected(const run& of, enums::QueryRejectCondition condition) noexcept {
  if (of.open()) return false;
  if (condition == enums::QUERY_REJECT_CONDITION_NOT_OPEN) return true;
  return condition == enums::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY &&
         of.state.status() != enums::WORKFLOW_EXECUTION_STATUS_COMPLETED;
}

/// Refuses what cannot be answered in the state of the run.
inline void check_state(const run& of, const incoming_call& call) {
  const bool completed_any = of.state.previous_started_event_id() != 0;
  if (!of.open() && !completed_any) throw refusal(never_started_status());
  if (of.open() && !completed_any && !of.state.has_workflow_task() && !waits_for_first_task(of, call)) {
    throw refusal(not_ready_status("Workflow task is not scheduled yet."));
  }
  if (of.open() && attempt_of_task(of) >= failing_attempt) throw refusal(failing_status());
  if (is_settled(of) || !of.queries) return;
  const auto& all = of.queries->all;
  const auto buffered = std::count_if(all.begin(), all.end(), [](const auto& each) { return each.second->buffered; });
  if (static_cast<std::size_t>(buffered) < most_buffered) return;
  throw refusal(
      exhausted_status("consistent query buffer is full, this may be caused by too many queries and "
                       "workflow not able to process query fast enough",
                       enums::RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW));
}

inline void query_workflow(core& in, service::QueryWorkflowRequest& request, const call_ptr& call) {
  name_space& space = in.namespaces().get(request.namespace_());
  check_execution(request.has_execution(), request.execution());
  if (!request.has_query()) throw refusal(rpc_code::invalid_argument, "WorkflowQuery is not set on request.");
  if (request.query().query_type().empty()) {
    throw refusal(rpc_code::invalid_argument, "QueryType is not set on request.");
  }
  if (request.query().query_args().ByteSizeLong() > in.limit().blob_size) {
    throw refusal(rpc_code::invalid_argument, "Blob data size exceeds limit.");
  }
  run& of = get_run(in, space, request.execution().workflow_id(), request.execution().run_id());
  if (of.paused() || is_rejected(of, request.query_reject_condition())) return reject(of, call);
  check_state(of, *call);
  if (!of.queries) of.queries = std::make_shared<run_queries>();
  auto made = std::make_unique<pending_query>(in);
  pending_query& query = *made;
  query.id = in.new_uuid();
  query.query = std::move(*request.mutable_query());
  query.call = call;
  query.number = ++of.queries->last_number;
  of.queries->all[query.number] = std::move(made);
  watch_caller(of, query);
  if (is_settled(of)) dispatch(of, query);
}

inline state::TaskToken parse_token(core& in, const service::RespondQueryTaskCompletedRequest& request) {
  if (request.task_token().empty()) throw refusal(rpc_code::invalid_argument, "Task token not set on request.");
  state::TaskToken token;
  if (!token.ParseFromString(request.task_token())) {
    throw refusal(rpc_code::invalid_argument, "Error deserializing task token.");
  }
  if (token.query_id().empty()) throw refusal(rpc_code::invalid_argument, "Invalid TaskToken.");
  const name_space* space = in.namespaces().find_by_id(token.namespace_id());
  if (!request.namespace_().empty() && (space == nullptr || space->name() != request.namespace_())) {
    throw refusal(rpc_code::invalid_argument, "Operation requested with a token from a different namespace.");
  }
  return token;
}

inline service::RespondQueryTaskCompletedResponse complete_query(core& in,
                                                                 service::RespondQueryTaskCompletedRequest& request) {
  const state::TaskToken token = parse_token(in, request);
  run* of = find_run_of(in, token.namespace_id(), token.run_id());
  const pending_query* query = of == nullptr ? nullptr : find_by_id(*of, token.query_id());
  if (query == nullptr) throw refusal(not_found_status("query task not found, or already expired"));
  if (request.query_result().ByteSizeLong() > in.limit().blob_size) {
    request.set_completed_type(enums::QUERY_RESULT_TYPE_FAILED);
    request.set_error_message("Blob data size exceeds limit.");
    request.clear_query_result();
    request.clear_failure();
  }
  answer(*of, *query, request.completed_type(), std::move(*request.mutable_query_result()), request.error_message(),
         request.failure());
  return {};
}

/// The first page of the run's history, appended to a serialized poll response.
inline void append_history(const run& of, std::string& response) {
  constexpr std::size_t most_bytes = 2U << 20U;
  const std::int64_t all = of.events.next_id() - 1;
  std::int64_t last = std::min<std::int64_t>(all, of.owner->limit().history_page);
  while (last > 1 && of.events.part(1, last).size() > most_bytes) last = last / 2;
  append_field(response, service::PollWorkflowTaskQueueResponse::kHistoryFieldNumber, of.events.part(1, last));
  if (last == all) return;
  state::HistoryPageToken token;
  token.set_run_id(of.state.run_id());
  token.set_next_event_id(last + 1);
  token.set_last_event_id(all);
  append_field(response, service::PollWorkflowTaskQueueResponse::kNextPageTokenFieldNumber, token.SerializeAsString());
}

}  // namespace detail_queries

RONDO_SERVER_FUNCTION pending_query::~pending_query() {
  detail_queries::leave_queue(*this);
  if (holds_clock) owner->clock().release();
}

RONDO_SERVER_FUNCTION void attach_queries(run& of, service::PollWorkflowTaskQueueResponse& task) {
  if (!of.queries) return;
  for (const auto& [number, query] : of.queries->all) {
    if (query->buffered) (*task.mutable_queries())[query->id] = query->query;
  }
}

RONDO_SERVER_FUNCTION void take_query_results(run& of, const service::RespondWorkflowTaskCompletedRequest& completed) {
  for (const auto& [id, result] : completed.query_results()) {
    const pending_query* query = detail_queries::find_by_id(of, id);
    if (query == nullptr || !query->buffered) continue;
    temporal::api::common::v1::Payloads value = result.answer();
    detail_queries::answer(of, *query, result.result_type(), std::move(value), result.error_message(),
                           result.failure());
  }
  detail_queries::settle_later(of, false);
}

RONDO_SERVER_FUNCTION void on_task_lost(run& of) { detail_queries::settle_later(of, true); }

RONDO_SERVER_FUNCTION void on_run_closed_for_queries(run& of) { detail_queries::settle_later(of, false); }

RONDO_SERVER_FUNCTION bool has_buffered_queries(const run& of) noexcept {
  if (!of.queries) return false;
  const auto& all = of.queries->all;
  return std::any_of(all.begin(), all.end(), [](const auto& each) { return each.second->buffered; });
}

RONDO_SERVER_FUNCTION bool deliver_query_task(core& in, const queued_task& task, const poller& to) {
  const run* of = detail_queries::find_run_of(in, task.queue.namespace_id, task.run_id);
  pending_query* query = of == nullptr ? nullptr : detail_queries::find_by_id(*of, task.query_id);
  if (query == nullptr) return false;
  query->queued_task = 0;
  service::PollWorkflowTaskQueueResponse response;
  state::TaskToken token;
  token.set_namespace_id(task.queue.namespace_id);
  token.set_workflow_id(task.workflow_id);
  token.set_run_id(task.run_id);
  token.set_query_id(task.query_id);
  response.set_task_token(token.SerializeAsString());
  response.mutable_workflow_execution()->set_workflow_id(task.workflow_id);
  response.mutable_workflow_execution()->set_run_id(task.run_id);
  response.mutable_workflow_type()->set_name(of->state.type());
  response.set_previous_started_event_id(of->state.previous_started_event_id());
  response.set_attempt(1);
  response.set_backlog_count_hint(to.backlog_hint);
  if (to.scaling_suggestion != 0) {
    response.mutable_poller_scaling_decision()->set_poll_request_delta_suggestion(to.scaling_suggestion);
  }
  *response.mutable_query() = query->query;
  response.mutable_workflow_execution_task_queue()->set_name(of->state.task_queue());
  response.mutable_workflow_execution_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  const bool in_memory = task.sticky && of->state.sticky_task_queue() == task.queue.name;
  if (in_memory) response.mutable_history();
  std::string bytes = response.SerializeAsString();
  if (!in_memory) detail_queries::append_history(*of, bytes);
  in.answer(to.call, std::move(bytes));
  return true;
}

RONDO_SERVER_FUNCTION void serve_queries(frontend& at) {
  at.on_call<service::QueryWorkflowRequest>("QueryWorkflow", detail_queries::query_workflow);
  at.on<service::RespondQueryTaskCompletedRequest>("RespondQueryTaskCompleted", detail_queries::complete_query);
}

}  // namespace rondo::server
