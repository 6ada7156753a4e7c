#pragma once
#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/serverless/budget.hpp"
#include "tools/compute_provider.hpp"
#include "tools/deployment_text.hpp"
#include "tools/doctor_facts.hpp"
#include "tools/duration.hpp"
#include "tools/table.hpp"

// From facts to findings: pure, so that each misconfiguration is a row in a test.
namespace rondo::tools {

/// Something that is wrong, why it hurts, and the command that mends it.
struct finding {
  /// Problems make the command fail, warnings do not.
  bool problem = true;
  std::string id{}, what{}, why{}, mend{};
};

/// A word for a shell, in quotes where it needs them.
inline std::string shell_word(std::string_view text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@";
  if (!text.empty() && text.find_first_not_of(plain) == text.npos) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += R"('\'')";
    if (c != '\'') quoted += c;
  }
  return quoted + "'";
}

class doctor {
 public:
  explicit doctor(const doctor_facts& facts) : facts_(facts) {}

  std::vector<finding> examine() {
    if (!facts_.deployment.empty()) examine_deployment();
    for (const auto& queue : facts_.queues) examine_named(queue);
    examine_times();
    examine_clock();
    return std::move(found_);
  }

 private:
  using Poller = temporal::api::taskqueue::v1::PollerInfo;

  void add(bool problem, const char* id, std::string what, std::string why, std::string mend) {
    found_.push_back({problem, id, std::move(what), std::move(why), std::move(mend)});
  }
  void problem(const char* id, std::string what, std::string why, std::string mend) {
    add(true, id, std::move(what), std::move(why), std::move(mend));
  }
  void warning(const char* id, std::string what, std::string why, std::string mend) {
    add(false, id, std::move(what), std::move(why), std::move(mend));
  }

  std::string command(const std::string& words, const std::string& build_id = {}) const {
    const std::string text = "rondo worker deployment " + words + " -d " + shell_word(facts_.deployment);
    return build_id.empty() ? text : text + " --build-id " + shell_word(build_id);
  }
  std::string name_of(const seen_version& which) const {
    return "version '" + facts_.deployment + ":" + which.build_id() + "'";
  }
  const temporal::api::deployment::v1::RoutingConfig& routing() const { return facts_.info->routing_config(); }
  bool is_current(const seen_version& which) const {
    return routing().current_deployment_version().build_id() == which.build_id();
  }
  bool gets_new_work(const seen_version& which) const {
    const bool ramps = routing().ramping_deployment_version().build_id() == which.build_id() &&
                       routing().ramping_version_percentage() > 0;
    return is_current(which) || ramps;
  }

  /// Polls last a minute at most, so a poller that has been silent for longer is gone.
  bool is_here(const Poller& poller) const {
    const auto seen = std::chrono::sys_seconds(std::chrono::seconds(poller.last_access_time().seconds()));
    return facts_.now - seen < std::chrono::seconds(75);
  }
  bool is_of(const Poller& poller, const seen_version& which) const {
    const auto& told = poller.deployment_options();
    return told.worker_versioning_mode() == temporal::api::enums::v1::WORKER_VERSIONING_MODE_VERSIONED &&
           told.deployment_name() == facts_.deployment && told.build_id() == which.build_id();
  }
  bool has_worker(const seen_queue& queue, const seen_version& which) const {
    return std::any_of(queue.pollers.begin(), queue.pollers.end(),
                       [&](const Poller& each) { return is_here(each) && is_of(each, which); });
  }
  bool has_worker(const seen_version& which) const {
    return std::any_of(which.queues.begin(), which.queues.end(),
                       [&](const seen_queue& each) { return has_worker(each, which); });
  }
  /// Somebody else who polls the queue: "unversioned" or a version; empty when there is nobody.
  std::string stranger(const seen_queue& queue, const seen_version& which) const {
    for (const auto& each : queue.pollers) {
      if (!is_here(each) || is_of(each, which)) continue;
      const auto& told = each.deployment_options();
      if (told.worker_versioning_mode() != temporal::api::enums::v1::WORKER_VERSIONING_MODE_VERSIONED) {
        return "an unversioned worker (" + each.identity() + ")";
      }
      // Versions of the same deployment that get work of their own may share the queue.
      const bool rightful = std::any_of(facts_.versions.begin(), facts_.versions.end(), [&](const seen_version& other) {
        return is_of(each, other) && other.summary.status() != status::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE &&
               other.summary.status() != status::WORKER_DEPLOYMENT_VERSION_STATUS_CREATED;
      });
      if (!rightful) return "a worker of '" + version_text(each) + "' (" + each.identity() + ")";
    }
    return {};
  }

