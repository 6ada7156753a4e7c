#include "rondo/detail/http/message.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/serialize.hpp"

namespace message_test {

using namespace rondo::detail::http;

TEST(HttpHeaders, AreFoundWhateverTheirCase) {
  header_list headers;
  headers.add("Content-Type", "a");
  headers.add("X-Two", "1");
  headers.add("x-two", "2");
  EXPECT_EQ(headers.get("content-TYPE"), "a");
  EXPECT_EQ(headers.get("X-TWO"), "1");
  EXPECT_EQ(headers.count("x-Two"), 2U);
  EXPECT_EQ(headers.find("X-Tw"), nullptr);
  EXPECT_EQ(headers.get("missing"), "");
  headers.set("x-two", "3");
  EXPECT_EQ(headers.count("X-Two"), 1U);
  EXPECT_EQ(headers.get("X-Two"), "3");
  headers.remove("X-TWO");
  EXPECT_FALSE(headers.has("x-two"));
}

TEST(HttpHeaders, WordsOfAList) {
  EXPECT_TRUE(has_word("keep-alive, Close ,x", "close"));
  EXPECT_TRUE(has_word("close", "close"));
  EXPECT_FALSE(has_word("closed, not close", "close"));
  EXPECT_FALSE(has_word("", "close"));
}

TEST(HttpRequest, TargetHasPathAndQuery) {
  const request what("GET", "/a/b?c=d?e");
  EXPECT_EQ(what.path(), "/a/b");
  EXPECT_EQ(what.query(), "c=d?e");
  EXPECT_EQ(request("GET", "/a").query(), "");
}

TEST(HttpText, OfARequest) {
  request what("POST", "/run", "{}");
  what.headers.add("X-A", "b");
  what.headers.add("Content-Length", "77");
  what.headers.add("Transfer-Encoding", "chunked");
  EXPECT_EQ(serialize(what, "here:1"), "POST /run HTTP/1.1\r\nHost: here:1\r\nX-A: b\r\nContent-Length: 2\r\n\r\n{}");
  request get("GET", "/");
  get.headers.add("Host", "mine");
  EXPECT_EQ(serialize(get, "here:1"), "GET / HTTP/1.1\r\nHost: mine\r\n\r\n");
  EXPECT_EQ(serialize(request("POST", "/"), "h"), "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpText, NothingCanBeSmuggledIntoAHead) {
  const auto refused = [](const request& what) { EXPECT_THROW(serialize(what, "h"), std::invalid_argument); };
  refused(request("GET", "/a b"));
  refused(request("GET", "/a\r\nX: y"));
  refused(request("GET", ""));
  refused(request("GE T", "/"));
  request what;
  what.headers.add("X", "a\r\nY: b");
  refused(what);
  what.headers.set("X", std::string("a\0b", 3));
  refused(what);
  what.headers.remove("X");
  what.headers.add("X: y", "b");
  refused(what);
  response answer(200, "x");
  answer.headers.add("Location", "a\nSet-Cookie: b");
  EXPECT_THROW(serialize(answer, response_form{}), std::invalid_argument);
}

TEST(HttpText, OfAResponse) {
  response answer(429, "slow down", "text/plain");
  answer.headers.add("Date", "then");
  EXPECT_EQ(serialize(answer, response_form{}),
            "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nDate: then\r\nContent-Length: 9\r\n\r\n"
            "slow down");
  EXPECT_EQ(serialize(answer, response_form{.to_head = true, .keep_alive = false}),
            "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nDate: then\r\nConnection: close\r\n"
            "Content-Length: 9\r\n\r\n");
  response nothing(204);
  nothing.headers.add("Date", "then");
  EXPECT_EQ(serialize(nothing, response_form{.old_client = true}),
            "HTTP/1.1 204 No Content\r\nDate: then\r\nConnection: keep-alive\r\n\r\n");
}

TEST(HttpText, Date) {
  EXPECT_EQ(http_date(std::chrono::system_clock::from_time_t(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpAddress, IsReadAndWritten) {
  EXPECT_EQ(parse_address("127.0.0.1:9001").port, 9001);
  EXPECT_EQ(parse_address("a.example:80").host, "a.example");
  EXPECT_EQ(parse_address("[::1]:80").host, "::1");
  EXPECT_EQ(parse_address("[::1]:80").text(), "[::1]:80");
  EXPECT_EQ(parse_address("unix:/tmp/a").unix_path, "/tmp/a");
  EXPECT_EQ(parse_address("/tmp/a").text(), "unix:/tmp/a");
  for (const char* bad :
       {"", "host", "host:", ":80", "host:65536", "host:-1", "host:80x", "::1:80", "[::1:80", "unix:"}) {
    EXPECT_THROW(parse_address(bad), std::invalid_argument) << bad;
  }
  EXPECT_THROW(parse_address("unix:/" + std::string(200, 'a')), std::invalid_argument);
}

}  // namespace message_test
