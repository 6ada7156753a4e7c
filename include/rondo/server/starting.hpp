#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>
#include <functional>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/cron.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/retries.hpp"
#include "rondo/server/run.hpp"

namespace rondo::server {

class frontend;

namespace service = temporal::api::workflowservice::v1;

/// What a new run begins with, whoever starts it: a client, a parent, or the run before it in its chain.
struct start_request {
  /// Ids, type, queue, input, timeouts (0: none), retry policy, cron, memo, search attributes, header, priority, ...;
  /// namespace and policies are not looked at. Already checked.
  service::StartWorkflowExecutionRequest request;
  std::string run_id;  // empty: a new one
  /// Attributes of the WorkflowExecutionStarted event that do not follow from the request: parent, initiator,
  /// continued run, attempt, first run id, ... What is set here stays; what is missing is filled in from the request.
  temporal::api::history::v1::WorkflowExecutionStartedEventAttributes attributes;
  /// The first workflow task waits so long.
  interval first_task_delay = 0;
  /// Of the whole chain; 0: from the request.
  instant execution_deadline = 0;
  std::string original_run_id;  // empty: the run's own
  /// The run that it continues, for what is inherited (sticky queues are not).
  const run* continues = nullptr;
  /// What stands between the start and the first workflow task: the signal of a signal-with-start.
  std::function<void(run&)> before_first_task;
};

/// Refuses what no start may have: missing or too long ids, bad timeouts, cron, retry policies, memo or attributes.
/// Sets defaults in place.
void check_start(core& in, const name_space& of, service::StartWorkflowExecutionRequest& request);

/// The pause before the first workflow task of a run that a request starts: its start delay or its cron schedule.
interval first_task_delay(const service::StartWorkflowExecutionRequest& request, instant now);

/// What the policies of a start say of the current run of its workflow id.
enum class start_decision : std::uint8_t { start, use_existing, terminate_existing };

/// Refuses with ALREADY_EXISTS where the policies forbid the start; null: there is no such run.
start_decision decide_start(const service::StartWorkflowExecutionRequest& request, const run* current);

/// Ends the current run, which gives way to another one.
void terminate_for_start(run& which, const std::string& new_run_id);

/// Creates the run with its WorkflowExecutionStarted event; the first workflow task is scheduled, or waits.
run& start_run(core& in, name_space& of, start_request begin);

/// What a start by a client comes to, after reuse and conflict policies.
struct start_outcome {
  run* which = nullptr;
  /// False: it was there already (the same request again, or USE_EXISTING).
  bool started = false;
  /// It is the run that the same request started before.
  bool same_request = false;
};

/// Applies the workflow id policies to the current run of the id, then starts. Refuses with ALREADY_EXISTS
/// (WorkflowExecutionAlreadyStartedFailure) where the policies say so.
start_outcome start_by_client(core& in, name_space& of, service::StartWorkflowExecutionRequest request);

/// What a signal brings.
struct signal_content {
  /// Of its event.
  temporal::api::history::v1::WorkflowExecutionSignaledEventAttributes attributes;
  /// The same one twice counts once; empty: it counts.
  std::string request_id;
  google::protobuf::RepeatedPtrField<temporal::api::common::v1::Link> links;
};

/// Refuses a signal beyond the limits.
void check_signal(const core& in, const signal_content& signal, const run* to);
/// Adds a WorkflowExecutionSignaled event; the same request id twice counts once. Already checked.
void signal_run(run& to, signal_content signal);

/// Adds a WorkflowExecutionCancelRequested event. False: it was requested before.
bool request_cancel(
    run& of, const std::string& reason, const std::string& identity, const std::string& request_id,
    const temporal::api::history::v1::WorkflowExecutionCancelRequestedEventAttributes* external = nullptr,
    const google::protobuf::RepeatedPtrField<temporal::api::common::v1::Link>* links = nullptr);

/// The current run of the execution that a request to cancel or to terminate means: with a first run id, whatever run
/// of that chain is the current one. Refuses with NOT_FOUND.
run& get_run_of_chain(core& in, name_space& of, const temporal::api::common::v1::WorkflowExecution& execution,
                      const std::string& first_run_id);

/// StartWorkflowExecution, SignalWorkflowExecution, SignalWithStartWorkflowExecution, RequestCancelWorkflowExecution,
/// TerminateWorkflowExecution.
void serve_starting(frontend& at);

}  // namespace rondo::server
