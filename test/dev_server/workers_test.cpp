#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dev_server/scripted_worker.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/workers.hpp"

namespace rondo::test {
namespace dev_workers_test {

using temporal::api::worker::v1::WorkerHeartbeat;

/// The workers that the server knows by their heartbeats.
struct known_workers : ::testing::Test {
  scripted_worker at;

  static WorkerHeartbeat beat(const std::string& instance, enums::WorkerStatus status = enums::WORKER_STATUS_RUNNING) {
    WorkerHeartbeat made;
    made.set_worker_instance_key(instance);
    made.set_worker_identity("identity of " + instance);
    made.set_task_queue("queue");
    made.set_status(status);
    return made;
  }
  void record(const std::vector<WorkerHeartbeat>& beats, const std::string& namespace_name = "default") {
    service::RecordWorkerHeartbeatRequest request;
    request.set_namespace_(namespace_name);
    for (const auto& each : beats) *request.add_worker_heartbeat() = each;
    at.ask<service::RecordWorkerHeartbeatResponse>(request);
  }
  static service::ListWorkersRequest listing(const std::string& query = {}) {
    service::ListWorkersRequest request;
    request.set_namespace_("default");
    request.set_query(query);
    return request;
  }
  static std::string keys(const service::ListWorkersResponse& of) {
    std::string names;
    for (const auto& each : of.workers()) names += (names.empty() ? "" : " ") + each.worker_instance_key();
    return names;
  }
  std::string list(const std::string& query = {}) { return keys(at.ask<service::ListWorkersResponse>(listing(query))); }
  std::int64_t count(const std::string& query) {
    service::CountWorkersRequest request;
    request.set_namespace_("default");
    request.set_query(query);
    return at.ask<service::CountWorkersResponse>(request).count();
  }
  rpc_status refuse(const std::string& query) { return at.refused<service::ListWorkersResponse>(listing(query)); }
  static service::DescribeWorkerRequest describing(const std::string& instance) {
    service::DescribeWorkerRequest request;
    request.set_namespace_("default");
    request.set_worker_instance_key(instance);
    return request;
  }
  WorkerHeartbeat describe(const std::string& instance) {
    return at.ask<service::DescribeWorkerResponse>(describing(instance)).worker_info().worker_heartbeat();
  }
};

TEST_F(known_workers, are_listed_and_described_by_their_last_heartbeat) {
  EXPECT_EQ(list(), "");
  record({beat("b"), beat("a")});
  auto later = beat("b", enums::WORKER_STATUS_SHUTTING_DOWN);
  later.mutable_host_info()->set_host_name("host");
  later.mutable_host_info()->set_process_id("7");
  later.mutable_host_info()->set_worker_grouping_key("group");
  later.mutable_deployment_version()->set_build_id("v1");
  later.add_plugins()->set_name("plugin");
  later.add_drivers()->set_type("driver");
  later.set_sdk_name("sdk");
  later.set_sdk_version("1.2");
  later.mutable_start_time()->set_seconds(5);
  later.set_total_sticky_cache_hit(3);
  record({later});
  const auto all = at.ask<service::ListWorkersResponse>(listing());
  EXPECT_EQ(keys(all), "a b");
  const auto& shown = all.workers(1);
  EXPECT_EQ(shown.worker_identity(), "identity of b");
  EXPECT_EQ(shown.task_queue(), "queue");
  EXPECT_EQ(shown.status(), enums::WORKER_STATUS_SHUTTING_DOWN);
  EXPECT_EQ(shown.host_name(), "host");
  EXPECT_EQ(shown.process_id(), "7");
  EXPECT_EQ(shown.worker_grouping_key(), "group");
  EXPECT_EQ(shown.deployment_version().build_id(), "v1");
  EXPECT_EQ(shown.plugins(0).name(), "plugin");
  EXPECT_EQ(shown.drivers(0).type(), "driver");
  EXPECT_EQ(shown.sdk_name() + shown.sdk_version(), "sdk1.2");
  EXPECT_EQ(shown.start_time().seconds(), 5);
  EXPECT_EQ(all.workers_info(1).worker_heartbeat().SerializeAsString(), later.SerializeAsString());
  EXPECT_EQ(describe("b").SerializeAsString(), later.SerializeAsString());
}

TEST_F(known_workers, that_are_not_known_cannot_be_described) {
  record({beat("a")});
  const auto status = at.refused<service::DescribeWorkerResponse>(describing("b"));
  EXPECT_EQ(status.code, rpc_code::not_found);
  EXPECT_EQ(status.message, "Worker b not found");
}

TEST_F(known_workers, go_when_they_shut_down) {
  record({beat("a"), beat("b"), beat("c")});
  record({beat("a", enums::WORKER_STATUS_SHUTDOWN), beat("unknown", enums::WORKER_STATUS_SHUTDOWN)});
  EXPECT_EQ(list(), "b c");
  service::ShutdownWorkerRequest request;
  request.set_namespace_("default");
  *request.mutable_worker_heartbeat() = beat("b", enums::WORKER_STATUS_SHUTTING_DOWN);
  at.ask<service::ShutdownWorkerResponse>(request);
  EXPECT_EQ(list("WorkerStatus = 'ShuttingDown'"), "b");
  *request.mutable_worker_heartbeat() = beat("b", enums::WORKER_STATUS_SHUTDOWN);
  at.ask<service::ShutdownWorkerResponse>(request);
  EXPECT_EQ(list(), "c");
}

TEST_F(known_workers, go_when_they_are_silent_for_long) {
  record({beat("a")});
  at.pass(server::hour);  // they live in real time
  EXPECT_EQ(list(), "a");
  at.state->limit().worker_silence = 0;
  EXPECT_EQ(list(), "");
  EXPECT_EQ(at.refused<service::DescribeWorkerResponse>(describing("a")).code, rpc_code::not_found);
  EXPECT_EQ(at.state->workers().size(), 0U);
}

TEST_F(known_workers, are_no_more_than_the_limit) {
  at.state->limit().workers = 2;
  record({beat("a"), beat("b")});
  record({beat("a"), beat("c")});
  EXPECT_EQ(list(), "a c") << "b has been silent for longest";
  record({beat("c")});
  EXPECT_EQ(list(), "a c");
}

TEST_F(known_workers, belong_to_their_namespace) {
  service::RegisterNamespaceRequest request;
  request.set_namespace_("other");
  request.mutable_workflow_execution_retention_period()->set_seconds(86'400);
  at.ask<service::RegisterNamespaceResponse>(request);
  record({beat("a")}, "other");
  record({beat("b")});
  EXPECT_EQ(list(), "b");
  at.state->turn([this] { at.state->namespaces().remove(at.state->namespaces().get("other")); });
  EXPECT_EQ(at.state->workers().size(), 1U);
  service::RecordWorkerHeartbeatRequest unknown;
  unknown.set_namespace_("missing");
  EXPECT_EQ(at.refused<service::RecordWorkerHeartbeatResponse>(unknown).code, rpc_code::not_found);
}

TEST_F(known_workers, come_in_pages) {
  record({beat("d"), beat("a"), beat("c"), beat("b"), beat("e")});
  auto request = listing("WorkerInstanceKey != 'c'");
  request.set_page_size(2);
  const auto first = at.ask<service::ListWorkersResponse>(request);
  EXPECT_EQ(keys(first), "a b");
  request.set_next_page_token(first.next_page_token());
  record({beat("b", enums::WORKER_STATUS_SHUTDOWN)});  // the page goes on after it
  const auto second = at.ask<service::ListWorkersResponse>(request);
  EXPECT_EQ(keys(second), "d e");
  EXPECT_EQ(second.next_page_token(), "");
  request.set_next_page_token("anything");
  EXPECT_EQ(at.refused<service::ListWorkersResponse>(request).message, "invalid next_page_token");
  request.clear_next_page_token();
  request.set_page_size(-1);
  EXPECT_EQ(at.refused<service::ListWorkersResponse>(request).code, rpc_code::invalid_argument);
}

TEST_F(known_workers, of_the_server_itself_are_shown_when_asked_for) {
  auto own = beat("own");
  own.set_task_queue("temporal-sys-per-ns-tq");
  record({own, beat("a")});
  EXPECT_EQ(list(), "a");
  EXPECT_EQ(count(""), 1);
  auto request = listing();
  request.set_include_system_workers(true);
  EXPECT_EQ(keys(at.ask<service::ListWorkersResponse>(request)), "a own");
}

TEST_F(known_workers, are_found_by_queries) {
  auto first = beat("a");
  first.set_task_queue("orders");
  first.set_sdk_name("rondo");
  first.set_sdk_version("1.2.3");
  first.mutable_host_info()->set_host_name("host-1");
  first.mutable_start_time()->set_seconds(1'700'000'000);  // 2023-11-14T22:13:20Z
  auto second = beat("b");
  second.mutable_deployment_version()->set_deployment_name("d");
  second.mutable_deployment_version()->set_build_id("v2");
  second.mutable_start_time()->set_seconds(1'700'000'100);
  second.mutable_heartbeat_time()->set_seconds(1'700'000'200);
  record({first, second, beat("c", enums::WORKER_STATUS_SHUTTING_DOWN)});
  const std::vector<std::pair<std::string, std::string>> table = {
      {"TaskQueue = 'orders'", "a"},
      {"TaskQueue != \"orders\"", "b c"},
      {"WorkerInstanceKey = 'c'", "c"},
      {"WorkerIdentity starts_with 'identity of '", "a b c"},
      {"HostName starts_with 'host'", "a"},
      {"HostName not starts_with 'host'", "b c"},
      {"SdkName = 'rondo' AND SdkVersion = '1.2.3'", "a"},
      {"SdkName = 'rondo' OR BuildId = 'v2'", "a b"},
      {"(SdkName = 'rondo' OR BuildId = 'v2') AND DeploymentName IS NOT NULL", "b"},
      {"DeploymentName IS NULL", "a c"},
      {"WorkerStatus = 'Running'", "a b"},
      {"Status = 'ShuttingDown'", "c"},
      {"`status` != 'Running'", "c"},
      {"StartTime = '2023-11-14T22:13:20Z'", "a"},
      {"StartTime > '2023-11-14T22:13:20Z'", "b"},
      {"StartTime >= 1700000000000000000", "a b"},
      {"StartTime < '2023-11-14T22:13:21Z'", "a c"},
      {"StartTime between '2023-11-14T22:13:20Z' and '2023-11-14T22:15:00Z'", "a b"},
      {"StartTime not between '2023-11-14T22:13:20Z' and '2023-11-14T22:14:00Z'", "b"},
      {"HeartbeatTime IS NULL", "a c"},
      {"HeartbeatTime is not null", "b"},
      {"  ", "a b c"},
  };
  for (const auto& [query, found] : table) EXPECT_EQ(list(query), found) << query;
  EXPECT_EQ(count("WorkerStatus = 'Running'"), 2);
}

TEST_F(known_workers, are_not_found_by_what_is_no_query) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"Nothing = 'a'", "unknown or unsupported worker heartbeat search field: Nothing"},
      {"Nothing is null", "unknown or unsupported worker heartbeat search field: Nothing"},
      {"TaskQueue between 'a' and 'b'", "unknown or unsupported column name: TaskQueue"},
      {"TaskQueue > 'a'", "invalid expression: operation > is not supported for TaskQueue column"},
      {"StartTime starts_with '2023-11-14T22:13:20Z'", "invalid expression: operation starts_with is not supported"},
      {"TaskQueue = 7", "invalid value for TaskQueue: value 7 is not a string value"},
      {"TaskQueue = ''", "TaskQueue cannot be empty"},
      {"TaskQueue in ('a', 'b')", "invalid value: ('a', 'b')"},
      {"StartTime = 'soon'", "invalid value for StartTime: 'soon' is not a time"},
      {"StartTime = 1.5", "invalid value for StartTime: 1.5 is not a time"},
      {"TaskQueue is true", "operation is not supported: only IS NULL and IS NOT NULL are"},
      {"'a' = TaskQueue", "invalid filter name: 'a'"},
      {"not TaskQueue = 'a'", "operation is not supported: 'not' expression"},
      {"lower(TaskQueue)", "operation is not supported: function expression"},
      {"TaskQueue", "incomplete expression"},
      {"7", "operation is not supported: a literal as a condition"},
      {"TaskQueue = 'a' order by TaskQueue", "operation is not supported: 'order by' clause"},
      {"TaskQueue = 'a' group by TaskQueue", "operation is not supported: 'group by' clause"},
      {"TaskQueue = 'a' limit 3", "operation is not supported: 'limit' clause"},
  };
  for (const auto& [query, text] : table) {
    const auto status = refuse(query);
    EXPECT_EQ(status.code, rpc_code::invalid_argument) << query;
    EXPECT_EQ(status.message, text) << query;
  }
  EXPECT_EQ(refuse("TaskQueue = ").code, rpc_code::invalid_argument);
}

}  // namespace dev_workers_test
}  // namespace rondo::test
