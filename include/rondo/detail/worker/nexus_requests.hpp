#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/duration_text.hpp"
#include "rondo/detail/client/link_exchange.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/worker/nexus_links.hpp"
#include "rondo/detail/worker/nexus_token.hpp"
#include "rondo/failure.hpp"
#include "rondo/nexus_info.hpp"

// What requests of Nexus callers say, and what follows from it for what their operations go on as.
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

/// What a token names; empty when it cannot be read, which is refused later.
inline std::optional<nexus_backing> known_backing(const std::string& token, const std::string& namespace_name) {
  try {
    return read_operation_token(token, namespace_name);
  } catch (const nexus_handler_failure&) {
    return std::nullopt;
  }
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
    about.cancels = known_backing(request.cancel_operation().operation_token(), namespace_name);
    return about;
  }
  const auto& start = request.start_operation();
  about.service = start.service();
  about.operation = start.operation();
  about.request_id = start.request_id();
  for (const auto& link : start.links()) about.links.push_back({.url = link.url(), .type = link.type()});
  return about;
}

/// The links of a request, for the calls that its handler makes.
inline std::shared_ptr<calls::link_exchange> exchange_of(const nexus_poll& task) {
  std::vector<execution_link> found;
  for (const auto& each : task.request().start_operation().links()) {
    if (auto link = execution_link_of({.url = each.url(), .type = each.type()})) found.push_back(std::move(*link));
  }
  return std::make_shared<calls::link_exchange>(std::move(found));
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

/// What an operation's request says of its origin, and of where its end is to be told, for what it goes on as.
class nexus_origin {
 public:
  explicit nexus_origin(const temporal::api::nexus::v1::StartOperationRequest& operation) : operation_(operation) {}

  /// The caller is told when the workflow ends, also when it runs already.
  void attach(engine::service::StartWorkflowExecutionRequest& to) const {
    to.set_request_id(operation_.request_id());
    write_links(to);
    write_conflict(to);
    write_callback(workflow_token(to.namespace_(), to.workflow_id()), to);
  }
  /// The same for an activity. Its links are those of the callback, where there is one.
  void attach(engine::service::StartActivityExecutionRequest& to) const {
    to.set_request_id(operation_.request_id());
    if (operation_.callback().empty()) write_links(to);
    write_conflict(to);
    const nexus_backing what{.kind = nexus_backing::kind_type::activity, .activity_id = to.activity_id()};
    write_callback(operation_token(to.namespace_(), what), to);
  }
  /// The same for an update.
  void attach(engine::service::UpdateWorkflowExecutionRequest& to) const {
    auto& asked = *to.mutable_request();
    asked.set_request_id(operation_.request_id());
    write_links(asked);
    const nexus_backing what{.kind = nexus_backing::kind_type::update,
                             .workflow_id = to.workflow_execution().workflow_id(),
                             .update_id = asked.meta().update_id(),
                             .run_id = to.workflow_execution().run_id()};
    write_callback(operation_token(to.namespace_(), what), asked);
  }

 private:
  template <class Message>
  void write_links(Message& to) const {
    for (const auto& each : operation_.links()) {
      if (auto link = execution_link_of({.url = each.url(), .type = each.type()})) *to.add_links() = std::move(*link);
    }
  }
  template <class Request>
  static void write_conflict(Request& to) {
    auto& when_running = *to.mutable_on_conflict_options();
    when_running.set_attach_request_id(true);
    when_running.set_attach_completion_callbacks(true);
    when_running.set_attach_links(true);
  }
  template <class Message>
  void write_callback(const std::string& token, Message& to) const {
    if (operation_.callback().empty()) return;
    auto& callback = *to.add_completion_callbacks();
    callback.mutable_nexus()->set_url(operation_.callback());
    auto& headers = *callback.mutable_nexus()->mutable_header();
    for (const auto& [name, value] : operation_.callback_header()) headers[lower_case(name)] = value;
    headers["nexus-operation-token"] = token;
    write_links(callback);
  }

  const temporal::api::nexus::v1::StartOperationRequest& operation_;
};

inline void write_link(const nexus_link& from, temporal::api::nexus::v1::Link& to) {
  to.set_url(from.url);
  to.set_type(from.type);
}

/// The link to a workflow that was started: what the server says, or its first event.
inline std::optional<nexus_link> link_to(const engine::service::StartWorkflowExecutionRequest& asked,
                                         const engine::service::StartWorkflowExecutionResponse& answer) {
  if (answer.has_link()) return nexus_link_of(answer.link());
  return nexus_link_of(calls::link_to_start(asked.namespace_(), asked.workflow_id(), answer.run_id()));
}
/// The link to an activity that was started.
inline std::optional<nexus_link> link_to(const engine::service::StartActivityExecutionRequest& asked,
                                         const engine::service::StartActivityExecutionResponse& answer) {
  if (answer.has_link()) return nexus_link_of(answer.link());
  return nexus_link_of(calls::link_to_activity(asked.namespace_(), asked.activity_id(), answer.run_id()));
}

}  // namespace rondo::detail::worker
