#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/rpc_error.hpp"

// How gRPC says things over HTTP/2.
namespace rondo::detail::io {

/// A message is preceded by a flag, "compressed", and its size in four bytes.
inline constexpr std::size_t message_prefix_size = 5;

inline std::array<char, message_prefix_size> message_prefix(std::uint32_t size) noexcept {
  const auto byte = [size](unsigned shift) { return static_cast<char>(static_cast<unsigned char>(size >> shift)); };
  return {0, byte(24), byte(16), byte(8), byte(0)};
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

/// Collects the answer to one unary call.
class grpc_response {
 public:
  explicit grpc_response(std::size_t largest_message) : largest_(largest_message) {}

  void on_header(std::string_view name, std::string_view value) {
    header_bytes_ += name.size() + value.size();
    if (header_bytes_ > most_header_bytes) {
      refuse(rpc_code::internal, "the headers of the answer are larger than 64 KiB");
    } else if (name == ":status") {
      http_status_ = number(value).value_or(0);
    } else if (name == "content-type") {
      content_type_ = value;
    } else if (name == "grpc-status") {
      // A code that nobody knows is UNKNOWN.
      const int code = number(value).value_or(-1);
      code_ = code < 0 || code > 16 ? rpc_code::unknown : static_cast<rpc_code>(code);
    } else if (name == "grpc-message") {
      message_ = percent_decoded(value);
    } else if (name == "grpc-status-details-bin") {
      details_ = base64_decode(value).value_or(std::string());
    }
  }

  void on_data(std::string_view bytes) {
    if (refusal_) return;
    if (!is_grpc()) return;  // the body of a proxy's error page
    if (prefix_size_ < message_prefix_size) {
      const std::size_t taken = std::min(message_prefix_size - prefix_size_, bytes.size());
      std::copy_n(bytes.data(), taken, prefix_.data() + prefix_size_);
      prefix_size_ += taken;
      bytes.remove_prefix(taken);
      if (prefix_size_ < message_prefix_size) return;
      read_prefix();
      if (refusal_) return;
    }
    if (bytes.size() > announced_ - body_.size()) {
      return refuse(rpc_code::internal, "the answer holds more than one message");
    }
    body_.append(bytes);
  }

  /// What comes is not wanted any more: the call ends with take().
  bool refused() const noexcept { return refusal_.has_value(); }

  /// The server has said how the call ended.
  bool has_status() const noexcept { return code_.has_value(); }

  rpc_result take() {
    if (refusal_) return rpc_result(std::move(*refusal_));
    if (code_ && *code_ != rpc_code::ok) {
      rpc_status status(*code_, std::move(message_));
      status.details = std::move(details_);
      return rpc_result(std::move(status));
    }
    if (!code_) return rpc_result(without_status());
    if (prefix_size_ == 0) return rpc_result(rpc_status(rpc_code::internal, "the answer holds no message", true));
    if (prefix_size_ < message_prefix_size || body_.size() < announced_) {
      return rpc_result(rpc_status(rpc_code::internal, "the answer ended within its message", true));
    }
    return rpc_result(response_bytes(std::move(body_)));
  }

 private:
  static constexpr std::size_t most_header_bytes = 64 * 1024;
  /// Of what is only announced, no more than this gets memory before it comes.
  static constexpr std::size_t most_reserved = 1024 * 1024;

  static std::optional<int> number(std::string_view text) noexcept {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  }

  bool is_grpc() const noexcept { return http_status_ == 200 && content_type_.starts_with("application/grpc"); }

  void refuse(rpc_code code, std::string why) { refusal_.emplace(code, std::move(why), true); }

  void read_prefix() {
    announced_ = 0;
    for (std::size_t i = 1; i < message_prefix_size; ++i) {
      announced_ = announced_ << 8U | static_cast<unsigned char>(prefix_[i]);
    }
    if (prefix_[0] != 0) {
      return refuse(rpc_code::internal, "the answer is compressed, although only identity was accepted");
    }
    if (announced_ > largest_) {
      return refuse(rpc_code::resource_exhausted, "received message larger than max (" + std::to_string(announced_) +
                                                      " vs. " + std::to_string(largest_) + ")");
    }
    body_.reserve(std::min(announced_, most_reserved));
  }

  rpc_status without_status() const {
    if (http_status_ != 200) {
      return rpc_status(code_of_http_status(http_status_), "unexpected HTTP status " + std::to_string(http_status_));
    }
    if (!is_grpc()) {
      return rpc_status(rpc_code::unknown, "unexpected content-type '" + content_type_ + "': this is not gRPC");
    }
    return rpc_status(rpc_code::internal, "the answer ended without a status", true);
  }

  std::size_t largest_;
  std::size_t header_bytes_ = 0;
  int http_status_ = 0;
  std::string content_type_;
  std::optional<rpc_code> code_;
  std::string message_;
  std::string details_;
  std::array<char, message_prefix_size> prefix_{};
  std::size_t prefix_size_ = 0;
  std::size_t announced_ = 0;
  std::string body_;
  std::optional<rpc_status> refusal_;
};

}  // namespace rondo::detail::io
