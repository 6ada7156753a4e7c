// Runs the flows. It is invoked by HTTP itself, so it too runs only while there is something to do.
#include "rondo/serverless/http.hpp"
#include "workflows.hpp"

int main() {
  site::pages pages;
  return rondo::http::run_worker([&pages](auto& config) {
    config.task_queue = site::task_queue;
    config.registry.template workflow<site::publish_page>()
        .template workflow<site::remove_page>()
        .template activity<&site::pages::publish>(pages)
        .template activity<&site::pages::take_down>(pages)
        .template activity<site::announce>();
  });
}
