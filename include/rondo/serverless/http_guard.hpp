#pragma once
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/detail/crypto/hmac.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/serverless/http_options.hpp"

namespace rondo::serverless {

/// Lets requests through that know the secret or the token, each signed one once.
class http_guard {
 public:
  using seconds = std::chrono::seconds;

  explicit http_guard(const http_options& how)
      : token_(how.bearer_token),
        secret_(how.secret),
        window_(std::chrono::duration_cast<seconds>(how.signature_window)) {}

  /// Empty: the request may invoke the worker; otherwise what is wrong, which says nothing about the secret.
  std::optional<std::string> refuse(const rondo::detail::http::request& request, seconds now) {
    if (token_.empty() && secret_.empty()) return std::nullopt;
    if (!token_.empty() && has_token(request)) return std::nullopt;
    if (secret_.empty()) return "send the header 'Authorization: Bearer <token>' with the worker's token";
    return refuse_signature(request, now);
  }

 private:
  /// More signatures than this within one window are refused: none may be forgotten while it could be sent again.
  static constexpr std::size_t most_remembered = 100'000;

  bool has_token(const rondo::detail::http::request& request) const {
    // The HMAC makes both of one length, so that the comparison does not tell the token's.
    const auto digest = [this](std::string_view text) { return rondo::detail::crypto::hmac_sha256(token_, text); };
    const std::string given(request.headers.get("Authorization"));
    return rondo::detail::crypto::equal_secrets(digest(given), digest("Bearer " + token_));
  }
  std::optional<std::string> refuse_signature(const rondo::detail::http::request& request, seconds now) {
    const auto timestamp = request.headers.get("X-Rondo-Timestamp");
    const auto signature = request.headers.get("X-Rondo-Signature");
    std::int64_t sent = 0;
    const auto [end, problem] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), sent);
    const bool is_number = problem == std::errc() && end == timestamp.data() + timestamp.size();
    const auto wanted = rondo::detail::crypto::request_signature(secret_, timestamp, request.body);
    const bool is_signed = rondo::detail::crypto::equal_secrets(wanted, signature);
    if (!is_number || !is_signed)
      return "sign the request with the worker's secret (X-Rondo-Timestamp, X-Rondo-Signature)";
    if (seconds(sent) < now - window_ || seconds(sent) > now + window_) {
      return "the signature's time is more than " + std::to_string(window_.count()) + " s from this machine's";
    }
    forget_old(now);
    if (seen_.size() >= most_remembered) return "too many signed requests at once";
    if (!seen_.emplace(wanted, seconds(sent)).second) return "the request was received before";
    return std::nullopt;
  }
  void forget_old(seconds now) {
    if (now < next_forgetting_) return;
    next_forgetting_ = now + seconds(1);
    std::erase_if(seen_, [&](const auto& each) { return each.second < now - window_; });
  }

  std::string token_, secret_;
  seconds window_;
  /// Signatures that could be sent again, with their times.
  std::map<std::string, seconds, std::less<>> seen_;
  seconds next_forgetting_{};
};

}  // namespace rondo::serverless
