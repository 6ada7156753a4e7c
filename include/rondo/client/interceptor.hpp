#pragma once
#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/client/start.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/rpc_error.hpp"

namespace google::protobuf {
class MessageLite;
}

// Code that sees what clients ask for, and what comes of it.
namespace rondo {

/// How a workflow is to start, as interceptors see and change it. What is zero, empty or unset means what it does in
/// start_workflow_options.
struct intercepted_start {
  std::string workflow_id{}, task_queue{};
  duration execution_timeout{}, run_timeout{}, task_timeout{};
  std::optional<id_reuse_policy> reuse{};
  std::optional<owned_retry_policy> retry{};
  std::string cron_schedule{};
  payload_map memo{}, search_attributes{};
  /// Schedules have neither of these two.
  std::optional<id_conflict_policy> conflict{};
  duration start_delay{};
  friend bool operator==(const intercepted_start&, const intercepted_start&) = default;
};

/// A call of a client, but for those of raw_client. Before it is sent; calls that are repeated are seen once, of a list
/// each page.
///
/// Starts, signals, updates, queries and schedules that are created or updated show and take arguments and headers; a
/// schedule those of the workflows that it starts, with what it has of earlier calls. They are seen when the call is
/// made. An update with a start is seen as its two parts, a signal with a start as one call. All others have neither,
/// and what is put there goes nowhere; they are seen when they are awaited.
///
/// What the pointers name can be changed; they are null for calls that do not have it.
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
  /// Of starts, signals with start, and schedules whose action is a start.
  intercepted_start* start = nullptr;
  /// Of an update.
  std::string* update_id = nullptr;
  update_stage* wait_for = nullptr;
  /// Of a query.
  query_reject_condition* reject = nullptr;
  /// Of a cancellation, a termination, and whatever else has a reason.
  std::string* reason = nullptr;
  /// All that will be sent, such as a temporal.api.workflowservice.v1.StartWorkflowExecutionRequest, for options that
  /// are not named above. What is named above is read before the first interceptor, and written after the last one if
  /// it was changed, arguments and headers in any case.
  google::protobuf::MessageLite* request = nullptr;
};

/// The answer to any call of a client, retries included, but for those of raw_client.
struct client_answer {
  std::string_view method{};
  const rpc_status& status;
};

/// A call of a client while it is awaited.
struct client_work {
  /// As in client_call.
  std::string_view method{}, name{}, workflow_id{};
  /// What is sent. Of calls that ask again and again, such as for a result, what is sent first.
  const google::protobuf::MessageLite& request;
  /// Empty until the call has ended: what a query, an update or a workflow gave, without a value if that is void. The
  /// caller gets what is left here.
  payload_list& result;
  /// Of all other calls: the answer, such as a temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse, empty
  /// until the call has ended. The caller gets what it says in the end. Null where there is `result`.
  google::protobuf::MessageLite* response = nullptr;
};

/// Goes on with a call: with the next interceptor, or sends it, and ends when there is an answer. Throws what the
/// caller would get thrown. Each time that it is awaited it sends anew, with the same request id.
using client_next = std::function<asio::awaitable<void>()>;

/// Sees the calls of a client, on whichever thread makes or awaits them. Each function does nothing unless it is
/// overridden. What a handler of a Nexus operation lets it go on as, a workflow, an update or an activity, goes through
/// outbound() only: the worker sends it when the handler has ended.
class client_interceptor {
 public:
  client_interceptor() = default;
  client_interceptor(const client_interceptor&) = delete;
  client_interceptor& operator=(const client_interceptor&) = delete;
  virtual ~client_interceptor() = default;

  /// May change what the call asks for. What it throws is thrown by the call.
  virtual void outbound(client_call& /*call*/) {}
  /// Around the call while it is awaited, on the loop of the client; a coroutine, or just a function that gives
  /// next(). It may change the result, throw something else than next() did, put a result in the place of an exception,
  /// await next() again, or not at all. Of a list it is around each page; around the wait for a result as a whole. For
  /// an update that the server answered at once, it is around the wait for its result (PollWorkflowExecutionUpdate)
  /// nevertheless, though nothing is sent for that. An update with a start, whose two parts outbound() saw, is one call
  /// here: ExecuteMultiOperation, with an empty name.
  virtual asio::awaitable<void> around(client_work& /*work*/, client_next next) { return next(); }
  /// Must not throw.
  virtual void answered(const client_answer& /*answer*/) {}
};

/// The outermost first.
using client_interceptors = std::vector<std::shared_ptr<client_interceptor>>;

}  // namespace rondo
