#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/io/grpc_wire.hpp"
#include "rondo/detail/io/inflate.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/rpc_error.hpp"

// Needs zlib (package zlib1g-dev).
namespace rondo::detail::io {

/// Collects the answer to one unary call.
class grpc_response {
 public:
  explicit grpc_response(std::size_t largest_message, bool accepts_gzip = false)
      : largest_(largest_message), accepts_gzip_(accepts_gzip) {}

  void on_header(std::string_view name, std::string_view value) {
    header_bytes_ += name.size() + value.size();
    if (header_bytes_ > most_header_bytes) {
      refuse(rpc_code::internal, "the headers of the answer are larger than 64 KiB");
    } else if (name == ":status") {
      http_status_ = number(value).value_or(0);
    } else if (name == "content-type") {
      content_type_ = value;
    } else if (name == "grpc-encoding") {
      is_gzip_ = accepts_gzip_ && value == "gzip";
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
    return is_packed_ ? unpacked() : rpc_result(response_bytes(std::move(body_)));
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
    is_packed_ = prefix_[0] != 0;
    if (is_packed_ && !is_gzip_) {
      return refuse(rpc_code::internal, "the answer is compressed in a way that was not accepted");
    }
    if (announced_ > largest_) {
      return refuse(rpc_code::resource_exhausted, "received message larger than max (" + std::to_string(announced_) +
                                                      " vs. " + std::to_string(largest_) + ")");
    }
    body_.reserve(std::min(announced_, most_reserved));
  }

  rpc_result unpacked() {
    std::string plain;
    switch (inflate_at_most(body_, gzip_form, largest_, plain)) {
      case inflated::complete:
        return rpc_result(response_bytes(std::move(plain)));
      case inflated::too_large:
        return rpc_result(rpc_status(rpc_code::resource_exhausted,
                                     "received message after decompression larger than max " + std::to_string(largest_),
                                     true));
      case inflated::damaged:
        break;
    }
    return rpc_result(rpc_status(rpc_code::internal, "the answer is compressed, and damaged", true));
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
  bool accepts_gzip_;
  bool is_gzip_ = false;
  bool is_packed_ = false;
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
