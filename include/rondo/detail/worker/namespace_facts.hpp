#pragma once
#include <asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/data_call.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::detail::worker {

/// What a worker has to know of its namespace.
struct namespace_facts {
  /// Most bytes of a value that the server takes.
  std::size_t blob_limit = std::size_t{2} * 1024 * 1024;
  /// The same for memos.
  std::size_t memo_limit = std::size_t{2} * 1024 * 1024;
  /// It answers the polls of a worker that says that it stops.
  bool completes_polls = false;
  /// It says how many polls it would like to have, and wishes for workers that heed that.
  bool scales_pollers = false, enrolls_pollers = false;
  /// It lists the workers that tell it how they are.
  bool lists_workers = false;
  /// It sends commands to workers that poll for them.
  bool commands_workers = false;
  /// It tells callbacks how updates end.
  bool updates_call_back = false;
};

/// Asks the server. `max_payload_size`: as the worker's options say. Throws rpc_error when the namespace is unknown, or
/// the server cannot be asked before the deadline.
inline asio::awaitable<namespace_facts> describe_namespace(std::shared_ptr<io::connection> connection,
                                                           std::string namespace_name, std::size_t max_payload_size,
                                                           io::time_point deadline) {
  engine::service::DescribeNamespaceRequest request;
  request.set_namespace_(namespace_name);
  request.set_weak_consistency(true);
  engine::service::DescribeNamespaceResponse response;
  io::retry_options how(io::rpc_class::unary);
  how.options.deadline = deadline;
  const auto status = co_await io::call_into(*connection, "DescribeNamespace", request, response, std::move(how));
  if (status.code == rpc_code::not_found) {
    throw rpc_error("namespace '" + namespace_name +
                        "' does not exist on the server: create it, or name another one in client_options",
                    status);
  }
  if (!status.ok() && status.code != rpc_code::unimplemented) throw rpc_error(status);
  const auto& told = response.namespace_info();
  namespace_facts found;
  found.completes_polls = told.capabilities().worker_poll_complete_on_shutdown();
  found.scales_pollers = told.capabilities().poller_autoscaling();
  found.enrolls_pollers = told.capabilities().poller_autoscaling_auto_enroll();
  found.lists_workers = told.capabilities().worker_heartbeats();
  found.commands_workers = told.capabilities().worker_commands();
  found.updates_call_back = told.capabilities().workflow_update_callbacks();
  if (max_payload_size > 0) {
    found.blob_limit = max_payload_size;
  } else if (told.limits().blob_size_limit_error() > 0) {
    found.blob_limit = static_cast<std::size_t>(told.limits().blob_size_limit_error());
  }
  if (told.limits().memo_size_limit_error() > 0) {
    found.memo_limit = static_cast<std::size_t>(told.limits().memo_size_limit_error());
  }
  co_return found;
}

}  // namespace rondo::detail::worker
