#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "rondo/detail/base/names.hpp"
#include "rondo/detail/io/connection.hpp"

// What the server answers to a request, and by which method, known from the type of the request.
namespace rondo::detail::calls {

namespace service = temporal::api::workflowservice::v1;

/// One line of a table: the request is answered with the response.
template <class Request, class Response>
class rpc {};

/// Several of them.
template <class... Rpcs>
class rpc_list : public Rpcs... {};

/// The RPCs of the workflow service.
using workflow_rpcs = rpc_list<
    rpc<service::RegisterNamespaceRequest, service::RegisterNamespaceResponse>,
    rpc<service::DescribeNamespaceRequest, service::DescribeNamespaceResponse>,
    rpc<service::ListNamespacesRequest, service::ListNamespacesResponse>,
    rpc<service::UpdateNamespaceRequest, service::UpdateNamespaceResponse>,
    rpc<service::DeprecateNamespaceRequest, service::DeprecateNamespaceResponse>,
    rpc<service::StartWorkflowExecutionRequest, service::StartWorkflowExecutionResponse>,
    rpc<service::ExecuteMultiOperationRequest, service::ExecuteMultiOperationResponse>,
    rpc<service::GetWorkflowExecutionHistoryRequest, service::GetWorkflowExecutionHistoryResponse>,
    rpc<service::GetWorkflowExecutionHistoryReverseRequest, service::GetWorkflowExecutionHistoryReverseResponse>,
    rpc<service::PollWorkflowTaskQueueRequest, service::PollWorkflowTaskQueueResponse>,
    rpc<service::RespondWorkflowTaskCompletedRequest, service::RespondWorkflowTaskCompletedResponse>,
    rpc<service::RespondWorkflowTaskFailedRequest, service::RespondWorkflowTaskFailedResponse>,
    rpc<service::PollActivityTaskQueueRequest, service::PollActivityTaskQueueResponse>,
    rpc<service::RecordActivityTaskHeartbeatRequest, service::RecordActivityTaskHeartbeatResponse>,
    rpc<service::RecordActivityTaskHeartbeatByIdRequest, service::RecordActivityTaskHeartbeatByIdResponse>,
    rpc<service::RespondActivityTaskCompletedRequest, service::RespondActivityTaskCompletedResponse>,
    rpc<service::RespondActivityTaskCompletedByIdRequest, service::RespondActivityTaskCompletedByIdResponse>,
    rpc<service::RespondActivityTaskFailedRequest, service::RespondActivityTaskFailedResponse>,
    rpc<service::RespondActivityTaskFailedByIdRequest, service::RespondActivityTaskFailedByIdResponse>,
    rpc<service::RespondActivityTaskCanceledRequest, service::RespondActivityTaskCanceledResponse>,
    rpc<service::RespondActivityTaskCanceledByIdRequest, service::RespondActivityTaskCanceledByIdResponse>,
    rpc<service::RequestCancelWorkflowExecutionRequest, service::RequestCancelWorkflowExecutionResponse>,
    rpc<service::SignalWorkflowExecutionRequest, service::SignalWorkflowExecutionResponse>,
    rpc<service::SignalWithStartWorkflowExecutionRequest, service::SignalWithStartWorkflowExecutionResponse>,
    rpc<service::ResetWorkflowExecutionRequest, service::ResetWorkflowExecutionResponse>,
    rpc<service::TerminateWorkflowExecutionRequest, service::TerminateWorkflowExecutionResponse>,
    rpc<service::DeleteWorkflowExecutionRequest, service::DeleteWorkflowExecutionResponse>,
    rpc<service::ListWorkflowExecutionsRequest, service::ListWorkflowExecutionsResponse>,
    rpc<service::ListArchivedWorkflowExecutionsRequest, service::ListArchivedWorkflowExecutionsResponse>,
    rpc<service::CountWorkflowExecutionsRequest, service::CountWorkflowExecutionsResponse>,
    rpc<service::GetSearchAttributesRequest, service::GetSearchAttributesResponse>,
    rpc<service::RespondQueryTaskCompletedRequest, service::RespondQueryTaskCompletedResponse>,
    rpc<service::ResetStickyTaskQueueRequest, service::ResetStickyTaskQueueResponse>,
    rpc<service::ShutdownWorkerRequest, service::ShutdownWorkerResponse>,
    rpc<service::QueryWorkflowRequest, service::QueryWorkflowResponse>,
    rpc<service::DescribeWorkflowExecutionRequest, service::DescribeWorkflowExecutionResponse>,
    rpc<service::DescribeTaskQueueRequest, service::DescribeTaskQueueResponse>,
    rpc<service::GetClusterInfoRequest, service::GetClusterInfoResponse>,
    rpc<service::GetSystemInfoRequest, service::GetSystemInfoResponse>,
    rpc<service::ListTaskQueuePartitionsRequest, service::ListTaskQueuePartitionsResponse>,
    rpc<service::CreateScheduleRequest, service::CreateScheduleResponse>,
    rpc<service::DescribeScheduleRequest, service::DescribeScheduleResponse>,
    rpc<service::UpdateScheduleRequest, service::UpdateScheduleResponse>,
    rpc<service::PatchScheduleRequest, service::PatchScheduleResponse>,
    rpc<service::ListScheduleMatchingTimesRequest, service::ListScheduleMatchingTimesResponse>,
    rpc<service::DeleteScheduleRequest, service::DeleteScheduleResponse>,
    rpc<service::ListSchedulesRequest, service::ListSchedulesResponse>,
    rpc<service::CountSchedulesRequest, service::CountSchedulesResponse>,
    rpc<service::DescribeWorkerDeploymentVersionRequest, service::DescribeWorkerDeploymentVersionResponse>,
    rpc<service::SetWorkerDeploymentCurrentVersionRequest, service::SetWorkerDeploymentCurrentVersionResponse>,
    rpc<service::DescribeWorkerDeploymentRequest, service::DescribeWorkerDeploymentResponse>,
    rpc<service::DeleteWorkerDeploymentRequest, service::DeleteWorkerDeploymentResponse>,
    rpc<service::DeleteWorkerDeploymentVersionRequest, service::DeleteWorkerDeploymentVersionResponse>,
    rpc<service::SetWorkerDeploymentRampingVersionRequest, service::SetWorkerDeploymentRampingVersionResponse>,
    rpc<service::ListWorkerDeploymentsRequest, service::ListWorkerDeploymentsResponse>,
    rpc<service::CreateWorkerDeploymentRequest, service::CreateWorkerDeploymentResponse>,
    rpc<service::CreateWorkerDeploymentVersionRequest, service::CreateWorkerDeploymentVersionResponse>,
    rpc<service::UpdateWorkerDeploymentVersionComputeConfigRequest,
        service::UpdateWorkerDeploymentVersionComputeConfigResponse>,
    rpc<service::ValidateWorkerDeploymentVersionComputeConfigRequest,
        service::ValidateWorkerDeploymentVersionComputeConfigResponse>,
    rpc<service::UpdateWorkerDeploymentVersionMetadataRequest, service::UpdateWorkerDeploymentVersionMetadataResponse>,
    rpc<service::SetWorkerDeploymentManagerRequest, service::SetWorkerDeploymentManagerResponse>,
    rpc<service::UpdateWorkflowExecutionRequest, service::UpdateWorkflowExecutionResponse>,
    rpc<service::PollWorkflowExecutionUpdateRequest, service::PollWorkflowExecutionUpdateResponse>,
    rpc<service::StartBatchOperationRequest, service::StartBatchOperationResponse>,
    rpc<service::StopBatchOperationRequest, service::StopBatchOperationResponse>,
    rpc<service::DescribeBatchOperationRequest, service::DescribeBatchOperationResponse>,
    rpc<service::ListBatchOperationsRequest, service::ListBatchOperationsResponse>,
    rpc<service::PollNexusTaskQueueRequest, service::PollNexusTaskQueueResponse>,
    rpc<service::RespondNexusTaskCompletedRequest, service::RespondNexusTaskCompletedResponse>,
    rpc<service::RespondNexusTaskFailedRequest, service::RespondNexusTaskFailedResponse>,
    rpc<service::UpdateActivityOptionsRequest, service::UpdateActivityOptionsResponse>,
    rpc<service::UpdateWorkflowExecutionOptionsRequest, service::UpdateWorkflowExecutionOptionsResponse>,
    rpc<service::PauseActivityRequest, service::PauseActivityResponse>,
    rpc<service::UnpauseActivityRequest, service::UnpauseActivityResponse>,
    rpc<service::ResetActivityRequest, service::ResetActivityResponse>,
    rpc<service::CreateWorkflowRuleRequest, service::CreateWorkflowRuleResponse>,
    rpc<service::DescribeWorkflowRuleRequest, service::DescribeWorkflowRuleResponse>,
    rpc<service::DeleteWorkflowRuleRequest, service::DeleteWorkflowRuleResponse>,
    rpc<service::ListWorkflowRulesRequest, service::ListWorkflowRulesResponse>,
    rpc<service::TriggerWorkflowRuleRequest, service::TriggerWorkflowRuleResponse>,
    rpc<service::RecordWorkerHeartbeatRequest, service::RecordWorkerHeartbeatResponse>,
    rpc<service::ListWorkersRequest, service::ListWorkersResponse>,
    rpc<service::CountWorkersRequest, service::CountWorkersResponse>,
    rpc<service::UpdateTaskQueueConfigRequest, service::UpdateTaskQueueConfigResponse>,
    rpc<service::FetchWorkerConfigRequest, service::FetchWorkerConfigResponse>,
    rpc<service::UpdateWorkerConfigRequest, service::UpdateWorkerConfigResponse>,
    rpc<service::DescribeWorkerRequest, service::DescribeWorkerResponse>,
    rpc<service::PauseWorkflowExecutionRequest, service::PauseWorkflowExecutionResponse>,
    rpc<service::UnpauseWorkflowExecutionRequest, service::UnpauseWorkflowExecutionResponse>,
    rpc<service::StartActivityExecutionRequest, service::StartActivityExecutionResponse>,
    rpc<service::StartNexusOperationExecutionRequest, service::StartNexusOperationExecutionResponse>,
    rpc<service::DescribeActivityExecutionRequest, service::DescribeActivityExecutionResponse>,
    rpc<service::DescribeNexusOperationExecutionRequest, service::DescribeNexusOperationExecutionResponse>,
    rpc<service::PollActivityExecutionRequest, service::PollActivityExecutionResponse>,
    rpc<service::PollNexusOperationExecutionRequest, service::PollNexusOperationExecutionResponse>,
    rpc<service::ListActivityExecutionsRequest, service::ListActivityExecutionsResponse>,
    rpc<service::ListNexusOperationExecutionsRequest, service::ListNexusOperationExecutionsResponse>,
    rpc<service::CountActivityExecutionsRequest, service::CountActivityExecutionsResponse>,
    rpc<service::CountNexusOperationExecutionsRequest, service::CountNexusOperationExecutionsResponse>,
    rpc<service::RequestCancelActivityExecutionRequest, service::RequestCancelActivityExecutionResponse>,
    rpc<service::RequestCancelNexusOperationExecutionRequest, service::RequestCancelNexusOperationExecutionResponse>,
    rpc<service::TerminateActivityExecutionRequest, service::TerminateActivityExecutionResponse>,
    rpc<service::DeleteActivityExecutionRequest, service::DeleteActivityExecutionResponse>,
    rpc<service::PauseActivityExecutionRequest, service::PauseActivityExecutionResponse>,
    rpc<service::ResetActivityExecutionRequest, service::ResetActivityExecutionResponse>,
    rpc<service::UnpauseActivityExecutionRequest, service::UnpauseActivityExecutionResponse>,
    rpc<service::UpdateActivityExecutionOptionsRequest, service::UpdateActivityExecutionOptionsResponse>,
    rpc<service::TerminateNexusOperationExecutionRequest, service::TerminateNexusOperationExecutionResponse>,
    rpc<service::DeleteNexusOperationExecutionRequest, service::DeleteNexusOperationExecutionResponse>>;

enum class service_kind : unsigned char { workflow, operations, test, cloud, unknown };

/// The service that a request belongs to, by the namespace of its message.
template <class Request>
constexpr service_kind service_of() {
  const std::string_view spelled = rondo::detail::spelling_of_type<Request>();
  if (spelled.find("temporal::api::workflowservice::v1::") != spelled.npos) return service_kind::workflow;
  if (spelled.find("temporal::api::operatorservice::v1::") != spelled.npos) return service_kind::operations;
  if (spelled.find("temporal::api::testservice::v1::") != spelled.npos) return service_kind::test;
  if (spelled.find("temporal::api::cloud::cloudservice::v1::") != spelled.npos) return service_kind::cloud;
  return service_kind::unknown;
}

/// The RPCs of a service and the path of its methods; specialised where its messages are included.
template <service_kind Kind>
class service_table;
template <>
class service_table<service_kind::workflow> {
 public:
  using rpcs = workflow_rpcs;
  static constexpr std::string_view path = io::workflow_service;
};

template <class Request, class Response>
Response answer_in(const rpc<Request, Response>*);

/// What a request is answered with.
template <class Request>
using answer_to =
    decltype(answer_in<Request>(static_cast<const typename service_table<service_of<Request>()>::rpcs*>(nullptr)));

/// "/temporal.api.workflowservice.v1.WorkflowService/CreateSchedule" for a CreateScheduleRequest.
template <class Request>
class method_path {
  static constexpr std::string_view suffix = "Request";
  static constexpr std::string_view service = service_table<service_of<Request>()>::path;
  static constexpr std::string_view name =
      rondo::detail::type_name<Request>().substr(0, rondo::detail::type_name<Request>().size() - suffix.size());
  static_assert(rondo::detail::type_name<Request>().ends_with(suffix));

  static constexpr auto join() {
    std::array<char, service.size() + name.size()> joined{};
    std::copy(service.begin(), service.end(), joined.begin());
    std::copy(name.begin(), name.end(), joined.begin() + service.size());
    return joined;
  }
  static constexpr auto bytes = join();

 public:
  static constexpr std::string_view value{bytes.data(), bytes.size()};
};

}  // namespace rondo::detail::calls
