#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/duration_text.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/worker/nexus_links.hpp"
#include "rondo/detail/worker/nexus_token.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus.hpp"

// What requests of Nexus callers say, and what follows from it for the workflows behind their operations.
namespace rondo::detail::worker {

using nexus_poll = engine::service::PollNexusTaskQueueResponse;

/// Names of headers are compared without regard to case; here they are all lower case.
inline std::string lower_case(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

inline nexus_info facts_of(const nexus_poll& task, const std::string& namespace_name, const std::string& task_queue) {
  const auto& request = task.request();
  nexus_info about;
  about.namespace_ = namespace_name;
  about.task_queue = task_queue;
  about.endpoint = request.endpoint();
  for (const auto& [name, value] : request.header()) about.headers.insert_or_assign(lower_case(name), value);
  if (request.has_cancel_operation()) {
    about.service = request.cancel_operation().service();
    about.operation = request.cancel_operation().operation();
    return about;
  }
  const auto& start = request.start_operation();
  about.service = start.service();
  about.operation = start.operation();
  about.request_id = start.request_id();
  for (const auto& link : start.links()) about.links.push_back({.url = link.url(), .type = link.type()});
  return about;
}

/// How long the caller's server waits for the answer; empty when it does not say. Throws nexus_handler_failure.
template <class Headers>
std::optional<duration> request_timeout(const Headers& headers) {
  const auto found = headers.find(std::string_view("request-timeout"));
  if (found == headers.end()) return std::nullopt;
  try {
    return parse_duration(found->second);
  } catch (const std::exception& failed) {
    throw nexus_handler_failure(std::string("header request-timeout: ") + failed.what(), nexus_error::bad_request);
  }
}

/// Lets a workflow answer for an operation: the caller is told when it ends, also when it runs already.
inline void attach_operation(const temporal::api::nexus::v1::StartOperationRequest& operation,
                             engine::service::StartWorkflowExecutionRequest& to) {
  to.set_request_id(operation.request_id());
  for (const auto& each : operation.links()) {
    if (auto link = execution_link_of({.url = each.url(), .type = each.type()})) *to.add_links() = std::move(*link);
  }
  auto& when_running = *to.mutable_on_conflict_options();
  when_running.set_attach_request_id(true);
  when_running.set_attach_completion_callbacks(true);
  when_running.set_attach_links(true);
  if (operation.callback().empty()) return;
  auto& callback = *to.add_completion_callbacks();
  callback.mutable_nexus()->set_url(operation.callback());
  auto& headers = *callback.mutable_nexus()->mutable_header();
  for (const auto& [name, value] : operation.callback_header()) headers[lower_case(name)] = value;
  headers["nexus-operation-token"] = workflow_token(to.namespace_(), to.workflow_id());
  *callback.mutable_links() = to.links();
}

inline void write_link(const nexus_link& from, temporal::api::nexus::v1::Link& to) {
  to.set_url(from.url);
  to.set_type(from.type);
}

/// The link to a workflow that was started: what the server says, or its first event.
inline nexus_link link_to_run(const std::string& namespace_name, const std::string& workflow_id,
                              const engine::service::StartWorkflowExecutionResponse& answer) {
  if (answer.link().has_workflow_event()) return nexus_link_of(answer.link().workflow_event());
  execution_link::WorkflowEvent first;
  first.set_namespace_(namespace_name);
  first.set_workflow_id(workflow_id);
  first.set_run_id(answer.run_id());
  first.mutable_event_ref()->set_event_id(1);
  first.mutable_event_ref()->set_event_type(engine::enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  return nexus_link_of(first);
}

}  // namespace rondo::detail::worker
