#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/health_board.hpp"
#include "rondo/detail/worker/make_run_store.hpp"
#include "rondo/detail/worker/plugin_life.hpp"
#include "rondo/detail/worker/session.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/plugin.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker.hpp"
#include "rondo/worker_health.hpp"
#include "rondo/worker_options.hpp"

namespace rondo {

namespace detail::worker {

/// Ends a worker in order: polls first, then what is in work.
RONDO_FUNCTION asio::awaitable<void> finish(session& work) {
  using io::later;
  using io::steady_clock;
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
  co_await work.leave_group();
  co_await work.shut_down();
  options.logger.info("worker stopped", {{"task_queue", options.task_queue}});
}

}  // namespace detail::worker

RONDO_FUNCTION worker::worker(rondo::client client, registry app, worker_options options)
    : client_(std::move(client)), stop_(std::make_shared<stop_state>()) {
  const auto& connection = client_.connection();
  apply_plugins(connection->options(), app, options);
  board_ = std::make_shared<detail::worker::health_board>(options.liveness_timeout);
  auto runs = detail::worker::make_run_store(std::move(app), options, connection->identity());
  session_ = std::make_shared<detail::worker::session>(std::move(runs), client_.loop(), connection,
                                                       client_.namespace_(), std::move(options));
}

RONDO_FUNCTION worker::~worker() {
  if (!session_) return;
  if (!client_.loop().driven_by_other_thread()) session_->stop_polling();
  stop();
}

RONDO_FUNCTION void worker::run() {
  const detail::worker::stop_signals signals([this](int /*signal*/) { stop(); });
  client_.loop().block_on(async_run());
}

RONDO_FUNCTION asio::awaitable<void> worker::async_run() { return live(session_, stop_, board_, client_.namespace_()); }

RONDO_FUNCTION void worker::stop() {
  client_.loop().post([state = stop_, session = std::weak_ptr(session_)] {
    state->requested = true;
    if (const auto still = session.lock()) still->changes().notify();
  });
}

RONDO_FUNCTION worker_health worker::health() const { return board_->read(std::chrono::steady_clock::now()); }

RONDO_FUNCTION void worker::replace_client(const rondo::client& by) {
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

RONDO_FUNCTION std::size_t worker::cached_workflows() const { return session_->cached_workflows(); }
RONDO_FUNCTION std::size_t worker::cached_bytes() const { return session_->cached_bytes(); }

RONDO_FUNCTION asio::awaitable<void> worker::live(std::shared_ptr<detail::worker::session> session,
                                                  std::shared_ptr<stop_state> stop,
                                                  std::shared_ptr<detail::worker::health_board> board,
                                                  std::string namespace_name) {
  auto& work = *session;
  std::optional<detail::worker::plugin_life> life;
  try {
    board->enter(work, worker_state::starting);
    life.emplace(work.client(), work.options());
    co_await work.start();
  } catch (const std::exception& error) {
    board->enter(work, worker_state::failed, error.what());
    throw;
  }
  work.start_heartbeats();
  board->enter(work, worker_state::running);
  asio::co_spawn(work.loop().executor(), detail::worker::health_board::watch(session, board),
                 [](const std::exception_ptr& error) {
                   if (error) std::rethrow_exception(error);
                 });
  work.options().logger.info("worker started", {{"task_queue", work.options().task_queue},
                                                {"namespace", namespace_name},
                                                {"identity", work.options().identity}});
  const auto ended = [&] { return stop->requested || work.failure().has_value(); };
  co_await work.changes().wait_until(ended, detail::io::time_point::max());
  board->enter(work, worker_state::stopping);
  co_await detail::worker::finish(work);
  const bool failed = work.failure().has_value();
  board->enter(work, failed ? worker_state::failed : worker_state::stopped, failed ? work.failure()->message : "");
  work.changes().notify();
  if (const auto& failure = work.failure()) throw detail::worker::session::polls_failed(*failure);
}

RONDO_FUNCTION void run_workers(std::span<worker* const> all) {
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

}  // namespace rondo
