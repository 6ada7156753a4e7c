#include "rondo/client/operations.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client/workers.hpp"
#include "rondo/client/workflow_rules.hpp"

namespace rondo::test::client_operations_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace operators = temporal::api::operatorservice::v1;
namespace enums = temporal::api::enums::v1;

class ClientOperations : public ClientTest {
 protected:
  operations_client operations() const { return operations_client(*client); }
  workflow_rule_client rules() const { return workflow_rule_client(*client); }
  worker_client workers() const { return worker_client(*client); }

  template <class Request, class Response>
  std::shared_ptr<std::vector<Request>> serve_operator(const std::string& method, Response answer) {
    auto seen = std::make_shared<std::vector<Request>>();
    server->on("/temporal.api.operatorservice.v1.OperatorService/" + method,
               [seen, answer = std::move(answer)](const io::memory_transport::call& call) {
                 Request request;
                 ASSERT_TRUE(request.ParseFromString(call.request()));
                 seen->push_back(request);
                 call.reply(answer.SerializeAsString());
               });
    return seen;
  }
  template <class Function>
  static std::string refusal(Function function) {
    return message_of<invalid_argument>(function);
  }
};

TEST_F(ClientOperations, SearchAttributes) {
  const auto added = serve_operator<operators::AddSearchAttributesRequest>("AddSearchAttributes",
                                                                           operators::AddSearchAttributesResponse());
  operations()
      .add_search_attributes({{"Shop", search_attribute_type::keyword}, {"Size", search_attribute_type::integer}})
      .get();
  EXPECT_EQ(added->front().namespace_(), "shop");
  EXPECT_EQ(added->front().search_attributes().at("Shop"), enums::INDEXED_VALUE_TYPE_KEYWORD);
  EXPECT_EQ(added->front().search_attributes().at("Size"), enums::INDEXED_VALUE_TYPE_INT);
  const auto removed = serve_operator<operators::RemoveSearchAttributesRequest>(
      "RemoveSearchAttributes", operators::RemoveSearchAttributesResponse());
  const std::array<std::string_view, 1> names = {"Shop"};
  operations().remove_search_attributes(names).get();
  EXPECT_EQ(removed->front().search_attributes(0), "Shop");
  operators::ListSearchAttributesResponse response;
  (*response.mutable_custom_attributes())["Shop"] = enums::INDEXED_VALUE_TYPE_KEYWORD_LIST;
  (*response.mutable_system_attributes())["StartTime"] = enums::INDEXED_VALUE_TYPE_DATETIME;
  serve_operator<operators::ListSearchAttributesRequest>("ListSearchAttributes", response);
  const auto found = operations().list_search_attributes().get();
  EXPECT_EQ(found.custom.at("Shop"), search_attribute_type::keyword_list);
  EXPECT_EQ(found.system.at("StartTime"), search_attribute_type::datetime);
}

TEST_F(ClientOperations, Namespaces) {
  using list_request = service::ListNamespacesRequest;
  const auto seen =
      serve<list_request, service::ListNamespacesResponse>("ListNamespaces", [](const list_request& asked) {
        service::ListNamespacesResponse page;
        auto& one = *page.add_namespaces();
        if (!asked.next_page_token().empty()) {
          one.mutable_namespace_info()->set_name("test");
          return page;
        }
        auto& info = *one.mutable_namespace_info();
        info.set_name("shop");
        info.set_id("n1");
        info.set_description("sells");
        info.set_owner_email("ada@example.com");
        info.set_state(enums::NAMESPACE_STATE_DEPRECATED);
        (*info.mutable_data())["team"] = "orders";
        one.mutable_config()->mutable_workflow_execution_retention_ttl()->set_seconds(3600);
        one.set_is_global_namespace(true);
        one.mutable_replication_config()->set_active_cluster_name("east");
        page.set_next_page_token("2");
        return page;
      });
  std::vector<namespace_summary> found;
  for (const auto& each : operations().list_namespaces({.page_size = 1})) found.push_back(each);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "shop");
  EXPECT_EQ(found[0].id, "n1");
  EXPECT_EQ(found[0].description, "sells");
  EXPECT_EQ(found[0].owner_email, "ada@example.com");
  EXPECT_EQ(found[0].state, namespace_state::deprecated);
  EXPECT_EQ(found[0].data, (std::map<std::string, std::string>{{"team", "orders"}}));
  EXPECT_EQ(found[0].retention, 1h);
  EXPECT_TRUE(found[0].is_global);
  EXPECT_EQ(found[0].active_cluster, "east");
  EXPECT_EQ(found[1].name, "test");
  EXPECT_EQ(found[1].state, namespace_state::unspecified);
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_EQ(seen->back().page_size(), 1);
  EXPECT_EQ(seen->back().next_page_token(), "2");
  EXPECT_FALSE(seen->back().namespace_filter().include_deleted());
  (void)operations().list_namespaces({}, true).next_page().get();
  EXPECT_TRUE(seen->back().namespace_filter().include_deleted());
}

