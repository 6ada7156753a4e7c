#pragma once
#include <string>
#include <string_view>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/detail/engine/outgoing_calls.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/workflow/info.hpp"

// A signal with start, which the server does for workflows as a Nexus operation of its own. The input is the request of
// the RPC, marked so that codecs look into it instead of hiding it from the server.
namespace rondo::detail::engine {

inline constexpr std::string_view system_endpoint = "__temporal_system";
inline constexpr std::string_view system_service = "temporal.api.workflowservice.v1.WorkflowService";
inline constexpr std::string_view signal_with_start_operation = "SignalWithStartWorkflowExecution";
inline constexpr std::string_view system_payload_mark = "__temporal_system_payload";

/// A call, and what is to be sent for it.
struct outgoing_signal_with_start {
  const run::signal_with_start_call& call;
  const outgoing_calls::outgoing& out;
  const workflow_info& from;
};

/// Without a request id and links: those are the server's.
inline void write_request(const outgoing_signal_with_start& what,
                          service::SignalWithStartWorkflowExecutionRequest& to) {
  const signal_with_start_options& options = what.call.options;
  to.set_namespace_(what.from.namespace_);
  to.set_workflow_id(std::string(options.id));
  to.mutable_workflow_type()->set_name(std::string(what.call.workflow_type));
  to.mutable_task_queue()->set_name(options.task_queue.empty() ? what.from.task_queue
                                                               : std::string(options.task_queue));
  message_sink input(*to.mutable_input());
  what.out.input(input);
  if (to.input().payloads().empty()) to.clear_input();
  to.set_signal_name(std::string(what.call.signal));
  message_sink signal_input(*to.mutable_signal_input());
  what.call.signal_input(signal_input);
  if (to.signal_input().payloads().empty()) to.clear_signal_input();
  if (options.execution_timeout > duration::zero()) {
    write_duration(options.execution_timeout, *to.mutable_workflow_execution_timeout());
  }
  if (options.run_timeout > duration::zero()) {
    write_duration(options.run_timeout, *to.mutable_workflow_run_timeout());
  }
  if (options.task_timeout > duration::zero()) {
    write_duration(options.task_timeout, *to.mutable_workflow_task_timeout());
  }
  if (options.start_delay > duration::zero()) write_duration(options.start_delay, *to.mutable_workflow_start_delay());
  to.set_workflow_id_reuse_policy(wire_of(options.reuse));
  if (options.conflict) to.set_workflow_id_conflict_policy(wire_of(*options.conflict));
  if (options.retry) write_retry_policy(*options.retry, *to.mutable_retry_policy());
  to.set_cron_schedule(std::string(options.cron_schedule));
  if (const auto* memo = options.memo.get()) write_payload_map(*memo, *to.mutable_memo()->mutable_fields());
  if (const auto* values = options.search_attributes.get()) {
    write_payload_map(*values, *to.mutable_search_attributes()->mutable_indexed_fields());
  }
  if (options.priority) write_priority(*options.priority, *to.mutable_priority());
  if (options.versioning.kind != versioning_override::kind_type::none) {
    write_override(options.versioning, *to.mutable_versioning_override());
  }
  write_headers(what.out.headers, options.headers, to);
  if (!options.summary.empty()) write_json(options.summary, *to.mutable_user_metadata()->mutable_summary());
  if (!options.details.empty()) write_json(options.details, *to.mutable_user_metadata()->mutable_details());
}

/// The request as a payload.
inline run::encoder encoder_of(const outgoing_signal_with_start& what) {
  return run::encoder(&what, [](const void* from, payload_sink& to) {
    service::SignalWithStartWorkflowExecutionRequest request;
    write_request(*static_cast<const outgoing_signal_with_start*>(from), request);
    to.add(encoding::binary_protobuf) = request.SerializeAsString();
    to.set_metadata("messageType", "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest");
    to.set_metadata(system_payload_mark, "true");
  });
}

}  // namespace rondo::detail::engine
