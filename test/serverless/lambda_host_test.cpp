#include "rondo/serverless/lambda_host.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/http/server.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/serverless/emulator/runtime_endpoint.hpp"
#include "support/log_text.hpp"

namespace lambda_host_test {

using namespace rondo::serverless;
using namespace std::chrono_literals;
using emulation::emulated_answer;
using emulation::emulated_event;
using emulation::runtime_endpoint;

/// So late that only what hangs reaches it.
io::time_point limit() { return io::steady_clock::now() + 60s; }

/// A host and the Runtime API that it talks to, on one loop.
class LambdaHost : public ::testing::Test {
 protected:
  void SetUp() override {
    parts_.run = [this](invocation of) { return run(std::move(of)); };
    parts_.answer = [](const report& of) { return "{\"id\":\"" + of.request_id + "\"}"; };
    parts_.executable = "exe";
  }

  /// Asked for what an invocation comes to; by default it comes to nothing special.
  std::function<asio::awaitable<report>(invocation)> work_;
  std::vector<invocation> seen_;

  void start(std::size_t concurrency = 1) {
    endpoint_ = std::make_unique<runtime_endpoint>(loop_, concurrency, [this] { changed_.notify(); });
    begin(endpoint_->address(), concurrency);
  }
  void begin(const std::string& address, std::size_t concurrency = 1) {
    environment_.runtime_api = address;
    environment_.concurrency = concurrency;
    host_ = std::make_unique<lambda_host>(loop_, environment_, std::move(parts_));
    asio::co_spawn(loop_.executor(), host_->run(), [this](const std::exception_ptr& error, int code) {
      EXPECT_FALSE(error);
      exit_code_ = code;
    });
  }
  int end() {
    host_->stop();
    return exit_code();
  }
  int exit_code() {
    loop_.run_until([this] { return exit_code_.has_value(); });
    return *exit_code_;
  }

  template <class Predicate>
  void wait(Predicate holds) {
    const bool in_time = loop_.block_on(changed_.wait_until(std::move(holds), limit()));
    ASSERT_TRUE(in_time);
  }
  void give(const std::string& id, std::chrono::milliseconds time = 60s) {
    wait([this] { return endpoint_->ready(); });
    emulated_event event;
    event.request_id = id;
    event.arn = "arn:f";
    event.trace_id = "trace-" + id;
    event.payload = "{\"n\":1}";
    event.deadline = std::chrono::system_clock::now() + time;
    endpoint_->give(std::move(event));
  }
  emulated_answer answer_to(const std::string& id) {
    std::optional<emulated_answer> got;
    wait([&] { return (got = endpoint_->take_answer(id)).has_value(); });
    return got.value_or(emulated_answer{});
  }

  io::event_loop loop_;
  rondo::detail::worker::change_signal changed_{loop_};
  lambda_environment environment_;
  lambda_parts parts_;
  std::unique_ptr<runtime_endpoint> endpoint_;
  std::unique_ptr<lambda_host> host_;
  std::optional<int> exit_code_;

