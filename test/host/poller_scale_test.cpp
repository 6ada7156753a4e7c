#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <stdexcept>

#include "host/activity_fixture.hpp"
#include "rondo/detail/worker/poller_scale.hpp"
#include "rondo/nexus.hpp"

namespace rondo::test::poller_scale_test {

using namespace std::chrono_literals;
using detail::worker::poller_scale;

class scale_of_pollers : public ::testing::Test {
 protected:
  const poller_scale::clock::time_point start{1h};
  poller_scale scale{{.minimum = 2, .initial = 5, .maximum = 10}, false, start};
};

TEST_F(scale_of_pollers, follows_the_server_within_its_bounds) {
  EXPECT_EQ(scale.target(), 5U);
  scale.answered(true, 3, start);
  EXPECT_EQ(scale.target(), 8U);
  scale.answered(true, 100, start);
  EXPECT_EQ(scale.target(), 10U);
  scale.answered(true, -4, start);
  EXPECT_EQ(scale.target(), 6U);
  scale.answered(true, -100, start);
  EXPECT_EQ(scale.target(), 2U);
}

TEST_F(scale_of_pollers, stays_at_a_server_that_never_decides) {
  for (int poll = 0; poll < 10; ++poll) scale.answered(false, {}, start);
  scale.answered(true, {}, start);
  scale.expired(start);
  EXPECT_EQ(scale.target(), 5U);
}

TEST_F(scale_of_pollers, empty_polls_shrink_it_at_one_that_does) {
  scale.answered(true, 0, start);
  scale.answered(false, {}, start);
  scale.expired(start);
  EXPECT_EQ(scale.target(), 3U);
  for (int poll = 0; poll < 10; ++poll) scale.answered(false, {}, start);
  EXPECT_EQ(scale.target(), 2U);
  poller_scale known({.minimum = 1, .initial = 5, .maximum = 10}, true, start);
  known.answered(false, {}, start);
  EXPECT_EQ(known.target(), 4U);
}

TEST_F(scale_of_pollers, failures_shrink_it) {
  scale.failed(rpc_code::unavailable);
  EXPECT_EQ(scale.target(), 4U);
  poller_scale wide({.minimum = 3, .initial = 9, .maximum = 10}, false, start);
  wide.failed(rpc_code::resource_exhausted);
  EXPECT_EQ(wide.target(), 4U);
  wide.failed(rpc_code::resource_exhausted);
  EXPECT_EQ(wide.target(), 3U);
}

TEST_F(scale_of_pollers, grows_only_while_more_polls_bring_more_tasks) {
  for (int task = 0; task < 10; ++task) scale.answered(true, {}, start);
  // Ten tasks came in the first tenth of a second, ten in the second: no more than before.
  for (int task = 0; task < 10; ++task) scale.answered(true, {}, start + 150ms);
  scale.answered(true, 1, start + 250ms);
  EXPECT_EQ(scale.target(), 5U);
  // The third brought one, the fourth two.
  scale.answered(true, {}, start + 350ms);
  scale.answered(true, {}, start + 360ms);
  scale.answered(true, 1, start + 450ms);
  EXPECT_EQ(scale.target(), 6U);
  // After a rest it may try again.
  scale.answered(true, 1, start + 2s);
  EXPECT_EQ(scale.target(), 7U);
}

// In a worker

int one() { return 1; }

struct plain_workflow {
  task<int> run() { co_return 1; }
};

class scaled_worker : public activity_worker_test {
 protected:
  static registry app() { return registry().workflow<plain_workflow>().activity<one>(); }
  static worker_options scaled() {
    auto how = options();
    how.max_concurrent_activities = 20;
    how.max_concurrent_workflow_tasks = 20;
    how.activity_poller_scaling = how.workflow_poller_scaling = {{.minimum = 1, .initial = 2, .maximum = 6}};
    return how;
  }
  /// Waits until so many polls wait at each of the queues, and no more come.
  bool polls(std::size_t normal, std::size_t sticky, std::size_t activity) {
    const auto holds = [=, this] {
      return server.waiting(queue::normal) == normal && server.waiting(queue::sticky) == sticky &&
             server.waiting(queue::activity) == activity;
    };
    if (!until(holds)) return false;
    settle();
    return holds();
  }
  static task wants(int polls) {
    auto made = make("one");
    made.mutable_poller_scaling_decision()->set_poll_request_delta_suggestion(polls);
    return made;
  }
};

TEST_F(scaled_worker, begins_with_as_many_polls_as_it_is_told_at_each_queue) {
  begin(app(), scaled());
  EXPECT_TRUE(polls(2, 2, 2));
  stop();
}

TEST_F(scaled_worker, polls_more_and_less_as_the_server_decides) {
  begin(app(), scaled());
  ASSERT_TRUE(polls(2, 2, 2));
  give(wants(2));
  EXPECT_TRUE(polls(2, 2, 4));
  give(wants(100));
  EXPECT_TRUE(polls(2, 2, 6));
  give(wants(-3));
  // One of the six has ended with that answer; the others end when they are answered.
  server.end_polls();
  EXPECT_TRUE(polls(2, 2, 1));
  server.end_polls();
  EXPECT_TRUE(polls(2, 2, 1));
  EXPECT_TRUE(until([this] { return server.count<completed>() == 3; }));
  stop();
}

TEST_F(scaled_worker, never_polls_more_than_it_has_slots) {
  auto how = scaled();
  how.max_concurrent_activities = 3;
  how.max_concurrent_workflow_tasks = 2;
  begin(app(), how);
  // Of two slots neither queue gets both.
  ASSERT_TRUE(polls(1, 1, 2));
  give(wants(10));
  EXPECT_TRUE(polls(1, 1, 3));
  server.end_polls();
  EXPECT_TRUE(polls(1, 1, 3));
  stop();
}

TEST_F(scaled_worker, is_enrolled_where_the_namespace_wishes_and_the_numbers_are_the_default) {
  server.about_namespace.mutable_namespace_info()->mutable_capabilities()->set_poller_autoscaling_auto_enroll(true);
  worker_options how;
  how.task_queue = "queue";
  how.max_activity_pollers = 3;
  begin(app(), how);
  ASSERT_TRUE(polls(5, 5, 3));
  stop();
  how.auto_enroll_poller_scaling = false;
  begin(app(), how);
  ASSERT_TRUE(polls(1, 4, 3));
  stop();
}

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<void, void> wave{"wave"};
};
registry nexus_app() {
  return registry().nexus_service(nexus_handlers<shop>().operation(shop::wave, [] {}));
}
service::PollNexusTaskQueueResponse wave_wants(int polls) {
  service::PollNexusTaskQueueResponse made;
  made.set_task_token("task");
  made.mutable_request()->mutable_start_operation()->set_service("shop");
  made.mutable_request()->mutable_start_operation()->set_operation("wave");
  made.mutable_poller_scaling_decision()->set_poll_request_delta_suggestion(polls);
  return made;
}

