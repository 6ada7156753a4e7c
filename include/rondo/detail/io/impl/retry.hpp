#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION bool is_message_too_large(const rpc_status& status) noexcept {
  if (status.code != rpc_code::resource_exhausted) return false;
  const std::string_view text = status.message;
  return text.find("message larger than max") != text.npos ||
         text.find("message after decompression larger than max") != text.npos;
}

RONDO_FUNCTION bool is_retryable(rpc_class kind, const rpc_status& status, bool tolerant) noexcept {
  if (kind == rpc_class::once || status.ok() || is_message_too_large(status)) return false;
  if (kind == rpc_class::connect && status.from_transport) return false;
  const bool held = kind == rpc_class::long_poll || kind == rpc_class::task_poll;
  switch (status.code) {
    case rpc_code::data_loss:
    case rpc_code::internal:
    case rpc_code::unknown:
    case rpc_code::resource_exhausted:
    case rpc_code::aborted:
    case rpc_code::out_of_range:
    case rpc_code::unavailable:
      return true;
    case rpc_code::cancelled:
      // A server that closes an old connection makes the transport cancel what was on it.
      return status.from_transport || held;
    case rpc_code::deadline_exceeded:
      return held;
    default:
      return kind == rpc_class::task_poll && tolerant;
  }
}

RONDO_FUNCTION duration grown(const backoff_numbers& numbers, std::optional<duration> previous) {
  if (!previous) return std::min(numbers.initial, numbers.maximum);
  const double next = static_cast<double>(previous->count()) * numbers.factor;
  return next >= static_cast<double>(numbers.maximum.count()) ? numbers.maximum
                                                              : duration(static_cast<duration::rep>(next));
}

RONDO_FUNCTION std::optional<duration> next_delay(backoff& state, const rpc_status& status, time_point now,
                                                  double random, const retry_numbers& numbers) {
  const bool tolerant = now - state.last_good < numbers.fatal_grace;
  if (!is_retryable(state.kind, status, tolerant)) return std::nullopt;
  const backoff_numbers& limits = numbers.of(state.kind);
  ++state.attempts;
  if (limits.max_attempts != 0 && state.attempts >= limits.max_attempts) return std::nullopt;
  if (!state.first_failure) state.first_failure = now;
  state.delay = grown(limits, state.delay);
  duration wait = spread(*state.delay, random);
  // An ordinary call is measured from its beginning; a poll may have been held for long before it failed.
  const bool held = state.kind == rpc_class::long_poll || state.kind == rpc_class::task_poll;
  const time_point begin = held ? *state.first_failure : state.last_good;
  if (limits.max_elapsed != duration::zero() && now - begin + wait > limits.max_elapsed) return std::nullopt;
  if (status.code == rpc_code::resource_exhausted) {
    state.throttled_delay = grown(numbers.throttled, state.throttled_delay);
    wait = std::max(wait, spread(*state.throttled_delay, random));
  }
  return wait;
}

RONDO_FUNCTION asio::awaitable<rpc_result> call_with_retry(transport& over, std::string path, request_bytes request,
                                                           retry_options options, retry_policy& policy) {
  backoff own(options.kind, steady_clock::now());
  backoff& state = options.state ? *options.state : own;
  call_token* const token = options.options.token;
  const time_point deadline = options.options.deadline;
  duration timeout = options.attempt_timeout;
  if (timeout == duration::zero()) timeout = policy.numbers.timeout_of(options.kind);
  for (;;) {
    call_options attempt = options.options;
    attempt.deadline = std::min(deadline, later(steady_clock::now(), timeout));
    if (attempt.api_key) authorize(attempt.metadata, *attempt.api_key);
    rpc_result result = co_await async_unary(over, path, request, std::move(attempt), asio::use_awaitable);
    const time_point now = steady_clock::now();
    if (result.status.ok()) {
      state.succeeded(now);
      if (options.arrival != nullptr) *options.arrival = now;
      co_return result;
    }
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return result;
    if (token && token->retries_stopped()) co_return result;
    const auto delay = next_delay(state, result.status, now, policy.random(), policy.numbers);
    if (!delay || later(now, *delay) >= deadline) co_return result;
    asio::error_code woken;
    co_await async_sleep_until(over.loop(), later(now, *delay), token,
                               asio::redirect_error(asio::use_awaitable, woken));
    if (!woken) continue;
    if (token && token->retries_stopped() && !token->cancelled()) co_return result;
    co_return rpc_result(rpc_status(rpc_code::cancelled, "call cancelled while it waited to be retried", true));
  }
}

}  // namespace rondo::detail::io