 private:
  asio::awaitable<report> run(invocation of) {
    seen_.push_back(of);
    if (work_) co_return co_await work_(std::move(of));
    report made;
    made.request_id = of.request_id;
    co_return made;
  }
};

TEST_F(LambdaHost, AnswersOneEventAfterTheOther) {
  start();
  give("a");
  EXPECT_EQ(answer_to("a").body, "{\"id\":\"a\"}");
  give("b");
  EXPECT_EQ(answer_to("b").error_type, "");
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_TRUE(seen_[0].cold);
  EXPECT_FALSE(seen_[1].cold);
  EXPECT_EQ(seen_[1].sequence, 2U);
  EXPECT_EQ(seen_[0].payload, "{\"n\":1}");
  EXPECT_EQ(seen_[0].resource, "arn:f");
  EXPECT_EQ(identity_of(seen_[0]), "a@arn:f");
  ASSERT_TRUE(seen_[0].deadline.has_value());
  EXPECT_GT(*seen_[0].deadline, io::steady_clock::now() + 30s);
  EXPECT_LE(*seen_[0].deadline, io::steady_clock::now() + 61s);
  EXPECT_STREQ(std::getenv("_X_AMZN_TRACE_ID"), "trace-b");
  EXPECT_EQ(end(), 0);
}

// Nothing in the process is shared by hosts, so the Runtime API is what tells a second one that it is one too many.
TEST_F(LambdaHost, ASecondOneInTheProcessIsRefusedAndTheFirstGoesOn) {
  start();
  wait([this] { return endpoint_->parked(); });
  const auto log = std::make_shared<rondo::test::log_text>();
  lambda_parts parts;
  parts.run = [](const invocation&) -> asio::awaitable<report> { throw std::runtime_error("it got an event"); };
  parts.log = rondo::logger(log, rondo::log_level::debug);
  lambda_host second(loop_, environment_, std::move(parts));
  EXPECT_EQ(loop_.block_on(second.run()), 1);
  EXPECT_NE(log->text().find("make only one lambda_host"), std::string::npos) << log->text();
  give("a");
  EXPECT_EQ(answer_to("a").body, "{\"id\":\"a\"}");
  EXPECT_EQ(end(), 0);
}

TEST_F(LambdaHost, SeveralShareTheEventsOfAnEnvironmentThatHasSeveralAtOnce) {
  endpoint_ = std::make_unique<runtime_endpoint>(loop_, 2, [this] { changed_.notify(); });
  const auto more = parts_;
  begin(endpoint_->address(), 1);
  wait([this] { return endpoint_->ready(); });
  lambda_host second(loop_, environment_, more);
  std::optional<int> second_code;
  asio::co_spawn(loop_.executor(), second.run(), [&](const std::exception_ptr&, int code) { second_code = code; });
  wait([this] { return endpoint_->parked(); });
  give("a");
  give("b");
  EXPECT_EQ(answer_to("a").body, "{\"id\":\"a\"}");
  EXPECT_EQ(answer_to("b").body, "{\"id\":\"b\"}");
  EXPECT_EQ(seen_.size(), 2U) << "an event was given to both";
  EXPECT_EQ(end(), 0);
  second.stop();
  loop_.run_until([&] { return second_code.has_value(); });
  EXPECT_EQ(*second_code, 0);
}

TEST_F(LambdaHost, RunsOnce) {
  start();
  wait([this] { return endpoint_->parked(); });
  EXPECT_THROW(loop_.block_on(host_->run()), std::logic_error);
  give("a");
  EXPECT_EQ(answer_to("a").error_type, "");
  EXPECT_EQ(end(), 0);
}

TEST_F(LambdaHost, TheRegisteredExtensionIsParkedToo) {
  start();
  wait([this] { return endpoint_->parked(); });
  EXPECT_TRUE(endpoint_->has_extension());
  EXPECT_EQ(end(), 0);
}

TEST_F(LambdaHost, WithoutAnExtensionNoneIsRegistered) {
  parts_.extension = false;
  start();
  wait([this] { return endpoint_->parked(); });
  EXPECT_FALSE(endpoint_->has_extension());
  EXPECT_EQ(end(), 0);
}

TEST_F(LambdaHost, ReportsAndExceptionsBecomeErrors) {
  work_ = [](invocation of) -> asio::awaitable<report> {
    report made;
    if (of.request_id == "thrown") throw std::runtime_error("bad \xff bytes");
    if (of.request_id == "other") throw 1;
    made.error = "not enough time";
    made.error_type = of.request_id == "named" ? "Runtime.NotEnoughTime" : "what?";
    co_return made;
  };
  start();
  give("named");
  const auto named = answer_to("named");
  EXPECT_EQ(named.error_type, "Runtime.NotEnoughTime");
  EXPECT_EQ(named.body, R"({"errorMessage":"not enough time","errorType":"Runtime.NotEnoughTime","stackTrace":[]})");
  give("unnamed");
  EXPECT_EQ(answer_to("unnamed").error_type, "Function.Unknown");
  give("thrown");
  const auto thrown = answer_to("thrown");
  EXPECT_EQ(thrown.error_type, "Function.UnhandledException");
  EXPECT_NE(thrown.body.find("bad \uFFFD bytes"), std::string::npos) << thrown.body;
  give("other");
  EXPECT_EQ(answer_to("other").error_type, "Function.UnhandledException");
  EXPECT_EQ(end(), 0);
}

TEST_F(LambdaHost, AResponseThatIsTooLargeBecomesAnError) {
  parts_.answer = [](const report&) { return "\"" + std::string(7'000'000, 'x') + "\""; };
  start();
  give("a");
  EXPECT_EQ(answer_to("a").error_type, "Function.ResponseSizeTooLarge");
  give("b");
  answer_to("b");
  EXPECT_EQ(end(), 0);
}

TEST_F(LambdaHost, SeveralEventsAtOnce) {
  ::setenv("_X_AMZN_TRACE_ID", "untouched", 1);
  http::wakeup gate(loop_);
  bool open = false;
  rondo::detail::worker::change_signal opened(loop_);
  work_ = [&](invocation of) -> asio::awaitable<report> {
    const auto is_open = [&open] { return open; };
    co_await opened.wait_until(is_open, limit());
    report made;
    made.request_id = of.request_id;
    co_return made;
  };
  start(3);
  for (const char* id : {"a", "b", "c"}) give(id);
  loop_.run_until([this] { return seen_.size() == 3; });
  EXPECT_FALSE(endpoint_->ready());
  open = true;
  opened.notify();
  for (const char* id : {"c", "a", "b"}) EXPECT_EQ(answer_to(id).body, "{\"id\":\"" + std::string(id) + "\"}");
  EXPECT_STREQ(std::getenv("_X_AMZN_TRACE_ID"), "untouched");
  EXPECT_EQ(seen_[2].trace_id, "trace-c");
  wait([this] { return endpoint_->parked(); });
  EXPECT_EQ(end(), 0);
}

TEST_F(LambdaHost, StopLetsAnInvocationEndItself) {
  rondo::detail::worker::change_signal told(loop_);
  work_ = [&](invocation of) -> asio::awaitable<report> {
    const std::stop_callback tell(of.stop, [&told] { told.notify(); });
    const auto stopped = [&of] { return of.stop.stop_requested(); };
    co_await told.wait_until(stopped, limit());
    report made;
    made.request_id = "stopped";
    co_return made;
  };
  start();
  give("a");
  loop_.run_until([this] { return seen_.size() == 1; });
  EXPECT_EQ(end(), 0);
  EXPECT_EQ(answer_to("a").body, "{\"id\":\"stopped\"}");
  EXPECT_FALSE(endpoint_->ready());
}

TEST_F(LambdaHost, PassesASnapshot) {
  std::vector<std::string> order;
  parts_.before_snapshot.emplace_back([&order] { order.emplace_back("before"); });
  parts_.after_restore.emplace_back([&order] { order.emplace_back("after"); });
  environment_.snap_start = true;
  start();
  wait([this] { return endpoint_->waits_for_restore(); });
  EXPECT_EQ(order, (std::vector<std::string>{"before"}));
  EXPECT_FALSE(endpoint_->ready());
  endpoint_->restore();
  give("a");
  answer_to("a");
  EXPECT_EQ(order, (std::vector<std::string>{"before", "after"}));
  // Its extension waits again, on another connection.
  wait([this] { return endpoint_->parked(); });
  EXPECT_EQ(end(), 0);
}

TEST_F(LambdaHost, CanBeStoppedBeforeItIsRestored) {
  environment_.snap_start = true;
  start();
  wait([this] { return endpoint_->waits_for_restore(); });
  EXPECT_EQ(end(), 0);
  EXPECT_FALSE(endpoint_->init_error().has_value());
}

TEST_F(LambdaHost, AHookThatThrowsEndsTheProcess) {
  for (const bool before : {true, false}) {
    exit_code_.reset();
    environment_.snap_start = true;
    SetUp();
    parts_.before_snapshot.emplace_back([before] {
      if (before) throw std::runtime_error("no");
    });
    parts_.after_restore.emplace_back([] { throw std::runtime_error("no"); });
    start();
    if (!before) {
      wait([this] { return endpoint_->waits_for_restore(); });
      endpoint_->restore();
    }
    EXPECT_EQ(exit_code(), 1);
    ASSERT_TRUE(endpoint_->init_error().has_value());
    EXPECT_EQ(endpoint_->init_error()->error_type,
              before ? "Runtime.BeforeSnapshotError" : "Runtime.AfterRestoreError");
  }
}

TEST_F(LambdaHost, TellsLambdaWhyItCannotBegin) {
  endpoint_ = std::make_unique<runtime_endpoint>(loop_, 1, [this] { changed_.notify(); });
  environment_.runtime_api = endpoint_->address();
  loop_.block_on(report_init_error(loop_, environment_, lambda_error{"Runtime.InvalidConfig", "ü", {}}, {}));
  ASSERT_TRUE(endpoint_->init_error().has_value());
  EXPECT_EQ(endpoint_->init_error()->error_type, "Runtime.InvalidConfig");
  EXPECT_EQ(endpoint_->init_error()->body,
            R"({"errorMessage":"ü","errorType":"Runtime.InvalidConfig","stackTrace":[]})");
  // Nobody there: it only says so.
  environment_.runtime_api = "127.0.0.1:1";
  loop_.block_on(report_init_error(loop_, environment_, lambda_error{"Runtime.InvalidConfig", "x", {}}, {}));
}

TEST_F(LambdaHost, EndsWithAnErrorWhenTheRuntimeApiIsGone) {
  start();
  give("a");
  answer_to("a");
  wait([this] { return endpoint_->parked(); });
  endpoint_.reset();
  EXPECT_EQ(exit_code(), 1);
}

/// A Runtime API that answers as the test says.
class ScriptedApi : public LambdaHost {
 protected:
  /// Status of a request; 0: the next event. Beyond the end of the script requests wait for ever.
  void script(std::vector<int> statuses) {
    server_ = std::make_unique<http::server>(
        loop_, http::parse_address("127.0.0.1:0"), http::server_options{},
        [this, statuses = std::move(statuses)](http::request what) -> asio::awaitable<http::response> {
          const std::size_t at = asked_.size();
          asked_.push_back(what.method + " " + what.target);
          if (at >= statuses.size()) {
            http::wakeup for_ever(loop_);
            const std::stop_callback gone(what.stop, [&for_ever] { for_ever.wake(); });
            while (!what.stop.stop_requested()) co_await for_ever.wait_until(io::time_point::max());
          }
          if (at >= statuses.size() || statuses[at] != 0)
            co_return http::response(at < statuses.size() ? statuses[at] : 500, "{}");
          http::response event(200, "{}");
          event.headers.add("Lambda-Runtime-Aws-Request-Id", "id" + std::to_string(at));
          co_return event;
        });
    parts_.extension = false;
    begin(server_->listening().text());
  }
  void wait_for(std::size_t requests) {
    loop_.run_until([&] { return asked_.size() == requests; });
  }

