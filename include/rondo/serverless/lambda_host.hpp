#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/http/address.hpp"
#include "rondo/detail/http/client.hpp"
#include "rondo/detail/http/waiting.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/log.hpp"
#include "rondo/serverless/invocation.hpp"
#include "rondo/serverless/lambda_environment.hpp"
#include "rondo/serverless/lambda_error.hpp"
#include "rondo/serverless/report.hpp"
#include "rondo/serverless/runtime_api.hpp"

namespace rondo::serverless {

/// What a Lambda host is made of.
struct lambda_parts {
  /// Does one invocation. A report with an error becomes an error of the function.
  std::function<asio::awaitable<report>(invocation)> run{};
  /// The JSON that an invocation is answered with.
  std::function<std::string(const report&)> answer{};
  /// SnapStart: before the snapshot is taken, and in each process that is restored from it.
  std::vector<std::function<void()>> before_snapshot{};
  std::vector<std::function<void()>> after_restore{};
  /// Register an internal extension, so that SIGTERM comes before the end. With the file name of the executable.
  bool extension = true;
  std::string executable = "bootstrap";
  logger log{};
};

/// The loop of a custom runtime: takes events from the Runtime API, one at a time or as many at once as Lambda says,
/// and answers each. Loop thread only.
class lambda_host {
 public:
  /// Throws std::invalid_argument when the address of the Runtime API is none.
  lambda_host(io::event_loop& loop, lambda_environment environment, lambda_parts parts)
      : loop_(loop), environment_(std::move(environment)), parts_(std::move(parts)), ended_(loop) {
    const auto where = http::parse_address(environment_.runtime_api);
    for (std::size_t i = 0; i < environment_.concurrency; ++i) {
      lanes_.push_back(std::make_unique<lane>(loop, where, environment_.task_root));
    }
    extension_ = std::make_unique<extension_api>(loop, where);
  }
  lambda_host(const lambda_host&) = delete;
  lambda_host& operator=(const lambda_host&) = delete;
  ~lambda_host() = default;

  /// Serves until stop(), and returns what the process should exit with: 0, or 1 when the Runtime API failed or a hook
  /// of SnapStart threw. Throws std::logic_error the second time.
  ///
  /// One host in a process is enough for any number of invocations at once. Lambda refuses another one that asks for
  /// events beside it: that one ends with 1, and this one goes on.
  asio::awaitable<int> run();

  /// As when SIGTERM has come: invocations under way are asked to end, no other is taken.
  void stop() {
    stop_.request_stop();
    for (const auto& each : lanes_) {
      if (each->parked) each->api.close();
    }
    extension_->close();
  }

  bool stopping() const noexcept { return stop_.stop_requested(); }

 private:
  /// One invocation at a time.
  struct lane {
    lane(io::event_loop& loop, http::address where, std::string working_directory)
        : api(loop, std::move(where), std::move(working_directory)), pause(loop) {}
    runtime_api api;
    http::wakeup pause;
    bool parked = false;
  };

  asio::awaitable<void> enter_extension();
  asio::awaitable<void> watch_extension();
  asio::awaitable<bool> pass_snapshot();
  asio::awaitable<void> serve(lane& in);
  asio::awaitable<bool> take(lane& in, lambda_event& event);
  asio::awaitable<void> handle(lane& in, lambda_event event);
  asio::awaitable<report> work(invocation of);
  asio::awaitable<void> answer(lane& in, std::string request_id, report made);
  void spawn(asio::awaitable<void> work);
  /// Empty: all went well.
  static std::string run_hooks(const std::vector<std::function<void()>>& hooks);
  void log_delivery(const std::string& request_id, delivery how) const;

  io::event_loop& loop_;
  lambda_environment environment_;
  lambda_parts parts_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::unique_ptr<extension_api> extension_;
  std::stop_source stop_;
  http::wakeup ended_;
  std::size_t running_ = 0, invocations_ = 0;
  int exit_code_ = 0;
  bool started_ = false, extension_entered_ = false, was_restored_ = false;
};

/// Tells Lambda why the process cannot begin to work; it should exit then. Never throws, and does not wait for long.
inline asio::awaitable<void> report_init_error(io::event_loop& loop, const lambda_environment& environment,
                                               lambda_error error, logger log) {
  std::string problem;
  try {
    runtime_api api(loop, http::parse_address(environment.runtime_api), environment.task_root);
    co_await api.fail_init(std::move(error));
  } catch (const std::exception& failed) {
    problem = failed.what();
  }
  if (!problem.empty()) log.error("Lambda was not told of the error", {{"error", problem}});
}

inline asio::awaitable<int> lambda_host::run() {
  if (std::exchange(started_, true)) throw std::logic_error("rondo: a lambda_host runs once; make another one");
  if (parts_.extension) co_await enter_extension();
  if (extension_entered_) spawn(watch_extension());
  bool ready = true;
  if (environment_.snap_start) ready = co_await pass_snapshot();
  if (!ready) {
    if (!stopping()) exit_code_ = 1;
    stop();
  } else {
    for (const auto& each : lanes_) spawn(serve(*each));
  }
  while (running_ > 0) co_await ended_.wait_until(io::time_point::max());
  co_return exit_code_;
}

inline void lambda_host::spawn(asio::awaitable<void> work) {
  ++running_;
  asio::co_spawn(loop_.executor(), std::move(work), [this](const std::exception_ptr& error) {
    --running_;
    if (error) {
      exit_code_ = 1;
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& failed) {
        parts_.log.error("the Lambda runtime ends", {{"error", failed.what()}});
      } catch (...) {
        parts_.log.error("the Lambda runtime ends");
      }
      stop();
    }
    ended_.wake();
  });
}

