#pragma once
#include <unistd.h>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/json.hpp"
#include "rondo/serverless/emulator/options.hpp"
#include "rondo/serverless/emulator/stats.hpp"
#include "tools/command_error.hpp"
#include "tools/options.hpp"

// From the flags of `emulate` to the emulator's options.
namespace rondo::tools {

/// Flags as they are given.
struct emulate_flags {
  std::string ip = "127.0.0.1";
  int port = 0;
  std::string program{}, agentcore{};
  std::vector<std::string> arguments{}, environment{}, event_retries{};
  std::string function_name = "function", region = "us-east-1", account = "123456789012";
  std::string timeout = "60s", init_timeout = "10s", idle_lifetime = "10m", kill_within = "1s";
  std::size_t memory_mb = 128, max_concurrency = 10, concurrency_per_environment = 1;
  std::uint64_t seed = 1;
  double kill_fraction = 0;
  bool no_freeze = false, queue_events = false, snap_start = false, no_event_retries = false;
  std::string program_output{};
  std::string log_level = "warn", output = "text";
};

/// Throws command_error that names the flag.
inline serverless::emulator_options emulator_options_of(const emulate_flags& flags) {
  if (flags.port < 0 || flags.port > 65535) throw command_error("--port must be from 0 to 65535");
  if (flags.program.empty() && flags.agentcore.empty()) {
    throw command_error("--lambda is missing: the program to run, such as ./bootstrap");
  }
  if (!flags.program.empty() && ::access(flags.program.c_str(), X_OK) != 0) {
    throw command_error("--lambda: '" + flags.program + "' is no program that can be run");
  }
  const auto time = [](const char* flag, const std::string& text) {
    const auto value = duration_of(flag, text);
    if (value.count() <= 0) throw command_error(std::string(flag) + " must be longer than 0");
    return value;
  };
  serverless::emulator_options made;
  const bool bare_v6 = flags.ip.find(':') != std::string::npos && !flags.ip.starts_with('[');
  made.address = (bare_v6 ? "[" + flags.ip + "]" : flags.ip) + ":" + std::to_string(flags.port);
  if (!flags.program.empty()) {
    made.command = flags.arguments;
    made.command.insert(made.command.begin(), flags.program);
  }
  made.environment = flags.environment;
  made.function_name = flags.function_name;
  made.region = flags.region;
  made.account = flags.account;
  made.memory_mb = flags.memory_mb;
  made.timeout = time("--timeout", flags.timeout);
  made.init_timeout = time("--init-timeout", flags.init_timeout);
  made.idle_lifetime = time("--idle-lifetime", flags.idle_lifetime);
  made.max_concurrency = flags.max_concurrency;
  made.concurrency_per_environment = flags.concurrency_per_environment;
  made.freeze = !flags.no_freeze;
  made.snap_start = flags.snap_start;
  made.queue_events = flags.queue_events;
  if (flags.no_event_retries) made.event_retry_delays.clear();
  if (!flags.event_retries.empty()) {
    if (flags.no_event_retries) throw command_error("--event-retry and --no-event-retries exclude each other");
    made.event_retry_delays.clear();
    for (const auto& each : flags.event_retries) made.event_retry_delays.push_back(duration_of("--event-retry", each));
  }
  made.kill_fraction = flags.kill_fraction;
  made.kill_within = time("--kill-within", flags.kill_within);
  made.seed = flags.seed;
  made.agentcore_target = flags.agentcore;
  made.output_file = flags.program_output;
  try {
    check(made);
  } catch (const std::invalid_argument& wrong) {
    throw command_error(wrong.what());
  }
  return made;
}

/// {"address", "url", "functionArn"}
inline std::string emulating_json(const std::string& address, const std::string& arn) {
  return "{\"address\":" + json::dump(address) + ",\"url\":" + json::dump("http://" + address) +
         ",\"functionArn\":" + json::dump(arn) + "}";
}

inline std::string emulating_text(const std::string& address, const std::string& arn) {
  return "Emulator of AWS Lambda and AgentCore\n  Address   " + address + "\n  Function  " + arn +
         "\n  Invoke    POST http://" + address + "/2015-03-31/functions/" + arn.substr(arn.rfind(':') + 1) +
         "/invocations\n  Counted   GET http://" + address + "/stats\n";
}

/// What was counted, for people.
inline std::string stats_text(const serverless::emulator_stats& of) {
  const auto line = [](const std::string& name, std::uint64_t value) {
    return "  " + name + std::string(18 - name.size(), ' ') + std::to_string(value) + "\n";
  };
  return "Counted\n" + line("Invocations", of.invocations) + line("Cold starts", of.cold_starts) +
         line("Throttles", of.throttles) + line("Errors", of.errors) + line("Time-outs", of.timeouts) +
         line("Kills", of.kills) + line("Init failures", of.init_failures) + line("Event retries", of.event_retries) +
         line("Dropped events", of.dropped_events) + line("Peak concurrency", of.peak_concurrency) +
         line("Billed ms", of.billed_ms);
}

}  // namespace rondo::tools
