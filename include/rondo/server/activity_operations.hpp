#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rondo/server/activity_state.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/request_checks.hpp"
#include "rondo/server/run.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/statuses.hpp"

// What people who operate a system do to the activities of a run.
namespace rondo::server {

class frontend;

/// The open run of whose activities a request speaks.
template <class Request>
run& run_of_activities(core& in, const Request& request) {
  if (request.execution().workflow_id().empty()) refuse_argument("WorkflowId is not set on request.");
  if (request.activity_case() == Request::ACTIVITY_NOT_SET) {
    refuse_argument("Either Activity.Id or Activity.Type should be set on request.");
  }
  check_execution(true, request.execution());
  name_space& space = in.namespaces().get(request.namespace_());
  return get_open_run(in, space, request.execution().workflow_id(), request.execution().run_id());
}

/// The activities that a request means by their id, by their type or all together, in order. Refuses when there is
/// none.
template <class Request>
std::vector<std::int64_t> selected_activities(const run& of, const Request& request) {
  std::vector<std::int64_t> selected;
  for (const auto id : activity_ids(of)) {
    const state::Activity& which = of.state.activities().at(id);
    if (request.has_id() && which.activity_id() != request.id()) continue;
    if (request.has_type() && which.type() != request.type()) continue;
    selected.push_back(id);
  }
  if (!selected.empty()) return selected;
  throw refusal(
      not_found_status("Can't find pending activity with such ID. Invalid activityID or activity already completed"));
}

/// Gives the activity the options back that it was scheduled with.
void restore_activity_options(const run& of, state::Activity& which);

/// PauseActivity, UnpauseActivity, ResetActivity.
void serve_activity_operations(frontend& at);
/// UpdateActivityOptions.
void serve_activity_options(frontend& at);

}  // namespace rondo::server
