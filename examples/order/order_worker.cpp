// Runs the order workflow and its activities, except for the payment. With a real database many of these could run.
#include <exception>
#include <iostream>

#include "rondo/client.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker.hpp"
#include "workflows.hpp"

int main() try {
  shop::warehouse warehouse({{"tea", 100}, {"cup", 100}});
  const auto app = rondo::registry{}
                       .workflow<shop::order_workflow>()
                       .activity<&shop::warehouse::reserve_stock>(warehouse)
                       .activity<&shop::warehouse::release_stock>(warehouse)
                       .activity<&shop::warehouse::update_order_status>(warehouse);

  auto client = rondo::client::connect({.target = shop::setting("TEMPORAL_ADDRESS", "localhost:7233"),
                                        .namespace_ = shop::setting("TEMPORAL_NAMESPACE", "default")});
  rondo::worker worker(client, app, {.task_queue = shop::setting("ORDER_TASK_QUEUE", "order-task-queue")});
  worker.run();  // until Ctrl-C
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
