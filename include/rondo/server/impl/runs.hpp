#pragma once

#include "rondo/server/runs.hpp"

#include <temporal/api/errordetails/v1/message.pb.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "rondo/server/activities.hpp"
#include "rondo/server/closing.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/timers.hpp"
#include "rondo/server/visibility.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_runs {

[[noreturn]] inline void refuse_missing(const std::string& workflow_id, const std::string& run_id) {
  const std::string text = run_id.empty() ? "workflow not found for ID: " + workflow_id
                                          : "workflow execution not found for workflow ID \"" + workflow_id +
                                                "\" and run ID \"" + run_id + "\"";
  throw refusal(rpc_code::not_found, text, temporal::api::errordetails::v1::NotFoundFailure());
}

/// Brings a closed run back into memory. Null: the store does not have it.
inline run* load_run(core& in, name_space& of, const std::string& run_id) {
  if (in.is_removed(run_id)) return nullptr;
  const auto stored = in.store().load(of.id(), run_id);
  if (!stored) return nullptr;
  auto made = std::make_unique<run>(in, of);
  if (!made->state.ParseFromString(stored->state)) {
    throw refusal(rpc_code::data_loss, "the stored run " + run_id + " cannot be read");
  }
  made->events.append_part(stored->events);
  made->stored_events = made->events.next_id();
  made->listed_as_closed = true;
  in.closed_runs().emplace_back(of.id(), run_id);
  return (of.runs[run_id] = std::move(made)).get();
}

inline run* find_current(core& in, name_space& of, const std::string& workflow_id) {
  if (const auto found = of.current.find(workflow_id); found != of.current.end()) return found->second;
  const auto key = in.store().latest(of.id(), workflow_id);
  if (!key) return nullptr;
  const auto present = of.runs.find(key->run_id);
  run* found = present != of.runs.end() ? present->second.get() : load_run(in, of, key->run_id);
  if (found != nullptr) of.current[workflow_id] = found;
  return found;
}

inline void on_due(run& which) {
  core& in = *which.owner;
  in.turn([&which, &in] {
    const instant now = in.now();
    in.revisit(which);
    if (which.open()) on_first_task_due(which, now);
    if (which.open()) on_workflow_task_due(which, now);
    if (which.open()) on_activities_due(which, now);
    if (which.open()) on_timers_due(which, now);
  });
}

inline void on_limit(run& which) {
  core& in = *which.owner;
  in.turn([&which, &in] {
    in.revisit(which);
    if (which.open()) on_run_limit(which, in.now());
  });
}

inline bool is_needed(const core& in, const run& which) {
  return which.open() || which.touched || !which.watchers.empty() || which.queries || which.updates ||
         which.saved_in > in.safe();
}

}  // namespace detail_runs

RONDO_SERVER_FUNCTION run::~run() {
  owner->clock().disarm(due);
  owner->clock().disarm(limit);
  if (holds_clock) owner->clock().release();
}

RONDO_SERVER_FUNCTION run* find_run(core& in, name_space& of, const std::string& workflow_id,
                                    const std::string& run_id) {
  if (run_id.empty()) return detail_runs::find_current(in, of, workflow_id);
  const auto present = of.runs.find(run_id);
  run* found = present != of.runs.end() ? present->second.get() : detail_runs::load_run(in, of, run_id);
  return found != nullptr && found->state.workflow_id() == workflow_id ? found : nullptr;
}

RONDO_SERVER_FUNCTION run& get_run(core& in, name_space& of, const std::string& workflow_id,
                                   const std::string& run_id) {
  run* found = find_run(in, of, workflow_id, run_id);
  if (found == nullptr) detail_runs::refuse_missing(workflow_id, run_id);
  return *found;
}

RONDO_SERVER_FUNCTION run& get_open_run(core& in, name_space& of, const std::string& workflow_id,
                                        const std::string& run_id) {
  run& found = get_run(in, of, workflow_id, run_id);
  if (!found.open()) {
    throw refusal(rpc_code::not_found, "workflow execution already completed",
                  temporal::api::errordetails::v1::NotFoundFailure());
  }
  return found;
}

RONDO_SERVER_FUNCTION run& add_run(core& in, name_space& of, const std::string& workflow_id,
                                   const std::string& run_id) {
  auto made = std::make_unique<run>(in, of);
  run& which = *made;
  which.state.set_namespace_id(of.id());
  which.state.set_workflow_id(workflow_id);
  which.state.set_run_id(run_id);
  which.state.set_status(enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  which.due.on_due = [&which] { detail_runs::on_due(which); };
  which.limit.on_due = [&which] { detail_runs::on_limit(which); };
  of.runs[run_id] = std::move(made);
  of.current[workflow_id] = &which;
  in.touch(which);
  return which;
}

RONDO_SERVER_FUNCTION void remove_run(core& in, run& which) {
  name_space& of = *which.space;
  in.visibility().remove(which);
  in.erase(which);
  const auto current = of.current.find(which.state.workflow_id());
  if (current != of.current.end() && current->second == &which) of.current.erase(current);
  of.runs.erase(std::string(which.state.run_id()));
}

RONDO_SERVER_FUNCTION void trim_closed_runs(core& in) {
  auto& closed = in.closed_runs();
  // A fixed number at a time: what is needed still goes to the end of the line.
  constexpr std::size_t kept = 64;
  for (std::size_t looked = closed.size() > kept ? closed.size() - kept : 0; looked > 0; --looked) {
    const auto [namespace_id, run_id] = std::move(closed.front());
    closed.pop_front();
    name_space* space = in.namespaces().find_by_id(namespace_id);
    if (space == nullptr) continue;
    const auto found = space->runs.find(run_id);
    if (found == space->runs.end()) continue;
    run& which = *found->second;
    if (detail_runs::is_needed(in, which)) {
      closed.emplace_back(namespace_id, run_id);
      continue;
    }
    const auto current = space->current.find(which.state.workflow_id());
    if (current != space->current.end() && current->second == &which) space->current.erase(current);
    space->runs.erase(found);
  }
}

}  // namespace rondo::server
