#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace rondo::test {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// HTTP/2 server that does to its clients what a test tells it to, on a thread of its own.
class http2_test_server {
 public:
  class peer;

  struct request {
    std::int32_t stream = 0;
    std::string path;
    header_list headers;
    std::string body;
    /// Number of the connection, from 1.
    int connection = 0;
    /// What the client connected to.
    std::string address;
  };

  struct options {
    /// Where it listens.
    asio::ip::address at = asio::ip::address_v4::loopback();
    std::vector<nghttp2_settings_entry> settings;
    /// Called when the headers are there, instead of when the request is.
    bool early = false;
    /// Called for every ping; pings are answered only by acknowledge_ping() then.
    std::function<void(peer&)> on_ping;
  };

  using handler = std::function<void(peer&, const request&)>;

  /// Called on the thread of the server.
  explicit http2_test_server(handler function) : http2_test_server(std::move(function), options()) {}
  http2_test_server(handler function, options how)
      : function_(std::move(function)), options_(std::move(how)), acceptor_(context_, {options_.at, 0}) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  http2_test_server(const http2_test_server&) = delete;
  http2_test_server& operator=(const http2_test_server&) = delete;
  ~http2_test_server() {
    context_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string target() const { return "127.0.0.1:" + std::to_string(port()); }
  int connections() const { return connections_; }
  int requests() const { return requests_; }
  /// Most streams that were open at a time.
  int most_streams() const { return most_streams_; }

 private:
  void accept();

  handler function_;
  options options_;
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  std::vector<std::shared_ptr<peer>> peers_;
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  std::atomic<int> most_streams_{0};
  std::thread thread_;
};

/// One connection, as the handlers see it.
class http2_test_server::peer : public std::enable_shared_from_this<peer> {
 public:
  peer(http2_test_server& owner, asio::ip::tcp::socket socket, int number)
      : owner_(&owner), socket_(std::move(socket)), number_(number) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
          auto& of = static_cast<peer*>(user)->streams_[frame->hd.stream_id].asked;
          of.headers.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                                  std::string(reinterpret_cast<const char*>(value), value_size));
          if (of.headers.back().first == ":path") of.path = of.headers.back().second;
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data, std::size_t size,
                      void* user) {
          static_cast<peer*>(user)->streams_[stream].asked.body.append(reinterpret_cast<const char*>(data), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                         [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
                                                           static_cast<peer*>(user)->on_frame(*frame);
                                                           return 0;
                                                         });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
          static_cast<peer*>(user)->streams_.erase(stream);
          return 0;
        });
    nghttp2_option* how = nullptr;
    nghttp2_option_new(&how);
    nghttp2_option_set_no_auto_ping_ack(how, owner.options_.on_ping ? 1 : 0);
    nghttp2_session_server_new2(&session_, callbacks, this, how);
    nghttp2_option_del(how);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, owner.options_.settings.data(),
                            owner.options_.settings.size());
  }
  ~peer() { nghttp2_session_del(session_); }

  void start() {
    flush();
    read();
  }

  /// A whole answer: a message, then the status.
  void answer(std::int32_t stream, std::string_view message, const std::string& status = "0") {
    std::string body(5, '\0');
    for (std::size_t i = 0; i < 4; ++i) body[1 + i] = static_cast<char>(message.size() >> (24 - 8 * i));
    respond(stream, {{":status", "200"}, {"content-type", "application/grpc"}}, body.append(message),
            {{"grpc-status", status}});
  }

  void respond(std::int32_t stream, const header_list& headers, std::string body, header_list trailers = {}) {
    auto& of = streams_[stream];
    of.body = std::move(body);
    of.trailers = std::move(trailers);
    nghttp2_data_provider provider{};
    provider.read_callback = [](nghttp2_session* session, std::int32_t id, std::uint8_t* to, std::size_t size,
                                std::uint32_t* flags, nghttp2_data_source*, void* user) {
      auto& from = static_cast<peer*>(user)->streams_[id];
      const std::size_t taken = std::min(size, from.body.size() - from.sent);
      std::copy_n(from.body.data() + from.sent, taken, to);
      from.sent += taken;
      if (from.sent == from.body.size()) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (!from.trailers.empty()) {
          *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
          nghttp2_submit_trailer(session, id, fields(from.trailers).data(), from.trailers.size());
        }
      }
      return static_cast<ssize_t>(taken);
    };
    nghttp2_submit_response(session_, stream, fields(headers).data(), headers.size(), &provider);
  }

  /// Headers and end at once.
  void respond_headers(std::int32_t stream, const header_list& headers) {
    nghttp2_submit_response(session_, stream, fields(headers).data(), headers.size(), nullptr);
  }
  void reset(std::int32_t stream, std::uint32_t h2_error) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, h2_error);
  }
  void goaway(std::int32_t last_stream, std::uint32_t h2_error = NGHTTP2_NO_ERROR, std::string_view text = {}) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream, h2_error,
                          reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  /// Answers a ping.
  void acknowledge_ping() {
    const std::uint8_t nothing[8] = {};
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_ACK, nothing);
  }
  void close() { socket_.close(); }
  /// From any thread, later.
  void later(std::function<void(peer&)> function) {
    asio::post(socket_.get_executor(), [self = shared_from_this(), function = std::move(function)] {
      function(*self);
      self->flush();
    });
  }

 private:
  struct stream_state {
    request asked;
    std::string body;
    std::size_t sent = 0;
    header_list trailers;
  };

  static std::vector<nghttp2_nv> fields(const header_list& headers) {
    std::vector<nghttp2_nv> made;
    const auto bytes = [](const std::string& of) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(of.data()));
    };
    for (const auto& [name, value] : headers) {
      made.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return made;
  }

  void on_frame(const nghttp2_frame& frame) {
    if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) {
      if (owner_->options_.on_ping) owner_->options_.on_ping(*this);
    }
    const bool is_headers = frame.hd.type == NGHTTP2_HEADERS;
    if (is_headers) {
      owner_->most_streams_ = std::max(owner_->most_streams_.load(), static_cast<int>(streams_.size()));
    }
    const bool is_end =
        (is_headers || frame.hd.type == NGHTTP2_DATA) && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (owner_->options_.early ? !is_headers : !is_end) return;
    auto asked = streams_[frame.hd.stream_id].asked;
    asked.stream = frame.hd.stream_id;
    asked.connection = number_;
    asked.address = socket_.local_endpoint().address().to_string();
    ++owner_->requests_;
    owner_->function_(*this, asked);
  }

  void read() {
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](asio::error_code failed, std::size_t n) {
      if (failed) return;
      const auto* data = reinterpret_cast<const std::uint8_t*>(self->buffer_.data());
      if (nghttp2_session_mem_recv(self->session_, data, n) < 0) return self->close();
      self->flush();
      if (self->socket_.is_open()) self->read();
    });
  }

  void flush() {
    const std::uint8_t* data = nullptr;
    for (;;) {
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size <= 0 || !socket_.is_open()) return;
      asio::error_code failed;
      asio::write(socket_, asio::buffer(data, static_cast<std::size_t>(size)), failed);
    }
  }

  http2_test_server* owner_;
  asio::ip::tcp::socket socket_;
  int number_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, stream_state> streams_;
  std::array<char, 16 * 1024> buffer_;
};

inline void http2_test_server::accept() {
  acceptor_.async_accept([this](asio::error_code failed, asio::ip::tcp::socket socket) {
    if (failed) return;
    peers_.push_back(std::make_shared<peer>(*this, std::move(socket), ++connections_));
    peers_.back()->start();
    accept();
  });
}

/// Says the same bytes to everybody who connects, and then nothing.
class raw_test_server {
 public:
  explicit raw_test_server(std::string greeting, bool then_close = false)
      : greeting_(std::move(greeting)),
        then_close_(then_close),
        acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~raw_test_server() {
    context_.stop();
    thread_.join();
  }
  std::string target() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  int connections() const { return connections_; }

 private:
  void accept() {
    acceptor_.async_accept([this](asio::error_code failed, asio::ip::tcp::socket socket) {
      if (failed) return;
      ++connections_;
      asio::write(socket, asio::buffer(greeting_), failed);
      if (!then_close_) sockets_.push_back(std::move(socket));
      accept();
    });
  }

  std::string greeting_;
  bool then_close_;
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  std::vector<asio::ip::tcp::socket> sockets_;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace rondo::test
