#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/controller/gateway.hpp"
#include "rondo/controller/provider.hpp"
#include "rondo/detail/crypto/hmac.hpp"
#include "rondo/detail/curl/url.hpp"
#include "rondo/version.hpp"

namespace rondo::controller {

/// A worker behind a URL: one request is one run of it.
struct http_provider_config {
  std::string url{};
  /// Signs requests as the development server does: headers X-Rondo-Timestamp and X-Rondo-Signature.
  std::string secret{};
  /// Sent as "Authorization: Bearer ...".
  std::string bearer_token{};
  std::chrono::milliseconds connect_timeout{5'000};
  /// Longest run.
  std::chrono::milliseconds timeout{15 * 60'000};
};

/// Invokes by a POST of invocation_body(). The answer, which comes when the worker has nothing left to do, is the end
/// of the invocation; 202 says that its end will not be told.
class http_provider final : public provider {
 public:
  /// Throws std::invalid_argument when the URL cannot be used.
  http_provider(http_client& through, http_provider_config config)
      : config_(std::move(config)), out_(through, {checked_host(config_.url)}) {}

  std::vector<std::string> hosts() const override { return out_.hosts(); }

  /// Nothing is sent: every request starts a worker.
  asio::awaitable<provider_outcome> validate() override { co_return provider_outcome(); }

  asio::awaitable<provider_outcome> invoke(invocation_request what) override {
    const auto now = std::chrono::system_clock::now();
    http_request request;
    request.url = config_.url;
    request.body = invocation_body(what, now);
    request.connect_timeout = config_.connect_timeout;
    request.timeout = config_.timeout;
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("User-Agent", std::string("rondo/").append(version_string));
    request.headers.emplace_back("X-Rondo-Invocation-Id", what.id);
    if (!config_.bearer_token.empty()) request.headers.emplace_back("Authorization", "Bearer " + config_.bearer_token);
    if (!config_.secret.empty()) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
      const std::string timestamp = std::to_string(seconds.count());
      request.headers.emplace_back("X-Rondo-Timestamp", timestamp);
      request.headers.emplace_back("X-Rondo-Signature",
                                   rondo::detail::crypto::request_signature(config_.secret, timestamp, request.body));
    }
    const auto response = co_await out_.send(std::move(request));
    if (response.status == 202) co_return provider_outcome::accepted();
    co_return outcome_of(response);
  }

 private:
  static std::string checked_host(const std::string& url) {
    const std::string problem = rondo::detail::curl::problem_of(url);
    // The URL may hold what nobody should read in a log, so it is not repeated.
    if (!problem.empty()) throw std::invalid_argument("the URL cannot be used: " + problem);
    const auto parts = rondo::detail::curl::parse_url(url);
    if (!parts->user.empty()) {
      throw std::invalid_argument("the URL holds a user or password: use 'bearer_token' or 'secret' instead");
    }
    return parts->authority();
  }

  http_provider_config config_;
  gateway out_;
};

}  // namespace rondo::controller
