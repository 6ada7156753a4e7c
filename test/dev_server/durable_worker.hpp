#pragma once

#include <string>

#include "dev_server/scripted_worker.hpp"
#include "support/scratch.hpp"

namespace rondo::test {

/// As server_harness::defaults(), with a file in the folder.
inline server::options durable_options(const scratch& in) {
  auto settings = server_harness::defaults();
  settings.db_filename = in.file();
  return settings;
}

/// A server with a file and its workers: every answer waits until what it says is on disk.
struct durable_worker : scripted_worker {
  using scripted_worker::scripted_worker;

  void start_durably(const std::string& id) { wait_for<service::StartWorkflowExecutionResponse>(starting(id)); }
  void signal_durably(const std::string& id) { wait_for<service::SignalWorkflowExecutionResponse>(signaling(id)); }
  poll_response poll_durably(const std::string& queue = "queue") {
    return wait_for<poll_response>(poll_request(queue, false));
  }
  void complete_durably(const poll_response& task, const commands& with) {
    wait_for<complete_response>(completion(task, with));
  }
};

}  // namespace rondo::test
