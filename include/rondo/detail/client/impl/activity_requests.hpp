#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <exception>
#include <string_view>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/activity_requests.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION asio::awaitable<void> send_heartbeat(session_ptr through, const activity_key& key, Payloads details) {
  const auto make = [&]<class Request>(std::string_view method, Request request) {
    if (details.payloads_size() > 0) *request.mutable_details() = std::move(details);
    return activity_call(*through, key, method, "heartbeat of", std::move(request));
  };
  if (key.by_token()) {
    auto what = make("RecordActivityTaskHeartbeat",
                     activity_request<service::RecordActivityTaskHeartbeatRequest>(*through, key));
    return beat<service::RecordActivityTaskHeartbeatResponse>(std::move(through), std::move(what));
  }
  auto what = make("RecordActivityTaskHeartbeatById",
                   activity_request<service::RecordActivityTaskHeartbeatByIdRequest>(*through, key));
  return beat<service::RecordActivityTaskHeartbeatByIdResponse>(std::move(through), std::move(what));
}

RONDO_FUNCTION asio::awaitable<void> send_completion(session_ptr through, const activity_key& key, Payloads result) {
  const auto make = [&]<class Request>(std::string_view method, Request request) {
    if (result.payloads_size() > 0) *request.mutable_result() = std::move(result);
    return activity_call(*through, key, method, "complete", std::move(request));
  };
  if (key.by_token()) {
    auto what = make("RespondActivityTaskCompleted",
                     activity_request<service::RespondActivityTaskCompletedRequest>(*through, key));
    return send_only<service::RespondActivityTaskCompletedResponse>(std::move(through), std::move(what));
  }
  auto what = make("RespondActivityTaskCompletedById",
                   activity_request<service::RespondActivityTaskCompletedByIdRequest>(*through, key));
  return send_only<service::RespondActivityTaskCompletedByIdResponse>(std::move(through), std::move(what));
}

RONDO_FUNCTION asio::awaitable<void> send_activity_failure(session_ptr through, const activity_key& key,
                                                           const std::exception_ptr& error, Payloads last_heartbeat) {
  const auto make = [&]<class Request>(std::string_view method, Request request) {
    engine::write_failure(error, *request.mutable_failure(), through->failures());
    if (last_heartbeat.payloads_size() > 0) *request.mutable_last_heartbeat_details() = std::move(last_heartbeat);
    return activity_call(*through, key, method, "fail", std::move(request));
  };
  if (key.by_token()) {
    auto what =
        make("RespondActivityTaskFailed", activity_request<service::RespondActivityTaskFailedRequest>(*through, key));
    return send_only<service::RespondActivityTaskFailedResponse>(std::move(through), std::move(what));
  }
  auto what = make("RespondActivityTaskFailedById",
                   activity_request<service::RespondActivityTaskFailedByIdRequest>(*through, key));
  return send_only<service::RespondActivityTaskFailedByIdResponse>(std::move(through), std::move(what));
}

RONDO_FUNCTION asio::awaitable<void> send_activity_cancelled(session_ptr through, const activity_key& key,
                                                             Payloads details) {
  const auto make = [&]<class Request>(std::string_view method, Request request) {
    if (details.payloads_size() > 0) *request.mutable_details() = std::move(details);
    return activity_call(*through, key, method, "report as cancelled", std::move(request));
  };
  if (key.by_token()) {
    auto what = make("RespondActivityTaskCanceled",
                     activity_request<service::RespondActivityTaskCanceledRequest>(*through, key));
    return send_only<service::RespondActivityTaskCanceledResponse>(std::move(through), std::move(what));
  }
  auto what = make("RespondActivityTaskCanceledById",
                   activity_request<service::RespondActivityTaskCanceledByIdRequest>(*through, key));
  return send_only<service::RespondActivityTaskCanceledByIdResponse>(std::move(through), std::move(what));
}

}  // namespace rondo::detail::calls
