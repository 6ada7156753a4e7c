#pragma once
#include <google/protobuf/message_lite.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/call.hpp"
#include "rondo/detail/client/call_settings.hpp"
#include "rondo/detail/client/link_exchange.hpp"
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
  /// Of the request of a Nexus caller that the client works for. Null: there is none.
  std::shared_ptr<link_exchange> links{};
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
  /// How long the server may take for one attempt; zero: what is usual for the kind.
  io::duration attempt_timeout{};
  /// See retry_options::arrival.
  io::time_point* arrival = nullptr;
  /// Of what is started or told, for interceptors; empty without them.
  std::string name;
  /// The interceptors have seen it: calls that are sent again and again are seen once.
  bool seen = false;
};

template <class Request>
class service_call : public call_facts {
 public:
  service_call(std::string_view to_method, call_subject about, std::string resource, Request message)
      : call_facts(to_method, std::move(about), std::move(resource)), request(std::move(message)) {}

  Request request;
};

/// Adds the links of the request that the client works for.
template <class Message>
void write_links(const session& by, Message& to) {
  if (by.links == nullptr) return;
  for (const auto& each : by.links->of_request()) *to.add_links() = each;
}

/// Keeps the link of an answer for the request that the client works for.
template <class Response>
void keep_link(const session& by, const Response& from) {
  if (by.links == nullptr) return;
  if constexpr (requires { from.signal_link(); }) {
    if (from.has_signal_link()) by.links->keep(from.signal_link());
  } else {
    if (from.has_link()) by.links->keep(from.link());
  }
}
/// The same for a start, which leads to something in any case: older servers do not say it.
template <class Response>
void keep_link(const session& by, const Response& from, const execution_link& otherwise) {
  if (by.links != nullptr) by.links->keep(from.has_link() ? from.link() : otherwise);
}

void require_loop(const session& of);

/// Adds what the call was given that a request belongs to, whose headers win, and the headers that tell where it goes.
/// Throws rpc_error when the time of the call is over.
void apply_settings(const session& by, const call_settings* given, const call_subject& subject,
                    std::string_view resource_id, io::call_options& to);

inline bool has_interceptors(const session& by) noexcept { return !by.connection->options().interceptors.empty(); }

/// Shows the interceptors a call without arguments. `reason` may be null.
void show(const session& by, const call_facts& what, google::protobuf::MessageLite& request, std::string* reason);

/// The same, unless they have seen it.
template <class Request>
void show_once(const session& by, service_call<Request>& what) {
  if (std::exchange(what.seen, true) || !has_interceptors(by)) return;
  if constexpr (requires {
                  { what.request.mutable_reason() } -> std::same_as<std::string*>;
                }) {
    show(by, what, what.request, what.request.mutable_reason());
  } else {
    show(by, what, what.request, nullptr);
  }
}

/// What the innermost interceptor goes on with.
using sending = std::function<asio::awaitable<void>()>;
using value_source = std::function<asio::awaitable<temporal::api::common::v1::Payloads>()>;

/// Lets the interceptors go around `inner`, which fills `response`. All of it outlives the call.
asio::awaitable<void> surround(session_ptr through, const call_facts& what,
                               const google::protobuf::MessageLite& request, google::protobuf::MessageLite& response,
                               const sending& inner);
/// The same around what gives a value of a workflow.
asio::awaitable<temporal::api::common::v1::Payloads> surround_value(session_ptr through, const call_facts& what,
                                                                    const google::protobuf::MessageLite& request,
                                                                    const value_source& inner);

template <class Response>
asio::awaitable<void> fill(Response& to, asio::awaitable<Response> from) {
  to = co_await std::move(from);
}

/// What `inner` gives, an answer to a call that the interceptors have seen, with them around it.
template <class Response, class Inner>
asio::awaitable<Response> surround_answer(session_ptr through, const call_facts& what,
                                          const google::protobuf::MessageLite& request, Inner inner) {
  Response response;
  const sending filled = [&] { return fill(response, inner()); };
  co_await surround(std::move(through), what, request, response, filled);
  co_return response;
}

/// Sends a request, with retries. All of it outlives the call.
asio::awaitable<rpc_status> send_into(const session& by, const call_facts& what,
                                      const google::protobuf::MessageLite& request,
                                      google::protobuf::MessageLite& response);

/// The reply holds the status and the response.
template <class Response, class Request>
asio::awaitable<io::rpc_reply<Response>> try_send(session_ptr through, service_call<Request>& what) {
  show_once(*through, what);
  io::rpc_reply<Response> reply;
  reply.status = co_await send_into(*through, what, what.request, reply.response);
  co_return reply;
}

/// Throws what a status that is not OK stands for. No interceptor is around it.
template <class Response, class Request>
asio::awaitable<Response> send_alone(session_ptr through, const service_call<Request>& what) {
  Response response;
  const rpc_status status = co_await send_into(*through, what, what.request, response);
  if (!status.ok()) throw_rpc_failure(what.subject, status, through->failures());
  co_return response;
}

/// The same with the interceptors around it.
template <class Response, class Request>
asio::awaitable<Response> send(session_ptr through, service_call<Request> what) {
  show_once(*through, what);
  if (has_interceptors(*through)) {
    auto surrounded = surround_answer<Response>(through, what, what.request,
                                                [&through, &what] { return send_alone<Response>(through, what); });
    co_return co_await std::move(surrounded);
  }
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
