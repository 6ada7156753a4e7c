#include "rondo/serverless/http_host.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/crypto/hmac.hpp"
#include "rondo/detail/http/client.hpp"
#include "serverless/runner_fixture.hpp"

namespace http_host_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace http = rondo::detail::http;
namespace serverless = rondo::serverless;
using failed = service::RespondActivityTaskFailedRequest;
using completed = service::RespondActivityTaskCompletedRequest;

int quick_one() { return 1; }
int waits_for_test() {
  const auto kept = bench;
  kept->began.set_value();
  kept->release.get_future().wait();
  return 7;
}
rondo::task<int> order() {
  co_await rondo::workflow::sleep(std::chrono::hours(1));
  co_return 1;
}

/// A worker that is invoked by requests of this process.
class http_worker : public runner_test {
 protected:
  struct sent {
    explicit sent(std::unique_ptr<http::client_connection> through) : client(std::move(through)) {}
    std::unique_ptr<http::client_connection> client;
    std::optional<http::response> answer;
    bool broken = false;
  };

  serverless::http_options quick_http() {
    serverless::http_options made;
    static_cast<serverless::options&>(made) = quick(app());
    made.port = 0;
    return made;
  }
  static rondo::registry app() {
    rondo::registry made;
    made.workflow<order>().activity<quick_one>().activity<waits_for_test>();
    return made;
  }
  void serve(serverless::http_options how) {
    check(how);
    worker_ = std::make_unique<serverless::http_host>(*loop, std::move(how), server.connection);
    asio::co_spawn(loop->executor(), worker_->run(), [this](const std::exception_ptr& error) {
      EXPECT_FALSE(error);
      stopped_ = true;
    });
  }
  void TearDown() override {
    if (worker_ && !stopped_) {
      worker_->stop();
      EXPECT_TRUE(until([this] {
        server.end_polls();
        return stopped_;
      }));
    }
    requests_.clear();
    settle();
    worker_.reset();
    runner_test::TearDown();
  }

  sent& send(http::request of) {
    auto& made = requests_.emplace_back(
        std::make_unique<http::client_connection>(*loop, http::address{"127.0.0.1", worker_->port(), {}}));
    asio::co_spawn(loop->executor(), exchange(made, std::move(of)), [](const std::exception_ptr&) {});
    return made;
  }
  sent& send(std::string method, std::string target, std::string body = {}) {
    return send(http::request(std::move(method), std::move(target), std::move(body)));
  }
  /// Lets the polls come back empty until the request is answered.
  const http::response& finish(sent& of) {
    EXPECT_TRUE(until([&] {
      server.end_polls();
      return of.answer.has_value() || of.broken;
    }));
    EXPECT_FALSE(of.broken);
    return *of.answer;
  }
  const http::response& await_answer(sent& of) {
    EXPECT_TRUE(until([&] { return of.answer.has_value() || of.broken; }));
    EXPECT_FALSE(of.broken);
    return *of.answer;
  }
  bool until_polls(std::size_t count = 3) {
    return until([&] { return server.waiting() == count; });
  }
  static bool has(const http::response& of, std::string_view text) { return of.body.find(text) != std::string::npos; }

  std::unique_ptr<serverless::http_host> worker_;
  bool stopped_ = false;
  std::list<sent> requests_;

 private:
  static asio::awaitable<void> exchange(sent& of, http::request what) {
    try {
      of.answer = co_await of.client->send(std::move(what), io::steady_clock::now() + 60s);
    } catch (const std::exception&) {
      of.broken = true;
    }
  }
};

// The twenty cases of a worker that HTTP invokes

