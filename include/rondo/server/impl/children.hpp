#pragma once

#include "rondo/server/children.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "rondo/server/closing.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/starting.hpp"

namespace rondo::server {

namespace detail_children {

using initiated_attributes = temporal::api::history::v1::StartChildWorkflowExecutionInitiatedEventAttributes;

/// A run, to be found again later.
struct run_key {
  std::string namespace_id;
  std::string workflow_id;
  std::string run_id;
};

inline run_key key_of(const run& of) { return {of.state.namespace_id(), of.state.workflow_id(), of.state.run_id()}; }

inline run* find(core& in, const run_key& key) {
  name_space* const space = in.namespaces().find_by_id(key.namespace_id);
  return space == nullptr ? nullptr : find_run(in, *space, key.workflow_id, key.run_id);
}

inline std::vector<std::int64_t> ids(const run& of) {
  std::vector<std::int64_t> made;
  for (const auto& [id, child] : of.state.children()) made.push_back(id);
  std::sort(made.begin(), made.end());
  return made;
}

inline service::StartWorkflowExecutionRequest make_request(const run& parent, std::int64_t id,
                                                           history_event& initiated) {
  auto& from = *initiated.mutable_start_child_workflow_execution_initiated_event_attributes();
  service::StartWorkflowExecutionRequest to;
  to.set_namespace_(from.namespace_());
  to.set_workflow_id(from.workflow_id());
  *to.mutable_workflow_type() = from.workflow_type();
  *to.mutable_task_queue() = from.task_queue();
  if (from.has_input()) to.mutable_input()->Swap(from.mutable_input());
  if (from.has_header()) *to.mutable_header() = from.header();
  if (from.has_workflow_execution_timeout()) {
    *to.mutable_workflow_execution_timeout() = from.workflow_execution_timeout();
  }
  *to.mutable_workflow_run_timeout() = from.workflow_run_timeout();
  *to.mutable_workflow_task_timeout() = from.workflow_task_timeout();
  to.set_request_id(parent.state.run_id() + ":" + std::to_string(id) + ":0");
  const bool terminates = from.workflow_id_reuse_policy() == enums::WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING;
  to.set_workflow_id_reuse_policy(terminates ? enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
                                             : from.workflow_id_reuse_policy());
  to.set_workflow_id_conflict_policy(terminates ? enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
                                                : enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
  if (from.has_retry_policy()) *to.mutable_retry_policy() = from.retry_policy();
  to.set_cron_schedule(from.cron_schedule());
  if (from.has_memo()) to.mutable_memo()->Swap(from.mutable_memo());
  if (from.has_search_attributes()) to.mutable_search_attributes()->Swap(from.mutable_search_attributes());
  if (initiated.has_user_metadata()) *to.mutable_user_metadata() = initiated.user_metadata();
  if (parent.state.has_priority() || from.has_priority()) {
    *to.mutable_priority() = merge_priority(parent.state.priority(), from.priority());
  }
  return to;
}

/// What a child of a pinned parent has from it, if it runs in the same queue.
inline void inherit_version(const run& parent, start_request& begin) {
  const auto& versioning = parent.state.versioning();
  if (begin.request.namespace_() != parent.space->name()) return;
  if (begin.request.task_queue().name() != parent.state.task_queue()) return;
  const auto& pinning = versioning.versioning_override();
  if (pinning.has_pinned()) {
    *begin.request.mutable_versioning_override() = pinning;
    *begin.attributes.mutable_inherited_pinned_version() = pinning.pinned().version();
  } else if (versioning.behavior() == enums::VERSIONING_BEHAVIOR_PINNED && versioning.has_deployment_version()) {
    *begin.attributes.mutable_inherited_pinned_version() = versioning.deployment_version();
  }
}

inline void set_parent(const run& parent, std::int64_t initiated_event_id, start_request& begin) {
  auto& attributes = begin.attributes;
  attributes.set_parent_workflow_namespace(parent.space->name());
  attributes.set_parent_workflow_namespace_id(parent.space->id());
  attributes.mutable_parent_workflow_execution()->set_workflow_id(parent.state.workflow_id());
  attributes.mutable_parent_workflow_execution()->set_run_id(parent.state.run_id());
  attributes.set_parent_initiated_event_id(initiated_event_id);
  attributes.mutable_root_workflow_execution()->set_workflow_id(parent.state.root_workflow_id());
  attributes.mutable_root_workflow_execution()->set_run_id(parent.state.root_run_id());
}

inline void note_failed_start(run& parent, std::int64_t id, const initiated_attributes& from,
                              enums::StartChildWorkflowExecutionFailedCause cause) {
  history_event event = make_event(*parent.owner, enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED);
  auto& to = *event.mutable_start_child_workflow_execution_failed_event_attributes();
  to.set_namespace_(from.namespace_());
  to.set_namespace_id(from.namespace_id());
  to.set_workflow_id(from.workflow_id());
  *to.mutable_workflow_type() = from.workflow_type();
  to.set_cause(cause);
  to.set_control(from.control());
  to.set_initiated_event_id(id);
  parent.state.mutable_children()->erase(id);
  append_external(parent, std::move(event));
}

inline void note_started(run& parent, std::int64_t id, const initiated_attributes& from, const std::string& run_id) {
  history_event event = make_event(*parent.owner, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED);
  auto& to = *event.mutable_child_workflow_execution_started_event_attributes();
  to.set_namespace_(from.namespace_());
  to.set_namespace_id(from.namespace_id());
  to.set_initiated_event_id(id);
  to.mutable_workflow_execution()->set_workflow_id(from.workflow_id());
  to.mutable_workflow_execution()->set_run_id(run_id);
  *to.mutable_workflow_type() = from.workflow_type();
  if (from.has_header()) *to.mutable_header() = from.header();
  auto& child = (*parent.state.mutable_children())[id];
  child.set_run_id(run_id);
  child.set_first_run_id(run_id);
  // One that is kept back gets its id when it enters the history.
  if (!parent.task_started()) child.set_started_event_id(parent.events.next_id());
  append_external(parent, std::move(event));
}

inline void start_child(core& in, const run_key& parent_key, std::int64_t id) {
  run* const parent = find(in, parent_key);
  if (parent == nullptr || !parent->open() || !parent->state.children().contains(id)) return;
  history_event initiated = parent->events.at(id);
  const initiated_attributes attributes = initiated.start_child_workflow_execution_initiated_event_attributes();
  name_space* const target = in.namespaces().find_by_id(attributes.namespace_id());
  if (target == nullptr) {
    return note_failed_start(*parent, id, attributes,
                             enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND);
  }
  start_request begin;
  begin.request = make_request(*parent, id, initiated);
  run* const current = find_run(in, *target, attributes.workflow_id(), {});
  auto decision = start_decision::start;
  try {
    decision = decide_start(begin.request, current);
  } catch (const refusal&) {
    return note_failed_start(*parent, id, attributes,
                             enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS);
  }
  begin.run_id = in.new_uuid();
  begin.first_task_delay = first_task_delay(begin.request, in.now());
  set_parent(*parent, id, begin);
  inherit_version(*parent, begin);
  if (attributes.has_versioning_override()) {
    *begin.request.mutable_versioning_override() = attributes.versioning_override();
  }
  if (decision == start_decision::terminate_existing) {
    terminate_for_start(*current, begin.run_id);
    if (!parent->open()) return;
  }
  const std::string run_id = begin.run_id;
  run& child = start_run(in, *target, std::move(begin));
  // Unlike that of other runs, its first workflow task is a transition of its own.
  if (child.state.has_workflow_task()) {
    in.begin_step();
    in.touch(child);
  }
  note_started(*parent, id, attributes, run_id);
}

/// How the chain of a child ended, for its parent.
struct child_end {
  run_key child;
  std::string first_run_id;
  std::int64_t initiated_event_id = 0;
  history_event closing;
};

template <class Attributes>
void describe_end(const state::Child& child, const child_end& end, const initiated_attributes& initiated,
                  Attributes& to) {
  to.set_namespace_(initiated.namespace_());
  to.set_namespace_id(initiated.namespace_id());
  to.set_initiated_event_id(end.initiated_event_id);
  to.set_started_event_id(child.started_event_id());
  to.mutable_workflow_execution()->set_workflow_id(end.child.workflow_id);
  to.mutable_workflow_execution()->set_run_id(end.child.run_id);
  *to.mutable_workflow_type() = initiated.workflow_type();
}

inline history_event make_end(const run& parent, const state::Child& child, const child_end& end,
                              const initiated_attributes& initiated) {
  const core& in = *parent.owner;
  const auto& closing = end.closing;
  switch (closing.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: {
      history_event event = make_event(in, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED);
      auto& to = *event.mutable_child_workflow_execution_completed_event_attributes();
      describe_end(child, end, initiated, to);
      const auto& from = closing.workflow_execution_completed_event_attributes();
      if (from.has_result()) *to.mutable_result() = from.result();
      return event;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: {
      history_event event = make_event(in, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED);
      auto& to = *event.mutable_child_workflow_execution_failed_event_attributes();
      describe_end(child, end, initiated, to);
      const auto& from = closing.workflow_execution_failed_event_attributes();
      if (from.has_failure()) *to.mutable_failure() = from.failure();
      to.set_retry_state(from.retry_state());
      return event;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: {
      history_event event = make_event(in, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED);
      auto& to = *event.mutable_child_workflow_execution_canceled_event_attributes();
      describe_end(child, end, initiated, to);
      const auto& from = closing.workflow_execution_canceled_event_attributes();
      if (from.has_details()) *to.mutable_details() = from.details();
      return event;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: {
      history_event event = make_event(in, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT);
      auto& to = *event.mutable_child_workflow_execution_timed_out_event_attributes();
      describe_end(child, end, initiated, to);
      to.set_retry_state(closing.workflow_execution_timed_out_event_attributes().retry_state());
      return event;
    }
    default: {
      history_event event = make_event(in, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED);
      describe_end(child, end, initiated, *event.mutable_child_workflow_execution_terminated_event_attributes());
      return event;
    }
  }
}

/// The parent, or the run that goes on for it after resets.
inline run* find_parent(core& in, run_key key) {
  constexpr int most_resets = 100;
  for (int count = 0; count < most_resets; ++count) {
    run* const found = find(in, key);
    if (found == nullptr || found->open()) return found;
    if (found->state.status() != enums::WORKFLOW_EXECUTION_STATUS_TERMINATED || found->state.new_run_id().empty()) {
      return nullptr;
    }
    key.run_id = found->state.new_run_id();
  }
  return nullptr;
}

inline void note_end(core& in, const run_key& parent_key, const child_end& end) {
  run* const parent = find_parent(in, parent_key);
  if (parent == nullptr) return;
  auto found = parent->state.mutable_children()->find(end.initiated_event_id);
  if (found == parent->state.mutable_children()->end()) return;
  if (found->second.workflow_id() != end.child.workflow_id) return;
  const auto initiated =
      parent->events.at(end.initiated_event_id).start_child_workflow_execution_initiated_event_attributes();
  if (found->second.run_id().empty()) {
    note_started(*parent, end.initiated_event_id, initiated, end.first_run_id);
    found = parent->state.mutable_children()->find(end.initiated_event_id);
  }
  if (found->second.first_run_id() != end.first_run_id) return;
  const state::Child child = found->second;
  parent->state.mutable_children()->erase(found);
  append_external(*parent, make_end(*parent, child, end, initiated));
}

/// The open run of the child's chain, if it is still a child of the parent.
inline run* find_child(core& in, const run_key& parent, const std::string& namespace_name,
                       const std::string& workflow_id, const std::string& first_run_id) {
  name_space* const space = in.namespaces().find(namespace_name);
  run* const found = space == nullptr ? nullptr : find_run(in, *space, workflow_id, {});
  if (found == nullptr || !found->open() || found->state.first_run_id() != first_run_id) return nullptr;
  const auto& its = found->state.parent();
  return its.workflow_id() == parent.workflow_id && its.run_id() == parent.run_id ? found : nullptr;
}

inline void leave_child(core& in, const run_key& parent, const state::Child& child) {
  run* const which = find_child(in, parent, child.namespace_(), child.workflow_id(), child.first_run_id());
  if (which == nullptr) return;
  if (child.parent_close_policy() == enums::PARENT_CLOSE_POLICY_TERMINATE) {
    return terminate_run(*which, "by parent close policy", nullptr, "history-service");
  }
  temporal::api::history::v1::WorkflowExecutionCancelRequestedEventAttributes by;
  by.mutable_external_workflow_execution()->set_workflow_id(parent.workflow_id);
  by.mutable_external_workflow_execution()->set_run_id(parent.run_id);
  request_cancel(*which, {}, "history-service", {}, &by);
}

}  // namespace detail_children

RONDO_SERVER_FUNCTION void start_child_later(run& parent, std::int64_t initiated_event_id) {
  core& in = *parent.owner;
  in.later([&in, key = detail_children::key_of(parent), initiated_event_id] {
    detail_children::start_child(in, key, initiated_event_id);
  });
}

RONDO_SERVER_FUNCTION void tell_parent(run& child, const history_event& closing) {
  if (!child.state.has_parent()) return;
  core& in = *child.owner;
  const auto& parent = child.state.parent();
  detail_children::child_end end;
  end.child = detail_children::key_of(child);
  end.first_run_id = child.state.first_run_id();
  end.initiated_event_id = parent.initiated_event_id();
  end.closing = closing;
  in.later([&in, key = detail_children::run_key{parent.namespace_id(), parent.workflow_id(), parent.run_id()},
            end = std::move(end)] { detail_children::note_end(in, key, end); });
}

RONDO_SERVER_FUNCTION void leave_children(run& parent) {
  core& in = *parent.owner;
  for (const auto id : detail_children::ids(parent)) {
    const auto& child = parent.state.children().at(id);
    if (child.run_id().empty() || child.parent_close_policy() == enums::PARENT_CLOSE_POLICY_ABANDON) continue;
    in.later([&in, key = detail_children::key_of(parent), child] { detail_children::leave_child(in, key, child); });
  }
}

RONDO_SERVER_FUNCTION void describe_children(
    const run& of, temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse& into) {
  for (const auto id : detail_children::ids(of)) {
    const auto& child = of.state.children().at(id);
    auto& info = *into.add_pending_children();
    info.set_workflow_id(child.workflow_id());
    info.set_run_id(child.run_id());
    info.set_workflow_type_name(child.type());
    info.set_initiated_id(id);
    info.set_parent_close_policy(child.parent_close_policy());
  }
}

}  // namespace rondo::server
