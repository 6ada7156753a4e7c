#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/activity_fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/detail/worker/session.hpp"

namespace rondo::test::slot_pools_test {

using namespace std::chrono_literals;

/// Activities that go on until the test lets them end.
class gates {
 public:
  asio::awaitable<std::string> heavy(std::string name) {
    begun.push_back(name);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!open) {
      timer.expires_after(1ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return name;
  }
  int light() { return 1; }

  std::vector<std::string> begun;
  bool open = false;
};

class slot_pools : public activity_worker_test {
 protected:
  registry app() { return registry().activity<&gates::heavy>(tools).activity<&gates::light>(tools); }
  static worker_options pooled(activity_slot_pool pool = {
                                   .name = "gpu", .activity_types = {"heavy"}, .max_concurrent = 1}) {
    auto how = options();
    how.max_concurrent_activities = how.max_activity_pollers = 4;
    how.activity_slot_pools = {pool};
    return how;
  }
  void refuse(const activity_slot_pool& pool, const std::string& because) {
    try {
      rondo::worker(client::over(server.connection), app(), pooled(pool));
      ADD_FAILURE() << "not refused: " << because;
    } catch (const std::invalid_argument& refused) {
      EXPECT_NE(std::string(refused.what()).find(because), std::string::npos) << refused.what();
    }
  }
  gates tools;
};

TEST_F(slot_pools, let_as_many_run_as_they_have_places_in_their_order) {
  start(app(), pooled());
  give(make("heavy", {R"("a")"}, "1"));
  give(make("heavy", {R"("b")"}, "2"));
  give(make("heavy", {R"("c")"}, "3"));
  ASSERT_TRUE(until([&] { return worker->session().in_flight().activities == 3; }));
  // Those of other types pass.
  EXPECT_EQ(([&] {
              give(make("light", {}, "4"));
              return until([&] { return server.count<completed>() == 1; });
            }()),
            true);
  EXPECT_EQ(tools.begun, (std::vector<std::string>{"a"}));
  tools.open = true;
  ASSERT_TRUE(until([&] { return server.count<completed>() == 4 && idle(); }));
  EXPECT_EQ(tools.begun, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(slot_pools, a_place_is_free_again_after_a_failure) {
  start(app(), pooled());
  report_of<failed>(make("heavy", {"7"}));
  tools.open = true;
  report_of<completed>(make("heavy", {R"("a")"}));
}

TEST_F(slot_pools, space_the_starts_of_their_types) {
  tools.open = true;
  start(app(), pooled({.name = "slow", .activity_types = {"heavy"}, .max_per_second = 200}));
  for (int index = 0; index < 4; ++index) give(make("heavy", {R"("a")"}, std::to_string(index)));
  ASSERT_TRUE(until([&] { return server.count<completed>() == 4 && idle(); }));
  EXPECT_EQ(tools.begun.size(), 4U);
}

TEST_F(slot_pools, the_worker_beats_for_those_that_wait_and_cancels_them_when_told) {
  start(app(), pooled());
  give(make("heavy", {R"("a")"}, "1"));
  ASSERT_TRUE(until([&] { return tools.begun.size() == 1; }));
  answer_heartbeats([](heartbeat_answer& answer) { answer.set_cancel_requested(true); });
  auto waits = make("heavy", {R"("b")"}, "2");
  waits.mutable_heartbeat_timeout()->set_seconds(10);
  add_json(*waits.mutable_heartbeat_details(), "41");
  give(waits);
  ASSERT_TRUE(until_seen<cancelled>());
  EXPECT_EQ(server.seen<cancelled>().back().task_token(), "token-2");
  // Progress of the attempt before is not lost.
  EXPECT_EQ(server.seen<heartbeat>().back().details().payloads(0).data(), "41");
  tools.open = true;
  ASSERT_TRUE(until([&] { return server.count<completed>() == 1 && idle(); }));
  EXPECT_EQ(tools.begun, (std::vector<std::string>{"a"}));
}

TEST_F(slot_pools, one_that_waits_when_its_time_is_over_is_left_to_the_server) {
  start(app(), pooled());
  give(make("heavy", {R"("a")"}, "1"));
  ASSERT_TRUE(until([&] { return tools.begun.size() == 1; }));
  auto waits = make("heavy", {R"("b")"}, "2");
  waits.mutable_start_to_close_timeout()->set_nanos(1'000'000);
  give(waits);
  const auto& session = worker->session();
  ASSERT_TRUE(until([&] { return session.counts().activities == 2 && session.in_flight().activities == 1; }));
  tools.open = true;
  ASSERT_TRUE(until([&] { return server.count<completed>() == 1 && idle(); }));
  EXPECT_EQ(reports(), 1U);
}

TEST_F(slot_pools, what_waits_when_the_worker_stops_goes_back_to_the_server) {
  start(app(), pooled());
  give(make("heavy", {R"("a")"}, "1"));
  give(make("heavy", {R"("b")"}, "2"));
  ASSERT_TRUE(until([&] { return worker->session().in_flight().activities == 2; }));
  stop();
  ASSERT_EQ(server.count<failed>(), 2U);
  for (const auto& each : server.seen<failed>()) {
    EXPECT_EQ(each.failure().application_failure_info().type(), "WorkerShutdown");
  }
  EXPECT_EQ(tools.begun, (std::vector<std::string>{"a"}));
}

TEST_F(slot_pools, that_make_no_sense_are_refused) {
  refuse({.name = "gpu", .activity_types = {"heavy"}}, "'gpu' limits nothing");
  refuse({.name = "gpu", .max_concurrent = 1}, "names no activity_types");
  refuse({.name = "gpu", .activity_types = {"hevy"}, .max_concurrent = 1}, "'hevy', which is not registered");
  refuse({.name = "gpu", .activity_types = {"heavy"}, .max_per_second = -1}, "max_per_second of at least 0");
  refuse({.name = "gpu", .activity_types = {"heavy", "heavy"}, .max_concurrent = 1}, "in pool 'gpu' too");
}

}  // namespace rondo::test::slot_pools_test
