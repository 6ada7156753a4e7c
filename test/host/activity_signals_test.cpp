#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "host/activity_fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/client/activity_client.hpp"
#include "rondo/failure.hpp"

namespace rondo::test::activity_signals_test {

namespace activity = rondo::activity;
using describe = service::CountWorkflowExecutionsRequest;

class tools_of_test {
 public:
  /// Waits until it should stop, and notes what it is told then.
  void until_stopped(bool polite) {
    before = activity::cancellation_details();
    activity::heartbeat(7);
    while (!activity::stop_token().stop_requested()) std::this_thread::yield();
    details = activity::cancellation_details();
    if (polite) activity::throw_if_cancelled();
  }
  std::string counts() { return std::to_string(activity::client().count_workflows("x").get().total); }
  asio::awaitable<std::string> counts_on_the_loop() {
    const auto own = activity::client();
    auto call = own.count_workflows("y");
    const auto found = co_await std::move(call);
    co_return own.namespace_() + " " + std::to_string(found.total);
  }
  std::string anything(std::string type, payload_list arguments) {
    if (type == "fails") throw std::runtime_error("as told");
    std::string text = type;
    for (const auto& each : arguments) text += " " + each.data;
    return text;
  }
  static asio::awaitable<int> anything_on_the_loop(std::string type, payload_list arguments) {
    if (activity::info().activity_type != type) throw std::logic_error("another activity");
    co_return static_cast<int>(arguments.size());
  }

  std::optional<cancellation_details> before, details;
};

class activity_signals : public activity_worker_test {
 protected:
  registry app() {
    registry made;
    made.activity<&tools_of_test::until_stopped>(tools).activity<&tools_of_test::counts>(tools);
    return made.activity<&tools_of_test::counts_on_the_loop>(tools);
  }
  tools_of_test tools;
};

TEST_F(activity_signals, all_that_holds_is_told_and_a_cancellation_counts_first) {
  start(app());
  answer_heartbeats([](heartbeat_answer& answer) {
    answer.set_cancel_requested(true);
    answer.set_activity_paused(true);
  });
  report_of<cancelled>(make("until_stopped", {"true"}));
  EXPECT_FALSE(tools.before.has_value());
  EXPECT_EQ(tools.details, (cancellation_details{.cancel_requested = true, .paused = true}));
}

TEST_F(activity_signals, a_pause_is_reported_as_a_failure_with_the_last_details) {
  start(app());
  answer_heartbeats([](heartbeat_answer& answer) { answer.set_activity_paused(true); });
  const auto report = report_of<failed>(make("until_stopped", {"true"}));
  EXPECT_EQ(tools.details, cancellation_details{.paused = true});
  EXPECT_EQ(report.failure().application_failure_info().type(), "ActivityPause");
  EXPECT_FALSE(report.failure().application_failure_info().non_retryable());
  EXPECT_EQ(report.last_heartbeat_details().payloads(0).data(), "7");
}

TEST_F(activity_signals, a_reset_counts_before_a_pause) {
  start(app());
  answer_heartbeats([](heartbeat_answer& answer) {
    answer.set_activity_paused(true);
    answer.set_activity_reset(true);
  });
  const auto report = report_of<failed>(make("until_stopped", {"true"}));
  EXPECT_EQ(tools.details, (cancellation_details{.paused = true, .reset = true}));
  EXPECT_EQ(report.failure().application_failure_info().type(), "ActivityReset");
}

TEST_F(activity_signals, a_paused_activity_may_still_end_well) {
  start(app());
  answer_heartbeats([](heartbeat_answer& answer) { answer.set_activity_paused(true); });
  report_of<completed>(make("until_stopped", {"false"}));
}

TEST_F(activity_signals, one_that_the_server_does_not_know_hears_of_it) {
  start(app());
  server.fail<heartbeat>(rpc_code::not_found);
  give(make("until_stopped", {"true"}));
  ASSERT_TRUE(until([this] { return tools.details.has_value() && idle(); }));
  EXPECT_EQ(tools.details, cancellation_details{.not_found = true});
  EXPECT_EQ(reports(), 0U);
}

// The client of the worker

TEST_F(activity_signals, the_client_of_the_worker_serves_functions_and_coroutines) {
  server.answer<describe, service::CountWorkflowExecutionsResponse>([](const describe& request, auto& answer) {
    EXPECT_EQ(request.namespace_(), "shop");
    answer.set_count(request.query() == "x" ? 3 : 4);
    return rpc_status();
  });
  start(app());
  EXPECT_EQ(report_of<completed>(make("counts")).result().payloads(0).data(), R"("3")");
  EXPECT_EQ(report_of<completed>(make("counts_on_the_loop")).result().payloads(0).data(), R"("shop 4")");
}

TEST_F(activity_signals, there_is_no_client_outside_of_activities) {
  EXPECT_THROW(activity::client(), std::logic_error);
}

// Dynamic activities

TEST_F(activity_signals, a_dynamic_activity_gets_what_no_other_takes) {
  auto any = app();
  any.dynamic_activity<&tools_of_test::anything>(tools);
  start(any);
  EXPECT_EQ(report_of<completed>(make("ship", {"1", R"("two")"})).result().payloads(0).data(), R"("ship 1 \"two\"")");
  EXPECT_EQ(report_of<completed>(make("bill")).result().payloads(0).data(), R"("bill")");
  EXPECT_EQ(report_of<failed>(make("fails")).failure().message(), "as told");
  // Registered ones go before it.
  EXPECT_EQ(report_of<failed>(make("until_stopped", {"7"})).failure().application_failure_info().type(),
            "rondo::conversion_error");
}

TEST_F(activity_signals, a_dynamic_activity_alone_makes_a_worker) {
  auto how = options();
  how.max_activity_pollers = 1;
  begin(registry().dynamic_activity<&tools_of_test::anything_on_the_loop>(), how);
  ASSERT_TRUE(until([this] { return server.waiting(queue::activity) == 1; }));
  give(make("ship", {"1", "2"}));
  ASSERT_TRUE(until_seen<completed>());
  EXPECT_EQ(server.seen<completed>().back().result().payloads(0).data(), "2");
  stop();
}

TEST_F(activity_signals, there_is_one_dynamic_activity_at_most) {
  registry any;
  any.dynamic_activity<&tools_of_test::anything>(tools);
  EXPECT_THROW(any.dynamic_activity<&tools_of_test::anything_on_the_loop>(), std::invalid_argument);
  EXPECT_TRUE(any.has_activities());
  EXPECT_TRUE(any.activity_names().empty());
}

}  // namespace rondo::test::activity_signals_test
