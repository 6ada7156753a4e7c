#include "rondo/detail/http/server.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "http/fixture.hpp"

namespace server_test {

using namespace rondo::test;
using namespace std::chrono_literals;
using http::request;
using http::response;

class HttpServer : public http_test {
 protected:
  static std::string status_line(const std::string& of) { return of.substr(0, of.find('\r')); }
  static std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  }

  /// Handlers wait in it until they are told to answer.
  struct desk {
    explicit desk(io::event_loop& loop) : opened(loop) {}
    http::wakeup opened;
    std::vector<request> asked;
    bool open = false;
  };
  http::handler waiting_handler(const std::shared_ptr<desk>& at) {
    return [at](request what) -> asio::awaitable<response> {
      at->asked.push_back(what);
      while (!at->open) co_await at->opened.wait_until(limit());
      co_return response(200, "done " + what.target, "text/plain");
    };
  }
  static void open(desk& which) {
    which.open = true;
    which.opened.wake();
  }
};

TEST_F(HttpServer, AnswersRequestsOfOneConnectionInTheirOrder) {
  serve_echo();
  auto client = connect();
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.until("GET /a ").find("HTTP/1.1 200 OK\r\n"), std::string::npos);
  // Pipelined, and cut anywhere.
  client.send(
      "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /c HTTP/1.1\r\nHost: x\r\n\r\nDELETE /d H");
  client.until("POST /b abc");
  client.until("GET /c ");
  client.send("TTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string last = client.rest();
  EXPECT_NE(last.find("DELETE /d "), std::string::npos);
  EXPECT_NE(last.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(HttpServer, ReadsARequestThatComesByteByByte) {
  serve_echo();
  auto client = connect();
  const std::string bytes =
      "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (const char c : bytes) client.send(std::string(1, c));
  EXPECT_NE(client.rest().find("POST /b abc"), std::string::npos);
}

TEST_F(HttpServer, HeadHasNoBody) {
  serve_echo();
  auto client = connect();
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = client.rest();
  EXPECT_NE(all.find("Content-Length: 8\r\n\r\nHTTP/1.1 200 OK\r\n"), std::string::npos) << all;
}

TEST_F(HttpServer, OldClientsAreAnsweredAndLeft) {
  serve_echo();
  auto client = connect();
  client.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_NE(client.rest().find("GET /a "), std::string::npos);
  auto stays = connect();
  stays.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(stays.until("GET /a ").find("Connection: keep-alive\r\n"), std::string::npos);
  stays.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_NE(stays.rest().find("GET /b "), std::string::npos);
}

TEST_F(HttpServer, TellsAWaitingClientToSendItsBody) {
  serve_echo();
  auto client = connect();
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  const std::string answer = client.rest();
  EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
  EXPECT_EQ(count(answer, "100 Continue"), 0U);
  // The body came by itself: the client is not waiting.
  auto quick = connect();
  quick.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  EXPECT_EQ(count(quick.rest(), "100 Continue"), 0U);
}

TEST_F(HttpServer, RefusesExpectationsThatItCannotMeet) {
  serve_echo({.limits = {.body_bytes = 10}});
  auto large = connect();
  large.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(status_line(large.rest()), "HTTP/1.1 413 Content Too Large");
  auto strange = connect();
  strange.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\n");
  EXPECT_EQ(status_line(strange.rest()), "HTTP/1.1 417 Expectation Failed");
}

TEST_F(HttpServer, RefusesWhatIsTooLargeOrWrongAndCloses) {
  serve_echo({.limits = {.header_bytes = 200, .header_count = 5, .body_bytes = 10}});
  const auto answer_to = [this](const std::string& bytes) {
    auto client = connect();
    client.send(bytes);
    return status_line(client.rest());
  };
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(300, 'a')),
            "HTTP/1.1 431 Request Header Fields Too Large");
  EXPECT_EQ(answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n"), "HTTP/1.1 413 Content Too Large");
  EXPECT_EQ(answer_to("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + std::string(100, 'a')),
            "HTTP/1.1 413 Content Too Large");
  EXPECT_EQ(answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(
      answer_to("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /"),
      "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(answer_to("GET / HTTP/3.0\r\nHost: x\r\n\r\n"), "HTTP/1.1 505 HTTP Version Not Supported");
  EXPECT_EQ(answer_to("BREW / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 501 Not Implemented");
  EXPECT_EQ(answer_to("\x16\x03\x01"), "HTTP/1.1 501 Not Implemented");
}

TEST_F(HttpServer, TheRefusalArrivesAlthoughTheClientSendsOn) {
  serve_echo({.limits = {.body_bytes = 10}});
  auto client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'a'));
  client.end();
  EXPECT_EQ(status_line(client.rest()), "HTTP/1.1 413 Content Too Large");
}

TEST_F(HttpServer, SlowClientsAreSentAway) {
  serve_echo({.receive_timeout = 20ms});
  auto client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(status_line(client.rest()), "HTTP/1.1 408 Request Timeout");
}

TEST_F(HttpServer, IdleConnectionsAreClosed) {
  serve_echo({.idle_timeout = 20ms});
  auto client = connect();
  EXPECT_EQ(client.rest(), "");
  auto used = connect();
  used.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  used.until("GET /a ");
  EXPECT_EQ(used.rest(), "");
}

TEST_F(HttpServer, AHandlerThatFailsIsAnsweredWith500) {
  serve([](request what) -> asio::awaitable<response> {
    if (what.target == "/throw") throw std::runtime_error("secret");
    if (what.target == "/other") throw 7;
    if (what.target == "/status") co_return response(100);
    response bad(200);
    bad.headers.add("X", "a\r\nY: b");
    co_return bad;
  });
  for (const char* target : {"/throw", "/other", "/status", "/header"}) {
    auto client = connect();
    client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answer = client.rest();
    EXPECT_EQ(status_line(answer), "HTTP/1.1 500 Internal Server Error") << target;
    EXPECT_EQ(answer.find("secret"), std::string::npos);
  }
}

TEST_F(HttpServer, TheHandlerLearnsThatTheClientHasGone) {
  const auto at = std::make_shared<desk>(loop_);
  bool told = false;
  serve([at, &told](request what) -> asio::awaitable<response> {
    const std::stop_callback tell(what.stop, [at, &told] {
      told = true;
      at->opened.wake();
    });
    at->asked.push_back(what);
    while (!what.stop.stop_requested()) co_await at->opened.wait_until(limit());
    co_return response(200);
  });
  auto client = connect();
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  loop_.run_until([&] { return !at->asked.empty(); });
  EXPECT_FALSE(told);
  client.close();
  loop_.run_until([&] { return told; });
}

TEST_F(HttpServer, AClientThatOnlyEndsItsSideIsAnswered) {
  serve_echo();
  auto client = connect();
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  client.end();
  EXPECT_NE(client.rest().find("GET /a "), std::string::npos);
}

TEST_F(HttpServer, StopFinishesWhatIsUnderWay) {
  const auto at = std::make_shared<desk>(loop_);
  auto& server = serve(waiting_handler(at));
  auto idle = connect(), works = connect();
  works.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  loop_.run_until([&] { return at->asked.size() == 1 && server.connections() == 2; });
  bool stopped = false;
  asio::co_spawn(loop_.executor(), server.stop(limit()), [&](std::exception_ptr) { stopped = true; });
  EXPECT_EQ(idle.rest(), "");
  EXPECT_FALSE(stopped);
  EXPECT_FALSE(at->asked[0].stop.stop_requested());
  asio::error_code refused;
  asio::ip::tcp::socket late(loop_.context());
  late.connect({asio::ip::address_v4::loopback(), port()}, refused);
  EXPECT_EQ(refused, asio::error::connection_refused);
  open(*at);
  const std::string answer = works.rest();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(answer.find("done /a"), std::string::npos);
  EXPECT_EQ(answer.find("done /b"), std::string::npos);
  works.close();
  loop_.run_until([&] { return stopped; });
  EXPECT_EQ(at->asked.size(), 1U);
}

TEST_F(HttpServer, StopBreaksOffWhatTakesTooLong) {
  const auto at = std::make_shared<desk>(loop_);
  auto& server = serve(waiting_handler(at));
  auto client = connect();
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  loop_.run_until([&] { return !at->asked.empty(); });
  loop_.block_on(server.stop(io::steady_clock::now()));
  EXPECT_TRUE(at->asked[0].stop.stop_requested());
  EXPECT_EQ(client.rest(), "");
  open(*at);
  loop_.run_until([&] { return server.connections() == 0; });
}

TEST_F(HttpServer, AServerCanBeDestroyedWhileAHandlerWorks) {
  const auto at = std::make_shared<desk>(loop_);
  serve(waiting_handler(at));
  auto client = connect();
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  loop_.run_until([&] { return !at->asked.empty(); });
  drop_server();
  EXPECT_EQ(client.rest(), "");
  open(*at);
  loop_.run_until([&] { return at.use_count() == 1; });
}

TEST_F(HttpServer, AtTheLimitTheOldestIdleConnectionMakesRoom) {
  serve_echo({.max_connections = 2});
  auto first = connect(), second = connect();
  first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  first.until("GET /1 ");
  second.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  second.until("GET /2 ");
  auto third = connect();
  third.send("GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  third.until("GET /3 ");
  EXPECT_EQ(first.rest(), "");
  second.send("GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(second.rest().find("GET /4 "), std::string::npos);
}

TEST_F(HttpServer, AtTheLimitOthersWaitForThoseThatWork) {
  const auto at = std::make_shared<desk>(loop_);
  auto& server = serve(waiting_handler(at), {.max_connections = 1});
  auto first = connect();
  first.send("GET /1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  loop_.run_until([&] { return at->asked.size() == 1; });
  auto second = connect();
  second.send("GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  for (int turn = 0; turn < 20; ++turn) loop_.poll();
  EXPECT_EQ(server.connections(), 1U);
  open(*at);
  EXPECT_NE(first.rest().find("done /1"), std::string::npos);
  EXPECT_NE(second.rest().find("done /2"), std::string::npos);
}

TEST_F(HttpServer, SaysWhyItCannotListen) {
  serve_echo();
  const auto listen_at = [this](const std::string& where) {
    return http::server(loop_, http::parse_address(where), {}, nullptr).listening().port;
  };
  EXPECT_EQ(listen_at("localhost:0") != 0, true);
  try {
    listen_at("127.0.0.1:" + std::to_string(port()));
    FAIL() << "it is taken";
  } catch (const std::runtime_error& failed) {
    EXPECT_NE(std::string(failed.what()).find("127.0.0.1:" + std::to_string(port()) + ": Address already in use"),
              std::string::npos)
        << failed.what();
  }
  EXPECT_THROW(listen_at("example.invalid:0"), std::runtime_error);
}

}  // namespace server_test
