#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"
#include "rondo/failure.hpp"
#include "rondo/workflow.hpp"

namespace rondo::test::bad_input_cases {

using namespace std::chrono_literals;

int works(int number) { return number; }
int elsewhere(int number);
constexpr activity_options soon{.start_to_close_timeout = 10s, .retry = retry_policy{.maximum_attempts = 1}};

task<int> good(int number) { co_return co_await workflow::execute_activity<works>(soon, number); }
task<int> calls_unknown(int number) { co_return co_await workflow::execute_activity<elsewhere>(soon, number); }
task<int> without_timeout(int number) {
  constexpr activity_options none{};
  co_return co_await workflow::execute_activity<works>(none, number);
}
task<int> reads_wrong() {
  const auto text = co_await workflow::execute_activity<std::string>("works", soon, 1);
  co_return static_cast<int>(text.size());
}
task<int> fails_as_workflow() {
  throw application_failure("out of stock", {.type = "OutOfStock"});
  co_return 0;
}
task<std::size_t> passes_too_much(int size) {
  const std::string large(static_cast<std::size_t>(size), 'x');
  co_return co_await workflow::execute_activity<std::size_t>("works", soon, large);
}

/// True until the test mends the code.
static std::atomic<bool> broken = true;

task<int> throws_until_mended() {
  if (broken) throw std::runtime_error("a bug");
  co_return 7;
}
task<int> blocks_until_mended() {
  if (broken) std::this_thread::sleep_for(600ms);
  co_return 8;
}
task<int> changes_until_mended() {
  if (broken && workflow::is_replaying()) co_await workflow::sleep(1h);
  const int number = co_await workflow::execute_activity<works>(soon, 9);
  co_await workflow::sleep(100ms);
  co_return number;
}

class bad_input : public server_test {
 protected:
  void SetUp() override { broken = true; }
  static registry app() {
    return registry{}
        .workflow<good>()
        .workflow<calls_unknown>()
        .workflow<without_timeout>()
        .workflow<reads_wrong>()
        .workflow<fails_as_workflow>()
        .workflow<passes_too_much>()
        .workflow<throws_until_mended>()
        .workflow<blocks_until_mended>()
        .workflow<changes_until_mended>()
        .activity<works>();
  }
  /// A good workflow still runs, with few slots: none was lost.
  void expect_alive() {
    for (int round = 0; round < 4; ++round) EXPECT_EQ(client.execute_workflow<good>(start(), round).get(), round);
  }
  worker_options few_slots() const {
    auto few = options();
    few.max_concurrent_workflow_tasks = 2;
    few.max_concurrent_activities = 1;
    return few;
  }
};

template <class Error, class Function>
std::string text_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(bad_input, unknown_host_or_closed_port_is_named) {
  client_options options;
  options.connect_timeout = 2s;
  options.target = "no-such-host.invalid:7233";
  EXPECT_NE(
      text_of<rpc_error>([&] { static_cast<void>(rondo::client::connect(options)); }).find("no-such-host.invalid"),
      std::string::npos);
  options.target = "127.0.0.1:1";
  EXPECT_NE(text_of<rpc_error>([&] { static_cast<void>(rondo::client::connect(options)); }).find("127.0.0.1:1"),
            std::string::npos);
}

TEST_F(bad_input, tls_against_a_plain_server_fails_in_words) {
  client_options options;
  options.target = server_address();
  options.connect_timeout = 2s;
  options.tls_usage = tls_mode::on;
  EXPECT_NE(text_of<rpc_error>([&] { static_cast<void>(rondo::client::connect(options)); }), "nothing was thrown");
}

TEST_F(bad_input, a_missing_namespace_is_named) {
  client_options options;
  options.target = server_address();
  options.namespace_ = "no-such-namespace";
  const auto elsewhere_client = rondo::client::connect(options);
  EXPECT_THROW(elsewhere_client.start_workflow<good>(start(), 1).get(), namespace_not_found);
  rondo::worker worker(elsewhere_client, app(), this->options());
  EXPECT_NE(text_of<rpc_error>([&] { worker.run(); }).find("no-such-namespace"), std::string::npos);
}

TEST_F(bad_input, a_worker_with_nothing_to_run_is_refused) {
  EXPECT_NE(
      text_of<std::invalid_argument>([&] { rondo::worker(client, registry{}, options()); }).find("nothing to run"),
      std::string::npos);
  EXPECT_NE(text_of<std::invalid_argument>([&] { rondo::worker(client, app(), {}); }).find("task_queue"),
            std::string::npos);
}

TEST_F(bad_input, unregistered_types_are_answered_with_the_registered_ones) {
  const running_worker worker(app(), few_slots());
  const auto unknown = client.start_workflow("no_such_workflow", start()).get();
  ASSERT_TRUE(eventually([&] { return worker.log().contains("no_such_workflow"); }));
  EXPECT_TRUE(worker.log().contains("registered: [blocks_until_mended, calls_unknown"));
  const auto failed = failure_of(client.execute_workflow<calls_unknown>(start(), 1));
  EXPECT_NE(failed.cause_as<application_failure>()->message().find("registered: [works]"), std::string::npos);
  expect_alive();
  unknown.terminate().get();
}

TEST_F(bad_input, undecodable_arguments_and_results_fail_the_task_not_the_workflow) {
  const running_worker worker(app(), few_slots());
  const auto wrong = client.start_workflow("good", start(), std::string("no number")).get();
  const auto reads = client.start_workflow<reads_wrong>(start()).get();
  ASSERT_TRUE(eventually([&] { return worker.log().contains("argument 1"); }));
  ASSERT_TRUE(eventually([&] { return worker.log().contains("reads_wrong"); }));
  EXPECT_EQ(wrong.describe().get().status, workflow_status::running);
  EXPECT_EQ(reads.describe().get().status, workflow_status::running);
  expect_alive();
  wrong.terminate().get();
  reads.terminate().get();
}

TEST_F(bad_input, undecodable_signals_are_dropped) {
  const running_worker worker(recorded_app(), options());
  const auto handle = client.start_workflow<recorded::inbox>(start(), 1).get();
  handle.signal("write", 12).get();
  handle.signal("no_such_signal").get();
  handle.signal<&recorded::inbox::write>(std::string("good")).get();
  EXPECT_EQ(handle.result().get().front(), "good");
}

TEST_F(bad_input, options_that_cannot_work_reach_the_workflow_as_an_error) {
  const running_worker worker(app(), few_slots());
  const auto handle = client.start_workflow<without_timeout>(start(), 1).get();
  ASSERT_TRUE(eventually([&] { return worker.log().contains("start_to_close_timeout"); }));
  expect_alive();
  handle.terminate().get();
}

TEST_F(bad_input, failures_fail_the_workflow_other_exceptions_only_the_task) {
  const running_worker worker(app(), few_slots());
  const auto failed = failure_of(client.execute_workflow<fails_as_workflow>(start()));
  EXPECT_EQ(failed.cause_as<application_failure>()->type(), "OutOfStock");
  const auto buggy = client.start_workflow<throws_until_mended>(start()).get();
  ASSERT_TRUE(eventually([&] { return worker.log().contains("a bug"); }));
  expect_alive();
  broken = false;
  EXPECT_EQ(buggy.result().get(), 7);
}

TEST_F(bad_input, code_that_keeps_the_thread_fails_the_task) {
  auto strict = few_slots();
  strict.deadlock_timeout = 200ms;
  const running_worker worker(app(), strict);
  const auto handle = client.start_workflow<blocks_until_mended>(start()).get();
  ASSERT_TRUE(eventually([&] { return worker.log().contains("[TMPRL1101] Potential deadlock"); }));
  EXPECT_TRUE(worker.log().contains("does not give the thread back"));
  broken = false;
  EXPECT_EQ(handle.result().get(), 8);
  expect_alive();
}

TEST_F(bad_input, changed_code_fails_until_it_is_mended) {
  auto uncached = few_slots();
  uncached.max_cached_workflows = 0;
  const running_worker worker(app(), uncached);
  const auto handle = client.start_workflow<changes_until_mended>(start()).get();
  ASSERT_TRUE(eventually([&] { return worker.log().contains("[TMPRL1100]"); }));
  EXPECT_TRUE(worker.log().contains("works"));
  EXPECT_TRUE(worker.log().contains("timer"));
  EXPECT_EQ(handle.describe().get().status, workflow_status::running);
  broken = false;
  EXPECT_EQ(handle.result().get(), 9);
  expect_alive();
}

TEST_F(bad_input, arguments_over_the_limit_fail_the_task_in_words) {
  const running_worker worker(app(), few_slots());
  const auto handle = client.start_workflow<passes_too_much>(start(), 3'000'000).get();
  ASSERT_TRUE(eventually([&] { return worker.log().contains("[TMPRL1103]"); }));
  expect_alive();
  handle.terminate().get();
}

}  // namespace rondo::test::bad_input_cases
