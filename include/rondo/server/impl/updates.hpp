#pragma once

#include "rondo/server/updates.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "rondo/server/closing.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/statuses.hpp"
#include "rondo/server/update_messages.hpp"
#include "rondo/server/update_with_start.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_updates {

using temporal::api::failure::v1::Failure;
using temporal::api::update::v1::Outcome;
using update_stage_number = enums::UpdateWorkflowExecutionLifecycleStage;

inline constexpr auto unspecified = enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_UNSPECIFIED;
inline constexpr auto admitted = enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED;
inline constexpr auto accepted = enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
inline constexpr auto completed = enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;
/// Of a workflow task that keeps failing: updates do not wait for this attempt.
inline constexpr int failing_attempt = 3;

/// What can be said of an update now.
struct progress {
  update_stage_number stage = unspecified;
  std::optional<Outcome> outcome;
  rpc_status error;
};

inline Failure abandoned_failure() {
  Failure failure;
  failure.set_message("Workflow Update failed because the Workflow completed before the Update completed.");
  failure.set_source("Server");
  failure.mutable_application_failure_info()->set_type("AcceptedUpdateCompletedWorkflow");
  failure.mutable_application_failure_info()->set_non_retryable(true);
  return failure;
}

/// Why an update that nobody accepted ends with its run.
inline rpc_status closed_status(const run& of) {
  if (of.state.new_run_id().empty()) return not_found_status("workflow update was aborted by closing workflow");
  return exhausted_status("workflow operation can not be applied because workflow is closing",
                          enums::RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW);
}

inline progress failed_with(const Failure& failure) {
  progress result;
  result.stage = completed;
  *result.outcome.emplace().mutable_failure() = failure;
  return result;
}

inline progress progress_of(const run& of, const std::string& id) {
  if (of.updates) {
    const auto rejection = of.updates->rejected.find(id);
    if (rejection != of.updates->rejected.end()) return failed_with(rejection->second);
  }
  progress result;
  switch (stage_of(of, id)) {
    case update_stage::completed:
      result.stage = completed;
      find_outcome(of, id, result.outcome.emplace());
      return result;
    case update_stage::accepted:
      if (!of.open()) return failed_with(abandoned_failure());
      result.stage = accepted;
      return result;
    case update_stage::admitted:
    case update_stage::requested:
      result.stage = admitted;
      if (!of.open()) result.error = closed_status(of);
      return result;
    case update_stage::unknown:
      result.error = of.open() ? not_found_status("update \"" + id + "\" not found") : closed_status(of);
      return result;
  }
  return result;
}

inline bool is_enough(const progress& now, update_stage_number wanted) noexcept {
  return !now.error.ok() || now.stage >= wanted;
}

inline void tell(const run& of, const update_waiter& waiter, progress&& now) {
  service::UpdateWorkflowExecutionResponse response;
  auto& reference = *response.mutable_update_ref();
  reference.mutable_workflow_execution()->set_workflow_id(of.state.workflow_id());
  reference.mutable_workflow_execution()->set_run_id(of.state.run_id());
  reference.set_update_id(waiter.update_id);
  response.set_stage(now.stage);
  if (now.outcome) *response.mutable_outcome() = std::move(*now.outcome);
  waiter.then(now.error, response);
}

inline void drop_if_unused(run& of) {
  if (!of.updates || !of.updates->waiters.empty() || !of.updates->rejected.empty()) return;
  if (of.updates->requested.empty() || !of.open()) of.updates.reset();
}

inline run* find_run_of(core& in, const std::string& namespace_id, const std::string& run_id) {
  name_space* space = in.namespaces().find_by_id(namespace_id);
  if (space == nullptr) return nullptr;
  const auto at = space->runs.find(run_id);
  return at == space->runs.end() ? nullptr : at->second.get();
}

/// Takes the waiter out; null when it has been told already.
inline std::unique_ptr<update_waiter> take(run* of, std::uint64_t number) {
  if (of == nullptr || !of->updates) return nullptr;
  auto node = of->updates->waiters.extract(number);
  if (node.empty()) return nullptr;
  auto taken = std::move(node.mapped());
  taken->over.disarm();
  taken->call->on_abandoned = nullptr;
  return taken;
}

