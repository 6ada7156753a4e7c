#include "rondo/detail/io/gzip.hpp"

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "http2_test_server.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/http2_transport.hpp"
#include "rondo/detail/io/retry.hpp"

namespace gzip_test {

using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::rpc_compression;
using rondo::test::header_list;
using rondo::test::http2_test_server;

std::string header(const http2_test_server::request& request, const std::string& name) {
  std::string all;
  for (const auto& each : request.headers) {
    if (each.first == name) all += each.second;
  }
  return all;
}

/// What the message of a request says, packed or not.
std::string message_of(const http2_test_server::request& request) {
  const std::string_view body = std::string_view(request.body).substr(message_prefix_size);
  if (request.body[0] == 0) return std::string(body);
  std::string plain;
  EXPECT_EQ(inflate_at_most(body, gzip_form, 10'000'000, plain), inflated::complete);
  return plain;
}

/// A packed answer.
void answer_packed(http2_test_server::peer& peer, std::int32_t stream, const std::string& packed) {
  const auto prefix = message_prefix(static_cast<std::uint32_t>(packed.size()), true);
  peer.respond(stream, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}},
               std::string(prefix.data(), prefix.size()) + packed, {{"grpc-status", "0"}});
}

struct NamesOfTransports {
  template <class Transport>
  static std::string GetName(int) {
    return std::is_same_v<Transport, grpc_transport> ? "Grpc" : "Http2";
  }
};

template <class Transport>
struct Gzip : ::testing::Test {
  static rpc_result call(event_loop& loop, Transport& over, std::string request) {
    return loop.block_on(unary(over, "/test/call", std::move(request), call_options()));
  }
  static client_options to(const http2_test_server& server, rpc_compression how) {
    client_options options;
    options.target = server.target();
    options.compression = how;
    return options;
  }
};
using transports = ::testing::Types<grpc_transport, http2_transport>;
TYPED_TEST_SUITE(Gzip, transports, NamesOfTransports);

TYPED_TEST(Gzip, PacksRequestsAndUnpacksAnswers) {
  const std::string large(100'000, 'a');
  std::atomic<std::size_t> size{0};
  http2_test_server server([&](auto& peer, const auto& request) {
    EXPECT_EQ(header(request, "grpc-encoding"), "gzip");
    EXPECT_NE(header(request, "grpc-accept-encoding").find("gzip"), std::string::npos);
    size = request.body.size();
    answer_packed(peer, request.stream, gzip_packed(message_of(request) + large));
  });
  event_loop loop;
  TypeParam over(loop, TestFixture::to(server, rpc_compression::gzip));
  EXPECT_EQ(TestFixture::call(loop, over, large).response.view(), large + large);
  EXPECT_LT(size, 2'000U);
  EXPECT_EQ(TestFixture::call(loop, over, "small").response.view(), "small" + large);
  EXPECT_EQ(TestFixture::call(loop, over, "").response.view(), large);
}

TYPED_TEST(Gzip, IsNotUsedWithoutTlsUnlessAskedFor) {
  for (const auto how : {rpc_compression::automatic, rpc_compression::none}) {
    http2_test_server server([&](auto& peer, const auto& request) {
      EXPECT_EQ(header(request, "grpc-encoding").find("gzip"), std::string::npos);
      EXPECT_EQ(header(request, "grpc-accept-encoding").find("gzip"), std::string::npos);
      peer.answer(request.stream, message_of(request));
    });
    event_loop loop;
    TypeParam over(loop, TestFixture::to(server, how));
    const std::string large(100'000, 'a');
    EXPECT_EQ(TestFixture::call(loop, over, large).response.view(), large);
  }
}

TYPED_TEST(Gzip, IsGivenUpForServersThatDoNotKnowIt) {
  for (const char* words : {"grpc: Decompressor is not installed for grpc-encoding \"gzip\"",
                            "Content is compressed with `gzip` which isn't supported"}) {
    http2_test_server server([&](auto& peer, const auto& request) {
      if (header(request, "grpc-encoding") != "gzip") return peer.answer(request.stream, message_of(request));
      peer.respond_headers(
          request.stream,
          {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "12"}, {"grpc-message", words}});
    });
    event_loop loop;
    TypeParam over(loop, TestFixture::to(server, rpc_compression::gzip));
    const std::string large(100'000, 'a');
    for (int i = 0; i < 3; ++i) {
      const auto result = TestFixture::call(loop, over, large);
      EXPECT_TRUE(result.status.ok()) << result.status.message;
      EXPECT_EQ(result.response.view(), large);
    }
    EXPECT_EQ(server.requests(), 4) << "only the first call is made twice";
  }
}

TYPED_TEST(Gzip, IsKeptWhenAMethodIsUnknown) {
  http2_test_server server([&](auto& peer, const auto& request) {
    EXPECT_EQ(header(request, "grpc-encoding"), "gzip");
    peer.respond_headers(request.stream, {{":status", "200"},
                                          {"content-type", "application/grpc"},
                                          {"grpc-status", "12"},
                                          {"grpc-message", "unknown method"}});
  });
  event_loop loop;
  TypeParam over(loop, TestFixture::to(server, rpc_compression::gzip));
  EXPECT_EQ(TestFixture::call(loop, over, "x").status.code, rpc_code::unimplemented);
  EXPECT_EQ(TestFixture::call(loop, over, "x").status.code, rpc_code::unimplemented);
  EXPECT_EQ(server.requests(), 2);
}

TYPED_TEST(Gzip, DamagedAnswersAreErrors) {
  std::string packed = gzip_packed(std::string(10'000, 'a'));
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
  http2_test_server server([&](auto& peer, const auto& request) { answer_packed(peer, request.stream, packed); });
  event_loop loop;
  TypeParam over(loop, TestFixture::to(server, rpc_compression::gzip));
  EXPECT_FALSE(TestFixture::call(loop, over, "x").status.ok());
}

TYPED_TEST(Gzip, BombsEndAtTheLimitOfMessages) {
  http2_test_server server([&](auto& peer, const auto& request) {
    answer_packed(peer, request.stream, gzip_packed(std::string(50'000'000, 'a')));
  });
  event_loop loop;
  auto options = TestFixture::to(server, rpc_compression::gzip);
  options.max_receive_message_size = 1'000'000;
  TypeParam over(loop, options);
  const auto result = TestFixture::call(loop, over, "x");
  EXPECT_EQ(result.status.code, rpc_code::resource_exhausted);
  EXPECT_TRUE(is_message_too_large(result.status)) << result.status.message;
}

TEST(GzipPacked, IsEmptyWhenItWouldNotBeSmaller) {
  EXPECT_EQ(gzip_packed(""), "");
  EXPECT_EQ(gzip_packed("abc"), "");
  std::string plain;
  const std::string text(1'000, 't');
  EXPECT_EQ(inflate_at_most(gzip_packed(text), gzip_form, text.size(), plain), inflated::complete);
  EXPECT_EQ(plain, text);
  EXPECT_EQ(inflate_at_most(gzip_packed(text), gzip_form, text.size() - 1, plain), inflated::too_large);
}

}  // namespace gzip_test