  void examine_deployment() {
    if (!facts_.info) {
      return problem("no_deployment", "there is no worker deployment '" + facts_.deployment + "'",
                     "workers of its versions have never polled, and the server starts none",
                     command("create-version", facts_.build_id.empty() ? "BUILD" : facts_.build_id) +
                         " with the flags of your provider, or start a worker of it; check --namespace");
    }
    if (facts_.versions.empty()) {
      return problem("no_versions", "worker deployment '" + facts_.deployment + "' has no versions", "nobody serves it",
                     command("create-version", "BUILD") + " with the flags of your provider");
    }
    examine_routing();
    for (const auto& each : facts_.versions) examine_version(each);
  }

  void examine_routing() {
    if (routing().current_deployment_version().build_id().empty()) {
      const auto* asked_for = find(facts_.build_id);
      const auto& wanted = asked_for != nullptr ? asked_for->build_id() : newest().build_id();
      problem("no_current_version", "worker deployment '" + facts_.deployment + "' has no current version",
              "new workflows wait for a worker without a version, and no version is invoked for them",
              command("set-current", wanted));
    }
    if (facts_.build_id.empty()) return;
    const auto* found = find(facts_.build_id);
    if (found == nullptr) {
      problem("unknown_version", "the server does not know version '" + facts_.deployment + ":" + facts_.build_id + "'",
              "a worker that calls itself so gets nothing, and is invoked again and again for work that it cannot take",
              command("create-version", facts_.build_id) + "; or mend the worker's build id");
    } else if (!gets_new_work(*found) && !current_text(routing()).starts_with("(")) {
      warning("not_current", name_of(*found) + " is not current; '" + current_text(routing()) + "' is",
              "new workflows go to the current version", command("set-current", facts_.build_id));
    }
  }
  /// Null when there is no such version.
  const seen_version* find(const std::string& build_id) const {
    const auto found = std::find_if(facts_.versions.begin(), facts_.versions.end(),
                                    [&](const seen_version& each) { return each.build_id() == build_id; });
    return found == facts_.versions.end() ? nullptr : &*found;
  }
  const seen_version& newest() const {
    return *std::max_element(facts_.versions.begin(), facts_.versions.end(), [](const auto& a, const auto& b) {
      return a.summary.create_time().seconds() < b.summary.create_time().seconds();
    });
  }

  void examine_version(const seen_version& which) {
    const bool wanted = gets_new_work(which) || which.build_id() == facts_.build_id;
    if (which.has_compute()) examine_compute(which);
    if (which.queues.empty() && (wanted || which.has_compute())) {
      problem(
          "version_without_queues", name_of(which) + " has no task queues: no worker of it has ever polled",
          "the server learns the task queues from the first polls; until then it starts no worker for them, and "
          "nothing tries again",
          which.has_compute()
              ? "look at the log of the worker's first invocation, which failed or called itself another version; mend "
                "it, then repeat " +
                    command("create-version", which.build_id()) + " with its flags: that invokes it again"
              : "start a worker of this version");
    } else if (wanted && !which.has_compute() && !has_worker(which)) {
      problem("nobody_starts_workers", name_of(which) + " gets new work, but has no worker and no compute",
              "a version that a worker made known by polling has no provider; nothing will start workers for it",
              command("create-version", which.build_id()) + " with the flags of your provider, or start a worker");
    }
    for (const auto& each : which.queues) examine_queue(which, each);
    const bool draining = which.summary.status() == status::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING;
    if (draining && !which.has_compute() && !has_worker(which) && !which.queues.empty()) {
      warning("draining_without_worker", name_of(which) + " still has workflows, but no worker and no compute",
              "workflows that are pinned to it wait for a worker of exactly this version",
              "keep a worker of it running until it is drained, or move the workflows to another version");
    }
  }

