#include <gtest/gtest.h>

#include <string>

#include "dev_server/scripted_worker.hpp"

namespace rondo::test {
namespace not_enabled_test {

template <class Response, class Request>
rpc_status refused(Request request) {
  scripted_worker at;
  request.set_namespace_("default");
  return at.refused<Response>(request);
}

TEST(not_enabled, archives_are_refused_in_the_words_of_servers_without_them) {
  service::ListArchivedWorkflowExecutionsRequest request;
  const auto status = refused<service::ListArchivedWorkflowExecutionsResponse>(request);
  EXPECT_EQ(status.code, rpc_code::invalid_argument);
  EXPECT_EQ(status.message, "Cluster is not configured for visibility archival.");
  request.set_page_size(10'001);
  EXPECT_EQ(refused<service::ListArchivedWorkflowExecutionsResponse>(request).message,
            "PageSize is larger than allowed 10000.");
}

TEST(not_enabled, rules_and_configurations_of_workers_are_unimplemented) {
  const auto fetch = refused<service::FetchWorkerConfigResponse>(service::FetchWorkerConfigRequest());
  EXPECT_EQ(fetch.code, rpc_code::unimplemented);
  EXPECT_EQ(fetch.message, "FetchWorkerConfig command is not enabled.");
  EXPECT_EQ(refused<service::UpdateWorkerConfigResponse>(service::UpdateWorkerConfigRequest()).message,
            "UpdateWorkerConfig command is not enabled.");
  const auto create = refused<service::CreateWorkflowRuleResponse>(service::CreateWorkflowRuleRequest());
  EXPECT_EQ(create.code, rpc_code::unimplemented);
  EXPECT_EQ(create.message, "method CreateWorkflowRule not supported");
  EXPECT_EQ(refused<service::ListWorkflowRulesResponse>(service::ListWorkflowRulesRequest()).message,
            "method ListWorkflowRules not supported");
}

}  // namespace not_enabled_test
}  // namespace rondo::test
