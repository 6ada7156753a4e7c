#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rondo/server/core.hpp"
#include "rondo/server/name_space.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/run.hpp"

// What a test is told of its workflows when they do not go on.
namespace rondo::testing::detail {

/// Open runs, the first started first.
inline std::vector<const server::run*> open_runs(server::core& of) {
  std::vector<const server::run*> all;
  of.namespaces().each([&all](server::name_space& space) {
    for (const auto& entry : space.runs) {
      if (entry.second->open()) all.push_back(entry.second.get());
    }
  });
  std::sort(all.begin(), all.end(), [](const server::run* a, const server::run* b) {
    if (a->state.start_time() != b->state.start_time()) return a->state.start_time() < b->state.start_time();
    return a->state.workflow_id() < b->state.workflow_id();
  });
  return all;
}

/// "WorkflowTaskCompleted" of EVENT_TYPE_WORKFLOW_TASK_COMPLETED
inline std::string event_name(server::enums::EventType type) {
  std::string name;
  bool upper = true;
  const std::string spelled = server::enums::EventType_Name(type);
  for (const char c : spelled.substr(std::min(spelled.size(), std::string("EVENT_TYPE_").size()))) {
    const bool begins = std::exchange(upper, c == '_');
    if (c != '_') name += begins ? c : static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

/// What the code of a workflow throws again and again; empty when no workflow does that. Workers tell the server of the
/// first failure of a task only: the second attempt is the last that anybody hears of.
inline std::string failing_task(server::core& of) {
  constexpr int attempts = 2;
  for (const auto* run : open_runs(of)) {
    const auto& state = run->state;
    if (!state.has_workflow_task() || state.workflow_task().attempt() < attempts || !state.has_last_task_failure()) {
      continue;
    }
    return "the code of workflow '" + state.workflow_id() + "' (" + state.type() +
           ") fails again and again: " + state.last_task_failure().message();
  }
  return {};
}

/// One line for each open workflow: what it waits for, and the last of its events.
inline std::string describe_runs(server::core& of) {
  std::string text;
  for (const auto* run : open_runs(of)) {
    const auto& state = run->state;
    text += "\n  workflow '" + state.workflow_id() + "' (" + state.type() + "): ";
    text += std::to_string(state.timers_size()) + " timers, " + std::to_string(state.activities_size()) +
            " activities, " + std::to_string(state.children_size()) + " children; last events:";
    constexpr std::int64_t shown = 5;
    const std::int64_t end = run->events.next_id();
    for (std::int64_t id = std::max<std::int64_t>(1, end - shown); id < end; ++id) {
      text += " " + event_name(run->events.at(id).event_type());
    }
    std::vector<std::string> activities;
    for (const auto& entry : state.activities()) {
      const auto& each = entry.second;
      activities.push_back(each.type() + (each.has_last_failure() ? " (" + each.last_failure().message() + ")" : ""));
    }
    std::sort(activities.begin(), activities.end());
    for (const auto& each : activities) text += "\n    activity " + each;
  }
  return text;
}

}  // namespace rondo::testing::detail
