#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dev_server/activity_case.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/runs.hpp"

namespace rondo::test {

/// Somebody operates the workflow "w" and its activities.
struct operated_case : activity_case {
  template <class Request>
  static Request about(const std::string& activity_id) {
    Request request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id("w");
    request.set_identity("operator");
    if (!activity_id.empty()) request.set_id(activity_id);
    return request;
  }
  static service::PauseActivityRequest pausing(const std::string& id = "a", const std::string& request_id = "first") {
    auto request = about<service::PauseActivityRequest>(id);
    request.set_reason("night");
    request.set_request_id(request_id);
    return request;
  }
  static service::UpdateActivityOptionsRequest updating(const std::vector<std::string>& paths,
                                                        const std::string& id = "a") {
    auto request = about<service::UpdateActivityOptionsRequest>(id);
    request.mutable_activity_options();
    for (const auto& path : paths) request.mutable_update_mask()->add_paths(path);
    return request;
  }
  void pause(const std::string& id = "a") { at.ask<service::PauseActivityResponse>(pausing(id)); }
  void unpause(const std::function<void(service::UnpauseActivityRequest&)>& change = {}) {
    auto request = about<service::UnpauseActivityRequest>("a");
    if (change) change(request);
    at.ask<service::UnpauseActivityResponse>(request);
  }
  void reset(const std::function<void(service::ResetActivityRequest&)>& change = {}) {
    auto request = about<service::ResetActivityRequest>("a");
    if (change) change(request);
    at.ask<service::ResetActivityResponse>(request);
  }

  static service::PauseWorkflowExecutionRequest pausing_run(const std::string& request_id = "first") {
    service::PauseWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.set_workflow_id("w");
    request.set_identity("operator");
    request.set_reason("audit");
    request.set_request_id(request_id);
    return request;
  }
  static service::UnpauseWorkflowExecutionRequest unpausing_run() {
    service::UnpauseWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.set_workflow_id("w");
    request.set_identity("operator");
    request.set_reason("done");
    request.set_request_id("second");
    return request;
  }
  void pause_run() { at.ask<service::PauseWorkflowExecutionResponse>(pausing_run()); }
  void unpause_run() { at.ask<service::UnpauseWorkflowExecutionResponse>(unpausing_run()); }

  /// The search attribute that says what is paused.
  std::string shown_pauses() {
    const auto shown = at.describe("w");
    const auto& fields = shown.workflow_execution_info().search_attributes().indexed_fields();
    const auto found = fields.find("TemporalPauseInfo");
    return found == fields.end() ? std::string() : found->second.data();
  }
  enums::WorkflowExecutionStatus status() { return at.describe("w").workflow_execution_info().status(); }
  /// The workflow keeps time from being skipped.
  bool holds_clock() {
    return server::find_run(*at.state, at.state->namespaces().get("default"), "w", {})->holds_clock;
  }
  /// Lets time be skipped up to the instant; no further than something that holds the clock.
  void skip_until(server::instant end) {
    // The clock's own lock and that of the harness.
    at.state->clock().unlock_skipping();
    at.state->clock().unlock_skipping();
    for (int turns = 0; turns < 1000 && at.state->now() < end; ++turns) at.loop.poll();
  }
};

/// An activity whose second attempt comes after an hour.
inline void be_patient(activity_attributes& attributes) {
  attributes.mutable_retry_policy()->mutable_initial_interval()->set_seconds(3600);
}

}  // namespace rondo::test
