// A worker that is invoked by HTTP: a request to http://127.0.0.1:9233 is one run, which ends when the server has
// nothing more to do. The environment says where the server is (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, ...) and which
// secret requests are signed with (RONDO_HTTP_SECRET).
#include <chrono>

#include "rondo/serverless/http.hpp"
#include "workflows.hpp"

int main() {
  using namespace std::chrono_literals;
  return rondo::http::run_worker([](auto& config) {
    config.task_queue = greetings::task_queue;
    config.registry.template workflow<greetings::greet_twice>().template activity<greetings::compose>();
    // A run ends when its polls come back empty; how long they wait, the server says (--task-poll-expiration).
    config.idle_timeout = 0s;
    config.poll_cap = 60s;
  });
}
