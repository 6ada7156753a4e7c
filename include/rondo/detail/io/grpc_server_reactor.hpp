#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "rondo/detail/io/grpc_reactor.hpp"

namespace rondo::detail::io {

/// What exists of a gRPC server before it is built.
class grpc_server_parts {
 protected:
  grpc_server_parts() : incoming_(builder_.AddCompletionQueue()) {}

  grpc::ServerBuilder builder_;
  std::unique_ptr<grpc::ServerCompletionQueue> incoming_;
};

/// The reactor of a loop that serves over gRPC: one completion queue for what comes in and for calls to others, which
/// find it as a grpc_reactor. gRPC ties the queue to its server, so a loop has at most one.
class grpc_server_reactor final : private grpc_server_parts, public grpc_reactor {
 public:
  grpc_server_reactor() : grpc_reactor(std::move(incoming_)) {}

  grpc::ServerCompletionQueue& incoming() noexcept { return static_cast<grpc::ServerCompletionQueue&>(queue()); }

  /// What the server of this queue is built with. Throws std::logic_error when it was taken before.
  grpc::ServerBuilder& take_builder() {
    if (std::exchange(taken_, true)) throw std::logic_error("rondo: an event loop listens once");
    return builder_;
  }

 private:
  bool taken_ = false;
};

}  // namespace rondo::detail::io
