#pragma once
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "rondo/deployment_version.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/url.hpp"
#include "rondo/json.hpp"
#include "rondo/serverless/invocation.hpp"

// What the requests of several platforms mean.
namespace rondo::serverless {

enum class http_route : std::uint8_t {
  unknown,
  wrong_method,
  run,
  health,           ///< /healthz
  ping,             ///< AgentCore's health
  nothing,          ///< Function Compute tells of the beginning and the end of an instance
  lambda_function,  ///< Lambda's GetFunction
  agent_endpoint,   ///< AgentCore's GetAgentRuntimeEndpoint
};

/// A request that was understood.
struct http_call {
  http_route route = http_route::unknown;
  serverless::provider provider = serverless::provider::http;
  /// One of AWS's own APIs: a Temporal server invokes the worker in place of a function.
  bool is_aws = false;
  /// The answer does not wait for the run.
  bool answers_at_once = false;
  /// What is named in the path; escapes undone.
  std::string name{};
};

namespace detail {

/// Takes "<prefix><name><suffix>" apart; the name has no slash in it.
inline std::optional<std::string> name_between(std::string_view path, std::string_view prefix,
                                               std::string_view suffix) {
  if (!path.starts_with(prefix) || !path.ends_with(suffix) || path.size() <= prefix.size() + suffix.size()) {
    return std::nullopt;
  }
  const auto name = path.substr(prefix.size(), path.size() - prefix.size() - suffix.size());
  if (name.find('/') != std::string_view::npos) return std::nullopt;
  return rondo::detail::http::percent_decoded(name);
}

/// The body of AgentCore's invocations.
struct wanted_version {
  std::string deploymentName, buildId;  // NOLINT(readability-identifier-naming): names on the wire
};

}  // namespace detail

/// What a request asks for.
inline http_call understand(const rondo::detail::http::request& request) {
  const auto path = request.path();
  const bool get = request.method == "GET" || request.method == "HEAD", post = request.method == "POST";
  http_call call;
  const auto as = [&call](http_route route, bool allowed) {
    call.route = allowed ? route : http_route::wrong_method;
    return call;
  };
  if (path == "/healthz") return as(http_route::health, get);
  if (path == "/ping") return as(http_route::ping, get);
  if (path == "/initialize" || path == "/pre-stop") return as(http_route::nothing, get || post);
  if (path == "/" || path == "/invoke" || path == "/invocations") {
    call.answers_at_once = rondo::detail::http::has_word(request.headers.get("Prefer"), "respond-async");
    if (path == "/invocations") call.provider = provider::agentcore;
    if (request.headers.has("x-fc-request-id")) call.provider = provider::function_compute;
    return as(http_route::run, get || post);
  }
  constexpr std::string_view functions = "/2015-03-31/functions/";
  if (auto name = detail::name_between(path, functions, "/invocations")) {
    call.is_aws = true;
    call.provider = provider::aws_lambda;
    call.answers_at_once = request.headers.get("X-Amz-Invocation-Type") == "Event";
    call.name = std::move(*name);
    return as(http_route::run, post);
  }
  if (auto name = detail::name_between(path, functions, "")) {
    call.is_aws = true;
    call.name = std::move(*name);
    return as(http_route::lambda_function, get);
  }
  constexpr std::string_view runtimes = "/runtimes/";
  if (auto name = detail::name_between(path, runtimes, "/invocations")) {
    call.is_aws = true;
    call.provider = provider::agentcore;
    call.answers_at_once = true;
    call.name = std::move(*name);
    return as(http_route::run, post);
  }
  constexpr std::string_view endpoints = "/runtime-endpoints/";
  if (path.starts_with(runtimes) && path.find(endpoints) != std::string_view::npos) {
    call.is_aws = true;
    auto name = path.substr(path.find(endpoints) + endpoints.size());
    if (name.ends_with('/')) name.remove_suffix(1);
    call.name = rondo::detail::http::percent_decoded(name).value_or("");
    return as(http_route::agent_endpoint, get && !call.name.empty());
  }
  return call;
}

/// The time that a request leaves, from X-Request-Timeout in seconds ("30", "2.5"). Throws std::invalid_argument.
inline std::optional<duration> timeout_of(const rondo::detail::http::request& request) {
  const auto text = request.headers.get("X-Request-Timeout");
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr double most = 7 * 24 * 3600;
  if (problem != std::errc() || end != text.data() + text.size() || !(seconds > 0) || seconds > most) {
    throw std::invalid_argument("X-Request-Timeout must be a number of seconds above 0 and at most a week");
  }
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds));
}

/// What is known of the invocation that a request is. `resource`: where the worker listens. Throws
/// std::invalid_argument when the request makes no sense.
inline invocation invocation_of(const rondo::detail::http::request& request, const http_call& call,
                                const std::string& resource, time_point now) {
  invocation made;
  made.provider = call.provider;
  made.resource = resource;
  for (const auto* name : {"X-Request-Id", "x-fc-request-id", "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"}) {
    if (made.request_id.empty()) made.request_id = request.headers.get(name);
  }
  constexpr std::size_t most = 256;
  if (made.request_id.size() > most) throw std::invalid_argument("the request id has more than 256 bytes");
  if (made.request_id.empty()) made.request_id = rondo::detail::random_uuid();
  made.trace_id = request.headers.get("X-Amzn-Trace-Id");
  if (made.trace_id.empty()) made.trace_id = request.headers.get("traceparent");
  // Only who waits for the answer has a deadline for it.
  if (!call.answers_at_once) {
    if (const auto left = timeout_of(request))
      made.deadline = now + std::chrono::duration_cast<time_point::duration>(*left);
  }
  if (call.is_aws && call.provider == provider::agentcore && !request.body.empty()) {
    try {
      auto wanted = json::parse<detail::wanted_version>(request.body);
      made.wanted = {std::move(wanted.deploymentName), std::move(wanted.buildId)};
    } catch (const json::error& wrong) {
      throw std::invalid_argument(std::string("the body is not {\"deploymentName\", \"buildId\"}: ") + wrong.what());
    }
  }
  made.payload = request.body;
  return made;
}

}  // namespace rondo::serverless
