#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "rondo/detail/base/readable_text.hpp"
#include "rondo/detail/curl/transfer.hpp"

// What answers mean, and what of them may be told.
namespace rondo::detail::curl {

/// The text with every secret in it replaced, without control characters, in UTF-8, and not longer than a line of a log
/// should be.
inline std::string scrubbed(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::size_t longest = 300;
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
      text.replace(at, secret.size(), "***");
    }
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::replace_if(text.begin(), text.end(), is_control, ' ');
  return readable_text(text, longest) + (text.size() > longest ? "..." : "");
}

/// Milliseconds of a Retry-After header with seconds; 0: there is none.
inline std::int64_t retry_after_ms(const http_response& of) {
  constexpr std::int64_t most_seconds = 86'400;
  const auto text = of.header("retry-after");
  std::int64_t seconds = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc() || rest != text.data() + text.size() || seconds < 0) return 0;
  return std::min(seconds, most_seconds) * 1'000;
}

/// True when the same request may have another answer a moment later.
inline bool is_transient(const http_response& of) {
  switch (of.status) {
    case 0:
      return of.why == no_answer::unreachable || of.why == no_answer::timed_out || of.why == no_answer::broken_off;
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

/// "status 403: said", or why there is no answer.
inline std::string outcome_text(const http_response& of, const std::string& said) {
  if (of.status == 0) return of.error;
  return "status " + std::to_string(of.status) + (said.empty() ? "" : ": " + said);
}

}  // namespace rondo::detail::curl
