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

/// The RPCs of the workflow service.
class workflow_rpcs
    : public rpc<service::RegisterNamespaceRequest, service::RegisterNamespaceResponse>,
      public rpc<service::DescribeNamespaceRequest, service::DescribeNamespaceResponse>,
      public rpc<service::ListNamespacesRequest, service::ListNamespacesResponse>,
      public rpc<service::UpdateNamespaceRequest, service::UpdateNamespaceResponse>,
      public rpc<service::DeprecateNamespaceRequest, service::DeprecateNamespaceResponse>,
      public rpc<service::StartWorkflowExecutionRequest, service::StartWorkflowExecutionResponse>,
      public rpc<service::ExecuteMultiOperationRequest, service::ExecuteMultiOperationResponse>,
      public rpc<service::GetWorkflowExecutionHistoryRequest, service::GetWorkflowExecutionHistoryResponse>,
      public rpc<service::GetWorkflowExecutionHistoryReverseRequest,
                 service::GetWorkflowExecutionHistoryReverseResponse>,
      public rpc<service::PollWorkflowTaskQueueRequest, service::PollWorkflowTaskQueueResponse>,
      public rpc<service::RespondWorkflowTaskCompletedRequest, service::RespondWorkflowTaskCompletedResponse>,
      public rpc<service::RespondWorkflowTaskFailedRequest, service::RespondWorkflowTaskFailedResponse>,
      public rpc<service::PollActivityTaskQueueRequest, service::PollActivityTaskQueueResponse>,
      public rpc<service::RecordActivityTaskHeartbeatRequest, service::RecordActivityTaskHeartbeatResponse>,
      public rpc<service::RecordActivityTaskHeartbeatByIdRequest, service::RecordActivityTaskHeartbeatByIdResponse>,
      public rpc<service::RespondActivityTaskCompletedRequest, service::RespondActivityTaskCompletedResponse>,
      public rpc<service::RespondActivityTaskCompletedByIdRequest, service::RespondActivityTaskCompletedByIdResponse>,
      public rpc<service::RespondActivityTaskFailedRequest, service::RespondActivityTaskFailedResponse>,
      public rpc<service::RespondActivityTaskFailedByIdRequest, service::RespondActivityTaskFailedByIdResponse>,
      public rpc<service::RespondActivityTaskCanceledRequest, service::RespondActivityTaskCanceledResponse>,
      public rpc<service::RespondActivityTaskCanceledByIdRequest, service::RespondActivityTaskCanceledByIdResponse>,
      public rpc<service::RequestCancelWorkflowExecutionRequest, service::RequestCancelWorkflowExecutionResponse>,
      public rpc<service::SignalWorkflowExecutionRequest, service::SignalWorkflowExecutionResponse>,
      public rpc<service::SignalWithStartWorkflowExecutionRequest, service::SignalWithStartWorkflowExecutionResponse>,
      public rpc<service::ResetWorkflowExecutionRequest, service::ResetWorkflowExecutionResponse>,
      public rpc<service::TerminateWorkflowExecutionRequest, service::TerminateWorkflowExecutionResponse>,
      public rpc<service::DeleteWorkflowExecutionRequest, service::DeleteWorkflowExecutionResponse>,
      public rpc<service::ListWorkflowExecutionsRequest, service::ListWorkflowExecutionsResponse>,
      public rpc<service::ListArchivedWorkflowExecutionsRequest, service::ListArchivedWorkflowExecutionsResponse>,
      public rpc<service::CountWorkflowExecutionsRequest, service::CountWorkflowExecutionsResponse>,
      public rpc<service::GetSearchAttributesRequest, service::GetSearchAttributesResponse>,
      public rpc<service::RespondQueryTaskCompletedRequest, service::RespondQueryTaskCompletedResponse>,
      public rpc<service::ResetStickyTaskQueueRequest, service::ResetStickyTaskQueueResponse>,
      public rpc<service::ShutdownWorkerRequest, service::ShutdownWorkerResponse>,
      public rpc<service::QueryWorkflowRequest, service::QueryWorkflowResponse>,
      public rpc<service::DescribeWorkflowExecutionRequest, service::DescribeWorkflowExecutionResponse>,
      public rpc<service::DescribeTaskQueueRequest, service::DescribeTaskQueueResponse>,
      public rpc<service::GetClusterInfoRequest, service::GetClusterInfoResponse>,
      public rpc<service::GetSystemInfoRequest, service::GetSystemInfoResponse>,
      public rpc<service::ListTaskQueuePartitionsRequest, service::ListTaskQueuePartitionsResponse>,
      public rpc<service::CreateScheduleRequest, service::CreateScheduleResponse>,
      public rpc<service::DescribeScheduleRequest, service::DescribeScheduleResponse>,
      public rpc<service::UpdateScheduleRequest, service::UpdateScheduleResponse>,
      public rpc<service::PatchScheduleRequest, service::PatchScheduleResponse>,
      public rpc<service::ListScheduleMatchingTimesRequest, service::ListScheduleMatchingTimesResponse>,
      public rpc<service::DeleteScheduleRequest, service::DeleteScheduleResponse>,
      public rpc<service::ListSchedulesRequest, service::ListSchedulesResponse>,
      public rpc<service::CountSchedulesRequest, service::CountSchedulesResponse>,
      public rpc<service::DescribeWorkerDeploymentVersionRequest, service::DescribeWorkerDeploymentVersionResponse>,
      public rpc<service::SetWorkerDeploymentCurrentVersionRequest, service::SetWorkerDeploymentCurrentVersionResponse>,
      public rpc<service::DescribeWorkerDeploymentRequest, service::DescribeWorkerDeploymentResponse>,
      public rpc<service::DeleteWorkerDeploymentRequest, service::DeleteWorkerDeploymentResponse>,
      public rpc<service::DeleteWorkerDeploymentVersionRequest, service::DeleteWorkerDeploymentVersionResponse>,
      public rpc<service::SetWorkerDeploymentRampingVersionRequest, service::SetWorkerDeploymentRampingVersionResponse>,
      public rpc<service::ListWorkerDeploymentsRequest, service::ListWorkerDeploymentsResponse>,
      public rpc<service::CreateWorkerDeploymentRequest, service::CreateWorkerDeploymentResponse>,
      public rpc<service::CreateWorkerDeploymentVersionRequest, service::CreateWorkerDeploymentVersionResponse>,
      public rpc<service::UpdateWorkerDeploymentVersionComputeConfigRequest,
                 service::UpdateWorkerDeploymentVersionComputeConfigResponse>,
      public rpc<service::ValidateWorkerDeploymentVersionComputeConfigRequest,
                 service::ValidateWorkerDeploymentVersionComputeConfigResponse>,
      public rpc<service::UpdateWorkerDeploymentVersionMetadataRequest,
                 service::UpdateWorkerDeploymentVersionMetadataResponse>,
      public rpc<service::SetWorkerDeploymentManagerRequest, service::SetWorkerDeploymentManagerResponse>,
      public rpc<service::UpdateWorkflowExecutionRequest, service::UpdateWorkflowExecutionResponse>,
      public rpc<service::PollWorkflowExecutionUpdateRequest, service::PollWorkflowExecutionUpdateResponse>,
      public rpc<service::StartBatchOperationRequest, service::StartBatchOperationResponse>,
      public rpc<service::StopBatchOperationRequest, service::StopBatchOperationResponse>,
      public rpc<service::DescribeBatchOperationRequest, service::DescribeBatchOperationResponse>,
      public rpc<service::ListBatchOperationsRequest, service::ListBatchOperationsResponse>,
      public rpc<service::PollNexusTaskQueueRequest, service::PollNexusTaskQueueResponse>,
      public rpc<service::RespondNexusTaskCompletedRequest, service::RespondNexusTaskCompletedResponse>,
      public rpc<service::RespondNexusTaskFailedRequest, service::RespondNexusTaskFailedResponse>,
      public rpc<service::UpdateActivityOptionsRequest, service::UpdateActivityOptionsResponse>,
      public rpc<service::UpdateWorkflowExecutionOptionsRequest, service::UpdateWorkflowExecutionOptionsResponse>,
      public rpc<service::PauseActivityRequest, service::PauseActivityResponse>,
      public rpc<service::UnpauseActivityRequest, service::UnpauseActivityResponse>,
      public rpc<service::ResetActivityRequest, service::ResetActivityResponse>,
      public rpc<service::CreateWorkflowRuleRequest, service::CreateWorkflowRuleResponse>,
      public rpc<service::DescribeWorkflowRuleRequest, service::DescribeWorkflowRuleResponse>,
      public rpc<service::DeleteWorkflowRuleRequest, service::DeleteWorkflowRuleResponse>,
      public rpc<service::ListWorkflowRulesRequest, service::ListWorkflowRulesResponse>,
      public rpc<service::TriggerWorkflowRuleRequest, service::TriggerWorkflowRuleResponse>,
      public rpc<service::RecordWorkerHeartbeatRequest, service::RecordWorkerHeartbeatResponse>,
      public rpc<service::ListWorkersRequest, service::ListWorkersResponse>,
      public rpc<service::CountWorkersRequest, service::CountWorkersResponse>,
      public rpc<service::UpdateTaskQueueConfigRequest, service::UpdateTaskQueueConfigResponse>,
      public rpc<service::FetchWorkerConfigRequest, service::FetchWorkerConfigResponse>,
      public rpc<service::UpdateWorkerConfigRequest, service::UpdateWorkerConfigResponse>,
      public rpc<service::DescribeWorkerRequest, service::DescribeWorkerResponse>,
      public rpc<service::PauseWorkflowExecutionRequest, service::PauseWorkflowExecutionResponse>,
      public rpc<service::UnpauseWorkflowExecutionRequest, service::UnpauseWorkflowExecutionResponse>,
      public rpc<service::StartActivityExecutionRequest, service::StartActivityExecutionResponse>,
      public rpc<service::StartNexusOperationExecutionRequest, service::StartNexusOperationExecutionResponse>,
      public rpc<service::DescribeActivityExecutionRequest, service::DescribeActivityExecutionResponse>,
      public rpc<service::DescribeNexusOperationExecutionRequest, service::DescribeNexusOperationExecutionResponse>,
      public rpc<service::PollActivityExecutionRequest, service::PollActivityExecutionResponse>,
      public rpc<service::PollNexusOperationExecutionRequest, service::PollNexusOperationExecutionResponse>,
      public rpc<service::ListActivityExecutionsRequest, service::ListActivityExecutionsResponse>,
      public rpc<service::ListNexusOperationExecutionsRequest, service::ListNexusOperationExecutionsResponse>,
      public rpc<service::CountActivityExecutionsRequest, service::CountActivityExecutionsResponse>,
      public rpc<service::CountNexusOperationExecutionsRequest, service::CountNexusOperationExecutionsResponse>,
      public rpc<service::RequestCancelActivityExecutionRequest, service::RequestCancelActivityExecutionResponse>,
      public rpc<service::RequestCancelNexusOperationExecutionRequest,
                 service::RequestCancelNexusOperationExecutionResponse>,
      public rpc<service::TerminateActivityExecutionRequest, service::TerminateActivityExecutionResponse>,
      public rpc<service::DeleteActivityExecutionRequest, service::DeleteActivityExecutionResponse>,
      public rpc<service::PauseActivityExecutionRequest, service::PauseActivityExecutionResponse>,
      public rpc<service::ResetActivityExecutionRequest, service::ResetActivityExecutionResponse>,
      public rpc<service::UnpauseActivityExecutionRequest, service::UnpauseActivityExecutionResponse>,
      public rpc<service::UpdateActivityExecutionOptionsRequest, service::UpdateActivityExecutionOptionsResponse>,
      public rpc<service::TerminateNexusOperationExecutionRequest, service::TerminateNexusOperationExecutionResponse>,
      public rpc<service::DeleteNexusOperationExecutionRequest, service::DeleteNexusOperationExecutionResponse> {};

enum class service_kind : unsigned char { workflow, operations, test, unknown };

/// The service that a request belongs to, by the namespace of its message.
template <class Request>
constexpr service_kind service_of() {
  const std::string_view spelled = rondo::detail::spelling_of_type<Request>();
  if (spelled.find("temporal::api::workflowservice::v1::") != spelled.npos) return service_kind::workflow;
  if (spelled.find("temporal::api::operatorservice::v1::") != spelled.npos) return service_kind::operations;
  if (spelled.find("temporal::api::testservice::v1::") != spelled.npos) return service_kind::test;
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
