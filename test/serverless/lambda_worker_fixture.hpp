#pragma once
#include <gtest/gtest.h>
#include <signal.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/http/client.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/json.hpp"
#include "serverless/programs/greeting.hpp"
#include "support/deployment_operator.hpp"
#include "support/program.hpp"
#include "support/scratch.hpp"

namespace rondo::test {

namespace http = rondo::detail::http;
namespace io = rondo::detail::io;

struct listening {
  std::string address{};
};

/// GET /stats.
struct counted {
  int invocations = 0;
  int errors = 0;
  int timeouts = 0;
  int atWork = 0;      // NOLINT(readability-identifier-naming): as it is in the JSON
  int coldStarts = 0;  // NOLINT(readability-identifier-naming)
  int shutdowns = 0;
  long billedMs = 0;  // NOLINT(readability-identifier-naming)
};

/// What an invocation did.
struct told {
  std::string reason{};
  std::size_t lostPolls = 0;  // NOLINT(readability-identifier-naming): as it is in the JSON
};

/// What of a history shows that work was lost.
struct losses {
  int workflow_task_timeouts = 0;
  int repeated_activities = 0;
};

/// A Lambda worker as a program, in the emulator as a program, on the development server as a program.
class lambda_worker_test : public ::testing::Test {
 protected:
  lambda_worker_test() : server_(rondo_command({"server", "start-dev", "--port", "0", "-o", "json"})) {
    server_address_ = json::parse<listening>(server_.first_line()).address;
  }

  /// The program beside this one.
  void emulate(const std::string& program, words flags, const std::string& idle_timeout = "2s") {
    words command{"emulate",
                  "--lambda",
                  program_beside(program),
                  "-o",
                  "json",
                  "--no-event-retries",
                  "--env",
                  "TEMPORAL_ADDRESS=" + server_address_,
                  "--env",
                  "TEMPORAL_SERVERLESS_IDLE_TIMEOUT=" + idle_timeout,
                  "--env",
                  "LAMBDA_WORKER_NOTES=" + folder_.file("notes"),
                  "--env",
                  "LAMBDA_WORKER_PID=" + folder_.file("pid"),
                  "--env",
                  "LAMBDA_WORKER_GATE=" + folder_.file("gate")};
    command.insert(command.end(), flags.begin(), flags.end());
    emulator_ = std::make_unique<running_program>(rondo_command(std::move(command)));
    emulator_address_ = json::parse<listening>(emulator_->first_line()).address;
  }
  void emulate(words flags = {}) { emulate("lambda_worker", std::move(flags)); }

  http::response send(http::request what) {
    io::event_loop loop;
    http::client_connection to(loop, http::parse_address(emulator_address_));
    return loop.block_on(to.send(std::move(what), io::steady_clock::now() + std::chrono::seconds(80)));
  }
  http::response invoke(const std::string& type = "RequestResponse") {
    http::request what("POST", "/2015-03-31/functions/function/invocations");
    what.headers.add("X-Amz-Invocation-Type", type);
    return send(std::move(what));
  }
  /// The answer comes later.
  std::future<http::response> begin() {
    return std::async(std::launch::async, [this] { return invoke(); });
  }
  counted stats() { return json::parse<counted>(send(http::request("GET", "/stats")).body); }

  /// Makes the version known, and lets it have the tasks of the queue.
  void make_current() {
    ASSERT_EQ(invoke("Event").status, 202);
    deployment_operator(client(), "greetings").set_current("b1");
    ASSERT_TRUE(eventually([this] { return stats().atWork == 0; }));
  }
  const rondo::client& client() {
    if (!client_) client_ = std::make_unique<rondo::client>(connect_to(server_address_));
    return *client_;
  }
  start_workflow_options start(std::string_view id) const { return {.id = id, .task_queue = "greetings"}; }

  temporal::api::history::v1::History history_of(const std::string& workflow_id) {
    temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id(workflow_id);
    const auto reply =
        client().loop().block_on(io::call<temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryResponse>(
            *client().connection(), "GetWorkflowExecutionHistory", request));
    EXPECT_TRUE(reply.status.ok()) << reply.status.message;
    return reply.response.history();
  }
  /// The server has given a task of the workflow to a worker that did not answer yet.
  bool is_matched(const std::string& workflow_id) {
    const auto history = history_of(workflow_id);
    return history.events_size() > 0 &&
           history.events().rbegin()->event_type() == temporal::api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_STARTED;
  }
  /// An activity of the workflow is in work.
  bool runs_activity(const std::string& workflow_id) {
    temporal::api::workflowservice::v1::DescribeWorkflowExecutionRequest request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id(workflow_id);
    const auto reply =
        client().loop().block_on(io::call<temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse>(
            *client().connection(), "DescribeWorkflowExecution", request));
    return reply.response.pending_activities_size() > 0 &&
           reply.response.pending_activities(0).state() == temporal::api::enums::v1::PENDING_ACTIVITY_STATE_STARTED;
  }
  losses losses_of(const std::string& workflow_id) {
    losses found;
    const auto history = history_of(workflow_id);
    for (const auto& event : history.events()) {
      if (event.has_workflow_task_timed_out_event_attributes()) ++found.workflow_task_timeouts;
      if (event.activity_task_started_event_attributes().attempt() > 1) ++found.repeated_activities;
    }
    return found;
  }
  void expect_no_losses(const std::string& workflow_id) {
    const auto found = losses_of(workflow_id);
    EXPECT_EQ(found.workflow_task_timeouts, 0) << history_of(workflow_id).DebugString();
    EXPECT_EQ(found.repeated_activities, 0) << history_of(workflow_id).DebugString();
  }

  std::string text_of(const std::string& file) const {
    std::ifstream in(folder_.file(file));
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::string notes() const { return text_of("notes"); }
  /// Of the worker that was started last.
  pid_t worker_process() const { return std::stoi(text_of("pid")); }

  scratch folder_;
  running_program server_;
  std::string server_address_, emulator_address_;
  std::unique_ptr<running_program> emulator_;
  std::unique_ptr<rondo::client> client_;
};

}  // namespace rondo::test