  void examine_compute(const seen_version& which) {
    if (!facts_.server_scales) {
      return problem(
          "server_starts_no_workers",
          name_of(which) + " has a compute provider, but the server (" + facts_.server_version + ") starts no workers",
          "nobody calls the provider, so tasks wait for a worker that never comes",
          "run a Temporal server from 1.32 on with workercontroller.enabled, or `rondo controller` beside "
          "this one, or `rondo server start-dev --task-notify-url URL`");
    }
    const std::string& now = which.validation_error;
    const std::string& before = which.summary.compute_status().provider_validation().error_message();
    if (now.find("Could not instantiate compute provider") != now.npos) {
      return problem("provider_not_enabled", "the server does not offer the provider of " + name_of(which) + ": " + now,
                     "workers of the version are never started; without that setting no provider is offered at all",
                     "add the provider to workercontroller.compute_providers.enabled in the server's dynamic "
                     "configuration, such as [\"aws-lambda\"]; it also must be part of the server's build");
    }
    if (!now.empty()) {
      return problem(
          "compute_failed", "the server cannot start workers of " + name_of(which) + ": " + now,
          "tasks of the version wait until its provider can be called",
          "mend what the error names, then repeat " + command("create-version", which.build_id()) + " with its flags");
    }
    if (before.empty()) return;
    warning("compute_failed_before", "a call to the provider of " + name_of(which) + " failed: " + before,
            "one failed call, such as a throttled one, marks the version for up to 6 hours; workers are started "
            "nevertheless",
            "if it comes back: raise the provider's limits; " + command("update-version", which.build_id()) +
                " with any flag of it checks it anew");
  }

  void examine_queue(const seen_version& which, const seen_queue& queue) {
    if (has_worker(queue, which)) return examine_wait(queue);
    const std::string other = stranger(queue, which);
    const std::string place = "task queue '" + queue.name + "'";
    if (is_current(which) && !other.empty() && !has_worker(which)) {
      return add(queue.backlog > 0 || which.has_compute(), "build_id_mismatch",
                 place + " is polled by " + other + ", but not by its current " + name_of(which),
                 "the tasks are for the current version alone; a worker that is invoked for them and is another one "
                 "leaves them there, and is invoked again and again",
                 "give the worker this version, or " + command("set-current", "BUILD") + " with the worker's build id");
    }
    if (queue.backlog <= 0) return;
    const std::string waits = "work for " + name_of(which) + " waits in " + place + " (" +
                              count_text(queue.backlog, "task") + "), and no worker polls";
    const bool started = which.has_compute() && facts_.server_scales && which.validation_error.empty();
    if (!started) {
      return problem(
          "backlog_without_worker", waits, "nobody takes it",
          "start a worker of this version, or give it a provider: " + command("create-version", which.build_id()));
    }
    problem("workers_not_started", waits + ", although its provider can be called",
            "either the server does not watch the queue, or the workers that it starts end without polling",
            "set workercontroller.enabled to true for the namespace and restart the server (queues that were in use "
            "before are not watched until then); otherwise look at the log of the worker's last invocation");
  }

  /// A queue that workers poll, or polled a moment ago: the server does not notice when one dies.
  void examine_wait(const seen_queue& queue) {
    if (queue.backlog <= 0 || queue.backlog_age < std::chrono::seconds(10)) return;
    warning("work_waits_long",
            "work waits in task queue '" + queue.name + "' for " +
                duration_text(std::chrono::floor<std::chrono::seconds>(queue.backlog_age)) +
                ", although workers poll it",
            "they have just ended, or all their slots are taken",
            "look again in a minute; then start more workers, or give them more slots or pollers");
  }
  /// A queue that was named, unless it was looked at as one of a version.
  void examine_named(const seen_queue& queue) {
    for (const auto& version : facts_.versions) {
      for (const auto& each : version.queues) {
        if (each.name == queue.name && each.type == queue.type) return;
      }
    }
    const bool polled =
        std::any_of(queue.pollers.begin(), queue.pollers.end(), [this](const Poller& each) { return is_here(each); });
    if (polled) return examine_wait(queue);
    if (queue.backlog <= 0) return;
    problem("backlog_without_worker",
            "work waits in task queue '" + queue.name + "' (" + count_text(queue.backlog, "task") +
                "), and no worker polls",
            "nobody takes it", "start a worker for it; for one that is invoked give --deployment-name as well");
  }

