#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/option_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/worker/activity_services.hpp"
#include "rondo/detail/worker/deployment.hpp"
#include "rondo/detail/worker/running_activity.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/failure.hpp"
#include "rondo/registry.hpp"

namespace rondo::detail::worker {

/// The activities of a worker that are in work.
class activity_runner {
 public:
  activity_runner(const registry& app, activity_services& services) : registry_(app), services_(services) {
    services_.on_ended = [this](running_activity& attempt) { remove(attempt); };
    services_.on_reported = [this] { tell(); };
  }
  activity_runner(const activity_runner&) = delete;
  activity_runner& operator=(const activity_runner&) = delete;
  /// Code that still runs is left behind; what it gives is dropped.
  ~activity_runner() {
    services_.gate->close();
    for (const auto& each : running_) {
      if (each->occupies_thread()) services_.pool.abandon();
      each->leave_behind();
    }
  }

  /// `queue`: where the task came from, which it does not say itself; empty: the worker's.
  void start(std::unique_ptr<activity_task> task, slot permit, std::string_view queue = {}) {
    const std::string type = task->activity_type().name();
    auto about = facts_of(*task);
    if (!queue.empty()) about.task_queue = queue;
    auto details = engine::list_of(task->heartbeat_details());
    auto log = services_.options.logger.with({{"namespace", about.namespace_},
                                              {"task_queue", about.task_queue},
                                              {"workflow_id", about.workflow_id},
                                              {"run_id", about.run_id},
                                              {"workflow_type", about.workflow_type},
                                              {"activity_id", about.activity_id},
                                              {"activity_type", about.activity_type},
                                              {"attempt", about.attempt}});
    auto attempt = std::make_shared<running_activity>(services_, std::move(task), std::move(permit), std::move(about),
                                                      std::move(details), std::move(log));
    running_.insert(attempt);
    if (draining_) attempt->drain();
    attempt->start(registry_.find_activity(type));
    if (cancelled_ != rondo::cancel_reason::none) attempt->cancel(cancelled_);
  }

  /// An activity whose payloads cannot be read: another worker may be able to.
  void refuse(const activity_task& task, const std::string& problem) {
    services_.options.logger.warn("activity failed",
                                  {{"activity_type", task.activity_type().name()}, {"error", problem}});
    engine::service::RespondActivityTaskFailedRequest request;
    request.set_task_token(task.task_token());
    request.set_namespace_(task.workflow_namespace());
    request.set_identity(services_.identity);
    write_deployment(services_.options, request);
    const application_failure failure(problem, {.type = "PayloadCodecError"});
    engine::write_failure(std::make_exception_ptr(failure), *request.mutable_failure());
    services_.spawn(send_refusal(services_.calls, std::move(request)));
  }

  std::size_t in_flight() const noexcept { return running_.size(); }
  /// When the attempt began that runs longest; time_point::max() when there is none.
  io::time_point oldest() const noexcept {
    auto first = io::time_point::max();
    for (const auto& each : running_) first = std::min(first, each->began());
    return first;
  }
  /// Tells all attempts, also those that begin later, that the worker stops soon.
  void drain_all() {
    draining_ = true;
    for (const auto& each : std::set(running_)) each->drain();
  }
  /// The server wants the attempt with this token cancelled, which may have ended.
  void cancel_one(const std::string& task_token) {
    const auto found = std::find_if(running_.begin(), running_.end(),
                                    [&](const auto& each) { return each->info().task_token == task_token; });
    if (found == running_.end()) return;
    const auto kept = *found;  // NOLINT(performance-unnecessary-copy-initialization): it may leave the set
    kept->cancel(rondo::cancel_reason::cancel_requested);
  }
  /// Attempts that begin later are cancelled at once.
  void cancel_all(rondo::cancel_reason reason) {
    cancelled_ = reason;
    for (const auto& each : std::set(running_)) each->cancel(reason);
  }
  /// Gives the attempts that still run back to the server.
  void hand_back_all() {
    for (const auto& each : std::set(running_)) each->hand_back();
  }
  /// True when nothing is left to report, though code may still occupy threads.
  bool all_reported() const {
    return std::all_of(running_.begin(), running_.end(), [](const auto& each) { return each->report_done(); });
  }
  /// Called whenever an attempt has ended, or was given back.
  std::function<void()> on_change = [] {};

 private:
  static asio::awaitable<void> send_refusal(std::shared_ptr<task_calls> by,
                                            engine::service::RespondActivityTaskFailedRequest request) {
    io::retry_options how(io::rpc_class::unary);
    co_await by->call<engine::service::RespondActivityTaskFailedResponse>("RespondActivityTaskFailed", request,
                                                                          std::move(how));
  }
  activity_info facts_of(const activity_task& task) const {
    activity_info about;
    about.activity_id = task.activity_id();
    about.activity_type = task.activity_type().name();
    about.task_queue = services_.options.task_queue;
    about.namespace_ = task.workflow_namespace();
    about.workflow_id = task.workflow_execution().workflow_id();
    about.run_id = task.workflow_execution().run_id();
    about.workflow_type = task.workflow_type().name();
    about.activity_run_id = task.activity_run_id();
    about.task_token = task.task_token();
    engine::read_payload_map(task.header().fields(), about.headers);
    about.priority_key = task.priority().priority_key();
    about.fairness_key = task.priority().fairness_key();
    about.fairness_weight = task.priority().fairness_weight();
    about.attempt = task.attempt();
    about.maximum_attempts = task.retry_policy().maximum_attempts();
    if (task.has_retry_policy()) about.retry = engine::retry_policy_of(task.retry_policy());
    about.scheduled_time = engine::time_of(task.scheduled_time());
    about.attempt_scheduled_time = engine::time_of(task.current_attempt_scheduled_time());
    about.started_time = engine::time_of(task.started_time());
    about.schedule_to_close_timeout = engine::duration_of(task.schedule_to_close_timeout());
    about.start_to_close_timeout = engine::duration_of(task.start_to_close_timeout());
    about.heartbeat_timeout = engine::duration_of(task.heartbeat_timeout());
    if (about.start_to_close_timeout > duration::zero()) {
      about.deadline = about.started_time + about.start_to_close_timeout;
    }
    if (about.schedule_to_close_timeout > duration::zero()) {
      about.deadline = std::min(about.deadline, about.scheduled_time + about.schedule_to_close_timeout);
    }
    if (services_.last_moment != io::time_point::max()) {
      const auto wall = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
      about.deadline = std::min(about.deadline, wall + (services_.last_moment - io::steady_clock::now()));
    }
    return about;
  }
  void remove(running_activity& attempt) {
    const auto self = attempt.shared_from_this();
    running_.erase(self);
    tell();
  }
  void tell() {
    services_.loop.post([this, alive = std::weak_ptr(gate_check_)] {
      if (!alive.expired()) on_change();
    });
  }

  const registry& registry_;
  activity_services& services_;
  std::set<std::shared_ptr<running_activity>> running_;
  rondo::cancel_reason cancelled_ = rondo::cancel_reason::none;
  bool draining_ = false;
  std::shared_ptr<int> gate_check_ = std::make_shared<int>();
};

}  // namespace rondo::detail::worker
