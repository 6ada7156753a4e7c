#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dev_server/durable_worker.hpp"
#include "dev_server/versioned_worker.hpp"

namespace rondo::test {
namespace deployment_test {

using activity_poll = service::PollActivityTaskQueueResponse;

struct deployments : ::testing::Test {
  versioned_worker at;
};

TEST_F(deployments, appear_with_the_polls_of_their_workers) {
  at.appear("1");
  at.appear("2");
  at.appear("2", "other");
  const auto shown = at.deployment();
  const auto& info = shown.worker_deployment_info();
  EXPECT_EQ(info.name(), "d");
  EXPECT_EQ(info.routing_config().current_version(), "__unversioned__");
  ASSERT_EQ(info.version_summaries_size(), 2);
  EXPECT_EQ(info.version_summaries(0).deployment_version().build_id(), "1");
  EXPECT_EQ(info.version_summaries(0).status(), enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE);
  EXPECT_FALSE(shown.conflict_token().empty());
  const auto version = at.version("2");
  ASSERT_EQ(version.task_queue_infos_size(), 2);
  EXPECT_EQ(version.task_queue_infos(0).name(), "other");
  EXPECT_EQ(version.task_queue_infos(1).name(), "queue");
  EXPECT_EQ(version.task_queue_infos(1).type(), enums::TASK_QUEUE_TYPE_WORKFLOW);
  EXPECT_EQ(version.version(), "d.2");
}

TEST_F(deployments, are_listed_the_youngest_first_and_by_pages) {
  for (const char* name : {"a", "b", "c"}) {
    service::CreateWorkerDeploymentRequest request;
    request.set_namespace_("default");
    request.set_deployment_name(name);
    at.ask<service::CreateWorkerDeploymentResponse>(request);
    at.pass(server::second);
  }
  service::ListWorkerDeploymentsRequest request;
  request.set_namespace_("default");
  request.set_page_size(2);
  auto page = at.ask<service::ListWorkerDeploymentsResponse>(request);
  ASSERT_EQ(page.worker_deployments_size(), 2);
  EXPECT_EQ(page.worker_deployments(0).name(), "c");
  request.set_next_page_token(page.next_page_token());
  page = at.ask<service::ListWorkerDeploymentsResponse>(request);
  ASSERT_EQ(page.worker_deployments_size(), 1);
  EXPECT_EQ(page.worker_deployments(0).name(), "a");
  EXPECT_EQ(page.next_page_token(), "");
  request.set_next_page_token("x");
  EXPECT_EQ(at.refused<service::ListWorkerDeploymentsResponse>(request).code, rpc_code::invalid_argument);
}

TEST_F(deployments, refuse_what_does_not_exist_or_has_no_name) {
  service::DescribeWorkerDeploymentRequest missing;
  missing.set_namespace_("default");
  missing.set_deployment_name("x");
  const auto refused = at.refused<describe_deployment>(missing);
  EXPECT_EQ(refused.code, rpc_code::not_found);
  EXPECT_EQ(refused.message, "no Worker Deployment found with name 'x'; does your Worker Deployment have pollers?");
  const std::vector<std::pair<std::string, std::string>> names = {
      {"", "deployment name cannot be empty"},
      {"a.b", "worker deployment name cannot contain '.'"},
      {"a:b", "worker deployment name cannot contain ':'"},
      {"__a", "WorkerDeploymentName cannot start with '__'"},
      {std::string(600, 'x'), "size of WorkerDeploymentName larger than the maximum allowed"},
  };
  for (const auto& [name, text] : names) {
    missing.set_deployment_name(name);
    EXPECT_EQ(at.refused<describe_deployment>(missing).message, text);
  }
  EXPECT_EQ(at.refused<describe_version_response>(versioned_worker::version_request("1")).message,
            "Worker Deployment Version not found");
  auto no_build = versioned_worker::version_request("");
  EXPECT_EQ(at.refused<describe_version_response>(no_build).message, "build ID cannot be empty");
  no_build.clear_deployment_version();
  no_build.set_version("text");
  EXPECT_EQ(at.refused<describe_version_response>(no_build).message,
            "invalid version string \"text\", expected format is \"<deployment_name>.<build_id>\"");
}

TEST_F(deployments, have_a_current_version) {
  EXPECT_EQ(at.refused<set_current_response>(versioned_worker::current_request("1")).code, rpc_code::not_found);
  at.appear("1");
  at.appear("2");
  auto missing = at.refused<set_current_response>(versioned_worker::current_request("3"));
  EXPECT_EQ(missing.code, rpc_code::not_found);
  EXPECT_EQ(missing.message, "build ID '3' not found in Worker Deployment 'd'");
  const auto token = at.deployment().conflict_token();
  const auto first = at.set_current("1");
  EXPECT_EQ(first.previous_version(), "__unversioned__");
  EXPECT_NE(first.conflict_token(), token);
  auto stale = versioned_worker::current_request("2");
  stale.set_conflict_token(token);
  EXPECT_EQ(at.refused<set_current_response>(stale).message, "conflict token mismatch");
  EXPECT_EQ(at.set_current("1").conflict_token(), first.conflict_token());
  stale.set_conflict_token(first.conflict_token());
  const auto second = at.ask<set_current_response>(stale);
  EXPECT_EQ(second.previous_deployment_version().build_id(), "1");
  EXPECT_EQ(at.status("1"), enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED);
  EXPECT_EQ(at.status("2"), enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
  const auto info = at.deployment().worker_deployment_info();
  EXPECT_EQ(info.routing_config().current_deployment_version().build_id(), "2");
  EXPECT_EQ(info.last_modifier_identity(), "operator");
  at.set_current("");
  EXPECT_FALSE(at.deployment().worker_deployment_info().routing_config().has_current_deployment_version());
}

TEST_F(deployments, take_a_current_version_without_workers_when_told_so) {
  auto request = versioned_worker::current_request("9");
  request.set_allow_no_pollers(true);
  at.ask<set_current_response>(request);
  EXPECT_EQ(at.status("9"), enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
}

TEST_F(deployments, do_not_leave_active_task_queues_behind) {
  at.appear("1");
  at.appear("1", "second");
  at.appear("2");
  at.set_current("1");
  at.start("w", [](auto& r) { r.mutable_task_queue()->set_name("second"); });
  const auto refused = at.refused<set_current_response>(versioned_worker::current_request("2"));
  EXPECT_EQ(refused.code, rpc_code::failed_precondition);
  EXPECT_EQ(refused.message,
            "proposed current version 'd:2' is missing active task queues from the current version; these would become "
            "unversioned if it is set as the current version");
  auto ramping = at.refused<set_ramping_response>(versioned_worker::ramping_request("2", 10));
  EXPECT_EQ(ramping.code, rpc_code::failed_precondition);
  auto request = versioned_worker::current_request("2");
  request.set_ignore_missing_task_queues(true);
  at.ask<set_current_response>(request);
}

TEST_F(deployments, belong_to_their_manager) {
  at.appear("1");
  service::SetWorkerDeploymentManagerRequest request;
  request.set_namespace_("default");
  request.set_deployment_name("d");
  EXPECT_EQ(at.refused<service::SetWorkerDeploymentManagerResponse>(request).message, "Identity is required");
  request.set_identity("boss");
  request.set_self(true);
  at.ask<service::SetWorkerDeploymentManagerResponse>(request);
  EXPECT_EQ(at.deployment().worker_deployment_info().manager_identity(), "boss");
  const auto refused = at.refused<set_current_response>(versioned_worker::current_request("1"));
  EXPECT_EQ(refused.code, rpc_code::failed_precondition);
  EXPECT_EQ(refused.message.find("ManagerIdentity 'boss' is set and does not match user identity 'operator'"), 0U);
  request.set_manager_identity("");
  EXPECT_EQ(at.ask<service::SetWorkerDeploymentManagerResponse>(request).previous_manager_identity(), "boss");
  at.set_current("1");
}

TEST_F(deployments, route_new_runs_to_the_current_version) {
  at.appear("1");
  at.start("before");
  EXPECT_EQ(at.poll().workflow_execution().workflow_id(), "before");
  at.start("waits");
  at.set_current("1");  // what waits for unversioned workers moves along
  EXPECT_TRUE(at.idle());
  const auto task = at.poll_of("1");
  EXPECT_EQ(task.workflow_execution().workflow_id(), "waits");
  EXPECT_EQ(at.versioning("waits").version_transition().deployment_version().build_id(), "1");
  at.complete_as(task, "1", pinned);
  EXPECT_FALSE(at.versioning("waits").has_version_transition());
  EXPECT_EQ(at.versioning("waits").behavior(), pinned);
  EXPECT_EQ(at.versioning("waits").deployment_version().build_id(), "1");
  EXPECT_EQ(at.attribute("waits", "BuildIds"), "[\"pinned:d:1\"]");
  EXPECT_EQ(at.attribute("waits", "TemporalWorkerDeployment"), "\"d\"");
  EXPECT_EQ(at.attribute("waits", "TemporalWorkerDeploymentVersion"), "\"d:1\"");
  EXPECT_EQ(at.attribute("waits", "TemporalWorkflowVersioningBehavior"), "\"Pinned\"");
}

TEST_F(deployments, keep_pinned_runs_and_move_upgraded_ones) {
  at.appear("1");
  at.appear("2");
  at.set_current("1");
  at.start("stays");
  at.complete_as(at.poll_of("1"), "1", pinned);
  at.start("moves");
  at.complete_as(at.poll_of("1"), "1", auto_upgrade);
  at.set_current("2");
  EXPECT_EQ(at.status("1"), enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING);
  at.signal("stays");
  at.signal("moves");
  const auto moved = at.poll_of("2");
  EXPECT_EQ(moved.workflow_execution().workflow_id(), "moves");
  at.complete_as(moved, "2", auto_upgrade);
  EXPECT_EQ(at.versioning("moves").deployment_version().build_id(), "2");
  EXPECT_EQ(at.attribute("moves", "TemporalWorkflowVersioningBehavior"), "\"AutoUpgrade\"");
  const auto stayed = at.poll_of("1");
  EXPECT_EQ(stayed.workflow_execution().workflow_id(), "stays");
  at.complete_as(stayed, "1", pinned, {complete_command()});
  EXPECT_EQ(at.status("1"), enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED);
}

TEST_F(deployments, do_not_send_moved_runs_to_the_sticky_worker_of_the_old_version) {
  at.appear("1");
  at.appear("2");
  at.set_current("1");
  at.start("w");
  at.complete(at.poll_of("1"), {}, [](complete_request& request) {
    versioned_worker::be_version(*request.mutable_deployment_options(), "1");
    request.set_versioning_behavior(auto_upgrade);
    scripted_worker::be_sticky(request);
  });
  auto sticky = scripted_worker::poll_request("sticky", true);
  versioned_worker::be_version(*sticky.mutable_deployment_options(), "1");
  auto gone = at.begin<poll_response>(sticky);
  gone.call->go_away();
  at.signal("w");
  at.set_current("2");
  EXPECT_EQ(at.poll_of("2").history().events(0).event_id(), 1);
  const auto old = at.begin<poll_response>(sticky);
  EXPECT_FALSE(old.done());
}

TEST_F(deployments, ramp_up_a_share_of_the_workflow_ids) {
  at.appear("1");
  at.appear("2");
  at.set_current("1");
  EXPECT_EQ(at.refused<set_ramping_response>(versioned_worker::ramping_request("2", 101)).message,
            "Percentage must be between 0 and 100 (inclusive)");
  EXPECT_EQ(at.refused<set_ramping_response>(versioned_worker::ramping_request("1", 10)).message,
            "requested ramping version d.1 is already current");
  at.set_ramping("2", 30);
  EXPECT_EQ(at.status("2"), enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING);
  int ramped = 0;
  for (int each = 0; each < 200; ++each) {
    at.start("w" + std::to_string(each));
    const auto poll = at.begin_poll_of("2");
    if (poll.done()) {
      ++ramped;
    } else {
      poll.call->go_away();
    }
  }
  EXPECT_GT(ramped, 30);
  EXPECT_LT(ramped, 90);
  const auto all = at.set_ramping("2", 100);
  EXPECT_FLOAT_EQ(all.previous_percentage(), 30);
  EXPECT_FALSE(at.idle_of("2"));  // what waited for version 1 follows
  EXPECT_TRUE(at.idle_of("1"));
  at.set_current("2");
  const auto routing = at.deployment().worker_deployment_info().routing_config();
  EXPECT_FALSE(routing.has_ramping_deployment_version());
  EXPECT_EQ(routing.ramping_version(), "");
}

TEST_F(deployments, end_a_ramp) {
  at.appear("1");
  at.appear("2");
  at.set_current("1");
  at.set_ramping("2", 100);
  at.start("w");
  EXPECT_TRUE(at.idle_of("1"));
  const auto ended = at.set_ramping("", 0);
  EXPECT_EQ(ended.previous_deployment_version().build_id(), "2");
  EXPECT_EQ(at.poll_of("1").workflow_execution().workflow_id(), "w");
  EXPECT_EQ(at.status("2"), enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED);
}

TEST_F(deployments, can_ramp_back_to_unversioned_workers) {
  at.appear("1");
  at.set_current("1");
  auto request = versioned_worker::ramping_request("", 100);
  at.ask<set_ramping_response>(request);
  EXPECT_EQ(at.deployment().worker_deployment_info().routing_config().ramping_version(), "__unversioned__");
  at.start("w");
  EXPECT_EQ(at.poll().workflow_execution().workflow_id(), "w");
}

TEST_F(deployments, let_activities_of_pinned_runs_follow_their_own_queue) {
  at.appear("1");
  at.set_current("1");
  at.start("w");
  at.complete_as(at.poll_of("1"), "1", pinned, {activity_command("a", on_queue("foreign"))});
  service::PollActivityTaskQueueRequest request;
  request.set_namespace_("default");
  request.mutable_task_queue()->set_name("foreign");
  EXPECT_EQ(at.ask<activity_poll>(request).activity_id(), "a");
}

TEST_F(deployments, hand_pinned_versions_on_to_the_next_run) {
  at.appear("1");
  at.appear("2");
  at.set_current("1");
  at.start("w");
  const auto again = [](enums::ContinueAsNewVersioningBehavior initial) {
    auto command = make_command(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
    command.mutable_continue_as_new_workflow_execution_command_attributes()->set_initial_versioning_behavior(initial);
    return command;
  };
  const auto task = at.poll_of("1");
  at.set_current("2");
  at.complete_as(task, "1", pinned, {again(enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED)});
  const auto started = at.events("w")[0].workflow_execution_started_event_attributes();
  EXPECT_EQ(started.inherited_pinned_version().build_id(), "1");
  EXPECT_EQ(at.attribute("w", "BuildIds"), "[\"pinned:d:1\"]");
  at.complete_as(at.poll_of("1"), "1", pinned, {again(enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE)});
  EXPECT_EQ(at.poll_of("2").workflow_execution().workflow_id(), "w");
}

// Versions.

TEST_F(deployments, keep_metadata_of_versions) {
  at.appear("1");
  service::UpdateWorkerDeploymentVersionMetadataRequest request;
  request.set_namespace_("default");
  *request.mutable_deployment_version() = server::make_version("d", "1");
  EXPECT_EQ(at.refused<service::UpdateWorkerDeploymentVersionMetadataResponse>(request).message,
            "At least one of remove_entries or upsert_entries must be provided");
  (*request.mutable_upsert_entries())["a"].set_data("1");
  (*request.mutable_upsert_entries())["b"].set_data("2");
  at.ask<service::UpdateWorkerDeploymentVersionMetadataResponse>(request);
  request.clear_upsert_entries();
  request.add_remove_entries("a");
  const auto kept = at.ask<service::UpdateWorkerDeploymentVersionMetadataResponse>(request);
  EXPECT_EQ(kept.metadata().entries_size(), 1);
  EXPECT_EQ(at.version("1").metadata().entries().at("b").data(), "2");
}

TEST_F(deployments, delete_versions_that_nobody_needs) {
  at.appear("1");
  at.appear("2");
  at.set_current("1");
  at.start("w");
  at.complete_as(at.poll_of("1"), "1", pinned);
  service::DeleteWorkerDeploymentVersionRequest request;
  request.set_namespace_("default");
  *request.mutable_deployment_version() = server::make_version("d", "1");
  using deleted = service::DeleteWorkerDeploymentVersionResponse;
  EXPECT_EQ(at.refused<deleted>(request).message, "version 'd:1' cannot be deleted since it is current or ramping");
  at.set_current("2");
  EXPECT_EQ(at.refused<deleted>(request).message, "version 'd:1' cannot be deleted since it is draining");
  request.set_skip_drainage(true);
  EXPECT_EQ(at.refused<deleted>(request).message, "version 'd:1' cannot be deleted since it has active pollers");
  auto created = server::make_version("d", "3");
  service::CreateWorkerDeploymentVersionRequest create;
  create.set_namespace_("default");
  *create.mutable_deployment_version() = created;
  at.ask<service::CreateWorkerDeploymentVersionResponse>(create);
  EXPECT_EQ(at.status("3"), enums::WORKER_DEPLOYMENT_VERSION_STATUS_CREATED);
  EXPECT_EQ(at.refused<service::CreateWorkerDeploymentVersionResponse>(create).message,
            "Worker Deployment Version \"d.3\" already exists");
  service::DeleteWorkerDeploymentRequest whole;
  whole.set_namespace_("default");
  whole.set_deployment_name("d");
  EXPECT_EQ(at.refused<service::DeleteWorkerDeploymentResponse>(whole).code, rpc_code::failed_precondition);
  *request.mutable_deployment_version() = created;
  at.ask<deleted>(request);
  EXPECT_EQ(at.refused<describe_version_response>(versioned_worker::version_request("3")).code, rpc_code::not_found);
  at.ask<deleted>(request);  // once more does no harm
}

TEST_F(deployments, delete_deployments_without_versions) {
  service::CreateWorkerDeploymentRequest create;
  create.set_namespace_("default");
  create.set_deployment_name("d");
  at.ask<service::CreateWorkerDeploymentResponse>(create);
  EXPECT_EQ(at.refused<service::CreateWorkerDeploymentResponse>(create).code, rpc_code::already_exists);
  service::DeleteWorkerDeploymentRequest request;
  request.set_namespace_("default");
  request.set_deployment_name("d");
  at.ask<service::DeleteWorkerDeploymentResponse>(request);
  at.ask<service::DeleteWorkerDeploymentResponse>(request);
  service::DescribeWorkerDeploymentRequest describe;
  describe.set_namespace_("default");
  describe.set_deployment_name("d");
  EXPECT_EQ(at.refused<describe_deployment>(describe).code, rpc_code::not_found);
}

TEST_F(deployments, check_and_keep_compute_configs) {
  service::CreateWorkerDeploymentRequest deployment;
  deployment.set_namespace_("default");
  deployment.set_deployment_name("d");
  at.ask<service::CreateWorkerDeploymentResponse>(deployment);
  using created = service::CreateWorkerDeploymentVersionResponse;
  service::CreateWorkerDeploymentVersionRequest create;
  create.set_namespace_("default");
  *create.mutable_deployment_version() = server::make_version("d", "1");
  auto& groups = *create.mutable_compute_config()->mutable_scaling_groups();
  groups["sg1"].mutable_provider()->set_type("invalid-provider");
  EXPECT_EQ(at.refused<created>(create).message, "entry sg1: invalid compute provider type 'invalid-provider'");
  groups["sg1"].mutable_provider()->set_type("aws-lambda");
  groups["sg2"].mutable_provider()->set_type("k8s");
  EXPECT_EQ(at.refused<created>(create).message, "entry sg2: only one scaling group can have no task types defined");
  groups["sg1"].add_task_queue_types(enums::TASK_QUEUE_TYPE_WORKFLOW);
  groups["sg2"].add_task_queue_types(enums::TASK_QUEUE_TYPE_WORKFLOW);
  EXPECT_EQ(at.refused<created>(create).message, "entry sg2: task type Workflow appears in more than one entry");
  groups.erase("sg2");
  at.ask<created>(create);
  EXPECT_EQ(at.version("1").compute_config().scaling_groups().at("sg1").provider().type(), "aws-lambda");
  EXPECT_EQ(at.deployment()
                .worker_deployment_info()
                .version_summaries(0)
                .compute_config()
                .scaling_groups()
                .at("sg1")
                .provider_type(),
            "aws-lambda");

  service::UpdateWorkerDeploymentVersionComputeConfigRequest update;
  update.set_namespace_("default");
  *update.mutable_deployment_version() = server::make_version("d", "1");
  auto& change = (*update.mutable_compute_config_scaling_groups())["sg1"];
  change.mutable_scaling_group()->mutable_provider()->set_type("aws-agentcore");
  change.mutable_update_mask()->add_paths("provider.type");
  at.ask<service::UpdateWorkerDeploymentVersionComputeConfigResponse>(update);
  const auto shown = at.version("1").compute_config().scaling_groups().at("sg1");
  EXPECT_EQ(shown.provider().type(), "aws-agentcore");
  EXPECT_EQ(shown.task_queue_types_size(), 1) << "what the mask does not name stays";
  change.mutable_update_mask()->add_paths("nothing");
  EXPECT_EQ(at.refused<service::UpdateWorkerDeploymentVersionComputeConfigResponse>(update).code,
            rpc_code::invalid_argument);
  update.clear_compute_config_scaling_groups();
  update.add_remove_compute_config_scaling_groups("sg1");
  at.ask<service::UpdateWorkerDeploymentVersionComputeConfigResponse>(update);
  EXPECT_FALSE(at.version("1").has_compute_config());
}

TEST_F(deployments, show_the_routing_of_a_task_queue) {
  at.appear("1");
  at.appear("2");
  service::DescribeTaskQueueRequest request;
  request.set_namespace_("default");
  request.mutable_task_queue()->set_name("queue");
  EXPECT_FALSE(at.ask<service::DescribeTaskQueueResponse>(request).has_versioning_info());
  at.set_current("1");
  at.set_ramping("2", 25);
  const auto info = at.ask<service::DescribeTaskQueueResponse>(request).versioning_info();
  EXPECT_EQ(info.current_deployment_version().build_id(), "1");
  EXPECT_EQ(info.ramping_deployment_version().build_id(), "2");
  EXPECT_FLOAT_EQ(info.ramping_version_percentage(), 25);
  at.start("w");
  auto stats = versioned_worker::version_request("1");
  stats.set_report_task_queue_stats(true);
  const auto shown = at.ask<describe_version_response>(stats);
  auto other = versioned_worker::version_request("2");
  other.set_report_task_queue_stats(true);
  const auto shown_other = at.ask<describe_version_response>(other);
  ASSERT_EQ(shown.version_task_queues_size(), 1);
  EXPECT_EQ(shown.version_task_queues(0).stats().approximate_backlog_count() +
                shown_other.version_task_queues(0).stats().approximate_backlog_count(),
            1);
}

TEST(deployments_on_disk, are_there_after_a_restart) {
  const scratch dir;
  const auto settings = durable_options(dir);
  {
    versioned_worker at(settings);
    at.appear("1");
    at.appear("2");
    at.wait_for<set_current_response>(versioned_worker::current_request("1"));
    at.wait_for<set_ramping_response>(versioned_worker::ramping_request("2", 40));
  }
  {
    versioned_worker at(settings);
    service::DescribeWorkerDeploymentRequest request;
    request.set_namespace_("default");
    request.set_deployment_name("d");
    const auto shown = at.wait_for<describe_deployment>(request);
    const auto& routing = shown.worker_deployment_info().routing_config();
    EXPECT_EQ(routing.current_deployment_version().build_id(), "1");
    EXPECT_FLOAT_EQ(routing.ramping_version_percentage(), 40);
    EXPECT_EQ(shown.worker_deployment_info().version_summaries_size(), 2);
    const auto version = at.wait_for<describe_version_response>(versioned_worker::version_request("2"));
    EXPECT_EQ(version.worker_deployment_version_info().task_queue_infos(0).name(), "queue");
    at.wait_for<set_ramping_response>(versioned_worker::ramping_request("", 0));
    at.wait_for<service::StartWorkflowExecutionResponse>(versioned_worker::starting("w"));
    const auto poll = at.begin_poll_of("1");
    at.loop.run_until([&] { return poll.done(); });
    EXPECT_EQ(poll.get().workflow_execution().workflow_id(), "w");
  }
}

}  // namespace deployment_test
}  // namespace rondo::test
