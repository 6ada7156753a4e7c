#pragma once
#include <gtest/gtest.h>
#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/history/v1/message.pb.h>

#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "server/fixture.hpp"
#include "support/program.hpp"

namespace rondo::test {

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

/// Where the stock server looks for the services of clouds; empty beside other servers.
inline std::string provider_address() {
  const char* given = std::getenv("RONDO_TEST_PROVIDER");
  return given == nullptr ? std::string() : given;
}

inline int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// Invocations in the log of a serverless worker.
inline int begun_in(const std::string& log) { return count_of(log, R"("invocation began","requestId")"); }
/// Every invocation so far has ended, and there has been one.
inline bool all_ended_in(const std::string& log) {
  return begun_in(log) > 0 && begun_in(log) == count_of(log, R"("invocation ended","requestId")");
}

/// What a workflow's history says about the workers that it had.
struct course {
  /// Who took its workflow tasks, by their identities: a worker that is invoked has another one each time.
  std::set<std::string> workers;
  /// Workflow tasks that waited for a worker that had gone.
  int sticky_timeouts = 0;
  /// Tasks that somebody took and did not do.
  int lost_tasks = 0;
  int timers_fired = 0;
  int activities_completed = 0;
};

inline course course_of(const workflow_handle_base& of) {
  temporal::api::history::v1::History events;
  if (!events.ParseFromString(of.history().get().bytes())) throw std::runtime_error("this is no history");
  course seen;
  for (const auto& each : events.events()) {
    if (each.has_workflow_task_started_event_attributes()) {
      seen.workers.insert(each.workflow_task_started_event_attributes().identity());
    } else if (each.has_workflow_task_timed_out_event_attributes()) {
      const auto type = each.workflow_task_timed_out_event_attributes().timeout_type();
      ++(type == temporal::api::enums::v1::TIMEOUT_TYPE_SCHEDULE_TO_START ? seen.sticky_timeouts : seen.lost_tasks);
    } else if (each.has_activity_task_started_event_attributes()) {
      seen.lost_tasks += each.activity_task_started_event_attributes().attempt() - 1;
    }
    if (each.has_timer_fired_event_attributes()) ++seen.timers_fired;
    if (each.has_activity_task_completed_event_attributes()) ++seen.activities_completed;
  }
  return seen;
}

/// Runs beside the stock server alone. A test has a deployment of its own, and does with it what users do.
class stock_test : public server_test {
 protected:
  void SetUp() override {
    if (provider_address().empty()) GTEST_SKIP() << "this server starts no workers";
  }
  static program_end rondo(words command) {
    command.insert(command.end(), {"--address", server_address()});
    return run_program(rondo_command(std::move(command)));
  }
  program_end deployment(const char* command, words more = {}) const {
    words all{"worker", "deployment", command, "-d", name, "--build-id", "b1"};
    all.insert(all.end(), more.begin(), more.end());
    return rondo(std::move(all));
  }
  program_end doctor() const { return rondo({"doctor", "-d", name}); }
  /// The version's worker has polled.
  bool is_registered() const { return deployment("describe-version").out.find(queue) != std::string::npos; }

  /// The environment of a worker of the version, which leaves as early as it may.
  words worker_variables() const {
    return {"TEMPORAL_ADDRESS=" + server_address(), "TEMPORAL_TASK_QUEUE=" + queue, "TEMPORAL_DEPLOYMENT_NAME=" + name,
            "TEMPORAL_WORKER_BUILD_ID=b1", "TEMPORAL_SERVERLESS_IDLE_TIMEOUT=1200ms"};
  }

  const std::string name = "test-" + detail::random_uuid();
  const words agentcore{"--aws-agentcore-endpoint-arn",
                        "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/rt-x/runtime-endpoint/DEFAULT",
                        "--aws-agentcore-skip-role-and-external-id"};
  const words lambda{"--aws-lambda-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:f",
                     "--aws-lambda-skip-role-and-external-id"};
};

}  // namespace rondo::test
