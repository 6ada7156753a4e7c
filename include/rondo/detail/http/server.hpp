#pragma once
#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/socket_base.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/server_session.hpp"
#include "rondo/detail/http/waiting.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"

namespace rondo::detail::http {

/// Listens for HTTP/1.1 and gives each request to a handler, which runs on the event loop. Requests of one connection
/// are answered one after the other. Loop thread only.
class server {
 public:
  /// Listens when it returns. Throws std::runtime_error, naming the address, when it cannot. Port 0: any free one.
  server(io::event_loop& loop, address where, server_options options, handler answer)
      : state_(std::make_shared<server_state>(loop, std::move(options), std::move(answer))),
        acceptor_(std::make_shared<acceptor>(loop.context())) {
    listen(std::move(where));
    asio::co_spawn(loop.executor(), accept(state_, acceptor_), asio::detached);
  }
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  ~server() { close(); }

  /// With the port that was chosen.
  const address& listening() const noexcept { return where_; }

  std::size_t connections() const noexcept { return state_->sessions.size(); }

  /// Takes no more requests, and waits until those under way are answered; what remains at the deadline is broken off.
  asio::awaitable<void> stop(io::time_point deadline) {
    const auto state = state_;
    stop_listening();
    for (const auto& each : all(*state)) each->look();
    bool in_time = true;
    while (!state->sessions.empty() && in_time) in_time = co_await state->changed.wait_until(deadline);
    close_all(*state);
  }

  /// Breaks everything off. Handlers that work are told by the stop tokens of their requests.
  void close() {
    stop_listening();
    close_all(*state_);
  }

 private:
  using acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
  using sessions = std::vector<std::shared_ptr<server_session>>;

  void listen(address where) {
    const auto endpoint = where.endpoint();
    const std::string text = where.text();
    if (!endpoint) throw std::runtime_error("rondo: cannot listen on " + text + ": an IP address is needed, no name");
    asio::error_code failed;
    acceptor_->open(endpoint->protocol(), failed);
    if (!failed && !where.is_unix()) acceptor_->set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor_->bind(*endpoint, failed);
    if (!failed) acceptor_->listen(asio::socket_base::max_listen_connections, failed);
    if (failed) throw std::runtime_error("rondo: cannot listen on " + text + ": " + failed.message());
    if (!where.is_unix()) {
      asio::ip::tcp::endpoint bound;
      const auto actual = acceptor_->local_endpoint();
      std::memcpy(bound.data(), actual.data(), actual.size());
      where.port = bound.port();
    }
    where_ = std::move(where);
  }

  void stop_listening() {
    state_->stopping = true;
    asio::error_code ignored;
    acceptor_->close(ignored);
    state_->changed.wake();
  }

  static sessions all(const server_state& of) {
    sessions found;
    for (auto* each : of.sessions) {
      if (auto alive = each->weak_from_this().lock()) found.push_back(std::move(alive));
    }
    return found;
  }

  static void close_all(server_state& of) {
    of.closed = true;
    for (const auto& each : all(of)) each->close();
  }

  /// At the limit the connection that has been idle for longest makes room.
  static void make_room(const server_state& of) {
    server_session* oldest = nullptr;
    for (auto* each : of.sessions) {
      if (each->idle() && (oldest == nullptr || each->idle_since() < oldest->idle_since())) oldest = each;
    }
    if (oldest != nullptr) oldest->close();
  }

  static asio::awaitable<void> accept(std::shared_ptr<server_state> state, std::shared_ptr<acceptor> from) {
    while (!state->stopping) {
      stream_socket socket(state->loop.context());
      asio::error_code failed;
      co_await from->async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
      if (state->stopping) break;
      if (failed) {
        // No descriptor is left, most likely: waiting is all that helps.
        state->options.log.warn("an HTTP connection was not accepted", {{"error", failed.message()}});
        co_await state->changed.wait_until(io::later(io::steady_clock::now(), std::chrono::milliseconds(100)));
        continue;
      }
      while (state->sessions.size() >= state->options.max_connections && !state->stopping) {
        make_room(*state);
        co_await state->changed.wait_until(io::time_point::max());
      }
      if (state->stopping) break;
      socket.set_option(asio::ip::tcp::no_delay(true), failed);
      auto session = std::make_shared<server_session>(state, std::move(socket));
      asio::co_spawn(state->loop.executor(), server_session::run(std::move(session)), asio::detached);
    }
  }

  std::shared_ptr<server_state> state_;
  std::shared_ptr<acceptor> acceptor_;
  address where_;
};

}  // namespace rondo::detail::http
