#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/workflow_handle.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/begin.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/io/eager_hosts.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION std::unique_ptr<io::eager_room> reserve_eager(const session& by, start_request& request) {
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

RONDO_FUNCTION asio::awaitable<target> start(session_ptr through, service_call<start_request> what) {
  const std::string id = what.request.workflow_id();
  const bool may_exist =
      what.request.workflow_id_conflict_policy() == temporal::api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;
  const auto room = reserve_eager(*through, what.request);
  auto arrived = io::steady_clock::now();
  what.arrival = &arrived;
  auto answer = co_await send<service::StartWorkflowExecutionResponse>(through, std::move(what));
  if (room && answer.has_eager_workflow_task()) room->begin(std::move(*answer.mutable_eager_workflow_task()), arrived);
  keep_link(*through, answer, link_to_start(through->namespace_, id, answer.run_id()));
  co_return started_target(std::move(through), id, may_exist, answer);
}

RONDO_FUNCTION asio::awaitable<target> start(session_ptr through, service_call<signal_with_start_request> what) {
  const std::string id = what.request.workflow_id();
  const auto answer = co_await send<service::SignalWithStartWorkflowExecutionResponse>(through, std::move(what));
  keep_link(*through, answer);
  co_return started_target(std::move(through), id, true, answer);
}

RONDO_FUNCTION service_call<signal_with_start_request> make_signal_with_start(const session& by, std::string_view type,
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

RONDO_FUNCTION asio::awaitable<workflow_count> count(session_ptr through, std::string query) {
  service::CountWorkflowExecutionsRequest request;
  request.set_namespace_(through->namespace_);
  request.set_query(std::move(query));
  service_call<service::CountWorkflowExecutionsRequest> what(
      "CountWorkflowExecutions", call_subject("count workflows", {}, through->namespace_), {}, std::move(request));
  const auto answer = co_await send<service::CountWorkflowExecutionsResponse>(std::move(through), std::move(what));
  co_return count_of(answer);
}

}  // namespace rondo::detail::calls
