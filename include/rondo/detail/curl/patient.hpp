#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "rondo/detail/curl/answer.hpp"
#include "rondo/detail/curl/blocking.hpp"
#include "rondo/detail/curl/transfer.hpp"

namespace rondo::detail::curl {

/// How often and how long a request is sent until it has an answer that lasts.
struct retry_limits {
  int max_attempts = 4;
  /// Before the second attempt; doubled before each further one, and a little less by chance.
  std::chrono::milliseconds pause{200};
  /// Of all attempts together.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

/// The time that is left, at least a millisecond: libcurl takes 0 for no limit.
inline std::chrono::milliseconds time_left(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  constexpr milliseconds most = std::chrono::hours(1);
  const auto now = std::chrono::steady_clock::now();
  if (deadline > now + most) return most;
  return std::max(std::chrono::duration_cast<milliseconds>(deadline - now), milliseconds(1));
}

/// Sends what `make` makes for each attempt and gives the last answer. Waits on this thread, which must not be that of
/// an event loop; throws like fetch(). For requests that may arrive twice.
inline http_response fetch_patiently(const std::function<http_request()>& make, const retry_limits& limits) {
  constexpr std::chrono::milliseconds longest_pause{5'000};
  std::minstd_rand chance(std::random_device{}());
  auto pause = limits.pause;
  for (int attempt = 1;; ++attempt) {
    http_request what = make();
    what.timeout = std::min(what.timeout, time_left(limits.deadline));
    what.connect_timeout = std::min(what.connect_timeout, what.timeout);
    http_response answer = fetch(what);
    if (!is_transient(answer) || attempt >= limits.max_attempts) return answer;
    const std::chrono::milliseconds shortened(
        std::uniform_int_distribution<std::chrono::milliseconds::rep>(pause.count() / 2, pause.count())(chance));
    const auto wait = std::max(shortened, std::chrono::milliseconds(retry_after_ms(answer)));
    if (wait >= time_left(limits.deadline)) return answer;
    std::this_thread::sleep_for(wait);
    pause = std::min(pause * 2, longest_pause);
  }
}

}  // namespace rondo::detail::curl
