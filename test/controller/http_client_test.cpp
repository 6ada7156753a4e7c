#include "rondo/detail/curl/http_client.hpp"

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "controller/provider_fixture.hpp"
#include "rondo/detail/curl/url.hpp"
#include "support/http_receiver.hpp"

namespace rondo::test {
namespace http_client_test {

namespace curl = rondo::detail::curl;

struct http_client : ::testing::Test {
  rondo::detail::io::event_loop loop;
  http_receiver endpoint{loop.context()};
  curl::http_client client{loop};

  curl::http_request to_endpoint() const {
    curl::http_request request;
    request.url = endpoint.url();
    return request;
  }
  curl::http_response ask(curl::http_request request) { return loop.block_on(curl::send(client, std::move(request))); }
};

TEST_F(http_client, sends_method_headers_and_body_and_gives_the_answer) {
  endpoint.answer_body = "{\"a\":1}";
  endpoint.answer_headers = "Retry-After:  7 \r\nX-Empty:\r\n";
  endpoint.on_post = [](http_receiver::post& got) { got.answer(429); };
  auto request = to_endpoint();
  request.method = "PATCH";
  request.url += "?x=%20y";
  request.headers = {{"X-One", "1"}, {"X-None", ""}};
  request.body = "hello";
  const auto response = ask(std::move(request));
  ASSERT_EQ(endpoint.posts.size(), 1U);
  auto& got = endpoint.posts[0];
  EXPECT_EQ(got.method, "PATCH");
  EXPECT_EQ(got.target, "/run?x=%20y");
  EXPECT_EQ(got.headers["x-one"], "1");
  EXPECT_TRUE(got.headers.contains("x-none"));
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(response.status, 429);
  EXPECT_FALSE(response.ok());
  EXPECT_EQ(response.header("retry-after"), "7");
  EXPECT_EQ(response.header("x-empty"), "");
  EXPECT_EQ(response.body, "{\"a\":1}");
}

TEST_F(http_client, gets_without_a_body) {
  auto request = to_endpoint();
  request.method = "GET";
  EXPECT_TRUE(ask(std::move(request)).ok());
  EXPECT_EQ(endpoint.posts[0].method, "GET");
  EXPECT_EQ(endpoint.posts[0].body, "");
}

TEST_F(http_client, does_not_follow_redirects) {
  endpoint.answer_headers = "Location: " + endpoint.url() + "\r\n";
  endpoint.on_post = [](http_receiver::post& got) { got.answer(307); };
  EXPECT_EQ(ask(to_endpoint()).status, 307);
  EXPECT_EQ(endpoint.posts.size(), 1U);
}

TEST_F(http_client, says_why_there_is_no_answer) {
  curl::http_request nobody;
  nobody.url = "http://127.0.0.1:" + std::to_string(free_port());
  auto response = ask(std::move(nobody));
  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.why, curl::no_answer::unreachable);
  EXPECT_FALSE(response.error.empty());

  endpoint.on_post = [](http_receiver::post& got) { got.answer(0); };
  EXPECT_EQ(ask(to_endpoint()).why, curl::no_answer::broken_off);

  endpoint.on_post = [](http_receiver::post&) {};
  auto hanging = to_endpoint();
  hanging.timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(ask(std::move(hanging)).why, curl::no_answer::timed_out);
  EXPECT_EQ(client.under_way(), 0U);

  curl::http_request file;
  file.url = "file:///etc/hostname";
  EXPECT_EQ(ask(std::move(file)).status, 0);
}

TEST_F(http_client, breaks_off_an_answer_that_is_too_long) {
  endpoint.answer_body = std::string(1001, 'x');
  auto request = to_endpoint();
  request.most_bytes = 1000;
  const auto response = ask(request);
  EXPECT_EQ(response.why, curl::no_answer::too_long);
  EXPECT_EQ(response.error, "the answer is longer than 1000 bytes");
  endpoint.answer_body.pop_back();
  EXPECT_EQ(ask(request).body.size(), 1000U);
}

TEST_F(http_client, refuses_headers_that_would_become_others) {
  auto request = to_endpoint();
  request.headers = {{"X-One", "1\r\nX-Two: 2"}};
  EXPECT_NE(ask(std::move(request)).error.find("control characters"), std::string::npos);
  EXPECT_TRUE(endpoint.posts.empty());
}

TEST_F(http_client, ends_when_it_is_cancelled) {
  endpoint.on_post = [](http_receiver::post&) {};
  asio::cancellation_signal signal;
  std::exception_ptr ended;
  auto work = [&]() -> asio::awaitable<void> { co_await curl::send(client, to_endpoint()); };
  asio::co_spawn(loop.executor(), work,
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) { ended = error; }));
  loop.run_until([&] { return !endpoint.posts.empty(); });
  signal.emit(asio::cancellation_type::terminal);
  loop.run_until([&] { return ended != nullptr; });
  EXPECT_THROW(std::rethrow_exception(ended), asio::system_error);
  EXPECT_EQ(client.under_way(), 0U);
}

TEST(url, is_taken_apart) {
  const auto parts = curl::parse_url("https://me:secret@Example.org:8443/a%20b/?q=1");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->scheme, "https");
  EXPECT_EQ(parts->user, "mesecret");
  EXPECT_EQ(parts->host, "Example.org");
  EXPECT_EQ(parts->authority(), "Example.org:8443");
  EXPECT_EQ(parts->path, "/a%20b/");
  EXPECT_EQ(parts->query, "q=1");
  EXPECT_EQ(curl::parse_url("http://host:80")->authority(), "host");
  EXPECT_EQ(curl::parse_url("https://host:80")->authority(), "host:80");
  EXPECT_EQ(curl::problem_of("https://example.org/hook?x=1"), "");
  EXPECT_EQ(curl::problem_of("ftp://host"), "it begins with neither http:// nor https://");
  EXPECT_EQ(curl::problem_of("not a url"), "it is not a URL");
}

}  // namespace http_client_test
}  // namespace rondo::test
