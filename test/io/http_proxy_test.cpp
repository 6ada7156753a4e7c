#include "rondo/detail/io/http_proxy.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "certificates.hpp"
#include "grpc_test_server.hpp"
#include "proxy_test_server.hpp"
#include "rondo/detail/io/connect.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/http2_transport.hpp"

namespace http_proxy_test {

namespace service = temporal::api::workflowservice::v1;
using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::rpc_error;
using rondo::test::certificate_authority;
using rondo::test::grpc_answer;
using rondo::test::grpc_test_server;
using rondo::test::proxy_test_server;
using namespace std::chrono_literals;

/// Says what authority it was called by.
grpc_answer frontend(const grpc::GenericCallbackServerContext& context, const std::string&) {
  service::GetSystemInfoResponse response;
  response.set_server_version(context.host());
  return {grpc::Status::OK, response.SerializeAsString(), false};
}

struct NamesOfTransports {
  template <class Transport>
  static std::string GetName(int) {
    return std::is_same_v<Transport, grpc_transport> ? "Grpc" : "Http2";
  }
};

template <class Transport>
struct HttpProxy : ::testing::Test {
  /// What connecting says, or the authority that the server was called by.
  static std::string connecting(const client_options& options, rpc_code* code = nullptr) {
    event_loop loop;
    try {
      return loop.block_on(connect<Transport>(loop, options))->server_version();
    } catch (const rpc_error& e) {
      if (code) *code = e.code();
      return e.what();
    }
  }

