#pragma once

#include <memory>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/connection_options.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/plugin.hpp"
#include "rondo/server/dev_service.hpp"
#include "rondo/server/options.hpp"

#ifndef RONDO_SERVER_COMPILED
#include "rondo/server/bodies.hpp"
#endif

namespace rondo {

/// A Temporal server in this process, for development and tests: no program to install, no sockets unless it is told to
/// listen, and no threads of its own with a store in memory.
///
/// It lives on one event loop, which its clients and their workers share. It outlives them.
class dev_server {
 public:
  /// The server makes a loop. Throws std::runtime_error when its store cannot be opened.
  explicit dev_server(server::options options = {})
      : service_(std::make_unique<server::dev_service>(std::move(options))) {}
  /// The loop outlives the server.
  dev_server(server::options options, detail::io::event_loop& loop)
      : service_(std::make_unique<server::dev_service>(std::move(options), loop)) {}

  /// A client of this server, without a network between them. Plugins change the options first. Of these, namespace_,
  /// identity, metadata, rpc_timeout, interceptors, data, and plugins, for the workers of the client, count.
  rondo::client connect(client_options options = {}) {
    apply_plugins(options);
    options.lazy = true;
    return rondo::client::over(std::make_shared<detail::io::connection>(std::move(options), service_->connect()));
  }
  /// Opens a port for other processes, once. Returns "ip:port"; port 0 picks a free one. They are served while the loop
  /// is driven: by run(), a worker, or calls of a client.
  const std::string& listen(const std::string& address = "127.0.0.1:0") { return service_->listen(address); }

  /// Drives the loop until stop(), and ends in good order.
  void run() { service_->run(); }
  /// Any thread.
  void stop() { service_->stop(); }

  detail::io::event_loop& loop() noexcept { return service_->loop(); }
  server::dev_service& service() noexcept { return *service_; }

 private:
  std::unique_ptr<server::dev_service> service_;
};

}  // namespace rondo
