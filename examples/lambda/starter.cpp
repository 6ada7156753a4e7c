// Places one order and waits for its end: starter [ID [ITEM [CENTS]]]
// "unicorn" is out of stock, and more than 100000 cents no card pays. Exit code 0: the order was completed.
#include <exception>
#include <iostream>
#include <string>

#include "rondo/client.hpp"
#include "rondo/config.hpp"
#include "workflows.hpp"

int main(int count, char** arguments) try {
  shop::order placed{.id = "order-1", .item = "tea", .cents = 1250};
  if (count > 1) placed.id = arguments[1];
  if (count > 2) placed.item = arguments[2];
  if (count > 3) placed.cents = std::stoi(arguments[3]);
  auto client = rondo::client::connect(rondo::load_client_options());
  const auto handle =
      client.start_workflow<shop::order_workflow>({.id = placed.id, .task_queue = shop::task_queue}, placed).get();
  std::cout << "workflow id " << handle.id() << ", run id " << handle.run_id() << std::endl;
  try {
    std::cout << placed.id << ": completed, " << handle.result().get() << "\n";
  } catch (const rondo::workflow_failure& failure) {
    const auto* reason = failure.cause_as<rondo::application_failure>();
    std::cout << placed.id << ": " << (reason == nullptr ? failure.what() : reason->what()) << "\n";
    return 1;
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 2;
}
