#include "rondo/client/deployments.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "client_fixture.hpp"
#include "rondo/client/task_queues.hpp"

namespace rondo::test::client_deployments_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;

const worker_deployment_version second{"orders", "v2"};

class ClientDeployments : public ClientTest {
 protected:
  deployment_client deployments() const { return deployment_client(*client); }
  task_queue_client queues() const { return task_queue_client(*client); }
  template <class Function>
  static std::string refusal(Function function) {
    return message_of<invalid_argument>(function);
  }
};

TEST_F(ClientDeployments, Describe) {
  service::DescribeWorkerDeploymentResponse response;
  response.set_conflict_token("c1");
  auto& info = *response.mutable_worker_deployment_info();
  info.set_name("orders");
  info.set_manager_identity("ada");
  info.set_last_modifier_identity("bob");
  info.set_routing_config_update_state(enums::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS);
  info.mutable_create_time()->set_seconds(3);
  auto& routing = *info.mutable_routing_config();
  routing.mutable_current_deployment_version()->set_build_id("v1");
  routing.mutable_ramping_deployment_version()->set_build_id("v2");
  routing.set_ramping_version_percentage(25);
  auto& version = *info.add_version_summaries();
  version.mutable_deployment_version()->set_deployment_name("orders");
  version.mutable_deployment_version()->set_build_id("v0");
  version.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING);
  version.mutable_drainage_info()->mutable_last_checked_time()->set_seconds(9);
  const auto seen = serve<service::DescribeWorkerDeploymentRequest>("DescribeWorkerDeployment", response);
  const auto found = deployments().describe("orders").get();
  EXPECT_EQ(seen->front().deployment_name(), "orders");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "deployment:orders");
  EXPECT_EQ(found.name, "orders");
  EXPECT_EQ(found.manager_identity, "ada");
  EXPECT_EQ(found.last_modifier_identity, "bob");
  EXPECT_FALSE(found.routing_propagated);
  EXPECT_EQ(found.created_time, server_time(3s));
  EXPECT_EQ(found.routing.current.build_id, "v1");
  EXPECT_EQ(found.routing.ramping.build_id, "v2");
  EXPECT_EQ(found.routing.ramping_percentage, 25);
  EXPECT_EQ(found.conflict_token, "c1");
  ASSERT_EQ(found.versions.size(), 1U);
  EXPECT_EQ(found.versions[0].version, (worker_deployment_version{"orders", "v0"}));
  EXPECT_EQ(found.versions[0].status, deployment_version_status::draining);
  EXPECT_EQ(found.versions[0].drainage_checked_time, server_time(9s));
}

TEST_F(ClientDeployments, DescribeAVersion) {
  service::DescribeWorkerDeploymentVersionResponse response;
  auto& info = *response.mutable_worker_deployment_version_info();
  info.mutable_deployment_version()->set_build_id("v2");
  info.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING);
  info.set_ramp_percentage(5);
  (*info.mutable_metadata()->mutable_entries())["commit"].set_data("\"abc\"");
  info.add_task_queue_infos()->set_name("old");
  auto& queue = *response.add_version_task_queues();
  queue.set_name("q");
  queue.set_type(enums::TASK_QUEUE_TYPE_ACTIVITY);
  queue.mutable_stats()->set_approximate_backlog_count(4);
  const auto seen = serve<service::DescribeWorkerDeploymentVersionRequest>("DescribeWorkerDeploymentVersion", response);
  const auto found = deployments().describe_version(second, true).get();
  EXPECT_EQ(seen->front().deployment_version().deployment_name(), "orders");
  EXPECT_EQ(seen->front().deployment_version().build_id(), "v2");
  EXPECT_TRUE(seen->front().report_task_queue_stats());
  EXPECT_EQ(found.status, deployment_version_status::ramping);
  EXPECT_EQ(found.ramping_percentage, 5);
  EXPECT_EQ(found.metadata.at("commit").data, "\"abc\"");
  ASSERT_EQ(found.task_queues.size(), 1U);
  EXPECT_EQ(found.task_queues[0].name, "q");
  EXPECT_EQ(found.task_queues[0].kind, task_queue_kind::activity);
  EXPECT_EQ(found.task_queues[0].stats.value().backlog_count, 4);
  EXPECT_EQ(refusal([&] {
              (void)deployments().describe_version({"orders", ""});
            }),
            "describe version 'orders:': INVALID_ARGUMENT: the build id is missing");
}

