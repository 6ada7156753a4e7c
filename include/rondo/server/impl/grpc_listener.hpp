#pragma once

#include "rondo/server/grpc_listener.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rondo/detail/io/grpc_server_reactor.hpp"
#include "rondo/server/bind_check.hpp"
#include "rondo/server/gzip.hpp"
#include "rondo/server/health.hpp"
#include "rondo/server/reflection.hpp"
#include "rondo/server/test_service.hpp"

namespace rondo::server {

namespace detail_grpc_listener {

/// Calls that may begin at the same moment; the rest waits inside of gRPC.
inline constexpr int accepts = 64;
inline constexpr int largest_response = 128 << 20;
/// Larger requests are refused unread. Those above the server's own limit, which is lower, get its answer.
inline constexpr int largest_request = 16 << 20;
/// Bytes that a connection may leave unread, and all of them together; answers beyond that are refused.
inline constexpr std::size_t unread_by_one = 64U << 20U;
inline constexpr std::size_t unread_by_all = 512U << 20U;
/// Smaller answers are not counted, and larger ones are not copied.
inline constexpr std::size_t small_response = 16U << 10U;
inline constexpr std::size_t memory_for_transport = 512U << 20U;

inline void configure(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(largest_request);
  builder.SetMaxSendMessageSize(largest_response);
  // Requests are unpacked by gzip.hpp, which knows when to stop.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  // Two servers on one port would share its clients unnoticed.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 64 << 10);
  // Clients may ping every five seconds, with or without calls under way.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Connections that have nothing to say are closed; clients open them again when they have.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 120'000);
  // And the server finds out who is gone, or reads no more.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  grpc::ResourceQuota quota("rondo");
  quota.Resize(memory_for_transport);
  builder.SetResourceQuota(quota);
}

inline io::time_point to_time_point(gpr_timespec deadline) noexcept {
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return io::time_point::max();
  const gpr_timespec time = gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC);
  constexpr std::int64_t most = never / second - 1;
  if (time.tv_sec > most) return io::time_point::max();
  return io::time_point(io::duration(time.tv_sec * second + time.tv_nsec));
}

inline std::string_view view(const grpc::Slice& slice) noexcept {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

inline grpc::ByteBuffer to_buffer(io::rpc_result result) {
  const std::string_view bytes = result.response.view();
  if (bytes.size() <= small_response) {
    const grpc::Slice copy(bytes.data(), bytes.size());
    return {&copy, 1};
  }
  auto* keeper = new io::response_bytes(std::move(result.response));
  const std::string_view kept = keeper->view();
  const grpc::Slice slice(
      const_cast<char*>(kept.data()), kept.size(), [](void* which) { delete static_cast<io::response_bytes*>(which); },
      keeper);
  return {&slice, 1};
}

/// A poll of a task queue: its empty answer says that there is no task.
inline bool is_task_poll(std::string_view path) noexcept {
  return path.find("/Poll") != path.npos && path.ends_with("TaskQueue");
}

}  // namespace detail_grpc_listener

/// What the calls share with the listener and what lives until the last of them has ended.
class grpc_listener::gate final : public std::enable_shared_from_this<gate> {
 public:
  gate(io::event_loop& loop, frontend& to)
      : loop_(&loop), frontend_(&to), reactor_(&loop.use_reactor<io::grpc_server_reactor>()) {}

  void listen(const std::string& wanted);
  void drain(std::function<void()> then);
  void stop();

  const std::string& address() const noexcept { return address_; }
  int port() const noexcept { return port_; }

  grpc::AsyncGenericService& service() noexcept { return service_; }
  grpc::ServerCompletionQueue& queue() noexcept { return reactor_->incoming(); }
  /// Null: no request is handled any more.
  frontend* server() noexcept { return frontend_; }
  /// Expires before the server goes.
  std::weak_ptr<void> alive() const noexcept { return alive_; }
  bool draining() const noexcept { return draining_; }
  /// Nothing may be asked of gRPC any more.
  bool closed() const noexcept { return server_ == nullptr || stopped_; }

  void accept();
  void add(call& which);
  void remove(call& which);
  /// False: too much waits to be read already.
  bool reserve(const std::string& peer, std::size_t bytes);
  void give_back(const std::string& peer, std::size_t bytes);

