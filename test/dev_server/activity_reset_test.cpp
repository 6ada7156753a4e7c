#include <gtest/gtest.h>

#include <string>

#include "dev_server/operated_case.hpp"

namespace rondo::test {
namespace activity_reset_test {

using server::second;

struct reset_activity : operated_case {};

TEST_F(reset_activity, begins_its_first_attempt_at_once) {
  schedule(be_patient);
  fail(poll());
  EXPECT_EQ(describe().attempt(), 2);
  reset();
  EXPECT_FALSE(describe().has_last_failure());
  EXPECT_EQ(poll().attempt(), 1);
  EXPECT_TRUE(idle());
}

TEST_F(reset_activity, begins_within_the_jitter) {
  schedule();
  reset([](auto& request) { request.mutable_jitter()->set_seconds(10); });
  EXPECT_TRUE(idle());
  at.pass(10 * second);
  EXPECT_EQ(poll().attempt(), 1);
}

TEST_F(reset_activity, tells_the_worker_that_has_it) {
  schedule();
  const auto task = poll();
  EXPECT_FALSE(heartbeat(task, "beat").activity_reset());
  reset();
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_STARTED);
  EXPECT_TRUE(heartbeat(task, "beat").activity_reset());
  fail(task);
  at.pass(second);
  const auto again = poll();
  EXPECT_EQ(again.attempt(), 2);
  EXPECT_EQ(again.heartbeat_details().payloads(0).data(), "beat");
  EXPECT_FALSE(heartbeat(again, "more").activity_reset());
}

TEST_F(reset_activity, forgets_the_heartbeats_of_the_attempt_that_a_worker_has) {
  schedule();
  const auto task = poll();
  heartbeat(task, "beat");
  reset([](auto& request) { request.set_reset_heartbeat(true); });
  heartbeat(task, "later");
  EXPECT_EQ(describe().heartbeat_details().payloads(0).data(), "later");
  fail(task);
  EXPECT_FALSE(describe().has_heartbeat_details());
  at.pass(second);
  EXPECT_FALSE(poll().has_heartbeat_details());
}

TEST_F(reset_activity, forgets_heartbeats_while_no_worker_has_it) {
  schedule(be_patient);
  const auto task = poll();
  heartbeat(task, "beat");
  fail(task);
  reset([](auto& request) { request.set_reset_heartbeat(true); });
  EXPECT_FALSE(poll().has_heartbeat_details());
}

/// Of an attempt that the server does not know any more.
void expect_lost(reset_activity& of, const activity_task& task) {
  const auto beat = of.answering<service::RecordActivityTaskHeartbeatRequest>(task);
  EXPECT_EQ(of.at.refused<service::RecordActivityTaskHeartbeatResponse>(beat).code, rpc_code::not_found);
  EXPECT_EQ(of.refuse(task).code, rpc_code::not_found);
  const auto failed = of.answering<service::RespondActivityTaskFailedRequest>(task);
  EXPECT_EQ(of.at.refused<service::RespondActivityTaskFailedResponse>(failed).code, rpc_code::not_found);
}

TEST_F(reset_activity, loses_a_later_attempt_that_a_worker_has) {
  schedule();
  fail(poll());
  at.pass(second);
  const auto lost = poll();
  EXPECT_EQ(lost.attempt(), 2);
  EXPECT_FALSE(heartbeat(lost, "beat").activity_reset());
  reset();
  EXPECT_EQ(describe().attempt(), 1);
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_STARTED);
  expect_lost(*this, lost);
  EXPECT_TRUE(idle()) << "it has its time";
  at.pass(60 * second);
  EXPECT_EQ(describe().last_failure().timeout_failure_info().timeout_type(), enums::TIMEOUT_TYPE_START_TO_CLOSE);
  at.pass(second);
  const auto again = poll();
  EXPECT_EQ(again.attempt(), 2);
  EXPECT_EQ(again.heartbeat_details().payloads(0).data(), "beat");
  expect_lost(*this, lost);
  EXPECT_FALSE(heartbeat(again, "more").activity_reset());
  complete(again);
  EXPECT_EQ(ending(), "ActivityTaskStarted ActivityTaskCompleted WorkflowTaskScheduled");
}

