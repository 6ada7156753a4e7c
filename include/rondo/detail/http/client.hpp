#pragma once
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/parser.hpp"
#include "rondo/detail/http/serialize.hpp"
#include "rondo/detail/http/waiting.hpp"
#include "rondo/detail/io/loop.hpp"

namespace rondo::detail::http {

/// A request got no response that can be read.
class no_response : public std::runtime_error {
 public:
  no_response(const std::string& text, asio::error_code code, bool may_have_acted)
      : std::runtime_error(text), code_(code), may_have_acted_(may_have_acted) {}

  /// Such as asio::error::timed_out; asio::error::invalid_argument when the server spoke no HTTP.
  const asio::error_code& code() const noexcept { return code_; }
  /// The server may have got the request, and done what it asks for.
  bool may_have_acted() const noexcept { return may_have_acted_; }

 private:
  asio::error_code code_;
  bool may_have_acted_;
};

struct client_options {
  message_limits limits{};
  /// Looking the host's name up and connecting.
  io::duration connect_timeout = std::chrono::seconds(10);
};

/// A connection to one server, for one request after the other. It connects when it must: for the first request, and
/// when the server has closed it meanwhile. A request of which the server may have read a byte is repeated only if it
/// is a GET or HEAD, and only when the connection was an old one that died before it brought a byte of a response.
///
/// Outlives its requests. Loop thread only.
class client_connection {
 public:
  client_connection(io::event_loop& loop, address to, client_options options = {})
      : loop_(loop), to_(std::move(to)), options_(options), socket_(loop.context()) {}
  client_connection(const client_connection&) = delete;
  client_connection& operator=(const client_connection&) = delete;
  ~client_connection() = default;

  const address& server() const noexcept { return to_; }
  bool connected() const noexcept { return socket_.is_open(); }

  /// Throws no_response, or std::invalid_argument for a request that cannot be sent. time_point::max(): waits for ever.
  asio::awaitable<response> send(request what, io::time_point deadline = io::time_point::max());

  /// Breaks off the request under way, which then fails with operation_aborted. The next one connects again.
  void close() {
    ++closings_;
    asio::error_code ignored;
    socket_.close(ignored);
    if (looking_up_) looking_up_->done.wake();
  }

 private:
  /// How an exchange went.
  struct exchange {
    response answer{};
    asio::error_code failed{};
    std::string_view problem{};
    bool any_bytes = false;
    bool keep = false;
  };
  struct looked_up {
    explicit looked_up(io::event_loop& loop) : resolver(loop.context()), done(loop) {}
    asio::ip::tcp::resolver resolver;
    wakeup done;
    asio::error_code failed;
    std::vector<stream_endpoint> endpoints;
    bool ended = false;
  };

  bool reusable();
  asio::awaitable<asio::error_code> connect(io::time_point deadline);
  asio::awaitable<asio::error_code> look_up(std::vector<stream_endpoint>& found, io::time_point deadline);
  asio::awaitable<void> run(exchange& of, std::string_view method, std::string_view bytes, io::time_point deadline);
  asio::awaitable<void> read_answer(exchange& of, std::string_view method, socket_deadline& limit);
  [[noreturn]] void fail(const request& what, const asio::error_code& code, std::string_view problem, bool sent);

  io::event_loop& loop_;
  address to_;
  client_options options_;
  stream_socket socket_;
  std::shared_ptr<looked_up> looking_up_;
  std::array<char, 16 * 1024> buffer_{};
  std::size_t closings_ = 0;
  bool busy_ = false;
};

inline asio::awaitable<response> client_connection::send(request what, io::time_point deadline) {
  if (busy_) throw std::logic_error("rondo: an HTTP connection was given a request while another one is under way");
  const std::string bytes = serialize(what, to_.host_header());
  busy_ = true;
  const std::unique_ptr<bool, void (*)(bool*)> leave(&busy_, [](bool* busy) { *busy = false; });
  const bool repeatable = what.method == "GET" || what.method == "HEAD";
  const std::size_t closings = closings_;
  for (bool is_old = reusable();; is_old = false) {
    if (!is_old) {
      const asio::error_code failed = co_await connect(deadline);
      if (closings != closings_) fail(what, asio::error::operation_aborted, {}, false);
      if (failed) fail(what, failed, {}, false);
    }
    exchange of;
    co_await run(of, what.method, bytes, deadline);
    if (!of.keep) {
      asio::error_code ignored;
      socket_.close(ignored);
    }
    if (!of.failed) co_return std::move(of.answer);
    if (closings != closings_) fail(what, asio::error::operation_aborted, {}, true);
    if (!is_old || !repeatable || of.any_bytes || of.failed == asio::error::timed_out) {
      fail(what, of.failed, of.problem, true);
    }
  }
}

inline bool client_connection::reusable() {
  if (!socket_.is_open()) return false;
  // A server that parked the connection for too long has closed it: then there is an end to read.
  char byte = 0;
  const auto size = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
  asio::error_code ignored;
  socket_.close(ignored);
  return false;
}

inline asio::awaitable<asio::error_code> client_connection::connect(io::time_point deadline) {
  deadline = std::min(deadline, io::later(io::steady_clock::now(), options_.connect_timeout));
  std::vector<stream_endpoint> endpoints;
  if (const auto known = to_.endpoint()) {
    endpoints.push_back(*known);
  } else if (const asio::error_code failed = co_await look_up(endpoints, deadline)) {
    co_return failed;
  }
  const std::size_t closings = closings_;
  asio::error_code failed = asio::error::host_not_found;
  for (const auto& endpoint : endpoints) {
    if (closings != closings_) co_return asio::error::operation_aborted;
    asio::error_code ignored;
    socket_.close(ignored);
    socket_.open(endpoint.protocol(), failed);
    if (failed) continue;
    const socket_deadline limit(loop_, socket_, deadline);
    co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, failed));
    failed = limit.explain(failed);
    if (!failed) {
      socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
      co_return failed;
    }
    socket_.close(ignored);
    if (failed == asio::error::timed_out || failed == asio::error::operation_aborted) break;
  }
  co_return failed;
}

