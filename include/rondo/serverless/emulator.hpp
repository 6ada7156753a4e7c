#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/readable_text.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/client.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/http/url.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/json.hpp"
#include "rondo/serverless/emulator/function.hpp"
#include "rondo/serverless/emulator/options.hpp"
#include "rondo/serverless/emulator/stats.hpp"

namespace rondo::serverless {

namespace http = rondo::detail::http;

/// AWS Lambda and Bedrock AgentCore on this machine, as far as what invokes serverless workers sees them: one function,
/// whose environments are programs that are started, frozen, thawed, throttled and killed as Lambda does it.
///
///   GET  /2015-03-31/functions/<name or ARN>                  GetFunction
///   POST /2015-03-31/functions/<name or ARN>/invocations      Invoke: RequestResponse, Event, DryRun
///   GET  /runtimes/<id>/runtime-endpoints/<name>/             GetAgentRuntimeEndpoint
///   POST /runtimes/<id>/invocations                           InvokeAgentRuntime
///   GET  /stats                                               what was counted, as JSON
///
/// Nothing is signed or checked: it listens where only this machine reaches it. Loop thread only.
class emulator {
 public:
  /// Listens when it returns. Throws std::invalid_argument for options that make no sense and std::runtime_error when
  /// it cannot listen.
  emulator(rondo::detail::io::event_loop& loop, emulator_options options)
      : parts_(std::make_shared<parts>(loop, checked(std::move(options)))),
        server_(loop, http::parse_address(parts_->function->options().address),
                {.limits = {.body_bytes = 7 * 1024 * 1024}, .max_connections = 1024}, handler()) {}
  emulator(const emulator&) = delete;
  emulator& operator=(const emulator&) = delete;
  ~emulator() { parts_->function->kill_all(); }

  /// host:port.
  std::string address() const { return server_.listening().text(); }
  std::string url() const { return "http://" + address(); }
  std::string function_arn() const { return parts_->function->arn(); }
  emulator_stats stats() const { return parts_->function->stats(); }

  /// An invocation without the way over HTTP.
  asio::awaitable<invocation_result> invoke(std::string payload) {
    return parts_->function->invoke(std::move(payload), {});
  }

  /// Takes no more invocations, waits for those under way until the deadline, and shuts the environments down.
  asio::awaitable<void> stop(rondo::detail::io::time_point deadline) {
    const auto kept = parts_;
    co_await kept->function->stop(deadline);
    co_await server_.stop(deadline);
  }

 private:
  struct parts {
    parts(rondo::detail::io::event_loop& on, emulator_options options)
        : loop(on), function(std::make_shared<emulation::emulated_function>(on, std::move(options))) {}
    rondo::detail::io::event_loop& loop;
    std::shared_ptr<emulation::emulated_function> function;
  };
  using parts_ptr = std::shared_ptr<parts>;

  static emulator_options checked(emulator_options options) {
    check(options);
    return options;
  }

  http::handler handler() {
    return [of = parts_](http::request what) { return answer(of, std::move(what)); };
  }

  static asio::awaitable<http::response> answer(parts_ptr of, http::request what) {
    const std::string path(what.path());
    constexpr std::string_view functions = "/2015-03-31/functions/", runtimes = "/runtimes/";
    if (path == "/stats" && what.method == "GET") co_return http::response(200, to_json(of->function->stats()));
    if (path.starts_with(functions)) {
      const auto rest = std::string_view(path).substr(functions.size());
      const auto slash = rest.find('/');
      const auto name = http::percent_decoded(rest.substr(0, slash));
      const auto call = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
      if (!name || !is_function(*of, *name)) {
        co_return aws_error(404, "ResourceNotFoundException", "Function not found: " + name.value_or("?"));
      }
      if (call.empty() && what.method == "GET") co_return describe_function(*of);
      if (call == "/invocations" && what.method == "POST") co_return co_await invoke_function(of, std::move(what));
    }
    if (path.starts_with(runtimes)) {
      const auto rest = std::string_view(path).substr(runtimes.size());
      const auto slash = rest.find('/');
      const std::string id(rest.substr(0, slash));
      const auto call = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
      constexpr std::string_view endpoints = "/runtime-endpoints/";
      if (call.starts_with(endpoints) && what.method == "GET") {
        auto name = call.substr(endpoints.size());
        if (name.ends_with('/')) name.remove_suffix(1);
        co_return describe_runtime(*of, id, std::string(name));
      }
      if (call == "/invocations" && what.method == "POST") co_return co_await invoke_runtime(of, std::move(what));
    }
    co_return aws_error(404, "UnknownOperationException", "there is no " + what.method + " " + path);
  }

  /// Its name or its ARN, whole or in part, with or without a qualifier.
  static bool is_function(const parts& of, std::string_view name) {
    const std::string& own = of.function->options().function_name;
    const std::string arn = of.function->arn();
    const std::string partial = of.function->options().account + ":function:";
    const auto prefix = std::string_view(arn).substr(0, arn.size() - own.size());
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
    } else if (name.starts_with(partial)) {
      name.remove_prefix(partial.size());
    }
    return name.substr(0, name.find(':')) == own;
  }

  static http::response aws_error(int status, const std::string& type, const std::string& text) {
    std::string body = "{\"Type\":\"User\",\"Message\":";
    json::write(body, rondo::detail::readable_text(text, 1024));
    http::response made(status, body + "}");
    made.headers.add("x-amzn-ErrorType", type);
    return made;
  }

