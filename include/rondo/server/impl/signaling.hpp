#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <utility>

#include "rondo/server/closing.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/starting.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_signaling {

inline bool is_known(const run& to, const std::string& request_id) {
  return !request_id.empty() && to.state.signal_request_ids().contains(request_id);
}

inline history_event make_signaled(const core& in, signal_content& signal) {
  history_event event = make_event(in, enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
  event.mutable_workflow_execution_signaled_event_attributes()->Swap(&signal.attributes);
  event.mutable_workflow_execution_signaled_event_attributes()->set_request_id(signal.request_id);
  event.mutable_links()->Swap(&signal.links);
  return event;
}

inline void count_signal(run& to, const std::string& request_id) {
  to.state.set_signal_count(to.state.signal_count() + 1);
  if (!request_id.empty()) (*to.state.mutable_signal_request_ids())[request_id] = 0;
}

inline void check_name(const core& in, const std::string& name) {
  if (name.empty()) refuse_argument("SignalName is not set on request.");
  if (name.size() > in.limit().id_length) refuse_argument("SignalName length exceeds limit.");
}

/// The link that leads a caller to the first event of a run.
inline void link_start(temporal::api::common::v1::Link& to, const run& from) {
  auto& link = *to.mutable_workflow_event();
  link.set_namespace_(from.space->name());
  link.set_workflow_id(from.state.workflow_id());
  link.set_run_id(from.state.run_id());
  link.mutable_event_ref()->set_event_id(1);
  link.mutable_event_ref()->set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
}

/// The link that leads a caller to the event of its signal. It may have no number yet, while a workflow task runs.
inline void link_signal(temporal::api::common::v1::Link& to, const run& from, const std::string& request_id) {
  auto& link = *to.mutable_workflow_event();
  link.set_namespace_(from.space->name());
  link.set_workflow_id(from.state.workflow_id());
  link.set_run_id(from.state.run_id());
  link.mutable_request_id_ref()->set_request_id(request_id);
  link.mutable_request_id_ref()->set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
}

/// The client as the worker that gets the first workflow task with the answer to its start.
inline poller make_starter(const service::StartWorkflowExecutionRequest& from, const run& of) {
  poller made;
  made.queue = {of.state.namespace_id(), of.state.task_queue(), queue_type::workflow};
  made.identity = from.identity();
  made.since = of.owner->now();
  if (from.has_eager_worker_deployment_options()) {
    const auto& options = from.eager_worker_deployment_options();
    made.versioning_mode = options.worker_versioning_mode();
    if (options.worker_versioning_mode() == enums::WORKER_VERSIONING_MODE_VERSIONED) {
      deployment_version version;
      version.set_deployment_name(options.deployment_name());
      version.set_build_id(options.build_id());
      made.version = std::move(version);
    }
  }
  return made;
}

inline service::StartWorkflowExecutionResponse start(core& in, service::StartWorkflowExecutionRequest& request) {
  name_space& of = in.namespaces().get(request.namespace_());
  check_start(in, of, request);
  if (first_task_delay(request, in.now()) > 0) request.set_request_eager_execution(false);
  const auto outcome = start_by_client(in, of, request);
  run& which = *outcome.which;
  service::StartWorkflowExecutionResponse response;
  response.set_run_id(which.state.run_id());
  response.set_first_execution_run_id(which.state.first_run_id());
  response.set_started(outcome.started || outcome.same_request);
  response.set_status(which.state.status());
  link_start(*response.mutable_link(), which);
  if (outcome.started && request.request_eager_execution()) {
    *response.mutable_eager_workflow_task() = start_workflow_task_message(which, make_starter(request, which), false);
  }
  return response;
}

inline service::SignalWorkflowExecutionResponse signal(core& in, service::SignalWorkflowExecutionRequest& request) {
  name_space& of = in.namespaces().get(request.namespace_());
  check_execution(request.has_workflow_execution(), request.workflow_execution());
  check_name(in, request.signal_name());
  if (request.request_id().size() > in.limit().id_length) refuse_argument("RequestId length exceeds limit.");
  check_links(request.links());
  const auto& execution = request.workflow_execution();
  run& to = get_run(in, of, execution.workflow_id(), execution.run_id());
  service::SignalWorkflowExecutionResponse response;
  if (!request.request_id().empty()) link_signal(*response.mutable_link(), to, request.request_id());
  if (is_known(to, request.request_id())) return response;
  if (!to.open()) {
    throw refusal(rpc_code::not_found, "workflow execution already completed",
                  temporal::api::errordetails::v1::NotFoundFailure());
  }
  signal_content content;
  content.attributes.set_signal_name(request.signal_name());
  if (request.has_input()) content.attributes.mutable_input()->Swap(request.mutable_input());
  if (request.has_header()) content.attributes.mutable_header()->Swap(request.mutable_header());
  content.attributes.set_identity(request.identity());
  content.request_id = request.request_id();
  content.links.Swap(request.mutable_links());
  check_signal(in, content, &to);
  refuse_while_closing(to);
  signal_run(to, std::move(content));
  return response;
}

inline service::StartWorkflowExecutionRequest take_start(service::SignalWithStartWorkflowExecutionRequest& from) {
  service::StartWorkflowExecutionRequest made;
  made.set_namespace_(from.namespace_());
  made.set_workflow_id(from.workflow_id());
  if (from.has_workflow_type()) *made.mutable_workflow_type() = from.workflow_type();
  if (from.has_task_queue()) *made.mutable_task_queue() = from.task_queue();
  if (from.has_input()) made.mutable_input()->Swap(from.mutable_input());
  if (from.has_workflow_execution_timeout()) {
    *made.mutable_workflow_execution_timeout() = from.workflow_execution_timeout();
  }
  if (from.has_workflow_run_timeout()) *made.mutable_workflow_run_timeout() = from.workflow_run_timeout();
  if (from.has_workflow_task_timeout()) *made.mutable_workflow_task_timeout() = from.workflow_task_timeout();
  made.set_identity(from.identity());
  made.set_request_id(from.request_id());
  made.set_workflow_id_reuse_policy(from.workflow_id_reuse_policy());
  made.set_workflow_id_conflict_policy(from.workflow_id_conflict_policy());
  if (from.has_retry_policy()) *made.mutable_retry_policy() = from.retry_policy();
  made.set_cron_schedule(from.cron_schedule());
  if (from.has_memo()) made.mutable_memo()->Swap(from.mutable_memo());
  if (from.has_search_attributes()) made.mutable_search_attributes()->Swap(from.mutable_search_attributes());
  if (from.has_header()) *made.mutable_header() = from.header();
  if (from.has_workflow_start_delay()) *made.mutable_workflow_start_delay() = from.workflow_start_delay();
  if (from.has_user_metadata()) made.mutable_user_metadata()->Swap(from.mutable_user_metadata());
  *made.mutable_links() = from.links();
  if (from.has_versioning_override()) *made.mutable_versioning_override() = from.versioning_override();
  if (from.has_priority()) *made.mutable_priority() = from.priority();
  return made;
}

inline signal_content take_signal(service::SignalWithStartWorkflowExecutionRequest& from) {
  signal_content made;
  made.attributes.set_signal_name(from.signal_name());
  if (from.has_signal_input()) made.attributes.mutable_input()->Swap(from.mutable_signal_input());
  if (from.has_header()) made.attributes.mutable_header()->Swap(from.mutable_header());
  made.attributes.set_identity(from.identity());
  made.request_id = from.request_id();
  made.links.Swap(from.mutable_links());
  return made;
}

inline void check_signal_with_start(core& in, service::SignalWithStartWorkflowExecutionRequest& request) {
  if (request.workflow_id().empty()) refuse_argument("WorkflowId is not set on request.");
  if (request.workflow_id().size() > in.limit().id_length) refuse_argument("WorkflowId length exceeds limit.");
  check_name(in, request.signal_name());
  if (request.workflow_id_conflict_policy() == enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL) {
    refuse_argument(
        "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.");
  }
  if (request.workflow_id_conflict_policy() == enums::WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED &&
      request.workflow_id_reuse_policy() != enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING) {
    request.set_workflow_id_conflict_policy(enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING);
  }
}

inline service::SignalWithStartWorkflowExecutionResponse signal_with_start(
    core& in, service::SignalWithStartWorkflowExecutionRequest& request) {
  name_space& of = in.namespaces().get(request.namespace_());
  check_signal_with_start(in, request);
  auto begin_request = take_start(request);
  check_start(in, of, begin_request);
  auto content = take_signal(request);
  content.request_id = begin_request.request_id();
  const std::string request_id = content.request_id;

  run* const current = find_run(in, of, begin_request.workflow_id(), {});
  const auto decision = decide_start(begin_request, current);
  run* which = current;
  const bool start = decision != start_decision::use_existing;
  check_signal(in, content, start ? nullptr : current);
  if (!start) refuse_while_closing(*current);
  if (start) {
    start_request begin;
    begin.run_id = in.new_uuid();
    begin.first_task_delay = first_task_delay(begin_request, in.now());
    begin.request = std::move(begin_request);
    begin.before_first_task = [&in, &content](run& made) {
      count_signal(made, content.request_id);
      append(made, make_signaled(in, content));
    };
    if (decision == start_decision::terminate_existing) terminate_for_start(*current, begin.run_id);
    which = &start_run(in, of, std::move(begin));
  } else {
    // The signal of a signal-with-start does not wait for the start delay.
    if (!is_known(*current, content.request_id)) current->state.set_first_task_time(0);
    signal_run(*current, std::move(content));
  }
  service::SignalWithStartWorkflowExecutionResponse response;
  response.set_run_id(which->state.run_id());
  response.set_first_execution_run_id(which->state.first_run_id());
  response.set_started(start);
  if (!request_id.empty()) link_signal(*response.mutable_signal_link(), *which, request_id);
  return response;
}

inline service::RequestCancelWorkflowExecutionResponse cancel(
    core& in, const service::RequestCancelWorkflowExecutionRequest& request) {
  name_space& of = in.namespaces().get(request.namespace_());
  check_execution(request.has_workflow_execution(), request.workflow_execution());
  check_links(request.links());
  run& which = get_run_of_chain(in, of, request.workflow_execution(), request.first_execution_run_id());
  if (which.open()) {
    request_cancel(which, request.reason(), request.identity(), request.request_id(), nullptr, &request.links());
  }
  return {};
}

inline service::TerminateWorkflowExecutionResponse terminate(
    core& in, const service::TerminateWorkflowExecutionRequest& request) {
  name_space& of = in.namespaces().get(request.namespace_());
  check_execution(request.has_workflow_execution(), request.workflow_execution());
  check_links(request.links());
  run& which = get_run_of_chain(in, of, request.workflow_execution(), request.first_execution_run_id());
  if (!which.open()) {
    throw refusal(rpc_code::not_found, "workflow execution already completed",
                  temporal::api::errordetails::v1::NotFoundFailure());
  }
  terminate_run(which, request.reason().empty() ? "terminated by user via frontend" : request.reason(),
                request.has_details() ? &request.details() : nullptr,
                request.identity().empty() ? "frontend-service" : request.identity());
  return {};
}

}  // namespace detail_signaling

