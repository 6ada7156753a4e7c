#pragma once
#include <chrono>

#include "rondo/log.hpp"
#include "rondo/serverless/budget.hpp"
#include "rondo/serverless/options.hpp"
#include "rondo/serverless/report.hpp"

namespace rondo::serverless {

/// The log line of an invocation that is over.
inline void write_log(const report& of, const options& how) {
  const auto milliseconds = [](duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  const bool failed = of.reason == end_reason::error;
  const auto log = failed ? how.worker.logger.with({{"error", of.error}}) : how.worker.logger;
  log.log(failed ? log_level::error : log_level::info, failed ? "invocation failed" : "invocation ended",
          {{"requestId", of.request_id},
           {"reason", to_string(of.reason)},
           {"cold", of.cold},
           {"connectMs", milliseconds(of.connect)},
           {"firstPollMs", milliseconds(of.first_poll)},
           {"runMs", milliseconds(of.run)},
           {"idleMs", milliseconds(of.idle)},
           {"workflowTasks", of.workflow_tasks},
           {"activities", of.activities},
           {"failed", of.failed},
           {"handedBack", of.handed_back},
           {"lostPolls", of.lost_polls}});
  for (const auto& each : of.hook_errors) how.worker.logger.error(each);
}

}  // namespace rondo::serverless
