#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/data_call.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::worker {

/// The calls that attempts and Nexus tasks make of their own. Kept by them: a call may outlive the worker.
class task_calls {
 public:
  explicit task_calls(std::shared_ptr<io::connection> to) : connection_(std::move(to)) {}

  /// What it is given outlives the call.
  template <class Response, class Request>
  asio::awaitable<io::rpc_reply<Response>> call(std::string_view method, const Request& request,
                                                io::retry_options how) {
    const auto connection = connection_;
    how.options.token = &token_;
    auto reply = co_await io::call<Response>(*connection, method, request, std::move(how));
    co_return reply;
  }
  /// Changes a request to what would be sent of it, for those who send it in a form that codecs cannot read.
  template <class Request>
  asio::awaitable<rpc_status> encode(std::string_view method, Request& request) {
    const auto connection = connection_;
    const std::string path = io::rpc_path(method);
    io::request_bytes bytes = io::serialize(request);
    rpc_status status = co_await io::encode_request(connection->loop(), connection->data(), path, bytes);
    if (status.ok() && !request.ParseFromString(*bytes)) {
      status = rpc_status(rpc_code::internal, "a request cannot be read any more after it was encoded", true);
    }
    co_return status;
  }
  /// Calls that begin from now on go there.
  void replace_connection(std::shared_ptr<io::connection> to) { connection_ = std::move(to); }
  /// Null: there is none.
  const failure_converter* failures() const { return connection_->options().data.failures.get(); }
  bool changes_payloads() const { return connection_->data()->changes_payloads(); }
  /// Calls under way end now, and none is made any more.
  void cancel() { token_.cancel(); }

 private:
  std::shared_ptr<io::connection> connection_;
  io::call_token token_;
};

}  // namespace rondo::detail::worker
