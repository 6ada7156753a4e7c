#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/io/connect.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/intercepted_activity.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/plugin.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/invocation.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/report.hpp"
#include "rondo/serverless/run_hooks.hpp"
#include "rondo/serverless/session.hpp"

namespace rondo::serverless {

/// Thrown inside of an invocation that cannot work.
class invocation_error : public std::runtime_error {
 public:
  invocation_error(std::string type, const std::string& text) : std::runtime_error(text), type_(std::move(type)) {}
  /// "Runtime.NotEnoughTime" and the like.
  const std::string& type() const noexcept { return type_; }

 private:
  std::string type_;
};

/// Runs invocations of one process, and keeps between them what makes the next one quick: the connection and the runs
/// in memory. Belongs to the thread of its loop, which outlives it.
class runner {
 public:
  /// `how` has been checked.
  runner(rondo::detail::io::event_loop& loop, options how)
      : loop_(loop), options_(with_plugins(std::move(how))), hooks_(loop) {}
  /// The same over a connection that exists.
  runner(rondo::detail::io::event_loop& loop, options how, std::shared_ptr<rondo::detail::io::connection> connection)
      : runner(loop, std::move(how)) {
    connection_ = std::move(connection);
  }
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;

  /// Works until there is nothing left to do, the deadline nears or its stop token says so; tells what came of it. An
  /// invocation that cannot work has a report with an error; nothing is thrown.
  asio::awaitable<report> run(invocation what) {
    const auto began = clock::now();
    what.sequence = ++sequence_;
    what.cold = what.sequence == 1;
    report result;
    result.request_id = what.request_id;
    result.cold = what.cold;
    std::exception_ptr problem;
    options own;
    const options* how = &options_;
    budget times;
    try {
      if (options_.per_invocation) {
        own = options_;
        how = &own;
        options_.per_invocation(what, own);
        check(own, false);
      }
    } catch (...) {
      problem = std::current_exception();
    }
    times = plan(what.deadline, began, how->limits);
    try {
      if (!problem) co_await work(what, *how, times, began, result);
    } catch (...) {
      problem = std::current_exception();
    }
    if (problem) explain(problem, result);
    co_await hooks_.run(how->shutdown_hooks, result, end_of_hooks(times, *how));
    result.run = clock::now() - began;
    write_log(result, *how);
    co_return result;
  }

  /// Somebody says that there is work: invocations that wait for it begin their idle time anew. False when none polls
  /// or will soon do so.
  bool expect_work() {
    bool polls = connecting_ > 0;
    for (auto* each : sessions_) polls = each->expect_work() || polls;
    return polls;
  }
  /// Invocations in work.
  std::size_t running() const noexcept { return running_; }
  const options& configured() const noexcept { return options_; }
  /// Forgets the connection, such as before a snapshot of the process; the next invocation makes another.
  void disconnect() { connection_.reset(); }

 private:
  static options with_plugins(options how) {
    const auto plugins = how.client.plugins;
    for (const auto& each : plugins) each->configure(how.client);
    apply_plugins(how.client, how.registry, how.worker);
    return how;
  }
  using clock = std::chrono::steady_clock;
  using connection_ptr = std::shared_ptr<rondo::detail::io::connection>;
  using store_ptr = std::shared_ptr<rondo::detail::worker::run_store>;

  /// Counts an invocation that works.
  class counted {
   public:
    explicit counted(std::size_t& count) : count_(count) { ++count_; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --count_; }

   private:
    std::size_t& count_;
  };
  /// Lets expect_work() find a session while it lives.
  class listed {
   public:
    listed(std::vector<session*>& all, session& one) : all_(all), one_(&one) { all_.push_back(one_); }
    listed(const listed&) = delete;
    listed& operator=(const listed&) = delete;
    ~listed() { all_.erase(std::find(all_.begin(), all_.end(), one_)); }

   private:
    std::vector<session*>& all_;
    session* one_;
  };

