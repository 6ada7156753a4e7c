#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/slice.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/connection_options.hpp"
#include "rondo/detail/io/certificate_files.hpp"
#include "rondo/detail/io/grpc_origin.hpp"
#include "rondo/detail/io/grpc_reactor.hpp"
#include "rondo/detail/io/grpc_wire.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/http_proxy.hpp"
#include "rondo/detail/io/pem.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/version.hpp"

namespace rondo::detail::io {

/// One call in gRPC's hands; owns itself until its event came. The server is told the deadline, but gRPC is not: its
/// threads would end the call when they find the deadline passed after a freeze of the process, though the answer lies
/// in the socket. So the loop ends it, which looks for answers first.
class grpc_attempt final : public grpc_operation, public timer_node {
 public:
  /// `uses_gzip` becomes false when the server turns out not to know it. Stub and flag outlive the call.
  static void start(event_loop& loop, grpc_reactor& reactor, grpc::GenericStub& stub, bool& uses_gzip,
                    unary_call& call) {
    auto* self = new grpc_attempt(loop, reactor, stub, uses_gzip, call);
    call.state = self;
    reactor.add(*self);
    if (uses_gzip) self->context_.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    call.each_header(
        [self](const std::string& name, const std::string& value) { self->context_.AddMetadata(name, value); });
    if (call.deadline() != time_point::max()) {
      self->context_.AddMetadata("grpc-timeout", grpc_timeout(call.deadline() - steady_clock::now()));
      loop.arm(*self, call.deadline());
    }
    self->reader_ = stub.PrepareUnaryCall(&self->context_, call.path(), self->request_, &reactor.queue());
    self->reader_->StartCall();
    self->reader_->Finish(&self->response_, &self->status_, static_cast<grpc_event*>(self));
  }

  void on_event(bool) override {
    reactor_->remove(*this);
    loop_->disarm(*this);
    unary_call& call = *call_;
    rpc_result result = take_result();
    const bool goes_on = !loop_->closing() && !cancelled_ && !timed_out_;
    if (sends_gzip_ && goes_on && !result.status.from_transport && refuses_gzip(result.status)) {
      *uses_gzip_ = false;
      start(*loop_, *reactor_, *stub_, *uses_gzip_, call);
      delete this;
      return;
    }
    delete this;
    call.complete(std::move(result));
  }

  void try_cancel() noexcept override {
    cancelled_ = true;
    context_.TryCancel();
  }

 private:
  grpc_attempt(event_loop& loop, grpc_reactor& reactor, grpc::GenericStub& stub, bool& uses_gzip, unary_call& call)
      : loop_(&loop),
        reactor_(&reactor),
        stub_(&stub),
        uses_gzip_(&uses_gzip),
        sends_gzip_(uses_gzip),
        call_(&call),
        request_(shared_buffer(call.request())) {}
  ~grpc_attempt() = default;

  void on_timer() override {
    timed_out_ = !cancelled_;
    context_.TryCancel();
  }

  /// A buffer that keeps the request bytes alive as long as gRPC has something to send of them, without a copy.
  static grpc::ByteBuffer shared_buffer(const request_bytes& bytes) {
    auto* keeper = new request_bytes(bytes);
    const auto release = [](void* kept) { delete static_cast<request_bytes*>(kept); };
    const grpc::Slice slice(const_cast<char*>(bytes->data()), bytes->size(), release, keeper);
    return {&slice, 1};
  }

  rpc_result take_result() {
    if (status_.ok()) return rpc_result(take_response());
    rpc_status status(static_cast<rpc_code>(status_.error_code()), status_.error_message());
    if (status.code == rpc_code::cancelled && timed_out_) {
      return rpc_result(rpc_status(rpc_code::deadline_exceeded, "Deadline Exceeded", true));
    }
    status.details = status_.error_details();
    // Nobody but a server attaches details.
    status.from_transport =
        ended_here(status.code) ||
        (status.details.empty() && !is_sent_by_server(context_.debug_error_string(), status.message));
    return rpc_result(std::move(status));
  }

