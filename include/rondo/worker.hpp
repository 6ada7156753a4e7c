#pragma once
#include <array>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/health_board.hpp"
#include "rondo/detail/worker/held_sessions.hpp"
#include "rondo/detail/worker/intercepted_activity.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/registry.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/worker_health.hpp"
#include "rondo/worker_options.hpp"

namespace rondo {

/// Runs the workflows and activities of a registry for one task queue, on the client's event loop.
class worker {
 public:
  /// Throws std::invalid_argument when the options contradict each other or there is nothing to run.
  worker(rondo::client client, registry app, worker_options options)
      : worker(client, configured(*client.connection(), std::move(app), std::move(options))) {}
  worker(worker&&) noexcept = default;
  worker& operator=(worker&&) = delete;
  /// Stops it if it still works; what is in work then ends as the loop goes on, or with the loop.
  ~worker() {
    if (!session_) return;
    if (!client_.loop().driven_by_other_thread()) session_->stop_polling();
    stop();
  }

  /// Works until SIGINT, SIGTERM or stop(), then lets what is in work end as the options say. Throws rpc_error when the
  /// server refuses the worker, such as for an unknown namespace.
  void run() {
    const detail::worker::stop_signals signals([this](int /*signal*/) { stop(); });
    client_.loop().block_on(async_run());
  }
  /// As run(), as a coroutine on the client's loop, without signals.
  asio::awaitable<void> async_run() { return live(session_, stop_, board_, client_.namespace_()); }
  /// Asks it to stop; returns at once. Any thread, any number of times.
  void stop() {
    client_.loop().post([state = stop_, session = std::weak_ptr(session_)] {
      state->requested = true;
      if (const auto still = session.lock()) still->changes().notify();
    });
  }

  /// How it is now: for probes. Any thread; also while code keeps the thread of the loop.
  worker_health health() const { return board_->read(std::chrono::steady_clock::now()); }

  /// Calls that begin from now on use the connection of another client: with new credentials, or of another address.
  /// Those under way end on the old one, which the worker keeps. Any thread. Throws std::invalid_argument unless the
  /// client is on the same loop, `client::connect(options, worker.loop())`, and of the same namespace.
  void replace_client(const rondo::client& by) {
    if (&by.loop() != &client_.loop()) {
      throw std::invalid_argument("rondo: a worker's client can be replaced only by one on the same event loop");
    }
    if (by.namespace_() != client_.namespace_()) {
      throw std::invalid_argument("rondo: a worker of namespace '" + client_.namespace_() +
                                  "' cannot go on with a client of namespace '" + by.namespace_() + "'");
    }
    client_.loop().post([session = std::weak_ptr(session_), connection = by.connection()] {
      if (const auto still = session.lock()) still->replace_connection(connection);
    });
  }

  /// Runs that are kept in memory.
  std::size_t cached_workflows() const { return session_->cached_workflows(); }
  /// Their memory, as `worker_options::max_cached_bytes` counts it.
  std::size_t cached_bytes() const { return session_->cached_bytes(); }
  detail::io::event_loop& loop() const noexcept { return session_->loop(); }
  /// The parts of its life, for hosts that put them together in another way.
  detail::worker::session& session() noexcept { return *session_; }

 private:
  struct stop_state {
    bool requested = false;
  };
  /// What it runs, and how, after the plugins have seen it.
  struct configuration {
    registry app;
    worker_options options;
  };

  worker(rondo::client client, configuration how)
      : client_(std::move(client)),
        session_(std::make_shared<detail::worker::session>(store(client_, std::move(how.app), how.options),
                                                           client_.loop(), client_.connection(), client_.namespace_(),
                                                           how.options)),
        stop_(std::make_shared<stop_state>()),
        board_(std::make_shared<detail::worker::health_board>(how.options.liveness_timeout)) {}

  static configuration configured(const detail::io::connection& over, registry app, worker_options options) {
    apply_plugins(over.options(), app, options);
    return {std::move(app), std::move(options)};
  }

