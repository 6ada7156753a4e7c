#pragma once
#include <gtest/gtest.h>

#include <array>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/http/client.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/io/loop.hpp"

namespace rondo::test {

namespace http = rondo::detail::http;
namespace io = rondo::detail::io;

/// So late that only what hangs reaches it.
inline io::time_point limit() { return io::steady_clock::now() + std::chrono::seconds(60); }

/// A client that sends just the bytes that it is told to send.
class raw_client {
 public:
  raw_client(io::event_loop& loop, std::uint16_t port) : loop_(loop), socket_(loop.context()) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  void send(std::string bytes) { loop_.block_on(write(std::move(bytes))); }
  void end() { socket_.shutdown(asio::ip::tcp::socket::shutdown_send); }
  void close() { socket_.close(); }
  /// What comes until the server closes the connection.
  std::string rest() { return loop_.block_on(read_until({})); }
  /// What comes up to and with these bytes.
  std::string until(std::string what) { return loop_.block_on(read_until(std::move(what))); }
  asio::ip::tcp::socket& socket() { return socket_; }

 private:
  asio::awaitable<void> write(std::string bytes) {
    asio::error_code ignored;
    co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ignored));
  }

  asio::awaitable<std::string> read_until(std::string what) {
    for (;;) {
      const auto at = what.empty() ? std::string::npos : got_.find(what);
      if (at != std::string::npos) {
        std::string found = got_.substr(0, at + what.size());
        got_.erase(0, found.size());
        co_return found;
      }
      std::array<char, 4096> part{};
      asio::error_code failed;
      const std::size_t size =
          co_await socket_.async_read_some(asio::buffer(part), asio::redirect_error(asio::use_awaitable, failed));
      got_.append(part.data(), size);
      if (failed) co_return std::exchange(got_, {}) + (failed == asio::error::eof ? "" : "<" + failed.message() + ">");
    }
  }

  io::event_loop& loop_;
  asio::ip::tcp::socket socket_;
  std::string got_;
};

class http_test : public ::testing::Test {
 protected:
  http::server& serve(http::handler handle, http::server_options options = {}) {
    server_ = std::make_unique<http::server>(loop_, http::parse_address("127.0.0.1:0"), std::move(options),
                                             std::move(handle));
    return *server_;
  }
  /// Answers with method, target and body.
  http::server& serve_echo(http::server_options options = {}) {
    return serve(
        [](http::request what) -> asio::awaitable<http::response> {
          co_return http::response(200, what.method + " " + what.target + " " + what.body, "text/plain");
        },
        std::move(options));
  }
  std::uint16_t port() const { return server_->listening().port; }
  raw_client connect() { return raw_client(loop_, port()); }
  std::size_t idle_connections() const { return server_->connections(); }
  void drop_server() { server_.reset(); }

  io::event_loop loop_;

 private:
  std::unique_ptr<http::server> server_;
};

}  // namespace rondo::test
