#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/activity_pools.hpp"
#include "rondo/detail/worker/loop_gate.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/task_calls.hpp"
#include "rondo/detail/worker/thread_pool.hpp"
#include "rondo/worker_options.hpp"

namespace rondo {
class client;
}

namespace rondo::detail::worker {

class running_activity;

/// What attempts need of their worker. Outlives them, but for those that were left behind.
class activity_services {
 public:
  activity_services(io::event_loop& on, std::shared_ptr<io::connection> to, const worker_options& as, std::string who,
                    std::vector<std::string> known, session_counts& counted)
      : loop(on),
        calls(std::make_shared<task_calls>(std::move(to))),
        options(as),
        identity(std::move(who)),
        known_activities(std::move(known)),
        counts(counted),
        gate(std::make_shared<loop_gate>(on)),
        pool(threads_for(*supplier_of(as.activity_slots, as.max_concurrent_activities))),
        pools(on, as.activity_slot_pools) {}

  /// Runs a coroutine on its own; it must not throw.
  void spawn(asio::awaitable<void> work) {
    asio::co_spawn(loop.executor(), std::move(work), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
  }
  /// An attempt has been reported, or need not be: its slot is free.
  std::function<void(running_activity&)> on_ended;
  /// An attempt was given back while its code goes on.
  std::function<void()> on_reported;
  void ended(running_activity& attempt) { on_ended(attempt); }

  io::event_loop& loop;
  std::shared_ptr<task_calls> calls;
  const worker_options& options;
  std::string identity;
  std::vector<std::string> known_activities;
  session_counts& counts;
  /// Lent to the code of activities; may be null.
  std::shared_ptr<const rondo::client> client;
  /// When activities must have ended, whatever their own timeouts say.
  io::time_point last_moment = io::time_point::max();
  std::shared_ptr<loop_gate> gate;
  thread_pool pool;
  activity_pools pools;
};

}  // namespace rondo::detail::worker
