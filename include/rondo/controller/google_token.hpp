#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/controller/gateway.hpp"
#include "rondo/detail/aws/signature.hpp"
#include "rondo/json.hpp"

namespace rondo::controller {

/// Where tokens for Google Cloud come from.
struct google_token_config {
  /// Used as it is when it is set.
  std::string token{};
  /// Of the machine's metadata server, which gives tokens of its service account.
  std::string metadata_endpoint = "http://metadata.google.internal";
};

/// A token cannot be had. what() holds none.
class token_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Tokens of the machine's service account, kept until shortly before they expire.
class google_tokens {
 public:
  google_tokens(gateway& out, google_token_config config) : out_(out), config_(std::move(config)) {}

  /// For Google's APIs. Throws token_error.
  asio::awaitable<std::string> access_token() {
    auto token = co_await get("token", true);
    co_return token;
  }
  /// For a Cloud Run service. Throws token_error.
  asio::awaitable<std::string> identity_token(std::string audience) {
    auto token = co_await get("identity?audience=" + rondo::detail::aws::uri_encoded(audience), false);
    co_return token;
  }

 private:
  struct access_answer {
    std::string access_token{};
    std::int64_t expires_in = 0;
  };
  struct kept {
    std::string token{};
    std::chrono::steady_clock::time_point until{};
  };

  asio::awaitable<std::string> get(std::string what, bool is_json) {
    if (!config_.token.empty()) co_return config_.token;
    if (const auto found = kept_.find(what);
        found != kept_.end() && std::chrono::steady_clock::now() < found->second.until) {
      co_return found->second.token;
    }
    http_request request;
    request.method = "GET";
    request.url = config_.metadata_endpoint + "/computeMetadata/v1/instance/service-accounts/default/" + what;
    request.headers.emplace_back("Metadata-Flavor", "Google");
    request.timeout = std::chrono::seconds(5);
    request.most_bytes = 64U << 10U;
    const auto response = co_await out_.send(std::move(request));
    if (!response.ok()) throw token_error("the metadata server gives no token: " + outcome_of(response).message);
    // Identity tokens live an hour and do not say so.
    access_answer answer{response.body, 1'800};
    if (is_json) answer = read(response.body);
    if (answer.access_token.empty()) throw token_error("the metadata server answers without a token");
    constexpr std::int64_t reserve = 60;
    kept_[what] = {answer.access_token,
                   std::chrono::steady_clock::now() + std::chrono::seconds(answer.expires_in - reserve)};
    co_return answer.access_token;
  }

  static access_answer read(const std::string& body) {
    try {
      return json::parse<access_answer>(body);
    } catch (const json::error&) {
      throw token_error("the metadata server answers something else than a token");
    }
  }

  gateway& out_;
  google_token_config config_;
  std::map<std::string, kept> kept_;
};

}  // namespace rondo::controller
