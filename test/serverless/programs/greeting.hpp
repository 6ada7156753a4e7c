#pragma once
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "rondo/workflow.hpp"

namespace rondo::test {

inline std::string greet(std::string name) { return "hello " + name; }

/// Workflow task, activity, timer, activity.
inline rondo::task<std::string> greeting(std::string name, int pause_ms) {
  const rondo::activity_options options{.start_to_close_timeout = std::chrono::seconds(10)};
  const auto first = co_await rondo::workflow::execute_activity<greet>(options, name);
  co_await rondo::workflow::sleep(std::chrono::milliseconds(pause_ms));
  const auto second = co_await rondo::workflow::execute_activity<greet>(options, std::string("again"));
  co_return first + ", " + second;
}

/// Works until LAMBDA_WORKER_GATE names a file that is there.
inline std::string pass_gate(std::string name) {
  const char* gate = std::getenv("LAMBDA_WORKER_GATE");
  while (gate != nullptr && !std::filesystem::exists(gate)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return name + " passed";
}

/// An activity that lasts as long as a test wants, and another one.
inline rondo::task<std::string> gated_greeting(std::string name) {
  const rondo::activity_options options{.start_to_close_timeout = std::chrono::minutes(1)};
  const auto first = co_await rondo::workflow::execute_activity<pass_gate>(options, name);
  const auto second = co_await rondo::workflow::execute_activity<greet>(options, name);
  co_return first + ", " + second;
}

/// Seconds since 1970 by the clock on the wall of the worker.
inline std::int64_t wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

inline rondo::task<std::int64_t> clock_of_worker() {
  const rondo::activity_options options{.start_to_close_timeout = std::chrono::seconds(30)};
  co_return co_await rondo::workflow::execute_activity<wall_clock>(options);
}

}  // namespace rondo::test
