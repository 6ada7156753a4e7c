#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "rondo/payload.hpp"
#include "rondo/rpc_error.hpp"

// Code that sees what clients ask for.
namespace rondo {

/// A call of a client, but for those of raw_client. Before it is sent; calls that are repeated are seen once, of a list
/// each page.
///
/// Starts, signals, updates, queries and schedules that are created or updated show and take arguments and headers; a
/// schedule those of the workflows that it starts, with what it has of earlier calls. They are seen when the call is
/// made. An update with a start is seen as its two parts, a signal with a start as one call. All others have neither,
/// and what is put there goes nowhere; they are seen when they are awaited.
struct client_call {
  /// The method of the service, such as "StartWorkflowExecution".
  std::string_view method{};
  /// The type of the workflow or activity, or the name of the message; empty for calls without arguments.
  std::string_view name{};
  /// Empty when the call is about no workflow, or about many.
  std::string_view workflow_id{};
  payload_list& arguments;
  /// Go to whoever gets the call, beside the arguments.
  payload_map& headers;
  /// The signal of a signal with start; empty for other calls.
  std::string_view signal_name{};
  /// Its arguments; null for other calls. Those of the workflow are in `arguments`, and the headers are for both.
  payload_list* signal_arguments = nullptr;
};

/// The answer to any call of a client, retries included, but for those of raw_client.
struct client_answer {
  std::string_view method{};
  const rpc_status& status;
};

/// Sees the calls of a client, on whichever thread makes or awaits them. Each function does nothing unless it is
/// overridden.
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
