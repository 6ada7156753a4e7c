#pragma once
#include <array>
#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/socket_base.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/message.hpp"
#include "rondo/detail/http/parser.hpp"
#include "rondo/detail/http/serialize.hpp"
#include "rondo/detail/http/waiting.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/log.hpp"

namespace rondo::detail::http {

/// Answers a request. What it throws is logged and answered with 500.
using handler = std::function<asio::awaitable<response>(request)>;

struct server_options {
  message_limits limits{};
  std::size_t max_connections = 256;
  /// From the first byte of a request to its last one.
  io::duration receive_timeout = std::chrono::seconds(30);
  /// Between two requests.
  io::duration idle_timeout = std::chrono::seconds(75);
  /// For writing a response.
  io::duration send_timeout = std::chrono::seconds(30);
  logger log{};
};

class server_session;

/// What a server and its connections share.
struct server_state {
  server_state(io::event_loop& on, server_options with, handler answer)
      : loop(on), options(std::move(with)), handle(std::move(answer)), changed(on) {}

  void log_failure(std::string_view problem) const {
    options.log.error("an HTTP request could not be handled", {{"error", problem}});
  }

  io::event_loop& loop;
  server_options options;
  handler handle;
  /// A connection has ended, or is idle.
  wakeup changed;
  std::set<server_session*> sessions;
  /// Requests end as they will, and no other is taken.
  bool stopping = false;
  bool closed = false;
};

/// One connection of a server.
class server_session : public std::enable_shared_from_this<server_session> {
 public:
  server_session(std::shared_ptr<server_state> of, stream_socket socket)
      : state_(std::move(of)), socket_(std::move(socket)), input_changed_(state_->loop) {
    state_->sessions.insert(this);
  }
  server_session(const server_session&) = delete;
  server_session& operator=(const server_session&) = delete;
  ~server_session() {
    state_->sessions.erase(this);
    state_->changed.wake();
  }

  /// Serves the connection until it ends.
  static asio::awaitable<void> run(std::shared_ptr<server_session> self) {
    bool more = true;
    while (more) {
      request_parser parser(self->state_->options.limits);
      const received got = co_await self->receive(parser);
      more = false;
      if (got == received::request) {
        more = co_await self->answer(parser);
      } else if (got == received::refused) {
        co_await self->linger();
      }
    }
    self->close();
  }

  /// No request is under way, or begun.
  bool idle() const noexcept { return phase_ == phase::idle && input_.empty(); }
  bool working() const noexcept { return phase_ == phase::working; }
  io::time_point idle_since() const noexcept { return idle_since_; }

  /// Lets an idle connection notice that the server stops.
  void look() { input_changed_.wake(); }

  void close() {
    asio::error_code ignored;
    socket_.close(ignored);
    ended_ = true;
    client_.request_stop();
    input_changed_.wake();
  }

 private:
  enum class phase : std::uint8_t { idle, receiving, working };
  enum class received : std::uint8_t { request, nothing, refused };

  asio::awaitable<received> receive(request_parser& parser);
  asio::awaitable<bool> answer(request_parser& parser);
  asio::awaitable<response> ask_handler(request what);
  asio::awaitable<void> refuse(int status, std::string_view why);
  asio::awaitable<bool> write(std::string bytes);
  asio::awaitable<bool> wait_for_input(io::time_point deadline);
  asio::awaitable<void> linger();
  void read_more();
  void on_read(const asio::error_code& failed, std::size_t size);
  io::time_point after(io::duration time) const { return io::later(io::steady_clock::now(), time); }

