#pragma once

#include <string>
#include <utility>

#include "rondo/server/children.hpp"
#include "rondo/server/history.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/starting.hpp"

// Signals and cancellations from one run to another.
namespace rondo::server {

namespace detail_external {

using signal_attributes = temporal::api::history::v1::SignalExternalWorkflowExecutionInitiatedEventAttributes;
using cancel_attributes = temporal::api::history::v1::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes;

/// Why a request could not be delivered.
enum class fault : std::uint8_t { none, not_found, no_namespace, too_many_signals };

/// The target of a request, as far as it is there.
struct target {
  run* which = nullptr;
  fault why = fault::none;
};

template <class Attributes>
target find_target(core& in, const run& from, const Attributes& attributes) {
  name_space* const space = in.namespaces().find_by_id(attributes.namespace_id());
  if (space == nullptr) return {nullptr, fault::no_namespace};
  const auto& execution = attributes.workflow_execution();
  // A run cannot ask itself, whichever of its runs is meant.
  if (space == from.space && execution.workflow_id() == from.state.workflow_id()) return {nullptr, fault::not_found};
  run* const found = find_run(in, *space, execution.workflow_id(), execution.run_id());
  if (found == nullptr) return {nullptr, fault::not_found};
  return {found, fault::none};
}

template <class Attributes>
bool is_stranger(const run& from, const run& to, const Attributes& attributes) {
  if (!attributes.child_workflow_only()) return false;
  return to.state.parent().workflow_id() != from.state.workflow_id() ||
         to.state.parent().run_id() != from.state.run_id();
}

inline fault send_signal(core& in, const run& from, const signal_attributes& attributes) {
  const target to = find_target(in, from, attributes);
  if (to.which == nullptr) return to.why;
  if (!to.which->open() || is_stranger(from, *to.which, attributes)) return fault::not_found;
  signal_content content;
  content.attributes.set_signal_name(attributes.signal_name());
  if (attributes.has_input()) *content.attributes.mutable_input() = attributes.input();
  if (attributes.has_header()) *content.attributes.mutable_header() = attributes.header();
  content.attributes.set_identity("history-service");
  content.attributes.mutable_external_workflow_execution()->set_workflow_id(from.state.workflow_id());
  content.attributes.mutable_external_workflow_execution()->set_run_id(from.state.run_id());
  try {
    check_signal(in, content, to.which);
  } catch (const refusal&) {
    return fault::too_many_signals;
  }
  signal_run(*to.which, std::move(content));
  // The compared server remembers the signal until the sender knows of it.
  in.begin_step();
  in.touch(*to.which);
  return fault::none;
}

inline fault send_cancel(core& in, const run& from, std::int64_t id, const cancel_attributes& attributes) {
  const target to = find_target(in, from, attributes);
  if (to.which == nullptr) return to.why;
  // What has ended already is as good as cancelled.
  if (!to.which->open()) return fault::none;
  if (is_stranger(from, *to.which, attributes)) return fault::not_found;
  temporal::api::history::v1::WorkflowExecutionCancelRequestedEventAttributes by;
  by.set_external_initiated_event_id(id);
  by.mutable_external_workflow_execution()->set_workflow_id(from.state.workflow_id());
  by.mutable_external_workflow_execution()->set_run_id(from.state.run_id());
  request_cancel(*to.which, attributes.reason(), "history-service", in.new_uuid(), &by);
  return fault::none;
}

template <class From, class To>
void describe_target(core& in, std::int64_t id, const From& from, To& to) {
  const name_space* const space = in.namespaces().find_by_id(from.namespace_id());
  to.set_initiated_event_id(id);
  to.set_namespace_(space == nullptr ? from.namespace_() : space->name());
  to.set_namespace_id(from.namespace_id());
  *to.mutable_workflow_execution() = from.workflow_execution();
}

inline history_event make_signal_outcome(core& in, std::int64_t id, const signal_attributes& from, fault why) {
  if (why == fault::none) {
    history_event event = make_event(in, enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED);
    auto& to = *event.mutable_external_workflow_execution_signaled_event_attributes();
    describe_target(in, id, from, to);
    to.set_control(from.control());
    return event;
  }
  history_event event = make_event(in, enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED);
  auto& to = *event.mutable_signal_external_workflow_execution_failed_event_attributes();
  describe_target(in, id, from, to);
  to.set_control(from.control());
  to.set_cause(
      why == fault::no_namespace
          ? enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND
          : (why == fault::too_many_signals
                 ? enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_SIGNAL_COUNT_LIMIT_EXCEEDED
                 : enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND));
  return event;
}

inline history_event make_cancel_outcome(core& in, std::int64_t id, const cancel_attributes& from, fault why) {
  if (why == fault::none) {
    history_event event = make_event(in, enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED);
    describe_target(in, id, from, *event.mutable_external_workflow_execution_cancel_requested_event_attributes());
    return event;
  }
  history_event event = make_event(in, enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED);
  auto& to = *event.mutable_request_cancel_external_workflow_execution_failed_event_attributes();
  describe_target(in, id, from, to);
  to.set_cause(why == fault::no_namespace
                   ? enums::CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND
                   : enums::CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND);
  return event;
}

inline void ask(core& in, const std::string& namespace_id, const std::string& workflow_id, const std::string& run_id,
                std::int64_t id) {
  name_space* const space = in.namespaces().find_by_id(namespace_id);
  run* const from = space == nullptr ? nullptr : find_run(in, *space, workflow_id, run_id);
  // A run that closed with the same task asks nobody any more, as on production servers.
  if (from == nullptr || !from->open() || from->state.mutable_external_requests()->erase(id) == 0) return;
  const history_event initiated = from->events.at(id);
  if (initiated.has_signal_external_workflow_execution_initiated_event_attributes()) {
    const auto& attributes = initiated.signal_external_workflow_execution_initiated_event_attributes();
    const fault why = send_signal(in, *from, attributes);
    append_external(*from, make_signal_outcome(in, id, attributes, why));
  } else {
    const auto& attributes = initiated.request_cancel_external_workflow_execution_initiated_event_attributes();
    const fault why = send_cancel(in, *from, id, attributes);
    append_external(*from, make_cancel_outcome(in, id, attributes, why));
  }
}

}  // namespace detail_external

RONDO_SERVER_FUNCTION void ask_external_later(run& of, std::int64_t initiated_event_id) {
  core& in = *of.owner;
  in.later([&in, namespace_id = std::string(of.state.namespace_id()), workflow_id = std::string(of.state.workflow_id()),
            run_id = std::string(of.state.run_id()),
            initiated_event_id] { detail_external::ask(in, namespace_id, workflow_id, run_id, initiated_event_id); });
}

}  // namespace rondo::server
