#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/nexus/v1/message.pb.h>
#include <temporal/api/operatorservice/v1/request_response.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>

#include "rondo/client/operation_values.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/operations.hpp"
#include "rondo/detail/client/operator_rpcs.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"

namespace rondo::detail::calls {

RONDO_FUNCTION search_attribute_type type_of(enums::IndexedValueType type) {
  const int number = static_cast<int>(type);
  return number > 0 && number <= static_cast<int>(search_attribute_type::keyword_list)
             ? static_cast<search_attribute_type>(number)
             : search_attribute_type::unspecified;
}

RONDO_FUNCTION search_attribute_list attributes_of(const operator_service::ListSearchAttributesResponse& from) {
  search_attribute_list to;
  for (const auto& [name, type] : from.custom_attributes()) to.custom[name] = type_of(type);
  for (const auto& [name, type] : from.system_attributes()) to.system[name] = type_of(type);
  return to;
}

RONDO_FUNCTION void write_endpoint(const nexus_endpoint_spec& from, const std::string& own_namespace,
                                   nexus_api::EndpointSpec& to) {
  const call_subject subject("Nexus endpoint '" + from.name + "'");
  if (from.name.empty()) refuse(subject, "the name is missing");
  if (from.task_queue.empty() == from.url.empty()) refuse(subject, "it leads to a task_queue or to a url");
  to.set_name(from.name);
  if (!from.description.empty()) engine::write_json(from.description, *to.mutable_description());
  if (!from.url.empty()) {
    to.mutable_target()->mutable_external()->set_url(from.url);
    return;
  }
  auto& worker = *to.mutable_target()->mutable_worker();
  worker.set_namespace_(from.namespace_.empty() ? own_namespace : from.namespace_);
  worker.set_task_queue(from.task_queue);
}

RONDO_FUNCTION nexus_endpoint endpoint_of(const nexus_api::Endpoint& from) {
  nexus_endpoint to;
  to.name = from.spec().name();
  to.description = text_of(from.spec().description());
  to.namespace_ = from.spec().target().worker().namespace_();
  to.task_queue = from.spec().target().worker().task_queue();
  to.url = from.spec().target().external().url();
  to.id = from.id();
  to.version = from.version();
  to.created_time = time_if(from.has_created_time(), from.created_time());
  to.updated_time = time_if(from.has_last_modified_time(), from.last_modified_time());
  to.url_prefix = from.url_prefix();
  return to;
}

RONDO_FUNCTION namespace_summary namespace_of(const service::DescribeNamespaceResponse& from) {
  namespace_summary to;
  const auto& info = from.namespace_info();
  to.name = info.name();
  to.id = info.id();
  to.description = info.description();
  to.owner_email = info.owner_email();
  const int number = static_cast<int>(info.state());
  if (number > 0 && number <= static_cast<int>(namespace_state::deleted)) {
    to.state = static_cast<namespace_state>(number);
  }
  to.retention = engine::duration_of(from.config().workflow_execution_retention_ttl());
  to.data = {info.data().begin(), info.data().end()};
  to.is_global = from.is_global_namespace();
  to.active_cluster = from.replication_config().active_cluster_name();
  return to;
}

RONDO_FUNCTION cluster_summary cluster_of(const operator_service::ClusterMetadata& from) {
  cluster_summary to;
  to.name = from.cluster_name();
  to.id = from.cluster_id();
  to.address = from.address();
  to.http_address = from.http_address();
  to.initial_failover_version = from.initial_failover_version();
  to.history_shard_count = from.history_shard_count();
  to.connection_enabled = from.is_connection_enabled();
  to.replication_enabled = from.is_replication_enabled();
  return to;
}

}  // namespace rondo::detail::calls
