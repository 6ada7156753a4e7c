#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/http/client.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/json.hpp"
#include "serverless/programs/greeting.hpp"
#include "support/deployment_operator.hpp"
#include "support/program.hpp"
#include "support/scratch.hpp"

// A Lambda worker as a program, in the emulator as a program, on the development server as a program.
namespace rondo::test {
namespace {

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

class LambdaWorker : public ::testing::Test {
 protected:
  LambdaWorker() : server_(rondo_command({"server", "start-dev", "--port", "0", "-o", "json"})) {
    server_address_ = json::parse<listening>(server_.first_line()).address;
  }

  void emulate(words flags = {}) {
    words command{"emulate",
                  "--lambda",
                  program_beside("lambda_worker"),
                  "-o",
                  "json",
                  "--no-event-retries",
                  "--env",
                  "TEMPORAL_ADDRESS=" + server_address_,
                  "--env",
                  "TEMPORAL_SERVERLESS_IDLE_TIMEOUT=2s",
                  "--env",
                  "LAMBDA_WORKER_NOTES=" + folder_.file("notes")};
    command.insert(command.end(), flags.begin(), flags.end());
    emulator_ = std::make_unique<running_program>(rondo_command(std::move(command)));
    emulator_address_ = json::parse<listening>(emulator_->first_line()).address;
  }
  http::response send(http::request what) {
    http::client_connection to(loop_, http::parse_address(emulator_address_));
    return loop_.block_on(to.send(std::move(what), io::steady_clock::now() + std::chrono::seconds(80)));
  }
  http::response invoke(const std::string& type = "RequestResponse") {
    http::request what("POST", "/2015-03-31/functions/function/invocations");
    what.headers.add("X-Amz-Invocation-Type", type);
    return send(std::move(what));
  }
  counted stats() { return json::parse<counted>(send(http::request("GET", "/stats")).body); }
  std::string notes() const {
    std::ifstream file(folder_.file("notes"));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  scratch folder_;
  io::event_loop loop_;
  running_program server_;
  std::string server_address_, emulator_address_;
  std::unique_ptr<running_program> emulator_;
};

TEST_F(LambdaWorker, CompletesWorkflows) {
  emulate({"--timeout", "30s"});
  // The first invocation makes the version known.
  ASSERT_EQ(invoke("Event").status, 202);
  const auto through = connect_to(server_address_);
  deployment_operator(through, "greetings").set_current("b1");
  ASSERT_TRUE(eventually([this] { return stats().atWork == 0; }));
  EXPECT_EQ(notes(), "hook\n");

  const auto handle =
      through.start_workflow<greeting>({.id = "greeting-1", .task_queue = "greetings"}, std::string("ada"), 100).get();
  const auto answer = invoke();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("X-Amz-Function-Error"), "") << answer.body;
  EXPECT_NE(answer.body.find("\"reason\":\"idle\",\"cold\":false"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("\"activities\":2,\"failed\":0,\"handedBack\":0,\"lostPolls\":0"), std::string::npos)
      << answer.body;
  EXPECT_EQ(handle.result().get(), "hello ada, hello again");

  emulator_->send(SIGTERM);
  const auto ended = emulator_->wait();
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto lines = ended.out.substr(ended.out.find('\n') + 1);
  const auto last = json::parse<counted>(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(last.invocations, 2);
  EXPECT_EQ(last.coldStarts, 1);
  EXPECT_EQ(last.errors, 0);
  EXPECT_EQ(last.timeouts, 0);
  EXPECT_EQ(last.shutdowns, 1);
  EXPECT_EQ(notes(), "hook\nhook\n");
}

TEST_F(LambdaWorker, BreaksNoPollOffWhenThereIsNothingToDo) {
  emulate({"--timeout", "30s"});
  for (int i = 0; i < 2; ++i) {
    const auto answer = invoke();
    EXPECT_NE(answer.body.find("\"reason\":\"idle\""), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find("\"lostPolls\":0"), std::string::npos) << answer.body;
  }
}

TEST_F(LambdaWorker, SaysWhyItCannotStart) {
  emulate({"--argument", "no queue"});
  const auto queue = invoke();
  EXPECT_EQ(queue.headers.get("X-Amz-Function-Error"), "Unhandled");
  EXPECT_NE(queue.body.find("\"errorType\":\"Runtime.InvalidConfig\""), std::string::npos) << queue.body;
  EXPECT_NE(queue.body.find("no task queue is configured"), std::string::npos) << queue.body;
  emulate({"--argument", "throw"});
  const auto thrown = invoke();
  EXPECT_NE(thrown.body.find("\"errorMessage\":\"no secret, no worker\",\"errorType\":\"Runtime.InitError\""),
            std::string::npos)
      << thrown.body;
}

TEST_F(LambdaWorker, ATimeoutWithoutTimeForWorkIsAnError) {
  emulate({"--timeout", "3s"});
  const auto answer = invoke();
  EXPECT_EQ(answer.headers.get("X-Amz-Function-Error"), "Unhandled");
  EXPECT_NE(answer.body.find("Runtime.NotEnoughTime"), std::string::npos) << answer.body;
  EXPECT_EQ(notes(), "hook\n");
}

TEST_F(LambdaWorker, NeedsLambda) {
  const auto ended = run_program({program_beside("lambda_worker")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.err.find("AWS_LAMBDA_RUNTIME_API is not set"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace rondo::test
