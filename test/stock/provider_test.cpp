#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rondo/workflow.hpp"
#include "server/fixture.hpp"
#include "stock/fake_cloud.hpp"
#include "stock/fixture.hpp"
#include "support/program.hpp"

// A server that starts workers by itself, and what our commands make of it.
namespace rondo::test::stock_providers {

namespace provider_test {

task<int> answers() { co_return 42; }

/// The test itself is the worker that its cloud is asked for.
class providers : public stock_test {
 protected:
  void SetUp() override {
    stock_test::SetUp();
    if (!IsSkipped()) cloud_.emplace(provider_address());
  }
  std::unique_ptr<running_worker> make_worker() const {
    auto how = options();
    how.deployment = {.version = {name, "b1"}, .default_behavior = versioning_behavior::auto_upgrade};
    return std::make_unique<running_worker>(registry().workflow<answers>(), how);
  }
  std::size_t invocations() const { return cloud_->invocations().size(); }
  /// The version is made known, invoked once so that its worker brings its task queue, and made current.
  void set_up_version(const words& provider) {
    const auto created = deployment("create-version", provider);
    ASSERT_EQ(created.code, 0) << created.err;
    ASSERT_TRUE(eventually([&] { return invocations() > 0; })) << "nobody is invoked for a new version";
    const auto worker = make_worker();
    ASSERT_TRUE(eventually([&] { return is_registered(); }));
    const auto chosen = deployment("set-current");
    ASSERT_EQ(chosen.code, 0) << chosen.err;
  }
  /// A workflow starts while no worker runs; a worker is asked for, comes, and does it.
  void expect_worker_for_workflow() {
    const auto before = invocations();
    const auto handle = client.start_workflow<answers>(start()).get();
    ASSERT_TRUE(eventually([&] { return invocations() > before; })) << doctor().out;
    const auto worker = make_worker();
    EXPECT_EQ(handle.result().get(), 42);
  }

  std::optional<fake_cloud> cloud_;
};

TEST_F(providers, a_runtime_is_invoked_for_a_workflow_that_has_no_worker) {
  ASSERT_NO_FATAL_FAILURE(set_up_version(agentcore));
  EXPECT_EQ(cloud_->invocations().front().body, R"({"deploymentName":")" + name + R"(","buildId":"b1"})");
  EXPECT_EQ(cloud_->invocations().front().target,
            "/runtimes/rt-x/invocations?accountId=123456789012&qualifier=DEFAULT");
  ASSERT_NO_FATAL_FAILURE(expect_worker_for_workflow());
  const auto seen = doctor();
  EXPECT_EQ(seen.code, 0) << seen.out;
}

TEST_F(providers, a_function_is_invoked_for_a_workflow_that_has_no_worker) {
  ASSERT_NO_FATAL_FAILURE(set_up_version(lambda));
  EXPECT_HAS(cloud_->invocations().front().target, "/2015-03-31/functions/");
  ASSERT_NO_FATAL_FAILURE(expect_worker_for_workflow());
}

TEST_F(providers, a_version_that_its_worker_made_known_gets_a_provider_later) {
  {
    const auto worker = make_worker();
    ASSERT_TRUE(eventually([&] { return is_registered(); }));
  }
  const auto before = deployment("describe-version").out;
  EXPECT_EQ(before.find("Compute"), std::string::npos) << before;
  const auto updated = deployment("create-version", agentcore);
  EXPECT_EQ(updated.code, 0) << updated.err;
  EXPECT_HAS(updated.out, "exists already; its compute was updated");
  ASSERT_EQ(deployment("set-current").code, 0);
  ASSERT_NO_FATAL_FAILURE(expect_worker_for_workflow());
}

TEST_F(providers, what_the_provider_refuses_is_told) {
  cloud_->refuse_with("ResourceNotFoundException", 404);
  const auto refused = deployment("create-version", agentcore);
  EXPECT_EQ(refused.code, 1);
  EXPECT_HAS(refused.err, "ResourceNotFoundException");
  cloud_->refuse_with("");
  ASSERT_NO_FATAL_FAILURE(set_up_version(agentcore));
  cloud_->refuse_with("AccessDeniedException", 403);
  const auto found = doctor();
  EXPECT_EQ(found.code, 1);
  EXPECT_HAS(found.out, "(compute_failed)");
  EXPECT_HAS(found.out, "AccessDeniedException");
}

TEST_F(providers, a_provider_that_the_server_does_not_offer_is_named) {
  const auto refused = deployment("create-version", {"--k8s-namespace", "n", "--k8s-deployment", "d"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_HAS(refused.err, "Could not instantiate compute provider with type 'k8s'");
}

TEST_F(providers, the_order_of_deleting_is_right) {
  ASSERT_NO_FATAL_FAILURE(set_up_version(agentcore));
  EXPECT_HAS(deployment("delete-version").err, "or give --force");
  // The server remembers for minutes that a worker of the version has polled, and keeps the version as long.
  const auto ended = deployment("delete-version", {"--force", "--skip-drainage"});
  if (ended.code == 0) {
    EXPECT_HAS(ended.out, "deleted");
  } else {
    EXPECT_HAS(ended.err, "has active pollers");
  }
  const auto routing = rondo({"worker", "deployment", "describe", "-d", name});
  EXPECT_HAS(routing.out, "CurrentBuildId        (none)");
}

}  // namespace provider_test
}  // namespace rondo::test::stock_providers
