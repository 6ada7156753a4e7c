#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/crypto/hmac.hpp"

// AWS Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
namespace rondo::detail::aws {

struct credentials {
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};

  bool empty() const noexcept { return access_key_id.empty() || secret_access_key.empty(); }
};

/// All but letters, digits and "-._~" as %XX.
inline std::string uri_encoded(std::string_view text, bool keep_slashes = false) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    const bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                       each == '-' || each == '.' || each == '_' || each == '~' || (keep_slashes && each == '/');
    if (plain) {
      out += each;
    } else {
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

/// A request to be signed.
struct unsigned_request {
  std::string method{};
  /// As it is sent, so encoded once.
  std::string path{};
  /// Names and values as they are meant.
  std::vector<std::pair<std::string, std::string>> query{};
  /// With Host. X-Amz-Date and X-Amz-Security-Token are added when it is signed.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

namespace detail_signature {

inline std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Without blanks at the ends, and with one where there were many.
inline std::string squeezed(std::string_view text) {
  std::string out;
  for (const char each : text) {
    if (each != ' ' || (!out.empty() && out.back() != ' ')) out += each;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

inline std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& of) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : of) encoded.emplace_back(uri_encoded(name), uri_encoded(value));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

}  // namespace detail_signature

/// The query of a request as it is sent: encoded, in the order in which it is signed.
inline std::string query_text(const unsigned_request& of) { return detail_signature::canonical_query(of.query); }

/// Signs for a service in a region at a time ("20150830T123600Z"). Returns the headers to be sent: those of the
/// request, X-Amz-Date, X-Amz-Security-Token if there is one, and Authorization.
inline std::vector<std::pair<std::string, std::string>> sign(const unsigned_request& what, const credentials& by,
                                                             const std::string& region, const std::string& service,
                                                             const std::string& time) {
  auto headers = what.headers;
  headers.emplace_back("X-Amz-Date", time);
  if (!by.session_token.empty()) headers.emplace_back("X-Amz-Security-Token", by.session_token);
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : headers) {
    auto& into = sorted[detail_signature::lower(name)];
    into += (into.empty() ? "" : ",") + detail_signature::squeezed(value);
  }
  std::string names;
  std::string lines;
  for (const auto& [name, value] : sorted) {
    names += (names.empty() ? "" : ";") + name;
    lines += name + ":" + value + "\n";
  }
  // The path is encoded once more than it is sent.
  const std::string path = what.path.empty() ? "/" : uri_encoded(what.path, /*keep_slashes=*/true);
  const std::string request = what.method + "\n" + path + "\n" + query_text(what) + "\n" + lines + "\n" + names + "\n" +
                              crypto::hex(crypto::sha256(what.body));
  const std::string day = time.substr(0, 8);
  const std::string scope = day + "/" + region + "/" + service + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + crypto::hex(crypto::sha256(request));
  std::string key = crypto::hmac_sha256("AWS4" + by.secret_access_key, day);
  for (const auto* each : {&region, &service}) key = crypto::hmac_sha256(key, *each);
  key = crypto::hmac_sha256(key, "aws4_request");
  headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + by.access_key_id + "/" + scope +
                                            ", SignedHeaders=" + names +
                                            ", Signature=" + crypto::hex(crypto::hmac_sha256(key, to_sign)));
  return headers;
}

}  // namespace rondo::detail::aws
