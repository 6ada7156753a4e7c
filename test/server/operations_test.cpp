#include "rondo/client/operations.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "fixture.hpp"
#include "rondo/client/deployments.hpp"
#include "rondo/client/health.hpp"
#include "rondo/client/raw.hpp"
#include "rondo/client/task_queues.hpp"
#include "rondo/client/workflow_rules.hpp"
#include "rondo/workflow.hpp"

// What is asked about namespaces, task queues and deployments.
namespace rondo::test::operations_test {

using namespace std::chrono_literals;

task<int> answers() { co_return 42; }

class operations : public server_test {
 protected:
  operations_client server{client};
  const std::string name = "test-" + detail::random_uuid();
};

TEST_F(operations, SearchAttributesComeAndGo) {
  const std::string attribute = "Attribute" + detail::random_uuid().substr(0, 8);
  server.add_search_attributes({{attribute, search_attribute_type::keyword}}).get();
  const auto has = [&] { return server.list_search_attributes().get().custom.contains(attribute); };
  ASSERT_TRUE(eventually(has));
  const auto all = server.list_search_attributes().get();
  EXPECT_EQ(all.custom.at(attribute), search_attribute_type::keyword);
  EXPECT_EQ(all.system.at("StartTime"), search_attribute_type::datetime);
  const std::array<std::string_view, 1> names = {attribute};
  server.remove_search_attributes(names).get();
  EXPECT_TRUE(eventually([&] { return !has(); }));
}

class official_operations : public official_server_test {
 protected:
  operations_client server{client};
  const std::string name = "test-" + detail::random_uuid();
};

TEST_F(official_operations, NexusEndpointsComeAndGo) {
  const auto made = server.create_nexus_endpoint({.name = name, .description = "one", .task_queue = queue}).get();
  EXPECT_EQ(made.name, name);
  EXPECT_EQ(made.description, "one");
  EXPECT_EQ(made.namespace_, "default");
  EXPECT_EQ(made.task_queue, queue);
  const auto changed =
      server.update_nexus_endpoint(made.id, made.version, {.name = name, .description = "two", .task_queue = queue})
          .get();
  EXPECT_GT(changed.version, made.version);
  EXPECT_EQ(server.get_nexus_endpoint(made.id).get().description, "two");
  const auto found = server.list_nexus_endpoints(name).next_page().get();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, made.id);
  EXPECT_THROW((void)server.update_nexus_endpoint(made.id, made.version, {.name = name, .task_queue = queue}).get(),
               rpc_error);
  server.remove_nexus_endpoint(made.id, changed.version).get();
  EXPECT_THROW((void)server.get_nexus_endpoint(made.id).get(), not_found);
}

TEST_F(operations, ClustersAreListed) {
  const auto found = server.list_clusters().next_page().get();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].name.empty());
  EXPECT_GT(found[0].history_shard_count, 0);
}

TEST_F(official_operations, RulesComeAndGo) {
  const workflow_rule_client rules(client);
  const std::string id = "r" + detail::random_uuid().substr(0, 8);
  EXPECT_EQ(rules.create({.id = id, .predicate = "ActivityType = 'none'"}, {.description = "test"}).get(), "");
  ASSERT_TRUE(eventually([&] {
    for (const auto& each : rules.list()) {
      if (each.id == id) return each.predicate == "ActivityType = 'none'";
    }
    return false;
  }));
  EXPECT_EQ(rules.describe(id).get().description, "test");
  rules.remove(id).get();
}

TEST_F(operations, TaskQueuesTellWhatWaits) {
  const task_queue_client queues(client);
  const auto waiting = client.start_workflow<answers>(start()).get();
  EXPECT_TRUE(eventually([&] { return queues.describe(queue).get().stats.value().backlog_count == 1; }));
  EXPECT_TRUE(queues.describe(queue).get().pollers.empty());
  registry app;
  app.workflow<answers>();
  running_worker worker(std::move(app), options());
  EXPECT_EQ(waiting.result().get(), 42);
  const auto found = queues.describe(queue).get();
  ASSERT_FALSE(found.pollers.empty());
  EXPECT_TRUE(found.pollers[0].version.empty());
  EXPECT_FALSE(queues.partitions(queue).get().workflow.empty());
}

TEST_F(operations, TaskQueuesTakeLimits) {
  const task_queue_client queues(client);
  const auto now = queues
                       .update_config(queue, task_queue_kind::activity,
                                      {.rate_limit = rate_limit_change{.requests_per_second = 7, .reason = "test"}})
                       .get();
  EXPECT_EQ(now.rate_limit.requests_per_second, 7);
  EXPECT_EQ(now.rate_limit.reason, "test");
  EXPECT_EQ(now.rate_limit.identity, client.identity());
  const auto found = queues.describe(queue, task_queue_kind::activity).get();
  EXPECT_EQ(found.config.value().rate_limit.requests_per_second, 7);
  const auto freed = queues.update_config(queue, task_queue_kind::activity, {.rate_limit = rate_limit_change{}}).get();
  EXPECT_EQ(freed.rate_limit.requests_per_second, std::nullopt);
}

TEST_F(operations, DeploymentsAreRouted) {
  const deployment_client deployments(client);
  registry app;
  app.workflow<answers>();
  auto how = options();
  how.deployment = worker_deployment_options{.version = {.deployment_name = name, .build_id = "v1"},
                                             .default_behavior = versioning_behavior::pinned};
  running_worker worker(std::move(app), how);
  const worker_deployment_version first{name, "v1"};
  ASSERT_TRUE(eventually([&] {
    try {
      return !deployments.describe_version(first).get().task_queues.empty();
    } catch (const not_found&) {
      return false;
    }
  }));
  const auto before = deployments.describe(name).get();
  EXPECT_TRUE(before.routing.current.empty());
  const auto token = deployments.set_current_version(name, "v1", {.conflict_token = before.conflict_token}).get();
  EXPECT_THROW((void)deployments.set_ramping_version(name, "v2", 10, {.conflict_token = before.conflict_token}).get(),
               rpc_error);
  EXPECT_NE(token, before.conflict_token);
  const auto found = deployments.describe(name).get();
  EXPECT_EQ(found.routing.current, first);
  ASSERT_EQ(found.versions.size(), 1U);
  EXPECT_EQ(found.versions[0].version, first);
  EXPECT_EQ(deployments.describe_version(first).get().task_queues.at(0).name, queue);
  EXPECT_TRUE(eventually([&] {
    for (const auto& each : deployments.list()) {
      if (each.name == name) return each.routing.current == first;
    }
    return false;
  }));

  payload_map notes;
  notes["commit"] = {.metadata = {{"encoding", "json/plain"}}, .data = "\"abc\""};
  EXPECT_EQ(deployments.update_metadata(first, notes).get().at("commit").data, "\"abc\"");
  EXPECT_THROW(deployments.remove_version(first).get(), rpc_error);
  EXPECT_THROW((void)deployments.describe("no-such-deployment").get(), not_found);
}

TEST_F(operations, RawCallsReachEveryService) {
  const raw_client raw(client);
  namespace service = temporal::api::workflowservice::v1;
  EXPECT_FALSE(raw.call(service::GetClusterInfoRequest()).get().server_version().empty());
  service::DescribeNamespaceRequest request;
  EXPECT_EQ(raw.call(request).get().namespace_info().name(), "default");
  EXPECT_TRUE(check_health(client).get());
}

}  // namespace rondo::test::operations_test
