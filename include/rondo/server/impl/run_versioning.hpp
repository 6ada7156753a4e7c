#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/json.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/field_mask.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/versioning.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_versioning {

namespace service = temporal::api::workflowservice::v1;
using temporal::api::common::v1::Payload;
using temporal::api::common::v1::WorkerVersionStamp;

[[noreturn]] inline void refuse(std::string text) { throw refusal(rpc_code::invalid_argument, std::move(text)); }

inline void pin(versioning_override& which, const deployment_version& version) {
  auto& pinned = *which.mutable_pinned();
  pinned.set_behavior(versioning_override::PINNED_OVERRIDE_BEHAVIOR_PINNED);
  *pinned.mutable_version() = version;
}

/// From before overrides had their present form.
inline versioning_override from_old_form(const versioning_override& given) {
  versioning_override made;
  switch (given.behavior()) {
    case enums::VERSIONING_BEHAVIOR_PINNED:
      if (given.has_deployment()) {
        if (given.deployment().series_name().empty()) refuse("deployment name cannot be empty");
        if (given.deployment().build_id().empty()) refuse("deployment build ID cannot be empty");
        pin(made, make_version(given.deployment().series_name(), given.deployment().build_id()));
      } else if (!given.pinned_version().empty()) {
        const auto version = parse_version(given.pinned_version());
        if (!version) refuse("must provide deployment (deprecated) or pinned version if behavior is 'PINNED'");
        pin(made, *version);
      } else {
        refuse("must provide deployment (deprecated) or pinned version if behavior is 'PINNED'");
      }
      return made;
    case enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE:
      if (given.has_deployment()) refuse("only provide deployment if behavior is 'PINNED'");
      if (!given.pinned_version().empty()) refuse("only provide pinned version if behavior is 'PINNED'");
      made.set_auto_upgrade(true);
      return made;
    default:
      refuse("override behavior is required");
  }
}

/// A search attribute as the index has it.
template <class Value>
Payload make_attribute(const Value& value, const char* type) {
  Payload payload;
  (*payload.mutable_metadata())["encoding"] = "json/plain";
  (*payload.mutable_metadata())["type"] = type;
  payload.set_data(json::dump(value));
  return payload;
}

inline std::vector<std::string> build_ids_of(const run& of) {
  const auto found = of.state.search_attributes().indexed_fields().find("BuildIds");
  if (found == of.state.search_attributes().indexed_fields().end()) return {};
  return json::parse<std::vector<std::string>>(found->second.data());
}

inline bool starts_with(const std::string& text, std::string_view with) { return text.rfind(with, 0) == 0; }

inline std::string name_of_stamp(const WorkerVersionStamp& stamp) {
  if (stamp.build_id().empty()) return "unversioned";
  return (stamp.use_versioning() ? "versioned:" : "unversioned:") + stamp.build_id();
}

/// The version that the run shows: transitions do not count yet.
inline std::optional<deployment_version> shown_version(const versioning_info& of) {
  if (of.versioning_override().has_pinned()) return of.versioning_override().pinned().version();
  if (of.has_deployment_version()) return of.deployment_version();
  return std::nullopt;
}

/// The present state comes first, then every version that the run ever had.
inline std::vector<std::string> next_build_ids(const std::vector<std::string>& before, const versioning_info& info,
                                               const WorkerVersionStamp* stamp) {
  const auto behavior = chosen_behavior(info);
  std::vector<std::string> after;
  const bool versioned_stamp = stamp != nullptr && stamp->use_versioning();
  if (!versioned_stamp && behavior == enums::VERSIONING_BEHAVIOR_UNSPECIFIED) after.emplace_back("unversioned");
  if (behavior == enums::VERSIONING_BEHAVIOR_PINNED) after.push_back("pinned:" + version_text(shown_version(info)));
  const std::string added = stamp == nullptr ? std::string() : name_of_stamp(*stamp);
  for (const auto& each : before) {
    const bool replaced = each == "unversioned" || starts_with(each, "assigned:") || starts_with(each, "pinned");
    if (!replaced) after.push_back(each);
  }
  const bool present = std::find(before.begin(), before.end(), added) != before.end();
  if (!present && !added.empty() && added != "unversioned") after.push_back(added);
  return after;
}

