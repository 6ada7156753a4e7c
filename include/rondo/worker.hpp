#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/worker/run_store.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/registry.hpp"
#include "rondo/rpc_error.hpp"
#include "rondo/worker_options.hpp"

namespace rondo {

/// Runs the workflows and activities of a registry for one task queue, on the client's event loop.
class worker {
 public:
  /// Throws std::invalid_argument when the options contradict each other or there is nothing to run.
  worker(rondo::client client, registry app, worker_options options)
      : client_(std::move(client)),
        session_(std::make_shared<detail::worker::session>(store(client_, std::move(app), options), client_.loop(),
                                                           client_.connection(), client_.namespace_(), options)),
        stop_(std::make_shared<stop_state>()) {}
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
  asio::awaitable<void> async_run() { return live(session_, stop_, client_.namespace_()); }
  /// Asks it to stop; returns at once. Any thread, any number of times.
  void stop() {
    client_.loop().post([state = stop_, session = std::weak_ptr(session_)] {
      state->requested = true;
      if (const auto still = session.lock()) still->changes().notify();
    });
  }

  /// Runs that are kept in memory.
  std::size_t cached_workflows() const { return session_->cached_workflows(); }
  /// The parts of its life, for hosts that put them together in another way.
  detail::worker::session& session() noexcept { return *session_; }

 private:
  struct stop_state {
    bool requested = false;
  };

  static std::shared_ptr<detail::worker::run_store> store(const rondo::client& of, registry app,
                                                          const worker_options& options) {
    return std::make_shared<detail::worker::run_store>(std::move(app), options.logger, options.max_cached_workflows,
                                                       of.connection()->identity() + "-" + detail::random_uuid());
  }
  /// Does not need the worker itself, which may die earlier.
  static asio::awaitable<void> live(std::shared_ptr<detail::worker::session> session, std::shared_ptr<stop_state> stop,
                                    std::string namespace_name) {
    auto& work = *session;
    co_await work.start();
    work.options().logger.info("worker started", {{"task_queue", work.options().task_queue},
                                                  {"namespace", namespace_name},
                                                  {"identity", work.options().identity}});
    const auto ended = [&] { return stop->requested || work.failure().has_value(); };
    co_await work.changes().wait_until(ended, detail::io::time_point::max());
    co_await finish(work);
    if (const auto& failure = work.failure()) throw detail::worker::session::polls_failed(*failure);
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
};

}  // namespace rondo