TEST_F(ClientDeployments, ChangeTheRouting) {
  service::SetWorkerDeploymentCurrentVersionResponse current;
  current.set_conflict_token("c2");
  const auto set =
      serve<service::SetWorkerDeploymentCurrentVersionRequest>("SetWorkerDeploymentCurrentVersion", current);
  EXPECT_EQ(
      deployments()
          .set_current_version("orders", "v2",
                               {.conflict_token = "c1", .ignore_missing_task_queues = true, .allow_no_pollers = true})
          .get(),
      "c2");
  EXPECT_EQ(set->front().deployment_name(), "orders");
  EXPECT_EQ(set->front().build_id(), "v2");
  EXPECT_EQ(set->front().conflict_token(), "c1");
  EXPECT_EQ(set->front().identity(), "tester");
  EXPECT_TRUE(set->front().ignore_missing_task_queues());
  EXPECT_TRUE(set->front().allow_no_pollers());
  service::SetWorkerDeploymentRampingVersionResponse ramping;
  ramping.set_conflict_token("c3");
  const auto ramped =
      serve<service::SetWorkerDeploymentRampingVersionRequest>("SetWorkerDeploymentRampingVersion", ramping);
  EXPECT_EQ(deployments().set_ramping_version("orders", "v3", 12.5F).get(), "c3");
  EXPECT_EQ(ramped->front().percentage(), 12.5F);
  EXPECT_EQ(ramped->front().build_id(), "v3");
  EXPECT_EQ(refusal([&] { (void)deployments().set_ramping_version("orders", "v3", 101); }),
            "make 'v3' the ramping version of 'orders': INVALID_ARGUMENT: percentage lies from 0 to 100");
  EXPECT_EQ(refusal([&] { (void)deployments().set_current_version("", ""); }),
            "unset the current version of '': INVALID_ARGUMENT: the name of the deployment is missing");
  refuse("SetWorkerDeploymentCurrentVersion", rpc_status(rpc_code::failed_precondition, "conflict token mismatch"));
  EXPECT_EQ(message_of<rpc_error>([&] { (void)deployments().set_current_version("orders", "v2").get(); }),
            "make 'v2' the current version of 'orders': FAILED_PRECONDITION: conflict token mismatch");
}

TEST_F(ClientDeployments, KeepMetadataAndManagers) {
  service::UpdateWorkerDeploymentVersionMetadataResponse response;
  (*response.mutable_metadata()->mutable_entries())["commit"].set_data("1");
  const auto seen =
      serve<service::UpdateWorkerDeploymentVersionMetadataRequest>("UpdateWorkerDeploymentVersionMetadata", response);
  payload_map set;
  set["commit"].data = "1";
  const std::array<std::string_view, 1> gone = {"author"};
  EXPECT_EQ(deployments().update_metadata(second, set, gone).get().at("commit").data, "1");
  EXPECT_EQ(seen->front().upsert_entries().at("commit").data(), "1");
  EXPECT_EQ(seen->front().remove_entries(0), "author");
  service::SetWorkerDeploymentManagerResponse manager;
  manager.set_conflict_token("c4");
  const auto managed = serve<service::SetWorkerDeploymentManagerRequest>("SetWorkerDeploymentManager", manager);
  EXPECT_EQ(deployments().set_manager("orders", "ada", "c3").get(), "c4");
  EXPECT_EQ(managed->back().manager_identity(), "ada");
  EXPECT_EQ(managed->back().conflict_token(), "c3");
  (void)deployments().become_manager("orders").get();
  EXPECT_TRUE(managed->back().self());
}

