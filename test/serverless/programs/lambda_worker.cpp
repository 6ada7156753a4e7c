// A worker on Lambda, for the tests of the whole.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "rondo/serverless/lambda.hpp"
#include "serverless/programs/greeting.hpp"

int main(int count, char** arguments) {
  if (const char* file = std::getenv("LAMBDA_WORKER_PID")) std::ofstream(file) << ::getpid();
  const std::string mode = count > 1 ? arguments[1] : "";
  return rondo::lambda::run_worker({.deployment_name = "greetings", .build_id = "b1"}, [&](auto& config) {
    if (mode == "throw") throw std::runtime_error("no secret, no worker");
    if (mode != "no queue") config.task_queue = "greetings";
    config.registry.template workflow<rondo::test::greeting>()
        .template workflow<rondo::test::gated_greeting>()
        .template workflow<rondo::test::clock_of_worker>()
        .template activity<rondo::test::greet>()
        .template activity<rondo::test::pass_gate>()
        .template activity<rondo::test::wall_clock>();
    if (const char* file = std::getenv("LAMBDA_WORKER_NOTES")) {
      config.on_shutdown([path = std::string(file)] { std::ofstream(path, std::ios::app) << "hook\n"; });
    }
  });
}