  void examine_times() {
    const auto& told = facts_.told;
    if (told.retry_attempts && *told.retry_attempts > 0) {
      warning("function_is_repeated",
              "asynchronous invocations of the function are repeated " + count_text(*told.retry_attempts, "time"),
              "the server invokes again by itself; a repeated invocation comes minutes later, finds nothing, and is "
              "billed",
              "aws lambda put-function-event-invoke-config --function-name FUNCTION --maximum-retry-attempts 0 "
              "--maximum-event-age-in-seconds 60");
    }
    serverless::time_limits limits;
    if (told.stop_timeout) limits.stop_timeout = *told.stop_timeout;
    if (told.hook_buffer) limits.hook_buffer = *told.hook_buffer;
    limits.shutdown_buffer = told.shutdown_buffer;
    try {
      serverless::check(limits);
    } catch (const std::invalid_argument& wrong) {
      const std::string_view text = wrong.what();
      return problem("limits_contradict", std::string(text.substr(text.starts_with("rondo: ") ? 7 : 0)),
                     "the worker refuses to start", "set shutdown_buffer to stop_timeout and hook_buffer together");
    }
    if (told.timeout) examine_timeout(limits);
    if (!told.longest_activity || *told.longest_activity <= limits.stop_timeout) return;
    warning("activities_outlive_stop",
            "activities take up to " + duration_text(*told.longest_activity) + ", but get " +
                duration_text(limits.stop_timeout) + " to end when an invocation does",
            "one that is still running then is handed back and begins again in the next invocation",
            "raise stop_timeout to " + duration_text(*told.longest_activity) +
                ", or let the activity heartbeat its progress and hand itself back");
  }
  void examine_timeout(const serverless::time_limits& limits) {
    const nanoseconds timeout = *facts_.told.timeout, most = std::chrono::minutes(15);
    const auto change = [](nanoseconds to) {
      return "aws lambda update-function-configuration --function-name FUNCTION --timeout " +
             std::to_string(std::chrono::ceil<std::chrono::seconds>(to).count());
    };
    if (timeout > most) {
      problem("timeout_too_long", "the timeout is " + duration_text(timeout), "Lambda allows 15 minutes", change(most));
    }
    const serverless::time_point now{};
    const auto plan = serverless::plan(now + timeout, now, limits);
    const std::string said = "of a timeout of " + duration_text(timeout) + ", " + duration_text(limits.buffer()) +
                             " are kept for the end: " + duration_text(std::max(plan.work, nanoseconds(0))) +
                             " are left for work";
    if (plan.verdict != serverless::verdict::enough) {
      const bool none = plan.verdict == serverless::verdict::none;
      add(none, none ? "timeout_too_short" : "timeout_is_short", said,
          none ? "every invocation fails at once, and the server invokes again and again"
               : "most of what is paid for is starting and stopping",
          change(std::max<nanoseconds>(std::chrono::seconds(60), limits.buffer() + std::chrono::seconds(60))));
    }
    const auto& longest = facts_.told.longest_activity;
    if (!longest || *longest + limits.buffer() < timeout) return;
    problem("activity_outlives_timeout",
            "activities take up to " + duration_text(*longest) + ", the timeout without its end is " +
                duration_text(timeout - std::min(limits.buffer(), timeout)),
            "such an activity never ends: each invocation is over before it is",
            *longest + limits.buffer() < most
                ? change(*longest + limits.buffer() + std::chrono::seconds(10))
                : "make the activity go on from its heartbeat, or run it on a worker that is not a function");
  }

  void examine_clock() {
    if (!facts_.clock) return;
    const nanoseconds off = facts_.clock->ahead < nanoseconds(0) ? -facts_.clock->ahead : facts_.clock->ahead;
    if (off - facts_.clock->doubt < std::chrono::seconds(5)) return;
    const bool refused = off >= std::chrono::minutes(4);
    add(refused, "clocks_differ",
        "the clock here is " + duration_text(std::chrono::round<std::chrono::seconds>(off)) +
            (facts_.clock->ahead > nanoseconds(0) ? " behind" : " ahead of") + " the server's",
        refused ? "signed requests to clouds and signed notifications are refused as too old"
                : "deadlines of invocations and the age of notifications are judged wrongly",
        "set the clocks, such as with chrony or systemd-timesyncd");
  }

  using status = temporal::api::enums::v1::WorkerDeploymentVersionStatus;
  const doctor_facts& facts_;
  std::vector<finding> found_;
};

}  // namespace rondo::tools
