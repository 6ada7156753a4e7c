#pragma once
#include <google/rpc/status.pb.h>
#include <temporal/api/errordetails/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <utility>

#include "rondo/client/update_handle.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/begin.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/update_with_start.hpp"
#include "rondo/detail/client/updates.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION rpc_status status_of_operations(const rpc_status& whole) {
  details::MultiOperationExecutionFailure said;
  if (!attached_messages(whole).find(said)) return whole;
  for (const auto& each : said.statuses()) {
    if (each.code() == 0) continue;
    const bool only_aborted =
        each.details_size() > 0 && each.details(0).type_url().ends_with("MultiOperationExecutionAborted");
    if (only_aborted) continue;
    google::rpc::Status own;
    own.set_code(each.code());
    own.set_message(each.message());
    *own.mutable_details() = each.details();
    rpc_status status(static_cast<rpc_code>(each.code()), each.message(), whole.from_transport);
    status.details = own.SerializeAsString();
    return status;
  }
  return whole;
}

/// No interceptor is around it.
inline asio::awaitable<service::ExecuteMultiOperationResponse> send_both(
    session_ptr through, service_call<service::ExecuteMultiOperationRequest>& both) {
  for (;;) {
    auto reply = co_await try_send<service::ExecuteMultiOperationResponse>(through, both);
    if (reply.status.code == rpc_code::deadline_exceeded) continue;
    if (!reply.status.ok()) throw_rpc_failure(both.subject, status_of_operations(reply.status));
    const bool begun =
        reply.response.responses_size() != 2 || is_durable(reply.response.responses(1).update_workflow());
    if (begun) co_return std::move(reply.response);
  }
}

RONDO_FUNCTION asio::awaitable<started_update> start_with_update(session_ptr through, update_and_start what) {
  const auto& [start, update] = what;
  service::ExecuteMultiOperationRequest request;
  request.set_namespace_(through->namespace_);
  request.set_resource_id(start.resource_id);
  auto& alone = *request.add_operations()->mutable_start_workflow();
  alone = start.request;
  alone.set_request_eager_execution(false);
  *request.add_operations()->mutable_update_workflow() = update.request;
  service_call<service::ExecuteMultiOperationRequest> both(
      "ExecuteMultiOperation",
      call_subject("start workflow '" + start.request.workflow_id() + "' with an update", start.request.workflow_id(),
                   through->namespace_),
      start.resource_id, std::move(request));
  both.kind = io::rpc_class::long_poll;
  both.seen = start.seen && update.seen;
  show_once(*through, both);
  auto sent = has_interceptors(*through)
                  ? surround_answer<service::ExecuteMultiOperationResponse>(
                        through, both, both.request, [&through, &both] { return send_both(through, both); })
                  : send_both(through, both);
  const auto response = co_await std::move(sent);
  if (response.responses_size() != 2) {
    throw rpc_error(rpc_status(rpc_code::internal, "the server answered one operation of two", true));
  }
  const auto& started = response.responses(0).start_workflow();
  const auto& asked = response.responses(1).update_workflow();
  keep_link(*through, started, link_to_start(through->namespace_, start.request.workflow_id(), started.run_id()));
  keep_link(*through, asked);
  co_return started_update{started_target(through, start.request.workflow_id(), true, started),
                           ref_of(through, update.request, asked)};
}

RONDO_FUNCTION service_call<update_request> make_update_of_start(session_ptr through,
                                                                 const service_call<start_request>& start,
                                                                 std::string_view name, const update_options& options,
                                                                 Payloads input) {
  if (start.request.workflow_id_conflict_policy() ==
      temporal::api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED) {
    refuse(start.subject, "an update with start needs start_workflow_options::conflict: use_existing or fail");
  }
  const target to(std::move(through), start.request.workflow_id(), {}, {}, {});
  return make_update(to, name, options, std::move(input));
}

}  // namespace rondo::detail::calls
