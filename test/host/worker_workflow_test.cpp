#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "host/worker_fixture.hpp"
#include "rondo/detail/worker/session.hpp"

namespace worker_workflow_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;
using rondo::rpc_code;

/// Adds up notes until it is closed.
class order {
 public:
  rondo::task<int> run(int cents) {
    sum_ = cents;
    co_await workflow::wait_condition([this] { return closed_; });
    co_return sum_;
  }
  void note(int cents) { sum_ += cents; }
  void close() { closed_ = true; }
  void fail() { throw std::runtime_error("a bug"); }
  int sum() const { return sum_; }
  std::string much() const { return std::string(500, 'x'); }
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&order::note>, rondo::signal<&order::close>, rondo::signal<&order::fail>,
                      rondo::query<&order::sum>, rondo::query<&order::much>);

 private:
  int sum_ = 0;
  bool closed_ = false;
};
rondo::task<> sleeper() { co_await workflow::sleep(1h); }
/// Keeps the thread until the worker has complained of that.
const log_text* complaints = nullptr;  // NOLINT: set by the test that uses it
rondo::task<> stuck() {
  while (complaints->text().find("TMPRL1101") == std::string::npos) std::this_thread::yield();
  co_return;
}
rondo::task<std::string> wordy() { co_return std::string(500, 'x'); }
rondo::task<> wordy_to_others() {
  constexpr workflow::nexus_target target{.endpoint = "shops", .service = "words", .operation = "count"};
  constexpr rondo::nexus_operation_options options{.schedule_to_close_timeout = 10s};
  const std::string words(500, 'x');
  co_await workflow::execute_nexus<int>(target, options, words);
}

rondo::registry app() {
  rondo::registry made;
  made.workflow<order>().workflow<sleeper>().workflow<stuck>().workflow<wordy>();
  return made;
}

class worker_workflow : public worker_test {
 protected:
  fake_run& add_order(const std::string& id = "a") { return add_run(id, history_builder("order", {"5"})); }
  /// The order has had its first task, and the worker has it in memory.
  fake_run& add_cached_order(const std::string& id = "a") {
    auto& run = add_order(id);
    const auto before = completions();
    run.offer();
    EXPECT_TRUE(until([&] { return completions() == before + 1 && idle(); }));
    EXPECT_EQ(fetches(), 0U);
    return run;
  }
  /// The order has its next task with what is new and must end with this result.
  void expect_result(fake_run& run, const std::string& json) {
    const auto before = completions();
    run.history.signal("close");
    run.offer_sticky();
    ASSERT_TRUE(until([&] { return completions() == before + 1; }));
    const auto last = last_completion();
    ASSERT_EQ(last.commands_size(), 1);
    const auto& result = last.commands(0).complete_workflow_execution_command_attributes().result();
    ASSERT_EQ(result.payloads_size(), 1);
    EXPECT_EQ(result.payloads(0).data(), json);
  }
};

// The way of a task

TEST_F(worker_workflow, completes_a_task_and_offers_to_keep_the_run) {
  start(app());
  add_cached_order();
  const auto done = last_completion();
  const auto poll = server.seen<service::PollWorkflowTaskQueueRequest>().front();
  EXPECT_EQ(done.namespace_(), "shop");
  EXPECT_EQ(done.identity(), "tester");
  EXPECT_EQ(done.task_token(), "a/3");
  EXPECT_EQ(done.resource_id(), "workflow:workflow-a");
  EXPECT_EQ(done.worker_instance_key(), poll.worker_instance_key());
  EXPECT_FALSE(poll.worker_instance_key().empty());
  const auto& sticky = done.sticky_attributes();
  EXPECT_EQ(sticky.worker_task_queue().kind(), enums::TASK_QUEUE_KIND_STICKY);
  EXPECT_EQ(sticky.worker_task_queue().normal_name(), "queue");
  EXPECT_EQ(sticky.schedule_to_start_timeout().seconds(), 10);
  EXPECT_TRUE(done.return_new_workflow_task());
  EXPECT_EQ(worker->cached_workflows(), 1U);
  for (const auto& each : server.seen<service::PollWorkflowTaskQueueRequest>()) {
    if (each.task_queue().kind() != enums::TASK_QUEUE_KIND_STICKY) continue;
    EXPECT_EQ(each.task_queue().name(), sticky.worker_task_queue().name());
    EXPECT_EQ(each.task_queue().normal_name(), "queue");
  }
}

