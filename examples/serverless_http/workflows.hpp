#pragma once
// A workflow that is longer than the invocations it is worked on in: while it sleeps, no worker has to run.
#include <chrono>
#include <string>

#include "activities.hpp"
#include "rondo/workflow.hpp"

namespace greetings {

inline constexpr const char* task_queue = "serverless-http";

/// An activity, five seconds of sleep, an activity. The timer is the server's: it goes on without a worker.
inline rondo::task<std::string> greet_twice(std::string name) {
  using namespace std::chrono_literals;
  const rondo::activity_options options{.start_to_close_timeout = 10s};
  const auto hello = co_await rondo::workflow::execute_activity<compose>(options, "Hello", name);
  rondo::workflow::logger().info("greeted for the first time", {{"name", name}});
  co_await rondo::workflow::sleep(5s);
  const auto bye = co_await rondo::workflow::execute_activity<compose>(options, "Goodbye", name);
  co_return hello + " " + bye;
}

}  // namespace greetings
