#pragma once
#include <temporal/api/enums/v1/common.pb.h>
#include <temporal/api/enums/v1/namespace.pb.h>
#include <temporal/api/nexus/v1/message.pb.h>
#include <temporal/api/operatorservice/v1/request_response.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>

#include "rondo/client/operation_values.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/operator_rpcs.hpp"

// What the operator service knows, to and from the wire.
namespace rondo::detail::calls {

namespace nexus_api = temporal::api::nexus::v1;

inline enums::IndexedValueType wire_of(search_attribute_type type) {
  return static_cast<enums::IndexedValueType>(type);
}
static_assert(static_cast<int>(search_attribute_type::text) == enums::INDEXED_VALUE_TYPE_TEXT &&
              static_cast<int>(search_attribute_type::floating) == enums::INDEXED_VALUE_TYPE_DOUBLE &&
              static_cast<int>(search_attribute_type::keyword_list) == enums::INDEXED_VALUE_TYPE_KEYWORD_LIST);

search_attribute_type type_of(enums::IndexedValueType type);

search_attribute_list attributes_of(const operator_service::ListSearchAttributesResponse& from);

void write_endpoint(const nexus_endpoint_spec& from, const std::string& own_namespace, nexus_api::EndpointSpec& to);

nexus_endpoint endpoint_of(const nexus_api::Endpoint& from);

static_assert(static_cast<int>(namespace_state::registered) == enums::NAMESPACE_STATE_REGISTERED &&
              static_cast<int>(namespace_state::deleted) == enums::NAMESPACE_STATE_DELETED);

namespace_summary namespace_of(const service::DescribeNamespaceResponse& from);

cluster_summary cluster_of(const operator_service::ClusterMetadata& from);

}  // namespace rondo::detail::calls

#ifndef RONDO_COMPILED
#include "rondo/detail/client/impl/operations.hpp"
#endif