  asio::awaitable<void> work(const invocation& what, const options& how, budget& times, time_point began,
                             report& result) {
    const counted in_work(running_);
    require_version(what, how);
    require_time(times, how);
    how.worker.logger.info("invocation began", {{"requestId", what.request_id}, {"cold", what.cold}});
    const auto connection = co_await connect_counted(how, times);
    const auto connected = clock::now();
    result.connect = connected - began;
    times =
        plan(times.deadline == time_point::max() ? std::nullopt : std::optional(times.deadline), connected, how.limits);
    require_time(times, how);
    if (times.verdict == verdict::little) warn_of_time(times, how);

    auto runs = take_store(how, *connection);
    auto worker = worker_options_of(how, what);
    if (times.work < least_sticky_work) worker.max_cached_workflows = 0;
    session now(loop_, how, what.stop, connection, runs, std::move(worker), times);
    std::exception_ptr problem;
    {
      const listed known(sessions_, now);
      try {
        result.reason = co_await now.run();
      } catch (...) {
        problem = std::current_exception();
      }
    }
    now.tell(result);
    if (const auto first = now.first_poll()) result.first_poll = *first - began;
    if (&how == &options_) {
      stores_.push_back(std::move(runs));
      remember_use();
    }
    if (problem) std::rethrow_exception(problem);
    if (result.reason == end_reason::error) {
      throw invocation_error("Runtime.PollsFailed", "the worker's polls failed: " + now.failure()->message);
    }
  }

  asio::awaitable<connection_ptr> connect_counted(const options& how, const budget& times) {
    const counted polls_soon(connecting_);
    co_return co_await connect(how, times);
  }
  /// The connection of the last invocation if it still is one, otherwise a new one.
  asio::awaitable<connection_ptr> connect(const options& how, const budget& times) {
    const bool shares = &how == &options_;
    if (shares && connection_) {
      const auto kept = connection_;
      if (!unused_for_long()) co_return kept;
      constexpr auto try_out = std::chrono::milliseconds(250);
      const bool alive = co_await kept->is_alive(std::min(times.stop, clock::now() + try_out));
      if (alive) co_return kept;
      options_.worker.logger.debug("the connection is not answered any more; connecting anew");
    }
    client_options to = how.client;
    const duration left = times.stop == time_point::max() ? duration::max() : times.stop - clock::now();
    to.connect_timeout = std::min(to.connect_timeout, std::chrono::duration_cast<std::chrono::milliseconds>(left));
    to.lazy = false;
    auto made = co_await rondo::detail::io::connect(loop_, to);
    if (shares && how.reuse_connection) connection_ = made;
    co_return made;
  }
  /// By either clock: one of them may have stood still while the process was frozen.
  bool unused_for_long() const {
    if (!last_use_) return false;
    const duration passed = clock::now() - last_use_->steady;
    const duration wall = std::chrono::system_clock::now() - last_use_->wall;
    return std::max(passed, wall) > options_.reuse_window;
  }
  void remember_use() { last_use_ = last_use{clock::now(), std::chrono::system_clock::now()}; }

  /// Sessions that work at the same time have a store, and so a sticky queue, each.
  store_ptr take_store(const options& how, const rondo::detail::io::connection& connection) {
    if (&how == &options_ && !stores_.empty()) {
      auto kept = std::move(stores_.back());
      stores_.pop_back();
      return kept;
    }
    return std::make_shared<rondo::detail::worker::run_store>(
        rondo::detail::worker::intercept_activities(how.registry, how.worker.interceptors), how.worker.logger,
        how.worker.max_cached_workflows, connection.identity() + "-" + rondo::detail::random_uuid(),
        how.worker.max_cached_bytes);
  }