/// Tells everybody whose stage is reached.
inline void settle(core& in, const std::string& namespace_id, const std::string& run_id) {
  run* of = find_run_of(in, namespace_id, run_id);
  if (of == nullptr || !of->updates) return;
  std::vector<std::pair<std::unique_ptr<update_waiter>, progress>> told;
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, waiter] : of->updates->waiters) {
    progress now = progress_of(*of, waiter->update_id);
    if (!is_enough(now, waiter->stage)) continue;
    told.emplace_back(nullptr, std::move(now));
    numbers.push_back(number);
  }
  for (std::size_t at = 0; at < numbers.size(); ++at) told[at].first = take(of, numbers[at]);
  of->updates->rejected.clear();
  drop_if_unused(*of);
  for (auto& [waiter, now] : told) tell(*of, *waiter, std::move(now));
}

/// The long poll ends before the stage is reached: the caller hears how far it is.
inline void on_over(core& in, const std::string& namespace_id, const std::string& run_id, std::uint64_t number) {
  run* of = find_run_of(in, namespace_id, run_id);
  const auto waiter = take(of, number);
  if (!waiter) return;
  progress now = progress_of(*of, waiter->update_id);
  drop_if_unused(*of);
  tell(*of, *waiter, std::move(now));
}

inline void wait(run& of, std::unique_ptr<update_waiter> waiter) {
  core& in = *of.owner;
  progress now = progress_of(of, waiter->update_id);
  if (is_enough(now, waiter->stage)) return tell(of, *waiter, std::move(now));
  if (!of.updates) of.updates = std::make_shared<run_updates>();
  const std::uint64_t number = ++of.updates->last_number;
  const auto namespace_id = of.state.namespace_id();
  const auto run_id = of.state.run_id();
  waiter->over.arm(
      in.loop(), io::later(io::steady_clock::now(), std::chrono::nanoseconds(in.limit().update_long_poll)),
      [&in, namespace_id, run_id, number] { in.turn([&] { on_over(in, namespace_id, run_id, number); }); });
  waiter->call->on_abandoned = [&in, namespace_id, run_id, number] {
    in.turn([&] {
      run* which = find_run_of(in, namespace_id, run_id);
      if (take(which, number)) drop_if_unused(*which);
    });
  };
  of.updates->waiters[number] = std::move(waiter);
}

inline std::unique_ptr<update_waiter> make_waiter(std::string update_id, update_stage_number stage,
                                                  const call_ptr& call, update_listener then) {
  auto made = std::make_unique<update_waiter>();
  made->update_id = std::move(update_id);
  made->stage = stage;
  made->call = call;
  made->then = std::move(then);
  return made;
}

inline int attempt_of_task(const run& of) noexcept {
  return of.state.has_workflow_task() ? of.state.workflow_task().attempt() : of.state.next_task_attempt();
}

inline void check_limits(const run& of) {
  const auto& limit = of.owner->limit();
  const std::size_t requested = of.updates ? of.updates->requested.size() : 0;
  std::size_t in_flight = requested;
  for (const auto& [id, each] : of.state.updates()) in_flight += each.completed_event_id() == 0 ? 1 : 0;
  if (limit.updates_in_flight > 0 && in_flight >= static_cast<std::size_t>(limit.updates_in_flight)) {
    throw refusal(exhausted_status("limit on number of concurrent in-flight updates has been reached (" +
                                       std::to_string(limit.updates_in_flight) + ")",
                                   enums::RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT));
  }
  const auto total = static_cast<std::int64_t>(requested + of.state.updates().size());
  if (limit.updates_per_run <= 0 || total < limit.updates_per_run) return;
  throw refusal(
      rpc_code::failed_precondition,
      "The limit on the total number of distinct updates in this workflow has been reached (" +
          std::to_string(limit.updates_per_run) +
          "). Make sure any duplicate updates share an Update ID so the server can deduplicate them, and "
          "consider rejecting updates that you aren't going to process. You can also Continue-as-New to avoid "
          "this; we recommend you check Continue-as-New Suggested in your Workflow.");
}

