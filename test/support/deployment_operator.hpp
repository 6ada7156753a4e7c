#pragma once
#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/detail/io/connection.hpp"
#include "server/fixture.hpp"

namespace rondo::test {

/// Decides which version of a deployment gets tasks, and waits until the server has done so.
class deployment_operator {
 public:
  deployment_operator(const rondo::client& through, std::string name) : client_(through), name_(std::move(name)) {}

  /// Versions become known by the polls of their workers, which is waited for.
  void set_current(const std::string& build_id) {
    temporal::api::workflowservice::v1::SetWorkerDeploymentCurrentVersionRequest request;
    request.set_build_id(build_id);
    change<temporal::api::workflowservice::v1::SetWorkerDeploymentCurrentVersionResponse>(
        "SetWorkerDeploymentCurrentVersion", request);
  }
  void set_ramping(const std::string& build_id, float percentage) {
    temporal::api::workflowservice::v1::SetWorkerDeploymentRampingVersionRequest request;
    request.set_build_id(build_id);
    request.set_percentage(percentage);
    change<temporal::api::workflowservice::v1::SetWorkerDeploymentRampingVersionResponse>(
        "SetWorkerDeploymentRampingVersion", request);
  }

 private:
  template <class Response, class Request>
  detail::io::rpc_reply<Response> call(const char* method, Request& request) {
    request.set_namespace_("default");
    request.set_deployment_name(name_);
    return client_.loop().block_on(detail::io::call<Response>(*client_.connection(), method, request));
  }
  template <class Response, class Request>
  void change(const char* method, Request& request) {
    std::string problem;
    const bool done = eventually([&] {
      const auto reply = call<Response>(method, request);
      problem = reply.status.message;
      return reply.status.ok();
    });
    ASSERT_TRUE(done) << problem;
    ASSERT_TRUE(eventually([this] { return settled(); })) << "the queues do not learn of the change";
  }
  /// All task queues know the routing.
  bool settled() {
    temporal::api::workflowservice::v1::DescribeWorkerDeploymentRequest request;
    const auto reply =
        call<temporal::api::workflowservice::v1::DescribeWorkerDeploymentResponse>("DescribeWorkerDeployment", request);
    return reply.status.ok() && reply.response.worker_deployment_info().routing_config_update_state() !=
                                    temporal::api::enums::v1::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS;
  }

  const rondo::client& client_;
  std::string name_;
};

}  // namespace rondo::test
