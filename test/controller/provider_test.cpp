#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "controller/provider_fixture.hpp"
#include "rondo/controller/http.hpp"
#include "rondo/controller/process.hpp"
#include "support/scratch.hpp"

namespace rondo::test {
namespace provider_test {

using namespace std::chrono_literals;
using controller::failure_class;

struct http_provider : provider_fixture {
  controller::http_provider_config config() const { return {.url = endpoint.url()}; }
};

TEST_F(http_provider, posts_what_it_is_for) {
  controller::http_provider provider(client, config());
  auto what = request();
  what.version = {"orders", "b1"};
  const auto outcome = invoke(provider, what);
  EXPECT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome.ended);
  ASSERT_EQ(endpoint.posts.size(), 1U);
  auto& got = endpoint.posts[0];
  EXPECT_EQ(got.headers["x-rondo-invocation-id"], "i-1");
  EXPECT_EQ(got.headers["content-type"], "application/json");
  EXPECT_FALSE(got.headers.contains("authorization"));
  EXPECT_FALSE(got.headers.contains("x-rondo-signature"));
  EXPECT_TRUE(has(got.body, R"({"namespace":"ns","task_queue":"queue","kind":"workflow",)"));
  EXPECT_TRUE(has(got.body, R"("deployment":{"name":"orders","build_id":"b1"},"backlog":3,"time":")"));
  EXPECT_TRUE(has(got.body, R"(,"invocation_id":"i-1","target":"orders"})"));
  EXPECT_NO_THROW(json::check(got.body));
}

TEST_F(http_provider, proves_who_it_is) {
  auto with = config();
  with.secret = "key";
  with.bearer_token = "token-1";
  controller::http_provider provider(client, with);
  EXPECT_TRUE(invoke(provider).ok());
  auto& got = endpoint.posts.at(0);
  EXPECT_EQ(got.headers["authorization"], "Bearer token-1");
  EXPECT_EQ(got.headers["x-rondo-signature"],
            detail::crypto::request_signature("key", got.headers["x-rondo-timestamp"], got.body));
  EXPECT_NE(got.headers["x-rondo-signature"],
            detail::crypto::request_signature("other", got.headers["x-rondo-timestamp"], got.body));
}

TEST_F(http_provider, tells_failures_apart) {
  controller::http_provider provider(client, config());
  const std::vector<std::pair<int, failure_class>> cases = {
      {200, failure_class::none},        {204, failure_class::none},          {302, failure_class::rejected},
      {400, failure_class::rejected},    {401, failure_class::access_denied}, {403, failure_class::access_denied},
      {404, failure_class::not_found},   {410, failure_class::not_found},     {408, failure_class::unavailable},
      {429, failure_class::throttled},   {500, failure_class::internal},      {502, failure_class::unavailable},
      {503, failure_class::unavailable}, {504, failure_class::unavailable},   {0, failure_class::unavailable},
  };
  for (const auto& [status, wanted] : cases) {
    answer_with(status);
    const auto outcome = invoke(provider);
    EXPECT_EQ(outcome.failure, wanted) << status << " " << outcome.message;
    EXPECT_TRUE(outcome.ended);
  }
  answer_with(202);
  EXPECT_TRUE(invoke(provider).ok());
  EXPECT_FALSE(invoke(provider).ended) << "accepted: its end is not told";
  answer_with(429, "{}", "Retry-After: 7\r\n");
  EXPECT_EQ(invoke(provider).retry_after_ms, 7'000);
  answer_with(503, "{}", "Retry-After: Fri, 01 Jan 2027 00:00:00 GMT\r\n");
  EXPECT_EQ(invoke(provider).retry_after_ms, 0);
}

TEST_F(http_provider, gives_up_endpoints_that_hang_or_are_not_there) {
  endpoint.on_post = [](http_receiver::post&) {};
  auto with = config();
  with.timeout = 30ms;
  controller::http_provider hanging(client, with);
  EXPECT_EQ(invoke(hanging).failure, failure_class::unavailable);
  controller::http_provider nobody(client, {.url = "http://127.0.0.1:" + std::to_string(free_port())});
  EXPECT_EQ(invoke(nobody).failure, failure_class::unavailable);
}

TEST_F(http_provider, refuses_urls_that_are_none_without_repeating_them) {
  for (const char* url : {"ftp://host/hunter2", "nonsense", "http://", "http://me:hunter2@host/"}) {
    try {
      controller::http_provider provider(client, {.url = url});
      ADD_FAILURE() << url;
    } catch (const std::invalid_argument& wrong) {
      EXPECT_FALSE(has(wrong.what(), "hunter2")) << wrong.what();
    }
  }
}

TEST_F(http_provider, reaches_listed_hosts_only) {
  controller::gateway out(client, {"127.0.0.1:1"});
  controller::http_request request;
  request.url = endpoint.url();
  const auto response = loop.block_on(out.send(request));
  EXPECT_EQ(response.status, 0);
  EXPECT_TRUE(endpoint.posts.empty());
  EXPECT_EQ(controller::outcome_of(response).failure, failure_class::rejected);
  using controller::is_listed;
  EXPECT_TRUE(is_listed({"a.org"}, "a.org"));
  EXPECT_TRUE(is_listed({"a.org"}, "a.org:8080"));
  EXPECT_FALSE(is_listed({"a.org:80"}, "a.org:8080"));
  EXPECT_TRUE(is_listed({"*.a.org"}, "b.a.org"));
  EXPECT_FALSE(is_listed({"*.a.org"}, "a.org"));
  EXPECT_FALSE(is_listed({"*.a.org"}, "ba.org"));
  EXPECT_FALSE(is_listed({"a.org"}, "evil-a.org"));
  EXPECT_TRUE(is_listed({"[::1]"}, "[::1]:80"));
  EXPECT_FALSE(is_listed({}, "a.org"));
}

struct process_provider : provider_fixture {
  scratch own;

  std::string file(const char* name) const { return own.file(name); }
  static std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  /// Runs a line of shell, which the provider itself never does.
  controller::process_provider_config shell(const std::string& line) const {
    return {.command = "/bin/sh", .arguments = {"-c", line}};
  }
};

TEST_F(process_provider, runs_a_program_to_its_end) {
  auto config = shell("printf '%s %s %s' \"$RONDO_INVOCATION_ID\" \"$TEMPORAL_TASK_QUEUE\" \"$OWN\" > " + file("out"));
  config.environment["OWN"] = "x; echo no shell";
  controller::process_provider provider(loop, config);
  const auto outcome = invoke(provider);
  EXPECT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_TRUE(outcome.ended);
  EXPECT_EQ(text_of(file("out")), "i-1 queue x; echo no shell");
}

TEST_F(process_provider, passes_arguments_as_they_are) {
  controller::process_provider provider(loop, {.command = "touch", .arguments = {file("a b;c"), "--", file("$(id)")}});
  EXPECT_TRUE(invoke(provider).ok());
  EXPECT_TRUE(std::filesystem::exists(file("a b;c")));
  EXPECT_TRUE(std::filesystem::exists(file("$(id)")));
}

TEST_F(process_provider, tells_how_a_program_failed) {
  controller::process_provider three(loop, shell("exit 3"));
  auto outcome = invoke(three);
  EXPECT_EQ(outcome.failure, failure_class::internal);
  EXPECT_EQ(outcome.message, "the command ended with status 3");
  controller::process_provider killed(loop, shell("kill -9 $$"));
  EXPECT_EQ(invoke(killed).message, "the command died of signal 9");
  controller::process_provider missing(loop, {.command = "/nowhere/at/all"});
  EXPECT_EQ(invoke(missing).failure, failure_class::not_found);
  EXPECT_EQ(validate(missing).failure, failure_class::not_found);
  std::ofstream(file("plain")) << "text";
  controller::process_provider plain(loop, {.command = file("plain")});
  EXPECT_EQ(invoke(plain).failure, failure_class::access_denied);
  EXPECT_EQ(validate(plain).failure, failure_class::access_denied);
  controller::process_provider unknown(loop, {.command = "rondo-no-such-command"});
  EXPECT_EQ(validate(unknown).failure, failure_class::not_found);
  controller::process_provider known(loop, {.command = "sh"});
  EXPECT_TRUE(validate(known).ok());
}

TEST_F(process_provider, ends_a_program_whose_time_is_over) {
  auto config = shell("trap 'echo drained > " + file("out") + "; exit 0' TERM; while :; do sleep 0.01; done");
  config.timeout = 100ms;
  controller::process_provider polite(loop, config);
  EXPECT_TRUE(invoke(polite).ok());
  EXPECT_EQ(text_of(file("out")), "drained\n");

  auto stubborn_config = shell("trap '' TERM; echo $$ > " + file("pid") + "; while :; do sleep 0.01; done");
  stubborn_config.timeout = 100ms;
  stubborn_config.grace = 50ms;
  controller::process_provider stubborn(loop, stubborn_config);
  const auto outcome = invoke(stubborn);
  EXPECT_EQ(outcome.failure, failure_class::internal);
  EXPECT_TRUE(has(outcome.message, "had to be killed")) << outcome.message;
  EXPECT_NE(kill(std::stoi(text_of(file("pid"))), 0), 0) << "it is gone";
}

TEST_F(process_provider, ends_its_programs_when_the_controller_stops) {
  auto config = shell("trap 'exit 0' TERM; echo up > " + file("up") + "; while :; do sleep 0.01; done");
  controller::process_provider provider(loop, config);
  std::optional<controller::provider_outcome> outcome;
  auto work = [&]() -> asio::awaitable<void> { outcome = co_await provider.invoke(request()); };
  asio::co_spawn(loop.executor(), work, [](std::exception_ptr error) { EXPECT_EQ(error, nullptr); });
  loop.run_until([&] { return std::filesystem::exists(file("up")); });
  provider.stop();
  loop.run_until([&] { return outcome.has_value(); });
  EXPECT_TRUE(outcome->ok()) << outcome->message;
}

}  // namespace provider_test
}  // namespace rondo::test
