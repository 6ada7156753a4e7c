#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/run/session_place.hpp"
#include "rondo/detail/worker/activity_runner.hpp"
#include "rondo/detail/worker/activity_services.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/namespace_facts.hpp"
#include "rondo/detail/worker/nexus_runner.hpp"
#include "rondo/detail/worker/options_check.hpp"
#include "rondo/detail/worker/poller.hpp"
#include "rondo/detail/worker/poller_scale.hpp"
#include "rondo/detail/worker/queue_polls.hpp"
#include "rondo/detail/worker/rate_limiter.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/workflow_runner.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// What a worker polls for, with the slots that this takes, and the runners to which its tasks go. What it is given
/// outlives it.
class task_intake {
 public:
  task_intake(run_store& runs, io::event_loop& loop, const worker_options& options, const std::string& namespace_name,
              polling& shared, session_counts& counted, change_signal& changes)
      : workflow_slots(loop, slot_kind::workflow,
                       supplier_of(options.workflow_slots, options.max_concurrent_workflow_tasks), options.task_queue,
                       options.logger),
        activity_slots(loop, slot_kind::activity,
                       supplier_of(options.activity_slots, options.max_concurrent_activities), options.task_queue,
                       options.logger),
        nexus_slots(loop, slot_kind::nexus, supplier_of(options.nexus_slots, options.max_concurrent_nexus_tasks),
                    options.task_queue, options.logger),
        session_slots(loop, slot_kind::activity, supplier_of(runs.room_for_sessions, 1), options.task_queue,
                      options.logger),
        polls(shared, options, namespace_name),
        runs_(runs),
        loop_(loop),
        options_(options),
        namespace_(namespace_name),
        polling_(shared),
        counts_(counted),
        changes_(changes),
        limiter_(options.max_activities_per_second) {}
  task_intake(const task_intake&) = delete;
  task_intake& operator=(const task_intake&) = delete;
  ~task_intake() {
    if (runs_.room_for_sessions) runs_.room_for_sessions->when_room({});
  }

  /// Begins to poll. `owner` keeps this; tasks in work keep what it points to. `instance_key`: see queue_polls::begin.
  /// `last_moment`: when activities must have ended.
  void begin(const std::weak_ptr<void>& owner, const std::string& instance_key, const namespace_facts& facts,
             io::time_point last_moment) {
    owner_ = owner;
    instance_key_ = instance_key;
    facts_ = facts;
    polls.begin(instance_key, facts.scales_pollers, owner);
    if (runs_activities(options_, runs_.definitions)) start_activity_polls(last_moment);
    if (runs_workflows(options_, runs_.definitions)) start_workflow_polls();
    if (runs_nexus(options_, runs_.definitions)) start_nexus_polls();
  }
  /// Gives no slots any more.
  void close() {
    for (auto* each : {&workflow_slots, &activity_slots, &nexus_slots, &session_slots}) each->close();
    if (workflows) workflows->stopping = true;
  }
  /// Calls that begin from now on go there.
  void replace_connection(const std::shared_ptr<io::connection>& to) {
    if (services) {
      services->calls->replace_connection(to);
      services->client = std::make_shared<const rondo::client>(rondo::client::over(to));
    }
    if (workflows) workflows->replace_connection(to);
    if (nexus) nexus->replace_connection(to);
  }
  bool workflows_idle() const { return workflows == nullptr || workflows->in_flight() == 0; }
  /// Works on a task; `problem`: why its payloads cannot be read.
  void start_workflow_task(workflow_task task, slot permit, const std::string& problem) {
    permit.mark_used(task.message->workflow_type().name());
    auto keeps = owner_.lock();
    auto work =
        problem.empty()
            ? workflow_runner::work(std::move(keeps), *workflows, std::move(task), std::move(permit))
            : workflow_runner::reject(std::move(keeps), *workflows, std::move(task), std::move(permit), problem);
    asio::co_spawn(loop_.executor(), std::move(work), rethrow);
  }

