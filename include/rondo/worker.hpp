#pragma once
#include <array>
#include <asio/awaitable.hpp>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "rondo/client.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_health.hpp"
#include "rondo/worker_options.hpp"

namespace rondo {

namespace detail::worker {
class health_board;
class session;
}  // namespace detail::worker

/// Runs the workflows and activities of a registry for one task queue, on the client's event loop.
class worker {
 public:
  /// Throws std::invalid_argument when the options contradict each other or there is nothing to run.
  worker(rondo::client client, registry app, worker_options options);
  worker(worker&&) noexcept = default;
  worker& operator=(worker&&) = delete;
  /// Stops it if it still works; what is in work then ends as the loop goes on, or with the loop.
  ~worker();

  /// Works until SIGINT, SIGTERM or stop(), then lets what is in work end as the options say. Throws rpc_error when the
  /// server refuses the worker, such as for an unknown namespace.
  void run();
  /// As run(), as a coroutine on the client's loop, without signals.
  asio::awaitable<void> async_run();
  /// Asks it to stop; returns at once. Any thread, any number of times.
  void stop();

  /// How it is now: for probes. Any thread; also while code keeps the thread of the loop.
  worker_health health() const;

  /// Calls that begin from now on use the connection of another client: with new credentials, or of another address.
  /// Those under way end on the old one, which the worker keeps. Any thread. Throws std::invalid_argument unless the
  /// client is on the same loop, `client::connect(options, worker.loop())`, and of the same namespace.
  void replace_client(const rondo::client& by);

  /// Runs that are kept in memory.
  std::size_t cached_workflows() const;
  /// Their memory, as `worker_options::max_cached_bytes` counts it.
  std::size_t cached_bytes() const;
  detail::io::event_loop& loop() const noexcept { return client_.loop(); }
  /// The parts of its life, for hosts that put them together in another way.
  detail::worker::session& session() noexcept { return *session_; }

 private:
  struct stop_state {
    bool requested = false;
  };

  /// Does not need the worker itself, which may die earlier.
  static asio::awaitable<void> live(std::shared_ptr<detail::worker::session> session, std::shared_ptr<stop_state> stop,
                                    std::shared_ptr<detail::worker::health_board> board, std::string namespace_name);

  rondo::client client_;
  std::shared_ptr<detail::worker::session> session_;
  std::shared_ptr<stop_state> stop_;
  std::shared_ptr<detail::worker::health_board> board_;
};

/// Runs several workers on the loop that they share, each with its own task queue, until SIGINT, SIGTERM, or all were
/// stopped. When one fails the others stop too, and what it threw is thrown. Throws std::invalid_argument when they
/// are on different loops: those have threads of their own, and share nothing.
void run_workers(std::span<worker* const> all);
/// `run_workers(orders, payments)`
template <std::same_as<worker>... Workers>
void run_workers(worker& first, Workers&... others) {
  const std::array<worker*, 1 + sizeof...(others)> all = {&first, &others...};
  run_workers(std::span<worker* const>(all));
}

}  // namespace rondo

#ifndef RONDO_COMPILED
#include "rondo/impl/worker.hpp"
#endif
