#pragma once

#include "rondo/server/core.hpp"

#include <rondo/server/state.pb.h>

#include <algorithm>
#include <exception>
#include <random>
#include <stdexcept>
#include <utility>

#include "rondo/detail/base/uuid_format.hpp"
#include "rondo/server/activities.hpp"
#include "rondo/server/closing.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/notifier.hpp"
#include "rondo/server/resuming.hpp"
#include "rondo/server/runs.hpp"
#include "rondo/server/task_queue_configs.hpp"
#include "rondo/server/timers.hpp"
#include "rondo/server/visibility.hpp"
#include "rondo/server/worker_commands.hpp"
#include "rondo/server/workers.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_core {

inline std::uint64_t seed_of(std::uint64_t wished) {
  if (wished != 0) return wished;
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

/// To those whose request is not safe, and may be lost.
inline rpc_status unsafe_answer(const rpc_status& failure) {
  return rpc_status(rpc_code::unavailable,
                    "the server's store failed, what was asked may not be done: " + failure.message);
}

}  // namespace detail_core

RONDO_SERVER_FUNCTION core::core(io::event_loop& loop, options settings, std::unique_ptr<server::store> disk)
    : loop_(&loop),
      options_(std::move(settings)),
      store_(std::move(disk)),
      clock_(loop, options_.time_skipping, options_.start_time),
      random_(detail_core::seed_of(options_.seed)),
      namespaces_(std::make_unique<server::namespaces>(*this)),
      deployments_(std::make_unique<server::deployments>(*this)),
      notifier_(std::make_unique<server::notifier>(*this)),
      task_queue_configs_(std::make_unique<server::task_queue_configs>(*this)),
      matching_(std::make_unique<server::matching>(*this)),
      visibility_(std::make_unique<server::visibility>(*this)),
      workers_(std::make_unique<server::workers>(*this)),
      worker_commands_(std::make_unique<server::worker_commands>(*this)) {
  turn([this] { load(); });
}

RONDO_SERVER_FUNCTION core::~core() {
  // Whoever still waits learns that the server is gone; nothing is written any more.
  effects_.clear();
  const rpc_status gone(rpc_code::unavailable, "the server stopped");
  for (auto& each : std::exchange(held_, {})) each.then(each.batch <= safe_ ? rpc_status() : gone);
  namespaces_->each([](name_space& space) {
    space.current.clear();
    space.runs.clear();
  });
}

RONDO_SERVER_FUNCTION void core::load() {
  namespaces_->load();
  deployments_->load();
  task_queue_configs_->load();
  store_->each_open([this](stored_run stored) {
    state::Run parsed;
    if (!parsed.ParseFromString(stored.state)) {
      throw std::runtime_error("rondo: the store holds a run that cannot be read; the file is damaged or newer");
    }
    name_space* space = namespaces_->find_by_id(parsed.namespace_id());
    if (space == nullptr) return;
    run& which = add_run(*this, *space, parsed.workflow_id(), parsed.run_id());
    which.state = std::move(parsed);
    which.events.append_part(stored.events);
    which.stored_events = which.events.next_id();
    which.visible_changed = true;
    resume_run(which);
  });
}

RONDO_SERVER_FUNCTION std::string core::new_uuid() {
  return rondo::detail::make_uuid([this] { return random_(); });
}

RONDO_SERVER_FUNCTION void core::turn(const std::function<void()>& work) {
  if (in_turn_) {
    work();
    return;
  }
  in_turn_ = true;
  begin_step();
  clock_.refresh();
  std::exception_ptr failed;
  try {
    work();
  } catch (...) {
    failed = std::current_exception();
  }
  end_turn();
  in_turn_ = false;
  release();
  if (failed) std::rethrow_exception(failed);
}

RONDO_SERVER_FUNCTION void core::touch(run& which) {
  revisit(which);
  // What a speculative task changes may come to nothing.
  if (which.state.workflow_task().kind() == state::WorkflowTask::SPECULATIVE) return;
  if (std::exchange(which.changed_in, step_) == step_) return;
  which.state.set_state_transition_count(which.state.state_transition_count() + 1);
}

RONDO_SERVER_FUNCTION void core::revisit(run& which) {
  if (which.touched) return;
  which.touched = true;
  touched_.emplace_back(which.state.namespace_id(), which.state.run_id());
}

RONDO_SERVER_FUNCTION void core::put_value(std::string name, std::string value) {
  batch_.values.emplace_back(std::move(name), std::move(value));
}

RONDO_SERVER_FUNCTION void core::end_turn() {
  while (!effects_.empty() || !touched_.empty()) {
    while (!effects_.empty()) {
      const auto effect = std::move(effects_.front());
      effects_.pop_front();
      run_effect(effect);
    }
    settle_touched();
  }
  commit();
  trim_closed_runs(*this);
}

RONDO_SERVER_FUNCTION void core::run_effect(const std::function<void()>& effect) {
  begin_step();
  try {
    effect();
  } catch (const std::exception& error) {
    // Nobody asked for it in this turn, so there is nobody to tell; the rest of the turn must not suffer.
    log().error("what a request led to failed", {{"error", error.what()}});
  }
}

RONDO_SERVER_FUNCTION void core::settle_touched() {
  for (const auto& [namespace_id, run_id] : std::exchange(touched_, {})) {
    name_space* space = namespaces_->find_by_id(namespace_id);
    if (space == nullptr) continue;
    const auto found = space->runs.find(run_id);
    if (found != space->runs.end()) settle(*found->second);
  }
}

