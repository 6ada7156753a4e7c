#pragma once
#include <google/protobuf/message_lite.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/detail/client/call_settings.hpp"
#include "rondo/detail/client/operator_rpcs.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/rpc_table.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/retry.hpp"

namespace rondo {

/// How to send a raw request.
struct raw_options {
  /// False: one attempt. Retries send the same bytes: a request id in them keeps the call one.
  bool retry = true;
  /// The server holds the call until there is something to say; an attempt that takes too long is repeated.
  bool long_poll = false;
  /// Longest time of one attempt; zero: that of the connection, client_options::rpc_timeout or 70 s for long polls.
  duration timeout{};
  /// Routing hint of the call, such as "workflow:order-1"; empty: none.
  std::string_view resource_id{};
  /// Headers of this call; they win over those of the connection. Null: none.
  const std::vector<std::pair<std::string, std::string>>* metadata = nullptr;
};

/// Calls every method of the server with the messages of the wire protocol, over the client's connection with its
/// headers and retries. The client must live while it is used. Calls throw what calls of the client throw.
///
/// The type of a request of WorkflowService or OperatorService says which method it is for and what is answered:
/// `raw_client(client).call(request)`. Its namespace is set to that of the client when it has none.
class raw_client {
 public:
  explicit raw_client(const client& through) : session_(through.session()) {}

  template <class Request>
  rondo::call<detail::calls::answer_to<Request>> call(Request request, const raw_options& options = {}) const {
    if constexpr (requires { request.set_namespace_(session_->namespace_); }) {
      if (request.namespace_().empty()) request.set_namespace_(session_->namespace_);
    }
    return session_->make_call(send<detail::calls::answer_to<Request>>(
        session_, std::string(detail::calls::method_path<Request>::value), std::move(request), settings_of(options)));
  }
  /// Any method of any service: "/grpc.health.v1.Health/Check", "/temporal.api.testservice.v1.TestService/Sleep". The
  /// request is sent as it is.
  template <class Response, class Request>
    requires std::derived_from<Request, google::protobuf::MessageLite>
  rondo::call<Response> call(std::string_view method, Request request, const raw_options& options = {}) const {
    const std::string path(method);
    if (!path.starts_with('/') || path.find('/', 1) == path.npos) {
      detail::calls::refuse(detail::calls::call_subject("raw call"), "a method is named as in /package.Service/Method");
    }
    return session_->make_call(send<Response>(session_, path, std::move(request), settings_of(options)));
  }

 private:
  /// Options, kept for as long as the call needs them.
  class settings {
   public:
    detail::io::retry_options how;
    std::string resource_id;
  };

  static settings settings_of(const raw_options& from) {
    using detail::io::rpc_class;
    settings made{detail::io::retry_options(!from.retry      ? rpc_class::once
                                            : from.long_poll ? rpc_class::long_poll
                                                             : rpc_class::unary),
                  std::string(from.resource_id)};
    if (from.timeout > duration::zero()) made.how.attempt_timeout = from.timeout;
    if (from.metadata == nullptr) return made;
    for (const auto& [name, value] : *from.metadata) {
      auto& headers = made.how.options.metadata;
      headers.emplace_back(detail::io::header_name(name), value);
      detail::io::check_header_value(headers.back().first, value);
    }
    return made;
  }

  template <class Response, class Request>
  static asio::awaitable<Response> send(detail::calls::session_ptr through, std::string method, Request request,
                                        settings with) {
    detail::calls::require_loop(*through);
    const detail::calls::call_subject subject("call " + method, {}, through->namespace_);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    detail::calls::apply_settings(*through, detail::calls::settings_of(executor), subject, with.resource_id,
                                  with.how.options);
    auto reply = co_await detail::io::call<Response>(*through->connection, method, request, std::move(with.how));
    if (!reply.status.ok()) detail::calls::throw_rpc_failure(subject, reply.status, through->failures());
    co_return std::move(reply.response);
  }

  detail::calls::session_ptr session_;
};

}  // namespace rondo
