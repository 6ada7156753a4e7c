#pragma once
#include <grpc/health/v1/health.pb.h>

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"

namespace rondo {

namespace detail::calls {

inline asio::awaitable<bool> ask_health(session_ptr through, std::string service_name) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service_name);
  service_call<grpc::health::v1::HealthCheckRequest> what("/grpc.health.v1.Health/Check",
                                                          call_subject("check the health of '" + service_name + "'"),
                                                          {}, std::move(request));
  what.kind = io::rpc_class::once;
  const auto response = co_await send<grpc::health::v1::HealthCheckResponse>(std::move(through), std::move(what));
  co_return response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

}  // namespace detail::calls

/// Asks the server once whether it serves. False: it says that it does not. Throws rpc_error when it does not answer.
inline call<bool> check_health(const client& of,
                               std::string_view service = "temporal.api.workflowservice.v1.WorkflowService") {
  return of.session()->make_call(detail::calls::ask_health(of.session(), std::string(service)));
}

}  // namespace rondo
