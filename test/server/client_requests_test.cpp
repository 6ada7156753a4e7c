#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "fixture.hpp"

namespace rondo::test {
namespace client_requests_test {

using namespace std::chrono_literals;

/// Hands its task token over and leaves the work to somebody else.
class desk {
 public:
  std::string hand_over() {
    const std::lock_guard lock(mutex_);
    token_ = activity::info().task_token;
    activity::complete_async();
  }
  int decline(std::string why) {
    throw application_failure(why, {.type = "Declined", .next_retry_delay = std::chrono::hours(1)});
  }
  std::string token() const {
    const std::lock_guard lock(mutex_);
    return token_;
  }

 private:
  mutable std::mutex mutex_;
  std::string token_;
};

class errand {
 public:
  task<std::string> run() {
    co_return co_await workflow::execute_activity<&desk::hand_over>(
        {.schedule_to_close_timeout = 60s, .heartbeat_timeout = 30s, .retry = retry_policy{.maximum_attempts = 1}});
  }
};

class refusal {
 public:
  task<int> run(std::string why) {
    co_return co_await workflow::execute_activity<&desk::decline>({.start_to_close_timeout = 60s}, why);
  }
};

class hops {
 public:
  task<std::string> run(int left) {
    if (left > 0) workflow::continue_as_new<hops>({}, left - 1);
    co_return "landed";
  }
};

class sleeper {
 public:
  task<> run() { co_await workflow::sleep(1h); }
  std::string mood() const { return "calm"; }
  static constexpr auto handlers = rondo::handlers(query<&sleeper::mood>);
};

/// Starts a workflow from inside an activity, through the client of its worker.
class dispatcher {
 public:
  dispatcher(const client& through, std::string queue) : client_(through), queue_(std::move(queue)) {}
  asio::awaitable<std::string> dispatch(int count) {
    auto handle = co_await client_.start_workflow<hops>({.task_queue = queue_}, count);
    co_return co_await handle.result();
  }

 private:
  const client& client_;
  std::string queue_;
};

class journey {
 public:
  task<std::string> run(int count) {
    co_return co_await workflow::execute_activity<&dispatcher::dispatch>({.start_to_close_timeout = 60s}, count);
  }
};

class client_requests : public server_test {
 protected:
  registry app() {
    registry all;
    all.workflow<errand>().workflow<refusal>().workflow<hops>().workflow<sleeper>().workflow<journey>();
    all.activity<&desk::hand_over>(counter).activity<&desk::decline>(counter);
    return all;
  }
  /// A started errand whose activity waits to be completed.
  workflow_handle<errand> waiting_errand() {
    const auto handle = client.start_workflow<errand>(start()).get();
    EXPECT_TRUE(eventually([this] { return !counter.token().empty(); }));
    return handle;
  }

