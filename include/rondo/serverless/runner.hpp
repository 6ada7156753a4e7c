#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/invocation.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/report.hpp"
#include "rondo/serverless/run_hooks.hpp"

namespace rondo::detail::worker {
class run_store;
}

namespace rondo::serverless {

class session;

/// Runs invocations of one process, and keeps between them what makes the next one quick: the connection and the runs
/// in memory. Belongs to the thread of its loop, which outlives it.
class runner {
 public:
  /// `how` has been checked.
  runner(rondo::detail::io::event_loop& loop, options how);
  /// The same over a connection that exists.
  runner(rondo::detail::io::event_loop& loop, options how, std::shared_ptr<rondo::detail::io::connection> connection);
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;

  /// Works until there is nothing left to do, the deadline nears or its stop token says so; tells what came of it. An
  /// invocation that cannot work has a report with an error; nothing is thrown.
  asio::awaitable<report> run(invocation what);

  /// Somebody says that there is work: invocations that wait for it begin their idle time anew. False when none polls
  /// or will soon do so.
  bool expect_work();
  /// Invocations in work.
  std::size_t running() const noexcept { return running_; }
  const options& configured() const noexcept { return options_; }
  /// Forgets the connection, such as before a snapshot of the process; the next invocation makes another.
  void disconnect() { connection_.reset(); }

 private:
  using clock = std::chrono::steady_clock;
  using connection_ptr = std::shared_ptr<rondo::detail::io::connection>;
  using store_ptr = std::shared_ptr<rondo::detail::worker::run_store>;
  struct last_use {
    time_point steady;
    std::chrono::system_clock::time_point wall;
  };

  asio::awaitable<void> work(const invocation& what, const options& how, budget& times, time_point began,
                             report& result);
  asio::awaitable<connection_ptr> connect_counted(const options& how, const budget& times);
  /// The connection of the last invocation if it still is one, otherwise a new one.
  asio::awaitable<connection_ptr> connect(const options& how, const budget& times);
  /// By either clock: one of them may have stood still while the process was frozen.
  bool unused_for_long() const;
  void remember_use();
  /// Sessions that work at the same time have a store, and so a sticky queue, each.
  store_ptr take_store(const options& how, const rondo::detail::io::connection& connection);

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
report run_once(options how, invocation what = {});

}  // namespace rondo::serverless

#ifndef RONDO_COMPILED
#include "rondo/impl/runner.hpp"
#endif
