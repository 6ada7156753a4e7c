#pragma once

#include <asio/awaitable.hpp>
#include <map>
#include <string>
#include <utility>

#include "rondo/controller/gateway.hpp"
#include "rondo/detail/google_auth/token.hpp"
#include "rondo/detail/http/url.hpp"

namespace rondo::controller {

/// Where tokens for Google Cloud come from.
struct google_token_config {
  /// Used as it is when it is set.
  std::string token{};
  /// Of the machine's metadata server, which gives tokens of its service account.
  std::string metadata_endpoint = "http://metadata.google.internal";
};

using rondo::detail::google_auth::token_error;

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
    auto token = co_await get("identity?audience=" + rondo::detail::http::percent_encoded(audience), false);
    co_return token;
  }

 private:
  asio::awaitable<std::string> get(std::string what, bool is_json) {
    if (!config_.token.empty()) co_return config_.token;
    if (const auto found = kept_.find(what); found != kept_.end() && found->second.usable()) {
      co_return found->second.text;
    }
    auto request = rondo::detail::google_auth::metadata_request(config_.metadata_endpoint, what);
    const auto response = co_await out_.send(std::move(request));
    if (!response.ok()) throw token_error("the metadata server gives no token: " + outcome_of(response).message);
    auto& kept = kept_[what];
    kept = read(response.body, is_json);
    co_return kept.text;
  }

  static rondo::detail::google_auth::kept_token read(const std::string& body, bool is_json) {
    const std::string who = "the metadata server";
    // Identity tokens live an hour and do not say so.
    constexpr int half_an_hour = 1'800;
    return is_json ? rondo::detail::google_auth::read_access_token(body, who)
                   : rondo::detail::google_auth::keep(body, half_an_hour, who);
  }

  gateway& out_;
  google_token_config config_;
  std::map<std::string, rondo::detail::google_auth::kept_token> kept_;
};

}  // namespace rondo::controller
