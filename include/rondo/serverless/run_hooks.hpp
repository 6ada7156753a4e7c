#pragma once
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/co_spawn.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/detail/worker/loop_gate.hpp"
#include "rondo/serverless/hooks.hpp"

namespace rondo::serverless {

/// Runs shutdown hooks, each in the time that is left. The loop outlives it.
class hook_runner {
 public:
  explicit hook_runner(rondo::detail::io::event_loop& loop)
      : loop_(loop), gate_(std::make_shared<rondo::detail::worker::loop_gate>(loop)) {}
  hook_runner(const hook_runner&) = delete;
  hook_runner& operator=(const hook_runner&) = delete;
  /// What hooks that were left behind still give is dropped.
  ~hook_runner() { gate_->close(); }

  /// One after the other; what they throw goes into the report.
  asio::awaitable<void> run(const std::vector<shutdown_hook>& hooks, report& about, time_point deadline) {
    for (std::size_t index = 0; index < hooks.size(); ++index) {
      std::string problem;
      if (std::chrono::steady_clock::now() >= deadline) {
        problem = "no time was left for it";
      } else {
        problem = co_await run_one(hooks[index], about, deadline);
      }
      if (!problem.empty()) {
        about.hook_errors.push_back("shutdown hook " + std::to_string(index + 1) + ": " + problem);
      }
    }
  }

 private:
  /// Shared with a hook that may outlive the wait for it.
  struct running {
    explicit running(rondo::detail::io::event_loop& loop) : changes(loop) {}

    shutdown_hook hook;
    shutdown_info info;
    std::stop_source stop;
    asio::cancellation_signal cancellation;
    rondo::detail::worker::change_signal changes;
    bool ended = false;
    std::exception_ptr error;
  };

  asio::awaitable<std::string> run_one(const shutdown_hook& hook, const report& about, time_point deadline) {
    const auto state = std::make_shared<running>(loop_);
    state->hook = hook;
    state->info.so_far = about;
    state->info.deadline = deadline;
    state->info.stop = state->stop.get_token();
    if (hook.async) {
      asio::co_spawn(loop_.executor(), call(state),
                     asio::bind_cancellation_slot(state->cancellation.slot(), [state](std::exception_ptr error) {
                       end(*state, std::move(error));
                     }));
    } else {
      std::thread(run_blocking, state, gate_).detach();
    }
    const auto over = [state] { return state->ended; };
    const bool in_time = co_await state->changes.wait_until(over, deadline);
    if (!in_time) {
      state->stop.request_stop();
      state->cancellation.emit(asio::cancellation_type::terminal);
      co_return "it did not end in time";
    }
    co_return text_of(state->error);
  }
  static asio::awaitable<void> call(std::shared_ptr<running> state) { co_await state->hook.async(state->info); }
  static void run_blocking(const std::shared_ptr<running>& state,
                           const std::shared_ptr<rondo::detail::worker::loop_gate>& gate) {
    std::exception_ptr error;
    try {
      state->hook.blocking(state->info);
    } catch (...) {
      error = std::current_exception();
    }
    gate->post([state, error = std::move(error)] { end(*state, error); });
  }
  static void end(running& of, std::exception_ptr error) {
    of.error = std::move(error);
    of.ended = true;
    of.changes.notify();
  }
  static std::string text_of(const std::exception_ptr& error) {
    if (!error) return {};
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& known) {
      return known.what();
    } catch (...) {
      return "it threw something that is no std::exception";
    }
  }

  rondo::detail::io::event_loop& loop_;
  std::shared_ptr<rondo::detail::worker::loop_gate> gate_;
};

}  // namespace rondo::serverless
