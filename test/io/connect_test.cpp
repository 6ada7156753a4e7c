#include "rondo/detail/io/connect.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>

#include "certificates.hpp"
#include "grpc_test_server.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/http2_transport.hpp"

namespace connect_test {

namespace service = temporal::api::workflowservice::v1;
using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::rpc_error;
using rondo::test::certificate_authority;
using rondo::test::grpc_answer;
using rondo::test::grpc_test_server;
using rondo::test::key_pair;
using namespace std::chrono_literals;

grpc_answer frontend(const grpc::GenericCallbackServerContext& context, const std::string&) {
  if (context.method() != std::string(workflow_service) + "GetSystemInfo") {
    return {grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown method"), "", false};
  }
  service::GetSystemInfoResponse response;
  response.set_server_version("1.29.1");
  response.mutable_capabilities()->set_sdk_metadata(true);
  return {grpc::Status::OK, response.SerializeAsString(), false};
}

/// Everything about connecting holds over each transport.
struct NamesOfTransports {
  template <class Transport>
  static std::string GetName(int) {
    return std::is_same_v<Transport, grpc_transport> ? "Grpc" : "Http2";
  }
};
using transports = ::testing::Types<grpc_transport, http2_transport>;

/// What connecting says, or the server's version.
template <class Transport>
std::string connecting(const client_options& options, rpc_code* code = nullptr) {
  event_loop loop;
  try {
    return loop.block_on(connect<Transport>(loop, options))->server_version();
  } catch (const rpc_error& e) {
    if (code) *code = e.code();
    return e.what();
  }
}

template <class Transport>
struct Connect : ::testing::Test {};
TYPED_TEST_SUITE(Connect, transports, NamesOfTransports);

TYPED_TEST(Connect, AsksTheServerWhatItCanDo) {
  grpc_test_server server(frontend);
  client_options options;
  options.target = server.target();
  event_loop loop;
  const auto made = loop.block_on(connect<TypeParam>(loop, options));
  EXPECT_EQ(made->server_version(), "1.29.1");
  EXPECT_TRUE(made->capabilities().sdk_metadata);
}

TYPED_TEST(Connect, NamesTheAuthorityThatIsAskedFor) {
  std::string named;
  const auto answer = [&named](const grpc::GenericCallbackServerContext& context, const std::string& request) {
    named = context.host();
    return frontend(context, request);
  };
  grpc_test_server server(answer);
  client_options options;
  options.target = server.target();
  EXPECT_EQ(connecting<TypeParam>(options), "1.29.1");
  EXPECT_EQ(named, server.target());
  options.authority = "temporal.example.com";
  EXPECT_EQ(connecting<TypeParam>(options), "1.29.1");
  EXPECT_EQ(named, "temporal.example.com");
}

TYPED_TEST(Connect, LazilyDoesNotCall) {
  grpc_test_server server(frontend);
  client_options options;
  options.target = server.target();
  options.lazy = true;
  event_loop loop;
  const auto made = loop.block_on(connect<TypeParam>(loop, options));
  EXPECT_EQ(server.calls(), 0);
  loop.block_on(made->load_capabilities());
  EXPECT_TRUE(made->capabilities().sdk_metadata);
}

TYPED_TEST(Connect, WorksWhileAnotherThreadRunsTheLoop) {
  grpc_test_server server(frontend);
  client_options options;
  options.target = server.target();
  event_loop loop;
  std::thread runner([&] { loop.run(); });
  const auto made = loop.block_on(connect<TypeParam>(loop, options));
  EXPECT_EQ(made->server_version(), "1.29.1");
  loop.stop();
  runner.join();
}

TYPED_TEST(Connect, RefusedConnectionSaysWhatToDo) {
  client_options options;
  {
    grpc_test_server server(frontend);
    options.target = server.target();
  }
  rpc_code code{};
  const auto said = connecting<TypeParam>(options, &code);
  EXPECT_EQ(code, rpc_code::unavailable);
  EXPECT_NE(said.find(options.target), std::string::npos) << said;
  EXPECT_NE(said.find("nothing listens there"), std::string::npos) << said;
}

TYPED_TEST(Connect, UnknownHostSaysSo) {
  client_options options;
  options.target = "no-such-host.invalid:7233";
  const auto said = connecting<TypeParam>(options);
  EXPECT_NE(said.find("no-such-host.invalid:7233"), std::string::npos) << said;
  EXPECT_NE(said.find("host name is unknown"), std::string::npos) << said;
}

TYPED_TEST(Connect, SilentServerEndsAtTheTimeout) {
  grpc_test_server server([](const auto&, const auto&) { return grpc_answer{grpc::Status::OK, "", true}; });
  client_options options;
  options.target = server.target();
  options.connect_timeout = 50ms;
  rpc_code code{};
  const auto said = connecting<TypeParam>(options, &code);
  EXPECT_EQ(code, rpc_code::deadline_exceeded);
  EXPECT_NE(said.find("within 50 ms"), std::string::npos) << said;
}

TYPED_TEST(Connect, BadOptionsAreRefusedBeforeAnythingIsSent) {
  event_loop loop;
  client_options options;
  options.metadata = {{"bad name", "x"}};
  EXPECT_THROW(loop.block_on(connect<TypeParam>(loop, options)), std::invalid_argument);
  options.metadata.clear();
  options.tls.emplace().server_root_ca_certificate = "/etc/ssl/ca.pem";
  EXPECT_THROW(loop.block_on(connect<TypeParam>(loop, options)), std::invalid_argument);
}

template <class Transport>
struct ConnectTls : ::testing::Test {
  static void SetUpTestSuite() {
    ours = new certificate_authority("ours");
    others = new certificate_authority("others");
    server_pair = new key_pair(ours->issue("DNS:localhost,IP:127.0.0.1"));
    named_pair = new key_pair(ours->issue("DNS:temporal.example.com"));
    client_pair = new key_pair(ours->issue("DNS:client"));
    foreign_pair = new key_pair(others->issue("DNS:client"));
  }
  static void TearDownTestSuite() {
    for (auto* pair : {server_pair, named_pair, client_pair, foreign_pair}) delete pair;
    delete ours;
    delete others;
  }

  static std::shared_ptr<grpc::ServerCredentials> server_credentials(const key_pair& pair, bool wants_client) {
    grpc::SslServerCredentialsOptions options(wants_client ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                           : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_root_certs = ours->certificate();
    options.pem_key_cert_pairs.push_back({pair.key, pair.certificate});
    return grpc::SslServerCredentials(options);
  }

  static client_options trusting(const grpc_test_server& server, const certificate_authority& authority) {
    client_options options;
    options.target = server.target();
    options.tls.emplace().server_root_ca_certificate = authority.certificate();
    return options;
  }

  static inline certificate_authority* ours = nullptr;
  static inline certificate_authority* others = nullptr;
  static inline key_pair* server_pair = nullptr;
  static inline key_pair* named_pair = nullptr;
  static inline key_pair* client_pair = nullptr;
  static inline key_pair* foreign_pair = nullptr;
};

TYPED_TEST_SUITE(ConnectTls, transports, NamesOfTransports);

TYPED_TEST(ConnectTls, TrustsTheGivenAuthority) {
  grpc_test_server server(frontend, TestFixture::server_credentials(*TestFixture::server_pair, false));
  EXPECT_EQ(connecting<TypeParam>(TestFixture::trusting(server, *TestFixture::ours)), "1.29.1");
}

TYPED_TEST(ConnectTls, RefusesACertificateOfAnotherAuthority) {
  grpc_test_server server(frontend, TestFixture::server_credentials(*TestFixture::server_pair, false));
  const auto said = connecting<TypeParam>(TestFixture::trusting(server, *TestFixture::others));
  EXPECT_NE(said.find("with TLS"), std::string::npos) << said;
  EXPECT_NE(said.find("tls.server_root_ca_certificate"), std::string::npos) << said;
}

TYPED_TEST(ConnectTls, ChecksTheServersName) {
  grpc_test_server server(frontend, TestFixture::server_credentials(*TestFixture::named_pair, false));
  auto options = TestFixture::trusting(server, *TestFixture::ours);
  const auto said = connecting<TypeParam>(options);
  EXPECT_NE(said.find("tls.server_name"), std::string::npos) << said;
  options.tls->server_name = "temporal.example.com";
  EXPECT_EQ(connecting<TypeParam>(options), "1.29.1");
}

TYPED_TEST(ConnectTls, TakesAnyServerWhenTold) {
  grpc_test_server open(frontend, TestFixture::server_credentials(*TestFixture::named_pair, false));
  client_options plain;
  plain.target = open.target();
  plain.tls.emplace().verify_server = false;
  EXPECT_EQ(connecting<TypeParam>(plain), "1.29.1");
  plain.tls->server_root_ca_certificate = TestFixture::others->certificate();
  EXPECT_EQ(connecting<TypeParam>(plain), "1.29.1");

  grpc_test_server server(frontend, TestFixture::server_credentials(*TestFixture::named_pair, true));
  client_options options;
  options.target = server.target();
  options.tls.emplace().verify_server = false;
  EXPECT_NE(connecting<TypeParam>(options).find("cannot connect"), std::string::npos) << "the server still checks";
  options.tls->client_certificate = TestFixture::client_pair->certificate;
  options.tls->client_private_key = TestFixture::client_pair->key;
  EXPECT_EQ(connecting<TypeParam>(options), "1.29.1");
  options.tls->server_root_ca_certificate = TestFixture::others->certificate();
  EXPECT_EQ(connecting<TypeParam>(options), "1.29.1");
  options.tls->verify_server = true;
  EXPECT_NE(connecting<TypeParam>(options).find("cannot connect"), std::string::npos);
}

TYPED_TEST(ConnectTls, ShowsTheClientsCertificate) {
  grpc_test_server server(frontend, TestFixture::server_credentials(*TestFixture::server_pair, true));
  auto options = TestFixture::trusting(server, *TestFixture::ours);
  EXPECT_NE(connecting<TypeParam>(options).find("cannot connect"), std::string::npos);
  options.tls->client_certificate = TestFixture::foreign_pair->certificate;
  options.tls->client_private_key = TestFixture::foreign_pair->key;
  EXPECT_NE(connecting<TypeParam>(options).find("cannot connect"), std::string::npos);
  options.tls->client_certificate = TestFixture::client_pair->certificate;
  options.tls->client_private_key = TestFixture::client_pair->key;
  EXPECT_EQ(connecting<TypeParam>(options), "1.29.1");
}

TYPED_TEST(ConnectTls, KeyOfAnotherCertificateIsNamed) {
  grpc_test_server server(frontend, TestFixture::server_credentials(*TestFixture::server_pair, true));
  auto options = TestFixture::trusting(server, *TestFixture::ours);
  options.tls->client_certificate = TestFixture::client_pair->certificate;
  options.tls->client_private_key = TestFixture::foreign_pair->key;
  const auto said = connecting<TypeParam>(options);
  EXPECT_NE(said.find("client_private_key"), std::string::npos) << said;
}

TYPED_TEST(ConnectTls, ApiKeyTurnsTlsOnAndIsSent) {
  std::string seen;
  grpc_test_server server(
      [&](const grpc::GenericCallbackServerContext& context, const std::string& request) {
        const auto found = context.client_metadata().find("authorization");
        if (found != context.client_metadata().end()) seen.assign(found->second.data(), found->second.size());
        return frontend(context, request);
      },
      TestFixture::server_credentials(*TestFixture::server_pair, false));
  auto options = TestFixture::trusting(server, *TestFixture::ours);
  options.api_key = "secret";
  EXPECT_EQ(connecting<TypeParam>(options), "1.29.1");
  EXPECT_EQ(seen, "Bearer secret");
}

TYPED_TEST(ConnectTls, TlsToAServerWithoutAndTheReverse) {
  grpc_test_server plain(frontend);
  EXPECT_NE(connecting<TypeParam>(TestFixture::trusting(plain, *TestFixture::ours)).find("TLS"), std::string::npos);
  grpc_test_server secure(frontend, TestFixture::server_credentials(*TestFixture::server_pair, false));
  client_options options;
  options.target = secure.target();
  options.connect_timeout = 2s;
  const auto said = connecting<TypeParam>(options);
  EXPECT_NE(said.find("may want TLS"), std::string::npos) << said;
}

}  // namespace connect_test
