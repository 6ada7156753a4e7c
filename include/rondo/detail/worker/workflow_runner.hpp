#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/arena.h>

#include "rondo/client.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/step.hpp"
#include "rondo/detail/engine/workflow_run.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/data_call.hpp"
#include "rondo/detail/worker/activity_runner.hpp"
#include "rondo/detail/worker/deadlock_watch.hpp"
#include "rondo/detail/worker/deployment.hpp"
#include "rondo/detail/worker/local_activity.hpp"
#include "rondo/detail/worker/local_work.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/task_limits.hpp"
#include "rondo/detail/worker/workflow_calls.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// What a worker tells its workflow runner.
struct workflow_settings {
  const worker_options& options;
  std::string namespace_, identity;
  bool server_keeps_flags = true;
  /// Null: the worker runs no activities.
  slot_line* activity_slots = nullptr;
  activity_runner* activities = nullptr;
};

/// Works on workflow tasks: finds or rebuilds the run, lets the engine go through the task, sends what comes of it, and
/// keeps the run for its next task.
class workflow_runner {
 public:
  workflow_runner(run_store& runs, session_counts& counted, const std::shared_ptr<io::connection>& to,
                  workflow_settings settings)
      : runs_(runs),
        counts_(counted),
        settings_(std::move(settings)),
        calls_(to->loop(), settings_.options, settings_.namespace_, settings_.identity, counted),
        local_services_(std::make_shared<local_activity_services>(to->loop(), settings_.options, counted)),
        watch_(stuck_after(settings_.options), [this](const std::string& what, duration running) {
          settings_.options.logger.error(
              "[TMPRL1101] workflow code does not give the thread back",
              {{"workflow", what},
               {"seconds", std::chrono::duration_cast<std::chrono::duration<double>>(running).count()}});
        }) {
    replace_connection(to);
  }

  workflow_runner(const workflow_runner&) = delete;
  workflow_runner& operator=(const workflow_runner&) = delete;
  ~workflow_runner() {
    local_services_->close();
    // Their local activities belong to this worker.
    runs_.cache.drop_if([](const held_run& each) { return each->locals != nullptr; });
  }

  /// Fails a task whose payloads cannot be read. `keeps` owns the runner.
  static asio::awaitable<void> reject(std::shared_ptr<void> /*keeps*/, workflow_runner& self, workflow_task task,
                                      slot /*permit*/, std::string problem) {
    co_await self.calls_.refuse(task, std::move(problem));
  }

  /// Works on a task, and on those that come with the answers, until there is none. `keeps` owns the runner.
  static asio::awaitable<void> work(std::shared_ptr<void> /*keeps*/, workflow_runner& self, workflow_task task,
                                    slot permit) {
    const std::string run_id = task.message->workflow_execution().run_id();
    const auto [place, free] = self.busy_.try_emplace(run_id);
    busy_run& run = place->second;
    if (!free) {
      // The server gave up an earlier task of this run that is still in work here: its turn comes after that.
      run.line.push_back(waiting{std::move(task), std::move(permit)});
      co_return;
    }
    for (bool more = true; more;) {
      while (task.message != nullptr) task = co_await self.work_once(run, std::move(task));
      more = !run.line.empty();
      if (more) {
        task = std::move(run.line.front().task);
        permit = std::move(run.line.front().permit);
        run.line.pop_front();
      }
    }
    if (run.held) self.runs_.keep(std::move(run.held));
    self.busy_.erase(run_id);
    permit = slot();
    self.on_change();
  }

  const slot_line& local_activity_slots() const noexcept { return local_services_->slots; }
  /// Runs of which tasks are in work.
  std::size_t in_flight() const noexcept { return busy_.size(); }
  /// When the work began that goes on longest; time_point::max() when there is none.
  io::time_point oldest() const noexcept {
    auto first = io::time_point::max();
    for (const auto& [run_id, each] : busy_) first = std::min(first, each.since);
    return first;
  }
  /// Calls to the server end now, and none is made any more; so all tasks end.
  void break_off() {
    calls_.break_off();
    broken_off_ = true;
    wake_locals();
  }
  /// Local activities are given up: what has come of them so far is kept, another worker begins the others anew.
  void hand_over_locals() {
    handing_over_ = true;
    wake_locals();
  }
  /// Calls that begin from now on go there.
  void replace_connection(const std::shared_ptr<io::connection>& to) {
    calls_.use(to);
    local_services_->client = std::make_shared<const rondo::client>(rondo::client::over(to));
    local_services_->failures = to->options().data.failures;
    run_options_ = std::make_shared<const engine::run_options>(
        engine::run_options{.namespace_ = settings_.namespace_,
                            .logger = &runs_.log,
                            .blocks = &runs_.blocks,
                            .interceptors = &runs_.interceptors,
                            .propagated_headers = &runs_.propagated_headers,
                            .changes = &runs_.changes,
                            .version = version_of(settings_.options),
                            .server_keeps_flags = settings_.server_keeps_flags,
                            .failure_exceptions = settings_.options.failure_exceptions,
                            .failures = to->options().data.failures});
  }
  /// Called whenever a task is done.
  std::function<void()> on_change = [] {};

