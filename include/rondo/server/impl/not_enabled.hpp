#pragma once

#include "rondo/server/not_enabled.hpp"

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <string>
#include <string_view>

#include "rondo/server/frontend.hpp"
#include "rondo/server/refusal.hpp"

namespace rondo::server {

namespace detail_not_enabled {

namespace service = temporal::api::workflowservice::v1;

inline service::ListArchivedWorkflowExecutionsResponse list_archived(
    core&, const service::ListArchivedWorkflowExecutionsRequest& request) {
  constexpr int largest_page = 10'000;
  if (request.page_size() > largest_page) {
    throw refusal(rpc_code::invalid_argument, "PageSize is larger than allowed " + std::to_string(largest_page) + ".");
  }
  throw refusal(rpc_code::invalid_argument, "Cluster is not configured for visibility archival.");
}

inline void refuse(frontend& at, std::string_view method, const std::string& text) {
  at.on_bytes(method,
              [text](core&, std::string_view, const call_ptr&) { throw refusal(rpc_code::unimplemented, text); });
}

}  // namespace detail_not_enabled

RONDO_SERVER_FUNCTION void serve_not_enabled(frontend& at) {
  using namespace detail_not_enabled;
  at.on<service::ListArchivedWorkflowExecutionsRequest>("ListArchivedWorkflowExecutions", list_archived);
  for (const std::string method : {"FetchWorkerConfig", "UpdateWorkerConfig"}) {
    refuse(at, method, method + " command is not enabled.");
  }
  for (const std::string method : {"CreateWorkflowRule", "DescribeWorkflowRule", "ListWorkflowRules",
                                   "DeleteWorkflowRule", "TriggerWorkflowRule"}) {
    refuse(at, method, "method " + method + " not supported");
  }
}

}  // namespace rondo::server
