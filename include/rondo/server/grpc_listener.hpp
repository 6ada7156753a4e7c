#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rondo/detail/io/loop.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/frontend.hpp"

namespace rondo::server {

/// The server's gRPC port: unary methods go to the frontend, with health and reflection beside it. All of it happens on
/// the thread of the loop, which waits in gRPC's queue from then on.
class grpc_listener {
 public:
  /// Listens on "ip:port", "[ip6]:port" or "unix:path"; port 0 picks a free one. Throws std::runtime_error, in words
  /// for the user, when that is not possible, and std::logic_error when the loop listens already.
  grpc_listener(io::event_loop& loop, frontend& to, const std::string& address);
  grpc_listener(const grpc_listener&) = delete;
  grpc_listener& operator=(const grpc_listener&) = delete;
  /// Stops at once.
  ~grpc_listener();

  /// The address with the port that was picked.
  const std::string& address() const noexcept;
  /// 0: it has none.
  int port() const noexcept;

  /// Ends in good order: what comes from now on is refused, what has been done is answered, waiting polls end without a
  /// task, other waiting calls with UNAVAILABLE; `then` hears when all answers have left. Loop thread.
  void drain(std::function<void()> then);
  /// Breaks off what is left. The server forgets the calls first.
  void stop();

 private:
  class gate;
  class call;

  std::shared_ptr<gate> gate_;
};

}  // namespace rondo::server
