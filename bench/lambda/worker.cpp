// A worker as a Lambda function: scripts/bench_lambda.sh measures what it costs, scripts/bench_serverless.sh how it
// bears load. bench/peers/lambda_worker is the same in Go. The task queue and the version come from the environment.
#include <chrono>
#include <string>

#include "rondo/serverless/lambda.hpp"
#include "rondo/workflow.hpp"

namespace {

std::string greet(std::string name) { return "hello " + name; }

/// Two activities with a pause between them, which may outlast the function.
rondo::task<std::string> load(std::string name, int pause_ms) {
  const rondo::activity_options options{.start_to_close_timeout = std::chrono::seconds(10)};
  const auto first = co_await rondo::workflow::execute_activity<greet>(options, name);
  co_await rondo::workflow::sleep(std::chrono::milliseconds(pause_ms));
  const auto second = co_await rondo::workflow::execute_activity<greet>(options, std::string("again"));
  co_return first + ", " + second;
}

rondo::task<std::string> hello(std::string name) {
  co_return co_await rondo::workflow::execute_activity<greet>({.start_to_close_timeout = std::chrono::seconds(10)},
                                                              name);
}

}  // namespace

int main() {
  return rondo::lambda::run_worker([](auto& config) {
    config.registry.template workflow<load>().template workflow<hello>().template activity<greet>();
  });
}
