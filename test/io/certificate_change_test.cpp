#include "rondo/detail/io/certificate_files.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "certificates.hpp"
#include "grpc_test_server.hpp"
#include "rondo/detail/io/grpc_transport.hpp"
#include "rondo/detail/io/http2_transport.hpp"
#include "support/scratch.hpp"

namespace certificate_change_test {

using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::test::certificate_authority;
using rondo::test::grpc_answer;
using rondo::test::grpc_test_server;
using rondo::test::key_pair;
using namespace std::chrono_literals;

/// Says whose certificate the caller has shown.
grpc_answer answer(const grpc::GenericCallbackServerContext& context, const std::string&) {
  std::string names;
  for (const auto& each : context.auth_context()->FindPropertyValues("x509_subject_alternative_name")) {
    names.append(each.data(), each.size());
  }
  return {grpc::Status::OK, names, false};
}

struct NamesOfTransports {
  template <class Transport>
  static std::string GetName(int) {
    return std::is_same_v<Transport, grpc_transport> ? "Grpc" : "Http2";
  }
};

template <class Transport>
struct CertificateChange : ::testing::Test {
  CertificateChange() {
    grpc::SslServerCredentialsOptions how(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    how.pem_root_certs = authority.certificate();
    const auto own = authority.issue("DNS:localhost,IP:127.0.0.1");
    how.pem_key_cert_pairs.push_back({own.key, own.certificate});
    server = std::make_unique<grpc_test_server>(answer, grpc::SslServerCredentials(how));
    options.target = server->target();
    options.tls.emplace().server_root_ca_certificate = authority.certificate();
  }

  /// Whom the server sees.
  std::string shown(Transport& over) {
    const auto result = loop.block_on(unary(over, "/test/who", std::string(), call_options()));
    EXPECT_TRUE(result.status.ok()) << result.status.message;
    return std::string(result.response.view());
  }
  void write(const key_pair& pair) const {
    std::ofstream(options.tls->client_certificate_file) << pair.certificate;
    std::ofstream(options.tls->client_private_key_file) << pair.key;
  }
  void use_files() {
    options.tls->client_certificate_file = folder.file("client.pem");
    options.tls->client_private_key_file = folder.file("client.key");
    options.tls->file_check_interval = 0ms;
    write(first);
  }

  certificate_authority authority{"ours"};
  const key_pair first = authority.issue("DNS:first");
  const key_pair second = authority.issue("DNS:the-second");
  rondo::test::scratch folder;
  std::unique_ptr<grpc_test_server> server;
  client_options options;
  event_loop loop;
};
using transports = ::testing::Types<grpc_transport, http2_transport>;
TYPED_TEST_SUITE(CertificateChange, transports, NamesOfTransports);

TYPED_TEST(CertificateChange, ByHandHoldsForLaterCalls) {
  this->options.tls->client_certificate = this->first.certificate;
  this->options.tls->client_private_key = this->first.key;
  TypeParam over(this->loop, this->options);
  EXPECT_EQ(this->shown(over), "first");
  over.set_client_certificate(this->second.certificate, this->second.key);
  EXPECT_EQ(this->shown(over), "the-second");
  EXPECT_THROW(over.set_client_certificate("no certificate", this->second.key), std::invalid_argument);
  EXPECT_THROW(over.set_client_certificate(this->second.certificate, ""), std::invalid_argument);
  EXPECT_EQ(this->shown(over), "the-second");
}

TYPED_TEST(CertificateChange, IsRefusedWithoutTls) {
  this->options.tls.reset();
  TypeParam over(this->loop, this->options);
  EXPECT_THROW(over.set_client_certificate(this->second.certificate, this->second.key), std::invalid_argument);
}

TYPED_TEST(CertificateChange, OfFilesIsSeenWhenBothAreThere) {
  this->use_files();
  TypeParam over(this->loop, this->options);
  EXPECT_EQ(this->shown(over), "first");
  this->write(this->second);
  EXPECT_EQ(this->shown(over), "first") << "they may not be complete yet";
  EXPECT_EQ(this->shown(over), "the-second");
  std::filesystem::remove(this->options.tls->client_private_key_file);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(this->shown(over), "the-second");
  std::ofstream(this->options.tls->client_private_key_file) << "damaged";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(this->shown(over), "the-second");
  this->write(this->first);
  this->shown(over);
  EXPECT_EQ(this->shown(over), "first");
}

TYPED_TEST(CertificateChange, FilesThatAreMissingAreAnError) {
  this->use_files();
  std::filesystem::remove(this->options.tls->client_private_key_file);
  EXPECT_THROW(TypeParam(this->loop, this->options), std::invalid_argument);
  this->options.tls->client_private_key_file.clear();
  EXPECT_THROW(TypeParam(this->loop, this->options), std::invalid_argument);
}

struct CertificateFiles : CertificateChange<http2_transport> {};

TEST_F(CertificateFiles, AreLookedAtOnceInTheInterval) {
  use_files();
  options.tls->file_check_interval = 1h;
  auto tls = *options.tls;
  auto files = certificate_files::open(tls);
  ASSERT_TRUE(files);
  EXPECT_EQ(tls.client_certificate, first.certificate);
  write(second);
  const auto now = steady_clock::now();
  EXPECT_FALSE(files->renew(tls, now + 59min));
  EXPECT_FALSE(files->renew(tls, now + 2h)) << "the first look at what is new";
  EXPECT_FALSE(files->renew(tls, now + 2h + 59min));
  EXPECT_TRUE(files->renew(tls, now + 4h));
  EXPECT_EQ(tls.client_certificate, second.certificate);
  EXPECT_FALSE(files->renew(tls, now + 6h));
}

TEST(RoundRobin, CallsGoToAllAddressesInTurn) {
  const auto name = [](std::string text) {
    return [text](const auto&, const std::string&) { return grpc_answer{grpc::Status::OK, text, false}; };
  };
  grpc_test_server one(name("one"));
  auto two = std::make_unique<grpc_test_server>(name("two"));
  client_options options;
  options.target = "ipv4:" + one.target() + "," + two->target();
  event_loop loop;
  grpc_transport over(loop, options);
  const auto call = [&] { return loop.block_on(unary(over, "/test/who", std::string(), call_options())); };
  // Until both are connected the first takes all.
  while (one.calls() == 0 || two->calls() == 0) ASSERT_TRUE(call().status.ok());
  const int before = two->calls();
  for (int i = 0; i < 4; ++i) call();
  EXPECT_EQ(two->calls(), before + 2);
  two.reset();
  int served = 0;
  while (served < 4) served += call().response.view() == "one" ? 1 : 0;
}

}  // namespace certificate_change_test
