#pragma once
#include <google/protobuf/field_mask.pb.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/event_type.pb.h>
#include <temporal/api/enums/v1/reset.pb.h>
#include <temporal/api/workflow/v1/message.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <utility>

#include "rondo/client/errors.hpp"
#include "rondo/client/workflow_changes.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

// Changes of workflows that run: their options, and resets.
namespace rondo::detail::calls {

inline void write_options_change(const call_subject& subject, const workflow_options_change& from,
                                 wire::WorkflowExecutionOptions& options, google::protobuf::FieldMask& mask) {
  if (from.versioning) {
    mask.add_paths("versioning_override");
    if (from.versioning->kind != versioning_override::kind_type::none) {
      set_versioning(subject, *from.versioning, *options.mutable_versioning_override());
    }
  }
  if (from.priority) {
    mask.add_paths("priority");
    set_priority(subject, *from.priority, *options.mutable_priority());
  }
  if (mask.paths_size() == 0) refuse(subject, "nothing is to change");
}

inline workflow_settings settings_of(const wire::WorkflowExecutionOptions& from) {
  workflow_settings to;
  read_override(from.versioning_override(), to.versioning, to.version);
  to.priority_key = from.priority().priority_key();
  to.fairness_key = from.priority().fairness_key();
  to.fairness_weight = from.priority().fairness_weight();
  return to;
}

using reset_request = service::ResetWorkflowExecutionRequest;

/// Adds what a reset leaves out to the list of a request or of the options of a batch.
template <class Message>
void write_exclusions(const reset_options& from, Message& to) {
  if (from.leave_out_signals) to.add_reset_reapply_exclude_types(enums::RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL);
  if (from.leave_out_updates) to.add_reset_reapply_exclude_types(enums::RESET_REAPPLY_EXCLUDE_TYPE_UPDATE);
  if (from.leave_out_nexus) to.add_reset_reapply_exclude_types(enums::RESET_REAPPLY_EXCLUDE_TYPE_NEXUS);
}

/// What happens between a reset and the first workflow task after it.
template <class Message>
void write_post_reset(const call_subject& subject, const reset_options& from, Message& to) {
  for (const auto& each : from.signals) {
    if (each.name.empty()) refuse(subject, "the name of a signal is missing");
    auto& signal = *to.add_post_reset_operations()->mutable_signal_workflow();
    signal.set_signal_name(std::string(each.name));
    if (each.arguments != nullptr) engine::write_payloads(*each.arguments, *signal.mutable_input());
  }
  if (from.change_options) {
    auto& change = *to.add_post_reset_operations()->mutable_update_workflow_options();
    write_options_change(subject, *from.change_options, *change.mutable_workflow_execution_options(),
                         *change.mutable_update_mask());
  }
}

inline service_call<reset_request> make_reset(const target& of, const reset_options& options) {
  auto request = new_request<reset_request>(*of.session);
  set_execution(of, *request.mutable_workflow_execution());
  request.set_reason(engine::valid_utf8(options.reason));
  request.set_workflow_task_finish_event_id(options.to.event_id);
  service_call<reset_request> made(method_path<reset_request>::value, of.subject("reset"), of.resource_id(),
                                   std::move(request));
  write_exclusions(options, made.request);
  write_post_reset(made.subject, options, made.request);
  return made;
}

/// The event that ends the first workflow task that completed, or with the other request the last one. When none has,
/// one that was scheduled may be gone back to as well; 0: there is none.
template <class Request>
asio::awaitable<std::int64_t> find_task_end(target of) {
  auto request = new_request<Request>(*of.session);
  set_execution(of, *request.mutable_execution());
  service_call<Request> what(method_path<Request>::value, of.subject("history of"), of.resource_id(),
                             std::move(request));
  std::int64_t scheduled = 0;
  for (;;) {
    auto response = co_await fetch(of.session, what);
    if constexpr (requires { unpack_raw_history(response); }) unpack_raw_history(response);
    for (const auto& event : response.history().events()) {
      if (event.event_type() == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED) co_return event.event_id();
      if (event.event_type() == enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) scheduled = event.event_id();
    }
    if (response.next_page_token().empty()) co_return scheduled == 0 ? 0 : scheduled + 1;
    what.request.set_next_page_token(response.next_page_token());
  }
}

inline asio::awaitable<std::int64_t> find_build(target of, std::string build_id) {
  auto request = new_request<service::DescribeWorkflowExecutionRequest>(*of.session);
  set_execution(of, *request.mutable_execution());
  service_call<service::DescribeWorkflowExecutionRequest> what("DescribeWorkflowExecution", of.subject("describe"),
                                                               of.resource_id(), std::move(request));
  const auto response = co_await fetch(of.session, std::move(what));
  for (const auto& point : response.workflow_execution_info().auto_reset_points().points()) {
    if (point.build_id() == build_id) co_return point.first_workflow_task_completed_id();
  }
  co_return 0;
}

/// Finds the point and resets to it; gives the new run.
inline asio::awaitable<std::string> reset_workflow(target of, service_call<reset_request> what,
                                                   reset_point::kind_type to, std::string build_id) {
  std::int64_t at = what.request.workflow_task_finish_event_id();
  if (to == reset_point::kind_type::first_workflow_task) {
    at = co_await find_task_end<service::GetWorkflowExecutionHistoryRequest>(of);
  } else if (to == reset_point::kind_type::last_workflow_task) {
    at = co_await find_task_end<service::GetWorkflowExecutionHistoryReverseRequest>(of);
  } else if (to == reset_point::kind_type::build_id) {
    at = co_await find_build(of, build_id);
    if (at == 0) refuse(what.subject, "no workflow task of it was completed by build '" + build_id + "'");
  }
  if (at <= 0) refuse(what.subject, "there is no workflow task to go back to");
  what.request.set_workflow_task_finish_event_id(at);
  const auto response = co_await fetch(of.session, std::move(what));
  co_return response.run_id();
}

}  // namespace rondo::detail::calls
