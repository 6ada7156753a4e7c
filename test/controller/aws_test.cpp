#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "controller/provider_fixture.hpp"
#include "rondo/controller/lambda.hpp"
#include "rondo/detail/aws/signature.hpp"

namespace rondo::test {
namespace aws_test {

namespace aws = rondo::detail::aws;
using controller::failure_class;

const aws::credentials example{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};

std::string signature_of(const aws::unsigned_request& what, const aws::credentials& by = example,
                         const std::string& region = "us-east-1", const std::string& service = "service") {
  const auto headers = aws::sign(what, by, region, service, "20150830T123600Z");
  return headers.back().second.substr(headers.back().second.rfind('=') + 1);
}

// The first three are AWS's own test vectors, the others were computed with botocore.
TEST(aws_signature, is_the_one_that_aws_computes) {
  const std::pair<std::string, std::string> host{"Host", "example.amazonaws.com"};
  EXPECT_EQ(signature_of({.method = "GET", .path = "/", .headers = {host}}),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(
      signature_of(
          {.method = "GET", .path = "/", .query = {{"Param2", "value2"}, {"Param1", "value1"}}, .headers = {host}}),
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(signature_of({.method = "POST", .path = "/", .headers = {host}}),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  aws::credentials with_token = example;
  with_token.session_token = "TOKEN";
  EXPECT_EQ(signature_of({.method = "POST",
                          .path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/"
                                  "invocations",
                          .headers = {{"Host", "lambda.eu-west-1.amazonaws.com"}, {"X-Amz-Invocation-Type", "Event"}},
                          .body = "{\"a\":1}"},
                         with_token, "eu-west-1", "lambda"),
            "f059ed5291308d36b2d60d22b12a6b161461dd375d617e53c55006b35beefc1c");
  EXPECT_EQ(signature_of({.method = "GET",
                          .path = "/a%20b/%C3%A9",
                          .query = {{"x", "a b/~"}, {"empty", ""}},
                          .headers = {host, {"My-Header", "  a   b  "}}}),
            "a2573a546919c98ef6edffe22140d3ce1a2b70ac582b76e707f2a6b5734cd0b7");
}

TEST(aws_signature, names_what_was_signed) {
  const auto headers =
      aws::sign({.method = "GET", .path = "/", .headers = {{"Host", "h"}}}, example, "r", "s", "20150830T123600Z");
  EXPECT_EQ(headers.back().first, "Authorization");
  EXPECT_EQ(headers.back().second.substr(0, headers.back().second.rfind('=')),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/r/s/aws4_request, SignedHeaders=host;x-amz-date, "
            "Signature");
  EXPECT_EQ(
      controller::detail_aws::signing_time(std::chrono::system_clock::time_point(std::chrono::seconds(1440938160))),
      "20150830T123600Z");
}

constexpr const char* function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:worker";
constexpr const char* function_path =
    "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aworker";

struct lambda_provider : provider_fixture {
  std::map<std::string, std::string> variables{{"AWS_ACCESS_KEY_ID", "AKIDOWN"},
                                               {"AWS_SECRET_ACCESS_KEY", "own-secret-key"}};

  controller::variable_lookup lookup() {
    return [this](const char* name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::string() : found->second;
    };
  }
  controller::lambda_provider_config config() const {
    controller::lambda_provider_config made;
    made.function_arn = function_arn;
    made.lambda_endpoint = endpoint_url();
    made.sts_endpoint = endpoint_url();
    return made;
  }
  static std::string assumed(const std::string& expires) {
    return "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"
           "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser><Credentials>"
           "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret-key</SecretAccessKey>"
           "<SessionToken>role-session-token</SessionToken><Expiration>" +
           expires + "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
  }
  /// STS answers with credentials, Lambda with that status.
  void serve(const std::string& expires, int lambda_status = 202) {
    endpoint.on_post = [this, expires, lambda_status](http_receiver::post& got) {
      const bool sts = got.target == "/";
      endpoint.answer_body = sts ? assumed(expires) : "";
      got.answer(sts ? 200 : lambda_status);
    };
  }
};

TEST_F(lambda_provider, invokes_asynchronously_with_a_signed_request) {
  controller::lambda_provider provider(client, config(), lookup());
  answer_with(202, "");
  const auto outcome = invoke(provider);
  EXPECT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_FALSE(outcome.ended) << "nobody tells its end";
  auto& got = endpoint.posts.at(0);
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.target, std::string(function_path) + "/invocations");
  EXPECT_EQ(got.headers["x-amz-invocation-type"], "Event");
  EXPECT_TRUE(has(got.body, "\"invocation_id\":\"i-1\""));
  const aws::unsigned_request same{
      .method = "POST",
      .path = got.target,
      .headers = {{"Host", "127.0.0.1:" + std::to_string(endpoint.port())}, {"X-Amz-Invocation-Type", "Event"}},
      .body = got.body};
  const auto again =
      aws::sign(same, {"AKIDOWN", "own-secret-key", ""}, "eu-west-1", "lambda", got.headers["x-amz-date"]);
  EXPECT_EQ(got.headers["authorization"], again.back().second);
  EXPECT_EQ(got.headers["host"], "127.0.0.1:" + std::to_string(endpoint.port()));
}

TEST_F(lambda_provider, assumes_a_role_and_keeps_its_credentials) {
  auto with = config();
  with.role.arn = "arn:aws:iam::123456789012:role/invoker";
  with.role.external_id = "ext/1";
  controller::lambda_provider provider(client, with, lookup());
  serve("2999-01-01T00:00:00Z");
  EXPECT_TRUE(invoke(provider).ok());
  EXPECT_TRUE(invoke(provider).ok());
  ASSERT_EQ(endpoint.posts.size(), 3U) << "the role is assumed once";
  EXPECT_TRUE(has(endpoint.posts[0].body, "Action=AssumeRole&Version=2011-06-15&"));
  EXPECT_TRUE(has(endpoint.posts[0].body, "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Finvoker&"));
  EXPECT_TRUE(has(endpoint.posts[0].body, "&ExternalId=ext%2F1"));
  EXPECT_TRUE(has(endpoint.posts[0].headers["authorization"], "Credential=AKIDOWN/"));
  EXPECT_TRUE(has(endpoint.posts[0].headers["authorization"], "/eu-west-1/sts/aws4_request"));
  EXPECT_TRUE(has(endpoint.posts[1].headers["authorization"], "Credential=ASIAROLE/"));
  EXPECT_EQ(endpoint.posts[1].headers["x-amz-security-token"], "role-session-token");
}

TEST_F(lambda_provider, renews_what_is_about_to_expire) {
  auto with = config();
  with.role.arn = "arn:aws:iam::123456789012:role/invoker";
  controller::lambda_provider provider(client, with, lookup());
  serve("2020-01-01T00:00:00Z");
  EXPECT_TRUE(invoke(provider).ok());
  EXPECT_TRUE(invoke(provider).ok());
  EXPECT_EQ(endpoint.posts.size(), 4U);
  EXPECT_FALSE(has(endpoint.posts[0].body, "ExternalId"));
}

TEST_F(lambda_provider, tells_failures_apart_without_credentials) {
  controller::lambda_provider provider(client, config(), lookup());
  answer_with(429, R"({"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","Message":"Rate Exceeded."})",
              "x-amzn-ErrorType: TooManyRequestsException\r\n");
  auto outcome = invoke(provider);
  EXPECT_EQ(outcome.failure, failure_class::throttled);
  EXPECT_EQ(outcome.message, "status 429: TooManyRequestsException: Rate Exceeded.");
  answer_with(403, R"({"message":"The key AKIDOWN with own-secret-key is not right"})",
              "x-amzn-ErrorType: AccessDeniedException:http://internal\r\n");
  outcome = invoke(provider);
  EXPECT_EQ(outcome.failure, failure_class::access_denied);
  EXPECT_EQ(outcome.message, "status 403: AccessDeniedException: The key *** with *** is not right");
  answer_with(404, R"({"Message":"Function not found"})", "x-amzn-ErrorType: ResourceNotFoundException\r\n");
  EXPECT_EQ(validate(provider).failure, failure_class::not_found);
  EXPECT_EQ(endpoint.posts.back().method, "GET");
  EXPECT_EQ(endpoint.posts.back().target, function_path);
  answer_with(500, "no json");
  EXPECT_EQ(invoke(provider).failure, failure_class::internal);
}

TEST_F(lambda_provider, tells_that_a_role_cannot_be_assumed) {
  auto with = config();
  with.role.arn = "arn:aws:iam::123456789012:role/invoker";
  controller::lambda_provider provider(client, with, lookup());
  answer_with(403,
              "<ErrorResponse><Error><Code>AccessDenied</Code><Message>own-secret-key may not</Message></Error>"
              "</ErrorResponse>");
  const auto outcome = invoke(provider);
  EXPECT_EQ(outcome.failure, failure_class::access_denied);
  EXPECT_EQ(
      outcome.message,
      "the role 'arn:aws:iam::123456789012:role/invoker' cannot be assumed: status 403: AccessDenied: *** may not");
  EXPECT_EQ(endpoint.posts.size(), 1U);
}

TEST_F(lambda_provider, takes_credentials_from_the_container) {
  variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint_url() + "/creds"},
               {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token"}};
  controller::lambda_provider provider(client, config(), lookup());
  endpoint.on_post = [this](http_receiver::post& got) {
    const bool asked = got.target == "/creds";
    endpoint.answer_body =
        asked ? R"({"AccessKeyId":"ASIABOX","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"})"
              : "";
    got.answer(asked ? 200 : 202);
  };
  EXPECT_TRUE(invoke(provider).ok());
  EXPECT_TRUE(invoke(provider).ok());
  ASSERT_EQ(endpoint.posts.size(), 3U);
  EXPECT_EQ(endpoint.posts[0].headers["authorization"], "container-token");
  EXPECT_TRUE(has(endpoint.posts[1].headers["authorization"], "Credential=ASIABOX/"));
  EXPECT_EQ(endpoint.posts[1].headers["x-amz-security-token"], "t");
}

TEST_F(lambda_provider, does_not_take_credentials_from_anywhere) {
  variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.org/creds"}};
  controller::lambda_provider elsewhere(client, config(), lookup());
  EXPECT_TRUE(has(invoke(elsewhere).message, "a host that credentials must not come from"));
  variables.clear();
  controller::lambda_provider none(client, config(), lookup());
  const auto outcome = invoke(none);
  EXPECT_EQ(outcome.failure, failure_class::access_denied);
  EXPECT_TRUE(has(outcome.message, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
  EXPECT_TRUE(endpoint.posts.empty());
}

TEST_F(lambda_provider, checks_its_configuration) {
  for (const char* arn :
       {"", "worker", "arn:aws:lambda::1:function:f", "arn:aws:sqs:r:1:function:f", "arn:aws:lambda:r:1:layer:f"}) {
    auto with = config();
    with.function_arn = arn;
    EXPECT_THROW(controller::lambda_provider(client, with), std::invalid_argument) << arn;
  }
  auto with = config();
  with.lambda_endpoint = "https://host/path";
  EXPECT_THROW(controller::lambda_provider(client, with), std::invalid_argument);
  with.lambda_endpoint.clear();
  with.sts_endpoint.clear();
  EXPECT_EQ(controller::lambda_provider(client, with).hosts(),
            (std::vector<std::string>{"lambda.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"}));
}

}  // namespace aws_test
}  // namespace rondo::test
