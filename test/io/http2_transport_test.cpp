#include "rondo/detail/io/http2_transport.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "certificates.hpp"
#include "grpc_test_server.hpp"
#include "http2_test_server.hpp"
#include "rondo/detail/io/retry.hpp"

// What a gRPC server does not do at a test's command; what it does is in transport_test.cpp.
namespace http2_transport_test {

using namespace rondo::detail::io;
using rondo::client_options;
using rondo::rpc_code;
using rondo::rpc_status;
using rondo::test::http2_test_server;
using rondo::test::raw_test_server;
using namespace std::chrono_literals;
using peer = http2_test_server::peer;
using request = http2_test_server::request;

client_options options_for(const std::string& target) {
  client_options options;
  options.target = target;
  return options;
}

struct caller {
  explicit caller(const client_options& options, host_lookup::resolver resolve = host_lookup::ask_system)
      : transport(loop, options, std::move(resolve)) {}
  explicit caller(const std::string& target) : caller(options_for(target)) {}

  rpc_result call(const std::string& path, const std::string& body = "x", call_options how = call_options()) {
    return loop.block_on(unary(transport, path, body, std::move(how)));
  }
  /// Begins a call; the result comes later.
  std::shared_ptr<std::optional<rpc_result>> begin(const std::string& path, call_options how = call_options()) {
    auto result = std::make_shared<std::optional<rpc_result>>();
    async_unary(transport, path, std::make_shared<const std::string>("x"), std::move(how),
                [result](rpc_result r) { *result = std::move(r); });
    return result;
  }
  void wait(const std::shared_ptr<std::optional<rpc_result>>& result) {
    loop.run_until([&] { return result->has_value(); });
  }

