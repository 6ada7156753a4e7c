#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <optional>
#include <string>

#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/name_space.hpp"
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
};

/// Refuses what no start may have: missing or too long ids, bad timeouts, cron, retry policies, memo or attributes.
/// Sets defaults in place.
void check_start(const core& in, const name_space& of, service::StartWorkflowExecutionRequest& request);

/// Creates the run with its WorkflowExecutionStarted event; the first workflow task is scheduled, or waits.
run& start_run(core& in, name_space& of, start_request begin);

/// What a start by a client comes to, after reuse and conflict policies.
struct start_outcome {
  run* which = nullptr;
  /// False: it was there already (the same request again, or USE_EXISTING).
  bool started = false;
};

/// Applies the workflow id policies to the current run of the id, then starts. Refuses with ALREADY_EXISTS
/// (WorkflowExecutionAlreadyStartedFailure) where the policies say so.
start_outcome start_by_client(core& in, name_space& of, service::StartWorkflowExecutionRequest request);

/// Adds a WorkflowExecutionSignaled event; refuses beyond the limits; the same request id twice counts once.
void signal_run(run& to, const std::string& name, const temporal::api::common::v1::Payloads& input,
                const temporal::api::common::v1::Header& header, const std::string& identity,
                const std::string& request_id);

/// Adds a WorkflowExecutionCancelRequested event. False: it was requested before.
bool request_cancel(
    run& of, const std::string& reason, const std::string& identity, const std::string& request_id,
    const temporal::api::history::v1::WorkflowExecutionCancelRequestedEventAttributes* external = nullptr);

/// The pause before the next attempt by a retry policy, as servers count it (interval * coefficient^(attempt-1), at
/// most the maximum interval); none when attempts, deadline (0: none) or the failure's type forbid one.
std::optional<interval> next_retry(const temporal::api::common::v1::RetryPolicy& policy, int attempt, instant now,
                                   instant deadline, const temporal::api::failure::v1::Failure& failure);

/// Fills in what a retry policy leaves open; refuses one that makes no sense. `subject` names whose it is in the text.
void complete_retry_policy(temporal::api::common::v1::RetryPolicy& policy);

/// The time of the next run of a cron schedule after `closed`, counted from `started`; none when it has no next time.
/// Knows the five fields, @every, @hourly and so on, and CRON_TZ=. Refuses what it cannot read.
std::optional<instant> next_cron(const std::string& schedule, instant started, instant closed);

/// StartWorkflowExecution, SignalWorkflowExecution, SignalWithStartWorkflowExecution, RequestCancelWorkflowExecution,
/// TerminateWorkflowExecution.
void serve_starting(frontend& at);

}  // namespace rondo::server