  static std::shared_ptr<detail::worker::run_store> store(const rondo::client& of, registry app,
                                                          const worker_options& options) {
    std::string session_queue = detail::worker::held_sessions::add_to(app, options);
    auto made = std::make_shared<detail::worker::run_store>(
        detail::worker::intercept_activities(std::move(app), options.interceptors), options.logger,
        options.max_cached_workflows, of.connection()->identity() + "-" + detail::random_uuid(),
        options.max_cached_bytes);
    made->session_queue = std::move(session_queue);
    return made;
  }
  /// Does not need the worker itself, which may die earlier.
  static asio::awaitable<void> live(std::shared_ptr<detail::worker::session> session, std::shared_ptr<stop_state> stop,
                                    std::shared_ptr<detail::worker::health_board> board, std::string namespace_name) {
    auto& work = *session;
    try {
      board->enter(work, worker_state::starting);
      co_await work.start();
    } catch (const std::exception& error) {
      board->enter(work, worker_state::failed, error.what());
      throw;
    }
    work.start_heartbeats();
    board->enter(work, worker_state::running);
    asio::co_spawn(work.loop().executor(), detail::worker::health_board::watch(session, board), rethrow);
    work.options().logger.info("worker started", {{"task_queue", work.options().task_queue},
                                                  {"namespace", namespace_name},
                                                  {"identity", work.options().identity}});
    const auto ended = [&] { return stop->requested || work.failure().has_value(); };
    co_await work.changes().wait_until(ended, detail::io::time_point::max());
    board->enter(work, worker_state::stopping);
    co_await finish(work);
    const bool failed = work.failure().has_value();
    board->enter(work, failed ? worker_state::failed : worker_state::stopped, failed ? work.failure()->message : "");
    work.changes().notify();
    if (const auto& failure = work.failure()) throw detail::worker::session::polls_failed(*failure);
  }
  static void rethrow(const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  }
  static asio::awaitable<void> finish(detail::worker::session& work) {
    using detail::io::later;
    using detail::io::steady_clock;
    const auto& options = work.options();
    work.stop_polling();
    // Servers that can do so end the polls themselves when they are told; with others a poll is waited for, then broken
    // off.
    if (work.server_completes_polls()) co_await work.shut_down();
    co_await work.wait_polls(later(steady_clock::now(), options.poll_drain_timeout));
    bool drained = co_await work.wait_drained(later(steady_clock::now(), options.graceful_shutdown_timeout));
    if (!drained) {
      work.cancel_activities();
      drained = co_await work.wait_drained(later(steady_clock::now(), options.abandon_timeout));
    }
    if (!drained) co_await work.abandon(later(steady_clock::now(), std::chrono::seconds(2)));
    co_await work.shut_down();
    options.logger.info("worker stopped", {{"task_queue", options.task_queue}});
  }

  rondo::client client_;
  std::shared_ptr<detail::worker::session> session_;
  std::shared_ptr<stop_state> stop_;
  std::shared_ptr<detail::worker::health_board> board_;
};

/// Runs several workers on the loop that they share, each with its own task queue, until SIGINT, SIGTERM, or all were
/// stopped. When one fails the others stop too, and what it threw is thrown. Throws std::invalid_argument when they
/// are on different loops: those have threads of their own, and share nothing.
inline void run_workers(std::span<worker* const> all) {
  if (all.empty()) return;
  auto& loop = all.front()->loop();
  for (const auto* each : all) {
    if (&each->loop() != &loop)
      throw std::invalid_argument("rondo: workers that run together must share one event loop");
  }
  const auto stop_all = [all] {
    for (auto* each : all) each->stop();
  };
  struct progress {
    explicit progress(detail::io::event_loop& on) : changes(on) {}
    detail::worker::change_signal changes;
    std::size_t running = 0;
    std::exception_ptr error;
  };
  const auto state = std::make_shared<progress>(loop);
  const auto wait = [](std::shared_ptr<progress> of) -> asio::awaitable<void> {
    const auto ended = [&of] { return of->running == 0; };
    co_await of->changes.wait_until(ended, detail::io::time_point::max());
  };
  for (auto* each : all) {
    ++state->running;
    asio::co_spawn(loop.executor(), each->async_run(), [state, stop_all](std::exception_ptr error) {
      --state->running;
      state->changes.notify();
      if (!error) return;
      if (!state->error) state->error = std::move(error);
      stop_all();
    });
  }
  const detail::worker::stop_signals signals([&stop_all](int /*signal*/) { stop_all(); });
  loop.block_on(wait(state));
  if (state->error) std::rethrow_exception(state->error);
}
/// `run_workers(orders, payments)`
template <std::same_as<worker>... Workers>
void run_workers(worker& first, Workers&... others) {
  const std::array<worker*, 1 + sizeof...(others)> all = {&first, &others...};
  run_workers(std::span<worker* const>(all));
}

}  // namespace rondo
