#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "serverless/lambda_worker_fixture.hpp"

namespace rondo::test {
namespace completing_test {

using LambdaWorker = lambda_worker_test;

TEST_F(LambdaWorker, CompletesWorkflows) {
  emulate({"--timeout", "30s"});
  make_current();
  EXPECT_EQ(notes(), "hook\n");

  const auto handle = client().start_workflow<greeting>(start("greeting-1"), std::string("ada"), 100).get();
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

}  // namespace completing_test
}  // namespace rondo::test
