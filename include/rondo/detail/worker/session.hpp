#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/client.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/run/session_place.hpp"
#include "rondo/detail/worker/activity_runner.hpp"
#include "rondo/detail/worker/activity_services.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/deployment.hpp"
#include "rondo/detail/worker/eager_rooms.hpp"
#include "rondo/detail/worker/heartbeat_writer.hpp"
#include "rondo/detail/worker/membership.hpp"
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
#include "rondo/detail/worker/sticky_reset.hpp"
#include "rondo/detail/worker/worker_group.hpp"
#include "rondo/detail/worker/workflow_runner.hpp"
#include "rondo/plugin.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// What of a worker is going on.
struct in_flight {
  std::size_t polls = 0, workflow_tasks = 0, activities = 0, nexus_tasks = 0;
  /// When the task came that is in work longest; empty when none is.
  std::optional<io::time_point> oldest_task{};
};

/// The life of a worker between its start and its end, in steps that a host puts together: a process that runs until it
/// is stopped, or an invocation with a deadline.
///
///   start() ── polls ──> stop_polling() ── wait_drained() ──> [abandon()] ── shut_down()
///
/// A poll is never broken off by stop_polling(): the server may have matched a task to it already. After shut_down(),
/// which tells the server once that the worker is gone, nothing polls any more but, until leave_group(), the worker's
/// group for commands about activities that are still in work.
class session final : public std::enable_shared_from_this<session> {
 public:
  /// The store, with the registry in it, may have served an earlier session.
  session(std::shared_ptr<run_store> runs, io::event_loop& loop, std::shared_ptr<io::connection> connection,
          std::string namespace_name, worker_options options)
      : runs_(std::move(runs)),
        options_(std::move(options)),
        namespace_(std::move(namespace_name)),
        loop_(loop),
        connection_(std::move(connection)),
        changes_(loop),
        polling_(loop, connection_, options_.logger, changes_, counts_),
        polls_(polling_, options_, namespace_),
        workflow_slots_(loop, slot_kind::workflow,
                        supplier_of(options_.workflow_slots, options_.max_concurrent_workflow_tasks),
                        options_.task_queue, options_.logger),
        activity_slots_(loop, slot_kind::activity,
                        supplier_of(options_.activity_slots, options_.max_concurrent_activities), options_.task_queue,
                        options_.logger),
        nexus_slots_(loop, slot_kind::nexus, supplier_of(options_.nexus_slots, options_.max_concurrent_nexus_tasks),
                     options_.task_queue, options_.logger),
        session_slots_(loop, slot_kind::activity, supplier_of(runs_->session_slots, 1), options_.task_queue,
                       options_.logger),
        limiter_(options_.max_activities_per_second),
        eager_(workflow_slots_, changes_, options_, namespace_) {
    if (options_.identity.empty()) options_.identity = connection_->identity();
    check_options(options_, runs_->definitions);
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Asks the server about the namespace, unless an earlier session did, and begins to poll. Throws rpc_error when that
  /// is not possible before the deadline.
  asio::awaitable<void> start(io::time_point deadline = io::time_point::max()) {
    instance_key_ = random_uuid();
    co_await connection_->load_capabilities(deadline);
    if (!runs_->facts) {
      runs_->facts = co_await describe_namespace(connection_, namespace_, options_.max_payload_size, deadline);
    }
    polling_.deadline =
        poll_deadline ? poll_deadline : [this](io::time_point now, auto&&) -> std::optional<io::time_point> {
      return io::later(now, options_.poll_timeout);
    };
    polling_.failed = [this](const rpc_status& status) { fail(status); };
    polls_.begin(instance_key_, facts().scales_pollers, weak_from_this());
    prepare_payloads();
    join_group();
    if (runs_activities()) start_activity_polls();
    if (runs_workflows()) start_workflow_polls();
    if (runs_nexus()) start_nexus_polls();
    open_eager_rooms();
  }

  /// Tells the server from now on, and when it stops, how the worker is, where the server wants to know that.
  void start_heartbeats() {
    if (options_.worker_heartbeat_interval == duration::zero() || !facts().lists_workers) return;
    membership_->begin_heartbeats(options_.worker_heartbeat_interval);
  }
  /// Begins no further poll.
  void stop_polling() {
    polling_.stop();
    workflow_slots_.close();
    activity_slots_.close();
    nexus_slots_.close();
    session_slots_.close();
    if (workflows_) workflows_->stopping = true;
    if (membership_) membership_->end_heartbeats();
    changes_.notify();
  }
  /// Tells the code of activities that the worker stops soon, so that it can hand back what is left to do.
  void drain_activities() {
    if (activities_) activities_->drain_all();
  }
  /// Waits for the polls under way, and for starts that may bring a task; breaks off the polls that are left at the
  /// deadline. True: all were answered.
  asio::awaitable<bool> wait_polls(io::time_point deadline) {
    const auto none = [this] { return polling_.pollers == 0; };
    const auto none_and_no_starts = [this] { return polling_.pollers == 0 && eager_.reserved() == 0; };
    const bool answered = co_await changes_.wait_until(none_and_no_starts, deadline);
    if (!answered) {
      eager_.close();
      polling_.break_off();
      co_await changes_.wait_until(none, io::time_point::max());
    }
    co_return answered;
  }
  /// Waits until no task is in work; false when the deadline came first.
  asio::awaitable<bool> wait_drained(io::time_point deadline) {
    const auto idle = [this] {
      return workflows_idle() && (activities_ == nullptr || activities_->in_flight() == 0) &&
             (nexus_ == nullptr || nexus_->in_flight() == 0);
    };
    co_return co_await changes_.wait_until(idle, deadline);
  }
  /// Asks the code of activities and of Nexus handlers to stop.
  void cancel_activities() {
    if (activities_) activities_->cancel_all(rondo::cancel_reason::worker_shutdown);
    if (workflows_) workflows_->hand_over_locals();
    if (nexus_) nexus_->cancel_all();
  }
  /// Gives back to the server what still runs: activities are reported as failed and are repeated elsewhere. At the
  /// deadline, calls for workflow tasks are broken off; the server repeats those tasks after their timeout.
  asio::awaitable<void> abandon(io::time_point deadline) {
    abandoned_ = true;
    if (activities_ && activities_->in_flight() > 0) {
      options_.logger.warn("activities did not end in time and are given back",
                           {{"activities", activities_->in_flight()}});
      activities_->hand_back_all();
    }
    if (nexus_) nexus_->hand_back_all();
    const auto told = [this] {
      return workflows_idle() && (activities_ == nullptr || activities_->all_reported()) &&
             (nexus_ == nullptr || nexus_->all_answered());
    };
    const bool in_time = co_await changes_.wait_until(told, deadline);
    if (in_time) co_return;
    if (services_) services_->calls->cancel();
    if (nexus_) nexus_->break_off();
    if (!workflows_idle()) {
      options_.logger.warn("workflow tasks did not end in time and are dropped", {{"tasks", workflows_->in_flight()}});
      workflows_->break_off();
    }
    co_await changes_.wait_until(told, io::time_point::max());
  }
  /// The server's commands reach the worker no more: nothing that they could be about is in work.
  asio::awaitable<void> leave_group(io::time_point latest = io::time_point::max()) {
    if (membership_) co_await membership_->leave(latest);
  }
  /// Tells the server that this worker is gone, so that it offers tasks of cached runs to others at once: with one
  /// call, or run by run at servers that do not know it, unless time has run out before. Done once, within the timeout;
  /// false when the server did not take it.
  asio::awaitable<bool> shut_down(duration timeout = std::chrono::seconds(2)) {
    if (shut_down_sent_) co_return shut_down_taken_;
    shut_down_sent_ = true;
    const auto deadline = io::later(io::steady_clock::now(), timeout);
    engine::service::ShutdownWorkerRequest request;
    request.set_namespace_(namespace_);
    if (has_sticky_queue()) request.set_sticky_task_queue(runs_->sticky_queue);
    request.set_identity(options_.identity);
    request.set_reason("worker stopped");
    request.set_worker_instance_key(instance_key_);
    request.set_task_queue(options_.task_queue);
    if (runs_workflows()) request.add_task_queue_types(engine::enums::TASK_QUEUE_TYPE_WORKFLOW);
    if (runs_activities()) request.add_task_queue_types(engine::enums::TASK_QUEUE_TYPE_ACTIVITY);
    if (runs_nexus()) request.add_task_queue_types(engine::enums::TASK_QUEUE_TYPE_NEXUS);
    if (membership_ && membership_->has_beaten()) {
      membership_->write_last_heartbeat(*request.mutable_worker_heartbeat());
    }
    engine::service::ShutdownWorkerResponse response;
    io::retry_options how(io::rpc_class::once);
    how.attempt_timeout = timeout;
    const auto connection = connection_;
    const auto status = co_await io::call_into(*connection, "ShutdownWorker", request, response, std::move(how));
    if (!status.ok() && status.code != rpc_code::unimplemented) {
      options_.logger.warn("the server was not told that the worker stops", {{"error", status.message}});
    }
    shut_down_taken_ = status.ok();
    if (status.code == rpc_code::unimplemented && has_sticky_queue() && !abandoned_) {
      auto resets = std::make_shared<sticky_reset>(loop_, connection_, namespace_, cached_runs(), deadline);
      shut_down_taken_ = co_await sticky_reset::run(std::move(resets));
    }
    co_return shut_down_taken_;
  }
  /// True when the server answers the polls of a worker that says that it stops.
  bool server_completes_polls() const noexcept { return facts().completes_polls; }

  struct in_flight in_flight() const {
    struct in_flight now;
    now.polls = polling_.under_way;
    const auto add = [&now](const auto& runner, std::size_t& count) {
      if (runner == nullptr) return;
      count = runner->in_flight();
      if (count > 0) now.oldest_task = std::min(now.oldest_task.value_or(io::time_point::max()), runner->oldest());
    };
    add(workflows_, now.workflow_tasks);
    add(activities_, now.activities);
    add(nexus_, now.nexus_tasks);
    return now;
  }
  /// The server may offer tasks to this worker before others.
  bool has_sticky_queue() const { return runs_workflows() && options_.max_cached_workflows > 0; }
  std::size_t cached_workflows() const { return runs_->cache.size(); }
  std::size_t cached_bytes() const { return runs_->cache.bytes(); }
  /// When a task came last, or the session began.
  io::time_point last_activity() const noexcept { return polling_.last_task; }
  const session_counts& counts() const noexcept { return counts_; }
  /// Every kind of task has been polled for, and was answered, at least once.
  bool known_to_server() const noexcept { return polling_.unanswered.empty(); }
  /// No poll is under way, and none begins before something changes.
  bool polls_parked() const noexcept { return polling_.pollers > 0 && polling_.parked == polling_.pollers; }
  /// What is thrown when the polls failed for good.
  static rpc_error polls_failed(const rpc_status& status) {
    return rpc_error("the worker's polls failed: " + status.message, status);
  }
  /// Calls that begin from now on go there: a connection on the same loop.
  void replace_connection(std::shared_ptr<io::connection> to) {
    eager_.withdraw(*connection_);
    connection_ = polling_.connection = to;
    prepare_payloads();
    eager_.offer(*connection_);
    if (services_) {
      services_->calls->replace_connection(to);
      services_->client = std::make_shared<const rondo::client>(rondo::client::over(to));
    }
    if (membership_) membership_->move_to(worker_group::of(to, namespace_, options_.logger));
    if (workflows_) workflows_->replace_connection(to);
    if (nexus_) nexus_->replace_connection(to);
  }
  /// The pollers of each queue that is polled.
  const std::vector<std::shared_ptr<poller_group>>& poller_groups() const noexcept { return polls_.groups(); }
  const slot_line& workflow_slots() const noexcept { return workflow_slots_; }
  const slot_line& activity_slots() const noexcept { return activity_slots_; }
  const slot_line& nexus_slots() const noexcept { return nexus_slots_; }
  /// Null when it runs no workflows.
  const slot_line* local_activity_slots() const noexcept {
    return workflows_ == nullptr ? nullptr : &workflows_->local_activity_slots();
  }
  /// Why polling ended on its own; empty while it goes on.
  const std::optional<rpc_status>& failure() const noexcept { return failure_; }
  change_signal& changes() noexcept { return changes_; }
  io::event_loop& loop() const noexcept { return loop_; }
  const worker_options& options() const noexcept { return options_; }
  const std::string& instance_key() const noexcept { return instance_key_; }

  /// Set before start(): when a poll that begins now must have been answered, see polling::deadline.
  std::function<std::optional<io::time_point>(io::time_point now, const std::optional<empty_poll>& last)> poll_deadline;
  /// Set before start(): when activities must have ended, whatever their own timeouts say.
  io::time_point last_moment = io::time_point::max();

 private:
  /// Clients on the same connection may give this session first tasks of workflows.
  void open_eager_rooms() {
    if (!workflows_) return;
    eager_.open(
        weak_from_this(), [this] { return !polling_.stopped && !failure_; },
        [this](workflow_task task, slot held) { start_workflow_task(std::move(task), std::move(held), {}); });
    eager_.offer(*connection_);
  }

  bool runs_workflows() const { return worker::runs_workflows(options_, runs_->definitions); }
  bool runs_activities() const { return worker::runs_activities(options_, runs_->definitions); }
  bool runs_nexus() const { return worker::runs_nexus(options_, runs_->definitions); }
  namespace_facts facts() const { return runs_->facts.value_or(namespace_facts()); }
  std::vector<sticky_reset::held_run> cached_runs() const {
    std::vector<sticky_reset::held_run> all;
    runs_->cache.each([&all](const std::string& run_id, const run_store::held_run& run) {
      all.push_back({std::string(run->run.workflow_id()), run_id});
    });
    return all;
  }
  bool workflows_idle() const { return workflows_ == nullptr || workflows_->in_flight() == 0; }

  void prepare_payloads() {
    connection_->data()->set_limits(facts().blob_limit, facts().memo_limit);
    connection_->data()->set_log(options_.logger);
  }

  worker::heartbeat_facts heartbeat_facts() const {
    return {.options = options_,
            .counts = counts_,
            .pollers = polls_.groups(),
            .workflow_slots = runs_workflows() ? &workflow_slots_ : nullptr,
            .activity_slots = runs_activities() ? &activity_slots_ : nullptr,
            .nexus_slots = runs_nexus() ? &nexus_slots_ : nullptr,
            .local_activity_slots = local_activity_slots(),
            .cached_workflows = cached_workflows(),
            .plugins = plugin_names(connection_->options(), options_),
            .drivers = driver_types(connection_->options().data)};
  }
  void join_group() {
    membership::cancel_function cancel;
    if (facts().commands_workers && runs_activities()) {
      cancel = [this](const std::string& task_token) {
        if (activities_) activities_->cancel_one(task_token);
      };
    }
    membership_ = std::make_unique<membership>(
        worker_group::of(connection_, namespace_, options_.logger), instance_key_, [this] { return heartbeat_facts(); },
        std::move(cancel));
    polling_.command_queue = [this] { return membership_->command_queue(); };
  }

  void start_activity_polls() {
    // Else the polls of the worker's task queue could keep all slots from what its sessions have to do.
    if (!runs_->session_queue.empty()) activity_slots_.serve_both();
    services_ = std::make_unique<activity_services>(loop_, connection_, options_, options_.identity,
                                                    runs_->definitions.activity_names(), counts_);
    services_->client = std::make_shared<const rondo::client>(rondo::client::over(connection_));
    services_->last_moment = last_moment;
    activities_ = std::make_unique<activity_runner>(runs_->definitions, *services_);
    activities_->on_change = [this] { changes_.notify(); };
    auto request = polls_.ask<engine::service::PollActivityTaskQueueRequest>(options_.task_queue);
    if (options_.max_task_queue_activities_per_second > 0) {
      request.mutable_task_queue_metadata()->mutable_max_tasks_per_second()->set_value(
          options_.max_task_queue_activities_per_second);
    }
    polls_.add(
        "activity", "PollActivityTaskQueue", request, options_.max_activity_pollers,
        activity_scaling(options_, facts().enrolls_pollers), [this] { return take_activity_slot(); },
        [this](const io::response_bytes& answer, slot permit) { return begin_activity(answer, std::move(permit)); });
    if (!runs_->session_queue.empty()) start_session_polls();
  }
  /// For sessions of workflows: one queue of all workers that have room for one, and one of this worker alone, which no
  /// version has to do with.
  void start_session_polls() {
    using request_type = engine::service::PollActivityTaskQueueRequest;
    const auto wanted = polls_.ask<request_type>(run::session_creation_queue(options_.task_queue));
    auto own = polls_.ask<request_type>(runs_->session_queue);
    own.clear_deployment_options();
    own.clear_worker_version_capabilities();
    const auto begin_from = [this](const auto& request) {
      return [this, queue = request.task_queue().name()](const io::response_bytes& answer, slot permit) {
        return begin_activity(answer, std::move(permit), queue);
      };
    };
    polls_.add(
        "session", "PollActivityTaskQueue", wanted, 1, std::nullopt, [this] { return session_slots_.take(); },
        begin_from(wanted));
    polls_.add(
        "activity of sessions", "PollActivityTaskQueue", own, 2, std::nullopt,
        [this] { return take_activity_slot(true); }, begin_from(own));
  }
  asio::awaitable<slot> take_activity_slot(bool of_sessions = false) {
    slot permit = co_await activity_slots_.take(of_sessions);
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
    if (!polls_.parse(answer, *task)) return {};
    const auto what = polls_.read(*task);
    if (!what.task) return what;
    if (!answer.problem.empty()) {
      activities_->refuse(*task, answer.problem);
      return what;
    }
    permit.mark_used(task->activity_type().name());
    activities_->start(std::move(task), std::move(permit), queue);
    return what;
  }

  void start_workflow_polls() {
    workflows_ = std::make_unique<workflow_runner>(
        *runs_, counts_, connection_,
        workflow_settings{.options = options_,
                          .namespace_ = namespace_,
                          .identity = options_.identity,
                          .server_keeps_flags = connection_->capabilities().sdk_metadata,
                          .activity_slots = &activity_slots_,
                          .activities = activities_.get()});
    workflows_->instance_key = instance_key_;
    workflows_->command_queue = polling_.command_queue;
    workflows_->on_change = [this] { changes_.notify(); };
    const bool cached = options_.max_cached_workflows > 0;
    // Polls hold a slot while they wait, so there are no more of them than slots: else the polls of one queue could
    // keep those of the other from the tasks that wait there.
    const std::size_t slots = workflow_slots_.supplier().limit().value_or(options_.max_workflow_pollers);
    const std::size_t all = std::min(options_.max_workflow_pollers, slots);
    const auto wanted = static_cast<std::size_t>(static_cast<double>(all) * options_.nonsticky_poll_ratio);
    const std::size_t normal = cached ? std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(2, all) - 1) : all;
    if (cached) workflow_slots_.serve_both();
    poll_workflows(false, normal);
    if (cached) poll_workflows(true, all - normal);
  }
  /// `sticky`: at the worker's own queue.
  void poll_workflows(bool sticky, std::size_t count) {
    auto request =
        polls_.ask<engine::service::PollWorkflowTaskQueueRequest>(sticky ? runs_->sticky_queue : options_.task_queue);
    if (sticky) {
      request.mutable_task_queue()->set_kind(engine::enums::TASK_QUEUE_KIND_STICKY);
      request.mutable_task_queue()->set_normal_name(options_.task_queue);
    }
    polls_.add(
        sticky ? "sticky workflow" : "workflow", "PollWorkflowTaskQueue", request, count,
        workflow_scaling(options_, facts().enrolls_pollers), [this, sticky] { return workflow_slots_.take(sticky); },
        [this](const io::response_bytes& answer, slot permit) { return begin_workflow(answer, std::move(permit)); });
  }
  poll_answer begin_workflow(const io::response_bytes& answer, slot permit) {
    workflow_task task;
    if (!polls_.parse(answer, *task.message)) return {};
    const auto what = polls_.read(*task.message);
    if (!what.task) return what;
    start_workflow_task(std::move(task), std::move(permit), answer.problem);
    return what;
  }
  /// `problem`: why its payloads cannot be read.
  void start_workflow_task(workflow_task task, slot permit, const std::string& problem) {
    permit.mark_used(task.message->workflow_type().name());
    auto keeps = weak_from_this().lock();
    auto work =
        problem.empty()
            ? workflow_runner::work(std::move(keeps), *workflows_, std::move(task), std::move(permit))
            : workflow_runner::reject(std::move(keeps), *workflows_, std::move(task), std::move(permit), problem);
    asio::co_spawn(loop_.executor(), std::move(work), rethrow);
  }

