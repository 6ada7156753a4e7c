#pragma once
#include <google/protobuf/message_lite.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client/interceptor.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/call_settings.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
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

RONDO_FUNCTION void show(const session& by, const call_facts& what) {
  if (std::exchange(what.seen, true)) return;
  for (const auto& each : by.connection->options().interceptors) {
    payload_list arguments;
    payload_map headers;
    client_call call{.method = what.method_name(),
                     .workflow_id = what.subject.workflow_id,
                     .arguments = arguments,
                     .headers = headers};
    each->outbound(call);
  }
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
  show(by, what);
  io::retry_options options(what.kind);
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