TEST_F(worker_workflow, without_a_cache_every_task_replays_and_nothing_is_sticky) {
  auto how = options();
  how.max_cached_workflows = 0;
  start(app(), how);
  EXPECT_EQ(server.waiting(queue::sticky), 0U);
  auto& run = add_order();
  run.offer();
  ASSERT_TRUE(until_seen<completion>());
  EXPECT_FALSE(last_completion().has_sticky_attributes());
  EXPECT_FALSE(last_completion().return_new_workflow_task());
  run.history.signal("note", {"2"}).signal("close");
  run.offer();
  ASSERT_TRUE(until_seen<completion>(2));
  EXPECT_EQ(last_completion().commands(0).complete_workflow_execution_command_attributes().result().payloads(0).data(),
            "7");
  EXPECT_EQ(worker->cached_workflows(), 0U);
}

TEST_F(worker_workflow, goes_on_from_memory_and_forgets_a_run_that_ends) {
  start(app());
  auto& run = add_cached_order();
  run.history.signal("note", {"2"});
  expect_result(run, "7");
  EXPECT_EQ(fetches(), 0U);
  EXPECT_FALSE(last_completion().has_sticky_attributes());
  EXPECT_TRUE(until([&] { return idle() && worker->cached_workflows() == 0; }));
}

TEST_F(worker_workflow, works_on_the_task_that_comes_with_an_answer) {
  start(app());
  auto& run = add_order();
  amend = [&](const completion&, completion_answer& answer) {
    amend = nullptr;
    run.history.signal("note", {"1"}).signal("close");
    *answer.mutable_workflow_task() = run.open(run.previous_started() + 1);
  };
  run.offer();
  const auto polls = server.count<service::PollWorkflowTaskQueueRequest>();
  ASSERT_TRUE(until_seen<completion>(2));
  EXPECT_EQ(last_completion().commands(0).complete_workflow_execution_command_attributes().result().payloads(0).data(),
            "6");
  EXPECT_EQ(fetches(), 0U);
  EXPECT_TRUE(until([&] { return idle(); }));
  EXPECT_EQ(server.count<service::PollWorkflowTaskQueueRequest>(), polls + 1);
}

// The cache

TEST_F(worker_workflow, fetches_the_history_of_a_run_it_does_not_know) {
  start(app());
  auto& run = add_cached_order();
  stop();
  start(app());
  run.history.signal("note", {"2"});
  expect_result(run, "7");
  const auto asked = server.seen<service::GetWorkflowExecutionHistoryRequest>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].namespace_(), "shop");
  EXPECT_EQ(asked[0].execution().workflow_id(), "workflow-a");
  EXPECT_EQ(asked[0].execution().run_id(), "a");
  EXPECT_EQ(asked[0].next_page_token(), "");
}

TEST_F(worker_workflow, a_run_that_fell_behind_starts_over) {
  start(app());
  auto& run = add_cached_order();
  // Another worker has completed a task meanwhile.
  run.history.signal("note", {"2"});
  completion elsewhere;
  elsewhere.set_task_token(run.open(1).task_token());
  ASSERT_TRUE(run.take(elsewhere));
  expect_result(run, "7");
  EXPECT_EQ(fetches(), 1U);
}

TEST_F(worker_workflow, keeps_the_runs_that_were_used_last) {
  auto how = options();
  how.max_cached_workflows = 1;
  start(app(), how);
  auto& first = add_cached_order("a");
  auto& second = add_cached_order("b");
  EXPECT_EQ(worker->cached_workflows(), 1U);
  expect_result(second, "5");
  EXPECT_EQ(fetches(), 0U);
  expect_result(first, "5");
  EXPECT_EQ(fetches(), 1U);
}

