#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/connection_options.hpp"
#include "rondo/detail/io/certificate_files.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/host_lookup.hpp"
#include "rondo/detail/io/http2_call.hpp"
#include "rondo/detail/io/http2_connection.hpp"
#include "rondo/detail/io/http_proxy.hpp"
#include "rondo/detail/io/pem.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/version.hpp"

namespace rondo::detail::io {

/// Calls over HTTP/2 on asio's sockets, on the loop's thread alone: a twentieth of gRPC's code, for programs that must
/// be small or start fast. Connects with its first call, with one connection at a time. It behaves as grpc_transport
/// does.
class http2_transport final : public transport, private http2_connection::owner, private http2_call_place {
 public:
  using clock = std::function<time_point()>;

  /// Throws std::invalid_argument when the options cannot work. `now` says how old the addresses are.
  http2_transport(event_loop& loop, const client_options& options,
                  host_lookup::resolver resolve = host_lookup::ask_system, clock now = steady_clock::now)
      : loop_(&loop),
        resolve_(std::move(resolve)),
        now_(std::move(now)),
        options_(options),
        target_(parse_target(options.target)),
        proxy_(find_proxy(options)),
        uses_gzip_(uses_gzip(options)),
        keepalive_interval_(options.keepalive_interval),
        random_(static_cast<std::minstd_rand::result_type>(steady_clock::now().time_since_epoch().count())),
        refreshes_(options.dns_refresh_interval > std::chrono::milliseconds::zero() && may_move(connects_to())),
        first_address_(random_()) {
    if (!uses_tls(options_)) return;
    if (options_.tls) files_ = certificate_files::open(*options_.tls);
    check_tls(options_.tls.value_or(tls_options{}));
  }
  ~http2_transport() override {
    if (lookup_) lookup_->abandon();
    for (const auto& each : waiting_) each->is_at(nullptr);
    for (const auto& each : connections_) each->abandon();
  }

  event_loop& loop() noexcept override { return *loop_; }
  void start(unary_call& call) override {
    if (files_) look_at_files();
    route(http2_call::begin(*loop_, call, options_.max_receive_message_size));
  }
  void cancel(unary_call& call) noexcept override {
    static_cast<http2_call*>(call.state)
        ->end_later(rpc_result(rpc_status(rpc_code::cancelled, "call cancelled", true)));
  }

  void set_client_certificate(std::string certificate, std::string private_key) override {
    if (!uses_tls(options_)) return transport::set_client_certificate({}, {});
    tls_options changed = options_.tls.value_or(tls_options{});
    changed.client_certificate = std::move(certificate);
    changed.client_private_key = std::move(private_key);
    check_tls(changed);
    try {
      use(std::move(changed));
    } catch (const std::runtime_error& failed) {
      throw std::invalid_argument(std::string("rondo: ") + failed.what());
    }
    files_.reset();
  }

 private:
  /// Throws std::runtime_error when certificate and key cannot be used together; nothing has changed then.
  void use(tls_options tls) {
    tls_ = std::make_shared<const tls_context>(tls);
    options_.tls = std::move(tls);
    if (successor_) give_up(*std::exchange(successor_, nullptr));
    if (!current_) return;
    if (connected_) return retire(*current_);
    // It may have shown the old one already.
    give_up(*std::exchange(current_, nullptr));
    connect();
  }

  /// A connection that no call goes over.
  void give_up(http2_connection& connection) {
    connection.abandon();
    std::erase_if(connections_, [&](const auto& each) { return each.get() == &connection; });
  }

  void look_at_files() {
    tls_options changed = *options_.tls;
    if (!files_->renew(changed, steady_clock::now())) return;
    try {
      use(std::move(changed));
    } catch (const std::runtime_error&) {
      // The key is not that of the certificate. The present pair goes on until the files hold another one.
      return;
    }
  }

  // As long as those of grpc_transport, for the same reasons.
  static constexpr std::chrono::milliseconds first_reconnect{200};
  static constexpr std::chrono::milliseconds slowest_reconnect{5000};

