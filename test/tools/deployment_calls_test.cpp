#include "tools/deployment_calls.hpp"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>

#include "io/grpc_test_server.hpp"

namespace rondo::tools {
namespace deployment_calls_test {

/// A server that keeps the last request of each method, and the calls of a command at it.
class deployment_calls_at_a_server : public ::testing::Test {
 protected:
  deployment_calls_at_a_server()
      : listener_([this](const grpc::GenericCallbackServerContext& context, const std::string& request) {
          return answer(context.method(), request);
        }),
        connected_(flags()),
        calls(connected_) {}

  template <class Request>
  Request asked(const std::string& method) {
    const std::lock_guard lock(mutex_);
    Request request;
    EXPECT_TRUE(requests_.contains(method) && request.ParseFromString(requests_.at(method))) << method;
    return request;
  }
  template <class Function>
  static std::string error_of(Function function) {
    try {
      function();
    } catch (const command_error& failed) {
      return failed.what();
    }
    return "nothing was thrown";
  }
  void answer_with(grpc::Status status, std::string bytes = {}) {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
    bytes_ = std::move(bytes);
  }

 private:
  common_flags flags() const {
    common_flags made;
    made.address = listener_.target();
    made.namespace_ = "shop";
    made.identity = "me";
    return made;
  }
  rondo::test::grpc_answer answer(const std::string& path, const std::string& request) {
    const std::lock_guard lock(mutex_);
    const std::string method = path.substr(path.rfind('/') + 1);
    if (method == "GetSystemInfo") return {grpc::Status::OK, "", false};
    requests_[method] = request;
    return {status_, bytes_, false};
  }

  std::mutex mutex_;
  std::map<std::string, std::string> requests_;
  grpc::Status status_;
  std::string bytes_;
  rondo::test::grpc_test_server listener_;
  session connected_;

 protected:
  deployment_calls calls;
};

TEST_F(deployment_calls_at_a_server, name_the_namespace_the_caller_and_the_version) {
  ComputeConfig compute;
  (*compute.mutable_scaling_groups())["default"].mutable_provider()->set_type("aws-lambda");
  EXPECT_TRUE(calls.create_version({"web", "b1"}, compute));
  const auto made = asked<service::CreateWorkerDeploymentVersionRequest>("CreateWorkerDeploymentVersion");
  EXPECT_EQ(made.namespace_(), "shop");
  EXPECT_EQ(made.identity(), "me");
  EXPECT_FALSE(made.request_id().empty());
  EXPECT_EQ(made.deployment_version().deployment_name(), "web");
  EXPECT_EQ(made.deployment_version().build_id(), "b1");
  EXPECT_EQ(made.compute_config().scaling_groups().at("default").provider().type(), "aws-lambda");

  EXPECT_TRUE(calls.create("web"));
  EXPECT_EQ(asked<service::CreateWorkerDeploymentRequest>("CreateWorkerDeployment").deployment_name(), "web");
  EXPECT_TRUE(calls.remove_compute({"web", "b1"}, compute));
  const auto changed =
      asked<service::UpdateWorkerDeploymentVersionComputeConfigRequest>("UpdateWorkerDeploymentVersionComputeConfig");
  ASSERT_EQ(changed.remove_compute_config_scaling_groups_size(), 1);
  EXPECT_EQ(changed.remove_compute_config_scaling_groups(0), "default");
  EXPECT_FALSE(calls.remove_compute({"web", "b1"}, {}));
  calls.list("page two");
  EXPECT_EQ(asked<service::ListWorkerDeploymentsRequest>("ListWorkerDeployments").next_page_token(), "page two");
  calls.delete_version({"web", "b1"}, true);
  EXPECT_TRUE(asked<service::DeleteWorkerDeploymentVersionRequest>("DeleteWorkerDeploymentVersion").skip_drainage());
}

TEST_F(deployment_calls_at_a_server, route_and_tell_the_version_before) {
  service::SetWorkerDeploymentRampingVersionResponse before;
  before.mutable_previous_deployment_version()->set_build_id("b0");
  answer_with(grpc::Status::OK, before.SerializeAsString());
  EXPECT_EQ(calls.set_ramping({"web", "b1"}, 25, {.allow_no_pollers = true}).build_id(), "b0");
  const auto ramping = asked<service::SetWorkerDeploymentRampingVersionRequest>("SetWorkerDeploymentRampingVersion");
  EXPECT_EQ(ramping.deployment_name(), "web");
  EXPECT_EQ(ramping.build_id(), "b1");
  EXPECT_EQ(ramping.percentage(), 25);
  EXPECT_TRUE(ramping.allow_no_pollers());
  EXPECT_FALSE(ramping.ignore_missing_task_queues());
  answer_with(grpc::Status::OK);
  EXPECT_EQ(calls.set_current({"web", ""}).build_id(), "");
  EXPECT_EQ(asked<service::SetWorkerDeploymentCurrentVersionRequest>("SetWorkerDeploymentCurrentVersion").build_id(),
            "");
}

TEST_F(deployment_calls_at_a_server, say_what_could_not_be_done) {
  answer_with({grpc::StatusCode::FAILED_PRECONDITION, "no pollers"});
  EXPECT_EQ(error_of([&] { calls.set_current({"web", "b1"}); }), "make 'b1' the current version: no pollers");
  EXPECT_EQ(error_of([&] { calls.set_ramping({"web", ""}); }), "unset the ramping version of 'web': no pollers");
  EXPECT_EQ(error_of([&] { calls.delete_deployment("web"); }), "delete worker deployment 'web': no pollers");
  EXPECT_EQ(error_of([&] {
              calls.set_compute({"web", "b1"}, {});
            }),
            "update the compute of version 'web:b1': no pollers");
  answer_with({grpc::StatusCode::NOT_FOUND, "gone"});
  EXPECT_FALSE(calls.find("web"));
  EXPECT_FALSE(calls.find_version({"web", "b1"}));
  EXPECT_EQ(error_of([&] {
              calls.describe_version({"web", "b1"});
            }),
            "describe version 'web:b1': gone; check the ids and --namespace");
  answer_with({grpc::StatusCode::ALREADY_EXISTS, "there"});
  EXPECT_FALSE(calls.create("web"));
  EXPECT_FALSE(calls.create_version({"web", "b1"}, {}));
}

}  // namespace deployment_calls_test
}  // namespace rondo::tools
