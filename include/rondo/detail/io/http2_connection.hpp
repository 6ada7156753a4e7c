#pragma once

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/io/http2_session.hpp"
#include "rondo/detail/io/http_proxy.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/tls_session.hpp"

namespace rondo::detail::io {

/// Calls a function when its time has come.
class callback_timer final : public timer_node {
 public:
  callback_timer(event_loop& loop, std::function<void()> function) : loop_(&loop), function_(std::move(function)) {}
  ~callback_timer() { cancel(); }

  void start(duration after) { loop_->arm(*this, later(steady_clock::now(), after)); }
  void cancel() noexcept { loop_->disarm(*this); }

 private:
  void on_timer() override { function_(); }

  event_loop* loop_;
  std::function<void()> function_;
};

/// What a connection is made with.
struct http2_connection_options {
  http2_request_head head;
  /// Null: without TLS.
  std::shared_ptr<const tls_context> tls;
  /// What the server's certificate must name.
  std::string server_name;
  /// The addresses are those of a proxy.
  std::optional<proxy_route> proxy;
  /// Zero: no pings.
  duration keepalive_interval{};
  duration keepalive_timeout{};
  /// A timer that is later than this was kept from firing: the process was frozen. The connection may be dead since
  /// long, and the time to find out is short.
  duration frozen_after = std::chrono::seconds(1);
  duration timeout_after_freeze = std::chrono::seconds(1);
};

/// One connection from its first packet to its end: socket, TLS, HTTP/2, pings. Handlers of asio keep it alive.
class http2_connection final : public std::enable_shared_from_this<http2_connection>, private http2_session::events {
 public:
  /// What its transport hears, never inside a call of a function of the connection's.
  class owner {
   public:
    virtual void on_connected(http2_connection& connection) = 0;
    /// The server speaks HTTP/2.
    virtual void on_proven(http2_connection& connection) = 0;
    /// No new calls; the present ones go on.
    virtual void on_draining(http2_connection& connection, bool too_many_pings) = 0;
    virtual void on_unprocessed(std::shared_ptr<http2_call> call) = 0;
    virtual void on_closed(http2_connection& connection, rpc_status why) = 0;

   protected:
    ~owner() = default;
  };

  http2_connection(event_loop& loop, owner& to, http2_connection_options options)
      : loop_(&loop),
        owner_(&to),
        socket_(loop.context()),
        session_(*this, options.head),
        options_(std::move(options)),
        attempt_timer_(loop, [this] { attempt_failed("no answer within the time of an attempt to connect"); }),
        keepalive_timer_(loop, [this] { keep_alive(); }) {}

  /// The server has shown that it speaks HTTP/2.
  bool proven() const noexcept { return proven_; }

  /// The address that it goes to, or tries at the moment; of use once connect() was called.
  const asio::ip::tcp::endpoint& address() const noexcept { return addresses_[next_address_ - 1]; }

  /// Tries the addresses one after the other.
  void connect(std::vector<asio::ip::tcp::endpoint> addresses) {
    addresses_ = std::move(addresses);
    attempt();
  }

  /// False when it takes no more calls.
  bool submit(const std::shared_ptr<http2_call>& call) {
    if (closed_ || !session_.submit(call)) return false;
    send_soon();
    return true;
  }

  /// It takes no more calls and ends with the last of them.
  void drain() {
    draining_ = true;
    send_soon();
  }

  /// Ends it without a word to its owner.
  void abandon() noexcept {
    owner_ = nullptr;
    end_socket();
  }

 private:
  void attempt() {
    // An address that does not answer must not use up the time that the next one needs.
    constexpr std::chrono::seconds with_others_left{3};
    constexpr std::chrono::seconds last_one{20};
    if (next_address_ == addresses_.size()) return close(rpc_code::unavailable, "failed to connect: " + faults_);
    const auto& address = addresses_[next_address_++];
    asio::error_code closing;
    socket_.close(closing);
    tls_.reset();
    asked_proxy_.reset();
    out_.clear();
    written_ = 0;
    waits_to_write_ = false;
    attempt_timer_.start(next_address_ == addresses_.size() ? last_one : with_others_left);
    const int number = ++attempt_number_;
    socket_.async_connect(address, [self = shared_from_this(), number](const asio::error_code& failed) {
      if (self->closed_ || number != self->attempt_number_) return;
      if (failed) return self->attempt_failed(failed.message());
      self->on_tcp();
    });
  }

