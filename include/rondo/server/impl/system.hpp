#pragma once

#include "rondo/server/system.hpp"

#include <temporal/api/operatorservice/v1/request_response.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <utility>

#include "rondo/server/core.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"

namespace rondo::server {

namespace detail_system {

namespace operator_service = temporal::api::operatorservice::v1;
namespace service = temporal::api::workflowservice::v1;

inline service::GetSystemInfoResponse system_info() {
  service::GetSystemInfoResponse response;
  response.set_server_version(std::string(compatible_version));
  auto& can = *response.mutable_capabilities();
  can.set_signal_and_query_header(true);
  can.set_internal_error_differentiation(true);
  can.set_activity_failure_include_heartbeat(true);
  can.set_encoded_failure_attributes(true);
  can.set_build_id_based_versioning(true);
  can.set_upsert_memo(true);
  can.set_eager_workflow_start(true);
  can.set_sdk_metadata(true);
  can.set_count_group_by_execution_status(true);
  return response;
}

inline service::GetClusterInfoResponse cluster_info(core& in) {
  static constexpr std::pair<const char*, const char*> clients[] = {
      {"temporal-cli", "<2.0.0"}, {"temporal-go", "<2.0.0"},     {"temporal-java", "<2.0.0"},
      {"temporal-php", "<2.0.0"}, {"temporal-server", "<2.0.0"}, {"temporal-typescript", "<2.0.0"},
      {"temporal-ui", "<3.0.0"},  {"Nexus-go-sdk", "<2.0.0"},
  };
  service::GetClusterInfoResponse response;
  for (const auto& [client, versions] : clients) (*response.mutable_supported_clients())[client] = versions;
  response.set_server_version(std::string(compatible_version));
  response.set_cluster_id(in.namespaces().cluster_id());
  response.set_cluster_name(std::string(cluster_name));
  response.set_history_shard_count(1);
  const std::string store = in.settings().db_filename.empty() ? "memory" : "sqlite";
  response.set_persistence_store(store);
  response.set_visibility_store(store);
  response.set_initial_failover_version(1);
  response.set_failover_version_increment(10);
  return response;
}

inline operator_service::ListClustersResponse clusters(core& in) {
  operator_service::ListClustersResponse response;
  auto& only = *response.add_clusters();
  only.set_cluster_name(std::string(cluster_name));
  only.set_cluster_id(in.namespaces().cluster_id());
  only.set_initial_failover_version(1);
  only.set_history_shard_count(1);
  only.set_is_connection_enabled(true);
  return response;
}

}  // namespace detail_system

RONDO_SERVER_FUNCTION void serve_system(frontend& at) {
  using namespace detail_system;
  at.on<service::GetSystemInfoRequest>("GetSystemInfo",
                                       [](core&, service::GetSystemInfoRequest&) { return system_info(); });
  at.on<service::GetClusterInfoRequest>("GetClusterInfo",
                                        [](core& in, service::GetClusterInfoRequest&) { return cluster_info(in); });
  at.on<operator_service::ListClustersRequest>(
      "temporal.api.operatorservice.v1.OperatorService/ListClusters",
      [](core& in, operator_service::ListClustersRequest&) { return clusters(in); });
}

}  // namespace rondo::server