TEST_F(http_worker, answers_with_a_report_when_there_is_nothing_to_do) {
  serve(quick_http());
  for (const auto* method : {"GET", "POST"}) {
    const auto& answer = finish(send(method, "/"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(has(answer, R"("reason":"idle")")) << answer.body;
    EXPECT_TRUE(has(answer, R"("workflowTasks":0)"));
  }
  EXPECT_EQ(server.count<goodbye>(), 2U);
}

TEST_F(http_worker, does_work_that_comes_while_it_waits) {
  serve(quick_http());
  auto& first = send("POST", "/");
  ASSERT_TRUE(until_polls());
  add_run("order").offer();
  ASSERT_TRUE(until([&] { return server.count<completion>() == 1; }));
  EXPECT_TRUE(has(finish(first), R"("workflowTasks":1)"));
}

TEST_F(http_worker, lets_requests_join_the_run_in_work) {
  serve(quick_http());
  auto& first = send("POST", "/");
  ASSERT_TRUE(until_polls());
  auto& second = send("POST", "/");
  auto third_request = http::request("POST", "/");
  third_request.headers.add("Prefer", "respond-async");
  const auto& third = await_answer(send(std::move(third_request)));
  EXPECT_EQ(third.status, 202);
  EXPECT_TRUE(has(third, R"("joined":)")) << third.body;
  EXPECT_EQ(finish(first).status, 200);
  EXPECT_EQ(finish(second).body, first.answer->body);
  EXPECT_EQ(server.count<goodbye>(), 1U);
}

TEST_F(http_worker, runs_again_for_a_request_that_came_after_the_last_poll) {
  serve(quick_http());
  server.hang<goodbye>();
  auto& first = send("POST", "/");
  ASSERT_TRUE(until([&] {
    server.end_polls();
    return server.count<goodbye>() == 1;
  }));
  // The run polls no more: it cannot find what this request knows of.
  auto& second = send("POST", "/");
  auto& third = send("POST", "/");
  settle();
  server.release<goodbye>();
  finish(first);
  finish(second);
  finish(third);
  EXPECT_NE(first.answer->body, second.answer->body);
  EXPECT_EQ(second.answer->body, third.answer->body);
  EXPECT_EQ(server.count<goodbye>(), 2U);
}

TEST_F(http_worker, runs_several_at_once_up_to_a_limit) {
  auto how = quick_http();
  how.on_concurrent = serverless::on_concurrent::parallel;
  how.max_sessions = 2;
  serve(std::move(how));
  auto& first = send("POST", "/");
  auto& second = send("POST", "/");
  ASSERT_TRUE(until_polls(6));
  const auto& third = await_answer(send("POST", "/"));
  EXPECT_EQ(third.status, 429);
  EXPECT_TRUE(third.headers.has("Retry-After"));
  // A server that invokes functions would take 429 for a failure.
  EXPECT_EQ(await_answer(send("POST", "/runtimes/r/invocations")).status, 200);
  finish(first);
  finish(second);
}

TEST_F(http_worker, refuses_more_waiting_requests_than_it_may_have) {
  auto how = quick_http();
  how.max_waiting = 1;
  serve(std::move(how));
  auto& first = send("POST", "/");
  ASSERT_TRUE(until_polls());
  EXPECT_EQ(await_answer(send("POST", "/")).status, 429);
  EXPECT_EQ(finish(first).status, 200);
}

TEST_F(http_worker, goes_on_after_the_answer_when_it_is_not_waited_for) {
  serve(quick_http());
  auto request = http::request("POST", "/");
  request.headers.add("Prefer", "respond-async");
  request.headers.add("X-Request-Id", "mine");
  const auto& answer = await_answer(send(std::move(request)));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, R"({"accepted":"mine"})");
  run_activity("waits_for_test");
  server.end_polls();
  bench->release.set_value();
  ASSERT_TRUE(until([&] {
    server.end_polls();
    return server.count<goodbye>() == 1;
  }));
  EXPECT_EQ(server.count<completed>(), 1U);
}

TEST_F(http_worker, ends_before_the_time_that_a_request_gives_it) {
  auto how = quick_http();
  how.limits = {.stop_timeout = 200ms, .hook_buffer = 100ms, .min_work = 0s, .warn_work = 0s};
  serve(std::move(how));
  auto request = http::request("POST", "/");
  request.headers.add("X-Request-Timeout", "3.5");
  const auto deadline = io::steady_clock::now() + 3500ms;
  auto& first = send(std::move(request));
  run_activity("waits_for_test");
  const auto& answer = await_answer(first);
  EXPECT_LT(io::steady_clock::now(), deadline);
  EXPECT_TRUE(has(answer, R"("reason":"deadline")")) << answer.body;
  EXPECT_TRUE(has(answer, R"("handedBack":1)"));
  bench->release.set_value();
}

TEST_F(http_worker, goes_on_when_the_client_has_gone) {
  serve(quick_http());
  auto& first = send("POST", "/");
  run_activity("waits_for_test");
  first.client->close();
  settle();
  bench->release.set_value();
  ASSERT_TRUE(until([&] {
    server.end_polls();
    return server.count<goodbye>() == 1;
  }));
  EXPECT_EQ(server.count<completed>(), 1U);
}

TEST_F(http_worker, stops_when_the_client_has_gone_if_it_is_told_to) {
  auto how = quick_http();
  how.stop_on_disconnect = true;
  how.stop_grace = 200ms;
  serve(std::move(how));
  auto& first = send("POST", "/");
  ASSERT_TRUE(until_polls());
  first.client->close();
  ASSERT_TRUE(until([&] { return server.count<goodbye>() == 1; }));
}

TEST_F(http_worker, leaves_a_sticky_queue_that_nobody_waits_for) {
  serve(quick_http());
  add_run("order").offer();
  finish(send("POST", "/"));
  // The workflow waits for a timer; its next task must not be offered to a worker that has gone.
  EXPECT_FALSE(server.seen<goodbye>().front().sticky_task_queue().empty());
  settle();
  EXPECT_EQ(server.calls().back(), "ShutdownWorker");
}

TEST_F(http_worker, takes_tasks_that_come_with_answers_for_work) {
  serve(quick_http());
  auto& run_of_order = add_run("order");
  run_of_order.offer();
  auto& first = send("POST", "/");
  ASSERT_TRUE(until([&] { return server.count<completion>() == 1; }));
  EXPECT_TRUE(has(finish(first), R"("workflowTasks":1)"));
}

TEST_F(http_worker, asks_for_its_token) {
  auto how = quick_http();
  how.bearer_token = "a token of some length";
  serve(std::move(how));
  const auto status_with = [&](const char* value) {
    auto request = http::request("POST", "/");
    if (value != nullptr) request.headers.add("Authorization", value);
    return finish(send(std::move(request))).status;
  };
  EXPECT_EQ(status_with(nullptr), 401);
  EXPECT_EQ(status_with("Bearer a token of some lengt"), 401);
  EXPECT_EQ(status_with("Bearer a token of some length "), 200) << "white space around a value is none of it";
  EXPECT_EQ(status_with("Basic a token of some length"), 401);
  EXPECT_EQ(polls(), 3U);
  EXPECT_EQ(status_with("Bearer a token of some length"), 200);
  // Requests in AWS's form carry no token.
  EXPECT_EQ(await_answer(send("POST", "/runtimes/r/invocations")).status, 403);
  EXPECT_EQ(await_answer(send("GET", "/healthz")).status, 200);
  EXPECT_FALSE(log->contains("a token of"));
}

TEST_F(http_worker, takes_a_signed_request_once) {
  auto how = quick_http();
  how.secret = "0123456789abcdef";
  serve(std::move(how));
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto status_of = [&](std::chrono::seconds at, const std::string& body, const std::string& secret,
                             const std::string& signed_body) {
    auto request = http::request("POST", "/", body);
    const auto time = std::to_string(at.count());
    request.headers.add("X-Rondo-Timestamp", time);
    request.headers.add("X-Rondo-Signature", rondo::detail::crypto::request_signature(secret, time, signed_body));
    return finish(send(std::move(request))).status;
  };
  const std::string good = "0123456789abcdef";
  EXPECT_EQ(status_of(now, "a", good, "a"), 200);
  EXPECT_EQ(status_of(now, "a", good, "a"), 401) << "replayed";
  EXPECT_EQ(status_of(now, "b", good, "a"), 401) << "another body";
  EXPECT_EQ(status_of(now, "c", "0123456789abcdeF", "c"), 401) << "another secret";
  EXPECT_EQ(status_of(now - 10min, "d", good, "d"), 401) << "too old";
  EXPECT_EQ(status_of(now + 10min, "e", good, "e"), 401) << "from the future";
  EXPECT_EQ(status_of(now - 1min, "f", good, "f"), 200);
  EXPECT_EQ(finish(send("POST", "/")).status, 401);
  EXPECT_EQ(server.count<goodbye>(), 2U);
  EXPECT_FALSE(log->contains(good));
}

TEST_F(http_worker, refuses_what_it_does_not_understand) {
  auto how = quick_http();
  how.max_body = 100;
  serve(std::move(how));
  EXPECT_EQ(await_answer(send("POST", "/nowhere")).status, 404);
  EXPECT_EQ(await_answer(send("DELETE", "/")).status, 405);
  EXPECT_EQ(await_answer(send("POST", "/", std::string(101, 'x'))).status, 413);
  auto timed = http::request("POST", "/");
  timed.headers.add("X-Request-Timeout", "soon");
  EXPECT_EQ(await_answer(send(std::move(timed))).status, 400);
  auto named = http::request("POST", "/");
  named.headers.add("X-Request-Id", std::string(257, 'x'));
  EXPECT_EQ(await_answer(send(std::move(named))).status, 400);
  EXPECT_EQ(await_answer(send("POST", "/runtimes/r/invocations", "{\"deploymentName\":")).status, 400);
  EXPECT_EQ(polls(), 0U);
}

TEST_F(http_worker, ends_its_runs_when_it_is_stopped) {
  auto how = quick_http();
  how.stop_grace = 400ms;
  serve(std::move(how));
  auto& first = send("POST", "/");
  run_activity("waits_for_test");
  worker_->stop();
  const auto& answer = await_answer(first);
  EXPECT_TRUE(has(answer, R"("reason":"sigterm")")) << answer.body;
  EXPECT_TRUE(has(answer, R"("handedBack":1)"));
  ASSERT_TRUE(until([&] { return stopped_; }));
  EXPECT_EQ(server.count<failed>(), 1U);
  bench->release.set_value();
}

TEST_F(http_worker, answers_nobody_with_a_run_that_never_began) {
  serve(quick_http());
  server.hang<goodbye>();
  send("POST", "/");
  ASSERT_TRUE(until([&] {
    server.end_polls();
    return server.count<goodbye>() == 1;
  }));
  auto& second = send("POST", "/");
  settle();
  worker_->stop();
  EXPECT_EQ(await_answer(second).status, 503);
  server.release<goodbye>();
}

TEST_F(http_worker, tells_its_health) {
  serve(quick_http());
  EXPECT_EQ(await_answer(send("GET", "/healthz")).body, R"({"status":"ok"})");
  EXPECT_TRUE(has(await_answer(send("GET", "/ping")), R"({"status":"Healthy","time_of_last_update":)"));
  auto& first = send("POST", "/");
  ASSERT_TRUE(until_polls());
  EXPECT_TRUE(has(await_answer(send("GET", "/ping")), R"({"status":"HealthyBusy","time_of_last_update":)"));
  finish(first);
}

// Platforms

TEST_F(http_worker, is_invoked_like_a_lambda_function) {
  serve(quick_http());
  const std::string function = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af";
  const auto& about = await_answer(send("GET", function));
  EXPECT_EQ(about.status, 200);
  EXPECT_TRUE(has(about, R"("FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:f")")) << about.body;
  auto event = http::request("POST", function + "/invocations");
  event.headers.add("X-Amz-Invocation-Type", "Event");
  EXPECT_EQ(await_answer(send(std::move(event))).status, 202);
  ASSERT_TRUE(until_polls());
  const auto& waited = finish(send("POST", function + "/invocations"));
  EXPECT_TRUE(has(waited, R"("reason":"idle")"));
  EXPECT_EQ(await_answer(send("GET", function + "/invocations")).status, 405);
}

TEST_F(http_worker, is_invoked_like_an_agentcore_runtime) {
  auto how = quick_http();
  how.version = {"shop", "v1"};
  serve(std::move(how));
  const auto& about = await_answer(send("GET", "/runtimes/rt-x/runtime-endpoints/DEFAULT/"));
  EXPECT_EQ(about.status, 200);
  EXPECT_TRUE(has(about, R"("name":"DEFAULT")"));
  const auto& begun = await_answer(send("POST", "/runtimes/rt-x/invocations?accountId=1&qualifier=DEFAULT",
                                        R"({"deploymentName":"shop","buildId":"v1"})"));
  EXPECT_EQ(begun.status, 200);
  ASSERT_TRUE(until([&] {
    server.end_polls();
    return server.count<goodbye>() == 1;
  }));
  await_answer(send("POST", "/runtimes/rt-x/invocations", R"({"deploymentName":"shop","buildId":"v2"})"));
  ASSERT_TRUE(until([&] { return logged("asks for version shop.v2") == 1; }));
}

TEST_F(http_worker, knows_the_conventions_of_function_compute) {
  serve(quick_http());
  EXPECT_EQ(await_answer(send("POST", "/initialize")).status, 200);
  auto request = http::request("POST", "/invoke");
  request.headers.add("x-fc-request-id", "fc-1");
  EXPECT_TRUE(has(finish(send(std::move(request))), R"("requestId":"fc-1")"));
  EXPECT_EQ(server.seen<goodbye>().front().identity().find("fc-1@127.0.0.1:"), 0U);
}

TEST(http_environment, says_where_to_listen) {
  serverless::http_options how;
  serverless::apply_http_environment(how, {{"PORT", "8080"}, {"TEMPORAL_TASK_QUEUE", "q"}});
  EXPECT_EQ(how.host, "0.0.0.0");
  EXPECT_EQ(how.port, 8080);
  EXPECT_EQ(how.task_queue, "q");
  EXPECT_THROW(serverless::apply_http_environment(how, {{"PORT", "http"}}), std::invalid_argument);
  how.secret = "short";
  how.registry.activity<quick_one>();
  EXPECT_THROW(check(how), std::invalid_argument);
}

}  // namespace http_host_test
