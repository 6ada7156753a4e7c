#pragma once
#include <cstdint>
#include <exception>
#include <forward_list>
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

/// Something that a workflow asks for, before it becomes a command. All of it may be changed but for its kind and its
/// number. Names and options must be the same on every replay: decide by what the run knows, never by what the worker
/// is set up with, the time of day, or other programs.
struct workflow_call {
  workflow_call_kind kind{};
  /// The type of the activity or workflow, the name of the signal, or the operation.
  std::string_view name{};
  /// Whom a signal goes to, never nobody: when it is changed, the present run of that workflow, in the same namespace,
  /// child or not. Of a child, and of a signal with start, what the options say; a change counts there.
  std::string_view workflow_id{};
  /// Of a Nexus operation.
  std::string_view nexus_endpoint{}, nexus_service{};
  payload_list& arguments;
  /// Nexus operations have none of these, but those below. Those of the options do not count: they are here.
  payload_map& headers;
  /// Of a Nexus operation, in plain text; they are neither encoded nor encrypted. Those of the options are here.
  nexus_header_map& nexus_headers;
  /// Texts that names and options shall name: `call.activity->task_queue = call.texts.emplace_front("gold")`. They live
  /// until the call has begun.
  std::forward_list<std::string>& texts;
  /// Counts the calls of the run, from 1 on; the answer has the same.
  std::uint64_t number = 0;
  /// The options, those of `kind`; all others are null.
  activity_options* activity = nullptr;
  local_activity_options* local_activity = nullptr;
  child_workflow_options* child = nullptr;
  nexus_operation_options* nexus = nullptr;
  continue_as_new_options* next_run = nullptr;
  signal_with_start_options* start = nullptr;
  /// Of a signal with start: the signal, and its arguments.
  std::string_view signal_name{};
  payload_list* signal_arguments = nullptr;
};

/// How something that a workflow asked for ended: with a result, or with an error. The start of a child or of a Nexus
/// operation, which code can await on its own, is no end.
struct workflow_answer {
  workflow_call_kind kind{};
  /// As the call was in the end.
  std::string_view name{};
  /// Of the call.
  std::uint64_t number = 0;
  /// Empty for signals, and for what gives nothing.
  payload_list& result;
  std::exception_ptr& error;
};

/// What run() or a handler gave. `name` and `update_id` as in workflow_message; nothing is told for signals, nor for
/// what cannot be written, which makes the workflow task fail.
struct workflow_result {
  workflow_message_kind kind{};
  std::string_view name{}, update_id{};
  /// Empty for void.
  payload_list& value;
};

/// A value of workflow::side_effect() or mutable_side_effect().
struct workflow_side_effect {
  /// Of a mutable one; empty for others.
  std::string_view id{};
  /// Must not be left empty.
  payload_list& value;
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
///
/// Some may look at the run but begin nothing, and not ask workflow::patched() either: answered(), result() of a query,
/// inbound() of a start, an update or a query. What they need of that, outbound() or around() asks, and keeps.
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
  /// May change what run(), the handler of an update or of a query has given. The last interceptor is asked first. What
  /// it throws counts as thrown by that code.
  virtual void result(workflow_result& /*of*/) {}
  /// May change arguments, headers, names and options, and begin calls of its own, which are seen too. What it throws
  /// is thrown where the workflow awaits the call; for continue-as-new it counts as thrown by run().
  virtual void outbound(workflow_call& /*call*/) {}
  /// May change how a call ended, before the code that awaits it goes on: give another result or error, or one in the
  /// place of the other. It may look at the run, but begin nothing. The last interceptor is asked first. What it throws
  /// is the error. Not called when nobody awaits the call any more, and never for continue-as-new.
  virtual void answered(workflow_answer& /*answer*/) {}
  /// May change delay and summary. What it throws is thrown where the workflow awaits the timer.
  virtual void start_timer(workflow_timer& /*timer*/) {}
  /// May change the reason. What it throws is thrown where the workflow awaits the call.
  virtual void cancel_workflow(workflow_cancellation& /*call*/) {}
  /// May change what the code gets; the history keeps what the code has made. The last interceptor is asked first.
  /// Called on replay too, with what the history kept. What it throws is thrown to the code.
  virtual void side_effect(workflow_side_effect& /*effect*/) {}
  /// May change, add and remove what the run changes of its search attributes or its memo. What it throws is thrown to
  /// the code.
  virtual void upsert_search_attributes(payload_map& /*changes*/) {}
  virtual void upsert_memo(payload_map& /*changes*/) {}
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
