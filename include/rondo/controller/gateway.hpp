#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/controller/provider.hpp"
#include "rondo/detail/curl/answer.hpp"
#include "rondo/detail/curl/http_client.hpp"
#include "rondo/detail/curl/url.hpp"

namespace rondo::controller {

using rondo::detail::curl::http_client;
using rondo::detail::curl::http_request;
using rondo::detail::curl::http_response;
using rondo::detail::curl::retry_after_ms;
using rondo::detail::curl::scrubbed;

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

/// What an answer means. `said`: what the other side says about it, already without secrets.
inline provider_outcome outcome_of(const http_response& of, const std::string& said = {}) {
  if (of.ok()) return {};
  provider_outcome made;
  made.message = rondo::detail::curl::outcome_text(of, said);
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
