#include "rondo/serverless/emulator.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/http/client.hpp"
#include "rondo/detail/http/server.hpp"
#include "rondo/detail/http/url.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/json.hpp"
#include "support/program.hpp"
#include "support/scratch.hpp"

namespace emulator_test {

using namespace rondo::serverless;
using namespace std::chrono_literals;
namespace io = rondo::detail::io;

io::time_point limit() { return io::steady_clock::now() + 80s; }

/// What the bootstrap of the tests answers.
struct answer {
  int pid = 0;
  bool cold = false;
  int sequence = 0;
  std::string id{};
  std::string trace{};
};

/// One letter for what the kernel says of a process: T is stopped, S sleeps; '-' when there is none.
char state_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  return end == std::string::npos ? '-' : line[end + 2];
}

class Emulator : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.command = {rondo::test::program_beside("lambda_bootstrap")};
    options_.environment = {"BOOTSTRAP_NOTES=" + notes_path(), "BOOTSTRAP_GATE=" + gate_path()};
    options_.event_retry_delays.clear();
  }

  emulator& start() {
    emulator_ = std::make_unique<emulator>(loop_, options_);
    return *emulator_;
  }
  void behave(const std::string& how) { options_.environment.push_back("BOOTSTRAP=" + how); }
  std::string notes_path() const { return folder_.file("notes"); }
  std::string gate_path() const { return folder_.file("gate"); }
  void open_gate() const { std::ofstream(gate_path()) << "open"; }
  std::string notes() const {
    std::ifstream file(notes_path());
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  http::response post(const std::string& target, std::string body, const std::string& type = {}) {
    http::request what("POST", target, std::move(body));
    if (!type.empty()) what.headers.add("X-Amz-Invocation-Type", type);
    return send(std::move(what));
  }
  http::response get(const std::string& target) { return send(http::request("GET", target)); }
  http::response send(http::request what) {
    http::client_connection client(loop_, http::parse_address(emulator_->address()));
    return loop_.block_on(client.send(std::move(what), limit()));
  }
  http::response invoke(const std::string& payload = "{}") { return post(path_ + "/invocations", payload); }
  /// When no environment is at work: a program that has answered works until it asks for the next event.
  http::response invoke_later(const std::string& payload = "{}") {
    wait([this] { return stats().at_work == 0; });
    return invoke(payload);
  }
  answer invoke_well(const std::string& payload = "{}") {
    const auto got = invoke_later(payload);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.headers.get("X-Amz-Function-Error"), "") << got.body;
    return rondo::json::parse<answer>(got.body);
  }
  /// Begins an invocation; its result comes into the list.
  void begin(const std::string& payload) {
    asio::co_spawn(loop_.executor(), emulator_->invoke(payload),
                   [this](const std::exception_ptr&, invocation_result got) { results_.push_back(std::move(got)); });
  }
  void stop() { loop_.block_on(emulator_->stop(limit())); }
  template <class Predicate>
  void wait(Predicate holds) {
    const auto until = limit();
    // Much of what is waited for happens in other processes, so the loop does not notice it.
    while (!holds() && io::steady_clock::now() < until) loop_.block_on(io::sleep_for(loop_, 1ms));
    ASSERT_TRUE(holds());
  }
  emulator_stats stats() const { return emulator_->stats(); }

  io::event_loop loop_;
  rondo::test::scratch folder_;
  emulator_options options_;
  std::unique_ptr<emulator> emulator_;
  std::vector<invocation_result> results_;
  const std::string path_ = "/2015-03-31/functions/function";
};

TEST_F(Emulator, AnEnvironmentServesOneEventAfterTheOther) {
  start();
  const auto first = invoke_well();
  const auto second = invoke_well();
  EXPECT_TRUE(first.cold);
  EXPECT_FALSE(second.cold);
  EXPECT_EQ(first.pid, second.pid);
  EXPECT_EQ(second.sequence, 2);
  EXPECT_NE(first.id, second.id);
  EXPECT_TRUE(first.trace.starts_with("Root=1-")) << first.trace;
  wait([this] { return stats().billed_ms > 0; });
  EXPECT_EQ(stats().cold_starts, 1U);
  EXPECT_EQ(stats().invocations, 2U);
  EXPECT_EQ(stats().init_ms.size(), 1U);
  EXPECT_EQ(stats().errors, 0U);
}

TEST_F(Emulator, AParkedProgramIsFrozenAndThawed) {
  start();
  const int pid = invoke_well().pid;
  wait([pid] { return state_of(pid) == 'T'; });
  EXPECT_EQ(invoke_well().pid, pid);
  wait([pid] { return state_of(pid) == 'T'; });
}

