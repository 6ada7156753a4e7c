#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/connect.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/make_run_store.hpp"
#include "rondo/plugin.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/invocation.hpp"
#include "rondo/serverless/invocation_error.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/report.hpp"
#include "rondo/serverless/report_log.hpp"
#include "rondo/serverless/runner.hpp"
#include "rondo/serverless/session.hpp"

namespace rondo::serverless {

namespace invocations {

inline options with_plugins(options how) {
  apply_plugins(how.client);
  apply_plugins(how.client, how.registry, how.worker);
  return how;
}

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

/// What is left of the buffer, but for the time that the answer needs.
inline time_point end_of_hooks(const budget& times, const options& how) {
  using clock = time_point::clock;
  const auto now = clock::now();
  const duration answer = std::min<duration>(how.limits.hook_buffer / 8, std::chrono::milliseconds(200));
  const auto latest = now + std::chrono::duration_cast<clock::duration>(how.limits.hook_buffer);
  if (times.deadline == time_point::max()) return latest;
  return std::min(latest, times.deadline - std::chrono::duration_cast<clock::duration>(answer));
}

}  // namespace invocations

RONDO_FUNCTION runner::runner(rondo::detail::io::event_loop& loop, options how)
    : loop_(loop), options_(invocations::with_plugins(std::move(how))), hooks_(loop) {}
RONDO_FUNCTION runner::runner(rondo::detail::io::event_loop& loop, options how,
                              std::shared_ptr<rondo::detail::io::connection> connection)
    : runner(loop, std::move(how)) {
  connection_ = std::move(connection);
}

RONDO_FUNCTION asio::awaitable<report> runner::run(invocation what) {
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
  co_await hooks_.run(how->shutdown_hooks, result, invocations::end_of_hooks(times, *how));
  result.run = clock::now() - began;
  write_log(result, *how);
  co_return result;
}

RONDO_FUNCTION bool runner::expect_work() {
  bool polls = connecting_ > 0;
  for (auto* each : sessions_) polls = each->expect_work() || polls;
  return polls;
}

RONDO_FUNCTION asio::awaitable<void> runner::work(const invocation& what, const options& how, budget& times,
                                                  time_point began, report& result) {
  const invocations::counted in_work(running_);
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
    const invocations::listed known(sessions_, now);
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

RONDO_FUNCTION asio::awaitable<runner::connection_ptr> runner::connect_counted(const options& how,
                                                                               const budget& times) {
  const invocations::counted polls_soon(connecting_);
  co_return co_await connect(how, times);
}

RONDO_FUNCTION asio::awaitable<runner::connection_ptr> runner::connect(const options& how, const budget& times) {
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

RONDO_FUNCTION bool runner::unused_for_long() const {
  if (!last_use_) return false;
  const duration passed = clock::now() - last_use_->steady;
  const duration wall = std::chrono::system_clock::now() - last_use_->wall;
  return std::max(passed, wall) > options_.reuse_window;
}

RONDO_FUNCTION void runner::remember_use() { last_use_ = last_use{clock::now(), std::chrono::system_clock::now()}; }

RONDO_FUNCTION runner::store_ptr runner::take_store(const options& how,
                                                    const rondo::detail::io::connection& connection) {
  if (&how == &options_ && !stores_.empty()) {
    auto kept = std::move(stores_.back());
    stores_.pop_back();
    return kept;
  }
  return rondo::detail::worker::make_run_store(how.registry, how.worker, connection.identity());
}

RONDO_FUNCTION report run_once(options how, invocation what) {
  rondo::detail::io::event_loop loop;
  runner one(loop, std::move(how));
  return loop.block_on(one.run(std::move(what)));
}

}  // namespace rondo::serverless
