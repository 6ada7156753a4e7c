#include "rondo/detail/http/parser.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace parser_test {

using namespace rondo::detail::http;

/// Everything that can be seen of a request that was read.
std::string seen(request_parser& parser, std::size_t used) {
  // Which of two mistakes is found first depends on how the bytes came.
  if (!parser.complete()) return parser.error() == parse_error::truncated ? "truncated" : "refused";
  const request& got = parser.message();
  std::string text = std::to_string(used) + (parser.keep_alive() ? " keep " : " close ");
  text += got.method + " " + got.target + "\n";
  for (const auto& each : got.headers) text += each.name + "=" + each.value + "\n";
  return text + got.body;
}

std::string read_in_parts(const std::string& bytes, const std::vector<std::size_t>& cuts,
                          const message_limits& limits = {}) {
  request_parser parser(limits);
  std::size_t used = 0, from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t to = i < cuts.size() ? cuts[i] : bytes.size();
    if (parser.complete() || parser.error() != parse_error::none) break;
    used += parser.feed(std::string_view(bytes).substr(from, to - from));
    from = to;
  }
  parser.finish();
  return seen(parser, parser.complete() ? used : 0);
}

parse_error error_of(const std::string& bytes, const message_limits& limits = {}) {
  request_parser parser(limits);
  parser.feed(bytes);
  return parser.error();
}

const std::string& post_of(const std::string& headers, const std::string& body) {
  static std::string text;
  text = "POST /x HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + body;
  return text;
}

TEST(HttpParser, ReadsTheSameWhereverTheBytesAreCut) {
  const std::string messages[] = {
      "GET /a?b=c HTTP/1.1\r\nHost: x\r\nA:  b \r\nEmpty:\r\nA: c\r\n\r\nGET /next",
      "\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloPOST",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: "
      "x\r\n\r\nrest",
      "POST / HTTP/1.0\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
  };
  for (const auto& bytes : messages) {
    const std::string whole = read_in_parts(bytes, {});
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
      ASSERT_EQ(read_in_parts(bytes, {first}), whole) << bytes << " cut at " << first;
      for (std::size_t second = first; second <= bytes.size(); ++second) {
        ASSERT_EQ(read_in_parts(bytes, {first, second}), whole) << bytes << " at " << first << " and " << second;
      }
    }
    std::vector<std::size_t> each_byte;
    for (std::size_t i = 1; i < bytes.size(); ++i) each_byte.push_back(i);
    EXPECT_EQ(read_in_parts(bytes, each_byte), whole) << bytes;
  }
  EXPECT_EQ(read_in_parts(messages[0], {}), "54 keep GET /a?b=c\nHost=x\nA=b\nEmpty=\nA=c\n");
  EXPECT_EQ(read_in_parts(messages[2], {}), "86 keep POST /\nHost=x\nTransfer-Encoding=chunked\nabcde");
}

TEST(HttpParser, DamagedMessagesReadTheSameWhereverTheyAreCut) {
  const std::string good =
      "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok";
  std::mt19937 random(7);
  const auto below = [&random](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  const message_limits limits{.header_bytes = 80, .header_count = 3, .body_bytes = 8};
  const std::string odd = std::string("\r\n \t:;,\0\x7f\xff", 10) + "0129aF";
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (std::size_t changes = below(4); changes > 0; --changes) {
      const std::size_t at = below(bytes.size());
      switch (below(3)) {
        case 0:
          bytes[at] = odd[below(odd.size())];
          break;
        case 1:
          bytes.insert(at, 1, odd[below(odd.size())]);
          break;
        default:
          bytes.erase(at, 1);
      }
    }
    const std::size_t first = below(bytes.size()), second = first + below(bytes.size() - first);
    ASSERT_EQ(read_in_parts(bytes, {first, second}, limits), read_in_parts(bytes, {}, limits)) << bytes;
  }
}