 private:
  struct waiting {
    workflow_task task;
    slot permit;
  };
  /// A run whose task is in work, and the tasks of it that wait for that.
  struct busy_run {
    io::time_point since = io::steady_clock::now();
    std::deque<waiting> line;
    /// The run between two of its tasks.
    run_store::held_run held;
    /// Local activities that its task waits for.
    std::shared_ptr<local_work> locals;
  };
  using held_run = run_store::held_run;

  /// The server may offer the next task to this worker first; of no use to one that stops.
  bool sticky() const noexcept { return settings_.options.max_cached_workflows > 0 && !stopping; }

  static workflow_task none() {
    workflow_task nothing{nullptr, nullptr, {}};
    return nothing;
  }

  asio::awaitable<workflow_task> work_once(busy_run& run, workflow_task task) {
    const auto& message = *task.message;
    ++counts_.workflow_tasks;
    auto held = std::move(run.held);
    if (held == nullptr) held = runs_.cache.take(message.workflow_execution().run_id());
    ++(held == nullptr ? counts_.cache_misses : counts_.cache_hits);
    if (held == nullptr) {
      const std::string& type = message.workflow_type().name();
      const auto* definition = runs_.definitions.find_workflow(type);
      if (definition == nullptr) {
        co_await calls_.refuse(task, unknown_type(type));
        co_return none();
      }
      if (is_undecided(settings_.options, *definition, type)) {
        co_await calls_.refuse(task, undecided_type(type));
        co_return none();
      }
      held = std::make_unique<held_workflow>(*definition, run_options_);
    }
    auto eager = reserve_eager();
    const engine::task_options for_task{.eager_activities = static_cast<int>(eager.size())};
    const std::string what = message.workflow_type().name() + " " + message.workflow_execution().workflow_id();

    engine::step step;
    const auto begun = held->run.times_begun();
    bool stuck = run_code(what, [&] { step = held->run.accept(*task.message, *task.arena, for_task); });
    while (step.kind == engine::step_kind::need_page || step.kind == engine::step_kind::need_full_history) {
      const std::string token(step.kind == engine::step_kind::need_page ? step.page_token : std::string_view{});
      auto page = co_await calls_.fetch(task, token);
      if (page == nullptr) co_return none();
      stuck = run_code(what, [&] { step = held->run.add_page(page->history(), page->next_page_token()); }) || stuck;
    }
    if (begun != held->run.times_begun()) held->locals = nullptr;
    int repeated = 0;
    while (step.kind == engine::step_kind::local_activities && !stuck) {
      if (const auto missing = start_locals(task, *held, step)) {
        co_await calls_.refuse(task, *missing);
        co_return none();
      }
      eager.resize(static_cast<std::size_t>(step.eager_activities));
      const auto work = run.locals = held->locals;
      bool ended = work->any_ended();
      if (!ended && !wakes_at_once()) ended = co_await work->wait(heartbeat_time(*held, task.arrived));
      if (broken_off_) co_return none();
      repeated += work->take_repeated();
      stuck =
          run_code(what, [&] { step = ended ? held->run.end_local(work->take(task.arrived)) : held->run.heartbeat(); });
    }
    if (repeated > 0 && step.completed != nullptr) {
      step.completed->mutable_metering_metadata()->set_nonfirst_local_activity_execution_attempts(
          static_cast<std::uint32_t>(repeated));
    }
    run.locals = nullptr;
    if (!held->run.needs_worker()) held->locals = nullptr;
    stop_locals(*held, step);
    if (stuck) {
      co_await calls_.refuse(
          task,
          "[TMPRL1101] Potential deadlock detected: the workflow code kept the thread for more than " +
              std::to_string(
                  std::chrono::duration_cast<std::chrono::milliseconds>(settings_.options.deadlock_timeout).count()) +
              " ms without an await; move blocking work into an activity");
      co_return none();
    }
    warn_if_slow(task);
    co_return co_await send(run, std::move(task), std::move(held), step, std::move(eager));
  }