RONDO_SERVER_FUNCTION void check_signal(const core& in, const signal_content& signal, const run* to) {
  if (signal.attributes.input().ByteSizeLong() > in.limit().blob_size) refuse_argument("Blob data size exceeds limit.");
  if (to != nullptr && in.limit().signals_per_run > 0 && to->state.signal_count() >= in.limit().signals_per_run) {
    refuse_argument("exceeded workflow execution limit for signal events");
  }
}

RONDO_SERVER_FUNCTION void signal_run(run& to, signal_content signal) {
  if (detail_signaling::is_known(to, signal.request_id)) return;
  detail_signaling::count_signal(to, signal.request_id);
  append_external(to, detail_signaling::make_signaled(*to.owner, signal));
}

RONDO_SERVER_FUNCTION bool request_cancel(
    run& of, const std::string& reason, const std::string& identity, const std::string& request_id,
    const temporal::api::history::v1::WorkflowExecutionCancelRequestedEventAttributes* external,
    const google::protobuf::RepeatedPtrField<temporal::api::common::v1::Link>* links) {
  if (of.state.cancel_requested()) return false;
  of.state.set_cancel_requested(true);
  of.state.set_cancel_request_id(request_id);
  // A cancellation does not wait for the start delay.
  of.state.set_first_task_time(0);
  history_event event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED);
  auto& attributes = *event.mutable_workflow_execution_cancel_requested_event_attributes();
  if (external != nullptr) attributes = *external;
  attributes.set_cause(reason);
  attributes.set_identity(identity);
  if (links != nullptr) *event.mutable_links() = *links;
  append_external(of, std::move(event));
  return true;
}

