#pragma once
#include <temporal/api/operatorservice/v1/request_response.pb.h>

#include <string_view>

#include "rondo/detail/client/rpc_table.hpp"

// The RPCs of the operator service.
namespace rondo::detail::calls {

namespace operator_service = temporal::api::operatorservice::v1;

/// The RPCs of the operator service.
using operator_rpcs =
    rpc_list<rpc<operator_service::AddSearchAttributesRequest, operator_service::AddSearchAttributesResponse>,
             rpc<operator_service::RemoveSearchAttributesRequest, operator_service::RemoveSearchAttributesResponse>,
             rpc<operator_service::ListSearchAttributesRequest, operator_service::ListSearchAttributesResponse>,
             rpc<operator_service::DeleteNamespaceRequest, operator_service::DeleteNamespaceResponse>,
             rpc<operator_service::AddOrUpdateRemoteClusterRequest, operator_service::AddOrUpdateRemoteClusterResponse>,
             rpc<operator_service::RemoveRemoteClusterRequest, operator_service::RemoveRemoteClusterResponse>,
             rpc<operator_service::ListClustersRequest, operator_service::ListClustersResponse>,
             rpc<operator_service::GetNexusEndpointRequest, operator_service::GetNexusEndpointResponse>,
             rpc<operator_service::CreateNexusEndpointRequest, operator_service::CreateNexusEndpointResponse>,
             rpc<operator_service::UpdateNexusEndpointRequest, operator_service::UpdateNexusEndpointResponse>,
             rpc<operator_service::DeleteNexusEndpointRequest, operator_service::DeleteNexusEndpointResponse>,
             rpc<operator_service::ListNexusEndpointsRequest, operator_service::ListNexusEndpointsResponse>>;

template <>
class service_table<service_kind::operations> {
 public:
  using rpcs = operator_rpcs;
  static constexpr std::string_view path = "/temporal.api.operatorservice.v1.OperatorService/";
};

}  // namespace rondo::detail::calls
