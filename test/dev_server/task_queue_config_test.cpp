#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dev_server/durable_worker.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/task_queue_configs.hpp"

namespace rondo::test {
namespace task_queue_config_test {

using server::millisecond;
using server::second;
using activity_task = service::PollActivityTaskQueueResponse;
using update_request = service::UpdateTaskQueueConfigRequest;
using update_response = service::UpdateTaskQueueConfigResponse;
using config = temporal::api::taskqueue::v1::TaskQueueConfig;

update_request updating(enums::TaskQueueType type = enums::TASK_QUEUE_TYPE_ACTIVITY,
                        const std::string& queue = "activities") {
  update_request request;
  request.set_namespace_("default");
  request.set_identity("operator");
  request.set_task_queue(queue);
  request.set_task_queue_type(type);
  return request;
}
update_request with_rate(float rate) {
  auto request = updating();
  request.mutable_update_queue_rate_limit()->mutable_rate_limit()->set_requests_per_second(rate);
  request.mutable_update_queue_rate_limit()->set_reason("because");
  return request;
}
update_request with_key_rate(float rate) {
  auto request = updating();
  request.mutable_update_fairness_key_rate_limit_default()->mutable_rate_limit()->set_requests_per_second(rate);
  return request;
}

/// Task queues that users configure.
struct task_queue_config : ::testing::Test {
  scripted_worker at;