  /// What the run asks for is begun or stopped. Says what is wrong when something cannot be run here.
  std::optional<std::string> start_locals(const workflow_task& task, held_workflow& held, const engine::step& step) {
    if (held.locals == nullptr) held.locals = std::make_shared<local_work>(local_services_);
    for (const auto& each : *step.starts) {
      const auto* definition = runs_.definitions.find_activity(each.plan->type);
      if (definition == nullptr) {
        return "local activity type '" + each.plan->type +
               "' is not registered with this worker: its activities are those that the worker of the workflow has";
      }
      auto about = facts_of(task, each);
      auto log = settings_.options.logger.with({{"workflow_id", about.workflow_id},
                                                {"run_id", about.run_id},
                                                {"workflow_type", about.workflow_type},
                                                {"activity_id", about.activity_id},
                                                {"activity_type", about.activity_type}});
      held.locals->start(each, *definition, std::move(about), std::move(log));
    }
    stop_locals(held, step);
    return std::nullopt;
  }
  static void stop_locals(held_workflow& held, const engine::step& step) {
    if (step.stops == nullptr || held.locals == nullptr) return;
    for (const auto number : *step.stops) held.locals->stop(number);
  }
  activity_info facts_of(const workflow_task& task, const engine::local_activity_start& what) const {
    activity_info about;
    about.is_local = true;
    about.activity_id = what.plan->id;
    about.activity_type = what.plan->type;
    about.task_queue = settings_.options.task_queue;
    about.namespace_ = settings_.namespace_;
    about.workflow_id = task.message->workflow_execution().workflow_id();
    about.run_id = task.message->workflow_execution().run_id();
    about.workflow_type = task.message->workflow_type().name();
    about.headers = what.plan->headers;
    about.attempt = what.attempt;
    const auto& retry = what.plan->retry;
    about.maximum_attempts = retry.maximum_attempts;
    about.retry = owned_retry_policy{.initial_interval = retry.initial_interval,
                                     .backoff_coefficient = retry.backoff_coefficient,
                                     .maximum_interval = engine::longest_pause(retry),
                                     .maximum_attempts = retry.maximum_attempts,
                                     .non_retryable_error_types = what.plan->final_failures};
    about.scheduled_time = what.scheduled;
    about.schedule_to_close_timeout = what.plan->schedule_to_close;
    about.start_to_close_timeout = what.plan->start_to_close;
    return about;
  }
  /// Near the end of a workflow task's time, which the server measures from when it gave the task out: what codecs and
  /// earlier tasks of the run took is part of it.
  static io::time_point heartbeat_time(const held_workflow& held, io::time_point arrived) {
    const auto known = held.run.task_timeout();
    const duration timeout = known > duration::zero() ? known : duration(std::chrono::seconds(10));
    return io::later(arrived, timeout * 4 / 5);
  }
  bool wakes_at_once() const noexcept { return broken_off_ || handing_over_; }
  void wake_locals() {
    for (const auto& [run_id, each] : busy_) {
      if (each.locals != nullptr) each.locals->wake();
    }
  }

  asio::awaitable<workflow_task> send(busy_run& run, workflow_task task, held_run held, engine::step step,
                                      std::vector<slot> eager) {
    if (step.kind == engine::step_kind::query_answered) {
      co_await calls_.answer(task, *step.answered);
      keep(run, std::move(held), step.evict);
      co_return none();
    }
    if (step.kind == engine::step_kind::failed) {
      calls_.log_failure(task, step.failed->failure().message());
      if (step.attempt <= 1) co_await calls_.fail(task, *step.failed);
      co_return none();
    }
    co_return co_await complete(run, std::move(task), std::move(held), step, std::move(eager));
  }

  asio::awaitable<workflow_task> complete(busy_run& run, workflow_task task, held_run held, engine::step step,
                                          std::vector<slot> eager) {
    auto& request = *step.completed;
    calls_.fill(request, task);
    request.set_worker_instance_key(instance_key);
    request.set_worker_control_task_queue(std::string(command_queue()));
    const std::string& type = task.message->workflow_type().name();
    const auto* definition = runs_.definitions.find_workflow(type);
    request.set_versioning_behavior(to_proto(behavior_of(settings_.options, definition, type)));
    if (sticky() && step.evict == engine::eviction::none) {
      auto& sticky_attributes = *request.mutable_sticky_attributes();
      sticky_attributes.mutable_worker_task_queue()->set_name(runs_.sticky_queue);
      sticky_attributes.mutable_worker_task_queue()->set_kind(engine::enums::TASK_QUEUE_KIND_STICKY);
      sticky_attributes.mutable_worker_task_queue()->set_normal_name(settings_.options.task_queue);
      engine::write_duration(settings_.options.sticky_schedule_to_start_timeout,
                             *sticky_attributes.mutable_schedule_to_start_timeout());
      request.set_return_new_workflow_task(true);
    }
    // Local activities go on meanwhile, also when no other tasks are wanted.
    const bool goes_on = request.force_create_new_workflow_task();
    if (goes_on) request.set_return_new_workflow_task(!handing_over_);
    eager.resize(static_cast<std::size_t>(step.eager_activities));
    using response_type = engine::service::RespondWorkflowTaskCompletedResponse;
    auto arena = std::make_shared<google::protobuf::Arena>();
    auto* response = google::protobuf::Arena::CreateMessage<response_type>(arena.get());
    auto arrived = io::steady_clock::now();
    const auto status = co_await calls_.call("RespondWorkflowTaskCompleted", task, request, *response, &arrived);
    if (!status.ok()) {
      const bool lost = status.code == rpc_code::not_found;
      calls_.log(task).log(lost ? log_level::debug : log_level::warn, "the server did not take the workflow task",
                           {{"error", status.message}});
      if (io::is_message_too_large(status)) {
        co_await calls_.refuse(task, "GRPC Message too large: " + status.message,
                               engine::enums::WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE);
      } else if (const auto cause = workflow_calls::cause_of_unsent(status)) {
        co_await calls_.refuse(task, status.message, *cause);
      }
      co_return none();
    }
    start_eager(*response, std::move(eager));
    held->run.accepted(response->reset_history_event_id());
    if (!goes_on || !handing_over_) keep(run, std::move(held), step.evict);
    workflow_task next = none();
    if (!response->workflow_task().task_token().empty()) {
      next.arena = std::move(arena);
      next.message = response->mutable_workflow_task();
      next.arrived = arrived;
    }
    co_return next;
  }

