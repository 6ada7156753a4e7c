#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "rondo/deployment_version.hpp"
#include "rondo/serverless/budget.hpp"

namespace rondo::serverless {

/// What invoked the worker.
enum class provider : std::uint8_t { process, http, aws_lambda, agentcore, cloud_run, function_compute };

/// One request to work: what its host knows of it. Everything may be missing.
struct invocation {
  serverless::provider provider = serverless::provider::process;
  /// Names the invocation to its provider; empty when there is none.
  std::string request_id{};
  /// What was invoked: the function's ARN, or host:port. With the request id it makes the worker's identity.
  std::string resource{};
  /// When the answer must be out, on the steady clock.
  std::optional<time_point> deadline{};
  /// The version that the invoker wants; work of another one would never be found.
  worker_deployment_version wanted{};
  /// As the provider writes it.
  std::string trace_id{};
  /// The body of the request.
  std::string payload{};
  /// Requested when the environment goes away (SIGTERM), or the invoker has lost interest.
  std::stop_token stop{};
  /// The first one of its process.
  bool cold = true;
  /// Counts the invocations of the process from 1.
  std::size_t sequence = 1;
};

/// The deadline of a provider that tells it in milliseconds since 1970, on the steady clock. Both clocks are read here,
/// once for each invocation: the wall clock may jump while the process is frozen.
inline time_point steady_deadline(std::chrono::milliseconds since_epoch, time_point now,
                                  std::chrono::system_clock::time_point wall_now) {
  const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(wall_now.time_since_epoch());
  constexpr std::chrono::milliseconds most = std::chrono::hours(24 * 365);
  const auto left = since_epoch - wall;
  return now + (left > most ? most : left < -most ? -most : left);
}

/// "<request id>@<resource>", with "unknown" for a part that is missing; empty when both are: then the client's
/// identity is used.
inline std::string identity_of(const invocation& of) {
  if (of.request_id.empty() && of.resource.empty()) return {};
  const auto part = [](const std::string& text) { return text.empty() ? std::string("unknown") : text; };
  return part(of.request_id) + "@" + part(of.resource);
}

}  // namespace rondo::serverless