 private:
  void end_waiting_calls();

  io::event_loop* loop_;
  frontend* frontend_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  io::grpc_server_reactor* reactor_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  int port_ = 0;
  bool draining_ = false;
  bool stopped_ = false;
  std::function<void()> drained_;
  /// Calls that gRPC has not let go of.
  std::vector<call*> calls_;
  std::unordered_map<std::string, std::size_t> unread_;
  std::size_t unread_by_all_ = 0;
};

/// One call from the wire. Owns itself as long as gRPC has something to tell it.
class grpc_listener::call final : public incoming_call, public std::enable_shared_from_this<call> {
 public:
  explicit call(std::shared_ptr<gate> by)
      : gate_(std::move(by)), stream_(&context_), main_(*this, &call::on_main), done_(*this, &call::on_done) {}

  /// Waits for a call to begin.
  void accept() {
    self_ = shared_from_this();
    context_.AsyncNotifyWhenDone(done_.tag());
    gate_->service().RequestCall(&context_, &stream_, &gate_->queue(), &gate_->queue(), main_.tag());
  }
  /// The server ends, and nobody will answer.
  void end_waiting();
  /// The server forgets the call.
  void forget() { abandon(); }

  std::string_view path() const noexcept override { return context_.method(); }
  std::string_view request() const noexcept override { return request_; }
  io::time_point deadline() const noexcept override {
    return detail_grpc_listener::to_time_point(context_.raw_deadline());
  }
  std::string_view header(std::string_view name) const noexcept override {
    const auto& all = context_.client_metadata();
    const auto found = all.find(grpc::string_ref(name.data(), name.size()));
    if (found == all.end()) return {};
    return {found->second.data(), found->second.size()};
  }
  void finish(io::rpc_result result) override;

 private:
  friend class gate;

  /// The end of something that was asked of gRPC.
  class event final : public io::grpc_event {
   public:
    event(call& of, void (call::*then)(bool)) : call_(of), then_(then) {}
    void on_event(bool ok) override { (call_.*then_)(ok); }
    void* tag() noexcept { return static_cast<io::grpc_event*>(this); }

   private:
    call& call_;
    void (call::*then_)(bool);
  };
  enum class state : std::uint8_t { accepting, reading, writing, ending };

  void on_main(bool ok);
  void on_done(bool ok);
  void begin();
  void read();
  void take_request();
  void serve();
  void answer_stream();
  void end_stream();
  void end(io::rpc_result result);
  void let_go();

  std::shared_ptr<gate> gate_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  event main_;
  event done_;
  state state_ = state::accepting;
  bool main_outstanding_ = true;
  bool done_outstanding_ = false;
  std::size_t place_ = 0;