  bool ended_here(rpc_code code) const {
    if (code == rpc_code::cancelled) return cancelled_;
    return code == rpc_code::deadline_exceeded && call_->deadline_is_here();
  }

  response_bytes take_response() {
    if (!response_.Valid()) return {};
    auto slice = std::make_shared<grpc::Slice>();
    if (!response_.TrySingleSlice(slice.get()).ok() && !response_.DumpToSingleSlice(slice.get()).ok()) return {};
    const std::string_view bytes(reinterpret_cast<const char*>(slice->begin()), slice->size());
    return {std::move(slice), bytes};
  }

  event_loop* loop_;
  grpc_reactor* reactor_;
  grpc::GenericStub* stub_;
  bool* uses_gzip_;
  bool sends_gzip_;
  unary_call* call_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
  bool cancelled_ = false;
  bool timed_out_ = false;
};

/// Calls over one gRPC channel, driven by the completion queue of the loop.
class grpc_transport final : public transport {
 public:
  /// Throws std::invalid_argument when the options cannot work; connects with the first call.
  grpc_transport(event_loop& loop, const client_options& options)
      : loop_(&loop),
        reactor_(&loop.use_reactor<grpc_reactor>()),
        options_(options),
        files_(uses_tls(options_) && options_.tls ? certificate_files::open(*options_.tls) : std::nullopt),
        stub_(make_channel(options_)),
        uses_gzip_(uses_gzip(options)) {}

  event_loop& loop() noexcept override { return *loop_; }
  void start(unary_call& call) override {
    if (files_ && files_->renew(*options_.tls, steady_clock::now())) stub_ = grpc::GenericStub(make_channel(options_));
    grpc_attempt::start(*loop_, *reactor_, stub_, uses_gzip_, call);
  }
  void cancel(unary_call& call) noexcept override { static_cast<grpc_attempt*>(call.state)->try_cancel(); }

  /// A channel's credentials are fixed, so there is a new channel; calls keep theirs.
  void set_client_certificate(std::string certificate, std::string private_key) override {
    if (!uses_tls(options_)) return transport::set_client_certificate({}, {});
    tls_options changed = options_.tls.value_or(tls_options{});
    changed.client_certificate = std::move(certificate);
    changed.client_private_key = std::move(private_key);
    check_tls(changed);
    options_.tls = std::move(changed);
    files_.reset();
    stub_ = grpc::GenericStub(make_channel(options_));
  }

 private:
  static std::shared_ptr<grpc::Channel> make_channel(const client_options& options) {
    grpc::ChannelArguments how = arguments(options);
    const auto proxy = find_proxy(options);
    if (!proxy) return grpc::CreateCustomChannel(options.target, credentials(options), how);
    // gRPC's own way to a proxy, which it sets up this way when the environment names one. The proxy's address is what
    // it connects to, so the server must be named apart from it.
    how.SetString("grpc.http_connect_server", proxy->server);
    if (!proxy->authorization.empty()) {
      how.SetString("grpc.http_connect_headers", "Proxy-Authorization:" + proxy->authorization);
    }
    const bool is_named =
        !options.authority.empty() || (uses_tls(options) && options.tls && !options.tls->server_name.empty());
    if (!is_named) how.SetString(GRPC_ARG_DEFAULT_AUTHORITY, parse_target(options.target).authority);
    return grpc::CreateCustomChannel(proxy->proxy.authority, credentials(options), how);
  }

  static std::shared_ptr<grpc::ChannelCredentials> credentials(const client_options& options) {
    if (!uses_tls(options)) return grpc::InsecureChannelCredentials();
    const tls_options tls = options.tls.value_or(tls_options{});
    check_tls(tls);
    if (!tls.verify_server) return unchecked_credentials(tls);
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = tls.server_root_ca_certificate;
    ssl.pem_cert_chain = tls.client_certificate;
    ssl.pem_private_key = tls.client_private_key;
    return grpc::SslCredentials(ssl);
  }

