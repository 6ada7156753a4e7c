#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/plugin_life.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/idle_watch.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/report.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::serverless {

/// The worker of one invocation, from its first poll until nothing of it is left at the server:
///
///   polls ── idle | deadline | stop ──> no poll begins, polls end ──> tasks end, or are given back ──> ShutdownWorker
///
/// Polls carry a deadline that lies before the end, so none has to be broken off with a task in it.
class session {
 public:
  /// What it is given outlives it.
  session(rondo::detail::io::event_loop& loop, const options& how, std::stop_token stop,
          std::shared_ptr<rondo::detail::io::connection> connection,
          std::shared_ptr<rondo::detail::worker::run_store> runs, worker_options worker, const budget& times)
      : how_(how),
        stop_(std::move(stop)),
        times_(times),
        watch_(how.idle_timeout, clock::now()),
        work_(std::make_shared<rondo::detail::worker::session>(std::move(runs), loop, std::move(connection),
                                                               how.client.namespace_, std::move(worker))),
        on_stop_(stop_, wake{&loop, work_}) {
    work_->poll_deadline = [this](time_point now, const std::optional<empty_poll>& last) {
      return next_poll(now, last);
    };
    work_->last_moment = times_.hooks;
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Works until there is a reason to end, and then in order to its end. Throws rpc_error when the server refuses the
  /// worker; nothing is left to be done then.
  asio::awaitable<end_reason> run() {
    const rondo::detail::worker::plugin_life life(how_.client, work_->options());
    co_await work_->start(times_.stop);
    work_->start_heartbeats();
    const end_reason why = co_await work_until_end();
    co_await drain(why);
    co_return why;
  }
  /// Somebody says that there is work: the idle time begins anew. False when the session polls no more.
  bool expect_work() {
    if (draining_) return false;
    watch_.expect_work(clock::now());
    work_->changes().notify();
    return true;
  }

  /// Adds what it has done.
  void tell(report& into) const {
    const auto& counts = work_->counts();
    into.workflow_tasks += counts.workflow_tasks;
    into.activities += counts.activities;
    into.failed += counts.failed;
    into.handed_back += counts.handed_back;
    into.lost_polls += counts.lost_polls;
    into.idle += watch_.idle();
    into.sticky_shutdown = sticky_shutdown_;
  }
  std::optional<time_point> first_poll() const { return work_->counts().first_poll; }
  /// Why polling ended on its own; empty while it goes on.
  const std::optional<rpc_status>& failure() const noexcept { return work_->failure(); }

 private:
  using clock = std::chrono::steady_clock;
  using empty_poll = rondo::detail::worker::empty_poll;

  /// Lets the session look at its stop token. Any thread.
  struct wake {
    void operator()() const {
      loop->post([of = session] {
        if (const auto still = of.lock()) still->changes().notify();
      });
    }
    rondo::detail::io::event_loop* loop;
    std::weak_ptr<rondo::detail::worker::session> session;
  };

  std::optional<time_point> next_poll(time_point now, const std::optional<empty_poll>& last) {
    if (!std::exchange(polls_, true)) watch_.expect_work(now);
    observe(now);
    if (watch_.ends_with_polls() && last && watch_.has_seen_all(last->began, last->answered)) return std::nullopt;
    duration cap = how_.poll_cap;
    // A poll that begins while something is in work must not outlast the idle time that follows.
    if (how_.idle_timeout && !watch_.ends_with_polls()) cap = std::min(cap, *how_.idle_timeout);
    // Each kind of task is polled for at least once: so the server learns of the worker. A poller that has been
    // answered waits a moment for those of the other kinds: another poll would be broken off when the last of them is
    // answered.
    const bool answered = last && last->answered > last->began;
    const bool counts = work_->known_to_server() || (answered && watch_.idle_at() > now - to_clock(server_margin));
    const auto idle_at = counts ? watch_.idle_at() : time_point::max();
    const auto plan = plan_poll(now, times_.polls, idle_at, cap);
    if (plan.advice == poll_advice::wait) return std::nullopt;
    return plan.deadline;
  }
  void observe(time_point now) {
    const auto current = work_->in_flight();
    watch_.observe(now, current.workflow_tasks + current.activities + current.nexus_tasks > 0, work_->last_activity());
  }

  /// The time by which the reason to end must be looked for again.
  time_point next_look(time_point now) const {
    const auto last_poll = last_begin(times_.polls);
    const auto next = now <= last_poll && last_poll < times_.stop ? last_poll + time_point::duration(1) : times_.stop;
    return std::min(next, work_->known_to_server() ? watch_.idle_at() : next);
  }
  /// No poll can begin any more, and nothing is left of those before: no task can come.
  bool is_over(time_point now) const {
    if (now <= last_begin(times_.polls)) return false;
    const auto left = work_->in_flight();
    return left.polls + left.workflow_tasks + left.activities + left.nexus_tasks == 0;
  }
  std::optional<end_reason> reason_to_end(time_point now) const {
    if (stop_.stop_requested()) return end_reason::stopped;
    if (work_->failure()) return end_reason::error;
    if (now >= times_.stop || is_over(now)) return end_reason::deadline;
    // A worker that has not got through to the server must not take silence for idleness.
    if (!work_->known_to_server()) return std::nullopt;
    const bool idle = watch_.ends_with_polls() ? !watch_.busy() && work_->polls_parked() : now >= watch_.idle_at();
    if (idle) return end_reason::idle;
    return std::nullopt;
  }
  asio::awaitable<end_reason> work_until_end() {
    for (;;) {
      std::optional<end_reason> why;
      time_point look{};
      const auto changed = [&] {
        const auto now = clock::now();
        observe(now);
        why = reason_to_end(now);
        return why.has_value() || next_look(now) != look;
      };
      changed();
      if (why) co_return *why;
      const auto now = clock::now();
      if (!draining_ && work_->has_sticky_queue() && now > last_begin(times_.polls)) {
        co_await leave_sticky_queue();
        continue;
      }
      look = next_look(now);
      co_await work_->changes().wait_until(changed, look);
      // No timer is so late but after a standstill, and then the answers of polls may still wait in their sockets.
      constexpr std::chrono::milliseconds standstill{500};
      if (const auto later = clock::now(); later - standstill > look) watch_.go_on_after_standstill(later);
    }
  }
  /// From here on polls only end. What comes to the sticky queue after the last of them would wait there in vain, so
  /// the server hears of the end while they are under way: it gives such tasks to other workers then.
  asio::awaitable<void> leave_sticky_queue() {
    draining_ = true;
    work_->stop_polling();
    co_await say_goodbye(times_.stop);
  }

  asio::awaitable<void> drain(end_reason why) {
    draining_ = true;
    work_->stop_polling();
    work_->drain_activities();
    const auto now = clock::now();
    time_point end = std::min(times_.hooks, now + how_.limits.stop_timeout);
    // A process that was frozen may find its time for this over, and tasks that came meanwhile in its sockets: they get
    // a part of what is left until the deadline.
    if (now > times_.hooks && now < times_.deadline) {
      end = now + std::min<duration>(how_.limits.hook_buffer / 4, (times_.deadline - now) / 2);
    }
    time_point polls_end = std::min(end, now + server_margin + std::chrono::milliseconds(200));
    if (why == end_reason::stopped) {
      end = std::min(end, now + how_.stop_grace - std::min(how_.stop_grace / 4, how_.limits.hook_buffer));
      polls_end = now + (end - now) / 4;
      // Polls that wait at a server that can do so are answered at once when it hears of the end.
      if (work_->server_completes_polls()) co_await say_goodbye(polls_end);
    }
    co_await work_->wait_polls(polls_end);
    // Time to cancel what does not end by itself, and time to give it back.
    const duration reserve = std::min<duration>((end - clock::now()) / 4, std::chrono::milliseconds(500));
    bool drained = co_await work_->wait_drained(end - to_clock(reserve));
    if (!drained) {
      work_->cancel_activities();
      drained = co_await work_->wait_drained(end - to_clock(reserve / 2));
    }
    if (!drained) co_await work_->abandon(end);
    co_await work_->leave_group(end);
    observe(clock::now());
    co_await say_goodbye(std::max(end, clock::now()) + to_clock(how_.limits.hook_buffer / 4));
  }
  asio::awaitable<void> say_goodbye(time_point until) {
    constexpr duration least = std::chrono::milliseconds(50), most = std::chrono::seconds(2);
    const duration left = until - clock::now();
    const bool taken = co_await work_->shut_down(std::clamp(left, least, most));
    sticky_shutdown_ = taken && work_->has_sticky_queue();
  }
  static time_point::duration to_clock(duration time) { return std::chrono::duration_cast<time_point::duration>(time); }

  const options& how_;
  const std::stop_token stop_;
  const budget times_;
  idle_watch watch_;
  std::shared_ptr<rondo::detail::worker::session> work_;
  bool polls_ = false, draining_ = false, sticky_shutdown_ = false;
  std::stop_callback<wake> on_stop_;
};

}  // namespace rondo::serverless
