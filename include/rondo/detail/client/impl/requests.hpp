#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/description.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/client/history.hpp"
#include "rondo/client/history_event.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/option_values.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION service_call<service::SignalWorkflowExecutionRequest> make_signal(const target& to,
                                                                                 std::string_view name,
                                                                                 Payloads input) {
  service::SignalWorkflowExecutionRequest request;
  request.set_namespace_(to.session->namespace_);
  set_execution(to, *request.mutable_workflow_execution());
  request.set_signal_name(std::string(name));
  request.set_identity(to.session->identity);
  request.set_request_id(random_uuid());
  write_links(*to.session, request);
  if (input.payloads_size() > 0) *request.mutable_input() = std::move(input);
  service_call<service::SignalWorkflowExecutionRequest> made("SignalWorkflowExecution",
                                                             to.subject("signal '" + std::string(name) + "' of"),
                                                             to.resource_id(), std::move(request));
  return intercepted(*to.session, std::move(made));
}

RONDO_FUNCTION asio::awaitable<void> send_signal(session_ptr through,
                                                 service_call<service::SignalWorkflowExecutionRequest> what) {
  const auto answer = co_await send<service::SignalWorkflowExecutionResponse>(through, std::move(what));
  keep_link(*through, answer);
}

RONDO_FUNCTION service_call<service::RequestCancelWorkflowExecutionRequest> make_cancel(const target& to,
                                                                                        std::string_view reason) {
  service::RequestCancelWorkflowExecutionRequest request;
  request.set_namespace_(to.session->namespace_);
  set_execution(to, *request.mutable_workflow_execution());
  request.set_identity(to.session->identity);
  request.set_request_id(random_uuid());
  request.set_first_execution_run_id(to.first_run_id);
  request.set_reason(engine::valid_utf8(reason));
  return {"RequestCancelWorkflowExecution", to.subject("cancel"), to.resource_id(), std::move(request)};
}

RONDO_FUNCTION service_call<service::TerminateWorkflowExecutionRequest> make_terminate(const target& to,
                                                                                       std::string_view reason,
                                                                                       Payloads details) {
  service::TerminateWorkflowExecutionRequest request;
  request.set_namespace_(to.session->namespace_);
  set_execution(to, *request.mutable_workflow_execution());
  request.set_identity(to.session->identity);
  request.set_first_execution_run_id(to.first_run_id);
  request.set_reason(engine::valid_utf8(reason));
  if (details.payloads_size() > 0) *request.mutable_details() = std::move(details);
  return {"TerminateWorkflowExecution", to.subject("terminate"), to.resource_id(), std::move(request)};
}

RONDO_FUNCTION service_call<service::QueryWorkflowRequest> make_query(const target& to, std::string_view name,
                                                                      const query_options& options, Payloads input) {
  service::QueryWorkflowRequest request;
  request.set_namespace_(to.session->namespace_);
  set_execution(to, *request.mutable_execution());
  request.mutable_query()->set_query_type(std::string(name));
  if (input.payloads_size() > 0) *request.mutable_query()->mutable_query_args() = std::move(input);
  request.set_query_reject_condition(wire_of(options.reject));
  service_call<service::QueryWorkflowRequest> made("QueryWorkflow", to.subject("query '" + std::string(name) + "' of"),
                                                   to.resource_id(), std::move(request));
  return intercepted(*to.session, std::move(made));
}

using query_call = service_call<service::QueryWorkflowRequest>;

/// No interceptor is around it.
inline asio::awaitable<Payloads> fetch_answer(session_ptr through, query_call what) {
  service::QueryWorkflowResponse response;
  const rpc_status status = co_await send_into(*through, what, what.request, response);
  if (!status.ok()) throw_rpc_failure(what.subject, status, through->failures());
  keep_link(*through, response);
  if (response.has_query_rejected()) {
    const workflow_status found = status_of(response.query_rejected().status());
    throw query_rejected(what.subject.action + " was rejected: its status is " + std::string(to_string(found)), found);
  }
  co_return std::move(*response.mutable_query_result());
}

inline asio::awaitable<Payloads> fetch_seen_answer(session_ptr through, query_call what) {
  const value_source answer = [&through, &what] { return fetch_answer(through, what); };
  auto asked = surround_value(through, what, what.request, answer);
  co_return co_await std::move(asked);
}

RONDO_FUNCTION asio::awaitable<Payloads> query_value(session_ptr through, query_call what) {
  if (has_interceptors(*through)) return fetch_seen_answer(std::move(through), std::move(what));
  return fetch_answer(std::move(through), std::move(what));
}

RONDO_FUNCTION asio::awaitable<workflow_description> describe(target of) {
  service::DescribeWorkflowExecutionRequest request;
  request.set_namespace_(of.session->namespace_);
  set_execution(of, *request.mutable_execution());
  service_call<service::DescribeWorkflowExecutionRequest> what("DescribeWorkflowExecution", of.subject("describe"),
                                                               of.resource_id(), std::move(request));
  auto response = co_await send<service::DescribeWorkflowExecutionResponse>(of.session, std::move(what));
  co_return description_of(std::move(response), of.session->failures());
}

using history_call = service_call<service::GetWorkflowExecutionHistoryRequest>;

