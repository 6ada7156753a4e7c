#pragma once
#include <algorithm>
#include <array>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/base/readable_text.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/json.hpp"
#include "rondo/serverless/emulator/environment.hpp"
#include "rondo/serverless/emulator/options.hpp"
#include "rondo/serverless/emulator/stats.hpp"

namespace rondo::serverless {

/// How an invocation of an emulated function ended.
struct invocation_result {
  std::string request_id{};
  /// The response, or the error as JSON.
  std::string body{};
  /// Empty: there was a response.
  std::string error_type{};
  /// All environments were at work; nothing was done.
  bool throttled = false;
};

namespace emulation {

/// A Lambda function: its environments, and which of them works on what. Use it through a shared pointer; it lives
/// until its invocations have ended. Loop thread only.
class emulated_function : public std::enable_shared_from_this<emulated_function> {
 public:
  emulated_function(io::event_loop& loop, emulator_options options)
      : loop_(loop), options_(std::move(options)), changed_(loop), random_(options_.seed) {}

  const emulator_options& options() const noexcept { return options_; }
  std::string arn() const {
    return "arn:aws:lambda:" + options_.region + ":" + options_.account + ":function:" + options_.function_name;
  }
  emulator_stats stats() const {
    auto now = stats_;
    now.environments = environments_.size();
    now.at_work = at_work();
    return now;
  }

  /// A synchronous invocation.
  asio::awaitable<invocation_result> invoke(std::string payload, std::string client_context) {
    const auto self = shared_from_this();
    invocation_result result;
    result.request_id = rondo::detail::random_uuid();
    const auto on = stopping_ ? nullptr : reserve();
    if (!on) {
      ++stats_.throttles;
      result.throttled = true;
      co_return result;
    }
    emulated_event event;
    event.request_id = result.request_id;
    event.client_context = std::move(client_context);
    event.payload = std::move(payload);
    const emulated_answer answer = co_await run(on, std::move(event));
    result.body = answer.body;
    result.error_type = answer.error_type;
    co_return result;
  }

  /// An asynchronous invocation; what comes of it shows in the statistics only.
  invocation_result accept_event(std::string payload) {
    invocation_result result;
    result.request_id = rondo::detail::random_uuid();
    auto on = stopping_ ? nullptr : reserve();
    if (!on && (!options_.queue_events || stopping_)) {
      ++stats_.throttles;
      result.throttled = true;
      return result;
    }
    spawn(run_event(shared_from_this(), result.request_id, std::move(payload), std::move(on)));
    return result;
  }

  /// Takes no more, waits for what is under way until the deadline, and shuts all environments down.
  asio::awaitable<void> stop(io::time_point deadline) {
    const auto self = shared_from_this();
    stopping_ = true;
    changed_.notify();
    co_await changed_.wait_until([this] { return at_work() == 0; }, deadline);
    const auto all = environments_;
    for (const auto& each : all) spawn(end(self, each));
    co_await changed_.wait_until([this] { return environments_.empty(); }, io::time_point::max());
  }

  void kill_all() {
    stopping_ = true;
    for (const auto& each : environments_) each->kill();
    environments_.clear();
    changed_.notify();
  }

 private:
  using ptr = std::shared_ptr<emulated_function>;

  void spawn(asio::awaitable<void> work) { asio::co_spawn(loop_.executor(), std::move(work), asio::detached); }

  std::size_t at_work() const {
    return static_cast<std::size_t>(std::count_if(environments_.begin(), environments_.end(),
                                                  [](const auto& each) { return each->in_flight > 0; }));
  }

  /// An environment for one event; null when all are at work.
  environment_ptr reserve() {
    environment_ptr found;
    for (const auto& each : environments_) {
      if (each->leaving || each->dead() || each->in_flight >= options_.concurrency_per_environment) continue;
      // The one that worked last, as Lambda does it, so that others can be given up.
      if (!found || each->idle_since > found->idle_since) found = each;
    }
    if (!found) {
      if (environments_.size() >= options_.max_concurrency) return nullptr;
      found = std::make_shared<emulated_environment>(loop_, options_);
      environments_.push_back(found);
      spawn(watch_idleness(shared_from_this(), found));
    }
    ++found->in_flight;
    stats_.peak_concurrency = std::max<std::uint64_t>(stats_.peak_concurrency, at_work());
    return found;
  }

  void release(const environment_ptr& on) {
    --on->in_flight;
    on->idle_since = io::steady_clock::now();
    if (!on->running()) {
      drop(on);
    } else if (on->in_flight == 0 && on->endpoint().parked()) {
      on->freeze();
    }
    on->changed().notify();
    changed_.notify();
  }

