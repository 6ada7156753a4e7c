#pragma once
#include <sys/un.h>

#include <asio/generic/stream_protocol.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rondo::detail::http {

using stream_socket = asio::generic::stream_protocol::socket;
using stream_endpoint = asio::generic::stream_protocol::endpoint;

/// Where a server listens.
struct address {
  /// A name, or an IP address without brackets.
  std::string host{};
  std::uint16_t port = 0;
  /// The path of a Unix socket, in place of host and port.
  std::string unix_path{};

  bool is_unix() const noexcept { return !unix_path.empty(); }

  /// "host:port", "[address]:port" or "unix:/path".
  std::string text() const {
    if (is_unix()) return "unix:" + unix_path;
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
  /// For the header Host.
  std::string host_header() const { return is_unix() ? "localhost" : text(); }

  /// The endpoint, when no name has to be looked up.
  std::optional<stream_endpoint> endpoint() const {
    if (is_unix()) return stream_endpoint(asio::local::stream_protocol::endpoint(unix_path));
    asio::error_code failed;
    const auto ip = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, failed);
    if (failed) return std::nullopt;
    return stream_endpoint(asio::ip::tcp::endpoint(ip, port));
  }
};

/// Reads "host:port", "[address]:port" or "unix:/path". Throws std::invalid_argument when it is neither.
inline address parse_address(std::string_view text) {
  const auto refuse = [text](const char* why) {
    throw std::invalid_argument("rondo: \"" + std::string(text) + "\" is no address: " + why);
  };
  address result;
  if (text.starts_with("unix:") || text.starts_with("/")) {
    if (text.starts_with("unix:")) text.remove_prefix(5);
    if (text.empty()) refuse("the path after unix: is missing");
    if (text.size() >= sizeof(sockaddr_un::sun_path))
      refuse("the path of a Unix socket must be shorter than 108 bytes");
    if (text.find('\0') != std::string_view::npos) refuse("the path has a zero byte");
    result.unix_path = text;
    return result;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) refuse("write host:port");
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (problem != std::errc() || end != digits.data() + digits.size()) refuse("the port must be a number up to 65535");
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) refuse("the bracket is not closed");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    refuse("write an IPv6 address in brackets, such as [::1]:80");
  }
  if (host.empty()) refuse("the host is missing");
  result.host = host;
  return result;
}

}  // namespace rondo::detail::http
