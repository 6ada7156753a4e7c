#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "fixture.hpp"
#include "nexus_fixture.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/nexus.hpp"
#include "rondo/workflow.hpp"

// Interceptors of both sides of a Nexus operation, beside a server.
namespace rondo::test::nexus_interceptors_test {

struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<void, std::string> tells{"tells"};
};

task<std::string> asks(std::string endpoint) {
  const workflow::nexus_service<shop> service(endpoint);
  co_return co_await service.execute(shop::tells, {});
}

/// Every call of an operation is for a tenant.
class for_tenant final : public workflow_interceptor {
 public:
  void outbound(workflow_call& call) override {
    if (call.kind == workflow_call_kind::nexus_operation) call.nexus_headers.insert_or_assign("tenant", "gold");
  }
};
/// The handler learns who has the tenant's request.
class marks_requests final : public nexus_interceptor {
 public:
  void begin(nexus_request& request) override { request.headers["tenant"] += " by " + request.info.operation; }
};
class both_sides final : public worker_interceptor {
 public:
  std::unique_ptr<workflow_interceptor> intercept_workflow(const workflow_info& /*about*/) override {
    return std::make_unique<for_tenant>();
  }
  std::unique_ptr<nexus_interceptor> intercept_nexus(const nexus_info& /*about*/) override {
    return std::make_unique<marks_requests>();
  }
};

class nexus_interceptors_beside_a_server : public nexus_server_test {};

TEST_F(nexus_interceptors_beside_a_server, SeeCallsAndRequests) {
  registry all;
  all.nexus_service(nexus_handlers<shop>().operation(
      shop::tells, [](nexus_context& context) { return context.info().headers.at("tenant"); }));
  all.workflow<asks>();
  auto how = options();
  how.interceptors = {std::make_shared<both_sides>()};
  running_worker worker(all, how);
  EXPECT_EQ(client.execute_workflow<asks>(start(), endpoint).get(), "gold by tells");
}

}  // namespace rondo::test::nexus_interceptors_test
