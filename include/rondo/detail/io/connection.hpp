#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message_lite.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>
#include <unistd.h>

#include <array>
#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/connection_options.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/io/data_call.hpp"
#include "rondo/detail/io/eager_hosts.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::io {

inline constexpr std::string_view workflow_service = "/temporal.api.workflowservice.v1.WorkflowService/";

/// What the server can do; all false until it was asked.
struct server_capabilities {
  bool signal_and_query_header = false;
  bool internal_error_differentiation = false;
  bool activity_failure_include_heartbeat = false;
  bool supports_schedules = false;
  bool encoded_failure_attributes = false;
  bool build_id_based_versioning = false;
  bool upsert_memo = false;
  bool eager_workflow_start = false;
  bool sdk_metadata = false;
  bool count_group_by_execution_status = false;
  bool nexus = false;
  bool server_scaled_deployments = false;
  bool server_scaled_provider_cloud_run = false;
};

/// pid@hostname
inline std::string default_identity() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {'u', 'n', 'k', 'n', 'o', 'w', 'n'};
  return std::to_string(getpid()) + "@" + host.data();
}

/// A server as its clients see it: transport, headers, retries, capabilities. Belongs to the thread of its loop.
class connection {
 public:
  /// Throws std::invalid_argument when headers in the options cannot be sent.
  connection(client_options options, std::unique_ptr<transport> over)
      : options_(std::move(options)), data_(options_.data), transport_(std::move(over)) {
    make_headers();
    if (options_.identity.empty()) options_.identity = default_identity();
    retries_.numbers.unary_timeout = options_.rpc_timeout;
    if (options_.api_key_provider) {
      api_key_ = std::make_shared<const std::function<std::string()>>(options_.api_key_provider);
    }
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  const client_options& options() const noexcept { return options_; }
  const std::string& identity() const noexcept { return options_.identity; }
  /// What the workers on this connection have in common, for the server's list of workers.
  const std::string& grouping_key() const noexcept { return grouping_key_; }
  event_loop& loop() noexcept { return transport_->loop(); }
  transport& over() noexcept { return *transport_; }
  retry_policy& retries() noexcept { return retries_; }
  /// Workers whose clients are on this connection too.
  eager_hosts& eager() noexcept { return eager_; }
  /// What payloads go through.
  payload_pipeline& data() noexcept { return data_; }
  /// What those who use the connection share under that name, while one of them keeps it; empty at first.
  std::weak_ptr<void>& companion(const std::string& name) { return companions_[name]; }

  /// What load_capabilities() found.
  const server_capabilities& capabilities() const noexcept { return capabilities_; }
  const std::string& server_version() const noexcept { return server_version_; }

  /// Asks the server once what it can do. Throws rpc_error, and may be called again then.
  asio::awaitable<void> load_capabilities(time_point deadline = time_point::max());

  /// True when the server answers before the deadline: for connections that were not used for a while.
  asio::awaitable<bool> is_alive(time_point deadline);

  /// Makes the first call, within the connect timeout. Throws rpc_error that says what to do.
  asio::awaitable<void> connect();

  /// Later calls bear the new key, in place of that of a provider. Throws std::invalid_argument.
  void set_api_key(std::string key) {
    options_.api_key_provider = nullptr;
    api_key_ = nullptr;
    options_.api_key = std::move(key);
    make_headers();
  }

  /// Later calls go over connections with this certificate and key; PEM text. Throws std::invalid_argument.
  void set_client_certificate(std::string certificate, std::string private_key) {
    transport_->set_client_certificate(std::move(certificate), std::move(private_key));
  }

  /// Adds the headers of the connection to those of the call, which win.
  void complete_headers(call_options& call) const {
    // Those of a worker have no other headers, and need none of their own then.
    call.common_metadata = has_header(call.metadata, "temporal-namespace") ? headers_ : headers_with_namespace_;
    if (api_key_ && !has_header(*headers_, "authorization") && !has_header(call.metadata, "authorization")) {
      call.api_key = api_key_;
    }
  }

 private:
  void make_headers();
  asio::awaitable<rpc_status> get_system_info(retry_options how);

  client_options options_;
  const std::string grouping_key_ = random_uuid();
  payload_pipeline data_;
  std::unique_ptr<transport> transport_;
  /// The same list if there is no namespace, or the user gave such a header.
  std::shared_ptr<const metadata_list> headers_, headers_with_namespace_;
  std::shared_ptr<const std::function<std::string()>> api_key_;
  retry_policy retries_;
  eager_hosts eager_;
  std::map<std::string, std::weak_ptr<void>> companions_;
  server_capabilities capabilities_;
  std::string server_version_;
  bool capabilities_loaded_ = false;
};

/// Status of a call and its response, which is empty unless the status is OK.
template <class Response>
class rpc_reply {
 public:
  rpc_reply() = default;
  explicit rpc_reply(rpc_status failed) : status(std::move(failed)) {}

