#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "tools/doctor_facts.hpp"
#include "tools/session.hpp"

// No method of the server says what time it is there. But it notes when a poll began.
namespace rondo::tools {

namespace doctor_clock {

namespace io = rondo::detail::io;

/// A poll of a task queue that nobody else uses; ended by the token.
inline asio::awaitable<void> poll(std::shared_ptr<io::call_token> until, session& server, std::string queue) {
  service::PollActivityTaskQueueRequest request;
  request.set_namespace_(server.namespace_());
  request.set_identity(server.identity());
  request.mutable_task_queue()->set_name(queue);
  io::retry_options how(io::rpc_class::once);
  how.attempt_timeout = std::chrono::seconds(20);
  how.options.token = until.get();
  service::PollActivityTaskQueueResponse response;
  co_await io::call_into(server.connection(), "PollActivityTaskQueue", request, response, std::move(how));
}

inline asio::awaitable<std::optional<google::protobuf::Timestamp>> poll_time(session& server, std::string queue) {
  service::DescribeTaskQueueRequest request;
  request.set_namespace_(server.namespace_());
  request.mutable_task_queue()->set_name(queue);
  request.set_task_queue_type(temporal::api::enums::v1::TASK_QUEUE_TYPE_ACTIVITY);
  io::retry_options how(io::rpc_class::once);
  how.attempt_timeout = std::chrono::seconds(2);
  service::DescribeTaskQueueResponse response;
  const auto status =
      co_await io::call_into(server.connection(), "DescribeTaskQueue", request, response, std::move(how));
  if (!status.ok() || response.pollers().empty()) co_return std::nullopt;
  co_return response.pollers(0).last_access_time();
}

inline asio::awaitable<std::optional<clock_reading>> read(session& server) {
  using clock = std::chrono::system_clock;
  const std::string queue = "rondo-doctor-" + rondo::detail::random_uuid();
  const auto token = std::make_shared<io::call_token>();
  std::optional<clock_reading> result;
  const auto begun = clock::now();
  asio::co_spawn(server.loop().executor(), poll(token, server, queue), [token](const std::exception_ptr&) {});
  for (int attempt = 0; attempt < 20 && !result; ++attempt) {
    const auto seen = co_await poll_time(server, queue);
    const auto now = clock::now();
    if (seen) {
      const auto there = clock::time_point(std::chrono::duration_cast<clock::duration>(
          std::chrono::seconds(seen->seconds()) + nanoseconds(seen->nanos())));
      const auto doubt = (now - begun) / 2;
      result = clock_reading{there - (begun + doubt), doubt};
      break;
    }
    asio::error_code woken;
    co_await io::async_sleep_until(server.loop(), io::steady_clock::now() + std::chrono::milliseconds(50), token.get(),
                                   asio::redirect_error(asio::use_awaitable, woken));
  }
  token->cancel();
  co_return result;
}

}  // namespace doctor_clock

/// Nothing when the server does not tell.
inline std::optional<clock_reading> read_clock(session& server) {
  return server.loop().block_on(doctor_clock::read(server));
}

}  // namespace rondo::tools
