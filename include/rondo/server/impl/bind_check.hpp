#pragma once

#include "rondo/server/bind_check.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace rondo::server {

namespace detail_bind_check {

inline void fail(const std::string& address, const std::string& why) {
  throw std::runtime_error("cannot listen on " + address + ": " + why);
}

inline std::string reason(int error) {
  switch (error) {
    case EADDRINUSE:
      return "the address is in use, perhaps by another server; choose another port, or 0 for any free one";
    case EADDRNOTAVAIL:
      return "this machine does not have the address";
    case EACCES:
    case EPERM:
      return "not permitted; ports below 1024 need special rights";
    default:
      return std::strerror(error);
  }
}

inline void try_to_bind(const std::string& address, const addrinfo& where) {
  const int socket_fd = socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) fail(address, reason(errno));
  const int on = 1;
  // As gRPC does it: connections of a server that has just ended do not count as use.
  setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = bind(socket_fd, where.ai_addr, where.ai_addrlen) == 0 && listen(socket_fd, 1) == 0;
  const int error = errno;
  close(socket_fd);
  if (!bound) fail(address, reason(error));
}

}  // namespace detail_bind_check

RONDO_SERVER_FUNCTION void check_bindable(const std::string& address) {
  if (address.starts_with("unix:")) return;
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    detail_bind_check::fail(address, "it is not written as ip:port");
  }
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(port) > 65535) {
    detail_bind_check::fail(address, "'" + port + "' is not a port");
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    detail_bind_check::fail(address, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, &freeaddrinfo);
  for (const addrinfo* each = all.get(); each != nullptr; each = each->ai_next) {
    detail_bind_check::try_to_bind(address, *each);
  }
}

}  // namespace rondo::server