inline asio::awaitable<asio::error_code> client_connection::look_up(std::vector<stream_endpoint>& found,
                                                                    io::time_point deadline) {
  // Looking up cannot be broken off, so it may go on behind a request that has failed.
  const auto state = std::make_shared<looked_up>(loop_);
  const auto port = std::to_string(to_.port);
  state->resolver.async_resolve(
      to_.host, port, [state](const asio::error_code& failed, const asio::ip::tcp::resolver::results_type& all) {
        state->failed = failed;
        for (const auto& each : all) state->endpoints.emplace_back(each.endpoint());
        state->ended = true;
        state->done.wake();
      });
  looking_up_ = state;
  const std::size_t closings = closings_;
  bool in_time = true;
  while (!state->ended && in_time && closings == closings_) in_time = co_await state->done.wait_until(deadline);
  looking_up_ = nullptr;
  if (!in_time) co_return asio::error::timed_out;
  if (!state->ended) co_return asio::error::operation_aborted;
  found = std::move(state->endpoints);
  co_return state->failed;
}

inline asio::awaitable<void> client_connection::run(exchange& of, std::string_view method, std::string_view bytes,
                                                    io::time_point deadline) {
  socket_deadline limit(loop_, socket_, deadline);
  asio::error_code unsent;
  co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, unsent));
  if (limit.passed()) {
    of.failed = asio::error::timed_out;
    co_return;
  }
  // A server that refuses a request may answer, and close, before it has read all of it.
  co_await read_answer(of, method, limit);
  if (of.failed && unsent) of.failed = limit.explain(unsent);
  if (unsent) of.keep = false;
}

inline asio::awaitable<void> client_connection::read_answer(exchange& of, std::string_view method,
                                                            socket_deadline& limit) {
  constexpr int most_interim = 16;
  std::optional<response_parser> parser;
  parser.emplace(options_.limits, method);
  for (int interim = 0;;) {
    asio::error_code failed;
    const std::size_t size =
        co_await socket_.async_read_some(asio::buffer(buffer_), asio::redirect_error(asio::use_awaitable, failed));
    if (limit.passed()) {
      of.failed = asio::error::timed_out;
      co_return;
    }
    if (failed == asio::error::eof) parser->finish();
    std::string_view left(buffer_.data(), size);
    of.any_bytes = of.any_bytes || size > 0;
    while (!left.empty() && !parser->complete() && parser->error() == parse_error::none) {
      left.remove_prefix(parser->feed(left));
      if (parser->complete() && parser->interim() && interim++ < most_interim) parser.emplace(options_.limits, method);
    }
    if (parser->complete()) {
      of.answer = std::move(parser->message());
      of.keep = parser->keep_alive() && left.empty() && !failed;
      if (parser->interim()) of.failed = asio::error::invalid_argument;
      co_return;
    }
    if (failed && !(failed == asio::error::eof && of.any_bytes)) {
      of.failed = failed;
      co_return;
    }
    if (parser->error() != parse_error::none) {
      of.failed = failed ? failed : asio::error_code(asio::error::invalid_argument);
      of.problem = parser->error_text();
      co_return;
    }
  }
}

inline void client_connection::fail(const request& what, const asio::error_code& code, std::string_view problem,
                                    bool sent) {
  // The query may hold what must not be in a log.
  std::string text = "rondo: no response from " + to_.text() + " to " + what.method + " " + std::string(what.path());
  text += ": " + (problem.empty() ? code.message() : std::string(problem));
  throw no_response(text, code, sent);
}

}  // namespace rondo::detail::http
