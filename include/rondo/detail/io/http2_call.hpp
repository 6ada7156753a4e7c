#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rondo/detail/io/grpc_response.hpp"
#include "rondo/detail/io/gzip.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::io {

class http2_call;

/// Where a call is at the moment: in a queue or on a stream of a connection.
class http2_call_place {
 public:
  /// The call has ended; nothing is done for it any more.
  virtual void let_go(http2_call& call) noexcept = 0;

 protected:
  ~http2_call_place() = default;
};

/// One attempt of one call. Ends once, by whichever comes first: answer, deadline, cancel, loss of the connection, or
/// the destruction of the loop.
class http2_call final : public timer_node, public std::enable_shared_from_this<http2_call> {
 public:
  static std::shared_ptr<http2_call> begin(event_loop& loop, unary_call& caller, std::size_t largest_response) {
    auto made = std::make_shared<http2_call>(loop, caller, largest_response);
    made->self_ = made;
    caller.state = made.get();
    // Armed even without a deadline: so the loop finds the call when it is destroyed.
    loop.arm(*made, caller.deadline());
    return made;
  }

  http2_call(event_loop& loop, unary_call& caller, std::size_t largest_response)
      : response(largest_response),
        loop_(&loop),
        caller_(&caller),
        largest_response_(largest_response),
        request_(caller.request()) {}

  /// Before it is given to a connection, each time.
  void prepare(bool with_gzip) {
    sent = 0;
    uses_gzip_ = with_gzip;
    response = grpc_response(largest_response_, with_gzip);
    packed_.clear();
    if (with_gzip && request_->size() >= least_gzip_size) packed_ = gzip_packed(*request_);
  }

  /// The caller, until ended().
  const unary_call& caller() const noexcept { return *caller_; }
  /// What is sent of the request, behind its prefix.
  const std::string& message() const noexcept { return packed_.empty() ? *request_ : packed_; }
  bool is_packed() const noexcept { return !packed_.empty(); }
  /// Packed messages may come and go.
  bool uses_gzip() const noexcept { return uses_gzip_; }
  bool ended() const noexcept { return caller_ == nullptr || outcome_.has_value(); }

  void is_at(http2_call_place* place, std::int32_t stream = 0) noexcept {
    place_ = place;
    stream_ = stream;
  }
  /// Number of the stream in the place.
  std::int32_t stream() const noexcept { return stream_; }

  /// Ends the call in a later turn of the loop.
  void end_later(rpc_result result) {
    if (ended()) return;
    leave();
    if (result.status.code == rpc_code::deadline_exceeded && caller_->deadline_is_here()) {
      result.status.from_transport = true;
    }
    outcome_ = std::move(result);
    loop_->post([keep = shared_from_this()] { keep->finish(); });
  }

  grpc_response response;
  /// Bytes of prefix and request that were handed out.
  std::size_t sent = 0;
  /// It was taken back once from a server that had not looked at it.
  bool replayed = false;
  /// It was given back by a server that does not know gzip.
  bool gzip_was_refused = false;

 private:
  void on_timer() override {
    if (!outcome_) {
      leave();
      outcome_.emplace(rpc_status(rpc_code::deadline_exceeded, "Deadline Exceeded", true));
    }
    finish();
  }

  void on_discard() noexcept override {
    leave();
    outcome_.emplace();
    finish();
  }

  void leave() noexcept {
    if (auto* place = std::exchange(place_, nullptr)) place->let_go(*this);
  }

  void finish() {
    if (!caller_) return;
    const auto keep = shared_from_this();
    unary_call& ended = *std::exchange(caller_, nullptr);
    loop_->disarm(*this);
    self_.reset();
    ended.complete(std::move(*outcome_));
  }

  event_loop* loop_;
  unary_call* caller_;
  std::size_t largest_response_;
  request_bytes request_;
  std::string packed_;
  bool uses_gzip_ = false;
  http2_call_place* place_ = nullptr;
  std::int32_t stream_ = 0;
  std::optional<rpc_result> outcome_;
  /// Keeps the call while its caller waits.
  std::shared_ptr<http2_call> self_;
};

}  // namespace rondo::detail::io
