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
#include "rondo/detail/engine/payload_conversion.hpp"

// Changes of workflows that run: their options, and resets.
namespace rondo::detail::calls {

void write_options_change(const call_subject& subject, const workflow_options_change& from,
                          wire::WorkflowExecutionOptions& options, google::protobuf::FieldMask& mask);

workflow_settings settings_of(const wire::WorkflowExecutionOptions& from);

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

service_call<reset_request> make_reset(const target& of, const reset_options& options);

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

asio::awaitable<std::int64_t> find_build(target of, std::string build_id);

/// Finds the point and resets to it; gives the new run.
asio::awaitable<std::string> reset_workflow(target of, service_call<reset_request> what, reset_point::kind_type to,
                                            std::string build_id);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/workflow_changes.hpp"
#endif
