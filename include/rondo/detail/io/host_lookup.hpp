#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/detail/io/loop.hpp"

namespace rondo::detail::io {

/// Host and port of a target, and both as they were written.
struct host_and_port {
  std::string authority;
  std::string host;
  std::uint16_t port = 0;
};

/// Reads "host:port", "[::1]:port" and gRPC's "dns:///host:port"; without a port it is 443, as for gRPC.
/// Throws std::invalid_argument.
inline host_and_port parse_target(std::string_view target) {
  const auto refuse = [target](const char* why) {
    throw std::invalid_argument("rondo: the target '" + std::string(target) + "' " + why + "; write host:port");
  };
  std::string_view rest = target;
  for (const std::string_view prefix : {"dns:///", "dns:", "ipv4:", "ipv6:", "passthrough:///"}) {
    if (!rest.starts_with(prefix)) continue;
    rest.remove_prefix(prefix.size());
    break;
  }
  if (rest.find("//") != rest.npos) refuse("is no address");
  host_and_port result;
  result.authority = rest;
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == rest.npos) refuse("has no ']'");
    result.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    if (!port.empty() && port.front() != ':') refuse("has something else than a port after ']'");
  } else if (const std::size_t colon = rest.find(':'); colon != rest.npos && rest.find(':', colon + 1) != rest.npos) {
    result.host = rest;  // a bare IPv6 address
  } else {
    result.host = rest.substr(0, colon);
    if (colon != rest.npos) port = rest.substr(colon);
  }
  if (result.host.empty()) refuse("names no host");
  constexpr std::uint16_t https = 443;
  result.port = https;
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
    if (error != std::errc() || end != port.data() + port.size() || result.port == 0) refuse("has no valid port");
  }
  return result;
}

/// Addresses of a host, or why there are none.
struct host_addresses {
  std::vector<asio::ip::tcp::endpoint> endpoints;
  std::string fault;
};

/// Whether the host is a name that may stand for other addresses later: no address, and not the own machine, whose name
/// has an address that nothing listens at as often as not.
inline bool may_move(const host_and_port& target) {
  asio::error_code no_address;
  asio::ip::make_address(target.host, no_address);
  return no_address && target.host != "localhost";
}

/// Puts the address with that number first, counted round, and those before it behind it. The system gives the
/// addresses of a host in about the same order to all who ask. Only addresses of the first one's kind, IPv4 or IPv6,
/// take turns: the system gives the kind that works best first.
inline void rotate_addresses(std::vector<asio::ip::tcp::endpoint>& addresses, std::size_t number) {
  if (addresses.empty()) return;
  const auto end = std::stable_partition(
      addresses.begin(), addresses.end(),
      [first = addresses.front().protocol()](const auto& each) { return each.protocol() == first; });
  const auto count = static_cast<std::size_t>(end - addresses.begin());
  std::rotate(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(number % count), end);
}

/// Asks for the addresses of a host, the system unless told otherwise, on a thread of its own that nobody waits for: a
/// name server that is away holds getaddrinfo for long, and neither the loop nor its end may wait so long.
class host_lookup : public std::enable_shared_from_this<host_lookup> {
 public:
  using callback = std::function<void(host_addresses)>;
  /// May take its time. Called on the thread of the lookup, which may outlive all else.
  using resolver = std::function<host_addresses(const host_and_port&)>;

  static host_addresses ask_system(const host_and_port& of) {
    host_addresses found;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int error = getaddrinfo(of.host.c_str(), nullptr, &hints, &list);
    const std::unique_ptr<addrinfo, deleter> owner(error == 0 ? list : nullptr);
    if (error != 0) found.fault = gai_strerror(error);
    for (const addrinfo* each = owner.get(); each; each = each->ai_next) add(*each, of.port, found);
    return found;
  }

  /// Null when the host is an address; `found` has been filled then. Otherwise `done` is called on the loop's thread,
  /// in a later turn.
  static std::shared_ptr<host_lookup> start(event_loop& loop, const host_and_port& of, const resolver& how,
                                            host_addresses& found, callback done) {
    asio::error_code no_address;
    const auto address = asio::ip::make_address(of.host, no_address);
    if (!no_address) {
      found.endpoints.emplace_back(address, of.port);
      return nullptr;
    }
    auto self = std::make_shared<host_lookup>(loop, of, how, std::move(done));
    try {
      std::thread([self] { self->run(); }).detach();
    } catch (const std::system_error& failed) {
      self->result_.fault = std::string("cannot start a thread: ") + failed.what();
      loop.post([self] { self->deliver(); });
    }
    return self;
  }

  host_lookup(event_loop& loop, host_and_port of, resolver how, callback done)
      : host_(std::move(of)), resolve_(std::move(how)), loop_(&loop), done_(std::move(done)) {}

  /// Nothing is called any more. Loop thread only.
  void abandon() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
    done_ = nullptr;
  }

 private:
  struct deleter {
    void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
  };

  void run() {
    result_ = resolve_(host_);
    const std::lock_guard lock(mutex_);
    if (loop_) loop_->post([self = shared_from_this()] { self->deliver(); });
  }

  static void add(const addrinfo& from, std::uint16_t port, host_addresses& to) {
    asio::ip::tcp::endpoint endpoint;
    if (from.ai_addrlen > endpoint.capacity()) return;
    std::memcpy(endpoint.data(), from.ai_addr, from.ai_addrlen);
    endpoint.resize(from.ai_addrlen);
    endpoint.port(port);
    to.endpoints.push_back(endpoint);
  }

  void deliver() {
    if (done_) std::exchange(done_, nullptr)(std::move(result_));
  }

  host_and_port host_;
  resolver resolve_;
  host_addresses result_;
  std::mutex mutex_;
  event_loop* loop_;
  callback done_;
};

}  // namespace rondo::detail::io
