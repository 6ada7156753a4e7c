#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dev_server/versioned_worker.hpp"

// Options of a run that its clients override: the version that it is pinned to, the priority.
namespace rondo::test {
namespace override_test {

struct overrides : ::testing::Test {
  versioned_worker at;
};

TEST_F(overrides, may_come_with_the_start) {
  at.appear("1");
  at.appear("2");
  at.set_current("1");
  at.start("w", [](service::StartWorkflowExecutionRequest& request) {
    versioned_worker::pin(*request.mutable_versioning_override(), "2");
  });
  EXPECT_TRUE(at.idle_of("1"));
  const auto task = at.poll_of("2");
  EXPECT_EQ(task.workflow_execution().workflow_id(), "w");
  const auto started = at.events("w")[0].workflow_execution_started_event_attributes();
  EXPECT_EQ(started.versioning_override().pinned().version().build_id(), "2");
  EXPECT_EQ(at.attribute("w", "BuildIds"), "[\"pinned:d:2\"]");
}

TEST_F(overrides, change_for_a_run_that_waits) {
  at.appear("1");
  at.appear("2");
  at.set_current("1");
  at.start("w");
  const auto changed = at.pin_to("w", "2");
  EXPECT_EQ(changed.workflow_execution_options().versioning_override().pinned().version().build_id(), "2");
  const auto event = at.last_event("w");
  EXPECT_EQ(event.event_type(), enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
  EXPECT_EQ(event.workflow_execution_options_updated_event_attributes().identity(), "operator");
  const auto count = at.events("w").size();
  at.pin_to("w", "2");
  EXPECT_EQ(at.events("w").size(), count) << "nothing changed";
  EXPECT_TRUE(at.idle_of("1"));
  at.complete_as(at.poll_of("2"), "2", auto_upgrade);
  EXPECT_EQ(at.versioning("w").behavior(), auto_upgrade);
  auto unset = versioned_worker::override_request("w");
  at.ask<update_options_response>(unset);
  EXPECT_TRUE(at.last_event("w").workflow_execution_options_updated_event_attributes().unset_versioning_override());
  at.signal("w");
  EXPECT_EQ(at.poll_of("1").workflow_execution().workflow_id(), "w");
}

TEST_F(overrides, that_say_nothing_are_refused) {
  at.appear("1");
  at.set_current("1");
  at.start("w");
  using change = std::function<void(service::UpdateWorkflowExecutionOptionsRequest&)>;
  const auto override_of = [](service::UpdateWorkflowExecutionOptionsRequest& request) -> auto& {
    return *request.mutable_workflow_execution_options()->mutable_versioning_override();
  };
  const std::vector<std::pair<change, std::string>> table = {
      {[](auto& r) { r.mutable_workflow_execution()->clear_workflow_id(); }, "WorkflowId is not set on request."},
      {[](auto& r) { r.clear_update_mask(); }, "UpdateMask is required"},
      {[](auto& r) { r.clear_workflow_execution_options(); }, "WorkflowExecutionOptions is required"},
      {[](auto& r) { r.mutable_update_mask()->add_paths("nothing"); },
       "error parsing UpdateMask: invalid path \"nothing\" for message "
       "\"temporal.api.workflow.v1.WorkflowExecutionOptions\""},
      {[&](auto& r) { override_of(r); }, "override behavior is required"},
      {[&](auto& r) { override_of(r).mutable_pinned(); },
       "must specify pinned override behavior if override is pinned."},
      {[&](auto& r) { override_of(r).set_behavior(pinned); },
       "must provide deployment (deprecated) or pinned version if behavior is 'PINNED'"},
      {[&](auto& r) {
         override_of(r).set_behavior(auto_upgrade);
         override_of(r).set_pinned_version("d.1");
       },
       "only provide pinned version if behavior is 'PINNED'"},
      {[&](auto& r) { versioned_worker::pin(override_of(r), ""); },
       "must specify a specific pinned override version because workflow with id w has behavior Unspecified and is not "
       "yet pinned to any version"},
      {[&](auto& r) { versioned_worker::pin(override_of(r), "7"); },
       "Pinned version 'd:7' is not present in task queue 'queue' of type 'Workflow'"},
      {[](auto& r) { r.mutable_workflow_execution()->set_workflow_id("missing"); },
       "workflow not found for ID: missing"},
  };
  const auto count = at.events("w").size();
  for (const auto& [apply, text] : table) {
    auto request = versioned_worker::override_request("w");
    apply(request);
    EXPECT_EQ(at.refused<update_options_response>(request).message, text);
  }
  EXPECT_EQ(at.events("w").size(), count);
}

TEST_F(overrides, are_taken_in_their_older_form) {
  at.appear("1");
  at.start("w");
  auto request = versioned_worker::override_request("w");
  request.mutable_workflow_execution_options()->mutable_versioning_override()->set_behavior(pinned);
  request.mutable_workflow_execution_options()->mutable_versioning_override()->set_pinned_version("d.1");
  const auto changed = at.ask<update_options_response>(request);
  EXPECT_EQ(changed.workflow_execution_options().versioning_override().pinned().version().build_id(), "1");
  EXPECT_EQ(at.poll_of("1").workflow_execution().workflow_id(), "w");
}

service::UpdateWorkflowExecutionOptionsRequest priority_request(const std::string& id,
                                                                const std::vector<std::string>& paths) {
  auto request = versioned_worker::override_request(id);
  request.mutable_update_mask()->clear_paths();
  for (const auto& path : paths) request.mutable_update_mask()->add_paths(path);
  return request;
}

TEST_F(overrides, may_be_of_the_priority) {
  at.start("w");
  auto request = priority_request("w", {"priority"});
  request.mutable_workflow_execution_options()->mutable_priority()->set_priority_key(1);
  const auto changed = at.ask<update_options_response>(request);
  EXPECT_EQ(changed.workflow_execution_options().priority().priority_key(), 1);
  EXPECT_EQ(server::from_proto(changed.update_time()), at.state->now());
  const auto event = at.last_event("w");
  EXPECT_TRUE(event.worker_may_ignore());
  const auto& attributes = event.workflow_execution_options_updated_event_attributes();
  EXPECT_EQ(attributes.priority().priority_key(), 1);
  EXPECT_TRUE(attributes.unset_versioning_override()) << "it has none";
  EXPECT_EQ(at.describe("w").workflow_execution_info().priority().priority_key(), 1);
  const auto count = at.events("w").size();
  EXPECT_FALSE(at.ask<update_options_response>(request).has_update_time()) << "nothing changed";
  EXPECT_EQ(at.events("w").size(), count);
}

TEST_F(overrides, may_be_of_parts_of_the_priority) {
  at.start("w", [](auto& request) { request.mutable_priority()->set_priority_key(2); });
  auto request = priority_request("w", {"priority.fairnessKey", "priority.fairness_weight"});
  auto& given = *request.mutable_workflow_execution_options()->mutable_priority();
  given.set_priority_key(4);
  given.set_fairness_key("tenant");
  given.set_fairness_weight(3);
  const auto changed = at.ask<update_options_response>(request).workflow_execution_options().priority();
  EXPECT_EQ(changed.priority_key(), 2);
  EXPECT_EQ(changed.fairness_key(), "tenant");
  EXPECT_EQ(changed.fairness_weight(), 3);
  EXPECT_EQ(at.last_event("w").workflow_execution_options_updated_event_attributes().priority().priority_key(), 2);
  const auto none = at.ask<update_options_response>(priority_request("w", {"priority"}));
  EXPECT_FALSE(none.workflow_execution_options().has_priority());
  EXPECT_FALSE(at.describe("w").workflow_execution_info().has_priority());
}

TEST_F(overrides, of_the_priority_move_the_task_that_waits) {
  at.start("first");
  at.start("second");
  auto request = priority_request("second", {"priority.priority_key"});
  request.mutable_workflow_execution_options()->mutable_priority()->set_priority_key(1);
  at.ask<update_options_response>(request);
  EXPECT_EQ(at.poll().workflow_execution().workflow_id(), "second");
  EXPECT_EQ(at.poll().workflow_execution().workflow_id(), "first");
}

TEST_F(overrides, keep_what_another_change_does_not_name) {
  at.appear("1");
  at.start("w");
  at.pin_to("w", "1");
  auto request = priority_request("w", {"priority"});
  request.mutable_workflow_execution_options()->mutable_priority()->set_priority_key(1);
  at.ask<update_options_response>(request);
  const auto event = at.last_event("w");
  const auto& attributes = event.workflow_execution_options_updated_event_attributes();
  EXPECT_EQ(attributes.versioning_override().pinned().version().build_id(), "1");
  EXPECT_FALSE(attributes.unset_versioning_override());
  const auto unset = at.ask<update_options_response>(versioned_worker::override_request("w"));
  EXPECT_EQ(unset.workflow_execution_options().priority().priority_key(), 1);
  EXPECT_FALSE(unset.workflow_execution_options().has_versioning_override());
}

TEST_F(overrides, are_changed_as_a_whole) {
  at.start("w");
  const std::string partial = "error applying update_options: versioning_override doesn't support partial updates";
  const std::string together = "error applying update_options: versioning_override fields must be updated together";
  EXPECT_EQ(at.refused<update_options_response>(priority_request("w", {"versioning_override.pinned"})).message,
            partial);
  EXPECT_EQ(at.refused<update_options_response>(priority_request("w", {"versioningOverride.behavior"})).message,
            together);
  auto skipping = priority_request("w", {"time_skipping_config"});
  EXPECT_FALSE(at.ask<update_options_response>(skipping).has_update_time());
  skipping.mutable_workflow_execution_options()->mutable_time_skipping_config();
  EXPECT_EQ(at.refused<update_options_response>(skipping).code, rpc_code::unimplemented);
  auto negative = priority_request("w", {"priority"});
  negative.mutable_workflow_execution_options()->mutable_priority()->set_priority_key(-1);
  EXPECT_EQ(at.refused<update_options_response>(negative).message, "PriorityKey can't be negative");
}

}  // namespace override_test
}  // namespace rondo::test
