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
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/client/workflow_changes.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION void write_options_change(const call_subject& subject, const workflow_options_change& from,
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

RONDO_FUNCTION workflow_settings settings_of(const wire::WorkflowExecutionOptions& from) {
  workflow_settings to;
  read_override(from.versioning_override(), to.versioning, to.version);
  to.priority_key = from.priority().priority_key();
  to.fairness_key = from.priority().fairness_key();
  to.fairness_weight = from.priority().fairness_weight();
  return to;
}

RONDO_FUNCTION service_call<reset_request> make_reset(const target& of, const reset_options& options) {
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

RONDO_FUNCTION asio::awaitable<std::int64_t> find_build(target of, std::string build_id) {
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

RONDO_FUNCTION asio::awaitable<std::string> reset_workflow(target of, service_call<reset_request> what,
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