  grpc::ByteBuffer message_;
  grpc::Slice slice_;
  std::string unpacked_;
  std::string_view request_;
  /// Of reflection.
  std::unique_ptr<reflection_stream> reflection_;
  bool watches_health_ = false;
  std::string peer_;
  std::size_t reserved_ = 0;
  std::shared_ptr<call> self_;
};

RONDO_SERVER_FUNCTION void grpc_listener::call::on_main(bool ok) {
  main_outstanding_ = false;
  switch (std::exchange(state_, state::ending)) {
    case state::accepting:
      if (!ok) return self_.reset();
      done_outstanding_ = true;
      gate_->add(*this);
      gate_->accept();
      begin();
      break;
    case state::reading:
      if (ok) {
        take_request();
      } else {
        end_stream();
      }
      break;
    case state::writing:
      // A watcher of the health hears nothing more; it waits until it goes.
      if (ok && reflection_) read();
      break;
    case state::ending:
      if (reserved_ > 0) gate_->give_back(peer_, reserved_);
      break;
  }
  let_go();
}

RONDO_SERVER_FUNCTION void grpc_listener::call::on_done(bool) {
  done_outstanding_ = false;
  const auto keep = self_;
  if (context_.IsCancelled()) abandon();
  let_go();
}

RONDO_SERVER_FUNCTION void grpc_listener::call::let_go() {
  if (main_outstanding_ || done_outstanding_) return;
  gate_->remove(*this);
  const auto last = std::move(self_);
}

RONDO_SERVER_FUNCTION void grpc_listener::call::begin() {
  if (gate_->server() == nullptr || gate_->draining()) {
    return end(io::rpc_result(rpc_status(rpc_code::unavailable, "the server is stopping")));
  }
  reflection_ = open_reflection(path(), *gate_->server());
  watches_health_ = path() == "/grpc.health.v1.Health/Watch";
  read();
}

RONDO_SERVER_FUNCTION void grpc_listener::call::read() {
  if (gate_->closed()) return;
  state_ = state::reading;
  main_outstanding_ = true;
  stream_.Read(&message_, main_.tag());
}

RONDO_SERVER_FUNCTION void grpc_listener::call::take_request() {
  if (abandoned()) return;
  if (!message_.TrySingleSlice(&slice_).ok() && !message_.DumpToSingleSlice(&slice_).ok()) {
    return end(io::rpc_result(rpc_status(rpc_code::internal, "the request cannot be read")));
  }
  message_.Clear();
  request_ = detail_grpc_listener::view(slice_);
  if (is_gzip(request_)) {
    if (!gunzip(request_, detail_grpc_listener::largest_request, unpacked_)) {
      return end(io::rpc_result(
          rpc_status(rpc_code::resource_exhausted, "the request cannot be unpacked: it is damaged or too large")));
    }
    request_ = unpacked_;
  }
  serve();
}

RONDO_SERVER_FUNCTION void grpc_listener::call::serve() {
  frontend* to = gate_->server();
  if (to == nullptr) return end(io::rpc_result(rpc_status(rpc_code::unavailable, "the server is stopping")));
  if (reflection_ || watches_health_) return answer_stream();
  to->handle(attend_clock(to->owner(), shared_from_this(), gate_->alive()));
}

RONDO_SERVER_FUNCTION void grpc_listener::call::answer_stream() {
  const std::string bytes = reflection_ ? reflection_->answer(request_) : watch_health(*gate_->server(), request_);
  const grpc::Slice slice(bytes);
  message_ = grpc::ByteBuffer(&slice, 1);
  if (gate_->closed()) return;
  state_ = state::writing;
  main_outstanding_ = true;
  stream_.Write(message_, main_.tag());
}

/// The client sends no more.
RONDO_SERVER_FUNCTION void grpc_listener::call::end_stream() {
  if (abandoned() || finished()) return;
  if (reflection_) return end(io::rpc_result());
  end(io::rpc_result(rpc_status(rpc_code::internal, "the call brings no request")));
}

RONDO_SERVER_FUNCTION void grpc_listener::call::end_waiting() {
  if (abandoned() || finished() || main_outstanding_) return;
  if (watches_health_) return end(io::rpc_result(rpc_status(rpc_code::unavailable, "the server is stopping")));
  const bool poll = detail_grpc_listener::is_task_poll(path());
  const auto keep = self_;
  abandon();
  end(poll ? io::rpc_result() : io::rpc_result(rpc_status(rpc_code::unavailable, "the server is stopping")));
}

RONDO_SERVER_FUNCTION void grpc_listener::call::finish(io::rpc_result result) {
  if (abandoned() || finished()) return;
  set_finished();
  end(std::move(result));
}

/// Sends the end of the call.
RONDO_SERVER_FUNCTION void grpc_listener::call::end(io::rpc_result result) {
  set_finished();
  if (gate_->closed() || !done_outstanding_) return;
  state_ = state::ending;
  main_outstanding_ = true;
  const std::size_t size = result.response.view().size();
  if (result.status.ok() && size > detail_grpc_listener::small_response) {
    peer_ = context_.peer();
    if (gate_->reserve(peer_, size)) {
      reserved_ = size;
    } else {
      result = io::rpc_result(rpc_status(rpc_code::resource_exhausted, "too many answers wait to be read"));
    }
  }
  if (!result.status.ok() || reflection_ || watches_health_) {
    const auto code = static_cast<grpc::StatusCode>(result.status.code);
    return stream_.Finish(grpc::Status(code, result.status.message, result.status.details), main_.tag());
  }
  stream_.WriteAndFinish(detail_grpc_listener::to_buffer(std::move(result)), grpc::WriteOptions(), grpc::Status::OK,
                         main_.tag());
}

RONDO_SERVER_FUNCTION void grpc_listener::gate::listen(const std::string& wanted) {
  check_bindable(wanted);
  grpc::ServerBuilder& builder = reactor_->take_builder();
  detail_grpc_listener::configure(builder);
  builder.AddListeningPort(wanted, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterAsyncGenericService(&service_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) throw std::runtime_error("cannot listen on " + wanted + ": gRPC did not accept the address");
  const bool has_port = !wanted.starts_with("unix:");
  if (!has_port) port_ = 0;
  address_ = has_port ? wanted.substr(0, wanted.rfind(':') + 1) + std::to_string(port_) : wanted;
  for (int i = 0; i < detail_grpc_listener::accepts; ++i) accept();
}

RONDO_SERVER_FUNCTION void grpc_listener::gate::accept() {
  if (!closed()) std::make_shared<call>(shared_from_this())->accept();
}

RONDO_SERVER_FUNCTION void grpc_listener::gate::add(call& which) {
  which.place_ = calls_.size();
  calls_.push_back(&which);
}

RONDO_SERVER_FUNCTION void grpc_listener::gate::remove(call& which) {
  calls_.back()->place_ = which.place_;
  calls_[which.place_] = calls_.back();
  calls_.pop_back();
  if (!calls_.empty() || !drained_) return;
  if (const auto then = std::exchange(drained_, nullptr)) then();
}

RONDO_SERVER_FUNCTION bool grpc_listener::gate::reserve(const std::string& peer, std::size_t bytes) {
  std::size_t& unread = unread_[peer];
  // A single answer of any size always has its chance.
  const bool fits = unread == 0 || unread + bytes <= detail_grpc_listener::unread_by_one;
  if (!fits || unread_by_all_ + bytes > detail_grpc_listener::unread_by_all) {
    if (unread == 0) unread_.erase(peer);
    return false;
  }
  unread += bytes;
  unread_by_all_ += bytes;
  return true;
}

RONDO_SERVER_FUNCTION void grpc_listener::gate::give_back(const std::string& peer, std::size_t bytes) {
  unread_by_all_ -= bytes;
  const auto found = unread_.find(peer);
  found->second -= bytes;
  if (found->second == 0) unread_.erase(found);
}

RONDO_SERVER_FUNCTION void grpc_listener::gate::drain(std::function<void()> then) {
  draining_ = true;
  if (frontend_ == nullptr) return then();
  // Whatever has been done is answered once it is safe; who has no answer by then waits for something else.
  frontend_->owner().when_safe([self = shared_from_this(), then = std::move(then)](const rpc_status&) {
    self->loop_->post([self, then] {
      self->end_waiting_calls();
      if (self->calls_.empty()) return then();
      self->drained_ = then;
    });
  });
}

RONDO_SERVER_FUNCTION void grpc_listener::gate::end_waiting_calls() {
  const std::vector<call*> all = calls_;
  for (call* each : all) each->end_waiting();
}

RONDO_SERVER_FUNCTION void grpc_listener::gate::stop() {
  if (std::exchange(stopped_, true)) return;
  draining_ = true;
  drained_ = nullptr;
  for (call* each : std::vector<call*>(calls_)) each->forget();
  frontend_ = nullptr;
  alive_.reset();
  if (server_) server_->Shutdown(std::chrono::system_clock::now());
}

RONDO_SERVER_FUNCTION grpc_listener::grpc_listener(io::event_loop& loop, frontend& to, const std::string& address)
    : gate_(std::make_shared<gate>(loop, to)) {
  gate_->listen(address);
}

RONDO_SERVER_FUNCTION grpc_listener::~grpc_listener() { gate_->stop(); }

RONDO_SERVER_FUNCTION const std::string& grpc_listener::address() const noexcept { return gate_->address(); }
RONDO_SERVER_FUNCTION int grpc_listener::port() const noexcept { return gate_->port(); }
RONDO_SERVER_FUNCTION void grpc_listener::drain(std::function<void()> then) { gate_->drain(std::move(then)); }
RONDO_SERVER_FUNCTION void grpc_listener::stop() { gate_->stop(); }

}  // namespace rondo::server
