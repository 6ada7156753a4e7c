#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/log.hpp"
#include "rondo/options.hpp"

namespace rondo::serverless {

/// What is emulated, and how.
struct emulator_options {
  /// host:port of the control plane; port 0: any free one.
  std::string address = "127.0.0.1:0";
  /// The program, the bootstrap of a function, and its arguments. It runs in an execution environment of its own.
  std::vector<std::string> command{};
  /// "NAME=value", beside what Lambda sets. A program gets nothing else from the environment of the emulator but PATH.
  std::vector<std::string> environment{};
  std::string function_name = "function";
  std::string region = "us-east-1";
  std::string account = "123456789012";
  std::size_t memory_mb = 128;

  /// An invocation that takes longer is killed.
  duration timeout = std::chrono::seconds(60);
  /// From the start of a program to its first request for an event; it is killed after that and started once more, with
  /// the time-out of the function.
  duration init_timeout = std::chrono::seconds(10);
  /// Environments at once; with all at work invocations are throttled.
  std::size_t max_concurrency = 10;
  /// Events at once in one environment, as Managed Instances have them.
  std::size_t concurrency_per_environment = 1;
  /// Stop programs with SIGSTOP while they wait for an event.
  bool freeze = true;
  /// Environments that had nothing to do for this long are shut down.
  duration idle_lifetime = std::chrono::minutes(10);
  /// Between SIGTERM and SIGKILL at shut-down, for programs with an internal extension; others get SIGKILL at once.
  duration shutdown_time = std::chrono::milliseconds(500);
  /// Start programs as for SnapStart: they are restored as soon as they wait for it.
  bool snap_start = false;

  /// Events (asynchronous invocations) beyond the concurrency wait, as at AWS; otherwise they are throttled.
  bool queue_events = false;
  /// An event that failed is repeated after each of these pauses.
  std::vector<duration> event_retry_delays{std::chrono::minutes(1), std::chrono::minutes(2)};
  /// Events that are older are dropped.
  duration event_age = std::chrono::hours(6);

  /// This part of the invocations is ended by SIGKILL, at a random moment up to `kill_within` after its begin.
  double kill_fraction = 0;
  duration kill_within = std::chrono::seconds(1);
  std::uint64_t seed = 1;

  /// host:port of an AgentCore container, which gets POST /invocations; empty: invocations of an agent runtime are
  /// events of the function.
  std::string agentcore_target{};
  /// Where programs print to: a file that is appended to; empty: the standard error output of the emulator.
  std::string output_file{};
  logger log{};
};

/// Throws std::invalid_argument, naming the option, when one makes no sense.
inline void check(const emulator_options& options) {
  const auto refuse = [](const char* why) { throw std::invalid_argument(std::string("rondo: ") + why); };
  if (options.command.empty() && options.agentcore_target.empty()) refuse("there is no program to emulate Lambda with");
  if (options.function_name.empty()) refuse("the function needs a name");
  if (options.max_concurrency == 0) refuse("max_concurrency must be at least 1");
  if (options.concurrency_per_environment == 0) refuse("concurrency_per_environment must be at least 1");
  if (options.timeout <= duration::zero()) refuse("the time-out of the function must be longer than nothing");
  if (options.init_timeout <= duration::zero()) refuse("init_timeout must be longer than nothing");
  if (!(options.kill_fraction >= 0 && options.kill_fraction <= 1)) refuse("kill_fraction must be from 0 to 1");
  for (const auto& each : options.environment) {
    if (each.find('=') == std::string::npos) refuse("variables of the environment are written NAME=value");
  }
}

}  // namespace rondo::serverless
