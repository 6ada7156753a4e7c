#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/scaling.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/json.hpp"

// Where workers come from.
namespace rondo::controller {

/// Why a provider did not do what it was asked for.
enum class failure_class : std::uint8_t { none, rejected, not_found, access_denied, unavailable, throttled, internal };

constexpr std::string_view name_of(failure_class which) {
  switch (which) {
    case failure_class::none:
      return "none";
    case failure_class::rejected:
      return "rejected";
    case failure_class::not_found:
      return "not_found";
    case failure_class::access_denied:
      return "access_denied";
    case failure_class::unavailable:
      return "unavailable";
    case failure_class::throttled:
      return "throttled";
    default:
      return "internal";
  }
}

/// What became of a request to a provider.
struct provider_outcome {
  failure_class failure = failure_class::none;
  /// For people; holds no credentials.
  std::string message{};
  /// How long the provider wants to be left alone; 0: it did not say.
  std::int64_t retry_after_ms = 0;
  /// False: the invocation goes on, and nobody will tell its end.
  bool ended = true;

  bool ok() const noexcept { return failure == failure_class::none; }

  static provider_outcome failed(failure_class why, std::string message) {
    provider_outcome made;
    made.failure = why;
    made.message = std::move(message);
    return made;
  }
  static provider_outcome accepted() {
    provider_outcome made;
    made.ended = false;
    return made;
  }
};

/// What a worker is invoked for.
struct invocation_request {
  /// The same for one invocation, however often it is sent.
  std::string id{};
  std::string target{};
  std::string namespace_{};
  worker_deployment_version version{};
  std::vector<std::string> task_queues{};
  std::int64_t backlog = 0;
};

/// {"namespace", "task_queue", "kind", "deployment": {"name", "build_id"} | null, "backlog", "time", "invocation_id",
/// "target"}: what the development server's notifications hold, and two fields more.
inline std::string invocation_body(const invocation_request& of, std::chrono::system_clock::time_point now) {
  std::string body;
  json::writer to(body);
  const auto text = [&](std::string_view key, const std::string& value) {
    body.append(",\"").append(key).append("\":");
    to.write_text(value);
  };
  text("namespace", of.namespace_);
  text("task_queue", of.task_queues.empty() ? std::string() : of.task_queues.front());
  text("kind", "workflow");
  body += ",\"deployment\":";
  if (of.version.empty()) {
    body += "null";
  } else {
    body += "{\"name\":";
    to.write_text(of.version.deployment_name);
    body += ",\"build_id\":";
    to.write_text(of.version.build_id);
    body += '}';
  }
  body += ",\"backlog\":" + std::to_string(of.backlog) + ",\"time\":";
  to.write(now);
  text("invocation_id", of.id);
  text("target", of.target);
  body[0] = '{';
  return body + "}";
}

/// Starts workers, or says how many there shall be. All of it runs on the controller's event loop.
class provider {
 public:
  provider() = default;
  provider(const provider&) = delete;
  provider& operator=(const provider&) = delete;
  virtual ~provider() = default;

  virtual launch_strategy strategy() const noexcept { return launch_strategy::invoke; }
  /// Hosts that it sends requests to, "host" or "host:port".
  virtual std::vector<std::string> hosts() const { return {}; }
  /// Looks whether it could work, without starting anything.
  virtual asio::awaitable<provider_outcome> validate() = 0;
  /// Starts one worker. Ends when the worker has ended, or with `ended` false.
  virtual asio::awaitable<provider_outcome> invoke(invocation_request what);
  virtual asio::awaitable<provider_outcome> set_size(std::int32_t size);
  /// The controller stops: workers that are its own children shall end soon.
  virtual void stop() {}
  /// True: they do, so that it is worth waiting for their end.
  virtual bool ends_when_stopped() const noexcept { return false; }
};

inline asio::awaitable<provider_outcome> provider::invoke(invocation_request /*what*/) {
  co_return provider_outcome::failed(failure_class::rejected, "this provider sets the size of a set of workers");
}
inline asio::awaitable<provider_outcome> provider::set_size(std::int32_t /*size*/) {
  co_return provider_outcome::failed(failure_class::rejected, "this provider invokes workers one by one");
}

}  // namespace rondo::controller