TEST_F(ClientOperations, NexusEndpoints) {
  operators::CreateNexusEndpointResponse response;
  auto& endpoint = *response.mutable_endpoint();
  endpoint.set_id("e1");
  endpoint.set_version(3);
  endpoint.mutable_spec()->set_name("payments");
  endpoint.mutable_spec()->mutable_description()->set_data("\"text\"");
  endpoint.mutable_spec()->mutable_target()->mutable_worker()->set_task_queue("q");
  endpoint.mutable_created_time()->set_seconds(4);
  const auto created = serve_operator<operators::CreateNexusEndpointRequest>("CreateNexusEndpoint", response);
  const auto made =
      operations().create_nexus_endpoint({.name = "payments", .description = "text", .task_queue = "q"}).get();
  EXPECT_EQ(made.id, "e1");
  EXPECT_EQ(made.version, 3);
  EXPECT_EQ(made.name, "payments");
  EXPECT_EQ(made.description, "text");
  EXPECT_EQ(made.task_queue, "q");
  EXPECT_EQ(made.created_time, server_time(4s));
  EXPECT_EQ(created->front().spec().target().worker().namespace_(), "shop");
  EXPECT_EQ(created->front().spec().description().data(), "\"text\"");

  operators::UpdateNexusEndpointResponse other;
  other.mutable_endpoint()->mutable_spec()->mutable_target()->mutable_external()->set_url("http://x");
  const auto updated = serve_operator<operators::UpdateNexusEndpointRequest>("UpdateNexusEndpoint", other);
  EXPECT_EQ(operations().update_nexus_endpoint("e1", 3, {.name = "payments", .url = "http://x"}).get().url, "http://x");
  EXPECT_EQ(updated->front().id(), "e1");
  EXPECT_EQ(updated->front().version(), 3);
  EXPECT_EQ(updated->front().spec().target().external().url(), "http://x");
  const auto gone = serve_operator<operators::DeleteNexusEndpointRequest>("DeleteNexusEndpoint",
                                                                          operators::DeleteNexusEndpointResponse());
  operations().remove_nexus_endpoint("e1", 4).get();
  EXPECT_EQ(gone->front().version(), 4);
  operators::ListNexusEndpointsResponse page;
  page.add_endpoints()->set_id("e1");
  const auto listed = serve_operator<operators::ListNexusEndpointsRequest>("ListNexusEndpoints", page);
  EXPECT_EQ(operations().list_nexus_endpoints("payments").next_page().get().at(0).id, "e1");
  EXPECT_EQ(listed->front().name(), "payments");
  operators::GetNexusEndpointResponse one;
  one.mutable_endpoint()->set_id("e1");
  serve_operator<operators::GetNexusEndpointRequest>("GetNexusEndpoint", one);
  EXPECT_EQ(operations().get_nexus_endpoint("e1").get().id, "e1");

  EXPECT_EQ(refusal([&] { (void)operations().create_nexus_endpoint({.name = "p", .task_queue = "q", .url = "u"}); }),
            "Nexus endpoint 'p': INVALID_ARGUMENT: it leads to a task_queue or to a url");
  EXPECT_EQ(refusal([&] { (void)operations().create_nexus_endpoint({.task_queue = "q"}); }),
            "Nexus endpoint '': INVALID_ARGUMENT: the name is missing");
}

