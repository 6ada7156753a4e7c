#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/provider.hpp"
#include "rondo/detail/curl/http_client.hpp"
#include "rondo/detail/curl/url.hpp"

namespace rondo::controller {

using rondo::detail::curl::http_client;
using rondo::detail::curl::http_request;
using rondo::detail::curl::http_response;

/// True when the list has that host: "host", "host:port" or "*.domain".
inline bool is_listed(const std::vector<std::string>& hosts, std::string_view authority) {
  const auto host = authority.substr(0, authority.ends_with(']') ? authority.size() : authority.rfind(':'));
  return std::any_of(hosts.begin(), hosts.end(), [&](std::string_view each) {
    if (each.starts_with("*.")) return host.size() > each.size() - 1 && host.ends_with(each.substr(1));
    return each == authority || each == host;
  });
}

/// The way to the outside: reaches the hosts it was made for, and no others.
class gateway {
 public:
  gateway(http_client& through, std::vector<std::string> hosts) : client_(through), hosts_(std::move(hosts)) {}

  const std::vector<std::string>& hosts() const noexcept { return hosts_; }

  asio::awaitable<http_response> send(http_request what) {
    const auto parts = rondo::detail::curl::parse_url(what.url);
    if (!parts || !is_listed(hosts_, parts->authority())) {
      http_response refused;
      refused.error = "this host is not among those that may be reached";
      co_return refused;
    }
    auto response = co_await rondo::detail::curl::send(client_, std::move(what));
    co_return response;
  }

 private:
  http_client& client_;
  std::vector<std::string> hosts_;
};

/// The text with every secret in it replaced, and not longer than a line of a log should be.
inline std::string scrubbed(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::size_t longest = 300;
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
      text.replace(at, secret.size(), "***");
    }
  }
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
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

/// What an answer means. `said`: what the other side says about it, already without secrets.
inline provider_outcome outcome_of(const http_response& of, const std::string& said = {}) {
  if (of.ok()) return {};
  provider_outcome made;
  made.message = of.status == 0 ? of.error : "status " + std::to_string(of.status) + (said.empty() ? "" : ": " + said);
  made.retry_after_ms = retry_after_ms(of);
  switch (of.status) {
    case 0:
      made.failure =
          of.why == rondo::detail::curl::no_answer::none ? failure_class::rejected : failure_class::unavailable;
      break;
    case 401:
    case 403:
      made.failure = failure_class::access_denied;
      break;
    case 404:
    case 410:
      made.failure = failure_class::not_found;
      break;
    case 429:
      made.failure = failure_class::throttled;
      break;
    case 408:
    case 502:
    case 503:
    case 504:
      made.failure = failure_class::unavailable;
      break;
    default:
      made.failure = of.status >= 500 ? failure_class::internal : failure_class::rejected;
      if (of.status >= 300 && of.status < 400) made.message += ": redirects are not followed";
  }
  return made;
}

}  // namespace rondo::controller
