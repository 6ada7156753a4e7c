#include "rondo/serverless/http_service.hpp"

#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/fixture.hpp"
#include "rondo/detail/http/waiting.hpp"

namespace http_service_test {

using namespace rondo::test;
using rondo::http::parameter;
using rondo::http::problem;
using rondo::http::request;
using rondo::http::response;

asio::awaitable<response> echo(request what) { co_return response(200, what.method + " " + what.body, "text/plain"); }

class http_service : public ::testing::Test {
 protected:
  rondo::http::service& make(rondo::http::service_options how = {}) {
    how.port = 0;
    how.logger = rondo::logger::silent();
    service_ = std::make_unique<rondo::http::service>(loop_, std::move(how));
    return *service_;
  }
  std::string ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    raw_client client(loop_, service_->port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.rest();
  }
  static int status_of(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9)) : 0;
  }
  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

  io::event_loop loop_;
  std::unique_ptr<rondo::http::service> service_;
};

TEST_F(http_service, gives_requests_to_the_handler_of_their_path_and_method) {
  make().on("GET", "/a", echo).on("POST", "/a", echo).on("GET", "/b", [](request) -> asio::awaitable<response> {
    co_return response(201, "b", "text/plain");
  });
  EXPECT_EQ(body_of(ask("GET", "/a")), "GET ");
  EXPECT_EQ(body_of(ask("POST", "/a?x=1", "some")), "POST some");
  EXPECT_EQ(status_of(ask("GET", "/b")), 201);
  const auto head = ask("HEAD", "/a");
  EXPECT_EQ(status_of(head), 200);
  EXPECT_EQ(body_of(head), "");
}

TEST_F(http_service, refuses_what_it_has_no_handler_for) {
  make().on("GET", "/a", echo).on("POST", "/a", echo);
  const auto method = ask("DELETE", "/a");
  EXPECT_EQ(status_of(method), 405);
  EXPECT_NE(method.find("Allow: GET, POST\r\n"), std::string::npos) << method;
  EXPECT_EQ(body_of(method), "{\"error\":\"this path does not take the method DELETE\"}");
  EXPECT_EQ(status_of(ask("GET", "/b")), 404);
  EXPECT_EQ(status_of(ask("GET", "/a/")), 404);
}

TEST_F(http_service, answers_a_problem_with_its_status_and_text) {
  make()
      .on("GET", "/problem",
          [](request) -> asio::awaitable<response> {
            throw problem(409, "it is \"there\" already");
            co_return response(200);
          })
      .on("GET", "/bug", [](request) -> asio::awaitable<response> {
        throw std::runtime_error("a secret");
        co_return response(200);
      });
  const auto known = ask("GET", "/problem");
  EXPECT_EQ(status_of(known), 409);
  EXPECT_EQ(body_of(known), R"({"error":"it is \"there\" already"})");
  const auto bug = ask("GET", "/bug");
  EXPECT_EQ(status_of(bug), 500);
  EXPECT_EQ(bug.find("secret"), std::string::npos);
}

TEST_F(http_service, refuses_bodies_that_are_too_long) {
  make({.max_body = 4}).on("POST", "/a", echo);
  EXPECT_EQ(status_of(ask("POST", "/a", "1234")), 200);
  EXPECT_EQ(status_of(ask("POST", "/a", "12345")), 413);
}

TEST_F(http_service, says_where_it_cannot_listen) {
  make();
  rondo::http::service_options same;
  same.port = service_->port();
  try {
    const rondo::http::service second(loop_, same);
    FAIL() << "both listen on one port";
  } catch (const std::runtime_error& refused) {
    EXPECT_NE(std::string(refused.what()).find(service_->listening()), std::string::npos) << refused.what();
  }
}

TEST_F(http_service, lets_requests_end_when_it_is_stopped) {
  http::wakeup answer(loop_);
  bool asked = false, released = false, ended = false;
  make().on("GET", "/a", [&](request) -> asio::awaitable<response> {
    asked = true;
    while (!released) co_await answer.wait_until(limit());
    co_return response(200, "late", "text/plain");
  });
  asio::co_spawn(loop_.executor(), service_->async_run(), [&](const std::exception_ptr& error) {
    EXPECT_FALSE(error);
    ended = true;
  });
  raw_client client(loop_, service_->port());
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  loop_.run_until([&] { return asked; });
  service_->stop();
  loop_.poll();
  EXPECT_FALSE(ended);
  released = true;
  answer.wake();
  EXPECT_EQ(body_of(client.rest()), "late");
  loop_.run_until([&] { return ended; });
}

TEST(http_parameter, is_found_by_its_name) {
  const request what("GET", "/a?flow=order&id=a%2Fb+c%2b&empty=&bare&x%79=1");
  EXPECT_EQ(parameter(what, "flow"), "order");
  EXPECT_EQ(parameter(what, "id"), "a/b c+");
  EXPECT_EQ(parameter(what, "empty"), "");
  EXPECT_EQ(parameter(what, "bare"), "");
  EXPECT_EQ(parameter(what, "xy"), "1");
  EXPECT_EQ(parameter(what, "fl"), std::nullopt);
  EXPECT_EQ(parameter(request("GET", "/a"), "flow"), std::nullopt);
}

TEST(http_parameter, is_refused_when_it_says_two_things_or_nothing) {
  const auto status = [](const char* target) {
    try {
      parameter(request("GET", target), "id");
      return 0;
    } catch (const problem& wrong) {
      return wrong.status();
    }
  };
  EXPECT_EQ(status("/a?id=1&id=1"), 400);
  EXPECT_EQ(status("/a?id=%4"), 400);
  EXPECT_EQ(status("/a?id=%zz"), 400);
  EXPECT_EQ(status("/a?id=1&x=1&x=2"), 0);
}

}  // namespace http_service_test