  void attempt_failed(const std::string& why) {
    const auto keep = shared_from_this();
    ++attempt_number_;
    attempt_timer_.cancel();
    asio::error_code closing;
    socket_.close(closing);
    // Once HTTP/2 was spoken another address would not help.
    if (open_) return close(rpc_code::unavailable, why);
    if (!faults_.empty()) faults_ += "; ";
    faults_ += text_of(addresses_[next_address_ - 1]) + ": " + why;
    attempt();
  }

  static std::string text_of(const asio::ip::tcp::endpoint& address) {
    const std::string host = address.address().to_string();
    return (address.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(address.port());
  }

  void on_tcp() {
    asio::error_code failed;
    socket_.set_option(asio::ip::tcp::no_delay(true), failed);
    socket_.non_blocking(true, failed);
    if (failed) return attempt_failed(failed.message());
    last_read_ = steady_clock::now();
    if (options_.proxy) {
      asked_proxy_.emplace();
      out_ = connect_request(*options_.proxy);
      if (!write_out()) return;
    } else if (!greet()) {
      return;
    }
    read();
  }

  /// Nothing but the server is at the other end now. False when the connection has ended.
  bool greet() {
    if (!options_.tls) {
      on_open();
      return !closed_;
    }
    tls_.emplace(*options_.tls, options_.server_name);
    std::string nothing;
    if (!tls_->receive({}, nothing)) {
      attempt_failed(tls_->fault());
      return false;
    }
    tls_->take_output(out_);
    return write_out();
  }

  void on_open() {
    open_ = true;
    if (owner_) owner_->on_connected(*this);
    if (options_.keepalive_interval > duration::zero()) watch_after(options_.keepalive_interval);
    send();
  }

  void read() {
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this(), number = attempt_number_](
                                                       const asio::error_code& failed, std::size_t count) {
      if (self->closed_ || number != self->attempt_number_) return;
      if (failed) return self->lost(failed);
      self->last_read_ = steady_clock::now();
      if (self->on_bytes({self->buffer_.data(), count})) self->read();
    });
  }

  /// False when the connection has ended.
  bool on_bytes(std::string_view bytes) {
    const int number = attempt_number_;
    plain_.clear();
    if (asked_proxy_) {
      asked_proxy_->take(bytes);
      if (!asked_proxy_->fault().empty()) {
        attempt_failed(std::string(asked_proxy_->fault()));
        return false;
      }
      if (!asked_proxy_->complete()) return true;
      asked_proxy_.reset();
      if (!greet()) return false;
      if (bytes.empty()) return true;
    }
    if (tls_) {
      const bool good = tls_->receive(bytes, plain_);
      tls_->take_output(out_);
      if (!good) {
        write_out();  // the alert
        if (number == attempt_number_) attempt_failed(std::string(tls_->fault()));
        return false;
      }
      bytes = plain_;
      if (!open_ && tls_->established()) on_open();
      if (closed_ || !open_) return !closed_ && write_out();
    }
    if (!session_.receive(bytes)) {
      send();
      if (!closed_) close(rpc_code::unavailable, "the server broke the rules of HTTP/2");
      return false;
    }
    if (!closed_) send();
    if (!closed_ && tls_ && tls_->closed()) lost(asio::error::eof);
    return !closed_;
  }

  void lost(const asio::error_code& why) {
    const std::string text = why == asio::error::eof ? "the server closed the connection" : why.message();
    if (asked_proxy_) return attempt_failed("the proxy closed the connection");
    if (tls_ && !tls_->established()) return attempt_failed("TLS handshake failed: " + text);
    close(rpc_code::unavailable, text);
  }

  void send_soon() {
    if (std::exchange(send_scheduled_, true)) return;
    loop_->post([self = shared_from_this()] {
      self->send_scheduled_ = false;
      if (self->open_ && !self->closed_) self->send();
    });
  }

  /// Sends what HTTP/2 has to say.
  void send() {
    constexpr std::size_t enough = 256 * 1024;
    while (!waits_to_write_) {
      std::string& plain = tls_ ? plain_out_ : out_;
      if (!session_.pull(plain, enough)) return close(rpc_code::unavailable, "HTTP/2 failed on this side");
      if (tls_) {
        if (!tls_->send(plain_out_)) return close(rpc_code::unavailable, tls_->fault());
        plain_out_.clear();
        tls_->take_output(out_);
      }
      if (out_.empty()) break;
      if (!write_out()) return;
    }
    if (session_.over()) return close(rpc_code::unavailable, "the connection broke: no valid HTTP/2 came");
    if (draining_ && session_.streams() == 0) close(rpc_code::unavailable, "drained");
  }

