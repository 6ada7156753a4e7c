#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tools/deployment_text.hpp"

namespace rondo::tools {
namespace deployment_view_test {

namespace service = temporal::api::workflowservice::v1;
namespace enums = temporal::api::enums::v1;

const time_writer times(time_format::iso);

TEST(deployment_view, tells_what_is_current_and_what_ramps) {
  temporal::api::deployment::v1::RoutingConfig routing;
  EXPECT_EQ(current_text(routing), "(none)");
  EXPECT_EQ(ramping_text(routing), "");
  routing.mutable_current_deployment_version()->set_build_id("b1");
  routing.mutable_ramping_deployment_version()->set_build_id("b2");
  routing.set_ramping_version_percentage(12.5);
  EXPECT_EQ(current_text(routing), "b1");
  EXPECT_EQ(ramping_text(routing), "b2, 12.5 %");
  routing.clear_ramping_deployment_version();
  EXPECT_EQ(ramping_text(routing), "(unversioned), 12.5 %");
}

TEST(deployment_view, shows_a_deployment_with_its_versions) {
  temporal::api::deployment::v1::WorkerDeploymentInfo info;
  info.set_name("shop");
  info.mutable_create_time()->set_seconds(1);
  auto& summary = *info.add_version_summaries();
  summary.mutable_deployment_version()->set_build_id("b1");
  summary.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING);
  summary.mutable_drainage_info()->set_status(enums::VERSION_DRAINAGE_STATUS_DRAINING);
  (*summary.mutable_compute_config()->mutable_scaling_groups())["default"].set_provider_type("aws-lambda");
  summary.mutable_compute_status()->mutable_provider_validation()->set_error_message("throttled\nby the cloud");
  EXPECT_EQ(deployment_description(info, times),
            "Worker deployment:\n"
            "  Name            shop\n"
            "  CreateTime      1970-01-01T00:00:01Z\n"
            "  CurrentBuildId  (none)\n"
            "Versions:\n"
            "  BuildId  Status    Drainage  CreateTime  Compute     ComputeError\n"
            "  b1       Draining  Draining              aws-lambda  throttled by the cloud\n");
}

TEST(deployment_view, shows_a_version_with_queues_and_compute) {
  service::DescribeWorkerDeploymentVersionResponse found;
  auto& info = *found.mutable_worker_deployment_version_info();
  info.mutable_deployment_version()->set_deployment_name("shop");
  info.mutable_deployment_version()->set_build_id("b1");
  info.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
  auto& group = (*info.mutable_compute_config()->mutable_scaling_groups())["default"];
  group.mutable_provider()->set_type("k8s");
  *group.mutable_provider()->mutable_details() = json_payload(R"({"deployment":"d","kubeconfig":"s3cret"})");
  group.mutable_scaler()->set_type("rate-based");
  *group.mutable_scaler()->mutable_details() = json_payload(R"({"max_count":5})");
  auto& queue = *found.add_version_task_queues();
  queue.set_name("orders");
  queue.set_type(enums::TASK_QUEUE_TYPE_ACTIVITY);
  queue.mutable_stats()->set_approximate_backlog_count(3);
  queue.mutable_stats()->mutable_approximate_backlog_age()->set_seconds(61);
  const std::string compute =
      "Compute (default):\n"
      "  Provider        k8s\n"
      "  Settings        {\"deployment\":\"d\",\"kubeconfig\":\"(hidden)\"}\n"
      "  Scaler          rate-based\n"
      "  ScalerSettings  {\"max_count\":5}\n";
  const std::string version =
      "Worker deployment version:\n"
      "  DeploymentName  shop\n"
      "  BuildId         b1\n"
      "  Status          Current\n"
      "Task queues:\n"
      "  TaskQueue  Type      ApproximateBacklogCount  ApproximateBacklogAge\n"
      "  orders     Activity                        3                   1m1s\n";
  EXPECT_EQ(version_description(found, "", times), version + compute);
  EXPECT_EQ(version_description(found, "no access", times),
            version + compute + "Last validation:\n  Error  no access\n");
}

TEST(deployment_view, lists_deployments) {
  service::ListWorkerDeploymentsResponse::WorkerDeploymentSummary summary;
  summary.set_name("shop");
  summary.mutable_latest_version_summary()->mutable_deployment_version()->set_build_id("b2");
  auto rows = deployment_table();
  rows.add(deployment_row(summary, times));
  EXPECT_EQ(rows.take_all(),
            "  Name  CreateTime  CurrentBuildId  Ramping  LatestBuildId\n"
            "  shop              (none)                   b2\n");
}

}  // namespace deployment_view_test
}  // namespace rondo::tools
