#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/options.hpp"

namespace rondo::server {

class grpc_listener;
class in_process;

/// A whole server: core, frontend and the ways to it.
///
/// With `options.time_skipping` the TestService is served, and time is skipped while it is unlocked; it begins locked.
/// Closed runs are kept for at least a century of virtual time then.
class dev_service {
 public:
  /// Opens the store and goes on with what is in it. Throws std::runtime_error, in words for the user, when the store
  /// cannot be used. Without a loop that outlives it, the server makes its own.
  explicit dev_service(options settings = {});
  dev_service(options settings, io::event_loop& loop);
  dev_service(const dev_service&) = delete;
  dev_service& operator=(const dev_service&) = delete;
  /// Ends at once: open calls fail with UNAVAILABLE. Nobody else may drive the loop meanwhile.
  ~dev_service();

  /// Listens on "ip:port", "[ip6]:port" or "unix:path", once; port 0 picks a free one. Returns the address with its
  /// real port. Throws std::runtime_error in words for the user, such as for an address in use.
  const std::string& listen(const std::string& address);
  /// Empty before listen().
  const std::string& address() const noexcept { return address_; }
  /// 0 before listen(), and for addresses without one.
  int port() const noexcept { return port_; }
  /// A way to the server for clients on its loop, without sockets.
  std::unique_ptr<io::transport> connect();

  /// Drives the loop until stop(), then ends in good order: nothing new is accepted, what has been done is answered,
  /// waiting polls end without a task; what takes longer than `grace` is broken off. Throws std::runtime_error when the
  /// store failed.
  void run(std::chrono::milliseconds grace = std::chrono::seconds(5));
  /// Ends run(). Any thread.
  void stop();

  io::event_loop& loop() noexcept { return *loop_; }
  server::core& core() noexcept { return *core_; }
  server::frontend& frontend() noexcept { return *frontend_; }
  server::clock& clock() noexcept { return core_->clock(); }

 private:
  void build(options settings);
  void end_listening(std::chrono::milliseconds grace);

  std::unique_ptr<io::event_loop> own_loop_;
  io::event_loop* loop_;
  std::unique_ptr<server::core> core_;
  std::unique_ptr<server::frontend> frontend_;
  std::unique_ptr<in_process> in_process_;
  std::unique_ptr<grpc_listener> listener_;
  std::string address_;
  int port_ = 0;
  std::atomic<bool> stop_requested_{false};
};

}  // namespace rondo::server