inline std::optional<deployment_version> worker_of(const service::RespondWorkflowTaskCompletedRequest& by) {
  const auto& options = by.deployment_options();
  if (options.worker_versioning_mode() == enums::WORKER_VERSIONING_MODE_VERSIONED) {
    return make_version(options.deployment_name(), options.build_id());
  }
  if (by.has_deployment() && !by.deployment().series_name().empty()) {
    return make_version(by.deployment().series_name(), by.deployment().build_id());
  }
  return std::nullopt;
}

/// Tasks that wait go where the run's versioning says now.
inline void follow_change(run& of, bool to_other_version) {
  if (to_other_version && !of.task_started()) {
    of.state.clear_sticky_task_queue();
    of.state.clear_sticky_timeout();
  }
  core& in = *of.owner;
  in.later([&in, namespace_id = of.state.namespace_id(), run_id = of.state.run_id()] {
    in.matching().reroute(namespace_id, run_id);
  });
  in.touch(of);
}

// UpdateWorkflowExecutionOptions.

inline constexpr std::string_view known_options[] = {
    "versioning_override",
    "versioning_override.behavior",
    "versioning_override.deployment",
    "versioning_override.pinned_version",
    "versioning_override.pinned",
    "versioning_override.auto_upgrade",
    "versioning_override.one_time",
    "priority",
    "priority.priority_key",
    "priority.fairness_key",
    "priority.fairness_weight",
    "time_skipping_config",
};

using option_set = std::set<std::string>;
using execution_options = temporal::api::workflow::v1::WorkflowExecutionOptions;

/// The override is to change. It does so as a whole; its two oldest fields may be named instead, together.
inline bool changes_override(const option_set& wanted) {
  bool changes = wanted.contains("versioning_override");
  const bool behavior = wanted.contains("versioning_override.behavior");
  if (behavior != wanted.contains("versioning_override.deployment")) {
    refuse("error applying update_options: versioning_override fields must be updated together");
  }
  changes = changes || behavior;
  for (const auto& path : wanted) {
    if (!path.starts_with("versioning_override.") || path.ends_with(".behavior") || path.ends_with(".deployment")) {
      continue;
    }
    refuse("error applying update_options: versioning_override doesn't support partial updates");
  }
  return changes;
}

/// The priority that the run has after the change.
inline temporal::api::common::v1::Priority merged_priority(const run& of,
                                                           const temporal::api::common::v1::Priority& given,
                                                           const option_set& wanted) {
  auto merged = wanted.contains("priority") ? given : of.state.priority();
  if (wanted.contains("priority.priority_key")) merged.set_priority_key(given.priority_key());
  if (wanted.contains("priority.fairness_key")) merged.set_fairness_key(given.fairness_key());
  if (wanted.contains("priority.fairness_weight")) merged.set_fairness_weight(given.fairness_weight());
  return merged;
}

/// A pinned override without a version stays with the version that the run is pinned to.
inline versioning_override complete_override(const run& of, const versioning_override& given) {
  versioning_override wanted = normalized(given);
  if (!wanted.has_pinned() || wanted.pinned().has_version()) return wanted;
  const auto behavior = effective_behavior(of.state.versioning());
  const auto version = effective_version(of.state.versioning());
  if (behavior != enums::VERSIONING_BEHAVIOR_PINNED || !version) {
    const char* name = behavior == enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE ? "AutoUpgrade" : "Unspecified";
    throw refusal(rpc_code::failed_precondition,
                  "must specify a specific pinned override version because workflow with id " + of.state.workflow_id() +
                      " has behavior " + name + " and is not yet pinned to any version");
  }
  *wanted.mutable_pinned()->mutable_version() = *version;
  return wanted;
}

inline void change_override(run& of, const std::optional<versioning_override>& wanted) {
  const auto before = effective_version(of.state.versioning());
  if (wanted) {
    *of.state.mutable_versioning()->mutable_versioning_override() = *wanted;
  } else {
    of.state.mutable_versioning()->clear_versioning_override();
  }
  of.state.mutable_versioning()->clear_version_transition();
  show_versioning(of, nullptr);
  follow_change(of, wanted.has_value() || !same_version(before, effective_version(of.state.versioning())));
  of.owner->deployments().on_run_changed(of);
}

