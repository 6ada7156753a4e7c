// A worker on Lambda, for the tests of the whole: workflow task, activity, timer, activity.
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>

#include "rondo/serverless/lambda.hpp"
#include "rondo/workflow.hpp"

namespace {

namespace workflow = rondo::workflow;

std::string greet(std::string name) { return "hello " + name; }

rondo::task<std::string> greeting(std::string name, int pause_ms) {
  const rondo::activity_options options{.start_to_close_timeout = std::chrono::seconds(10)};
  const auto first = co_await workflow::execute_activity<greet>(options, name);
  co_await workflow::sleep(std::chrono::milliseconds(pause_ms));
  const auto second = co_await workflow::execute_activity<greet>(options, "again");
  co_return first + ", " + second;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string mode = count > 1 ? arguments[1] : "";
  return rondo::lambda::run_worker({.deployment_name = "greetings", .build_id = "b1"}, [&](auto& config) {
    if (mode == "throw") throw std::runtime_error("no secret, no worker");
    if (mode != "no queue") config.task_queue = "greetings";
    config.registry.template workflow<greeting>().template activity<greet>();
    if (const char* file = std::getenv("LAMBDA_WORKER_NOTES")) {
      config.on_shutdown([path = std::string(file)] { std::ofstream(path, std::ios::app) << "hook\n"; });
    }
  });
}
