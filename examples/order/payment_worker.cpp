// Runs the payment activity only, on a task queue of its own: it could stand in another network, near the bank.
#include <exception>
#include <iostream>
#include <string>

#include "activities.hpp"
#include "rondo/client.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker.hpp"

int main() try {
  shop::payment_service payments(std::stod(shop::setting("PAYMENT_FAILURE_RATE", "0.5")));
  const auto app = rondo::registry{}.activity<&shop::payment_service::process_payment>(payments);

  auto client = rondo::client::connect({.target = shop::setting("TEMPORAL_ADDRESS", "localhost:7233"),
                                        .namespace_ = shop::setting("TEMPORAL_NAMESPACE", "default")});
  rondo::worker worker(
      client, app, {.task_queue = shop::setting("PAYMENT_TASK_QUEUE", "payment-task-queue"), .activity_only = true});
  worker.run();  // until Ctrl-C
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
