#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <system_error>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/grpc_origin.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION bool is_grpcs_own_message(std::string_view message) {
  // Newer releases put details behind some, and the name of the system call before what the system says.
  constexpr std::array<std::string_view, 19> beginnings{
      "Delayed close due to in-progress write",
      "Endpoint read failed",
      "FD Shutdown",
      "Failed parsing HTTP/2",
      "GOAWAY received",
      "Last stream closed after sending GOAWAY",
      "Received RST_STREAM with error code",
      "Socket closed",
      "Stream removed",
      "Transport Stream IDs exhausted",
      "Transport closed",
      "Trying to connect an http1.x server",
      "Wrap failed",
      "keepalive timeout",
      "keepalive watchdog timeout",
      "ping timeout",
      "recvmsg:",
      "sendmsg:",
      "settings timeout",
  };
  const auto begins = [message](std::string_view with) { return message.starts_with(with); };
  if (std::any_of(beginnings.begin(), beginnings.end(), begins)) return true;
  constexpr std::array losses{std::errc::broken_pipe,  std::errc::connection_reset, std::errc::connection_aborted,
                              std::errc::timed_out,    std::errc::host_unreachable, std::errc::network_unreachable,
                              std::errc::network_down, std::errc::network_reset,    std::errc::not_connected};
  const auto is_it = [message](std::errc loss) { return message == std::make_error_code(loss).message(); };
  return std::any_of(losses.begin(), losses.end(), is_it);
}

RONDO_FUNCTION bool is_sent_by_server(std::string_view debug_text, std::string_view message) {
  constexpr std::string_view marker = "Error received from peer ";
  const std::size_t found = debug_text.find(marker);
  if (found == debug_text.npos) return false;
  const std::string_view peer = debug_text.substr(found + marker.size());
  const bool is_address = peer.starts_with("ipv4:") || peer.starts_with("ipv6:") || peer.starts_with("unix:");
  return is_address && !is_grpcs_own_message(message);
}

}  // namespace rondo::detail::io