inline void check_open(const run& of) {
  if (of.paused()) throw refusal(rpc_code::failed_precondition, "Workflow is paused. Cannot update the workflow.");
  if (attempt_of_task(of) >= failing_attempt) {
    throw refusal(
        not_ready_status("Unable to perform workflow execution update due to Workflow Task in failed state."));
  }
  refuse_while_closing(of);
}

inline void admit(run& of, const temporal::api::update::v1::Request& request) {
  check_limits(of);
  if (!of.updates) of.updates = std::make_shared<run_updates>();
  auto& made = of.updates->requested[request.meta().update_id()];
  made.request = request;
  made.number = ++of.updates->last_number;
  // An open task takes it along when it starts; one that has started is followed by another.
  if (!of.state.has_workflow_task()) schedule_speculative_task(of);
}

inline update_listener answer_to(core& in, const call_ptr& call) {
  return [&in, call](const rpc_status& status, const service::UpdateWorkflowExecutionResponse& response) {
    status.ok() ? in.answer(call, response) : in.refuse(call, status);
  };
}

inline void update_workflow(core& in, service::UpdateWorkflowExecutionRequest& request, const call_ptr& call) {
  name_space& space = in.namespaces().get(request.namespace_());
  check_update(in, request);
  run& of = get_run(in, space, request.workflow_execution().workflow_id(), request.workflow_execution().run_id());
  update_run(of, request, call, answer_to(in, call));
}

inline void poll_update(core& in, service::PollWorkflowExecutionUpdateRequest& request, const call_ptr& call) {
  name_space& space = in.namespaces().get(request.namespace_());
  if (!request.has_update_ref()) throw refusal(rpc_code::invalid_argument, "UpdateRef is not set on request.");
  const auto& execution = request.update_ref().workflow_execution();
  run& of = get_run(in, space, execution.workflow_id(), execution.run_id());
  const std::string& id = request.update_ref().update_id();
  if (!knows_update(of, id)) throw refusal(not_found_status("update \"" + id + "\" not found"));
  const auto then = [&in, call](const rpc_status& status, const service::UpdateWorkflowExecutionResponse& reached) {
    if (!status.ok()) return in.refuse(call, status);
    service::PollWorkflowExecutionUpdateResponse response;
    response.set_stage(reached.stage());
    *response.mutable_update_ref() = reached.update_ref();
    if (reached.has_outcome()) *response.mutable_outcome() = reached.outcome();
    in.answer(call, response);
  };
  wait(of, make_waiter(id, request.wait_policy().lifecycle_stage(), call, then));
}

}  // namespace detail_updates

RONDO_SERVER_FUNCTION void settle_updates_later(run& of) {
  core& in = *of.owner;
  in.later([&in, namespace_id = of.state.namespace_id(), run_id = of.state.run_id()] {
    detail_updates::settle(in, namespace_id, run_id);
  });
}

RONDO_SERVER_FUNCTION void attach_updates(run& of, service::PollWorkflowTaskQueueResponse& task) {
  if (!of.updates) return;
  std::vector<std::pair<const std::string*, requested_update*>> unsent;
  for (auto& [id, each] : of.updates->requested) {
    if (!each.sent) unsent.emplace_back(&id, &each);
  }
  std::sort(unsent.begin(), unsent.end(),
            [](const auto& a, const auto& b) { return a.second->number < b.second->number; });
  for (const auto& [id, each] : unsent) {
    auto& message = *task.add_messages();
    message.set_id(*id + "/request");
    message.set_protocol_instance_id(*id);
    message.set_event_id(of.state.workflow_task().started_event_id() - 1);
    message.mutable_body()->PackFrom(each->request);
    each->sent = true;
  }
}

RONDO_SERVER_FUNCTION bool has_unsent_updates(const run& of) noexcept {
  if (!of.updates) return false;
  const auto& all = of.updates->requested;
  return std::any_of(all.begin(), all.end(), [](const auto& each) { return !each.second.sent; });
}

RONDO_SERVER_FUNCTION void on_task_lost_for_updates(run& of) {
  if (!of.updates) return;
  for (auto& [id, each] : of.updates->requested) each.sent = false;
}