TEST_F(ClientDeployments, ComeAndGo) {
  const auto created =
      serve<service::CreateWorkerDeploymentRequest, service::CreateWorkerDeploymentResponse>("CreateWorkerDeployment");
  deployments().create("orders").get();
  EXPECT_EQ(created->front().deployment_name(), "orders");
  EXPECT_EQ(created->front().request_id().size(), 36U);
  const auto version =
      serve<service::CreateWorkerDeploymentVersionRequest, service::CreateWorkerDeploymentVersionResponse>(
          "CreateWorkerDeploymentVersion");
  deployments().create_version(second).get();
  EXPECT_EQ(version->front().deployment_version().build_id(), "v2");
  const auto gone =
      serve<service::DeleteWorkerDeploymentVersionRequest, service::DeleteWorkerDeploymentVersionResponse>(
          "DeleteWorkerDeploymentVersion");
  deployments().remove_version(second, true).get();
  EXPECT_TRUE(gone->front().skip_drainage());
  const auto all =
      serve<service::DeleteWorkerDeploymentRequest, service::DeleteWorkerDeploymentResponse>("DeleteWorkerDeployment");
  deployments().remove("orders").get();
  EXPECT_EQ(all->front().deployment_name(), "orders");
  service::ListWorkerDeploymentsResponse page;
  auto& summary = *page.add_worker_deployments();
  summary.set_name("orders");
  summary.mutable_latest_version_summary()->mutable_deployment_version()->set_build_id("v2");
  summary.mutable_routing_config()->mutable_current_deployment_version()->set_build_id("v1");
  const auto listed = serve<service::ListWorkerDeploymentsRequest>("ListWorkerDeployments", page);
  const auto found = deployments().list({.page_size = 7}).next_page().get();
  EXPECT_EQ(listed->front().page_size(), 7);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "orders");
  EXPECT_EQ(found[0].latest_version.build_id, "v2");
  EXPECT_EQ(found[0].routing.current.build_id, "v1");
}

TEST_F(ClientDeployments, TaskQueuesAreDescribed) {
  service::DescribeTaskQueueResponse response;
  auto& poller = *response.add_pollers();
  poller.set_identity("w");
  poller.mutable_deployment_options()->set_build_id("v1");
  poller.mutable_deployment_options()->set_worker_versioning_mode(enums::WORKER_VERSIONING_MODE_VERSIONED);
  auto& unversioned = *response.add_pollers();
  unversioned.mutable_deployment_options()->set_build_id("ignored");
  response.mutable_stats()->set_approximate_backlog_count(5);
  response.mutable_stats()->mutable_approximate_backlog_age()->set_seconds(6);
  response.mutable_stats()->set_tasks_add_rate(1.5F);
  response.mutable_stats()->set_tasks_dispatch_rate(0.5F);
  (*response.mutable_stats_by_priority_key())[3].set_approximate_backlog_count(2);
  response.mutable_versioning_info()->mutable_current_deployment_version()->set_build_id("v1");
  response.mutable_versioning_info()->set_ramping_version_percentage(9);
  auto& limit = *response.mutable_config()->mutable_queue_rate_limit();
  limit.mutable_rate_limit()->set_requests_per_second(8);
  limit.mutable_metadata()->set_reason("slow");
  (*response.mutable_config()->mutable_fairness_weight_overrides())["tenant"] = 2;
  response.mutable_effective_rate_limit()->set_requests_per_second(8);
  response.mutable_effective_rate_limit()->set_rate_limit_source(enums::RATE_LIMIT_SOURCE_API);
  const auto seen = serve<service::DescribeTaskQueueRequest>("DescribeTaskQueue", response);
  const auto found = queues().describe("q", task_queue_kind::activity).get();
  EXPECT_EQ(seen->front().task_queue().name(), "q");
  EXPECT_EQ(seen->front().task_queue_type(), enums::TASK_QUEUE_TYPE_ACTIVITY);
  EXPECT_TRUE(seen->front().report_stats());
  EXPECT_TRUE(seen->front().report_config());
  EXPECT_EQ(header(headers, "temporal-resource-id"), "taskqueue:q");
  ASSERT_EQ(found.pollers.size(), 2U);
  EXPECT_EQ(found.pollers[0].identity, "w");
  EXPECT_EQ(found.pollers[0].version.build_id, "v1");
  EXPECT_TRUE(found.pollers[1].version.empty());
  EXPECT_EQ(found.stats.value().backlog_count, 5);
  EXPECT_EQ(found.stats->backlog_age, 6s);
  EXPECT_EQ(found.stats->add_rate, 1.5F);
  EXPECT_EQ(found.stats->dispatch_rate, 0.5F);
  EXPECT_EQ(found.stats_by_priority.at(3).backlog_count, 2);
  EXPECT_EQ(found.current_version.build_id, "v1");
  EXPECT_TRUE(found.ramping_version.empty());
  EXPECT_EQ(found.ramping_percentage, 9);
  EXPECT_EQ(found.config.value().rate_limit.requests_per_second, 8);
  EXPECT_EQ(found.config->rate_limit.reason, "slow");
  EXPECT_EQ(found.config->fairness_rate_limit.requests_per_second, std::nullopt);
  EXPECT_EQ(found.config->fairness_weights.at("tenant"), 2);
  EXPECT_EQ(found.effective_rate_limit, 8);
  EXPECT_EQ(found.effective_rate_limit_source, rate_limit_source::api);
  EXPECT_EQ(refusal([&] { (void)queues().describe(""); }),
            "describe task queue '': INVALID_ARGUMENT: the name is missing");
}

