#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "host/activity_fixture.hpp"
#include "rondo/detail/run/session_place.hpp"

// The sessions that a worker holds for workflows.
namespace rondo::test::held_sessions_test {

int one() { return 1; }

class held_sessions : public activity_worker_test {
 protected:
  using signal = service::SignalWorkflowExecutionRequest;

  void start_with(std::size_t most) {
    auto how = options();
    how.max_concurrent_sessions = most;
    how.max_concurrent_activities = 6;
    start(registry().activity<one>(), how);
  }
  /// Opens a session of a run, on this worker because it was there before.
  void open(const std::string& run, const std::string& session) {
    auto made = make(std::string(detail::run::hold_session_activity), {quoted(session), R"("signal")"}, run + session);
    made.mutable_workflow_execution()->set_run_id(run);
    made.mutable_heartbeat_timeout()->set_seconds(3600);
    server.give(queue::session, made);
  }
  void end(const std::string& run, const std::string& session) {
    auto made = make(std::string(detail::run::end_session_activity), {quoted(session)}, "end of " + run + session);
    made.mutable_workflow_execution()->set_run_id(run);
    server.give(queue::session, made);
  }
  void give_new(const task& what) { server.give(queue::new_session, what); }
  /// Since the start.
  std::size_t polls_for_new_ones() const {
    std::size_t found = 0;
    for (const auto& each : server.seen<service::PollActivityTaskQueueRequest>()) {
      if (each.task_queue().name() == detail::run::session_creation_queue("queue")) ++found;
    }
    return found;
  }
  static std::string quoted(const std::string& text) { return '"' + text + '"'; }
  bool until_held(std::size_t count) {
    return until([this, count] { return worker->session().in_flight().activities == count; });
  }
  bool has_completed(const std::string& id) const {
    for (const auto& each : server.seen<completed>()) {
      if (each.task_token() == "token-" + id) return true;
    }
    return false;
  }
};

TEST_F(held_sessions, of_a_run_and_of_the_one_it_was_reset_to_are_two) {
  start_with(2);
  open("first", "s");
  open("reset", "s");
  ASSERT_TRUE(until_held(2));
  ASSERT_TRUE(until([this] { return server.count<signal>() == 2; }));
  EXPECT_NE(server.seen<signal>()[0].workflow_execution().run_id(),
            server.seen<signal>()[1].workflow_execution().run_id());
  const auto told = server.seen<signal>()[0];
  EXPECT_EQ(told.signal_name(), "signal");
  EXPECT_EQ(told.workflow_execution().workflow_id(), "w");
  ASSERT_EQ(told.input().payloads_size(), 1);
  EXPECT_NE(told.input().payloads(0).data().find(R"("identity":"tester")"), std::string::npos)
      << told.input().payloads(0).data();
  end("first", "s");
  ASSERT_TRUE(until_held(1));
  EXPECT_TRUE(has_completed("firsts"));
  EXPECT_FALSE(has_completed("resets"));
  end("reset", "s");
  ASSERT_TRUE(until_held(0));
  EXPECT_TRUE(has_completed("resets"));
  EXPECT_EQ(server.count<failed>(), 0U);
}

TEST_F(held_sessions, that_come_back_are_counted) {
  start_with(1);
  open("r", "one");
  ASSERT_TRUE(until_held(1));
  open("r", "other");
  ASSERT_TRUE(until_seen<failed>());
  const auto refused = server.seen<failed>().back();
  EXPECT_EQ(refused.task_token(), "token-rother");
  EXPECT_TRUE(refused.failure().application_failure_info().non_retryable());
  EXPECT_EQ(refused.failure().message(), "the worker has no room for another session");
  end("r", "one");
  ASSERT_TRUE(until_held(0));
  open("r", "other");
  ASSERT_TRUE(until_held(1));
  ASSERT_TRUE(until([this] { return server.count<signal>() == 2; }));
  end("r", "other");
  ASSERT_TRUE(until_held(0));
  EXPECT_TRUE(has_completed("rother"));
}

TEST_F(held_sessions, end_when_their_workflow_cancels_them) {
  answer_heartbeats([](heartbeat_answer& answer) { answer.set_cancel_requested(true); });
  start_with(1);
  open("r", "one");
  ASSERT_TRUE(until_seen<cancelled>());
  EXPECT_EQ(server.seen<cancelled>().back().task_token(), "token-rone");
  ASSERT_TRUE(until_held(0));
  answer_heartbeats([](heartbeat_answer&) {});
  open("r", "other");
  ASSERT_TRUE(until([this] { return server.count<signal>() == 2; }));
  end("r", "other");
  ASSERT_TRUE(until_held(0));
  EXPECT_TRUE(has_completed("rother")) << "there is room again";
}

TEST_F(held_sessions, that_came_back_leave_no_room_for_new_ones) {
  start_with(1);
  open("r", "one");
  ASSERT_TRUE(until_held(1));
  // A poll was under way: what it brings is kept, as the workflow asks only once.
  auto wanted = make(std::string(detail::run::hold_session_activity), {quoted("new"), R"("signal")"}, "new");
  wanted.mutable_heartbeat_timeout()->set_seconds(3600);
  give_new(wanted);
  ASSERT_TRUE(until_held(2));
  // None follows.
  settle();
  EXPECT_EQ(polls_for_new_ones(), 1U);
  end("r", "new");
  ASSERT_TRUE(until_held(1));
  settle();
  EXPECT_EQ(polls_for_new_ones(), 1U);
  end("r", "one");
  ASSERT_TRUE(until([this] { return polls_for_new_ones() == 2; }));
  EXPECT_EQ(server.count<failed>(), 0U);
}

TEST_F(held_sessions, that_are_not_here_cannot_be_ended) {
  start_with(1);
  end("r", "one");
  ASSERT_TRUE(until_seen<failed>());
  EXPECT_EQ(server.seen<failed>().back().failure().message(), "the session is not open on this worker");
}

}  // namespace rondo::test::held_sessions_test
