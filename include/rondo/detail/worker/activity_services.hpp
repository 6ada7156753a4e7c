#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/io/call_token.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/worker/activity_pools.hpp"
#include "rondo/detail/worker/loop_gate.hpp"
#include "rondo/detail/worker/session_counts.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/detail/worker/thread_pool.hpp"
#include "rondo/worker_options.hpp"

namespace rondo {
class client;
}

namespace rondo::detail::worker {

class running_activity;

/// The calls that report on attempts. Kept by the attempts: a call may outlive the worker.
class activity_calls {
 public:
  explicit activity_calls(std::shared_ptr<io::connection> to) : connection_(std::move(to)) {}

  /// What it is given outlives the call.
  template <class Response, class Request>
  asio::awaitable<io::rpc_reply<Response>> call(std::string_view method, const Request& request,
                                                io::retry_options how) {
    const auto connection = connection_;
    how.options.token = &token_;
    auto reply = co_await io::call<Response>(*connection, method, request, std::move(how));
    co_return reply;
  }
  /// Calls that begin from now on go there.
  void replace_connection(std::shared_ptr<io::connection> to) { connection_ = std::move(to); }
  bool changes_payloads() const { return connection_->data()->changes_payloads(); }
  /// Calls under way end now, and none is made any more.
  void cancel() { token_.cancel(); }

 private:
  std::shared_ptr<io::connection> connection_;
  io::call_token token_;
};

/// What attempts need of their worker. Outlives them, but for those that were left behind.
class activity_services {
 public:
  activity_services(io::event_loop& on, std::shared_ptr<io::connection> to, const worker_options& as, std::string who,
                    std::vector<std::string> known, session_counts& counted)
      : loop(on),
        calls(std::make_shared<activity_calls>(std::move(to))),
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
  std::shared_ptr<activity_calls> calls;
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
