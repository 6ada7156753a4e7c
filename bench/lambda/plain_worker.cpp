// A worker that is no Lambda function but an ordinary process, linked as one: what bench/peers/rust_worker is compared
// with.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "lambda/workflows.hpp"
#include "rondo/client.hpp"
#include "rondo/worker.hpp"

int main() try {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  auto client = rondo::client::connect({.target = variable("TEMPORAL_ADDRESS")});
  rondo::worker worker(client, rondo::registry().workflow<rondo::bench::hello>().activity<rondo::bench::greet>(),
                       {.task_queue = variable("TEMPORAL_TASK_QUEUE")});
  worker.run();
  return EXIT_SUCCESS;
} catch (const std::exception& failed) {
  std::cerr << "error: " << failed.what() << std::endl;
  return EXIT_FAILURE;
}