inline asio::awaitable<void> lambda_host::enter_extension() {
  std::string problem;
  try {
    co_await extension_->enter(parts_.executable);
    extension_entered_ = true;
  } catch (const std::exception& failed) {
    problem = failed.what();
  }
  if (!problem.empty()) {
    parts_.log.warn("no extension, so the end of the environment comes without SIGTERM", {{"error", problem}});
  }
}

inline asio::awaitable<void> lambda_host::watch_extension() {
  for (bool again = true; again;) {
    again = false;
    try {
      co_await extension_->wait();
    } catch (const std::exception&) {
      // Its connection does not survive a snapshot. Otherwise there is nothing to do without an extension.
      again = std::exchange(was_restored_, false) && !stopping();
    }
  }
}

inline std::string lambda_host::run_hooks(const std::vector<std::function<void()>>& hooks) {
  try {
    for (const auto& each : hooks) each();
  } catch (const std::exception& failed) {
    return std::string(failed.what()).empty() ? "a hook threw an exception without text" : failed.what();
  } catch (...) {
    return "a hook threw something that is no std::exception";
  }
  return {};
}

inline asio::awaitable<bool> lambda_host::pass_snapshot() {
  auto& first = *lanes_.front();
  auto& api = first.api;
  lambda_error error;
  error.message = run_hooks(parts_.before_snapshot);
  if (!error.message.empty()) {
    parts_.log.error("a hook before the snapshot failed", {{"error", error.message}});
    error.type = "Runtime.BeforeSnapshotError";
    co_await report_init_error(loop_, environment_, std::move(error), parts_.log);
    co_return false;
  }
  std::string problem;
  try {
    first.parked = true;
    co_await api.wait_for_restore();
    first.parked = false;
    // What was connected when the snapshot was taken is not connected any more.
    api.close();
    was_restored_ = extension_entered_;
    extension_->close();
    error.message = run_hooks(parts_.after_restore);
    if (error.message.empty()) co_return true;
    parts_.log.error("a hook after the restore failed", {{"error", error.message}});
    error.type = "Runtime.AfterRestoreError";
    co_await api.fail_restore(std::move(error));
  } catch (const std::exception& failed) {
    problem = failed.what();
  }
  if (stopping()) co_return false;
  if (!problem.empty()) parts_.log.error("the restore from a snapshot failed", {{"error", problem}});
  co_return false;
}

inline asio::awaitable<void> lambda_host::serve(lane& in) {
  while (!stopping()) {
    lambda_event event;
    const bool taken = co_await take(in, event);
    if (taken) co_await handle(in, std::move(event));
  }
}

/// False: the host stops.
inline asio::awaitable<bool> lambda_host::take(lane& in, lambda_event& event) {
  constexpr int most_failures = 5;
  std::chrono::milliseconds pause{20};
  for (int failures = 0; !stopping();) {
    std::string problem;
    in.parked = true;
    try {
      event = co_await in.api.next();
      in.parked = false;
      co_return true;
    } catch (const http::no_response& failed) {
      problem = failed.what();
    }
    in.parked = false;
    if (stopping()) break;
    if (++failures == most_failures) throw lambda_failure(problem);
    parts_.log.warn("no event came from Lambda", {{"error", problem}});
    co_await in.pause.wait_until(io::later(io::steady_clock::now(), pause));
    pause *= 3;
  }
  co_return false;
}

inline asio::awaitable<void> lambda_host::handle(lane& in, lambda_event event) {
  auto& invocation = event.invocation;
  invocation.sequence = ++invocations_;
  invocation.cold = invocation.sequence == 1;
  invocation.stop = stop_.get_token();
  // With several at once the variable would be that of any of them.
  if (environment_.concurrency == 1) setenv("_X_AMZN_TRACE_ID", invocation.trace_id.c_str(), 1);
  std::string request_id = invocation.request_id;
  report made = co_await work(std::move(invocation));
  std::string problem;
  try {
    co_await answer(in, std::move(request_id), std::move(made));
  } catch (const http::no_response& failed) {
    problem = failed.what();
  }
  // Whether Lambda is still there shows in asking for the next event.
  if (!problem.empty()) parts_.log.error("an invocation could not be answered", {{"error", problem}});
}

inline asio::awaitable<report> lambda_host::work(invocation of) {
  report failure;
  failure.request_id = of.request_id;
  failure.reason = end_reason::error;
  try {
    co_return co_await parts_.run(std::move(of));
  } catch (const std::exception& failed) {
    failure.error = failed.what();
  } catch (...) {
    failure.error = "something that is no std::exception was thrown";
  }
  if (failure.error.empty()) failure.error = "an exception without text was thrown";
  failure.error_type = "Function.UnhandledException";
  parts_.log.error("an invocation failed", {{"requestId", failure.request_id}, {"error", failure.error}});
  co_return failure;
}

inline asio::awaitable<void> lambda_host::answer(lane& in, std::string request_id, report made) {
  lambda_error error{made.error_type, made.error, {}};
  delivery how = delivery::too_large;
  if (error.message.empty()) {
    how = co_await in.api.respond(request_id, parts_.answer(made));
    if (how != delivery::too_large) {
      log_delivery(request_id, how);
      co_return;
    }
    error.type = "Function.ResponseSizeTooLarge";
    error.message = "the response is larger than Lambda takes";
  }
  how = co_await in.api.fail(request_id, std::move(error));
  log_delivery(request_id, how);
}

inline void lambda_host::log_delivery(const std::string& request_id, delivery how) const {
  if (how == delivery::wrong_state) {
    parts_.log.warn("Lambda takes no answer to this invocation any more", {{"requestId", request_id}});
  } else if (how != delivery::accepted) {
    parts_.log.error("Lambda did not take the answer to an invocation", {{"requestId", request_id}});
  }
}

}  // namespace rondo::serverless
