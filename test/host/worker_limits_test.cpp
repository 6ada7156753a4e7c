#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "host/worker_fixture.hpp"
#include "rondo/detail/worker/session.hpp"
#include "support/history_builder.hpp"

// Limits of local activities, and how polls are shared out.
namespace rondo::test::worker_limits_test {

using namespace std::chrono_literals;

int one() { return 1; }
/// The second must begin soon.
rondo::task<std::string> two_locals() {
  co_await workflow::execute_local_activity<one>({.start_to_close_timeout = 10s});
  const local_activity_options soon{.schedule_to_start_timeout = 1ms, .start_to_close_timeout = 10s};
  const auto second = co_await workflow::as_result(workflow::execute_local_activity<one>(soon));
  if (second) co_return "both";
  try {
    second.rethrow();
  } catch (const activity_failure& failure) {
    co_return failure.retry_state() == retry_state::timeout ? "too late" : "failed";
  }
  co_return "unknown";
}
/// More than may begin, and one that has all the time it needs.
rondo::task<int> many_too_late() {
  int late = 0;
  const local_activity_options soon{.schedule_to_start_timeout = 1ms, .start_to_close_timeout = 10s};
  for (int number = 0; number < 200; ++number) {
    if (!co_await workflow::as_result(workflow::execute_local_activity<one>(soon))) ++late;
  }
  co_await workflow::execute_local_activity<one>({.start_to_close_timeout = 10s});
  co_return late;
}
rondo::task<> waits_for_its_turn() {
  co_await workflow::execute_local_activity<one>({.start_to_close_timeout = 10s});
  co_await workflow::execute_local_activity<one>({.start_to_close_timeout = 10s});
}

class worker_limits : public worker_test {
 protected:
  static registry app() {
    return registry().workflow<two_locals>().workflow<many_too_late>().workflow<waits_for_its_turn>().activity<one>();
  }
  completion completion_of(const std::string& id, const char* type) {
    const auto before = completions();
    add_run(id, history_builder(type)).offer();
    EXPECT_TRUE(
        until([&] { return completions() == before + 1 && worker->session().in_flight().workflow_tasks == 0; }));
    return last_completion();
  }
  static std::string result_of(const completion& of) {
    const auto& last = of.commands(of.commands_size() - 1);
    return last.complete_workflow_execution_command_attributes().result().payloads(0).data();
  }
};

TEST_F(worker_limits, starts_of_local_activities_are_limited) {
  start(app());
  EXPECT_EQ(result_of(completion_of("free", "two_locals")), R"("both")");
  stop();
  auto how = options();
  how.max_local_activities_per_second = 0.0001;
  start(app(), how);
  EXPECT_EQ(result_of(completion_of("limited", "two_locals")), R"("too late")");
  ASSERT_TRUE(worker->session().local_activity_slots() != nullptr);
  EXPECT_EQ(worker->session().local_activity_slots()->held(), 0U);
}

TEST_F(worker_limits, local_activities_that_never_began_do_not_keep_others_back) {
  auto how = options();
  how.max_local_activities_per_second = 2;
  start(app(), how);
  // Each of the first ones that came too late would otherwise cost half a second more.
  EXPECT_NE(result_of(completion_of("late", "many_too_late")), "0");
}

TEST_F(worker_limits, a_local_activity_that_waits_for_its_turn_does_not_keep_the_worker) {
  auto how = options();
  how.max_local_activities_per_second = 0.0001;
  start(app(), how);
  add_run("waits", history_builder("waits_for_its_turn")).offer();
  ASSERT_TRUE(until([&] { return worker->session().local_activity_slots()->held() == 1; }));
  ASSERT_TRUE(until([&] { return worker->session().counts().local_activities == 1; }));
  stop();
}

TEST_F(worker_limits, polls_of_workflows_are_shared_out_as_asked_for) {
  const auto normal_of = [this](double ratio, std::size_t polls) {
    auto how = options();
    how.max_concurrent_workflow_tasks = 20;
    how.max_workflow_pollers = polls;
    how.nonsticky_poll_ratio = ratio;
    start(app(), how);
    const auto found = server.waiting(queue::normal);
    EXPECT_EQ(server.waiting(queue::sticky), polls - found);
    stop();
    return found;
  };
  EXPECT_EQ(normal_of(worker_options().nonsticky_poll_ratio, 5), 1U);
  EXPECT_EQ(normal_of(0.4, 5), 2U);
  EXPECT_EQ(normal_of(0.2, 10), 2U);
  EXPECT_EQ(normal_of(0, 10), 1U);
  EXPECT_EQ(normal_of(1, 10), 9U);
  EXPECT_EQ(normal_of(0.5, 2), 1U);
}

TEST_F(worker_limits, that_make_no_sense_are_refused) {
  auto how = options();
  how.nonsticky_poll_ratio = 1.5;
  EXPECT_THROW(rondo::worker(client::over(server.connection), app(), how), std::invalid_argument);
  how = options();
  how.max_local_activities_per_second = -1;
  EXPECT_THROW(rondo::worker(client::over(server.connection), app(), how), std::invalid_argument);
}

}  // namespace rondo::test::worker_limits_test
