#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/curl/answer.hpp"
#include "rondo/detail/curl/patient.hpp"
#include "rondo/detail/google_auth/credentials.hpp"
#include "rondo/detail/google_auth/token.hpp"
#include "rondo/detail/http/url.hpp"
#include "rondo/json.hpp"

namespace rondo::detail::google_auth {

/// What a service account exchanges for a token. Throws token_error.
/// https://developers.google.com/identity/protocols/oauth2/service-account
inline std::string signed_assertion(const service_account& who, const std::string& scope,
                                    std::chrono::system_clock::time_point now) {
  struct header {
    std::string alg = "RS256", typ = "JWT";
    std::optional<std::string> kid{};
  };
  struct claims {
    std::string iss{}, scope{}, aud{};
    std::int64_t iat = 0, exp = 0;
  };
  constexpr std::int64_t an_hour = 3'600;
  const std::int64_t issued = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  header first;
  if (!who.key_id.empty()) first.kid = who.key_id;
  const std::string text =
      base64url_encode(json::dump(first)) + "." +
      base64url_encode(json::dump(
          claims{.iss = who.email, .scope = scope, .aud = who.token_uri, .iat = issued, .exp = issued + an_hour}));
  try {
    return text + "." + base64url_encode(who.key.sign_sha256(text));
  } catch (const std::runtime_error& failed) {
    throw token_error("there is no token for '" + who.email + "': " + failed.what());
  }
}

/// What a token endpoint says when it refuses, without the secrets; empty: nothing that is known.
inline std::string refusal_of(const curl::http_response& of, const std::vector<std::string>& secrets) {
  struct answer {
    std::string error{}, error_description{};
  };
  try {
    const auto read = json::parse<answer>(of.body);
    const std::string colon = read.error_description.empty() ? "" : ": ";
    return curl::scrubbed(read.error + colon + read.error_description, secrets);
  } catch (const json::error&) {
    return {};
  }
}

/// Access tokens for an identity, kept until shortly before they expire. Used by several threads: one asks, the others
/// wait for what it gets.
class token_source {
 public:
  explicit token_source(identity who, std::string scope) : who_(std::move(who)), scope_(std::move(scope)) {}

  /// Throws token_error. Waits on this thread.
  std::string get(const curl::retry_limits& limits) {
    const std::lock_guard lock(mutex_);
    if (!kept_.usable()) kept_ = std::visit([&](const auto& who) { return this->fetch(who, limits); }, who_);
    return kept_.text;
  }
  /// A server has refused this token, so it is not given again.
  void forget(std::string_view token) {
    const std::lock_guard lock(mutex_);
    // Another thread may have got a fresh one meanwhile.
    if (kept_.text == token) kept_ = {};
  }

 private:
  kept_token fetch(const metadata_server& who, const curl::retry_limits& limits) const {
    const auto answer = curl::fetch_patiently([&] { return metadata_request(who.endpoint, "token"); }, limits);
    if (!answer.ok()) {
      throw token_error("the metadata server gives no token: " + curl::outcome_text(answer, {}) +
                        "; outside of Google Cloud set GOOGLE_APPLICATION_CREDENTIALS to a file with credentials");
    }
    return read_access_token(answer.body, "the metadata server");
  }

  kept_token fetch(const service_account& who, const curl::retry_limits& limits) const {
    const auto form = [&] {
      return "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" +
             signed_assertion(who, scope_, std::chrono::system_clock::now());
    };
    return exchange(who.token_uri, form, "'" + who.email + "'", {}, limits);
  }

  kept_token fetch(const authorized_user& who, const curl::retry_limits& limits) const {
    const auto form = [&] {
      return "grant_type=refresh_token&client_id=" + http::percent_encoded(who.client_id) +
             "&client_secret=" + http::percent_encoded(who.client_secret) +
             "&refresh_token=" + http::percent_encoded(who.refresh_token);
    };
    return exchange(who.token_uri, form, "the user who logged in with gcloud", {who.client_secret, who.refresh_token},
                    limits);
  }

  template <class Form>
  static kept_token exchange(const std::string& uri, const Form& form, const std::string& whose,
                             const std::vector<std::string>& secrets, const curl::retry_limits& limits) {
    const auto make = [&] {
      curl::http_request request;
      request.url = uri;
      request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
      request.body = form();
      request.timeout = std::chrono::seconds(30);
      request.most_bytes = 64U << 10U;
      return request;
    };
    const auto answer = curl::fetch_patiently(make, limits);
    if (!answer.ok()) {
      throw token_error("Google gives no token for " + whose + ": " +
                        curl::outcome_text(answer, refusal_of(answer, secrets)));
    }
    return read_access_token(answer.body, "Google's token endpoint");
  }

  const identity who_;
  const std::string scope_;
  std::mutex mutex_;
  kept_token kept_;
};

}  // namespace rondo::detail::google_auth