  event_loop loop;
  http2_transport transport;
};

void echo(peer& to, const request& asked) { to.answer(asked.stream, std::string_view(asked.body).substr(5)); }

TEST(Http2Transport, AServerThatGoesAwayEndsWhatItHasBegun) {
  std::atomic<int> held = 0;
  http2_test_server server([&](peer& to, const request& asked) {
    if (asked.path != "/held") return echo(to, asked);
    held = asked.stream;
    to.goaway(asked.stream);
    to.later([stream = asked.stream](peer& again) {
      again.later([stream](peer& last) { last.answer(stream, "at last"); });
    });
  });
  caller from(server.target());
  const auto first = from.begin("/held");
  from.wait(first);
  EXPECT_EQ((*first)->response.view(), "at last");
  EXPECT_EQ(from.call("/echo").response.view(), "x");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Http2Transport, NewCallsTakeANewConnectionWhileTheOldOneIsDrained) {
  std::weak_ptr<peer> old;
  std::atomic<int> held = 0;
  http2_test_server server([&](peer& to, const request& asked) {
    if (asked.path != "/held") return to.answer(asked.stream, std::to_string(asked.connection));
    old = to.weak_from_this();
    to.goaway(asked.stream);
    held = asked.stream;
  });
  caller from(server.target());
  const auto first = from.begin("/held");
  while (held == 0) from.loop.poll();
  for (;;) {
    // The notice may still be under way for the first of them.
    const auto by = from.call("/which");
    ASSERT_TRUE(by.status.ok()) << by.status.message;
    if (by.response.view() == "2") break;
  }
  EXPECT_FALSE(first->has_value());
  old.lock()->later([&](peer& to) { to.answer(held, "done"); });
  from.wait(first);
  EXPECT_TRUE((*first)->status.ok()) << (*first)->status.message;
}

TEST(Http2Transport, CallsThatTheServerHasNotSeenAreSentAgain) {
  http2_test_server server([&](peer& to, const request& asked) {
    if (asked.connection == 1) return to.goaway(0);
    echo(to, asked);
  });
  caller from(server.target());
  const auto result = from.call("/echo");
  EXPECT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_EQ(server.connections(), 2);
}

TEST(Http2Transport, ARefusedStreamIsSentAgainOnce) {
  std::atomic<int> refusals = 1;
  http2_test_server server([&](peer& to, const request& asked) {
    if (refusals-- > 0) return to.reset(asked.stream, NGHTTP2_REFUSED_STREAM);
    echo(to, asked);
  });
  caller from(server.target());
  EXPECT_TRUE(from.call("/echo").status.ok());
  EXPECT_EQ(server.requests(), 2);
  refusals = 10;
  const auto result = from.call("/echo");
  EXPECT_EQ(result.status.code, rpc_code::unavailable);
  EXPECT_TRUE(is_retryable(rpc_class::unary, result.status, false));
  EXPECT_EQ(server.requests(), 4);
}

TEST(Http2Transport, StreamsThatAreReset) {
  http2_test_server server([](peer& to, const request& asked) {
    to.reset(asked.stream, static_cast<std::uint32_t>(std::stoul(asked.path.substr(1))));
  });
  caller from(server.target());
  const std::pair<std::uint32_t, rpc_code> rows[] = {{NGHTTP2_CANCEL, rpc_code::cancelled},
                                                     {NGHTTP2_INTERNAL_ERROR, rpc_code::internal},
                                                     {NGHTTP2_PROTOCOL_ERROR, rpc_code::internal},
                                                     {NGHTTP2_ENHANCE_YOUR_CALM, rpc_code::resource_exhausted},
                                                     {NGHTTP2_INADEQUATE_SECURITY, rpc_code::permission_denied},
                                                     {12345, rpc_code::internal}};
  for (const auto& [error, code] : rows) {
    const auto result = from.call("/" + std::to_string(error));
    EXPECT_EQ(result.status.code, code) << error;
    EXPECT_TRUE(result.status.from_transport) << error;
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(Http2Transport, WaitsWhereTheServerAllowsFewStreams) {
  http2_test_server::options how;
  how.settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}};
  http2_test_server server(echo, how);
  caller from(server.target());
  ASSERT_TRUE(from.call("/echo").status.ok());  // the settings are known now
  std::vector<std::shared_ptr<std::optional<rpc_result>>> results;
  for (int i = 0; i < 20; ++i) results.push_back(from.begin("/echo"));
  for (const auto& each : results) {
    from.wait(each);
    EXPECT_TRUE((*each)->status.ok()) << (*each)->status.message;
  }
  EXPECT_LE(server.most_streams(), 2);
  EXPECT_EQ(server.connections(), 1);
}

TEST(Http2Transport, ACallThatWaitsForItsStreamCanBeCancelled) {
  std::weak_ptr<peer> held_by;
  std::atomic<int> held = 0;
  http2_test_server::options how;
  how.settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}};
  http2_test_server server(
      [&](peer& to, const request& asked) {
        if (asked.path != "/held") return echo(to, asked);
        held_by = to.weak_from_this();
        held = asked.stream;
      },
      how);
  caller from(server.target());
  ASSERT_TRUE(from.call("/echo").status.ok());
  const auto first = from.begin("/held");
  call_options limited;
  limited.deadline = steady_clock::now() + 20ms;
  call_token token;
  call_options with_token;
  with_token.token = &token;
  const auto second = from.begin("/echo", limited);
  const auto third = from.begin("/echo", with_token);
  const auto fourth = from.begin("/echo");
  from.wait(second);
  EXPECT_EQ((*second)->status.code, rpc_code::deadline_exceeded);
  token.cancel();
  from.wait(third);
  EXPECT_EQ((*third)->status.code, rpc_code::cancelled);
  while (held == 0) from.loop.poll();
  held_by.lock()->later([&](peer& to) { to.answer(held, ""); });
  from.wait(fourth);
  EXPECT_TRUE((*fourth)->status.ok()) << (*fourth)->status.message;
  EXPECT_EQ(server.requests(), 3);
}

TEST(Http2Transport, LargeMessagesPassThroughSmallWindows) {
  http2_test_server::options how;
  how.settings = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1000}};
  http2_test_server server(echo, how);
  caller from(server.target());
  const std::string large(500'000, 'w');
  EXPECT_EQ(from.call("/echo", large).response.view(), large);
  http2_test_server wide([](peer& to, const request& asked) { to.answer(asked.stream, std::string(40 << 20, 'w')); });
  caller other(wide.target());
  EXPECT_EQ(other.call("/blob").response.view().size(), std::size_t{40} << 20);
}

