#pragma once
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/query.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/description.hpp"
#include "rondo/client/errors.hpp"
#include "rondo/client/history.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/interception.hpp"
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
  if (input.payloads_size() > 0) *request.mutable_input() = std::move(input);
  service_call<service::SignalWorkflowExecutionRequest> made("SignalWorkflowExecution",
                                                             to.subject("signal '" + std::string(name) + "' of"),
                                                             to.resource_id(), std::move(request));
  return intercepted(*to.session, std::move(made));
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

RONDO_FUNCTION temporal::api::enums::v1::QueryRejectCondition wire_of(query_reject_condition condition) {
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

RONDO_FUNCTION asio::awaitable<workflow_description> describe(target of) {
  service::DescribeWorkflowExecutionRequest request;
  request.set_namespace_(of.session->namespace_);
  set_execution(of, *request.mutable_execution());
  service_call<service::DescribeWorkflowExecutionRequest> what("DescribeWorkflowExecution", of.subject("describe"),
                                                               of.resource_id(), std::move(request));
  auto response = co_await send<service::DescribeWorkflowExecutionResponse>(of.session, std::move(what));
  co_return description_of(std::move(response));
}

RONDO_FUNCTION asio::awaitable<workflow_history> fetch_history(target of) {
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
