#include "rondo/serverless/lambda_error.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/json.hpp"
#include "rondo/serverless/lambda_environment.hpp"
#include "rondo/serverless/runtime_api.hpp"

namespace lambda_error_test {

using namespace rondo::serverless;
using namespace std::chrono_literals;

TEST(LambdaError, TypesAreOfTheFormThatLambdaTakes) {
  EXPECT_EQ(error_type_of("Runtime.InvalidConfig"), "Runtime.InvalidConfig");
  EXPECT_EQ(error_type_of("Function.ResponseSizeTooLarge"), "Function.ResponseSizeTooLarge");
  for (const char* bad : {"Runtime.", "Runtime.x", "Runtime.X", "Runtime.Bad1", "Runtime.Bad Type", "Runtime.A.B"}) {
    EXPECT_EQ(error_type_of(bad), "Runtime.Unknown") << bad;
  }
  for (const char* bad :
       {"", "std::runtime_error", "Function.", "Function.lower", "Function.Two\r\nX: y", "function.Good"}) {
    EXPECT_EQ(error_type_of(bad), "Function.Unknown") << bad;
  }
}

struct told {
  std::string errorMessage, errorType;  // NOLINT(readability-identifier-naming): Lambda's names
  std::vector<std::string> stackTrace;  // NOLINT(readability-identifier-naming)
};

TEST(LambdaError, AnyBytesMakeValidJson) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const auto read = rondo::json::parse<told>(error_body({"Function.X\"", all + "ü€😀\"\\", {all, "b"}}));
  EXPECT_EQ(read.errorType, "Function.Unknown");
  EXPECT_EQ(read.errorMessage.substr(0, 128), all.substr(0, 128));
  EXPECT_EQ(read.errorMessage.substr(128, 6), "\uFFFD\uFFFD");
  EXPECT_TRUE(read.errorMessage.ends_with("ü€😀\"\\"));
  EXPECT_EQ(read.stackTrace.size(), 2U);
}

TEST(LambdaError, LongTextsAreCutBetweenCharacters) {
  std::string text;
  while (text.size() < 1'000'000) text += "€";
  const auto read = rondo::json::parse<told>(error_body({"Function.Ab", text, std::vector<std::string>(1000, text)}));
  EXPECT_LE(read.errorMessage.size(), 65536U);
  EXPECT_GT(read.errorMessage.size(), 65530U);
  EXPECT_EQ(read.errorMessage.size() % 3, 0U);
  EXPECT_EQ(read.stackTrace.size(), 64U);
}

TEST(LambdaError, XRayCauseFitsIntoAHeader) {
  const std::string cause = xray_cause({"Function.Ab", "ü😀\x7f\r\n\xff", {}}, "/var/task");
  EXPECT_EQ(cause,
            "{\"working_directory\":\"/var/task\",\"exceptions\":[{\"type\":\"Function.Ab\",\"message\":"
            "\"\\u00fc\\ud83d\\ude00\\u007f\\r\\n\\ufffd\",\"stack\":[]}],\"paths\":[]}");
  EXPECT_LT(xray_cause({"", std::string(2'000'000, '\xff'), {}}, "").size(), 64U * 1024);
}

TEST(LambdaEnvironment, IsReadFromVariables) {
  std::map<std::string, std::string> variables{{"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"},
                                               {"AWS_LAMBDA_FUNCTION_NAME", "orders"},
                                               {"AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"},
                                               {"AWS_LAMBDA_MAX_CONCURRENCY", "8"}};
  const auto read = [&variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  const auto all = lambda_environment_of(read);
  EXPECT_EQ(all.runtime_api, "127.0.0.1:9001");
  EXPECT_EQ(all.function_name, "orders");
  EXPECT_EQ(all.concurrency, 8U);
  EXPECT_TRUE(all.snap_start);
  for (const char* bad : {"0", "-1", "x", "8x", "99999"}) {
    variables["AWS_LAMBDA_MAX_CONCURRENCY"] = bad;
    EXPECT_THROW(lambda_environment_of(read), std::invalid_argument) << bad;
  }
  variables.clear();
  EXPECT_TRUE(lambda_environment_of(read).empty());
  EXPECT_EQ(lambda_environment_of(read).concurrency, 1U);
  EXPECT_FALSE(lambda_environment_of(read).snap_start);
}

http::response next_answer(const std::string& deadline) {
  http::response made(200, "{}");
  made.headers.add("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
  made.headers.add("LAMBDA-RUNTIME-INVOKED-FUNCTION-ARN", "arn:aws:lambda:x:1:function:f");
  made.headers.add("Lambda-Runtime-Trace-Id", "Root=1-a");
  made.headers.add("Lambda-Runtime-Aws-Tenant-Id", "t");
  if (!deadline.empty()) made.headers.add("Lambda-Runtime-Deadline-Ms", deadline);
  return made;
}

TEST(LambdaEvent, IsReadFromHeaders) {
  const auto now = rondo::serverless::time_point() + 1h;
  const auto wall = std::chrono::system_clock::from_time_t(1'700'000'000);
  const auto event = event_of(next_answer("1700000003000"), now, wall);
  EXPECT_EQ(event.invocation.provider, provider::aws_lambda);
  EXPECT_EQ(event.invocation.request_id, "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
  EXPECT_EQ(event.invocation.resource, "arn:aws:lambda:x:1:function:f");
  EXPECT_EQ(event.invocation.trace_id, "Root=1-a");
  EXPECT_EQ(event.invocation.payload, "{}");
  EXPECT_EQ(event.tenant_id, "t");
  EXPECT_EQ(event.invocation.deadline, now + 3s);
  // A deadline that is none is as good as a missing one.
  for (const char* bad : {"", "x", "17x", "-5", "99999999999999999999999"}) {
    EXPECT_EQ(event_of(next_answer(bad), now, wall).invocation.deadline, std::nullopt) << bad;
  }
}

TEST(LambdaEvent, NeedsARequestId) {
  auto answer = next_answer("");
  answer.headers.remove("Lambda-Runtime-Aws-Request-Id");
  EXPECT_THROW(event_of(std::move(answer), {}, {}), lambda_failure);
  // It becomes a part of a path.
  auto bad = next_answer("");
  bad.headers.set("Lambda-Runtime-Aws-Request-Id", "a/../b");
  EXPECT_THROW(event_of(std::move(bad), {}, {}), lambda_failure);
}

}  // namespace lambda_error_test
