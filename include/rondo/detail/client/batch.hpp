#pragma once
#include <temporal/api/batch/v1/message.pb.h>
#include <temporal/api/enums/v1/batch_operation.pb.h>
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/batch_options.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/workflow_changes.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/workflow_changes.hpp"

// Batch jobs, to and from the wire.
namespace rondo::detail::calls {

namespace batch_api = temporal::api::batch::v1;
using batch_request = service::StartBatchOperationRequest;

template <class Request>
service_call<Request> batch_call(const session& by, Request request, std::string_view action) {
  const std::string id = request.job_id();
  return call_with(by, std::move(request), std::string(action) + " batch job '" + id + "'", "batch:" + id);
}

/// A job without what it shall do. Its id is made here: once for all attempts.
service_call<batch_request> make_batch(const session& by, std::string_view action, const batch_target& which,
                                       const batch_options& options, enums::ExecutionType kind);

template <class Handle>
asio::awaitable<Handle> start_batch(session_ptr through, service_call<batch_request> what) {
  const std::string job_id = what.request.job_id();
  (void)co_await fetch(through, std::move(what));
  co_return Handle(std::move(through), job_id);
}

void write_reset(const call_subject& subject, const reset_options& from, batch_api::BatchOperationReset& to);

batch_state state_of(enums::BatchOperationState state);

/// Older servers have other numbers for what is done to workflows.
batch_operation operation_of(enums::BatchOperationType type);

template <class Message>
void read_batch(const Message& from, batch_summary& to) {
  to.job_id = from.job_id();
  to.operation = operation_of(from.operation_type());
  to.state = state_of(from.state());
  to.start_time = time_if(from.has_start_time(), from.start_time());
  to.close_time = time_if(from.has_close_time(), from.close_time());
}

batch_description description_of(const service::DescribeBatchOperationResponse& from);

paged_list<batch_summary> list_batches(const session_ptr& through, const list_options& options);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/batch.hpp"
#endif
