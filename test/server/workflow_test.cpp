#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <temporal/api/history/v1/message.pb.h>

#include "fixture.hpp"

namespace rondo::test {
namespace workflow_test {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

/// Event types of a history, in order.
std::vector<int> kinds(const workflow_history& of) {
  temporal::api::history::v1::History history;
  EXPECT_TRUE(history.ParseFromString(of.bytes()));
  std::vector<int> all;
  for (const auto& event : history.events()) all.push_back(event.event_type());
  return all;
}

/// Runs every recorded workflow once, and returns what each gave, by name. With RONDO_RECORD set to a folder the
/// histories are written there.
class recorded_runs {
 public:
  recorded_runs(const client& through, const std::string& queue) : client_(through), queue_(queue) {
    run_steps();
    run_fan_out();
    run_inbox();
    run_gives_back();
    run_stumbles();
    run_countdown();
    run_patched();
    run_function();
  }
  std::vector<std::pair<std::string, std::string>> results;

 private:
  start_workflow_options start() const { return {.task_queue = queue_}; }
  template <class Handle>
  void note(const char* name, const Handle& handle, const std::string& result) {
    results.emplace_back(name, result);
    const char* folder = std::getenv("RONDO_RECORD");
    if (folder == nullptr) return;
    std::ofstream(std::string(folder) + "/" + name + ".json") << handle.history().get().to_json();
  }
  void run_steps() {
    const auto handle = client_.start_workflow<recorded::steps>(start(), 5).get();
    note("steps", handle, std::to_string(handle.result().get()));
  }
  void run_fan_out() {
    const auto handle = client_.start_workflow<recorded::fan_out>(start(), std::string("ada")).get();
    note("fan_out", handle, handle.result().get());
  }
  void run_inbox() {
    const auto handle =
        client_.signal_with_start<recorded::inbox, &recorded::inbox::write>(start(), std::tuple{std::string("one")}, 3)
            .get();
    handle.signal<&recorded::inbox::write_later>(std::string("two")).get();
    eventually([&] { return handle.query<&recorded::inbox::count>().get() == 2; });
    handle.signal<&recorded::inbox::write>(std::string("three")).get();
    std::string all;
    for (const auto& line : handle.result().get()) all += line + ";";
    note("inbox", handle, all);
  }
  void run_gives_back() {
    const auto handle = client_.start_workflow<recorded::gives_back>(start(), std::string("stock")).get();
    eventually([&] { return handle.describe().get().history_length >= 11; });
    handle.cancel("enough").get();
    try {
      note("gives_back", handle, handle.result().get());
    } catch (const workflow_failure& failed) {
      note("gives_back", handle, failed.cause_as<cancelled_failure>() != nullptr ? "cancelled" : failed.what());
    }
  }
  void run_stumbles() {
    const auto caught = client_.start_workflow<recorded::stumbles>(start(), std::string("a"), true).get();
    note("stumbles_caught", caught, caught.result().get());
    const auto thrown = client_.start_workflow<recorded::stumbles>(start(), std::string("b"), false).get();
    try {
      note("stumbles_thrown", thrown, thrown.result().get());
    } catch (const workflow_failure& failed) {
      note("stumbles_thrown", thrown, failed.cause_as<application_failure>()->type());
    }
  }
  void run_countdown() {
    const auto handle = client_.start_workflow<recorded::countdown>(start(), 2).get();
    note("countdown", handle, handle.result().get());
  }
  void run_patched() {
    const auto handle = client_.start_workflow<recorded::patched_and_random>(start()).get();
    const auto seen = handle.result().get();
    note("patched_and_random", handle, std::to_string(seen.size()) + seen.at(3) + seen.at(4));
  }
  void run_function() {
    const auto handle = client_.start_workflow<recorded::a_function>(start(), std::string("bob")).get();
    note("a_function", handle, handle.result().get());
  }

