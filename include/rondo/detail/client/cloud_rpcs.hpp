#pragma once
#include <temporal/api/cloud/cloudservice/v1/request_response.pb.h>

#include <string_view>

#include "rondo/detail/client/rpc_table.hpp"

// The RPCs of Temporal Cloud's own service. Needs rondo::cloud_api.
namespace rondo::detail::calls {

namespace cloud_service = temporal::api::cloud::cloudservice::v1;

using cloud_rpcs =
    rpc_list<rpc<cloud_service::GetCurrentIdentityRequest, cloud_service::GetCurrentIdentityResponse>,
             rpc<cloud_service::GetUsersRequest, cloud_service::GetUsersResponse>,
             rpc<cloud_service::GetUserRequest, cloud_service::GetUserResponse>,
             rpc<cloud_service::CreateUserRequest, cloud_service::CreateUserResponse>,
             rpc<cloud_service::UpdateUserRequest, cloud_service::UpdateUserResponse>,
             rpc<cloud_service::DeleteUserRequest, cloud_service::DeleteUserResponse>,
             rpc<cloud_service::SetUserNamespaceAccessRequest, cloud_service::SetUserNamespaceAccessResponse>,
             rpc<cloud_service::GetAsyncOperationRequest, cloud_service::GetAsyncOperationResponse>,
             rpc<cloud_service::CreateNamespaceRequest, cloud_service::CreateNamespaceResponse>,
             rpc<cloud_service::GetNamespacesRequest, cloud_service::GetNamespacesResponse>,
             rpc<cloud_service::GetNamespaceRequest, cloud_service::GetNamespaceResponse>,
             rpc<cloud_service::UpdateNamespaceRequest, cloud_service::UpdateNamespaceResponse>,
             rpc<cloud_service::RenameCustomSearchAttributeRequest, cloud_service::RenameCustomSearchAttributeResponse>,
             rpc<cloud_service::DeleteNamespaceRequest, cloud_service::DeleteNamespaceResponse>,
             rpc<cloud_service::FailoverNamespaceRegionRequest, cloud_service::FailoverNamespaceRegionResponse>,
             rpc<cloud_service::AddNamespaceRegionRequest, cloud_service::AddNamespaceRegionResponse>,
             rpc<cloud_service::DeleteNamespaceRegionRequest, cloud_service::DeleteNamespaceRegionResponse>,
             rpc<cloud_service::GetRegionsRequest, cloud_service::GetRegionsResponse>,
             rpc<cloud_service::GetRegionRequest, cloud_service::GetRegionResponse>,
             rpc<cloud_service::GetApiKeysRequest, cloud_service::GetApiKeysResponse>,
             rpc<cloud_service::GetApiKeyRequest, cloud_service::GetApiKeyResponse>,
             rpc<cloud_service::CreateApiKeyRequest, cloud_service::CreateApiKeyResponse>,
             rpc<cloud_service::UpdateApiKeyRequest, cloud_service::UpdateApiKeyResponse>,
             rpc<cloud_service::DeleteApiKeyRequest, cloud_service::DeleteApiKeyResponse>,
             rpc<cloud_service::GetNexusEndpointsRequest, cloud_service::GetNexusEndpointsResponse>,
             rpc<cloud_service::GetNexusEndpointRequest, cloud_service::GetNexusEndpointResponse>,
             rpc<cloud_service::CreateNexusEndpointRequest, cloud_service::CreateNexusEndpointResponse>,
             rpc<cloud_service::UpdateNexusEndpointRequest, cloud_service::UpdateNexusEndpointResponse>,
             rpc<cloud_service::DeleteNexusEndpointRequest, cloud_service::DeleteNexusEndpointResponse>,
             rpc<cloud_service::GetUserGroupsRequest, cloud_service::GetUserGroupsResponse>,
             rpc<cloud_service::GetUserGroupRequest, cloud_service::GetUserGroupResponse>,
             rpc<cloud_service::CreateUserGroupRequest, cloud_service::CreateUserGroupResponse>,
             rpc<cloud_service::UpdateUserGroupRequest, cloud_service::UpdateUserGroupResponse>,
             rpc<cloud_service::DeleteUserGroupRequest, cloud_service::DeleteUserGroupResponse>,
             rpc<cloud_service::SetUserGroupNamespaceAccessRequest, cloud_service::SetUserGroupNamespaceAccessResponse>,
             rpc<cloud_service::AddUserGroupMemberRequest, cloud_service::AddUserGroupMemberResponse>,
             rpc<cloud_service::RemoveUserGroupMemberRequest, cloud_service::RemoveUserGroupMemberResponse>,
             rpc<cloud_service::GetUserGroupMembersRequest, cloud_service::GetUserGroupMembersResponse>,
             rpc<cloud_service::CreateServiceAccountRequest, cloud_service::CreateServiceAccountResponse>,
             rpc<cloud_service::GetServiceAccountRequest, cloud_service::GetServiceAccountResponse>,
             rpc<cloud_service::GetServiceAccountsRequest, cloud_service::GetServiceAccountsResponse>,
             rpc<cloud_service::UpdateServiceAccountRequest, cloud_service::UpdateServiceAccountResponse>,
             rpc<cloud_service::SetServiceAccountNamespaceAccessRequest,
                 cloud_service::SetServiceAccountNamespaceAccessResponse>,
             rpc<cloud_service::DeleteServiceAccountRequest, cloud_service::DeleteServiceAccountResponse>,
             rpc<cloud_service::GetUsageRequest, cloud_service::GetUsageResponse>,
             rpc<cloud_service::GetAccountRequest, cloud_service::GetAccountResponse>,
             rpc<cloud_service::UpdateAccountRequest, cloud_service::UpdateAccountResponse>,
             rpc<cloud_service::CreateNamespaceExportSinkRequest, cloud_service::CreateNamespaceExportSinkResponse>,
             rpc<cloud_service::GetNamespaceExportSinkRequest, cloud_service::GetNamespaceExportSinkResponse>,
             rpc<cloud_service::GetNamespaceExportSinksRequest, cloud_service::GetNamespaceExportSinksResponse>,
             rpc<cloud_service::UpdateNamespaceExportSinkRequest, cloud_service::UpdateNamespaceExportSinkResponse>,
             rpc<cloud_service::DeleteNamespaceExportSinkRequest, cloud_service::DeleteNamespaceExportSinkResponse>,
             rpc<cloud_service::ValidateNamespaceExportSinkRequest, cloud_service::ValidateNamespaceExportSinkResponse>,
             rpc<cloud_service::UpdateNamespaceTagsRequest, cloud_service::UpdateNamespaceTagsResponse>,
             rpc<cloud_service::CreateConnectivityRuleRequest, cloud_service::CreateConnectivityRuleResponse>,
             rpc<cloud_service::GetConnectivityRuleRequest, cloud_service::GetConnectivityRuleResponse>,
             rpc<cloud_service::GetConnectivityRulesRequest, cloud_service::GetConnectivityRulesResponse>,
             rpc<cloud_service::DeleteConnectivityRuleRequest, cloud_service::DeleteConnectivityRuleResponse>,
             rpc<cloud_service::GetAuditLogsRequest, cloud_service::GetAuditLogsResponse>,
             rpc<cloud_service::ValidateAccountAuditLogSinkRequest, cloud_service::ValidateAccountAuditLogSinkResponse>,
             rpc<cloud_service::CreateAccountAuditLogSinkRequest, cloud_service::CreateAccountAuditLogSinkResponse>,
             rpc<cloud_service::GetAccountAuditLogSinkRequest, cloud_service::GetAccountAuditLogSinkResponse>,
             rpc<cloud_service::GetAccountAuditLogSinksRequest, cloud_service::GetAccountAuditLogSinksResponse>,
             rpc<cloud_service::UpdateAccountAuditLogSinkRequest, cloud_service::UpdateAccountAuditLogSinkResponse>,
             rpc<cloud_service::DeleteAccountAuditLogSinkRequest, cloud_service::DeleteAccountAuditLogSinkResponse>,
             rpc<cloud_service::GetNamespaceCapacityInfoRequest, cloud_service::GetNamespaceCapacityInfoResponse>,
             rpc<cloud_service::CreateBillingReportRequest, cloud_service::CreateBillingReportResponse>,
             rpc<cloud_service::GetBillingReportRequest, cloud_service::GetBillingReportResponse>,
             rpc<cloud_service::GetCustomRolesRequest, cloud_service::GetCustomRolesResponse>,
             rpc<cloud_service::GetCustomRoleRequest, cloud_service::GetCustomRoleResponse>,
             rpc<cloud_service::CreateCustomRoleRequest, cloud_service::CreateCustomRoleResponse>,
             rpc<cloud_service::UpdateCustomRoleRequest, cloud_service::UpdateCustomRoleResponse>,
             rpc<cloud_service::DeleteCustomRoleRequest, cloud_service::DeleteCustomRoleResponse>,
             rpc<cloud_service::GetUserNamespaceAssignmentsRequest, cloud_service::GetUserNamespaceAssignmentsResponse>,
             rpc<cloud_service::GetServiceAccountNamespaceAssignmentsRequest,
                 cloud_service::GetServiceAccountNamespaceAssignmentsResponse>,
             rpc<cloud_service::GetUserGroupNamespaceAssignmentsRequest,
                 cloud_service::GetUserGroupNamespaceAssignmentsResponse>>;

template <>
class service_table<service_kind::cloud> {
 public:
  using rpcs = cloud_rpcs;
  static constexpr std::string_view path = "/temporal.api.cloud.cloudservice.v1.CloudService/";
};

}  // namespace rondo::detail::calls
