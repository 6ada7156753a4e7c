#pragma once
#include <temporal/api/common/v1/message.pb.h>

#include <string_view>

#include "rondo/client/interceptor.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

// How interceptors reach into requests.
namespace rondo::detail::calls {

/// What interceptors may see and change of a request.
struct request_parts {
  std::string_view name{}, workflow_id{};
  Payloads& arguments;
  temporal::api::common::v1::Header& headers;
};

template <class Request>
request_parts parts_of(Request& from) {
  if constexpr (requires { from.mutable_schedule(); }) {
    auto& action = *from.mutable_schedule()->mutable_action()->mutable_start_workflow();
    return {action.workflow_type().name(), action.workflow_id(), *action.mutable_input(), *action.mutable_header()};
  } else if constexpr (requires { from.mutable_request()->mutable_input(); }) {
    auto& input = *from.mutable_request()->mutable_input();
    return {input.name(), from.workflow_execution().workflow_id(), *input.mutable_args(), *input.mutable_header()};
  } else if constexpr (requires { from.mutable_query(); }) {
    auto& query = *from.mutable_query();
    return {query.query_type(), from.execution().workflow_id(), *query.mutable_query_args(), *query.mutable_header()};
  } else if constexpr (requires { from.workflow_execution(); }) {
    return {from.signal_name(), from.workflow_execution().workflow_id(), *from.mutable_input(), *from.mutable_header()};
  } else if constexpr (requires { from.activity_type(); }) {
    return {from.activity_type().name(), {}, *from.mutable_input(), *from.mutable_header()};
  } else {
    return {from.workflow_type().name(), from.workflow_id(), *from.mutable_input(), *from.mutable_header()};
  }
}

/// The call as the interceptors of its client leave it.
template <class Request>
service_call<Request> intercepted(const session& by, service_call<Request> what) {
  what.seen = true;
  const auto& all = by.connection->options().interceptors;
  if (all.empty()) return what;
  auto parts = parts_of(what.request);
  payload_list arguments = engine::list_of(parts.arguments);
  payload_map headers;
  engine::read_payload_map(parts.headers.fields(), headers);
  client_call call{.method = what.method_name(),
                   .name = parts.name,
                   .workflow_id = parts.workflow_id,
                   .arguments = arguments,
                   .headers = headers};
  payload_list of_signal;
  if constexpr (requires { what.request.mutable_signal_input(); }) {
    of_signal = engine::list_of(what.request.signal_input());
    call.signal_name = what.request.signal_name();
    call.signal_arguments = &of_signal;
  }
  for (const auto& each : all) each->outbound(call);
  if constexpr (requires { what.request.mutable_signal_input(); }) {
    what.request.clear_signal_input();
    if (!of_signal.empty()) engine::write_payloads(of_signal, *what.request.mutable_signal_input());
  }
  parts.arguments.Clear();
  engine::write_payloads(arguments, parts.arguments);
  parts.headers.Clear();
  engine::write_payload_map(headers, *parts.headers.mutable_fields());
  return what;
}

}  // namespace rondo::detail::calls
