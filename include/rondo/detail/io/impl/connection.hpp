#pragma once
#include <google/protobuf/message_lite.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <string_view>
#include <utility>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/connect_failure.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/data_call.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION rpc_status parse_response(const rpc_result& result, google::protobuf::MessageLite& into) {
  if (!result.status.ok()) return result.status;
  if (auto problem = result.response.problem(); !problem.empty()) {
    return rpc_status(rpc_code::internal, std::move(problem), true);
  }
  const std::string_view bytes = result.response.view();
  if (into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  return rpc_status(rpc_code::internal, "the response is not a " + into.GetTypeName(), true);
}

RONDO_FUNCTION void connection::make_headers() {
  headers_ = headers_with_namespace_ = common_headers(options_);
  metadata_list all = *headers_;
  for (const auto& [name, value] : call_headers(options_.namespace_, {})) add_default_header(all, name, value);
  if (all.size() != headers_->size()) headers_with_namespace_ = std::make_shared<const metadata_list>(std::move(all));
}

RONDO_FUNCTION asio::awaitable<rpc_result> call_bytes(connection& to, std::string_view method,
                                                      const google::protobuf::MessageLite& request, retry_options how) {
  to.complete_headers(how.options);
  auto bytes = serialize(request);
  if (to.data()->concerns(bytes->size())) {
    return call_with_data(to.over(), to.data(), rpc_path(method), std::move(bytes), std::move(how), to.retries());
  }
  return call_with_retry(to.over(), rpc_path(method), std::move(bytes), std::move(how), to.retries());
}

RONDO_FUNCTION asio::awaitable<rpc_status> parse_into(asio::awaitable<rpc_result> call,
                                                      google::protobuf::MessageLite& into) {
  const rpc_result result = co_await std::move(call);
  co_return parse_response(result, into);
}

RONDO_FUNCTION asio::awaitable<rpc_status> connection::get_system_info(retry_options how) {
  namespace service = temporal::api::workflowservice::v1;
  const service::GetSystemInfoRequest request;
  const auto reply = co_await call<service::GetSystemInfoResponse>(*this, "GetSystemInfo", request, std::move(how));
  if (!reply.status.ok() && !is_unknown_method(reply.status)) co_return reply.status;
  const auto& found = reply.response.capabilities();
  capabilities_.signal_and_query_header = found.signal_and_query_header();
  capabilities_.internal_error_differentiation = found.internal_error_differentiation();
  capabilities_.activity_failure_include_heartbeat = found.activity_failure_include_heartbeat();
  capabilities_.supports_schedules = found.supports_schedules();
  capabilities_.encoded_failure_attributes = found.encoded_failure_attributes();
  capabilities_.build_id_based_versioning = found.build_id_based_versioning();
  capabilities_.upsert_memo = found.upsert_memo();
  capabilities_.eager_workflow_start = found.eager_workflow_start();
  capabilities_.sdk_metadata = found.sdk_metadata();
  capabilities_.count_group_by_execution_status = found.count_group_by_execution_status();
  capabilities_.nexus = found.nexus();
  capabilities_.server_scaled_deployments = found.server_scaled_deployments();
  capabilities_.server_scaled_provider_cloud_run = found.server_scaled_provider_cloud_run();
  server_version_ = reply.response.server_version();
  capabilities_loaded_ = true;
  co_return rpc_status();
}

RONDO_FUNCTION asio::awaitable<bool> connection::is_alive(time_point deadline) {
  retry_options how(rpc_class::once);
  how.options.deadline = deadline;
  const rpc_status status = co_await get_system_info(std::move(how));
  co_return status.ok();
}

RONDO_FUNCTION asio::awaitable<void> connection::load_capabilities(time_point deadline) {
  if (capabilities_loaded_) co_return;
  retry_options how(rpc_class::unary);
  how.options.deadline = deadline;
  rpc_status status = co_await get_system_info(std::move(how));
  if (!status.ok()) throw connect_error(options_, std::move(status));
}

RONDO_FUNCTION asio::awaitable<void> connection::connect() {
  retry_options how(rpc_class::connect);
  how.options.deadline = later(steady_clock::now(), options_.connect_timeout);
  how.attempt_timeout = options_.connect_timeout;
  rpc_status status = co_await get_system_info(std::move(how));
  if (!status.ok()) throw connect_error(options_, std::move(status));
}

}  // namespace rondo::detail::io