  /// Writes as much as the socket takes; goes on later with the rest. False when the connection has ended.
  bool write_out() {
    while (!waits_to_write_ && written_ < out_.size()) {
      asio::error_code failed;
      written_ += socket_.write_some(asio::buffer(out_) + written_, failed);
      if (failed == asio::error::would_block || failed == asio::error::try_again) {
        waits_to_write_ = true;
        socket_.async_wait(asio::ip::tcp::socket::wait_write,
                           [self = shared_from_this(), number = attempt_number_](const asio::error_code& broken) {
                             if (self->closed_ || number != self->attempt_number_) return;
                             self->waits_to_write_ = false;
                             if (broken) return self->lost(broken);
                             if (self->write_out() && self->open_) self->send();
                           });
        return true;
      }
      if (failed) {
        lost(failed);
        return false;
      }
    }
    if (written_ == out_.size()) {
      constexpr std::size_t most_kept = 64 * 1024;
      out_.clear();
      if (out_.capacity() > most_kept) out_.shrink_to_fit();
      written_ = 0;
    }
    return true;
  }

  void keep_alive() {
    const time_point now = steady_clock::now();
    const duration silence = now - last_read_;
    const bool was_frozen = now - keepalive_due_ > options_.frozen_after;
    if (pinged_ && last_read_ <= pinged_at_ && !was_frozen) {
      return close(rpc_code::unavailable, "the server did not answer a ping in time");
    }
    pinged_ = silence >= options_.keepalive_interval;
    if (!pinged_) return watch_after(options_.keepalive_interval - silence);
    pinged_at_ = now;
    session_.ping();
    watch_after(was_frozen ? std::min(options_.timeout_after_freeze, options_.keepalive_timeout)
                           : options_.keepalive_timeout);
    send_soon();
  }

  void watch_after(duration time) {
    keepalive_due_ = later(steady_clock::now(), time);
    keepalive_timer_.start(time);
  }

  void close(rpc_code code, std::string why) {
    if (closed_) return;
    const auto keep = shared_from_this();
    end_socket();
    rpc_status status(code, std::move(why), true);
    session_.fail(status);
    if (auto* to = std::exchange(owner_, nullptr)) to->on_closed(*this, std::move(status));
  }

  void end_socket() noexcept {
    closed_ = true;
    attempt_timer_.cancel();
    keepalive_timer_.cancel();
    asio::error_code ignored;
    socket_.close(ignored);
  }

  void on_settings() override {
    attempt_timer_.cancel();
    proven_ = true;
    if (owner_) owner_->on_proven(*this);
  }
  void on_goaway(std::uint32_t h2_error, std::string_view text) override {
    draining_ = true;
    const bool too_many_pings = h2_error == h2_enhance_your_calm && text == "too_many_pings";
    if (owner_) owner_->on_draining(*this, too_many_pings);
  }
  void on_unprocessed(std::shared_ptr<http2_call> call) override {
    if (owner_) owner_->on_unprocessed(std::move(call));
  }

  event_loop* loop_;
  owner* owner_;
  asio::ip::tcp::socket socket_;
  /// Until it has answered.
  std::optional<proxy_answer> asked_proxy_;
  std::optional<tls_session> tls_;
  http2_session session_;
  http2_connection_options options_;
  std::vector<asio::ip::tcp::endpoint> addresses_;
  std::size_t next_address_ = 0;
  /// Handlers of earlier attempts must not act on the present one.
  int attempt_number_ = 0;
  std::string faults_;
  callback_timer attempt_timer_;
  callback_timer keepalive_timer_;
  time_point last_read_{};
  time_point pinged_at_{};
  time_point keepalive_due_{};
  bool pinged_ = false;
  bool open_ = false;
  bool proven_ = false;
  bool draining_ = false;
  bool closed_ = false;
  bool send_scheduled_ = false;
  bool waits_to_write_ = false;
  std::array<char, 32 * 1024> buffer_;
  std::string plain_;
  std::string plain_out_;
  std::string out_;
  std::size_t written_ = 0;
};

}  // namespace rondo::detail::io