  void drop(const environment_ptr& which) {
    which->leaving = true;
    which->kill();
    std::erase(environments_, which);
    changed_.notify();
  }

  static emulated_answer failure(const std::string& type, const std::string& text) {
    emulated_answer made;
    made.error_type = type;
    made.body = "{\"errorType\":\"" + type + "\",\"errorMessage\":";
    json::write(made.body, rondo::detail::readable_text(text, 4096));
    made.body += "}";
    return made;
  }

  /// Works on an event in an environment that was reserved for it.
  asio::awaitable<emulated_answer> run(environment_ptr on, emulated_event event) {
    const auto self = shared_from_this();
    const std::string id = event.request_id;
    auto failed = co_await be_ready(on, id);
    if (failed) {
      ++stats_.errors;
      on->kill();
      release(on);
      co_return std::move(*failed);
    }
    on->thaw();
    const io::time_point begin = io::steady_clock::now();
    const io::time_point deadline = io::later(begin, options_.timeout);
    co_await on->changed().wait_until([&on] { return !on->running() || on->endpoint().ready(); }, deadline);
    ++stats_.invocations;
    if (on->running() && on->endpoint().ready()) {
      event.arn = arn();
      event.trace_id = trace_id();
      event.deadline = std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(deadline - begin);
      on->endpoint().give(std::move(event));
    }
    emulated_answer answer = co_await watch(on, id, begin, deadline);
    if (!answer.error_type.empty()) ++stats_.errors;
    if (on->running()) {
      // The answer goes out now; the environment is free when the program asks for the next event.
      spawn(settle(self, on, begin, deadline));
    } else {
      stats_.billed_ms += billed(io::steady_clock::now() - begin);
      release(on);
    }
    co_return answer;
  }

  /// Waits for the answer, and ends the program when it takes too long or is to be killed.
  asio::awaitable<emulated_answer> watch(const environment_ptr& on, const std::string& id, io::time_point begin,
                                         io::time_point deadline) {
    std::optional<emulated_answer> answer;
    const auto over = [&] {
      answer = on->endpoint().take_answer(id);
      return answer || !on->running();
    };
    bool is_over = false;
    if (std::uniform_real_distribution<>(0, 1)(random_) < options_.kill_fraction) {
      const double part = std::uniform_real_distribution<>(0, 1)(random_);
      const auto after = std::chrono::duration_cast<duration>(options_.kill_within * part);
      is_over = co_await on->changed().wait_until(over, std::min(io::later(begin, after), deadline));
      if (!is_over && io::steady_clock::now() < deadline) {
        ++stats_.kills;
        on->kill();
      }
    }
    if (!is_over) is_over = co_await on->changed().wait_until(over, deadline);
    if (answer) co_return std::move(*answer);
    if (!is_over) {
      ++stats_.timeouts;
      on->kill();
      char text[64];
      std::snprintf(text, sizeof text, "%.2f seconds", std::chrono::duration<double>(options_.timeout).count());
      co_return failure("Sandbox.Timedout", "RequestId: " + id + " Error: Task timed out after " + text);
    }
    co_return failure("Runtime.ExitError",
                      "RequestId: " + id + " Error: Runtime exited with error: " + on->exit_text());
  }

  static asio::awaitable<void> settle(ptr self, environment_ptr on, io::time_point begin, io::time_point deadline) {
    const bool in_time = co_await on->changed().wait_until(
        [&on] { return !on->running() || on->in_flight > 1 || on->endpoint().parked(); }, deadline);
    if (!in_time) {
      ++self->stats_.timeouts;
      on->kill();
    }
    self->stats_.billed_ms += billed(io::steady_clock::now() - begin);
    self->release(on);
  }

  /// The first event of an environment starts its program, others wait for that. What went wrong, if anything.
  asio::awaitable<std::optional<emulated_answer>> be_ready(environment_ptr on, std::string id) {
    if (on->phase == environment_phase::fresh) {
      on->phase = environment_phase::starting;
      auto failed = co_await initialise(on, id);
      on->phase = failed ? environment_phase::failed : environment_phase::ready;
      on->changed().notify();
      co_return failed;
    }
    co_await on->changed().wait_until([&on] { return on->phase != environment_phase::starting; },
                                      io::time_point::max());
    if (on->phase == environment_phase::ready) co_return std::nullopt;
    co_return failure("Runtime.ExitError", "RequestId: " + id + " Error: the environment could not be initialised");
  }

