#include "rondo/detail/io/grpc_origin.hpp"

#include <gtest/gtest.h>

#include <string>

namespace grpc_origin_test {

using namespace rondo::detail::io;

/// As gRPC 1.51 writes it.
std::string debug_text(const std::string& peer, const std::string& message) {
  return "UNKNOWN:Error received from peer " + peer + " {grpc_message:\"" + message +
         "\", grpc_status:14, file_line:1020, file:\"./src/core/lib/surface/call.cc\"}";
}

bool is_from_server(const std::string& peer, const std::string& message) {
  return is_sent_by_server(debug_text(peer, message), message);
}

TEST(GrpcOrigin, AnAddressAnswers) {
  for (const char* peer : {"ipv4:127.0.0.1:7233", "ipv6:%5B::1%5D:7233", "unix:/tmp/server"}) {
    EXPECT_TRUE(is_from_server(peer, "no such thing")) << peer;
    EXPECT_TRUE(is_from_server(peer, "")) << peer;
  }
  EXPECT_TRUE(is_from_server("ipv4:127.0.0.1:7233", "Cancelling all calls"));
  EXPECT_TRUE(is_from_server("ipv4:127.0.0.1:7233", "error reading from server: Broken pipe"));
  EXPECT_TRUE(is_from_server("ipv4:127.0.0.1:7233", "the worker's ping timeout"));
}

TEST(GrpcOrigin, ATargetDidNot) {
  EXPECT_FALSE(is_from_server("127.0.0.1:7233", "no such thing"));
  EXPECT_FALSE(is_from_server("dns:///localhost:7233", "no such thing"));
  const char* const refused =
      "connections to all backends failing; last error: UNKNOWN: ipv4:127.0.0.1:7233: Failed to "
      "connect to remote host: Connection refused";
  EXPECT_FALSE(is_sent_by_server(std::string("UNKNOWN:") + refused + " {grpc_status:14}", refused));
  EXPECT_FALSE(is_sent_by_server("", ""));
}

TEST(GrpcOrigin, AnAddressThatWasLostDidNot) {
  for (const char* message :
       {"Socket closed", "Broken pipe", "Connection reset by peer", "recvmsg:Connection reset by peer",
        "Connection timed out", "No route to host", "GOAWAY received",
        "GOAWAY received; Error code: 0; Debug Text: ", "Received RST_STREAM with error code 8", "Stream removed",
        "Transport closed", "keepalive watchdog timeout", "keepalive timeout", "ping timeout", "settings timeout",
        "Trying to connect an http1.x server", "Wrap failed", "Transport Stream IDs exhausted"}) {
    EXPECT_FALSE(is_from_server("ipv4:127.0.0.1:7233", message)) << message;
  }
}

}  // namespace grpc_origin_test