TEST(Http2Transport, AnAnswerBeforeTheEndOfTheRequestEndsTheCall) {
  http2_test_server::options how;
  how.early = true;
  how.settings = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}};
  http2_test_server server(
      [](peer& to, const request& asked) {
        to.respond_headers(asked.stream, {{":status", "200"},
                                          {"content-type", "application/grpc"},
                                          {"grpc-status", "8"},
                                          {"grpc-message", "too%20much"}});
      },
      how);
  caller from(server.target());
  const auto result = from.call("/any", std::string(100'000, 'x'));
  EXPECT_EQ(result.status.code, rpc_code::resource_exhausted);
  EXPECT_EQ(result.status.message, "too much");
  EXPECT_FALSE(result.status.from_transport);
}

TEST(Http2Transport, AnswersOfProxies) {
  http2_test_server server([](peer& to, const request& asked) {
    to.respond(asked.stream, {{":status", asked.path.substr(1)}, {"content-type", "text/html"}}, "<html>no</html>");
  });
  caller from(server.target());
  EXPECT_EQ(from.call("/503").status.code, rpc_code::unavailable);
  EXPECT_EQ(from.call("/404").status.code, rpc_code::unimplemented);
  EXPECT_EQ(from.call("/200").status.code, rpc_code::unknown);
}

TEST(Http2Transport, SaysHowMuchTimeIsLeft) {
  http2_test_server server([](peer& to, const request& asked) {
    std::string timeout = "none";
    for (const auto& [name, value] : asked.headers) {
      if (name == "grpc-timeout") timeout = value;
    }
    to.answer(asked.stream, timeout);
  });
  caller from(server.target());
  EXPECT_EQ(from.call("/any").response.view(), "none");
  call_options how;
  how.deadline = steady_clock::now() + 300s;
  const auto said = std::string(from.call("/any", "", how).response.view());
  EXPECT_TRUE(said.ends_with('m')) << said;
  EXPECT_GT(std::stoi(said), 200'000);
  EXPECT_LE(std::stoi(said), 300'000);
}

TEST(Http2Transport, HeadersThatAreTooLargeAreNotSentAgainAndAgain) {
  http2_test_server server(echo);
  caller from(server.target());
  call_options how;
  how.metadata = {{"large", std::string(100'000, 'x')}};
  const auto result = from.call("/echo", "", how);
  EXPECT_EQ(result.status.code, rpc_code::internal);
  EXPECT_NE(result.status.message.find("headers cannot be sent"), std::string::npos) << result.status.message;
  EXPECT_TRUE(from.call("/echo").status.ok());
  EXPECT_EQ(server.connections(), 1);
}

/// What a server says first: empty settings.
const std::string settings_frame("\0\0\0\x04\0\0\0\0\0", 9);

TEST(Http2Transport, AServerThatAnswersNoPingsIsGivenUp) {
  raw_test_server server(settings_frame);
  auto options = options_for(server.target());
  options.keepalive_interval = 10ms;
  options.keepalive_timeout = 10ms;
  caller from(options);
  const auto result = from.call("/any");
  EXPECT_EQ(result.status.code, rpc_code::unavailable);
  EXPECT_NE(result.status.message.find("ping"), std::string::npos) << result.status.message;
  EXPECT_TRUE(result.status.from_transport);
}

TEST(Http2Transport, PingsThatAreAnsweredKeepTheConnection) {
  std::atomic<bool> slow = true;
  http2_test_server server([&](peer& to, const request& asked) {
    if (asked.path == "/slow" && slow) return;
    echo(to, asked);
  });
  auto options = options_for(server.target());
  options.keepalive_interval = 5ms;
  options.keepalive_timeout = 5s;
  caller from(options);
  call_options how;
  how.deadline = steady_clock::now() + 60ms;
  EXPECT_EQ(from.call("/slow", "", how).status.code, rpc_code::deadline_exceeded);
  EXPECT_TRUE(from.call("/echo").status.ok());
  EXPECT_EQ(server.connections(), 1);
}

struct recorded_owner final : http2_connection::owner {
  void on_connected(http2_connection&) override { connected = true; }
  void on_proven(http2_connection&) override { proven = true; }
  void on_draining(http2_connection&, bool) override {}
  void on_unprocessed(std::shared_ptr<http2_call>) override {}
  void on_closed(http2_connection&, rpc_status status) override { why = std::move(status); }

  bool connected = false;
  bool proven = false;
  std::optional<rpc_status> why;
};

TEST(Http2Connection, ADeadConnectionIsFoundSoonAfterAFreeze) {
  raw_test_server server(settings_frame);
  event_loop loop;
  recorded_owner owner;
  http2_connection_options options;
  options.keepalive_interval = 10ms;
  options.keepalive_timeout = 1h;
  options.frozen_after = 5ms;
  options.timeout_after_freeze = 10ms;
  const auto connection = std::make_shared<http2_connection>(loop, owner, options);
  const auto target = parse_target(server.target());
  connection->connect({{asio::ip::make_address(target.host), target.port}});
  loop.run_until([&] { return owner.proven; });
  // As a frozen process: time passes, and the loop does not run.
  std::this_thread::sleep_until(steady_clock::now() + 40ms);
  loop.run_until([&] { return owner.why.has_value(); });
  EXPECT_NE(owner.why->message.find("ping"), std::string::npos) << owner.why->message;
}

TEST(Http2Transport, OtherProtocolsAreNoServers) {
  for (const bool close : {false, true}) {
    for (const std::string greeting : {"HTTP/1.1 400 Bad Request\r\n\r\nwrong", "SSH-2.0-OpenSSH\r\n", ""}) {
      if (greeting.empty() && !close) continue;
      raw_test_server server(greeting, close);
      caller from(server.target());
      const auto result = from.call("/any");
      EXPECT_EQ(result.status.code, rpc_code::unavailable) << greeting;
      EXPECT_TRUE(result.status.from_transport) << greeting;
    }
  }
}

TEST(Http2Transport, AnythingMayComeFromTheNetwork) {
  std::minstd_rand random(7);
  for (int i = 0; i < 200; ++i) {
    std::string bytes = settings_frame;
    for (int k = 0; k < 6; ++k) {
      // A frame of any type and flags, mostly about the first stream, with any content.
      const auto size = static_cast<unsigned char>(random() % 40);
      bytes += std::string({'\0', '\0', static_cast<char>(size), static_cast<char>(random() % 11),
                            static_cast<char>(random()), '\0', '\0', '\0', static_cast<char>(random() % 3)});
      for (int n = 0; n < size; ++n) bytes += static_cast<char>(random());
    }
    raw_test_server server(bytes, true);
    caller from(server.target());
    EXPECT_FALSE(from.call("/any").status.ok());
  }
}

TEST(Http2Transport, AfterAFailureCallsWaitNoLongerThanItTakesToSaySo) {
  raw_test_server server("", true);
  caller from(server.target());
  const auto first = from.call("/any");
  EXPECT_EQ(from.call("/any").status.message, first.status.message);
  EXPECT_EQ(server.connections(), 1);
}

TEST(Http2Transport, TriesTheAddressesOfAHostInTurn) {
  http2_test_server server(echo);
  // The host has two addresses where ::1 is known; the server listens on one of them.
  caller from("localhost:" + std::to_string(server.port()));
  const auto result = from.call("/echo");
  EXPECT_TRUE(result.status.ok()) << result.status.message;
}

TEST(Http2Transport, GoesOnToTheNextAddressWhenOneRefuses) {
  auto server = std::make_unique<http2_test_server>(echo);
  const std::string port = std::to_string(server->port());
  // Nothing listens at the first of the two addresses.
  const auto two_addresses = [](const host_and_port& of) {
    EXPECT_EQ(of.host, "two.example.com");
    host_addresses found;
    for (const char* each : {"127.0.0.2", "127.0.0.1"}) {
      found.endpoints.emplace_back(asio::ip::make_address(each), of.port);
    }
    return found;
  };
  caller from(options_for("two.example.com:" + port), two_addresses);
  const auto result = from.call("/echo");
  EXPECT_TRUE(result.status.ok()) << result.status.message;
  server.reset();
  caller too_late(options_for("two.example.com:" + port), two_addresses);
  const auto refused = too_late.call("/echo").status;
  EXPECT_EQ(refused.code, rpc_code::unavailable);
  for (const char* each : {"127.0.0.2:", "127.0.0.1:"}) {
    EXPECT_NE(refused.message.find(each + port), std::string::npos) << refused.message;
  }
}

TEST(Http2Transport, IsDestroyedWhileItConnects) {
  raw_test_server silent("");
  for (const auto& target : {silent.target(), std::string("localhost:1"), std::string("no-such-host.invalid:1")}) {
    auto from = std::make_unique<caller>(target);
    const auto result = from->begin("/any");
    from->loop.poll();
    from.reset();
    EXPECT_FALSE(result->has_value());
  }
}

struct TrustedBySystem : ::testing::Test {
  TrustedBySystem() {
    rondo::test::key_pair pair = ours.issue("DNS:localhost,IP:127.0.0.1");
    grpc::SslServerCredentialsOptions how(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    how.pem_key_cert_pairs.push_back({pair.key, pair.certificate});
    server = std::make_unique<rondo::test::grpc_test_server>(
        [](const auto&, const std::string& bytes) {
          return rondo::test::grpc_answer{grpc::Status::OK, bytes, false};
        },
        grpc::SslServerCredentials(how));
    std::string name = (std::filesystem::temp_directory_path() / "rondo-trust-XXXXXX").string();
    folder = mkdtemp(name.data());
    clear();
  }
  ~TrustedBySystem() override {
    clear();
    std::filesystem::remove_all(folder);
  }

  static void clear() {
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
  }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder / name, std::ios::binary) << text;
    return (folder / name).string();
  }
  rpc_status calling() {
    auto options = options_for(server->target());
    options.tls.emplace();
    caller from(options);
    return from.call("/any").status;
  }

  rondo::test::certificate_authority ours{"ours"};
  rondo::test::certificate_authority others{"others"};
  std::unique_ptr<rondo::test::grpc_test_server> server;
  std::filesystem::path folder;
};

TEST_F(TrustedBySystem, AuthoritiesOfABundle) {
  setenv("SSL_CERT_FILE", write("others.pem", "# none of ours\n" + others.certificate()).c_str(), 1);
  const auto refused = calling();
  EXPECT_NE(refused.message.find("certificate verify failed"), std::string::npos) << refused.message;
  setenv("SSL_CERT_FILE", write("all.pem", others.certificate() + "\ntext\n" + ours.certificate()).c_str(), 1);
  EXPECT_TRUE(calling().ok()) << calling().message;
}

TEST_F(TrustedBySystem, AuthoritiesOfAFolder) {
  write("ours.pem", ours.certificate());
  setenv("SSL_CERT_DIR", folder.c_str(), 1);
  const auto unhashed = calling();
  EXPECT_NE(unhashed.message.find("SSL_CERT_FILE"), std::string::npos) << unhashed.message;
  const std::string command = "cd '" + folder.string() + "' && ln -s ours.pem $(openssl x509 -hash -noout <ours.pem).0";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(calling().ok()) << calling().message;
}

TEST_F(TrustedBySystem, NoneAtAllSaysWhatToDo) {
  setenv("SSL_CERT_FILE", (folder / "missing.pem").c_str(), 1);
  const auto status = calling();
  EXPECT_EQ(status.code, rpc_code::unavailable);
  EXPECT_NE(status.message.find("tls.server_root_ca_certificate"), std::string::npos) << status.message;
}

TEST(CertificateBundle, DamagedCertificatesAreNotFound) {
  rondo::test::certificate_authority ours("ours");
  std::string text = ours.certificate();
  const std::size_t body = text.find('\n') + 1;
  const auto block = [](const std::string& digits) {
    return "-----BEGIN CERTIFICATE-----\n" + digits + "\n-----END CERTIFICATE-----\n";
  };
  std::string all = block("MAA=") + block("MIIB") + block("") + block("MAQwAgEB") + block("no base64!");
  for (std::size_t cut = 4; cut < 200; cut += 4) all += block(text.substr(body, cut - cut / 65));
  const certificate_bundle damaged(all);
  const x509_name_ptr nobody(X509_NAME_new());
  EXPECT_TRUE(damaged.find(*nobody).empty());
}

TEST(ParseTarget, HostAndPort) {
  const std::tuple<const char*, const char*, int> rows[] = {{"localhost:7233", "localhost", 7233},
                                                            {"dns:///a.b.c:1", "a.b.c", 1},
                                                            {"example.com", "example.com", 443},
                                                            {"[::1]:7233", "::1", 7233},
                                                            {"::1", "::1", 443},
                                                            {"ipv4:127.0.0.1:80", "127.0.0.1", 80}};
  for (const auto& [target, host, port] : rows) {
    const auto parsed = parse_target(target);
    EXPECT_EQ(parsed.host, host) << target;
    EXPECT_EQ(parsed.port, port) << target;
  }
  for (const auto* bad : {"", ":1", "a:", "a:0", "a:65536", "a:x", "a:1x", "[::1", "[::1]x", "https://a:1"}) {
    EXPECT_THROW(parse_target(bad), std::invalid_argument) << bad;
  }
}

}  // namespace http2_transport_test