  void route(const std::shared_ptr<http2_call>& call) {
    if (current_ && connected_) {
      refresh_addresses();
      call->prepare(uses_gzip_);
      if (current_->submit(call)) return;
      retire(*current_);
    }
    if (!current_ && !lookup_) {
      if (steady_clock::now() < retry_at_) return call->end_later(rpc_result(last_failure_));
      waiting_.push_back(call);
      call->is_at(this);
      return connect();
    }
    waiting_.push_back(call);
    call->is_at(this);
  }

  /// What it connects to: the server, or the proxy before it.
  const host_and_port& connects_to() const noexcept { return proxy_ ? proxy_->proxy : target_; }

  void connect() {
    connected_ = false;
    host_addresses found;
    look_up(found);
    if (!lookup_) connect_to(std::move(found));
  }

  /// What is no name fills `found`; otherwise there is a lookup now.
  void look_up(host_addresses& found) {
    lookup_ = host_lookup::start(*loop_, connects_to(), resolve_, found, [this](host_addresses result) {
      lookup_.reset();
      if (current_) return follow(std::move(result));
      // Nobody waits any more: the next call looks the name up itself.
      if (!waiting_.empty()) connect_to(std::move(result));
    });
  }

  /// Called for calls only, so an idle process asks nobody. Calls do not wait for the answer.
  void refresh_addresses() {
    if (!refreshes_ || lookup_ || successor_ || !current_->proven()) return;
    if (now_() - resolved_at_ < options_.dns_refresh_interval) return;
    host_addresses none;
    look_up(none);
  }

  /// Leaves an address that is the host's no more, once there is a connection to another one. One answer without it is
  /// not enough: name servers of many addresses tell some of them at a time. A name server that is away, or knows
  /// nothing at the moment, drives nobody from where calls work.
  void follow(host_addresses found) {
    resolved_at_ = now_();
    if (found.endpoints.empty() || !connected_ || successor_) return;
    const bool missing = std::count(found.endpoints.begin(), found.endpoints.end(), current_->address()) == 0;
    if (!std::exchange(was_missing_, missing) || !missing) return;
    try {
      successor_ = &make_connection();
    } catch (const std::exception&) {
      return;  // The certificates cannot be used: the next connection that calls need says so.
    }
    connect(*successor_, std::move(found));
  }

  void connect_to(host_addresses found) {
    resolved_at_ = now_();
    if (found.endpoints.empty()) {
      return fail_later("DNS resolution failed for " + (proxy_ ? proxy_->proxy.authority : options_.target) + ": " +
                        found.fault);
    }
    try {
      current_ = &make_connection();
    } catch (const std::exception& failed) {
      return fail_later(std::string("the certificates cannot be used: ") + failed.what());
    }
    connect(*current_, std::move(found));
  }

  http2_connection& make_connection() {
    was_missing_ = false;
    http2_connection::owner& self = *this;
    connections_.push_back(std::make_shared<http2_connection>(*loop_, self, connection_options()));
    return *connections_.back();
  }

  /// Each connection begins with another address of the host, and each process somewhere else.
  void connect(http2_connection& connection, host_addresses found) {
    if (refreshes_) rotate_addresses(found.endpoints, first_address_++);
    connection.connect(std::move(found.endpoints));
  }

  http2_connection_options connection_options() {
    http2_connection_options made;
    const bool tls = uses_tls(options_);
    const std::string name = options_.tls ? options_.tls->server_name : std::string();
    made.head.scheme = tls ? "https" : "http";
    made.head.authority = target_.authority;
    if (tls && !name.empty()) made.head.authority = name;
    if (!options_.authority.empty()) made.head.authority = options_.authority;
    made.head.user_agent = std::string(client_name) + "/" + std::string(version_string);
    if (tls) {
      if (!tls_) tls_ = std::make_shared<const tls_context>(options_.tls.value_or(tls_options{}));
      made.tls = tls_;
      made.server_name = name.empty() ? parse_target(made.head.authority).host : name;
    }
    made.proxy = proxy_;
    made.keepalive_interval = keepalive_interval_;
    made.keepalive_timeout = options_.keepalive_timeout;
    return made;
  }

