#pragma once
#include <chrono>
#include <string>

#include "rondo/workflow.hpp"

namespace rondo::bench {

inline std::string greet(std::string name) { return "hello " + name; }

/// Two activities with a pause between them, which may outlast the function.
inline rondo::task<std::string> load(std::string name, int pause_ms) {
  const rondo::activity_options options{.start_to_close_timeout = std::chrono::seconds(10)};
  const auto first = co_await rondo::workflow::execute_activity<greet>(options, name);
  co_await rondo::workflow::sleep(std::chrono::milliseconds(pause_ms));
  const auto second = co_await rondo::workflow::execute_activity<greet>(options, std::string("again"));
  co_return first + ", " + second;
}

inline rondo::task<std::string> hello(std::string name) {
  co_return co_await rondo::workflow::execute_activity<greet>({.start_to_close_timeout = std::chrono::seconds(10)},
                                                              name);
}

}  // namespace rondo::bench
