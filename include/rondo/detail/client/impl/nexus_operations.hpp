#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/enums/v1/nexus.pb.h>
#include <temporal/api/nexus/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <string>
#include <utility>
#include <vector>

#include "rondo/client/interceptor.hpp"
#include "rondo/client/nexus_operation_options.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/nexus_operations.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/failure.hpp"
#include "rondo/payload.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/workflow/nexus.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION enums::NexusOperationIdReusePolicy wire_of(nexus_operation_reuse_policy policy) {
  switch (policy) {
    case nexus_operation_reuse_policy::allow_duplicate:
      return enums::NEXUS_OPERATION_ID_REUSE_POLICY_ALLOW_DUPLICATE;
    case nexus_operation_reuse_policy::allow_duplicate_failed_only:
      return enums::NEXUS_OPERATION_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY;
    case nexus_operation_reuse_policy::reject_duplicate:
      return enums::NEXUS_OPERATION_ID_REUSE_POLICY_REJECT_DUPLICATE;
  }
  return enums::NEXUS_OPERATION_ID_REUSE_POLICY_UNSPECIFIED;
}

RONDO_FUNCTION service_call<start_operation_request> intercepted(const session& by,
                                                                 service_call<start_operation_request> what) {
  what.seen = true;
  const auto& all = by.connection->options().interceptors;
  if (all.empty()) return what;
  payload_list arguments;
  if (what.request.has_input()) engine::copy_payload(what.request.input(), arguments.emplace_back());
  payload_map headers;
  what.name = what.request.operation();
  client_call call{.method = what.method_name(),
                   .name = what.name,
                   .arguments = arguments,
                   .headers = headers,
                   .request = &what.request};
  for (const auto& each : all) each->outbound(call);
  what.request.clear_input();
  if (!arguments.empty()) engine::write_payload(arguments.front(), *what.request.mutable_input());
  return what;
}

RONDO_FUNCTION service_call<start_operation_request> make_start_operation(const session& by,
                                                                          const workflow::nexus_target& where,
                                                                          const start_nexus_operation_options& options,
                                                                          Payloads input) {
  auto request = new_request<start_operation_request>(by);
  const std::string id = options.id.empty() ? random_uuid() : std::string(options.id);
  request.set_operation_id(id);
  auto made = call_with(by, std::move(request), "start Nexus operation '" + id + "'", "nexus_operation:" + id);
  auto& to = made.request;
  if (where.endpoint.empty()) refuse(made.subject, "the endpoint is missing");
  if (where.service.empty()) refuse(made.subject, "the service is missing");
  if (where.operation.empty()) refuse(made.subject, "the name of the operation is missing");
  to.set_endpoint(std::string(where.endpoint));
  to.set_service(std::string(where.service));
  to.set_operation(std::string(where.operation));
  set_duration(made.subject, "schedule_to_close_timeout", options.schedule_to_close_timeout,
               [&] { return to.mutable_schedule_to_close_timeout(); });
  set_duration(made.subject, "schedule_to_start_timeout", options.schedule_to_start_timeout,
               [&] { return to.mutable_schedule_to_start_timeout(); });
  set_duration(made.subject, "start_to_close_timeout", options.start_to_close_timeout,
               [&] { return to.mutable_start_to_close_timeout(); });
  // The server takes none that are unspecified.
  to.set_id_reuse_policy(wire_of(options.reuse.value_or(nexus_operation_reuse_policy::allow_duplicate)));
  to.set_id_conflict_policy(wire_of(options.conflict.value_or(nexus_operation_conflict_policy::fail)));
  for (const auto& [name, value] : options.headers)
    (*to.mutable_nexus_header())[std::string(name)] = std::string(value);
  if (options.search_attributes.get()) {
    engine::write_payload_map(*options.search_attributes.get(),
                              *to.mutable_search_attributes()->mutable_indexed_fields());
  }
  set_texts(options.summary, options.details, to);
  if (input.payloads_size() > 0) to.mutable_input()->Swap(input.mutable_payloads(0));
  return intercepted(by, std::move(made));
}

RONDO_FUNCTION asio::awaitable<operation_target> start_operation(session_ptr through,
                                                                 service_call<start_operation_request> what) {
  std::string id = what.request.operation_id(), endpoint = what.request.endpoint();
  std::string service_name = what.request.service(), operation = what.request.operation();
  const auto response = co_await fetch(through, std::move(what));
  operation_target made(std::move(through), std::move(id), response.run_id());
  made.endpoint = std::move(endpoint);
  made.service_name = std::move(service_name);
  made.operation = std::move(operation);
  co_return made;
}

