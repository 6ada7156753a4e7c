#pragma once

#include <optional>
#include <string>

#include "rondo/detail/curl/library.hpp"

namespace rondo::detail::curl {

/// The parts of a URL; path and query as they are sent.
struct url_parts {
  std::string scheme{}, user{}, host{}, port{}, path{}, query{};

  /// "host" or "host:port", as the Host header has it.
  std::string authority() const {
    const bool usual = port.empty() || port == (scheme == "https" ? "443" : "80");
    return usual ? host : host + ":" + port;
  }
  bool is_loopback() const {
    // "127.example.com" is somebody else.
    const bool is_address = host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
    return host == "localhost" || host == "[::1]" || is_address;
  }
};

/// Empty: the text is no URL.
inline std::optional<url_parts> parse_url(const std::string& text) {
  const auto& curl = library::get();
  const url_ptr parsed(curl.url());
  if (!parsed || curl.url_set(parsed.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const auto part = [&](CURLUPart which) {
    char* found = nullptr;
    if (curl.url_get(parsed.get(), which, &found, 0) != CURLUE_OK || found == nullptr) return std::string();
    std::string copy(found);
    curl.free(found);
    return copy;
  };
  url_parts made;
  made.scheme = part(CURLUPART_SCHEME);
  made.user = part(CURLUPART_USER) + part(CURLUPART_PASSWORD);
  made.host = part(CURLUPART_HOST);
  made.port = part(CURLUPART_PORT);
  made.path = part(CURLUPART_PATH);
  made.query = part(CURLUPART_QUERY);
  return made;
}

/// Empty when requests can be sent to the URL; otherwise what is wrong with it.
inline std::string problem_of(const std::string& url) {
  const auto parts = parse_url(url);
  if (!parts) return "it is not a URL";
  if (parts->scheme != "http" && parts->scheme != "https") return "it begins with neither http:// nor https://";
  if (parts->host.empty()) return "it names no host";
  return {};
}

/// Empty when tokens and keys can be sent to the URL; otherwise what is wrong with it.
inline std::string problem_for_secrets(const std::string& url) {
  std::string problem = problem_of(url);
  if (!problem.empty()) return problem;
  const auto parts = parse_url(url);
  if (!parts->user.empty()) return "it holds a user or password";
  if (parts->scheme != "https" && !parts->is_loopback()) return "it must begin with https://";
  return {};
}

}  // namespace rondo::detail::curl