  static void keep(busy_run& run, held_run held, engine::eviction evict) {
    if (evict == engine::eviction::none) run.held = std::move(held);
  }

  /// Lets the engine work on a run. True: it kept the thread for too long.
  template <class Function>
  bool run_code(const std::string& what, Function function) {
    return watch_.run(what, std::move(function));
  }

  /// Slots for the activities that this task may start at once.
  std::vector<slot> reserve_eager() {
    std::vector<slot> reserved;
    if (settings_.activities == nullptr || !settings_.options.eager_activities || stopping ||
        settings_.options.max_activities_per_second > 0 || settings_.options.max_task_queue_activities_per_second > 0) {
      return reserved;
    }
    const auto most = settings_.options.max_concurrent_eager_activities;
    reserved.reserve(std::min<std::size_t>(settings_.options.max_eager_activities, 8));
    while (reserved.size() < settings_.options.max_eager_activities && (most == 0 || *eager_ < most)) {
      auto permit = settings_.activity_slots->try_take();
      if (!permit) break;
      if (most != 0) {
        ++*eager_;
        permit.keep(std::shared_ptr<void>(nullptr, [count = eager_](void*) { --*count; }));
      }
      reserved.push_back(std::move(permit));
    }
    return reserved;
  }
  void start_eager(const engine::service::RespondWorkflowTaskCompletedResponse& response, std::vector<slot> eager) {
    for (const auto& each : response.activity_tasks()) {
      if (eager.empty()) {
        settings_.options.logger.warn("the server started more activities at once than were asked for");
        return;
      }
      eager.back().mark_used(each.activity_type().name());
      settings_.activities->start(std::make_unique<activity_task>(each), std::move(eager.back()));
      eager.pop_back();
    }
  }

  std::string unknown_type(const std::string& name) const {
    std::string text = "workflow type '" + name + "' is not registered with this worker; registered: [";
    for (const auto& known : runs_.definitions.workflow_names())
      text.append(text.back() == '[' ? "" : ", ").append(known);
    return text + "]";
  }
  static std::string undecided_type(const std::string& name) {
    return "the worker is versioned, and workflow type '" + name +
           "' does not say whether its runs stay with a version or move on";
  }
  void warn_if_slow(const workflow_task& task) const {
    const duration taken = io::steady_clock::now() - task.arrived;
    if (slow_after_ <= duration::zero() || taken <= slow_after_) return;
    const std::chrono::duration<double> seconds = taken;
    calls_.log(task).warn("[TMPRL1104] the workflow task took long", {{"seconds", seconds.count()}});
  }

 public:
  /// Set by the worker: it stops, so no task shall come with an answer.
  bool stopping = false;
  /// Names this start of the worker to the server.
  std::string instance_key;
  /// See polling::command_queue: activities that begin at once are cancelled from there.
  std::function<std::string_view()> command_queue = [] { return std::string_view(); };

 private:
  run_store& runs_;
  session_counts& counts_;
  workflow_settings settings_;
  workflow_calls calls_;
  std::shared_ptr<local_activity_services> local_services_;
  /// Of the runs that begin from now on.
  std::shared_ptr<const engine::run_options> run_options_;
  /// Eager activities in work, and slots that are reserved for some; counted when there is a limit.
  std::shared_ptr<std::size_t> eager_ = std::make_shared<std::size_t>(0);
  bool broken_off_ = false, handing_over_ = false;
  const duration slow_after_ = slow_after(settings_.options);
  std::map<std::string, busy_run> busy_;
  deadlock_watch watch_;
};

}  // namespace rondo::detail::worker