  /// The same without a look at the server's certificate, which only another kind of credentials can leave out.
  static std::shared_ptr<grpc::ChannelCredentials> unchecked_credentials(const tls_options& tls) {
    grpc::experimental::TlsChannelCredentialsOptions how;
    how.set_verify_server_certs(false);
    how.set_check_call_host(false);
    how.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
    std::vector<grpc::experimental::IdentityKeyCertPair> own;
    if (!tls.client_certificate.empty()) own.push_back({tls.client_private_key, tls.client_certificate});
    const std::string& roots = tls.server_root_ca_certificate;
    if (!own.empty() || !roots.empty()) {
      how.set_certificate_provider(
          std::make_shared<grpc::experimental::StaticDataCertificateProvider>(roots, std::move(own)));
    }
    // gRPC 1.51 wants some, the system's or these, also when it checks nothing.
    if (!roots.empty()) how.watch_root_certs();
    if (!tls.client_certificate.empty()) how.watch_identity_key_cert_pairs();
    return grpc::experimental::TlsCredentials(how);
  }

  static grpc::ChannelArguments arguments(const client_options& options) {
    // The first reconnect comes about when the second retry of an ordinary call does, the slowest when the server has
    // been away for some while: gRPC's own 1 s and 120 s would make calls fail long after the server is back.
    constexpr int first_reconnect_ms = 200;
    constexpr int slowest_reconnect_ms = 5000;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, first_reconnect_ms);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, slowest_reconnect_ms);
    arguments.SetUserAgentPrefix(std::string(client_name) + "/" + std::string(version_string));
    constexpr std::size_t unlimited = std::numeric_limits<int>::max();
    arguments.SetMaxReceiveMessageSize(static_cast<int>(std::min(options.max_receive_message_size, unlimited)));
    arguments.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
                     1 << GRPC_COMPRESS_NONE | (uses_gzip(options) ? 1 << GRPC_COMPRESS_GZIP : 0));
    // find_proxy() reads the environment, for all transports alike.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    // All addresses of the host in turn, and the name is looked up again when one is lost. Not for the own machine,
    // whose name has an address that nothing listens at as often as not.
    const bool is_near = options.target.starts_with("localhost") || options.target.starts_with("unix");
    const bool spreads = options.dns_refresh_interval > std::chrono::milliseconds::zero();
    arguments.SetLoadBalancingPolicyName(spreads && !is_near ? "round_robin" : "pick_first");
    if (spreads) {
      // gRPC's own default is the most: a longer interval must not keep it from finding the server after a loss.
      const auto pause = std::min<std::chrono::milliseconds>(options.dns_refresh_interval, std::chrono::seconds(30));
      arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, milliseconds(pause));
    }
    // One attempt is one attempt: retry.hpp decides about the next.
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    if (options.keepalive_interval > std::chrono::milliseconds::zero()) {
      arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.keepalive_interval));
      arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(options.keepalive_timeout));
      arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
      arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    }
    if (uses_tls(options) && options.tls && !options.tls->server_name.empty()) {
      arguments.SetSslTargetNameOverride(options.tls->server_name);
      arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, options.tls->server_name);
    }
    if (!options.authority.empty()) arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, options.authority);
    return arguments;
  }

  static int milliseconds(std::chrono::milliseconds time) noexcept {
    constexpr std::chrono::milliseconds::rep most = std::numeric_limits<int>::max();
    return static_cast<int>(std::clamp(time.count(), std::chrono::milliseconds::rep{1}, most));
  }

  event_loop* loop_;
  grpc_reactor* reactor_;
  client_options options_;
  std::optional<certificate_files> files_;
  grpc::GenericStub stub_;
  bool uses_gzip_;
};

}  // namespace rondo::detail::io
