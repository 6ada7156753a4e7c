#pragma once
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>

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

/// Stops its process, until somebody lets it go on.
inline std::string stop_process(std::string name) {
  ::kill(::getpid(), SIGSTOP);
  return "stopped " + name;
}

/// An activity in the middle of which its process stands still, and another one.
inline rondo::task<std::string> stopped_greeting(std::string name) {
  const rondo::activity_options options{.start_to_close_timeout = std::chrono::seconds(30)};
  const auto first = co_await rondo::workflow::execute_activity<stop_process>(options, name);
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
