// The function. Where the server is, and with which key or certificate to connect, says temporal.toml in the zip, or
// the function's environment (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, ...).
#include <iostream>

#include "rondo/serverless/lambda.hpp"
#include "workflows.hpp"

int main() {
  shop::warehouse warehouse;
  return rondo::lambda::run_worker({.deployment_name = "orders", .build_id = "v1"}, [&warehouse](auto& config) {
    config.task_queue = shop::task_queue;
    config.registry.template workflow<shop::order_workflow>()
        .template activity<&shop::warehouse::reserve_stock>(warehouse)
        .template activity<&shop::warehouse::release_stock>(warehouse)
        .template activity<shop::process_payment>()
        .template activity<shop::update_order_status>();
    // After the answer the environment is frozen: what is buffered must be out before, as metrics would be here.
    config.on_shutdown([](const rondo::serverless::shutdown_info& info) {
      std::cout << "flushed metrics: " << info.so_far.workflow_tasks << " workflow tasks, " << info.so_far.activities
                << " activities" << std::endl;
    });
  });
}
