#pragma once
#include <google/protobuf/message_lite.h>
#include <temporal/api/common/v1/message.pb.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/interceptor.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/call_settings.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/payload.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION void require_loop(const session& of) {
  if (of.loop->running_in_this_thread()) return;
  throw std::logic_error(
      "rondo: a call was awaited outside the loop of its client: co_spawn the coroutine on client.executor(), or use "
      "get()");
}

RONDO_FUNCTION void show(const session& by, const call_facts& what, google::protobuf::MessageLite& request,
                         std::string* reason) {
  require_loop(by);
  for (const auto& each : by.connection->options().interceptors) {
    payload_list arguments;
    payload_map headers;
    client_call call{.method = what.method_name(),
                     .workflow_id = what.subject.workflow_id,
                     .arguments = arguments,
                     .headers = headers,
                     .reason = reason,
                     .request = &request};
    each->outbound(call);
  }
}

/// Not a coroutine, nor is the default of around(): an interceptor that has nothing to do with it costs no frame.
inline asio::awaitable<void> go_around(const client_interceptors& all, std::size_t next, client_work& work,
                                       const sending& inner) {
  if (next == all.size()) return inner();
  return all[next]->around(work, [&all, next, &work, &inner] { return go_around(all, next + 1, work, inner); });
}

/// `value` is changed where there is no response.
inline client_work work_of(const call_facts& what, const google::protobuf::MessageLite& request, payload_list& value,
                           google::protobuf::MessageLite* response) {
  return {.method = what.method_name(),
          .name = what.name,
          .workflow_id = what.subject.workflow_id,
          .request = request,
          .result = value,
          .response = response};
}

RONDO_FUNCTION asio::awaitable<void> surround(session_ptr through, const call_facts& what,
                                              const google::protobuf::MessageLite& request,
                                              google::protobuf::MessageLite& response, const sending& inner) {
  require_loop(*through);
  payload_list no_value;
  client_work work = work_of(what, request, no_value, &response);
  auto all_of_it = go_around(through->connection->options().interceptors, 0, work, inner);
  co_await std::move(all_of_it);
}

inline asio::awaitable<void> read_value(const value_source& from, payload_list& to) {
  const auto value = co_await from();
  to = engine::list_of(value);
}

RONDO_FUNCTION asio::awaitable<temporal::api::common::v1::Payloads> surround_value(
    session_ptr through, const call_facts& what, const google::protobuf::MessageLite& request,
    const value_source& inner) {
  require_loop(*through);
  payload_list value;
  client_work work = work_of(what, request, value, nullptr);
  const sending reading = [&inner, &value] { return read_value(inner, value); };
  auto all_of_it = go_around(through->connection->options().interceptors, 0, work, reading);
  co_await std::move(all_of_it);
  temporal::api::common::v1::Payloads left;
  engine::write_payloads(value, left);
  co_return left;
}

RONDO_FUNCTION void throw_if_late(const call_settings& settings, const call_subject& subject) {
  if (io::steady_clock::now() < settings.deadline) return;
  throw_rpc_failure(subject,
                    rpc_status(rpc_code::deadline_exceeded, "the timeout that the call was given is over", true));
}

RONDO_FUNCTION void apply_settings(const session& by, const call_settings* given, const call_subject& subject,
                                   std::string_view resource_id, io::call_options& to) {
  if (given != nullptr) {
    throw_if_late(*given, subject);
    to.deadline = given->deadline;
    for (const auto& [name, value] : given->metadata) {
      std::erase_if(to.metadata, [&](const auto& each) { return each.first == name; });
      to.metadata.emplace_back(name, value);
    }
  }
  for (auto& [name, value] : io::call_headers(by.namespace_, resource_id)) {
    io::add_default_header(to.metadata, name, value);
  }
}

RONDO_FUNCTION asio::awaitable<rpc_status> send_into(const session& by, const call_facts& what,
                                                     const google::protobuf::MessageLite& request,
                                                     google::protobuf::MessageLite& response) {
  require_loop(by);
  io::retry_options options(what.kind);
  options.arrival = what.arrival;
  options.attempt_timeout = what.attempt_timeout;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const call_settings* const settings = settings_of(executor);
  apply_settings(by, settings, what.subject, what.resource_id, options.options);
  auto status = co_await io::call_into(*by.connection, what.method, request, response, std::move(options));
  for (const auto& each : by.connection->options().interceptors) {
    const client_answer answer{.method = what.method_name(), .status = status};
    each->answered(answer);
  }
  // Those who wait ask again when an attempt runs into its own deadline.
  if (settings != nullptr && status.code == rpc_code::deadline_exceeded) throw_if_late(*settings, what.subject);
  co_return status;
}

}  // namespace rondo::detail::calls