TEST_F(scaled_worker, polls_for_nexus_requests_as_the_server_decides) {
  auto how = options();
  how.max_concurrent_nexus_tasks = 5;
  how.nexus_poller_scaling = {.minimum = 1, .initial = 2, .maximum = 6};
  begin(nexus_app(), how);
  const auto polls = [this](std::size_t number) {
    if (!until([=, this] { return server.waiting(queue::nexus) == number; })) return false;
    settle();
    return server.waiting(queue::nexus) == number;
  };
  ASSERT_TRUE(polls(2));
  server.give(queue::nexus, wave_wants(2));
  EXPECT_TRUE(polls(4));
  server.give(queue::nexus, wave_wants(100));
  EXPECT_TRUE(polls(5)) << "no more than there are slots";
  server.give(queue::nexus, wave_wants(-3));
  server.end_polls();
  EXPECT_TRUE(polls(1));
  stop();
}

TEST_F(scaled_worker, is_enrolled_for_nexus_requests_as_well) {
  server.about_namespace.mutable_namespace_info()->mutable_capabilities()->set_poller_autoscaling_auto_enroll(true);
  worker_options how;
  how.task_queue = "queue";
  how.max_concurrent_nexus_tasks = 10;
  begin(nexus_app(), how);
  EXPECT_TRUE(until([this] { return server.waiting(queue::nexus) == 5; }));
  server.give(queue::nexus, wave_wants(-4));
  server.end_polls();
  EXPECT_TRUE(until([this] { return server.waiting(queue::nexus) == 1; })) << "the number is the server's";
  stop();
}

TEST_F(scaled_worker, refuses_bounds_that_contradict_each_other) {
  const auto client = client::over(server.connection);
  for (const poller_autoscaling& wrong : {poller_autoscaling{.minimum = 0, .initial = 1, .maximum = 2},
                                          poller_autoscaling{.minimum = 3, .initial = 2, .maximum = 4},
                                          poller_autoscaling{.minimum = 1, .initial = 5, .maximum = 4}}) {
    auto how = options();
    how.activity_poller_scaling = wrong;
    EXPECT_THROW(rondo::worker(client, app(), how), std::invalid_argument);
    how.activity_poller_scaling.reset();
    how.nexus_poller_scaling = wrong;
    EXPECT_THROW(rondo::worker(client, app(), how), std::invalid_argument);
  }
}

}  // namespace rondo::test::poller_scale_test
