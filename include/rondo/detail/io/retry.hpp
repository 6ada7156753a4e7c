#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::io {

/// How a call is retried.
enum class rpc_class {
  /// Answered at once; safe to repeat because of its request id.
  unary,
  /// The server holds it: the wait for a result, an update or a history event. Running into the deadline is normal.
  long_poll,
  /// A worker's poll for tasks: retried without end, and bad answers are borne for a while.
  task_poll,
  /// The first call of a connection: bad answers are retried as of ordinary calls, failing to get one is final.
  connect,
  /// One attempt.
  once,
};

/// Delays that grow by a factor from `initial` to `maximum`, spread by ±20 %.
struct backoff_numbers {
  duration initial{};
  double factor = 1;
  duration maximum{};
  /// No delay ends later than this after the beginning; zero: no limit.
  duration max_elapsed{};
  /// Zero: no limit.
  int max_attempts = 0;
};

struct retry_numbers {
  backoff_numbers unary{std::chrono::milliseconds(100), 1.7, std::chrono::seconds(5), std::chrono::seconds(10), 10};
  backoff_numbers task_poll{std::chrono::milliseconds(200), 2, std::chrono::seconds(10), duration::zero(), 0};
  backoff_numbers throttled{std::chrono::seconds(1), 2, std::chrono::seconds(10), duration::zero(), 0};
  /// How long task polls bear codes that are final elsewhere, since their start or their last success.
  duration fatal_grace = std::chrono::seconds(60);
  duration unary_timeout = std::chrono::seconds(30);
  duration poll_timeout = std::chrono::seconds(70);

  const backoff_numbers& of(rpc_class kind) const noexcept { return kind == rpc_class::task_poll ? task_poll : unary; }
  duration timeout_of(rpc_class kind) const noexcept {
    return kind == rpc_class::long_poll || kind == rpc_class::task_poll ? poll_timeout : unary_timeout;
  }
};

/// What the retries of a call, or of a series of polls, have come to.
struct backoff {
  backoff(rpc_class how, time_point now) : kind(how), last_good(now) {}

  /// The next failure is the first again.
  void succeeded(time_point now) noexcept {
    last_good = now;
    first_failure.reset();
    attempts = 0;
    delay.reset();
    throttled_delay.reset();
  }

  rpc_class kind;
  time_point last_good;
  std::optional<time_point> first_failure;
  int attempts = 0;
  std::optional<duration> delay;
  std::optional<duration> throttled_delay;
};

bool is_message_too_large(const rpc_status& status) noexcept;

/// Whether another attempt may end better. `tolerant`: a task poll within its time of grace.
bool is_retryable(rpc_class kind, const rpc_status& status, bool tolerant) noexcept;

/// The delay after `previous` (none: the first), before it is spread.
duration grown(const backoff_numbers& numbers, std::optional<duration> previous);

/// A random number in [0, 1) spreads the delay over 80 % to 120 %.
inline duration spread(duration delay, double random) {
  return duration(static_cast<duration::rep>(static_cast<double>(delay.count()) * (0.8 + 0.4 * random)));
}

/// How long to wait before the next attempt, or nothing when the status is final. Counts the failure.
std::optional<duration> next_delay(backoff& state, const rpc_status& status, time_point now, double random,
                                   const retry_numbers& numbers);

/// What the retries of a connection's calls have in common.
class retry_policy {
 public:
  retry_policy()
      : engine_(static_cast<std::minstd_rand::result_type>(steady_clock::now().time_since_epoch().count())) {}
  /// The function gives numbers in [0, 1).
  retry_policy(retry_numbers values, std::function<double()> random) : numbers(values), random_(std::move(random)) {}

  double random() { return random_ ? random_() : std::uniform_real_distribution<double>(0, 1)(engine_); }

  retry_numbers numbers;

 private:
  std::minstd_rand engine_;
  std::function<double()> random_;
};

/// A call with its retries. The deadline of `options` bounds all attempts together.
class retry_options {
 public:
  retry_options() = default;
  explicit retry_options(rpc_class how) : kind(how) {}

  rpc_class kind = rpc_class::unary;
  call_options options;
  /// Longest time of one attempt; zero: that of the class.
  duration attempt_timeout{};
  /// Carried from poll to poll by those who poll again and again; null: the call stands alone. Outlives the call.
  backoff* state = nullptr;
  /// Gets the time at which the answer came, before codecs read it; null: nobody wants it. Outlives the call.
  time_point* arrival = nullptr;
  /// What codecs are told besides what the request says; null: nothing.
  std::shared_ptr<const serialization_context> payload_context;
};

/// Calls until the status is final, the token stops it or the deadline would pass before the next attempt; returns the
/// last status then. Every attempt carries the same request bytes. Transport and policy outlive the call.
asio::awaitable<rpc_result> call_with_retry(transport& over, std::string path, request_bytes request,
                                            retry_options options, retry_policy& policy);

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/retry.hpp"
#endif