  static http::response throttled(const std::string& type) {
    http::response made(429,
                        "{\"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\",\"Type\":\"User\","
                        "\"Message\":\"Rate Exceeded.\"}");
    made.headers.add("x-amzn-ErrorType", type);
    return made;
  }

  static http::response describe_function(const parts& of) {
    const auto& options = of.function->options();
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.timeout).count();
    std::string body = "{\"Configuration\":{\"FunctionName\":";
    json::write(body, options.function_name);
    body += ",\"FunctionArn\":";
    json::write(body, of.function->arn());
    body += ",\"Runtime\":\"provided.al2023\",\"Handler\":\"bootstrap\",\"Version\":\"$LATEST\",\"State\":\"Active\",";
    body += "\"LastUpdateStatus\":\"Successful\",\"PackageType\":\"Zip\",\"Architectures\":[\"x86_64\"],";
    body += "\"Timeout\":" + std::to_string(seconds) + ",\"MemorySize\":" + std::to_string(options.memory_mb) + "},";
    body += "\"Code\":{},\"Concurrency\":{\"ReservedConcurrentExecutions\":" + std::to_string(options.max_concurrency);
    return http::response(200, body + "}}");
  }

  static asio::awaitable<http::response> invoke_function(parts_ptr of, http::request what) {
    constexpr std::size_t most_payload = 6 * 1024 * 1024, most_event = 1024 * 1024;
    std::string type(what.headers.get("X-Amz-Invocation-Type"));
    if (type.empty()) type = "RequestResponse";
    if (what.body.size() > (type == "Event" ? most_event : most_payload)) {
      co_return aws_error(413, "RequestTooLargeException", "the payload is too large");
    }
    if (!what.body.empty() && !is_json(what.body)) {
      co_return aws_error(400, "InvalidRequestContentException", "Could not parse request body into json");
    }
    if (type == "DryRun") co_return http::response(204);
    invocation_result result;
    if (type == "Event") {
      result = of->function->accept_event(std::move(what.body));
    } else if (type == "RequestResponse") {
      std::string context(what.headers.get("X-Amz-Client-Context"));
      result = co_await of->function->invoke(std::move(what.body), std::move(context));
    } else {
      co_return aws_error(400, "InvalidParameterValueException",
                          "InvocationType must be RequestResponse, Event or DryRun");
    }
    if (result.throttled) co_return throttled("TooManyRequestsException");
    http::response made(type == "Event" ? 202 : 200, std::move(result.body));
    made.headers.add("X-Amzn-RequestId", result.request_id);
    if (type != "Event") made.headers.add("X-Amz-Executed-Version", "$LATEST");
    if (!result.error_type.empty()) made.headers.add("X-Amz-Function-Error", "Unhandled");
    co_return made;
  }

  static bool is_json(const std::string& text) {
    try {
      json::check(text);
      return true;
    } catch (const json::error&) {
      return false;
    }
  }

  static http::response describe_runtime(const parts& of, const std::string& id, const std::string& name) {
    const std::string runtime = "arn:aws:bedrock-agentcore:" + of.function->options().region + ":" +
                                of.function->options().account + ":runtime/" + id;
    std::string body = "{\"agentRuntimeArn\":";
    json::write(body, runtime);
    body += ",\"agentRuntimeEndpointArn\":";
    json::write(body, runtime + "/runtime-endpoint/" + name);
    body += ",\"name\":";
    json::write(body, name);
    body += ",\"id\":";
    json::write(body, name);
    body += ",\"status\":\"READY\",\"liveVersion\":\"1\",\"targetVersion\":\"1\",";
    body += "\"createdAt\":\"2026-01-01T00:00:00Z\",\"lastUpdatedAt\":\"2026-01-01T00:00:00Z\"}";
    return http::response(200, std::move(body));
  }

  /// The answer goes out at once: who invokes an agent runtime gives up when the first header is late.
  static asio::awaitable<http::response> invoke_runtime(parts_ptr of, http::request what) {
    const std::string session_header = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id";
    std::string session(what.headers.get(session_header));
    if (session.empty()) session = rondo::detail::random_uuid();
    const std::string& target = of->function->options().agentcore_target;
    if (target.empty()) {
      const auto result = of->function->accept_event(std::move(what.body));
      if (result.throttled) co_return throttled("ThrottlingException");
    } else {
      http::request forwarded("POST", "/invocations", std::move(what.body));
      forwarded.headers.add("Content-Type", "application/json");
      forwarded.headers.add(session_header, session);
      asio::co_spawn(of->loop.executor(), forward(of, std::move(forwarded)), asio::detached);
    }
    http::response made(200, "{}");
    made.headers.add(session_header, session);
    co_return made;
  }

  static asio::awaitable<void> forward(parts_ptr of, http::request what) {
    std::string problem;
    try {
      http::client_connection container(of->loop, http::parse_address(of->function->options().agentcore_target));
      const http::response got = co_await container.send(std::move(what));
      if (!got.ok()) problem = "status " + std::to_string(got.status);
    } catch (const std::exception& failed) {
      problem = failed.what();
    }
    if (!problem.empty()) {
      of->function->options().log.warn("the AgentCore container did not do its work", {{"error", problem}});
    }
  }

  parts_ptr parts_;
  http::server server_;
};

}  // namespace rondo::serverless