RONDO_SERVER_FUNCTION run& get_run_of_chain(core& in, name_space& of,
                                            const temporal::api::common::v1::WorkflowExecution& execution,
                                            const std::string& first_run_id) {
  if (first_run_id.empty()) return get_run(in, of, execution.workflow_id(), execution.run_id());
  run& which = get_run(in, of, execution.workflow_id(), {});
  if (which.open() && which.state.first_run_id() != first_run_id) {
    throw refusal(rpc_code::not_found, "workflow execution not found",
                  temporal::api::errordetails::v1::NotFoundFailure());
  }
  return which;
}

RONDO_SERVER_FUNCTION void serve_starting(frontend& at) {
  at.on<service::StartWorkflowExecutionRequest>("StartWorkflowExecution", detail_signaling::start);
  at.on<service::SignalWorkflowExecutionRequest>("SignalWorkflowExecution", detail_signaling::signal);
  at.on<service::SignalWithStartWorkflowExecutionRequest>("SignalWithStartWorkflowExecution",
                                                          detail_signaling::signal_with_start);
  at.on<service::RequestCancelWorkflowExecutionRequest>("RequestCancelWorkflowExecution", detail_signaling::cancel);
  at.on<service::TerminateWorkflowExecutionRequest>("TerminateWorkflowExecution", detail_signaling::terminate);
}

}  // namespace rondo::server