  static client_options through(const proxy_test_server& proxy) {
    client_options options;
    options.target = "temporal.example.com:7233";  // that only the proxy knows
    options.proxy.emplace().target = proxy.target();
    return options;
  }
};
using transports = ::testing::Types<grpc_transport, http2_transport>;
TYPED_TEST_SUITE(HttpProxy, transports, NamesOfTransports);

TYPED_TEST(HttpProxy, OpensTheWayToTheServer) {
  grpc_test_server server(frontend);
  proxy_test_server proxy(server.port());
  EXPECT_EQ(TestFixture::connecting(TestFixture::through(proxy)), "temporal.example.com:7233");
  EXPECT_EQ(proxy.ways(), 1);
  EXPECT_TRUE(proxy.asked().starts_with("CONNECT temporal.example.com:7233 HTTP/1.")) << proxy.asked();
  EXPECT_EQ(proxy.asked().find("uthorization"), std::string::npos) << proxy.asked();
}

TYPED_TEST(HttpProxy, IsShownTheUser) {
  grpc_test_server server(frontend);
  proxy_test_server proxy(server.port());
  auto options = TestFixture::through(proxy);
  options.proxy->user = "ada";
  options.proxy->password = "a:b@c/";
  EXPECT_EQ(TestFixture::connecting(options), "temporal.example.com:7233");
  EXPECT_NE(proxy.asked().find("Proxy-Authorization: Basic YWRhOmE6YkBjLw==\r\n"), std::string::npos) << proxy.asked();
}

TYPED_TEST(HttpProxy, LetsTlsThroughToTheNameOfTheTarget) {
  certificate_authority ours("ours");
  const auto pair = ours.issue("DNS:temporal.example.com");
  grpc::SslServerCredentialsOptions how(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  how.pem_key_cert_pairs.push_back({pair.key, pair.certificate});
  grpc_test_server server(frontend, grpc::SslServerCredentials(how));
  proxy_test_server proxy(server.port());
  auto options = TestFixture::through(proxy);
  options.tls.emplace().server_root_ca_certificate = ours.certificate();
  EXPECT_EQ(TestFixture::connecting(options), "temporal.example.com:7233");
  options.target = "another.example.com:7233";
  const auto said = TestFixture::connecting(options);
  EXPECT_NE(said.find("certificate was not accepted"), std::string::npos) << said;
  options.tls->server_name = "temporal.example.com";
  EXPECT_EQ(TestFixture::connecting(options), "temporal.example.com");
}

TYPED_TEST(HttpProxy, RefusalsAreTold) {
  const auto told = [](const std::string& answer) {
    proxy_test_server proxy(1, answer);
    rpc_code code{};
    const auto said = TestFixture::connecting(TestFixture::through(proxy), &code);
    EXPECT_EQ(code, rpc_code::unavailable) << said;
    return said;
  };
  const auto wants_user = told("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
  EXPECT_NE(wants_user.find("check proxy.user"), std::string::npos) << wants_user;
  const auto bad_gateway = told("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_NE(bad_gateway.find("502"), std::string::npos) << bad_gateway;
  EXPECT_NE(bad_gateway.find("check proxy.target"), std::string::npos) << bad_gateway;
  for (const char* garbage : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 \r\n\r\n", "HTTP/1.1 200"}) {
    const auto said = told(garbage);
    EXPECT_NE(said.find("cannot connect"), std::string::npos) << said;
  }
}

TYPED_TEST(HttpProxy, ThatSaysNothingIsWaitedForUntilTheTimeout) {
  proxy_test_server proxy(1, "hang");
  auto options = TestFixture::through(proxy);
  options.connect_timeout = 100ms;
  rpc_code code{};
  const auto said = TestFixture::connecting(options, &code);
  EXPECT_EQ(code, rpc_code::deadline_exceeded) << said;
}

TYPED_TEST(HttpProxy, OptionsThatCannotWorkAreRefused) {
  event_loop loop;
  client_options options;
  options.proxy.emplace().target = "http://proxy";
  EXPECT_THROW(TypeParam(loop, options), std::invalid_argument);
  options.proxy->target = "proxy:3128";
  options.proxy->user = "a:b";
  EXPECT_THROW(TypeParam(loop, options), std::invalid_argument);
  options.proxy->user.clear();
  options.target = "a\r\nb:1";
  EXPECT_THROW(TypeParam(loop, options), std::invalid_argument);
}

/// What the environment makes of a target.
std::string way(const std::string& target, const std::map<std::string, std::string>& environment) {
  client_options options;
  options.target = target;
  const auto route = find_proxy(options, [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
  return route ? route->proxy.authority + " " + route->server + " " + route->authorization : "straight";
}

TEST(ProxyOfTheEnvironment, IsReadAsGrpcDoes) {
  EXPECT_EQ(way("a.com:1", {}), "straight");
  EXPECT_EQ(way("a.com:1", {{"HTTPS_PROXY", "http://p:3"}}), "straight");
  EXPECT_EQ(way("a.com:1", {{"http_proxy", "http://p:3"}}), "p:3 a.com:1 ");
  EXPECT_EQ(way("a.com", {{"http_proxy", "http://p:3"}, {"https_proxy", "http://q:4/"}}), "q:4 a.com:443 ");
  EXPECT_EQ(way("[::1]:5", {{"grpc_proxy", "http://p:3"}, {"https_proxy", "http://q:4"}}), "p:3 [::1]:5 ");
  EXPECT_EQ(way("a.com:1", {{"grpc_proxy", ""}, {"https_proxy", "http://q:4"}}), "straight");
  EXPECT_EQ(way("a.com:1", {{"https_proxy", "http://u:p%40@q:4"}}), "q:4 a.com:1 Basic dTpwQA==");
  EXPECT_EQ(way("unix:/tmp/socket", {{"https_proxy", "http://q:4"}}), "straight");
  for (const char* other : {"socks5://q:4", "https://q:4", "q:4", "http://", "http://u:p@:x"}) {
    EXPECT_EQ(way("a.com:1", {{"https_proxy", other}}), "straight") << other;
  }
  EXPECT_EQ(way("dns://8.8.8.8/a.com:1", {{"https_proxy", "http://q:4"}}), "straight");
  EXPECT_EQ(way("xds:///service", {}), "straight");
}

TEST(ProxyOfTheEnvironment, IsNotForHostsThatAreExcepted) {
  const std::pair<const std::string, std::string> proxy("http_proxy", "http://p:3");
  EXPECT_EQ(way("x.a.com:1", {proxy, {"no_proxy", "b.com,,a.com"}}), "straight");
  EXPECT_EQ(way("x.A.com:1", {proxy, {"no_proxy", "a.COM"}}), "straight");
  EXPECT_EQ(way("x.a.com:1", {proxy, {"no_proxy", ",b.com,"}}), "p:3 x.a.com:1 ");
  EXPECT_EQ(way("x.a.com:1", {proxy, {"no_proxy", "a.com"}, {"no_grpc_proxy", "b.com"}}), "p:3 x.a.com:1 ");
}

TEST(ProxyOfTheEnvironment, IsNotLookedAtWhenTheOptionsSaySo) {
  client_options options;
  options.proxy.emplace();
  EXPECT_FALSE(find_proxy(options, [](const char*) { return "http://p:3"; }));
}

TEST(ProxyAnswer, IsReadInAnyParts) {
  const std::string text = "HTTP/1.1 200 OK\r\nA: b\r\n\r\nbehind";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    proxy_answer answer;
    std::string_view first = std::string_view(text).substr(0, cut);
    std::string_view second = std::string_view(text).substr(cut);
    answer.take(first);
    if (!answer.complete()) answer.take(second);
    EXPECT_TRUE(answer.complete()) << cut << answer.fault();
    EXPECT_EQ(std::string(first) + std::string(second), "behind") << cut;
  }
}

TEST(ProxyAnswer, HasAnEnd) {
  proxy_answer answer;
  const std::string text = "HTTP/1.1 200 OK\r\nA: " + std::string(20'000, 'a');
  std::string_view rest = text;
  answer.take(rest);
  EXPECT_NE(answer.fault(), "");
}

}  // namespace http_proxy_test
