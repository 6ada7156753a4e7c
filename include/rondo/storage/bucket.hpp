#pragma once
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/detail/curl/answer.hpp"
#include "rondo/detail/curl/patient.hpp"
#include "rondo/detail/curl/transfer.hpp"
#include "rondo/payload_storage.hpp"

// What drivers for buckets behind HTTP have in common.
namespace rondo {

/// How often a request to a bucket is sent that fails in a way that may pass: no connection, too many requests, an
/// error of the service.
struct bucket_retries {
  /// 1: never again.
  int max_attempts = 4;
  /// Before the second attempt; doubled before each further one. What the service asks for counts when it is longer.
  std::chrono::milliseconds initial_interval{200};
};

namespace detail::storage {

/// Throws std::invalid_argument.
inline void check_retries(const bucket_retries& retries) {
  if (retries.max_attempts < 1) throw std::invalid_argument("rondo: max_attempts of a bucket must be 1 or more");
  if (retries.initial_interval < std::chrono::milliseconds(0)) {
    throw std::invalid_argument("rondo: initial_interval of a bucket must not be negative");
  }
}

/// Of all that is sent for one payload, from now on.
inline curl::retry_limits limits_of(const bucket_retries& retries, std::chrono::milliseconds timeout) {
  return {.max_attempts = retries.max_attempts,
          .pause = retries.initial_interval,
          .deadline = std::chrono::steady_clock::now() + timeout};
}

/// "status 403: " and what the answer holds, without secrets and not long; or why there is none.
inline std::string outcome_of(const curl::http_response& answer, const std::vector<std::string>& secrets) {
  constexpr std::size_t most_bytes = 64U << 10U;
  return curl::outcome_text(answer, curl::scrubbed(answer.body.substr(0, most_bytes), secrets));
}

/// `what`: "stored in" or "read from". `why` holds no secrets.
[[noreturn]] inline void fail(const std::string& what, const std::string& bucket, const std::string& why) {
  throw storage_error("a payload could not be " + what + " the bucket '" + bucket + "': " + why);
}

}  // namespace detail::storage

}  // namespace rondo
