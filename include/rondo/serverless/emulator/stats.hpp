#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rondo/json.hpp"
#include "rondo/options.hpp"

namespace rondo::serverless {

/// What an emulator has counted.
struct emulator_stats {
  /// Invocations that began in an environment, repetitions of events too.
  std::uint64_t invocations = 0;
  std::uint64_t cold_starts = 0;
  /// Requests that were refused because all environments were at work.
  std::uint64_t throttles = 0;
  /// Invocations that ended with an error of the function, exits and time-outs among them.
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;
  /// Environments that `kill_fraction` ended.
  std::uint64_t kills = 0;
  std::uint64_t init_failures = 0;
  std::uint64_t event_retries = 0;
  std::uint64_t dropped_events = 0;
  /// Environments that were shut down in good order, and programs that had to be killed then.
  std::uint64_t shutdowns = 0;
  std::uint64_t shutdown_kills = 0;
  /// Most environments at work at the same time.
  std::uint64_t peak_concurrency = 0;
  /// Environments that there are now, and those of them that are at work.
  std::uint64_t environments = 0;
  std::uint64_t at_work = 0;
  /// What Lambda would bill: initialisation, and each invocation until the program asks for the next event.
  std::uint64_t billed_ms = 0;
  /// From the start of each program to its first request for an event.
  std::vector<double> init_ms{};
};

namespace emulation {

inline double milliseconds(duration time) { return std::chrono::duration<double, std::milli>(time).count(); }
inline std::uint64_t billed(duration time) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count(), 0));
}

}  // namespace emulation

/// {"invocations": ..., "initMs": {"count", "min", "median", "max"}, ...}
inline std::string to_json(const emulator_stats& of) {
  std::string out = "{";
  const auto number = [&out](const char* name, std::uint64_t value) {
    if (out.size() > 1) out += ',';
    out.append("\"").append(name).append("\":").append(std::to_string(value));
  };
  number("invocations", of.invocations);
  number("coldStarts", of.cold_starts);
  number("throttles", of.throttles);
  number("errors", of.errors);
  number("timeouts", of.timeouts);
  number("kills", of.kills);
  number("initFailures", of.init_failures);
  number("eventRetries", of.event_retries);
  number("droppedEvents", of.dropped_events);
  number("shutdowns", of.shutdowns);
  number("shutdownKills", of.shutdown_kills);
  number("peakConcurrency", of.peak_concurrency);
  number("environments", of.environments);
  number("atWork", of.at_work);
  number("billedMs", of.billed_ms);
  auto sorted = of.init_ms;
  std::sort(sorted.begin(), sorted.end());
  out += ",\"initMs\":{\"count\":" + std::to_string(sorted.size());
  if (!sorted.empty()) {
    const auto rounded = [](double value) { return json::dump(std::round(value * 100) / 100); };
    out += ",\"min\":" + rounded(sorted.front()) + ",\"median\":" + rounded(sorted[sorted.size() / 2]) +
           ",\"max\":" + rounded(sorted.back());
  }
  return out + "}}";
}

}  // namespace rondo::serverless
