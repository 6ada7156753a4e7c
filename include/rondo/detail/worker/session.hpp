#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/eager_rooms.hpp"
#include "rondo/detail/worker/heartbeat_writer.hpp"
#include "rondo/detail/worker/membership.hpp"
#include "rondo/detail/worker/namespace_facts.hpp"
#include "rondo/detail/worker/options_check.hpp"
#include "rondo/detail/worker/poller.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/sticky_reset.hpp"
#include "rondo/detail/worker/task_intake.hpp"
#include "rondo/detail/worker/worker_group.hpp"
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
        intake_(*runs_, loop, options_, namespace_, polling_, counts_, changes_),
        eager_(intake_.workflow_slots, changes_, options_, namespace_) {
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
    prepare_payloads();
    join_group();
    intake_.begin(weak_from_this(), instance_key_, facts(), last_moment);
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
    intake_.close();
    if (membership_) membership_->end_heartbeats();
    changes_.notify();
  }
  /// Tells the code of activities that the worker stops soon, so that it can hand back what is left to do.
  void drain_activities() {
    if (intake_.activities) intake_.activities->drain_all();
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
      return intake_.workflows_idle() && (intake_.activities == nullptr || intake_.activities->in_flight() == 0) &&
             (intake_.nexus == nullptr || intake_.nexus->in_flight() == 0);
    };
    co_return co_await changes_.wait_until(idle, deadline);
  }
  /// Asks the code of activities and of Nexus handlers to stop.
  void cancel_activities() {
    if (intake_.activities) intake_.activities->cancel_all(rondo::cancel_reason::worker_shutdown);
    if (intake_.workflows) intake_.workflows->hand_over_locals();
    if (intake_.nexus) intake_.nexus->cancel_all();
  }
  /// Gives back to the server what still runs: activities are reported as failed and are repeated elsewhere. At the
  /// deadline, calls for workflow tasks are broken off; the server repeats those tasks after their timeout.
  asio::awaitable<void> abandon(io::time_point deadline) {
    abandoned_ = true;
    if (intake_.activities && intake_.activities->in_flight() > 0) {
      options_.logger.warn("activities did not end in time and are given back",
                           {{"activities", intake_.activities->in_flight()}});
      intake_.activities->hand_back_all();
    }
    if (intake_.nexus) intake_.nexus->hand_back_all();
    const auto told = [this] {
      return intake_.workflows_idle() && (intake_.activities == nullptr || intake_.activities->all_reported()) &&
             (intake_.nexus == nullptr || intake_.nexus->all_answered());
    };
    const bool in_time = co_await changes_.wait_until(told, deadline);
    if (in_time) co_return;
    if (intake_.services) intake_.services->calls->cancel();
    if (intake_.nexus) intake_.nexus->break_off();
    if (!intake_.workflows_idle()) {
      options_.logger.warn("workflow tasks did not end in time and are dropped",
                           {{"tasks", intake_.workflows->in_flight()}});
      intake_.workflows->break_off();
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
    add(intake_.workflows, now.workflow_tasks);
    add(intake_.activities, now.activities);
    add(intake_.nexus, now.nexus_tasks);
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
    intake_.replace_connection(to);
    if (membership_) membership_->move_to(worker_group::of(to, namespace_, options_.logger));
  }
  /// The pollers of each queue that is polled.
  const std::vector<std::shared_ptr<poller_group>>& poller_groups() const noexcept { return intake_.polls.groups(); }
  const slot_line& workflow_slots() const noexcept { return intake_.workflow_slots; }
  const slot_line& activity_slots() const noexcept { return intake_.activity_slots; }
  const slot_line& nexus_slots() const noexcept { return intake_.nexus_slots; }
  /// Null when it runs no workflows.
  const slot_line* local_activity_slots() const noexcept {
    return intake_.workflows == nullptr ? nullptr : &intake_.workflows->local_activity_slots();
  }
  /// Why polling ended on its own; empty while it goes on.
  const std::optional<rpc_status>& failure() const noexcept { return failure_; }
  change_signal& changes() noexcept { return changes_; }
  io::event_loop& loop() const noexcept { return loop_; }
  const worker_options& options() const noexcept { return options_; }
  /// Of its connection.
  const client_options& client() const noexcept { return connection_->options(); }
  const std::string& instance_key() const noexcept { return instance_key_; }

  /// Set before start(): when a poll that begins now must have been answered, see polling::deadline.
  std::function<std::optional<io::time_point>(io::time_point now, const std::optional<empty_poll>& last)> poll_deadline;
  /// Set before start(): when activities must have ended, whatever their own timeouts say.
  io::time_point last_moment = io::time_point::max();

 private:
  /// Clients on the same connection may give this session first tasks of workflows.
  void open_eager_rooms() {
    if (!intake_.workflows) return;
    eager_.open(
        weak_from_this(), [this] { return !polling_.stopped && !failure_; },
        [this](workflow_task task, slot held) { intake_.start_workflow_task(std::move(task), std::move(held), {}); });
    eager_.offer(*connection_);
  }

  bool runs_workflows() const { return worker::runs_workflows(options_, runs_->definitions); }
  bool runs_activities() const { return worker::runs_activities(options_, runs_->definitions); }
  bool runs_nexus() const { return worker::runs_nexus(options_, runs_->definitions); }
  namespace_facts facts() const { return runs_->facts.value_or(namespace_facts()); }
  std::vector<sticky_reset::held_run> cached_runs() const {
    std::vector<sticky_reset::held_run> all;
    runs_->cache.each([&all](std::string_view run_id, const run_store::held_run& run) {
      all.push_back({std::string(run->run.workflow_id()), std::string(run_id)});
    });
    return all;
  }

  void prepare_payloads() {
    connection_->data()->set_limits(facts().blob_limit, facts().memo_limit);
    connection_->data()->set_log(options_.logger);
  }

  worker::heartbeat_facts heartbeat_facts() const {
    return {.options = options_,
            .counts = counts_,
            .pollers = intake_.polls.groups(),
            .workflow_slots = runs_workflows() ? &intake_.workflow_slots : nullptr,
            .activity_slots = runs_activities() ? &intake_.activity_slots : nullptr,
            .nexus_slots = runs_nexus() ? &intake_.nexus_slots : nullptr,
            .local_activity_slots = local_activity_slots(),
            .cached_workflows = cached_workflows(),
            .plugins = plugin_names(connection_->options(), options_),
            .drivers = driver_types(connection_->options().data)};
  }
  void join_group() {
    membership::cancel_function cancel;
    if (facts().commands_workers && runs_activities()) {
      cancel = [this](const std::string& task_token) {
        if (intake_.activities) intake_.activities->cancel_one(task_token);
      };
    }
    membership_ = std::make_unique<membership>(
        worker_group::of(connection_, namespace_, options_.logger), instance_key_, [this] { return heartbeat_facts(); },
        std::move(cancel));
    polling_.command_queue = [this] { return membership_->command_queue(); };
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
  task_intake intake_;
  eager_rooms eager_;
  /// Null before the start.
  std::unique_ptr<membership> membership_;
  std::optional<rpc_status> failure_;
  bool shut_down_sent_ = false, shut_down_taken_ = false, abandoned_ = false;
};

}  // namespace rondo::detail::worker
