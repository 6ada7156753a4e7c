#pragma once
#include <google/protobuf/message_lite.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/call.hpp"
#include "rondo/detail/client/call_settings.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/rpc_error.hpp"

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

  /// Null: there is none.
  const failure_converter* failures() const noexcept { return connection->options().data.failures.get(); }

  std::shared_ptr<io::connection> connection;
  io::event_loop* loop;
  std::weak_ptr<loop_owner> owner;
  std::string namespace_, identity;
};
using session_ptr = std::shared_ptr<const session>;

/// One call of the workflow service, but for its request: to whom, and what for.
class call_facts {
 public:
  call_facts(std::string_view to_method, call_subject about, std::string resource)
      : method(to_method), subject(std::move(about)), resource_id(std::move(resource)) {}

  /// "DescribeSchedule", without the service that its path may name.
  std::string_view method_name() const noexcept { return method.substr(method.rfind('/') + 1); }

  std::string_view method;
  call_subject subject;
  /// Routing hint, "workflow:order-1"; may be empty.
  std::string resource_id;
  io::rpc_class kind = io::rpc_class::unary;
  /// The interceptors have seen it. Calls are const while they are sent again and again, but are seen once.
  mutable bool seen = false;
};

template <class Request>
class service_call : public call_facts {
 public:
  service_call(std::string_view to_method, call_subject about, std::string resource, Request message)
      : call_facts(to_method, std::move(about), std::move(resource)), request(std::move(message)) {}

  Request request;
};

void require_loop(const session& of);

/// Adds what the call was given that a request belongs to, whose headers win, and the headers that tell where it goes.
/// Throws rpc_error when the time of the call is over.
void apply_settings(const session& by, const call_settings* given, const call_subject& subject,
                    std::string_view resource_id, io::call_options& to);

/// Shows the interceptors a call without arguments, unless they have seen it.
void show(const session& by, const call_facts& what);

/// Sends a request, with retries. All of it outlives the call.
asio::awaitable<rpc_status> send_into(const session& by, const call_facts& what,
                                      const google::protobuf::MessageLite& request,
                                      google::protobuf::MessageLite& response);

/// The reply holds the status and the response.
template <class Response, class Request>
asio::awaitable<io::rpc_reply<Response>> try_send(session_ptr through, const service_call<Request>& what) {
  io::rpc_reply<Response> reply;
  reply.status = co_await send_into(*through, what, what.request, reply.response);
  co_return reply;
}

/// The same, but throws what a status that is not OK stands for.
template <class Response, class Request>
asio::awaitable<Response> send(session_ptr through, service_call<Request> what) {
  Response response;
  const rpc_status status = co_await send_into(*through, what, what.request, response);
  if (!status.ok()) throw_rpc_failure(what.subject, status, through->failures());
  co_return response;
}

/// For calls whose answer says nothing.
template <class Response, class Request>
asio::awaitable<void> send_only(session_ptr through, service_call<Request> what) {
  co_await send<Response>(std::move(through), std::move(what));
}

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/session.hpp"
#endif
