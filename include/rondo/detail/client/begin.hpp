#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/workflow_handle.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/client/session.hpp"
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
std::unique_ptr<io::eager_room> reserve_eager(const session& by, start_request& request);

asio::awaitable<target> start(session_ptr through, service_call<start_request> what);

asio::awaitable<target> start(session_ptr through, service_call<signal_with_start_request> what);

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

service_call<signal_with_start_request> make_signal_with_start(const session& by, std::string_view type,
                                                               const start_workflow_options& options, Payloads input,
                                                               std::string_view signal, Payloads signal_input);

asio::awaitable<workflow_count> count(session_ptr through, std::string query);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/begin.hpp"
#endif
