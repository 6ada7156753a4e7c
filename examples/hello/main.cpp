#include <chrono>
#include <iostream>
#include <string>

#include "rondo/client.hpp"
#include "rondo/worker.hpp"
#include "rondo/workflow.hpp"

using namespace std::chrono_literals;

// An activity: ordinary C++ that may do anything.
std::string greet(std::string name) { return "Hello, " + name + "!"; }

// A workflow: a coroutine that survives the death of its process at every co_await.
rondo::task<std::string> hello(std::string name) {
  co_return co_await rondo::workflow::execute_activity<greet>({.start_to_close_timeout = 5s}, name);
}

int main(int count, char** arguments) {
  auto client = rondo::client::connect({.target = "localhost:7233"});
  if (count == 1) {
    rondo::worker worker(client, rondo::registry{}.workflow<hello>().activity<greet>(), {.task_queue = "hello"});
    worker.run();
  } else {
    auto handle = client.start_workflow<hello>({.id = "hello", .task_queue = "hello"}, std::string(arguments[1])).get();
    std::cout << handle.result().get() << "\n";
  }
}
