#pragma once

#include "rondo/server/resuming.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "rondo/server/activities.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

RONDO_SERVER_FUNCTION void resume_run(run& which) {
  auto& state = which.state;
  // The updates that it was made for were known to their callers alone, who ask again.
  if (state.has_workflow_task() && state.workflow_task().kind() == state::WorkflowTask::SPECULATIVE) {
    state.clear_workflow_task();
  }
  if (state.has_workflow_task()) dispatch_workflow_task(which);
  std::vector<std::int64_t> activities;
  for (auto& [id, activity] : *state.mutable_activities()) {
    // It was in a queue of the server before; a worker that has it keeps it until it times out.
    activity.set_dispatched(false);
    activities.push_back(id);
  }
  std::sort(activities.begin(), activities.end());
  for (const auto id : activities) dispatch_activity(which, state.mutable_activities()->at(id));
  which.owner->revisit(which);
}

}  // namespace rondo::server