TEST(HttpParser, WhatOthersReadDifferentlyIsRefused) {
  const std::string bad[] = {
      post_of("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
      post_of("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
      post_of("Content-Length: 3, 3\r\n", "abc"),
      post_of("Content-Length: +3\r\n", "abc"),
      post_of("Content-Length: -1\r\n", ""),
      post_of("Content-Length: 0x3\r\n", "abc"),
      post_of("Content-Length: 18446744073709551616\r\n", ""),
      post_of("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
      post_of("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
      post_of("Transfer-Encoding: gzip\r\n", "0\r\n\r\n"),
      post_of("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "-3\r\nabc\r\n0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "3\r\nabcXY0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "3\r\nabc\n0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "3\r\nabc\rX0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "3\rXabc\r\n0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "3;a\rb\r\nabc\r\n0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "3;" + std::string(300, 'a') + "\r\nabc\r\n0\r\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "0\r\nA: b\n\r\n"),
      post_of("Transfer-Encoding: chunked\r\n", "0\r\n\rX"),
      "GET / HTTP/1.1\r\nHost: x\r\n\rX",
      post_of("A: b\r\n folded\r\n", ""),
      post_of("A: b\r\n\tfolded\r\n", ""),
      post_of("A: b\nB: c\r\n", ""),
      post_of("A: b\rB: c\r\n", ""),
      post_of(std::string("A: b\0c\r\n", 8), ""),
      post_of("no colon\r\n", ""),
      post_of(": no name\r\n", ""),
      post_of("Host: again\r\n", ""),
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
      "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
      "nonsense\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01", 6),
  };
  for (const auto& bytes : bad) {
    const auto error = error_of(bytes);
    EXPECT_TRUE(error == parse_error::malformed || error == parse_error::method) << bytes;
  }
  EXPECT_EQ(error_of("BREW / HTTP/1.1\r\nHost: x\r\n\r\n"), parse_error::method);
  EXPECT_EQ(error_of("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), parse_error::version);
  EXPECT_EQ(status_of(error_of("BREW / HTTP/1.1\r\nHost: x\r\n\r\n")), 501);
}

TEST(HttpParser, LimitsHaveTheirOwnErrors) {
  const message_limits limits{.header_bytes = 100, .header_count = 4, .body_bytes = 4};
  EXPECT_EQ(error_of(post_of("A: " + std::string(80, 'b') + "\r\n", ""), limits), parse_error::header_too_large);
  EXPECT_EQ(error_of("GET /" + std::string(200, 'a'), limits), parse_error::header_too_large);
  EXPECT_EQ(error_of(std::string(200, '\n'), limits), parse_error::header_too_large);
  EXPECT_EQ(error_of(post_of("A: b\r\nA: b\r\nA: b\r\n", ""), limits), parse_error::none);
  EXPECT_EQ(error_of(post_of("A: b\r\nA: b\r\nA: b\r\nA: b\r\n", ""), limits), parse_error::header_too_large);
  EXPECT_EQ(error_of(post_of("Content-Length: 4\r\n", "abcd"), limits), parse_error::none);
  // Refused before a byte of the body is there.
  EXPECT_EQ(error_of(post_of("Content-Length: 5\r\n", ""), limits), parse_error::body_too_large);
  EXPECT_EQ(error_of(post_of("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n1"), limits), parse_error::none);
  EXPECT_EQ(error_of(post_of("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2\r\n"), limits),
            parse_error::body_too_large);
  const std::string trailers =
      post_of("Transfer-Encoding: chunked\r\n", "0\r\nA: " + std::string(80, 'b') + "\r\n\r\n");
  EXPECT_EQ(error_of(trailers, limits), parse_error::header_too_large);
  EXPECT_EQ(status_of(parse_error::header_too_large), 431);
  EXPECT_EQ(status_of(parse_error::body_too_large), 413);
  EXPECT_EQ(status_of(parse_error::malformed), 400);
}

TEST(HttpParser, TrailersChangeNothing) {
  request_parser parser({});
  parser.feed(post_of("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nAuthorization: x\r\n\r\n"));
  ASSERT_TRUE(parser.complete());
  EXPECT_FALSE(parser.message().headers.has("Authorization"));
}

TEST(HttpParser, AnUpgradeIsNotTaken) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /2";
  request_parser parser({});
  EXPECT_EQ(parser.feed(bytes), bytes.size() - 6);
  EXPECT_TRUE(parser.complete());
  EXPECT_TRUE(parser.keep_alive());
}

TEST(HttpParser, OldClientsSayWhenTheyStay) {
  const auto keeps = [](const std::string& bytes) {
    request_parser parser({});
    parser.feed(bytes);
    EXPECT_TRUE(parser.complete()) << bytes;
    return parser.keep_alive();
  };
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
}

TEST(HttpParser, Responses) {
  const auto read = [](const std::string& bytes, std::string_view method = "GET") {
    response_parser parser({}, method);
    const std::size_t used = parser.feed(bytes);
    parser.finish();
    if (parser.error() != parse_error::none) return std::string("error");
    return std::to_string(used) + " " + std::to_string(parser.message().status) +
           (parser.keep_alive() ? " keep " : " close ") + parser.message().body;
  };
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP"), "40 200 keep ok");
  EXPECT_EQ(read("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"), "37 200 keep ok");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\n\r\nuntil the end"), "32 200 close until the end");
  EXPECT_EQ(read("HTTP/1.1 204 No\r\n\r\nHTTP"), "19 204 keep ");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP", "HEAD"), "38 200 keep ");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), "error");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), "error");
  EXPECT_EQ(read("HTTP/1.1 101 Switching\r\n\r\n"), "error");
  EXPECT_EQ(read("HTTP/1.1 999 What\r\n\r\n"), "error");
  EXPECT_EQ(read("SSH-2.0-x\r\n"), "error");
  EXPECT_EQ(read(""), "error");
}

}  // namespace parser_test