RONDO_SERVER_FUNCTION void refuse_sent_updates(run& of) {
  if (!of.updates) return;
  std::vector<std::string> sent;
  for (const auto& [id, each] : of.updates->requested) {
    if (each.sent) sent.push_back(id);
  }
  std::vector<std::uint64_t> waiting;
  for (const auto& [number, waiter] : of.updates->waiters) {
    if (std::find(sent.begin(), sent.end(), waiter->update_id) != sent.end()) waiting.push_back(number);
  }
  for (const auto& id : sent) of.updates->requested.erase(id);
  for (const auto number : waiting) {
    const auto waiter = detail_updates::take(&of, number);
    waiter->then(
        not_ready_status("Unable to perform workflow execution update due to unexpected workflow task failure."),
        service::UpdateWorkflowExecutionResponse());
  }
  detail_updates::drop_if_unused(of);
}

RONDO_SERVER_FUNCTION void on_run_closed_for_updates(run& of) {
  if (of.updates) settle_updates_later(of);
}

RONDO_SERVER_FUNCTION bool knows_update(const run& of, const std::string& update_id) noexcept {
  return stage_of(of, update_id) != update_stage::unknown;
}

RONDO_SERVER_FUNCTION bool find_outcome(const run& of, const std::string& update_id,
                                        temporal::api::update::v1::Outcome& into) {
  const auto kept = of.state.updates().find(update_id);
  if (kept == of.state.updates().end() || kept->second.completed_event_id() == 0) return false;
  history_event event = of.events.at(kept->second.completed_event_id());
  into = std::move(*event.mutable_workflow_execution_update_completed_event_attributes()->mutable_outcome());
  return true;
}

RONDO_SERVER_FUNCTION void check_update(core& in, service::UpdateWorkflowExecutionRequest& request) {
  const auto refuse = [](const char* text) { throw refusal(rpc_code::invalid_argument, text); };
  check_execution(request.has_workflow_execution(), request.workflow_execution());
  if (!request.request().has_meta()) refuse("Update meta is not set on request.");
  auto& meta = *request.mutable_request()->mutable_meta();
  if (meta.update_id().size() > in.limit().id_length) refuse("UpdateId length exceeds limit.");
  if (meta.update_id().empty()) meta.set_update_id(in.new_uuid());
  if (!request.request().has_input()) refuse("Update input is not set on request.");
  if (request.request().input().name().empty()) refuse("Update name is not set on request.");
  auto& policy = *request.mutable_wait_policy();
  if (policy.lifecycle_stage() == detail_updates::unspecified) policy.set_lifecycle_stage(detail_updates::completed);
  if (policy.lifecycle_stage() != detail_updates::admitted) return;
  throw refusal(rpc_code::permission_denied,
                "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.",
                temporal::api::errordetails::v1::PermissionDeniedFailure());
}

RONDO_SERVER_FUNCTION void update_run(run& of, const service::UpdateWorkflowExecutionRequest& request,
                                      const call_ptr& call, update_listener then) {
  if (!request.first_execution_run_id().empty() && request.first_execution_run_id() != of.state.first_run_id()) {
    throw refusal(not_found_status("workflow execution not found"));
  }
  const std::string& id = request.request().meta().update_id();
  if (of.open()) {
    detail_updates::check_open(of);
    if (!knows_update(of, id)) detail_updates::admit(of, request.request());
  } else if (!knows_update(of, id)) {
    throw refusal(not_found_status("workflow execution already completed"));
  }
  detail_updates::wait(of,
                       detail_updates::make_waiter(id, request.wait_policy().lifecycle_stage(), call, std::move(then)));
}

RONDO_SERVER_FUNCTION void serve_updates(frontend& at) {
  at.on_call<service::UpdateWorkflowExecutionRequest>("UpdateWorkflowExecution", detail_updates::update_workflow);
  at.on_call<service::PollWorkflowExecutionUpdateRequest>("PollWorkflowExecutionUpdate", detail_updates::poll_update);
  serve_update_with_start(at);
}

}  // namespace rondo::server
