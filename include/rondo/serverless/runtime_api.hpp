#pragma once
#include <asio/awaitable.hpp>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/client.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/invocation.hpp"
#include "rondo/serverless/lambda_error.hpp"

// AWS Lambda as a custom runtime sees it: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
namespace rondo::serverless {

namespace http = rondo::detail::http;
namespace io = rondo::detail::io;

/// An event, with what belongs to it at AWS only.
struct lambda_event {
  serverless::invocation invocation{};
  std::string client_context{};
  std::string cognito_identity{};
  std::string tenant_id{};
  std::string content_type{};
};

/// How the Runtime API took what it was given.
enum class delivery : std::uint8_t {
  accepted,
  malformed,    ///< 400: it does not like the body
  wrong_state,  ///< 403: the invocation is over, or another one is under way; go on with the next
  too_large,    ///< 413: send an error in place of the response
};

/// The Runtime API failed in a way that nothing helps against but the end of the process.
class lambda_failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The event in an answer to "next". Both clocks are the present ones. Throws lambda_failure when it has no request id.
inline lambda_event event_of(http::response&& answer, time_point now, std::chrono::system_clock::time_point wall_now) {
  const auto value = [&answer](std::string_view name) { return std::string(answer.headers.get(name)); };
  lambda_event event;
  auto& invocation = event.invocation;
  invocation.provider = provider::aws_lambda;
  invocation.request_id = value("Lambda-Runtime-Aws-Request-Id");
  if (!http::is_token(invocation.request_id)) {
    throw lambda_failure("rondo: the Lambda Runtime API gave an event without a request id");
  }
  invocation.resource = value("Lambda-Runtime-Invoked-Function-Arn");
  invocation.trace_id = value("Lambda-Runtime-Trace-Id");
  const auto deadline = answer.headers.get("Lambda-Runtime-Deadline-Ms");
  std::int64_t milliseconds = 0;
  const auto* const end = deadline.data() + deadline.size();
  const auto [stopped, problem] = std::from_chars(deadline.data(), end, milliseconds);
  if (!deadline.empty() && problem == std::errc() && stopped == end && milliseconds > 0) {
    invocation.deadline = steady_deadline(std::chrono::milliseconds(milliseconds), now, wall_now);
  }
  event.client_context = value("Lambda-Runtime-Client-Context");
  event.cognito_identity = value("Lambda-Runtime-Cognito-Identity");
  event.tenant_id = value("Lambda-Runtime-Aws-Tenant-Id");
  event.content_type = value("Content-Type");
  invocation.payload = std::move(answer.body);
  return event;
}

/// One connection to the Runtime API. Calls that fail throw http::no_response or lambda_failure. Loop thread only.
class runtime_api {
 public:
  runtime_api(io::event_loop& loop, http::address where, std::string working_directory = {})
      : connection_(loop, std::move(where), {.limits = {.header_bytes = 256 * 1024, .body_bytes = 32 * 1024 * 1024}}),
        working_directory_(std::move(working_directory)) {}

  /// Waits for an event for as long as it takes: the environment is frozen while it waits.
  asio::awaitable<lambda_event> next() {
    http::request what("GET", root + "/invocation/next");
    http::response answer = co_await connection_.send(std::move(what));
    if (answer.status == 403) {
      throw lambda_failure(
          "rondo: the Lambda Runtime API gives this runtime no events, since others ask for as many as come at once: a "
          "process has one, so make only one lambda_host, or call run_worker() only once");
    }
    if (answer.status != 200) refuse("next", answer.status);
    co_return event_of(std::move(answer), io::steady_clock::now(), std::chrono::system_clock::now());
  }

  asio::awaitable<delivery> respond(std::string request_id, std::string body) {
    return post("/invocation/" + std::move(request_id) + "/response", std::move(body), {});
  }
  asio::awaitable<delivery> fail(std::string request_id, lambda_error error) {
    return post_error("/invocation/" + std::move(request_id) + "/error", std::move(error));
  }
  asio::awaitable<delivery> fail_init(lambda_error error) { return post_error("/init/error", std::move(error)); }

  /// SnapStart: the snapshot is taken while this waits, and it ends when the process was restored from it.
  asio::awaitable<void> wait_for_restore() {
    http::request what("GET", root + "/restore/next");
    const http::response answer = co_await connection_.send(std::move(what));
    if (answer.status != 200) refuse("restore/next", answer.status);
  }
  asio::awaitable<delivery> fail_restore(lambda_error error) { return post_error("/restore/error", std::move(error)); }

  /// Breaks off the call under way.
  void close() { connection_.close(); }

 private:
  asio::awaitable<delivery> post_error(std::string path, lambda_error error) {
    http::header_list headers;
    headers.add("Content-Type", "application/vnd.aws.lambda.error+json");
    headers.add("Lambda-Runtime-Function-Error-Type", error_type_of(error.type));
    headers.add("Lambda-Runtime-Function-XRay-Error-Cause", xray_cause(error, working_directory_));
    return post(std::move(path), error_body(error), std::move(headers));
  }

  asio::awaitable<delivery> post(std::string path, std::string body, http::header_list headers) {
    http::request what("POST", root + path, std::move(body));
    what.headers = std::move(headers);
    if (!what.headers.has("Content-Type")) what.headers.add("Content-Type", "application/json");
    const io::time_point deadline = io::later(io::steady_clock::now(), std::chrono::seconds(30));
    const http::response answer = co_await connection_.send(std::move(what), deadline);
    if (answer.ok()) co_return delivery::accepted;
    if (answer.status == 413) co_return delivery::too_large;
    if (answer.status == 403) co_return delivery::wrong_state;
    if (answer.status >= 400 && answer.status < 500) co_return delivery::malformed;
    refuse(path, answer.status);
  }

  [[noreturn]] static void refuse(const std::string& what, int status) {
    throw lambda_failure("rondo: the Lambda Runtime API answered \"" + what + "\" with status " +
                         std::to_string(status));
  }

  inline static const std::string root = "/2018-06-01/runtime";

  http::client_connection connection_;
  std::string working_directory_;
};

/// An internal extension of the process itself: with one that is registered, Lambda sends SIGTERM before it ends the
/// environment. Calls that fail throw http::no_response or lambda_failure. Loop thread only.
class extension_api {
 public:
  extension_api(io::event_loop& loop, http::address where) : connection_(loop, std::move(where)) {}

  /// `name` is the file name of the executable. During initialisation only. Registers for no events: that is all which
  /// internal extensions may do.
  asio::awaitable<void> enter(std::string name) {
    http::request what("POST", root + "/register", "{\"events\":[]}");
    what.headers.add("Lambda-Extension-Name", std::move(name));
    what.headers.add("Content-Type", "application/json");
    const io::time_point deadline = io::later(io::steady_clock::now(), std::chrono::seconds(5));
    const http::response answer = co_await connection_.send(std::move(what), deadline);
    identifier_ = answer.headers.get("Lambda-Extension-Identifier");
    if (answer.status != 200 || identifier_.empty()) {
      throw lambda_failure("rondo: Lambda's Extensions API refused an internal extension with status " +
                           std::to_string(answer.status));
    }
  }

  /// Waits until Lambda ends the environment: until then it is frozen only while this waits, too.
  asio::awaitable<void> wait() {
    http::request what("GET", root + "/event/next");
    what.headers.add("Lambda-Extension-Identifier", identifier_);
    co_await connection_.send(std::move(what));
  }

  void close() { connection_.close(); }

 private:
  inline static const std::string root = "/2020-01-01/extension";

  http::client_connection connection_;
  std::string identifier_;
};

}  // namespace rondo::serverless
