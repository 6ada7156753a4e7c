#pragma once

#include "rondo/server/reapplying.hpp"

#include <string>
#include <utility>

#include "rondo/server/history.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/state_rebuild.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

namespace detail_reapplying {

/// Runs that follow each other; more than anybody has, and a bound for histories that are wrong.
inline constexpr int longest_chain = 10'000;

inline void reapply_signal(run& to, history_event event) {
  auto& attributes = *event.mutable_workflow_execution_signaled_event_attributes();
  attributes.clear_external_workflow_execution();
  attributes.clear_request_id();
  append_applied(to, std::move(event));
}

inline void admit_update(run& to, temporal::api::update::v1::Request&& request,
                         enums::UpdateAdmittedEventOrigin origin) {
  if (to.state.updates().contains(request.meta().update_id())) return;
  history_event event = make_event(*to.owner, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED);
  auto& attributes = *event.mutable_workflow_execution_update_admitted_event_attributes();
  *attributes.mutable_request() = std::move(request);
  attributes.set_origin(origin);
  append_applied(to, std::move(event));
}

/// The child is one of the new run, and the event says something new of it.
template <class Attributes>
void reapply_child_end(run& to, history_event&& event, Attributes& attributes) {
  const auto child = to.state.children().find(attributes.initiated_event_id());
  if (child == to.state.children().end()) return;
  attributes.set_started_event_id(child->second.started_event_id());
  append_applied(to, std::move(event));
}

inline void reapply_child(run& to, history_event event) {
  const auto& children = to.state.children();
  switch (event.event_type()) {
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
      if (children.contains(event.start_child_workflow_execution_failed_event_attributes().initiated_event_id())) {
        append_applied(to, std::move(event));
      }
      return;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED: {
      const auto child = children.find(event.child_workflow_execution_started_event_attributes().initiated_event_id());
      if (child != children.end() && child->second.started_event_id() == 0) append_applied(to, std::move(event));
      return;
    }
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
      return reapply_child_end(to, std::move(event),
                               *event.mutable_child_workflow_execution_completed_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
      return reapply_child_end(to, std::move(event), *event.mutable_child_workflow_execution_failed_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
      return reapply_child_end(to, std::move(event),
                               *event.mutable_child_workflow_execution_canceled_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
      return reapply_child_end(to, std::move(event),
                               *event.mutable_child_workflow_execution_timed_out_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
      return reapply_child_end(to, std::move(event),
                               *event.mutable_child_workflow_execution_terminated_event_attributes());
    default:
      return;
  }
}

/// What another workflow did was asked of it before the reset point, and happened: it is not asked again.
inline void reapply_external(run& to, history_event event) {
  std::int64_t initiated = 0;
  switch (event.event_type()) {
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
      initiated = event.external_workflow_execution_signaled_event_attributes().initiated_event_id();
      break;
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
      initiated = event.signal_external_workflow_execution_failed_event_attributes().initiated_event_id();
      break;
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      initiated = event.external_workflow_execution_cancel_requested_event_attributes().initiated_event_id();
      break;
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
      initiated = event.request_cancel_external_workflow_execution_failed_event_attributes().initiated_event_id();
      break;
    default:
      return;
  }
  if (to.state.external_requests().contains(initiated)) append_applied(to, std::move(event));
}

inline void reapply(run& to, history_event event, const reapply_exclusions& without) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
      if (!without.signals) reapply_signal(to, std::move(event));
      return;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED: {
      auto& attributes = *event.mutable_workflow_execution_update_admitted_event_attributes();
      if (!without.updates) admit_update(to, std::move(*attributes.mutable_request()), attributes.origin());
      return;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: {
      auto& attributes = *event.mutable_workflow_execution_update_accepted_event_attributes();
      // Without a request it was admitted before, and is carried over with that.
      if (without.updates || !attributes.has_accepted_request()) return;
      return admit_update(to, std::move(*attributes.mutable_accepted_request()),
                          enums::UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY);
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED: {
      const auto& id = event.workflow_execution_options_updated_event_attributes().attached_request_id();
      if (id.empty() || !to.state.attached_request_ids().contains(id)) append_applied(to, std::move(event));
      return;
    }
    default:
      reapply_child(to, event);
      reapply_external(to, std::move(event));
  }
}

}  // namespace detail_reapplying

RONDO_SERVER_FUNCTION void append_applied(run& to, history_event event) {
  event.set_event_id(to.events.next_id());
  to_proto(to.owner->now(), *event.mutable_event_time());
  apply_event(to.state, event);
  append(to, std::move(event));
}

RONDO_SERVER_FUNCTION void reapply_events(run& to, const run& base, std::int64_t from,
                                          const reapply_exclusions& without) {
  if (without.everything) return;
  const run* source = &base;
  for (int runs = 0; source != nullptr && runs < detail_reapplying::longest_chain; ++runs) {
    const std::int64_t end = source->events.next_id();
    for (std::int64_t id = from; id < end; ++id) detail_reapplying::reapply(to, source->events.at(id), without);
    const history_event last = source->events.at(end - 1);
    if (!last.has_workflow_execution_continued_as_new_event_attributes()) return;
    const auto& next = last.workflow_execution_continued_as_new_event_attributes().new_execution_run_id();
    source = find_run(*to.owner, *to.space, to.state.workflow_id(), next);
    from = 1;
  }
}

}  // namespace rondo::server