  slot_line workflow_slots, activity_slots, nexus_slots, session_slots;
  queue_polls polls;
  /// Null where it has nothing of that kind to run, and before the start.
  std::unique_ptr<activity_services> services;
  std::unique_ptr<activity_runner> activities;
  std::unique_ptr<workflow_runner> workflows;
  std::unique_ptr<nexus_runner> nexus;

 private:
  void start_activity_polls(io::time_point last_moment) {
    // Else the polls of the worker's task queue could keep all slots from what its sessions have to do.
    if (!runs_.session_queue.empty()) activity_slots.serve_both();
    services = std::make_unique<activity_services>(loop_, polling_.connection, options_, options_.identity,
                                                   runs_.definitions.activity_names(), counts_);
    services->client = std::make_shared<const rondo::client>(rondo::client::over(polling_.connection));
    services->last_moment = last_moment;
    activities = std::make_unique<activity_runner>(runs_.definitions, *services);
    activities->on_change = [this] { changes_.notify(); };
    auto request = polls.ask<engine::service::PollActivityTaskQueueRequest>(options_.task_queue);
    if (options_.max_task_queue_activities_per_second > 0) {
      request.mutable_task_queue_metadata()->mutable_max_tasks_per_second()->set_value(
          options_.max_task_queue_activities_per_second);
    }
    polls.add(
        "activity", "PollActivityTaskQueue", request, options_.max_activity_pollers,
        activity_scaling(options_, facts_.enrolls_pollers), [this] { return take_activity_slot(); },
        [this](const io::response_bytes& answer, io::time_point /*arrived*/, slot permit) {
          return begin_activity(answer, std::move(permit));
        });
    if (!runs_.session_queue.empty()) start_session_polls();
  }
  /// For sessions of workflows: one queue of all workers that have room for one, and one of this worker alone, which no
  /// version has to do with.
  void start_session_polls() {
    runs_.room_for_sessions->when_room([this] { session_slots.ask_again(); });
    using request_type = engine::service::PollActivityTaskQueueRequest;
    const auto wanted = polls.ask<request_type>(run::session_creation_queue(options_.task_queue));
    auto own = polls.ask<request_type>(runs_.session_queue);
    own.clear_deployment_options();
    own.clear_worker_version_capabilities();
    const auto begin_from = [this](const auto& request) {
      return [this, queue = request.task_queue().name()](const io::response_bytes& answer, io::time_point /*arrived*/,
                                                         slot permit) {
        return begin_activity(answer, std::move(permit), queue);
      };
    };
    polls.add(
        "session", "PollActivityTaskQueue", wanted, 1, std::nullopt, [this] { return session_slots.take(); },
        begin_from(wanted));
    polls.add(
        "activity of sessions", "PollActivityTaskQueue", own, 2, std::nullopt,
        [this] { return take_activity_slot(true); }, begin_from(own));
  }
  asio::awaitable<slot> take_activity_slot(bool of_sessions = false) {
    slot permit = co_await activity_slots.take(of_sessions);
    const auto wait = limiter_.take(io::steady_clock::now());
    if (permit && wait > rate_limiter::clock::duration::zero()) {
      asio::error_code woken;
      co_await io::async_sleep_until(loop_, io::steady_clock::now() + wait, &polling_.token,
                                     asio::redirect_error(asio::use_awaitable, woken));
    }
    co_return permit;
  }
  poll_answer begin_activity(const io::response_bytes& answer, slot permit, std::string_view queue = {}) {
    auto task = std::make_unique<activity_task>();
    if (!polls.parse(answer, *task)) return {};
    const auto what = polls.read(*task);
    if (!what.task) return what;
    if (const auto problem = answer.problem(); !problem.empty()) {
      activities->refuse(*task, problem);
      return what;
    }
    permit.mark_used(task->activity_type().name());
    activities->start(std::move(task), std::move(permit), queue);
    return what;
  }