  void start_nexus_polls() {
    nexus_ = std::make_unique<nexus_runner>(runs_->definitions, loop_, connection_, options_, namespace_,
                                            facts().updates_call_back, counts_);
    nexus_->on_change = [this] { changes_.notify(); };
    const auto request = polls_.ask<engine::service::PollNexusTaskQueueRequest>(options_.task_queue);
    polls_.add(
        "nexus", "PollNexusTaskQueue", request, options_.max_nexus_pollers,
        nexus_scaling(options_, facts().enrolls_pollers), [this] { return nexus_slots_.take(); },
        [this](const io::response_bytes& answer, slot permit) { return begin_nexus(answer, std::move(permit)); });
  }
  poll_answer begin_nexus(const io::response_bytes& answer, slot permit) {
    auto task = std::make_unique<nexus_poll>();
    if (!polls_.parse(answer, *task)) return {};
    const auto what = polls_.read(*task);
    if (what.task) nexus_->start(std::move(task), std::move(permit), answer.problem);
    return what;
  }

  void fail(const rpc_status& status) {
    const bool first = !failure_.has_value();
    if (first) failure_ = status;
    changes_.notify();
    if (!first || !options_.on_fatal_error) return;
    try {
      options_.on_fatal_error(polls_failed(status));
    } catch (const std::exception& thrown) {
      options_.logger.error("on_fatal_error threw an exception", {{"error", thrown.what()}});
    }
  }

  std::shared_ptr<run_store> runs_;
  worker_options options_;
  std::string namespace_, instance_key_;
  io::event_loop& loop_;
  std::shared_ptr<io::connection> connection_;
  change_signal changes_;
  session_counts counts_;
  polling polling_;
  queue_polls polls_;
  slot_line workflow_slots_, activity_slots_, nexus_slots_, session_slots_;
  rate_limiter limiter_;
  eager_rooms eager_;
  std::unique_ptr<activity_services> services_;
  std::unique_ptr<activity_runner> activities_;
  std::unique_ptr<workflow_runner> workflows_;
  std::unique_ptr<nexus_runner> nexus_;
  /// Null before the start.
  std::unique_ptr<membership> membership_;
  std::optional<rpc_status> failure_;
  bool shut_down_sent_ = false, shut_down_taken_ = false, abandoned_ = false;
};

}  // namespace rondo::detail::worker
