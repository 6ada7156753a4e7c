#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/call.hpp"
#include "rondo/client/interceptor.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"

namespace rondo::detail::calls {

namespace service = temporal::api::workflowservice::v1;

/// What a client, its handles and the calls under way share. It does not keep the loop: the calls are on it.
class session {
 public:
  session(std::shared_ptr<io::connection> over, std::shared_ptr<loop_owner> runs, std::string name, std::string who)
      : connection(std::move(over)),
        loop(&runs->loop()),
        owner(runs),
        namespace_(std::move(name)),
        identity(std::move(who)) {}

  /// Gives the coroutine to the user.
  template <class Result>
  call<Result> make_call(asio::awaitable<Result> work) const {
    return call<Result>(std::move(work), owner);
  }

  std::shared_ptr<io::connection> connection;
  io::event_loop* loop;
  std::weak_ptr<loop_owner> owner;
  std::string namespace_, identity;
};
using session_ptr = std::shared_ptr<const session>;

/// One call of the workflow service: what is sent, to whom, and what for.
template <class Request>
class service_call {
 public:
  service_call(std::string_view to_method, call_subject about, std::string resource, Request message)
      : method(to_method), subject(std::move(about)), resource_id(std::move(resource)), request(std::move(message)) {}

  std::string_view method;
  call_subject subject;
  /// Routing hint, "workflow:order-1"; may be empty.
  std::string resource_id;
  Request request;
  io::rpc_class kind = io::rpc_class::unary;
};

inline void require_loop(const session& of) {
  if (of.loop->running_in_this_thread()) return;
  throw std::logic_error(
      "rondo: a call was awaited outside the loop of its client: co_spawn the coroutine on client.executor(), or use "
      "get()");
}

/// Sends a request, with retries; the reply holds the status and the response.
template <class Response, class Request>
asio::awaitable<io::rpc_reply<Response>> try_send(session_ptr through, const service_call<Request>& what) {
  require_loop(*through);
  io::retry_options options(what.kind);
  options.options.metadata = io::call_headers(through->namespace_, what.resource_id);
  auto reply = co_await io::call<Response>(*through->connection, what.method, what.request, std::move(options));
  for (const auto& each : through->connection->options().interceptors) {
    const client_answer answer{.method = what.method, .status = reply.status};
    each->answered(answer);
  }
  co_return reply;
}

/// The same, but throws what a status that is not OK stands for.
template <class Response, class Request>
asio::awaitable<Response> send(session_ptr through, service_call<Request> what) {
  auto reply = co_await try_send<Response>(std::move(through), what);
  if (!reply.status.ok()) throw_rpc_failure(what.subject, reply.status);
  co_return std::move(reply.response);
}

/// For calls whose answer says nothing.
template <class Response, class Request>
asio::awaitable<void> send_only(session_ptr through, service_call<Request> what) {
  co_await send<Response>(std::move(through), std::move(what));
}

}  // namespace rondo::detail::calls
