#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/client.hpp"
#include "rondo/controller/activities.hpp"
#include "rondo/controller/invocations.hpp"
#include "rondo/controller/messages.hpp"
#include "rondo/controller/provider.hpp"
#include "rondo/controller/state_workflow.hpp"
#include "rondo/controller/target.hpp"
#include "rondo/controller/watcher.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/log_sinks.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker.hpp"

namespace rondo::controller {

/// A target and what starts its workers.
struct controlled_target {
  target_config config{};
  std::shared_ptr<provider> by{};
};

struct controller_options {
  /// Of the controller's own workflows, one for each target, in the client's namespace.
  std::string task_queue = "rondo-controller";
  /// How long a stop waits for workers that are processes of this machine.
  std::chrono::milliseconds stop_timeout{10'000};
  rondo::logger logger = stderr_logger();
};

/// Invokes workers of targets when their task queues have work, for servers that do not do so themselves. What it has
/// decided lives in workflows: a controller that was killed is replaced by starting another one. The object lives until
/// run() or async_run() has ended.
class controller final : private target_activities {
 public:
  /// Throws std::invalid_argument when there is nothing to control or a name occurs twice.
  controller(rondo::client over, std::vector<controlled_target> targets, controller_options options = {})
      : client_(std::move(over)),
        options_(std::move(options)),
        invocations_(std::make_shared<invocation_table>(client_, options_.logger)),
        worker_(client_, app(), worker_settings()) {
    if (targets.empty()) throw std::invalid_argument("rondo: the controller has no targets");
    for (auto& each : targets) {
      const std::string name = each.config.name;
      if (!each.by) throw std::invalid_argument("rondo: target '" + name + "' has no provider");
      if (each.config.scaler.strategy != each.by->strategy()) {
        throw std::invalid_argument("rondo: the scaler of target '" + name + "' does not suit its provider");
      }
      const bool added = targets_.try_emplace(name, watched{std::move(each)}).second;
      if (!added) throw std::invalid_argument("rondo: there are two targets '" + name + "'");
    }
  }
  controller(const controller&) = delete;
  controller& operator=(const controller&) = delete;
  ~controller() override = default;

  /// Works until SIGINT, SIGTERM or stop(), then ends in order.
  void run() {
    const detail::worker::stop_signals signals([this](int /*signal*/) { stop(); });
    client_.loop().block_on(async_run());
  }
  /// As run(), as a coroutine on the client's loop, without signals.
  asio::awaitable<void> async_run() {
    for (const auto& [name, target] : targets_) co_await begin_target(target.what);
    options_.logger.info("controller started", {{"targets", targets_.size()}, {"process", process_}});
    co_await worker_.async_run();
    for (const auto& [name, target] : targets_) target.what.by->stop();
    co_await invocations_->wait_stopped(detail::io::later(detail::io::steady_clock::now(), options_.stop_timeout));
    invocations_->stop();
    options_.logger.info("controller stopped", {{"invocations_left", invocations_->size()}});
  }
  /// Asks it to stop; returns at once. Any thread, any number of times.
  void stop() { worker_.stop(); }

  const std::string& process() const noexcept { return process_; }
  /// Invocations that this process has under way.
  std::size_t under_way() const noexcept { return invocations_->size(); }

 private:
  struct watched {
    controlled_target what;
    /// Of the newest look; older ones end.
    int generation = 0;
    statistics_memory statistics{};
  };

  registry app() {
    registry made;
    target_activities& self = *this;
    made.workflow<target_workflow>();
    made.activity<&target_activities::watch>(self);
    made.activity<&target_activities::begin>(self);
    made.activity<&target_activities::resize>(self);
    return made;
  }
  worker_options worker_settings() const {
    worker_options made;
    made.task_queue = options_.task_queue;
    made.logger = options_.logger.with_level(log_level::warn);
    // What a killed controller had in memory keeps its successor waiting no longer than this.
    made.sticky_schedule_to_start_timeout = std::chrono::seconds(1);
    return made;
  }

  asio::awaitable<void> begin_target(const controlled_target& target) {
    const std::string id = workflow_id_of(target.config.name);
    const start_workflow_options how{.id = id, .task_queue = options_.task_queue};
    const target_start with{target.config.name, target.config.scaler, std::nullopt, std::nullopt, 0, process_};
    const process_started who{process_, target.config.scaler};
    const std::tuple<process_started> signal_arguments(who);
    co_await client_.signal_with_start<target_workflow, &target_workflow::started>(how, signal_arguments, with);
    const auto problem = co_await target.by->validate();
    if (!problem.ok()) {
      options_.logger.warn(
          "the provider cannot work as it is configured",
          {{"target", target.config.name}, {"failure", name_of(problem.failure)}, {"error", problem.message}});
    }
  }