TEST_F(reset_activity, is_known_by_its_id_whatever_the_attempt) {
  schedule();
  fail(poll());
  at.pass(second);
  EXPECT_EQ(poll().attempt(), 2);
  reset();
  service::RecordActivityTaskHeartbeatByIdRequest beat;
  beat.set_namespace_("default");
  beat.set_workflow_id("w");
  beat.set_activity_id("a");
  EXPECT_TRUE(at.ask<service::RecordActivityTaskHeartbeatByIdResponse>(beat).activity_reset());
}

TEST_F(reset_activity, goes_on_unless_it_is_to_stay_paused) {
  schedule(be_patient);
  fail(poll());
  pause();
  reset([](auto& request) { request.set_keep_paused(true); });
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_PAUSED);
  EXPECT_EQ(describe().attempt(), 1);
  EXPECT_TRUE(idle());
  EXPECT_EQ(shown_pauses(), "[\"property:activityType=act\"]");
  reset();
  EXPECT_FALSE(describe().paused());
  EXPECT_EQ(shown_pauses(), "");
  EXPECT_EQ(poll().attempt(), 1);
  pause();
  reset();
  EXPECT_EQ(describe().state(), enums::PENDING_ACTIVITY_STATE_STARTED) << "a worker has it";
  EXPECT_FALSE(describe().has_pause_info());
}

TEST_F(reset_activity, keeps_what_is_to_be_forgotten_until_it_goes_on) {
  schedule();
  const auto task = poll();
  heartbeat(task, "beat");
  pause();
  fail(task);
  reset([](auto& request) {
    request.set_keep_paused(true);
    request.set_reset_heartbeat(true);
  });
  unpause();
  const auto again = poll();
  EXPECT_EQ(again.attempt(), 1);
  EXPECT_FALSE(again.has_heartbeat_details());
  EXPECT_FALSE(heartbeat(again, "new").activity_reset());
}

TEST_F(reset_activity, may_get_its_options_back) {
  schedule([](activity_attributes& attributes) { attributes.mutable_priority()->set_priority_key(2); });
  auto change = updating({"start_to_close_timeout", "task_queue.name", "retry_policy.maximum_attempts"});
  change.mutable_activity_options()->mutable_start_to_close_timeout()->set_seconds(7);
  change.mutable_activity_options()->mutable_task_queue()->set_name("elsewhere");
  change.mutable_activity_options()->mutable_retry_policy()->set_maximum_attempts(3);
  at.ask<service::UpdateActivityOptionsResponse>(change);
  EXPECT_TRUE(idle());
  reset([](auto& request) { request.set_restore_original_options(true); });
  const auto options = describe().activity_options();
  EXPECT_EQ(options.start_to_close_timeout().seconds(), 60);
  EXPECT_EQ(options.task_queue().name(), "activities");
  EXPECT_EQ(options.retry_policy().maximum_attempts(), 0);
  EXPECT_EQ(describe().priority().priority_key(), 2);
  EXPECT_EQ(poll().activity_id(), "a");
}

TEST_F(reset_activity, is_meant_by_its_type_or_with_all_others) {
  at.start("w");
  at.complete(at.poll(), {activity_command("a", be_patient), activity_command("b", be_patient)});
  fail(poll());
  fail(poll());
  auto all = about<service::ResetActivityRequest>("");
  all.set_match_all(true);
  at.ask<service::ResetActivityResponse>(all);
  EXPECT_EQ(poll().activity_id(), "a");
  EXPECT_EQ(poll().activity_id(), "b");
  auto none = about<service::ResetActivityRequest>("");
  EXPECT_EQ(at.refused<service::ResetActivityResponse>(none).message,
            "Either Activity.Id or Activity.Type should be set on request.");
  none.set_type("other");
  EXPECT_EQ(at.refused<service::ResetActivityResponse>(none).code, rpc_code::not_found);
}

}  // namespace activity_reset_test
}  // namespace rondo::test
