#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/controller/gateway.hpp"
#include "rondo/controller/google_token.hpp"
#include "rondo/controller/provider.hpp"
#include "rondo/detail/curl/url.hpp"
#include "rondo/detail/google_auth/token.hpp"
#include "rondo/version.hpp"

namespace rondo::controller {

namespace detail_cloud_run {

inline std::string authority_of(const std::string& url, const std::string& what) {
  const std::string problem = rondo::detail::curl::problem_of(url);
  if (!problem.empty()) throw std::invalid_argument(what + " cannot be used: " + problem);
  const auto parts = rondo::detail::curl::parse_url(url);
  if (!parts->user.empty()) throw std::invalid_argument(what + " holds a user or password: tokens are used instead");
  return parts->authority();
}

/// A part of a path: letters, digits and what Google's names may hold.
inline const std::string& checked_name(const std::string& text, const std::string& what) {
  const bool right = !text.empty() && text.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-_.:") == std::string::npos;
  if (!right) throw std::invalid_argument(what + " '" + text + "' is not a name");
  return text;
}

/// What came of a request that needs a token.
struct answer {
  http_response response{};
  std::string token{};
  /// Why there is no token, and so no response.
  std::string problem{};

  provider_outcome refusal() const { return provider_outcome::failed(failure_class::access_denied, problem); }
};

/// Sends JSON with the token that is got for it.
inline asio::awaitable<answer> send(gateway& out, asio::awaitable<std::string> getting, http_request request) {
  answer made;
  try {
    made.token = co_await std::move(getting);
  } catch (const token_error& failed) {
    made.problem = failed.what();
  }
  if (!made.problem.empty()) co_return made;
  request.headers.emplace_back("Authorization", "Bearer " + made.token);
  request.headers.emplace_back("Content-Type", "application/json");
  made.response = co_await out.send(std::move(request));
  co_return made;
}

}  // namespace detail_cloud_run

/// Workers that are a Cloud Run worker pool.
struct cloud_run_pool_config {
  std::string project{}, region{}, worker_pool{};
  std::string endpoint = "https://run.googleapis.com";
  google_token_config tokens{};
  std::chrono::milliseconds timeout{30'000};
};

/// Sets how many instances the pool has.
class cloud_run_pool_provider final : public provider {
 public:
  /// Throws std::invalid_argument for names and URLs that are none.
  cloud_run_pool_provider(http_client& through, cloud_run_pool_config config)
      : config_(std::move(config)),
        out_(through, {detail_cloud_run::authority_of(config_.endpoint, "the endpoint"),
                       detail_cloud_run::authority_of(config_.tokens.metadata_endpoint, "the metadata endpoint")}),
        tokens_(out_, config_.tokens) {
    using detail_cloud_run::checked_name;
    pool_url_ = config_.endpoint + "/v2/projects/" + checked_name(config_.project, "project") + "/locations/" +
                checked_name(config_.region, "region") + "/workerPools/" +
                checked_name(config_.worker_pool, "worker_pool");
  }

  launch_strategy strategy() const noexcept override { return launch_strategy::set_size; }
  std::vector<std::string> hosts() const override { return out_.hosts(); }

  asio::awaitable<provider_outcome> validate() override {
    auto outcome = co_await ask("GET", {}, {});
    co_return outcome;
  }
  asio::awaitable<provider_outcome> set_size(std::int32_t size) override {
    const std::string body = R"({"scaling":{"manualInstanceCount":)" + std::to_string(size) + "}}";
    auto outcome = co_await ask("PATCH", "?updateMask=scaling.manualInstanceCount", body);
    co_return outcome;
  }

 private:
  asio::awaitable<provider_outcome> ask(std::string method, std::string query, std::string body) {
    http_request request;
    request.method = std::move(method);
    request.url = pool_url_ + query;
    request.body = std::move(body);
    request.timeout = config_.timeout;
    const auto got = co_await detail_cloud_run::send(out_, tokens_.access_token(), std::move(request));
    if (!got.problem.empty()) co_return got.refusal();
    co_return outcome_of(got.response, rondo::detail::google_auth::said_by(got.response, got.token));
  }

  cloud_run_pool_config config_;
  gateway out_;
  google_tokens tokens_;
  std::string pool_url_;
};

/// A worker that is a Cloud Run service: each request is one run of it.
struct cloud_run_service_config {
  std::string url{};
  /// Empty: the URL.
  std::string audience{};
  google_token_config tokens{};
  /// Longest run; Cloud Run's own limit is an hour.
  std::chrono::milliseconds timeout{15 * 60'000};
};

/// Invokes by a POST with the identity of the controller's service account.
class cloud_run_service_provider final : public provider {
 public:
  /// Throws std::invalid_argument when a URL cannot be used.
  cloud_run_service_provider(http_client& through, cloud_run_service_config config)
      : config_(std::move(config)),
        out_(through, {detail_cloud_run::authority_of(config_.url, "the URL"),
                       detail_cloud_run::authority_of(config_.tokens.metadata_endpoint, "the metadata endpoint")}),
        tokens_(out_, config_.tokens) {
    if (config_.audience.empty()) config_.audience = config_.url;
  }

  std::vector<std::string> hosts() const override { return out_.hosts(); }

  /// Asks for a token only: every request to the service starts a worker.
  asio::awaitable<provider_outcome> validate() override {
    provider_outcome outcome;
    try {
      co_await tokens_.identity_token(config_.audience);
    } catch (const token_error& failed) {
      outcome = provider_outcome::failed(failure_class::access_denied, failed.what());
    }
    co_return outcome;
  }

  asio::awaitable<provider_outcome> invoke(invocation_request what) override {
    http_request request;
    request.url = config_.url;
    request.body = invocation_body(what, std::chrono::system_clock::now());
    request.timeout = config_.timeout;
    request.headers.emplace_back("X-Rondo-Invocation-Id", what.id);
    const auto got =
        co_await detail_cloud_run::send(out_, tokens_.identity_token(config_.audience), std::move(request));
    if (!got.problem.empty()) co_return got.refusal();
    if (got.response.status == 202) co_return provider_outcome::accepted();
    co_return outcome_of(got.response);
  }

 private:
  cloud_run_service_config config_;
  gateway out_;
  google_tokens tokens_;
};

}  // namespace rondo::controller