  desk counter;
};

TEST_F(client_requests, complete_activities_by_token) {
  const running_worker worker(app(), options());
  const auto handle = waiting_errand();
  const auto activity = client.activity_handle(counter.token());
  activity.heartbeat(50).get();
  const auto facts = handle.describe().get();
  ASSERT_EQ(facts.pending_activities.size(), 1U);
  EXPECT_EQ(facts.pending_activities[0].heartbeat_details.at(0).data, "50");
  activity.complete("done").get();
  EXPECT_EQ(handle.result().get(), "done");
  EXPECT_THROW(activity.complete("again").get(), not_found);
}

TEST_F(client_requests, fail_activities_by_ids) {
  const running_worker worker(app(), options());
  const auto handle = waiting_errand();
  const auto pending = handle.describe().get().pending_activities.at(0);
  client.activity_handle(handle.id(), handle.run_id(), pending.activity_id)
      .fail(application_failure("lost", {.type = "Lost", .non_retryable = true}))
      .get();
  const auto failed = failure_of(handle.result());
  ASSERT_NE(failed.cause_as<application_failure>(), nullptr);
  EXPECT_EQ(failed.cause_as<application_failure>()->type(), "Lost");
}

TEST_F(client_requests, hear_of_cancellation_by_heartbeat) {
  const running_worker worker(app(), options());
  const auto handle = waiting_errand();
  const auto activity = client.activity_handle(counter.token());
  handle.cancel("enough").get();
  EXPECT_TRUE(eventually([&] {
    try {
      activity.heartbeat().get();
      return false;
    } catch (const activity_cancelled& stop) {
      return stop.reason() == activity_cancelled::reason_type::cancel_requested;
    } catch (const not_found&) {
      return true;  // the workflow did not wait for the activity and is over
    }
  }));
  EXPECT_EQ(failure_of(handle.result()).status(), workflow_status::cancelled);
}

TEST_F(client_requests, show_what_an_activity_failed_with) {
  const running_worker worker(app(), options());
  const auto handle = client.start_workflow<refusal>(start(), std::string("no card")).get();
  workflow_description facts;
  EXPECT_TRUE(eventually([&] {
    facts = handle.describe().get();
    return !facts.pending_activities.empty() && facts.pending_activities[0].last_failure != nullptr;
  }));
  const auto& pending = facts.pending_activities.at(0);
  EXPECT_EQ(pending.activity_type, "decline");
  EXPECT_EQ(pending.state, pending_activity_state::scheduled);
  EXPECT_EQ(pending.attempt, 2);
  EXPECT_EQ(pending.last_failure_message, "no card");
  EXPECT_THROW(std::rethrow_exception(pending.last_failure), application_failure);
  EXPECT_TRUE(pending.next_attempt_time.has_value());
  handle.terminate("seen", 1).get();
}

TEST_F(client_requests, follow_runs_or_not) {
  const running_worker worker(app(), options());
  const auto handle = client.start_workflow<hops>(start(), 2).get();
  EXPECT_EQ(handle.result().get(), "landed");
  EXPECT_THROW(handle.result({.follow_runs = false}).get(), workflow_continued_as_new);
  const auto last = client.get_workflow_handle<hops>(handle.id()).describe().get();
  EXPECT_EQ(last.status, workflow_status::completed);
  EXPECT_NE(last.run_id, handle.run_id());
  EXPECT_EQ(last.first_run_id, handle.run_id());
}

TEST_F(client_requests, leave_later_chains_alone) {
  const running_worker worker(app(), options());
  const std::string id = "chain-" + queue;
  const auto first = client.start_workflow<sleeper>({.id = id, .task_queue = queue}).get();
  first.terminate("make room").get();
  const auto second = client.start_workflow<sleeper>({.id = id, .task_queue = queue}).get();
  EXPECT_THROW(first.cancel().get(), not_found);
  EXPECT_THROW(first.terminate().get(), not_found);
  EXPECT_EQ(second.describe().get().status, workflow_status::running);
  second.terminate().get();
  EXPECT_THROW(second.signal("anything").get(), not_found);
}

TEST_F(client_requests, carry_memo_and_texts) {
  payload_map memo;
  memo["colour"].metadata["encoding"] = encoding::json;
  memo["colour"].data = "\"red\"";
  const auto handle = client
                          .start_workflow<sleeper>({.task_queue = queue,
                                                    .execution_timeout = 2h,
                                                    .task_timeout = 7s,
                                                    .start_delay = 1h,
                                                    .memo = memo,
                                                    .summary = "sleeps",
                                                    .details = "for an hour"})
                          .get();
  const auto facts = handle.describe().get();
  EXPECT_EQ(facts.memo.at("colour").data, "\"red\"");
  EXPECT_EQ(facts.summary, "sleeps");
  EXPECT_EQ(facts.details, "for an hour");
  EXPECT_EQ(facts.execution_timeout, 2h);
  EXPECT_EQ(facts.task_timeout, 7s);
  EXPECT_EQ(*facts.execution_time - *facts.start_time, 1h);
  EXPECT_THROW((void)handle.query<&sleeper::mood>().get(), rpc_error);  // its first task waits for an hour
  handle.terminate().get();
}

TEST_F(client_requests, reject_queries_of_closed_workflows) {
  const running_worker worker(app(), options());
  const auto handle = client.start_workflow<sleeper>(start()).get();
  EXPECT_EQ(handle.query<&sleeper::mood>().get(), "calm");
  handle.terminate().get();
  EXPECT_EQ(handle.query<&sleeper::mood>().get(), "calm");
  try {
    (void)handle.query<&sleeper::mood>(query_options{.reject = query_reject_condition::not_open}).get();
    ADD_FAILURE() << "the query was answered";
  } catch (const query_rejected& rejected) {
    EXPECT_EQ(rejected.workflow_status(), workflow_status::terminated);
  }
}

TEST_F(client_requests, list_page_by_page) {
  for (int i = 0; i < 5; ++i) client.start_workflow("nobody", {.task_queue = queue}).get();
  const std::string query = "TaskQueue = '" + queue + "'";
  EXPECT_TRUE(eventually([&] { return client.count_workflows(query).get().total == 5; }));
  auto list = client.list_workflows(query, {.page_size = 2});
  std::set<std::string> found;
  while (!list.done()) {
    const auto page = list.next_page().get();
    EXPECT_LE(page.size(), 2U);
    for (const auto& each : page) found.insert(each.id);
  }
  EXPECT_EQ(found.size(), 5U);
  for (const auto& id : found) client.get_workflow_handle(id).terminate().get();
  EXPECT_TRUE(eventually([&] {
    const auto count = client.count_workflows(query + " GROUP BY ExecutionStatus").get();
    return count.groups.size() == 1 && count.groups[0].count == 5 && count.groups[0].values[0].data == "\"Terminated\"";
  }));
  EXPECT_THROW((void)client.list_workflows("no such query").next_page().get(), invalid_argument);
}

TEST_F(client_requests, export_histories_that_can_be_read_again) {
  const auto handle = client.start_workflow("nobody", {.task_queue = queue}, "x").get();
  handle.signal("hello", 1).get();
  handle.terminate("bye").get();
  const auto history = handle.history().get();
  temporal::api::history::v1::History read;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(history.to_json(), &read).ok());
  EXPECT_EQ(static_cast<std::size_t>(read.events_size()), history.events());
  EXPECT_EQ(read.SerializeAsString(), history.bytes());
}

TEST_F(client_requests, follow_the_events_of_a_run) {
  const auto handle = client.start_workflow("nobody", {.task_queue = queue}, "x").get();
  std::string types;
  for (const auto& each : handle.events({.wait_new = true})) {
    types += each.type() + " ";
    if (each.type() == "WorkflowTaskScheduled") handle.signal("hello", 1).get();
    if (each.type() == "WorkflowExecutionSignaled") handle.terminate("bye").get();
  }
  EXPECT_EQ(types,
            "WorkflowExecutionStarted WorkflowTaskScheduled WorkflowExecutionSignaled WorkflowExecutionTerminated ");
  auto last = handle.events({.close_event_only = true});
  EXPECT_EQ(last.next().get().value().type(), "WorkflowExecutionTerminated");
}

TEST_F(client_requests, are_awaited_beside_a_worker) {
  dispatcher office(client, queue);
  auto all = app();
  all.activity<&dispatcher::dispatch>(office);
  rondo::worker worker(client, std::move(all), options());
  std::thread runs([&worker] { worker.run(); });
  EXPECT_EQ(client.execute_workflow<journey>(start(), 3).get(), "landed");
  worker.stop();
  runs.join();
}

TEST_F(client_requests, miss_what_is_not_there) {
  EXPECT_THROW((void)client.get_workflow_handle("nobody-" + queue).describe().get(), not_found);
  EXPECT_THROW(client.get_workflow_handle("nobody-" + queue).result<void>().get(), not_found);
  EXPECT_THROW(client.get_workflow_handle("x", "not a run id").cancel().get(), invalid_argument);
  client_options elsewhere;
  elsewhere.target = server_address();
  elsewhere.namespace_ = "nowhere-" + queue;
  elsewhere.lazy = true;
  const auto lost = rondo::client::connect(elsewhere);
  EXPECT_THROW((void)lost.start_workflow("nobody", {.task_queue = queue}).get(), namespace_not_found);
}

}  // namespace client_requests_test
}  // namespace rondo::test