RONDO_FUNCTION asio::awaitable<service::PollNexusOperationExecutionResponse> wait_operation_stage(
    operation_target of, enums::NexusOperationWaitStage stage) {
  auto poll = of.make<service::PollNexusOperationExecutionRequest>("result of");
  poll.request.set_wait_stage(stage);
  const auto has_come_as_far = [stage](const auto& response) {
    return response.wait_stage() >= stage || response.has_result() || response.has_failure();
  };
  co_return co_await fetch_when(of.session, std::move(poll), has_come_as_far);
}

RONDO_FUNCTION asio::awaitable<std::string> wait_operation_token(operation_target of) {
  const auto begun = co_await wait_operation_stage(of, enums::NEXUS_OPERATION_WAIT_STAGE_STARTED);
  co_return begun.operation_token();
}

RONDO_FUNCTION nexus_operation_status status_of(enums::NexusOperationExecutionStatus status) {
  switch (status) {
    case enums::NEXUS_OPERATION_EXECUTION_STATUS_RUNNING:
      return nexus_operation_status::running;
    case enums::NEXUS_OPERATION_EXECUTION_STATUS_COMPLETED:
      return nexus_operation_status::completed;
    case enums::NEXUS_OPERATION_EXECUTION_STATUS_FAILED:
      return nexus_operation_status::failed;
    case enums::NEXUS_OPERATION_EXECUTION_STATUS_CANCELED:
      return nexus_operation_status::cancelled;
    case enums::NEXUS_OPERATION_EXECUTION_STATUS_TERMINATED:
      return nexus_operation_status::terminated;
    case enums::NEXUS_OPERATION_EXECUTION_STATUS_TIMED_OUT:
      return nexus_operation_status::timed_out;
    default:
      return nexus_operation_status::unspecified;
  }
}

RONDO_FUNCTION nexus_operation_description
description_of(const service::DescribeNexusOperationExecutionResponse& response, const failure_converter* by) {
  nexus_operation_description to;
  const auto& from = response.info();
  read_operation(from, to);
  if (to.run_id.empty()) to.run_id = response.run_id();
  to.schedule_to_close_timeout = engine::duration_of(from.schedule_to_close_timeout());
  to.schedule_to_start_timeout = engine::duration_of(from.schedule_to_start_timeout());
  to.start_to_close_timeout = engine::duration_of(from.start_to_close_timeout());
  to.state = state_of(from.state());
  to.attempt = from.attempt();
  to.last_attempt_complete_time = time_if(from.has_last_attempt_complete_time(), from.last_attempt_complete_time());
  to.next_attempt_time = time_if(from.has_next_attempt_schedule_time(), from.next_attempt_schedule_time());
  to.expiration_time = time_if(from.has_expiration_time(), from.expiration_time());
  read_failure(from.has_last_attempt_failure(), from.last_attempt_failure(), by, to);
  to.blocked_reason = from.blocked_reason();
  if (from.has_cancellation_info()) to.cancellation = cancellation_of(from.cancellation_info(), by);
  to.operation_token = from.operation_token();
  for (const auto& [name, value] : from.nexus_header()) to.headers.insert_or_assign(name, value);
  to.identity = from.identity();
  to.summary = text_of(from.user_metadata().summary());
  to.details = text_of(from.user_metadata().details());
  if (response.has_input()) engine::copy_payload(response.input(), to.input.emplace());
  if (response.has_result()) engine::copy_payload(response.result(), to.result.emplace());
  if (response.has_failure()) to.error = engine::exception_of(response.failure(), by);
  return to;
}

RONDO_FUNCTION paged_list<nexus_operation_summary> list_operations(const session_ptr& through, std::string query,
                                                                   const list_options& options) {
  auto request = new_request<service::ListNexusOperationExecutionsRequest>(*through);
  request.set_query(std::move(query));
  request.set_page_size(options.page_size);
  return list_with<nexus_operation_summary>(through, std::move(request), "list Nexus operations", options,
                                            [](const auto& response) {
                                              std::vector<nexus_operation_summary> found;
                                              for (const auto& each : response.operations()) {
                                                read_operation(each, found.emplace_back());
                                              }
                                              return found;
                                            });
}

}  // namespace rondo::detail::calls
