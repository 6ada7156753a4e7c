#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/detail/http/message.hpp"

namespace rondo::detail::http {

/// The words that belong to a status.
constexpr std::string_view reason_of(int status) noexcept {
  constexpr std::array<std::pair<int, std::string_view>, 29> known = {{
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {100, "Continue"},
      {424, "Failed Dependency"},
  }};
  for (const auto& [code, words] : known) {
    if (code == status) return words;
  }
  return "Status";
}

/// A header whose name or value would end the line, and begin another header, is refused with std::invalid_argument.
inline void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name)) throw std::invalid_argument("rondo: this is no name of an HTTP header: " + std::string(name));
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
      throw std::invalid_argument("rondo: the HTTP header " + std::string(name) +
                                  " has a control character in its value");
    }
  }
  out.append(name).append(": ").append(value).append("\r\n");
}

/// Such as "Sun, 06 Nov 1994 08:49:37 GMT".
inline std::string http_date(std::chrono::system_clock::time_point when) {
  constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                 months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                                 parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

/// Headers that say how a message is sent: whoever sends it writes them.
constexpr bool is_framing(std::string_view name) noexcept {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Transfer-Encoding") ||
         equal_ignoring_case(name, "Connection") || equal_ignoring_case(name, "Keep-Alive");
}

/// The bytes of a request. `host` is what its Host header says unless it has one.
inline std::string serialize(const request& what, std::string_view host) {
  const auto is_printable = [](std::string_view text) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F) return false;
    }
    return !text.empty();
  };
  if (!is_token(what.method)) throw std::invalid_argument("rondo: this is no HTTP method: " + what.method);
  if (!is_printable(what.target)) {
    throw std::invalid_argument("rondo: the target of an HTTP request is empty or has characters that must be escaped");
  }
  std::string out;
  out.reserve(256 + what.body.size());
  out.append(what.method).append(" ").append(what.target).append(" HTTP/1.1\r\n");
  if (!what.headers.has("Host")) append_header(out, "Host", host);
  for (const auto& each : what.headers) {
    if (!is_framing(each.name)) append_header(out, each.name, each.value);
  }
  if (has_word(what.headers.get("Connection"), "close")) out.append("Connection: close\r\n");
  const bool has_body = !what.body.empty() || what.method == "POST" || what.method == "PUT" || what.method == "PATCH";
  if (has_body) append_header(out, "Content-Length", std::to_string(what.body.size()));
  return out.append("\r\n").append(what.body);
}

/// What the request means for the form of its response.
struct response_form {
  bool to_head = false;
  bool keep_alive = true;
  /// The client speaks HTTP/1.0.
  bool old_client = false;
};

/// The bytes of a response.
inline std::string serialize(const response& what, const response_form& form) {
  std::string out;
  out.reserve(256 + what.body.size());
  out.append("HTTP/1.1 ").append(std::to_string(what.status)).append(" ").append(reason_of(what.status)).append("\r\n");
  for (const auto& each : what.headers) {
    if (!is_framing(each.name)) append_header(out, each.name, each.value);
  }
  if (!what.headers.has("Date")) append_header(out, "Date", http_date(std::chrono::system_clock::now()));
  if (!form.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (form.old_client) {
    out.append("Connection: keep-alive\r\n");
  }
  const bool has_body = what.status != 204 && what.status != 304;
  if (has_body) append_header(out, "Content-Length", std::to_string(what.body.size()));
  out.append("\r\n");
  if (has_body && !form.to_head) out.append(what.body);
  return out;
}

}  // namespace rondo::detail::http
