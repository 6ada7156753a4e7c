#include "rondo/detail/http/client.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/local/stream_protocol.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http/fixture.hpp"

namespace client_test {

using namespace rondo::test;
using namespace std::chrono_literals;
using http::request;
using http::response;

/// A server that does to each connection what the test says, in their order: what it answers to each request, and with
/// "" at the end it closes.
class scripted_server {
 public:
  using answers = std::vector<std::string>;

  scripted_server(io::event_loop& loop, std::vector<answers> script)
      : acceptor_(loop.context(), {asio::ip::address_v4::loopback(), 0}), script_(std::move(script)) {
    asio::co_spawn(loop.executor(), run(), asio::detached);
  }
  http::address address() const {
    return http::parse_address("127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()));
  }
  /// The first line of each request, with the number of its connection.
  std::vector<std::string> got;

 private:
  asio::awaitable<void> run() {
    for (std::size_t connection = 0; connection < script_.size(); ++connection) {
      auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
      for (const auto& answer : script_[connection]) {
        http::request_parser parser({});
        std::array<char, 4096> part{};
        asio::error_code failed;
        while (!parser.complete() && !failed) {
          const std::size_t size =
              co_await socket.async_read_some(asio::buffer(part), asio::redirect_error(asio::use_awaitable, failed));
          parser.feed({part.data(), size});
        }
        if (failed) break;
        got.push_back(std::to_string(connection) + " " + parser.message().method + " " + parser.message().target + " " +
                      parser.message().body);
        if (answer.empty()) break;
        co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
      }
      if (script_[connection].empty() || !script_[connection].back().empty()) parked_.push_back(std::move(socket));
    }
  }

  asio::ip::tcp::acceptor acceptor_;
  std::vector<answers> script_;
  std::vector<asio::ip::tcp::socket> parked_;
};

class HttpClient : public http_test {
 protected:
  static constexpr auto ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  response send(http::client_connection& client, request what, io::time_point deadline = limit()) {
    return loop_.block_on(client.send(std::move(what), deadline));
  }
  /// Why there is no response.
  std::optional<http::no_response> failure(http::client_connection& client, request what,
                                           io::time_point deadline = limit()) {
    try {
      send(client, std::move(what), deadline);
    } catch (const http::no_response& failed) {
      return failed;
    }
    ADD_FAILURE() << "there was a response";
    return std::nullopt;
  }
  using lines = std::vector<std::string>;
};

TEST_F(HttpClient, KeepsItsConnection) {
  scripted_server server(loop_, {{ok, ok}});
  http::client_connection client(loop_, server.address());
  EXPECT_EQ(send(client, request("GET", "/a")).body, "ok");
  EXPECT_EQ(send(client, request("POST", "/b", "body")).status, 200);
  EXPECT_EQ(server.got, (lines{"0 GET /a ", "0 POST /b body"}));
}

TEST_F(HttpClient, ConnectsAgainWhenTheServerClosedAParkedConnection) {
  scripted_server server(loop_, {{ok, ""}, {ok}});
  http::client_connection client(loop_, server.address());
  send(client, request("GET", "/a"));
  // The script closes when it sees a second request. A GET is repeated then.
  EXPECT_EQ(send(client, request("GET", "/b")).body, "ok");
  EXPECT_EQ(server.got, (lines{"0 GET /a ", "0 GET /b ", "1 GET /b "}));
}

TEST_F(HttpClient, NeverRepeatsAPostThatMayHaveBeenRead) {
  scripted_server server(loop_, {{ok, ""}, {ok}});
  http::client_connection client(loop_, server.address());
  send(client, request("GET", "/a"));
  const auto failed = failure(client, request("POST", "/b?key=secret", "x"));
  EXPECT_TRUE(failed->may_have_acted());
  EXPECT_EQ(failed->code(), asio::error::eof);
  EXPECT_EQ(std::string(failed->what()).find("secret"), std::string::npos);
  EXPECT_NE(std::string(failed->what()).find("POST /b:"), std::string::npos) << failed->what();
  EXPECT_EQ(server.got, (lines{"0 GET /a ", "0 POST /b?key=secret x"}));
  EXPECT_EQ(send(client, request("POST", "/c", "y")).body, "ok");
}

TEST_F(HttpClient, APostGoesToANewConnectionWhenTheOldOneIsKnownToBeDead) {
  serve_echo({.idle_timeout = 1ms});
  http::client_connection client(loop_, http::parse_address("127.0.0.1:" + std::to_string(port())));
  send(client, request("GET", "/a"));
  loop_.run_until([this, &client] { return client.connected() && idle_connections() == 0; });
  EXPECT_EQ(send(client, request("POST", "/b", "x")).body, "POST /b x");
}

TEST_F(HttpClient, AGetOnANewConnectionIsNotRepeated) {
  scripted_server server(loop_, {{""}, {ok}});
  http::client_connection client(loop_, server.address());
  EXPECT_EQ(failure(client, request("GET", "/a"))->code(), asio::error::eof);
  EXPECT_EQ(server.got.size(), 1U);
}

TEST_F(HttpClient, AResponseThatBeganIsNotAskedForAgain) {
  scripted_server server(loop_, {{ok, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", ""}, {ok}});
  http::client_connection client(loop_, server.address());
  send(client, request("GET", "/a"));
  const auto deadline = io::steady_clock::now() + 20ms;
  EXPECT_EQ(failure(client, request("GET", "/b"), deadline)->code(), asio::error::timed_out);
  EXPECT_EQ(server.got.size(), 2U);
}

TEST_F(HttpClient, SkipsInterimResponses) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  scripted_server server(loop_, {{interim + ok, ok}});
  http::client_connection client(loop_, server.address());
  const auto got = send(client, request("POST", "/a", "x"));
  EXPECT_EQ(got.body, "ok");
  EXPECT_FALSE(got.headers.has("Link"));
  EXPECT_EQ(send(client, request("GET", "/b")).body, "ok");
  EXPECT_EQ(server.got[1], "0 GET /b ");
}

TEST_F(HttpClient, EndlessInterimResponsesEnd) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
  scripted_server server(loop_, {{many}});
  http::client_connection client(loop_, server.address());
  EXPECT_EQ(failure(client, request("GET", "/a"))->code(), asio::error::invalid_argument);
}

TEST_F(HttpClient, DoesNotTrustAConnectionWithMoreThanTheResponse) {
  scripted_server server(loop_, {{std::string(ok) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}, {ok}});
  http::client_connection client(loop_, server.address());
  EXPECT_EQ(send(client, request("GET", "/a")).body, "ok");
  EXPECT_EQ(send(client, request("GET", "/b")).body, "ok");
  EXPECT_EQ(server.got[1], "1 GET /b ");
}

TEST_F(HttpClient, DoesWhatTheServerSaysOfTheConnection) {
  scripted_server server(loop_, {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"},
                                 {"HTTP/1.1 200 OK\r\n\r\nends with the connection", ""}});
  http::client_connection client(loop_, server.address());
  EXPECT_EQ(send(client, request("GET", "/a")).body, "ok");
  EXPECT_FALSE(client.connected());
  const auto deadline = io::steady_clock::now() + 20ms;
  // Only the end of the connection would end this one.
  EXPECT_EQ(failure(client, request("GET", "/b"), deadline)->code(), asio::error::timed_out);
}

TEST_F(HttpClient, WaitsNoLongerThanItsDeadline) {
  scripted_server server(loop_, {{"HTTP/1.1 100 Continue\r\n\r\n", ""}});
  http::client_connection client(loop_, server.address());
  const auto failed = failure(client, request("GET", "/a"), io::steady_clock::now() + 20ms);
  EXPECT_EQ(failed->code(), asio::error::timed_out);
  EXPECT_FALSE(client.connected());
}

TEST_F(HttpClient, SaysWhenNobodyListens) {
  scripted_server server(loop_, {});
  auto nobody = server.address();
  {
    asio::ip::tcp::acceptor closed(loop_.context(), {asio::ip::address_v4::loopback(), 0});
    nobody.port = closed.local_endpoint().port();
  }
  http::client_connection client(loop_, nobody);
  const auto failed = failure(client, request("GET", "/a"));
  EXPECT_EQ(failed->code(), asio::error::connection_refused);
  EXPECT_FALSE(failed->may_have_acted());
  EXPECT_NE(std::string(failed->what()).find(nobody.text()), std::string::npos);
}

TEST_F(HttpClient, AnswersThatAreNoHttpAreErrors) {
  for (const char* bytes :
       {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    scripted_server server(loop_, {{bytes}});
    http::client_connection client(loop_, server.address());
    const auto failed = failure(client, request("GET", "/a"));
    EXPECT_EQ(failed->code(), asio::error::invalid_argument) << bytes;
  }
}

TEST_F(HttpClient, TooLargeAResponseIsAnError) {
  scripted_server server(loop_, {{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"}});
  http::client_connection client(loop_, server.address(), {.limits = {.body_bytes = 98}});
  const auto failed = failure(client, request("GET", "/a"));
  EXPECT_NE(std::string(failed->what()).find("the body is too large"), std::string::npos) << failed->what();
}

TEST_F(HttpClient, ReadsTheRefusalOfALargeRequest) {
  serve_echo({.limits = {.body_bytes = 10}});
  http::client_connection client(loop_, http::parse_address("localhost:" + std::to_string(port())));
  EXPECT_EQ(send(client, request("POST", "/a", std::string(900'000, 'x'))).status, 413);
  EXPECT_EQ(send(client, request("POST", "/b", "x")).body, "POST /b x");
}

TEST_F(HttpClient, HeadHasALengthButNoBody) {
  serve_echo();
  http::client_connection client(loop_, http::parse_address("127.0.0.1:" + std::to_string(port())));
  const auto got = send(client, request("HEAD", "/a"));
  EXPECT_EQ(got.body, "");
  EXPECT_EQ(got.headers.get("content-length"), "8");
  EXPECT_EQ(send(client, request("GET", "/b")).body, "GET /b ");
}

TEST_F(HttpClient, CloseBreaksARequestOff) {
  scripted_server server(loop_, {{"HTTP/1.1 100 Continue\r\n\r\n", ""}, {ok}});
  http::client_connection client(loop_, server.address());
  std::exception_ptr ended;
  bool done = false;
  asio::co_spawn(loop_.executor(), client.send(request("GET", "/a")), [&](std::exception_ptr error, const response&) {
    ended = std::move(error);
    done = true;
  });
  loop_.run_until([&] { return !server.got.empty(); });
  EXPECT_THROW(send(client, request("GET", "/b")), std::logic_error);
  client.close();
  loop_.run_until([&] { return done; });
  try {
    std::rethrow_exception(ended);
  } catch (const http::no_response& failed) {
    EXPECT_EQ(failed.code(), asio::error::operation_aborted);
  }
  EXPECT_EQ(send(client, request("GET", "/c")).body, "ok");
}

TEST_F(HttpClient, SpeaksOverAUnixSocket) {
  const std::string path = "/tmp/rondo_http_" + std::to_string(::getpid());
  ::unlink(path.c_str());
  http::server server(loop_, http::parse_address("unix:" + path), {}, [](request what) -> asio::awaitable<response> {
    co_return response(200, what.target + " " + std::string(what.headers.get("Host")));
  });
  http::client_connection client(loop_, http::parse_address(path));
  EXPECT_EQ(send(client, request("GET", "/a")).body, "/a localhost");
  ::unlink(path.c_str());
  http::client_connection nobody(loop_, http::parse_address(path));
  EXPECT_FALSE(failure(nobody, request("GET", "/a"))->may_have_acted());
}

asio::awaitable<void> ask_for_ever(io::event_loop& loop, http::address to) {
  http::client_connection client(loop, std::move(to));
  request what("GET", "/a");
  co_await client.send(std::move(what));
}

TEST_F(HttpClient, ALoopCanEndWhileARequestIsUnderWay) {
  auto loop = std::make_unique<io::event_loop>();
  bool asked = false;
  http::handler never = [&asked, &on = *loop](request) -> asio::awaitable<response> {
    asked = true;
    http::wakeup nobody(on);
    co_await nobody.wait_until(io::time_point::max());
    co_return response(200);
  };
  auto server =
      std::make_unique<http::server>(*loop, http::parse_address("127.0.0.1:0"), http::server_options{}, never);
  asio::co_spawn(loop->executor(), ask_for_ever(*loop, server->listening()), asio::detached);
  loop->run_until([&] { return asked; });
  server.reset();
  loop.reset();
}

}  // namespace client_test