TEST_F(ClientOperations, Clusters) {
  operators::ListClustersResponse page;
  auto& cluster = *page.add_clusters();
  cluster.set_cluster_name("active");
  cluster.set_address("a:1");
  cluster.set_history_shard_count(4);
  cluster.set_is_connection_enabled(true);
  serve_operator<operators::ListClustersRequest>("ListClusters", page);
  const auto found = operations().list_clusters().next_page().get();
  EXPECT_EQ(found.at(0).name, "active");
  EXPECT_EQ(found.at(0).address, "a:1");
  EXPECT_EQ(found.at(0).history_shard_count, 4);
  EXPECT_TRUE(found.at(0).connection_enabled);
  const auto added = serve_operator<operators::AddOrUpdateRemoteClusterRequest>(
      "AddOrUpdateRemoteCluster", operators::AddOrUpdateRemoteClusterResponse());
  operations().add_remote_cluster("b:1", false).get();
  EXPECT_EQ(added->front().frontend_address(), "b:1");
  EXPECT_FALSE(added->front().enable_remote_cluster_connection());
  const auto removed = serve_operator<operators::RemoveRemoteClusterRequest>("RemoveRemoteCluster",
                                                                             operators::RemoveRemoteClusterResponse());
  operations().remove_remote_cluster("b").get();
  EXPECT_EQ(removed->front().cluster_name(), "b");
}

TEST_F(ClientOperations, WorkflowRules) {
  service::CreateWorkflowRuleResponse response;
  response.set_job_id("j");
  const auto created = serve<service::CreateWorkflowRuleRequest>("CreateWorkflowRule", response);
  const workflow_rule_spec rule{
      .id = "r", .predicate = "ActivityType = 'x'", .query = "q", .expiration_time = server_time(9s)};
  EXPECT_EQ(rules().create(rule, {.description = "d", .scan_running = true}).get(), "j");
  EXPECT_EQ(created->front().spec().id(), "r");
  EXPECT_EQ(created->front().spec().activity_start().predicate(), "ActivityType = 'x'");
  EXPECT_EQ(created->front().spec().visibility_query(), "q");
  EXPECT_TRUE(created->front().spec().actions(0).has_activity_pause());
  EXPECT_EQ(created->front().spec().expiration_time().seconds(), 9);
  EXPECT_EQ(created->front().description(), "d");
  EXPECT_TRUE(created->front().force_scan());
  EXPECT_EQ(refusal([&] { (void)rules().create({.id = "r"}); }),
            "create workflow rule 'r': INVALID_ARGUMENT: the predicate of the rule is missing");

  service::DescribeWorkflowRuleResponse described;
  *described.mutable_rule()->mutable_spec() = created->front().spec();
  described.mutable_rule()->set_created_by_identity("ada");
  serve<service::DescribeWorkflowRuleRequest>("DescribeWorkflowRule", described);
  const auto found = rules().describe("r").get();
  EXPECT_EQ(found.predicate, rule.predicate);
  EXPECT_EQ(found.expiration_time, rule.expiration_time);
  EXPECT_EQ(found.created_by, "ada");
  service::ListWorkflowRulesResponse page;
  page.add_rules()->mutable_spec()->set_id("r");
  serve<service::ListWorkflowRulesRequest>("ListWorkflowRules", page);
  EXPECT_EQ(rules().list().next_page().get().at(0).id, "r");
  service::TriggerWorkflowRuleResponse triggered;
  triggered.set_applied(true);
  const auto asked = serve<service::TriggerWorkflowRuleRequest>("TriggerWorkflowRule", triggered);
  const workflow_execution on{"w", "run"};
  EXPECT_TRUE(rules().trigger("r", on).get());
  EXPECT_EQ(asked->front().id(), "r");
  EXPECT_EQ(asked->front().execution().run_id(), "run");
  const auto gone =
      serve<service::DeleteWorkflowRuleRequest, service::DeleteWorkflowRuleResponse>("DeleteWorkflowRule");
  rules().remove("r").get();
  EXPECT_EQ(gone->front().rule_id(), "r");
}

