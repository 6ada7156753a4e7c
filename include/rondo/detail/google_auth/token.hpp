#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/curl/answer.hpp"
#include "rondo/detail/curl/transfer.hpp"
#include "rondo/json.hpp"

// Tokens of Google Cloud: how they are asked for, and what the answers hold.
namespace rondo::detail::google_auth {

/// A token cannot be had. what() holds none.
class token_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A token, and when a fresh one is better.
struct kept_token {
  std::string text{};
  std::chrono::steady_clock::time_point until{};

  bool usable() const { return !text.empty() && std::chrono::steady_clock::now() < until; }
};

/// True for what can stand in a header behind "Bearer ".
inline bool is_token(std::string_view text) {
  constexpr std::size_t longest = 16U << 10U;
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

/// Kept until shortly before it expires. `who`: the side that gave it, for errors. Throws token_error.
inline kept_token keep(std::string text, std::int64_t expires_in, const std::string& who) {
  if (text.empty()) throw token_error(who + " answers without a token");
  if (!is_token(text)) throw token_error(who + " answers with a token that cannot be sent");
  constexpr std::int64_t reserve = 60, longest = 24 * 60 * 60;
  const std::chrono::seconds left(std::clamp<std::int64_t>(expires_in, 0, longest) - reserve);
  return {std::move(text), std::chrono::steady_clock::now() + left};
}

/// The access token in the JSON of an answer. Throws token_error.
inline kept_token read_access_token(const std::string& body, const std::string& who) {
  struct answer {
    std::string access_token{};
    std::int64_t expires_in = 0;
  };
  answer read;
  try {
    read = json::parse<answer>(body);
  } catch (const json::error&) {
    throw token_error(who + " answers something else than a token");
  }
  return keep(std::move(read.access_token), read.expires_in, who);
}

/// Asks a machine's metadata server for something of its service account: "token", "identity?audience=...".
inline curl::http_request metadata_request(const std::string& endpoint, const std::string& what) {
  curl::http_request request;
  request.method = "GET";
  request.url = endpoint + "/computeMetadata/v1/instance/service-accounts/default/" + what;
  request.headers.emplace_back("Metadata-Flavor", "Google");
  request.timeout = std::chrono::seconds(5);
  request.most_bytes = 64U << 10U;
  return request;
}

/// What Google's APIs say when they refuse, without the token; empty: nothing that is known.
inline std::string said_by(const curl::http_response& of, const std::string& token) {
  struct error_text {
    std::string message{};
  };
  struct error_answer {
    error_text error{};
  };
  try {
    return curl::scrubbed(json::parse<error_answer>(of.body).error.message, {token});
  } catch (const json::error&) {
    return {};
  }
}

}  // namespace rondo::detail::google_auth
