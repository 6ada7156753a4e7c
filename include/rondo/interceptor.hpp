#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/activity.hpp"
#include "rondo/nexus_info.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/info.hpp"

// Code that sees what goes into and comes out of workflows, activities and Nexus operations, for tracing, context,
// checks and the like. The first interceptor is the outermost.
namespace rondo {

/// What reaches a workflow.
enum class workflow_message_kind : std::uint8_t { start, signal, query, update };

/// Something that reaches a workflow, before its code reads it.
struct workflow_message {
  workflow_message_kind kind{};
  /// The type of the workflow, or the name of the message.
  std::string_view name{};
  /// Of an update.
  std::string_view update_id{};
  payload_list& arguments;
  const payload_map& headers;
};

/// The work that a message causes, for as long as it takes.
struct workflow_work {
  workflow_message_kind kind{};
  std::string name{}, update_id{};
  payload_map headers{};
};

/// What a workflow asks for.
enum class workflow_call_kind : std::uint8_t {
  activity,
  local_activity,
  child_workflow,
  signal,
  continue_as_new,
  nexus_operation,
  signal_with_start,  ///< `name` and the arguments are those of the workflow
};

/// Something that a workflow asks for, before it becomes a command.
struct workflow_call {
  workflow_call_kind kind{};
  /// The type of the activity or workflow, the name of the signal, or the operation.
  std::string_view name{};
  /// Of a child, or whom a signal goes to; may be empty.
  std::string_view workflow_id{};
  /// Of a Nexus operation.
  std::string_view nexus_endpoint{}, nexus_service{};
  payload_list& arguments;
  /// Nexus operations have none of these, but those below.
  payload_map& headers;
  /// Of a Nexus operation, in plain text; they are neither encoded nor encrypted.
  nexus_header_map& nexus_headers;
};

/// A timer that a workflow starts: of sleep(), or of a condition with a time limit.
struct workflow_timer {
  /// Zero or less becomes a millisecond.
  duration& delay;
  std::string& summary;
};

/// What a workflow asks another one to do: to cancel itself.
struct workflow_cancellation {
  /// The namespace is empty for that of the workflow itself, the run for the present one.
  std::string_view namespace_{}, workflow_id{}, run_id{};
  std::string& reason;
};

/// Sees one run of a workflow. It is workflow code: what it does must be the same on every replay. Each function does
/// nothing unless it is overridden.
class workflow_interceptor {
 public:
  workflow_interceptor() = default;
  workflow_interceptor(const workflow_interceptor&) = delete;
  workflow_interceptor& operator=(const workflow_interceptor&) = delete;
  virtual ~workflow_interceptor() = default;

  /// May change the arguments. What it throws counts as thrown by whoever reads them: it rejects an update, fails a
  /// query, drops a signal, fails the workflow task of a start.
  virtual void inbound(workflow_message& /*message*/) {}
  /// Around run() and the handlers of signals and updates: gives a coroutine that awaits `body`, or `body` itself.
  virtual task<void> around(workflow_work /*what*/, task<void> body) { return body; }
  /// May change arguments and headers. What it throws is thrown where the workflow awaits the call.
  virtual void outbound(workflow_call& /*call*/) {}
  /// May change delay and summary. What it throws is thrown where the workflow awaits the timer.
  virtual void start_timer(workflow_timer& /*timer*/) {}
  /// May change the reason. What it throws is thrown where the workflow awaits the call.
  virtual void cancel_workflow(workflow_cancellation& /*call*/) {}
};

/// One attempt of an activity, before its code reads the arguments.
struct activity_start {
  const activity_info& info;
  payload_list& arguments;
  const payload_map& headers;
};

/// How the code of an attempt ended: with a result, or with an error.
struct activity_end {
  payload_list& result;
  std::exception_ptr& error;
};

/// Sees one attempt of an activity, on the thread that runs its code. Each function does nothing unless it is
/// overridden.
class activity_interceptor {
 public:
  activity_interceptor() = default;
  activity_interceptor(const activity_interceptor&) = delete;
  activity_interceptor& operator=(const activity_interceptor&) = delete;
  virtual ~activity_interceptor() = default;

  /// May change the arguments. What it throws counts as thrown by the activity.
  virtual void begin(activity_start& /*start*/) {}
  /// May change the details of each heartbeat of the code, also of those that are not sent because others were just
  /// before. What it throws is thrown by activity::heartbeat().
  virtual void heartbeat(payload_list& /*details*/) {}
  /// May change how it ended. Called when begin() was, the last one first.
  virtual void end(activity_end& /*how*/) {}
};

/// One request of a Nexus caller to start an operation, or to cancel it, before any code reads it.
struct nexus_request {
  /// `info.cancels` is set when it is to cancel.
  const nexus_info& info;
  /// The value that the operation takes; none for a request to cancel.
  payload_list& input;
  /// The ones of `info`: the handler sees them as they are left.
  nexus_header_map& headers;
};

/// How the code of a request ended: with a result, or with an error. The result is empty when the operation goes on,
/// and when it was to be cancelled.
struct nexus_end {
  payload_list& result;
  std::exception_ptr& error;
};

/// Sees one request of a Nexus caller, on the thread that runs the handler. Requests for what is not registered are
/// refused before. Each function does nothing unless it is overridden.
class nexus_interceptor {
 public:
  nexus_interceptor() = default;
  nexus_interceptor(const nexus_interceptor&) = delete;
  nexus_interceptor& operator=(const nexus_interceptor&) = delete;
  virtual ~nexus_interceptor() = default;

  /// May change input and headers. What it throws counts as thrown by the handler.
  virtual void begin(nexus_request& /*request*/) {}
  /// May change how it ended. Called when begin() was, the last one first.
  virtual void end(nexus_end& /*how*/) {}
};

/// Makes the interceptors of a worker's runs, attempts and Nexus requests. Used by several threads.
class worker_interceptor {
 public:
  worker_interceptor() = default;
  worker_interceptor(const worker_interceptor&) = delete;
  worker_interceptor& operator=(const worker_interceptor&) = delete;
  virtual ~worker_interceptor() = default;

  /// For a run, once for each time that it is in memory; null: none.
  virtual std::unique_ptr<workflow_interceptor> intercept_workflow(const workflow_info& /*about*/) { return nullptr; }
  /// For an attempt; null: none.
  virtual std::unique_ptr<activity_interceptor> intercept_activity(const activity_info& /*about*/) { return nullptr; }
  /// For a request of a Nexus caller; null: none.
  virtual std::unique_ptr<nexus_interceptor> intercept_nexus(const nexus_info& /*about*/) { return nullptr; }
};

}  // namespace rondo
