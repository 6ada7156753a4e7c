#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace rondo::test {

/// HTTP proxy that knows CONNECT alone, on a thread of its own. All ways lead to the one server.
class proxy_test_server {
 public:
  /// What clients are told instead of getting a way; "hang": nothing.
  explicit proxy_test_server(std::uint16_t to, std::string refusal = {})
      : to_(to), refusal_(std::move(refusal)), acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }
  proxy_test_server(const proxy_test_server&) = delete;
  proxy_test_server& operator=(const proxy_test_server&) = delete;
  ~proxy_test_server() {
    context_.stop();
    thread_.join();
  }

  std::string target() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  /// Ways that were opened.
  int ways() const { return ways_; }
  /// What the last client asked for.
  std::string asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  using socket = asio::ip::tcp::socket;

  asio::awaitable<void> accept() {
    for (;;) {
      auto client = std::make_shared<socket>(co_await acceptor_.async_accept(asio::use_awaitable));
      asio::co_spawn(context_, serve(std::move(client)), asio::detached);
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<socket> client) {
    asio::error_code failed;
    std::string head;
    const std::size_t size = co_await asio::async_read_until(*client, asio::dynamic_buffer(head), "\r\n\r\n",
                                                             asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return;
    {
      const std::lock_guard lock(mutex_);
      asked_ = head.substr(0, size);
    }
    std::string answer = "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n";
    if (refusal_ == "hang") {
      // The client goes first.
      char nothing = 0;
      co_await client->async_read_some(asio::buffer(&nothing, 1), asio::redirect_error(asio::use_awaitable, failed));
      co_return;
    }
    if (!refusal_.empty()) answer = refusal_;
    co_await asio::async_write(*client, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, failed));
    if (!refusal_.empty() || failed) co_return;
    auto server = std::make_shared<socket>(context_);
    const asio::ip::tcp::endpoint address(asio::ip::address_v4::loopback(), to_);
    co_await server->async_connect(address, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return;
    ++ways_;
    asio::co_spawn(context_, pass(client, server), asio::detached);
    co_await pass(server, client);
  }

  static asio::awaitable<void> pass(std::shared_ptr<socket> from, std::shared_ptr<socket> to) {
    asio::error_code failed;
    std::array<char, 16 * 1024> bytes;
    while (!failed) {
      const std::size_t count =
          co_await from->async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
      if (failed) break;
      const auto got = asio::buffer(bytes.data(), count);
      co_await asio::async_write(*to, got, asio::redirect_error(asio::use_awaitable, failed));
    }
    to->close(failed);
  }

  std::uint16_t to_;
  std::string refusal_;
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  mutable std::mutex mutex_;
  std::string asked_;
  std::atomic<int> ways_{0};
  std::thread thread_;
};

}  // namespace rondo::test
