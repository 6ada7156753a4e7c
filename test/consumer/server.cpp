// A test as users write it: server, worker and workflow in one program.
#include <chrono>
#include <string>

#include "rondo/registry.hpp"
#include "rondo/testing.hpp"
#include "rondo/workflow.hpp"

using namespace std::chrono_literals;

std::string greet(std::string name) { return "Hello, " + name; }

rondo::task<std::string> greet_tomorrow(std::string name) {
  co_await rondo::workflow::sleep(24h);
  co_return co_await rondo::workflow::execute_activity<greet>({.start_to_close_timeout = 5s}, name);
}

int main() {
  rondo::testing::workflow_environment env(rondo::registry{}.workflow<greet_tomorrow>().activity<greet>());
  return env.start<greet_tomorrow>(std::string("World")).result() == "Hello, World" ? 0 : 1;
}