  void start_workflow_polls() {
    workflows = std::make_unique<workflow_runner>(
        runs_, counts_, polling_.connection,
        workflow_settings{.options = options_,
                          .namespace_ = namespace_,
                          .identity = options_.identity,
                          .server_keeps_flags = polling_.connection->capabilities().sdk_metadata,
                          .activity_slots = &activity_slots,
                          .activities = activities.get()});
    workflows->instance_key = instance_key_;
    workflows->command_queue = polling_.command_queue;
    workflows->on_change = [this] { changes_.notify(); };
    const bool cached = options_.max_cached_workflows > 0;
    // Polls hold a slot while they wait, so there are no more of them than slots: else the polls of one queue could
    // keep those of the other from the tasks that wait there.
    const std::size_t slots = workflow_slots.supplier().limit().value_or(options_.max_workflow_pollers);
    const std::size_t all = std::min(options_.max_workflow_pollers, slots);
    const auto wanted = static_cast<std::size_t>(static_cast<double>(all) * options_.nonsticky_poll_ratio);
    const std::size_t normal = cached ? std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(2, all) - 1) : all;
    if (cached) workflow_slots.serve_both();
    poll_workflows(false, normal);
    if (cached) poll_workflows(true, all - normal);
  }
  /// `sticky`: at the worker's own queue.
  void poll_workflows(bool sticky, std::size_t count) {
    auto request =
        polls.ask<engine::service::PollWorkflowTaskQueueRequest>(sticky ? runs_.sticky_queue : options_.task_queue);
    if (sticky) {
      request.mutable_task_queue()->set_kind(engine::enums::TASK_QUEUE_KIND_STICKY);
      request.mutable_task_queue()->set_normal_name(options_.task_queue);
    }
    polls.add(
        sticky ? "sticky workflow" : "workflow", "PollWorkflowTaskQueue", request, count,
        workflow_scaling(options_, facts_.enrolls_pollers), [this, sticky] { return workflow_slots.take(sticky); },
        [this](const io::response_bytes& answer, io::time_point arrived, slot permit) {
          return begin_workflow(answer, arrived, std::move(permit));
        });
  }
  poll_answer begin_workflow(const io::response_bytes& answer, io::time_point arrived, slot permit) {
    workflow_task task;
    task.arrived = arrived;
    if (!polls.parse(answer, *task.message)) return {};
    const auto what = polls.read(*task.message);
    if (!what.task) return what;
    start_workflow_task(std::move(task), std::move(permit), answer.problem());
    return what;
  }
  void start_nexus_polls() {
    nexus = std::make_unique<nexus_runner>(runs_.definitions, loop_, polling_.connection, options_, namespace_,
                                           facts_.updates_call_back, counts_);
    nexus->on_change = [this] { changes_.notify(); };
    const auto request = polls.ask<engine::service::PollNexusTaskQueueRequest>(options_.task_queue);
    polls.add(
        "nexus", "PollNexusTaskQueue", request, options_.max_nexus_pollers,
        nexus_scaling(options_, facts_.enrolls_pollers), [this] { return nexus_slots.take(); },
        [this](const io::response_bytes& answer, io::time_point /*arrived*/, slot permit) {
          return begin_nexus(answer, std::move(permit));
        });
  }
  poll_answer begin_nexus(const io::response_bytes& answer, slot permit) {
    auto task = std::make_unique<nexus_poll>();
    if (!polls.parse(answer, *task)) return {};
    const auto what = polls.read(*task);
    if (what.task) nexus->start(std::move(task), std::move(permit), answer.problem());
    return what;
  }

  run_store& runs_;
  io::event_loop& loop_;
  const worker_options& options_;
  const std::string& namespace_;
  polling& polling_;
  session_counts& counts_;
  change_signal& changes_;
  rate_limiter limiter_;
  std::weak_ptr<void> owner_;
  std::string instance_key_;
  namespace_facts facts_;
};

}  // namespace rondo::detail::worker