  const client& client_;
  std::string queue_;
};

const std::vector<std::pair<std::string, std::string>> expected = {
    {"steps", "11"},
    {"fan_out", "hello ada 10"},
    {"inbox", "one;hello two;three;timeout;"},
    {"gives_back", "cancelled"},
    {"stumbles_caught", "Never: never works"},
    {"stumbles_thrown", "Never"},
    {"countdown", "done"},
    {"patched_and_random", "6patchedstill patched"},
    {"a_function", "hello bob"},
};

using workflows = server_test;

TEST_F(workflows, give_the_same_with_a_large_cache) {
  const running_worker worker(recorded_app(), options());
  EXPECT_EQ(recorded_runs(client, queue).results, expected);
}

TEST_F(workflows, give_the_same_with_a_cache_for_one_run) {
  auto small = options();
  small.max_cached_workflows = 1;
  const running_worker worker(recorded_app(), small);
  EXPECT_EQ(recorded_runs(client, queue).results, expected);
}

TEST_F(workflows, give_the_same_without_a_cache) {
  auto none = options();
  none.max_cached_workflows = 0;
  const running_worker worker(recorded_app(), none);
  EXPECT_EQ(recorded_runs(client, queue).results, expected);
}

TEST_F(workflows, many_at_once_share_a_small_cache) {
  auto small = options();
  small.max_cached_workflows = 2;
  small.max_concurrent_workflow_tasks = 2;
  const running_worker worker(recorded_app(), small);
  std::vector<workflow_handle<recorded::steps>> handles;
  for (int index = 0; index < 20; ++index) handles.push_back(client.start_workflow<recorded::steps>(start(), 3).get());
  for (const auto& handle : handles) EXPECT_EQ(handle.result().get(), 4);
}

TEST_F(workflows, are_rebuilt_from_histories_of_several_pages) {
  auto none = options();
  none.max_cached_workflows = 0;
  const running_worker worker(recorded_app(), none);
  const auto handle = client.start_workflow<recorded::steps>(start(), 60).get();
  EXPECT_EQ(handle.result().get(), 59 * 60 / 2 + 1);
  EXPECT_GT(handle.history().get().events(), 300U);
}

TEST_F(workflows, go_on_elsewhere_at_once_when_their_worker_stops) {
  running_worker first(recorded_app(), options());
  const auto handle = client.start_workflow<recorded::inbox>(start(), 1).get();
  EXPECT_EQ(handle.query<&recorded::inbox::count>().get(), 0);
  first.stop();
  const running_worker second(recorded_app(), options());
  handle.signal<&recorded::inbox::write>(std::string("x")).get();
  handle.signal<&recorded::inbox::close>().get();
  EXPECT_EQ(handle.result().get().front(), "x");
  // The server was told, so it did not offer the task to the queue of the worker that is gone.
  const auto all = kinds(handle.history().get());
  EXPECT_EQ(std::count(all.begin(), all.end(), 8), 0) << "a workflow task timed out";
}

TEST_F(workflows, answer_queries_while_they_run_and_after) {
  const running_worker worker(recorded_app(), options());
  const auto handle = client.start_workflow<recorded::inbox>(start(), 1).get();
  EXPECT_EQ(handle.query<&recorded::inbox::count>().get(), 0);
  handle.signal<&recorded::inbox::write>(std::string("x")).get();
  handle.signal<&recorded::inbox::close>().get();
  EXPECT_EQ(handle.result().get(), (lines{"x", "closed"}));
  EXPECT_EQ(handle.query<&recorded::inbox::count>().get(), 2);
  EXPECT_EQ(handle.query<&recorded::inbox::at>(0).get(), "x");
  EXPECT_THROW(handle.query<&recorded::inbox::at>(7).get(), query_failed);
  try {
    handle.query<int>("nobody").get();
    ADD_FAILURE() << "an unknown query was answered";
  } catch (const query_failed& failed) {
    EXPECT_NE(std::string(failed.what()).find("known queries: [count line]"), std::string::npos) << failed.what();
  }
  const auto metadata = handle.query<payload>("__temporal_workflow_metadata").get();
  EXPECT_NE(metadata.data.find("write_later"), std::string::npos);
}

TEST_F(workflows, see_the_same_random_numbers_when_they_are_rebuilt) {
  lines first;
  const auto handle = [&] {
    const running_worker worker(recorded_app(), options());
    auto started = client.start_workflow<recorded::patched_and_random>(start()).get();
    first = started.result().get();
    return started;
  }();
  // Another worker has to replay the whole history to answer; it would fail if the code took another way.
  const running_worker other(recorded_app(), options());
  EXPECT_NO_THROW(handle.query<payload>("__temporal_workflow_metadata").get());
  EXPECT_NE(first.at(0), first.at(5));
  EXPECT_FALSE(other.log().contains("TMPRL1100"));
}

TEST_F(workflows, can_be_terminated) {
  const running_worker worker(recorded_app(), options());
  const auto handle = client.start_workflow<recorded::inbox>(start(), 1).get();
  handle.terminate("over").get();
  const auto failed = failure_of(handle.result());
  EXPECT_EQ(failed.status(), workflow_status::terminated);
  EXPECT_NE(failed.cause_as<terminated_failure>(), nullptr);
}

TEST_F(workflows, follow_policies_for_ids) {
  const running_worker worker(recorded_app(), options());
  const std::string id = "id-" + queue;
  const auto handle = client.start_workflow<recorded::inbox>({.id = id, .task_queue = queue}, 1).get();
  EXPECT_THROW(client.start_workflow<recorded::inbox>({.id = id, .task_queue = queue}, 1).get(),
               workflow_already_started);
  const auto same = client
                        .start_workflow<recorded::inbox>(
                            {.id = id, .task_queue = queue, .conflict = id_conflict_policy::use_existing}, 1)
                        .get();
  EXPECT_EQ(same.run_id(), handle.run_id());
  const auto other = client
                         .start_workflow<recorded::inbox>(
                             {.id = id, .task_queue = queue, .conflict = id_conflict_policy::terminate_existing}, 1)
                         .get();
  EXPECT_NE(other.run_id(), handle.run_id());
  other.signal<&recorded::inbox::write>(std::string("x")).get();
  other.result().get();
  EXPECT_THROW(client
                   .start_workflow<recorded::inbox>(
                       {.id = id, .task_queue = queue, .reuse = id_reuse_policy::reject_duplicate}, 1)
                   .get(),
               workflow_already_started);
}

TEST_F(workflows, are_listed_counted_and_described) {
  const running_worker worker(recorded_app(), options());
  const auto handle = client.start_workflow<recorded::inbox>(start(), 1).get();
  const auto facts = handle.describe().get();
  EXPECT_EQ(facts.type, "inbox");
  EXPECT_EQ(facts.status, workflow_status::running);
  EXPECT_EQ(facts.task_queue, queue);
  const std::string query = "TaskQueue = '" + queue + "'";
  EXPECT_TRUE(eventually([&] { return client.count_workflows(query).get().total == 1; }));
  auto list = client.list_workflows(query);
  const auto page = list.next_page().get();
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(page.front().id, handle.id());
  handle.terminate().get();
}

TEST_F(workflows, leave_a_history_that_names_the_sdk) {
  const running_worker worker(recorded_app(), options());
  const auto handle = client.start_workflow<recorded::steps>(start(), 1).get();
  handle.result().get();
  const auto history = handle.history().get();
  EXPECT_NE(history.to_json().find("\"sdkName\": \"rondo\""), std::string::npos);
  const auto all = kinds(history);
  EXPECT_EQ(std::count(all.begin(), all.end(), 11), 2);  // the two activities were started
  EXPECT_EQ(all.back(), 2);                              // and the workflow completed
}

}  // namespace workflow_test
}  // namespace rondo::test