inline bool same_message(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

/// The task that waits takes its place by the new priority.
inline void change_priority(run& of, const temporal::api::common::v1::Priority& to) {
  of.state.clear_priority();
  if (to.ByteSizeLong() > 0) *of.state.mutable_priority() = to;
  if (!of.state.has_workflow_task() || of.task_started()) return;
  leave_task_queue(of);
  dispatch_workflow_task(of);
}

inline execution_options options_of(const run& of) {
  execution_options shown;
  if (of.state.versioning().has_versioning_override()) {
    *shown.mutable_versioning_override() = of.state.versioning().versioning_override();
  }
  if (of.state.priority().ByteSizeLong() > 0) *shown.mutable_priority() = of.state.priority();
  return shown;
}

/// The event says what the options are from now on, changed or not.
inline void append_options_event(run& of, const execution_options& options, const std::string& identity) {
  auto event = make_event(*of.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
  event.set_worker_may_ignore(true);
  auto& attributes = *event.mutable_workflow_execution_options_updated_event_attributes();
  attributes.set_identity(identity);
  if (options.has_versioning_override()) {
    *attributes.mutable_versioning_override() = options.versioning_override();
  } else {
    attributes.set_unset_versioning_override(true);
  }
  if (options.has_priority()) *attributes.mutable_priority() = options.priority();
  append_external(of, std::move(event), false);
}

inline option_set check_options_request(const service::UpdateWorkflowExecutionOptionsRequest& request) {
  if (request.workflow_execution().workflow_id().empty()) refuse("WorkflowId is not set on request.");
  if (!request.has_update_mask()) refuse("UpdateMask is required");
  if (!request.has_workflow_execution_options()) refuse("WorkflowExecutionOptions is required");
  const auto& given = request.workflow_execution_options();
  option_set wanted = read_field_mask(request.update_mask(), known_options, given.GetDescriptor()->full_name());
  check_priority(given.priority());
  if (given.has_time_skipping_config()) {
    throw refusal(rpc_code::unimplemented, "The Time-Skipping feature is not enabled for namespace.");
  }
  if (given.has_versioning_override()) normalized(given.versioning_override());
  return wanted;
}

inline service::UpdateWorkflowExecutionOptionsResponse update_options(
    core& in, const service::UpdateWorkflowExecutionOptionsRequest& request) {
  const option_set wanted = check_options_request(request);
  name_space& space = in.namespaces().get(request.namespace_());
  const auto& given = request.workflow_execution_options();
  run& of = get_open_run(in, space, request.workflow_execution().workflow_id(), request.workflow_execution().run_id());
  const bool names_override = changes_override(wanted);

  std::optional<versioning_override> next;
  if (names_override && given.has_versioning_override()) {
    next = complete_override(of, given.versioning_override());
    in.deployments().check_override(space.id(), of.state.task_queue(), *next);
  }
  const auto& present = of.state.versioning().versioning_override();
  const bool new_override =
      names_override && (next ? !same_message(*next, present) : of.state.versioning().has_versioning_override());
  const auto priority = merged_priority(of, given.priority(), wanted);
  const bool new_priority = !same_message(priority, of.state.priority());
  service::UpdateWorkflowExecutionOptionsResponse response;
  if (new_override || new_priority) {
    execution_options merged = options_of(of);
    if (new_override) merged.clear_versioning_override();
    if (new_override && next) *merged.mutable_versioning_override() = *next;
    // Empty when it is taken away.
    if (new_priority) *merged.mutable_priority() = priority;
    append_options_event(of, merged, request.identity());
    if (new_override) change_override(of, next);
    if (new_priority) change_priority(of, priority);
    in.touch(of);
    to_proto(in.now(), *response.mutable_update_time());
  }
  *response.mutable_workflow_execution_options() = options_of(of);
  return response;
}

}  // namespace detail_versioning

RONDO_SERVER_FUNCTION versioning_override normalized(const versioning_override& given) {
  if (given.has_one_time()) {
    if (given.one_time().target_deployment_version().build_id().empty()) {
      detail_versioning::refuse("must provide target deployment version if override is one-time.");
    }
    return given;
  }
  versioning_override made;
  if (given.auto_upgrade()) {
    made.set_auto_upgrade(true);
    return made;
  }
  if (!given.has_pinned()) return detail_versioning::from_old_form(given);
  if (given.pinned().behavior() != versioning_override::PINNED_OVERRIDE_BEHAVIOR_PINNED) {
    detail_versioning::refuse("must specify pinned override behavior if override is pinned.");
  }
  *made.mutable_pinned() = given.pinned();
  return made;
}

RONDO_SERVER_FUNCTION void deployments::set_override(run& of, const versioning_override& wanted) const {
  *of.state.mutable_versioning()->mutable_versioning_override() = detail_versioning::complete_override(of, wanted);
  if (chosen_behavior(of.state.versioning()) == enums::VERSIONING_BEHAVIOR_PINNED) show_versioning(of, nullptr);
}

RONDO_SERVER_FUNCTION void deployments::on_task_started(run& of, const poller& by) {
  const versioning_info& info = of.state.versioning();
  if (effective_behavior(info) == enums::VERSIONING_BEHAVIOR_PINNED) return;
  if (same_version(effective_version(info), by.version)) return;
  auto& transition = *of.state.mutable_versioning()->mutable_version_transition();
  transition.Clear();
  if (by.version) *transition.mutable_deployment_version() = *by.version;
  transition.set_version(old_version_text(by.version));
}

RONDO_SERVER_FUNCTION void deployments::on_task_completed(
    run& of, const temporal::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& by) {
  const auto worker = detail_versioning::worker_of(by);
  auto behavior = by.versioning_behavior();
  if (by.has_deployment_options() &&
      by.deployment_options().worker_versioning_mode() != enums::WORKER_VERSIONING_MODE_VERSIONED) {
    behavior = enums::VERSIONING_BEHAVIOR_UNSPECIFIED;
  }
  const auto version_before = effective_version(of.state.versioning());
  const auto behavior_before = effective_behavior(of.state.versioning());
  if (of.state.has_versioning() || behavior != enums::VERSIONING_BEHAVIOR_UNSPECIFIED) {
    auto& info = *of.state.mutable_versioning();
    if (info.has_version_transition() && same_version(effective_version(info), worker)) info.clear_version_transition();
    if (info.versioning_override().has_one_time() &&
        same_version(info.versioning_override().one_time().target_deployment_version(), worker)) {
      info.clear_versioning_override();
    }
    info.clear_deployment();
    info.set_behavior(behavior);
    if (behavior == enums::VERSIONING_BEHAVIOR_UNSPECIFIED || !worker) {
      info.clear_deployment_version();
      info.clear_version();
    } else {
      *info.mutable_deployment_version() = *worker;
      info.set_version(old_version_text(worker));
    }
    if (info.ByteSizeLong() == 0) of.state.clear_versioning();
  }
  show_versioning(of, by.has_worker_version_stamp() ? &by.worker_version_stamp() : nullptr);
  const bool moved = !same_version(version_before, effective_version(of.state.versioning()));
  if (moved || behavior_before != effective_behavior(of.state.versioning())) {
    detail_versioning::follow_change(of, false);
    on_run_changed(of);
  }
}

RONDO_SERVER_FUNCTION void show_versioning(run& of, const temporal::api::common::v1::WorkerVersionStamp* stamp) {
  using detail_versioning::make_attribute;
  const versioning_info& info = of.state.versioning();
  const auto before = detail_versioning::build_ids_of(of);
  const auto after = detail_versioning::next_build_ids(before, info, stamp);
  auto& attributes = *of.state.mutable_search_attributes()->mutable_indexed_fields();
  if (after != before) {
    attributes["BuildIds"] = make_attribute(after, "KeywordList");
    of.visible_changed = true;
  }
  const auto behavior = chosen_behavior(info);
  const bool shown_before = attributes.count("TemporalWorkflowVersioningBehavior") != 0;
  if (behavior == enums::VERSIONING_BEHAVIOR_UNSPECIFIED && !shown_before) return;
  const auto version = detail_versioning::shown_version(info);
  const char* behavior_name = behavior == enums::VERSIONING_BEHAVIOR_PINNED         ? "Pinned"
                              : behavior == enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE ? "AutoUpgrade"
                                                                                    : "";
  attributes["TemporalWorkerDeployment"] =
      make_attribute(version ? version->deployment_name() : std::string(), "Keyword");
  attributes["TemporalWorkerDeploymentVersion"] = make_attribute(version_text(version), "Keyword");
  attributes["TemporalWorkflowVersioningBehavior"] = make_attribute(std::string(behavior_name), "Keyword");
  of.visible_changed = true;
}

RONDO_SERVER_FUNCTION void serve_execution_options(frontend& at) {
  at.on<temporal::api::workflowservice::v1::UpdateWorkflowExecutionOptionsRequest>("UpdateWorkflowExecutionOptions",
                                                                                   detail_versioning::update_options);
}

}  // namespace rondo::server