  std::vector<std::string> asked_;
  std::unique_ptr<http::server> server_;
};

TEST_F(ScriptedApi, AWrongStateIsNoReasonToEnd) {
  script({0, 403, 0, 400, 0, 202});
  wait_for(7);
  EXPECT_EQ(asked_[1], "POST /2018-06-01/runtime/invocation/id0/response");
  EXPECT_EQ(asked_[3], "POST /2018-06-01/runtime/invocation/id2/response");
  EXPECT_EQ(asked_[6], "GET /2018-06-01/runtime/invocation/next");
  EXPECT_EQ(end(), 0);
}

TEST_F(ScriptedApi, AContainerErrorEndsTheProcess) {
  script({0, 500});
  EXPECT_EQ(exit_code(), 1);
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(ScriptedApi, ARefusedNextEndsTheProcess) {
  script({500});
  EXPECT_EQ(exit_code(), 1);
}

TEST_F(ScriptedApi, AParkedConnectionThatDiesIsReplaced) {
  script({0, 202});
  wait_for(3);
  const auto address = server_->listening();
  server_.reset();
  asked_.clear();
  server_ = std::make_unique<http::server>(loop_, address, http::server_options{},
                                           [this](http::request what) -> asio::awaitable<http::response> {
                                             asked_.push_back(what.method + " " + what.target);
                                             http::response event(200, "{}");
                                             event.headers.add("Lambda-Runtime-Aws-Request-Id", "again");
                                             co_return event;
                                           });
  loop_.run_until([this] { return seen_.size() >= 2; });
  EXPECT_EQ(seen_[1].request_id, "again");
  EXPECT_EQ(asked_[0], "GET /2018-06-01/runtime/invocation/next");
  EXPECT_EQ(end(), 0);
}

}  // namespace lambda_host_test
