#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/rpc_error.hpp"

// How gRPC says things over HTTP/2.
namespace rondo::detail::io {

/// A message is preceded by a flag, "compressed", and its size in four bytes.
inline constexpr std::size_t message_prefix_size = 5;

inline std::array<char, message_prefix_size> message_prefix(std::uint32_t size, bool compressed = false) noexcept {
  const auto byte = [size](unsigned shift) { return static_cast<char>(static_cast<unsigned char>(size >> shift)); };
  return {compressed ? char{1} : char{0}, byte(24), byte(16), byte(8), byte(0)};
}

/// The time that is left for a call, as the header grpc-timeout has it: at most eight digits and a unit, rounded up.
inline std::string grpc_timeout(duration left) {
  struct unit {
    std::int64_t nanoseconds;
    char letter;
  };
  constexpr std::array units{unit{1, 'n'},
                             unit{1'000, 'u'},
                             unit{1'000'000, 'm'},
                             unit{1'000'000'000, 'S'},
                             unit{60'000'000'000, 'M'},
                             unit{3'600'000'000'000, 'H'}};
  constexpr std::int64_t most = 99'999'999;
  const std::int64_t nanoseconds =
      std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(left).count(), 1);
  for (const auto& each : units) {
    const std::int64_t value = nanoseconds / each.nanoseconds + (nanoseconds % each.nanoseconds != 0 ? 1 : 0);
    if (value <= most) return std::to_string(value) + each.letter;
  }
  return std::to_string(most) + 'H';
}

/// The text of the header grpc-message; what is not an escape stays as it is.
inline std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = digit(text[i + 1]);
      const int low = digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        result += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    result += text[i];
  }
  return result;
}

/// What an answer without a gRPC status means.
constexpr rpc_code code_of_http_status(int status) noexcept {
  switch (status) {
    case 400:
      return rpc_code::internal;
    case 401:
      return rpc_code::unauthenticated;
    case 403:
      return rpc_code::permission_denied;
    case 404:
      return rpc_code::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return rpc_code::unavailable;
    default:
      return rpc_code::unknown;
  }
}

/// HTTP/2 error codes that mean something to us.
inline constexpr std::uint32_t h2_refused_stream = 0x7;
inline constexpr std::uint32_t h2_cancel = 0x8;
inline constexpr std::uint32_t h2_enhance_your_calm = 0xB;
inline constexpr std::uint32_t h2_inadequate_security = 0xC;

/// What a stream that was reset means.
constexpr rpc_code code_of_reset(std::uint32_t h2_error) noexcept {
  switch (h2_error) {
    case h2_refused_stream:
      return rpc_code::unavailable;
    case h2_cancel:
      return rpc_code::cancelled;
    case h2_enhance_your_calm:
      return rpc_code::resource_exhausted;
    case h2_inadequate_security:
      return rpc_code::permission_denied;
    default:
      return rpc_code::internal;
  }
}

/// The server, or a proxy before it, cannot read what is packed: it did not look at the call. There is no code for that
/// alone, so the words tell; these are those of Go's, Rust's and C++'s servers.
inline bool refuses_gzip(const rpc_status& status) noexcept {
  if (status.code != rpc_code::unimplemented) return false;
  const std::string_view text = status.message;
  for (const std::string_view word : {"ompress", "grpc-encoding", "gzip"}) {
    if (text.find(word) != text.npos) return true;
  }
  return false;
}

}  // namespace rondo::detail::io