  watched& find(const std::string& target) {
    const auto found = targets_.find(target);
    if (found == targets_.end()) {
      throw application_failure("this controller is not configured for target '" + target + "'",
                                {.type = "UnknownTarget", .non_retryable = true});
    }
    return found->second;
  }

  asio::awaitable<watch_result> watch(watch_request request) override {
    auto& of = find(request.target);
    const int generation = ++of.generation;
    const auto& config = of.what.config;
    const std::int64_t skew = clock_skew_ms();
    watcher looks(client_.connection(), config);
    // Less than the workflow waits for it.
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(10);
    milliseconds_since_epoch last_busy = 0;
    int failures = 0;
    if (request.rest) co_await detail::io::sleep_for(client_.loop(), config.interval);
    while (true) {
      watch_result result;
      std::string problem;
      try {
        result.seen = co_await looks.look();
      } catch (const rpc_error& failed) {
        problem = failed.what();
      }
      activity::heartbeat();
      if (problem.empty()) {
        failures = 0;
        const auto at = now_ms() + skew;
        if (!(result.seen.rates.total() == task_rates{})) last_busy = at;
        result.seen.last_busy_ms = last_busy;
        result.seen.unchanged_since_ms = of.statistics.unchanged_since(looks.statistics_seen(), at);
        result.process = process_;
        result.under_way = invocations_->of_target(request.target);
        const bool over = generation != of.generation || std::chrono::steady_clock::now() >= until;
        if (over || misses_one(request, result) ||
            is_worth_reporting(request.scaler, request.state, result.seen, request.size, at)) {
          co_return result;
        }
      } else if (failures++ == 0) {
        options_.logger.warn("the task queues cannot be looked at", {{"target", config.name}, {"error", problem}});
      }
      co_await detail::io::sleep_for(client_.loop(), pause_of(config, failures));
    }
  }

  /// What the server's clock is ahead of the one here: what polls and invocations are dated by is the server's.
  static std::int64_t clock_skew_ms() {
    const auto theirs = activity::info().started_time.time_since_epoch();
    if (theirs.count() == 0) return 0;
    return std::chrono::duration_cast<std::chrono::milliseconds>(theirs).count() - now_ms();
  }
  static std::chrono::milliseconds pause_of(const target_config& config, int failures) {
    if (failures == 0) return config.interval;
    return std::max(config.interval, std::chrono::milliseconds(grown_pause_ms(100, failures)));
  }
  /// The workflow thinks that this process has an invocation under way, and it has not.
  bool misses_one(const watch_request& request, const watch_result& result) const {
    const auto& known = result.under_way;
    return std::any_of(request.state.workers.instances.begin(), request.state.workers.instances.end(),
                       [&](const instance& each) {
                         return !each.accepted_ms && each.made_by == process_ &&
                                std::find(known.begin(), known.end(), each.id) == known.end();
                       });
  }

  asio::awaitable<std::string> begin(begin_request request) override {
    auto& of = find(request.target);
    const auto& config = of.what.config;
    invocation_request what{request.id,     config.name,        config.namespace_,
                            config.version, config.task_queues, request.backlog};
    invocations_->begin(*of.what.by, std::move(what));
    co_return process_;
  }

  asio::awaitable<provider_outcome> resize(size_request request) override {
    auto& of = find(request.target);
    auto outcome = co_await of.what.by->set_size(request.size);
    if (outcome.ok()) {
      options_.logger.info("size set", {{"target", request.target}, {"size", request.size}});
    } else {
      options_.logger.warn("the size cannot be set", {{"target", request.target},
                                                      {"size", request.size},
                                                      {"failure", name_of(outcome.failure)},
                                                      {"error", outcome.message}});
    }
    co_return outcome;
  }

  static milliseconds_since_epoch now_ms() {
    const auto time = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  }

  rondo::client client_;
  controller_options options_;
  std::string process_ = detail::random_uuid();
  std::map<std::string, watched> targets_;
  std::shared_ptr<invocation_table> invocations_;
  rondo::worker worker_;
};

}  // namespace rondo::controller