  /// No connection came about: those who wait for it hear why, and so do those who call soon.
  void fail(rpc_status why) {
    backoff_ = backoff_ == duration::zero() ? duration(first_reconnect) : backoff_ * 8 / 5;
    backoff_ = std::min<duration>(backoff_, slowest_reconnect);
    const double random = std::uniform_real_distribution<double>(0.8, 1.2)(random_);
    retry_at_ =
        steady_clock::now() + duration(static_cast<duration::rep>(static_cast<double>(backoff_.count()) * random));
    last_failure_ = std::move(why);
    for (const auto& each : std::exchange(waiting_, {})) {
      each->is_at(nullptr);
      each->end_later(rpc_result(last_failure_));
    }
  }
  void fail_later(std::string why) { fail(rpc_status(rpc_code::unavailable, std::move(why), true)); }

  /// New calls need another connection.
  void retire(http2_connection& connection) {
    forget(connection);
    connection.drain();
  }

  /// No call goes over it any more. What is made to take its place takes it at once: calls wait for it.
  void forget(const http2_connection& connection) noexcept {
    if (successor_ == &connection) successor_ = nullptr;
    if (current_ != &connection) return;
    current_ = std::exchange(successor_, nullptr);
    connected_ = false;
  }

  void on_connected(http2_connection& connection) override {
    if (&connection == current_) send_waiting();
  }

  void send_waiting() {
    connected_ = true;
    for (const auto& each : std::exchange(waiting_, {})) {
      each->is_at(nullptr);
      route(each);
    }
  }

  void on_proven(http2_connection& connection) override {
    backoff_ = duration::zero();
    if (&connection == successor_) retire(*current_);
    // It was connected already when it took the place of another one.
    if (&connection == current_ && !connected_) send_waiting();
  }

  void on_draining(http2_connection& connection, bool too_many_pings) override {
    if (too_many_pings) keepalive_interval_ *= 2;
    forget(connection);
  }

  void on_unprocessed(std::shared_ptr<http2_call> call) override {
    if (std::exchange(call->gzip_was_refused, false)) {
      uses_gzip_ = false;
    } else if (std::exchange(call->replayed, true)) {
      rpc_status refused(rpc_code::unavailable, "the server refused the stream", true);
      return call->end_later(rpc_result(std::move(refused)));
    }
    // Not at once: this is inside the session that gave it back. A call that has ended meanwhile has no transport.
    loop_->post([this, call = std::move(call)] {
      if (!call->ended()) route(call);
    });
  }

  void on_closed(http2_connection& connection, rpc_status why) override {
    const bool is_current = current_ == &connection;
    forget(connection);
    std::erase_if(connections_, [&](const auto& each) { return each.get() == &connection; });
    if (is_current && !connection.proven()) fail(std::move(why));
  }

  void let_go(http2_call& call) noexcept override {
    std::erase_if(waiting_, [&](const auto& each) { return each.get() == &call; });
  }

  event_loop* loop_;
  host_lookup::resolver resolve_;
  clock now_;
  client_options options_;
  host_and_port target_;
  std::optional<proxy_route> proxy_;
  std::optional<certificate_files> files_;
  std::shared_ptr<const tls_context> tls_;
  std::shared_ptr<host_lookup> lookup_;
  /// The one that takes new calls, or is being made for them; the others only end what they have begun.
  http2_connection* current_ = nullptr;
  bool connected_ = false;
  /// Is being made to take the place of the current one.
  http2_connection* successor_ = nullptr;
  /// The last answer about the host lacked the current connection's address.
  bool was_missing_ = false;
  /// When the host's name was last looked up.
  time_point resolved_at_{};
  std::vector<std::shared_ptr<http2_connection>> connections_;
  std::vector<std::shared_ptr<http2_call>> waiting_;
  /// Until the server turns out not to know it.
  bool uses_gzip_;
  duration keepalive_interval_;
  duration backoff_{};
  time_point retry_at_{};
  rpc_status last_failure_;
  std::minstd_rand random_;
  /// The host may get other addresses, and is looked up again for that.
  bool refreshes_;
  std::size_t first_address_;
};

}  // namespace rondo::detail::io