  std::shared_ptr<server_state> state_;
  stream_socket socket_;
  wakeup input_changed_;
  std::array<char, 16 * 1024> chunk_{};
  std::string input_;
  std::stop_source client_;
  io::time_point idle_since_ = io::steady_clock::now();
  phase phase_ = phase::idle;
  bool reading_ = false, ended_ = false;
};

inline void server_session::read_more() {
  // While a request is worked on, reading notices that the client goes; a client that sends on and on must wait.
  constexpr std::size_t most_ahead = 64 * 1024;
  if (reading_ || ended_ || input_.size() >= most_ahead) return;
  reading_ = true;
  auto then = [self = shared_from_this()](const asio::error_code& failed, std::size_t size) {
    self->on_read(failed, size);
  };
  socket_.async_read_some(asio::buffer(chunk_), asio::bind_executor(state_->loop.executor(), std::move(then)));
}

inline void server_session::on_read(const asio::error_code& failed, std::size_t size) {
  reading_ = false;
  input_.append(chunk_.data(), size);
  if (failed) {
    ended_ = true;
    if (working()) client_.request_stop();
  } else if (working()) {
    read_more();
  }
  input_changed_.wake();
}

/// False: the time has come first.
inline asio::awaitable<bool> server_session::wait_for_input(io::time_point deadline) {
  bool in_time = true;
  while (input_.empty() && !ended_ && in_time && !(state_->stopping && phase_ == phase::idle)) {
    read_more();
    in_time = co_await input_changed_.wait_until(deadline);
  }
  co_return in_time;
}

inline asio::awaitable<server_session::received> server_session::receive(request_parser& parser) {
  phase_ = phase::idle;
  idle_since_ = io::steady_clock::now();
  state_->changed.wake();
  co_await wait_for_input(after(state_->options.idle_timeout));
  if (input_.empty()) co_return received::nothing;
  phase_ = phase::receiving;
  const io::time_point deadline = after(state_->options.receive_timeout);
  bool looked_at_head = false;
  for (;;) {
    input_.erase(0, parser.feed(input_));
    if (parser.error() != parse_error::none) {
      co_await refuse(status_of(parser.error()), parser.error_text());
      co_return received::refused;
    }
    if (parser.head_complete() && !looked_at_head) {
      looked_at_head = true;
      const bool expects = parser.minor_version() >= 1 && parser.message().headers.has("Expect");
      if (expects && !parser.expects_continue()) {
        co_await refuse(417, "the expectation is not known");
        co_return received::refused;
      }
      if (expects && !parser.complete() && input_.empty()) {
        const bool told = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
        if (!told) co_return received::nothing;
      }
    }
    if (parser.complete()) co_return received::request;
    const bool in_time = co_await wait_for_input(deadline);
    if (!in_time && parser.started()) {
      co_await refuse(408, "the request did not arrive in time");
      co_return received::refused;
    }
    if (input_.empty() && (ended_ || !in_time)) co_return received::nothing;
  }
}

/// True: the connection can take another request.
inline asio::awaitable<bool> server_session::answer(request_parser& parser) {
  phase_ = phase::working;
  client_ = std::stop_source();
  request& what = parser.message();
  what.stop = client_.get_token();
  response_form form;
  form.to_head = what.method == "HEAD";
  form.old_client = parser.minor_version() == 0;
  form.keep_alive = parser.keep_alive();
  read_more();
  const response made = co_await ask_handler(std::move(what));
  form.keep_alive =
      form.keep_alive && !ended_ && !state_->stopping && !has_word(made.headers.get("Connection"), "close");
  std::string bytes;
  try {
    bytes = serialize(made, form);
  } catch (const std::exception& failed) {
    state_->log_failure(failed.what());
    form.keep_alive = false;
    bytes = serialize(response(500), form);
  }
  const bool written = co_await write(std::move(bytes));
  if (!written) co_return false;
  if (!form.keep_alive && !input_.empty()) co_await linger();
  co_return form.keep_alive;
}

inline asio::awaitable<response> server_session::ask_handler(request what) {
  std::string problem;
  try {
    response made = co_await state_->handle(std::move(what));
    if (made.status >= 200 && made.status <= 599) co_return made;
    problem = "the handler answered with the status " + std::to_string(made.status);
  } catch (const std::exception& failed) {
    problem = failed.what();
  } catch (...) {
    problem = "the handler threw something that is no std::exception";
  }
  state_->log_failure(problem);
  co_return response(500, "{\"error\":\"the request could not be handled\"}");
}

inline asio::awaitable<void> server_session::refuse(int status, std::string_view why) {
  response_form form;
  form.keep_alive = false;
  const response made(status, "{\"error\":\"" + std::string(why) + "\"}");
  co_await write(serialize(made, form));
}

inline asio::awaitable<bool> server_session::write(std::string bytes) {
  const socket_deadline limit(state_->loop, socket_, after(state_->options.send_timeout));
  asio::error_code failed;
  co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
  co_return !failed;
}

inline asio::awaitable<void> server_session::linger() {
  // Closing a socket that has bytes to read resets the connection, and the client may lose the response.
  constexpr std::size_t most = 1024 * 1024;
  asio::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  const io::time_point deadline = after(std::chrono::seconds(1));
  phase_ = phase::receiving;
  std::size_t read = input_.size();
  input_.clear();
  while (!ended_ && read < most && !state_->closed) {
    const bool in_time = co_await wait_for_input(deadline);
    if (!in_time) break;
    read += input_.size();
    input_.clear();
  }
}

}  // namespace rondo::detail::http
