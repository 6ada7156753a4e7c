#pragma once

#include "rondo/server/activity_operations.hpp"

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include "rondo/server/activities.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/pausing.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

namespace detail_activity_operations {

namespace service = temporal::api::workflowservice::v1;

template <class Request>
void check_jitter(const Request& request) {
  auto jitter = request.jitter();
  const auto fault = duration_fault(jitter);
  if (!fault.empty()) refuse_argument("Invalid Jitter: " + fault);
}

/// Now, or within the jitter from now.
template <class Request>
instant next_start(core& in, const Request& request) {
  const interval jitter = from_proto(request.jitter());
  if (jitter == 0) return in.now();
  return later(in.now(), static_cast<interval>(in.random() * static_cast<double>(jitter)));
}

inline service::PauseActivityResponse pause(core& in, const service::PauseActivityRequest& request) {
  const state::Pause by = read_pause(in, request);
  run& of = run_of_activities(in, request);
  auto& all = *of.state.mutable_activities();
  const auto ids = selected_activities(of, request);
  for (const auto id : ids) {
    const state::Activity& which = all.at(id);
    if (which.has_pause() && which.pause().request_id() != by.request_id()) {
      throw refusal(rpc_code::failed_precondition, "activity is already paused");
    }
  }
  for (const auto id : ids) {
    state::Activity& which = all.at(id);
    if (which.has_pause()) continue;
    if (!is_started(which)) withdraw_activity(of, which);
    *which.mutable_pause() = by;
  }
  show_pauses(of);
  return {};
}

inline service::UnpauseActivityResponse unpause(core& in, const service::UnpauseActivityRequest& request) {
  check_jitter(request);
  run& of = run_of_activities(in, request);
  for (const auto id : selected_activities(of, request)) {
    state::Activity& which = of.state.mutable_activities()->at(id);
    if (!which.has_pause()) continue;
    which.clear_pause();
    // It goes on although the run may be paused.
    which.set_held(false);
    if (request.reset_attempts()) which.set_attempt(1);
    if (request.reset_heartbeat()) forget_heartbeats(which);
    if (!is_started(which)) reschedule_activity(of, which, next_start(in, request));
    show_pauses(of);
  }
  return {};
}

inline service::ResetActivityResponse reset(core& in, const service::ResetActivityRequest& request) {
  check_jitter(request);
  run& of = run_of_activities(in, request);
  for (const auto id : selected_activities(of, request)) {
    state::Activity& which = of.state.mutable_activities()->at(id);
    which.set_attempt(1);
    which.set_reset(true);
    if (request.reset_heartbeat()) which.set_reset_heartbeat(true);
    if (request.restore_original_options()) restore_activity_options(of, which);
    if (!request.keep_paused()) which.clear_pause();
    // What a worker has ends first; the attempt after it is the one that the reset is for.
    if (is_started(which) || which.has_pause()) continue;
    which.set_held(false);
    reschedule_activity(of, which, next_start(in, request));
  }
  show_pauses(of);
  return {};
}

}  // namespace detail_activity_operations

RONDO_SERVER_FUNCTION void serve_activity_operations(frontend& at) {
  namespace operations = detail_activity_operations;
  at.on<operations::service::PauseActivityRequest>("PauseActivity", operations::pause);
  at.on<operations::service::UnpauseActivityRequest>("UnpauseActivity", operations::unpause);
  at.on<operations::service::ResetActivityRequest>("ResetActivity", operations::reset);
}

}  // namespace rondo::server
