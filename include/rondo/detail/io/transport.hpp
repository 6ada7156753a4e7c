#pragma once

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/dispatch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/slot_hook.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::detail::io {

using metadata_list = std::vector<std::pair<std::string, std::string>>;

/// Request bytes, shared by the attempts of a call and by what the transport still has to send.
using request_bytes = std::shared_ptr<const std::string>;

/// Bytes of a response, owned by themselves or by a buffer of the transport.
class response_bytes {
 public:
  response_bytes() = default;
  explicit response_bytes(std::string bytes) {
    if (bytes.empty()) return;
    const auto kept = std::make_shared<const std::string>(std::move(bytes));
    view_ = *kept;
    owner_ = kept;
  }
  response_bytes(std::shared_ptr<const void> owner, std::string_view bytes) : owner_(std::move(owner)), view_(bytes) {}

  /// Empty after the bytes were moved away: their memory is the other's then.
  std::string_view view() const noexcept { return owner_ ? view_ : std::string_view(); }

  /// Why its payloads are still encoded; empty: they are not.
  std::string problem() const { return problem_ == nullptr ? std::string() : *problem_; }
  void set_problem(std::string why) { problem_ = std::make_shared<const std::string>(std::move(why)); }

 private:
  // As light as it can be: it moves from coroutine to coroutine.
  std::shared_ptr<const void> owner_;
  std::string_view view_;
  std::shared_ptr<const std::string> problem_;
};

/// Status of a call and, when it is OK, its response.
class rpc_result {
 public:
  rpc_result() = default;
  explicit rpc_result(rpc_status failed) : status(std::move(failed)) {}
  explicit rpc_result(response_bytes bytes) : response(std::move(bytes)) {}

  rpc_status status;
  response_bytes response;
};

/// What one attempt of a call may do.
class call_options {
 public:
  call_options() = default;

  time_point deadline = time_point::max();
  /// Headers that all calls of a connection share; may be null.
  std::shared_ptr<const metadata_list> common_metadata;
  metadata_list metadata;
  /// Gives the key that each attempt bears; null: `common_metadata` says all.
  std::shared_ptr<const std::function<std::string()>> api_key;
  /// May end the call early; null: nothing does.
  call_token* token = nullptr;
};

/// One attempt of one call, from the transport's side.
class unary_call {
 public:
  unary_call(const unary_call&) = delete;
  unary_call& operator=(const unary_call&) = delete;

  const std::string& path() const noexcept { return path_; }
  const request_bytes& request() const noexcept { return request_; }
  time_point deadline() const noexcept { return options_.deadline; }
  /// A server that says now that the deadline has passed means this call's: it was told it, and its clock is a coarse
  /// one.
  bool deadline_is_here() const noexcept {
    constexpr std::chrono::milliseconds coarseness{10};
    return deadline() != time_point::max() && steady_clock::now() + coarseness >= deadline();
  }
  /// Calls the function with name and value of every header.
  template <class Function>
  void each_header(Function&& function) const {
    if (options_.common_metadata) {
      for (const auto& [name, value] : *options_.common_metadata) function(name, value);
    }
    for (const auto& [name, value] : options_.metadata) function(name, value);
  }

  /// Ends the call: exactly once, on the loop's thread, not inside start() or cancel() of the transport.
  virtual void complete(rpc_result result) = 0;

  /// For the transport.
  void* state = nullptr;

 protected:
  unary_call(std::string path, request_bytes request, call_options options)
      : path_(std::move(path)), request_(std::move(request)), options_(std::move(options)) {}
  ~unary_call() = default;

  call_token* token() const noexcept { return options_.token; }

 private:
  std::string path_;
  request_bytes request_;
  call_options options_;
};

/// Carries calls to a server. All of it happens on the thread of its loop; all its calls end before it is destroyed.
class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  virtual event_loop& loop() noexcept = 0;
  virtual void start(unary_call& call) = 0;
  /// The call ends soon; with CANCELLED when it has not ended already.
  virtual void cancel(unary_call& call) noexcept = 0;

  /// Calls that start from now on go over connections with this certificate and key; those under way are left alone.
  /// Throws std::invalid_argument when they cannot be used, or there is no TLS; all stays as it was then.
  virtual void set_client_certificate(std::string certificate, std::string private_key) {
    static_cast<void>(certificate);
    static_cast<void>(private_key);
    throw std::invalid_argument("rondo: a connection without TLS shows no certificate");
  }
};

/// unary_call whose end calls an asio completion handler; owns itself until then.
template <class Handler>
class unary_operation final : public unary_call, private call_token::hook {
 public:
  static void start(transport& over, std::string path, request_bytes request, call_options options, Handler handler) {
    if (over.loop().closing()) return;
    auto* self = new unary_operation(over, std::move(path), std::move(request), std::move(options), std::move(handler));
    self->follow();
    over.start(*self);
    if (self->token() && self->token()->cancelled()) over.cancel(*self);
  }

  void complete(rpc_result result) override {
    detach();
    event_loop& loop = *loop_;
    if (loop.closing()) {
      delete this;
      return;
    }
    slot_.detach(handler_);
    const auto executor = asio::get_associated_executor(handler_, loop.executor());
    result_ = std::move(result);
    asio::dispatch(executor, [self = std::unique_ptr<unary_operation>(this)]() mutable { finish(std::move(self)); });
  }

 private:
  friend std::default_delete<unary_operation>;

  unary_operation(transport& over, std::string path, request_bytes request, call_options options, Handler handler)
      : unary_call(std::move(path), std::move(request), std::move(options)),
        transport_(&over),
        loop_(&over.loop()),
        handler_(std::move(handler)) {}
  ~unary_operation() = default;

  /// Calls the handler when the memory of the operation is free again.
  static void finish(std::unique_ptr<unary_operation> self) {
    Handler handler = std::move(self->handler_);
    rpc_result result = std::move(self->result_);
    self.reset();
    std::move(handler)(std::move(result));
  }
  void on_cancel() override { transport_->cancel(*this); }

  void follow() {
    if (token()) attach(*token());
    slot_.attach(handler_, [this] { transport_->cancel(*this); });
  }

  transport* transport_;
  event_loop* loop_;
  Handler handler_;
  rpc_result result_;
  slot_hook slot_;
};

/// asio operation of one attempt of a call. A cancelled call completes with CANCELLED from the transport.
/// Start it on the loop's thread; the transport outlives it.
template <class CompletionToken>
auto async_unary(transport& over, std::string path, request_bytes request, call_options options,
                 CompletionToken&& completion) {
  return asio::async_initiate<CompletionToken, void(rpc_result)>(
      [](auto&& handler, transport* by, std::string to, request_bytes bytes, call_options how) {
        using handler_type = std::decay_t<decltype(handler)>;
        unary_operation<handler_type>::start(*by, std::move(to), std::move(bytes), std::move(how),
                                             std::forward<decltype(handler)>(handler));
      },
      completion, &over, std::move(path), std::move(request), std::move(options));
}

/// One attempt of one call by path: bytes in, bytes out.
asio::awaitable<rpc_result> unary(transport& over, std::string path, request_bytes request, call_options options);

inline asio::awaitable<rpc_result> unary(transport& over, std::string path, std::string request, call_options options) {
  return unary(over, std::move(path), std::make_shared<const std::string>(std::move(request)), std::move(options));
}

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/transport.hpp"
#endif