inline history_call make_history_call(const target& of) {
  service::GetWorkflowExecutionHistoryRequest request;
  request.set_namespace_(of.session->namespace_);
  request.mutable_execution()->set_workflow_id(of.workflow_id);
  request.mutable_execution()->set_run_id(of.result_run_id);
  return history_call("GetWorkflowExecutionHistory", of.subject("history of"), of.resource_id(), std::move(request));
}

/// One page of events. The server holds a request that waits for as long as it likes, and answers it with nothing.
inline asio::awaitable<history_response> fetch_some_events(session_ptr through, history_call& what) {
  for (;;) {
    auto reply = co_await try_send<history_response>(through, what);
    if (reply.status.code == rpc_code::deadline_exceeded && what.request.wait_new_event()) continue;
    if (!reply.status.ok()) throw_rpc_failure(what.subject, reply.status);
    unpack_raw_history(reply.response);
    co_return std::move(reply.response);
  }
}

/// The same with the interceptors around it, which see the events where they belong. The call outlives this.
inline asio::awaitable<history_response> fetch_seen_events(session_ptr through, history_call& what) {
  show_once(*through, what);
  if (!has_interceptors(*through)) return fetch_some_events(std::move(through), what);
  return surround_answer<history_response>(through, what, what.request,
                                           [through, &what] { return fetch_some_events(through, what); });
}

RONDO_FUNCTION asio::awaitable<workflow_history> fetch_history(target of) {
  const auto first = make_history_call(of);
  std::string token;
  engine::History all;
  do {
    auto of_page = first;
    of_page.request.set_next_page_token(token);
    auto asked = fetch_seen_events(of.session, of_page);
    const auto response = co_await std::move(asked);
    all.MergeFrom(response.history());
    token = response.next_page_token();
  } while (!token.empty());
  co_return workflow_history(of.workflow_id, all.SerializeAsString());
}

RONDO_FUNCTION asio::awaitable<page<history_event>> fetch_events(session_ptr through, history_call what) {
  auto asked = fetch_seen_events(std::move(through), what);
  auto response = co_await std::move(asked);
  page<history_event> found;
  for (auto& each : *response.mutable_history()->mutable_events()) {
    found.items.push_back(history_event(std::move(each)));
  }
  found.next_token = response.next_page_token();
  co_return found;
}

RONDO_FUNCTION paged_list<history_event> list_events(const target& of, const history_options& options) {
  auto what = make_history_call(of);
  what.request.set_maximum_page_size(options.page_size);
  what.request.set_wait_new_event(options.wait_new);
  what.request.set_skip_archival(options.skip_archival);
  if (options.close_event_only) {
    what.request.set_history_event_filter_type(temporal::api::enums::v1::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
  }
  if (options.wait_new) what.kind = io::rpc_class::long_poll;
  auto fetch = [through = of.session, what](std::string token) {
    auto of_page = what;
    of_page.request.set_next_page_token(std::move(token));
    return fetch_events(through, std::move(of_page));
  };
  const list_options which{.page_token = options.page_token, .limit = options.limit};
  return paged_list<history_event>(of.session, std::move(fetch), which);
}

inline asio::awaitable<service::ListWorkflowExecutionsResponse> fetch_executions(
    session_ptr through, service::ListWorkflowExecutionsRequest request) {
  service_call<service::ListWorkflowExecutionsRequest> what(
      "ListWorkflowExecutions", call_subject("list workflows", {}, through->namespace_), {}, std::move(request));
  return send<service::ListWorkflowExecutionsResponse>(std::move(through), std::move(what));
}

template <class Response>
page<workflow_summary> summaries_in(const Response& response) {
  page<workflow_summary> found;
  for (const auto& each : response.executions()) read_summary(each, found.items.emplace_back());
  found.next_token = response.next_page_token();
  return found;
}

RONDO_FUNCTION asio::awaitable<page<workflow_summary>> fetch_workflows(session_ptr through,
                                                                       service::ListWorkflowExecutionsRequest request) {
  auto asked = fetch_executions(std::move(through), std::move(request));
  const auto response = co_await std::move(asked);
  co_return summaries_in(response);
}

RONDO_FUNCTION asio::awaitable<page<workflow_summary>> fetch_archived_workflows(
    session_ptr through, service::ListArchivedWorkflowExecutionsRequest request) {
  service_call<service::ListArchivedWorkflowExecutionsRequest> what(
      "ListArchivedWorkflowExecutions", call_subject("list archived workflows", {}, through->namespace_), {},
      std::move(request));
  // Archives are scanned, which takes its time.
  what.attempt_timeout = std::chrono::minutes(3);
  auto asked = send<service::ListArchivedWorkflowExecutionsResponse>(std::move(through), std::move(what));
  const auto response = co_await std::move(asked);
  co_return summaries_in(response);
}

RONDO_FUNCTION asio::awaitable<page<workflow_history>> fetch_histories(session_ptr through,
                                                                       service::ListWorkflowExecutionsRequest request) {
  auto listed = fetch_executions(through, std::move(request));
  const auto response = co_await std::move(listed);
  page<workflow_history> found;
  for (const auto& each : response.executions()) {
    const auto& run = each.execution();
    auto asked = fetch_history(target(through, run.workflow_id(), run.run_id(), run.run_id(), {}));
    try {
      found.items.push_back(co_await std::move(asked));
    } catch (const not_found&) {
      continue;
    }
  }
  found.next_token = response.next_page_token();
  co_return found;
}

}  // namespace rondo::detail::calls
