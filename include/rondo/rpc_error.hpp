#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace rondo {

/// Outcome of a call to the server, numbered as gRPC numbers it.
enum class rpc_code : int {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The code in gRPC's spelling, "UNAVAILABLE".
constexpr std::string_view to_string(rpc_code code) noexcept {
  switch (code) {
    case rpc_code::ok:
      return "OK";
    case rpc_code::cancelled:
      return "CANCELLED";
    case rpc_code::unknown:
      return "UNKNOWN";
    case rpc_code::invalid_argument:
      return "INVALID_ARGUMENT";
    case rpc_code::deadline_exceeded:
      return "DEADLINE_EXCEEDED";
    case rpc_code::not_found:
      return "NOT_FOUND";
    case rpc_code::already_exists:
      return "ALREADY_EXISTS";
    case rpc_code::permission_denied:
      return "PERMISSION_DENIED";
    case rpc_code::resource_exhausted:
      return "RESOURCE_EXHAUSTED";
    case rpc_code::failed_precondition:
      return "FAILED_PRECONDITION";
    case rpc_code::aborted:
      return "ABORTED";
    case rpc_code::out_of_range:
      return "OUT_OF_RANGE";
    case rpc_code::unimplemented:
      return "UNIMPLEMENTED";
    case rpc_code::internal:
      return "INTERNAL";
    case rpc_code::unavailable:
      return "UNAVAILABLE";
    case rpc_code::data_loss:
      return "DATA_LOSS";
    case rpc_code::unauthenticated:
      return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

/// How a call ended. It has constructors because gcc 12 mishandles aggregates in co_await expressions.
class rpc_status {
 public:
  rpc_status() = default;
  explicit rpc_status(rpc_code status_code, std::string text = {}, bool by_transport = false)
      : code(status_code), message(std::move(text)), from_transport(by_transport) {}

  bool ok() const noexcept { return code == rpc_code::ok; }

  rpc_code code = rpc_code::ok;
  std::string message;
  /// Bytes of the google.rpc.Status that the server attached; often empty.
  std::string details;
  /// The status was made on this side (no connection, own deadline, own cancel), the server did not send it.
  bool from_transport = false;
};

/// A call to the server failed, after its retries.
class rpc_error : public std::runtime_error {
 public:
  explicit rpc_error(rpc_status status)
      : std::runtime_error(std::string(to_string(status.code)) + ": " + status.message), status_(std::move(status)) {}

  /// The text replaces the status's own message in what().
  rpc_error(const std::string& text, rpc_status status) : std::runtime_error(text), status_(std::move(status)) {}

  const rpc_status& status() const noexcept { return status_; }
  rpc_code code() const noexcept { return status_.code; }

 private:
  rpc_status status_;
};

}  // namespace rondo
