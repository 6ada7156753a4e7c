#pragma once

#include <memory>

#include "rondo/detail/io/transport.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/frontend.hpp"

namespace rondo::server {

/// Clients in the same process, on the same loop: requests go straight to the frontend, without sockets or threads.
/// Deadlines and cancellations end calls as they would over a network.
class in_process {
 public:
  in_process(io::event_loop& loop, frontend& to);
  in_process(const in_process&) = delete;
  in_process& operator=(const in_process&) = delete;
  /// Calls under way, and those that follow, end with UNAVAILABLE.
  ~in_process();

  /// A way to the server; it may outlive this, and calls may be made on it from the loop's thread only.
  std::unique_ptr<io::transport> connect();

  /// Calls under way end with UNAVAILABLE, and no other is accepted. The server forgets them first.
  void close();

 private:
  class hub;
  class call;
  class transport;

  std::shared_ptr<hub> hub_;
};

}  // namespace rondo::server