RONDO_SERVER_FUNCTION void core::settle(run& which) {
  which.touched = false;
  arm(which);
  for (auto& watcher : std::exchange(which.watchers, {})) {
    if (!watcher(which)) which.watchers.push_back(std::move(watcher));
  }
  if (std::exchange(which.visible_changed, false)) visibility_->update(which);
  if (!which.open() && !std::exchange(which.listed_as_closed, true)) {
    closed_runs_.emplace_back(which.state.namespace_id(), which.state.run_id());
  }
  save(which);
}

RONDO_SERVER_FUNCTION void core::arm(run& which) {
  instant due = never;
  instant limit = never;
  if (which.open()) {
    due = std::min(std::min(workflow_task_due(which), activities_due(which)),
                   std::min(timers_due(which), first_task_due(which)));
    limit = run_limit(which);
  }
  const auto set = [this](server::clock::timer& timer, instant when, server::clock::kind as) {
    if (when == never) {
      clock_.disarm(timer);
    } else if (!timer.armed() || timer.when() != when) {
      clock_.arm(timer, when, as);
    }
  };
  set(which.due, due, server::clock::kind::progress);
  set(which.limit, limit, server::clock::kind::limit);
  update_hold(which);
}

RONDO_SERVER_FUNCTION void core::update_hold(run& which) {
  const auto& task = which.state.workflow_task();
  const bool task_in_progress = which.state.has_workflow_task() && task.not_before() <= now();
  const bool busy = which.open() && (task_in_progress || activity_in_progress(which));
  if (busy != which.holds_clock) {
    which.holds_clock = busy;
    busy ? clock_.hold() : clock_.release();
  }
}

RONDO_SERVER_FUNCTION void core::save(run& which) {
  which.state.set_history_length(which.events.next_id() - 1);
  which.state.set_history_size(static_cast<std::int64_t>(which.events.bytes()));
  // A store that forgets with the process has no use for runs that change still.
  if (!store_->durable() && which.open()) return;
  stored_change change;
  change.key = {which.state.namespace_id(), which.state.workflow_id(), which.state.run_id()};
  change.open = which.open();
  change.start_time = which.state.start_time();
  change.close_time = which.state.close_time();
  change.state = which.state.SerializeAsString();
  change.first_event_id = which.stored_events;
  change.events = which.events.part(which.stored_events, which.events.next_id() - 1);
  which.stored_events = which.events.next_id();
  which.saved_in = written_ + 1;
  batch_.runs.push_back(std::move(change));
}

RONDO_SERVER_FUNCTION void core::erase(run& which) {
  stored_change change;
  change.key = {which.state.namespace_id(), which.state.workflow_id(), which.state.run_id()};
  const std::string run_id = which.state.run_id();
  std::erase_if(batch_.runs, [&run_id](const stored_change& each) { return each.key.run_id == run_id; });
  batch_.runs.push_back(std::move(change));
  removed_.insert(run_id);
  when_safe([this, run_id](const rpc_status&) { removed_.erase(run_id); });
}

RONDO_SERVER_FUNCTION void core::commit() {
  if (batch_.empty() || !failure_.ok()) {
    batch_ = {};
    for (auto each = held_.rbegin(); each != held_.rend() && each->batch > written_; ++each) each->batch = written_;
    return;
  }
  const std::uint64_t number = ++written_;
  store_->write(std::exchange(batch_, {}), [this, number](const rpc_status& status) { on_written(number, status); });
}

RONDO_SERVER_FUNCTION void core::on_written(std::uint64_t batch, const rpc_status& status) {
  if (status.ok()) {
    safe_ = std::max(safe_, batch);
    if (!in_turn_) release();
    return;
  }
  if (!failure_.ok()) return;
  failure_ = status;
  log().error("the store failed, the server stops", {{"error", status.message}});
  for (auto& each : std::exchange(held_, {})) each.then(detail_core::unsafe_answer(failure_));
  if (on_failure) on_failure(failure_);
}

RONDO_SERVER_FUNCTION void core::release() {
  while (!held_.empty() && held_.front().batch <= safe_) {
    const auto then = std::move(held_.front().then);
    held_.pop_front();
    then(rpc_status());
  }
}

RONDO_SERVER_FUNCTION void core::when_safe(std::function<void(const rpc_status&)> then) {
  if (!failure_.ok()) return then(detail_core::unsafe_answer(failure_));
  held_.push_back({in_turn_ ? written_ + 1 : written_, std::move(then)});
  if (!in_turn_) release();
}

RONDO_SERVER_FUNCTION void core::answer(const call_ptr& call, std::string response) {
  when_safe([call, response = std::move(response)](const rpc_status& safe) mutable {
    if (call->abandoned() || call->finished()) return;
    call->finish(safe.ok() ? io::rpc_result(io::response_bytes(std::move(response))) : io::rpc_result(safe));
  });
}

RONDO_SERVER_FUNCTION void core::answer(const call_ptr& call, const google::protobuf::Message& response) {
  answer(call, response.SerializeAsString());
}

RONDO_SERVER_FUNCTION void core::refuse(const call_ptr& call, rpc_status status) {
  when_safe([call, status = std::move(status)](const rpc_status&) {
    if (!call->abandoned() && !call->finished()) call->finish(io::rpc_result(status));
  });
}

}  // namespace rondo::server
