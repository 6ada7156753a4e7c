// Starts one workflow, prints its id and does not wait for it: starter [NAME]
#include <exception>
#include <iostream>
#include <string>

#include "rondo/client.hpp"
#include "rondo/config.hpp"
#include "workflows.hpp"

int main(int count, char** arguments) try {
  const std::string name = count > 1 ? arguments[1] : "World";
  auto client = rondo::client::connect(rondo::load_client_options());
  const auto handle = client.start_workflow<greetings::greet_twice>({.task_queue = greetings::task_queue}, name).get();
  std::cout << "workflow id " << handle.id() << ", run id " << handle.run_id() << "\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
