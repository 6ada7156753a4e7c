#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::server {

namespace io = rondo::detail::io;

/// One request from a client and the way back to it; the transports implement it. Lives until it was answered or given
/// up by its client. Loop thread only.
class incoming_call {
 public:
  incoming_call() = default;
  incoming_call(const incoming_call&) = delete;
  incoming_call& operator=(const incoming_call&) = delete;
  virtual ~incoming_call() = default;

  /// "/package.Service/Method"
  virtual std::string_view path() const noexcept = 0;
  virtual std::string_view request() const noexcept = 0;
  /// Of the real steady clock; time_point::max(): none.
  virtual io::time_point deadline() const noexcept = 0;
  /// Value of a header, by its name in lower case; empty when it is missing.
  virtual std::string_view header(std::string_view name) const noexcept = 0;
  /// Exactly once, unless the client has gone.
  virtual void finish(io::rpc_result result) = 0;

  /// The client has gone: it cancelled, its deadline passed or its connection broke. Nobody hears an answer any more.
  bool abandoned() const noexcept { return abandoned_; }
  bool finished() const noexcept { return finished_; }

  /// Called when the client goes before the answer; empty: nothing. The function is dropped after the answer.
  std::function<void()> on_abandoned;

 protected:
  /// For the transport: the client has gone.
  void abandon() {
    if (abandoned_ || finished_) return;
    abandoned_ = true;
    if (const auto function = std::exchange(on_abandoned, nullptr)) function();
  }
  void set_finished() noexcept {
    finished_ = true;
    on_abandoned = nullptr;
  }

 private:
  bool abandoned_ = false;
  bool finished_ = false;
};

using call_ptr = std::shared_ptr<incoming_call>;

}  // namespace rondo::server