TEST_F(worker_workflow, forgets_a_run_whose_task_failed) {
  start(app());
  auto& run = add_cached_order();
  run.history.signal("fail");
  run.offer_sticky();
  ASSERT_TRUE(until([&] { return failed_tasks() == 1 && idle(); }));
  EXPECT_EQ(last_failed().cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  EXPECT_EQ(last_failed().failure().message(), "a bug");
  EXPECT_EQ(last_failed().task_token().substr(0, 2), "a/");
  EXPECT_EQ(worker->cached_workflows(), 0U);
}

TEST_F(worker_workflow, forgets_a_run_whose_code_has_changed) {
  start(app());
  auto& run = add_run("a", history_builder("sleeper"));
  run.offer();
  ASSERT_TRUE(until([&] { return completions() == 1 && idle(); }));
  EXPECT_EQ(worker->cached_workflows(), 1U);
  run.history.at(run.history.last_id()).mutable_timer_started_event_attributes()->set_timer_id("another");
  run.offer_sticky();
  ASSERT_TRUE(until([&] { return failed_tasks() == 1 && idle(); }));
  EXPECT_EQ(last_failed().cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  EXPECT_EQ(worker->cached_workflows(), 0U);
}

TEST_F(worker_workflow, a_failed_task_is_reported_once) {
  start(app());
  auto& run = add_cached_order();
  run.history.signal("fail");
  run.attempt = 2;
  run.offer_sticky();
  ASSERT_TRUE(until([&] { return server.left(queue::sticky) == 0 && idle(); }));
  auto& unknown = add_run("b", history_builder("nobody"));
  unknown.attempt = 2;
  unknown.offer();
  ASSERT_TRUE(until([&] { return server.left(queue::normal) == 0 && idle(); }));
  settle();
  EXPECT_EQ(failed_tasks(), 0U);
  EXPECT_EQ(completions(), 1U);
  EXPECT_EQ(worker->cached_workflows(), 0U);
}

TEST_F(worker_workflow, a_type_that_nobody_knows_fails_the_task_and_names_those_that_are_known) {
  start(app());
  add_run("a", history_builder("ordre")).offer();
  ASSERT_TRUE(until([&] { return failed_tasks() == 1 && idle(); }));
  EXPECT_EQ(last_failed().failure().message(),
            "workflow type 'ordre' is not registered with this worker; registered: [order, sleeper, "
            "stuck, wordy]");
}

TEST_F(worker_workflow, code_that_keeps_the_thread_fails_the_task) {
  complaints = log.get();
  auto how = options();
  how.deadlock_timeout = 1ms;
  start(app(), how);
  add_run("a", history_builder("stuck")).offer();
  ASSERT_TRUE(until([&] { return failed_tasks() == 1 && idle(); }));
  EXPECT_EQ(completions(), 0U);
  EXPECT_NE(last_failed().failure().message().find("Potential deadlock"), std::string::npos);
  EXPECT_EQ(worker->cached_workflows(), 0U);
}

// Several tasks of one run

TEST_F(worker_workflow, a_task_of_a_run_in_work_waits_for_its_turn) {
  start(app());
  auto& run = add_cached_order();
  server.hang<completion>();
  run.history.signal("note", {"1"});
  run.offer_sticky();
  ASSERT_TRUE(until_seen<completion>(2));
  run.time_out();
  run.history.signal("note", {"1"}).signal("close");
  run.offer();
  ASSERT_TRUE(until([&] { return server.left(queue::normal) == 0; }));
  settle();
  EXPECT_EQ(completions(), 2U);
  EXPECT_EQ(worker->session().in_flight().workflow_tasks, 1U);
  server.release<completion>();
  ASSERT_TRUE(until_seen<completion>(3));
  EXPECT_EQ(last_completion().commands(0).complete_workflow_execution_command_attributes().result().payloads(0).data(),
            "7");
}

TEST_F(worker_workflow, a_query_of_a_run_in_work_is_answered_after_that) {
  start(app());
  auto& run = add_cached_order();
  server.hang<completion>();
  run.history.signal("note", {"2"});
  run.offer_sticky();
  ASSERT_TRUE(until_seen<completion>(2));
  server.give(queue::sticky, run.query("sum", 0));
  server.give(queue::normal, run.query("sum", 0));
  settle();
  using answered = service::RespondQueryTaskCompletedRequest;
  EXPECT_EQ(server.count<answered>(), 0U);
  server.release<completion>();
  ASSERT_TRUE(until_seen<answered>());
  const auto answer = server.seen<answered>().front();
  EXPECT_EQ(answer.completed_type(), enums::QUERY_RESULT_TYPE_ANSWERED) << answer.error_message();
  EXPECT_EQ(answer.query_result().payloads(0).data(), "7");
  EXPECT_EQ(answer.namespace_(), "shop");
  EXPECT_EQ(answer.task_token(), "a/query");
  ASSERT_TRUE(until([&] { return idle(); }));
  EXPECT_EQ(worker->cached_workflows(), 1U);
}

TEST_F(worker_workflow, a_query_that_cannot_be_answered_fails_and_never_a_task) {
  using answered = service::RespondQueryTaskCompletedRequest;
  server.about_namespace.mutable_namespace_info()->mutable_limits()->set_blob_size_limit_error(100);
  start(app());
  auto& run = add_cached_order();
  server.give(queue::sticky, run.query("much", 0));
  ASSERT_TRUE(until_seen<answered>());
  EXPECT_EQ(server.seen<answered>().back().completed_type(), enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_NE(server.seen<answered>().back().error_message().find("TMPRL1103"), std::string::npos);
  auto& unknown = add_run("b", history_builder("nobody"));
  server.give(queue::normal, unknown.query("sum", 1));
  ASSERT_TRUE(until_seen<answered>(2));
  EXPECT_NE(server.seen<answered>().back().error_message().find("'nobody' is not registered"), std::string::npos);
  server.fail<answered>(rpc_code::not_found);
  server.give(queue::sticky, run.query("sum", 0));
  ASSERT_TRUE(until_seen<answered>(3));
  EXPECT_TRUE(until([&] { return idle(); }));
  EXPECT_EQ(failed_tasks(), 0U);
}

// Histories in pages

TEST_F(worker_workflow, fetches_pages_one_after_another) {
  auto& run = add_order();
  run.history.task().signal("note", {"1"}).task().signal("note", {"1"}).signal("close");
  run.cuts = {2, 5, 6, 9};
  start(app());
  server.hang<service::GetWorkflowExecutionHistoryRequest>();
  run.offer();
  ASSERT_TRUE(until_seen<service::GetWorkflowExecutionHistoryRequest>());
  settle();
  EXPECT_EQ(fetches(), 1U);
  EXPECT_EQ(worker->session().in_flight().workflow_tasks, 1U);
  server.release<service::GetWorkflowExecutionHistoryRequest>();
  ASSERT_TRUE(until_seen<completion>());
  EXPECT_EQ(last_completion().commands(0).complete_workflow_execution_command_attributes().result().payloads(0).data(),
            "7");
  std::vector<std::string> tokens;
  for (const auto& each : server.seen<service::GetWorkflowExecutionHistoryRequest>())
    tokens.push_back(each.next_page_token());
  EXPECT_EQ(tokens, (std::vector<std::string>{"3", "6", "7", "10"}));
}

TEST_F(worker_workflow, fetches_five_histories_at_once) {
  using fetch = service::GetWorkflowExecutionHistoryRequest;
  auto wide = options();
  wide.max_concurrent_workflow_tasks = 20;
  start(app(), wide);
  server.hang<fetch>();
  for (int i = 0; i < 8; ++i) {
    auto& run = add_order("run" + std::to_string(i));
    run.history.task().signal("close");
    run.cuts = {2};
    run.offer();
  }
  ASSERT_TRUE(until([&] { return worker->session().in_flight().workflow_tasks == 8 && fetches() >= 5; }));
  settle();
  EXPECT_EQ(fetches(), 5U);
  server.release<fetch>();
  ASSERT_TRUE(until([&] { return completions() == 8 && idle(); }));
  EXPECT_EQ(fetches(), 8U);
}

TEST_F(worker_workflow, pages_may_end_anywhere) {
  start(app());
  for (std::int64_t cut = 1; cut <= 10; ++cut) {
    auto& run = add_order("run" + std::to_string(cut));
    run.history.task().signal("note", {"1"}).task().signal("note", {"1"}).signal("close");
    run.cuts = {cut};
    run.offer();
    ASSERT_TRUE(until([&] { return completions() == static_cast<std::size_t>(cut) && idle(); }))
        << "page ends with " << cut;
    const auto last = last_completion();
    EXPECT_EQ(last.commands(0).complete_workflow_execution_command_attributes().result().payloads(0).data(), "7");
    EXPECT_EQ(fetches(), static_cast<std::size_t>(cut));
  }
}

TEST_F(worker_workflow, a_run_whose_history_cannot_be_fetched_is_dropped) {
  using fetch = service::GetWorkflowExecutionHistoryRequest;
  auto& run = add_order();
  run.history.task().signal("close");
  run.cuts = {2};
  start(app());
  server.fail<fetch>(rpc_code::permission_denied);
  run.offer();
  ASSERT_TRUE(until([&] { return fetches() == 1 && idle(); }));
  EXPECT_EQ(failed_tasks(), 0U);
  EXPECT_EQ(completions(), 0U);
  EXPECT_EQ(worker->cached_workflows(), 0U);
  run.time_out();
  run.attempt = 2;
  server.fail<fetch>(rpc_code::unavailable, "later", 2);
  run.offer();
  ASSERT_TRUE(until_seen<completion>());
  EXPECT_EQ(fetches(), 4U);
}

// Completions that the server does not take

TEST_F(worker_workflow, a_completion_whose_answer_was_lost_forgets_the_run) {
  start(app());
  auto& run = add_cached_order();
  run.history.signal("note", {"2"});
  server.lose_answer<completion>();
  run.offer_sticky();
  ASSERT_TRUE(until([&] { return completions() == 3 && idle(); })) << "it is sent again, and not found then";
  EXPECT_EQ(failed_tasks(), 0U);
  EXPECT_EQ(worker->cached_workflows(), 0U);
  expect_result(run, "7");
  EXPECT_EQ(fetches(), 1U);
}

TEST_F(worker_workflow, a_completion_that_the_server_refuses_forgets_the_run) {
  start(app());
  auto& run = add_cached_order();
  server.fail<completion>(rpc_code::invalid_argument, "UnhandledCommand");
  run.history.signal("note", {"2"});
  run.offer_sticky();
  ASSERT_TRUE(until([&] { return completions() == 2 && idle(); }));
  EXPECT_EQ(failed_tasks(), 0U);
  EXPECT_EQ(worker->cached_workflows(), 0U);
  run.time_out();
  expect_result(run, "7");
  EXPECT_EQ(fetches(), 1U);
}

TEST_F(worker_workflow, a_completion_larger_than_a_message_may_be_fails_the_task) {
  start(app());
  server.fail<completion>(rpc_code::resource_exhausted, "grpc: received message larger than max (5 vs. 4)");
  add_order().offer();
  ASSERT_TRUE(until([&] { return failed_tasks() == 1 && idle(); }));
  EXPECT_EQ(completions(), 1U);
  EXPECT_EQ(last_failed().cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE);
  EXPECT_EQ(worker->cached_workflows(), 0U);
}

TEST_F(worker_workflow, a_value_larger_than_the_server_takes_fails_the_task) {
  server.about_namespace.mutable_namespace_info()->mutable_limits()->set_blob_size_limit_error(100);
  start(app());
  add_run("a", history_builder("wordy")).offer();
  ASSERT_TRUE(until([&] { return failed_tasks() == 1 && idle(); }));
  EXPECT_EQ(completions(), 0U);
  EXPECT_EQ(last_failed().cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE);
  EXPECT_NE(last_failed().failure().message().find("the result of the workflow"), std::string::npos);
}

TEST_F(worker_workflow, an_input_of_a_nexus_operation_larger_than_the_server_takes_fails_the_task) {
  server.about_namespace.mutable_namespace_info()->mutable_limits()->set_blob_size_limit_error(100);
  start(app().workflow<wordy_to_others>());
  add_run("a", history_builder("wordy_to_others")).offer();
  ASSERT_TRUE(until([&] { return failed_tasks() == 1 && idle(); }));
  EXPECT_EQ(completions(), 0U);
  EXPECT_EQ(last_failed().cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE);
  const std::string said = last_failed().failure().message();
  EXPECT_NE(said.find("[TMPRL1103] the input of a Nexus operation: "), std::string::npos) << said;
}

TEST_F(worker_workflow, a_task_that_the_server_dropped_is_taken_back) {
  start(app());
  auto& run = add_cached_order();
  const auto before = run;
  amend = [&](const completion&, completion_answer& answer) {
    amend = nullptr;
    run = before;
    answer.set_reset_history_event_id(run.previous_started());
  };
  run.offer_sticky();
  ASSERT_TRUE(until([&] { return completions() == 2 && idle(); }));
  run.history.signal("note", {"1"});
  expect_result(run, "6");
  EXPECT_EQ(fetches(), 0U);
}

}  // namespace worker_workflow_test