TEST_F(ClientDeployments, TaskQueuesAreConfigured) {
  service::UpdateTaskQueueConfigResponse response;
  response.mutable_config()->mutable_fairness_keys_rate_limit_default()->mutable_rate_limit()->set_requests_per_second(
      3);
  const auto seen = serve<service::UpdateTaskQueueConfigRequest>("UpdateTaskQueueConfig", response);
  const std::array<std::pair<std::string_view, float>, 1> weights = {std::pair{std::string_view("tenant"), 2.5F}};
  const std::array<std::string_view, 1> gone = {"other"};
  const auto now =
      queues()
          .update_config("q", task_queue_kind::activity,
                         {.rate_limit = rate_limit_change{},
                          .fairness_rate_limit = rate_limit_change{.requests_per_second = 3, .reason = "r"},
                          .set_fairness_weights = weights,
                          .unset_fairness_weights = gone})
          .get();
  EXPECT_EQ(now.fairness_rate_limit.requests_per_second, 3);
  const auto& request = seen->front();
  EXPECT_EQ(request.task_queue(), "q");
  EXPECT_EQ(request.task_queue_type(), enums::TASK_QUEUE_TYPE_ACTIVITY);
  EXPECT_EQ(request.identity(), "tester");
  EXPECT_TRUE(request.has_update_queue_rate_limit());
  EXPECT_FALSE(request.update_queue_rate_limit().has_rate_limit());
  EXPECT_EQ(request.update_fairness_key_rate_limit_default().rate_limit().requests_per_second(), 3);
  EXPECT_EQ(request.update_fairness_key_rate_limit_default().reason(), "r");
  EXPECT_EQ(request.set_fairness_weight_overrides().at("tenant"), 2.5F);
  EXPECT_EQ(request.unset_fairness_weight_overrides(0), "other");
  EXPECT_EQ(refusal([&] {
              (void)queues().update_config("q", task_queue_kind::workflow,
                                           {.rate_limit = rate_limit_change{.requests_per_second = -1}});
            }),
            "configure task queue 'q': INVALID_ARGUMENT: requests_per_second must not be negative");
  service::ListTaskQueuePartitionsResponse partitions;
  partitions.add_workflow_task_queue_partitions()->set_key("k");
  partitions.add_activity_task_queue_partitions()->set_owner_host_name("h");
  serve<service::ListTaskQueuePartitionsRequest>("ListTaskQueuePartitions", partitions);
  const auto found = queues().partitions("q").get();
  EXPECT_EQ(found.workflow.at(0).key, "k");
  EXPECT_EQ(found.activity.at(0).owner_host_name, "h");
}

}  // namespace rondo::test::client_deployments_test
