#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/enums/v1/nexus.pb.h>
#include <temporal/api/nexus/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/nexus_operation_options.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus_operation.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/serialization_context.hpp"
#include "rondo/workflow/nexus.hpp"

// Nexus operations that no workflow calls, to and from the wire.
namespace rondo::detail::calls {

using start_operation_request = service::StartNexusOperationExecutionRequest;

/// A standalone Nexus operation that a handle stands for. Where it goes is known where it was started.
class operation_target {
 public:
  operation_target(session_ptr of, std::string id, std::string run)
      : session(std::move(of)), operation_id(std::move(id)), run_id(std::move(run)) {}

  session_ptr session;
  std::string operation_id, run_id;
  std::string endpoint, service_name, operation;

  /// Whose its values are; nobody knows it of a handle made by ids alone.
  std::optional<serialization_context> owner() const {
    if (service_name.empty()) return std::nullopt;
    return operation_owner(endpoint, service_name, operation);
  }
  /// A call about it, whose request has its ids.
  template <class Request>
  service_call<Request> make(std::string_view action) const {
    auto request = new_request<Request>(*session);
    request.set_operation_id(operation_id);
    request.set_run_id(run_id);
    return call_with(*session, std::move(request), std::string(action) + " Nexus operation '" + operation_id + "'",
                     "nexus_operation:" + operation_id);
  }
};

enums::NexusOperationIdReusePolicy wire_of(nexus_operation_reuse_policy policy);

inline enums::NexusOperationIdConflictPolicy wire_of(nexus_operation_conflict_policy policy) {
  return policy == nexus_operation_conflict_policy::fail ? enums::NEXUS_OPERATION_ID_CONFLICT_POLICY_FAIL
                                                         : enums::NEXUS_OPERATION_ID_CONFLICT_POLICY_USE_EXISTING;
}

/// Whose the values of an operation are that is about to be started.
inline auto owner_of(const workflow::nexus_target& where) noexcept {
  return [where] { return operation_owner(where.endpoint, where.service, where.operation); };
}

/// The call as the interceptors of its client leave it. Nexus operations carry none of their headers.
service_call<start_operation_request> intercepted(const session& by, service_call<start_operation_request> what);

/// `input`: at most one value.
service_call<start_operation_request> make_start_operation(const session& by, const workflow::nexus_target& where,
                                                           const start_nexus_operation_options& options,
                                                           Payloads input);

asio::awaitable<operation_target> start_operation(session_ptr through, service_call<start_operation_request> what);

template <class Handle>
asio::awaitable<Handle> start_operation_for(session_ptr through, service_call<start_operation_request> what) {
  auto started = co_await start_operation(std::move(through), std::move(what));
  co_return Handle(std::move(started));
}

/// The answer of the server once it has come as far; it answers from time to time with nothing.
asio::awaitable<service::PollNexusOperationExecutionResponse> wait_operation_stage(
    operation_target of, enums::NexusOperationWaitStage stage);

/// How a failed operation is thrown: as the server says it, or with what it says as the cause.
[[noreturn]] inline void throw_operation_failure(const operation_target& of, const std::string& token,
                                                 const engine::Failure& failure) {
  const auto* by = of.session->failures();
  if (failure.has_nexus_operation_execution_failure_info())
    std::rethrow_exception(engine::call_failure_of(failure, by));
  const auto cause = engine::exception_of(failure, by);
  nexus_operation_failure made(
      "Nexus operation '" + of.operation_id + "' failed: " + engine::message_of(cause),
      {.endpoint = of.endpoint, .service = of.service_name, .operation = of.operation, .operation_token = token});
  made.set_cause(cause);
  throw made;
}

template <class Result>
asio::awaitable<Result> wait_operation(operation_target of) {
  const auto end = co_await wait_operation_stage(of, enums::NEXUS_OPERATION_WAIT_STAGE_CLOSED);
  if (end.has_failure()) throw_operation_failure(of, end.operation_token(), end.failure());
  Payloads result;
  if (end.has_result()) *result.add_payloads() = end.result();
  co_return decode_one<Result>([&of] { return of.owner(); }, result,
                               "result of Nexus operation '" + of.operation_id + "'");
}

asio::awaitable<std::string> wait_operation_token(operation_target of);

template <class Result>
asio::awaitable<Result> execute_operation(session_ptr through, service_call<start_operation_request> what) {
  auto started = co_await start_operation(std::move(through), std::move(what));
  auto waiting = wait_operation<Result>(std::move(started));
  co_return co_await std::move(waiting);
}

nexus_operation_status status_of(enums::NexusOperationExecutionStatus status);

/// What lists and descriptions have in common.
template <class Message>
void read_operation(const Message& from, nexus_operation_summary& to) {
  to.id = from.operation_id();
  to.run_id = from.run_id();
  to.endpoint = from.endpoint();
  to.service = from.service();
  to.operation = from.operation();
  to.status = status_of(from.status());
  to.scheduled_time = time_if(from.has_schedule_time(), from.schedule_time());
  to.close_time = time_if(from.has_close_time(), from.close_time());
  to.execution_duration = engine::duration_of(from.execution_duration());
  to.search_attributes = map_of(from.search_attributes().indexed_fields());
}

nexus_operation_description description_of(const service::DescribeNexusOperationExecutionResponse& response,
                                           const failure_converter* by);

paged_list<nexus_operation_summary> list_operations(const session_ptr& through, std::string query,
                                                    const list_options& options);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/nexus_operations.hpp"
#endif
