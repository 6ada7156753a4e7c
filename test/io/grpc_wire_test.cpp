#include "rondo/detail/io/grpc_wire.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "rondo/detail/io/grpc_response.hpp"

namespace grpc_wire_test {

using namespace rondo::detail::io;
using rondo::rpc_code;
using namespace std::chrono_literals;

TEST(GrpcTimeout, IsRoundedUpAndHasAtMostEightDigits) {
  EXPECT_EQ(grpc_timeout(1ns), "1n");
  EXPECT_EQ(grpc_timeout(-5s), "1n");
  EXPECT_EQ(grpc_timeout(99'999'999ns), "99999999n");
  EXPECT_EQ(grpc_timeout(100'000'001ns), "100001u");
  EXPECT_EQ(grpc_timeout(70s), "70000000u");
  EXPECT_EQ(grpc_timeout(100s), "100000m");
  EXPECT_EQ(grpc_timeout(48h), "172800S");
  EXPECT_EQ(grpc_timeout(duration::max()), "2562048H");
}

TEST(PercentDecoding, LeavesAloneWhatIsNoEscape) {
  EXPECT_EQ(percent_decoded("no such thing"), "no such thing");
  EXPECT_EQ(percent_decoded("gr%C3%B6%c3%9fe 100%25"), "größe 100%");
  EXPECT_EQ(percent_decoded("%"), "%");
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%zz%41"), "%zzA");
}

std::string message(std::string_view body) {
  const auto prefix = message_prefix(static_cast<std::uint32_t>(body.size()));
  return std::string(prefix.data(), prefix.size()) + std::string(body);
}

grpc_response begun(std::size_t largest = 1000) {
  grpc_response response(largest);
  response.on_header(":status", "200");
  response.on_header("content-type", "application/grpc");
  return response;
}

TEST(GrpcResponse, IsPutTogetherFromAnyPieces) {
  const std::string bytes = message("hello");
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    auto response = begun();
    response.on_data(std::string_view(bytes).substr(0, first));
    response.on_data(std::string_view(bytes).substr(first));
    response.on_header("grpc-status", "0");
    const auto result = response.take();
    EXPECT_TRUE(result.status.ok()) << first;
    EXPECT_EQ(result.response.view(), "hello") << first;
  }
}

TEST(GrpcResponse, BearsTheStatusOfTheServer) {
  auto response = begun();
  response.on_header("grpc-status", "5");
  response.on_header("grpc-message", "no%20such thing");
  response.on_header("grpc-status-details-bin", "CAU");
  const auto result = response.take();
  EXPECT_EQ(result.status.code, rpc_code::not_found);
  EXPECT_EQ(result.status.message, "no such thing");
  EXPECT_EQ(result.status.details, "\x08\x05");
  EXPECT_FALSE(result.status.from_transport);
}

TEST(GrpcResponse, UnknownAndMalformedCodesAreUnknown) {
  for (const auto* code : {"17", "-1", "x", "", "99999999999999999999"}) {
    auto response = begun();
    response.on_header("grpc-status", code);
    EXPECT_EQ(response.take().status.code, rpc_code::unknown) << code;
  }
}

TEST(GrpcResponse, AnswersThatAreNotGrpc) {
  const std::pair<const char*, rpc_code> rows[] = {
      {"400", rpc_code::internal},          {"401", rpc_code::unauthenticated},
      {"403", rpc_code::permission_denied}, {"404", rpc_code::unimplemented},
      {"429", rpc_code::unavailable},       {"503", rpc_code::unavailable},
      {"500", rpc_code::unknown},           {"x", rpc_code::unknown}};
  for (const auto& [status, code] : rows) {
    grpc_response response(1000);
    response.on_header(":status", status);
    response.on_header("content-type", "text/html");
    response.on_data("<html>");
    EXPECT_FALSE(response.refused());
    EXPECT_EQ(response.take().status.code, code) << status;
  }
  grpc_response page(1000);
  page.on_header(":status", "200");
  page.on_header("content-type", "text/html");
  page.on_data("<html>");
  const auto result = page.take();
  EXPECT_EQ(result.status.code, rpc_code::unknown);
  EXPECT_NE(result.status.message.find("text/html"), std::string::npos);
}

TEST(GrpcResponse, LargeMessagesAreRefusedWhenTheyAreAnnounced) {
  auto fits = begun(5);
  fits.on_data(message("12345"));
  EXPECT_FALSE(fits.refused());
  auto response = begun(5);
  response.on_data(message("123456").substr(0, message_prefix_size));
  EXPECT_TRUE(response.refused());
  const auto result = response.take();
  EXPECT_EQ(result.status.code, rpc_code::resource_exhausted);
  EXPECT_NE(result.status.message.find("larger than max (6 vs. 5)"), std::string::npos);
  EXPECT_TRUE(result.status.from_transport);
}

TEST(GrpcResponse, MalformedAnswersAreErrors) {
  const auto ended = [](std::string_view data, bool with_status = true) {
    auto response = begun();
    response.on_data(data);
    if (with_status) response.on_header("grpc-status", "0");
    return response.take().status;
  };
  EXPECT_EQ(ended("").code, rpc_code::internal);
  EXPECT_EQ(ended(message("hello"), false).code, rpc_code::internal);
  EXPECT_EQ(ended(message("hello").substr(0, 3)).code, rpc_code::internal);
  EXPECT_EQ(ended(message("hello").substr(0, 8)).code, rpc_code::internal);
  EXPECT_EQ(ended(message("hello") + message("x")).code, rpc_code::internal);
  std::string compressed = message("hello");
  compressed[0] = 1;
  EXPECT_NE(ended(compressed).message.find("compressed"), std::string::npos);
}

TEST(GrpcResponse, HeadersAreBounded) {
  auto response = begun();
  for (int i = 0; i < 64; ++i) response.on_header("x", std::string(1024, 'x'));
  EXPECT_TRUE(response.refused());
  EXPECT_EQ(response.take().status.code, rpc_code::internal);
}

}  // namespace grpc_wire_test