  /// Starts the program and waits until it asks for an event.
  asio::awaitable<std::optional<emulated_answer>> initialise(environment_ptr on, std::string id) {
    const std::array<duration, 2> limits = {options_.init_timeout, options_.timeout};
    for (const duration limit : limits) {
      std::optional<emulated_answer> failed;
      try {
        on->start();
      } catch (const std::exception& error) {
        failed = failure("Runtime.InvalidEntrypoint", "RequestId: " + id + " Error: " + error.what());
      }
      if (failed) co_return failed;
      ++stats_.cold_starts;
      auto& endpoint = on->endpoint();
      const io::time_point deadline = io::later(on->started(), limit);
      const auto settled = [&] {
        if (endpoint.waits_for_restore()) endpoint.restore();
        return !on->running() || endpoint.ready() || endpoint.init_error();
      };
      const bool in_time = co_await on->changed().wait_until(settled, deadline);
      const auto took = io::steady_clock::now() - on->started();
      stats_.billed_ms += billed(took);
      if (in_time && on->running() && endpoint.ready()) {
        stats_.init_ms.push_back(milliseconds(took));
        co_return std::nullopt;
      }
      ++stats_.init_failures;
      failed = endpoint.init_error();
      if (failed) co_return failed;
      if (in_time) {
        co_return failure("Runtime.ExitError",
                          "RequestId: " + id + " Error: Runtime exited with error: " + on->exit_text());
      }
      options_.log.warn("the program was not ready in time",
                        {{"seconds", std::chrono::duration<double>(limit).count()}});
      on->kill();
    }
    ++stats_.timeouts;
    co_return failure("Sandbox.Timedout", "RequestId: " + id + " Error: Task timed out during initialisation");
  }

  static asio::awaitable<void> run_event(ptr self, std::string id, std::string payload, environment_ptr on) {
    const io::time_point too_old = io::later(io::steady_clock::now(), self->options_.event_age);
    const auto& delays = self->options_.event_retry_delays;
    for (std::size_t attempt = 0;; ++attempt) {
      if (!on) {
        const auto free = [&] { return self->stopping_ || (on = self->reserve()) != nullptr; };
        const bool in_time = co_await self->changed_.wait_until(free, too_old);
        if (!in_time || !on) break;
      }
      emulated_event event;
      event.request_id = id;
      event.payload = payload;
      const emulated_answer answer = co_await self->run(std::exchange(on, nullptr), std::move(event));
      if (answer.error_type.empty()) co_return;
      self->options_.log.warn("an event failed", {{"requestId", id}, {"error", answer.body}});
      if (attempt == delays.size()) break;
      const io::time_point again = io::later(io::steady_clock::now(), delays[attempt]);
      const bool stopped = co_await self->changed_.wait_until([&self] { return self->stopping_; }, again);
      if (stopped || io::steady_clock::now() >= too_old) break;
      ++self->stats_.event_retries;
    }
    ++self->stats_.dropped_events;
  }

  static asio::awaitable<void> watch_idleness(ptr self, environment_ptr on) {
    const duration lifetime = self->options_.idle_lifetime;
    for (;;) {
      const io::time_point since = on->in_flight == 0 ? on->idle_since : io::steady_clock::now();
      const auto over = [&on] { return on->leaving || (on->dead() && on->in_flight == 0); };
      const bool is_over = co_await on->changed().wait_until(over, io::later(since, lifetime));
      if (is_over) {
        if (!on->leaving) self->drop(on);
        co_return;
      }
      if (on->in_flight == 0 && io::steady_clock::now() - on->idle_since >= lifetime) break;
    }
    co_await end(self, on);
  }

  static asio::awaitable<void> end(ptr self, environment_ptr on) {
    if (on->leaving) co_return;
    on->leaving = true;
    const bool was_running = on->running();
    const bool in_time = co_await on->shut_down();
    if (was_running) ++(in_time ? self->stats_.shutdowns : self->stats_.shutdown_kills);
    self->drop(on);
  }

  std::string trace_id() const {
    std::string hex;
    for (const char c : rondo::detail::random_uuid()) {
      if (c != '-') hex += c;
    }
    return "Root=1-" + hex.substr(0, 8) + "-" + hex.substr(8) + ";Parent=" + hex.substr(16) + ";Sampled=0";
  }

  io::event_loop& loop_;
  emulator_options options_;
  rondo::detail::worker::change_signal changed_;
  std::mt19937_64 random_;
  std::vector<environment_ptr> environments_;
  emulator_stats stats_;
  bool stopping_ = false;
};

}  // namespace emulation
}  // namespace rondo::serverless
