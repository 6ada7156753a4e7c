#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "rondo/payload.hpp"
#include "rondo/rpc_error.hpp"

// Code that sees what clients ask for.
namespace rondo {

/// A call of a client that carries arguments: a start, a signal, an update, a query. Before it is sent; calls that are
/// repeated are seen once.
struct client_call {
  /// The method of the service, such as "StartWorkflowExecution".
  std::string_view method{};
  /// The type of the workflow or activity, or the name of the message.
  std::string_view name{};
  std::string_view workflow_id{};
  payload_list& arguments;
  /// Go to whoever gets the call, beside the arguments.
  payload_map& headers;
};

/// The answer to one attempt of any call of a client.
struct client_answer {
  std::string_view method{};
  const rpc_status& status;
};

/// Sees the calls of a client, on whichever thread makes them. Each function does nothing unless it is overridden.
class client_interceptor {
 public:
  client_interceptor() = default;
  client_interceptor(const client_interceptor&) = delete;
  client_interceptor& operator=(const client_interceptor&) = delete;
  virtual ~client_interceptor() = default;

  /// May change arguments and headers. What it throws is thrown by the call.
  virtual void outbound(client_call& /*call*/) {}
  /// Must not throw.
  virtual void answered(const client_answer& /*answer*/) {}
};

/// The outermost first.
using client_interceptors = std::vector<std::shared_ptr<client_interceptor>>;

}  // namespace rondo