  rpc_status status;
  Response response;
};

/// Full path of a method; names without a service are WorkflowService's.
inline std::string rpc_path(std::string_view method) {
  if (method.starts_with('/')) return std::string(method);
  std::string path;
  path.reserve(workflow_service.size() + method.size());
  return path.append(workflow_service).append(method);
}

/// Serialises the request; the bytes are made once, so all attempts carry the same request id.
inline request_bytes serialize(const google::protobuf::MessageLite& request) {
  auto bytes = std::make_shared<std::string>();
  request.SerializeToString(bytes.get());
  return bytes;
}

/// Reads the response into the message; the status is INTERNAL when it cannot be read.
rpc_status parse_response(const rpc_result& result, google::protobuf::MessageLite& into);

/// A call whose response stays bytes, which may have a problem. The request is serialised before this returns.
asio::awaitable<rpc_result> call_bytes(connection& to, std::string_view method,
                                       const google::protobuf::MessageLite& request, retry_options how);

/// Reads the response of the call into the message, which may live in an arena and outlives the call.
asio::awaitable<rpc_status> parse_into(asio::awaitable<rpc_result> call, google::protobuf::MessageLite& into);

/// A call whose response goes into a message of the caller's. The request is serialised before this returns.
inline asio::awaitable<rpc_status> call_into(connection& to, std::string_view method,
                                             const google::protobuf::MessageLite& request,
                                             google::protobuf::MessageLite& response, retry_options how) {
  return parse_into(call_bytes(to, method, request, std::move(how)), response);
}

template <class Response>
asio::awaitable<rpc_reply<Response>> parse_reply(asio::awaitable<rpc_result> call) {
  const rpc_result result = co_await std::move(call);
  rpc_reply<Response> reply;
  reply.status = parse_response(result, reply.response);
  co_return reply;
}

/// A call from message to message. The request is serialised before this returns; the connection outlives the call.
template <class Response>
asio::awaitable<rpc_reply<Response>> call(connection& to, std::string_view method,
                                          const google::protobuf::MessageLite& request,
                                          retry_options how = retry_options()) {
  return parse_reply<Response>(call_bytes(to, method, request, std::move(how)));
}

template <class Response>
asio::awaitable<Response*> parse_on_arena(asio::awaitable<rpc_result> call, google::protobuf::Arena* arena,
                                          rpc_status& status) {
  const rpc_result result = co_await std::move(call);
  auto* response = google::protobuf::Arena::CreateMessage<Response>(arena);
  status = parse_response(result, *response);
  co_return response;
}

/// A call whose response is made in the arena. Status and arena outlive the call.
template <class Response>
asio::awaitable<Response*> call_on_arena(connection& to, std::string_view method,
                                         const google::protobuf::MessageLite& request, google::protobuf::Arena& arena,
                                         rpc_status& status, retry_options how = retry_options()) {
  return parse_on_arena<Response>(call_bytes(to, method, request, std::move(how)), &arena, status);
}

/// Servers from before GetSystemInfo do not know the method; proxies say UNIMPLEMENTED for other reasons too.
inline bool is_unknown_method(const rpc_status& status) noexcept {
  if (status.code != rpc_code::unimplemented) return false;
  const std::string_view text = status.message;
  return text.find("unknown method") != text.npos || text.find("Method not found") != text.npos;
}

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/connection.hpp"
#endif
