#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/loop_gate.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/task_calls.hpp"
#include "rondo/detail/worker/thread_pool.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

class nexus_task;

/// What Nexus tasks need of their worker. Outlives them, but for those that were left behind.
class nexus_services {
 public:
  nexus_services(io::event_loop& on, const std::shared_ptr<io::connection>& to, const worker_options& as,
                 std::string namespace_name, bool server_calls_back, session_counts& counted)
      : loop(on),
        calls(std::make_shared<task_calls>(to)),
        client(rondo::client::over(to)),
        options(as),
        namespace_(std::move(namespace_name)),
        updates_call_back(server_calls_back),
        counts(counted),
        gate(std::make_shared<loop_gate>(on)),
        pool(as.max_concurrent_nexus_tasks) {}

  /// Runs a coroutine on its own; it must not throw.
  void spawn(asio::awaitable<void> work) {
    asio::co_spawn(loop.executor(), std::move(work), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
  }
  /// A task has been answered, or need not be: its slot is free.
  std::function<void(nexus_task&)> on_ended;
  /// A task was answered while its code goes on.
  std::function<void()> on_answered;

  io::event_loop& loop;
  std::shared_ptr<task_calls> calls;
  rondo::client client;
  const worker_options& options;
  std::string namespace_;
  /// The server tells callbacks how updates end.
  const bool updates_call_back;
  session_counts& counts;
  std::shared_ptr<loop_gate> gate;
  thread_pool pool;
};

}  // namespace rondo::detail::worker