TEST_F(ClientOperations, Workers) {
  service::DescribeWorkerResponse response;
  auto& beat = *response.mutable_worker_info()->mutable_worker_heartbeat();
  beat.set_worker_instance_key("k");
  beat.set_worker_identity("w");
  beat.set_task_queue("q");
  beat.mutable_deployment_version()->set_build_id("v1");
  beat.set_status(enums::WORKER_STATUS_SHUTTING_DOWN);
  beat.mutable_host_info()->set_host_name("h");
  beat.mutable_host_info()->set_current_host_cpu_usage(0.5F);
  beat.mutable_heartbeat_time()->set_seconds(3);
  beat.mutable_activity_task_slots_info()->set_current_used_slots(2);
  beat.mutable_activity_task_slots_info()->set_slot_supplier_kind("Fixed");
  beat.mutable_workflow_sticky_poller_info()->set_current_pollers(5);
  beat.mutable_workflow_sticky_poller_info()->set_is_autoscaling(true);
  beat.set_total_sticky_cache_hit(6);
  beat.mutable_nexus_task_slots_info()->set_total_processed_tasks(7);
  beat.mutable_local_activity_slots_info()->set_total_failed_tasks(8);
  beat.add_plugins()->set_name("tracing");
  beat.mutable_plugins(0)->set_version("2");
  beat.add_drivers()->set_type("aws.s3driver");
  using environment = temporal::api::worker::v1::EnvironmentInfo;
  beat.mutable_environment()->add_runtimes()->set_type(environment::Runtime::RUNTIME_TYPE_GO);
  beat.mutable_environment()->mutable_runtimes(0)->set_version("1.25");
  beat.mutable_environment()->add_hosting_environments()->set_type(
      environment::HostingEnvironment::HOSTING_ENVIRONMENT_TYPE_AWS_LAMBDA);
  auto& platform = *beat.mutable_environment()->mutable_platform()->mutable_linux();
  platform.set_version("6.1");
  platform.set_architecture(environment::ARCHITECTURE_ARM64);
  platform.set_libc(environment::LinuxPlatform::LIBC_MUSL);
  const auto asked = serve<service::DescribeWorkerRequest>("DescribeWorker", response);
  const auto found = workers().describe("k").get();
  EXPECT_EQ(asked->front().worker_instance_key(), "k");
  EXPECT_EQ(header(headers, "temporal-resource-id"), "worker:k");
  EXPECT_EQ(found.instance_key, "k");
  EXPECT_EQ(found.identity, "w");
  EXPECT_EQ(found.task_queue, "q");
  EXPECT_EQ(found.version.build_id, "v1");
  EXPECT_EQ(found.status, worker_status::shutting_down);
  EXPECT_EQ(found.host_name, "h");
  EXPECT_EQ(found.host_cpu_usage, 0.5F);
  EXPECT_EQ(found.heartbeat_time, server_time(3s));
  EXPECT_EQ(found.activity_slots.used, 2);
  EXPECT_EQ(found.activity_slots.supplier_kind, "Fixed");
  EXPECT_EQ(found.sticky_pollers.count, 5);
  EXPECT_TRUE(found.sticky_pollers.autoscaling);
  EXPECT_EQ(found.sticky_cache_hits, 6);
  EXPECT_EQ(found.nexus_slots.processed_tasks, 7);
  EXPECT_EQ(found.local_activity_slots.failed_tasks, 8);
  using versions = std::vector<named_version>;
  EXPECT_EQ(found.plugins, (versions{{.name = "tracing", .version = "2"}}));
  EXPECT_EQ(found.storage_drivers, std::vector<std::string>{"aws.s3driver"});
  EXPECT_EQ(found.environment.runtimes, (versions{{.name = "go", .version = "1.25"}}));
  EXPECT_EQ(found.environment.hosting, (versions{{.name = "aws_lambda", .version = ""}}));
  EXPECT_EQ(found.environment.platform, (named_version{.name = "linux", .version = "6.1"}));
  EXPECT_EQ(found.environment.architecture, "arm64");
  EXPECT_EQ(found.environment.libc, "musl");

  service::ListWorkersResponse page;
  auto& listed = *page.add_workers();
  listed.set_worker_instance_key("k");
  listed.set_host_name("h");
  listed.add_plugins()->set_name("tracing");
  listed.add_drivers()->set_type("local-file");
  listed.set_status(enums::WORKER_STATUS_RUNNING);
  auto seen = serve<service::ListWorkersRequest>("ListWorkers", page);
  auto all = workers().list("TaskQueue = 'q'").next_page().get();
  EXPECT_EQ(seen->front().query(), "TaskQueue = 'q'");
  EXPECT_EQ(all.at(0).instance_key, "k");
  EXPECT_EQ(all.at(0).host_name, "h");
  EXPECT_EQ(all.at(0).plugins.at(0).name, "tracing");
  EXPECT_EQ(all.at(0).storage_drivers, std::vector<std::string>{"local-file"});
  EXPECT_EQ(all.at(0).status, worker_status::running);
  page.clear_workers();
  *page.add_workers_info() = response.worker_info();
  seen = serve<service::ListWorkersRequest>("ListWorkers", page);
  all = workers().list().next_page().get();
  EXPECT_EQ(all.at(0).host_name, "h");
  service::CountWorkersResponse count;
  count.set_count(4);
  serve<service::CountWorkersRequest>("CountWorkers", count);
  EXPECT_EQ(workers().count().get(), 4);
}

}  // namespace rondo::test::client_operations_test