  config update(const update_request& request) { return at.ask<update_response>(request).config(); }
  service::DescribeTaskQueueResponse describe(enums::TaskQueueType type = enums::TASK_QUEUE_TYPE_ACTIVITY,
                                              const std::string& queue = "activities") {
    service::DescribeTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name(queue);
    request.set_task_queue_type(type);
    request.set_report_config(true);
    request.set_report_stats(true);
    return at.ask<service::DescribeTaskQueueResponse>(request);
  }
  /// Starts a workflow that has the activities, named "key number", and waits.
  void schedule(const std::vector<std::string>& names, commands all = {}) {
    for (const auto& name : names) {
      all.push_back(activity_command(name, [&name](activity_attributes& attributes) {
        attributes.mutable_priority()->set_fairness_key(name.substr(0, name.find(' ')));
      }));
    }
    at.start("of activities", [](auto& request) { request.mutable_task_queue()->set_name("queue of activities"); });
    at.complete(at.poll("queue of activities"), all);
  }
  pending<activity_task> begin_poll(std::optional<double> rate = {}) {
    service::PollActivityTaskQueueRequest request;
    request.set_namespace_("default");
    request.mutable_task_queue()->set_name("activities");
    request.set_identity("worker");
    if (rate) request.mutable_task_queue_metadata()->mutable_max_tasks_per_second()->set_value(*rate);
    return at.begin<activity_task>(request);
  }
  std::string poll() { return begin_poll().get().activity_id(); }
  void complete(const activity_task& task) {
    service::RespondActivityTaskCompletedRequest request;
    request.set_namespace_("default");
    request.set_task_token(task.task_token());
    at.ask<service::RespondActivityTaskCompletedResponse>(request);
  }
  void start_with_key(const std::string& id, const std::string& key, float weight = 0) {
    at.start(id, [&](service::StartWorkflowExecutionRequest& request) {
      request.mutable_priority()->set_fairness_key(key);
      request.mutable_priority()->set_fairness_weight(weight);
    });
  }
  std::string poll_all(int many) {
    std::string ids;
    for (int each = 0; each < many; ++each) {
      ids += (ids.empty() ? "" : " ") + at.poll().workflow_execution().workflow_id();
    }
    return ids;
  }
};

TEST_F(task_queue_config, is_set_and_shown) {
  EXPECT_FALSE(describe().has_config());
  const config set = update(with_rate(7));
  EXPECT_EQ(set.queue_rate_limit().rate_limit().requests_per_second(), 7);
  EXPECT_EQ(set.queue_rate_limit().metadata().reason(), "because");
  EXPECT_EQ(set.queue_rate_limit().metadata().update_identity(), "operator");
  EXPECT_EQ(server::from_proto(set.queue_rate_limit().metadata().update_time()), at.state->now());
  const config both = update(with_key_rate(3));
  EXPECT_EQ(both.queue_rate_limit().SerializeAsString(), set.queue_rate_limit().SerializeAsString());
  EXPECT_EQ(both.fairness_keys_rate_limit_default().rate_limit().requests_per_second(), 3);
  const auto shown = describe();
  EXPECT_EQ(shown.config().SerializeAsString(), both.SerializeAsString());
  EXPECT_EQ(shown.effective_rate_limit().requests_per_second(), 7);
  EXPECT_EQ(shown.effective_rate_limit().rate_limit_source(), enums::RATE_LIMIT_SOURCE_API);
  EXPECT_FALSE(describe(enums::TASK_QUEUE_TYPE_WORKFLOW).has_config());
  EXPECT_FALSE(describe(enums::TASK_QUEUE_TYPE_ACTIVITY, "other").has_config());

  auto freeing = updating();
  freeing.mutable_update_queue_rate_limit()->set_reason("enough");
  const config freed = update(freeing);
  EXPECT_FALSE(freed.queue_rate_limit().has_rate_limit());
  EXPECT_EQ(freed.queue_rate_limit().metadata().reason(), "enough");
  EXPECT_EQ(describe().effective_rate_limit().rate_limit_source(), enums::RATE_LIMIT_SOURCE_SYSTEM);
}

TEST_F(task_queue_config, merges_weights_of_fairness_keys) {
  auto request = updating(enums::TASK_QUEUE_TYPE_WORKFLOW, "queue");
  (*request.mutable_set_fairness_weight_overrides())["a"] = 2;
  (*request.mutable_set_fairness_weight_overrides())["b"] = 3;
  EXPECT_EQ(update(request).fairness_weight_overrides().size(), 2U);
  request.clear_set_fairness_weight_overrides();
  request.add_unset_fairness_weight_overrides("a");
  const config left = update(request);
  EXPECT_EQ(left.fairness_weight_overrides().size(), 1U);
  EXPECT_EQ(left.fairness_weight_overrides().at("b"), 3);
  request.set_unset_fairness_weight_overrides(0, "b");
  update(request);
  EXPECT_FALSE(describe(enums::TASK_QUEUE_TYPE_WORKFLOW, "queue").has_config()) << "nothing is set any more";
}

TEST_F(task_queue_config, has_a_number_of_weights) {
  auto request = updating();
  for (int each = 0; each < 1000; ++each) (*request.mutable_set_fairness_weight_overrides())[std::to_string(each)] = 2;
  update(request);
  request.clear_set_fairness_weight_overrides();
  (*request.mutable_set_fairness_weight_overrides())["one more"] = 2;
  EXPECT_EQ(at.refused<update_response>(request).message,
            "fairness weight overrides update rejected: exceeding maximum key size");
  request.add_unset_fairness_weight_overrides("7");
  EXPECT_EQ(update(request).fairness_weight_overrides().size(), 1000U);
}

TEST_F(task_queue_config, refuses_what_makes_no_sense) {
  using change = std::function<void(update_request&)>;
  const auto rate = [](update_request& r) { return r.mutable_update_queue_rate_limit(); };
  const std::vector<std::pair<change, std::string>> table = {
      {[](auto& r) { r.set_namespace_("missing"); }, "Namespace missing is not found."},
      {[](auto& r) { r.clear_task_queue(); }, "missing task queue name"},
      {[](auto& r) { r.set_task_queue(std::string(1001, 'x')); }, "taskQueue length exceeds limit"},
      {[](auto& r) { r.clear_task_queue_type(); }, "TaskQueueType is not set on request."},
      {[](auto& r) { r.set_task_queue_type(static_cast<enums::TaskQueueType>(77)); },
       "TaskQueueType is not set on request."},
      {[&](auto& r) {
         r.set_task_queue_type(enums::TASK_QUEUE_TYPE_WORKFLOW);
         rate(r)->mutable_rate_limit();
       },
       "Setting rate limit on workflow task queues is not allowed."},
      {[](auto& r) {
         r.set_task_queue_type(enums::TASK_QUEUE_TYPE_WORKFLOW);
         r.mutable_update_fairness_key_rate_limit_default()->mutable_rate_limit();
       },
       "Setting fairness key rate limit on workflow task queues is not allowed."},
      {[&](auto& r) { rate(r)->mutable_rate_limit()->set_requests_per_second(-1); },
       "RequestsPerSecond for UpdateQueueRateLimit rate limit must be non-negative."},
      {[&](auto& r) {
         rate(r)->mutable_rate_limit()->set_requests_per_second(std::numeric_limits<float>::quiet_NaN());
       },
       "RequestsPerSecond for UpdateQueueRateLimit rate limit must be non-negative."},
      {[](auto& r) {
         r.mutable_update_fairness_key_rate_limit_default()->mutable_rate_limit()->set_requests_per_second(-1);
       },
       "RequestsPerSecond for UpdateFairnessKeyRateLimitDefault rate limit must be non-negative."},
      {[&](auto& r) {
         rate(r)->mutable_rate_limit()->set_requests_per_second(1);
         rate(r)->set_reason(std::string(1001, 'x'));
       },
       "UpdateQueueRateLimit.Reason field too long (max 1000 characters)."},
      {[](auto& r) { r.set_identity(std::string(1001, 'x')); }, "Identity field too long (max 1000 characters)."},
      {[](auto& r) { (*r.mutable_set_fairness_weight_overrides())[""] = 1; },
       "fairness weight override key must not be empty"},
      {[](auto& r) { r.add_unset_fairness_weight_overrides(std::string(65, 'x')); },
       "fairness key length exceeds limit"},
      {[](auto& r) { (*r.mutable_set_fairness_weight_overrides())["a"] = 0; },
       "invalid fairness weight weight for key \"a\": must be greater than zero"},
      {[](auto& r) {
         (*r.mutable_set_fairness_weight_overrides())["a"] = 1;
         r.add_unset_fairness_weight_overrides("a");
       },
       "fairness weight override key \"a\" present in both set and unset lists"},
      {[](auto& r) {
         for (int each = 0; each < 1001; ++each) r.add_unset_fairness_weight_overrides(std::to_string(each));
       },
       "too many fairness weight overrides in request: got 1001, maximum 1000"},
  };
  for (const auto& [apply, text] : table) {
    auto request = updating();
    apply(request);
    EXPECT_EQ(at.refused<update_response>(request).message, text);
  }
  EXPECT_FALSE(describe().has_config());
}

TEST_F(task_queue_config, goes_with_its_namespace) {
  update(with_rate(7));
  auto& space = at.state->namespaces().get("default");
  const server::task_queue_configs::key which{space.id(), "activities", enums::TASK_QUEUE_TYPE_ACTIVITY};
  EXPECT_NE(at.state->task_queue_configs().find(which), nullptr);
  at.state->turn([&] { at.state->namespaces().remove(space); });
  EXPECT_EQ(at.state->task_queue_configs().find(which), nullptr);
}

TEST_F(task_queue_config, lets_activities_go_at_its_rate) {
  update(with_rate(1));
  schedule({"a 1", "a 2", "a 3", "a 4"});
  EXPECT_EQ(poll(), "a 1");
  EXPECT_EQ(poll(), "a 2");
  EXPECT_FALSE(describe().stats().rate_limiting_active());
  const auto third = begin_poll();
  const auto fourth = begin_poll();
  EXPECT_TRUE(describe().stats().rate_limiting_active());
  EXPECT_TRUE(describe().stats_by_priority_key().at(3).rate_limiting_active());
  at.pass(second - millisecond);
  EXPECT_FALSE(third.done());
  at.pass(millisecond);
  EXPECT_EQ(third.get().activity_id(), "a 3");
  EXPECT_FALSE(fourth.done());
  at.pass(second);
  EXPECT_EQ(fourth.get().activity_id(), "a 4");
}

TEST_F(task_queue_config, stops_a_queue_and_lets_it_go_on) {
  update(with_rate(0));
  schedule({"a 1", "a 2"});
  const auto first = begin_poll();
  at.pass(server::minute);
  EXPECT_FALSE(first.done());
  auto freeing = updating();
  freeing.mutable_update_queue_rate_limit();
  update(freeing);
  EXPECT_EQ(first.get().activity_id(), "a 1");
  EXPECT_EQ(poll(), "a 2");
}

TEST_F(task_queue_config, counts_before_the_rate_that_workers_name) {
  update(with_rate(0));
  schedule({"a 1"});
  EXPECT_FALSE(begin_poll(50).done());
  EXPECT_EQ(describe().effective_rate_limit().rate_limit_source(), enums::RATE_LIMIT_SOURCE_API);
}

TEST_F(task_queue_config, of_workers_is_what_the_last_poll_said) {
  schedule({"a 1", "a 2"});
  const auto stopped = begin_poll(0);
  EXPECT_FALSE(stopped.done());
  EXPECT_EQ(describe().effective_rate_limit().rate_limit_source(), enums::RATE_LIMIT_SOURCE_WORKER);
  const auto free = begin_poll();
  EXPECT_EQ(stopped.get().activity_id(), "a 1");
  EXPECT_EQ(free.get().activity_id(), "a 2");
  EXPECT_EQ(describe().effective_rate_limit().rate_limit_source(), enums::RATE_LIMIT_SOURCE_SYSTEM);
}

TEST_F(task_queue_config, limits_each_fairness_key) {
  update(with_key_rate(1));
  schedule({"a 1", "a 2", "a 3", "b 1"});
  EXPECT_EQ(poll(), "a 1");
  EXPECT_EQ(poll(), "b 1");
  EXPECT_EQ(poll(), "a 2");
  const auto last = begin_poll();
  EXPECT_FALSE(last.done());
  at.pass(second);
  EXPECT_EQ(last.get().activity_id(), "a 3");
}

TEST_F(task_queue_config, lets_a_key_pass_those_that_wait) {
  auto request = with_key_rate(1);
  (*request.mutable_set_fairness_weight_overrides())["b"] = 0.2F;
  update(request);
  schedule({"a 1", "a 2", "a 3", "b 1"});
  EXPECT_EQ(poll(), "a 1");
  EXPECT_EQ(poll(), "a 2");
  EXPECT_EQ(poll(), "b 1");
  const auto last = begin_poll();
  EXPECT_FALSE(last.done());
  at.pass(second);
  EXPECT_EQ(last.get().activity_id(), "a 3");
}

TEST_F(task_queue_config, leaves_the_clock_free_to_skip_while_tasks_wait_for_the_rate) {
  update(with_rate(0.125F));
  schedule({"a 1", "a 2"});
  complete(begin_poll().get());
  at.complete(at.poll("queue of activities"));
  const auto second_one = begin_poll();
  EXPECT_FALSE(second_one.done());
  const auto before = at.state->now();
  at.state->clock().unlock_skipping();
  at.state->clock().unlock_skipping();
  at.loop.run_until([&] { return second_one.done(); });
  at.run_ready();
  EXPECT_EQ(second_one.get().activity_id(), "a 2");
  EXPECT_EQ(at.state->now() - before, 7 * second) << "eight less the second that is saved up, and no further";
}

TEST_F(task_queue_config, lets_time_pass_while_a_queue_is_stopped) {
  update(with_rate(0));
  schedule({"a 1"}, {timer_command("t", 10)});
  const auto held = begin_poll();
  const auto before = at.state->now();
  at.state->clock().unlock_skipping();
  at.state->clock().unlock_skipping();
  const auto woken = at.begin_poll("queue of activities");
  at.loop.run_until([&] { return woken.done(); });
  EXPECT_EQ(at.state->now() - before, 10 * second);
  EXPECT_FALSE(held.done());
}

TEST_F(task_queue_config, holds_the_clock_again_when_the_poll_goes) {
  update(with_rate(0));
  schedule({"a 1"}, {timer_command("t", 10)});
  begin_poll().call->go_away();
  const auto before = at.state->now();
  at.state->clock().unlock_skipping();
  at.state->clock().unlock_skipping();
  for (int turns = 0; turns < 5; ++turns) at.run_ready();
  EXPECT_EQ(at.state->now(), before) << "the activity waits for a worker";
}

// Fairness

TEST_F(task_queue_config, shares_the_turns_between_fairness_keys) {
  for (const char* id : {"a1", "a2", "a3", "a4"}) start_with_key(id, "a");
  for (const char* id : {"b1", "b2"}) start_with_key(id, "b");
  EXPECT_EQ(poll_all(3), "a1 b1 a2");
  start_with_key("c1", "c");
  EXPECT_EQ(poll_all(4), "b2 c1 a3 a4");
}

TEST_F(task_queue_config, shares_by_the_weight_of_the_tasks) {
  for (const char* id : {"a1", "a2", "a3"}) start_with_key(id, "a", 1);
  for (const char* id : {"b1", "b2", "b3", "b4"}) start_with_key(id, "b", 3);
  EXPECT_EQ(poll_all(7), "b1 b2 b3 a1 b4 a2 a3");
}

TEST_F(task_queue_config, shares_by_the_weights_that_are_set) {
  auto request = updating(enums::TASK_QUEUE_TYPE_WORKFLOW, "queue");
  (*request.mutable_set_fairness_weight_overrides())["b"] = 2.5F;
  update(request);
  for (const char* id : {"a1", "a2"}) start_with_key(id, "a");
  for (const char* id : {"b1", "b2", "b3"}) start_with_key(id, "b");
  EXPECT_EQ(poll_all(5), "b1 b2 a1 b3 a2");
}

TEST_F(task_queue_config, shares_within_a_priority) {
  for (const char* id : {"a1", "a2"}) start_with_key(id, "a");
  at.start("urgent", [](auto& request) {
    request.mutable_priority()->set_priority_key(1);
    request.mutable_priority()->set_fairness_key("a");
  });
  start_with_key("b1", "b");
  EXPECT_EQ(poll_all(4), "urgent a1 b1 a2");
}

TEST_F(task_queue_config, takes_priorities_beyond_the_last_for_the_last) {
  at.start("nine", [](auto& request) { request.mutable_priority()->set_priority_key(9); });
  at.start("five", [](auto& request) { request.mutable_priority()->set_priority_key(5); });
  EXPECT_EQ(poll_all(2), "nine five");
}

TEST(durable_task_queue_config, survives_the_server) {
  const scratch dir;
  config set;
  {
    durable_worker before(durable_options(dir));
    auto request = with_rate(0);
    request.set_task_queue("with/slashes/activities");
    (*request.mutable_set_fairness_weight_overrides())["a"] = 2;
    set = before.wait_for<update_response>(request).config();
    auto gone = updating();
    (*gone.mutable_set_fairness_weight_overrides())["a"] = 2;
    before.wait_for<update_response>(gone);
    gone.clear_set_fairness_weight_overrides();
    gone.add_unset_fairness_weight_overrides("a");
    before.wait_for<update_response>(gone);
  }
  durable_worker after(durable_options(dir));
  const std::string id = after.state->namespaces().get("default").id();
  const auto* found =
      after.state->task_queue_configs().find({id, "with/slashes/activities", enums::TASK_QUEUE_TYPE_ACTIVITY});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->queue_rate_limit().SerializeAsString(), set.queue_rate_limit().SerializeAsString());
  EXPECT_EQ(found->fairness_weight_overrides().at("a"), 2);
  EXPECT_EQ(after.state->task_queue_configs().find({id, "activities", enums::TASK_QUEUE_TYPE_ACTIVITY}), nullptr);
  after.start_durably("w");
  after.complete_durably(after.poll_durably(), {activity_command("1", on_queue("with/slashes/activities"))});
  service::PollActivityTaskQueueRequest poll;
  poll.set_namespace_("default");
  poll.mutable_task_queue()->set_name("with/slashes/activities");
  const auto held = after.begin<activity_task>(poll);
  after.pass(server::minute);
  EXPECT_FALSE(held.done());
}

}  // namespace task_queue_config_test
}  // namespace rondo::test