  static std::string text_of(duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
  }
  static std::string text_of(const worker_deployment_version& version) {
    return version.deployment_name + "." + version.build_id;
  }
  static void require_version(const invocation& what, const options& how) {
    if (what.wanted.empty() || what.wanted == how.version) return;
    throw invocation_error("Runtime.WrongVersion",
                           "the invocation asks for version " + text_of(what.wanted) + ", but this program is " +
                               (how.version.empty() ? "not versioned" : "version " + text_of(how.version)) +
                               ": it would find none of that work; deploy the version that is asked for, or give the "
                               "version another compute configuration");
  }
  static void require_time(const budget& times, const options& how) {
    if (times.verdict != verdict::none) return;
    throw invocation_error("Runtime.NotEnoughTime",
                           "the timeout leaves almost no time for work: " + text_of(times.work) +
                               " besides a shutdown buffer of " + text_of(how.limits.buffer()) +
                               "; raise the function's timeout to at least " +
                               text_of(how.limits.buffer() + how.limits.warn_work) + ", or lower stop_timeout (" +
                               text_of(how.limits.stop_timeout) + ")");
  }
  static void warn_of_time(const budget& times, const options& how) {
    how.worker.logger.warn(
        "the timeout leaves little time for work",
        {{"workMs", std::chrono::duration_cast<std::chrono::milliseconds>(times.work).count()},
         {"shutdownBufferMs", std::chrono::duration_cast<std::chrono::milliseconds>(how.limits.buffer()).count()}});
  }
  static void explain(const std::exception_ptr& problem, report& into) {
    into.reason = end_reason::error;
    try {
      std::rethrow_exception(problem);
    } catch (const invocation_error& known) {
      into.error = known.what();
      into.error_type = known.type();
    } catch (const rpc_error& failed) {
      into.error = failed.what();
      into.error_type = "Runtime.ServerError";
    } catch (const std::invalid_argument& wrong) {
      into.error = wrong.what();
      into.error_type = "Runtime.InvalidConfig";
    } catch (const std::exception& other) {
      into.error = other.what();
      into.error_type = "Function.Error";
    } catch (...) {
      into.error = "something was thrown that is no std::exception";
      into.error_type = "Function.Error";
    }
  }
  /// What is left of the buffer, but for the time that the answer needs.
  static time_point end_of_hooks(const budget& times, const options& how) {
    const auto now = clock::now();
    const duration answer = std::min<duration>(how.limits.hook_buffer / 8, std::chrono::milliseconds(200));
    const auto latest = now + std::chrono::duration_cast<clock::duration>(how.limits.hook_buffer);
    if (times.deadline == time_point::max()) return latest;
    return std::min(latest, times.deadline - std::chrono::duration_cast<clock::duration>(answer));
  }
  static void write_log(const report& of, const options& how) {
    const auto milliseconds = [](duration time) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    };
    const bool failed = of.reason == end_reason::error;
    const auto log = failed ? how.worker.logger.with({{"error", of.error}}) : how.worker.logger;
    log.log(failed ? log_level::error : log_level::info, failed ? "invocation failed" : "invocation ended",
            {{"requestId", of.request_id},
             {"reason", to_string(of.reason)},
             {"cold", of.cold},
             {"connectMs", milliseconds(of.connect)},
             {"firstPollMs", milliseconds(of.first_poll)},
             {"runMs", milliseconds(of.run)},
             {"idleMs", milliseconds(of.idle)},
             {"workflowTasks", of.workflow_tasks},
             {"activities", of.activities},
             {"failed", of.failed},
             {"handedBack", of.handed_back},
             {"lostPolls", of.lost_polls}});
    for (const auto& each : of.hook_errors) how.worker.logger.error(each);
  }

  struct last_use {
    time_point steady;
    std::chrono::system_clock::time_point wall;
  };

  rondo::detail::io::event_loop& loop_;
  options options_;
  hook_runner hooks_;
  connection_ptr connection_;
  std::optional<last_use> last_use_;
  /// Of sessions that are over.
  std::vector<store_ptr> stores_;
  std::vector<session*> sessions_;
  std::size_t running_ = 0, connecting_ = 0, sequence_ = 0;
};

/// One invocation of a process that has no other: runs it to its end on a loop of its own.
inline report run_once(options how, invocation what = {}) {
  rondo::detail::io::event_loop loop;
  runner one(loop, std::move(how));
  return loop.block_on(one.run(std::move(what)));
}

}  // namespace rondo::serverless
