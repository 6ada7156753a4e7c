#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <future>
#include <string>

#include "host/worker_fixture.hpp"
#include "rondo/detail/worker/session.hpp"

namespace worker_eager_test {

using namespace std::chrono_literals;
using namespace rondo::test;
namespace workflow = rondo::workflow;

constexpr rondo::activity_options soon{.start_to_close_timeout = 10s};

/// Holds the activities of a test until it lets them go.
std::shared_future<void> gate;  // NOLINT: set by each test that uses it
int charge(int cents) {
  if (gate.valid()) gate.wait();
  return cents;
}

rondo::task<> four_charges() {
  co_await workflow::when_all(workflow::execute_activity<charge>(soon, 1), workflow::execute_activity<charge>(soon, 2),
                              workflow::execute_activity<charge>(soon, 3), workflow::execute_activity<charge>(soon, 4));
}

rondo::registry app() { return rondo::registry{}.workflow<four_charges>(); }
rondo::registry app_with_activity() { return app().activity<charge>(); }

class worker_eager : public worker_test {
 protected:
  static int eager_count(const completion& of) {
    return static_cast<int>(std::count_if(of.commands().begin(), of.commands().end(), [](const auto& each) {
      return each.schedule_activity_task_command_attributes().request_eager_execution();
    }));
  }
  /// An activity task as the server answers a completion with it.
  static void add_activity(completion_answer& to) {
    auto& task = *to.add_activity_tasks();
    task.set_task_token("eager");
    task.mutable_activity_type()->set_name("charge");
    auto& argument = *task.mutable_input()->add_payloads();
    (*argument.mutable_metadata())["encoding"] = "json/plain";
    argument.set_data("7");
  }
  /// Runs four_charges to its first completion and tells how many of its activities were asked for at once.
  int eager_of(const std::string& id) {
    const auto before = completions();
    add_run(id, history_builder("four_charges")).offer();
    EXPECT_TRUE(
        until([&] { return completions() == before + 1 && worker->session().in_flight().workflow_tasks == 0; }));
    EXPECT_EQ(last_completion().commands_size(), 4);
    return eager_count(last_completion());
  }
  static rondo::worker_options with_activity_slots(std::size_t slots) {
    auto made = options();
    made.max_concurrent_activities = slots;
    made.max_activity_pollers = 1;
    return made;
  }
};

TEST_F(worker_eager, asks_for_as_many_eager_activities_as_slots_are_free_but_three_at_most) {
  start(app_with_activity(), with_activity_slots(3));
  EXPECT_EQ(eager_of("a"), 2) << "one slot is with the poll";
  EXPECT_EQ(eager_of("b"), 2) << "slots of activities that did not come are free again";
  stop();
  start(app_with_activity(), with_activity_slots(10));
  EXPECT_EQ(eager_of("c"), 3);
  stop();
  auto wider = with_activity_slots(10);
  wider.max_eager_activities = 1;
  start(app_with_activity(), wider);
  EXPECT_EQ(eager_of("d"), 1);
  stop();
  wider.max_eager_activities = 100;
  start(app_with_activity(), wider);
  EXPECT_EQ(eager_of("e"), 4) << "all that there are";
}

TEST_F(worker_eager, eager_activities_run_and_give_their_slots_back) {
  std::promise<void> release;
  gate = release.get_future().share();
  start(app_with_activity(), with_activity_slots(3));
  amend = [](const completion&, completion_answer& answer) { add_activity(answer); };
  EXPECT_EQ(eager_of("a"), 2);
  amend = nullptr;
  EXPECT_EQ(worker->session().in_flight().activities, 1U);
  EXPECT_EQ(eager_of("b"), 1) << "one slot is with the activity";
  release.set_value();
  ASSERT_TRUE(until_seen<service::RespondActivityTaskCompletedRequest>());
  const auto report = server.seen<service::RespondActivityTaskCompletedRequest>().front();
  EXPECT_EQ(report.task_token(), "eager");
  EXPECT_EQ(report.result().payloads(0).data(), "7");
  ASSERT_TRUE(until([&] { return idle(); }));
  EXPECT_EQ(eager_of("c"), 2);
  gate = {};
}

TEST_F(worker_eager, more_eager_activities_than_were_asked_for_are_not_run) {
  start(app_with_activity(), with_activity_slots(2));
  amend = [](const completion&, completion_answer& answer) {
    add_activity(answer);
    add_activity(answer);
  };
  EXPECT_EQ(eager_of("a"), 1);
  ASSERT_TRUE(until([&] { return idle(); }));
  EXPECT_EQ(server.count<service::RespondActivityTaskCompletedRequest>(), 1U);
}

TEST_F(worker_eager, asks_for_no_eager_activity_when_starts_are_limited_or_none_can_run) {
  auto limited = with_activity_slots(10);
  limited.max_task_queue_activities_per_second = 50;
  start(app_with_activity(), limited);
  EXPECT_EQ(eager_of("a"), 0);
  EXPECT_EQ(
      server.seen<service::PollActivityTaskQueueRequest>().front().task_queue_metadata().max_tasks_per_second().value(),
      50);
  stop();
  auto here = with_activity_slots(10);
  here.max_activities_per_second = 50;
  start(app_with_activity(), here);
  EXPECT_EQ(eager_of("b"), 0);
  stop();
  auto off = with_activity_slots(10);
  off.eager_activities = false;
  start(app_with_activity(), off);
  EXPECT_EQ(eager_of("c"), 0);
  stop();
  start(app());
  EXPECT_EQ(eager_of("d"), 0);
}

TEST_F(worker_eager, eager_activities_of_all_tasks_are_limited_together) {
  std::promise<void> release;
  gate = release.get_future().share();
  auto how = with_activity_slots(10);
  how.max_concurrent_eager_activities = 2;
  start(app_with_activity(), how);
  amend = [](const completion&, completion_answer& answer) { add_activity(answer); };
  EXPECT_EQ(eager_of("a"), 2);
  amend = nullptr;
  EXPECT_EQ(worker->session().in_flight().activities, 1U);
  EXPECT_EQ(eager_of("b"), 1) << "one is in work";
  EXPECT_EQ(eager_of("c"), 1) << "what did not come does not count";
  release.set_value();
  ASSERT_TRUE(until_seen<service::RespondActivityTaskCompletedRequest>());
  ASSERT_TRUE(until([&] { return idle(); }));
  EXPECT_EQ(eager_of("d"), 2);
  gate = {};
}

}  // namespace worker_eager_test
