#pragma once
#include <chrono>
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

}  // namespace rondo::test
