#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/connection_options.hpp"
#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/io/grpc_wire.hpp"
#include "rondo/detail/io/host_lookup.hpp"

namespace rondo::detail::io {

/// How to get to the server through a proxy.
struct proxy_route {
  host_and_port proxy;
  /// What the proxy is asked for: host:port of the server.
  std::string server;
  /// Value of Proxy-Authorization; empty: there is none.
  std::string authorization;
};

/// Value of a variable of the environment; null: it is not set.
using read_variable = std::function<const char*(const char* name)>;

inline std::string basic_authorization(std::string_view user_and_password) {
  return "Basic " + base64_encode(user_and_password);
}

inline bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return text.size() >= end.size() &&
         std::equal(end.begin(), end.end(), text.end() - static_cast<std::ptrdiff_t>(end.size()),
                    [lower](char left, char right) { return lower(left) == lower(right); });
}

/// The address, or nothing when it is none.
inline std::optional<host_and_port> read_target(std::string_view text) {
  try {
    return parse_target(text);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

/// The variables and their meaning are those of the gRPC library, which goes straight where it cannot use them.
inline std::optional<proxy_route> proxy_of_environment(std::string_view target, const read_variable& read) {
  const auto first_of = [&read](std::initializer_list<const char*> names) -> std::optional<std::string> {
    for (const char* name : names) {
      if (const char* value = read(name)) return value;
    }
    return std::nullopt;
  };
  const auto found = first_of({"grpc_proxy", "https_proxy", "http_proxy"});
  if (!found || found->empty()) return std::nullopt;
  const auto server = read_target(target);
  if (!server) return std::nullopt;
  const std::string excepted = first_of({"no_grpc_proxy", "no_proxy"}).value_or(std::string());
  for (std::string_view rest = excepted; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view entry = rest.substr(0, comma);
    if (!entry.empty() && ends_with_ignoring_case(server->host, entry)) return std::nullopt;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  std::string_view address = *found;
  constexpr std::string_view scheme = "http://";
  if (!address.starts_with(scheme)) return std::nullopt;
  address.remove_prefix(scheme.size());
  address = address.substr(0, address.find('/'));
  proxy_route route;
  if (const std::size_t at = address.rfind('@'); at != address.npos) {
    route.authorization = basic_authorization(percent_decoded(address.substr(0, at)));
    address.remove_prefix(at + 1);
  }
  const auto proxy = read_target(address);
  if (!proxy) return std::nullopt;
  route.proxy = *proxy;
  return route;
}

/// The way to the target of the options; nothing: straight. Throws std::invalid_argument.
inline std::optional<proxy_route> find_proxy(
    const client_options& options, const read_variable& read = [](const char* name) { return std::getenv(name); }) {
  if (options.proxy && options.proxy->target.empty()) return std::nullopt;
  // Targets that are no name of a host are the gRPC library's own, and mean what is near.
  const bool is_host = options.target.find(',') == std::string::npos && !options.target.starts_with("unix");
  if (!options.proxy && !is_host) return std::nullopt;
  std::optional<proxy_route> route;
  if (!options.proxy) {
    route = proxy_of_environment(options.target, read);
    if (!route) return std::nullopt;
  } else {
    route.emplace().proxy = parse_target(options.proxy->target);
    if (options.proxy->user.find(':') != std::string::npos) {
      throw std::invalid_argument("rondo: proxy.user has a colon, which basic authentication cannot carry");
    }
    if (!options.proxy->user.empty()) {
      route->authorization = basic_authorization(options.proxy->user + ":" + options.proxy->password);
    }
  }
  const host_and_port server = parse_target(options.target);
  const bool is_address = server.host.find(':') != std::string::npos;
  route->server = (is_address ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
  const bool printable =
      std::all_of(route->server.begin(), route->server.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!printable) throw std::invalid_argument("rondo: the target '" + options.target + "' cannot be named to a proxy");
  return route;
}

/// What the proxy is told first.
inline std::string connect_request(const proxy_route& route) {
  std::string text = "CONNECT " + route.server + " HTTP/1.1\r\nHost: " + route.server + "\r\n";
  if (!route.authorization.empty()) text += "Proxy-Authorization: " + route.authorization + "\r\n";
  return text += "\r\n";
}

/// Reads what a proxy says to CONNECT.
class proxy_answer {
 public:
  /// Takes the bytes up to the end of the answer and leaves the others, which come from behind the proxy.
  void take(std::string_view& bytes) {
    while (!bytes.empty() && !complete_ && fault_.empty()) {
      head_ += bytes.front();
      bytes.remove_prefix(1);
      check();
    }
  }

  /// The way is open.
  bool complete() const noexcept { return complete_; }
  /// Why the way does not open; empty: it may.
  const std::string& fault() const noexcept { return fault_; }

 private:
  static constexpr std::size_t most_bytes = 16 * 1024;

  void check() {
    constexpr std::string_view begin = "HTTP/1.";
    const std::size_t seen = std::min(head_.size(), begin.size());
    if (std::string_view(head_).substr(0, seen) != begin.substr(0, seen)) {
      fault_ = "what is at the proxy's address does not speak HTTP";
    } else if (head_.ends_with("\r\n\r\n")) {
      read_status();
    } else if (head_.size() > most_bytes) {
      fault_ = "the proxy's answer does not end";
    }
  }

  void read_status() {
    const std::string_view line = std::string_view(head_).substr(0, head_.find("\r\n"));
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view text = line.substr(space);
    int status = 0;
    const char* const digits = text.data() + std::min<std::size_t>(1, text.size());
    const auto [end, error] = std::from_chars(digits, text.data() + text.size(), status);
    constexpr int ok = 200;
    constexpr int redirection = 300;
    if (error != std::errc() || end - digits != 3) {
      fault_ = "what is at the proxy's address does not speak HTTP";
    } else if (status < ok || status >= redirection) {
      fault_ = "HTTP proxy returned response code " + std::to_string(status);
    } else {
      complete_ = true;
    }
  }

  std::string head_;
  std::string fault_;
  bool complete_ = false;
};

}  // namespace rondo::detail::io
