#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/query.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/client/description.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/client/history.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/result.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"

// What a handle asks of the server.
namespace rondo::detail::calls {

/// The workflow that a handle stands for.
class target {
 public:
  target(session_ptr of, std::string id, std::string pinned, std::string result_run, std::string first_run)
      : session(std::move(of)),
        workflow_id(std::move(id)),
        run_id(std::move(pinned)),
        result_run_id(std::move(result_run)),
        first_run_id(std::move(first_run)) {}

  call_subject subject(std::string action) const {
    return call_subject(std::move(action) + " workflow '" + workflow_id + "'", workflow_id, session->namespace_);
  }
  std::string resource_id() const { return "workflow:" + workflow_id; }

  session_ptr session;
  std::string workflow_id;
  /// The run that requests go to; empty: the present one.
  std::string run_id;
  /// The run whose result counts; empty: the present one.
  std::string result_run_id;
  std::string first_run_id;
};

/// False when the first argument is the options.
template <class... Arguments>
inline constexpr bool without_options = true;
template <class First, class... Others>
inline constexpr bool without_options<First, Others...> = !std::is_same_v<std::remove_cvref_t<First>, query_options>;

inline void set_execution(const target& from, temporal::api::common::v1::WorkflowExecution& to) {
  to.set_workflow_id(from.workflow_id);
  to.set_run_id(from.run_id);
}

inline service_call<service::SignalWorkflowExecutionRequest> make_signal(const target& to, std::string_view name,
                                                                         Payloads input) {
  service::SignalWorkflowExecutionRequest request;
  request.set_namespace_(to.session->namespace_);
  set_execution(to, *request.mutable_workflow_execution());
  request.set_signal_name(std::string(name));
  request.set_identity(to.session->identity);
  request.set_request_id(random_uuid());
  if (input.payloads_size() > 0) *request.mutable_input() = std::move(input);
  service_call<service::SignalWorkflowExecutionRequest> made("SignalWorkflowExecution",
                                                             to.subject("signal '" + std::string(name) + "' of"),
                                                             to.resource_id(), std::move(request));
  return intercepted(*to.session, std::move(made));
}

inline service_call<service::RequestCancelWorkflowExecutionRequest> make_cancel(const target& to,
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

inline service_call<service::TerminateWorkflowExecutionRequest> make_terminate(const target& to,
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

inline temporal::api::enums::v1::QueryRejectCondition wire_of(query_reject_condition condition) {
  switch (condition) {
    case query_reject_condition::none:
      return temporal::api::enums::v1::QUERY_REJECT_CONDITION_NONE;
    case query_reject_condition::not_open:
      return temporal::api::enums::v1::QUERY_REJECT_CONDITION_NOT_OPEN;
    case query_reject_condition::not_completed_cleanly:
      return temporal::api::enums::v1::QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY;
  }
  return temporal::api::enums::v1::QUERY_REJECT_CONDITION_UNSPECIFIED;
}

inline service_call<service::QueryWorkflowRequest> make_query(const target& to, std::string_view name,
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

template <class Result>
asio::awaitable<Result> ask(session_ptr through, service_call<service::QueryWorkflowRequest> what) {
  const std::string action = what.subject.action;
  const auto response = co_await send<service::QueryWorkflowResponse>(std::move(through), std::move(what));
  if (response.has_query_rejected()) {
    const workflow_status status = status_of(response.query_rejected().status());
    throw query_rejected(action + " was rejected: its status is " + std::string(to_string(status)), status);
  }
  co_return decode_one<Result>(response.query_result(), "answer to " + action);
}

inline asio::awaitable<workflow_description> describe(target of) {
  service::DescribeWorkflowExecutionRequest request;
  request.set_namespace_(of.session->namespace_);
  set_execution(of, *request.mutable_execution());
  service_call<service::DescribeWorkflowExecutionRequest> what("DescribeWorkflowExecution", of.subject("describe"),
                                                               of.resource_id(), std::move(request));
  const auto response = co_await send<service::DescribeWorkflowExecutionResponse>(of.session, std::move(what));
  co_return description_of(response);
}

inline asio::awaitable<workflow_history> fetch_history(target of) {
  service::GetWorkflowExecutionHistoryRequest request;
  request.set_namespace_(of.session->namespace_);
  request.mutable_execution()->set_workflow_id(of.workflow_id);
  request.mutable_execution()->set_run_id(of.result_run_id);
  service_call<service::GetWorkflowExecutionHistoryRequest> page(
      "GetWorkflowExecutionHistory", of.subject("history of"), of.resource_id(), std::move(request));
  engine::History all;
  do {
    auto response = co_await send<history_response>(of.session, page);
    unpack_raw_history(response);
    all.MergeFrom(response.history());
    page.request.set_next_page_token(response.next_page_token());
  } while (!page.request.next_page_token().empty());
  co_return workflow_history(of.workflow_id, all.SerializeAsString());
}

}  // namespace rondo::detail::calls
