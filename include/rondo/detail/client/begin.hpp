#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/workflow_handle.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/io/eager_hosts.hpp"

// Starting workflows: requests sent, answers turned into handles.
namespace rondo::detail::calls {

using start_request = service::StartWorkflowExecutionRequest;
using signal_with_start_request = service::SignalWithStartWorkflowExecutionRequest;

/// The workflow that an answer tells of. When it ran already, the answer's run need not be the first of its chain.
template <class Response>
target started_target(session_ptr through, std::string workflow_id, bool may_exist, const Response& answer) {
  std::string first = answer.first_execution_run_id();
  if (first.empty() && (answer.started() || !may_exist)) first = answer.run_id();
  return target(std::move(through), std::move(workflow_id), {}, answer.run_id(), std::move(first));
}

/// Room for the first task, when the start asks for it; without such room it does not ask any more.
inline std::unique_ptr<io::eager_room> reserve_eager(const session& by, start_request& request) {
  if (!request.request_eager_execution()) return nullptr;
  require_loop(by);
  std::unique_ptr<io::eager_room> room;
  if (by.connection->capabilities().eager_workflow_start) {
    room = by.connection->eager().reserve(by.namespace_, request.task_queue().name());
  }
  request.set_request_eager_execution(room != nullptr);
  if (room) room->describe(request);
  return room;
}

inline asio::awaitable<target> start(session_ptr through, service_call<start_request> what) {
  const std::string id = what.request.workflow_id();
  const bool may_exist =
      what.request.workflow_id_conflict_policy() == temporal::api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;
  const auto room = reserve_eager(*through, what.request);
  auto answer = co_await send<service::StartWorkflowExecutionResponse>(through, std::move(what));
  if (room && answer.has_eager_workflow_task()) room->begin(std::move(*answer.mutable_eager_workflow_task()));
  co_return started_target(std::move(through), id, may_exist, answer);
}

inline asio::awaitable<target> start(session_ptr through, service_call<signal_with_start_request> what) {
  const std::string id = what.request.workflow_id();
  const auto answer = co_await send<service::SignalWithStartWorkflowExecutionResponse>(through, std::move(what));
  co_return started_target(std::move(through), id, true, answer);
}

template <class Workflow, class Request>
asio::awaitable<workflow_handle<Workflow>> start_typed(session_ptr through, service_call<Request> what) {
  target started = co_await start(std::move(through), std::move(what));
  co_return workflow_handle<Workflow>(std::move(started));
}

template <class Result>
asio::awaitable<Result> execute(session_ptr through, service_call<start_request> what) {
  target started = co_await start(through, std::move(what));
  auto waiting = wait_result<Result>(std::move(through), started.workflow_id, started.result_run_id, true);
  co_return co_await std::move(waiting);
}

inline service_call<signal_with_start_request> make_signal_with_start(const session& by, std::string_view type,
                                                                      const start_workflow_options& options,
                                                                      Payloads input, std::string_view signal,
                                                                      Payloads signal_input) {
  auto what =
      make_start<signal_with_start_request>(by, "SignalWithStartWorkflowExecution", type, options, std::move(input));
  what.subject.action = "signal '" + std::string(signal) + "' with " + what.subject.action;
  what.request.set_signal_name(std::string(signal));
  if (signal_input.payloads_size() > 0) *what.request.mutable_signal_input() = std::move(signal_input);
  return intercepted(by, std::move(what));
}

inline asio::awaitable<workflow_count> count(session_ptr through, std::string query) {
  service::CountWorkflowExecutionsRequest request;
  request.set_namespace_(through->namespace_);
  request.set_query(std::move(query));
  service_call<service::CountWorkflowExecutionsRequest> what(
      "CountWorkflowExecutions", call_subject("count workflows", {}, through->namespace_), {}, std::move(request));
  const auto answer = co_await send<service::CountWorkflowExecutionsResponse>(std::move(through), std::move(what));
  co_return count_of(answer);
}

}  // namespace rondo::detail::calls