TEST_F(Emulator, FreezingCanBeOff) {
  options_.freeze = false;
  start();
  const int pid = invoke_well().pid;
  wait([this] { return stats().billed_ms > 0; });
  invoke_well();
  EXPECT_NE(state_of(pid), 'T');
}

TEST_F(Emulator, MoreThanTheConcurrencyIsThrottled) {
  options_.max_concurrency = 2;
  start();
  begin("\"wait\"");
  begin("\"wait\"");
  wait([this] { return stats().invocations == 2; });
  const auto refused = invoke();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.get("x-amzn-ErrorType"), "TooManyRequestsException");
  EXPECT_NE(refused.body.find("\"Type\":\"User\""), std::string::npos);
  EXPECT_EQ(post(path_ + "/invocations", "", "Event").status, 429);
  EXPECT_EQ(stats().throttles, 2U);
  EXPECT_EQ(stats().peak_concurrency, 2U);
  open_gate();
  wait([this] { return results_.size() == 2; });
  EXPECT_EQ(stats().environments, 2U);
  EXPECT_EQ(stats().errors, 0U);
}

TEST_F(Emulator, ErrorsOfTheFunctionAreAnswers) {
  start();
  const auto failed = invoke("\"fail\"");
  EXPECT_EQ(failed.status, 200);
  EXPECT_EQ(failed.headers.get("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(failed.body, R"({"errorMessage":"it failed","errorType":"Function.Failed","stackTrace":[]})");
  EXPECT_NE(invoke_later("\"throw\"").body.find("thrown \uFFFD"), std::string::npos);
  const auto large = invoke_later("\"large\"");
  EXPECT_NE(large.body.find("Function.ResponseSizeTooLarge"), std::string::npos) << large.body;
  // The environment has survived all that.
  EXPECT_EQ(invoke_well().sequence, 4);
  EXPECT_EQ(stats().errors, 3U);
}

TEST_F(Emulator, AProgramThatExitsIsReplaced) {
  start();
  const int pid = invoke_well().pid;
  const auto gone = invoke_later("\"exit\"");
  EXPECT_EQ(gone.headers.get("X-Amz-Function-Error"), "Unhandled");
  EXPECT_NE(gone.body.find("Runtime.ExitError"), std::string::npos);
  EXPECT_NE(gone.body.find("exit status 3"), std::string::npos) << gone.body;
  const auto next = invoke_well();
  EXPECT_TRUE(next.cold);
  EXPECT_NE(next.pid, pid);
}

TEST_F(Emulator, AnIdleProgramThatDiesIsReplaced) {
  start();
  const int pid = invoke_well().pid;
  ::kill(pid, SIGKILL);
  wait([this] { return stats().environments == 0; });
  EXPECT_TRUE(invoke_well().cold);
}

TEST_F(Emulator, WhatTakesTooLongIsKilled) {
  options_.timeout = 100ms;
  start();
  const int pid = invoke_well().pid;
  const auto late = invoke_later("\"hang\"");
  EXPECT_EQ(late.status, 200);
  EXPECT_NE(late.body.find("Task timed out after 0.10 seconds"), std::string::npos) << late.body;
  EXPECT_NE(late.body.find("Sandbox.Timedout"), std::string::npos);
  EXPECT_EQ(state_of(pid), '-');
  EXPECT_EQ(stats().timeouts, 1U);
  EXPECT_GE(stats().billed_ms, 100U);
  EXPECT_TRUE(invoke_well().cold);
}

TEST_F(Emulator, TheProgramsInitialisationCanFail) {
  behave("init error");
  start();
  const auto told = invoke();
  EXPECT_EQ(told.headers.get("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(told.body, R"({"errorMessage":"no task queue","errorType":"Runtime.InvalidConfig","stackTrace":[]})");
  EXPECT_EQ(stats().init_failures, 1U);
  EXPECT_EQ(stats().environments, 0U);
  options_.environment.back() = "BOOTSTRAP=init exit";
  start();
  EXPECT_NE(invoke().body.find("exit status 7"), std::string::npos);
  options_.command = {"/no/such/program"};
  start();
  EXPECT_NE(invoke().body.find("cannot start /no/such/program"), std::string::npos);
}

TEST_F(Emulator, AnInitialisationThatHangsIsBegunAgain) {
  options_.init_timeout = 100ms;
  behave("init hang once");
  start();
  EXPECT_TRUE(invoke_well().cold);
  EXPECT_EQ(stats().cold_starts, 2U);
  EXPECT_EQ(stats().init_failures, 1U);
  options_.environment.back() = "BOOTSTRAP=init hang";
  options_.timeout = 100ms;
  start();
  EXPECT_NE(invoke().body.find("Sandbox.Timedout"), std::string::npos);
}

TEST_F(Emulator, EventsAreAcceptedAndRepeated) {
  options_.event_retry_delays = {1ms, 1ms};
  start();
  const auto accepted = post(path_ + "/invocations", "", "Event");
  EXPECT_EQ(accepted.status, 202);
  EXPECT_EQ(accepted.body, "");
  EXPECT_NE(accepted.headers.get("X-Amzn-RequestId"), "");
  wait([this] { return stats().invocations == 1; });
  EXPECT_EQ(post(path_ + "/invocations", "\"fail\"", "Event").status, 202);
  wait([this] { return stats().dropped_events == 1; });
  EXPECT_EQ(stats().event_retries, 2U);
  EXPECT_EQ(stats().invocations, 4U);
  EXPECT_EQ(stats().errors, 3U);
}

TEST_F(Emulator, EventsCanWaitForAnEnvironment) {
  options_.max_concurrency = 1;
  options_.queue_events = true;
  start();
  begin("\"wait\"");
  wait([this] { return stats().invocations == 1; });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(post(path_ + "/invocations", "{}", "Event").status, 202);
  EXPECT_EQ(stats().invocations, 1U);
  open_gate();
  wait([this] { return stats().invocations == 6; });
  EXPECT_EQ(stats().throttles, 0U);
  EXPECT_EQ(stats().cold_starts, 1U);
}

TEST_F(Emulator, SomeAreKilledInTheMiddle) {
  options_.kill_fraction = 1;
  options_.kill_within = 20ms;
  start();
  const auto killed = invoke("\"wait\"");
  EXPECT_NE(killed.body.find("signal: Killed"), std::string::npos) << killed.body;
  EXPECT_EQ(stats().kills, 1U);
  EXPECT_EQ(stats().timeouts, 0U);
}

TEST_F(Emulator, ProgramsWithAnExtensionEndThemselves) {
  start();
  const int pid = invoke_well().pid;
  stop();
  EXPECT_EQ(state_of(pid), '-');
  EXPECT_EQ(notes(), "start\nSIGTERM\nend 0\n");
  EXPECT_EQ(stats().shutdowns, 1U);
  EXPECT_EQ(stats().shutdown_kills, 0U);
}

TEST_F(Emulator, ProgramsWithoutAnExtensionAreKilled) {
  behave("no extension");
  start();
  invoke_well();
  stop();
  EXPECT_EQ(notes(), "start\n");
}

TEST_F(Emulator, ProgramsThatDoNotEndAreKilled) {
  behave("ignore SIGTERM");
  options_.shutdown_time = 50ms;
  start();
  const int pid = invoke_well().pid;
  stop();
  EXPECT_EQ(state_of(pid), '-');
  EXPECT_EQ(notes(), "start\nSIGTERM\n");
  EXPECT_EQ(stats().shutdown_kills, 1U);
}

TEST_F(Emulator, StopWaitsForWhatIsUnderWay) {
  start();
  begin("\"wait\"");
  wait([this] { return stats().invocations == 1; });
  bool stopped = false;
  asio::co_spawn(loop_.executor(), emulator_->stop(limit()), [&](const std::exception_ptr&) { stopped = true; });
  for (int i = 0; i < 20; ++i) loop_.poll();
  EXPECT_FALSE(stopped);
  EXPECT_EQ(invoke().status, 429);
  open_gate();
  wait([&] { return stopped; });
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].error_type, "");
}

TEST_F(Emulator, IdleEnvironmentsAreShutDown) {
  options_.idle_lifetime = 20ms;
  start();
  invoke_well();
  wait([this] { return stats().environments == 0; });
  EXPECT_EQ(stats().shutdowns, 1U);
  EXPECT_EQ(notes(), "start\nSIGTERM\nend 0\n");
}

TEST_F(Emulator, SeveralEventsInOneEnvironment) {
  options_.concurrency_per_environment = 3;
  options_.max_concurrency = 1;
  start();
  for (int i = 0; i < 3; ++i) begin("\"wait\"");
  wait([this] { return stats().invocations == 3; });
  EXPECT_EQ(invoke().status, 429);
  open_gate();
  wait([this] { return results_.size() == 3; });
  EXPECT_EQ(stats().cold_starts, 1U);
  std::vector<int> pids;
  for (const auto& each : results_) {
    EXPECT_EQ(each.error_type, "") << each.body;
    const auto got = rondo::json::parse<answer>(each.body);
    EXPECT_EQ(got.trace, "");
    pids.push_back(got.pid);
  }
  EXPECT_EQ(pids[0], pids[1]);
  EXPECT_EQ(pids[0], pids[2]);
  wait([&] { return state_of(pids[0]) == 'T'; });
}

TEST_F(Emulator, SnapStart) {
  options_.snap_start = true;
  start();
  invoke_well();
  EXPECT_EQ(notes(), "start\nbefore snapshot\nafter restore\n");
}

TEST_F(Emulator, TheControlPlaneOfLambda) {
  start();
  const std::string arn = "arn:aws:lambda:us-east-1:123456789012:function:function";
  EXPECT_EQ(emulator_->function_arn(), arn);
  for (const auto& name :
       {arn, arn + ":$LATEST", std::string("function"), std::string("123456789012:function:function")}) {
    const auto found = get("/2015-03-31/functions/" + http::percent_encoded(name));
    EXPECT_EQ(found.status, 200) << name;
    EXPECT_NE(found.body.find("\"FunctionArn\":\"" + arn + "\""), std::string::npos);
    EXPECT_NE(found.body.find("\"State\":\"Active\""), std::string::npos);
    rondo::json::check(found.body);
  }
  for (const auto& name : {"other", "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Afunction", "%zz", ""}) {
    const auto missing = get("/2015-03-31/functions/" + std::string(name));
    EXPECT_EQ(missing.status, 404) << name;
    EXPECT_EQ(missing.headers.get("x-amzn-ErrorType"), "ResourceNotFoundException");
  }
  const std::string invocations = "/2015-03-31/functions/" + http::percent_encoded(arn) + "/invocations";
  EXPECT_EQ(post(invocations, "", "DryRun").status, 204);
  EXPECT_EQ(post(invocations, "{}", "Sometimes").status, 400);
  EXPECT_EQ(post(invocations, "{not json").status, 400);
  EXPECT_EQ(post(invocations, std::string(1'100'000, ' ') + "1", "Event").status, 413);
  EXPECT_EQ(post(invocations, "{}").status, 200);
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(stats().invocations, 1U);
}

TEST_F(Emulator, AgentCoreStartsTheFunction) {
  start();
  const auto endpoint = get("/runtimes/rt-x/runtime-endpoints/DEFAULT/");
  EXPECT_EQ(endpoint.status, 200);
  rondo::json::check(endpoint.body);
  EXPECT_NE(endpoint.body.find("\"status\":\"READY\""), std::string::npos);
  EXPECT_NE(endpoint.body.find("runtime/rt-x/runtime-endpoint/DEFAULT\""), std::string::npos) << endpoint.body;
  const auto taken = post("/runtimes/rt-x/invocations?accountId=1&qualifier=DEFAULT", "{\"deploymentName\":\"a\"}");
  EXPECT_EQ(taken.status, 200);
  EXPECT_NE(taken.headers.get("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"), "");
  wait([this] { return stats().invocations == 1; });
}

TEST_F(Emulator, AgentCoreForwardsToAContainer) {
  std::vector<std::string> got;
  http::server container(loop_, http::parse_address("127.0.0.1:0"), {},
                         [&got](http::request what) -> asio::awaitable<http::response> {
                           got.push_back(what.target + " " + what.body + " " +
                                         std::string(what.headers.get("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id")));
                           co_return http::response(200, "{}");
                         });
  options_.command.clear();
  options_.agentcore_target = container.listening().text();
  start();
  http::request what("POST", "/runtimes/rt-x/invocations", "{\"buildId\":\"b\"}");
  what.headers.add("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id", "s-1");
  EXPECT_EQ(send(std::move(what)).status, 200);
  wait([&got] { return got.size() == 1; });
  EXPECT_EQ(got[0], "/invocations {\"buildId\":\"b\"} s-1");
}

TEST_F(Emulator, StatisticsAsJson) {
  start();
  invoke_well();
  const auto got = get("/stats");
  EXPECT_EQ(got.status, 200);
  rondo::json::check(got.body);
  EXPECT_NE(got.body.find("\"invocations\":1,\"coldStarts\":1,\"throttles\":0"), std::string::npos) << got.body;
  EXPECT_NE(got.body.find("\"initMs\":{\"count\":1,"), std::string::npos) << got.body;
}

TEST_F(Emulator, OptionsThatMakeNoSenseAreRefused) {
  const auto refused = [this](auto change) {
    auto options = options_;
    change(options);
    EXPECT_THROW(emulator(loop_, options), std::invalid_argument);
  };
  refused([](auto& of) { of.command.clear(); });
  refused([](auto& of) { of.max_concurrency = 0; });
  refused([](auto& of) { of.timeout = 0s; });
  refused([](auto& of) { of.kill_fraction = 1.5; });
  refused([](auto& of) { of.environment = {"no value"}; });
  refused([](auto& of) { of.address = "nowhere"; });
}

}  // namespace emulator_test
